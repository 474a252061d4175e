//! The call that a transfer asks for: a new one, or one that is up.

use super::{Letter, Referral, Replaced, Stage, Target, Transfer};
use crate::call::{Call, LegId, Phase};
use crate::cdr::Facts;
use crate::config::Now;
use crate::engine::Engine;
use crate::identity::Presented;
use crate::ingress::Obstacle;
use crate::leg::Leg;
use crate::refusals::Refusal;
use crate::relay_in_dialog::Exchanges;
use crate::release::row;
use crate::session::{CallMedia, unheld};
use crate::session_timer::SessionRequest;
use crate::setups::SetupPermit;
use media_relay::Side;
use rating::cdr::ReleaseReason;
use routing_engine::resources::{ReferPolicy, Status};
use routing_engine::snapshot::{GatewayOrder, TrunkIndex};
use routing_engine::{CallRequest, Decision, RoutePlan, Snapshot, Source};
use sip_core::slab::SlabKey;
use std::sync::Arc;

/// What the new call has of the one that asks.
struct Asker {
    facts: Facts,
    /// The description of the party that is left.
    offer: Vec<u8>,
    leg: Leg,
    presented: Option<Box<Presented>>,
    max_forwards: u32,
}

impl Engine {
    /// Begins what a REFER asks for.
    pub(super) fn begin_transfer(&mut self, now: Now, asking: SlabKey, referral: &Referral) {
        let begun = match &referral.replaced {
            Some(replaced) => self
                .check_replacing(asking, replaced)
                .and_then(|target| self.take_replaced(asking, target)),
            None => self.call_target(now, asking, &referral.number),
        };
        if let Err(status) = begun {
            self.core.post(asking, asking, Letter::Failed(status));
        }
    }

    /// A new call of the same customer, with all that its trunk says today.
    fn call_target(&mut self, now: Now, asking: SlabKey, number: &str) -> Result<(), u16> {
        let snapshot = Arc::clone(&self.core.snapshot);
        let id = self.core.new_call_id(now.wall);
        let call = self.calls.get(asking).ok_or(481_u16)?;
        if call.media.is_sealed() {
            return Err(488);
        }
        let trunk = call.facts.ingress_trunk_id();
        let trunk = trunk.and_then(|id| snapshot.ingress_trunk_of(id));
        let trunk = trunk.ok_or(403_u16)?;
        if snapshot.ingress_trunk(trunk).signalling.refer != ReferPolicy::Handle {
            return Err(403);
        }
        let mut asker = Asker {
            facts: call.facts.of_transfer(id, now, number, &snapshot),
            offer: unheld(call.media.last_sent(Side::Ingress).ok_or(488_u16)?),
            leg: Leg::vacant(call.ingress.path, snapshot.ingress_trunk(trunk).signalling),
            presented: call.presented.clone(),
            max_forwards: call.max_forwards,
        };
        let (plan, setup) = self
            .decide_target(now, &snapshot, trunk, &mut asker)
            .map_err(|reason| self.refuse_target(now, &snapshot, trunk, &asker.facts, reason))?;
        self.insert_target(now, asking, snapshot, asker, plan, setup)
    }

    fn decide_target(
        &mut self,
        now: Now,
        snapshot: &Snapshot,
        trunk: TrunkIndex,
        asker: &mut Asker,
    ) -> Result<(RoutePlan, Option<SetupPermit>), ReleaseReason> {
        let quality = Arc::clone(&self.core.quality);
        let facts = &mut asker.facts;
        let request = CallRequest {
            source: Source::Trunk(trunk),
            called: facts.called_received(),
            calling: &facts.calling_received,
            identity: asker
                .presented
                .as_deref()
                .map(Presented::shown)
                .unwrap_or_default(),
            now_us: now.instant.as_micros(),
            at: now.wall,
            draw: facts.id.draw(),
            quality: &quality,
        };
        // Beyond its customer's pace it is held like any other call: whoever asks has heard 202.
        let (decision, record) = self.decide_new(&request, snapshot);
        facts.keep_decision(record);
        let plan = match decision {
            Decision::Route(plan) => plan,
            Decision::Reject(rejection) => {
                facts.learn_rejection(&rejection, snapshot);
                return Err(rejection.reason);
            }
        };
        facts.learn_plan(&plan, snapshot);
        let setup = self
            .check_own_state()
            .and_then(|()| self.check_room())
            .and_then(|()| self.enter_setup(&plan));
        match setup {
            Ok(setup) => Ok((plan, setup)),
            Err(Obstacle::Reason(reason)) => Err(reason),
            Err(Obstacle::Status(_)) => Err(ReleaseReason::ProtocolError),
        }
    }

    /// Records a transfer that the decision refuses. What whoever asked is told.
    fn refuse_target(
        &mut self,
        now: Now,
        snapshot: &Snapshot,
        trunk: TrunkIndex,
        facts: &Facts,
        reason: ReleaseReason,
    ) -> u16 {
        let responses = &snapshot.ingress_trunk(trunk).responses;
        let status = responses.map(row(reason).status);
        self.record_rejection(now, facts, reason, status, Refusal::Recorded);
        status
    }

    fn insert_target(
        &mut self,
        now: Now,
        asking: SlabKey,
        snapshot: Arc<Snapshot>,
        asker: Asker,
        plan: RoutePlan,
        setup: Option<SetupPermit>,
    ) -> Result<(), u16> {
        let session = self.core.random_below(u64::MAX);
        let inserted = self.calls.insert_with(|key| {
            let media = CallMedia::with_vacant_ingress(session);
            target_call(key, asking, snapshot, asker, plan, setup, media)
        });
        let target = inserted.ok_or(503_u16)?;
        self.core.counters.calls_received += 1;
        self.note_target(asking, target);
        self.with_call(now.instant, target, |call, core| {
            call.hunt_when_due(core, now.instant);
            call.settle(core);
        });
        Ok(())
    }

    fn note_target(&mut self, asking: SlabKey, target: SlabKey) {
        if let Some(call) = self.calls.get_mut(asking)
            && let Some(pending) = call.asking_mut().and_then(|asking| asking.pending.as_mut())
        {
            pending.target = Some(target);
        }
    }

    /// The call that Replaces names: one of the same customer that is up. 481 for every other, so
    /// that nobody learns which calls there are.
    fn check_replacing(&self, asking: SlabKey, replaced: &Replaced) -> Result<SlabKey, u16> {
        let found = self.core.read_tag(&replaced.to_tag);
        let (target, leg) = found.ok_or(481_u16)?;
        let asker = self.calls.get(asking).ok_or(481_u16)?;
        let customer = asker.facts.customer.as_ref().map(|customer| customer.id);
        let call = self.calls.get(target).ok_or(481_u16)?;
        let is_of_customer = customer.is_some()
            && call.facts.customer.as_ref().map(|customer| customer.id) == customer;
        let dialog = &call.ingress.dialog;
        let is_named = LegId::of_tag(leg) == LegId::Ingress
            && **dialog.call_id() == *replaced.call_id
            && dialog.remote_tag() == replaced.from_tag;
        let is_free = call.phase == Phase::Answered && !call.ingress.is_gone;
        let is_untouched = call.transfer.is_none() && target != asking;
        if !(is_of_customer && is_named && is_free && is_untouched) || replaced.early_only {
            return Err(481);
        }
        let snapshot = &self.core.snapshot;
        if !asker.may_transfer_by(snapshot) || !call.is_still_allowed_by(snapshot) {
            return Err(403);
        }
        // The keys of a leg belong to its relayed session.
        if asker.media.is_sealed() || call.media.is_sealed() {
            return Err(488);
        }
        // Both parties would see the session of somebody else.
        match asker.media.is_relayed() && call.media.is_relayed() {
            true => Ok(target),
            false => Err(488),
        }
    }

    fn take_replaced(&mut self, asking: SlabKey, target: SlabKey) -> Result<(), u16> {
        let call = self.calls.get_mut(target).ok_or(481_u16)?;
        call.transfer = Some(Box::new(Transfer::Target(Target::new(asking, true))));
        self.note_target(asking, target);
        self.core.post(asking, target, Letter::Answered);
        Ok(())
    }
}

impl Call {
    /// The trunk of the call as today's configuration has it; `None` when it is not active any more,
    /// or its customer is not.
    fn trunk_today(&self, snapshot: &Snapshot) -> Option<TrunkIndex> {
        let trunk = snapshot.ingress_trunk_of(self.facts.ingress_trunk_id()?)?;
        let customer = snapshot.ingress_trunk(trunk).customer;
        (snapshot.customer(customer).status == Status::Active).then_some(trunk)
    }

    fn is_still_allowed_by(&self, snapshot: &Snapshot) -> bool {
        self.trunk_today(snapshot).is_some()
    }

    fn may_transfer_by(&self, snapshot: &Snapshot) -> bool {
        self.trunk_today(snapshot).is_some_and(|trunk| {
            snapshot.ingress_trunk(trunk).signalling.refer == ReferPolicy::Handle
        })
    }
}

impl Target {
    fn new(from: SlabKey, is_attended: bool) -> Self {
        Self {
            from,
            is_attended,
            stage: Stage::Apart,
            tries: 0,
            waits: 0,
            identity: None,
        }
    }
}

fn target_call(
    key: SlabKey,
    asking: SlabKey,
    snapshot: Arc<Snapshot>,
    asker: Asker,
    mut plan: RoutePlan,
    setup: Option<SetupPermit>,
    media: CallMedia,
) -> Call {
    let permits = std::mem::take(&mut plan.permits);
    let numbers = std::mem::take(&mut plan.number_permits);
    let credit = plan.credit.take();
    Call {
        key,
        phase: Phase::Hunting,
        facts: asker.facts,
        snapshot,
        ingress_trunk: plan.ingress_trunk,
        permits,
        numbers,
        credit,
        plan: Some(Box::new(plan)),
        next_candidate: 0,
        next_gateways: GatewayOrder::new(),
        next_addresses: None,
        presented: asker.presented,
        ingress: asker.leg,
        invite: None,
        invite_cseq: 0,
        max_forwards: asker.max_forwards,
        offer: asker.offer.into(),
        attempts: Vec::new(),
        reliable: None,
        session_request: SessionRequest::NONE,
        setup,
        media,
        transfer: Some(Box::new(Transfer::Target(Target::new(asking, false)))),
        exchanges: Exchanges::default(),
        end: None,
        media_statistics: None,
        byes: 0,
        bye_after_ack: None,
        is_held: false,
        is_noted: false,
        is_recorded: false,
        traced: false,
    }
}
