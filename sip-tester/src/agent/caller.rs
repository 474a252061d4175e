//! The calling side: INVITE, its responses, ACK, CANCEL (RFC 3261 §13.2, §9.1); OPTIONS (§11).

use super::alarm::Alarm;
use super::call::{Call, Cancel, Phase, SentAck};
use super::dialog::Dialog;
use super::session::Session;
use super::summary::{Outcome, Role};
use super::transactions::{Purpose, User};
use super::{CallHandle, CallRequest, PlaceError, UserAgent};
use sip_core::message::{Message, Method};
use sip_core::uri::Uri;
use sip_core::{Duration, Instant};
use std::net::SocketAddr;

impl UserAgent {
    /// Places a call.
    pub fn place_call(
        &mut self,
        now: Instant,
        request: &CallRequest,
    ) -> Result<CallHandle, PlaceError> {
        self.now = now;
        let plan = &request.plan;
        let patience = plan.draw_patience(&mut self.random);
        let talk = plan.talk.draw(&mut self.random);
        let handle = self.begin(request, &plan.codecs, Purpose::Invite)?;
        if let Some(call) = self.calls.get_mut(&handle) {
            call.talk = Some(talk);
            call.steps.extend(plan.mid_call.iter().cloned());
        }
        self.alarms.set(handle, Alarm::Patience, now + patience);
        Ok(handle)
    }

    /// Asks `request.target` for its capabilities by OPTIONS. Reported as a call without RTP.
    pub fn ping(&mut self, now: Instant, request: &CallRequest) -> Result<CallHandle, PlaceError> {
        self.now = now;
        self.begin(request, &[], Purpose::Ping)
    }

    fn begin(
        &mut self,
        request: &CallRequest,
        codecs: &[crate::plan::Codec],
        purpose: Purpose,
    ) -> Result<CallHandle, PlaceError> {
        if self.calls.len() >= self.config.max_calls {
            return Err(PlaceError::TooManyCalls(self.config.max_calls));
        }
        let media = self
            .take_media_address()
            .ok_or(PlaceError::NoMediaAddress)?;
        let mut session = Session::new(media, codecs, u64::from(self.random.next_u32()));
        let offer = (purpose == Purpose::Invite).then(|| session.offer());
        let handle = self.new_handle();
        let dialog = self.dialog_for(request);
        let mut call = Call::new(
            handle,
            Role::Caller,
            Phase::Pinging,
            dialog,
            session,
            self.now,
        );
        call.calling_number.clone_from(&request.calling_number);
        call.called_number = user_of(&request.request_uri);
        self.insert_call(call);
        let method = if purpose == Purpose::Ping {
            Method::Options
        } else {
            Method::Invite
        };
        let sent = self.request(handle, purpose, method, offer.as_deref());
        if let (Some(call), Some(invite), Purpose::Invite) =
            (self.calls.get_mut(&handle), sent, purpose)
        {
            call.phase = Phase::Calling {
                invite,
                is_provisional: false,
                cancel: Cancel::No,
            };
        }
        Ok(handle)
    }

    fn dialog_for(&mut self, request: &CallRequest) -> Dialog {
        let address = self.config.address;
        Dialog::of_caller(
            format!("{}@{}", self.token(), address.ip()),
            self.token(),
            format!("sip:{}@{address}", request.calling_number),
            request.request_uri.clone(),
            request.target,
        )
    }

    /// The caller wants no answer any more.
    pub(super) fn give_up(&mut self, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Phase::Calling {
            invite,
            is_provisional,
            cancel: Cancel::No,
        } = call.phase
        else {
            return;
        };
        let cancel = if is_provisional {
            Cancel::Sent
        } else {
            Cancel::Wanted
        };
        call.phase = Phase::Calling {
            invite,
            is_provisional,
            cancel,
        };
        if is_provisional {
            let user = User {
                call: handle,
                purpose: Purpose::Cancel,
            };
            self.transactions.cancel(self.now, invite, user);
        } else {
            self.transactions.abandon(self.now, invite);
        }
    }

    /// A response to our INVITE.
    pub(super) fn on_invite_response(&mut self, handle: CallHandle, response: &Message<'_>) {
        let Some(status) = response.status() else {
            return;
        };
        match status {
            ..200 => self.on_provisional(handle, status, response),
            200..300 => self.on_answer(handle, status, response),
            300.. => self.on_refusal(handle, status, response),
        }
    }

    fn on_provisional(&mut self, handle: CallHandle, status: u16, response: &Message<'_>) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Phase::Calling { invite, cancel, .. } = call.phase else {
            return;
        };
        let with_sdp = !response.body().is_empty();
        call.times.note(self.now, status, with_sdp);
        let now_allowed = cancel == Cancel::Wanted;
        let cancel = if now_allowed { Cancel::Sent } else { cancel };
        call.phase = Phase::Calling {
            invite,
            is_provisional: true,
            cancel,
        };
        if status > 100 {
            call.dialog.confirm(response);
        }
        let early_media = with_sdp && call.session.accept(response.body()).is_ok();
        if now_allowed {
            let user = User {
                call: handle,
                purpose: Purpose::Cancel,
            };
            self.transactions.cancel(self.now, invite, user);
        }
        if early_media {
            self.follow_session(handle);
        }
    }

    fn on_answer(&mut self, handle: CallHandle, status: u16, response: &Message<'_>) {
        let Ok(cseq) = response.cseq() else {
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
        let Phase::Calling { cancel, .. } = call.phase else {
            return;
        };
        call.times.note(self.now, status, true);
        call.status = status;
        call.reason = reason_of(response);
        call.dialog.confirm(response);
        let is_usable = call.session.accept(response.body()).is_ok();
        self.alarms.cancel(handle, Alarm::Patience);
        self.acknowledge(handle, cseq.number);
        self.begin_talk(handle);
        if cancel != Cancel::No || !is_usable {
            // RFC 3261 §9.1, §13.2.2.4: acknowledged, and ended at once.
            self.send_bye(handle);
        } else {
            self.follow_session(handle);
        }
    }

    fn on_refusal(&mut self, handle: CallHandle, status: u16, response: &Message<'_>) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Phase::Calling { cancel, .. } = call.phase else {
            return;
        };
        call.times.note(self.now, status, false);
        call.status = status;
        call.reason = reason_of(response);
        let was_cancelled = cancel == Cancel::Sent && status == 487;
        let outcome = if was_cancelled {
            Outcome::Cancelled
        } else {
            Outcome::Refused
        };
        self.finish(handle, outcome, None);
    }

    /// The final response to OPTIONS outside of a call.
    pub(super) fn on_pong(&mut self, handle: CallHandle, response: &Message<'_>) {
        let Some(status) = response.status() else {
            return;
        };
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        call.times.note(self.now, 100, false);
        if status < 200 {
            return;
        }
        call.status = status;
        call.reason = reason_of(response);
        let is_success = (200..300).contains(&status);
        let outcome = if is_success {
            Outcome::Completed
        } else {
            Outcome::Refused
        };
        self.finish(handle, outcome, None);
    }

    /// Sends the ACK of a 2xx and keeps it (RFC 3261 §13.2.2.4).
    pub(super) fn acknowledge(&mut self, handle: CallHandle, cseq: u32) {
        let branch = self.branch();
        let address = self.config.address;
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let mut bytes = Vec::with_capacity(512);
        call.dialog
            .write_request(&mut bytes, Method::Ack, cseq, address, &branch)
            .finish();
        let remote: SocketAddr = call.dialog.next_hop();
        call.last_ack = Some(SentAck {
            cseq,
            remote,
            bytes: bytes.clone(),
        });
        self.transactions.send(remote, bytes);
    }

    /// Time of the next step in the middle of the call, if there is one.
    pub(super) fn schedule_step(&mut self, handle: CallHandle) {
        let next: Option<Duration> = self
            .calls
            .get(&handle)
            .and_then(|call| call.steps.front())
            .map(|(after, _)| *after);
        if let Some(after) = next {
            self.alarms.set(handle, Alarm::MidCall, self.now + after);
        }
    }
}

/// User part of a URI, empty without one.
pub(super) fn user_of(uri: &str) -> String {
    let user = Uri::parse(uri).ok().and_then(|uri| uri.user_name());
    user.unwrap_or_default().to_owned()
}

/// Reason phrase of a response.
pub(super) fn reason_of(response: &Message<'_>) -> String {
    match response.start() {
        sip_core::StartLine::Response { reason, .. } => reason.to_owned(),
        sip_core::StartLine::Request { .. } => String::new(),
    }
}
