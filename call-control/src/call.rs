//! A call: two legs and the attempts between.
//!
//! The call is the only hunter. Legs tell it what happened in the words of
//! [`LegEvent`](crate::alphabet::LegEvent); it tells them what to do:
//!
//! ```text
//!            customer                         call                            carrier
//!  INVITE ─► ingress leg ────────────► Hunting: attempt 1, 2, … ──────► attempt's leg ─► INVITE
//!            18x ◄─────────────────── Ringing, Progress ◄──────────────────────── 18x ◄─
//!            200 ◄─────────────────── Answered ◄───────────────────────────────── 200 ◄─
//!  BYE ────► ───────────────────────► Released ────────────────────────────────► BYE ──►
//! ```
//!
//! A call is over, and its slot free, when its record is written and every BYE that it sent has
//! its answer or has been given up.
//!
//! The parts of its life are in the modules below: [`hunting`](crate::hunting),
//! [`connect`](crate::connect), [`relay_in_dialog`](crate::relay_in_dialog),
//! [`teardown`](crate::teardown).

use crate::alphabet::LegEvent;
use crate::attempt::{Attempt, Progress};
use crate::cdr::{End, Facts};
use crate::core::{CallTimer, Core, Role};
use crate::destination::NextAddresses;
use crate::events::{Direction, Event, TraceLine};
use crate::identity::Presented;
use crate::leg::{AckPatience, Leg};
use crate::relay_in_dialog::Exchanges;
use crate::release::{Origin, ReasonValue};
use crate::reliable::ReliableResponses;
use crate::session::CallMedia;
use crate::session_timer::SessionRequest;
use crate::setups::SetupPermit;
use crate::transfer::Transfer;
use media_relay::{MediaStatistics, Side};
use rating::cdr::ReleaseReason;
use routing_engine::credit::Reservation;
use routing_engine::limits::NumberPermits;
use routing_engine::snapshot::{GatewayOrder, TrunkIndex};
use routing_engine::{Permits, RoutePlan, Snapshot};
use sip_core::slab::SlabKey;
use sip_core::transaction::{ClientId, ExpiredReason, Path, ServerId};
use sip_core::{Instant, Message};
use std::sync::Arc;

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No answer yet: one attempt is under way.
    Hunting,
    /// The carrier answered, and the customer must first confirm what it was sent before (PRACK).
    Connecting,
    /// Answered, both legs up.
    Answered,
    /// It has its end; the last messages are on their way.
    Ending,
}

/// One call.
pub(crate) struct Call {
    pub(crate) key: SlabKey,
    pub(crate) phase: Phase,
    pub(crate) facts: Facts,
    /// The snapshot that decided it.
    pub(crate) snapshot: Arc<Snapshot>,
    /// The routes, until one of them has answered.
    pub(crate) plan: Option<Box<RoutePlan>>,
    /// The trunk that it came in by.
    pub(crate) ingress_trunk: TrunkIndex,
    /// The channels of customer and trunk, until the end.
    pub(crate) permits: Permits,
    /// The same for limits of calls to its number.
    pub(crate) numbers: NumberPermits,
    /// What it holds of its customer's money, until the end; `None` without a limit of it.
    pub(crate) credit: Option<Reservation>,
    pub(crate) next_candidate: u8,
    /// Gateways of the route under way that are not tried yet.
    pub(crate) next_gateways: GatewayOrder,
    /// Addresses of the gateway under way that are not tried yet, when it is behind a name.
    pub(crate) next_addresses: Option<Box<NextAddresses>>,
    /// What of the INVITE goes on beside numbers and description.
    pub(crate) presented: Option<Box<Presented>>,
    pub(crate) ingress: Leg,
    /// The INVITE that began it; `None` for a call that a transfer began.
    pub(crate) invite: Option<ServerId>,
    pub(crate) invite_cseq: u32,
    /// Hops left for the egress INVITE.
    pub(crate) max_forwards: u32,
    /// The customer's description; empty when it will come with the ACK, and after the answer.
    pub(crate) offer: Box<[u8]>,
    pub(crate) attempts: Vec<Attempt>,
    /// The customer's provisional responses, when it has them reliably.
    pub(crate) reliable: Option<Box<ReliableResponses>>,
    /// What the customer's INVITE says of session timers.
    pub(crate) session_request: SessionRequest,
    /// Counts it among the calls in setup, until it is answered or over.
    pub(crate) setup: Option<SetupPermit>,
    pub(crate) media: CallMedia,
    /// What it has to do with a transfer; few calls have.
    pub(crate) transfer: Option<Box<Transfer>>,
    pub(crate) exchanges: Exchanges,
    pub(crate) end: Option<End>,
    pub(crate) media_statistics: Option<Box<MediaStatistics>>,
    /// BYEs sent and not answered yet.
    pub(crate) byes: u8,
    /// The Reason of a BYE to the customer that must wait for its ACK (RFC 3261 §15).
    pub(crate) bye_after_ack: Option<Box<ReasonValue>>,
    /// It waits until it is due ([`holding`](crate::holding)).
    pub(crate) is_held: bool,
    /// The journal has its open record, of an end that waits for the carrier.
    pub(crate) is_noted: bool,
    /// The journal has its final record.
    pub(crate) is_recorded: bool,
    pub(crate) traced: bool,
}

/// Where a message of a call came from: the ingress leg or one of the attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LegId {
    Ingress,
    Attempt(usize),
}

/// In the discriminator of the tag of who took the place of a leg.
const NEWCOMER: u16 = 1 << 15;

impl LegId {
    /// From the discriminator in our tags.
    pub(crate) fn of_tag(discriminator: u16) -> Self {
        match discriminator & !NEWCOMER {
            0 => Self::Ingress,
            n => Self::Attempt(usize::from(n) - 1),
        }
    }

    /// The discriminator in the tag of who takes the place of the leg with this one.
    pub(crate) fn newcomer_at(discriminator: u16) -> u16 {
        discriminator | NEWCOMER
    }
}

impl Call {
    /// True when the slot can be freed.
    pub(crate) fn is_over(&self) -> bool {
        self.is_recorded && self.byes == 0 && self.bye_after_ack.is_none()
    }

    /// The attempt that is under way, or answered, or was the last.
    pub(crate) fn current(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    pub(crate) fn current_mut(&mut self) -> Option<&mut Attempt> {
        self.attempts.last_mut()
    }

    /// The leg of a side. Egress is the latest attempt's.
    pub(crate) fn leg_mut(&mut self, side: Side) -> Option<&mut Leg> {
        match side {
            Side::Ingress => Some(&mut self.ingress),
            Side::Egress => self.attempts.last_mut().map(|attempt| &mut attempt.leg),
        }
    }

    pub(crate) fn leg(&self, side: Side) -> Option<&Leg> {
        match side {
            Side::Ingress => Some(&self.ingress),
            Side::Egress => self.attempts.last().map(|attempt| &attempt.leg),
        }
    }

    /// The side that a leg is; `None` for an attempt that is not the latest.
    pub(crate) fn side_of(&self, leg: LegId) -> Option<Side> {
        match leg {
            LegId::Ingress => Some(Side::Ingress),
            LegId::Attempt(index) => (index + 1 == self.attempts.len()).then_some(Side::Egress),
        }
    }

    // --- what comes in

    /// A response to a request of this call.
    pub(crate) fn on_response(
        &mut self,
        core: &mut Core,
        now: Instant,
        id: ClientId,
        role: Role,
        response: &Message<'_>,
        path: Path,
    ) {
        self.trace_received(core, now, response, path);
        match role {
            Role::Attempt(index) => {
                let snapshot = &self.snapshot;
                let attempt = self.attempts.get_mut(usize::from(index));
                let event = attempt.and_then(|attempt| {
                    attempt.on_response(core, now, self.key, response, path, snapshot)
                });
                if let Some(event) = event {
                    self.on_leg_event(core, now, Side::Egress, event);
                }
            }
            Role::Relayed(number) => self.on_relayed_response(core, now, id, number, response),
            Role::Refresh(side) => self.on_refreshed(core, now, side, response),
            Role::Probe(side) => self.on_probed(core, now, side, response.status()),
            Role::Prack => self.on_prack_response(core, now, response),
            Role::Bye => self.on_bye_response(core, now, response),
            Role::Invite
            | Role::Served(_)
            | Role::Gateway(_)
            | Role::Registration
            | Role::Detached => {}
        }
        self.settle(core);
    }

    /// A transaction of this call ended without what it waited for.
    pub(crate) fn on_expired(
        &mut self,
        core: &mut Core,
        now: Instant,
        role: Role,
        reason: ExpiredReason,
    ) {
        match role {
            Role::Attempt(index) => {
                let attempt = self.attempts.get_mut(usize::from(index));
                let event = attempt.and_then(|attempt| attempt.on_expired(now, reason));
                if let Some(event) = event {
                    self.on_leg_event(core, now, Side::Egress, event);
                }
            }
            Role::Relayed(number) => self.on_relayed_expired(core, now, number),
            Role::Refresh(side) => self.on_refresh_expired(core, now, side),
            Role::Probe(side) => self.on_probed(core, now, side, None),
            Role::Bye => self.byes = self.byes.saturating_sub(1),
            // A refusal without its ACK, a response that could not be sent: the customer is
            // gone, and its INVITE has its end. Without its PRACK the carrier sends its response
            // again.
            Role::Prack
            | Role::Invite
            | Role::Served(_)
            | Role::Gateway(_)
            | Role::Registration
            | Role::Detached => {}
        }
        self.settle(core);
    }

    /// One of the call's own timers fired.
    pub(crate) fn on_timer(&mut self, core: &mut Core, now: Instant, timer: CallTimer) {
        match timer {
            CallTimer::Hunting => self.on_hunting_timer(core, now),
            CallTimer::IngressAck => self.on_ack_timer(core, now, Side::Ingress),
            CallTimer::EgressAck => self.on_ack_timer(core, now, Side::Egress),
            CallTimer::Prack => self.on_prack_timer(core, now),
            CallTimer::IngressSession => self.on_session_timer(core, now, Side::Ingress),
            CallTimer::EgressSession => self.on_session_timer(core, now, Side::Egress),
            CallTimer::Exchange => self.on_exchange_timer(core, now),
            CallTimer::Duration => self.on_duration_timer(core, now),
        }
        self.settle(core);
    }

    fn on_ack_timer(&mut self, core: &mut Core, now: Instant, side: Side) {
        let key = self.key;
        let Some(leg) = self.leg_mut(side) else {
            return;
        };
        if leg.on_ack_timer(core, now, key, side) == AckPatience::Resent {
            return;
        }
        match self.bye_after_ack.take() {
            Some(reason) => self.send_bye(core, now, side, &reason),
            None => self.release(
                core,
                now,
                Origin::Switch,
                ReleaseReason::AckMissing,
                None,
                None,
            ),
        }
    }

    /// A leg tells what happened to it.
    pub(crate) fn on_leg_event(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        event: LegEvent<'_>,
    ) {
        match event {
            LegEvent::Trying => self.on_progress_made(core, now, Progress::Tried),
            LegEvent::Ringing(response) => self.on_ringing(core, now, response),
            LegEvent::Progress(response) => self.on_progress(core, now, response),
            LegEvent::Answered(response) => self.on_answered(core, now, response),
            LegEvent::Failed(failure) | LegEvent::Redirected(failure) => {
                self.on_attempt_failed(core, now, failure);
            }
            LegEvent::Again => self.send_again(core, now),
            LegEvent::Released(request) => self.on_released(core, now, side, request),
            LegEvent::Updated(server, request) | LegEvent::Opaque(server, request) => {
                self.relay(core, now, side, server, request);
            }
            LegEvent::Acknowledged(ack) => self.on_acknowledged(core, now, side, ack),
        }
    }

    // --- tracing

    pub(crate) fn is_traced(&self) -> bool {
        self.traced
    }

    pub(crate) fn trace_received(
        &self,
        core: &mut Core,
        now: Instant,
        message: &Message<'_>,
        path: Path,
    ) {
        if self.traced {
            let line = TraceLine {
                call: self.facts.id,
                at: self.facts.wall(now),
                direction: Direction::Received,
                remote: path.remote,
                bytes: message.as_bytes().into(),
            };
            core.events.push_back(Event::Trace(line));
        }
    }

    /// Reports the messages that were queued since the outbox held `before`.
    pub(crate) fn trace_sent(&self, core: &mut Core, now: Instant, before: usize) {
        let Core { outbox, events, .. } = core;
        for transmit in outbox.iter().skip(before) {
            events.push_back(Event::Trace(TraceLine {
                call: self.facts.id,
                at: self.facts.wall(now),
                direction: Direction::Sent,
                remote: transmit.path.remote,
                bytes: transmit.bytes.into(),
            }));
        }
    }
}
