use super::{Browser, GOOD, PLATFORM, mail_to, post, token_in};
use crate::fixture::{Answer, Api};
use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use store::{Scope, TenantId};

fn request(email: &str) -> Value {
    json!({
        "kind": "carrier", "company": "Aurora Voice", "full_name": "Ann Example", "email": email,
    })
}

async fn open(api: &Api) {
    let policy = json!({"registration": "approval"}).to_string();
    let mut put = api.with_key("PUT", "/api/v1/sign-in-policy", policy.into());
    put.headers_mut()
        .insert(header::IF_MATCH, "*".parse().unwrap());
    assert_eq!(api.send(put).await.status, StatusCode::OK);
}

async fn register(api: &Api, body: &Value) -> Answer {
    post(api, "/api/v1/registrations", body).await
}

async fn verify(api: &Api, token: &str) -> Answer {
    let body = json!({"token": token, "password": GOOD});
    post(api, "/api/v1/registrations/verification", &body).await
}

async fn waiting(api: &Api) -> Vec<Value> {
    let list = api.get("/api/v1/registrations").await.json();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn nobody_registers_before_somebody_allows_it() {
    let api = Api::start().await;
    let answer = register(&api, &request("ann@example.com")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let offer = api.get("/api/v1/registration-offer").await.json();
    assert_eq!(offer, json!({"registration": "off", "categories": []}));
}

#[tokio::test]
async fn who_proves_the_address_waits_for_an_answer_and_becomes_the_owner() {
    let api = Api::start().await;
    open(&api).await;
    let answer = register(&api, &request("Ann@example.com")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    let (_, text) = mail_to(&api, &PLATFORM, "registration", "ann@example.com").await;
    assert!(waiting(&api).await.is_empty(), "nothing before the proof");
    let token = token_in(&text);
    let answer = verify(&api, &token).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    let again = verify(&api, &token).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    let early = api.try_sign_in("ann@example.com", GOOD).await;
    assert_eq!(early.status, StatusCode::UNAUTHORIZED);
    let waiting = waiting(&api).await;
    assert_eq!(waiting[0]["company"], "Aurora Voice");
    let carrier = json!({"name": "aurora", "spec": {}});
    let made = api.post("/api/v1/carriers", &carrier).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let path = format!("/api/v1/registrations/{}/approval", waiting[0]["id"]);
    let unknown = api.post(&path, &json!({"account": "nobody"})).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Whoever approves makes an owner, and so must be allowed as much.
    let made = json!({"name": "people", "permissions": ["user.read", "user.write"]});
    let made = api.post("/api/v1/api-keys", &made).await.json();
    let key = made["key"].as_str().unwrap();
    let by_key = crate::fixture::request("POST", &path)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(json!({"account": "aurora"}).to_string().into());
    let by_key = api.send(by_key.unwrap()).await;
    assert_eq!(by_key.status, StatusCode::FORBIDDEN, "{}", by_key.body);
    let answer = api.post(&path, &json!({"account": "aurora"})).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    let ann = Browser::sign_in(&api, "ann@example.com", GOOD).await;
    let session = ann.get("/api/v1/session").await.json();
    assert_eq!(session["tenant"]["kind"], "carrier");
    assert_eq!(session["tenant"]["name"], "aurora");
    assert_eq!(session["user"]["role"], "owner");
    let tenant = TenantId::new(session["tenant"]["id"].as_i64().unwrap());
    let scope = Scope::of_tenant(tenant);
    mail_to(&api, &scope, "registration_approved", "ann@example.com").await;
    // Nothing of the switch is to be seen from the portal.
    for path in [
        "/api/v1/carriers",
        "/api/v1/registrations",
        "/api/v1/tenants",
    ] {
        assert_eq!(ann.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn a_known_address_gets_a_word_and_no_link_and_the_same_answer() {
    let api = Api::start().await;
    open(&api).await;
    super::add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let known = register(&api, &request("ann@example.com")).await;
    let unknown = register(&api, &request("bob@example.com")).await;
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    let (_, text) = mail_to(&api, &PLATFORM, "registration", "ann@example.com").await;
    assert!(!text.contains('#'), "{text}");
    let again = register(&api, &request("bob@example.com")).await;
    assert_eq!(again.status, StatusCode::ACCEPTED);
    let (_, text) = mail_to(&api, &PLATFORM, "registration", "bob@example.com").await;
    let answer = verify(&api, &token_in(&text)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    let path = format!("/api/v1/registrations/{}", waiting(&api).await[0]["id"]);
    let refuse = api.with_key("DELETE", &path, axum::body::Body::empty());
    assert_eq!(api.send(refuse).await.status, StatusCode::NO_CONTENT);
    mail_to(&api, &PLATFORM, "registration_refused", "bob@example.com").await;
    assert!(waiting(&api).await.is_empty());
}

#[tokio::test]
async fn a_customer_chooses_one_of_the_categories_that_are_open() {
    let api = Api::start().await;
    open(&api).await;
    for (name, open) in [("wholesale", true), ("internal", false)] {
        let spec = json!({"description": name, "open_for_registration": open});
        let body = json!({"name": name, "spec": spec});
        let made = api.post("/api/v1/customer-categories", &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    }
    let offer = api.get("/api/v1/registration-offer").await.json();
    assert_eq!(
        offer["categories"],
        json!([{"name": "wholesale", "description": "wholesale"}])
    );
    let mut body = request("ann@example.com");
    body["kind"] = json!("customer");
    for (category, status) in [
        (json!(null), StatusCode::UNPROCESSABLE_ENTITY),
        (json!("internal"), StatusCode::UNPROCESSABLE_ENTITY),
        (json!("wholesale"), StatusCode::ACCEPTED),
    ] {
        body["category"] = category;
        assert_eq!(register(&api, &body).await.status, status, "{body}");
    }
}
