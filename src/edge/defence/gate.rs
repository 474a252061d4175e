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
/// What was too much is forgiven evenly: as many messages as lead to a ban in this time.
const FORGIVEN_IN: Duration = Duration::from_secs(60);
/// Whether a source is known is asked again after so long, beside each new snapshot: it may have shown a
/// password.
const KNOWN_FOR: Duration = Duration::from_secs(1);
/// Messages with a ticket of ours that one source may send a second beyond its rate, or while it is
/// banned for sending too much. The rest is dropped: a ticket may be in wrong hands.
const TICKETS_PER_S: u32 = 2_000;
/// Messages of all such sources that are looked into a second for a ticket. Beyond, they are dropped
/// unseen: a flood costs no more than this.
const LOOKS_PER_S: u32 = 50_000;

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
    /// Too many from this source: the same, within a bound.
    TooMany,
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
    /// Number of the snapshot that said whether it is known, and when.
    judged_by: u64,
    judged_at: Instant,
    is_known: bool,
    /// When all that was too much will be forgiven.
    forgiven_at: Instant,
    tickets: Bucket,
}

/// One shard's gate. Pure: the time is an argument.
pub(crate) struct Gate {
    hasher: RandomState,
    places: Box<[Place]>,
    unknown: Bucket,
    looks: Bucket,
    limits: GateLimits,
    pub(crate) counters: GateCounters,
}

impl Gate {
    pub(crate) fn new(limits: GateLimits) -> Self {
        Self {
            hasher: RandomState::new(),
            places: vec![Place::default(); PLACES].into_boxed_slice(),
            unknown: Bucket::default(),
            looks: Bucket::default(),
            limits,
            counters: GateCounters::default(),
        }
    }

    /// Judges a message of `source`. `is_known` is asked once for each source and snapshot, and again
    /// after a while.
    pub(crate) fn judge(
        &mut self,
        now: Instant,
        source: IpAddr,
        snapshot: u64,
        is_known: impl FnOnce() -> bool,
    ) -> Verdict {
        let limits = self.limits;
        let place = self.place(now, source);
        let is_known = place.knows(now, snapshot, is_known);
        let per_s = match is_known {
            true => limits.known_per_s,
            false => limits.unknown_per_s,
        };
        if !place.bucket.take(now, per_s) {
            return Verdict::TooMany;
        }
        match is_known {
            true => Verdict::Pass,
            false if self.unknown.take(now, limits.unknown_total_per_s) => Verdict::PassUnknown,
            false => Verdict::OnlyOurs,
        }
    }

    /// Whether `source` is known, without counting a message.
    pub(crate) fn knows(
        &mut self,
        now: Instant,
        source: IpAddr,
        snapshot: u64,
        is_known: impl FnOnce() -> bool,
    ) -> bool {
        self.place(now, source).knows(now, snapshot, is_known)
    }

    /// Whether a message that is too many may be looked into for a ticket.
    pub(crate) fn may_look(&mut self, now: Instant) -> bool {
        self.looks.take(now, LOOKS_PER_S)
    }

    /// Whether a message with a ticket, which is too many, may pass.
    pub(crate) fn may_pass_ticket(&mut self, now: Instant, source: IpAddr) -> bool {
        self.place(now, source).tickets.take(now, TICKETS_PER_S)
    }

    /// Counts a message against its source; true when that was one too many, and it is time to ban it.
    /// Who is known never is.
    pub(crate) fn count_against(&mut self, now: Instant, source: IpAddr) -> bool {
        let ban_after = u64::from(self.limits.ban_after);
        let place = self.place(now, source);
        if place.is_known || ban_after == 0 {
            return false;
        }
        let one = Duration::from_micros(FORGIVEN_IN.as_micros() / ban_after);
        place.forgiven_at = place.forgiven_at.max(now) + one;
        let is_enough = place.forgiven_at.since(now).as_micros() >= one.as_micros() * ban_after;
        if is_enough {
            // The next report is due after as many again, in case the ban was lifted.
            place.forgiven_at = now;
        }
        is_enough
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
        place.seen_at = now;
        place
    }
}

impl Place {
    fn knows(&mut self, now: Instant, snapshot: u64, is_known: impl FnOnce() -> bool) -> bool {
        if self.judged_by != snapshot || now.since(self.judged_at) >= KNOWN_FOR {
            self.judged_by = snapshot;
            self.judged_at = now;
            self.is_known = is_known();
        }
        self.is_known
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
    }

    /// Whether the source is reported for a message that passes nowhere.
    fn is_reported(gate: &mut Gate, now: Instant, source: IpAddr) -> bool {
        gate.judge(now, source, 1, || false) == Verdict::TooMany && gate.count_against(now, source)
    }

    #[test]
    fn a_source_is_reported_once_for_as_many_messages_as_are_too_many() {
        let mut gate = Gate::new(LIMITS);
        let reports = (0..220).map(|_| is_reported(&mut gate, at(0), address(1)));
        let reports: Vec<_> = reports.collect();
        assert_eq!(reports.iter().filter(|reported| **reported).count(), 2);
        assert!(reports[109], "10 passed, 100 did not");
    }

    #[test]
    fn what_was_too_much_is_forgiven_also_to_a_source_that_is_never_silent() {
        let mut gate = Gate::new(LIMITS);
        // Each second the rate and one message more, for an hour.
        for message in 0..3_600 * 11 {
            let now = at(message / 11 * 1_000);
            assert!(!is_reported(&mut gate, now, address(1)), "{message}");
        }
        // Twice the rate is a flood.
        let flood = (0..600 * 20)
            .any(|message| is_reported(&mut gate, at(4_000_000 + message * 50), address(1)));
        assert!(flood);
    }

    #[test]
    fn a_source_is_forgiven_after_a_quiet_time() {
        let mut gate = Gate::new(LIMITS);
        for _ in 0..109 {
            is_reported(&mut gate, at(0), address(1));
        }
        assert!(!(0..20).any(|_| is_reported(&mut gate, at(61_000), address(1))));
    }

    #[test]
    fn messages_with_tickets_pass_within_a_bound_and_floods_are_looked_into_within_another() {
        let mut gate = Gate::new(LIMITS);
        let passed = (0..5_000).filter(|_| gate.may_pass_ticket(at(0), address(1)));
        assert_eq!(passed.count(), TICKETS_PER_S as usize);
        assert!(
            gate.may_pass_ticket(at(0), address(2)),
            "others have their own"
        );
        assert!(
            gate.may_pass_ticket(at(1), address(1)),
            "and it has more a little later"
        );
        let looks = (0..200_000).filter(|_| gate.may_look(at(0)));
        assert_eq!(looks.count(), LOOKS_PER_S as usize);
    }

    #[test]
    fn who_shows_a_password_meanwhile_is_known_a_little_later() {
        let mut gate = Gate::new(LIMITS);
        assert_eq!(
            gate.judge(at(0), address(1), 1, || false),
            Verdict::PassUnknown
        );
        assert_eq!(
            gate.judge(at(999), address(1), 1, || true),
            Verdict::PassUnknown
        );
        assert_eq!(gate.judge(at(1_000), address(1), 1, || true), Verdict::Pass);
    }

    #[test]
    fn who_is_known_is_asked_once_a_second_for_each_snapshot_and_has_a_limit_of_its_own() {
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
        let verdicts = (0..500).map(|_| gate.judge(at(0), address(1), 1, || true));
        let passed = verdicts.filter(|verdict| *verdict == Verdict::Pass);
        assert_eq!(passed.count(), 5);
        assert!(
            !(0..500).any(|_| gate.count_against(at(0), address(1))),
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
