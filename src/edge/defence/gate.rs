//! How many messages each source may send before they cost anything.
//!
//! A table of fixed size, four places to a set; the place that was quiet for longest goes to a new
//! source. Who cycles through more sources than there are places meets the rate of all unknown
//! sources together.

use super::ban_key;
use sip_core::{Duration, Instant};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

/// Places in the table; 40 bytes each.
const PLACES: usize = 16_384;
/// Places that one source may take.
const WAYS: usize = 4;
/// A source that sent nothing too much for so long starts with a clean sheet.
const FORGIVEN_AFTER: Duration = Duration::from_secs(60);

/// Messages a second; 0 is without limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GateLimits {
    /// From one source that belongs to a customer or a carrier.
    pub(crate) known_per_s: u32,
    /// From one source that belongs to nobody.
    pub(crate) unknown_per_s: u32,
    /// From all of those together.
    pub(crate) unknown_total_per_s: u32,
    /// A source that belongs to nobody is reported when so many of its messages were too many.
    pub(crate) ban_after: u32,
}

/// What becomes of a message, by its source alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// From a customer or a carrier.
    Pass,
    /// From nobody we know.
    PassUnknown,
    /// From nobody we know, while there are too many of those: only what belongs to a call that is up.
    OnlyOurs,
    /// Too many from this source.
    Drop,
    /// The same, and it is time to ban the source.
    DropAndReport,
}

/// What a gate kept out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GateCounters {
    /// From sources that sent too much, or while all unknown sources did.
    pub(crate) limited: u64,
    /// From banned sources.
    pub(crate) banned: u64,
    /// From scanners, by their own name.
    pub(crate) scanners: u64,
}

/// The messages of one place, or of all: so many a second, with a burst of as many.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    /// When the messages so far would be used up at the even rate.
    used_up_at: Instant,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Hash of the source; 0 when nobody has the place.
    source: u64,
    bucket: Bucket,
    seen_at: Instant,
    /// Number of the snapshot that said whether it is known.
    judged_by: u64,
    is_known: bool,
    too_many: u32,
}

/// One shard's gate. Pure: the time is an argument.
pub(crate) struct Gate {
    hasher: RandomState,
    places: Box<[Place]>,
    unknown: Bucket,
    limits: GateLimits,
    pub(crate) counters: GateCounters,
}

impl Gate {
    pub(crate) fn new(limits: GateLimits) -> Self {
        Self {
            hasher: RandomState::new(),
            places: vec![Place::default(); PLACES].into_boxed_slice(),
            unknown: Bucket::default(),
            limits,
            counters: GateCounters::default(),
        }
    }

    /// Judges a message of `source`. `is_known` is asked once for each source and snapshot.
    pub(crate) fn judge(
        &mut self,
        now: Instant,
        source: IpAddr,
        snapshot: u64,
        is_known: impl FnOnce() -> bool,
    ) -> Verdict {
        let limits = self.limits;
        let place = self.place(now, source);
        if place.judged_by != snapshot {
            place.judged_by = snapshot;
            place.is_known = is_known();
        }
        let is_known = place.is_known;
        let per_s = match is_known {
            true => limits.known_per_s,
            false => limits.unknown_per_s,
        };
        if !place.bucket.take(now, per_s) {
            self.counters.limited += 1;
            return self.too_many(now, source);
        }
        match is_known {
            true => Verdict::Pass,
            false if self.unknown.take(now, limits.unknown_total_per_s) => Verdict::PassUnknown,
            false => Verdict::OnlyOurs,
        }
    }

    /// Counts a message against its source; the answer says whether that was one too many.
    pub(crate) fn too_many(&mut self, now: Instant, source: IpAddr) -> Verdict {
        let ban_after = self.limits.ban_after;
        let place = self.place(now, source);
        place.too_many = place.too_many.saturating_add(1);
        if place.is_known || ban_after == 0 || place.too_many < ban_after {
            return Verdict::Drop;
        }
        // The next report is due after as many again, in case the ban was lifted.
        place.too_many = 0;
        Verdict::DropAndReport
    }

    fn place(&mut self, now: Instant, source: IpAddr) -> &mut Place {
        // 0 marks an empty place.
        let hash = self.hasher.hash_one(ban_key(source)) | 1;
        let set = (hash >> 32) as usize % (PLACES / WAYS) * WAYS;
        let places = &mut self.places[set..set + WAYS];
        let found = places.iter().position(|place| place.source == hash);
        let index = found.unwrap_or_else(|| {
            let oldest = (0..WAYS)
                .min_by_key(|index| places[*index].seen_at)
                .unwrap_or(0);
            places[oldest] = Place {
                source: hash,
                // No snapshot has this number.
                judged_by: u64::MAX,
                ..Place::default()
            };
            oldest
        });
        let place = &mut places[index];
        if now.since(place.seen_at) > FORGIVEN_AFTER {
            place.too_many = 0;
        }
        place.seen_at = now;
        place
    }
}

impl Bucket {
    /// Whether one more fits; 0 is without limit.
    fn take(&mut self, now: Instant, per_second: u32) -> bool {
        if per_second == 0 {
            return true;
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

    const LIMITS: GateLimits = GateLimits {
        known_per_s: 0,
        unknown_per_s: 10,
        unknown_total_per_s: 50,
        ban_after: 100,
    };

    fn at(millis: u64) -> Instant {
        Instant::from_micros(1_000_000 + millis * 1_000)
    }

    fn address(number: u32) -> IpAddr {
        IpAddr::from((0x0a00_0000 + number).to_be_bytes())
    }

    #[test]
    fn a_source_that_belongs_to_nobody_gets_its_rate_and_a_second_later_the_same_again() {
        let mut gate = Gate::new(LIMITS);
        for start in [0, 1_000] {
            let verdicts = (0..100).map(|_| gate.judge(at(start), address(1), 1, || false));
            let passed = verdicts.filter(|verdict| *verdict == Verdict::PassUnknown);
            assert_eq!(passed.count(), 10);
        }
        assert_eq!(gate.counters.limited, 180);
    }

    #[test]
    fn a_source_is_reported_once_for_as_many_messages_as_are_too_many() {
        let mut gate = Gate::new(LIMITS);
        let verdicts: Vec<_> = (0..220)
            .map(|_| gate.judge(at(0), address(1), 1, || false))
            .collect();
        let reports = verdicts
            .iter()
            .filter(|verdict| **verdict == Verdict::DropAndReport);
        assert_eq!(reports.count(), 2);
        assert_eq!(
            verdicts[109],
            Verdict::DropAndReport,
            "10 passed, 100 did not"
        );
    }

    #[test]
    fn a_source_is_forgiven_after_a_quiet_time() {
        let mut gate = Gate::new(LIMITS);
        for _ in 0..109 {
            gate.judge(at(0), address(1), 1, || false);
        }
        let later: Vec<_> = (0..20)
            .map(|_| gate.judge(at(61_000), address(1), 1, || false))
            .collect();
        assert!(!later.contains(&Verdict::DropAndReport));
    }

    #[test]
    fn who_is_known_is_asked_once_for_each_snapshot_and_has_a_limit_of_its_own() {
        let mut gate = Gate::new(LIMITS);
        let mut asked = 0;
        for round in 0..1_000 {
            let snapshot = 1 + round / 500;
            let verdict = gate.judge(at(0), address(1), snapshot, || {
                asked += 1;
                true
            });
            assert_eq!(verdict, Verdict::Pass);
        }
        assert_eq!(asked, 2);
        let mut gate = Gate::new(GateLimits {
            known_per_s: 5,
            ..LIMITS
        });
        let verdicts: Vec<_> = (0..500)
            .map(|_| gate.judge(at(0), address(1), 1, || true))
            .collect();
        assert_eq!(
            verdicts
                .iter()
                .filter(|verdict| **verdict == Verdict::Pass)
                .count(),
            5
        );
        assert!(
            !verdicts.contains(&Verdict::DropAndReport),
            "who is known is never reported"
        );
    }

    #[test]
    fn many_sources_meet_the_rate_of_all_together_and_those_that_are_known_do_not() {
        let mut gate = Gate::new(LIMITS);
        let flood: Vec<_> = (0..100_000)
            .map(|number| gate.judge(at(0), address(number), 1, || false))
            .collect();
        assert_eq!(
            flood
                .iter()
                .filter(|verdict| **verdict == Verdict::PassUnknown)
                .count(),
            50
        );
        assert_eq!(
            flood
                .iter()
                .filter(|verdict| **verdict == Verdict::OnlyOurs)
                .count(),
            99_950
        );
        assert_eq!(
            gate.judge(at(0), address(200_000), 1, || true),
            Verdict::Pass
        );
    }

    #[test]
    fn a_new_snapshot_makes_a_stranger_a_customer_at_once() {
        let mut gate = Gate::new(LIMITS);
        assert_eq!(
            gate.judge(at(0), address(1), 1, || false),
            Verdict::PassUnknown
        );
        assert_eq!(gate.judge(at(0), address(1), 2, || true), Verdict::Pass);
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_are_one_source() {
        let mut gate = Gate::new(LIMITS);
        let host = |n: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, n]);
        let passed = (0..100)
            .filter(|n| gate.judge(at(0), host(*n), 1, || false) == Verdict::PassUnknown)
            .count();
        assert_eq!(passed, 10);
    }
}
