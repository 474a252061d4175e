//! What was measured in one window at one rate.

use std::collections::BTreeMap;
use std::time::Duration;

/// Failed calls of those offered, at most.
const FAILED_MAX: f64 = 0.001;
/// Retransmissions for each call offered, at most.
const RETRANSMITTED_MAX: f64 = 0.01;
/// Of the rate, what must really have been offered.
const OFFERED_MIN: f64 = 0.985;

#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    pub(crate) rate: f64,
    pub(crate) length: Duration,
    /// Calls that were begun in the window, and what became of them.
    pub(crate) offered: u64,
    pub(crate) answered: u64,
    pub(crate) failed: u64,
    pub(crate) retransmitted: u64,
    /// Calls that ended in the window, begun before it or not: what the server's work is divided by.
    pub(crate) ended: u64,
    /// Calls that were neither answered nor failed when patience was over.
    pub(crate) left: u64,
    pub(crate) held_at_once: u64,
    /// INVITE to 200.
    pub(crate) setup: Delays,
    /// Processor time of the server, by names of threads.
    pub(crate) server: BTreeMap<String, Duration>,
    /// Of one core.
    pub(crate) generator_load: f64,
    /// What others took of the machine, cores. Crude: ticks of 10 ms.
    pub(crate) other_load: f64,
    /// Bytes for each held call, where that was measured.
    pub(crate) bytes_a_call: Option<f64>,
    /// Final responses other than 2xx.
    pub(crate) refused: BTreeMap<u16, u64>,
}

/// Microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Delays {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Delays {
    pub(crate) fn of(mut nanos: Vec<u64>) -> Self {
        nanos.sort_unstable();
        Self {
            p50: at_percent(&nanos, 50),
            p99: at_percent(&nanos, 99),
        }
    }
}

/// The value that so many of a hundred are not above, µs; nothing where there are none.
fn at_percent(sorted_ns: &[u64], percent: usize) -> f64 {
    let last = sorted_ns.len().saturating_sub(1);
    let value = sorted_ns.get(last * percent / 100);
    value.map_or(f64::NAN, |ns| *ns as f64 / 1e3)
}

impl Window {
    /// Whether the server held this rate.
    pub(crate) fn is_held(&self) -> bool {
        let offered = self.offered.max(1) as f64;
        self.failed as f64 <= FAILED_MAX * offered
            && self.retransmitted as f64 <= RETRANSMITTED_MAX * offered
            && self.offered as f64 >= OFFERED_MIN * self.rate * self.length.as_secs_f64()
            && self.left == 0
    }

    /// Processor time of the server for each call that ended, µs; of all threads, or those that `wanted` names.
    pub(crate) fn cpu_us(&self, wanted: impl Fn(&str) -> bool) -> f64 {
        let times = self.server.iter().filter(|(name, _)| wanted(name));
        let sum: Duration = times.map(|(_, time)| *time).sum();
        sum.as_secs_f64() * 1e6 / self.ended.max(1) as f64
    }

    /// A line for who watches.
    pub(crate) fn line(&self) -> String {
        let parts: Vec<String> = self
            .server
            .keys()
            .map(|name| (name, self.cpu_us(|of| of == name)))
            .filter(|(_, us)| *us >= 1.0)
            .map(|(name, us)| format!("{name} {us:.0}"))
            .collect();
        let verdict = if self.is_held() {
            "held".to_owned()
        } else {
            format!("NOT HELD, {} left, refused {:?}", self.left, self.refused)
        };
        format!(
            "{:6.0} CPS: answered {} of {}, failed {}, retransmitted {}, setup {:.0}/{:.0} µs, {:.1} µs a call ({}), generator {:.2}, \
             others {:.2}: {verdict}",
            self.rate,
            self.answered,
            self.offered,
            self.failed,
            self.retransmitted,
            self.setup.p50,
            self.setup.p99,
            self.cpu_us(|_| true),
            parts.join(", "),
            self.generator_load,
            self.other_load
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held() -> Window {
        Window {
            rate: 1_000.0,
            length: Duration::from_secs(5),
            offered: 5_000,
            answered: 5_000,
            ended: 5_000,
            ..Window::default()
        }
    }

    #[test]
    fn a_rate_is_held_within_the_bounds_and_not_beyond() {
        assert!(held().is_held());
        let changed = |change: fn(&mut Window)| {
            let mut window = held();
            change(&mut window);
            window.is_held()
        };
        assert!(changed(|window| window.failed = 5));
        assert!(!changed(|window| window.failed = 6));
        assert!(changed(|window| window.retransmitted = 50));
        assert!(!changed(|window| window.retransmitted = 51));
        assert!(changed(|window| window.offered = 4_925));
        assert!(!changed(|window| window.offered = 4_924));
        assert!(!changed(|window| window.left = 1));
    }

    #[test]
    fn delays_are_those_that_so_many_of_a_hundred_are_not_above() {
        let delays = Delays::of((0..=100).rev().map(|us| us * 1_000).collect());
        assert_eq!((delays.p50, delays.p99), (50.0, 99.0));
        assert!(Delays::of(Vec::new()).p99.is_nan());
    }

    #[test]
    fn work_is_told_by_threads() {
        let mut window = held();
        window.server = BTreeMap::from([
            ("shard".to_owned(), Duration::from_millis(500)),
            ("tokio-rt-worker".to_owned(), Duration::from_millis(250)),
        ]);
        assert_eq!(window.cpu_us(|_| true), 150.0);
        assert_eq!(window.cpu_us(|name| name == "shard"), 100.0);
    }
}
