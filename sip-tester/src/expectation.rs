//! What a test call must show to pass, as plain data.

use crate::agent::{CallSummary, Outcome};
use crate::rtp::RtpStatistics;
use serde::Serialize;
use sip_core::Duration;
use std::fmt;

/// What must be true of a call that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Final status of the INVITE (or OPTIONS). A 2xx also asks for a proper end. Default 200.
    pub status: u16,
    /// Longest post-dial delay. Default: any.
    pub pdd_at_most: Option<Duration>,
    /// Fewest RTP packets that must have been received. Default 0.
    pub rtp_packets: u64,
    /// Highest share of RTP packets lost, in parts per thousand. Default: all.
    pub rtp_loss_per_mille: u64,
}

impl Default for Expectation {
    fn default() -> Self {
        Self {
            status: 200,
            pdd_at_most: None,
            rtp_packets: 0,
            rtp_loss_per_mille: 1_000,
        }
    }
}

impl Expectation {
    /// A call that is refused with this status.
    pub fn refusal(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// What did not come true.
    pub fn unmet(&self, summary: &CallSummary, rtp: Option<&RtpStatistics>) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        let is_success = (200..300).contains(&self.status);
        if matches!(summary.outcome, Outcome::Unreachable | Outcome::TimedOut) {
            // The status of these is our own word for silence, not an answer.
            unmet.push(Unmet::Outcome(summary.outcome));
        } else if summary.status != self.status {
            unmet.push(Unmet::Status {
                expected: self.status,
                actual: summary.status,
            });
        } else if is_success && summary.outcome != Outcome::Completed {
            unmet.push(Unmet::Outcome(summary.outcome));
        }
        if let Some(limit) = self.pdd_at_most {
            let (limit_ms, actual_ms) = (limit.as_millis(), summary.pdd_us().map(|us| us / 1_000));
            if actual_ms.is_none_or(|actual| actual > limit_ms) {
                unmet.push(Unmet::Pdd {
                    limit_ms,
                    actual_ms,
                });
            }
        }
        let rtp = rtp.copied().unwrap_or_default();
        if rtp.received < self.rtp_packets {
            let (expected, actual) = (self.rtp_packets, rtp.received);
            unmet.push(Unmet::RtpPackets { expected, actual });
        }
        if rtp.loss_per_mille() > self.rtp_loss_per_mille {
            let (limit, actual) = (self.rtp_loss_per_mille, rtp.loss_per_mille());
            unmet.push(Unmet::RtpLoss { limit, actual });
        }
        unmet
    }
}

/// One thing that was expected and did not happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmet {
    /// Another final status.
    Status {
        /// What was expected.
        expected: u16,
        /// What came; 0 for nothing.
        actual: u16,
    },
    /// Nothing was answered; or the status was right, and then something broke.
    Outcome(Outcome),
    /// It rang too late.
    Pdd {
        /// The limit, milliseconds.
        limit_ms: u64,
        /// The delay, milliseconds; `None` when it never rang.
        actual_ms: Option<u64>,
    },
    /// Too little audio.
    RtpPackets {
        /// At least.
        expected: u64,
        /// Received.
        actual: u64,
    },
    /// Too much audio lost, parts per thousand.
    RtpLoss {
        /// At most.
        limit: u64,
        /// Lost.
        actual: u64,
    },
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status {
                expected,
                actual: 0,
            } => write!(f, "no final status, not {expected}"),
            Self::Status { expected, actual } => write!(f, "status {actual}, not {expected}"),
            Self::Outcome(outcome) => write!(f, "the call did not end properly: {outcome:?}"),
            Self::Pdd {
                limit_ms,
                actual_ms: Some(actual),
            } => {
                write!(f, "PDD {actual} ms, more than {limit_ms} ms")
            }
            Self::Pdd {
                limit_ms,
                actual_ms: None,
            } => {
                write!(f, "it never rang, let alone within {limit_ms} ms")
            }
            Self::RtpPackets { expected, actual } => {
                write!(f, "{actual} RTP packets received, fewer than {expected}")
            }
            Self::RtpLoss { limit, actual } => {
                write!(f, "{actual} of 1,000 RTP packets lost, more than {limit}")
            }
        }
    }
}
