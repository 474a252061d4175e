//! Who may call what: every operation of the description as every built-in role.

use crate::fixture::{Api, request};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use mgmt_api::access::roles::{BuiltInRole, Portal, built_in};
use mgmt_api::access::{Audience, Permission};
use mgmt_api::openapi::document;
use rating::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use store::{NewSession, NewUser, TenantId, UserId, UserStatus};
use tower::ServiceExt as _;

const HEAD: &str = "# Permissions\n\nWho may call which operation. A test writes this file: \
    `UPDATE_PERMISSIONS=1 cargo test -p mgmt-api --test api permissions`.\n\n\
    `yes`: allowed. `-`: refused with 403. Which rows are seen is another matter: what belongs to \
    another tenant is not found. Without a session or a key every operation below answers 401, but for \
    `metrics`, which this machine may read.\n";

/// An operation with what its guard says of it.
struct Operation {
    method: Method,
    path: String,
    name: String,
    open: bool,
    permission: Option<Permission>,
    audiences: Vec<String>,
}

impl Operation {
    fn allows(&self, audience: Audience, role: &BuiltInRole) -> bool {
        let meant = self.audiences.iter().any(|name| name == audience.as_str());
        meant
            && self
                .permission
                .is_none_or(|one| role.permissions.contains(one))
    }
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&document()).unwrap();
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            let access = &operation["x-access"];
            assert!(access.is_object(), "{name} is declared without a guard");
            let permission = access["permission"].as_str();
            let audiences = access["audiences"].as_array().into_iter().flatten();
            all.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.replace("{id}", &"0".repeat(32)),
                open: access["open"] == true,
                permission: permission.map(|text| text.parse().unwrap()),
                audiences: audiences
                    .map(|one| one.as_str().unwrap().to_owned())
                    .collect(),
                name,
            });
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn roles(audience: Audience) -> impl Iterator<Item = &'static BuiltInRole> {
    let portal = Portal::from(audience);
    built_in().iter().filter(move |role| role.portal == portal)
}

fn matrix(operations: &[Operation]) -> String {
    let mut text = HEAD.to_owned();
    for audience in Audience::ALL {
        let names: Vec<_> = roles(audience).map(|role| role.name).collect();
        let names = names.join(" | ");
        let _ = writeln!(
            text,
            "\n## As a user of a tenant of the kind `{audience}`\n"
        );
        let _ = writeln!(text, "| operation | permission | {names} |");
        let columns = "---|".repeat(roles(audience).count() + 2);
        let _ = writeln!(text, "|{columns}");
        for operation in operations.iter().filter(|operation| !operation.open) {
            let permission = operation.permission.map_or("signed in", Permission::as_str);
            let _ = write!(text, "| {} | {permission} |", operation.name);
            for role in roles(audience) {
                let mark = if operation.allows(audience, role) {
                    "yes"
                } else {
                    "-"
                };
                let _ = write!(text, " {mark} |");
            }
            text.push('\n');
        }
    }
    text.push_str("\n## Open to everybody\n\n");
    for operation in operations.iter().filter(|operation| operation.open) {
        let _ = writeln!(text, "- {}", operation.name);
    }
    text
}

#[test]
fn the_committed_matrix_is_the_one_of_the_route_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/permissions.md");
    let matrix = matrix(&operations());
    if std::env::var_os("UPDATE_PERMISSIONS").is_some() {
        std::fs::write(&path, &matrix).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == matrix,
        "docs/permissions.md is old: run this test with UPDATE_PERMISSIONS=1"
    );
}

fn sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Asks as a user who has just signed in with `role`; gives the status and leaves the body, which
/// of a stream never ends.
async fn ask(api: &Api, user: UserId, role: &BuiltInRole, operation: &Operation) -> StatusCode {
    let token = sha256(&format!("{} {}", role.name, operation.name));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Timestamp(now.as_micros().try_into().unwrap());
    let new = NewSession {
        id: &token,
        token_hash: &sha256(&format!("session:{token}")),
        user,
        tenant: TenantId::PLATFORM,
        parent: None,
        acting_role: None,
        method: "password",
        remembered: false,
        idle_timeout_s: 3_600,
        expires_at: Timestamp(now.0 + 3_600_000_000),
        authenticated_at: now,
        address: None,
        user_agent: "",
    };
    let mut write = api.store.change_people(now).await.unwrap();
    write.add_session(&new, 5).await.unwrap();
    write.commit().await.unwrap();
    let request = request(operation.method.as_str(), &operation.path)
        .header(header::COOKIE, format!("didtron_session={token}"))
        .header("x-csrf-token", sha256(&format!("csrf:{token}")))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("{}"));
    let router = api.router.clone();
    router.oneshot(request.unwrap()).await.unwrap().status()
}

async fn add_user(api: &Api, role: &str) -> UserId {
    let new = NewUser {
        tenant: TenantId::PLATFORM,
        username: role,
        email: None,
        full_name: "",
        role,
        status: UserStatus::Active,
        password_hash: None,
        email_verified: false,
    };
    let mut write = api.store.change_people(Timestamp(0)).await.unwrap();
    let id = write.add_user(&new).await.unwrap().unwrap();
    write.commit().await.unwrap();
    id
}

#[tokio::test]
async fn every_role_of_the_platform_reaches_what_the_matrix_says_and_nothing_else() {
    let api = Api::start().await;
    let operations = operations();
    let (mut allowed, mut refused) = (0, 0);
    for role in roles(Audience::Platform) {
        let user = add_user(&api, role.name).await;
        for operation in operations.iter().filter(|operation| !operation.open) {
            let status = ask(&api, user, role, operation).await;
            let what = format!("{} as {}: {status}", operation.name, role.name);
            if operation.allows(Audience::Platform, role) {
                let denied = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
                assert!(!denied.contains(&status), "{what}");
                assert!(!status.is_server_error(), "{what}");
                allowed += 1;
            } else {
                assert_eq!(status, StatusCode::FORBIDDEN, "{what}");
                refused += 1;
            }
        }
    }
    assert!(
        allowed > 20 && refused > 5,
        "{allowed} allowed, {refused} refused"
    );
}
