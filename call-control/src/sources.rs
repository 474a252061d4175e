//! How often sources that belong to nobody get an answer: a few times a second each, then silence.
//!
//! A scanner learns nothing after the first 403, and a spoofed source cannot make the switch
//! flood its victim. The tables have a fixed size; sources that share a place in one share its rate.
//! Challenges have a rate of their own, so that nobody uses up those of callers who will show a
//! password; who has shown one is no stranger for a while.

use sip_core::{Duration, Instant};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;
use std::net::IpAddr;

/// Places in a table of rates.
const PLACES: usize = 4_096;
/// Addresses that are remembered because a password was shown from there; one more takes the place of
/// the one that was silent for longest among a few.
const AUTHENTICATED_MAX: usize = 16_384;
/// Places that one such address may take.
const WAYS: usize = 4;
/// How long it is remembered. Equipment that calls more seldom is asked again at the rate of strangers.
const REMEMBERED_FOR: Duration = Duration::from_secs(600);

/// The answers of one place, or of all: so many a second, with a burst of as many.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    /// When the answers so far would be used up at the even rate (the theoretical arrival time of
    /// the generic cell rate algorithm).
    used_up_at: Instant,
}

/// What strangers get a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SourceLimits {
    /// Answers to one source, and as many challenges.
    pub(crate) per_source: u32,
    /// Answers to all of them.
    pub(crate) in_total: u32,
    /// Challenges to all of them.
    pub(crate) challenges_in_total: u32,
    /// Records of their calls.
    pub(crate) records: u32,
}

/// One kind of answer: its rate to each source and to all.
#[derive(Debug)]
struct Answers {
    places: Box<[Rate]>,
    all: Rate,
    in_total: u32,
}

/// An address from which a password was shown.
#[derive(Clone, Copy, Debug, Default)]
struct Authenticated {
    /// Hash of the address; 0 when nobody has the place.
    source: u64,
    until: Instant,
}

/// The gate before every answer to a source that belongs to nobody.
pub(crate) struct SourceGate {
    hasher: SipHasher13,
    refusals: Answers,
    challenges: Answers,
    authenticated: Box<[Authenticated]>,
    records: Rate,
    limits: SourceLimits,
}

impl SourceGate {
    /// `secret` is random.
    pub(crate) fn new(secret: u64, limits: SourceLimits) -> Self {
        Self {
            hasher: SipHasher13::new_with_keys(secret, !secret),
            refusals: Answers::new(limits.in_total),
            challenges: Answers::new(limits.challenges_in_total),
            authenticated: vec![Authenticated::default(); AUTHENTICATED_MAX].into_boxed_slice(),
            records: Rate::default(),
            limits,
        }
    }

    /// Whether a source may get an answer that is no challenge.
    pub(crate) fn may_answer(&mut self, now: Instant, source: IpAddr) -> bool {
        let hash = self.hash_of_network(source);
        self.refusals.take(now, hash, self.limits.per_source)
    }

    /// Whether a source may be asked for a password.
    pub(crate) fn may_challenge(&mut self, now: Instant, source: IpAddr) -> bool {
        let hash = self.hash_of_network(source);
        self.challenges.take(now, hash, self.limits.per_source)
    }

    /// The right password was shown from an address: it is no stranger's for a while.
    pub(crate) fn remember(&mut self, now: Instant, source: IpAddr) {
        let hash = self.hash_of_host(source);
        let places = &mut self.authenticated[places_of(hash)];
        let found = places.iter().position(|place| place.source == hash);
        let oldest = || (0..WAYS).min_by_key(|index| places[*index].until);
        places[found.or_else(oldest).unwrap_or(0)] = Authenticated {
            source: hash,
            until: now + REMEMBERED_FOR,
        };
    }

    /// Whether the right password was shown from an address not long ago.
    pub(crate) fn remembers(&self, now: Instant, source: IpAddr) -> bool {
        let hash = self.hash_of_host(source);
        let mut places = self.authenticated[places_of(hash)].iter();
        places.any(|place| place.source == hash && place.until > now)
    }

    fn hash_of_host(&self, source: IpAddr) -> u64 {
        let mut hasher = self.hasher;
        match source.to_canonical() {
            IpAddr::V4(v4) => hasher.write(&v4.octets()),
            IpAddr::V6(v6) => hasher.write(&v6.octets()),
        }
        // 0 marks an empty place.
        hasher.finish() | 1
    }

    fn hash_of_network(&self, source: IpAddr) -> u64 {
        let mut hasher = self.hasher;
        match source.to_canonical() {
            IpAddr::V4(v4) => hasher.write(&v4.octets()),
            // A host may have a whole /64 to itself.
            IpAddr::V6(v6) => hasher.write(&v6.octets()[..8]),
        }
        hasher.finish()
    }

    /// Whether a refused call may have a record.
    pub(crate) fn may_record(&mut self, now: Instant) -> bool {
        self.records.take(now, self.limits.records)
    }
}

fn places_of(hash: u64) -> std::ops::Range<usize> {
    let set = (hash >> 32) as usize % (AUTHENTICATED_MAX / WAYS) * WAYS;
    set..set + WAYS
}

impl Answers {
    fn new(in_total: u32) -> Self {
        Self {
            places: vec![Rate::default(); PLACES].into_boxed_slice(),
            all: Rate::default(),
            in_total,
        }
    }

    fn take(&mut self, now: Instant, hash: u64, per_source: u32) -> bool {
        let place = &mut self.places[(hash % PLACES as u64) as usize];
        place.take(now, per_source) && self.all.take(now, self.in_total)
    }
}

impl Rate {
    /// Whether one more fits.
    pub(crate) fn take(&mut self, now: Instant, per_second: u32) -> bool {
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

    const LIMITS: SourceLimits = SourceLimits {
        per_source: 2,
        in_total: 10,
        challenges_in_total: 20,
        records: 10,
    };

    fn address(number: u32) -> IpAddr {
        IpAddr::from((0x0a00_0000 + number).to_be_bytes())
    }

    #[test]
    fn a_source_gets_its_rate_and_then_silence() {
        let mut gate = SourceGate::new(1, LIMITS);
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
        let mut gate = SourceGate::new(1, LIMITS);
        let answers = (0..256)
            .filter(|n| gate.may_answer(at(1_000), address(*n)))
            .count();
        assert_eq!(answers, 10);
    }

    #[test]
    fn who_uses_up_the_refusals_leaves_the_challenges() {
        let mut gate = SourceGate::new(1, LIMITS);
        let refused = (0..256).filter(|n| gate.may_answer(at(1_000), address(*n)));
        assert_eq!(refused.count(), 10);
        let challenged = (0..256).filter(|n| gate.may_challenge(at(1_000), address(*n)));
        assert_eq!(challenged.count(), 20);
    }

    #[test]
    fn an_address_that_showed_a_password_is_remembered_for_a_while_and_in_bounded_room() {
        let mut gate = SourceGate::new(1, LIMITS);
        assert!(!gate.remembers(at(0), address(1)));
        gate.remember(at(0), address(1));
        assert!(gate.remembers(at(599_999), address(1)));
        assert!(!gate.remembers(at(599_999), address(2)));
        assert!(!gate.remembers(at(600_000), address(1)), "it is forgotten");
        gate.remember(at(500_000), address(1));
        assert!(gate.remembers(at(1_000_000), address(1)), "and learnt anew");
        for number in 10..100_000 {
            gate.remember(at(1_000_000), address(number));
        }
        let remembered = (10..100_000).filter(|n| gate.remembers(at(1_000_000), address(*n)));
        let remembered = remembered.count();
        assert!(remembered <= AUTHENTICATED_MAX && remembered > AUTHENTICATED_MAX / 2);
    }

    #[test]
    fn nothing_is_answered_at_a_rate_of_zero() {
        let limits = SourceLimits {
            per_source: 0,
            records: 0,
            ..LIMITS
        };
        let mut gate = SourceGate::new(1, limits);
        assert!(!gate.may_answer(at(1), address(1)));
        assert!(!gate.may_challenge(at(1), address(1)));
        assert!(!gate.may_record(at(1)));
    }
}
