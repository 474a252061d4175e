//! Points from counters: what grew in the last second and in the last minute.

use crate::routes::live::LivePoint;
use crate::switch_port::SwitchSample;
use crate::values::{Money, Time};
use rating::{Amount, Currency, Timestamp};
use std::collections::VecDeque;

/// Seconds of the rolling sums.
const ROLLING_SECONDS: usize = 60;

/// The samples of the last minute.
pub(crate) struct LiveWindow {
    samples: VecDeque<SwitchSample>,
}

impl LiveWindow {
    /// Begins with the counters as they are.
    pub(crate) fn new(first: SwitchSample) -> Self {
        Self {
            samples: VecDeque::from([first]),
        }
    }

    /// The point of the second that ends at `at`.
    pub(crate) fn push(&mut self, at: Timestamp, sample: SwitchSample) -> LivePoint {
        let minute_ago = self.samples.front().copied().unwrap_or_default();
        let second_ago = self.samples.back().copied().unwrap_or_default();
        self.samples.push_back(sample);
        if self.samples.len() > ROLLING_SECONDS {
            self.samples.pop_front();
        }
        let revenue = growth(sample.revenue, minute_ago.revenue);
        let cost = growth(sample.cost, minute_ago.cost);
        LivePoint {
            at: Time(at),
            calls_now: sample.calls_now,
            cps: sample
                .calls_received
                .saturating_sub(second_ago.calls_received),
            attempts: sample.attempts.saturating_sub(second_ago.attempts),
            answered: sample.answered.saturating_sub(second_ago.answered),
            failed: sample.failed.saturating_sub(second_ago.failed),
            asr_percent: asr_percent(
                sample.answered.saturating_sub(minute_ago.answered),
                sample.failed.saturating_sub(minute_ago.failed),
            ),
            revenue: Money(revenue),
            cost: Money(cost),
            margin: Money(growth(revenue, cost)),
            currency: Currency::USD.to_string(),
        }
    }
}

fn growth(now: Amount, before: Amount) -> Amount {
    now.checked_sub(before).unwrap_or_default()
}

/// Ingress ASR: calls answered of all that reached a carrier, rounded to a tenth of a percent.
fn asr_percent(answered: u64, failed: u64) -> Option<f64> {
    let seizures = answered + failed;
    if seizures == 0 {
        return None;
    }
    let permille = (answered * 1_000 + seizures / 2) / seizures;
    Some(permille as f64 / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(calls: u64, answered: u64, failed: u64, nanos: i64) -> SwitchSample {
        SwitchSample {
            calls_received: calls,
            answered,
            failed,
            revenue: Amount(2 * nanos),
            cost: Amount(nanos),
            ..SwitchSample::default()
        }
    }

    #[test]
    fn a_point_has_the_growth_of_a_second_and_the_sums_of_a_minute() {
        let mut window = LiveWindow::new(sample(100, 50, 50, 1_000));
        let first = window.push(Timestamp(1), sample(110, 51, 52, 1_300));
        assert_eq!((first.cps, first.answered, first.failed), (10, 1, 2));
        assert_eq!(first.asr_percent, Some(33.3));
        assert_eq!(
            (first.revenue.0, first.cost.0, first.margin.0),
            (Amount(600), Amount(300), Amount(300))
        );
        let second = window.push(Timestamp(2), sample(110, 54, 52, 1_300));
        assert_eq!((second.cps, second.answered), (0, 3));
        assert_eq!(second.asr_percent, Some(66.7));
    }

    #[test]
    fn what_is_older_than_a_minute_is_left_out() {
        let mut window = LiveWindow::new(sample(0, 0, 0, 0));
        let busy = window.push(Timestamp(0), sample(9, 9, 0, 9));
        assert_eq!(busy.asr_percent, Some(100.0));
        for second in 1..60 {
            let point = window.push(Timestamp(second), sample(9, 9, 0, 9));
            assert_eq!(point.asr_percent, Some(100.0), "second {second}");
        }
        let quiet = window.push(Timestamp(60), sample(9, 9, 0, 9));
        assert_eq!(quiet.asr_percent, None);
        assert_eq!(quiet.revenue.0, Amount(0));
    }
}
