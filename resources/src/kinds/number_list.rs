//! Numbers that may or may not be called, or call.

use crate::fields::prefix::{self, Prefix};
use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Numbers that are let through or refused, of those customers, carriers and trunks that name the
/// list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberList {
    /// What a match means.
    #[schemars(extend("x-filter" = true))]
    pub action: NumberListAction,
    /// Which number of a call is looked at, as it is after translation.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub number: CallNumber,
    /// How entries are compared.
    #[serde(default)]
    pub matching: NumberMatching,
    /// The digits of numbers or of their beginnings, E.164 without `+`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50_000), extend("x-widget" = "multiline"))]
    pub entries: Vec<Prefix>,
    /// A note for operators.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500), extend("x-widget" = "multiline"))]
    pub description: String,
}

/// What a match in a list means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NumberListAction {
    /// Calls whose number stands here go on; others are refused.
    Allow,
    /// Calls whose number stands here are refused; others go on.
    Deny,
}

/// A number of a call.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CallNumber {
    /// The number that is called.
    #[default]
    Called,
    /// The number that calls, as From says it.
    Calling,
}

/// How entries of a list are compared with a number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NumberMatching {
    /// The number begins with the entry.
    #[default]
    Prefix,
    /// The number is the entry.
    Exact,
}

impl Kind for NumberList {
    const KIND: ResourceKind = ResourceKind::NumberList;
    const TITLE: &'static str = "Number list";
    const TITLE_PLURAL: &'static str = "Number lists";
    const ASSIGNABLE: Assignable = Assignable::No;

    fn check(&self) -> Vec<Problem> {
        prefix::check_repeated("entries", &self.entries)
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::ResourceKind;
    use crate::testing::{assert_sound, faults};
    use serde_json::json;

    #[test]
    fn faults_are_named() {
        assert_sound(ResourceKind::NumberList, json!({ "action": "deny", "entries": ["900"] }));
        let twice = json!({ "action": "deny", "entries": ["900", "901", "900"] });
        assert_eq!(faults(ResourceKind::NumberList, twice), ["entries[2]"]);
        for entry in ["", "+49", "12-3", "1234567890123456789"] {
            let broken = json!({ "action": "allow", "entries": [entry] });
            assert_eq!(faults(ResourceKind::NumberList, broken), ["entries[0]"], "{entry}");
        }
        assert_eq!(faults(ResourceKind::NumberList, json!({})), ["action"]);
    }
}
