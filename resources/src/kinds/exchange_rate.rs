//! What a currency is worth.

use crate::fields::foreign::{CurrencyCode, ExchangeRateText};
use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use crate::problem::Problem;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rating::exchange::{self, DatedRates};
use rating::{Currency, Timestamp, exchange::decimal};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// Most rates of one currency: one a day for more than ten years.
pub const DATED_RATES_MAX: usize = 4_000;

/// What one unit of a currency is worth in USD, the currency of the books, from which day on. Each call
/// is converted by the rate that counts when it comes in; there is one of these for each currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeRate {
    /// Three capital letters of ISO 4217.
    #[schemars(with = "CurrencyCode", extend("x-filter" = true, "examples" = ["EUR"]))]
    pub currency: Currency,
    /// Its rates in the order of their days; each counts until the next.
    #[schemars(length(min = 1, max = DATED_RATES_MAX), extend("x-widget" = "rows"))]
    pub rates: Vec<DatedRate>,
}

/// A rate and the day from which it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatedRate {
    /// The day at whose beginning, in UTC, it comes into force.
    pub from: Day,
    /// USD for one unit, at most 100 and 12 decimals.
    #[serde(with = "decimal")]
    #[schemars(with = "ExchangeRateText")]
    pub rate: exchange::ExchangeRate,
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Date);

/// A text that is no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no day of the years 2000 to 2200: write it as 2026-12-31")]
pub struct DayError(pub String);

impl Day {
    /// The day that begins next after a moment, in UTC; `None` at the end of the calendar.
    pub fn next_after(at: Timestamp) -> Option<Self> {
        let at = jiff::Timestamp::from_microsecond(at.0).ok()?;
        let next = at.to_zoned(TimeZone::UTC).date().tomorrow().ok()?;
        Self::try_from(next.to_string()).ok()
    }

    pub(crate) fn date(self) -> Date {
        self.0
    }

    /// Its first moment in UTC.
    pub fn begins(self) -> Timestamp {
        let midnight = self.0.to_zoned(TimeZone::UTC);
        // Each day of two hundred years has one in UTC.
        Timestamp(midnight.map_or(i64::MAX, |midnight| midnight.timestamp().as_microsecond()))
    }
}

impl TryFrom<String> for Day {
    type Error = DayError;

    fn try_from(text: String) -> Result<Self, DayError> {
        let has_form = text.len() == 10 && text.is_ascii() && !text.contains(['T', ' ']);
        let day = text.parse::<Date>().ok().filter(|_| has_form);
        day.filter(|day| (2_000..=2_200).contains(&day.year()))
            .map(Self)
            .ok_or(DayError(text))
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl JsonSchema for Day {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date",
            "pattern": "^2[0-2][0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
            "examples": ["2026-12-31"],
        })
    }
}

impl ExchangeRate {
    /// Its rates as calls are converted by; `None` for what [`check`](Kind::check) refuses.
    pub fn dated(&self) -> Option<DatedRates> {
        let rates = self.rates.iter();
        DatedRates::new(rates.map(|dated| (dated.from.begins(), dated.rate)))
    }
}

impl Kind for ExchangeRate {
    const KIND: ResourceKind = ResourceKind::ExchangeRate;
    const TITLE: &'static str = "Exchange rate";
    const TITLE_PLURAL: &'static str = "Exchange rates";
    const ASSIGNABLE: Assignable = Assignable::No;

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.currency == Currency::USD {
            let message = "the books are in USD: it is worth itself and needs no rate";
            problems.push(Problem::in_field("currency", message));
        }
        for (index, pair) in self.rates.windows(2).enumerate() {
            if pair[0].from >= pair[1].from {
                let message = format_args!(
                    "{} is not after {}: each rate counts from a later day than the one before",
                    pair[1].from, pair[0].from
                );
                let field = format!("rates[{}].from", index + 1);
                problems.push(Problem::in_field(field, message));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::kinds::ResourceSpec;
    use crate::testing::{assert_sound, faults};
    use serde_json::{Value, json};

    const KIND: ResourceKind = ResourceKind::ExchangeRate;

    fn euro(rates: &[(&str, &str)]) -> Value {
        let rates = rates.iter();
        let rates: Vec<_> = rates
            .map(|(from, rate)| json!({ "from": from, "rate": rate }))
            .collect();
        json!({ "currency": "EUR", "rates": rates })
    }

    #[test]
    fn faults_are_named() {
        assert_sound(KIND, euro(&[("2026-11-01", "1.0842")]));
        assert_sound(KIND, euro(&[("2026-02-28", "1.1"), ("2028-02-29", "0.000000000001")]));
        let cases = [
            (euro(&[]), "rates"),
            (euro(&[("2026-02-29", "1")]), "rates[0].from"),
            (euro(&[("2026-2-1", "1")]), "rates[0].from"),
            (euro(&[("20260201", "1")]), "rates[0].from"),
            (euro(&[("1999-12-31", "1")]), "rates[0].from"),
            (euro(&[("2026-02-01T00:00", "1")]), "rates[0].from"),
            (euro(&[("2026-11-01", "0")]), "rates[0].rate"),
            (euro(&[("2026-11-01", "-1")]), "rates[0].rate"),
            (euro(&[("2026-11-01", "101")]), "rates[0].rate"),
            (euro(&[("2026-11-01", "1"), ("2026-11-01", "2")]), "rates[1].from"),
            (euro(&[("2026-11-02", "1"), ("2026-11-01", "2")]), "rates[1].from"),
            (
                json!({ "currency": "USD", "rates": [{ "from": "2026-11-01", "rate": "1" }] }),
                "currency",
            ),
            (
                json!({ "currency": "eur", "rates": [{ "from": "2026-11-01", "rate": "1" }] }),
                "currency",
            ),
        ];
        for (spec, field) in cases {
            assert_eq!(faults(KIND, spec.clone()), [field], "{spec}");
        }
    }

    #[test]
    fn the_next_day_begins_after_a_moment() {
        // 2026-12-01T00:00:00Z.
        let midnight = 1_796_083_200_000_000;
        let next = |at| Day::next_after(Timestamp(at)).unwrap().to_string();
        assert_eq!(next(midnight - 1), "2026-12-01");
        assert_eq!(next(midnight), "2026-12-02");
        assert_eq!(Day::next_after(Timestamp(i64::MAX)), None);
    }

    #[test]
    fn a_rate_counts_from_the_midnight_of_its_day() {
        let spec = euro(&[("2026-11-01", "1.1"), ("2026-12-01", "1.2")]);
        let ResourceSpec::ExchangeRate(euro) = ResourceSpec::from_value(KIND, spec).unwrap() else {
            panic!("of this kind")
        };
        let rates = euro.dated().unwrap();
        // 2026-12-01T00:00:00Z.
        let change = 1_796_083_200_000_000;
        assert_eq!(rates.at(Timestamp(change - 1)).to_string(), "1.1");
        assert_eq!(rates.at(Timestamp(change)).to_string(), "1.2");
    }
}
