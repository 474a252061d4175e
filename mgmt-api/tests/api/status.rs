//! The switch's own state.

use crate::fixture::Api;
use axum::http::StatusCode;
use mgmt_api::switch_port::{
    Histogram, MediaFigures, NgFigures, SipCounters, SwitchSample, Undecrypted,
};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn the_status_is_the_switchs() {
    let api = Api::start().await;
    let status = api.get("/api/v1/status").await.json();
    assert_eq!(status["node"], "fra-1");
    assert_eq!(status["drain"], "running");
    assert_eq!(status["journal"]["available"], true);
    assert_eq!(status["listeners"][0]["transport"], "udp");
    assert_eq!(status["shards"][0]["calls"], 2);
    assert_eq!(status["snapshot_number"], 0);
    assert!(status["uptime_seconds"].as_u64().unwrap() > 1_000);
}

#[tokio::test]
async fn a_switch_that_drains_is_alive_and_not_ready() {
    let api = Api::start().await;
    assert_eq!(api.get("/readyz").await.status, StatusCode::OK);
    api.switch.draining.store(true, Ordering::Relaxed);
    assert_eq!(api.get("/healthz").await.status, StatusCode::OK);
    let answer = api.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem(), "/problems/unavailable");
}

#[tokio::test]
async fn metrics_copy_the_switchs_counters() {
    let api = Api::start().await;
    *api.switch.sample.lock().unwrap() = SwitchSample {
        calls_now: 3,
        answered: 7,
        rejected: 2,
        attempts: 11,
        sip: SipCounters {
            malformed: 5,
            ..SipCounters::default()
        },
        media: MediaFigures {
            jitter_us: Histogram {
                within: [4, 2, 0, 0, 0, 0, 0],
                above: 1,
                sum: 205_000,
            },
            not_heard: 3,
            one_way: 2,
            undecrypted: Undecrypted {
                forged: 6,
                replayed: 5,
                key_used_up: 4,
            },
            unencrypted: 9,
            sockets: 14,
            sockets_max: 8_000,
            loops_refused: 13,
            ..MediaFigures::default()
        },
        ng: Some(NgFigures {
            calls: 12,
            offers: 20,
            foreign: 8,
            silent: 1,
            expired: 2,
            ..NgFigures::default()
        }),
        ..SwitchSample::default()
    };
    api.get("/api/v1/cdrs/0").await;
    let text = api.get("/metrics").await.body;
    for line in [
        "didtron_calls_active 3",
        "didtron_calls_total{outcome=\"answered\"} 7",
        "didtron_calls_total{outcome=\"rejected\"} 2",
        "didtron_attempts_total 11",
        "sip_malformed_total 5",
        "media_jitter_seconds_bucket{le=\"0.001\"} 4",
        "media_jitter_seconds_bucket{le=\"0.1\"} 6",
        "media_jitter_seconds_bucket{le=\"+Inf\"} 7",
        "media_jitter_seconds_sum 0.205",
        "media_jitter_seconds_count 7",
        "media_not_heard_total 3",
        "media_one_way_total 2",
        "srtp_dropped_total{reason=\"forged\"} 6",
        "srtp_dropped_total{reason=\"replayed\"} 5",
        "srtp_dropped_total{reason=\"key_used_up\"} 4",
        "srtp_not_sealed_total 9",
        "media_sockets 14",
        "media_sockets_max 8000",
        "media_loops_refused_total 13",
        "media_ng_calls 12",
        "media_ng_requests_total{result=\"offer\"} 20",
        "media_ng_requests_total{result=\"not_allowed\"} 8",
        "media_ng_silent_total 1",
        "media_ng_expired_total 2",
        "didtron_journal_available 1",
        "didtron_loader_lag_bytes 0",
        "didtron_http_requests_total{method=\"GET\",path=\"/api/v1/cdrs/{id}\",status=\"4xx\"} 1",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
}
