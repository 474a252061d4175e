//! Who may call what: every operation of the description as every built-in role.

use crate::fixture::{Answer, Api, request};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use mgmt_api::access::roles::{BuiltInRole, Portal, built_in};
use mgmt_api::access::{Audience, Permission};
use mgmt_api::openapi::document;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use store::UserId;
use tower::ServiceExt as _;

const HEAD: &str = "# Permissions\n\nWho may call which operation. A test writes this file: \
    `UPDATE_PERMISSIONS=1 cargo test -p mgmt-api --test api permissions`.\n\n\
    `yes`: allowed. `-`: refused with 403. Which rows are seen is another matter: what belongs to \
    another tenant is not found. Without a session or a key every operation below answers 401, but for \
    `metrics`, which this machine may read.\n";

/// An operation with what its guard says of it.
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// The path as the description has it.
    pub(crate) template: String,
    path: String,
    pub(crate) name: String,
    pub(crate) open: bool,
    permission: Option<Permission>,
    audiences: Vec<String>,
}

impl Operation {
    pub(crate) fn allows(&self, audience: Audience, role: &BuiltInRole) -> bool {
        let meant = self.audiences.iter().any(|name| name == audience.as_str());
        meant
            && self
                .permission
                .is_none_or(|one| role.permissions.contains(one))
    }
}

pub(crate) fn operations() -> Vec<Operation> {
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
                template: path.clone(),
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

pub(crate) fn roles(audience: Audience) -> impl Iterator<Item = &'static BuiltInRole> {
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

/// Asks as a user who has just signed in with `role`; gives the status and leaves the body, which
/// of a stream never ends.
async fn ask(api: &Api, user: UserId, role: &BuiltInRole, operation: &Operation) -> StatusCode {
    let name = format!("{} {} {}", role.name, operation.method, operation.path);
    let (cookie, csrf) = api.session_of(user, &name).await;
    let request = request(operation.method.as_str(), &operation.path)
        .header(header::COOKIE, cookie)
        .header("x-csrf-token", csrf)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("{}"));
    let router = api.router.clone();
    router.oneshot(request.unwrap()).await.unwrap().status()
}

#[tokio::test]
async fn every_role_of_the_platform_reaches_what_the_matrix_says_and_nothing_else() {
    let api = Api::start().await;
    let operations = operations();
    let (mut allowed, mut refused) = (0, 0);
    for role in roles(Audience::Platform) {
        let user = api.add_user(role.name, role.name).await;
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

/// Sends a change as a user who has just signed in with `role`.
async fn change(api: &Api, role: &str, path: &str, body: &Value) -> Answer {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("{role} {}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let user = api.add_user(&name, role).await;
    let (cookie, csrf) = api.session_of(user, &name).await;
    let request = request("POST", path)
        .header(header::COOKIE, cookie)
        .header("x-csrf-token", csrf)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    api.send(request.unwrap()).await
}

#[tokio::test]
async fn who_only_drafts_prices_puts_none_in_force() {
    let api = Api::start().await;
    let card = json!({"name": "retail", "spec": {"currency": "USD", "rates": []}});
    let answer = change(&api, "finance", "/api/v1/rate-cards", &card).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    assert!(answer.body.contains("change_set.push"), "{}", answer.body);
    let answer = change(&api, "admin", "/api/v1/rate-cards", &card).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
}

#[tokio::test]
async fn files_do_not_get_round_the_permission_of_a_kind() {
    let api = Api::start().await;
    let content = "kind: role\nname: all\nspec:\n  portal: operator\n  permissions: [role.write]\n";
    let files = json!({"files": [{"path": "r.yaml", "content": content}]});
    let answer = change(&api, "admin", "/api/v1/apply", &files).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    assert_eq!(answer.json()["errors"][0]["kind"], "role");
    assert_eq!(answer.json()["errors"][0]["name"], "all");
    let answer = change(&api, "super_admin", "/api/v1/apply", &files).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

/// Sends a change with an API key that may only do `permissions`.
pub(crate) async fn change_by_key(
    api: &Api,
    permissions: &[&str],
    path: &str,
    body: &Value,
) -> Answer {
    let key = json!({"name": permissions.join(" "), "permissions": permissions});
    let made = change(api, "super_admin", "/api/v1/api-keys", &key).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let secret = made.json()["key"].as_str().unwrap().to_owned();
    let request = request("POST", path)
        .header(header::AUTHORIZATION, format!("Bearer {secret}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    api.send(request.unwrap()).await
}

#[tokio::test]
async fn a_dry_run_and_a_change_set_do_not_get_round_the_permission_of_a_kind() {
    let api = Api::start().await;
    let carrier = json!({"name": "aurora", "spec": {"cps_limit": 7}});
    let made = change(&api, "super_admin", "/api/v1/carriers", &carrier).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    // To prune everything would show everything.
    let path = "/api/v1/apply?dry_run=true&prune=true";
    let nothing = json!({"files": []});
    let blind = change_by_key(&api, &["apply.use"], path, &nothing).await;
    assert_eq!(blind.status, StatusCode::FORBIDDEN, "{}", blind.body);
    assert!(blind.body.contains("carrier.write") && !blind.body.contains("aurora"));
    let may = ["apply.use", "carrier.read", "carrier.write"];
    let seen = change_by_key(&api, &may, "/api/v1/apply?dry_run=true", &nothing).await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.body);
    assert!(seen.json()["impact"].is_null() && seen.json()["replay"].is_null());
    let set = change(
        &api,
        "super_admin",
        "/api/v1/change-sets",
        &json!({"name": "s"}),
    )
    .await;
    let path = format!("/api/v1/apply?change_set={}", set.json()["id"]);
    let content = "kind: carrier\nname: other\nspec: {}\n";
    let files = json!({"files": [{"path": "c.yaml", "content": content}]});
    let drafting = ["apply.use", "change_set.read", "change_set.write"];
    let refused = change_by_key(&api, &drafting, &path, &files).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
}
