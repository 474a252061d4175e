//! Reports by the API: what they count, for whom, and in whose days.

use crate::apply::{DECK, RESOURCES, apply};
use crate::cdrs::{call, load};
use crate::fixture::Api;
use crate::ledger::{get_as, key_with};
use axum::http::{StatusCode, header};
use rating::Amount;
use rating::cdr::CallRecord;
use serde_json::{Value, json};

const MARCH: &str = "from=2026-03-01&to=2026-03-01";

/// The numbers of the customer `acme`, the carriers `cheap` and `costly`, and a trunk of each.
struct Numbers {
    acme: i64,
    cheap: i64,
    costly: i64,
    trunk: i64,
}

/// Four calls of `acme` from noon (UTC) on, an hour apart, which take 10 seconds and 0.01 each; the last
/// failed on `cheap`, one came from nobody.
async fn api() -> (Api, Numbers) {
    let api = Api::start().await;
    let applied = apply(&api, RESOURCES, DECK, false).await;
    assert_eq!(applied.status, StatusCode::OK, "{}", applied.body);
    let id = async |path: &str| api.get(path).await.json()["id"].as_i64().unwrap();
    let numbers = Numbers {
        acme: id("/api/v1/customers/acme").await,
        cheap: id("/api/v1/carriers/cheap").await,
        costly: id("/api/v1/carriers/costly").await,
        trunk: id("/api/v1/trunks/acme-in").await,
    };
    let calls: Vec<_> = (0..5).map(|number| one(&numbers, number)).collect();
    load(&api, &calls).await;
    (api, numbers)
}

fn one(numbers: &Numbers, number: u32) -> CallRecord {
    let mut call = call(number * 3_600);
    call.customer.as_mut().unwrap().id = numbers.acme;
    call.ingress_trunk.as_mut().unwrap().id = numbers.trunk;
    call.attempts[0].carrier.id = numbers.cheap;
    match number {
        3 => {
            // The first carrier was busy with itself, the second carried it.
            let mut second = call.attempts[0].clone();
            let first = &mut call.attempts[0];
            (first.answered_at, first.ringing_at) = (None, None);
            first.outcome = rating::cdr::Outcome::Failed;
            first.release.reason = rating::cdr::ReleaseReason::CarrierRejected;
            first.cost.amount = Amount(0);
            second.number = 2;
            second.carrier.id = numbers.costly;
            call.attempts.push(second);
        }
        4 => call.customer = None,
        _ => {}
    }
    call
}

async fn report(api: &Api, query: &str) -> Value {
    let answer = api.get(&format!("/api/v1/reports/traffic?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()
}

fn lines(report: &Value, fields: &[&str]) -> Vec<Value> {
    let items = report["items"].as_array().unwrap();
    let picked = items.iter().map(|item| {
        let fields = fields.iter().map(|field| item[*field].clone());
        Value::Array(fields.collect())
    });
    picked.collect()
}

#[tokio::test]
async fn calls_are_reported_by_who_pays_and_attempts_by_who_carries() {
    let (api, numbers) = api().await;
    let customers = report(&api, &format!("{MARCH}&group_by=customer")).await;
    assert_eq!(customers["of"], "calls");
    let fields = [
        "id", "name", "seizures", "answered", "charge", "cost", "margin",
    ];
    assert_eq!(
        lines(&customers, &fields),
        [
            json!([numbers.acme, "acme", 4, 4, "0.04", "0.02", "0.02"]),
            json!([null, null, 1, 1, "0.01", "0.005", "0.005"]),
        ]
    );
    let totals = &customers["totals"];
    assert_eq!(totals["asr_percent"], 100.0);
    assert_eq!(
        (&totals["acd_ms"], &totals["pdd_ms"]),
        (&json!(10_000), &json!(250))
    );
    assert_eq!(
        totals["amounts"],
        json!([{"currency": "USD", "amount": "0.05"}])
    );
    let carriers = report(&api, &format!("{MARCH}&group_by=carrier&customer=acme")).await;
    assert_eq!(carriers["of"], "attempts");
    assert_eq!(
        lines(&carriers, &fields[1..]),
        [
            json!(["cheap", 4, 3, "0.03", "0.015", "0.015"]),
            json!(["costly", 1, 1, "0.01", "0.005", "0.005"]),
        ]
    );
    assert_eq!(carriers["items"][0]["asr_percent"], 75.0);
    let trunks = report(
        &api,
        &format!("{MARCH}&ingress_trunk=acme-in&destination=Paris"),
    )
    .await;
    assert_eq!(trunks["totals"]["seizures"], 5);
    let none = report(&api, &format!("{MARCH}&currency=EUR")).await;
    assert_eq!(none["totals"]["seizures"], 0);
    assert_eq!(none["totals"]["asr_percent"], Value::Null);
}

#[tokio::test]
async fn hours_and_days_are_those_of_the_time_zone() {
    let (api, _) = api().await;
    // In Kathmandu noon is 17:45: calls at 17:45, 18:45, 19:45, 20:45 and 21:45.
    let zone = "time_zone=Asia/Kathmandu";
    let hours = report(&api, &format!("{MARCH}&group_by=hour&{zone}")).await;
    let counts = lines(&hours, &["start", "seizures"]);
    assert_eq!(counts.len(), 24);
    assert_eq!(counts[0], json!(["2026-02-28T18:15:00.000000Z", 0]));
    assert_eq!(counts[17], json!(["2026-03-01T11:15:00.000000Z", 1]));
    assert_eq!(counts[22], json!(["2026-03-01T16:15:00.000000Z", 0]));
    // In Auckland it is past midnight.
    let zone = "time_zone=Pacific/Auckland";
    let days = report(&api, &format!("from=2026-03-01&to=2026-03-02&{zone}")).await;
    assert_eq!(lines(&days, &["seizures"]), [json!([0]), json!([5])]);
    let utc = report(&api, "from=2026-03-01&to=2026-03-02").await;
    assert_eq!(lines(&utc, &["seizures"]), [json!([5]), json!([0])]);
    let months = report(&api, "from=2026-02-01&to=2026-03-31&group_by=month").await;
    assert_eq!(lines(&months, &["seizures"]), [json!([0]), json!([5])]);
}

#[tokio::test]
async fn a_period_is_compared_with_the_one_before() {
    let (api, _) = api().await;
    let next = "from=2026-03-02&to=2026-03-02&compare=previous";
    let days = report(&api, next).await;
    assert_eq!(days["previous_from"], "2026-03-01T00:00:00.000000Z");
    assert_eq!(days["totals"]["seizures"], 0);
    assert_eq!(days["previous_totals"]["seizures"], 5);
    assert_eq!(days["items"][0]["previous"]["charge"], "0.05");
    let customers = report(&api, &format!("{next}&group_by=customer")).await;
    assert_eq!(customers["items"][0]["name"], "acme");
    assert_eq!(customers["items"][0]["seizures"], 0);
    assert_eq!(customers["items"][0]["previous"]["seizures"], 4);
    let alone = report(&api, MARCH).await;
    assert_eq!(alone["previous_totals"], Value::Null);
}

#[tokio::test]
async fn pages_have_all_lines_once_and_a_file_has_all_at_once() {
    let (api, _) = api().await;
    let query = format!("{MARCH}&group_by=hour&limit=10");
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = report(&api, &format!("{query}{cursor}")).await;
        assert_eq!(page["totals"]["seizures"], 5);
        seen.extend(lines(&page, &["start"]));
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    let mut once = seen.clone();
    once.dedup();
    assert_eq!((seen.len(), once.len()), (24, 24));
    let file = api
        .get(&format!("/api/v1/reports/traffic?{query}&format=csv"))
        .await;
    assert_eq!(
        file.headers[header::CONTENT_TYPE],
        "text/csv; charset=utf-8"
    );
    let rows: Vec<_> = file.body.lines().collect();
    assert_eq!(rows.len(), 25);
    assert!(
        rows[0].starts_with("start UTC,id,name,seizures,"),
        "{}",
        rows[0]
    );
    let noon = "2026-03-01 12:00,,,1,1,1,0,100,100,10000,250,10000,10,USD 0.01,0.01,0.005,0.005";
    assert_eq!(rows[13], noon);
}

#[tokio::test]
async fn what_does_not_go_together_is_refused_by_its_field() {
    let (api, _) = api().await;
    for (query, status, field) in [
        ("from=2026-03-02&to=2026-03-01", 422, "to"),
        ("time_zone=Mars", 422, "time_zone"),
        ("group_by=carrier&of=calls", 422, "of"),
        ("group_by=planet", 400, "group_by"),
        ("limit=0", 400, "limit"),
        ("cursor=-1", 400, "cursor"),
        ("currency=euro", 422, "currency"),
    ] {
        let answer = api.get(&format!("/api/v1/reports/traffic?{query}")).await;
        assert_eq!(answer.status.as_u16(), status, "{query}: {}", answer.body);
        assert_eq!(answer.json()["errors"][0]["field"], field, "{query}");
    }
    let missing = api.get("/api/v1/reports/traffic?customer=nobody").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_account_sees_its_own_calls_and_its_own_money_only() {
    let (api, numbers) = api().await;
    let read = ["report.read"];
    let customer = key_with(&api, 71, "customer", numbers.acme, &read).await;
    let carrier = key_with(&api, 72, "carrier", numbers.costly, &read).await;
    let own = format!("/api/v1/own-reports/traffic?{MARCH}&group_by=trunk&compare=previous");
    for (key, seizures, amount) in [(&customer, 4, "0.04"), (&carrier, 1, "0.005")] {
        let answer = get_as(&api, key, &own).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let report = answer.json();
        assert_eq!(report["totals"]["seizures"], seizures);
        assert_eq!(report["totals"]["amounts"][0]["amount"], amount);
        // Nothing of the other side: no names of it, no charge beside cost, no margin.
        for foreign in ["charge", "cost", "margin", "customer", "carrier"] {
            let foreign = format!("\"{foreign}");
            assert!(
                !answer.body.contains(&foreign),
                "{foreign}: {}",
                answer.body
            );
        }
        let file = get_as(&api, key, &format!("{own}&format=csv")).await;
        assert!(!file.body.contains("charge") && !file.body.contains("margin"));
        let staff = get_as(&api, key, "/api/v1/reports/traffic").await;
        assert_eq!(staff.status, StatusCode::FORBIDDEN);
        let filtered = get_as(&api, key, &format!("{own}&customer=acme")).await;
        assert_eq!(filtered.status, StatusCode::BAD_REQUEST);
    }
    let without = key_with(&api, 74, "carrier", numbers.cheap, &["cdr.read"]).await;
    assert_eq!(
        get_as(&api, &without, &own).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_report_of_many_hours_is_the_same_by_days() {
    let (api, _) = api().await;
    // Kathmandu's days are read in days and quarters, UTC's in days.
    for zone in ["UTC", "Asia/Kathmandu", "Europe/Berlin"] {
        let query = format!("from=2026-02-20&to=2026-03-10&time_zone={zone}");
        let days = report(&api, &query).await;
        let hours = report(&api, &format!("{query}&group_by=hour")).await;
        let customers = report(&api, &format!("{query}&group_by=customer")).await;
        assert_eq!(days["totals"], hours["totals"], "{zone}");
        assert_eq!(days["totals"], customers["totals"], "{zone}");
        assert_eq!(days["totals"]["seizures"], 5, "{zone}");
    }
}

#[tokio::test]
async fn a_year_of_three_currencies_is_reported_outside_utc_by_the_day_week_and_month() {
    let (api, _) = api().await;
    // A sum in each quarter of an hour of 366 days and its days, in two further currencies.
    for (side_grain, step, count) in [
        ("15", 900_000_000_i64, 35_136),
        ("1440", 86_400_000_000, 366),
    ] {
        let text = format!(
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count} - 1) \
             INSERT INTO traffic (owner, side, grain, bucket, customer_id, ingress_trunk_id, carrier_id, \
             egress_trunk_id, destination, currency, seizures, answered, effective, rejected, rang, \
             pdd_ms, talk_ms, billed_seconds, charge, charge_nanos, cost, cost_nanos, amount, \
             amount_nanos) SELECT 1, 'call', {side_grain}, 1735689600000000 + i * {step}, 5, 0, 0, 0, '', \
             c.currency, {step} / 900000000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
             FROM n, (SELECT 'EUR' AS currency UNION ALL SELECT 'GBP') c"
        );
        store::testing::execute(&api.store, text.leak()).await;
    }
    let year = "from=2025-01-02&to=2026-01-01&time_zone=Europe/Berlin";
    let by_month = report(&api, &format!("{year}&group_by=month")).await;
    for (group, count) in [("day", 365), ("week", 53), ("month", 13)] {
        let made = report(&api, &format!("{year}&group_by={group}&limit=1000")).await;
        assert_eq!(made["items"].as_array().unwrap().len(), count, "{group}");
        assert_eq!(made["totals"], by_month["totals"], "{group}");
        let seizures = made["items"].as_array().unwrap().iter();
        let sum: i64 = seizures
            .map(|line| line["seizures"].as_i64().unwrap())
            .sum();
        assert_eq!(made["totals"]["seizures"], sum, "{group}");
    }
    // 31 days less an hour of summer time, of 96 quarters, in two currencies.
    assert_eq!(by_month["items"][2]["seizures"], (31 * 96 - 4) * 2);
    assert_eq!(by_month["totals"]["seizures"], 365 * 96 * 2);
}

#[tokio::test]
async fn an_account_is_not_told_how_many_records_the_switch_has() {
    let (api, numbers) = api().await;
    let filling = "INSERT INTO cdr_fill (name, call_id, until, done, total) \
        VALUES ('traffic', '', '', 1212, 4848)";
    store::testing::execute(&api.store, filling).await;
    let key = key_with(&api, 71, "customer", numbers.acme, &["report.read"]).await;
    let own = get_as(&api, &key, "/api/v1/own-reports/traffic").await;
    assert_eq!(own.json()["filling"], json!({"percent": 25}));
    // A file has no place for it, and half of the money would look like all.
    for (key, path) in [
        (&key, "/api/v1/own-reports/traffic?format=csv"),
        (&api.key, "/api/v1/reports/traffic?format=csv"),
    ] {
        let refused = get_as(&api, key, path).await;
        assert_eq!(refused.status, 409, "{}", refused.body);
        assert!(refused.body.contains("25 %"), "{}", refused.body);
    }
}
