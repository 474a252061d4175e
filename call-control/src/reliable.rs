//! Reliable provisional responses towards the customer (RFC 3262): sent again until its PRACK
//! comes, one at a time. Those of the carrier are confirmed by [`crate::attempt`].
//!
//! Each side has its own: a customer without them hears what a carrier sends reliably as plain
//! responses, and the other way round.

use crate::call::{Call, Phase};
use crate::core::{CallTimer, Core};
use crate::release::{Failure, Origin, reason_value};
use media_relay::Side;
use rating::cdr::{Outcome, ReleaseReason};
use routing_engine::resources::{ReliableProvisional, Signalling};
use sip_core::{Duration, HeaderName, Instant, Message, Method};

/// The option tag.
pub(crate) const RELIABLE: &str = "100rel";
/// RSeq begins below this, so that it never wraps (RFC 3262 §3).
const FIRST_NUMBER_MAX: u64 = 1 << 31;

/// What the customer's side of 100rel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reliability {
    /// Provisional responses are plain.
    Plain,
    /// They are reliable.
    Reliable,
    /// The trunk requires them, and the customer does not have them (421).
    Missing,
}

impl Reliability {
    /// What an INVITE and the trunk's policy come to. A caller that only supports them, and makes
    /// no offer, gets plain ones: the first reliable response would have to carry the offer.
    pub(crate) fn of(invite: &Message<'_>, policy: &Signalling) -> Self {
        let is_required = invite.has_option(HeaderName::Require, RELIABLE);
        let is_supported = || invite.has_option(HeaderName::Supported, RELIABLE);
        let makes_offer = !invite.body().is_empty();
        let reliable = |is_reliable| match is_reliable {
            true => Self::Reliable,
            false => Self::Plain,
        };
        match policy.reliable_provisional {
            ReliableProvisional::Off | ReliableProvisional::Ignored => Self::Plain,
            ReliableProvisional::SupportedUnannounced => reliable(is_required),
            ReliableProvisional::Supported => {
                reliable(is_required || (makes_offer && is_supported()))
            }
            ReliableProvisional::Required if is_required || is_supported() => Self::Reliable,
            ReliableProvisional::Required => Self::Missing,
        }
    }
}

/// The reliable provisional responses of one call.
#[derive(Debug)]
pub(crate) struct ReliableResponses {
    next_number: u32,
    sent: Option<SentReliably>,
    /// What is to be sent when that is confirmed.
    waiting: Option<Provisional>,
    /// The customer has confirmed a response with a description: offer and answer are exchanged.
    is_settled: bool,
}

/// A response that is not confirmed yet.
#[derive(Debug)]
struct SentReliably {
    number: u32,
    with_sdp: bool,
    interval: Duration,
    give_up_at: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Provisional {
    status: u16,
    with_sdp: bool,
}

impl ReliableResponses {
    pub(crate) fn new(core: &mut Core) -> Self {
        Self {
            next_number: 1 + core.random_below(FIRST_NUMBER_MAX - 1) as u32,
            sent: None,
            waiting: None,
            is_settled: false,
        }
    }

    /// RFC 3262 §3: a 2xx must not overtake a description that is not confirmed.
    pub(crate) fn holds_answer(&self) -> bool {
        self.sent.as_ref().is_some_and(|sent| sent.with_sdp)
    }

    /// Offer and answer are exchanged reliably.
    pub(crate) fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// Takes the confirmation of a response; false when it confirms nothing.
    fn confirm(&mut self, prack: &Message<'_>, invite_cseq: u32) -> bool {
        let Ok(Some(rack)) = prack.rack() else {
            return false;
        };
        let of_invite = rack.method == Method::Invite && rack.number == invite_cseq;
        let confirmed = self
            .sent
            .take_if(|sent| of_invite && sent.number == rack.response);
        self.is_settled |= confirmed.as_ref().is_some_and(|sent| sent.with_sdp);
        confirmed.is_some()
    }
}

impl Call {
    /// Tells the customer of a provisional response: as it wants to hear it.
    pub(crate) fn tell_ingress(
        &mut self,
        core: &mut Core,
        now: Instant,
        status: u16,
        with_sdp: bool,
    ) {
        if self.invite.is_none() {
            return self.report_progress(core, status);
        }
        let Some(reliable) = &mut self.reliable else {
            self.respond_ingress(core, now, status, with_sdp, None);
            return;
        };
        if self.offer.is_empty() {
            // The first reliable response would have to carry the offer, and the answer would come
            // in its PRACK, which the carrier does not await. The 200 carries it.
            return;
        }
        if reliable.sent.is_some() {
            // The latest status, and a description that was to be sent is not left out.
            let waited = reliable.waiting.is_some_and(|waiting| waiting.with_sdp);
            let with_sdp = with_sdp || waited;
            reliable.waiting = Some(Provisional { status, with_sdp });
            return;
        }
        let number = reliable.next_number;
        reliable.next_number += 1;
        let timings = core.config.timings;
        reliable.sent = Some(SentReliably {
            number,
            with_sdp,
            interval: timings.t1,
            give_up_at: now + timings.patience(),
        });
        core.arm(self.key, CallTimer::Prack, now, timings.t1);
        self.respond_ingress(core, now, status, with_sdp, Some(number));
    }

    /// A PRACK of the customer came. True when it confirms a response.
    pub(crate) fn take_prack(&mut self, core: &mut Core, prack: &Message<'_>) -> bool {
        let cseq = self.invite_cseq;
        let is_confirmed = self
            .reliable
            .as_mut()
            .is_some_and(|reliable| reliable.confirm(prack, cseq));
        if is_confirmed {
            core.disarm(self.key, CallTimer::Prack);
            self.settle_early();
        }
        is_confirmed
    }

    /// A response to a PRACK of ours.
    pub(crate) fn on_prack_response(
        &mut self,
        core: &mut Core,
        now: Instant,
        response: &Message<'_>,
    ) {
        let is_of_leg = self.side_of_response(response) == Some(Side::Egress);
        if response.status().is_none_or(|status| status < 200) || !is_of_leg {
            return;
        }
        if matches!(response.status(), Some(200..300))
            && let Some(leg) = self.leg_mut(Side::Egress)
        {
            leg.was_let_in();
        }
        let is_challenged = self.takes_challenge(Side::Egress, response);
        let key = self.key;
        if let Some(attempt) = self.current_mut().filter(|_| is_challenged) {
            attempt.confirm_again(core, now, key, response);
        }
    }

    /// What waited for the PRACK goes on.
    pub(crate) fn on_confirmed(&mut self, core: &mut Core, now: Instant) {
        let waiting = self.reliable.as_mut().and_then(|all| all.waiting.take());
        match (self.phase, waiting) {
            (Phase::Connecting, _) => self.connect(core, now),
            (Phase::Hunting, Some(next)) => {
                self.tell_ingress(core, now, next.status, next.with_sdp);
            }
            _ => {}
        }
    }

    /// No PRACK yet: again, or the call fails (RFC 3262 §3).
    pub(crate) fn on_prack_timer(&mut self, core: &mut Core, now: Instant) {
        let Some(sent) = self.reliable.as_mut().and_then(|all| all.sent.as_mut()) else {
            return;
        };
        if now < sent.give_up_at {
            sent.interval = sent.interval * 2;
            let next = sent.interval.min(sent.give_up_at.since(now));
            core.arm(self.key, CallTimer::Prack, now, next);
            if let Some(invite) = self.invite {
                core.transactions.resend(now, invite, &mut core.outbox);
            }
            return;
        }
        let failure = Failure {
            status: 504,
            ..Failure::new(Origin::Ingress, ReleaseReason::AckMissing)
        };
        match self.phase {
            Phase::Hunting => {
                let reason = reason_value(failure.cause);
                self.abandon(core, now, &failure, Outcome::Failed, &reason);
            }
            Phase::Connecting => self.drop_answer(core, now, failure, Outcome::Failed, true),
            Phase::Answered | Phase::Ending => {}
        }
    }

    /// Offer and answer are exchanged on both legs before the call is answered: an UPDATE may
    /// change the session from here on (RFC 3311 §5.1).
    pub(crate) fn settle_early(&mut self) {
        if self.phase == Phase::Hunting && self.is_settled_early() {
            self.media.agree();
        }
    }

    /// Whether both legs have exchanged offer and answer reliably.
    pub(crate) fn is_settled_early(&self) -> bool {
        let ingress = self.reliable.as_ref().is_some_and(|all| all.is_settled());
        ingress && self.current().is_some_and(|attempt| attempt.is_settled())
    }
}

/// The status of a PRACK: one with a description of its own cannot be served, because the other
/// side has no request that could carry it.
pub(crate) fn prack_status(is_confirmed: bool, prack: &Message<'_>) -> u16 {
    match is_confirmed {
        false => 481,
        true if !prack.body().is_empty() => 488,
        true => 200,
    }
}
