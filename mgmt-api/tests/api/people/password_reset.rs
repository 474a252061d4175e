use super::{ADDED, Browser, GOOD, PLATFORM, add_user, mail_to, post, token_in};
use crate::fixture::{Answer, Api};
use axum::http::StatusCode;
use serde_json::json;
use store::TenantId;

async fn ask(api: &Api, email: &str) -> Answer {
    post(api, "/api/v1/password-resets", &json!({"email": email})).await
}

async fn complete(api: &Api, token: &str, password: &str) -> Answer {
    let body = json!({"token": token, "new_password": password});
    post(api, "/api/v1/password-resets/completion", &body).await
}

#[tokio::test]
async fn a_link_lets_the_user_choose_a_password_once_and_signs_everybody_out() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let before = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    assert_eq!(
        ask(&api, "Ann@example.com").await.status,
        StatusCode::ACCEPTED
    );
    let (_, text) = mail_to(&api, &PLATFORM, "password_reset", "ann@example.com").await;
    let token = token_in(&text);
    let weak = complete(&api, &token, "ann@example.com!").await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    let answer = complete(&api, &token, GOOD).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    assert!(!before.is_signed_in().await);
    let again = complete(&api, &token, "another tuba granite").await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert_eq!(again.problem(), "/problems/stale-token");
    mail_to(&api, &PLATFORM, "password_changed", "ann@example.com").await;
    let old = api.try_sign_in("ann@example.com", ADDED).await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);
    Browser::sign_in(&api, "ann@example.com", GOOD).await;
}

#[tokio::test]
async fn the_answer_does_not_tell_which_addresses_are_known() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let unknown = ask(&api, "nobody@example.com").await;
    let known = ask(&api, "ann@example.com").await;
    assert_eq!(unknown.status, StatusCode::ACCEPTED);
    assert_eq!((unknown.status, &unknown.body), (known.status, &known.body));
    mail_to(&api, &PLATFORM, "password_reset", "ann@example.com").await;
    // The request of the stranger came first, so it would have its mail by now.
    let mails = api.store.mails(&PLATFORM, None, 10).await.unwrap();
    assert_eq!(mails.len(), 1);
}

#[tokio::test]
async fn a_suspended_user_and_an_impatient_one_get_no_mail() {
    let api = Api::start().await;
    let ann = add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    add_user(&api, TenantId::PLATFORM, "bob@example.com", "viewer").await;
    let body = json!({"full_name": "", "role": "viewer", "status": "suspended"});
    let put = api.put(&format!("/api/v1/users/{ann}"), &body).await;
    assert_eq!(put.status, StatusCode::OK);
    let path = format!("/api/v1/users/{ann}/password-reset");
    for _ in 0..2 {
        let answer = api.post(&path, &json!(null)).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    }
    let bob = api
        .store
        .user_by_email("bob@example.com")
        .await
        .unwrap()
        .unwrap();
    let path = format!("/api/v1/users/{}/password-reset", bob.id);
    for _ in 0..2 {
        assert_eq!(
            api.post(&path, &json!(null)).await.status,
            StatusCode::ACCEPTED
        );
    }
    let mails = api.store.mails(&PLATFORM, None, 10).await.unwrap();
    let recipients: Vec<_> = mails.iter().map(|mail| mail.recipient.as_str()).collect();
    assert_eq!(recipients, ["bob@example.com"]);
}

#[tokio::test]
async fn a_token_for_something_else_is_no_link() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let ann = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let body = json!({"email": "ann@example.org"});
    let answer = ann.send("PUT", "/api/v1/me/email", &body).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    let (_, text) = mail_to(&api, &PLATFORM, "email_verification", "ann@example.org").await;
    let token = token_in(&text);
    let answer = complete(&api, &token, GOOD).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let body = json!({"token": token});
    let answer = post(&api, "/api/v1/email-verifications", &body).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    Browser::sign_in(&api, "ann@example.org", ADDED).await;
    let again = post(&api, "/api/v1/email-verifications", &body).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_changed_password_voids_the_links_that_were_sent_before() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let ann = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    ask(&api, "ann@example.com").await;
    let (_, reset) = mail_to(&api, &PLATFORM, "password_reset", "ann@example.com").await;
    // Somebody else at the browser could have asked for this one.
    let body = json!({"email": "eve@example.com"});
    let asked = ann.send("PUT", "/api/v1/me/email", &body).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.body);
    let (_, move_away) = mail_to(&api, &PLATFORM, "email_verification", "eve@example.com").await;
    let body = json!({"current_password": ADDED, "new_password": GOOD});
    let changed = ann.send("PUT", "/api/v1/me/password", &body).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    let late = complete(&api, &token_in(&reset), "another tuba granite").await;
    assert_eq!(late.problem(), "/problems/stale-token");
    let body = json!({"token": token_in(&move_away)});
    let late = post(&api, "/api/v1/email-verifications", &body).await;
    assert_eq!(late.problem(), "/problems/stale-token");
}
