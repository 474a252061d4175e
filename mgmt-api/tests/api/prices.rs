//! What a draft would sell below cost is told before its push, though nobody calls there.

use crate::apply::{DECK, RESOURCES, apply};
use crate::fixture::Api;
use serde_json::{Value, json};

/// A carrier's card and a customer's that have the whole world, so that no call is needed.
async fn api() -> Api {
    let api = Api::start().await;
    assert_eq!(apply(&api, RESOURCES, DECK, false).await.status, 200);
    api
}

async fn change_set(api: &Api, name: &str) -> i64 {
    let made = api
        .post("/api/v1/change-sets", &json!({"name": name}))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()["id"].as_i64().unwrap()
}

async fn drafted(api: &Api, set: i64, resources: &str, deck: &str) {
    let body = json!({
        "files": [{"path": "switch.yaml", "content": resources}],
        "decks": [{"path": "retail.csv", "content": deck}],
    });
    let answer = api
        .post(&format!("/api/v1/apply?change_set={set}"), &body)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

async fn prices_of(api: &Api, set: i64) -> Value {
    let preview = api
        .get(&format!("/api/v1/change-sets/{set}/preview"))
        .await
        .json();
    assert_eq!(preview["problems"], json!([]));
    assert_eq!(preview["replay"]["calls"], 0, "nobody has called");
    preview["prices"].clone()
}

#[tokio::test]
async fn a_draft_that_sells_one_destination_below_cost_is_caught_before_its_push_without_traffic() {
    let api = api().await;
    let set = change_set(&api, "prices").await;
    // Paris goes from 0.02 to 0.002 a minute; the cheapest carrier takes 0.01.
    let deck = DECK.replace("331,Paris,0.02", "331,Paris,0.002");
    drafted(&api, set, RESOURCES, &deck).await;
    let prices = prices_of(&api, set).await;
    let counts = ["below_cost", "below_margin", "no_route", "no_rate"];
    assert_eq!(
        counts.map(|count| prices[count].as_u64().unwrap()),
        [1, 0, 0, 0]
    );
    assert_eq!(
        (&prices["customers"], &prices["destinations"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        prices["findings"],
        json!([{
            "fault": "below_cost",
            "customers": ["acme"],
            "customers_count": 1,
            "prefix": "331",
            "origin": null,
            "tags": [],
            "is_carrier_unjudged": false,
            "destination": "Paris",
            "rate_card": "retail",
            "price_per_minute": "0.002",
            "carrier": "cheap",
            "cost_per_minute": "0.01",
            "margin_per_minute": "-0.008",
            "price_before": "0.02",
            "cost_before": "0.01",
        }])
    );
    // A dry run of files says the same.
    let dry = apply(&api, RESOURCES, &deck, true).await.json();
    assert_eq!(dry["prices"], prices);
}

#[tokio::test]
async fn a_draft_of_anything_else_that_costs_a_destination_is_caught_too() {
    let api = api().await;
    let set = change_set(&api, "prices").await;
    drafted(&api, set, RESOURCES, DECK).await;
    let prices = prices_of(&api, set).await;
    assert_eq!(
        (&prices["findings"], &prices["is_complete"]),
        (&json!([]), &json!(true))
    );

    let gone = ["cheap-out", "costly-out"]
        .iter()
        .fold(RESOURCES.to_owned(), |text, trunk| {
            let active = format!("name: {trunk}\nspec:\n");
            let text = text.replace(&active, &format!("{active}  status: inactive\n"));
            assert!(text.contains("inactive"));
            text
        });
    drafted(&api, set, &gone, DECK).await;
    let prices = prices_of(&api, set).await;
    assert_eq!(prices["no_route"], 2, "{prices:#}");
    assert_eq!(prices["findings"][0]["carrier"], Value::Null);
    assert_eq!(prices["findings"][0]["cost_before"], "0.01");

    let margin = "---\nkind: lcr_profile\nname: P\nspec: { min_margin_percent: 60 }\n";
    let set = change_set(&api, "margin").await;
    drafted(&api, set, &format!("{RESOURCES}{margin}"), DECK).await;
    let prices = prices_of(&api, set).await;
    assert_eq!(
        (&prices["below_margin"], &prices["below_cost"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(prices["findings"][0]["margin_per_minute"], "0.01");
}

#[tokio::test]
async fn an_exchange_rate_alone_is_looked_through_to_the_prices_of_its_currency() {
    let api = Api::start().await;
    let euro = |rate: &str| {
        let resources = ["wholesale", "dear"]
            .iter()
            .fold(RESOURCES.to_owned(), |text, card| {
                let card = format!("name: {card}\nspec:\n  currency: ");
                text.replace(&format!("{card}USD"), &format!("{card}EUR"))
            });
        format!(
            "{resources}---\nkind: exchange_rate\nname: euro\nspec:\n  currency: EUR\n  rates:\n    \
             - {{ from: 2026-01-01, rate: {rate} }}\n"
        )
    };
    let applied = apply(&api, &euro("1.1"), DECK, false).await;
    assert_eq!(applied.status, 200, "{}", applied.body);
    let set = change_set(&api, "typing error").await;
    drafted(&api, set, &euro("2.5"), DECK).await;
    let preview = api
        .get(&format!("/api/v1/change-sets/{set}/preview"))
        .await
        .json();
    assert_eq!(preview["impact"]["customers"]["names"], json!(["acme"]));
    let found = &preview["prices"]["findings"];
    assert_eq!(preview["prices"]["below_cost"], 1, "{preview:#}");
    // A hundredth of a euro is 0.011 of the books, and would be 0.025.
    assert_eq!(found[0]["prefix"], "331");
    assert_eq!(
        (&found[0]["cost_before"], &found[0]["cost_per_minute"]),
        (&json!("0.011"), &json!("0.025"))
    );
    assert_eq!(found[0]["price_per_minute"], "0.02");
}
