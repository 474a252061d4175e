//! Totals of a search: of what the list shows, and of the own side only.

use crate::apply::{DECK, RESOURCES, apply};
use crate::cdrs::{call, load};
use crate::fixture::Api;
use crate::ledger::{get_as, key_with};
use rating::Currency;
use serde_json::json;

/// Three calls of one customer on one carrier, the last in euros and not answered; one of others.
async fn api() -> (Api, i64, i64) {
    let api = Api::start().await;
    assert_eq!(apply(&api, RESOURCES, DECK, false).await.status, 200);
    let id_of = async |path: &str| api.get(path).await.json()["id"].as_i64().unwrap();
    let customer = id_of("/api/v1/customers/acme").await;
    let carrier = id_of("/api/v1/carriers/cheap").await;
    let mut calls: Vec<_> = (0..4).map(call).collect();
    for call in &mut calls[..3] {
        call.customer.as_mut().unwrap().id = customer;
        call.attempts[0].carrier.id = carrier;
    }
    let euros = &mut calls[2];
    let currency = Currency::try_from("EUR".to_owned()).unwrap();
    let rate = euros.rate.as_mut().unwrap();
    (rate.currency, rate.exchange_rate) = (currency, "2".parse().unwrap());
    let other = &mut calls[3];
    other.customer.as_mut().unwrap().id = customer + 1_000;
    other.customer.as_mut().unwrap().name = "other".into();
    other.attempts[0].carrier.id = carrier + 1_000;
    load(&api, &calls).await;
    (api, customer, carrier)
}

#[tokio::test]
async fn totals_are_of_what_the_filters_leave() {
    let (api, ..) = api().await;
    let totals = async |query: &str| {
        let answer = api.get(&format!("/api/v1/cdr-totals?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        answer.json()
    };
    let all = totals("").await;
    assert_eq!(all["calls"], 4);
    assert_eq!(
        (&all["answered"], &all["talk_ms"]),
        (&json!(4), &json!(40_000))
    );
    assert_eq!(all["billed_seconds"], 40);
    // Three at 0.01 USD and one at 0.01 EUR, which is 0.02 USD; each cost 0.005 USD.
    assert_eq!(
        (&all["charge"], &all["cost"]),
        (&json!("0.05"), &json!("0.02"))
    );
    assert_eq!(
        (&all["margin"], &all["currency"]),
        (&json!("0.03"), &json!("USD"))
    );
    let amounts = json!([
        {"currency": "EUR", "amount": "0.01"},
        {"currency": "USD", "amount": "0.03"},
    ]);
    assert_eq!(all["amounts"], amounts);
    assert_eq!(all["searched_until"], json!(null));
    assert_eq!(totals("customer=other&limit=1").await["calls"], 1);
    let none = totals("sip_status=404").await;
    assert_eq!((&none["calls"], &none["charge"]), (&json!(0), &json!("0")));
    let page = api.get("/api/v1/cdrs?limit=1").await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(totals(&format!("cursor={cursor}")).await["calls"], 3);
    for wrong in ["calls=1", "min_charge=much", "limit=0", "gateway=there"] {
        let refused = api.get(&format!("/api/v1/cdr-totals?{wrong}")).await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.body);
    }
}

#[tokio::test]
async fn an_account_has_totals_of_its_own_calls_and_its_own_money() {
    let (api, customer, carrier) = api().await;
    let customer = key_with(&api, 11, "customer", customer, &["cdr.read"]).await;
    let carrier = key_with(&api, 12, "carrier", carrier, &["cdr.read"]).await;
    let (paid, earned) = (
        json!([{"currency": "EUR", "amount": "0.01"}, {"currency": "USD", "amount": "0.02"}]),
        json!([{"currency": "USD", "amount": "0.015"}]),
    );
    for (key, amounts) in [(&customer, &paid), (&carrier, &earned)] {
        let own = get_as(&api, key, "/api/v1/own-cdr-totals").await;
        assert_eq!(
            (own.status.as_u16(), &own.json()["calls"]),
            (200, &json!(3)),
            "{}",
            own.body
        );
        assert_eq!(&own.json()["amounts"], amounts);
        for other_side in ["charge", "cost", "margin", "0.03", "0.05"] {
            assert!(
                !own.body.contains(other_side),
                "{other_side} in {}",
                own.body
            );
        }
        let staffs = get_as(&api, key, "/api/v1/cdr-totals").await;
        assert_eq!(staffs.status, 403, "{}", staffs.body);
        let refused = get_as(&api, key, "/api/v1/own-cdr-totals?min_cost=0").await;
        assert_eq!(refused.status, 400, "{}", refused.body);
    }
    // The staff has no own side.
    assert_eq!(api.get("/api/v1/own-cdr-totals").await.status, 403);
}
