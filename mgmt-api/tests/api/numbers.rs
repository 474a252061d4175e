//! Numbers that are tried: by rules that are not saved, and by what is in force.

use crate::apply::{DECK, RESOURCES, apply};
use crate::fixture::{Answer, Api, request};
use crate::other_tenants::key;
use crate::permissions::roles;
use axum::body::Body;
use axum::http::header;
use http_body_util::BodyExt as _;
use mgmt_api::access::{Audience, Permission};
use serde_json::{Value, json};
use tower::ServiceExt as _;

async fn tried(api: &Api, body: &Value) -> Answer {
    api.post("/api/v1/numbers/test", body).await
}

fn fields(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 422, "{}", answer.body);
    let errors = answer.json()["errors"].as_array().cloned().unwrap();
    let field = |error: &Value| error["field"].as_str().unwrap().to_owned();
    errors.iter().map(field).collect()
}

#[tokio::test]
async fn rules_that_are_not_saved_say_which_of_them_fits() {
    let api = Api::start().await;
    let rules = json!({ "rules": [
        { "prefix": "00", "replacement": "" },
        { "pattern": "0([1-9][0-9]+)", "replacement": "44$1" },
    ] });
    let numbers = ["07400123456", "0033142685300", "alice"];
    let answer = tried(&api, &json!({ "rules": rules, "numbers": numbers })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let results = &answer.json()["results"];
    let mobile =
        json!({ "class": "mobile", "country": "GB", "is_possible": true, "is_valid": true });
    assert_eq!(
        results[0],
        json!({ "number": "07400123456", "rule": 1, "result": "447400123456", "facts": mobile })
    );
    assert_eq!(
        (&results[1]["rule"], &results[1]["result"]),
        (&json!(0), &json!("33142685300"))
    );
    assert_eq!(results[1]["facts"]["country"], "FR");
    assert_eq!(
        results[2],
        json!({ "number": "alice", "rule": null, "result": "alice", "facts": null })
    );
    let saved = api.get("/api/v1/translation-rules").await.json();
    assert_eq!(saved["items"], json!([]), "nothing is kept");
}

#[tokio::test]
async fn a_fault_of_unsaved_rules_names_the_rule() {
    let api = Api::start().await;
    let ask = async |rules: Value| {
        let body = json!({ "rules": { "rules": rules }, "numbers": ["1"] });
        fields(&tried(&api, &body).await)
    };
    let sound = json!({ "prefix": "0" });
    let broken = json!([sound, { "pattern": "0(" }]);
    assert_eq!(ask(broken).await, ["rules.rules[1].pattern"]);
    let unknown = json!([{ "prefix": "0", "colour": "red" }]);
    assert_eq!(ask(unknown).await, ["rules.rules[0].colour"]);
    assert_eq!(ask(json!([])).await, ["rules.rules"]);
}

#[tokio::test]
async fn a_call_is_told_rule_by_rule_and_as_carriers_get_it() {
    let api = Api::start().await;
    assert_eq!(apply(&api, RESOURCES, DECK, false).await.status, 200);
    let body = json!({ "customer": "acme", "called": "+33142685300", "calling": "442071838750" });
    let answer = tried(&api, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let call = &answer.json()["call"];
    assert_eq!(call["accepted"], true, "{call:#}");
    assert_eq!(call["called_number"], "33142685300");
    assert_eq!(call["facts"]["class"], "fixed_line");
    assert_eq!(call["facts"]["country"], "FR");
    assert_eq!(
        call["steps"].as_array().unwrap().last().unwrap()["step"],
        "class"
    );
    assert_eq!(call["sent"].as_array().unwrap().len(), 2);
    let one = json!({ "customer": "acme", "called": "+33142685300", "carrier": "cheap" });
    let call = &tried(&api, &one).await.json()["call"];
    let sent = call["sent"].as_array().unwrap();
    assert_eq!((sent.len(), &sent[0]["carrier"]), (1, &json!("cheap")));
    assert_eq!(
        (&sent[0]["accepted"], &sent[0]["called_number"]),
        (&json!(true), &json!("33142685300"))
    );
}

#[tokio::test]
async fn a_question_that_means_nothing_names_its_field() {
    let api = Api::start().await;
    assert_eq!(apply(&api, RESOURCES, DECK, false).await.status, 200);
    let long = "1".repeat(65);
    let rules = json!({ "rules": [{ "prefix": "0" }] });
    let cases = [
        (json!({}), "customer"),
        (json!({ "customer": "acme" }), "called"),
        (json!({ "customer": "nobody", "called": "331" }), "customer"),
        (
            json!({ "customer": "acme", "called": "331", "trunk": "gone" }),
            "trunk",
        ),
        (
            json!({ "customer": "acme", "called": "331", "carrier": "gone" }),
            "carrier",
        ),
        (
            json!({ "customer": "acme", "called": "331", "numbers": ["1"] }),
            "numbers",
        ),
        (
            json!({ "customer": "acme", "called": "3".repeat(257) }),
            "called",
        ),
        (json!({ "rules": rules }), "numbers"),
        (json!({ "rules": rules, "numbers": [] }), "numbers"),
        (
            json!({ "rules": rules, "numbers": vec!["1"; 101] }),
            "numbers",
        ),
        (
            json!({ "rules": rules, "numbers": ["1", long] }),
            "numbers[1]",
        ),
        (
            json!({ "rules": rules, "numbers": ["1"], "customer": "acme" }),
            "customer",
        ),
    ];
    for (body, field) in cases {
        assert_eq!(fields(&tried(&api, &body).await), [field], "{body}");
    }
}

#[tokio::test]
async fn an_operator_tries_rules_and_does_not_reach_customers_of_others() {
    let api = Api::start().await;
    assert_eq!(apply(&api, RESOURCES, DECK, false).await.status, 200);
    let tenant = "INSERT INTO tenant (id, parent_id, kind, name, created_at) \
                  VALUES (2, 1, 'operator', 'other', 0)";
    store::testing::execute(&api.store, tenant).await;
    let mut roles = roles(Audience::Operator);
    let role = roles.find(|role| role.permissions.contains(Permission::EXPLAIN_USE));
    let key = key(&api, 2, role.unwrap()).await;
    let ask = async |body: Value| {
        let request = request("POST", "/api/v1/numbers/test")
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        let response = api.router.clone().oneshot(request.unwrap()).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice::<Value>(&body).unwrap())
    };
    let rules = json!({ "rules": [{ "prefix": "0" }] });
    let (status, tried) = ask(json!({ "rules": rules, "numbers": ["0331"] })).await;
    assert_eq!(
        (status.as_u16(), &tried["results"][0]["result"]),
        (200, &json!("331"))
    );
    // The platform has a customer of that name, and a carrier.
    let (status, problem) = ask(json!({ "customer": "acme", "called": "33142685300" })).await;
    assert_eq!(
        (status.as_u16(), &problem["errors"][0]["field"]),
        (422, &json!("customer"))
    );
    assert!(!problem.to_string().contains("acme-in"), "{problem}");
}
