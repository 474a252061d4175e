//! Changes and requests in the middle of a call, received (RFC 3261 §14, RFC 3311) and planned.

use super::call::Phase;
use super::transactions::{Purpose, TransactionId};
use super::{CallHandle, UserAgent};
use crate::plan::MidCall;
use sip_core::message::{Message, Method, ReplyHead};
use std::net::SocketAddr;

impl UserAgent {
    /// re-INVITE and UPDATE.
    pub(super) fn on_new_offer(
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
        let bytes = self.write_response(&head, 200, None, body.as_deref());
        self.transactions.respond(self.now, id, 200, bytes);
        if is_invite {
            self.await_ack(handle, id, cseq, !has_offer);
        }
        self.follow_session(handle);
    }

    pub(super) fn on_reinvite_answered(&mut self, handle: CallHandle, response: &Message<'_>) {
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

    pub(super) fn on_step_answered(&mut self, handle: CallHandle, response: &Message<'_>) {
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
}
