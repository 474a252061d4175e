//! Rate cards that are built from others, through the API.

use crate::apply::{DECK, RESOURCES, apply};
use crate::fixture::Api;
use axum::body::Body;
use axum::http::StatusCode;
use serde_json::{Value, json};

/// The two cards of carriers, at 0.01 and 0.015 for 33.
async fn world() -> Api {
    let api = Api::start().await;
    let answer = apply(&api, RESOURCES, DECK, false).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    api
}

fn recipe(rebuild: &str) -> Value {
    json!({ "currency": "USD", "built_from": {
        "parents": ["wholesale", "dear"], "margin_percent": "10", "decimals": 4, "rebuild": rebuild,
    } })
}

async fn create(api: &Api, name: &str, spec: Value) -> crate::fixture::Answer {
    api.post("/api/v1/rate-cards", &json!({ "name": name, "spec": spec }))
        .await
}

async fn rates(api: &Api, card: &str) -> String {
    api.get(&format!("/api/v1/rate-cards/{card}/rates"))
        .await
        .body
}

/// Another price of the dearer parent.
async fn change_parent(api: &Api, price: &str) -> crate::fixture::Answer {
    let spec = json!({ "currency": "USD", "rates": [
        { "prefix": "33", "destination": "France", "rate_per_minute": price }] });
    let body = json!({ "name": "dear", "spec": spec });
    api.put("/api/v1/rate-cards/dear", &body).await
}

#[tokio::test]
async fn a_card_is_built_and_follows_its_parents() {
    let api = world().await;
    let made = create(&api, "sell", recipe("automatic")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert!(rates(&api, "sell").await.contains("33,\"France\",0.0165,"));
    let build = api.get("/api/v1/rate-cards/sell/build").await.json();
    assert_eq!(build["rebuild"], "automatic");
    assert_eq!(
        (&build["is_stale"], &build["rates"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(build["parents"], json!(["wholesale", "dear"]));

    let changed = change_parent(&api, "0.02").await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert!(rates(&api, "sell").await.contains("33,\"France\",0.022,"));
    let card = api.get("/api/v1/rate-cards/sell").await.json();
    assert_eq!(card["version"], 2, "it follows in the same push");
    // What a parent keeps is no change of the card.
    let changed = change_parent(&api, "0.02").await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    let card = api.get("/api/v1/rate-cards/sell").await.json();
    assert_eq!(card["version"], 2);
}

#[tokio::test]
async fn a_card_that_does_not_follow_is_stale_until_it_is_built_anew() {
    let api = world().await;
    let made = create(&api, "sell", recipe("manual")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let stale = api.get("/api/v1/rate-cards/stale").await.json();
    assert_eq!(stale["items"], json!([]));
    change_parent(&api, "0.02").await;
    assert!(rates(&api, "sell").await.contains("33,\"France\",0.0165,"));
    let stale = api.get("/api/v1/rate-cards/stale").await.json();
    assert_eq!(stale["items"][0]["name"], "sell");
    let build = api.get("/api/v1/rate-cards/sell/build").await.json();
    assert_eq!(
        (&build["rebuild"], &build["is_stale"]),
        (&json!("manual"), &json!(true))
    );

    let rebuilt = api
        .post("/api/v1/rate-cards/sell/rebuild", &json!({}))
        .await;
    assert_eq!(rebuilt.status, StatusCode::OK, "{}", rebuilt.body);
    assert_eq!(rebuilt.json()["spec"]["built_from"]["revision"], 1);
    assert!(rates(&api, "sell").await.contains("33,\"France\",0.022,"));
    let stale = api.get("/api/v1/rate-cards/stale").await.json();
    assert_eq!(stale["items"], json!([]));

    // An earlier version comes back with its prices.
    let back = json!({ "version": 1 });
    let path = "/api/v1/rate-cards/sell/rollback";
    let mut request = api.with_key("POST", path, Body::from(back.to_string()));
    request
        .headers_mut()
        .insert("if-match", "*".parse().unwrap());
    let answer = api.send(request).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert!(rates(&api, "sell").await.contains("33,\"France\",0.0165,"));
}

#[tokio::test]
async fn a_customers_own_prices_go_before_those_of_its_card() {
    let api = world().await;
    let spec = json!({ "currency": "USD", "built_from": { "parents": ["retail"] }, "rates": [
        { "prefix": "331", "destination": "Paris", "rate_per_minute": "0.018" }] });
    let made = create(&api, "acme's own", spec).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let customer = json!({ "name": "acme", "spec": { "rate_card": "acme's own" } });
    let answer = api.put("/api/v1/customers/acme", &customer).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let price = async |to: &str| {
        let told = api
            .get(&format!("/api/v1/explain?from=1&source=192.0.2.1&to={to}"))
            .await
            .json();
        told["customer_rate"]["next_rate_per_minute"].clone()
    };
    assert_eq!(price("33142").await, "0.018");
    assert_eq!(price("33900").await, "0.03", "as retail");
}

#[tokio::test]
async fn cards_that_cannot_be_built_are_refused_with_their_field() {
    let api = world().await;
    let of = |parents: Value| json!({ "currency": "USD", "built_from": { "parents": parents } });
    let missing = create(&api, "a", of(json!(["wholesale", "nobody"]))).await;
    assert_eq!(
        missing.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        missing.body
    );
    assert!(
        missing.body.contains("built_from.parents[1]"),
        "{}",
        missing.body
    );
    let own = create(&api, "a", of(json!(["a"]))).await;
    assert_eq!(own.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", own.body);
    assert!(own.body.contains("built_from.parents[0]"), "{}", own.body);
    let circle = "kind: rate_card\nname: one\nspec: { currency: USD, built_from: { parents: [two], rebuild: manual } }\n\
                  ---\nkind: rate_card\nname: two\nspec: { currency: USD, built_from: { parents: [wholesale, one] } }\n";
    let answer = apply(&api, circle, DECK, false).await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.body
    );
    assert!(
        answer.body.contains("is itself built from this card"),
        "{}",
        answer.body
    );

    let import = api
        .post("/api/v1/deck-imports", &json!({ "card": "sell" }))
        .await;
    assert_eq!(import.status, StatusCode::NOT_FOUND);
    create(&api, "sell", recipe("manual")).await;
    let import = api
        .post("/api/v1/deck-imports", &json!({ "card": "sell" }))
        .await;
    assert_eq!(import.status, StatusCode::CONFLICT, "{}", import.body);
    let plain = api
        .post("/api/v1/rate-cards/wholesale/rebuild", &json!({}))
        .await;
    assert_eq!(plain.status, StatusCode::CONFLICT, "{}", plain.body);
    assert_eq!(
        api.get("/api/v1/rate-cards/wholesale/build").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_chain_of_cards_is_built_from_its_beginning() {
    let api = world().await;
    // Named so that the order of names is not that of building.
    let chain = "kind: rate_card\nname: a\nspec: { currency: USD, built_from: { parents: [b], margin_percent: 100 } }\n\
                 ---\nkind: rate_card\nname: b\nspec: { currency: USD, built_from: { parents: [c], margin_percent: 100 } }\n\
                 ---\nkind: rate_card\nname: c\nspec: { currency: USD, built_from: { parents: [dear] } }\n";
    let answer = apply(&api, chain, DECK, false).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert!(rates(&api, "a").await.contains("33,\"France\",0.06,"));
    change_parent(&api, "0.02").await;
    assert!(rates(&api, "a").await.contains("33,\"France\",0.08,"));
    // A start from the database has the same.
    let exported = api.get("/api/v1/export").await.json();
    let again = api.post("/api/v1/apply", &exported).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);
    let changes = again.json()["changes"].as_array().unwrap().clone();
    assert!(
        changes.iter().all(|change| change["action"] == "unchanged"),
        "{changes:?}"
    );
}

#[tokio::test]
async fn a_new_exchange_rate_builds_what_is_of_several_currencies() {
    let api = world().await;
    let euro = |rate: &str| {
        json!({ "name": "euro", "spec": { "currency": "EUR", "rates": [
        { "from": "2026-01-01", "rate": rate }] } })
    };
    let made = api.post("/api/v1/exchange-rates", &euro("1.25")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let spec = json!({ "currency": "EUR", "built_from": { "parents": ["dear"] } });
    let made = create(&api, "sell-in-euros", spec).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert!(
        rates(&api, "sell-in-euros")
            .await
            .contains("33,\"France\",0.012,")
    );
    let answer = api.put("/api/v1/exchange-rates/euro", &euro("1.5")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert!(
        rates(&api, "sell-in-euros")
            .await
            .contains("33,\"France\",0.01,")
    );
}
