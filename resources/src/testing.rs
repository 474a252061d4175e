//! What tests of kinds share.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use crate::kinds::{ResourceKind, ResourceSpec};
use serde_json::Value;

/// The fields that are at fault in a spec, in the order of the report.
pub(crate) fn faults(kind: ResourceKind, spec: Value) -> Vec<String> {
    match ResourceSpec::from_value(kind, spec) {
        Ok(spec) => {
            let problems = spec.check().into_iter();
            problems.map(|problem| problem.field.unwrap()).collect()
        }
        Err(problem) => vec![problem.field.unwrap()],
    }
}

/// A spec is sound, and is the same after it was written and read.
pub(crate) fn assert_sound(kind: ResourceKind, spec: Value) {
    let typed = ResourceSpec::from_value(kind, spec.clone()).unwrap();
    assert_eq!(typed.check(), [], "{spec}");
    assert_eq!(
        ResourceSpec::from_value(kind, typed.to_value()).unwrap(),
        typed
    );
}
