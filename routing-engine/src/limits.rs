//! Limits on calls per second and on channels, as counters that outlive snapshots.
//!
//! A [`Limiter`] counts; it does not know its limit. The limit ([`Limits`]) belongs to the snapshot
//! and is given at each admission, so a push may change it while calls run. Counters are shared by
//! all shards and take no lock. [`Permits`] are taken channels: dropping them gives the channels
//! back, so counts cannot drift from the calls that hold them.

mod cps;

pub use cps::BURST_TOLERANCE_NS;

use crate::decide::CallRequest;
use crate::lot;
use crate::quality::Quality;
use crate::snapshot::{EgressTrunk, RateRef, Turns};
use arrayvec::ArrayVec;
use rating::cdr::ReleaseReason;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Most resources that one admission passes: the customer and its trunk, or a carrier and its.
pub const GATES_MAX: usize = 2;

/// Tells the lot of turns from others of the same call.
const TURN: u64 = 0x7475_726e;

/// What a resource allows. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// New calls per second.
    pub cps: Option<NonZeroU32>,
    /// Concurrent calls.
    pub channels: Option<NonZeroU32>,
}

/// The live counters of one resource, alone on its cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct Limiter {
    /// When the next call is due at the limit's pace ([`cps`]), nanoseconds on the monotonic clock.
    due_ns: AtomicU64,
    channels_in_use: AtomicU32,
}

/// Channels taken from one or two resources; dropping gives them back.
///
/// It holds the counters themselves, not the snapshot that it was taken under.
#[derive(Default)]
pub struct Permits(ArrayVec<Permit, GATES_MAX>);

/// One channel of one resource.
struct Permit(Arc<Limiter>);

/// A resource at the door: its counters, what it allows, and the reasons to give when it is full.
#[derive(Clone, Copy, Debug)]
pub struct Gate<'s> {
    pub(crate) limiter: &'s Arc<Limiter>,
    pub(crate) limits: Limits,
    pub(crate) cps_reason: ReleaseReason,
    pub(crate) channels_reason: ReleaseReason,
}

/// Who decides at the gates: the live counters, or a look at them that takes nothing. With the other
/// figures that move while the snapshot stands still it is all that a decision reads beside request
/// and snapshot, so that a decision of the past can be made again ([`crate::record`]).
pub trait Admission {
    /// Passes all gates or none of them.
    ///
    /// `now_us` is the monotonic clock in microseconds; it may differ between shards by their
    /// loop's delay.
    ///
    /// # Errors
    /// The reason of the first gate that is closed; calls per second are asked before channels.
    fn pass(
        &mut self,
        gates: &[Gate<'_>; GATES_MAX],
        now_us: u64,
    ) -> Result<Permits, ReleaseReason>;

    /// Whose turn it is for a destination, by round robin. `draw` is the number of the call.
    fn turn(&mut self, turns: &Turns, destination: &str, draw: u64) -> u32;

    /// Whether a call is to try a trunk last, because too many of its attempts fail.
    fn holds_back(&self, trunk: &EgressTrunk, request: &CallRequest<'_>) -> bool {
        trunk.holds_back(request.now_us, request.draw)
    }

    /// How the carrier of a trunk does for the prefix of its rate; `called` is the number.
    fn quality(
        &self,
        request: &CallRequest<'_>,
        trunk: &EgressTrunk,
        carrier: i64,
        rate: RateRef,
        called: &str,
    ) -> Quality {
        let _ = trunk;
        request.quality.get(carrier, rate.prefix(called))
    }

    /// What stands in the way of the candidate at a place of the plan, for those who only look.
    fn in_the_way(
        &self,
        place: usize,
        gates: &[Gate<'_>; GATES_MAX],
        now_us: u64,
    ) -> Option<ReleaseReason> {
        let _ = place;
        DryAdmission.pass(gates, now_us).err()
    }
}

/// Takes from the counters: for calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct LiveAdmission;

/// Looks at the counters and takes nothing: for explanations and simulations.
#[derive(Clone, Copy, Debug, Default)]
pub struct DryAdmission;

/// As [`DryAdmission`], for many calls of the past together. Whose turn it was then, and which trunk
/// was throttled, is not known any more: turns are drawn, so that they are spread evenly, and no
/// trunk is throttled.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplayAdmission;

// === impl Limits ===

impl Limits {
    pub(crate) fn new(cps: Option<u32>, channels: Option<u32>) -> Self {
        Self {
            cps: cps.and_then(NonZeroU32::new),
            channels: channels.and_then(NonZeroU32::new),
        }
    }
}

// === impl Limiter ===

impl Limiter {
    /// Calls that hold a channel at this moment.
    pub fn channels_in_use(&self) -> u32 {
        self.channels_in_use.load(Ordering::Relaxed)
    }

    fn take_cps(&self, limits: Limits, now_ns: u64) -> bool {
        let Some(cps) = limits.cps else { return true };
        let taken = self
            .due_ns
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |due_ns| {
                cps::due_after_call(due_ns, now_ns, cps)
            });
        taken.is_ok()
    }

    /// Undoes [`Self::take_cps`]: the call was refused elsewhere and has not used its turn.
    fn give_back_cps(&self, limits: Limits) {
        if let Some(cps) = limits.cps {
            self.due_ns
                .fetch_sub(cps::interval_ns(cps), Ordering::Relaxed);
        }
    }

    fn take_channel(self: &Arc<Self>, limits: Limits) -> Option<Permit> {
        let max = limits.channels.map_or(u32::MAX, NonZeroU32::get);
        self.channels_in_use
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |in_use| {
                (in_use < max).then(|| in_use + 1)
            })
            .is_ok()
            .then(|| Permit(Arc::clone(self)))
    }

    fn has_cps(&self, limits: Limits, now_ns: u64) -> bool {
        let due_ns = self.due_ns.load(Ordering::Relaxed);
        limits
            .cps
            .is_none_or(|cps| cps::due_after_call(due_ns, now_ns, cps).is_some())
    }

    fn has_channel(&self, limits: Limits) -> bool {
        limits
            .channels
            .is_none_or(|max| self.channels_in_use() < max.get())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let before = self.0.channels_in_use.fetch_sub(1, Ordering::Relaxed);
        debug_assert!(before > 0, "a channel is given back once");
    }
}

// === impl Permits ===

impl Permits {
    /// How many channels it holds.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it holds none, as after a [`DryAdmission`].
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permits({})", self.len())
    }
}

// === impl Admission ===

impl Admission for LiveAdmission {
    fn pass(
        &mut self,
        gates: &[Gate<'_>; GATES_MAX],
        now_us: u64,
    ) -> Result<Permits, ReleaseReason> {
        let now_ns = now_us.saturating_mul(1_000);
        for (index, gate) in gates.iter().enumerate() {
            if !gate.limiter.take_cps(gate.limits, now_ns) {
                give_back_cps(&gates[..index]);
                return Err(gate.cps_reason);
            }
        }
        let mut permits = Permits::default();
        for gate in gates {
            let Some(permit) = gate.limiter.take_channel(gate.limits) else {
                give_back_cps(gates);
                return Err(gate.channels_reason);
            };
            permits.0.push(permit);
        }
        Ok(permits)
    }

    fn turn(&mut self, turns: &Turns, destination: &str, _draw: u64) -> u32 {
        turns.take(destination)
    }
}

fn give_back_cps(gates: &[Gate<'_>]) {
    for gate in gates {
        gate.limiter.give_back_cps(gate.limits);
    }
}

impl Admission for DryAdmission {
    fn pass(
        &mut self,
        gates: &[Gate<'_>; GATES_MAX],
        now_us: u64,
    ) -> Result<Permits, ReleaseReason> {
        let now_ns = now_us.saturating_mul(1_000);
        for gate in gates {
            if !gate.limiter.has_cps(gate.limits, now_ns) {
                return Err(gate.cps_reason);
            }
        }
        for gate in gates {
            if !gate.limiter.has_channel(gate.limits) {
                return Err(gate.channels_reason);
            }
        }
        Ok(Permits::default())
    }

    fn turn(&mut self, turns: &Turns, destination: &str, _draw: u64) -> u32 {
        turns.peek(destination)
    }
}

impl Admission for ReplayAdmission {
    fn pass(
        &mut self,
        gates: &[Gate<'_>; GATES_MAX],
        now_us: u64,
    ) -> Result<Permits, ReleaseReason> {
        DryAdmission.pass(gates, now_us)
    }

    fn turn(&mut self, _turns: &Turns, _destination: &str, draw: u64) -> u32 {
        // The high half: remainders of low bits would follow those of other lots.
        (lot::mix(draw ^ TURN) >> 32) as u32
    }

    fn holds_back(&self, _trunk: &EgressTrunk, _request: &CallRequest<'_>) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
