//! Requests and responses: which call they belong to, and those in the middle of a call.

use super::call::Phase;
use super::dialog::ALLOW;
use super::summary::{EndedBy, Outcome};
use super::transactions::{Purpose, Received, TransactionId, User};
use super::{CallHandle, UserAgent, reason_phrase};
use crate::plan::MidCall;
use sip_core::header::HeaderName;
use sip_core::message::{Message, MessageWriter, Method, RecordRoutes, ReplyHead};
use std::net::SocketAddr;

const SDP: &str = "application/sdp";

impl UserAgent {
    pub(super) fn on_request(&mut self, from: SocketAddr, to: SocketAddr, message: &Message<'_>) {
        debug_assert!(
            to.port() == self.config.address.port(),
            "delivered to another agent"
        );
        if message.validate_request().is_err() {
            self.counters.malformed += 1;
            return;
        }
        match self.transactions.receive_request(self.now, from, message) {
            Received::Absorbed => self.on_absorbed(message),
            Received::AckOfSuccess => match self.call_in_dialog(message) {
                Some(call) => self.on_ack(call, message),
                None => self.counters.stray += 1,
            },
            Received::Cancel(id, invite) => self.on_cancel(id, invite, from, message),
            Received::New(id) => self.on_new_request(id, from, message),
            Received::Unusable => self.counters.stray += 1,
        }
    }

    /// The ACK of a refusal goes no further than its transaction, and ends the call.
    fn on_absorbed(&mut self, message: &Message<'_>) {
        let call = self
            .call_of(message)
            .and_then(|handle| self.calls.get(&handle));
        if let (Some(Method::Ack), Some(call)) = (message.method(), call)
            && let Phase::Refused(outcome) = call.phase
        {
            self.finish(call.handle, outcome, None);
        }
    }

    fn on_new_request(&mut self, id: TransactionId, from: SocketAddr, message: &Message<'_>) {
        let is_in_dialog = message.to().is_ok_and(|to| to.tag().is_some());
        let known = self.call_of(message);
        let is_silent = known
            .and_then(|handle| self.calls.get(&handle))
            .is_some_and(|call| call.phase == Phase::Silent);
        match (message.method(), is_in_dialog, self.call_in_dialog(message)) {
            _ if is_silent => self.transactions.forget(id),
            (_, true, Some(call)) => self.on_dialog_request(id, call, from, message),
            (_, true, None) => self.respond_to(id, from, message, 481, &[]),
            // RFC 3261 §8.2.2.2: the same call by another path.
            (Some(Method::Invite), false, _) if known.is_some() => {
                self.respond_to(id, from, message, 482, &[]);
            }
            (Some(Method::Invite), false, _) => self.on_new_invite(id, from, message),
            (Some(Method::Options), false, _) => {
                let allow = [(HeaderName::Allow, ALLOW), (HeaderName::Accept, SDP)];
                self.respond_to(id, from, message, 200, &allow);
            }
            (Some(Method::Bye | Method::Info | Method::Update), false, _) => {
                self.respond_to(id, from, message, 481, &[]);
            }
            _ => self.respond_to(id, from, message, 405, &[(HeaderName::Allow, ALLOW)]),
        }
    }

    fn on_dialog_request(
        &mut self,
        id: TransactionId,
        handle: CallHandle,
        from: SocketAddr,
        message: &Message<'_>,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let in_order = message
            .cseq()
            .is_ok_and(|cseq| call.dialog.accept_cseq(cseq.number));
        if !in_order {
            self.respond_to(id, from, message, 500, &[]);
            return;
        }
        match message.method() {
            Some(Method::Bye) => self.on_bye(id, handle, from, message),
            Some(Method::Invite | Method::Update) => self.on_new_offer(id, handle, from, message),
            Some(Method::Info | Method::Options) => {
                self.respond_to(id, from, message, 200, &[(HeaderName::Allow, ALLOW)]);
            }
            _ => self.respond_to(id, from, message, 405, &[(HeaderName::Allow, ALLOW)]),
        }
    }

    fn on_bye(
        &mut self,
        id: TransactionId,
        handle: CallHandle,
        from: SocketAddr,
        message: &Message<'_>,
    ) {
        self.respond_to(id, from, message, 200, &[]);
        match self
            .calls
            .get(&handle)
            .map(|call| (call.phase, call.is_ack_missing))
        {
            // RFC 3261 §15.1.2: a BYE in the early dialog also ends the INVITE.
            Some((Phase::Alerting { .. }, _)) => self.refuse_as(handle, 487, Outcome::Cancelled),
            Some((_, true)) => self.finish(handle, Outcome::AckMissing, None),
            Some((Phase::Answered | Phase::HangingUp, _)) => {
                self.finish(handle, Outcome::Completed, Some(EndedBy::Them));
            }
            _ => {}
        }
    }

    /// re-INVITE and UPDATE.
    fn on_new_offer(
        &mut self,
        id: TransactionId,
        handle: CallHandle,
        from: SocketAddr,
        message: &Message<'_>,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let is_invite = message.method() == Some(Method::Invite);
        // RFC 3261 §14.2: one change at a time.
        if call.is_reinviting || is_invite && call.unacknowledged.is_some() {
            self.respond_to(id, from, message, 491, &[]);
            return;
        }
        call.dialog.refresh_target(message);
        let has_offer = !message.body().is_empty();
        let body = match has_offer {
            true => match call.session.answer(message.body()) {
                Ok(answer) => Some(answer),
                Err(_) => {
                    self.respond_to(id, from, message, 488, &[]);
                    return;
                }
            },
            false => is_invite.then(|| call.session.offer()),
        };
        let cseq = message.cseq().map_or(0, |cseq| cseq.number);
        let head = ReplyHead::of(message, from);
        let bytes = self.write_response(&head, 200, None, true, body.as_deref());
        self.transactions.respond(self.now, id, 200, bytes);
        if is_invite {
            self.await_ack(handle, id, cseq, !has_offer);
        }
        self.follow_session(handle);
    }

    pub(super) fn on_response(&mut self, message: &Message<'_>) {
        match self.transactions.receive_response(self.now, message) {
            Ok(Some(user)) => self.on_delivered(user, message),
            Ok(None) => {}
            Err(_) => self.counters.stray += 1,
        }
    }

    fn on_delivered(&mut self, user: User, response: &Message<'_>) {
        let is_final = response.status().is_some_and(|status| status >= 200);
        match user.purpose {
            Purpose::Invite => self.on_invite_response(user.call, response),
            Purpose::Ping => self.on_pong(user.call, response),
            Purpose::Cancel => {}
            Purpose::Bye if is_final => self.on_bye_answered(user.call),
            Purpose::Reinvite if is_final => self.on_reinvite_answered(user.call, response),
            Purpose::MidCall if is_final => self.on_step_answered(user.call, response),
            Purpose::Bye | Purpose::Reinvite | Purpose::MidCall => {}
        }
    }

    fn on_bye_answered(&mut self, handle: CallHandle) {
        if let Some(call) = self.calls.get(&handle) {
            let outcome = if call.is_ack_missing {
                Outcome::AckMissing
            } else {
                Outcome::Completed
            };
            self.finish(handle, outcome, None);
        }
    }

    fn on_reinvite_answered(&mut self, handle: CallHandle, response: &Message<'_>) {
        let (Some(status), Ok(cseq)) = (response.status(), response.cseq()) else {
            return;
        };
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if let Some(ack) = call.last_ack.as_ref().filter(|ack| ack.cseq == cseq.number) {
            let (remote, bytes) = (ack.remote, ack.bytes.clone());
            self.transactions.send(remote, bytes);
            return;
        }
        call.is_reinviting = false;
        let is_success = (200..300).contains(&status);
        if is_success {
            call.dialog.refresh_target(response);
            // An answer that cannot be used leaves the session as it was.
            let _ = call.session.accept(response.body());
            self.acknowledge(handle, cseq.number);
            self.follow_session(handle);
        }
        self.on_step_answered(handle, response);
    }

    fn on_step_answered(&mut self, handle: CallHandle, response: &Message<'_>) {
        let Some(status) = response.status() else {
            return;
        };
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        call.mid_call_statuses.push(status);
        // RFC 3261 §12.2.1.2: these two mean that the other side has no such dialog.
        if matches!(status, 408 | 481) && call.phase == Phase::Answered {
            self.send_bye(handle);
        }
    }

    /// The plan's next step in the middle of the call.
    pub(super) fn next_step(&mut self, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let is_quiet =
            call.phase == Phase::Answered && call.unacknowledged.is_none() && !call.is_reinviting;
        let Some((_, step)) = call.steps.pop_front() else {
            return;
        };
        if is_quiet {
            self.take_step(handle, &step);
        } else if let Some(call) = self.calls.get_mut(&handle) {
            // 491 is what the other side would say to a step while another is under way.
            call.mid_call_statuses.push(491);
        }
        self.schedule_step(handle);
    }

    fn take_step(&mut self, handle: CallHandle, step: &MidCall) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        match step {
            MidCall::Hold | MidCall::Resume => {
                let offer = call.session.offer_hold(*step == MidCall::Hold);
                call.is_reinviting = true;
                self.request(handle, Purpose::Reinvite, Method::Invite, Some(&offer));
            }
            MidCall::Update => {
                self.request(handle, Purpose::MidCall, Method::Update, None);
            }
            MidCall::Options => {
                self.request(handle, Purpose::MidCall, Method::Options, None);
            }
            MidCall::Dtmf(digit) => {
                let body = format!("Signal={digit}\r\nDuration=160\r\n");
                let kind = "application/dtmf-relay";
                self.request_with(handle, Purpose::MidCall, Method::Info, Some((kind, &body)));
            }
        }
    }

    /// Sends a request of the call, with a session description if there is one.
    pub(super) fn request(
        &mut self,
        handle: CallHandle,
        purpose: Purpose,
        method: Method<'_>,
        description: Option<&str>,
    ) -> Option<TransactionId> {
        self.request_with(handle, purpose, method, description.map(|text| (SDP, text)))
    }

    fn request_with(
        &mut self,
        handle: CallHandle,
        purpose: Purpose,
        method: Method<'_>,
        body: Option<(&str, &str)>,
    ) -> Option<TransactionId> {
        let branch = self.branch();
        let address = self.config.address;
        let call = self.calls.get_mut(&handle)?;
        let cseq = call.dialog.next_cseq();
        let mut bytes = Vec::with_capacity(1_024);
        let mut writer = call
            .dialog
            .write_request(&mut bytes, method, cseq, address, &branch);
        writer.header(HeaderName::UserAgent, &self.config.user_agent);
        if matches!(method, Method::Invite | Method::Update | Method::Options) {
            write_contact(&mut writer, address);
        }
        match body {
            Some((kind, text)) => writer.body(kind, text.as_bytes()),
            None => writer.finish(),
        }
        let remote = call.dialog.next_hop();
        let user = User {
            call: handle,
            purpose,
        };
        Some(
            self.transactions
                .request(self.now, user, branch, remote, bytes),
        )
    }

    /// Writes a response that may create or refresh a dialog.
    pub(super) fn write_response(
        &self,
        head: &ReplyHead,
        status: u16,
        tag: Option<&str>,
        with_contact: bool,
        description: Option<&str>,
    ) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1_024);
        let routes = if (101..300).contains(&status) {
            RecordRoutes::Copy
        } else {
            RecordRoutes::Omit
        };
        let reason = reason_phrase(status);
        let mut writer = MessageWriter::reply(&mut bytes, head, status, reason, tag, routes);
        if with_contact && (101..300).contains(&status) {
            write_contact(&mut writer, self.config.address);
        }
        writer.header(HeaderName::Server, &self.config.user_agent);
        match description {
            Some(text) => writer.body(SDP, text.as_bytes()),
            None => writer.finish(),
        }
        bytes
    }

    /// Answers a request at once, outside of any script.
    pub(super) fn respond_to(
        &mut self,
        id: TransactionId,
        from: SocketAddr,
        message: &Message<'_>,
        status: u16,
        headers: &[(HeaderName, &str)],
    ) {
        let tag = self.token();
        let mut bytes = Vec::with_capacity(512);
        let reason = reason_phrase(status);
        let mut writer =
            MessageWriter::reply_to(&mut bytes, message, from, status, reason, Some(&tag));
        for (name, value) in headers {
            writer.header(*name, value);
        }
        if status == 420 {
            for option in message.raw_values(HeaderName::Require) {
                writer.raw_header("Unsupported", option);
            }
        }
        writer
            .header(HeaderName::Server, &self.config.user_agent)
            .finish();
        self.transactions.respond(self.now, id, status, bytes);
    }

    /// The call with the message's Call-ID.
    pub(super) fn call_of(&self, message: &Message<'_>) -> Option<CallHandle> {
        self.by_call_id.get(message.call_id().ok()?).copied()
    }

    /// The call whose dialog a request is in: Call-ID and both tags.
    fn call_in_dialog(&self, request: &Message<'_>) -> Option<CallHandle> {
        let call = self.calls.get(&self.call_of(request)?)?;
        let (from, to) = (request.from().ok()?, request.to().ok()?);
        let is_ours = to.tag() == Some(call.dialog.local_tag.as_str());
        let is_theirs = call.dialog.remote_tag.as_deref() == from.tag();
        (is_ours && is_theirs).then_some(call.handle)
    }
}

fn write_contact(writer: &mut MessageWriter<'_>, address: SocketAddr) {
    writer.header_fmt(HeaderName::Contact, format_args!("<sip:{address}>"));
}
