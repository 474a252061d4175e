//! A priced table: what calls to each prefix cost.

use super::checks;
use crate::problem::Problem;
use rating::rate::{INTERVAL_S_MAX, PRICE_MAX, RateTerms};
use rating::{Amount, Currency, money::decimal};
use serde::{Deserialize, Serialize};

/// Most rows that may stand in the resource itself; longer tables belong in a rates file.
pub const INLINE_ROWS_MAX: usize = 10_000;

/// A rate card: a currency, defaults, and rows, either in a file beside or in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateCard {
    /// Three capital letters of ISO 4217. Rates of all cards are compared with one another, so it
    /// must be the currency of the books, USD, until conversion exists.
    pub currency: Currency,
    /// Path of a rate deck, `.csv` or `.csv.gz`, relative to the file that this stands in.
    /// Exclusive with `rates`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rates_file: Option<String>,
    /// The rows themselves, at most 10,000. Exclusive with `rates_file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rates: Option<Vec<RateRow>>,
    /// For rows that do not say: length of the first interval, seconds, 1 to 3,600. Default: 1.
    #[serde(default = "one_second")]
    pub initial_interval_s: u32,
    /// For rows that do not say: length of each further interval, seconds, 1 to 3,600. Default: 1.
    #[serde(default = "one_second")]
    pub next_interval_s: u32,
    /// For rows that do not say: charged once per answered call, 0 to 10,000. Default: 0.
    #[serde(default, with = "decimal")]
    pub connection_fee: Amount,
}

/// One row. The names are those of a deck's columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateRow {
    /// The digits a called number must begin with, 1 to 15 digits of E.164 without `+`.
    pub prefix: String,
    /// The name of what lies behind the prefix.
    pub destination: String,
    /// Price of a minute, 0 to 10,000, at most 9 decimals.
    #[serde(with = "decimal")]
    pub rate_per_minute: Amount,
    /// Price of a minute in the first interval. Default: `rate_per_minute`.
    #[serde(
        default,
        with = "decimal::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub initial_rate_per_minute: Option<Amount>,
    /// Default: the card's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_interval_s: Option<u32>,
    /// Default: the card's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_interval_s: Option<u32>,
    /// Default: the card's.
    #[serde(
        default,
        with = "decimal::option",
        skip_serializing_if = "Option::is_none"
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

    pub(super) fn check(&self) -> Vec<Problem> {
        let intervals = [
            ("initial_interval_s", self.initial_interval_s),
            ("next_interval_s", self.next_interval_s),
        ];
        intervals
            .into_iter()
            .filter_map(|(field, value)| {
                checks::in_range(field, value, 1, INTERVAL_S_MAX, " seconds")
            })
            .chain(checks::in_range(
                "connection_fee",
                self.connection_fee,
                Amount::ZERO,
                PRICE_MAX,
                "",
            ))
            .chain(self.check_currency())
            .chain(self.check_rows())
            .collect()
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
            (None, Some(rows)) if rows.len() > INLINE_ROWS_MAX => Some(Problem::in_field(
                "rates",
                format_args!("at most {INLINE_ROWS_MAX} rows stand here: use a rates_file"),
            )),
            (Some(path), None) if path.is_empty() => {
                Some(Problem::in_field("rates_file", "the path is empty"))
            }
            _ => None,
        }
    }
}
