//! The called side: the script's responses, the 2xx until its ACK, CANCEL (RFC 3261 §13.3, §9.2).

use super::alarm::Alarm;
use super::call::{Call, Phase, Unacknowledged};
use super::caller::user_of;
use super::dialog::Dialog;
use super::session::Session;
use super::summary::{Outcome, Role};
use super::transactions::TransactionId;
use super::{CallHandle, Event, MAX_RING_TIME, UserAgent, reason_phrase};
use sip_core::header::HeaderName;
use sip_core::message::Message;
use std::net::SocketAddr;

impl UserAgent {
    /// An INVITE that is not in a dialog.
    pub(super) fn on_new_invite(
        &mut self,
        invite: TransactionId,
        from: SocketAddr,
        message: &Message<'_>,
    ) {
        match self.open_call(invite, from, message) {
            Ok(handle) => {
                self.record_received(from, self.config.address, message);
                self.events.push_back(Event::Received { call: handle });
                self.alarms
                    .set(handle, Alarm::Expiry, self.now + MAX_RING_TIME);
                self.take_offer(handle, message);
                self.schedule_reply(handle);
            }
            Err(status) => self.respond_to(invite, from, message, status, &[]),
        }
    }

    /// Makes a call of an INVITE and draws what will be done with it; or the status that refuses
    /// it at once.
    fn open_call(
        &mut self,
        invite: TransactionId,
        from: SocketAddr,
        message: &Message<'_>,
    ) -> Result<CallHandle, u16> {
        self.check_invite(message)?;
        let script = self
            .config
            .uas
            .draw_script(&mut self.random)
            .cloned()
            .ok_or(480_u16)?;
        let tag = self.token();
        let dialog = Dialog::of_called(message, tag, from).ok_or(400_u16)?;
        let media = self.take_media_address().ok_or(503_u16)?;
        let id = u64::from(self.random.next_u32());
        let session = Session::new(media, &self.config.uas.codecs, id);
        let handle = self.new_handle();
        let phase = if script.replies.is_empty() {
            // A silent call is known by its Call-ID; a transaction would wait for a response.
            self.transactions.forget(invite);
            Phase::Silent
        } else {
            self.transactions.watch(invite, handle);
            Phase::Alerting { invite }
        };
        let mut call = Call::new(handle, Role::Called, phase, dialog, session, self.now);
        call.calling_number = message
            .from()
            .map(|from| user_of(from.uri))
            .unwrap_or_default();
        call.called_number = message.request_uri().map(user_of).unwrap_or_default();
        call.talk = script.talk.map(|talk| talk.draw(&mut self.random));
        for reply in script.replies {
            let after = reply.after.draw(&mut self.random);
            call.replies
                .push_back((after, reply.status, reply.with_sdp));
        }
        call.invite_head = Some(sip_core::ReplyHead::of(message, from));
        call.invite_cseq = message.cseq().map_or(0, |cseq| cseq.number);
        self.insert_call(call);
        Ok(handle)
    }

    fn check_invite(&self, message: &Message<'_>) -> Result<(), u16> {
        if message.header(HeaderName::Require).is_some() {
            return Err(420);
        }
        let has_offer = !message.body().is_empty();
        if has_offer
            && message
                .content_type()
                .is_none_or(|t| t != "application/sdp")
        {
            return Err(415);
        }
        let room = self.calls.len() < self.config.max_calls;
        if room && !self.is_shutting_down {
            Ok(())
        } else {
            Err(503)
        }
    }

    /// Takes the offer of an INVITE. One that cannot be used replaces the script by 488.
    fn take_offer(&mut self, handle: CallHandle, message: &Message<'_>) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if message.body().is_empty() {
            return;
        }
        match call.session.answer(message.body()) {
            Ok(answer) => call.answer = Some(answer),
            Err(_) if call.phase == Phase::Silent => {}
            Err(_) => call.replies = [(sip_core::Duration::ZERO, 488, false)].into(),
        }
    }

    fn schedule_reply(&mut self, handle: CallHandle) {
        let next = self
            .calls
            .get(&handle)
            .and_then(|call| call.replies.front());
        if let Some((after, ..)) = next {
            self.alarms.set(handle, Alarm::Reply, self.now + *after);
        }
    }

    /// The script's next response.
    pub(super) fn next_reply(&mut self, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let (Phase::Alerting { .. }, Some((_, status, with_sdp))) =
            (call.phase, call.replies.pop_front())
        else {
            return;
        };
        match status {
            ..200 => {
                self.send_provisional(handle, status, with_sdp);
                self.schedule_reply(handle);
            }
            200..300 => self.send_answer(handle, status),
            300.. => self.refuse(handle, status),
        }
    }

    fn send_provisional(&mut self, handle: CallHandle, status: u16, with_sdp: bool) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        // Early media needs the caller's offer; without one there is nothing to answer.
        let body = call.answer.clone().filter(|_| with_sdp);
        call.times.note(self.now, status, body.is_some());
        let has_early_media = body.is_some();
        self.send_invite_response(handle, status, body);
        if has_early_media {
            self.follow_session(handle);
        }
    }

    fn send_answer(&mut self, handle: CallHandle, status: u16) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Phase::Alerting { invite } = call.phase else {
            return;
        };
        let awaits_answer = call.answer.is_none();
        let body = call.answer.clone().unwrap_or_else(|| call.session.offer());
        call.times.note(self.now, status, true);
        call.status = status;
        call.reason = reason_phrase(status).to_owned();
        let cseq = call.invite_cseq;
        self.send_invite_response(handle, status, Some(body));
        self.begin_talk(handle);
        self.await_ack(handle, invite, cseq, awaits_answer);
        // The talk begins with the ACK; until then the caller may not be ready for a BYE
        // (RFC 3261 §15).
        self.alarms.cancel(handle, Alarm::HangUp);
        self.follow_session(handle);
    }

    /// Sends a 2xx of ours again until its ACK comes or 64·T1 have passed.
    pub(super) fn await_ack(
        &mut self,
        handle: CallHandle,
        invite: TransactionId,
        cseq: u32,
        awaits_answer: bool,
    ) {
        let timings = self.transactions.timings();
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let interval = timings.t1;
        call.unacknowledged = Some(Unacknowledged {
            invite,
            cseq,
            interval,
            awaits_answer,
        });
        self.alarms
            .set(handle, Alarm::AnswerAgain, self.now + interval);
        self.alarms
            .set(handle, Alarm::AckMissing, self.now + timings.patience());
    }

    pub(super) fn answer_again(&mut self, handle: CallHandle) {
        let timings = self.transactions.timings();
        let call = self.calls.get_mut(&handle);
        let Some(pending) = call.and_then(|call| call.unacknowledged.as_mut()) else {
            return;
        };
        pending.interval = timings.backed_off(pending.interval);
        let (invite, next) = (pending.invite, self.now + pending.interval);
        self.transactions.answer_again(self.now, invite);
        self.alarms.set(handle, Alarm::AnswerAgain, next);
    }

    /// RFC 3261 §13.3.1.4: no ACK, so the dialog is confirmed and ended by a BYE.
    pub(super) fn give_up_on_ack(&mut self, handle: CallHandle) {
        if let Some(call) = self.calls.get_mut(&handle) {
            call.is_ack_missing = true;
            self.send_bye(handle);
        }
    }

    /// The ACK of a 2xx.
    pub(super) fn on_ack(&mut self, handle: CallHandle, message: &Message<'_>) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let cseq = message.cseq().map(|cseq| cseq.number);
        let awaited = call
            .unacknowledged
            .filter(|pending| Ok(pending.cseq) == cseq);
        let Some(pending) = awaited else {
            return;
        };
        call.unacknowledged = None;
        let life = call.talk.unwrap_or(super::MAX_CALL_TIME);
        let answered = call.times.answered.unwrap_or(self.now);
        self.alarms.cancel(handle, Alarm::AnswerAgain);
        self.alarms.cancel(handle, Alarm::AckMissing);
        let hang_up = (answered + life).max(self.now);
        self.alarms.set(handle, Alarm::HangUp, hang_up);
        if pending.awaits_answer {
            match call.session.accept(message.body()) {
                Ok(()) => self.follow_session(handle),
                Err(_) => self.send_bye(handle),
            }
        }
    }

    /// A CANCEL for an INVITE that we may know.
    pub(super) fn on_cancel(
        &mut self,
        cancel: TransactionId,
        invite: Option<TransactionId>,
        from: SocketAddr,
        message: &Message<'_>,
    ) {
        let call = self.call_of(message);
        let phase = call
            .and_then(|handle| self.calls.get(&handle))
            .map(|call| call.phase);
        match (phase, invite) {
            (Some(Phase::Silent), _) => self.transactions.forget(cancel),
            (_, None) => self.respond_to(cancel, from, message, 481, &[]),
            (phase, Some(_)) => {
                self.respond_to(cancel, from, message, 200, &[]);
                // RFC 3261 §9.2: no effect on an INVITE that has its final response.
                if let (Some(handle), Some(Phase::Alerting { .. })) = (call, phase) {
                    self.refuse_as(handle, 487, Outcome::Cancelled);
                }
            }
        }
    }

    /// Sends a final response other than 2xx.
    pub(super) fn refuse(&mut self, handle: CallHandle, status: u16) {
        self.refuse_as(handle, status, Outcome::Refused);
    }

    pub(super) fn refuse_as(&mut self, handle: CallHandle, status: u16, outcome: Outcome) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        call.status = status;
        call.reason = reason_phrase(status).to_owned();
        call.times.first_reply.get_or_insert(self.now);
        call.times.ended = Some(self.now);
        self.send_invite_response(handle, status, None);
        if let Some(call) = self.calls.get_mut(&handle) {
            call.phase = Phase::Refused(outcome);
        }
        self.stop_media(handle);
        self.alarms.cancel_all(handle);
    }

    fn send_invite_response(&mut self, handle: CallHandle, status: u16, body: Option<String>) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        let (Phase::Alerting { invite }, Some(head)) = (call.phase, &call.invite_head) else {
            return;
        };
        // RFC 3261 §8.2.6.2: a 100 needs no tag; every other response of the dialog has one.
        let tag = (status > 100).then_some(call.dialog.local_tag.as_str());
        let bytes = self.write_response(head, status, tag, body.as_deref());
        self.transactions.respond(self.now, invite, status, bytes);
    }
}
