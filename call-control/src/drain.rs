//! Stopping: new calls are refused, and the rest is hung up a few at a time.

use sip_core::{Duration, Instant};

/// Calls hung up in one step, so that a full switch does not send all its BYEs at once.
pub(crate) const HANG_UP_BATCH: usize = 100;
/// Between two steps.
const HANG_UP_PACE: Duration = Duration::from_millis(10);

/// Whether the engine is draining, and when it hangs up next.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Drain {
    is_on: bool,
    next_step: Option<Instant>,
    /// Calls in slots before this one have been hung up.
    next_slot: u32,
}

impl Drain {
    /// Begins. Said again, it changes when the calls are hung up.
    pub(crate) fn begin(&mut self, hang_up_at: Option<Instant>) {
        self.is_on = true;
        self.next_step = hang_up_at;
    }

    /// True when new calls are refused.
    pub(crate) fn is_on(&self) -> bool {
        self.is_on
    }

    /// When the next calls are to be hung up.
    pub(crate) fn next_step(&self) -> Option<Instant> {
        self.next_step
    }

    /// The slot to go on from, when a step is due.
    pub(crate) fn due(&self, now: Instant) -> Option<u32> {
        let is_due = self.next_step.is_some_and(|at| at <= now);
        is_due.then_some(self.next_slot)
    }

    /// A step is done; `next_slot` is `None` after the last call.
    pub(crate) fn stepped(&mut self, now: Instant, next_slot: Option<u32>) {
        self.next_step = next_slot.map(|_| now + HANG_UP_PACE);
        self.next_slot = next_slot.unwrap_or(0);
    }
}
