//! Call records: from a journal, through the loader, to the list and the whole record.

use crate::apply::{DECK, RESOURCES, apply};
use crate::fixture::Api;
use crate::ledger::{get_as, key_with};
use rating::cdr::{
    AppliedRate, AttemptRecord, CallId, CallRecord, Charge, JournalEntry, Outcome, Release,
    ReleaseReason, ReleasedBy, ResourceRef, Transport,
};
use rating::journal::{
    BootId, SEGMENT_HEADER_BYTES, SegmentHeader, SegmentName, encode_into, frame_bytes,
};
use rating::rounding::Rounding;
use rating::{Amount, Currency, Timestamp};
use serde_json::{Value, json};
use std::path::Path;
use store::{Loader, LoaderConfig};

pub(crate) const NOON: i64 = 1_772_366_400_000_000;

fn reference(name: &str) -> ResourceRef {
    ResourceRef {
        id: 1,
        name: name.into(),
    }
}

fn rate(card: &str, nanos: i64) -> AppliedRate {
    AppliedRate {
        rate_card: reference(card),
        prefix: "331".into(),
        destination: "Paris".into(),
        currency: Currency::USD,
        initial_rate_per_minute: Amount(nanos),
        next_rate_per_minute: Amount(nanos),
        initial_interval_s: 1,
        next_interval_s: 1,
        connection_fee: Amount(0),
        attempt_fee: Amount(0),
        grace_period_s: 0,
        rounding: Rounding::FINEST,
        exchange_rate: Default::default(),
        origin: Default::default(),
    }
}

/// A call of ten seconds, `second` seconds after noon.
pub(crate) fn call(second: u32) -> CallRecord {
    let at =
        |milliseconds: i64| Timestamp(NOON + i64::from(second) * 1_000_000 + milliseconds * 1_000);
    let release = Release {
        by: ReleasedBy::Customer,
        reason: ReleaseReason::NormalClearing,
        sip_status: 200,
        q850_cause: 16,
    };
    CallRecord {
        id: CallId((at(0).0 as u128 / 1_000) << 80 | 1),
        node: "fra-1".into(),
        shard: 1,
        snapshot_number: 3,
        ingress_call_id: "in@test".into(),
        ingress_transport: Transport::Udp,
        ingress_source: "192.0.2.1:5060".parse().unwrap(),
        user_agent: None,
        calling_number_received: "442071838750".into(),
        called_number_received: "+33142685300".into(),
        called_number: "33142685300".into(),
        customer: Some(reference("acme")),
        ingress_trunk: Some(reference("acme-in")),
        rate: Some(rate("retail", 60_000_000)),
        charge: Charge {
            billed_seconds: 10,
            amount: Amount(10_000_000),
        },
        margin: Amount(5_000_000),
        received_at: at(0),
        ringing_at: Some(at(250)),
        answered_at: Some(at(2_000)),
        ended_at: at(12_000),
        outcome: Outcome::Answered,
        release: release.clone(),
        attempts: vec![AttemptRecord {
            number: 1,
            carrier: reference("cheap"),
            egress_trunk: reference("cheap-out"),
            gateway: "192.0.2.20:5060".parse().unwrap(),
            transport: Transport::Tcp,
            egress_call_id: "out@test".into(),
            called_number_sent: "33142685300".into(),
            calling_number_sent: "442071838750".into(),
            rate: rate("wholesale", 30_000_000),
            cost: Charge {
                billed_seconds: 10,
                amount: Amount(5_000_000),
            },
            started_at: at(5),
            first_reply_at: Some(at(20)),
            ringing_at: Some(at(245)),
            answered_at: Some(at(1_995)),
            ended_at: at(12_000),
            outcome: Outcome::Answered,
            release,
        }],
        media: None,
        decision: None,
        passed_over: Vec::new(),
    }
}

/// A journal of these calls, as a process that is gone left it.
pub(crate) fn journal(folder: &Path, calls: &[CallRecord]) {
    let name = SegmentName {
        boot: BootId(1),
        shard: 1,
        sequence: 1,
    };
    let header = SegmentHeader::new(name, "fra-1".into(), Timestamp(NOON)).unwrap();
    let mut bytes = vec![0; 1 << 20];
    bytes[..SEGMENT_HEADER_BYTES].copy_from_slice(&header.to_bytes());
    let mut at = SEGMENT_HEADER_BYTES;
    for call in calls {
        let length = encode_into(&JournalEntry::Ended(call.clone()), &mut bytes[at..]).unwrap();
        bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
        at += frame_bytes(length as usize);
    }
    std::fs::write(folder.join(name.to_string()), bytes).unwrap();
}

async fn api_with(seconds: std::ops::Range<u32>) -> Api {
    let api = Api::start().await;
    let calls: Vec<_> = seconds.map(call).collect();
    load(&api, &calls).await;
    api
}

/// Puts these calls into the records, as a journal that is read.
pub(crate) async fn load(api: &Api, calls: &[CallRecord]) {
    journal(api.folder.path(), calls);
    let config = LoaderConfig::new(api.folder.path().into(), BootId(2));
    let recovery = Loader::new(api.store.clone(), config)
        .recover()
        .await
        .unwrap();
    assert_eq!(recovery.loaded, calls.len() as u64);
}

#[tokio::test]
async fn a_call_is_listed_with_what_it_earned() {
    let api = api_with(0..1).await;
    let page = api.get("/api/v1/cdrs").await.json();
    assert_eq!(page["next_cursor"], json!(null));
    assert_eq!(
        page["items"],
        json!([{
            "id": format!("{:032x}", call(0).id.0),
            "received_at": "2026-03-01T12:00:00.000000Z",
            "answered_at": "2026-03-01T12:00:02.000000Z",
            "ended_at": "2026-03-01T12:00:12.000000Z",
            "customer": "acme",
            "carrier": "cheap",
            "destination": "Paris",
            "calling_number": "442071838750",
            "called_number": "33142685300",
            "outcome": "answered",
            "sip_status": 200,
            "release_reason": "normal_clearing",
            "released_by": "customer",
            "duration_ms": 10_000,
            "billed_seconds": 10,
            "pdd_ms": 250,
            "attempts": 1,
            "charge": "0.01",
            "cost": "0.005",
            "margin": "0.005",
            "currency": "USD",
            "snapshot_number": 3,
            "archived": false,
        }])
    );
}

#[tokio::test]
async fn the_whole_record_has_its_attempts() {
    let api = api_with(0..1).await;
    let id = format!("{:032x}", call(0).id.0);
    let record = api.get(&format!("/api/v1/cdrs/{id}")).await.json();
    assert_eq!(record["id"], id);
    assert_eq!(record["called_number_received"], "+33142685300");
    assert_eq!(record["rate"]["next_rate_per_minute"], "0.06");
    let attempt = &record["attempt_records"][0];
    assert_eq!(attempt["carrier"], "cheap");
    assert_eq!(attempt["gateway"], "192.0.2.20:5060");
    assert_eq!(attempt["transport"], "tcp");
    assert_eq!(attempt["pdd_ms"], 240);
    assert_eq!(attempt["cost"], "0.005");
    assert_eq!(attempt["rate"]["rate_card"], "wholesale");
}

#[tokio::test]
async fn a_call_of_a_day_that_was_dropped_is_gone_and_not_unknown() {
    let api = Api::start().await;
    assert_eq!(apply(&api, RESOURCES, DECK, false).await.status, 200);
    let customer = api.get("/api/v1/customers/acme").await.json()["id"].as_i64();
    let mut record = call(0);
    record.customer.as_mut().unwrap().id = customer.unwrap();
    load(&api, std::slice::from_ref(&record)).await;
    let key = key_with(&api, 11, "customer", customer.unwrap(), &["cdr.read"]).await;
    let day = Timestamp(NOON);
    let wait = api.store.begin_dropping_cdrs(day, false).await.unwrap();
    assert_eq!(wait, None);
    let midnight = Timestamp(NOON - store::TRAFFIC_DAY_US / 2);
    let dropped = api.store.drop_some_cdrs(midnight, day).await.unwrap();
    assert_eq!((dropped.records, dropped.all), (1, true));
    let path = format!("/api/v1/cdrs/{:032x}", record.id.0);
    let own = format!("/api/v1/own-cdrs/{:032x}", record.id.0);
    let days = json!({ "days": 1, "from": "2026-03-01T00:00:00.000000Z", "to": "2026-03-02T00:00:00.000000Z" });
    for list in ["cdrs?", "cdr-totals?"] {
        let list = format!("/api/v1/{list}");
        assert_eq!(api.get(&list).await.json()["dropped"], days);
        let touching = api.get(&format!("{list}from=2026-03-01T23:59:59Z")).await;
        assert_eq!(touching.json()["dropped"], days);
        for beside in ["from=2026-03-02T00:00:00Z", "to=2026-03-01T00:00:00Z"] {
            let list = api.get(&format!("{list}{beside}")).await;
            assert_eq!(list.json()["dropped"], Value::Null, "{beside}");
        }
    }
    for own in ["/api/v1/own-cdrs", "/api/v1/own-cdr-totals"] {
        assert_eq!(get_as(&api, &key, own).await.json()["dropped"], days);
    }
    let trace = format!("/api/v1/calls/{:032x}/trace", record.id.0);
    for gone in [
        api.get(&path).await,
        api.get(&format!("{path}/explain")).await,
        api.get(&trace).await,
        api.get(&format!("{trace}/pcap")).await,
        get_as(&api, &key, &own).await,
    ] {
        assert_eq!(gone.status, 410, "{}", gone.body);
        assert!(
            gone.body.contains("of 2026-03-01 (UTC) are not kept"),
            "{}",
            gone.body
        );
    }
    let nobody = api.get(&format!("/api/v1/cdrs/{}", "0".repeat(32))).await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn a_call_whose_snapshot_is_not_there_is_explained_by_what_is_in_force() {
    let api = api_with(0..1).await;
    assert_eq!(apply(&api, RESOURCES, DECK, false).await.status, 200);
    let id = format!("{:032x}", call(0).id.0);
    let told = api.get(&format!("/api/v1/cdrs/{id}/explain")).await.json();
    assert_eq!(told["decided_by_snapshot"], 3);
    assert_eq!(told["basis"], "live_snapshot");
    assert_eq!(told["is_exact"], false);
    let note = told["note"].as_str().unwrap();
    assert!(note.contains("no configuration 3"), "{note}");
    let explained = &told["explanation"];
    assert_eq!(explained["snapshot_number"], 1, "the only one there is");
    assert!(!explained["steps"].as_array().unwrap().is_empty());
    let nobody = "0".repeat(32);
    let missing = api.get(&format!("/api/v1/cdrs/{nobody}/explain")).await;
    assert_eq!(missing.status, 404);
    let wrong = api.get("/api/v1/cdrs/first/explain").await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn the_cursor_leads_through_all_records_once() {
    let api = api_with(0..25).await;
    let mut path = "/api/v1/cdrs?limit=10".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = api.get(&path).await.json();
        let times = page["items"].as_array().unwrap().iter();
        seen.extend(times.map(|item| item["received_at"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/api/v1/cdrs?limit=10&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted_by(|a, b| a > b), "newest first, none twice");
}

#[tokio::test]
async fn filters_are_joined() {
    let api = api_with(0..10).await;
    let count = async |query: &str| {
        let page = api.get(&format!("/api/v1/cdrs?{query}")).await.json();
        page["items"]
            .as_array()
            .unwrap_or_else(|| panic!("{page}"))
            .len()
    };
    assert_eq!(
        count("customer=acme&carrier=cheap&outcome=answered").await,
        10
    );
    assert_eq!(count("customer=nobody").await, 0);
    assert_eq!(count("outcome=failed").await, 0);
    assert_eq!(count("called_prefix=3314").await, 10);
    assert_eq!(count("called_prefix=44").await, 0);
    let range = "from=2026-03-01T12:00:03Z&to=2026-03-01T13:00:05%2B01:00";
    assert_eq!(count(range).await, 2);
    assert_eq!(count(&format!("{range}&customer=acme&limit=1")).await, 1);
}

#[tokio::test]
async fn a_record_is_found_by_each_fact_of_it_and_not_by_another() {
    let mut calls: Vec<_> = (0..3).map(call).collect();
    let special = &mut calls[1];
    special.ingress_call_id = "in-1@test".into();
    special.called_number = "33142685301".into();
    special.called_number_received = "+33142685301".into();
    special.calling_number_received = "442071838751".into();
    special.ingress_trunk = Some(reference("other-in"));
    special.snapshot_number = 4;
    special.release.sip_status = 503;
    special.release.reason = ReleaseReason::MaxDuration;
    special.release.by = ReleasedBy::Switch;
    special.rate.as_mut().unwrap().rate_card = reference("other");
    special.rate.as_mut().unwrap().destination = "Lyon".into();
    special.charge.amount = Amount(20_000_000);
    special.margin = Amount(15_000_001);
    special.answered_at = Some(Timestamp(NOON + 4_000_000));
    special.ended_at = Timestamp(NOON + 60_000_000);
    let attempt = &mut special.attempts[0];
    attempt.egress_trunk = reference("other-out");
    attempt.gateway = "[2001:db8::1]:5061".parse().unwrap();
    attempt.egress_call_id = "out-1@test".into();
    attempt.called_number_sent = "99#33142685301".into();
    attempt.calling_number_sent = "33199000000".into();
    attempt.cost.amount = Amount(5_000_001);
    let api = Api::start().await;
    load(&api, &calls).await;
    let found = async |query: &str| {
        let page = api.get(&format!("/api/v1/cdrs?{query}")).await.json();
        let items = page["items"].as_array();
        items.unwrap_or_else(|| panic!("{query}: {page}")).len()
    };
    for one in [
        "ingress_trunk=other-in",
        "egress_trunk=other-out",
        "rate_card=other",
        "destination=Lyon",
        "gateway=%5B2001:db8::1%5D:5061",
        "gateway=2001:db8::1",
        "call_id=in-1@test",
        "call_id=out-1@test",
        "called_number=33142685301",
        "called_suffix=2685301",
        "called_number_received=%2B33142685301",
        "called_suffix_received=5301",
        "calling_number=442071838751",
        "calling_suffix=8751",
        "called_number_sent=99%2333142685301",
        "called_prefix_sent=99%23",
        "called_suffix_sent=5301",
        "calling_number_sent=33199000000",
        "calling_prefix_sent=331",
        "calling_suffix_sent=9000000",
        "released_by=switch",
        "release_reason=max_duration",
        "sip_status=503",
        "snapshot_number=4",
        "answered_from=2026-03-01T12:00:04Z&answered_to=2026-03-01T12:00:04.000001Z&destination=Lyon",
        "ended_from=2026-03-01T12:01:00Z",
        "min_duration_ms=56000",
        "min_charge=0.02",
        "min_cost=0.005000001",
        "min_margin=0.015000001",
    ] {
        assert_eq!(found(one).await, 1, "{one}");
    }
    for two in [
        "ingress_trunk=acme-in",
        "gateway=192.0.2.20",
        "gateway=192.0.2.20:5060",
        "snapshot_number=3",
        "max_duration_ms=10000",
        "max_charge=0.01",
        "max_margin=0.005",
        "sip_status=200",
        "ended_to=2026-03-01T12:01:00Z",
        "called_suffix=300",
    ] {
        assert_eq!(found(two).await, 2, "{two}");
    }
    assert_eq!(
        found("answered=true&called_prefix=&calling_prefix=44").await,
        3
    );
    assert_eq!(found("answered=false").await, 0);
    assert_eq!(found("call_id=nobody's").await, 0);
    let oldest = api
        .get("/api/v1/cdrs?order=oldest_first&limit=1")
        .await
        .json();
    assert_eq!(
        oldest["items"][0]["received_at"],
        "2026-03-01T12:00:00.000000Z"
    );
    assert_eq!(oldest["searched_until"], Value::Null);
    assert_eq!(oldest["filling"], Value::Null);
    let cursor = oldest["next_cursor"].as_str().unwrap();
    let next = format!("/api/v1/cdrs?order=oldest_first&limit=1&cursor={cursor}");
    let next = api.get(&next).await.json();
    assert_eq!(
        next["items"][0]["received_at"],
        "2026-03-01T12:00:01.000000Z"
    );
    for (wrong, field) in [
        ("gateway=here", "gateway"),
        ("called_suffix=12a", "called_suffix"),
        ("order=best", "order"),
        ("min_charge=much", "min_charge"),
        ("sip_status=-1", "sip_status"),
        ("answered=1", "answered"),
        ("ended_to=noon", "ended_to"),
        ("colour=red", "colour"),
    ] {
        let refused = api.get(&format!("/api/v1/cdrs?{wrong}")).await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.body);
        assert!(refused.body.contains(field), "{}", refused.body);
    }
}

#[tokio::test]
async fn an_account_finds_by_its_own_side_only() {
    let api = Api::start().await;
    assert_eq!(apply(&api, RESOURCES, DECK, false).await.status, 200);
    let id_of = async |path: &str| api.get(path).await.json()["id"].as_i64().unwrap();
    let customer = id_of("/api/v1/customers/acme").await;
    let carrier = id_of("/api/v1/carriers/cheap").await;
    let mut calls: Vec<_> = (0..2).map(call).collect();
    for call in &mut calls {
        call.customer.as_mut().unwrap().id = customer;
        call.attempts[0].carrier.id = carrier;
        call.attempts[0].called_number_sent = "99#33142685300".into();
    }
    // Another customer's, on another carrier.
    let mut other = call(2);
    other.customer.as_mut().unwrap().id = customer + 1_000;
    other.attempts[0].carrier.id = carrier + 1_000;
    calls.push(other);
    load(&api, &calls).await;
    let customer = key_with(&api, 11, "customer", customer, &["cdr.read"]).await;
    let carrier = key_with(&api, 12, "carrier", carrier, &["cdr.read"]).await;
    let found = async |key: &str, query: &str| {
        let page = get_as(&api, key, &format!("/api/v1/own-cdrs?{query}")).await;
        let items = page.json()["items"].as_array().map(Vec::len);
        items.unwrap_or_else(|| panic!("{query}: {}", page.body))
    };
    for (query, customers, carriers) in [
        ("", 2, 2),
        ("trunk=acme-in", 2, 0),
        ("trunk=cheap-out", 0, 2),
        ("call_id=in@test", 2, 0),
        ("call_id=out@test", 0, 2),
        ("called_number=33142685300", 2, 0),
        ("called_prefix=99%23", 0, 2),
        ("called_suffix=685300", 2, 2),
        ("min_amount=0.01", 2, 0),
        ("max_amount=0.005", 0, 2),
        (
            "destination=Paris&answered=true&order=oldest_first&limit=1",
            1,
            1,
        ),
        ("min_duration_ms=10001", 0, 2),
    ] {
        assert_eq!(
            found(&customer, query).await,
            customers,
            "customer: {query}"
        );
        assert_eq!(found(&carrier, query).await, carriers, "carrier: {query}");
    }
    for others in [
        "customer=acme",
        "carrier=cheap",
        "gateway=192.0.2.20",
        "min_cost=0",
        "snapshot_number=3",
    ] {
        for key in [&customer, &carrier] {
            let refused = get_as(&api, key, &format!("/api/v1/own-cdrs?{others}")).await;
            assert_eq!(refused.status, 400, "{others}: {}", refused.body);
        }
    }
}

#[tokio::test]
async fn at_what_a_currency_is_reckoned_is_told_to_the_operator_alone() {
    let api = Api::start().await;
    assert_eq!(apply(&api, RESOURCES, DECK, false).await.status, 200);
    let id_of = async |path: &str| api.get(path).await.json()["id"].as_i64().unwrap();
    let (customer, carrier) = (
        id_of("/api/v1/customers/acme").await,
        id_of("/api/v1/carriers/cheap").await,
    );
    let mut euros = call(1);
    let of_euros = |rate: &AppliedRate, worth: &str| AppliedRate {
        currency: Currency::try_from("EUR".to_owned()).unwrap(),
        exchange_rate: worth.parse().unwrap(),
        ..rate.clone()
    };
    euros.rate = euros.rate.as_ref().map(|rate| of_euros(rate, "1.0842"));
    euros.attempts[0].rate = of_euros(&euros.attempts[0].rate, "1.0917");
    let of = |id, name: &str| ResourceRef {
        id,
        name: name.into(),
    };
    euros.customer = Some(of(customer, "acme"));
    euros.attempts[0].carrier = of(carrier, "cheap");
    load(&api, &[euros.clone()]).await;
    let path = format!("{:032x}", euros.id.0);
    let staffs = api.get(&format!("/api/v1/cdrs/{path}")).await;
    assert_eq!(
        staffs.json()["rate"]["exchange_rate"],
        "1.0842",
        "{}",
        staffs.body
    );
    assert!(staffs.body.contains("1.0917"), "{}", staffs.body);
    let accounts = [
        (11, "customer", customer, "retail"),
        (12, "carrier", carrier, "wholesale"),
    ];
    for (tenant, kind, id, card) in accounts {
        let key = key_with(&api, tenant, kind, id, &["cdr.read"]).await;
        let own = get_as(&api, &key, &format!("/api/v1/own-cdrs/{path}")).await;
        assert_eq!(own.status, 200, "{kind}: {}", own.body);
        let rate = &own.json()["rate"];
        assert_eq!(
            (&rate["rate_card"], &rate["currency"]),
            (&json!(card), &json!("EUR"))
        );
        assert_eq!(
            rate.get("exchange_rate").unwrap_or(&Value::Null),
            &Value::Null
        );
        let list = get_as(&api, &key, "/api/v1/own-cdrs").await;
        assert_eq!(
            list.json()["items"].as_array().map(Vec::len),
            Some(1),
            "{}",
            list.body
        );
        for body in [&own.body, &list.body] {
            for secret in ["1.0842", "1.0917", "margin", "cost"] {
                assert!(!body.contains(secret), "{kind}: {secret} in {body}");
            }
        }
        let others = if kind == "customer" {
            "wholesale"
        } else {
            "retail"
        };
        assert!(!own.body.contains(others), "{}", own.body);
    }
}
