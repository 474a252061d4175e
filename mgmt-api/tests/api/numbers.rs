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
        (
            json!({ "rules": rules, "numbers": ["1"], "asserted": "4420" }),
            "asserted",
        ),
        (
            json!({ "rules": rules, "numbers": ["1"], "privacy": true }),
            "privacy",
        ),
        (
            json!({ "customer": "acme", "called": "331", "asserted": "3".repeat(257) }),
            "asserted",
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
    let keys = other(&api).await;
    let (_, key) = keys.iter().find(|(may_ask, _)| *may_ask).unwrap();
    let rules = json!({ "rules": { "rules": [{ "prefix": "0" }] }, "numbers": ["0331"] });
    let (status, tried) = asked(&api, key, "/api/v1/numbers/test", &rules).await;
    assert_eq!(
        (status, &tried["results"][0]["result"]),
        (200, &json!("331"))
    );
    // The platform has a customer of that name, and a carrier.
    let question = json!({ "customer": "acme", "called": "33142685300" });
    let (status, problem) = asked(&api, key, "/api/v1/numbers/test", &question).await;
    assert_eq!(
        (status, &problem["errors"][0]["field"]),
        (422, &json!("customer"))
    );
    assert!(!problem.to_string().contains("acme-in"), "{problem}");
}

/// A tenant below the platform, and a key of each of its roles with its permissions.
async fn other(api: &Api) -> Vec<(bool, String)> {
    let tenant = "INSERT INTO tenant (id, parent_id, kind, name, created_at) \
                  VALUES (2, 1, 'operator', 'other', 0)";
    store::testing::execute(&api.store, tenant).await;
    let mut keys = Vec::new();
    for role in roles(Audience::Operator) {
        let may_ask = role.permissions.contains(Permission::EXPLAIN_USE);
        keys.push((may_ask, key(api, 2, role).await));
    }
    keys
}

async fn asked(api: &Api, key: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = request("POST", path)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    let response = api.router.clone().oneshot(request.unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn only_roles_that_may_explain_try_numbers() {
    let api = Api::start().await;
    let keys = other(&api).await;
    let rules = json!({ "rules": { "rules": [{ "prefix": "0" }] }, "numbers": ["0331"] });
    let mut counts = [0, 0];
    for (may_ask, key) in keys {
        let (status, answer) = asked(&api, &key, "/api/v1/numbers/test", &rules).await;
        assert_eq!(status, if may_ask { 200 } else { 403 }, "{answer}");
        counts[usize::from(may_ask)] += 1;
    }
    assert!(counts[0] > 0 && counts[1] > 0, "{counts:?}");
}

/// The resources of an owner whose numbers tell whose they are.
fn of_owner(owner: usize, source: &str) -> String {
    let rules = format!(
        "---\nkind: cli_rules\nname: of-{owner}\nspec: {{ rules: [{{ action: replace, number: \"44207946000{owner}\" }}] }}\n\
         ---\nkind: number_list\nname: list-of-{owner}\nspec: {{ action: tag, tag: seen, entries: [\"3\"] }}\n"
    );
    let text = RESOURCES
        .replace("192.0.2.1\"", &format!("{source}\""))
        .replace(
            "name: cheap\nspec: {}",
            &format!("name: cheap\nspec: {{ numbers: {{ cli_rules: of-{owner} }} }}"),
        )
        .replace("name: costly\n", &format!("name: costly-of-{owner}\n"))
        .replace(
            "carrier: costly\n",
            &format!("carrier: costly-of-{owner}\n"),
        )
        .replace(
            "cps_limit: 10",
            &format!("numbers: {{ lists: [list-of-{owner}] }}"),
        );
    text + &rules
}

#[tokio::test]
async fn an_operator_gets_its_own_customer_where_the_platform_has_one_of_that_name() {
    let api = Api::start().await;
    let ours = of_owner(1, "192.0.2.1");
    let applied = apply(&api, &ours, DECK, false).await;
    assert_eq!(applied.status, 200, "{}", applied.body);
    let keys = other(&api).await;
    let every = roles(Audience::Operator).position(|role| role.name == "super_admin");
    let (_, key) = &keys[every.unwrap()];
    let files = json!({
        "files": [{"path": "switch.yaml", "content": of_owner(2, "192.0.2.2")}],
        "decks": [{"path": "retail.csv", "content": DECK}],
    });
    let (status, answer) = asked(&api, key, "/api/v1/apply?dry_run=false", &files).await;
    assert_eq!(status, 200, "{answer:#}");
    let question = json!({ "customer": "acme", "called": "33142685300" });
    let (status, own) = asked(&api, key, "/api/v1/numbers/test", &question).await;
    let platforms = tried(&api, &question).await;
    assert_eq!((status, platforms.status.as_u16()), (200, 200), "{own}");
    // The same names of customer, carrier and trunks; each owner's carrier presents a number of its own.
    let platforms = platforms.json();
    for (answer, mine, others) in [(&own, 2, 1), (&platforms, 1, 2)] {
        let sent = answer["call"]["sent"].as_array().unwrap();
        let found: Vec<_> = sent.iter().map(|sent| &sent["carrier"]).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        let text = answer.to_string();
        for of in [
            format!("44207946000{mine}"),
            format!("costly-of-{mine}"),
            format!("list-of-{mine}"),
        ] {
            assert!(text.contains(&of), "{of}: {answer:#}");
        }
        for of in [format!("44207946000{others}"), format!("of-{others}")] {
            assert!(!text.contains(&of), "{of}: {answer:#}");
        }
    }
    let of_others =
        json!({ "customer": "acme", "called": "33142685300", "carrier": "costly-of-1" });
    let (status, problem) = asked(&api, key, "/api/v1/numbers/test", &of_others).await;
    assert_eq!(
        (status, &problem["errors"][0]["field"]),
        (422, &json!("carrier"))
    );
}
