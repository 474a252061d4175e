#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use rating::cdr::{CallId, Charge, Release, ReleaseReason, ReleasedBy, ResourceRef};
use rating::{Timestamp, cdr::Transport};
use routing_engine::deck::{Deck, DestinationNames};
use routing_engine::documents::parse_documents;
use routing_engine::resources::{PricedCard, ResourceSpec, Resources, Stored};
use routing_engine::{CallRequest, Decision, DryAdmission, NoTrace, Source, decide};
use std::sync::Arc;

/// A, B and C serve 20 at 1 to 3 cents, with an attempt fee of as many thousandths.
fn world(carriers: &[&str]) -> Snapshot {
    let mut yaml = "kind: rate_card\nname: sell\nspec: { currency: USD, attempt_fee: 0.01, rates: [{ prefix: 20, destination: Egypt, rate_per_minute: 0.6 }] }\n---\n\
                    kind: customer\nname: XYZ\nspec: { rate_card: sell }\n---\n\
                    kind: trunk\nname: in\nspec: { direction: ingress, customer: XYZ, source_addresses: [192.0.2.21] }\n"
        .to_owned();
    for name in carriers {
        let price = name.as_bytes()[0] - b'A' + 1;
        yaml.push_str(&format!(
            "---\nkind: rate_card\nname: buy {name}\nspec: {{ currency: USD, attempt_fee: 0.00{price}, rates: [{{ prefix: 20, destination: Egypt, rate_per_minute: 0.0{price} }}] }}\n\
             ---\nkind: carrier\nname: {name}\nspec: {{}}\n\
             ---\nkind: trunk\nname: out {name}\nspec: {{ direction: egress, carrier: {name}, rate_card: buy {name}, gateway: \"192.0.2.{price}:5060\" }}\n"
        ));
    }
    let mut resources = Resources::default();
    let mut names = DestinationNames::default();
    for document in parse_documents("world.yaml", &yaml).unwrap() {
        let name = document.value.name;
        // The same resource has the same number in every world.
        let id = name
            .bytes()
            .fold(1_i64, |id, byte| id * 31 % 1_000_003 + i64::from(byte));
        match document.value.spec {
            ResourceSpec::RateCard(spec) => {
                let rates = spec.rates.as_ref().unwrap();
                let deck = Arc::new(Deck::from_rows(rates, &spec, &mut names).unwrap());
                let card = Stored { id, name, spec };
                resources.rate_cards.push(PricedCard { card, deck });
            }
            ResourceSpec::Carrier(spec) => resources.carriers.push(Stored { id, name, spec }),
            ResourceSpec::Customer(spec) => resources.customers.push(Stored { id, name, spec }),
            ResourceSpec::Trunk(spec) => resources.trunks.push(Stored { id, name, spec }),
            other => panic!("{other:?}"),
        }
    }
    Snapshot::compile(1, &resources, None).unwrap()
}

fn plan(snapshot: &Snapshot) -> RoutePlan {
    let request = CallRequest {
        source: Source::Address([192, 0, 2, 21].into()),
        called: "201234567",
        calling: "4420",
        identity: Default::default(),
        now_us: 0,
        at: Timestamp(0),
        draw: 0,
        quality: routing_engine::QualityTable::empty(),
    };
    match decide(&request, snapshot, &mut DryAdmission, &mut NoTrace) {
        Decision::Route(plan) => plan,
        Decision::Reject(rejection) => panic!("{rejection:?}"),
    }
}

/// A call that tried so many times at each of these places of its plan, and what it came to.
fn record(snapshot: &Snapshot, tried: &[usize], talk_ms: Option<u64>) -> CallRecord {
    let plan = plan(snapshot);
    let release = Release {
        by: ReleasedBy::Carrier,
        reason: ReleaseReason::CarrierRejected,
        sip_status: 503,
        q850_cause: 41,
    };
    let ended_at = Timestamp(talk_ms.unwrap_or(0) as i64 * 1_000);
    let outcome = |is_answered: bool| match is_answered {
        true => Outcome::Answered,
        false => Outcome::Failed,
    };
    let attempts = tried.iter().zip(1..).map(|(place, number)| {
        let route = plan.candidates[*place];
        let is_answered = talk_ms.filter(|_| usize::from(number) == tried.len());
        let terms = snapshot.terms(route.rate);
        let cost = match is_answered {
            Some(talk_ms) => charge(terms, talk_ms),
            None => charge_unanswered(terms),
        };
        AttemptRecord {
            number,
            carrier: snapshot.carrier(route.carrier).resource.clone(),
            egress_trunk: snapshot.egress_trunk(route.trunk).resource.clone(),
            gateway: "192.0.2.1:5060".parse().unwrap(),
            transport: Transport::Udp,
            egress_call_id: "out".into(),
            called_number_sent: "201234567".into(),
            calling_number_sent: "4420".into(),
            rate: snapshot.applied_rate(route.rate, "201234567", None, Timestamp(0)),
            cost: cost.unwrap(),
            started_at: Timestamp(0),
            first_reply_at: None,
            ringing_at: None,
            answered_at: is_answered.map(|_| Timestamp(0)),
            ended_at,
            outcome: outcome(is_answered.is_some()),
            release: release.clone(),
        }
    });
    CallRecord {
        id: CallId(7),
        node: "n".into(),
        shard: 0,
        snapshot_number: 1,
        ingress_call_id: "in".into(),
        ingress_transport: Transport::Udp,
        ingress_source: "192.0.2.21:5060".parse().unwrap(),
        user_agent: None,
        calling_number_received: "4420".into(),
        called_number_received: "201234567".into(),
        called_number: "201234567".into(),
        customer: None::<ResourceRef>,
        ingress_trunk: None,
        rate: None,
        charge: Charge::default(),
        margin: Amount::ZERO,
        received_at: Timestamp(0),
        ringing_at: None,
        answered_at: talk_ms.map(|_| Timestamp(0)),
        ended_at,
        outcome: outcome(talk_ms.is_some()),
        release: release.clone(),
        attempts: attempts.collect(),
        media: None,
        decision: None,
        passed_over: Vec::new(),
    }
}

#[test]
fn a_call_by_its_own_plan_costs_what_its_record_says() {
    let snapshot = world(&["A", "B", "C"]);
    for (tried, talk_ms, revenue) in [
        (&[0][..], Some(60_000), 610_000_000),
        (&[0], None, 10_000_000),
        (&[0, 0, 0, 1], Some(60_000), 610_000_000),
        (&[0, 1, 2], None, 10_000_000),
        (&[0, 1, 1, 2], Some(1), 20_000_000),
    ] {
        let record = record(&snapshot, tried, talk_ms);
        let costs = record.attempts.iter().map(|attempt| attempt.cost.amount.0);
        let found = money(&record, &snapshot, &plan(&snapshot));
        assert_eq!(found.cost.0, costs.sum::<i64>(), "{tried:?}");
        assert_eq!(found.revenue.0, revenue, "{tried:?}");
    }
}

#[test]
fn a_call_that_never_came_to_anybody_costs_nothing() {
    let snapshot = world(&["A"]);
    let found = money(&record(&snapshot, &[], None), &snapshot, &plan(&snapshot));
    assert_eq!((found.revenue, found.cost), (Amount::ZERO, Amount::ZERO));
}

#[test]
fn without_the_carrier_that_failed_its_fees_are_gone() {
    let call = record(&world(&["A", "B", "C"]), &[0, 0, 1], Some(60_000));
    let draft = world(&["B", "C"]);
    // A minute of B, and its fee for the attempt.
    assert_eq!(money(&call, &draft, &plan(&draft)).cost, Amount(22_000_000));
}

#[test]
fn without_the_carrier_that_answered_the_next_carries_the_talk() {
    let call = record(&world(&["A", "B", "C"]), &[0, 1], Some(60_000));
    let draft = world(&["A", "C"]);
    // A fails as it did; then a minute of C.
    assert_eq!(money(&call, &draft, &plan(&draft)).cost, Amount(34_000_000));
    let draft = world(&["A"]);
    assert_eq!(
        money(&call, &draft, &plan(&draft)).cost,
        Amount(12_000_000),
        "it is charged for both"
    );
}
