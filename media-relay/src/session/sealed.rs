//! What is sealed of a session (SRTP): each leg by keys of its own, or not at all.
//!
//! ```text
//! a leg without keys ── plain ──┐                 ┌── plain ──► a leg without keys
//!                               ├─ receive, as ───┤
//! a leg with keys ──── opened ──┘   ever, plain   └── sealed ──► a leg with keys
//! ```
//!
//! A packet that does not open is dropped before its source is looked at: nobody without the key takes a
//! session over, whatever address he sends from.

#[cfg(test)]
mod tests;

use super::{Channel, Session, Side, Verdict};
use crate::rtp::{self, Kind};
use crate::srtp::{MasterKey, Opener, Protector, SrtpError, Suite};
use std::net::SocketAddr;
use std::time::Duration;

/// What seals both legs of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MediaKeys {
    /// Between the customer and us; `None`: in the clear.
    pub ingress: Option<LegKeys>,
    /// Between the carrier and us; `None`: in the clear.
    pub egress: Option<LegKeys>,
}

/// The keys of a leg (RFC 4568 §5.1: each side names the one that it seals by).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LegKeys {
    /// What we seal by.
    pub ours: MasterKey,
    /// What the peer seals by.
    pub theirs: MasterKey,
}

/// So long after the first packet by a new key packets by the one before are still opened: they were
/// under way.
const CHANGE_GRACE: Duration = Duration::from_secs(2);

/// What opens and seals, by side.
#[derive(Clone, Debug, Default)]
pub(super) struct Ciphers {
    legs: [Option<LegCiphers>; 2],
}

#[derive(Clone, Debug)]
struct LegCiphers {
    /// A leg that went on in the clear keeps its place in the numbers of its keys: it may be sealed again.
    is_on: bool,
    protector: Keyed<Protector>,
    opener: Keyed<Opener>,
    /// Until when the opener before is used too; `None` until the newer one has opened something.
    before_until: Option<Duration>,
}

/// Keys that a leg had and may get back. A change that is refused brings the one of before back, an answer of
/// another fork any of those that were offered, one for each suite.
const KEPT_MAX: usize = Suite::ALL.len() + 1;

/// What has a key, and what had the keys before, the last one last. One that comes back must go on where it was:
/// begun anew it would seal two packets by one number.
#[derive(Clone, Debug)]
struct Keyed<T> {
    now: (MasterKey, T),
    before: Vec<(MasterKey, T)>,
}

impl Session {
    /// Takes what seals the legs; `None` when neither is sealed. A key that a leg has already goes on where
    /// it is, whatever the leg's address.
    pub fn set_keys(&mut self, keys: Option<&MediaKeys>) {
        if keys.is_none() && self.ciphers.is_none() {
            return;
        }
        let sides = keys.map_or([None; 2], |keys| {
            [&keys.ingress, &keys.egress].map(Option::as_ref)
        });
        let ciphers = self.ciphers.get_or_insert_default();
        for (leg, keys) in ciphers.legs.iter_mut().zip(sides) {
            match (leg, keys) {
                (Some(leg), Some(keys)) => leg.turn_to(keys),
                (Some(leg), None) => leg.is_on = false,
                (none, keys) => *none = keys.map(LegCiphers::new),
            }
        }
    }

    /// Decides about the datagram that `buffer` begins with, as [`Self::receive`] does, after it was opened
    /// where its leg is sealed. The datagram to send and its length then: sealed where the other leg is. The
    /// buffer needs [`OVERHEAD_MAX`](crate::srtp::OVERHEAD_MAX) bytes behind the datagram.
    pub fn pass(
        &mut self,
        side: Side,
        channel: Channel,
        source: SocketAddr,
        buffer: &mut [u8],
        length: usize,
        now: Duration,
    ) -> (Verdict, usize) {
        if self.ciphers.is_none() {
            let verdict = self.receive(side, channel, source, &buffer[..length], now);
            return (verdict, length);
        }
        let kind = self.kind_at(side, channel, &buffer[..length]);
        let Some(length) = self.open(side, channel, source, kind, &mut buffer[..length], now)
        else {
            return (Verdict::Drop, length);
        };
        // Also what is neither RTP nor RTCP goes there, to be counted.
        let verdict = self.receive(side, channel, source, &buffer[..length], now);
        match (verdict, kind) {
            (Verdict::Forward { side: to, .. }, Some(kind)) => {
                match self.seal(to, kind, buffer, length) {
                    Some(length) => (verdict, length),
                    None => (Verdict::Drop, length),
                }
            }
            _ => (Verdict::Drop, length),
        }
    }

    fn kind_at(&self, side: Side, channel: Channel, datagram: &[u8]) -> Option<Kind> {
        match channel {
            Channel::Rtp => rtp::at_rtp_port(datagram, self.leg(side).multiplexes()),
            Channel::Rtcp => rtp::at_rtcp_port(datagram),
        }
    }

    /// The datagram's length once it is open; `None` when it is dropped, which is counted.
    fn open(
        &mut self,
        side: Side,
        channel: Channel,
        source: SocketAddr,
        kind: Option<Kind>,
        datagram: &mut [u8],
        now: Duration,
    ) -> Option<usize> {
        let may_come = self.leg(side).would_accept(channel, source, now);
        let ciphers = self.ciphers.as_mut()?.leg(side);
        let (Some(ciphers), Some(kind), true) = (ciphers, kind, may_come) else {
            return Some(datagram.len());
        };
        let opened = ciphers.open(kind, datagram, now);
        let counts = &mut self.leg_mut(side).counts;
        match opened {
            Ok(length) => return Some(length),
            Err(SrtpError::Malformed) => counts.invalid += 1,
            Err(SrtpError::Forged) => counts.forged += 1,
            Err(SrtpError::Replayed) => counts.replayed += 1,
            Err(SrtpError::UsedUp) => counts.key_used_up += 1,
        }
        None
    }

    /// The datagram's length once it is sealed for `to`; `None` when it cannot be, which is counted.
    fn seal(&mut self, to: Side, kind: Kind, buffer: &mut [u8], length: usize) -> Option<usize> {
        let Some(ciphers) = self.ciphers.as_mut()?.leg(to) else {
            return Some(length);
        };
        let protector = &mut ciphers.protector.now.1;
        let sealed = match kind {
            Kind::Rtp => protector.seal_rtp(buffer, length),
            Kind::Rtcp => protector.seal_rtcp(buffer, length),
        };
        if sealed.is_err() {
            self.leg_mut(to.other()).counts.not_sealed += 1;
        }
        sealed.ok()
    }
}

impl Ciphers {
    /// Those of a leg that is sealed.
    fn leg(&mut self, side: Side) -> Option<&mut LegCiphers> {
        self.legs[side as usize].as_mut().filter(|leg| leg.is_on)
    }
}

impl LegCiphers {
    fn new(keys: &LegKeys) -> Self {
        Self {
            is_on: true,
            protector: Keyed::new(&keys.ours, Protector::new),
            opener: Keyed::new(&keys.theirs, Opener::new),
            before_until: None,
        }
    }

    fn turn_to(&mut self, keys: &LegKeys) {
        self.is_on = true;
        self.protector.turn_to(&keys.ours, Protector::new);
        if self.opener.turn_to(&keys.theirs, Opener::new) {
            self.before_until = None;
        }
    }

    /// By the key of now, or for a moment by the one before.
    fn open(&mut self, kind: Kind, datagram: &mut [u8], now: Duration) -> Result<usize, SrtpError> {
        let Some((_, before)) = self.opener.before.last_mut() else {
            return open_by(&mut self.opener.now.1, kind, datagram, None);
        };
        let hint = before.index_of(datagram);
        let opened = open_by(&mut self.opener.now.1, kind, datagram, hint);
        match opened {
            Ok(_) => {
                self.before_until.get_or_insert(now + CHANGE_GRACE);
                opened
            }
            Err(SrtpError::Forged) if self.before_until.is_none_or(|until| now < until) => {
                open_by(before, kind, datagram, None)
            }
            Err(_) => opened,
        }
    }
}

fn open_by(
    opener: &mut Opener,
    kind: Kind,
    datagram: &mut [u8],
    hint: Option<u64>,
) -> Result<usize, SrtpError> {
    match kind {
        Kind::Rtp => opener.open_rtp(datagram, hint),
        Kind::Rtcp => opener.open_rtcp(datagram),
    }
}

impl<T> Keyed<T> {
    fn new(key: &MasterKey, make: fn(&MasterKey) -> T) -> Self {
        Self {
            now: (key.clone(), make(key)),
            before: Vec::new(),
        }
    }

    /// Whether `key` is another one than until now.
    fn turn_to(&mut self, key: &MasterKey, make: fn(&MasterKey) -> T) -> bool {
        if self.now.0 == *key {
            return false;
        }
        let known = self.before.iter().position(|(known, _)| known == key);
        let next = known.map_or_else(
            || (key.clone(), make(key)),
            |index| self.before.remove(index),
        );
        if self.before.len() == KEPT_MAX {
            self.before.remove(0);
        }
        self.before.push(std::mem::replace(&mut self.now, next));
        true
    }
}
