//! Resources as operators write them: read, checked, written.

use crate::assignment::Assignment;
use crate::checks;
use crate::kind::{Assignable, Kind, KindVisitor};
use crate::kinds::{ResourceKind, ResourceSpec};
use crate::problem::Problem;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::marker::PhantomData;

/// Longest external identifier, characters.
pub const EXTERNAL_ID_CHARS_MAX: usize = 128;

/// A resource as an operator writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceDocument {
    /// Unique within the kind; what other resources refer to. 1 to
    /// [`NAME_CHARS_MAX`](crate::NAME_CHARS_MAX) characters.
    pub name: String,
    /// What another system calls it; unique within the kind. 1 to [`EXTERNAL_ID_CHARS_MAX`]
    /// characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Which customers get it. Default: all.
    #[serde(default, skip_serializing_if = "Assignment::is_default")]
    pub assign: Assignment,
    /// What it is.
    #[serde(flatten)]
    pub spec: ResourceSpec,
}

impl ResourceSpec {
    /// Reads the bare spec of a known kind, from any format. Unknown fields are errors.
    ///
    /// # Errors
    /// Those of the format; the text names the field.
    pub fn deserialize_as<'de, D: Deserializer<'de>>(
        kind: ResourceKind,
        deserializer: D,
    ) -> Result<Self, D::Error> {
        kind.visit(Reader {
            deserializer,
            lifetime: PhantomData,
        })
    }

    /// Reads the bare spec of a known kind from JSON. Bounds are checked by [`Self::check`].
    ///
    /// # Errors
    /// A problem that names the field.
    pub fn from_value(kind: ResourceKind, spec: Value) -> Result<Self, Box<Problem>> {
        let mut track = serde_path_to_error::Track::new();
        let deserializer = serde_path_to_error::Deserializer::new(spec, &mut track);
        Self::deserialize_as(kind, deserializer).map_err(|error: serde_json::Error| {
            Box::new(problem(&track.path().to_string(), &error.to_string()))
        })
    }

    /// All that is wrong within this spec: values beyond their bounds, and fields that do not go
    /// together. Empty when it is sound.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = self.check_bounds();
        problems.extend(self.check_fields_together());
        problems
    }

    /// Values beyond the bounds that the schema declares.
    pub fn check_bounds(&self) -> Vec<Problem> {
        checks::bounds(self.kind().schema(), &self.to_value())
    }
}

fn problem(path: &str, message: &str) -> Problem {
    let path = path.trim_matches(|c| c == '.' || c == '?');
    let missing = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split_once('`'));
    let (field, message) = match missing {
        Some((field, _)) if path.is_empty() => (field.to_owned(), "the field is missing"),
        Some((field, _)) => (format!("{path}.{field}"), "the field is missing"),
        None => (path.to_owned(), message),
    };
    Problem {
        field: Some(field).filter(|field| !field.is_empty()),
        ..Problem::new(message)
    }
}

struct Reader<'de, D> {
    deserializer: D,
    lifetime: PhantomData<&'de ()>,
}

impl<'de, D: Deserializer<'de>> KindVisitor for Reader<'de, D> {
    type Output = Result<ResourceSpec, D::Error>;

    fn visit<K: Kind>(self) -> Self::Output {
        K::deserialize(self.deserializer).map(Into::into)
    }
}

impl ResourceDocument {
    /// A resource that all customers get, where its kind is one that customers get.
    pub fn new(name: impl Into<String>, spec: impl Into<ResourceSpec>) -> Self {
        Self {
            name: name.into(),
            external_id: None,
            assign: Assignment::default(),
            spec: spec.into(),
        }
    }

    /// All that is wrong within this resource; empty when it is sound.
    pub fn check(&self) -> Vec<Problem> {
        let kind = self.spec.kind();
        checks::name(&self.name)
            .into_iter()
            .chain(self.check_external_id())
            .chain(self.check_assignment())
            .chain(self.spec.check())
            .map(|problem| problem.of(kind, &self.name))
            .collect()
    }

    fn check_external_id(&self) -> Option<Problem> {
        let id = self.external_id.as_deref()?;
        let sound = (1..=EXTERNAL_ID_CHARS_MAX).contains(&id.chars().count())
            && !id.chars().any(char::is_control);
        (!sound).then(|| {
            let message = format_args!(
                "write 1 to {EXTERNAL_ID_CHARS_MAX} characters without control characters"
            );
            Problem::in_field("external_id", message)
        })
    }

    fn check_assignment(&self) -> Vec<Problem> {
        let kind = self.spec.kind();
        if kind.info().assignable == Assignable::No && !self.assign.is_default() {
            let message = format_args!("a {kind} is not assigned to customers");
            return vec![Problem::in_field("assign", message)];
        }
        self.assign.check()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use serde_json::json;

    #[test]
    fn a_kind_has_one_name() {
        for kind in ResourceKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(ResourceKind::from_plural(kind.plural()), Some(kind));
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("\"{kind}\""));
        }
        let error = "vendor".parse::<ResourceKind>().unwrap_err();
        assert!(error.to_string().contains("`vendor`"));
    }

    #[test]
    fn a_resource_survives_json() {
        let json = r#"{"name":"Meridian","kind":"customer","spec":{"rate_card":"retail"},
            "external_id":"c-7"}"#;
        let document: ResourceDocument = serde_json::from_str(json).unwrap();
        assert_eq!(document.spec.kind(), ResourceKind::Customer);
        let again = serde_json::to_string(&document).unwrap();
        assert_eq!(
            serde_json::from_str::<ResourceDocument>(&again).unwrap(),
            document
        );
    }

    #[test]
    fn a_fault_in_json_names_its_field() {
        let cases = [
            (json!({ "direction": "inwards" }), "direction"),
            (
                json!({ "direction": "egress", "cps_limit": "fast" }),
                "cps_limit",
            ),
            (json!({ "direction": "egress", "cps": 1 }), "cps"),
            (json!({}), "direction"),
            (
                json!({ "direction": "egress", "failover": { "codes": [503, "x"] } }),
                "failover.codes[1]",
            ),
        ];
        for (spec, field) in cases {
            let problem = ResourceSpec::from_value(ResourceKind::Trunk, spec).unwrap_err();
            assert_eq!(problem.field.as_deref(), Some(field), "{problem}");
        }
    }

    #[test]
    fn what_surrounds_a_spec_is_checked_too() {
        let document = ResourceDocument {
            external_id: Some(String::new()),
            ..ResourceDocument::new(" x", crate::Carrier::default())
        };
        let fields: Vec<_> = document
            .check()
            .into_iter()
            .map(|p| p.field.unwrap())
            .collect();
        assert_eq!(fields, ["name", "external_id"]);
    }
}
