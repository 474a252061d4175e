//! Cards in other currencies than that of the books.

use crate::apply::{DECK, RESOURCES, apply};
use crate::fixture::Api;
use axum::http::StatusCode;
use serde_json::{Value, json};

const EURO: &str = "---\nkind: exchange_rate\nname: euro\nspec:\n  currency: EUR\n  rates:\n    \
                    - { from: 2026-01-01, rate: 1.0842 }\n";

/// The faults of an answer: kind, name and field of each.
fn fields(problem: &Value) -> Vec<String> {
    let errors = problem["errors"].as_array().unwrap().iter();
    let text = |error: &Value, name: &str| error[name].as_str().unwrap_or("").to_owned();
    errors
        .map(|error| format!("{} {}", text(error, "resource"), text(error, "field")))
        .collect()
}

fn wholesale_in(currency: &str) -> String {
    let found = "name: wholesale\nspec:\n  currency: USD";
    assert!(RESOURCES.contains(found));
    RESOURCES.replace(found, &found.replace("USD", currency))
}

#[tokio::test]
async fn a_card_needs_an_exchange_rate_for_its_currency() {
    let api = Api::start().await;
    let answer = apply(&api, &wholesale_in("EUR"), DECK, false).await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.body
    );
    assert!(
        answer.body.contains("there is no exchange rate for EUR"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("\"currency\""), "{}", answer.body);
    assert_eq!(fields(&answer.json()).len(), 1);

    let later = EURO.replace("2026-01-01", "2199-01-01");
    let answer = apply(&api, &(wholesale_in("EUR") + &later), DECK, false).await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.body
    );
    assert!(
        answer.body.contains("none is in force yet"),
        "{}",
        answer.body
    );

    let answer = apply(&api, &(wholesale_in("EUR") + EURO), DECK, false).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[tokio::test]
async fn an_exchange_rate_stays_as_long_as_a_card_needs_it() {
    let api = Api::start().await;
    let answer = apply(&api, &(wholesale_in("EUR") + EURO), DECK, false).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let path = "/api/v1/exchange-rates/euro";
    let mut request = api.with_key("DELETE", path, axum::body::Body::empty());
    let any = "*".parse().unwrap();
    request.headers_mut().insert("if-match", any);
    let answer = api.send(request).await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.body
    );
    assert!(answer.body.contains("wholesale"), "{}", answer.body);

    let twin = json!({ "name": "twin", "spec": { "currency": "EUR", "rates": [{ "from": "2026-01-01", "rate": "1" }] } });
    let answer = api.post("/api/v1/exchange-rates", &twin).await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.body
    );
    assert!(
        answer.body.contains("another exchange rate already"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn an_explanation_shows_both_sides_in_the_books() {
    let api = Api::start().await;
    let answer = apply(&api, &(wholesale_in("EUR") + EURO), DECK, false).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let told = api
        .get("/api/v1/explain?from=1&to=33142&source=192.0.2.1")
        .await
        .json();
    assert_eq!(told["customer_rate"]["exchange_rate"], "1");
    let route = &told["routes"][0];
    assert_eq!(route["trunk"], "cheap-out", "0.010842 is less than 0.015");
    assert_eq!(route["cost_per_minute"], "0.010842");
    assert_eq!(route["margin_per_minute"], "0.009158");
    assert_eq!(route["currency"], "USD");
    assert_eq!(
        (&route["card_currency"], &route["exchange_rate"]),
        (&json!("EUR"), &json!("1.0842"))
    );
}
