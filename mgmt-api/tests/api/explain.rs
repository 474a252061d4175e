//! The explanation of a decision.

use crate::apply::{DECK, RESOURCES, apply};
use crate::fixture::Api;
use serde_json::json;

#[tokio::test]
async fn the_chosen_and_the_losing_routes_are_told() {
    let api = Api::start().await;
    assert_eq!(apply(&api, RESOURCES, DECK, false).await.status, 200);
    let answer = api
        .get("/api/v1/explain?from=442071838750&to=33142685300&customer=acme")
        .await;
    let explained = answer.json();
    assert_eq!(explained["accepted"], true, "{explained:#}");
    assert_eq!(explained["snapshot_number"], 1);
    assert_eq!(explained["called_number"], "33142685300");
    assert_eq!(explained["customer_rate"]["prefix"], "331");
    assert_eq!(explained["customer_rate"]["next_rate_per_minute"], "0.02");
    let routes = explained["routes"].as_array().unwrap();
    assert_eq!(routes[0]["status"], "chosen");
    assert_eq!(routes[0]["carrier"], "cheap");
    assert_eq!(routes[0]["margin_per_minute"], "0.01");
    assert!(explained["steps"].as_array().unwrap().len() >= 4);
    let same = api
        .get("/api/v1/explain?from=442071838750&to=33142685300")
        .await
        .json();
    assert_eq!(
        same, explained,
        "the only active customer is meant when none is named"
    );
}

#[tokio::test]
async fn a_call_that_would_be_refused_says_why() {
    let api = Api::start().await;
    assert_eq!(apply(&api, RESOURCES, DECK, false).await.status, 200);
    let refused = api
        .get("/api/v1/explain?from=1&to=99999999999&customer=acme")
        .await
        .json();
    assert_eq!(refused["accepted"], false);
    assert_eq!(refused["reason"], "no_customer_rate");
    assert_eq!(refused["routes"], json!([]));
    let steps = refused["steps"].as_array().unwrap();
    assert_eq!(steps.last().unwrap()["outcome"], "rejected");
    let unknown = api
        .get("/api/v1/explain?from=1&to=33142685300&source=203.0.113.9")
        .await
        .json();
    assert_eq!(unknown["reason"], "unknown_source");
    let nobody = api.get("/api/v1/explain?from=1&to=2&customer=nobody").await;
    assert_eq!(nobody.json()["errors"][0]["field"], "customer");
}
