//! Secrets in specs: never shown, kept when they are sent back unchanged. New ones are sealed before
//! a plan is made ([`super::super::vault`]).

use resources::{Problem, ResourceKind, ResourceSpec};
use serde_json::Value;
use std::collections::BTreeMap;

/// What is shown in place of a secret; sent back, it means that the secret stays.
pub(crate) const MASKED: &str = "********";

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
    let mut stored = BTreeMap::new();
    if let Some(before) = before {
        kind.replace_secrets(&mut before.to_value(), |path, text| {
            stored.insert(path.to_owned(), text.to_owned());
            String::new()
        });
    }
    let mut fault = None;
    kind.replace_secrets(spec, |path, text| {
        if text != MASKED {
            return text.to_owned();
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

/// A spec as it may be shown.
pub(crate) fn masked(kind: ResourceKind, spec: &mut Value) {
    kind.replace_secrets(spec, |_, _| MASKED.to_owned());
}
