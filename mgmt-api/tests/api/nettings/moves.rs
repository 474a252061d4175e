//! A carrier that is netted with one customer after another.

use super::*;
use rating::Currency;
use rating::exchange::ExchangeRate;
use store::{
    AuditActor, AuditCredential, LedgerAccountKind, LedgerEntryKind, NewAuditEntry, NewEvent,
    NewLedgerEntry,
};

/// What the carrier charged is more by so many nano-units, at a moment.
async fn charged(api: &Api, carrier: i64, amount: i64, when: &str) {
    let new = NewLedgerEntry {
        owner: TenantId::PLATFORM,
        party: LedgerParty::Carrier(carrier),
        kind: LedgerEntryKind::Adjustment,
        house: LedgerAccountKind::Adjustments,
        key: format!("{when} {amount}"),
        at: at(when),
        corrects: None,
        details: json!({}),
        amount: Amount(amount),
        currency: Currency::USD,
        exchange_rate: ExchangeRate::ONE,
    };
    let told = |_: &_| {
        let actor = AuditActor::new("a test", AuditCredential::LocalKey);
        let entry = NewAuditEntry::new(TenantId::PLATFORM, at(when), actor, "adjustment.post");
        let event = NewEvent {
            tenant: TenantId::PLATFORM,
            kind: "balance.adjusted".into(),
            subject: "carrier/cheap".into(),
            actor: "a test".into(),
            data: json!({}),
        };
        (entry, event)
    };
    let posted = api.store.post_ledger_entry(&new, told, at(when));
    posted.await.unwrap();
}

async fn without(api: &Api, customer: &str) {
    let body = json!({ "name": customer, "spec": { "rate_card": "retail" } });
    let ended = api
        .put(&format!("/api/v1/customers/{customer}"), &body)
        .await;
    assert_eq!(ended.status, StatusCode::OK, "{}", ended.body);
}

/// What we owe by all statements, the oldest first, with the days that they begin and end on.
async fn owed(api: &Api) -> Vec<(String, String, String)> {
    let page = api.get(PATH).await.json();
    let items = page["items"].as_array().unwrap().iter().rev();
    let made = items.filter(|it| it["state"] != "open");
    made.map(|it| {
        let day = |name: &str| it[name].as_str().unwrap()[5..10].to_owned();
        let owed = it["we_owe"].as_str().unwrap().to_owned();
        (day("from"), day("to"), owed)
    })
    .collect()
}

/// Of 0.935 that the carrier charges, 0.5 comes in a pause without an agreement. All else is in one statement,
/// with whichever customer, and however late it came.
#[tokio::test]
async fn what_a_carrier_charged_is_netted_once_whichever_customers_it_moves_between() {
    let (api, _) = scene("USD").await;
    let second = json!({ "name": "second", "spec": { "rate_card": "retail" } });
    let made = api.post("/api/v1/customers", &second).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let carrier = api.get("/api/v1/carriers/cheap").await.json()["id"].as_i64();
    let carrier = carrier.unwrap();

    // A week is under way when the carrier moves to a customer of months.
    without(&api, "acme").await;
    let monthly = json!({ "carrier": "cheap", "terms": "30/15", "first_day": "2026-03-01" });
    let agreed = agree(&api, "second", monthly).await;
    assert_eq!(agreed.status, StatusCode::OK, "{}", agreed.body);
    run(&api, at("2026-03-04T00:00:00Z")).await;
    assert_eq!(only(&api, "state=open").await["customer"], "acme");
    charged(&api, carrier, 100_000_000, "2026-03-05T00:00:00Z").await;
    run(&api, at("2026-03-09T00:10:00Z")).await;
    let open = only(&api, "state=open").await;
    assert_eq!(
        (&open["customer"], &open["from"], &open["to"]),
        (
            &json!("second"),
            &json!("2026-03-09T00:00:00.000000Z"),
            &json!("2026-03-31T00:00:00.000000Z")
        )
    );
    // What came too late for the first customer's statement is in that of the second.
    charged(&api, carrier, 20_000_000, "2026-03-06T00:00:00Z").await;
    charged(&api, carrier, 200_000_000, "2026-03-15T00:00:00Z").await;

    // A pause, then the first customer again.
    without(&api, "second").await;
    run(&api, at("2026-03-31T00:10:00Z")).await;
    charged(&api, carrier, 40_000_000, "2026-03-20T00:00:00Z").await;
    charged(&api, carrier, 500_000_000, "2026-04-05T00:00:00Z").await;
    let agreed = agree(&api, "acme", weekly("USD")).await;
    assert_eq!(agreed.status, StatusCode::OK, "{}", agreed.body);
    run(&api, at("2026-05-12T00:00:00Z")).await;
    charged(&api, carrier, 60_000_000, "2026-05-13T00:00:00Z").await;
    run(&api, at("2026-05-18T00:10:00Z")).await;

    let line = |from: &str, to: &str, owed: &str| (from.to_owned(), to.to_owned(), owed.to_owned());
    assert_eq!(
        owed(&api).await,
        [
            line("02-23", "03-02", "0.015"),
            line("03-02", "03-09", "0.1"),
            line("03-09", "03-31", "0.22"),
            line("05-11", "05-18", "0.1"),
        ]
    );
}

/// A customer takes another carrier, whose last statement ended within the customer's period: what that one
/// charged before it is in no statement again.
#[tokio::test]
async fn a_customer_that_changes_its_carrier_goes_on_from_what_was_counted_of_either() {
    let (api, _) = scene("USD").await;
    let costly = api.get("/api/v1/carriers/costly").await.json()["id"].as_i64();
    let costly = costly.unwrap();
    let fortnight = json!({ "carrier": "costly", "terms": "15/15", "first_day": "2026-02-19" });
    let second =
        json!({ "name": "second", "spec": { "rate_card": "retail", "netting": fortnight } });
    let made = api.post("/api/v1/customers", &second).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    run(&api, at("2026-03-03T00:00:00Z")).await;
    charged(&api, costly, 100_000_000, "2026-03-05T00:00:00Z").await;
    run(&api, at("2026-03-06T00:10:00Z")).await;
    // The fortnight from the 6th is cut off before anything came of it.
    without(&api, "second").await;
    charged(&api, costly, 10_000_000, "2026-03-04T00:00:00Z").await;
    charged(&api, costly, 200_000_000, "2026-03-07T00:00:00Z").await;
    let mut other = weekly("USD");
    other["carrier"] = json!("costly");
    let agreed = agree(&api, "acme", other).await;
    assert_eq!(agreed.status, StatusCode::OK, "{}", agreed.body);
    run(&api, at("2026-03-09T00:10:00Z")).await;
    charged(&api, costly, 400_000_000, "2026-03-17T00:00:00Z").await;
    for day in ["2026-03-16", "2026-03-21", "2026-03-23", "2026-03-30"] {
        run(&api, at(&format!("{day}T00:10:00Z"))).await;
    }
    let of_costly = api.get(&format!("{PATH}?carrier=costly")).await.json();
    let sums: Vec<_> = of_costly["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["we_owe"].as_str())
        .filter(|owed| *owed != "0")
        .collect();
    assert_eq!(sums, ["0.61", "0.1"]);
}
