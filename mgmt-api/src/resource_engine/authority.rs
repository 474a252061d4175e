//! What somebody may put in force.
//!
//! The guard of an operation has looked at one permission, before anybody knew what would change:
//! files name any kind, a rollback brings back any role. So a push is judged once more when it is
//! planned.

use super::ConfigurationError;
use super::current::Entry;
use super::draft::Draft;
use super::plan::{FAULTS_MAX, Plan, Step};
use crate::access::{Permission, PermissionSet};
use resources::{Problem, ResourceKind, ResourceSpec};
use serde_json::Value;

/// Whether somebody with `permissions` may push a plan: it needs `change_set.push`, `write` of each
/// kind that changes, and of a role that it allows nothing more than they may themselves.
///
/// # Errors
/// [`ConfigurationError::NotAllowed`], which names the resources.
pub(super) fn check(permissions: &PermissionSet, plan: &Plan) -> Result<(), ConfigurationError> {
    let push = Permission::CHANGE_SET_PUSH;
    if !permissions.contains(push) {
        let message = format_args!(
            "putting it in force needs the permission `{push}`; without it, draft it in a change set"
        );
        return Err(ConfigurationError::NotAllowed(vec![Problem::new(message)]));
    }
    refused(plan.changed().filter_map(|step| fault(permissions, step)))
}

/// Whether somebody with `permissions` may draft changes, or be told what they would be: it needs
/// `write` of each kind that changes.
///
/// # Errors
/// As [`check`].
pub(super) fn check_writes<'s>(
    permissions: &PermissionSet,
    changed: impl Iterator<Item = &'s Step>,
) -> Result<(), ConfigurationError> {
    let granted = PermissionSet::default();
    refused(changed.filter_map(|step| {
        let key = step.key()?;
        let problem = problem(permissions, key.kind, step.follows_rename, &granted)?;
        Some(of_resource(permissions, problem, key.kind, &key.name))
    }))
}

/// As [`check`], for drafts that are pushed later: what they change is not known yet, so all that a
/// role allows counts as new.
///
/// # Errors
/// As [`check`].
pub(super) fn check_drafts(
    permissions: &PermissionSet,
    drafts: &[Draft],
) -> Result<(), ConfigurationError> {
    let fault = |draft: &Draft| {
        let wanted = draft.content.as_ref().map(|content| &content.spec);
        let named = wanted.filter(|_| draft.kind == ResourceKind::Role);
        let named = named.and_then(|spec| spec["permissions"].as_array());
        let named = named.into_iter().flatten().filter_map(Value::as_str);
        let granted = named.filter_map(|name| name.parse().ok()).collect();
        problem(permissions, draft.kind, false, &granted)
            .map(|problem| of_resource(permissions, problem, draft.kind, &draft.name))
    };
    refused(drafts.iter().filter_map(fault))
}

fn refused(faults: impl Iterator<Item = Problem>) -> Result<(), ConfigurationError> {
    let mut faults: Vec<_> = faults.take(FAULTS_MAX).collect();
    faults.dedup();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(ConfigurationError::NotAllowed(faults))
    }
}

fn fault(permissions: &PermissionSet, step: &Step) -> Option<Problem> {
    let key = step.key()?;
    let problem = problem(permissions, key.kind, step.follows_rename, &granted(step))?;
    Some(of_resource(permissions, problem, key.kind, &key.name))
}

/// A problem with the resource that it is about. Who may not read a kind learns no names: that
/// something would be pruned tells of it.
fn of_resource(
    permissions: &PermissionSet,
    problem: Problem,
    kind: ResourceKind,
    name: &str,
) -> Problem {
    let read = Permission::read_of(kind.as_str());
    if read.is_some_and(|read| permissions.contains(read)) {
        problem.of(kind, name)
    } else {
        problem
    }
}

/// Who may rename a resource may have its new name written where it stands.
fn problem(
    permissions: &PermissionSet,
    kind: ResourceKind,
    follows_rename: bool,
    granted: &PermissionSet,
) -> Option<Problem> {
    let needed = Permission::write_of(kind.as_str());
    if !follows_rename && !needed.is_some_and(|needed| permissions.contains(needed)) {
        let needed = needed.map_or("", Permission::as_str);
        let message = format_args!("this needs the permission `{needed}`");
        return Some(Problem::new(message));
    }
    let report = Permission::REPORT_READ;
    if kind == ResourceKind::ScheduledReport && !follows_rename && !permissions.contains(report) {
        let message = format_args!("this needs the permission `{report}`: its mails are reports");
        return Some(Problem::new(message));
    }
    let rates = Permission::EXCHANGE_RATE_WRITE;
    if kind == ResourceKind::ExchangeSource && !follows_rename && !permissions.contains(rates) {
        let message = format_args!("this needs the permission `{rates}`: it writes exchange rates");
        return Some(Problem::new(message));
    }
    let beyond = granted.difference(permissions);
    let beyond: Vec<_> = beyond.iter().map(|one| format!("`{one}`")).collect();
    let message = format_args!("you may not do {} yourself", beyond.join(", "));
    (!beyond.is_empty()).then(|| Problem::in_field("permissions", message))
}

/// What a role allows that it did not allow before, to whoever has it. Users have a role by its name
/// and portal, so under another one all of it is new.
fn granted(step: &Step) -> PermissionSet {
    let Some(after) = &step.after else {
        return PermissionSet::default();
    };
    let same = step.before.as_ref().filter(|before| {
        let portal = |entry: &Entry| match &entry.spec {
            ResourceSpec::Role(role) => Some(role.portal),
            _ => None,
        };
        before.key == after.key && portal(before) == portal(after)
    });
    let before = same.map(|before| allowed(before)).unwrap_or_default();
    allowed(after).difference(&before)
}

/// What a role allows; nothing for any other kind.
fn allowed(entry: &Entry) -> PermissionSet {
    let ResourceSpec::Role(role) = &entry.spec else {
        return PermissionSet::default();
    };
    let names = role.permissions.iter();
    names
        .filter_map(|permission| permission.as_str().parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use crate::resource_engine::current::CurrentSet;
    use crate::resource_engine::plan::{DeckTexts, plan};
    use crate::resource_engine::testing::{created, current, draft};
    use serde_json::json;
    use std::sync::Arc;
    use store::TenantId;

    fn told(base: &Arc<CurrentSet>, drafts: Vec<Draft>, permissions: &[Permission]) -> Vec<String> {
        let texts = DeckTexts::new();
        let plan = plan(Arc::clone(base), TenantId::PLATFORM, drafts, &texts).unwrap();
        match check(&permissions.iter().copied().collect(), &plan) {
            Ok(()) => Vec::new(),
            Err(ConfigurationError::NotAllowed(problems)) => {
                problems.iter().map(ToString::to_string).collect()
            }
            Err(other) => panic!("{other}"),
        }
    }

    fn role(name: &str, permissions: &[&str]) -> Draft {
        let spec = json!({"portal": "operator", "permissions": permissions});
        created("role", name, spec)
    }

    const OWN: [Permission; 4] = [
        Permission::CHANGE_SET_PUSH,
        Permission::ROLE_READ,
        Permission::ROLE_WRITE,
        Permission::CDR_READ,
    ];

    #[test]
    fn who_may_write_a_kind_and_not_push_puts_nothing_in_force() {
        let base = current(Vec::new());
        let wanted = || vec![created("carrier", "aurora", json!({}))];
        let write = Permission::CARRIER_WRITE;
        assert!(told(&base, wanted(), &[write])[0].contains("`change_set.push`"));
        let both = [write, Permission::CHANGE_SET_PUSH];
        assert_eq!(told(&base, wanted(), &both), Vec::<String>::new());
        let mut other = vec![Permission::CUSTOMER_WRITE, Permission::CHANGE_SET_PUSH];
        let unseen = told(&base, wanted(), &other);
        assert_eq!(unseen, ["this needs the permission `carrier.write`"]);
        other.push(Permission::CARRIER_READ);
        let seen = told(&base, wanted(), &other);
        assert_eq!(
            seen,
            ["carrier \"aurora\": this needs the permission `carrier.write`"]
        );
    }

    #[test]
    fn nobody_makes_a_role_that_may_do_more_than_they_may() {
        let base = current(Vec::new());
        let beyond = told(&base, vec![role("ops", &["cdr.read", "user.write"])], &OWN);
        assert_eq!(beyond.len(), 1);
        assert!(beyond[0].contains("permissions") && beyond[0].contains("`user.write`"));
        assert!(!beyond[0].contains("cdr.read"), "{beyond:?}");
        let within = told(&base, vec![role("ops", &["cdr.read"])], &OWN);
        assert_eq!(within, Vec::<String>::new());
    }

    #[test]
    fn a_mightier_role_can_be_cut_and_not_extended_or_renamed() {
        let base = current(vec![role("ops", &["cdr.read", "user.write", "user.read"])]);
        let changed = |permissions: serde_json::Value| {
            draft(&base, "role", "ops", |content| {
                content.spec["permissions"] = permissions;
            })
        };
        let cut = changed(json!(["user.write"]));
        assert_eq!(told(&base, vec![cut], &OWN), Vec::<String>::new());
        let more = changed(json!(["user.write", "tenant.write"]));
        assert!(told(&base, vec![more], &OWN)[0].contains("`tenant.write`"));
        let renamed = draft(&base, "role", "ops", |content| content.name = "new".into());
        assert_eq!(told(&base, vec![renamed], &OWN).len(), 1);
        let mut gone = changed(json!([]));
        gone.content = None;
        assert_eq!(told(&base, vec![gone], &OWN), Vec::<String>::new());
    }

    #[test]
    fn drafts_for_later_count_as_all_new() {
        let later = |drafts: &[Draft]| check_drafts(&OWN.into_iter().collect(), drafts).is_ok();
        assert!(later(&[role("ops", &["cdr.read"])]));
        assert!(!later(&[role("ops", &["cdr.read", "user.write"])]));
        assert!(!later(&[created("carrier", "aurora", json!({}))]));
    }
}
