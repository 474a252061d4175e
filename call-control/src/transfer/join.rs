//! Two calls become one: the leg that is left of the asking call moves into the target.

use super::{JOIN_PAUSE, Letter, Stage, Target};
use crate::attempt::has_sdp;
use crate::call::{Call, Phase};
use crate::config::Now;
use crate::core::{CallTimer, Core};
use crate::engine::Engine;
use crate::leg::Leg;
use crate::release::reason_value;
use crate::session::SessionOrigin;
use crate::session_timer::REINVITE_PATIENCE;
use media_relay::Side;
use rating::cdr::ReleaseReason;
use routing_engine::DigestIdentity;
use sip_core::slab::SlabKey;
use sip_core::{Duration, HeaderName, Instant, Message};

/// Re-INVITEs that may meet others on their way before the call is given up.
const TRIES_MAX: u8 = 5;
/// Pauses of some seconds in which none could be sent before the call is given up: longer than one
/// change of the session may take.
const WAITS_MAX: u8 = 60;
/// The longest pause that whoever refuses a re-INVITE for now can ask for, seconds.
const RETRY_AFTER_MAX_S: u32 = 32;

/// A leg on its way from one call to another.
#[derive(Debug)]
pub(crate) struct MovedLeg {
    leg: Leg,
    identity: Option<DigestIdentity>,
    origin: SessionOrigin,
}

/// Whether a call can be joined with another now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readiness {
    Ready,
    /// Its session is being changed.
    Later,
    Never,
}

impl Engine {
    /// The target is answered: the other party of the asking call moves in.
    pub(super) fn join(&mut self, now: Now, asking: SlabKey, target: SlabKey) {
        let of_target = self
            .calls
            .get(target)
            .map_or(Readiness::Never, |call| call.readiness());
        let of_asking =
            self.calls
                .get(asking)
                .map_or(Readiness::Never, |call| match call.waits_for(target) {
                    true => call.readiness(),
                    false => Readiness::Never,
                });
        match (of_asking, of_target) {
            (Readiness::Ready, Readiness::Ready) if self.can_talk(asking, target) => {
                self.move_leg(now, asking, target);
            }
            (Readiness::Ready, Readiness::Ready) => {
                self.core.post(asking, target, Letter::Failed(488));
                self.core.post(target, asking, Letter::Abandoned);
            }
            (Readiness::Never, _) => {
                self.core.post(target, asking, Letter::Abandoned);
            }
            (_, Readiness::Never) => {
                self.core.post(asking, target, Letter::Failed(481));
            }
            _ => self
                .core
                .arm(asking, CallTimer::Hunting, now.instant, JOIN_PAUSE),
        }
    }

    /// Whether the party that is left and whoever answered have a codec in common: nobody transcodes,
    /// and once whoever asked has been hung up on there is no way back.
    fn can_talk(&self, asking: SlabKey, target: SlabKey) -> bool {
        let media = |key| self.calls.get(key).map(|call| &call.media);
        match (media(asking), media(target)) {
            (Some(asking), Some(target)) => asking.has_codec_of(target),
            _ => false,
        }
    }

    fn move_leg(&mut self, now: Now, asking: SlabKey, target: SlabKey) {
        let moved = self.with_call(now.instant, asking, |call, core| {
            call.hand_over(core, now.instant, target)
        });
        if let Some(moved) = moved.flatten() {
            self.with_call(now.instant, target, |call, core| {
                call.take_in(core, now.instant, moved);
                call.settle(core);
            });
        }
    }
}

impl Call {
    fn readiness(&self) -> Readiness {
        match (self.phase, self.is_changing()) {
            (Phase::Answered, false) => Readiness::Ready,
            (Phase::Answered, true) => Readiness::Later,
            _ => Readiness::Never,
        }
    }

    /// The pause before another look is over.
    pub(crate) fn try_join_again(&self, core: &mut Core) {
        let pending = self.asking().and_then(|asking| asking.pending.as_ref());
        if let Some(target) = pending.and_then(|pending| pending.target) {
            core.post(self.key, target, Letter::Answered);
        }
    }

    /// Gives the egress leg away. Whoever asked is told so and hung up on.
    fn hand_over(
        &mut self,
        core: &mut Core,
        now: Instant,
        target: SlabKey,
    ) -> Option<Box<MovedLeg>> {
        self.report(core, now, 200, true);
        let asking = self.asking_mut()?;
        asking.pending = None;
        asking.lent_to = Some(target);
        self.abort_exchanges(core, now);
        self.part_from_ingress(core, now);
        self.abort_refresh(core, now, Side::Egress);
        let origin = self.media.origin_towards(Side::Egress);
        self.media_statistics = self.media.stop(core).map(Box::new);
        let snapshot = &self.snapshot;
        let attempt = self.attempts.last_mut()?;
        let identity = attempt.route.egress_trunk(snapshot).digest.clone();
        let left = attempt.leg.left_behind();
        let leg = std::mem::replace(&mut attempt.leg, left);
        Some(Box::new(MovedLeg {
            leg,
            identity,
            origin,
        }))
    }

    /// Takes the leg in, and tells it where its media goes from now on.
    fn take_in(&mut self, core: &mut Core, now: Instant, moved: Box<MovedLeg>) {
        self.abort_exchanges(core, now);
        if !self.ingress.is_gone {
            self.part_from_ingress(core, now);
        }
        self.ingress = moved.leg;
        self.media.take_in(Side::Ingress, moved.origin);
        if let Some(target) = self.target_mut() {
            target.identity = moved.identity;
            target.stage = Stage::Joining(Side::Ingress);
        }
        self.tell_joined(core, now, Side::Ingress);
    }

    fn part_from_ingress(&mut self, core: &mut Core, now: Instant) {
        self.say_goodbye(core, now, Side::Ingress, &reason_value(16));
        self.leave_ingress(core, now);
    }

    /// The side that is being told by re-INVITE whom it is connected with.
    pub(crate) fn is_joining(&self, side: Side) -> bool {
        self.target()
            .is_some_and(|target| target.stage == Stage::Joining(side))
    }

    fn tell_joined(&mut self, core: &mut Core, now: Instant, side: Side) {
        let Some(target) = self.target() else {
            return;
        };
        if target.tries >= TRIES_MAX || target.waits >= WAITS_MAX {
            return self.fail_join(core, now, side);
        }
        let is_sent = self.send_refresh(core, now, side, true);
        if let Some(target) = self.target_mut() {
            target.tries += u8::from(is_sent);
            target.waits += u8::from(!is_sent);
        }
        match is_sent {
            true => core.arm(
                self.key,
                CallTimer::session_of(side),
                now,
                REINVITE_PATIENCE,
            ),
            false => self.pause(core, now, side),
        }
    }

    /// A change of the session set the timer that the join waits for: it goes on all the same.
    pub(crate) fn resume_join(&self, core: &mut Core, now: Instant) {
        let Some(&Target {
            stage: Stage::Joining(side),
            ..
        }) = self.target()
        else {
            return;
        };
        let timer = CallTimer::session_of(side);
        match self
            .leg(side)
            .is_some_and(|leg| leg.session.is_reinviting())
        {
            true => core.arm(self.key, timer, now, REINVITE_PATIENCE),
            false => self.pause(core, now, side),
        }
    }

    /// The pause is over, or the re-INVITE has had its time.
    pub(crate) fn on_join_timer(&mut self, core: &mut Core, now: Instant, side: Side) {
        match self
            .leg(side)
            .is_some_and(|leg| leg.session.is_reinviting())
        {
            true => self.fail_join(core, now, side),
            false => self.tell_joined(core, now, side),
        }
    }

    /// The re-INVITE was taken.
    pub(crate) fn on_join_accepted(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        response: &Message<'_>,
    ) {
        if !has_sdp(response) {
            return self.fail_join(core, now, side);
        }
        let is_attended = self.target().is_some_and(|target| target.is_attended);
        let next = match (is_attended, side) {
            // Who is called had an offer of the other party already, unless it spoke with another.
            (true, Side::Ingress) => {
                if self.bridge_offer(core, side, response.body()).is_err() {
                    return self.fail_join(core, now, side);
                }
                self.media.agree();
                Stage::Joining(Side::Egress)
            }
            _ => {
                if self.media.learn_answer(core, side, response).is_err() {
                    return self.fail_join(core, now, side);
                }
                Stage::Joined
            }
        };
        if let Some(target) = self.target_mut() {
            target.stage = next;
            (target.tries, target.waits) = (0, 0);
        }
        if next == Stage::Joining(Side::Egress) {
            self.tell_joined(core, now, Side::Egress);
        }
    }

    /// The re-INVITE was refused.
    pub(crate) fn on_join_refused(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        response: &Message<'_>,
    ) {
        if self.takes_challenge(side, response) {
            return self.tell_joined(core, now, side);
        }
        match (response.status(), retry_after_s(response)) {
            (Some(491), _) | (Some(500), Some(0)) => self.pause(core, now, side),
            // RFC 3261 §14.2: it is changing the session itself.
            (Some(500), Some(wait_s)) => {
                let wait = Duration::from_secs(wait_s.min(RETRY_AFTER_MAX_S).into());
                core.arm(self.key, CallTimer::session_of(side), now, wait);
            }
            _ => self.fail_join(core, now, side),
        }
    }

    /// Nothing is left to connect: both hang up.
    pub(crate) fn fail_join(&mut self, core: &mut Core, now: Instant, side: Side) {
        let origin = self.origin_of(side);
        self.release(core, now, origin, ReleaseReason::UnusableSdp, None, None);
    }
}

fn retry_after_s(response: &Message<'_>) -> Option<u32> {
    response.number(HeaderName::RetryAfter).ok().flatten()
}
