//! People: how they come, sign in, and are looked after.

#[path = "../../src/auth/passkey/authenticator.rs"]
pub(crate) mod authenticator;
mod invitations;
mod passkeys;
mod password_reset;
mod policy;
mod registration;
pub(crate) mod second_factor;
mod sessions;
mod tenants;
mod users;

use crate::fixture::{Answer, Api, request};
use argon2::password_hash::PasswordHasher as _;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Duration;
use store::{MailRow, NewUser, Scope, TenantId, UserId, UserStatus};

/// A password that is good enough.
pub(crate) const GOOD: &str = "velvet tuba granite";

const PLATFORM: Scope = Scope::of_tenant(TenantId::PLATFORM);

/// A signed-in browser.
pub(crate) struct Browser<'a> {
    pub(crate) api: &'a Api,
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl<'a> Browser<'a> {
    /// The browser that got this answer to a sign-in.
    pub(crate) fn of(api: &'a Api, answer: &Answer) -> Self {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        Self {
            api,
            cookie: cookie.split(';').next().unwrap().to_owned(),
            csrf: answer.json()["csrf_token"].as_str().unwrap().to_owned(),
        }
    }

    pub(crate) async fn sign_in(api: &'a Api, username: &str, password: &str) -> Self {
        Self::of(api, &api.try_sign_in(username, password).await)
    }

    /// Sends JSON; over whatever version there is.
    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = request(method, path)
            .header(header::IF_MATCH, "*")
            .header(header::COOKIE, &self.cookie)
            .header("x-csrf-token", &self.csrf)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        self.api.send(from_afar(request.unwrap())).await
    }

    /// POST with an `Idempotency-Key`.
    pub(crate) async fn send_once(&self, key: &str, path: &str, body: &Value) -> Answer {
        let request = request("POST", path)
            .header("idempotency-key", key)
            .header(header::COOKIE, &self.cookie)
            .header("x-csrf-token", &self.csrf)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        self.api.send(from_afar(request.unwrap())).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &json!(null)).await
    }

    pub(crate) async fn is_signed_in(&self) -> bool {
        self.get("/api/v1/session").await.status == StatusCode::OK
    }
}

fn from_afar(mut request: axum::http::Request<Body>) -> axum::http::Request<Body> {
    let from: SocketAddr = "198.51.100.7:1".parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(from));
    request
}

/// POST by a stranger.
pub(crate) async fn post(api: &Api, path: &str, body: &Value) -> Answer {
    let request = request("POST", path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    api.send(from_afar(request.unwrap())).await
}

/// The password of those whom [`add_user`] makes.
pub(crate) const ADDED: &str = "correct horse battery";

/// The hash of [`ADDED`], with parameters that are quick to check.
static ADDED_HASH: LazyLock<String> = LazyLock::new(|| {
    let quick = Params::new(64, 1, 1, None).unwrap();
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, quick);
    let hash: PasswordHash = argon.hash_password(ADDED.as_bytes()).unwrap();
    hash.to_string()
});

pub(crate) async fn add_user(api: &Api, tenant: TenantId, username: &str, role: &str) -> UserId {
    let new = NewUser {
        tenant,
        username,
        email: Some(username).filter(|name| name.contains('@')),
        full_name: "",
        role,
        status: UserStatus::Active,
        password_hash: Some(&ADDED_HASH),
        email_verified: true,
    };
    let mut write = api.store.change_people(rating::Timestamp(1)).await.unwrap();
    let id = write.add_user(&new).await.unwrap().unwrap();
    write.commit().await.unwrap();
    id
}

pub(crate) async fn add_operator(api: &Api, name: &str) -> TenantId {
    let mut write = api.store.change_people(rating::Timestamp(1)).await.unwrap();
    let id = write.add_operator(name).await.unwrap().unwrap();
    write.commit().await.unwrap();
    id
}

/// Waits for the mail about something to an address, which may be queued after the answer.
pub(crate) async fn mail_to(
    api: &Api,
    scope: &Scope,
    purpose: &str,
    to: &str,
) -> (MailRow, String) {
    for _ in 0..12_000 {
        let mails = api.store.mails(scope, None, 100).await.unwrap();
        let mut mails = mails.into_iter();
        if let Some(mail) = mails.find(|mail| mail.purpose == purpose && mail.recipient == to) {
            let secret = mail.secret_id.clone().unwrap();
            let sealed = api.store.secret(scope, &secret).await.unwrap().unwrap();
            let text = api.secrets.unseal(&sealed).unwrap();
            return (mail, text.expose().to_owned());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no mail about {purpose} to {to}");
}

/// The token in the link of a mail.
pub(crate) fn token_in(text: &str) -> String {
    let line = text.lines().find(|line| line.contains("https://"));
    let (page, token) = line.unwrap().split_once('#').unwrap();
    assert!(page.starts_with("https://switch.example.com/"), "{page}");
    token.to_owned()
}

/// A session that began an hour ago and was used since.
pub(crate) async fn sign_in_long_ago(api: &Api, user: UserId) -> Browser<'_> {
    use sha2::{Digest as _, Sha256};
    let sha256 = |text: String| {
        let digest = Sha256::digest(text.as_bytes());
        digest
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now: i64 = now.unwrap().as_micros().try_into().unwrap();
    let token = "ab".repeat(32);
    let session = store::NewSession {
        id: "long-ago",
        token_hash: &sha256(format!("session:{token}")),
        user,
        tenant: TenantId::PLATFORM,
        parent: None,
        acting_role: None,
        method: "password",
        remembered: false,
        idle_timeout_s: 3_600,
        expires_at: rating::Timestamp(now + 3_600_000_000),
        authenticated_at: rating::Timestamp(now - 3_600_000_000),
        address: None,
        user_agent: "",
    };
    let mut write = api
        .store
        .change_people(rating::Timestamp(now))
        .await
        .unwrap();
    write.add_session(&session, 5).await.unwrap();
    write.commit().await.unwrap();
    Browser {
        api,
        cookie: format!("didtron_session={token}"),
        csrf: sha256(format!("csrf:{token}")),
    }
}
