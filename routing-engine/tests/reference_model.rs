//! A slow and obvious model of the decision, against the compiled snapshot, on random worlds.
//!
//! `ROUTING_DECISIONS=1000000 cargo test -p routing-engine --test reference_model --release` runs
//! more decisions than the 100,000 of an ordinary run. A failure prints the seed of its world.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/callers.rs"]
mod callers;
#[path = "support/model.rs"]
mod model;
#[path = "support/numbers.rs"]
mod numbers;
#[path = "support/passing.rs"]
mod passing;
#[path = "support/presenting.rs"]
mod presenting;
#[path = "support/quality.rs"]
mod quality;
#[path = "support/routing.rs"]
mod routing;
#[path = "support/world.rs"]
mod world;

use model::Outcome;
use numbers::Random;
use routing_engine::limits::HeldChannels;
use routing_engine::numbers::ShownIdentity;
use routing_engine::record::decision_bytes;
use routing_engine::throttle::AttemptEnd;
use routing_engine::{
    CallRequest, Decision, LiveAdmission, NoTrace, Permits, QualityTable, RecordedAdmission,
    RoutePlan, Snapshot, Source, decide, decide_noted,
};

const DECISIONS: usize = 100_000;
const DECISIONS_A_WORLD: usize = 500;

#[test]
fn the_snapshot_decides_as_the_model_does() {
    let decisions =
        std::env::var("ROUTING_DECISIONS").map_or(DECISIONS, |text| text.parse().unwrap());
    let mut tally = Tally::default();
    for seed in 0..decisions.div_ceil(DECISIONS_A_WORLD) as u64 {
        run_world(seed, &mut tally);
    }
    tally.check_that_everything_happened(decisions);
}

/// How often each outcome came, so that a world which refuses everything proves nothing.
#[derive(Debug, Default)]
struct Tally {
    routed: usize,
    held: usize,
    several_routes: usize,
    full_lists: usize,
    strategies: std::collections::HashMap<String, usize>,
    exclusive: usize,
    backups: usize,
    close: usize,
    throttled: usize,
    record_bytes: usize,
    rewritten: usize,
    tagged: usize,
    presented: usize,
    rejected: std::collections::HashMap<rating::cdr::ReleaseReason, usize>,
}

fn run_world(seed: u64, tally: &mut Tally) {
    let mut random = Random(seed);
    let world = world::random(&mut random);
    let resources = world.resources();
    let snapshot = Snapshot::compile(seed, &resources, None)
        .unwrap_or_else(|problems| panic!("seed {seed}: {problems:#?}"));
    // The same configuration, with counters, turns and throttles of nobody.
    let past = Snapshot::compile(seed, &resources, None).unwrap();
    // Plans are kept for a while, so that channels fill up and come back.
    let mut held = std::collections::VecDeque::new();
    let quality = quality::random(&mut random, &world);
    let mut model = model::Model::new(&world, &quality);
    for step in 0..DECISIONS_A_WORLD {
        let call = world.random_call(&mut random, step as u64);
        let request = CallRequest {
            source: Source::Address(call.source),
            called: &call.called,
            calling: &call.calling,
            identity: ShownIdentity {
                p_asserted_identity: call.asserted[0].as_deref(),
                remote_party_id: call.asserted[1].as_deref(),
                is_private: call.is_private,
            },
            now_us: call.now_us,
            at: rating::Timestamp(call.at_us),
            draw: call.draw,
            quality: &quality.table,
        };
        let (decision, record) = decide_noted(&request, &snapshot, &mut LiveAdmission);
        tally.record_bytes += record.len();
        let made_again = decided_again(&request, &record, &past);
        assert!(
            decision_bytes(&decision, &snapshot) == made_again,
            "seed {seed} step {step} {call:#?}\n{decision:#?}"
        );
        let expected = model.decide(&call);
        let found = model::outcome(&snapshot, &decision, &call);
        assert!(
            expected.is_told_by(&found),
            "seed {seed} step {step} {call:#?}\n{found:#?}\n{expected:#?}"
        );
        tally.count(&expected);
        if let (Decision::Route(plan), Outcome::Route(route)) = (decision, expected) {
            // The first route is tried, and may fail.
            let trunk = plan.candidates[0].egress_trunk(&snapshot);
            let failed = world::one_in(&mut random, 2);
            let end = AttemptEnd::Status(if failed { 503 } else { 200 });
            trunk.note_attempt(end, call.now_us);
            model.note_attempt(&trunk.resource.name, call.now_us, failed);
            let (tries, holders) = model.attempt(&route, call.now_us);
            let (found, permits) = attempt(&snapshot, &plan, call.now_us);
            assert_eq!(found, tries, "seed {seed} step {step}");
            tally.count_tries(&tries);
            held.push_back((plan, permits, route, holders));
        }
        if held.len() > 6 {
            let (plan, permits, route, holders) = held.pop_front().unwrap();
            model.release_route(&route);
            model.release(&holders);
            drop((plan, permits));
        }
        model.check_channels(&snapshot, seed, step);
        // Counting all numbers takes longer than all else of a step.
        if step % 50 == 0 {
            let mut of_calls = HeldChannels::default();
            for (plan, permits, ..) in &held {
                of_calls.note(&plan.permits);
                of_calls.note_numbers(&plan.number_permits);
                of_calls.note(permits);
            }
            assert_eq!(snapshot.drift(&of_calls), [], "seed {seed} step {step}");
        }
    }
    held.clear();
    for customer in snapshot.customers() {
        assert_eq!(customer.channels_in_use(), 0, "seed {seed}");
    }
}

/// The decision of a call's record, made by a snapshot that has seen no call.
fn decided_again(request: &CallRequest<'_>, record: &[u8], past: &Snapshot) -> Vec<u8> {
    let mut recorded = RecordedAdmission::new(record, &[]).unwrap();
    let identity = recorded.identity();
    let request = CallRequest {
        now_us: 0,
        at: recorded.at(),
        // The record of a call has nothing else of it.
        identity: identity.shown(),
        quality: QualityTable::empty(),
        ..*request
    };
    let decision = decide(&request, past, &mut recorded, &mut NoTrace);
    assert!(recorded.is_same(&decision, past), "{decision:#?}");
    decision_bytes(&decision, past)
}

/// Tries routes and their gateways until one takes the call.
fn attempt(snapshot: &Snapshot, plan: &RoutePlan, now_us: u64) -> (model::Tries, Permits) {
    let mut tries = model::Tries::new();
    for candidate in &plan.candidates {
        let trunk = candidate.egress_trunk(snapshot);
        let name = &trunk.resource.name;
        for (place, gateway) in trunk.gateways.order(|_| 0).into_iter().enumerate() {
            match candidate.admit(snapshot, gateway, now_us) {
                Ok(permits) => {
                    tries.push((name.to_string(), place, Ok(())));
                    return (tries, permits);
                }
                Err(reason) => tries.push((name.to_string(), place, Err(reason))),
            }
        }
    }
    (tries, Permits::default())
}

impl Tally {
    fn count_tries(&mut self, tries: &model::Tries) {
        for (_, _, result) in tries {
            if let Err(reason) = result {
                *self.rejected.entry(*reason).or_default() += 1;
            }
        }
    }

    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Route(route) => {
                self.routed += 1;
                self.held += usize::from(route.hold_us > 0);
                self.several_routes += usize::from(route.routes.len() > 1);
                self.full_lists += usize::from(route.routes.len() == 10);
                *self
                    .strategies
                    .entry(route.seen.strategy.clone())
                    .or_default() += 1;
                self.exclusive += usize::from(route.seen.is_exclusive);
                self.backups += usize::from(route.seen.has_backups);
                self.throttled += usize::from(route.seen.has_throttled);
                self.close += usize::from(route.seen.is_close);
                self.rewritten += usize::from(route.seen.is_rewritten);
                self.tagged += usize::from(route.seen.is_tagged);
                self.presented += usize::from(route.seen.is_presented);
            }
            Outcome::Reject(reason) => *self.rejected.entry(*reason).or_default() += 1,
        }
    }

    fn check_that_everything_happened(&self, decisions: usize) {
        use rating::cdr::ReleaseReason as Reason;
        assert!(self.routed > decisions / 16, "{self:#?}");
        assert!(self.held > decisions / 5_000, "{self:#?}");
        assert!(self.several_routes > decisions / 30, "{self:#?}");
        assert!(self.full_lists > 0, "{self:#?}");
        assert_eq!(self.strategies.len(), 9, "{self:#?}");
        assert!(self.exclusive > decisions / 1_000, "{self:#?}");
        assert!(self.backups > 0, "{self:#?}");
        assert!(self.rewritten > decisions / 5_000, "{self:#?}");
        assert!(self.tagged > decisions / 1_000, "{self:#?}");
        assert!(self.presented > decisions / 1_000, "{self:#?}");
        assert!(self.throttled > decisions / 200, "{self:#?}");
        assert!(self.record_bytes < 100 * decisions, "{self:#?}");
        assert!(self.close <= decisions / 10_000, "{self:#?}");
        for reason in [
            Reason::UnknownSource,
            Reason::CustomerInactive,
            Reason::InvalidNumber,
            Reason::NumberRefused,
            Reason::NumberClassBlocked,
            Reason::CustomerCpsLimit,
            Reason::CustomerChannelLimit,
            Reason::TrunkCpsLimit,
            Reason::TrunkChannelLimit,
            Reason::CarrierCpsLimit,
            Reason::CarrierChannelLimit,
            Reason::RouteCpsLimit,
            Reason::RouteChannelLimit,
            Reason::GatewayCpsLimit,
            Reason::GatewayChannelLimit,
            Reason::CalledNumberCpsLimit,
            Reason::CalledNumberChannelLimit,
            Reason::NoCustomerRate,
            Reason::NoRoute,
            Reason::Unprofitable,
        ] {
            assert!(self.rejected.contains_key(&reason), "{reason:?}: {self:#?}");
        }
    }
}
