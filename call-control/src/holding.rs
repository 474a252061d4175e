//! Calls that are held until they are due, so that their customer keeps its calls per second.
//!
//! The pace says at admission how long that is (`RoutePlan::hold_us`), so holding is one timer: the
//! customer has heard 100, the call has its slot, its channels and its plan, and hunting begins when the
//! timer fires. Until then it is a call in setup like any other: copies of its INVITE are absorbed, CANCEL
//! ends it with 487, and a drain hangs it up. A shard holds
//! [`EngineLimits::max_held_calls`](crate::EngineLimits) at once; beyond, a call that would have to wait
//! is refused, as it is without smoothing.

use crate::call::Call;
use crate::core::{CallTimer, Core};
use crate::engine::Engine;
use crate::release::{Failure, Origin};
use rating::cdr::ReleaseReason;
use routing_engine::{
    CallRequest, Decision, LiveAdmission, PromptAdmission, Snapshot, decide_noted,
};
use sip_core::{Duration, Instant};
use std::sync::Arc;

impl Engine {
    /// Decides a new call, which may be held while there is room for that.
    /// The bytes are what the record keeps of the decision.
    pub(crate) fn decide_new(
        &self,
        request: &CallRequest<'_>,
        snapshot: &Snapshot,
    ) -> (Decision, Arc<[u8]>) {
        let core = &self.core;
        match core.counters.calls_held < core.config.limits.max_held_calls {
            true => decide_noted(request, snapshot, &mut LiveAdmission),
            false => decide_noted(request, snapshot, &mut PromptAdmission),
        }
    }
}

impl Call {
    /// The first route, at once or when the call is due.
    pub(crate) fn hunt_when_due(&mut self, core: &mut Core, now: Instant) {
        let hold = self.hold();
        if hold == Duration::ZERO {
            return self.hunt_first(core, now);
        }
        self.is_held = true;
        core.counters.calls_held += 1;
        core.arm(self.key, CallTimer::Hunting, now, hold);
    }

    /// Whether it was held until now: then its time has come.
    pub(crate) fn is_due(&mut self, core: &mut Core) -> bool {
        let was_held = std::mem::take(&mut self.is_held);
        core.counters.calls_held -= u32::from(was_held);
        was_held
    }

    /// How long it is held in all.
    pub(crate) fn hold(&self) -> Duration {
        let hold_us = self.plan.as_ref().map_or(0, |plan| plan.hold_us);
        Duration::from_micros(hold_us.into())
    }

    pub(crate) fn hunt_first(&mut self, core: &mut Core, now: Instant) {
        let none_left = Failure::new(Origin::Switch, ReleaseReason::NoRoute);
        self.hunt(core, now, none_left);
    }
}
