//! What becomes of the rates of an answer: what is new, what has moved too far, what is missing.

use super::quotes::Quotes;
use rating::Currency;
use rating::exchange::ExchangeRate;
use resources::{DATED_RATES_MAX, DatedRate, Day, ExchangeSource};
use std::collections::BTreeMap;

/// The rates of a currency that are configured, and what becomes of a quote.
pub(super) type Configured<'a> = BTreeMap<Currency, &'a [DatedRate]>;

/// What becomes of a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It comes into force on the day.
    New(ExchangeRate),
    /// The rate before is the same, or that of the day is written already.
    Kept(ExchangeRate),
    /// It has moved too far and waits for somebody.
    Waits(ExchangeRate),
    /// There is none, and why.
    Missing(String),
}

/// Judges each currency of a source by what is configured; `day` is the one that a new rate counts from.
pub(super) fn judge(
    source: &ExchangeSource,
    quotes: &Quotes,
    configured: &Configured<'_>,
    day: Day,
) -> BTreeMap<Currency, Verdict> {
    let judged = source.currencies.iter().map(|currency| {
        let verdict = match quotes.rates.get(currency) {
            None => Verdict::Missing("the answer has no rate of it".into()),
            Some(Err(why)) => Verdict::Missing(why.clone()),
            Some(Ok(rate)) => {
                let rates = configured.get(currency).copied().unwrap_or_default();
                verdict(source, *rate, rates, day)
            }
        };
        (*currency, verdict)
    });
    judged.collect()
}

fn verdict(source: &ExchangeSource, rate: ExchangeRate, rates: &[DatedRate], day: Day) -> Verdict {
    // One that somebody has written for a later day is no matter of this one.
    let last = rates.iter().rfind(|dated| dated.from <= day);
    if let Some(last) = last {
        if is_far(last.rate, rate, source.alert_percent) {
            return Verdict::Waits(rate);
        }
        if last.rate == rate || last.from == day {
            return Verdict::Kept(rate);
        }
    }
    if rates.len() >= DATED_RATES_MAX {
        return Verdict::Missing(format!(
            "it has {DATED_RATES_MAX} rates: take the oldest away to make room"
        ));
    }
    Verdict::New(rate)
}

/// Whether the larger of two rates is more than so many percent above the smaller: a rate that fell to a tenth is as
/// far as one that rose to ten times as much.
fn is_far(from: ExchangeRate, to: ExchangeRate, percent: u8) -> bool {
    let (from, to) = (u128::from(from.parts()), u128::from(to.parts()));
    from.max(to) * 100 > from.min(to) * u128::from(100 + u16::from(percent))
}

/// How far a rate has moved from another, in hundredths of a percent of that, towards zero.
pub(crate) fn move_bps(from: ExchangeRate, to: ExchangeRate) -> i64 {
    let (from, to) = (i128::from(from.parts()), i128::from(to.parts()));
    i64::try_from((to - from) * 10_000 / from).unwrap_or(i64::MAX)
}

/// What a unit is worth where rates are shown to customers: less by the mark-up, rounded down, and never
/// nothing.
pub(crate) fn shown(rate: ExchangeRate, markup_bps: u16) -> ExchangeRate {
    let parts = u128::from(rate.parts()) * u128::from(10_000 - markup_bps.min(9_999)) / 10_000;
    let parts = u64::try_from(parts).unwrap_or(1);
    ExchangeRate::of_parts(parts.max(1)).unwrap_or(rate)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use rating::Timestamp;
    use resources::{ResourceKind, ResourceSpec};
    use serde_json::json;

    fn source() -> ExchangeSource {
        let spec = json!({ "provider": "ecb", "currencies": ["EUR"], "alert_percent": 5 });
        match ResourceSpec::from_value(ResourceKind::ExchangeSource, spec).unwrap() {
            ResourceSpec::ExchangeSource(source) => source,
            other => panic!("{other:?}"),
        }
    }

    fn rate(text: &str) -> ExchangeRate {
        text.parse().unwrap()
    }

    fn day(text: &str) -> Day {
        Day::try_from(text.to_owned()).unwrap()
    }

    fn judged(quoted: &str, configured: &[(&str, &str)]) -> Verdict {
        let euro = source().currencies[0];
        let rates: Vec<_> = configured
            .iter()
            .map(|(from, of)| DatedRate {
                from: day(from),
                rate: rate(of),
            })
            .collect();
        let quotes = Quotes {
            published_at: Timestamp(0),
            rates: [(euro, Ok(rate(quoted)))].into(),
        };
        let configured = [(euro, rates.as_slice())].into();
        judge(&source(), &quotes, &configured, day("2026-11-23"))
            .remove(&euro)
            .unwrap()
    }

    #[test]
    fn a_new_rate_counts_once_a_day_and_a_large_move_waits() {
        let before = [("2026-11-01", "1"), ("2026-11-22", "1.1")];
        assert_eq!(judged("1.11", &[]), Verdict::New(rate("1.11")));
        assert_eq!(judged("1.11", &before), Verdict::New(rate("1.11")));
        assert_eq!(judged("1.1", &before), Verdict::Kept(rate("1.1")));
        // 5 percent of 1.1 is 0.055.
        assert_eq!(judged("1.155", &before), Verdict::New(rate("1.155")));
        assert_eq!(judged("1.1552", &before), Verdict::Waits(rate("1.1552")));
        assert_eq!(
            judged("1.155001", &before),
            Verdict::Waits(rate("1.155001"))
        );
        // 5 percent of 1.047619 is the rest up to 1.1.
        assert_eq!(judged("1.04762", &before), Verdict::New(rate("1.04762")));
        assert_eq!(judged("1.0476", &before), Verdict::Waits(rate("1.0476")));
        let written = [("2026-11-22", "1.1"), ("2026-11-23", "1.11")];
        assert_eq!(judged("1.12", &written), Verdict::Kept(rate("1.12")));
        assert_eq!(judged("2", &written), Verdict::Waits(rate("2")));
    }

    #[test]
    fn a_rate_that_somebody_wrote_for_a_later_day_is_no_matter_of_this_one() {
        let later = [("2026-11-22", "1.1"), ("2027-01-01", "3")];
        assert_eq!(judged("1.11", &later), Verdict::New(rate("1.11")));
        assert_eq!(judged("1.1", &later), Verdict::Kept(rate("1.1")));
        assert_eq!(judged("3", &later), Verdict::Waits(rate("3")));
        assert_eq!(judged("1.11", &later[1..]), Verdict::New(rate("1.11")));
    }

    #[test]
    fn with_a_hundred_percent_twice_and_half_are_as_far_as_it_goes() {
        let far = |from, to| is_far(rate(from), rate(to), 100);
        assert!(!far("1", "2") && !far("1", "0.5"));
        assert!(far("1", "2.000001") && far("1", "0.499999") && far("1.27", "0.127"));
        assert!(is_far(rate("1"), rate("1.05009"), 5));
    }

    #[test]
    fn a_currency_without_a_rate_is_told_and_so_is_one_without_room() {
        let quotes = Quotes {
            published_at: Timestamp(0),
            rates: BTreeMap::new(),
        };
        let judged = judge(&source(), &quotes, &BTreeMap::new(), day("2026-11-23"));
        assert!(matches!(
            judged.values().next().unwrap(),
            Verdict::Missing(_)
        ));
        let full = vec![
            DatedRate {
                from: day("2026-11-22"),
                rate: rate("1")
            };
            DATED_RATES_MAX
        ];
        let full = verdict(&source(), rate("1.01"), &full, day("2026-11-23"));
        assert!(matches!(full, Verdict::Missing(why) if why.contains("4000")));
    }

    #[test]
    fn what_is_shown_is_less_by_the_mark_up() {
        assert_eq!(shown(rate("1.1"), 0), rate("1.1"));
        assert_eq!(shown(rate("1.1"), 250), rate("1.0725"));
        assert_eq!(shown(rate("0.000000000001"), 5_000), rate("0.000000000001"));
        assert_eq!(move_bps(rate("1"), rate("0.9")), -1_000);
    }
}
