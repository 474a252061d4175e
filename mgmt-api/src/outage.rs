//! What the log has of something that fails again and again, as all does while the database is away: when it begins,
//! a line each minute, and when it is over.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// How often it is told that it lasts.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// Something that may fail.
#[derive(Debug)]
pub(crate) struct Outage {
    /// What cannot be done, as a sentence.
    what: &'static str,
    lasts: Option<Lasts>,
}

#[derive(Debug)]
struct Lasts {
    since: Instant,
    told_at: Instant,
    failures: u64,
}

impl Outage {
    /// It works so far.
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, lasts: None }
    }

    /// Notes how it went.
    pub(crate) fn note<T, E: Display>(&mut self, outcome: &Result<T, E>) {
        let now = Instant::now();
        match outcome {
            Ok(_) => {
                if let Some((seconds, failures)) = self.worked(now) {
                    let what = self.what;
                    tracing::info!(what, seconds, failures, "this works again");
                }
            }
            Err(error) => {
                if let Some((seconds, failures)) = self.failed(now) {
                    let what = self.what;
                    tracing::error!(%error, seconds, failures, "{what}");
                }
            }
        }
    }

    /// When it is to be told: for how long it has failed, and how often.
    fn failed(&mut self, now: Instant) -> Option<(u64, u64)> {
        let Some(lasts) = &mut self.lasts else {
            self.lasts = Some(Lasts {
                since: now,
                told_at: now,
                failures: 1,
            });
            return Some((0, 1));
        };
        lasts.failures = lasts.failures.saturating_add(1);
        if now.duration_since(lasts.told_at) < TOLD_EVERY {
            return None;
        }
        lasts.told_at = now;
        Some((now.duration_since(lasts.since).as_secs(), lasts.failures))
    }

    fn worked(&mut self, now: Instant) -> Option<(u64, u64)> {
        let lasts = self.lasts.take()?;
        Some((now.duration_since(lasts.since).as_secs(), lasts.failures))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_when_it_begins_each_minute_and_when_it_is_over() {
        let mut outage = Outage::new("the queue cannot be read");
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        assert_eq!(outage.worked(begun), None);
        let told: Vec<_> = (0..200)
            .filter_map(|second| outage.failed(at(second)))
            .collect();
        assert_eq!(told, [(0, 1), (60, 61), (120, 121), (180, 181)]);
        assert_eq!(outage.worked(at(200)), Some((200, 200)));
        assert_eq!(outage.worked(at(201)), None);
        assert_eq!(outage.failed(at(202)), Some((0, 1)), "another one");
    }
}
