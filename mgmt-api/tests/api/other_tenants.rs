//! Every operation as every role of every kind of tenant below the platform: what is the platform's
//! is not found, and what is not theirs to do is refused.
//!
//! Each role asks by an API key of its tenant that has exactly the role's permissions.

use crate::fixture::{Api, request};
use crate::permissions::{Operation, operations, roles};
use axum::body::Body;
use axum::http::{StatusCode, header};
use http_body_util::BodyExt as _;
use mgmt_api::RateLimits;
use mgmt_api::access::Audience;
use mgmt_api::access::roles::BuiltInRole;
use rating::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use store::{AuditActor, AuditCredential, NewApiKey, NewAuditEntry, Scope, TenantId};
use tower::ServiceExt as _;

/// The name of all that belongs to the platform; it must be in no answer to others.
const OURS: &str = "of-the-platform";

/// As many requests as they like.
const NO_QUOTAS: RateLimits = RateLimits {
    read_per_minute: 0,
    write_per_minute: 0,
    heavy_per_minute: 0,
    sign_in_per_minute: 0,
};

const OTHERS: [(Audience, i64); 3] = [
    (Audience::Operator, 2),
    (Audience::Customer, 3),
    (Audience::Carrier, 4),
];

/// Something of the platform's of several kinds, and the tenants below it.
async fn api() -> Api {
    let api = Api::start_with(tempfile::tempdir().unwrap(), NO_QUOTAS).await;
    for (audience, id) in OTHERS {
        let text = format!(
            "INSERT INTO tenant (id, parent_id, kind, name, created_at) \
             VALUES ({id}, 1, '{audience}', 'other', 0)"
        );
        store::testing::execute(&api.store, text.leak()).await;
    }
    let ours = [
        (
            "/api/v1/customer-categories",
            json!({"name": OURS, "spec": {}}),
        ),
        (
            "/api/v1/customer-groups",
            json!({"name": OURS, "spec": {"category": OURS}}),
        ),
        (
            "/api/v1/api-keys",
            json!({"name": OURS, "permissions": ["cdr.read"]}),
        ),
    ];
    for (path, body) in ours {
        let made = api.post(path, &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{path}: {}", made.body);
    }
    let seen = api.get("/api/v1/customer-categories").await;
    assert!(seen.body.contains(OURS), "the platform sees it");
    api
}

/// A key of the tenant with the role's permissions.
pub(crate) async fn key(api: &Api, tenant: i64, role: &BuiltInRole) -> String {
    let key = format!("dtk_{tenant}{}", role.name);
    let digest = Sha256::digest(format!("api-key:{key}"));
    let hash = digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let permissions: Vec<_> = role.permissions.iter().map(|one| one.to_string()).collect();
    let new = NewApiKey {
        name: role.name,
        hint: "dtk_",
        key_hash: &hash,
        permissions: &permissions,
        networks: &[],
        maker: None,
        made_by: "a test",
        expires_at: None,
    };
    let scope = Scope::of_tenant(TenantId::new(tenant));
    let actor = AuditActor::new("a test", AuditCredential::LocalKey);
    let told = NewAuditEntry::new(scope.tenant(), Timestamp(0), actor, "api_key.create");
    let added = api
        .store
        .add_api_key(&scope, new, told, Timestamp(0), Timestamp(0));
    added.await.unwrap().unwrap();
    key
}

/// The status, and the body but for streams, which never end.
async fn ask(api: &Api, key: &str, operation: &Operation) -> (StatusCode, String) {
    let path = operation.template.replace("{version}", "1");
    let path = path.replace("{id}", OURS).replace("{name}", OURS);
    let request = request(operation.method.as_str(), &path)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::IF_MATCH, "*")
        .body(Body::from("{}"));
    let response = api.router.clone().oneshot(request.unwrap()).await.unwrap();
    let status = response.status();
    let stream = response.headers().get(header::CONTENT_TYPE);
    if stream.is_some_and(|media_type| media_type == "text/event-stream") {
        return (status, String::new());
    }
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn no_role_of_another_tenant_gets_what_is_the_platforms() {
    let api = api().await;
    let operations = operations();
    let guarded = operations.iter().filter(|operation| !operation.open);
    let guarded: Vec<_> = guarded.collect();
    let (mut allowed, mut refused) = (0, 0);
    for (audience, tenant) in OTHERS {
        for role in roles(audience) {
            let key = key(&api, tenant, role).await;
            for operation in &guarded {
                let (status, body) = ask(&api, &key, operation).await;
                let what = format!(
                    "{} as {audience} {}: {status} {body}",
                    operation.name, role.name
                );
                assert!(!status.is_server_error(), "{what}");
                assert_ne!(status, StatusCode::UNAUTHORIZED, "{what}");
                if operation.allows(audience, role) {
                    let named = operation.template.contains('{');
                    assert!(!(named && status.is_success()), "found: {what}");
                    assert!(!status.is_success() || !body.contains(OURS), "told: {what}");
                    allowed += 1;
                } else {
                    assert_eq!(status, StatusCode::FORBIDDEN, "{what}");
                    refused += 1;
                }
            }
        }
    }
    assert!(allowed > 500 && refused > 1_000, "{allowed} and {refused}");
    let still = api
        .get(&format!("/api/v1/customer-categories/{OURS}"))
        .await;
    assert_eq!(still.status, StatusCode::OK, "nobody took it away");
}
