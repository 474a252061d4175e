//! From ringing to both legs up: what the customer is told of the attempt, and the answer.

use crate::attempt::{Attempt, Progress, has_sdp};
use crate::call::{Call, Phase};
use crate::cdr::End;
use crate::core::{CallTimer, Core};
use crate::leg::SDP;
use crate::methods::allow;
use crate::release::{Failure, Origin, phrase, reason_value};
use crate::reliable::RELIABLE;
use crate::session_timer::write_answer;
use crate::transfer::REPLACES;
use media_relay::Side;
use rating::cdr::{JournalEntry, Outcome, ReleaseReason, ReleasedBy};
use routing_engine::resources::{ReferPolicy, ReplacesPolicy};
use routing_engine::throttle::AttemptEnd;
use sip_core::message::RecordRoutes;
use sip_core::{HeaderName, Instant, Message};

impl Call {
    /// 18x without a description.
    pub(crate) fn on_ringing(&mut self, core: &mut Core, now: Instant, response: &Message<'_>) {
        self.on_progress_made(core, now, Progress::Made);
        if self.phase == Phase::Hunting {
            let status = response.status().unwrap_or(180);
            if status == 180 {
                self.facts.ringing.get_or_insert(now);
            }
            self.tell_ingress(core, now, status, false);
        }
    }

    /// 18x with a description: early media.
    pub(crate) fn on_progress(&mut self, core: &mut Core, now: Instant, response: &Message<'_>) {
        if self.phase != Phase::Hunting {
            return;
        }
        // A description that cannot be used is left out; the answer will have another.
        if self.bridge_response(core, response.body()).is_err() {
            return self.on_ringing(core, now, response);
        }
        self.on_progress_made(core, now, Progress::Made);
        self.facts.ringing.get_or_insert(now);
        let status = response.status().unwrap_or(183);
        self.settle_early();
        self.tell_ingress(core, now, status, true);
    }

    /// 2xx: the call is connected, unless the answer cannot be used.
    pub(crate) fn on_answered(&mut self, core: &mut Core, now: Instant, response: &Message<'_>) {
        if self.phase != Phase::Hunting {
            return;
        }
        core.disarm(self.key, CallTimer::Hunting);
        let Some(attempt) = self.attempts.last_mut() else {
            return;
        };
        attempt.accept_answer(now);
        self.note_attempt(now, AttemptEnd::Status(200));
        let Some(attempt) = self.attempts.last_mut() else {
            return;
        };
        if attempt.leg.dialog.establish(response).is_err() {
            // Nobody to send an ACK to: the carrier will give up.
            let failure = unusable_answer(ReleaseReason::ProtocolError);
            return self.drop_answer(core, now, failure, Outcome::Failed, false);
        }
        let cseq = response.cseq().map_or(1, |cseq| cseq.number);
        match attempt.has_offer {
            true => attempt.leg.send_ack(core, cseq, None),
            false => attempt.leg.owe_ack(cseq),
        }
        if !self.has_usable_answer(core, response) {
            let failure = unusable_answer(ReleaseReason::UnusableSdp);
            return self.drop_answer(core, now, failure, Outcome::Failed, true);
        }
        let key = self.key;
        if let Some(attempt) = self.attempts.last_mut() {
            let leg = &mut attempt.leg;
            leg.accept_session(core, now, key, Side::Egress, response);
        }
        let reliable = self.reliable.as_ref();
        match reliable.is_some_and(|reliable| reliable.holds_answer()) {
            true => self.phase = Phase::Connecting,
            false => self.connect(core, now),
        }
    }

    /// Whether there is a description for the customer: that of the 2xx, else the one that came
    /// with early media.
    fn has_usable_answer(&mut self, core: &mut Core, response: &Message<'_>) -> bool {
        let settled = self.current();
        let is_settled = settled.is_some_and(|attempt| attempt.is_settled_with(response));
        match has_sdp(response) && !is_settled {
            true => self.bridge_response(core, response.body()).is_ok(),
            false => self.media.last_sent(Side::Ingress).is_some(),
        }
    }

    /// The customer is told of the answer.
    pub(crate) fn connect(&mut self, core: &mut Core, now: Instant) {
        self.phase = Phase::Answered;
        self.setup = None;
        core.disarm(self.key, CallTimer::Prack);
        self.facts.answered = Some(now);
        core.counters.calls_answered += 1;
        self.media.answered(core, self.media_watch());
        self.forget_setup();
        // The record goes to the journal before the 200 leaves: what is charged is never lost.
        self.record_answer(core, now);
        self.arm_duration(core, now);
        let Some(invite) = self.invite else {
            return self.report_answer(core);
        };
        if !self.respond_ingress(core, now, 200, true, None) {
            // The customer's transaction is gone: its connection broke.
            let reason = ReleaseReason::CustomerCancelled;
            return self.release(
                core,
                now,
                Origin::Ingress,
                reason,
                None,
                Some(Side::Ingress),
            );
        }
        let (key, cseq) = (self.key, self.invite_cseq);
        self.ingress
            .await_ack(core, now, key, Side::Ingress, invite, cseq);
        let agreed = self.session_request.answer(&self.ingress.policy);
        self.ingress
            .agree_session(core, now, key, Side::Ingress, agreed);
    }

    /// No further attempt can come: what they would be made of goes.
    fn forget_setup(&mut self) {
        self.plan = None;
        self.offer = Box::default();
        self.attempts
            .iter_mut()
            .for_each(Attempt::forget_invitation);
        let may_transfer = self.ingress.policy.refer == ReferPolicy::Handle;
        match self.presented.as_mut().filter(|_| may_transfer) {
            // Who is called by a transfer must not learn what the others did not.
            Some(presented) => presented.forget_fields(),
            None => self.presented = None,
        }
    }

    fn record_answer(&mut self, core: &mut Core, now: Instant) {
        let end = End {
            at: now,
            outcome: Outcome::Answered,
            by: ReleasedBy::Switch,
            reason: ReleaseReason::Interrupted,
            status: 200,
            cause: 0,
        };
        let record = self
            .facts
            .record(&core.config, &end, &self.attempts, &self.snapshot, None);
        core.journal.push_back(JournalEntry::Answered(record));
    }

    /// The answered attempt is ended again before the customer heard of the answer, and the call
    /// fails: no other route is tried, because somebody has picked up already.
    pub(crate) fn drop_answer(
        &mut self,
        core: &mut Core,
        now: Instant,
        failure: Failure,
        outcome: Outcome,
        is_reachable: bool,
    ) {
        self.abort_exchanges(core, now);
        if is_reachable {
            self.send_bye(core, now, Side::Egress, &reason_value(failure.cause));
        }
        let end = End::failed(now, Outcome::Answered, &failure, 200);
        if let Some(attempt) = self.current_mut() {
            attempt.hang_up(end);
        }
        self.refuse_ingress(core, now, failure.status, failure.cause);
        self.finish(core, End::failed(now, outcome, &failure, failure.status));
    }

    /// Sends a response to the INVITE that began the call, with the description that was last
    /// made for the customer if `with_sdp`, and with `reliable` as its RSeq if it wants a PRACK.
    /// False when the transaction is gone.
    pub(crate) fn respond_ingress(
        &self,
        core: &mut Core,
        now: Instant,
        status: u16,
        with_sdp: bool,
        reliable: Option<u32>,
    ) -> bool {
        let Some(invite) = self.invite else {
            return false;
        };
        let sdp = self.media.last_sent(Side::Ingress).filter(|_| with_sdp);
        let Core {
            transactions,
            outbox,
            listeners,
            config,
            ..
        } = core;
        let contact = listeners.contact(self.ingress.path.listener);
        let policy = &self.ingress.policy;
        let routes = RecordRoutes::Copy;
        transactions.respond(
            now,
            invite,
            status,
            phrase(status),
            routes,
            outbox,
            |writer| {
                writer.header(HeaderName::Contact, contact);
                writer.header(HeaderName::Allow, allow(policy));
                writer.header(HeaderName::Server, &config.user_agent);
                if let Some(number) = reliable {
                    writer.header(HeaderName::Require, RELIABLE);
                    writer.number(HeaderName::RSeq, number);
                }
                if status == 200 {
                    write_answer(writer, self.session_request.answer(policy));
                    if policy.replaces == ReplacesPolicy::Accept {
                        writer.header(HeaderName::Supported, REPLACES);
                    }
                }
                match sdp {
                    Some(sdp) => writer.body(SDP, sdp),
                    None => writer.finish(),
                }
            },
        )
    }

    /// Sends the final failure to the INVITE that began the call.
    pub(crate) fn refuse_ingress(&self, core: &mut Core, now: Instant, status: u16, cause: u8) {
        let Some(invite) = self.invite else {
            return self.report_failure(core, status);
        };
        let Core {
            transactions,
            outbox,
            config,
            ..
        } = core;
        let routes = RecordRoutes::Omit;
        transactions.respond(
            now,
            invite,
            status,
            phrase(status),
            routes,
            outbox,
            |writer| {
                writer.header(HeaderName::Reason, &reason_value(cause));
                writer.header(HeaderName::Server, &config.user_agent);
                writer.finish();
            },
        );
    }
}

/// A carrier's answer that leads nowhere.
fn unusable_answer(reason: ReleaseReason) -> Failure {
    Failure {
        status: 502,
        ..Failure::new(Origin::Egress, reason)
    }
}
