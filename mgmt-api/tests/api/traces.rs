//! The SIP messages of a call.

use crate::fixture::Api;
use axum::body::Body;
use axum::http::{StatusCode, header};
use mgmt_api::switch_port::{TraceDirection, TraceMessage};
use rating::Timestamp;
use rating::cdr::{CallId, Transport};
use serde_json::json;
use std::sync::atomic::Ordering;

const PATH: &str = "/api/v1/calls/0000000000000000000000000000002a/trace";

async fn api() -> Api {
    let api = Api::start().await;
    let message = |at, direction, text: &str| TraceMessage {
        at: Timestamp(at),
        direction,
        transport: Transport::Udp,
        local: "198.51.100.1:5060".parse().unwrap(),
        remote: "192.0.2.7:5099".parse().unwrap(),
        bytes: text.as_bytes().to_vec(),
    };
    let invite = "INVITE sip:a SIP/2.0\r\n\r\n";
    let messages = vec![
        message(1_000_000, TraceDirection::Received, invite),
        message(
            1_000_250,
            TraceDirection::Sent,
            "SIP/2.0 100 Trying\r\n\r\n",
        ),
    ];
    *api.switch.trace.lock().unwrap() = Some((CallId(42), messages));
    api
}

#[tokio::test]
async fn a_call_is_shown_as_a_ladder() {
    let api = api().await;
    let ladder = api.get(PATH).await.json();
    assert_eq!(ladder["id"], "0000000000000000000000000000002a");
    let arrow = &ladder["messages"][1];
    assert_eq!(arrow["offset_us"], 250);
    assert_eq!(arrow["direction"], "sent");
    assert_eq!(arrow["summary"], "SIP/2.0 100 Trying");
    assert_eq!(arrow["remote"], "192.0.2.7:5099");
    let other = PATH.replace("2a", "2b");
    assert_eq!(api.get(&other).await.status, StatusCode::NOT_FOUND);
    let wrong = api.get("/api/v1/calls/x/trace").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_call_is_downloaded_as_a_capture() {
    let api = api().await;
    let request = api.with_key("GET", &format!("{PATH}/pcap"), Body::empty());
    let (headers, file) = api.send_bytes(request).await;
    assert_eq!(
        headers[header::CONTENT_TYPE],
        "application/vnd.tcpdump.pcap"
    );
    let name = headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert!(name.ends_with("2a.pcap\""), "{name}");
    assert_eq!(file[..4], [0xd4, 0xc3, 0xb2, 0xa1]);
    assert!(file.windows(6).any(|part| part == b"INVITE"));
}

#[tokio::test]
async fn a_call_is_kept_on_request() {
    let api = api().await;
    api.get(PATH).await;
    assert!(!api.switch.kept.load(Ordering::Relaxed));
    let kept = api.post(&format!("{PATH}/keep"), &json!({})).await;
    assert_eq!(kept.status, StatusCode::NO_CONTENT, "{}", kept.body);
    assert!(api.switch.kept.load(Ordering::Relaxed));
}
