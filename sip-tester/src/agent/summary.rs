//! What became of a call, and counts over all calls.

use super::CallHandle;
use crate::ladder::Ladder;
use serde::Serialize;
use sip_core::Instant;
use std::collections::BTreeMap;

/// Which side of the call this agent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It sent the INVITE.
    Caller,
    /// It received the INVITE.
    Called,
}

/// How a call came out, seen from one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Answered, acknowledged, and ended by a BYE that was answered.
    Completed,
    /// Given up by CANCEL before the answer.
    Cancelled,
    /// Refused with the final status.
    Refused,
    /// Caller: no final response within the timers; the status is 408 as RFC 3261 §8.1.3.1 says.
    TimedOut,
    /// The message could not be sent.
    Unreachable,
    /// Called: no ACK for our final response.
    AckMissing,
    /// Answered, and our BYE got no answer.
    ByeUnanswered,
    /// Called: we were told to stay silent, and did.
    Ignored,
    /// The other side broke the protocol so that the call could not go on.
    ProtocolError,
}

/// Who ended an answered call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// This agent.
    Us,
    /// The other side.
    Them,
}

/// One call that is over. Times are on the clock of the agent's driver.
#[derive(Clone, Debug, Serialize)]
pub struct CallSummary {
    /// The call.
    pub call: CallHandle,
    /// Our side of it.
    pub role: Role,
    /// Call-ID.
    pub call_id: String,
    /// User part of From.
    pub calling_number: String,
    /// User part of the Request-URI.
    pub called_number: String,
    /// INVITE sent or received.
    #[serde(serialize_with = "micros")]
    pub started_at: Instant,
    /// First response of any kind.
    #[serde(serialize_with = "optional_micros")]
    pub first_reply_at: Option<Instant>,
    /// First 180, or 183 with a session description.
    #[serde(serialize_with = "optional_micros")]
    pub ringing_at: Option<Instant>,
    /// 2xx.
    #[serde(serialize_with = "optional_micros")]
    pub answered_at: Option<Instant>,
    /// BYE, CANCEL's end, refusal or timeout.
    #[serde(serialize_with = "micros")]
    pub ended_at: Instant,
    /// Final status of the INVITE; 0 when there was none.
    pub status: u16,
    /// Reason phrase of that status as received or sent.
    pub reason: String,
    /// How it came out.
    pub outcome: Outcome,
    /// Who sent the BYE, when there was one.
    pub ended_by: Option<EndedBy>,
    /// Final statuses of the steps in the middle of the call, in order.
    pub mid_call_statuses: Vec<u16>,
    /// Every message, when the agent records ladders.
    pub ladder: Ladder,
}

impl CallSummary {
    /// Post-dial delay: INVITE to the first ringing indication, or to the answer without one;
    /// microseconds.
    pub fn pdd_us(&self) -> Option<u64> {
        let rung = self.ringing_at.or(self.answered_at)?;
        Some(rung.since(self.started_at).as_micros())
    }

    /// From answer to end, microseconds; 0 unless answered.
    pub fn talk_us(&self) -> u64 {
        self.answered_at
            .map_or(0, |answered| self.ended_at.since(answered).as_micros())
    }
}

/// Counts since the agent's start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// INVITEs sent as a caller, without retransmissions.
    pub placed: u64,
    /// New INVITEs received.
    pub received: u64,
    /// Calls that are not over.
    pub active: u64,
    /// Most calls that were active at once.
    pub most_active: u64,
    /// Calls with a 2xx.
    pub answered: u64,
    /// Calls that came out as [`Outcome::Completed`].
    pub completed: u64,
    /// Calls that came out as [`Outcome::Cancelled`].
    pub cancelled: u64,
    /// Calls that came out as [`Outcome::Refused`], by status.
    pub refused_by_status: BTreeMap<u16, u64>,
    /// Calls that came out as [`Outcome::TimedOut`] or [`Outcome::Unreachable`].
    pub unanswered: u64,
    /// Calls that came out as [`Outcome::AckMissing`], [`Outcome::ByeUnanswered`] or
    /// [`Outcome::ProtocolError`]: something is broken.
    pub broken: u64,
    /// Calls that came out as [`Outcome::Ignored`].
    pub ignored: u64,
    /// Datagrams that are no usable SIP messages.
    pub malformed: u64,
    /// Messages that belong to no call or transaction.
    pub stray: u64,
}

impl Counters {
    pub(super) fn count_start(&mut self, role: Role) {
        match role {
            Role::Caller => self.placed += 1,
            Role::Called => self.received += 1,
        }
        self.active += 1;
        self.most_active = self.most_active.max(self.active);
    }

    pub(super) fn count_end(&mut self, outcome: Outcome, status: u16) {
        self.active -= 1;
        match outcome {
            Outcome::Completed => self.completed += 1,
            Outcome::Cancelled => self.cancelled += 1,
            Outcome::Refused => *self.refused_by_status.entry(status).or_default() += 1,
            Outcome::TimedOut | Outcome::Unreachable => self.unanswered += 1,
            Outcome::AckMissing | Outcome::ByeUnanswered | Outcome::ProtocolError => {
                self.broken += 1;
            }
            Outcome::Ignored => self.ignored += 1,
        }
    }

    /// Calls that were refused, over all statuses.
    pub fn refused(&self) -> u64 {
        self.refused_by_status.values().sum()
    }
}

fn micros<S: serde::Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(at.as_micros())
}

fn optional_micros<S: serde::Serializer>(
    at: &Option<Instant>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    at.map(Instant::as_micros).serialize(serializer)
}
