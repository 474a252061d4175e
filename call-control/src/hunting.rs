//! Hunting: attempt after attempt over the route list, until one is answered or none is left.

use crate::attempt::{Attempt, Progress};
use crate::call::{Call, Phase};
use crate::cdr::End;
use crate::codecs::Codecs;
use crate::core::{CallTimer, Core};
use crate::destination::Destination;
use crate::encryption::Terms;
use crate::identity::{Numbers, fields};
use crate::invitation::{AttemptPlace, Caller, Invitation, failure_of};
use crate::media::MediaWatch;
use crate::release::{Failure, Origin, Retry, reason_value};
use crate::session::Half;
use media_relay::Side;
use rating::cdr::{Outcome, ReleaseReason};
use routing_engine::names::GatewayPlace;
use routing_engine::resources::{MediaMode, OneWayPolicy, Silence};
use routing_engine::throttle::AttemptEnd;
use routing_engine::{Candidate, LiveAdmission, TrunkIndex};
use sip_core::transaction::Path;
use sip_core::{Duration, Instant};

impl Call {
    /// Starts the next attempt that can be started. `last` is why the one before failed; it ends
    /// the call when no route is left.
    pub(crate) fn hunt(&mut self, core: &mut Core, now: Instant, mut last: Failure) {
        while let Some(destination) = self.take_destination(core, now, &mut last) {
            match self.start(core, now, destination) {
                Ok(()) => return,
                Err(failure) if failure.retry == Retry::NextRoute => {
                    // Another gateway of the same route may take it yet.
                    if !failure.is_of_gateway() || self.next_gateways.is_empty() {
                        self.pass_over(failure.reason);
                    }
                    last = failure;
                }
                Err(failure) => return self.fail(core, now, failure),
            }
        }
        self.fail(core, now, last);
    }

    /// Where the next attempt goes: another address of the same gateway when `last` was the fault of
    /// one, another gateway of the same route when it was that of the gateway, else the next route.
    /// Routes without a gateway that is up are passed over.
    fn take_destination(
        &mut self,
        core: &mut Core,
        now: Instant,
        last: &mut Failure,
    ) -> Option<Destination> {
        if !last.is_of_address() {
            self.next_addresses = None;
        }
        if !last.is_of_gateway() {
            self.next_gateways.clear();
        }
        loop {
            let has_all = self.attempts.len() >= usize::from(core.config.limits.max_attempts);
            if has_all || self.is_late(now) {
                return None;
            }
            if let Some(destination) = self.next_of_route(core, last) {
                return Some(destination);
            }
            if self.has_tried_enough() {
                return None;
            }
            let candidate = *self
                .plan
                .as_ref()?
                .candidates
                .get(usize::from(self.next_candidate))?;
            self.next_candidate += 1;
            let gateways = &candidate.egress_trunk(&self.snapshot).gateways;
            self.next_gateways = gateways.order(|below| core.random_below(below));
            if self.next_gateways.is_empty() {
                self.pass_over(ReleaseReason::CarrierUnreachable);
            }
            // What a carrier has answered says more than that another one cannot be asked.
            if self.next_gateways.is_empty() && self.attempts.is_empty() {
                *last = Failure::passing(Origin::Switch, ReleaseReason::CarrierUnreachable);
            }
        }
    }

    /// Notes that no attempt by the route under way could be started, unless there was one.
    pub(crate) fn pass_over(&mut self, reason: ReleaseReason) {
        let Some(place) = usize::from(self.next_candidate).checked_sub(1) else {
            return;
        };
        let plan = self.plan.as_ref();
        let route = plan.and_then(|plan| plan.candidates.get(place));
        let is_tried = route.is_some_and(|route| {
            let last = self.attempts.last();
            last.is_some_and(|attempt| attempt.route.trunk == route.trunk)
        });
        if !is_tried {
            self.facts.pass_over(place, reason);
        }
    }

    /// Whether the customer's LCR profile allows no further route.
    pub(crate) fn has_tried_enough(&self) -> bool {
        let Some(plan) = &self.plan else {
            return true;
        };
        let tried = |attempt: &Attempt| attempt.route.trunk;
        let routes = self
            .attempts
            .chunk_by(|one, next| tried(one) == tried(next))
            .count();
        routes >= self.snapshot.customer(plan.customer).attempts_max()
    }

    /// Whether the time is over within which a carrier must ring: then nobody else is asked, not
    /// even another gateway of the same route.
    fn is_late(&self, now: Instant) -> bool {
        !self.attempts.is_empty() && self.pdd_left(now) == Some(Duration::ZERO)
    }

    /// What is left of the time within which a carrier must ring; `None` without such a limit.
    fn pdd_left(&self, now: Instant) -> Option<Duration> {
        let customer = self.snapshot.customer(self.plan.as_ref()?.customer);
        let budget = Duration::from_millis(u64::from(customer.pdd_budget_ms()?));
        // The carriers have the whole of it, however long the customer's pace held the call.
        Some(budget + self.hold() - now.since(self.facts.received_instant()))
    }

    fn start(
        &mut self,
        core: &mut Core,
        now: Instant,
        destination: Destination,
    ) -> Result<(), Failure> {
        let candidate = destination.candidate;
        let passing = |reason| Failure::passing(Origin::Switch, reason);
        let permits = candidate
            .admit(&self.snapshot, destination.gateway, now.as_micros())
            .map_err(passing)?;
        let gateway = self.place_of(destination)?;
        let listener = candidate.egress_trunk(&self.snapshot).listener;
        let path = core
            .path_to(listener, destination.target, destination.host)
            .ok_or_else(|| passing(ReleaseReason::CarrierUnreachable))?;
        let mode = self.media_mode(candidate);
        let stop = |reason| Failure::new(Origin::Switch, reason);
        let stays_private = self.agree_on_terms(candidate.trunk, path)?;
        if !self.media.prepare(core, self.key, mode) {
            return Err(stop(ReleaseReason::NoMediaPorts));
        }
        let plan = self
            .plan
            .as_ref()
            .ok_or_else(|| stop(ReleaseReason::InternalError))?;
        let draw = self.facts.id.draw();
        let snapshot = &self.snapshot;
        let presented =
            candidate.numbers_to_present(snapshot, &plan.numbers, &mut LiveAdmission, draw);
        let sent = candidate.as_sent(snapshot, &presented);
        if let Some(setup) = &mut self.setup
            && presented.calling != plan.numbers_translated.calling
        {
            let trunk = plan.ingress_trunk.place();
            setup.present(&presented.calling, &presented.called, trunk);
        }
        let trunk = self.snapshot.ingress_trunk(plan.ingress_trunk);
        let numbers = Numbers {
            called: &sent.called,
            calling: &sent.calling,
            asserted: sent.asserted.as_deref(),
            is_vouched: trunk.identity.trusts_from,
            is_presented: sent.is_presented,
        };
        let caller = self.caller(core, candidate, path, numbers);
        self.write_offer(core, candidate.trunk)?;
        let offer = self.media.last_sent(Side::Egress);
        let offer = offer.filter(|_| !self.offer.is_empty());
        let place = AttemptPlace {
            call: self.key,
            index: self.attempts.len() as u16,
            candidate,
            permits,
            gateway,
            path,
            called_sent: self.facts.shared(&sent.called),
            calling_sent: self.facts.shared(&sent.calling),
        };
        let invitation = Invitation {
            policy: candidate.egress_trunk(&self.snapshot).signalling,
            max_forwards: self.max_forwards,
            offer,
            session_minimum_s: 0,
            datagrams_only: false,
            fields: &caller.fields,
        };
        let mut attempt = place
            .send(core, now, invitation, &sent.called, &caller)
            .map_err(failure_of)?;
        attempt.leg.stays_private = stays_private;
        attempt.fields = caller.fields;
        // Most calls have one, and would pay for four as long as they are up.
        self.attempts.reserve_exact(1);
        self.attempts.push(attempt);
        if let Some(place) = usize::from(self.next_candidate).checked_sub(1) {
            self.facts.take(place);
        }
        core.counters.attempts += 1;
        core.counters.failovers += u64::from(self.attempts.len() > 1);
        core.arm(
            self.key,
            CallTimer::Hunting,
            now,
            self.patience(Progress::None),
        );
        Ok(())
    }

    /// Writes what a carrier is offered, if the customer has made an offer.
    pub(crate) fn write_offer(
        &mut self,
        core: &mut Core,
        egress: TrunkIndex,
    ) -> Result<(), Failure> {
        let offer = &*self.offer;
        if offer.is_empty() {
            return Ok(());
        }
        let codecs = Codecs::of(&self.snapshot, self.ingress_trunk, egress);
        let unusable = |_| unusable_offer(codecs, offer);
        let selected = codecs.select(Side::Egress, offer).map_err(unusable)?;
        self.media
            .bridge(core, Side::Ingress, Half::Offer, &selected)
            .map_err(unusable)?;
        Ok(())
    }

    /// Tells the media what both trunks want of encryption. Whether the carrier's leg must not leave TLS.
    pub(crate) fn agree_on_terms(
        &mut self,
        egress: TrunkIndex,
        path: Path,
    ) -> Result<bool, Failure> {
        let ingress = self.snapshot.ingress_trunk(self.ingress_trunk);
        let egress = self.snapshot.egress_trunk(egress);
        let terms = [
            Terms::new(&ingress.media_encryption, self.ingress.path.transport),
            Terms::new(&egress.media_encryption, path.transport),
        ];
        self.media.encrypt(terms);
        let [ingress, egress] = terms;
        self.ingress.stays_private = ingress.stay_private();
        let is_spoken = ingress.is_spoken() && self.invite.is_some();
        let reason = ReleaseReason::UnusableSdp;
        // Whether the caller has made its offer or wants ours: no carrier is asked for what cannot be.
        if ingress.are_impossible() && self.invite.is_some() {
            return Err(Failure::new(Origin::Ingress, reason));
        }
        if is_spoken && self.media.lacks_keys(Side::Ingress, &self.offer) {
            return Err(Failure::new(Origin::Ingress, reason));
        }
        match egress.are_impossible() {
            true => Err(Failure::passing(Origin::Switch, reason)),
            false => Ok(egress.stay_private()),
        }
    }

    /// What a carrier is told of who calls.
    fn caller<'n>(
        &self,
        core: &Core,
        candidate: Candidate,
        path: Path,
        numbers: Numbers<'n>,
    ) -> Caller<'n> {
        let trunk = candidate.egress_trunk(&self.snapshot);
        let presented = self.presented.as_deref();
        let host = core.listeners.sent_by(path.listener);
        Caller {
            number: numbers.calling,
            is_hidden: !numbers.is_presented
                && presented.is_some_and(|known| known.is_hidden(&trunk.identity)),
            fields: fields(presented, &trunk.headers, &trunk.identity, numbers, host),
        }
    }

    /// How the gateway of a destination is named.
    fn place_of(&self, destination: Destination) -> Result<GatewayPlace, Failure> {
        let trunk = destination.candidate.egress_trunk(&self.snapshot);
        let gateway = trunk.gateways.at(destination.gateway);
        let place = gateway.map(|gateway| gateway.place.clone());
        place.ok_or_else(|| Failure::new(Origin::Switch, ReleaseReason::InternalError))
    }

    fn media_mode(&self, candidate: Candidate) -> MediaMode {
        if self.invite.is_none() {
            // Whoever is connected later has had another description; it need not know of the
            // change.
            return MediaMode::Relay;
        }
        candidate.media(&self.snapshot, self.ingress_trunk)
    }

    /// What both trunks of the call say of silence.
    pub(crate) fn media_watch(&self) -> MediaWatch {
        let [ingress, egress] = self.silence();
        MediaWatch {
            inactive_after_s: ingress.inactive_after_s(&egress),
            one_way_after_s: [ingress.one_way_after_s, egress.one_way_after_s],
        }
    }

    /// Whether the call ends when `side` is not heard.
    pub(crate) fn ends_one_way(&self, side: Side) -> bool {
        self.silence()[side as usize].one_way == OneWayPolicy::HangUp
    }

    fn silence(&self) -> [Silence; 2] {
        let egress = self
            .current()
            .map(|attempt| attempt.route.egress_trunk(&self.snapshot));
        [
            self.snapshot.ingress_trunk(self.ingress_trunk).silence,
            egress.map(|trunk| trunk.silence).unwrap_or_default(),
        ]
    }

    /// How long the attempt under way may take, from its beginning, to come further than
    /// `progress`.
    pub(crate) fn patience(&self, progress: Progress) -> Duration {
        let Some(attempt) = self.current() else {
            return Duration::ZERO;
        };
        let trunk = attempt.route.egress_trunk(&self.snapshot);
        let millis = |millis: u32| Duration::from_millis(u64::from(millis));
        let ring = Duration::from_secs(u64::from(trunk.ring_timeout_s));
        let before_ringing = self
            .pdd_left(attempt.started)
            .map_or(ring, |left| left.min(ring));
        match progress {
            Progress::None => millis(trunk.first_reply_timeout_ms).min(before_ringing),
            Progress::Tried => millis(trunk.pdd_timeout_ms).min(before_ringing),
            Progress::Made => ring,
        }
    }

    /// A provisional response of the attempt under way: it has come so far, and has the time of
    /// the next stage.
    pub(crate) fn on_progress_made(&mut self, core: &mut Core, now: Instant, progress: Progress) {
        if self.phase != Phase::Hunting {
            return;
        }
        let Some(attempt) = self.current_mut() else {
            return;
        };
        if attempt.progress >= progress {
            return;
        }
        attempt.progress = progress;
        let started = attempt.started;
        let left = self.patience(progress) - now.since(started);
        core.arm(self.key, CallTimer::Hunting, now, left);
    }

    /// The attempt under way has had its time.
    pub(crate) fn on_hunting_timer(&mut self, core: &mut Core, now: Instant) {
        if self.phase == Phase::Answered {
            return self.try_join_again(core);
        }
        if self.phase != Phase::Hunting {
            return;
        }
        if self.is_due(core) {
            return self.hunt_first(core, now);
        }
        let Some(attempt) = self.current_mut() else {
            return;
        };
        let failure = match attempt.progress {
            // A carrier whose edge says 100 and whose core says nothing is as good as silent.
            Progress::None | Progress::Tried => {
                Failure::passing(Origin::Egress, ReleaseReason::CarrierSilent)
            }
            // The trunk's ring timeout: the called party does not answer, by whatever route.
            Progress::Made => Failure::new(Origin::Switch, ReleaseReason::NoAnswer),
        };
        let reason = reason_value(failure.cause);
        attempt.give_up(core, now, &failure, Outcome::Failed, &reason);
        self.on_attempt_failed(core, now, failure);
    }

    /// The attempt failed and has its end: on to the next, or the call fails with it.
    pub(crate) fn on_attempt_failed(&mut self, core: &mut Core, now: Instant, failure: Failure) {
        if self.phase != Phase::Hunting {
            return;
        }
        core.disarm(self.key, CallTimer::Hunting);
        let is_silent = matches!(
            failure.reason,
            ReleaseReason::CarrierSilent | ReleaseReason::CarrierUnreachable
        );
        match failure.received_status {
            0 if is_silent => self.note_attempt(now, AttemptEnd::Silence),
            0 => {}
            status => self.note_attempt(now, AttemptEnd::Status(status)),
        }
        self.abort_exchanges(core, now);
        match failure.retry {
            Retry::NextRoute => {
                self.media.forget_answer();
                self.hunt(core, now, failure);
            }
            Retry::Stop => self.fail(core, now, failure),
        }
    }

    /// Tells the trunk of the attempt under way what became of it.
    pub(crate) fn note_attempt(&self, now: Instant, end: AttemptEnd) {
        if let Some(attempt) = self.current() {
            let trunk = attempt.route.egress_trunk(&self.snapshot);
            trunk.note_attempt(end, now.as_micros());
        }
    }

    /// The call ends without an answer: its final response, and its end.
    pub(crate) fn fail(&mut self, core: &mut Core, now: Instant, failure: Failure) {
        let failure = Failure {
            status: self.status_for_customer(failure.status),
            ..failure
        };
        let outcome = self.outcome_of_failure(core);
        self.refuse_ingress(core, now, failure.status, failure.cause);
        self.finish(core, End::failed(now, outcome, &failure, failure.status));
    }

    /// Without any attempt it was refused.
    pub(crate) fn outcome_of_failure(&self, core: &mut Core) -> Outcome {
        let is_refused = self.attempts.is_empty();
        core.counters.calls_rejected += u64::from(is_refused);
        match is_refused {
            true => Outcome::Rejected,
            false => Outcome::Failed,
        }
    }

    /// What the customer's trunk makes of a final response.
    fn status_for_customer(&self, status: u16) -> u16 {
        let trunk = self.snapshot.ingress_trunk(self.ingress_trunk);
        trunk.responses.map(status)
    }
}

/// Nothing can be done with the customer's offer; a carrier with other codecs may do better when
/// only its trunk's list stands against it.
fn unusable_offer(codecs: Codecs<'_>, offer: &[u8]) -> Failure {
    match codecs.ingress_takes(offer) {
        true => Failure::passing(Origin::Switch, ReleaseReason::UnusableSdp),
        false => Failure::new(Origin::Ingress, ReleaseReason::UnusableSdp),
    }
}
