//! Secrets in specs: never shown, kept when they are sent back unchanged.

use resources::{Problem, ResourceKind, ResourceSpec, Secret};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// What is shown in place of a secret; sent back, it means that the secret stays.
pub(crate) const MASKED: &str = "********";

/// Refuses secrets that are texts still. A push seals them before it plans; a draft that waits
/// keeps none. One of a
/// length that cannot be sealed is left to the schema, which says what is wrong with it.
///
/// # Errors
/// The first of them.
pub(super) fn refuse_unsealed(kind: ResourceKind, spec: &Value) -> Result<(), Box<Problem>> {
    if kind.secrets(spec).is_empty() {
        return Ok(());
    }
    let mut fault = None;
    kind.replace_secrets(&mut spec.clone(), |path, text| {
        let is_open = is_written(text) && Secret::from_text(text).stored_id().is_none();
        if is_open && fault.is_none() {
            fault = Some(Problem::in_field(
                path,
                "a change set keeps no secrets: write this one without a change set",
            ));
        }
        String::new()
    });
    fault.map_or(Ok(()), |fault| Err(Box::new(fault)))
}

/// Whether it is a secret that somebody wrote: not one that stays, and of a length that may be.
pub(crate) fn is_written(text: &str) -> bool {
    text != MASKED && (1..=Secret::CHARS_MAX).contains(&text.chars().count())
}

/// The identifiers of the secrets that a spec refers to, by their paths.
pub(crate) fn stored_ids(kind: ResourceKind, spec: &ResourceSpec) -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    let mut value = spec.to_value();
    if kind.secrets(&value).is_empty() {
        return ids;
    }
    kind.replace_secrets(&mut value, |path, text| {
        if let Some(id) = Secret::from_text(text).stored_id() {
            ids.insert(path.to_owned(), id.to_owned());
        }
        String::new()
    });
    ids
}

/// Puts what is stored in the place of each masked secret.
///
/// # Errors
/// A secret that is masked and was never there.
pub(super) fn keep_unchanged(
    kind: ResourceKind,
    spec: &mut Value,
    before: Option<&ResourceSpec>,
) -> Result<(), Box<Problem>> {
    if kind.secrets(spec).is_empty() {
        return Ok(());
    }
    let (mut stored, mut is_elsewhere) = (BTreeMap::new(), false);
    if let Some(before) = before {
        let mut before = before.to_value();
        is_elsewhere = goes_elsewhere(kind, spec, &before);
        kind.replace_secrets(&mut before, |path, text| {
            stored.insert(path.to_owned(), text.to_owned());
            String::new()
        });
    }
    let mut fault = None;
    kind.replace_secrets(spec, |path, text| {
        if text != MASKED {
            return text.to_owned();
        }
        if is_elsewhere {
            let why = "write the secret again: it would be sent to another address than before";
            fault.get_or_insert_with(|| Problem::in_field(path, why));
            return String::new();
        }
        stored.get(path).cloned().unwrap_or_else(|| {
            fault.get_or_insert_with(|| {
                Problem::in_field(path, "write the secret: there is none yet that could stay")
            });
            String::new()
        })
    });
    fault.map_or(Ok(()), |problem| Err(Box::new(problem)))
}

/// Whether a secret that stays would be sent to somebody else than it was written for: who may change the address
/// would read it there.
fn goes_elsewhere(kind: ResourceKind, spec: &Value, before: &Value) -> bool {
    let fields: &[&str] = match kind {
        ResourceKind::ExchangeSource => &["provider", "url"],
        _ => &[],
    };
    let of = |spec: &Value, field: &str| spec.get(field).filter(|value| !value.is_null()).cloned();
    fields
        .iter()
        .any(|field| of(spec, field) != of(before, field))
}

/// Whether specs of a kind can hold a secret at all.
pub(crate) fn holds_secrets(kind: ResourceKind) -> bool {
    static HOLDERS: LazyLock<BTreeSet<ResourceKind>> = LazyLock::new(|| {
        let kinds = ResourceKind::ALL.into_iter();
        kinds.filter(|kind| marks_secret(kind.schema())).collect()
    });
    HOLDERS.contains(&kind)
}

fn marks_secret(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => {
            fields.get("x-secret") == Some(&Value::Bool(true)) || fields.values().any(marks_secret)
        }
        Value::Array(items) => items.iter().any(marks_secret),
        _ => false,
    }
}

/// A spec as it may be shown.
pub(crate) fn masked(kind: ResourceKind, spec: &mut Value) {
    kind.replace_secrets(spec, |_, _| MASKED.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_with_a_secret_field_are_known() {
        assert!(holds_secrets(ResourceKind::NotificationTarget));
        assert!(!holds_secrets(ResourceKind::Customer));
        assert!(!holds_secrets(ResourceKind::RateCard));
    }
}
