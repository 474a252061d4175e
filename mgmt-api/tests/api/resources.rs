//! The operations that every kind of resource has.

use crate::fixture::{Answer, Api, request};
use axum::body::Body;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};

async fn with_if_match(api: &Api, method: &str, path: &str, tag: &str, body: &Value) -> Answer {
    let mut request = api.with_key(method, path, body.to_string().into());
    let tag = tag.parse().unwrap();
    request.headers_mut().insert(header::IF_MATCH, tag);
    api.send(request).await
}

async fn create(api: &Api, plural: &str, name: &str, spec: Value) -> Answer {
    let body = json!({"name": name, "spec": spec});
    let answer = api.post(&format!("/api/v1/{plural}"), &body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    answer
}

fn egress() -> Value {
    json!({
        "direction": "egress", "carrier": "aurora", "rate_card": "buy",
        "gateway": "127.0.0.9:5060",
    })
}

async fn world() -> Api {
    let api = Api::start().await;
    let rates = json!([{"prefix": "1", "destination": "USA", "rate_per_minute": "0.01"}]);
    create(
        &api,
        "rate-cards",
        "buy",
        json!({"currency": "USD", "rates": rates}),
    )
    .await;
    create(&api, "carriers", "aurora", json!({"cps_limit": 5})).await;
    create(&api, "trunks", "aurora-out", egress()).await;
    api
}

#[tokio::test]
async fn a_resource_is_made_changed_by_its_version_and_taken_away() {
    let api = Api::start().await;
    let made = create(&api, "carriers", "aurora", json!({"cps_limit": 5})).await;
    assert_eq!(made.headers[header::ETAG], "\"1\"");
    let path = made.headers[header::LOCATION].to_str().unwrap().to_owned();
    let changed = json!({"name": "aurora", "external_id": "crm-7", "spec": {"cps_limit": 6}});
    let missing = api.with_key("PUT", &path, changed.to_string().into());
    assert_eq!(
        api.send(missing).await.status,
        StatusCode::PRECONDITION_REQUIRED
    );
    let updated = with_if_match(&api, "PUT", &path, "\"1\"", &changed).await;
    assert_eq!(updated.status, StatusCode::OK, "{}", updated.body);
    assert_eq!(updated.headers[header::ETAG], "\"2\"");
    let lost = with_if_match(&api, "PUT", &path, "\"1\"", &changed).await;
    assert_eq!(lost.status, StatusCode::PRECONDITION_FAILED);
    let seen = api.get("/api/v1/carriers/external_id:crm-7").await.json();
    assert_eq!(
        (&seen["version"], &seen["spec"]["cps_limit"]),
        (&json!(2), &json!(6))
    );
    let gone = with_if_match(&api, "DELETE", &path, "*", &Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.body);
    assert_eq!(
        api.get("/api/v1/carriers/aurora").await.status,
        StatusCode::NOT_FOUND
    );
    let versions = api.get(&format!("{path}/versions")).await.json();
    assert_eq!(versions["items"].as_array().unwrap().len(), 3);
    assert_eq!(versions["items"][0]["deleted"], true);
}

#[tokio::test]
async fn calls_use_what_was_changed_when_the_answer_comes() {
    let api = world().await;
    let snapshot = api.switch.snapshot.lock().unwrap().clone();
    assert_eq!(snapshot.carriers().len(), 1);
    assert_eq!(snapshot.egress_trunks().len(), 1);
    assert_eq!(snapshot.number(), 3);
}

#[tokio::test]
async fn a_name_is_taken_once_and_what_others_name_stays() {
    let api = world().await;
    let again = json!({"name": "aurora", "spec": {}});
    let taken = api.post("/api/v1/carriers", &again).await;
    assert_eq!(taken.status, StatusCode::CONFLICT, "{}", taken.body);
    let kept = with_if_match(&api, "DELETE", "/api/v1/carriers/aurora", "*", &Value::Null).await;
    assert_eq!(kept.status, StatusCode::CONFLICT);
    assert!(kept.body.contains("aurora-out"), "{}", kept.body);
    let unknown = json!({"name": "x", "spec": {"cps_limit": "fast"}});
    let refused = api.post("/api/v1/carriers", &unknown).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["errors"][0]["field"], "cps_limit");
}

#[tokio::test]
async fn who_names_a_resource_follows_its_rename() {
    let api = world().await;
    let renamed = json!({"name": "Aurora Ltd", "spec": {"cps_limit": 5}});
    let answer = with_if_match(&api, "PUT", "/api/v1/carriers/aurora", "*", &renamed).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let trunk = api.get("/api/v1/trunks/aurora-out").await.json();
    assert_eq!(trunk["spec"]["carrier"], "Aurora Ltd");
    assert_eq!(trunk["version"], 2);
}

#[tokio::test]
async fn a_list_is_filtered_searched_sorted_and_paged() {
    let api = Api::start().await;
    for (name, status) in [
        ("a one", "active"),
        ("b one", "inactive"),
        ("c two", "active"),
    ] {
        create(&api, "carriers", name, json!({"status": status})).await;
    }
    let names = async |query: &str| {
        let page = api.get(&format!("/api/v1/carriers?{query}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let page = page.json();
        let items = page["items"].as_array().unwrap();
        let names = items
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned());
        (
            names.collect::<Vec<_>>(),
            page["next_cursor"].as_str().map(str::to_owned),
        )
    };
    assert_eq!(names("status=active").await.0, ["a one", "c two"]);
    assert_eq!(names("q=one&sort=-name").await.0, ["b one", "a one"]);
    let (first, cursor) = names("limit=2").await;
    assert_eq!(first, ["a one", "b one"]);
    let next = format!("limit=2&cursor={}", cursor.unwrap());
    assert_eq!(names(&next).await, (vec!["c two".to_owned()], None));
    let wrong = api.get("/api/v1/carriers?speed=1").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn versions_are_compared_and_an_earlier_one_comes_back() {
    let api = Api::start().await;
    create(&api, "carriers", "aurora", json!({"cps_limit": 5})).await;
    let changed = json!({"name": "aurora", "spec": {"cps_limit": 6}, "note": "more"});
    with_if_match(&api, "PUT", "/api/v1/carriers/aurora", "*", &changed).await;
    let compared = api
        .get("/api/v1/carriers/aurora/compare?from=1")
        .await
        .json();
    let expected = json!([{"field": "spec.cps_limit", "before": 5, "after": 6}]);
    assert_eq!(compared["differences"], expected);
    let versions = api.get("/api/v1/carriers/aurora/versions").await.json();
    assert_eq!(versions["items"][0]["note"], "more");
    let path = "/api/v1/carriers/aurora/rollback";
    let body = json!({"version": 1});
    let blind = api.post(path, &body).await;
    assert_eq!(blind.status, StatusCode::PRECONDITION_REQUIRED);
    let late = with_if_match(&api, "POST", path, "\"1\"", &body).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    let back = with_if_match(&api, "POST", path, "\"2\"", &body).await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.body);
    let now = back.json();
    assert_eq!(
        (&now["version"], &now["spec"]["cps_limit"]),
        (&json!(3), &json!(5))
    );
}

#[tokio::test]
async fn many_are_changed_at_once_or_none() {
    let api = Api::start().await;
    for name in ["a", "b", "c"] {
        create(&api, "carriers", name, json!({"cps_limit": 5})).await;
    }
    let edit = json!({"names": ["a", "b"], "spec": {"cps_limit": 9}});
    let done = api.post("/api/v1/carriers/bulk", &edit).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let wrong = json!({"filter": {}, "spec": {"cps_limit": 0}});
    let refused = api.post("/api/v1/carriers/bulk", &wrong).await;
    assert_eq!(
        refused.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        refused.body
    );
    let limits = api.get("/api/v1/carriers").await.json();
    let limits: Vec<_> = limits["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["spec"]["cps_limit"].as_u64().unwrap())
        .collect();
    assert_eq!(limits, [9, 9, 5]);
}

#[tokio::test]
async fn a_table_that_was_exported_is_imported_without_a_change() {
    let api = world().await;
    for (plural, kind) in [("trunks", "trunk"), ("rate-cards", "rate_card")] {
        let table = api.get(&format!("/api/v1/{plural}/export")).await;
        assert_eq!(table.headers[header::CONTENT_TYPE], "text/csv");
        let path = format!("/api/v1/{plural}/import");
        let mut request = api.with_key("POST", &path, Body::from(table.body));
        let media_type = "text/csv".parse().unwrap();
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, media_type);
        let done = api.send(request).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.body);
        let change = &done.json()["changes"][0];
        assert_eq!(
            (&change["kind"], &change["action"]),
            (&json!(kind), &json!("unchanged")),
            "{}",
            done.body
        );
    }
}

#[tokio::test]
async fn what_is_exported_is_applied_without_a_change_and_pruned_to_what_is_named() {
    let api = world().await;
    let exported = api.get("/api/v1/export").await.json();
    let again = api.post("/api/v1/apply", &exported).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);
    let changes = again.json()["changes"].as_array().unwrap().clone();
    assert_eq!(changes.len(), 3);
    assert!(
        changes.iter().all(|change| change["action"] == "unchanged"),
        "{changes:?}"
    );
    let only_carriers = json!({"files": [{"path": "c.yaml", "content":
        "kind: carrier\nname: aurora\nspec: {cps_limit: 5}\n"}]});
    let pruned = api.post("/api/v1/apply?prune=true", &only_carriers).await;
    assert_eq!(pruned.status, StatusCode::OK, "{}", pruned.body);
    assert_eq!(
        api.get("/api/v1/resources").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_customer_gets_what_is_assigned_to_its_category() {
    let api = world().await;
    create(&api, "customer-categories", "wholesale", json!({})).await;
    let spec = json!({"rate_card": "buy", "category": "wholesale"});
    create(&api, "customers", "meridian", spec).await;
    let kinds = api.get("/api/v1/kinds").await.json();
    let plan = kinds["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|kind| kind["kind"] == "rate_card");
    assert!(plan.unwrap()["schema"]["properties"]["currency"].is_object());
    let got = api.get("/api/v1/customers/meridian/entitlements").await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.body);
}

#[tokio::test]
async fn each_change_is_told() {
    let api = Api::start().await;
    let mut events = api.state.configuration_events();
    create(&api, "carriers", "aurora", json!({})).await;
    let event = events.try_recv().unwrap();
    assert_eq!(event.number, 1);
    assert_eq!(&*event.changes[0].name, "aurora");
}

#[tokio::test]
async fn an_export_holds_only_what_the_caller_may_read() {
    let api = world().await;
    let spec = json!({"portal": "operator", "permissions": ["export.use", "carrier.read"]});
    create(&api, "roles", "packer", spec).await;
    let (cookie, _) = api.sign_in_as("packer").await;
    let get = async |path: &str| {
        let asked = request("GET", path).header(header::COOKIE, &cookie);
        api.send(asked.body(Body::empty()).unwrap()).await
    };
    let exported = get("/api/v1/export").await;
    assert_eq!(exported.status, StatusCode::OK, "{}", exported.body);
    let exported = exported.json();
    let paths: Vec<_> = exported["files"].as_array().unwrap().iter().collect();
    assert_eq!(paths.len(), 1, "{exported}");
    assert_eq!(paths[0]["path"], "carriers.yaml");
    assert_eq!(exported["decks"], json!([]));
    let left_out = exported["left_out"].as_array().unwrap();
    assert!(left_out.contains(&json!("rate_card")) && left_out.contains(&json!("role")));
    assert!(!left_out.contains(&json!("carrier")));
    let listed = get("/api/v1/resources").await.json();
    let kinds: Vec<_> = listed["items"].as_array().unwrap().iter().collect();
    assert!(!kinds.is_empty() && kinds.iter().all(|item| item["kind"] == "carrier"));
    let none = get("/api/v1/resources?kind=rate_card").await.json();
    assert_eq!(none["items"], json!([]));
    let whole = api.get("/api/v1/export").await.json();
    assert!(whole.get("left_out").is_none(), "{whole}");
}

#[tokio::test]
async fn a_bulk_deletion_keeps_its_note() {
    let api = Api::start().await;
    for name in ["aurora", "borealis"] {
        create(&api, "carriers", name, json!({})).await;
    }
    let ids: Vec<i64> = api.get("/api/v1/carriers").await.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_i64().unwrap())
        .collect();
    let edit = json!({"filter": {}, "delete": true, "note": "Sold to another."});
    let done = api.post("/api/v1/carriers/bulk", &edit).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    for id in ids {
        let versions = api.get(&format!("/api/v1/carriers/{id}/versions")).await;
        let last = &versions.json()["items"][0];
        assert_eq!(last["note"], "Sold to another.", "{last}");
    }
}

#[tokio::test]
async fn a_trunk_cannot_leave_by_a_listener_that_the_switch_has_not() {
    let api = world().await;
    for (listener, transport) in [("127.0.0.1:5070", "udp"), ("127.0.0.1:5060", "tcp")] {
        let mut spec = egress();
        spec["listener"] = json!(listener);
        spec["transport"] = json!(transport);
        let body = json!({"name": "by-another", "spec": spec});
        let refused = api.post("/api/v1/trunks", &body).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            refused.body
        );
        assert_eq!(
            refused.json()["errors"][0]["field"],
            "listener",
            "{}",
            refused.body
        );
    }
    let mut spec = egress();
    spec["listener"] = json!("127.0.0.1:5060");
    create(&api, "trunks", "by-ours", spec).await;
}
