//! What is told to the audit log: an entry for each resource that a push changes, and what becomes
//! of change sets.

use super::plan::{Plan, Step};
use super::push::PushOrigin;
use crate::routes::apply::{ChangeAction, Difference};
use rating::Timestamp;
use serde_json::{Map, Value, json};
use store::{NewAuditEntry, NewDraft};

/// The entries of a plan whose resources have their numbers. Secrets are masked in its differences.
pub(super) fn entries(
    origin: &PushOrigin,
    plan: &Plan,
    configuration: u64,
    change_set: Option<i64>,
    at: Timestamp,
) -> Vec<NewAuditEntry> {
    let entry = |step: &Step| {
        let (operation, shown) = match step.action {
            ChangeAction::Created => ("resource.create", step.after.as_ref()),
            ChangeAction::Deleted => ("resource.delete", step.before.as_ref()),
            ChangeAction::Updated | ChangeAction::Unchanged => {
                ("resource.update", step.after.as_ref())
            }
        };
        let shown = shown?;
        let numbered = plan.proposed.get(&shown.key).unwrap_or(shown);
        let owner = origin.scope.tenant();
        let entry = NewAuditEntry::new(owner, at, origin.actor.clone(), operation);
        let entry = entry.on(
            shown.key.kind.as_str(),
            Some(numbered.id),
            shown.key.name.to_string(),
        );
        Some(NewAuditEntry {
            configuration: Some(configuration),
            change_set,
            before: side(&step.differences, |difference| difference.before.as_ref()),
            after: side(&step.differences, |difference| difference.after.as_ref()),
            ..entry
        })
    };
    plan.changed().filter_map(entry).collect()
}

/// The entry of the change set that is pushed.
pub(super) fn of_push(
    origin: &PushOrigin,
    change_set: i64,
    configuration: u64,
    at: Timestamp,
) -> NewAuditEntry {
    NewAuditEntry {
        configuration: Some(configuration),
        ..of_change_set(origin, "change_set.push", change_set, "", at)
    }
}

/// What is done to a change set.
pub(crate) fn of_change_set(
    origin: &PushOrigin,
    operation: &'static str,
    id: i64,
    name: &str,
    at: Timestamp,
) -> NewAuditEntry {
    let owner = origin.scope.tenant();
    let entry = NewAuditEntry::new(owner, at, origin.actor.clone(), operation);
    NewAuditEntry {
        change_set: Some(id),
        ..entry.on("change_set", Some(id), name)
    }
}

/// Names of drafts that an entry lists.
const LISTED_MAX: usize = 100;

/// Drafts that come and go, as the values of an entry.
pub(super) fn of_drafts(put: &[NewDraft], removed: &[(String, String)]) -> Value {
    let put_names = put
        .iter()
        .map(|draft| format!("{}/{}", draft.kind, draft.name));
    let removed_names = removed.iter().map(|(kind, name)| format!("{kind}/{name}"));
    json!({
        "drafted": put_names.take(LISTED_MAX).collect::<Vec<_>>(),
        "drafted_count": put.len(),
        "withdrawn": removed_names.take(LISTED_MAX).collect::<Vec<_>>(),
        "withdrawn_count": removed.len(),
    })
}

/// The values of one side, by field; `None` when it has none.
fn side(
    differences: &[Difference],
    value: impl Fn(&Difference) -> Option<&Value>,
) -> Option<Value> {
    let fields = differences
        .iter()
        .filter_map(|difference| Some((difference.field.clone(), value(difference)?.clone())));
    let fields: Map<_, _> = fields.collect();
    (!fields.is_empty()).then_some(Value::Object(fields))
}
