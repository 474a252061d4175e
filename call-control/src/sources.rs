//! How often sources that belong to nobody get an answer: a few times a second each, then silence.
//!
//! A scanner learns nothing after the first 403, and a spoofed source cannot make the switch
//! flood its victim. The table has a fixed size; sources that share a place in it share its rate.

use sip_core::{Duration, Instant};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;
use std::net::IpAddr;

/// Places in the table.
const PLACES: usize = 4_096;

/// The answers of one place, or of all: so many a second, with a burst of as many.
#[derive(Clone, Copy, Debug, Default)]
struct Rate {
    /// When the answers so far would be used up at the even rate (the theoretical arrival time of
    /// the generic cell rate algorithm).
    used_up_at: Instant,
}

/// The gate before every answer to a source that belongs to nobody.
pub(crate) struct SourceGate {
    hasher: SipHasher13,
    places: Box<[Rate]>,
    all: Rate,
    records: Rate,
    per_source: u32,
    in_total: u32,
    records_per_s: u32,
}

impl SourceGate {
    pub(crate) fn new(secret: u64, per_source: u32, in_total: u32, records_per_s: u32) -> Self {
        Self {
            hasher: SipHasher13::new_with_keys(secret, !secret),
            places: vec![Rate::default(); PLACES].into_boxed_slice(),
            all: Rate::default(),
            records: Rate::default(),
            per_source,
            in_total,
            records_per_s,
        }
    }

    /// Whether a source may get an answer.
    pub(crate) fn may_answer(&mut self, now: Instant, source: IpAddr) -> bool {
        let mut hasher = self.hasher;
        match source.to_canonical() {
            IpAddr::V4(v4) => hasher.write(&v4.octets()),
            // A host may have a whole /64 to itself.
            IpAddr::V6(v6) => hasher.write(&v6.octets()[..8]),
        }
        let place = (hasher.finish() % PLACES as u64) as usize;
        self.places[place].take(now, self.per_source) && self.all.take(now, self.in_total)
    }

    /// Whether a refused call may have a record.
    pub(crate) fn may_record(&mut self, now: Instant) -> bool {
        self.records.take(now, self.records_per_s)
    }
}

impl Rate {
    fn take(&mut self, now: Instant, per_second: u32) -> bool {
        if per_second == 0 {
            return false;
        }
        let one = Duration::from_micros(1_000_000 / u64::from(per_second));
        let next = self.used_up_at.max(now) + one;
        // A burst of one second's worth.
        let fits = next.since(now) <= Duration::from_secs(1);
        if fits {
            self.used_up_at = next;
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_micros(millis * 1_000)
    }

    #[test]
    fn a_source_gets_its_rate_and_then_silence() {
        let mut gate = SourceGate::new(1, 2, 100, 10);
        let scanner = IpAddr::from([192, 0, 2, 1]);
        let answers = (0..100)
            .filter(|ms| gate.may_answer(at(1_000 + ms), scanner))
            .count();
        assert_eq!(answers, 2);
        assert!(
            gate.may_answer(at(2_000), scanner),
            "a second later it may have another"
        );
    }

    #[test]
    fn many_sources_share_the_total() {
        let mut gate = SourceGate::new(1, 2, 10, 10);
        let answers = (0..=255)
            .filter(|n| gate.may_answer(at(1_000), IpAddr::from([198, 51, 100, *n])))
            .count();
        assert_eq!(answers, 10);
    }

    #[test]
    fn nothing_is_answered_at_a_rate_of_zero() {
        let mut gate = SourceGate::new(1, 0, 10, 0);
        assert!(!gate.may_answer(at(1), IpAddr::from([192, 0, 2, 1])));
        assert!(!gate.may_record(at(1)));
    }
}
