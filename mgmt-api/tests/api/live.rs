//! Live calls and the pulse.

use crate::apply::{DECK, RESOURCES, apply};
use crate::fixture::{Api, request};
use axum::body::Body;
use axum::http::{StatusCode, header};
use http_body_util::BodyExt as _;
use mgmt_api::switch_port::{LiveCall, LiveCallPage, LiveCallState};
use rating::Timestamp;
use rating::cdr::{CallId, MediaQuality, MediaStatistics, ResourceRef};
use routing_engine::health::ProbeOutcome;
use serde_json::json;
use std::sync::atomic::Ordering;
use tower::ServiceExt as _;

/// A call of `acme`, whose number is `customer`.
pub(crate) fn ringing(id: u128, customer: i64) -> LiveCall {
    LiveCall {
        id: CallId(id),
        state: LiveCallState::Ringing,
        customer: Some(ResourceRef {
            id: customer,
            name: "acme".into(),
        }),
        carrier: None,
        calling_number: "1".into(),
        called_number: "2".into(),
        destination: None,
        received_at: Timestamp(1_772_366_400_000_000),
        answered_at: None,
        attempts: 1,
        ingress_source: "192.0.2.1:5060".parse().unwrap(),
        egress_gateway: None,
        encryption: [None; 2],
    }
}

#[tokio::test]
async fn live_calls_are_shown_with_a_cursor_while_there_may_be_more() {
    let api = Api::start().await;
    *api.switch.calls.lock().unwrap() = LiveCallPage {
        items: vec![ringing(5, 7)],
        total: 9,
    };
    let page = api.get("/api/v1/calls?limit=1").await.json();
    assert_eq!(page["total"], 9);
    assert_eq!(page["items"][0]["state"], "ringing");
    assert_eq!(
        page["items"][0]["received_at"],
        "2026-03-01T12:00:00.000000Z"
    );
    assert_eq!(page["next_cursor"], format!("{:032x}", 5));
    let page = api.get("/api/v1/calls?limit=2").await.json();
    assert_eq!(page["next_cursor"], serde_json::json!(null));
}

#[tokio::test]
async fn a_live_call_shows_how_its_media_is() {
    let api = Api::start().await;
    let answered = LiveCall {
        answered_at: Some(Timestamp(1_772_366_405_000_000)),
        encryption: [Some("AEAD_AES_128_GCM"), None],
        ..ringing(5, 7)
    };
    *api.switch.calls.lock().unwrap() = LiveCallPage {
        items: vec![answered],
        total: 1,
    };
    let path = format!("/api/v1/calls/{:032x}", 5);
    let direct = api.get(&path).await.json();
    assert_eq!(direct["called_number"], "2");
    assert_eq!(direct["media"], json!(null));
    assert_eq!(direct["ingress_encryption"], "AEAD_AES_128_GCM");
    assert_eq!(direct["egress_encryption"], json!(null));
    *api.switch.media.lock().unwrap() = Some(MediaStatistics {
        packets_from_customer: 500,
        quality_from_customer: Some(MediaQuality {
            packets_expected: 510,
            packets_lost: 10,
            jitter_mean_us: 2_400,
            mos_hundredths: Some(417),
            ..MediaQuality::default()
        }),
        ..MediaStatistics::default()
    });
    let relayed = api.get(&path).await.json();
    let media = &relayed["media"];
    assert_eq!(media["not_heard"], "carrier");
    assert_eq!(media["quality_from_customer"]["packets_lost"], 10);
    assert_eq!(media["quality_from_customer"]["jitter_mean_ms"], 2.4);
    assert_eq!(media["quality_from_customer"]["mos"], 4.17);
    assert_eq!(media["quality_from_carrier"], json!(null));
    let gone = api.get(&format!("/api/v1/calls/{:032x}", 6)).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert!(gone.body.contains("/api/v1/cdrs"), "{}", gone.body);
    let wrong = api.get("/api/v1/calls/5").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_shard_that_does_not_answer_is_said() {
    let api = Api::start().await;
    api.switch.silent.store(true, Ordering::Relaxed);
    for path in ["/api/v1/calls", &format!("/api/v1/calls/{:032x}", 5)] {
        let answer = api.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.body.contains("shard 3"), "{}", answer.body);
    }
}

#[tokio::test]
async fn each_second_is_a_point_in_the_history_and_an_event() {
    let api = Api::start().await;
    tokio::time::pause();
    let state = api.state.clone();
    let sampler = tokio::spawn(async move { state.sample_for_ever().await });
    let stream = request("GET", "/api/v1/live")
        .header(header::AUTHORIZATION, format!("Bearer {}", api.key))
        .body(Body::empty())
        .unwrap();
    let response = api.router.clone().oneshot(stream).await.unwrap();
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "text/event-stream"
    );
    let mut body = response.into_body();
    api.switch.sample.lock().unwrap().calls_now = 42;
    let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
    let event = String::from_utf8(frame.to_vec()).unwrap();
    assert!(event.contains("event: sample"), "{event}");
    assert!(event.contains("\"calls_now\":42"), "{event}");
    let points = api.get("/api/v1/live/history?seconds=1").await.json();
    assert_eq!(points["points"].as_array().unwrap().len(), 1);
    assert_eq!(points["points"][0]["currency"], "USD");
    sampler.abort();
}

#[tokio::test]
async fn who_is_signed_out_gets_no_more_points_soon() {
    let api = Api::start().await;
    let (cookie, _) = api.sign_in_as("viewer").await;
    let stream = request("GET", "/api/v1/live").header(header::COOKIE, cookie);
    let stream = stream.body(Body::empty()).unwrap();
    let response = api.router.clone().oneshot(stream).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    store::testing::execute(&api.store, "DELETE FROM session").await;
    tokio::time::pause();
    let state = api.state.clone();
    let sampler = tokio::spawn(async move { state.sample_for_ever().await });
    let mut body = response.into_body();
    let mut points = 0;
    while let Some(frame) = body.frame().await {
        let data = frame.unwrap().into_data().unwrap();
        points += usize::from(data.starts_with(b"event: sample"));
        assert!(points < 30, "of which the thirtieth asks again");
    }
    sampler.abort();
}

#[tokio::test]
async fn the_number_of_streams_has_an_end() {
    let api = Api::start().await;
    let mut open = Vec::new();
    let last = loop {
        let stream = api.with_key("GET", "/api/v1/live", Body::empty());
        let response = api.router.clone().oneshot(stream).await.unwrap();
        if response.status() != StatusCode::OK {
            break response.status();
        }
        open.push(response);
        assert!(open.len() <= 100);
    };
    assert_eq!(last, StatusCode::SERVICE_UNAVAILABLE);
    open.pop();
    let stream = api.with_key("GET", "/api/v1/live", Body::empty());
    let response = api.router.clone().oneshot(stream).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "a place is free again");
}

#[tokio::test]
async fn gateways_are_shown_with_what_probes_say_and_keep_it_over_a_push() {
    let api = Api::start().await;
    let probed = RESOURCES.replace("direction: egress\n", "direction: egress\n  probing: {}\n");
    assert_eq!(apply(&api, &probed, DECK, false).await.status, 200);
    let path = "/api/v1/live/gateways";
    let before = api.get(path).await.json();
    assert_eq!(before["items"][0]["state"], "unknown", "{before}");
    assert_eq!(before["is_cut"], false);
    {
        let snapshot = api.switch.snapshot.lock().unwrap();
        let gateways = &snapshot.egress_trunks()[0].gateways;
        let silent = ProbeOutcome::Failed { status: 503 };
        for at in 1..4 {
            gateways
                .first()
                .health
                .note(gateways.probing().unwrap(), silent, at);
        }
    }
    let renamed = probed.replace("probing: {}", "probing: {interval_s: 60}");
    assert_eq!(apply(&api, &renamed, DECK, false).await.status, 200);
    let down = api.get(&format!("{path}?state=down")).await.json();
    let items = down["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{down}");
    assert_eq!(items[0]["last_status"], 503);
    assert_eq!(items[0]["changed_at"], "1970-01-01T00:00:00.000003Z");
    assert_eq!(api.get(&format!("{path}?state=lost")).await.status, 400);
}

#[tokio::test]
async fn money_is_shown_as_calls_see_it() {
    use rating::{Amount, Timestamp};
    use routing_engine::resources::ResourceKind;
    let api = Api::start().await;
    let path = "/api/v1/live/credit";
    let nobody = api.get(path).await.json();
    assert_eq!(
        nobody["customers"],
        json!([]),
        "nobody has a limit: {nobody}"
    );
    let billing = "billing: {mode: postpaid, credit_limit: '5', daily_spend_limit: '2'}";
    let limited = RESOURCES.replacen(
        "rate_card: retail\n",
        &format!("rate_card: retail\n  {billing}\n"),
        1,
    );
    assert_ne!(limited, RESOURCES);
    assert_eq!(apply(&api, &limited, DECK, false).await.status, 200);
    let snapshot = api.switch.snapshot.lock().unwrap().clone();
    for ((kind, _), account) in snapshot.accounts() {
        let today = Timestamp(1);
        match kind {
            ResourceKind::Customer => {
                account.set_base(Amount(10_000_000_000));
                account.charge(Amount(1_500_000_000), today);
            }
            _ => account.charge(Amount(250_000_000), today),
        }
    }
    let shown = api.get(path).await.json();
    let expected = json!([{
        "customer": snapshot.customers()[0].resource.name, "balance": "8.5", "credit_limit": "5",
        "reserved": "0", "available": "13.5", "charged_today": "1.5", "daily_spend_limit": "2", "calls": 0
    }]);
    assert_eq!(shown["customers"], expected, "{shown}");
    assert_eq!(shown["carriers"], json!([]), "none has a stop");
    let name = &snapshot.carriers()[0].resource.name;
    let one = api.get(&format!("{path}?carrier={name}")).await.json();
    assert_eq!(one["customers"], json!([]));
    let expected = json!([{
        "carrier": name, "owed": "0.25", "balance_stop": null, "is_stopped": false
    }]);
    assert_eq!(one["carriers"], expected);
    assert_eq!(api.get(&format!("{path}?debtor=x")).await.status, 400);
    let metrics = api.get("/metrics").await.body;
    assert!(
        metrics.contains("didtron_credit_available_usd{customer="),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_host_name_is_shown_with_where_it_leads_and_why_it_does_not() {
    use routing_engine::names::{
        AddressTable, LookupFailure, NameQuery, NameState, Resolution, Server,
    };
    let api = Api::start().await;
    let named = RESOURCES.replace("\"192.0.2.20:5060\"", "SIP.Example.net");
    assert_eq!(apply(&api, &named, DECK, false).await.status, 200);
    let path = "/api/v1/live/gateways";
    let find = |live: serde_json::Value| {
        let items = live["items"].as_array().unwrap().iter();
        let mut found = items.filter(|one| one["gateway"] == "sip.example.net");
        found.next().cloned().unwrap()
    };
    let before = find(api.get(path).await.json());
    assert_eq!(before["name"]["addresses"], serde_json::json!([]));
    assert_eq!(before["name"]["age_s"], serde_json::Value::Null);
    assert_eq!(before["transport"], serde_json::Value::Null);

    let server = Server {
        priority: 10,
        weight: 5,
        addresses: vec!["192.0.2.7:5070".parse().unwrap()],
    };
    let now = Timestamp(i64::try_from(now_us()).unwrap());
    let state = NameState {
        resolution: Resolution::new(rating::cdr::Transport::Tcp, vec![server], 8).map(Into::into),
        resolved_at: Some(Timestamp(now.0 - 90_000_000)),
        valid_until: Some(Timestamp(now.0 - 30_000_000)),
        failure: Some(LookupFailure::TimedOut),
        failed_at: Some(now),
        ..NameState::default()
    };
    let name = NameQuery {
        host: "sip.example.net".into(),
        port: None,
        transport: None,
    };
    let table = AddressTable::new(1, [(name.into(), state.into())].into());
    *api.switch.addresses.lock().unwrap() = table.into();
    let after = find(api.get(path).await.json());
    let known = &after["name"];
    assert_eq!(
        known["addresses"],
        serde_json::json!([{ "address": "192.0.2.7:5070", "priority": 10, "weight": 5, "is_silent": false }])
    );
    assert_eq!(after["transport"], "tcp");
    assert_eq!(
        (&known["is_stale"], &known["last_error"]),
        (&true.into(), &"timed_out".into())
    );
    assert!(known["age_s"].as_u64().unwrap() >= 90, "{known}");
    let metrics = api.get("/metrics").await;
    let text = metrics.body;
    assert!(
        text.contains("didtron_dns_names{state=\"stale\"} 1"),
        "{text}"
    );
    assert!(
        text.contains("didtron_dns_names{state=\"resolved\"} 0"),
        "{text}"
    );
}

fn now_us() -> u128 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_micros()
}
