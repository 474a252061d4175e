//! The end of a call: BYE and CANCEL, the record, the channels and ports given back.

use crate::call::{Call, Phase};
use crate::cdr::End;
use crate::core::{CallTimer, Core};
use crate::release::{Failure, Origin, ReasonValue, reason_of, reason_value, row};
use crate::transfer::Letter;
use media_relay::Side;
use rating::cdr::{CallRecord, JournalEntry, Outcome, ReleaseReason};
use routing_engine::Permits;
use routing_engine::limits::NumberPermits;
use sip_core::{Instant, Message, Method};

impl Call {
    /// A peer hung up (BYE) or gave up (CANCEL, or BYE before the answer).
    pub(crate) fn on_released(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        request: &Message<'_>,
    ) {
        match self.phase {
            Phase::Hunting if side == Side::Ingress => self.cancel(core, now, request),
            Phase::Connecting => self.drop_held_answer(core, now, side),
            // RFC 3261 §9.2: a CANCEL has no effect on a request that has its final response.
            Phase::Answered if request.method() != Some(Method::Cancel) => {
                if self.leg(side).is_some_and(|leg| leg.is_gone) {
                    return;
                }
                if side == Side::Ingress && self.is_transferring() {
                    return self.lose_asker(core, now);
                }
                let origin = self.origin_of(side);
                let reason = ReleaseReason::NormalClearing;
                self.release(core, now, origin, reason, Some(request), Some(side));
            }
            Phase::Ending if side == Side::Ingress && request.method() == Some(Method::Bye) => {
                self.forget_ingress(core);
            }
            // Too late, or both sides hung up at once, or the carrier before it answered.
            Phase::Hunting | Phase::Answered | Phase::Ending => {}
        }
    }

    /// The customer hung up a call that is over: it waits for no BYE, and its ACK will not come.
    fn forget_ingress(&mut self, core: &mut Core) {
        self.bye_after_ack = None;
        self.ingress.forget_ack(core, self.key, Side::Ingress);
    }

    /// The customer gave up before the answer.
    fn cancel(&mut self, core: &mut Core, now: Instant, request: &Message<'_>) {
        let failure = Failure::new(Origin::Ingress, ReleaseReason::CustomerCancelled);
        let reason = reason_of(Some(request), failure.cause);
        self.abandon(core, now, &failure, Outcome::Cancelled, &reason);
    }

    /// One side hung up while the answer waited for the customer's PRACK.
    fn drop_held_answer(&mut self, core: &mut Core, now: Instant, side: Side) {
        match side {
            Side::Ingress => {
                let failure = Failure::new(Origin::Ingress, ReleaseReason::CustomerCancelled);
                self.drop_answer(core, now, failure, Outcome::Cancelled, true);
            }
            Side::Egress => {
                let failure = Failure {
                    status: 480,
                    ..Failure::new(Origin::Egress, ReleaseReason::NormalClearing)
                };
                self.drop_answer(core, now, failure, Outcome::Failed, false);
            }
        }
    }

    /// Ends hunting: CANCEL to the carrier, the failure to the customer.
    pub(crate) fn abandon(
        &mut self,
        core: &mut Core,
        now: Instant,
        failure: &Failure,
        outcome: Outcome,
        reason: &str,
    ) {
        core.disarm(self.key, CallTimer::Hunting);
        self.abort_exchanges(core, now);
        if let Some(attempt) = self.current_mut() {
            attempt.give_up(core, now, failure, outcome, reason);
        }
        self.refuse_ingress(core, now, failure.status, failure.cause);
        self.finish(core, End::failed(now, outcome, failure, failure.status));
    }

    /// The switch itself ends the call, however far it is.
    pub(crate) fn hang_up(&mut self, core: &mut Core, now: Instant, reason: ReleaseReason) {
        match self.phase {
            Phase::Hunting => {
                let failure = Failure::new(Origin::Switch, reason);
                let value = reason_of(None, failure.cause);
                let outcome = self.outcome_of_failure(core);
                self.abandon(core, now, &failure, outcome, &value);
            }
            Phase::Connecting => {
                let failure = Failure::new(Origin::Switch, reason);
                self.drop_answer(core, now, failure, Outcome::Failed, true);
            }
            Phase::Answered => self.release(core, now, Origin::Switch, reason, None, None),
            Phase::Ending => {}
        }
    }

    /// Ends an answered call: BYE to every leg but the one that is `gone`.
    pub(crate) fn release(
        &mut self,
        core: &mut Core,
        now: Instant,
        origin: Origin,
        reason: ReleaseReason,
        request: Option<&Message<'_>>,
        gone: Option<Side>,
    ) {
        if self.phase != Phase::Answered {
            return;
        }
        if let Some(home) = self.lent_to() {
            // Both end there.
            return core.post(home, self.key, Letter::HangUp(reason));
        }
        core.disarm(self.key, CallTimer::Duration);
        self.abort_exchanges(core, now);
        let row = row(reason);
        let value = reason_of(request, row.cause);
        for side in [Side::Ingress, Side::Egress] {
            if gone == Some(side) {
                let key = self.key;
                if let Some(leg) = self.leg_mut(side) {
                    leg.forget_ack(core, key, side);
                }
            } else {
                self.say_goodbye(core, now, side, &value);
            }
        }
        let end = End {
            at: now,
            outcome: Outcome::Answered,
            by: origin.into(),
            reason,
            status: 200,
            cause: request.and_then(Message::q850_cause).unwrap_or(row.cause),
        };
        if let Some(attempt) = self.current_mut() {
            attempt.hang_up(end);
        }
        self.finish(core, end);
    }

    /// BYE to one side, as soon as the protocol allows.
    pub(crate) fn say_goodbye(&mut self, core: &mut Core, now: Instant, side: Side, reason: &str) {
        let key = self.key;
        let Some(leg) = self.leg_mut(side).filter(|leg| !leg.is_gone) else {
            return;
        };
        // A carrier that waits for its ACK gets one, without the answer that never came.
        if let Some(cseq) = leg.take_owed_ack() {
            leg.send_ack(core, cseq, None);
        }
        // RFC 3261 §15: no BYE before the ACK of our 2xx, or before we stop waiting for it.
        if side == Side::Ingress && leg.is_awaiting_ack() {
            self.bye_after_ack = ReasonValue::from(reason).ok().map(Box::new);
            return;
        }
        leg.forget_ack(core, key, side);
        self.send_bye(core, now, side, reason);
    }

    pub(crate) fn send_bye(&mut self, core: &mut Core, now: Instant, side: Side, reason: &str) {
        let key = self.key;
        let sent = self
            .leg_mut(side)
            .is_some_and(|leg| leg.send_bye(core, now, key, reason));
        self.byes += u8::from(sent);
    }

    /// A response to a BYE of ours. The leg is gone whatever it says, unless it wants to know who
    /// hangs up.
    pub(crate) fn on_bye_response(
        &mut self,
        core: &mut Core,
        now: Instant,
        response: &Message<'_>,
    ) {
        let status = response.status().unwrap_or(500);
        if status < 200 {
            return;
        }
        self.byes = self.byes.saturating_sub(1);
        if matches!(status, 401 | 407)
            && let Some(side) = self.side_of_response(response)
            && self.takes_challenge(side, response)
        {
            let cause = self.end.as_ref().map_or(16, |end| end.cause);
            self.send_bye(core, now, side, &reason_value(cause));
        }
    }

    pub(crate) fn side_of_response(&self, response: &Message<'_>) -> Option<Side> {
        let call_id = response.call_id().ok()?;
        let has_it = |side: &Side| {
            self.leg(*side)
                .is_some_and(|leg| **leg.dialog.call_id() == *call_id)
        };
        [Side::Egress, Side::Ingress].into_iter().find(has_it)
    }

    /// The call has its end: the customer's channels and money and the media ports go back.
    pub(crate) fn finish(&mut self, core: &mut Core, end: End) {
        self.phase = Phase::Ending;
        self.is_due(core);
        core.disarm(self.key, CallTimer::Hunting);
        core.disarm(self.key, CallTimer::Prack);
        self.abort_refreshes(core, end.at);
        if let Some(statistics) = self.media.stop(core) {
            self.media_statistics = Some(Box::new(statistics));
        }
        self.settle_credit(&end);
        self.plan = None;
        self.permits = Permits::default();
        self.numbers = NumberPermits::default();
        self.setup = None;
        self.end = Some(end);
        self.end_transfer(core, end);
    }

    /// Writes the record once nothing can change it any more: the call has its end, and so has
    /// every attempt. While a carrier that was cancelled still has a word to say, an open record
    /// stands for it: what the customer was told is written down before it is sent.
    pub(crate) fn settle(&mut self, core: &mut Core) {
        let Some(end) = self.end.filter(|_| !self.is_recorded) else {
            return;
        };
        if self.attempts.iter().all(|attempt| attempt.is_over()) {
            self.write_record(core, &end);
        } else if !self.is_noted {
            self.is_noted = true;
            let record = self.record(core, &end);
            core.journal.push_back(JournalEntry::Answered(record));
        }
    }

    /// Writes the record of a call that has its end without waiting for the carrier any longer.
    pub(crate) fn settle_now(&mut self, core: &mut Core) {
        if let Some(end) = self.end.filter(|_| !self.is_recorded) {
            self.write_record(core, &end);
        }
    }

    fn write_record(&mut self, core: &mut Core, end: &End) {
        self.is_recorded = true;
        let record = self.record(core, end);
        self.charge_carriers(&record);
        core.counters.calls_ended += 1;
        core.journal.push_back(JournalEntry::Ended(record));
    }

    fn record(&self, core: &Core, end: &End) -> CallRecord {
        let (attempts, media) = (&self.attempts, self.media_statistics.as_deref().copied());
        self.facts
            .record(&core.config, end, attempts, &self.snapshot, media)
    }
}
