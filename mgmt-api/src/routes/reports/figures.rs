//! Sums as figures.

use super::Figures;
use super::own::OwnFigures;
use crate::values::Money;
use rating::{Amount, Currency};
use serde::Serialize;
use std::collections::BTreeMap;
use store::{TrafficLine, TrafficSums};
use utoipa::ToSchema;

/// What was counted, and the ratios of it; a ratio of nothing is null.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Counted {
    /// Calls, or attempts.
    pub seizures: i64,
    /// Those with a 2xx.
    pub answered: i64,
    /// Those that reached the called party: answered, busy, declined, not answered or given up while
    /// it rang.
    pub effective: i64,
    /// Calls that were refused before any attempt.
    pub rejected: i64,
    /// Answered of a hundred seizures.
    #[schema(required)]
    pub asr_percent: Option<f64>,
    /// Effective of a hundred seizures.
    #[schema(required)]
    pub ner_percent: Option<f64>,
    /// Mean talk time of those that were answered, milliseconds.
    #[schema(required)]
    pub acd_ms: Option<i64>,
    /// Mean post-dial delay of those that rang, milliseconds.
    #[schema(required)]
    pub pdd_ms: Option<i64>,
    /// Those that rang, or were answered without.
    pub rang: i64,
    /// Talk time, milliseconds.
    pub talk_ms: i64,
    /// Seconds that were charged on that side.
    pub billed_seconds: i64,
}

/// Money by currency.
pub(crate) type Amounts = Vec<CurrencyAmount>;

/// An amount of a currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CurrencyAmount {
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// How much; null beyond 9 thousand million.
    #[schema(required)]
    pub amount: Option<Money>,
}

/// Sums over all currencies, with the money of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) all: TrafficSums,
    pub(super) amounts: BTreeMap<Currency, i128>,
}

impl Sums {
    pub(super) fn add(&mut self, line: &TrafficLine) {
        self.all.add(&line.sums);
        *self.amounts.entry(line.currency).or_default() += line.sums.amount;
    }

    pub(super) fn amounts(&self) -> Amounts {
        let amount = |(currency, amount): (&Currency, &i128)| CurrencyAmount {
            currency: currency.to_string(),
            amount: money(*amount),
        };
        self.amounts.iter().map(amount).collect()
    }
}

/// An amount, when it fits.
pub(crate) fn money(nanos: i128) -> Option<Money> {
    i64::try_from(nanos).ok().map(|nanos| Money(Amount(nanos)))
}

/// A share in percent, to the hundredth.
pub(super) fn percent(part: i64, of: i64) -> Option<f64> {
    let hundredths = i128::from(part) * 10_000 + i128::from(of) / 2;
    (of > 0).then(|| (hundredths / i128::from(of)) as f64 / 100.0)
}

fn mean(sum: i64, count: i64) -> Option<i64> {
    (count > 0).then(|| sum / count)
}

impl From<&TrafficSums> for Counted {
    fn from(sums: &TrafficSums) -> Self {
        Self {
            seizures: sums.seizures,
            answered: sums.answered,
            effective: sums.effective,
            rejected: sums.rejected,
            asr_percent: percent(sums.answered, sums.seizures),
            ner_percent: percent(sums.effective, sums.seizures),
            acd_ms: mean(sums.talk_ms, sums.answered),
            pdd_ms: mean(sums.pdd_ms, sums.rang),
            rang: sums.rang,
            talk_ms: sums.talk_ms,
            billed_seconds: sums.billed_seconds,
        }
    }
}

impl From<&Sums> for Figures {
    fn from(sums: &Sums) -> Self {
        Self {
            counted: (&sums.all).into(),
            charge: money(sums.all.charge),
            cost: money(sums.all.cost),
            margin: money(sums.all.margin()),
            amounts: sums.amounts(),
        }
    }
}

impl From<&Sums> for OwnFigures {
    fn from(sums: &Sums) -> Self {
        Self {
            counted: (&sums.all).into(),
            amounts: sums.amounts(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_sums_and_those_of_nothing_are_null() {
        let sums = TrafficSums {
            seizures: 3,
            answered: 2,
            effective: 3,
            rang: 2,
            pdd_ms: 2_501,
            talk_ms: 61_000,
            ..TrafficSums::default()
        };
        let counted = Counted::from(&sums);
        assert_eq!(counted.asr_percent, Some(66.67));
        assert_eq!(counted.ner_percent, Some(100.0));
        assert_eq!(
            (counted.acd_ms, counted.pdd_ms),
            (Some(30_500), Some(1_250))
        );
        let nothing = Counted::from(&TrafficSums::default());
        assert_eq!((nothing.asr_percent, nothing.acd_ms), (None, None));
        assert_eq!(money(i128::from(i64::MAX) + 1), None);
    }
}
