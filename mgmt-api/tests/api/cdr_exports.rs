//! Files of calls: made by the job, read by whose they are, with their side only.

use crate::apply::{DECK, RESOURCES, apply};
use crate::cdrs::{call, load};
use crate::fixture::{Answer, Api, request};
use crate::ledger::{get_as, key_with};
use axum::body::Body;
use axum::http::header;
use cdr_archive::ParquetTable;
use mgmt_api::ExportCdrs;
use mgmt_api::jobs::{JobFailure, JobHandler, JobRun};
use serde_json::{Value, json};
use store::{CDR_EXPORT_JOB, JobQuery, Scope, TenantId};

const SCOPE: Scope = Scope::of_tenant(TenantId::PLATFORM);

/// Three calls of a customer on a carrier, and one of others.
async fn api() -> (Api, String, String) {
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
    let other = &mut calls[3];
    other.customer.as_mut().unwrap().id = customer + 1_000;
    other.customer.as_mut().unwrap().name = "=other".into();
    other.attempts[0].carrier.id = carrier + 1_000;
    load(&api, &calls).await;
    let customer = key_with(&api, 11, "customer", customer, &["cdr.read"]).await;
    let carrier = key_with(&api, 12, "carrier", carrier, &["cdr.read"]).await;
    (api, customer, carrier)
}

async fn ask(api: &Api, method: &str, key: &str, path: &str) -> Answer {
    ask_as(api, method, key, path, "csv").await
}

async fn ask_as(api: &Api, method: &str, key: &str, path: &str, format: &str) -> Answer {
    let request = request(method, path)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json");
    let body = match method {
        "POST" => Body::from(json!({ "format": format }).to_string()),
        _ => Body::empty(),
    };
    api.send(request.body(body).unwrap()).await
}

/// Has the newest job run.
async fn run(api: &Api) -> Result<(), JobFailure> {
    let query = JobQuery {
        kind: Some(CDR_EXPORT_JOB.into()),
        limit: 1,
        ..JobQuery::default()
    };
    let job = api.store.jobs(&SCOPE, &query).await.unwrap().remove(0);
    let handler = ExportCdrs::new(api.store.clone(), None);
    handler.run(&JobRun::new(job, 1)).await
}

/// Asks for a file, has it written and reads it.
async fn file(api: &Api, key: &str, path: &str) -> (Value, String) {
    let asked = ask(api, "POST", key, path).await;
    assert_eq!(asked.status, 202, "{path}: {}", asked.body);
    let (id, state) = (asked.json()["id"].clone(), asked.json()["state"].clone());
    assert_eq!(state, "making");
    let early = get_as(api, key, &format!("/api/v1/cdr-exports/{id}/file")).await;
    assert_eq!(early.status, 409, "{}", early.body);
    run(api).await.unwrap();
    let shown = get_as(api, key, &format!("/api/v1/cdr-exports/{id}")).await;
    assert_eq!(shown.json()["state"], "ready", "{}", shown.body);
    let file = get_as(api, key, &format!("/api/v1/cdr-exports/{id}/file")).await;
    assert_eq!(file.status, 200, "{}", file.body);
    assert_eq!(shown.json()["bytes"], file.body.len());
    (shown.json(), file.body)
}

#[tokio::test]
async fn a_file_has_the_calls_that_the_list_finds() {
    let (api, ..) = api().await;
    let key = api.key.clone();
    let (shown, all) = file(&api, &key, "/api/v1/cdr-exports?order=oldest_first&limit=1").await;
    assert_eq!(
        (&shown["records"], &shown["format"]),
        (&json!(4), &json!("csv"))
    );
    assert_eq!(shown["query"], "order=oldest_first&limit=1");
    let lines: Vec<_> = all.lines().collect();
    assert_eq!(lines.len(), 5);
    assert!(lines[0].starts_with("id,received_at,"), "{}", lines[0]);
    assert!(
        lines[1].contains("2026-03-01T12:00:00.000000Z"),
        "{}",
        lines[1]
    );
    assert!(lines[1].ends_with(",0.01,0.005,0.005,USD"), "{}", lines[1]);
    assert!(lines[4].contains(",'=other,"), "{}", lines[4]);
    let (shown, some) = file(&api, &key, "/api/v1/cdr-exports?customer=%3Dother").await;
    assert_eq!((&shown["records"], some.lines().count()), (&json!(1), 2));
    let (shown, none) = file(&api, &key, "/api/v1/cdr-exports?sip_status=404").await;
    assert_eq!((&shown["records"], none.lines().count()), (&json!(0), 1));
    for wrong in ["calls=1", "gateway=there", "limit=0"] {
        let refused = ask(&api, "POST", &key, &format!("/api/v1/cdr-exports?{wrong}")).await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.body);
    }
}

#[tokio::test]
async fn files_are_of_those_who_asked_with_their_side_alone() {
    let (api, customer, carrier) = api().await;
    let staff = api.key.clone();
    let (of_staff, _) = file(&api, &staff, "/api/v1/cdr-exports").await;
    for (key, amount, secrets) in [
        (&customer, ",0.01,USD", ["cheap", "0.005"]),
        (&carrier, ",0.005,USD", ["acme", "0.01,"]),
    ] {
        let (shown, own) = file(&api, key, "/api/v1/own-cdr-exports?answered=true").await;
        assert_eq!(shown["records"], 3);
        assert!(
            own.lines().skip(1).all(|line| line.ends_with(amount)),
            "{own}"
        );
        for secret in secrets.into_iter().chain(["margin", "other"]) {
            assert!(!own.contains(secret), "{secret} in {own}");
        }
        let list = get_as(&api, key, "/api/v1/cdr-exports").await.json();
        assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{list}");
        for path in ["", "/file"] {
            let path = format!("/api/v1/cdr-exports/{}{path}", of_staff["id"]);
            assert_eq!(get_as(&api, key, &path).await.status, 404, "{path}");
        }
        let path = format!("/api/v1/cdr-exports/{}", of_staff["id"]);
        assert_eq!(ask(&api, "DELETE", key, &path).await.status, 404);
        let path = format!("/api/v1/cdr-exports/{}/file", shown["id"]);
        assert_eq!(get_as(&api, &staff, &path).await.status, 404);
        let refused = ask(&api, "POST", key, "/api/v1/cdr-exports").await;
        assert_eq!(refused.status, 403, "{}", refused.body);
        let refused = ask(&api, "POST", key, "/api/v1/own-cdr-exports?min_cost=0").await;
        assert_eq!(refused.status, 400, "{}", refused.body);
    }
}

/// Has a file written as Parquet and reads it.
async fn table(api: &Api, key: &str, path: &str) -> ParquetTable {
    let asked = ask_as(api, "POST", key, path, "parquet").await;
    assert_eq!(asked.status, 202, "{path}: {}", asked.body);
    assert_eq!(asked.json()["format"], "parquet");
    run(api).await.unwrap();
    let file = format!("/api/v1/cdr-exports/{}/file", asked.json()["id"]);
    let request = request("GET", &file).header(header::AUTHORIZATION, format!("Bearer {key}"));
    let (headers, bytes) = api.send_bytes(request.body(Body::empty()).unwrap()).await;
    assert_eq!(
        headers[header::CONTENT_TYPE],
        "application/vnd.apache.parquet"
    );
    let disposition = headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert!(disposition.ends_with(".parquet\""), "{disposition}");
    ParquetTable::open(bytes).unwrap()
}

/// A column as text, in the form of the list: null is nothing.
fn cells(table: &ParquetTable, column: &str) -> Vec<String> {
    let number = |value: Option<i64>| value.map_or_else(String::new, |value| value.to_string());
    match table.numbers(column) {
        Ok(numbers) => numbers.into_iter().map(number).collect(),
        Err(_) => {
            let texts = table.texts(column).unwrap().into_iter();
            texts.map(Option::unwrap_or_default).collect()
        }
    }
}

/// A value of the list as the column of the file has it.
fn in_file(column: &str, value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    if column.ends_with("_at") && !text.is_empty() {
        let at: mgmt_api::values::Time = text.parse().unwrap();
        return at.0.0.to_string();
    }
    if ["charge", "cost", "margin", "amount"].contains(&column) {
        let amount: rating::Amount = text.parse().unwrap();
        return amount.0.to_string();
    }
    text
}

#[tokio::test]
async fn a_parquet_file_has_what_the_list_has_to_the_microsecond_and_the_nano_unit() {
    let (api, customer, carrier) = api().await;
    let staff = api.key.clone();
    for (key, list, columns) in [
        (&staff, "cdr", 21),
        (&customer, "own-cdr", 16),
        (&carrier, "own-cdr", 16),
    ] {
        let listed = get_as(&api, key, &format!("/api/v1/{list}s?order=oldest_first")).await;
        let listed = listed.json()["items"].as_array().unwrap().clone();
        assert!(listed.len() >= 3, "{list}");
        let path = format!("/api/v1/{list}-exports?order=oldest_first");
        let table = table(&api, key, &path).await;
        assert_eq!(table.columns().len(), columns);
        for column in table.columns() {
            let values = listed.iter().map(|item| in_file(&column, &item[&column]));
            assert_eq!(
                cells(&table, &column),
                values.collect::<Vec<_>>(),
                "{column}"
            );
        }
    }
    let none = table(&api, &staff, "/api/v1/cdr-exports?sip_status=404").await;
    assert_eq!(none.groups(), Vec::<u64>::new());
    assert_eq!(none.columns().len(), 21);
}

#[tokio::test]
async fn a_file_is_deleted_and_its_job_then_writes_nothing() {
    let (api, ..) = api().await;
    let key = api.key.clone();
    for _ in 0..10 {
        assert_eq!(
            ask(&api, "POST", &key, "/api/v1/cdr-exports").await.status,
            202
        );
    }
    let full = ask(&api, "POST", &key, "/api/v1/cdr-exports").await;
    assert_eq!(full.status, 409, "{}", full.body);
    let list = api.get("/api/v1/cdr-exports").await.json();
    let newest = format!("/api/v1/cdr-exports/{}", list["items"][0]["id"]);
    assert_eq!(ask(&api, "DELETE", &key, &newest).await.status, 204);
    run(&api).await.unwrap();
    assert_eq!(api.get(&newest).await.status, 404);
    assert_eq!(ask(&api, "DELETE", &key, &newest).await.status, 404);
    assert_eq!(
        ask(&api, "POST", &key, "/api/v1/cdr-exports").await.status,
        202
    );
}

/// Half of a file would look like all of it.
#[tokio::test]
async fn there_is_no_file_while_records_of_an_earlier_release_are_filled_in() {
    let (api, customer, _) = api().await;
    let filling = "INSERT INTO cdr_fill (name, call_id, until, done, total) \
        VALUES ('search', '', 'f', 1, 4)";
    store::testing::execute(&api.store, filling).await;
    for (key, path) in [
        (&api.key.clone(), "/api/v1/cdr-exports"),
        (&customer, "/api/v1/own-cdr-exports"),
    ] {
        let refused = ask(&api, "POST", key, path).await;
        assert_eq!(refused.status, 409, "{}", refused.body);
        assert!(refused.body.contains("25 %"), "{}", refused.body);
    }
    store::testing::execute(&api.store, "DELETE FROM cdr_fill").await;
    file(&api, &customer, "/api/v1/own-cdr-exports").await;
}
