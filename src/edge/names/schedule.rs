//! How long what DNS says is used, and when it is asked again.

use super::lookup::{Found, NotFound};
use crate::config::DnsSettings;
use rating::Timestamp;
use routing_engine::names::{LookupFailure, NameState};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// After a lookup that nobody could answer.
const RETRY: Duration = Duration::from_secs(10);
/// A name that leads nowhere is asked for again after so long at most, seconds (RFC 2308 §5 allows
/// hours, but calls wait for it).
const NEGATIVE_TTL_MAX_S: u32 = 300;

/// Bounds of the times that DNS gives.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    ttl_s: RangeInclusive<u32>,
    stale_max_s: u32,
}

impl Schedule {
    pub(super) fn new(settings: &DnsSettings) -> Self {
        Self {
            ttl_s: settings.ttl_s.clone(),
            stale_max_s: settings.stale_max_s,
        }
    }

    /// What is known after a lookup, and how long until the next one: before an answer runs out, so
    /// that its successor is there in time.
    pub(super) fn learn(
        &self,
        before: &NameState,
        found: Result<Found, NotFound>,
        now: Timestamp,
    ) -> (NameState, Duration) {
        match found {
            Ok(found) if !found.is_certain && self.has_better(before, now) => {
                self.keep(before, LookupFailure::ServerFailed, now)
            }
            Ok(found) => {
                let ttl_s = self.bounded(found.ttl_s);
                let state = NameState {
                    host: before.host,
                    resolution: Some(Arc::new(found.resolution)),
                    resolved_at: Some(now),
                    valid_until: Some(later(now, ttl_s)),
                    is_makeshift: !found.is_certain,
                    failure: None,
                    failed_at: None,
                };
                let fifths = u64::from(ttl_s) * 4_000 / 5;
                (state, Duration::from_millis(fifths))
            }
            Err(not_found) if not_found.failure.is_answer() => {
                let state = NameState {
                    failure: Some(not_found.failure),
                    failed_at: Some(now),
                    ..NameState::default()
                };
                let ttl_s = self.bounded(not_found.ttl_s.min(NEGATIVE_TTL_MAX_S));
                (state, Duration::from_secs(ttl_s.into()))
            }
            Err(not_found) => self.keep(before, not_found.failure, now),
        }
    }

    /// What was known stays for a while.
    fn keep(
        &self,
        before: &NameState,
        failure: LookupFailure,
        now: Timestamp,
    ) -> (NameState, Duration) {
        let state = match self.still_holds(before, now) {
            true => before.clone(),
            // RFC 8767 §4: there is an end to it.
            false => NameState::default(),
        };
        let state = NameState {
            failure: Some(failure),
            failed_at: Some(now),
            ..state
        };
        (state, RETRY)
    }

    /// Whether what is known is surer than an answer with a gap, which is all that some name servers
    /// ever give: a server that fails for a moment shall not turn calls from SRV to A.
    fn has_better(&self, before: &NameState, now: Timestamp) -> bool {
        before.resolution.is_some() && !before.is_makeshift && self.still_holds(before, now)
    }

    fn still_holds(&self, known: &NameState, now: Timestamp) -> bool {
        let until = known.valid_until;
        until.is_some_and(|until| now < later(until, self.stale_max_s))
    }

    fn bounded(&self, ttl_s: u32) -> u32 {
        ttl_s.clamp(*self.ttl_s.start(), *self.ttl_s.end())
    }
}

fn later(than: Timestamp, seconds: u32) -> Timestamp {
    Timestamp(than.0.saturating_add(i64::from(seconds) * 1_000_000))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use rating::cdr::Transport;
    use routing_engine::names::{Resolution, Server};

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn schedule() -> Schedule {
        Schedule {
            ttl_s: 30..=3_600,
            stale_max_s: 100,
        }
    }

    fn found(ttl_s: u32) -> Result<Found, NotFound> {
        let server = Server {
            priority: 0,
            weight: 0,
            addresses: vec!["192.0.2.1:5060".parse().unwrap()],
        };
        let resolution = Resolution::new(Transport::Udp, vec![server], 8).unwrap();
        Ok(Found {
            resolution,
            ttl_s,
            is_certain: true,
        })
    }

    /// As a name server gives it that fails at SRV.
    fn makeshift(ttl_s: u32) -> Result<Found, NotFound> {
        found(ttl_s).map(|found| Found {
            is_certain: false,
            ..found
        })
    }

    fn not(failure: LookupFailure, ttl_s: u32) -> Result<Found, NotFound> {
        Err(NotFound { failure, ttl_s })
    }

    fn after_s(seconds: i64) -> Timestamp {
        Timestamp(NOW.0 + seconds * 1_000_000)
    }

    #[test]
    fn an_answer_holds_within_bounds_and_is_asked_for_again_before_it_runs_out() {
        for (ttl_s, held_s) in [(5, 30), (600, 600), (1_000_000, 3_600)] {
            let (state, wait) = schedule().learn(&NameState::default(), found(ttl_s), NOW);
            assert_eq!(state.valid_until, Some(after_s(held_s)));
            assert_eq!(wait.as_millis(), u128::from(held_s.unsigned_abs()) * 800);
            assert!(!state.is_stale(after_s(held_s)) && state.is_stale(after_s(held_s + 1)));
        }
    }

    #[test]
    fn the_last_answer_is_kept_while_nobody_can_answer_but_not_for_ever() {
        let (known, _) = schedule().learn(&NameState::default(), found(60), NOW);
        let silent = || not(LookupFailure::TimedOut, 0);
        let (still, wait) = schedule().learn(&known, silent(), after_s(48));
        assert_eq!(still.resolution, known.resolution);
        assert_eq!(still.failure, Some(LookupFailure::TimedOut));
        assert_eq!((still.failed_at, wait), (Some(after_s(48)), RETRY));
        let (stale, _) = schedule().learn(&still, silent(), after_s(159));
        assert!(stale.resolution.is_some() && stale.is_stale(after_s(159)));
        let (gone, _) = schedule().learn(&stale, silent(), after_s(160));
        assert_eq!(gone.resolution, None);
        let (back, _) = schedule().learn(&gone, found(60), after_s(170));
        assert_eq!((back.resolution, back.failure), (known.resolution, None));
    }

    #[test]
    fn an_answer_with_a_gap_takes_no_better_one_away_but_is_used_when_there_is_none() {
        let (first, wait) = schedule().learn(&NameState::default(), makeshift(60), NOW);
        assert!(first.resolution.is_some() && first.is_makeshift);
        assert_eq!((first.failure, wait.as_secs()), (None, 48));
        let (known, _) = schedule().learn(&first, found(60), after_s(48));
        assert!(!known.is_makeshift);
        let (kept, wait) = schedule().learn(&known, makeshift(60), after_s(96));
        assert_eq!(kept.valid_until, known.valid_until);
        assert_eq!(kept.failure, Some(LookupFailure::ServerFailed));
        assert_eq!(wait, RETRY);
        let (late, _) = schedule().learn(&kept, makeshift(60), after_s(48 + 60 + 100));
        assert!(late.is_makeshift, "not for ever");
    }

    #[test]
    fn a_name_that_is_gone_is_gone_at_once() {
        let (known, _) = schedule().learn(&NameState::default(), found(60), NOW);
        let gone = not(LookupFailure::NoSuchName, 7_200);
        let (state, wait) = schedule().learn(&known, gone, after_s(10));
        assert_eq!(state.resolution, None);
        assert_eq!(state.failure, Some(LookupFailure::NoSuchName));
        assert_eq!(wait, Duration::from_secs(300));
        let (_, soon) = schedule().learn(&known, not(LookupFailure::NoAddress, 0), NOW);
        assert_eq!(soon, Duration::from_secs(30));
    }
}
