//! Received messages: which call they belong to, and what answers those of no call.

use super::call::Phase;
use super::dialog::ALLOW;
use super::summary::{EndedBy, Outcome};
use super::transactions::{Purpose, Received, TransactionId, User};
use super::write::SDP;
use super::{CallHandle, UserAgent};
use sip_core::header::HeaderName;
use sip_core::message::{Message, Method};
use std::net::SocketAddr;

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
