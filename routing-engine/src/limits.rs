//! Limits on calls per second and on channels, as counters that outlive snapshots.
//!
//! A [`Limiter`] counts; it does not know its limit. The limit ([`Limits`]) belongs to the snapshot
//! and is given at each admission, so a push may change it while calls run. Counters are shared by
//! all shards and take no lock. [`Permits`] are taken channels: dropping them gives the channels
//! back, so counts cannot drift from the calls that hold them. Calls to one number are counted in a
//! table ([`CalledNumbers`]).
//!
//! A call beyond the pace of a limit is refused, or held until it is due when the limit allows that
//! ([`Limits::smoothing_ms`]): the pace says at once how long that is ([`Passed::hold_us`]).

mod called_numbers;
mod cps;
mod held;

pub(crate) use called_numbers::NumberKey;
pub use called_numbers::{CalledNumbers, NumberPermits};
pub use cps::BURST_TOLERANCE_NS;
pub use held::{Counted, Drift, HeldChannels};

use crate::credit::{CreditAccount, CreditAsk, Reservation};
use crate::decide::CallRequest;
use crate::lot;
use crate::numbers::Rotations;
use crate::quality::Quality;
use crate::resources::CPS_SMOOTHING_MS_MAX;
use crate::snapshot::{EgressTrunk, RateRef, Turns};
use arrayvec::ArrayVec;
use rating::Amount;
use rating::cdr::ReleaseReason;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Most gates that one admission passes: customer, trunk and the called number under both; or
/// the carrier's balance, carrier, trunk, route and gateway.
pub const GATES_MAX: usize = 5;

/// Most channels that one admission takes.
const CHANNELS_MAX: usize = 4;

/// The longest that any call is held, and how early it may come beside.
const PATIENCE_MAX_NS: u64 = CPS_SMOOTHING_MS_MAX as u64 * 1_000_000 + BURST_TOLERANCE_NS;

/// Tells the lot of turns from others of the same call.
const TURN: u64 = 0x7475_726e;
/// The same for the numbers that CLI rules present.
const ROTATION: u64 = 0x726f_7461;

/// What a resource allows. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// New calls per second.
    pub cps: Option<NonZeroU32>,
    /// Concurrent calls.
    pub channels: Option<NonZeroU32>,
    /// How long a call beyond the calls per second may be held until it is due; milliseconds.
    pub smoothing_ms: u16,
}

/// The live counters of one resource, alone on its cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct Limiter {
    /// When the next call is due at the limit's pace ([`cps`]), nanoseconds on the monotonic clock.
    due_ns: AtomicU64,
    channels_in_use: AtomicU32,
}

/// Channels taken from some resources; dropping gives them back.
///
/// It holds the counters themselves, not the snapshot that it was taken under.
#[derive(Default)]
pub struct Permits([Option<ResourcePermit>; CHANNELS_MAX]);

/// One channel of one resource.
struct ResourcePermit(Arc<Limiter>);

/// A call that passed all its gates.
#[derive(Debug, Default)]
pub struct Passed {
    /// Its channels.
    pub permits: Permits,
    /// Its place among the calls to its number, when those are limited.
    pub numbers: NumberPermits,
    /// How long it must be held to keep the pace, microseconds; 0 for most.
    pub hold_us: u32,
}

/// A resource at the door: its counters, what it allows, and the reasons to give when it is full.
#[derive(Clone, Copy, Debug)]
pub struct Gate<'s> {
    counter: Counter<'s>,
    limits: Limits,
    cps_reason: ReleaseReason,
    channels_reason: ReleaseReason,
}

/// What counts at a gate.
#[derive(Clone, Copy, Debug)]
enum Counter<'s> {
    Resource(&'s Arc<Limiter>),
    Number(&'s Arc<CalledNumbers>, NumberKey),
    /// Nothing is counted: it is open while less than the amount is owed.
    Balance(&'s CreditAccount, Amount),
}

/// The gates of one admission.
pub(crate) type Gates<'s> = ArrayVec<Gate<'s>, GATES_MAX>;

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
    fn pass(&mut self, gates: &[Gate<'_>], now_us: u64) -> Result<Passed, ReleaseReason>;

    /// Reserves money for the beginning of a call; nothing when it only looks.
    ///
    /// # Errors
    /// The reason for a call that there is not enough for.
    fn reserve(&mut self, ask: &CreditAsk<'_>) -> Result<Option<Reservation>, ReleaseReason>;

    /// Whose turn it is for a destination, by round robin. `draw` is the number of the call.
    fn turn(&mut self, turns: &Turns, destination: &str, draw: u64) -> u32;

    /// Whose turn it is among the numbers that a CLI rule presents. `draw` is the number of the call.
    fn rotation(&mut self, rotations: &Rotations, rule: u16, draw: u64) -> u32;

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
    fn in_the_way(&self, place: usize, gates: &[Gate<'_>], now_us: u64) -> Option<ReleaseReason> {
        let _ = place;
        DryAdmission.pass(gates, now_us).err()
    }
}

/// Takes from the counters: for calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct LiveAdmission;

/// As [`LiveAdmission`], for calls that cannot be held: beyond the pace they are refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct PromptAdmission;

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
            smoothing_ms: 0,
        }
    }

    /// The same, with calls beyond the pace held for so long at most.
    pub(crate) fn smoothed(self, smoothing_ms: u16) -> Self {
        Self {
            smoothing_ms: smoothing_ms.min(CPS_SMOOTHING_MS_MAX),
            ..self
        }
    }

    /// Whether there is any limit.
    pub(crate) fn are_set(&self) -> bool {
        self.cps.is_some() || self.channels.is_some()
    }

    fn patience_ns(&self) -> u64 {
        u64::from(self.smoothing_ms) * 1_000_000
    }
}

// === impl Limiter ===

impl Limiter {
    /// Calls that hold a channel at this moment.
    pub fn channels_in_use(&self) -> u32 {
        self.channels_in_use.load(Ordering::Relaxed)
    }

    /// How long the call must be held, nanoseconds; `None` when it comes too early for that.
    fn take_cps(&self, limits: Limits, now_ns: u64, patience_ns: u64) -> Option<u64> {
        let Some(cps) = limits.cps else {
            return Some(0);
        };
        let before = self
            .due_ns
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |due_ns| {
                cps::due_after_call(due_ns, now_ns, cps, patience_ns)
            });
        cps::hold_ns(before.ok()?, now_ns, patience_ns)
    }

    /// Undoes [`Self::take_cps`]: the call was refused elsewhere and has not used its turn.
    fn give_back_cps(&self, limits: Limits) {
        if let Some(cps) = limits.cps {
            self.due_ns
                .fetch_sub(cps::interval_ns(cps), Ordering::Relaxed);
        }
    }

    fn take_channel(self: &Arc<Self>, limits: Limits) -> Option<ResourcePermit> {
        let max = limits.channels.map_or(u32::MAX, NonZeroU32::get);
        self.channels_in_use
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |in_use| {
                (in_use < max).then(|| in_use + 1)
            })
            .is_ok()
            .then(|| ResourcePermit(Arc::clone(self)))
    }

    fn look_cps(&self, limits: Limits, now_ns: u64, patience_ns: u64) -> Option<u64> {
        let due_ns = self.due_ns.load(Ordering::Relaxed);
        match limits.cps {
            Some(_) => cps::hold_ns(due_ns, now_ns, patience_ns),
            None => Some(0),
        }
    }

    fn has_channel(&self, limits: Limits) -> bool {
        limits
            .channels
            .is_none_or(|max| self.channels_in_use() < max.get())
    }
}

impl Drop for ResourcePermit {
    fn drop(&mut self) {
        let before = self.0.channels_in_use.fetch_sub(1, Ordering::Relaxed);
        debug_assert!(before > 0, "a channel is given back once");
    }
}

// === impl Permits ===

impl Permits {
    /// How many channels it holds.
    pub fn len(&self) -> usize {
        self.0.iter().flatten().count()
    }

    /// Whether it holds none, as after a [`DryAdmission`].
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// There is room for all channels that one admission takes.
    fn push(&mut self, permit: ResourcePermit) {
        if let Some(free) = self.0.iter_mut().find(|place| place.is_none()) {
            *free = Some(permit);
        }
    }
}

impl fmt::Debug for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permits({})", self.len())
    }
}

// === impl Gate ===

impl<'s> Gate<'s> {
    /// The door of a resource, with its reasons for calls per second and for channels.
    pub(crate) fn of_resource(
        limiter: &'s Arc<Limiter>,
        limits: Limits,
        reasons: [ReleaseReason; 2],
    ) -> Self {
        Self::new(Counter::Resource(limiter), limits, reasons)
    }

    /// The door of calls to one number.
    pub(crate) fn of_number(
        numbers: &'s Arc<CalledNumbers>,
        key: NumberKey,
        limits: Limits,
    ) -> Self {
        let reasons = [
            ReleaseReason::CalledNumberCpsLimit,
            ReleaseReason::CalledNumberChannelLimit,
        ];
        Self::new(Counter::Number(numbers, key), limits, reasons)
    }

    /// The door of a carrier: open while less is owed to it than the amount.
    pub(crate) fn of_balance(account: &'s CreditAccount, stop: Amount) -> Self {
        let counter = Counter::Balance(account, stop);
        Self::new(
            counter,
            Limits::default(),
            [ReleaseReason::CarrierBalance; 2],
        )
    }

    fn new(counter: Counter<'s>, limits: Limits, reasons: [ReleaseReason; 2]) -> Self {
        let [cps_reason, channels_reason] = reasons;
        Self {
            counter,
            limits,
            cps_reason,
            channels_reason,
        }
    }

    fn take_cps(&self, now_ns: u64, patience_ns: u64) -> Option<u64> {
        let limits = self.limits;
        match self.counter {
            Counter::Resource(limiter) => limiter.take_cps(limits, now_ns, patience_ns),
            Counter::Number(numbers, key) => numbers.take_cps(key, limits, now_ns, patience_ns),
            Counter::Balance(account, stop) => account.owes_less_than(stop).then_some(0),
        }
    }

    fn give_back_cps(&self) {
        match self.counter {
            Counter::Resource(limiter) => limiter.give_back_cps(self.limits),
            Counter::Number(numbers, key) => numbers.give_back_cps(key, self.limits),
            Counter::Balance(..) => {}
        }
    }

    /// Takes a channel for a call; false when there is none.
    fn take_channel(&self, passed: &mut Passed) -> bool {
        match self.counter {
            Counter::Resource(limiter) => {
                let permit = limiter.take_channel(self.limits);
                let is_taken = permit.is_some();
                permit.into_iter().for_each(|one| passed.permits.push(one));
                is_taken
            }
            Counter::Number(numbers, key) => passed.numbers.take(numbers, key, self.limits),
            Counter::Balance(..) => true,
        }
    }

    fn look_cps(&self, now_ns: u64) -> Option<u64> {
        let (limits, patience_ns) = (self.limits, self.limits.patience_ns());
        match self.counter {
            Counter::Resource(limiter) => limiter.look_cps(limits, now_ns, patience_ns),
            Counter::Number(numbers, key) => numbers.look_cps(key, limits, now_ns, patience_ns),
            Counter::Balance(account, stop) => account.owes_less_than(stop).then_some(0),
        }
    }

    fn has_channel(&self) -> bool {
        match self.counter {
            Counter::Resource(limiter) => limiter.has_channel(self.limits),
            Counter::Number(numbers, key) => numbers.has_channel(key, self.limits),
            Counter::Balance(..) => true,
        }
    }
}

// === impl Admission ===

impl Admission for LiveAdmission {
    fn pass(&mut self, gates: &[Gate<'_>], now_us: u64) -> Result<Passed, ReleaseReason> {
        take(gates, now_us, Limits::patience_ns)
    }

    fn reserve(&mut self, ask: &CreditAsk<'_>) -> Result<Option<Reservation>, ReleaseReason> {
        Reservation::of(ask).map(Some)
    }

    fn turn(&mut self, turns: &Turns, destination: &str, _draw: u64) -> u32 {
        turns.take(destination)
    }

    fn rotation(&mut self, rotations: &Rotations, rule: u16, _draw: u64) -> u32 {
        rotations.take(rule)
    }
}

impl Admission for PromptAdmission {
    fn pass(&mut self, gates: &[Gate<'_>], now_us: u64) -> Result<Passed, ReleaseReason> {
        take(gates, now_us, |_| 0)
    }

    fn reserve(&mut self, ask: &CreditAsk<'_>) -> Result<Option<Reservation>, ReleaseReason> {
        LiveAdmission.reserve(ask)
    }

    fn turn(&mut self, turns: &Turns, destination: &str, draw: u64) -> u32 {
        LiveAdmission.turn(turns, destination, draw)
    }

    fn rotation(&mut self, rotations: &Rotations, rule: u16, draw: u64) -> u32 {
        LiveAdmission.rotation(rotations, rule, draw)
    }
}

fn take(
    gates: &[Gate<'_>],
    now_us: u64,
    patience_ns: impl Fn(&Limits) -> u64,
) -> Result<Passed, ReleaseReason> {
    let now_ns = now_us.saturating_mul(1_000);
    let mut hold_ns = 0;
    for (index, gate) in gates.iter().enumerate() {
        let Some(own_ns) = gate.take_cps(now_ns, patience_ns(&gate.limits)) else {
            give_back_cps(&gates[..index]);
            return Err(gate.cps_reason);
        };
        hold_ns = own_ns.max(hold_ns);
    }
    let mut passed = Passed {
        hold_us: micros(hold_ns),
        ..Passed::default()
    };
    for gate in gates {
        if !gate.take_channel(&mut passed) {
            give_back_cps(gates);
            return Err(gate.channels_reason);
        }
    }
    Ok(passed)
}

/// Whole microseconds, so that a call that was held is not early. At most [`PATIENCE_MAX_NS`].
fn micros(hold_ns: u64) -> u32 {
    u32::try_from(hold_ns.div_ceil(1_000)).unwrap_or(u32::MAX)
}

fn give_back_cps(gates: &[Gate<'_>]) {
    for gate in gates {
        gate.give_back_cps();
    }
}

impl Admission for DryAdmission {
    fn pass(&mut self, gates: &[Gate<'_>], now_us: u64) -> Result<Passed, ReleaseReason> {
        let now_ns = now_us.saturating_mul(1_000);
        let mut hold_ns = 0;
        for gate in gates {
            let own_ns = gate.look_cps(now_ns).ok_or(gate.cps_reason)?;
            hold_ns = own_ns.max(hold_ns);
        }
        for gate in gates {
            if !gate.has_channel() {
                return Err(gate.channels_reason);
            }
        }
        Ok(Passed {
            hold_us: micros(hold_ns),
            ..Passed::default()
        })
    }

    fn reserve(&mut self, ask: &CreditAsk<'_>) -> Result<Option<Reservation>, ReleaseReason> {
        Reservation::look(ask).map(|()| None)
    }

    fn turn(&mut self, turns: &Turns, destination: &str, _draw: u64) -> u32 {
        turns.peek(destination)
    }

    fn rotation(&mut self, rotations: &Rotations, rule: u16, _draw: u64) -> u32 {
        rotations.peek(rule)
    }
}

impl Admission for ReplayAdmission {
    fn pass(&mut self, gates: &[Gate<'_>], now_us: u64) -> Result<Passed, ReleaseReason> {
        DryAdmission.pass(gates, now_us)
    }

    /// What money there was then is not known any more.
    fn reserve(&mut self, _: &CreditAsk<'_>) -> Result<Option<Reservation>, ReleaseReason> {
        Ok(None)
    }

    fn turn(&mut self, _turns: &Turns, _destination: &str, draw: u64) -> u32 {
        // The high half: remainders of low bits would follow those of other lots.
        (lot::mix(draw ^ TURN) >> 32) as u32
    }

    fn rotation(&mut self, _rotations: &Rotations, _rule: u16, draw: u64) -> u32 {
        (lot::mix(draw ^ ROTATION) >> 32) as u32
    }

    fn holds_back(&self, _trunk: &EgressTrunk, _request: &CallRequest<'_>) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
