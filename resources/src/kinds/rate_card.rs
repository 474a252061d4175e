//! A priced table: what calls to each prefix cost.

use crate::fields::foreign::{CurrencyCode, Money};
use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use crate::problem::Problem;
use rating::rate::{INTERVAL_S_MAX, RateTerms};
use rating::{Amount, Currency, money::decimal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most rows that may stand in the resource itself; longer tables belong in a rates file.
pub const INLINE_ROWS_MAX: usize = 10_000;

/// What calls to each prefix cost: a currency, defaults, and rows, either in a file beside or in
/// place. Its assignment is shown, and calls do not read it yet: a customer pays by the card it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateCard {
    /// Three capital letters of ISO 4217; rates of all cards are compared with one another, so it
    /// must be the currency of the books, USD, until conversion exists.
    #[schemars(with = "CurrencyCode", extend("x-filter" = true))]
    pub currency: Currency,
    /// Path of a rate deck, `.csv` or `.csv.gz`, relative to the file that this stands in; a card
    /// has either this or `rates`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024), extend("x-widget" = "deck"))]
    pub rates_file: Option<String>,
    /// The rows themselves; a card has either these or a `rates_file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = INLINE_ROWS_MAX), extend("x-widget" = "rows"))]
    pub rates: Option<Vec<RateRow>>,
    /// For rows that do not say: length of the first interval.
    #[serde(default = "one_second")]
    #[schemars(range(min = 1, max = INTERVAL_S_MAX), extend("x-unit" = "seconds"))]
    pub initial_interval_s: u32,
    /// For rows that do not say: length of each further interval.
    #[serde(default = "one_second")]
    #[schemars(range(min = 1, max = INTERVAL_S_MAX), extend("x-unit" = "seconds"))]
    pub next_interval_s: u32,
    /// For rows that do not say: charged once per answered call.
    #[serde(default, with = "decimal")]
    #[schemars(
        with = "Money",
        extend("x-minimum" = "0", "x-maximum" = "10000", "x-unit" = "a call", "default" = "0")
    )]
    pub connection_fee: Amount,
}

/// One row. The names are those of a deck's columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateRow {
    /// The digits a called number must begin with: E.164 without `+`.
    #[schemars(length(min = 1, max = 15))]
    pub prefix: String,
    /// The name of what lies behind the prefix.
    #[schemars(length(min = 1, max = 128))]
    pub destination: String,
    /// Price of a minute, at most 9 decimals.
    #[serde(with = "decimal")]
    #[schemars(
        with = "Money",
        extend("x-minimum" = "0", "x-maximum" = "10000", "x-unit" = "a minute")
    )]
    pub rate_per_minute: Amount,
    /// Price of a minute in the first interval.
    #[serde(
        default,
        with = "decimal::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "Option<Money>",
        extend(
            "x-minimum" = "0",
            "x-maximum" = "10000",
            "x-unit" = "a minute",
            "x-default" = "`rate_per_minute`"
        )
    )]
    pub initial_rate_per_minute: Option<Amount>,
    /// Length of the first interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 1, max = INTERVAL_S_MAX),
        extend("x-unit" = "seconds", "x-default" = "the card's")
    )]
    pub initial_interval_s: Option<u32>,
    /// Length of each further interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 1, max = INTERVAL_S_MAX),
        extend("x-unit" = "seconds", "x-default" = "the card's")
    )]
    pub next_interval_s: Option<u32>,
    /// Charged once per answered call.
    #[serde(
        default,
        with = "decimal::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "Option<Money>",
        extend(
            "x-minimum" = "0",
            "x-maximum" = "10000",
            "x-unit" = "a call",
            "x-default" = "the card's"
        )
    )]
    pub connection_fee: Option<Amount>,
}

fn one_second() -> u32 {
    1
}

impl RateCard {
    /// The terms of a row of this card that names nothing but its price.
    pub fn default_terms(&self, rate_per_minute: Amount) -> RateTerms {
        RateTerms {
            connection_fee: self.connection_fee,
            ..RateTerms::per_second(rate_per_minute)
                .with_intervals(self.initial_interval_s, self.next_interval_s)
        }
    }

    fn check_currency(&self) -> Option<Problem> {
        (self.currency != Currency::USD).then(|| {
            Problem::in_field(
                "currency",
                format_args!(
                    "{} cannot be converted: write {}, the currency of the books",
                    self.currency,
                    Currency::USD
                ),
            )
        })
    }

    fn check_rows(&self) -> Option<Problem> {
        match (&self.rates_file, &self.rates) {
            (None, None) => Some(Problem::in_field(
                "rates_file",
                "a card needs rows: name a rates_file or write them under `rates`",
            )),
            (Some(_), Some(_)) => Some(Problem::in_field(
                "rates",
                "a card has either a rates_file or rates, not both",
            )),
            _ => None,
        }
    }
}

impl Kind for RateCard {
    const KIND: ResourceKind = ResourceKind::RateCard;
    const TITLE: &'static str = "Rate card";
    const TITLE_PLURAL: &'static str = "Rate cards";
    const ASSIGNABLE: Assignable = Assignable::One;

    fn check(&self) -> Vec<Problem> {
        let currency = self.check_currency().into_iter();
        currency.chain(self.check_rows()).collect()
    }
}
