//! A record such as calls leave.

use rating::cdr::{
    AppliedRate, AttemptRecord, CallId, CallRecord, Charge, JournalEntry, Outcome, Release,
    ReleaseReason, ReleasedBy, ResourceRef, Transport,
};
use rating::rounding::Rounding;
use rating::{Amount, Currency, Timestamp};

fn reference(name: &str) -> ResourceRef {
    ResourceRef {
        id: 12,
        name: name.into(),
    }
}

fn rate() -> AppliedRate {
    AppliedRate {
        rate_card: reference("retail-usd"),
        prefix: "33142".into(),
        destination: "France Paris".into(),
        currency: Currency::USD,
        initial_rate_per_minute: Amount(12_500_000),
        next_rate_per_minute: Amount(12_500_000),
        initial_interval_s: 30,
        next_interval_s: 6,
        connection_fee: Amount(0),
        attempt_fee: Amount(0),
        grace_period_s: 0,
        rounding: Rounding::FINEST,
        exchange_rate: Default::default(),
        origin: Default::default(),
    }
}

fn release() -> Release {
    Release {
        by: ReleasedBy::Customer,
        reason: ReleaseReason::NormalClearing,
        sip_status: 200,
        q850_cause: 16,
    }
}

/// An answered call with one failed and one answered attempt.
pub(crate) fn entry() -> JournalEntry {
    let at = |micros: i64| Some(Timestamp(1_772_366_400_000_000 + micros));
    let attempt = AttemptRecord {
        number: 1,
        carrier: reference("carrier-a"),
        egress_trunk: reference("carrier-a-paris"),
        gateway: "192.0.2.20:5060".parse().unwrap(),
        transport: Transport::Udp,
        egress_call_id: "0195530a8f2c7d10a1b2c3d4e5f60718@198.51.100.1".into(),
        called_number_sent: "33142685300".into(),
        calling_number_sent: "442071838750".into(),
        rate: rate(),
        cost: Charge {
            billed_seconds: 66,
            amount: Amount(9_000_000),
        },
        started_at: Timestamp(1_772_366_400_000_000),
        first_reply_at: at(10_000),
        ringing_at: at(200_000),
        answered_at: at(3_000_000),
        ended_at: Timestamp(1_772_366_463_000_000),
        outcome: Outcome::Answered,
        release: release(),
    };
    JournalEntry::Ended(CallRecord {
        id: CallId(1),
        node: "fra-1".into(),
        shard: 0,
        snapshot_number: 17,
        ingress_call_id: "a84b4c76e66710@192.0.2.1".into(),
        ingress_transport: Transport::Udp,
        ingress_source: "192.0.2.1:5060".parse().unwrap(),
        user_agent: Some("Telephone 1.6".into()),
        calling_number_received: "442071838750".into(),
        called_number_received: "0033142685300".into(),
        called_number: "33142685300".into(),
        customer: Some(reference("acme")),
        ingress_trunk: Some(reference("acme-1")),
        rate: Some(rate()),
        charge: Charge {
            billed_seconds: 66,
            amount: Amount(13_750_000),
        },
        margin: Amount(4_750_000),
        received_at: Timestamp(1_772_366_400_000_000),
        ringing_at: at(200_000),
        answered_at: at(3_000_000),
        ended_at: Timestamp(1_772_366_463_000_000),
        outcome: Outcome::Answered,
        release: release(),
        attempts: vec![attempt.clone(), attempt],
        media: None,
        decision: None,
        passed_over: Vec::new(),
    })
}
