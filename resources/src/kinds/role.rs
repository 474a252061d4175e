//! What a user may do.

use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use crate::permission::Permission;
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What users of a portal may do: a set of permissions, beside the roles that are built in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Whose users may have it.
    #[schemars(extend("x-filter" = true))]
    pub portal: Portal,
    /// What they may do.
    #[schemars(length(min = 1, max = 200), extend("x-widget" = "permissions"))]
    pub permissions: Vec<Permission>,
    /// Whether they must sign in with a second factor.
    #[serde(default)]
    pub requires_second_factor: bool,
    /// A note for whoever gives the role.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500), extend("x-widget" = "multiline"))]
    pub description: String,
}

/// Whose users a role is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Portal {
    /// Those of the platform or of an operator.
    Operator,
    /// Those of a customer.
    Customer,
    /// Those of a carrier.
    Carrier,
}

impl Kind for Role {
    const KIND: ResourceKind = ResourceKind::Role;
    const TITLE: &'static str = "Role";
    const TITLE_PLURAL: &'static str = "Roles";
    const ASSIGNABLE: Assignable = Assignable::No;

    fn check(&self) -> Vec<Problem> {
        let mut seen = BTreeSet::new();
        let repeated = self.permissions.iter().enumerate();
        repeated
            .filter(|(_, permission)| !seen.insert(**permission))
            .map(|(index, _)| {
                let field = format!("permissions[{index}]");
                Problem::in_field(field, "this permission stands here twice")
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::ResourceKind;
    use crate::testing::{assert_sound, faults};
    use serde_json::json;

    #[test]
    fn faults_are_named() {
        let sound = json!({ "portal": "customer", "permissions": ["cdr.read", "trunk.read"] });
        assert_sound(ResourceKind::Role, sound);
        let twice = json!({ "portal": "carrier", "permissions": ["cdr.read", "cdr.read"] });
        assert_eq!(faults(ResourceKind::Role, twice), ["permissions[1]"]);
        let unknown = json!({ "portal": "operator", "permissions": ["cdr.fly"] });
        assert_eq!(faults(ResourceKind::Role, unknown), ["permissions[0]"]);
        let none = json!({ "portal": "operator", "permissions": [] });
        assert_eq!(faults(ResourceKind::Role, none), ["permissions"]);
    }
}
