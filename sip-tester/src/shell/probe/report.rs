//! The result of a probe, for people and for programs.

use super::{ProbeKind, ProbeOptions};
use crate::agent::{EndedBy, Outcome};
use crate::expectation::Unmet;
use crate::ladder::Ladder;
use crate::rtp::RtpStatistics;
use crate::shell::FinishedCall;
use serde::Serialize;
use sip_core::Instant;
use std::fmt;
use std::net::SocketAddr;

/// What a probe found. `Display` is for a terminal; `Serialize` has every message besides. Times
/// are milliseconds since the request.
#[derive(Clone, Debug, Serialize)]
pub struct ProbeReport {
    /// As given.
    pub uri: String,
    /// Call or OPTIONS.
    pub kind: ProbeKind,
    /// Where the URI led.
    pub target: SocketAddr,
    /// Our address.
    pub local: SocketAddr,
    /// How it came out.
    pub outcome: Outcome,
    /// Final status; 408 when nothing came, 503 when it could not be sent.
    pub status: u16,
    /// Reason phrase of the final status, as received.
    pub reason: String,
    /// First response of any kind.
    pub first_reply_ms: Option<u64>,
    /// Post-dial delay: first 180, or 183 with a session description, or the answer without one.
    pub pdd_ms: Option<u64>,
    /// The answer.
    pub answer_ms: Option<u64>,
    /// From answer to end.
    pub talk_ms: u64,
    /// Who sent the BYE.
    pub ended_by: Option<EndedBy>,
    /// The audio, when there was any.
    pub rtp: Option<RtpStatistics>,
    /// What was expected and did not happen; empty for a success.
    pub unmet: Vec<Unmet>,
    /// Every message.
    pub ladder: Ladder,
}

impl ProbeReport {
    pub(super) fn new(
        uri: &str,
        options: &ProbeOptions,
        target: SocketAddr,
        local: SocketAddr,
        finished: Option<FinishedCall>,
    ) -> Self {
        let mut report = Self {
            uri: uri.to_owned(),
            kind: options.kind,
            target,
            local,
            outcome: Outcome::Unreachable,
            status: 0,
            reason: String::new(),
            first_reply_ms: None,
            pdd_ms: None,
            answer_ms: None,
            talk_ms: 0,
            ended_by: None,
            rtp: None,
            unmet: vec![Unmet::Outcome(Outcome::Unreachable)],
            ladder: Ladder::default(),
        };
        if let Some(finished) = finished {
            let FinishedCall { summary, rtp } = &finished;
            report.unmet = options.expectation.unmet(summary, rtp.as_ref());
            report.take(finished);
        }
        report.ladder.label(local, "probe");
        report.ladder.label(target, "target");
        report
    }

    fn take(&mut self, finished: FinishedCall) {
        let summary = finished.summary;
        let since_start =
            |at: Option<Instant>| at.map(|at| at.since(summary.started_at).as_millis());
        self.outcome = summary.outcome;
        self.status = summary.status;
        self.first_reply_ms = since_start(summary.first_reply_at);
        self.answer_ms = since_start(summary.answered_at);
        self.pdd_ms = summary.pdd_us().map(|pdd| pdd / 1_000);
        self.talk_ms = summary.talk_us() / 1_000;
        self.ended_by = summary.ended_by;
        self.reason = summary.reason;
        self.ladder = summary.ladder;
        self.rtp = finished.rtp;
    }

    /// Everything happened as expected.
    pub fn is_success(&self) -> bool {
        self.unmet.is_empty()
    }

    /// One sentence: what happened and, when it failed, where to look.
    pub fn verdict(&self) -> String {
        let (status, reason, target) = (self.status, &self.reason, self.target);
        match (self.outcome, self.kind) {
            (Outcome::Completed, ProbeKind::Options) => format!("alive: {status} {reason}"),
            (Outcome::Completed, ProbeKind::Call) => "answered, talked and ended properly".into(),
            (Outcome::Refused, _) => format!("refused: {status} {reason}"),
            (Outcome::Cancelled, _) => "nobody answered in time; cancelled".into(),
            (Outcome::TimedOut, _) if self.first_reply_ms.is_some() => {
                format!("{target} began to answer and then fell silent")
            }
            (Outcome::TimedOut, _) => format!(
                "{target} did not reply: is the address right, and does a firewall let UDP through?"
            ),
            (Outcome::Unreachable, _) => {
                format!("nobody listens at UDP {target}: is the switch running there?")
            }
            (Outcome::ByeUnanswered, _) => format!("answered, but {target} ignored our BYE"),
            (Outcome::AckMissing | Outcome::Ignored | Outcome::ProtocolError, _) => {
                format!("{target} broke the protocol; see the ladder")
            }
        }
    }
}

impl fmt::Display for ProbeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.ladder)?;
        writeln!(f, "{:<13}{}", "result", self.verdict())?;
        if self.status > 0 && !self.reason.is_empty() {
            writeln!(f, "{:<13}{} {}", "status", self.status, self.reason)?;
        }
        let times = [
            ("first reply", self.first_reply_ms),
            ("PDD", self.pdd_ms),
            ("answer", self.answer_ms),
            ("talk time", (self.talk_ms > 0).then_some(self.talk_ms)),
        ];
        for (name, millis) in times {
            if let Some(millis) = millis {
                writeln!(f, "{name:<13}{}.{:03} s", millis / 1_000, millis % 1_000)?;
            }
        }
        if let Some(rtp) = &self.rtp {
            write_rtp(f, rtp)?;
        }
        for unmet in &self.unmet {
            writeln!(f, "{:<13}{unmet}", "unexpected")?;
        }
        Ok(())
    }
}

fn write_rtp(f: &mut fmt::Formatter<'_>, rtp: &RtpStatistics) -> fmt::Result {
    let lost = rtp.loss_per_mille();
    writeln!(
        f,
        "{:<13}{} packets sent, {} received, {} lost ({}.{} %), jitter {}.{:03} ms",
        "RTP",
        rtp.sent,
        rtp.received,
        rtp.lost,
        lost / 10,
        lost % 10,
        rtp.jitter_us / 1_000,
        rtp.jitter_us % 1_000,
    )
}
