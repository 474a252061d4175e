//! Rates by who calls: what one tenant has of them is no matter of another.

use crate::fixture::{Api, request};
use crate::other_tenants::key;
use crate::permissions::roles;
use axum::body::Body;
use axum::http::{StatusCode, header};
use http_body_util::BodyExt as _;
use mgmt_api::RateLimits;
use mgmt_api::access::{Audience, Permission};
use serde_json::{Value, json};
use std::fmt::Write as _;
use tower::ServiceExt as _;

/// A card with a rate for each of so many origins, 1,000 of them for each prefix.
fn card_of_origins(name: &str, first: usize, count: usize) -> Value {
    let mut deck = "prefix,destination,rate_per_minute,origin\n".to_owned();
    for at in 0..count {
        let (prefix, origin) = (100 + at / 1_000, 100_000 + first + at);
        let _ = writeln!(deck, "{prefix},Somewhere,0.1,{origin}");
    }
    json!({ "name": name, "spec": { "currency": "USD", "rates_file": "rates.csv" }, "rates_csv": deck })
}

#[tokio::test]
async fn the_origins_of_one_tenant_leave_room_for_those_of_all_others() {
    const UNLIMITED: RateLimits = RateLimits {
        read_per_minute: 0,
        write_per_minute: 0,
        heavy_per_minute: 0,
        sign_in_per_minute: 0,
    };
    let api = Api::start_with(tempfile::tempdir().unwrap(), UNLIMITED).await;
    let tenant = "INSERT INTO tenant (id, parent_id, kind, name, created_at) \
                  VALUES (2, 1, 'operator', 'reseller', 0)";
    store::testing::execute(&api.store, tenant).await;
    let role = roles(Audience::Operator)
        .find(|role| role.permissions.contains(Permission::CHANGE_SET_PUSH))
        .unwrap();
    let key = key(&api, 2, role).await;
    let put = async |card: Value| {
        let request = request("POST", "/api/v1/rate-cards")
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(card.to_string()));
        let response = api.router.clone().oneshot(request.unwrap()).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice::<Value>(&body).unwrap())
    };

    // More origins than any count of two bytes could tell apart.
    for number in 0..17 {
        let (name, first) = (format!("card {number}"), number * 4_000);
        let (status, made) = put(card_of_origins(&name, first, 4_000)).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
    }
    let (status, problem) = put(card_of_origins("too much", 0, 5_000)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let error = &problem["errors"][0];
    assert_eq!(error["field"], "origin", "{problem}");
    assert_eq!(error["line"], 4_098, "{problem}");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("4096 different origins"),
        "{problem}"
    );

    let ours = api
        .post("/api/v1/rate-cards", &card_of_origins("ours", 500_000, 3))
        .await;
    assert_eq!(ours.status, StatusCode::CREATED, "{}", ours.body);
    let published = api.switch.snapshot.lock().unwrap().clone();
    assert!(published.number() >= 18, "every push came through");
}

#[tokio::test]
async fn a_card_that_was_written_by_earlier_rules_of_origins_does_not_stop_the_start() {
    let api = Api::start().await;
    let rates = (0..1_001).map(|at| {
        let prefix = if at == 0 { "212" } else { "44" };
        let origin = (100_000 + at).to_string();
        json!({ "prefix": prefix, "destination": "Somewhere", "rate_per_minute": "0.1", "origin": origin })
    });
    let spec = json!({ "currency": "USD", "rates": rates.collect::<Vec<_>>() });
    let made = api
        .post(
            "/api/v1/rate-cards",
            &json!({ "name": "old", "spec": spec }),
        )
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    // One row for nobody's number, and all of one prefix.
    for text in [
        "UPDATE resource SET spec = REPLACE(spec, '\"100000\"', '\"001000\"')",
        "UPDATE resource SET spec = REPLACE(spec, '\"212\"', '\"44\"')",
    ] {
        store::testing::execute(&api.store, text).await;
    }
    api.store.close().await;
    let Api { folder, .. } = api;
    let again = Api::start_in(folder).await;
    let rates = again.get("/api/v1/rate-cards/old/rates").await;
    assert_eq!(rates.status, StatusCode::OK, "{}", rates.body);
    assert_eq!(rates.body.lines().count(), 1_002, "{}", rates.body);
    let next = again
        .post("/api/v1/rate-cards", &card_of_origins("new", 0, 2))
        .await;
    assert_eq!(next.status, StatusCode::CREATED, "{}", next.body);
}
