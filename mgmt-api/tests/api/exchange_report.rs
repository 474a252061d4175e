//! What exchange rates did to balances, held against entries that are added up one by one.

use crate::fixture::Api;
use crate::ledger::{api, get_as, key_with, pay};
use axum::http::StatusCode;
use rating::Amount;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const PATH: &str = "/api/v1/reports/exchange";

/// A day of the month before this one, and one of the month before that.
struct Days {
    last: jiff::civil::Date,
    before: jiff::civil::Date,
}

fn days() -> Days {
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let last = today.first_of_month().yesterday().unwrap().first_of_month();
    let before = last.yesterday().unwrap().first_of_month();
    Days { last, before }
}

fn amount(text: &Value) -> i128 {
    let amount: Amount = text.as_str().unwrap().parse().unwrap();
    i128::from(amount.0)
}

/// Payments in euros before and within the last month, of a customer and of a carrier, and one in
/// dollars, by rates that change between them.
async fn scene() -> (Api, i64, Days) {
    let (api, customer) = api().await;
    let days = days();
    let middle = days.last.checked_add(jiff::Span::new().days(14)).unwrap();
    let behind = days.last.last_of_month().tomorrow().unwrap();
    let rates = json!([
        { "from": "2020-01-01", "rate": "1.25" },
        { "from": days.last.to_string(), "rate": "1.1" },
        { "from": middle.to_string(), "rate": "1.0842" },
        { "from": behind.to_string(), "rate": "2" },
    ]);
    let body = json!({ "name": "euro", "spec": { "currency": "EUR", "rates": rates } });
    let put = api.put("/api/v1/exchange-rates/euro", &body).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.body);
    let payments = [
        (
            "customer",
            "acme",
            "payment",
            "100.000000001",
            "EUR",
            days.before,
        ),
        (
            "customer",
            "acme",
            "payment",
            "33.333333333",
            "EUR",
            days.last,
        ),
        ("customer", "acme", "refund", "7.77", "EUR", middle),
        ("carrier", "cheap", "payment", "50", "EUR", middle),
        ("customer", "acme", "payment", "9", "USD", days.last),
    ];
    for (number, (kind, name, direction, amount, currency, day)) in payments.into_iter().enumerate()
    {
        let body = json!({
            kind: name, "direction": direction, "amount": amount, "currency": currency,
            "at": format!("{day}T10:00:00Z"),
        });
        let paid = pay(&api, &format!("k{number}"), body).await;
        assert_eq!(paid.status, StatusCode::CREATED, "{}", paid.body);
    }
    (api, customer, days)
}

#[tokio::test]
async fn the_report_is_the_entries_added_up_one_by_one() {
    let (api, _, days) = scene().await;
    let report = api.get(PATH).await;
    assert_eq!(report.status, StatusCode::OK, "{}", report.body);
    let report = report.json();
    assert_eq!(report["month"], days.last.to_string()[..7]);
    assert_eq!(report["is_over"], true);
    let entries = api.get("/api/v1/ledger/entries?limit=500").await.json();
    let mut sums: BTreeMap<String, [i128; 4]> = BTreeMap::new();
    for entry in entries["items"].as_array().unwrap() {
        if entry["currency"] == "USD" {
            continue;
        }
        let is_before = entry["at"].as_str().unwrap() < days.last.to_string().as_str();
        let at = if is_before { 0 } else { 2 };
        let sum = sums
            .entry(entry["party"].as_str().unwrap().to_owned())
            .or_default();
        sum[at] += amount(&entry["amount"]);
        sum[at + 1] += amount(&entry["amount_in_books"]);
    }
    let lines = report["lines"].as_array().unwrap();
    assert_eq!((lines.len(), sums.len()), (2, 2));
    let mut difference = 0;
    for line in lines {
        let sum = sums[line["name"].as_str().unwrap()];
        let told = |part: &str| {
            (
                amount(&line[part]["amount"]),
                amount(&line[part]["in_books"]),
            )
        };
        assert_eq!(told("opening"), (sum[0], sum[1]));
        assert_eq!(told("moved"), (sum[2], sum[3]));
        assert_eq!(told("closing"), (sum[0] + sum[2], sum[1] + sum[3]));
        // The rate of the month's last day, half up: floor of the value plus a half.
        assert_eq!(line["rate"], "1.0842");
        let revalued = ((sum[0] + sum[2]) * 10_842 + 5_000).div_euclid(10_000);
        assert_eq!(amount(&line["revalued"]), revalued);
        assert_eq!(
            amount(&line["difference"]),
            sum[1] + sum[3] - amount(&line["revalued"])
        );
        difference += amount(&line["difference"]);
    }
    assert_eq!(amount(&report["difference"]), difference);
    assert_eq!(amount(&report["currencies"][0]["difference"]), difference);
    assert_ne!(difference, 0);
}

#[tokio::test]
async fn the_file_has_the_same_figures() {
    let (api, _, days) = scene().await;
    let report = api.get(&format!("{PATH}?currency=EUR")).await.json();
    let month = &days.last.to_string()[..7];
    let file = api.get(&format!("{PATH}?month={month}&format=csv")).await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let rows: Vec<Vec<&str>> = file
        .body
        .lines()
        .map(|line| line.split(',').collect())
        .collect();
    assert_eq!(rows.len(), 4, "{}", file.body);
    for (row, line) in rows[1..3].iter().zip(report["lines"].as_array().unwrap()) {
        assert_eq!(
            (row[1], row[11]),
            (
                line["name"].as_str().unwrap(),
                line["difference"].as_str().unwrap()
            )
        );
    }
    assert_eq!(
        (rows[3][0], rows[3][11]),
        ("total", report["difference"].as_str().unwrap())
    );
    let none = api.get(&format!("{PATH}?currency=GBP")).await.json();
    assert_eq!(
        (&none["lines"], &none["difference"]),
        (&json!([]), &json!("0"))
    );
}

#[tokio::test]
async fn only_staff_with_the_books_see_it_and_what_is_wrong_is_named() {
    let (api, customer, _) = scene().await;
    let own = key_with(&api, 11, "customer", customer, &["ledger.read"]).await;
    let refused = get_as(&api, &own, PATH).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    for wrong in ["month=2026-13", "month=2199-01", "currency=euro"] {
        let refused = api.get(&format!("{PATH}?{wrong}")).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong}: {}",
            refused.body
        );
    }
}
