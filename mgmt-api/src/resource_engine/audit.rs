//! What a push tells the audit log: an entry for each resource that changes.

use super::plan::{Plan, Step};
use super::push::PushOrigin;
use crate::routes::apply::{ChangeAction, Difference};
use rating::Timestamp;
use serde_json::{Map, Value};
use store::NewAuditEntry;

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
