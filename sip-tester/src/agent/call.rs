//! The state of one call, what both sides have in common, and its end.

use super::alarm::Alarm;
use super::dialog::Dialog;
use super::session::Session;
use super::summary::{CallSummary, EndedBy, Outcome, Role};
use super::transactions::{Purpose, TransactionId, User};
use super::{CallHandle, Event, MediaChange, UserAgent};
use crate::ladder::Ladder;
use crate::plan::MidCall;
use sip_core::message::{Method, ReplyHead};
use sip_core::{Duration, Instant};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) handle: CallHandle,
    pub(super) role: Role,
    pub(super) phase: Phase,
    pub(super) dialog: Dialog,
    pub(super) session: Session,
    /// The session's local address is this call's alone until it is given back.
    has_media_address: bool,
    /// From our answer or theirs to our BYE; `None` leaves the BYE to the other side.
    pub(super) talk: Option<Duration>,
    /// What is still to be done in the middle of the call, with the time before each.
    pub(super) steps: VecDeque<(Duration, MidCall)>,
    /// The called side's responses that are still to be sent, with the time before each.
    pub(super) replies: VecDeque<(Duration, u16, bool)>,
    /// The called side: what every response to the INVITE repeats.
    pub(super) invite_head: Option<ReplyHead>,
    /// The called side: sequence number of the INVITE, which its ACK repeats.
    pub(super) invite_cseq: u32,
    /// The called side: our answer to the caller's offer, the same in every response.
    pub(super) answer: Option<String>,
    /// No ACK came for our 2xx, and the BYE that follows from that was sent.
    pub(super) is_ack_missing: bool,
    /// A 2xx of ours whose ACK is awaited.
    pub(super) unacknowledged: Option<Unacknowledged>,
    /// The ACK of the last 2xx we got, to be sent again when the 2xx comes again.
    pub(super) last_ack: Option<SentAck>,
    /// A re-INVITE of ours is under way.
    pub(super) is_reinviting: bool,
    pub(super) calling_number: String,
    pub(super) called_number: String,
    pub(super) times: Times,
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) ended_by: Option<EndedBy>,
    pub(super) mid_call_statuses: Vec<u16>,
    pub(super) ladder: Ladder,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Caller: the INVITE was sent.
    Calling {
        invite: TransactionId,
        /// A provisional response came, so a CANCEL may go.
        is_provisional: bool,
        cancel: Cancel,
    },
    /// Called: no final response was sent.
    Alerting { invite: TransactionId },
    /// Called: the script says to be dead.
    Silent,
    /// Called: a refusal was sent and its ACK is awaited.
    Refused(Outcome),
    /// A 2xx was sent or received.
    Answered,
    /// Our BYE was sent.
    HangingUp,
    /// Caller of OPTIONS.
    Pinging,
    /// Its last message is on its way out; then it is reported and gone.
    Over(Outcome),
}

/// Whether a caller has given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cancel {
    /// No.
    No,
    /// Yes, but RFC 3261 §9.1 forbids a CANCEL before a provisional response.
    Wanted,
    /// Yes, and the CANCEL was sent.
    Sent,
}

/// A 2xx that goes out again until its ACK comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unacknowledged {
    pub(super) invite: TransactionId,
    pub(super) cseq: u32,
    pub(super) interval: Duration,
    /// The INVITE had no offer, so the 2xx had it and the ACK brings the answer.
    pub(super) awaits_answer: bool,
}

/// The ACK of a 2xx.
#[derive(Clone, Debug)]
pub(super) struct SentAck {
    pub(super) cseq: u32,
    pub(super) remote: SocketAddr,
    pub(super) bytes: Vec<u8>,
}

/// When things happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) started: Instant,
    pub(super) first_reply: Option<Instant>,
    pub(super) ringing: Option<Instant>,
    pub(super) answered: Option<Instant>,
    pub(super) ended: Option<Instant>,
}

impl Times {
    pub(super) fn starting(started: Instant) -> Self {
        Self {
            started,
            first_reply: None,
            ringing: None,
            answered: None,
            ended: None,
        }
    }

    /// Takes note of a response to the INVITE.
    pub(super) fn note(&mut self, now: Instant, status: u16, with_sdp: bool) {
        self.first_reply.get_or_insert(now);
        if status == 180 || status == 183 && with_sdp {
            self.ringing.get_or_insert(now);
        }
        if (200..300).contains(&status) {
            self.answered.get_or_insert(now);
        }
    }
}

impl Call {
    /// A call that has just begun.
    pub(super) fn new(
        handle: CallHandle,
        role: Role,
        phase: Phase,
        dialog: Dialog,
        session: Session,
        started: Instant,
    ) -> Self {
        Self {
            handle,
            role,
            phase,
            dialog,
            session,
            has_media_address: true,
            talk: None,
            steps: VecDeque::new(),
            replies: VecDeque::new(),
            invite_head: None,
            invite_cseq: 0,
            answer: None,
            is_ack_missing: false,
            unacknowledged: None,
            last_ack: None,
            is_reinviting: false,
            calling_number: String::new(),
            called_number: String::new(),
            times: Times::starting(started),
            status: 0,
            reason: String::new(),
            ended_by: None,
            mid_call_statuses: Vec::new(),
            ladder: Ladder::default(),
        }
    }

    fn into_summary(self, outcome: Outcome, now: Instant) -> CallSummary {
        CallSummary {
            call: self.handle,
            role: self.role,
            call_id: self.dialog.call_id,
            calling_number: self.calling_number,
            called_number: self.called_number,
            started_at: self.times.started,
            first_reply_at: self.times.first_reply,
            ringing_at: self.times.ringing,
            answered_at: self.times.answered,
            ended_at: self.times.ended.unwrap_or(now),
            status: self.status,
            reason: self.reason,
            outcome,
            ended_by: self.ended_by,
            mid_call_statuses: self.mid_call_statuses,
            ladder: self.ladder,
        }
    }
}

impl UserAgent {
    /// Ends a call in the way its phase asks for. Nothing happens to one that is ending already.
    pub fn hang_up(&mut self, now: Instant, call: CallHandle) {
        self.now = now;
        let Some(phase) = self.calls.get(&call).map(|call| call.phase) else {
            return;
        };
        match phase {
            Phase::Calling { .. } => self.give_up(call),
            Phase::Alerting { .. } => self.refuse(call, 480),
            Phase::Answered => self.send_bye(call),
            Phase::Silent => self.finish(call, Outcome::Ignored, None),
            Phase::Pinging => self.finish(call, Outcome::TimedOut, None),
            Phase::Refused(_) | Phase::HangingUp | Phase::Over(_) => {}
        }
    }

    pub(super) fn insert_call(&mut self, call: Call) {
        self.counters.count_start(call.role);
        self.by_call_id
            .insert(call.dialog.call_id.clone(), call.handle);
        self.calls.insert(call.handle, call);
    }

    /// Starts or changes the RTP as the session says.
    pub(super) fn follow_session(&mut self, call: CallHandle) {
        let Some(call) = self.calls.get(&call) else {
            return;
        };
        if let Some(agreed) = call.session.agreed() {
            let change = MediaChange {
                local: call.session.local,
                codec: agreed.codec,
                send_to: agreed.send_to,
            };
            self.events.push_back(Event::Media {
                call: call.handle,
                change,
            });
        }
    }

    /// Both sides, from the 2xx on: who hangs up, and what happens before.
    pub(super) fn begin_talk(&mut self, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        call.phase = Phase::Answered;
        let life = call.talk.unwrap_or(MAX_TALK).min(MAX_TALK);
        let first_step = call.steps.front().map(|(after, _)| *after);
        self.counters.answered += 1;
        self.alarms.cancel(handle, Alarm::Expiry);
        self.alarms.set(handle, Alarm::HangUp, self.now + life);
        if let Some(after) = first_step {
            self.alarms.set(handle, Alarm::MidCall, self.now + after);
        }
        self.events.push_back(Event::Answered { call: handle });
    }

    pub(super) fn send_bye(&mut self, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        call.phase = Phase::HangingUp;
        call.times.ended = Some(self.now);
        call.ended_by = Some(EndedBy::Us);
        call.unacknowledged = None;
        self.alarms.cancel_all(handle);
        self.stop_media(handle);
        self.request(handle, Purpose::Bye, Method::Bye, None);
    }

    /// The call is over. It is reported when its last messages have been polled.
    pub(super) fn finish(
        &mut self,
        handle: CallHandle,
        outcome: Outcome,
        ended_by: Option<EndedBy>,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if matches!(call.phase, Phase::Over(_)) {
            return;
        }
        call.phase = Phase::Over(outcome);
        call.times.ended.get_or_insert(self.now);
        call.ended_by = call.ended_by.or(ended_by);
        call.unacknowledged = None;
        let status = call.status;
        self.counters.count_end(outcome, status);
        self.stop_media(handle);
        self.alarms.cancel_all(handle);
        self.alarms.set(handle, Alarm::Report, self.now);
    }

    pub(super) fn report(&mut self, handle: CallHandle) {
        if self.transactions.has_transmits() {
            // Its last message has not been polled, so its ladder is not complete.
            self.alarms
                .set(handle, Alarm::Report, self.now + Duration::from_micros(1));
            return;
        }
        let Some(call) = self.calls.remove(&handle) else {
            return;
        };
        self.by_call_id.remove(&call.dialog.call_id);
        if let Phase::Over(outcome) = call.phase {
            let summary = call.into_summary(outcome, self.now);
            self.events.push_back(Event::Ended(Box::new(summary)));
        }
    }

    pub(super) fn stop_media(&mut self, handle: CallHandle) {
        let Some(call) = self
            .calls
            .get_mut(&handle)
            .filter(|call| call.has_media_address)
        else {
            return;
        };
        call.has_media_address = false;
        let address = call.session.local;
        self.give_back_media_address(address);
        self.events.push_back(Event::MediaStopped { call: handle });
    }

    /// A request of ours got no final response: in time, or at all because it was not sent.
    pub(super) fn on_unanswered(&mut self, user: User, outcome: Outcome) {
        let Some(call) = self.calls.get_mut(&user.call) else {
            return;
        };
        match (user.purpose, call.phase) {
            // RFC 3261 §9.1: without a final response after a CANCEL the call is cancelled.
            (
                Purpose::Invite,
                Phase::Calling {
                    cancel: Cancel::Wanted | Cancel::Sent,
                    ..
                },
            ) => {
                self.finish(user.call, Outcome::Cancelled, None);
            }
            // RFC 3261 §8.1.3.1: as if the response had been 408, or 503.
            (Purpose::Invite, Phase::Calling { .. }) | (Purpose::Ping, Phase::Pinging) => {
                call.status = if outcome == Outcome::Unreachable {
                    503
                } else {
                    408
                };
                self.finish(user.call, outcome, None);
            }
            (Purpose::Bye, Phase::HangingUp) => {
                let outcome = if call.is_ack_missing {
                    Outcome::AckMissing
                } else {
                    Outcome::ByeUnanswered
                };
                self.finish(user.call, outcome, None);
            }
            // RFC 3261 §12.2.1.2: a request within the dialog that times out ends the dialog.
            (Purpose::Reinvite | Purpose::MidCall, Phase::Answered) => {
                call.mid_call_statuses.push(408);
                self.send_bye(user.call);
            }
            _ => {}
        }
    }
}

const MAX_TALK: Duration = super::MAX_CALL_TIME;
