//! Whether gateways are there, as OPTIONS tell it.
//!
//! The state belongs to the gateway of a trunk, not to a snapshot: it is carried over from one to the
//! next, as limits are. One thread probes and writes; all others read without a lock.

use crate::names::{ADDRESSES_MAX, GatewayPlace, Target};
use crate::resources::Probing;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

/// What is known of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayState {
    /// It has not been asked, or not often enough. Calls go to it.
    Unknown,
    /// It replies.
    Up,
    /// It does not. No call goes to it.
    Down,
}

/// The state of one gateway.
#[derive(Debug, Default)]
pub struct GatewayHealth {
    state: AtomicU8,
    /// Failures in a row.
    failures: AtomicU8,
    /// Replies in a row.
    replies: AtomicU8,
    last_status: AtomicU16,
    round_trip_us: AtomicU32,
    changed_at_us: AtomicU64,
    /// Of a gateway behind a name: the marks of addresses that do not reply, 0 where there is none.
    silent: Box<[AtomicU64]>,
}

/// What a probe brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// A final response that says that somebody is there.
    Replied {
        /// Its status.
        status: u16,
        /// From the request to it, microseconds.
        round_trip_us: u32,
    },
    /// No response in time, no way to it, or one that says that nobody is there.
    Failed {
        /// The status; 0 without a response.
        status: u16,
    },
}

impl GatewayHealth {
    /// Of a gateway that was not asked yet.
    pub(crate) fn of(place: &GatewayPlace) -> Self {
        let addresses = match place {
            GatewayPlace::Address(_) => 0,
            GatewayPlace::Name(_) => ADDRESSES_MAX,
        };
        Self {
            silent: (0..addresses).map(|_| AtomicU64::new(0)).collect(),
            ..Self::default()
        }
    }

    /// Notes which addresses of its name do not reply; those of before no longer count.
    pub fn set_silent(&self, targets: impl Iterator<Item = Target>) {
        let marks = targets.map(|target| mark(&target));
        let marks = marks.chain(std::iter::repeat(0));
        for (place, mark) in self.silent.iter().zip(marks) {
            place.store(mark, Ordering::Relaxed);
        }
    }

    /// Whether an address of its name does not reply: it is tried last.
    pub fn is_silent(&self, target: &Target) -> bool {
        let mark = mark(target);
        let mut silent = self.silent.iter();
        silent.any(|place| place.load(Ordering::Relaxed) == mark)
    }

    /// What is known.
    pub fn state(&self) -> GatewayState {
        match self.state.load(Ordering::Relaxed) {
            0 => GatewayState::Unknown,
            1 => GatewayState::Up,
            _ => GatewayState::Down,
        }
    }

    /// Status of the last response; `None` when the last probe got none, or there was none.
    pub fn last_status(&self) -> Option<u16> {
        let status = self.last_status.load(Ordering::Relaxed);
        (status != 0).then_some(status)
    }

    /// From the last probe that was replied to until its reply, microseconds.
    pub fn round_trip_us(&self) -> Option<u32> {
        let round_trip = self.round_trip_us.load(Ordering::Relaxed);
        (round_trip != 0).then_some(round_trip)
    }

    /// When the state changed last, by the wall clock in microseconds; `None` while it has not.
    pub fn changed_at_us(&self) -> Option<u64> {
        let at = self.changed_at_us.load(Ordering::Relaxed);
        (at != 0).then_some(at)
    }

    /// Notes what a probe brought. Gives the new state when it changed.
    pub fn note(
        &self,
        probing: Probing,
        outcome: ProbeOutcome,
        wall_us: u64,
    ) -> Option<GatewayState> {
        let before = self.state();
        let now = match outcome {
            ProbeOutcome::Replied {
                status,
                round_trip_us,
            } => {
                self.last_status.store(status, Ordering::Relaxed);
                self.round_trip_us
                    .store(round_trip_us.max(1), Ordering::Relaxed);
                self.failures.store(0, Ordering::Relaxed);
                let replies = count(&self.replies);
                (replies >= probing.up_after).then_some(GatewayState::Up)
            }
            ProbeOutcome::Failed { status } => {
                self.last_status.store(status, Ordering::Relaxed);
                self.replies.store(0, Ordering::Relaxed);
                let failures = count(&self.failures);
                (failures >= probing.down_after).then_some(GatewayState::Down)
            }
        };
        let changed = now.filter(|now| *now != before)?;
        self.state.store(changed as u8, Ordering::Relaxed);
        self.changed_at_us.store(wall_us, Ordering::Relaxed);
        Some(changed)
    }
}

/// What stands for an address; never 0. Two that have the same are tried in another order at worst.
fn mark(target: &Target) -> u64 {
    let mut hasher = DefaultHasher::new();
    target.hash(&mut hasher);
    hasher.finish() | 1
}

/// How a registration with a carrier stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationState {
    /// The carrier has not answered yet.
    Trying,
    /// The carrier knows where we are.
    Registered,
    /// It does not: it refused, or does not reply. Tried again.
    Failed,
}

/// The registration of one trunk, as its carrier sees it. It belongs to the trunk, not to a snapshot.
#[derive(Debug, Default)]
pub struct RegistrationHealth {
    state: AtomicU8,
    last_status: AtomicU16,
    changed_at_us: AtomicU64,
}

impl RegistrationHealth {
    /// How it stands.
    pub fn state(&self) -> RegistrationState {
        match self.state.load(Ordering::Relaxed) {
            0 => RegistrationState::Trying,
            1 => RegistrationState::Registered,
            _ => RegistrationState::Failed,
        }
    }

    /// Status of the last final response; `None` when there was none.
    pub fn last_status(&self) -> Option<u16> {
        let status = self.last_status.load(Ordering::Relaxed);
        (status != 0).then_some(status)
    }

    /// When the state changed last, by the wall clock in microseconds; `None` while it has not.
    pub fn changed_at_us(&self) -> Option<u64> {
        let at = self.changed_at_us.load(Ordering::Relaxed);
        (at != 0).then_some(at)
    }

    /// Notes how it stands; `status` is 0 without a response. True when that is new.
    pub fn note(&self, state: RegistrationState, status: u16, wall_us: u64) -> bool {
        self.last_status.store(status, Ordering::Relaxed);
        if self.state() == state {
            return false;
        }
        self.state.store(state as u8, Ordering::Relaxed);
        self.changed_at_us.store(wall_us, Ordering::Relaxed);
        true
    }
}

/// One more; the new count.
fn count(counter: &AtomicU8) -> u8 {
    let more = counter.load(Ordering::Relaxed).saturating_add(1);
    counter.store(more, Ordering::Relaxed);
    more
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLIED: ProbeOutcome = ProbeOutcome::Replied {
        status: 200,
        round_trip_us: 900,
    };
    const SILENT: ProbeOutcome = ProbeOutcome::Failed { status: 0 };

    #[test]
    fn addresses_of_a_name_that_do_not_reply_are_known_until_they_do() {
        let name = crate::names::NameQuery {
            host: "sip.example".into(),
            port: None,
            transport: None,
        };
        let target = |port| Target {
            address: std::net::SocketAddr::from(([192, 0, 2, 1], port)),
            transport: rating::cdr::Transport::Udp,
        };
        let health = GatewayHealth::of(&GatewayPlace::Name(name.into()));
        assert!(!health.is_silent(&target(1)));
        health.set_silent([target(1), target(2)].into_iter());
        assert!(health.is_silent(&target(1)) && health.is_silent(&target(2)));
        assert!(!health.is_silent(&target(3)));
        health.set_silent([target(3)].into_iter());
        assert!(!health.is_silent(&target(1)) && health.is_silent(&target(3)));
        let fixed = GatewayHealth::of(&GatewayPlace::Address(target(1)));
        fixed.set_silent([target(1)].into_iter());
        assert!(!fixed.is_silent(&target(1)), "it has no other to go to");
    }

    #[test]
    fn a_gateway_goes_down_and_comes_up_after_so_many_in_a_row() {
        let probing = Probing {
            down_after: 2,
            up_after: 2,
            ..Probing::default()
        };
        let health = GatewayHealth::default();
        let steps = [
            (SILENT, None),
            (REPLIED, None),
            (SILENT, None),
            (SILENT, Some(GatewayState::Down)),
            (SILENT, None),
            (REPLIED, None),
            (SILENT, None),
            (REPLIED, None),
            (REPLIED, Some(GatewayState::Up)),
        ];
        assert_eq!(health.state(), GatewayState::Unknown);
        for (at, (outcome, changed)) in (1..).zip(steps) {
            assert_eq!(health.note(probing, outcome, at), changed, "step {at}");
        }
        assert_eq!(health.state(), GatewayState::Up);
        assert_eq!(health.changed_at_us(), Some(9));
        assert_eq!(health.last_status(), Some(200));
        health.note(probing, SILENT, 10);
        assert_eq!(health.last_status(), None);
        assert_eq!(health.round_trip_us(), Some(900));
    }
}
