//! A priced table: what calls to each prefix cost.

use crate::fields::built_from::BuiltFrom;
use crate::fields::foreign::{CurrencyCode, Money, RoundingModeName};
use crate::fields::origin_set::{self, ORIGIN_SETS_MAX, OriginSet};
use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use crate::problem::Problem;
use rating::rate::{GRACE_PERIOD_S_MAX, INTERVAL_S_MAX, RateTerms};
use rating::rounding::{DECIMALS_MAX, Rounding, RoundingMode};
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
    /// Three capital letters of ISO 4217: USD, the currency of the books, or one that has an exchange
    /// rate.
    #[schemars(with = "CurrencyCode", extend("x-filter" = true))]
    pub currency: Currency,
    /// Path of a rate deck, `.csv` or `.csv.gz`, relative to the file that this stands in; a card
    /// has either this or `rates`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024), extend("x-widget" = "deck"))]
    pub rates_file: Option<String>,
    /// The rows themselves; a card has either these or a `rates_file`. Of a card that is built from others
    /// they are its own prices, before those that are built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = INLINE_ROWS_MAX), extend("x-widget" = "rows"))]
    pub rates: Option<Vec<RateRow>>,
    /// How its rows are made from those of other cards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BuiltFrom", extend("x-default" = "it has rows of its own"))]
    pub built_from: Option<BuiltFrom>,
    /// Names for groups of calling numbers, for the `origin` of rows. A deck that was imported has the prefixes
    /// that a group had then: when a group changes, import the deck again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = ORIGIN_SETS_MAX))]
    pub origin_sets: Vec<OriginSet>,
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
    /// For rows that do not say: charged once per call or attempt that was sent, answered or not.
    #[serde(default, with = "decimal")]
    #[schemars(
        with = "Money",
        extend("x-minimum" = "0", "x-maximum" = "10000", "x-unit" = "an attempt", "default" = "0")
    )]
    pub attempt_fee: Amount,
    /// For rows that do not say: an answered call of at most so long costs no more than an
    /// unanswered one.
    #[serde(default)]
    #[schemars(range(max = GRACE_PERIOD_S_MAX), extend("x-unit" = "seconds"))]
    pub grace_period_s: u32,
    /// How the amount of a call is rounded, once, when it is whole.
    #[serde(default)]
    #[schemars(with = "RoundingModeName")]
    pub amount_rounding: RoundingMode,
    /// To how many decimals the amount of a call is rounded.
    #[serde(default = "all_decimals")]
    #[schemars(range(max = DECIMALS_MAX))]
    pub amount_decimals: u8,
    /// How talk time is rounded to whole seconds, before intervals are counted.
    #[serde(default = "up")]
    #[schemars(with = "RoundingModeName")]
    pub duration_rounding: RoundingMode,
}

/// One row. The names are those of a deck's columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateRow {
    /// The digits a called number must begin with: E.164 without `+`.
    #[schemars(length(min = 1, max = 15))]
    pub prefix: String,
    /// The calls that it is for by who calls: leading digits of the calling number, the name of one of the
    /// card's `origin_sets`, or for calls to +1 `interstate`, `intrastate` or `indeterminate`. The longest prefix
    /// of the called number counts first, then the longest origin, then the jurisdiction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), extend("x-default" = "all calls"))]
    pub origin: Option<String>,
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
    /// Charged once per call or attempt that was sent, answered or not.
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
            "x-unit" = "an attempt",
            "x-default" = "the card's"
        )
    )]
    pub attempt_fee: Option<Amount>,
    /// An answered call of at most so long costs no more than an unanswered one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(max = GRACE_PERIOD_S_MAX),
        extend("x-unit" = "seconds", "x-default" = "the card's")
    )]
    pub grace_period_s: Option<u32>,
}

fn one_second() -> u32 {
    1
}

fn all_decimals() -> u8 {
    DECIMALS_MAX
}

fn up() -> RoundingMode {
    RoundingMode::Up
}

impl RateRow {
    /// A row that takes all but its price from its card.
    pub fn new(
        prefix: impl Into<String>,
        destination: impl Into<String>,
        rate_per_minute: Amount,
    ) -> Self {
        Self {
            prefix: prefix.into(),
            origin: None,
            destination: destination.into(),
            rate_per_minute,
            initial_rate_per_minute: None,
            initial_interval_s: None,
            next_interval_s: None,
            connection_fee: None,
            attempt_fee: None,
            grace_period_s: None,
        }
    }

    /// The terms of this row on a card.
    pub fn terms(&self, card: &RateCard) -> RateTerms {
        let price = self.rate_per_minute;
        let or_card = card.default_terms(price);
        RateTerms {
            initial_rate_per_minute: self.initial_rate_per_minute.unwrap_or(price),
            initial_interval_s: self
                .initial_interval_s
                .unwrap_or(or_card.initial_interval_s),
            next_interval_s: self.next_interval_s.unwrap_or(or_card.next_interval_s),
            connection_fee: self.connection_fee.unwrap_or(or_card.connection_fee),
            attempt_fee: self.attempt_fee.unwrap_or(or_card.attempt_fee),
            grace_period_s: self.grace_period_s.unwrap_or(or_card.grace_period_s),
            ..or_card
        }
    }
}

impl RateCard {
    /// A card without rows and fees, billed by the second, whose charges are not rounded further
    /// than they must be.
    pub fn new(currency: Currency) -> Self {
        Self {
            currency,
            rates_file: None,
            rates: None,
            built_from: None,
            origin_sets: Vec::new(),
            initial_interval_s: one_second(),
            next_interval_s: one_second(),
            connection_fee: Amount::ZERO,
            attempt_fee: Amount::ZERO,
            grace_period_s: 0,
            amount_rounding: RoundingMode::HalfUp,
            amount_decimals: all_decimals(),
            duration_rounding: up(),
        }
    }

    /// How the charges of this card are rounded.
    pub fn rounding(&self) -> Rounding {
        Rounding {
            amount: self.amount_rounding,
            decimals: self.amount_decimals,
            duration: self.duration_rounding,
        }
    }

    /// The terms of a row of this card that names nothing but its price.
    pub fn default_terms(&self, rate_per_minute: Amount) -> RateTerms {
        RateTerms {
            connection_fee: self.connection_fee,
            attempt_fee: self.attempt_fee,
            grace_period_s: self.grace_period_s,
            rounding: self.rounding(),
            ..RateTerms::per_second(rate_per_minute)
                .with_intervals(self.initial_interval_s, self.next_interval_s)
        }
    }

    fn check_rows(&self) -> Option<Problem> {
        match (&self.rates_file, &self.rates) {
            (Some(_), _) if self.built_from.is_some() => Some(Problem::in_field(
                "rates_file",
                "a card that is built from others has its own prices under `rates`",
            )),
            _ if self.built_from.is_some() => None,
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
        let built = self.built_from.as_ref().map(BuiltFrom::check);
        let rows = self.check_rows().into_iter();
        let sets = origin_set::check(&self.origin_sets);
        let built = built.into_iter().flatten();
        rows.chain(built).chain(sets).collect()
    }
}
