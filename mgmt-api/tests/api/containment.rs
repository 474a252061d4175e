//! A panic ends the request that met it, and nothing else of the management plane.

use crate::fixture::Api;
use crate::server::{bind, serve};
use axum::http::StatusCode;
use mgmt_api::{HttpLimits, abort_on_other_panics};
use serde_json::json;
use std::process::Command;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What a child of this test binary is to do, if it is one.
const CHILD: &str = "DIDTRON_TEST_PANIC";

/// A run of one test of this binary in a process of its own; gives whether it ended well.
fn run_alone(test: &str, what: &str) -> bool {
    let own = std::env::current_exe().unwrap();
    let child = Command::new(own)
        .args(["--exact", test])
        .env(CHILD, what)
        .output();
    child.unwrap().status.success()
}

async fn ask(address: std::net::SocketAddr, path: &str, key: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_panic_of_a_handler_is_answered_and_the_process_lives() {
    if std::env::var_os(CHILD).is_none() {
        let own = "containment::a_panic_of_a_handler_is_answered_and_the_process_lives";
        assert!(run_alone(own, "request"), "the process ended");
        return;
    }
    abort_on_other_panics();
    let api = Api::start().await;
    let served = serve(&api, bind(HttpLimits::default()).await);
    api.switch.panicking.store(true, Ordering::Relaxed);
    let answer = ask(served.address, "/api/v1/status", &api.key).await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
    assert!(answer.contains("x-content-type-options"), "{answer}");
    assert!(!answer.contains("of a test"), "the cause is not told");
    let answer = ask(served.address, "/api/v1/status", &api.key).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let metrics = ask(served.address, "/metrics", &api.key).await;
    let counted = "didtron_management_panics_total{part=\"request\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
}

#[test]
fn a_panic_of_any_other_thread_ends_the_process() {
    if std::env::var_os(CHILD).is_some() {
        abort_on_other_panics();
        let _ = std::thread::spawn(|| panic!("of a test")).join();
        return;
    }
    let own = "containment::a_panic_of_any_other_thread_ends_the_process";
    assert!(!run_alone(own, "thread"), "the process went on");
}

#[tokio::test]
async fn after_a_panic_of_a_push_calls_get_what_the_database_has() {
    let api = Api::start().await;
    let create = async |name: &str| {
        let body = json!({"name": name, "spec": {}});
        api.post("/api/v1/customer-categories", &body).await
    };
    let number = async || {
        let status = api.get("/api/v1/status").await.json();
        status["snapshot_number"].as_u64().unwrap()
    };
    let before = number().await;
    api.switch.panicking_at_push.store(true, Ordering::Relaxed);
    let answer = create("wholesale").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.problem(), "/problems/interrupted");
    assert_eq!(number().await, before + 1, "it was kept, so it is used");
    let next = create("retail").await;
    assert_eq!(next.status, StatusCode::CREATED, "{}", next.body);
    let list = api.get("/api/v1/customer-categories").await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 2, "{list}");
}
