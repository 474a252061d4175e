//! Routes that belong together.

use crate::fields::reference::Ref;
use crate::fields::status::Status;
use crate::kind::{Assignable, Kind};
use crate::kinds::{ResourceKind, Route};
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Routes that belong together, some as primary and some as backup. A route that stands in groups is
/// taken by customers who get it and one of its groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteGroup {
    /// Whether calls take its routes.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub status: Status,
    /// The routes.
    #[schemars(length(min = 1, max = 200))]
    pub members: Vec<RouteGroupMember>,
    /// A note for operators.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500), extend("x-widget" = "multiline"))]
    pub description: String,
}

/// A route in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteGroupMember {
    /// The route.
    pub route: Ref<Route>,
    /// Primary routes go before backups, whatever their priorities.
    #[serde(default)]
    pub role: RouteRole,
}

/// Which routes of a group go first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RouteRole {
    /// It goes first.
    #[default]
    Primary,
    /// It goes after all primary routes.
    Backup,
}

impl Kind for RouteGroup {
    const KIND: ResourceKind = ResourceKind::RouteGroup;
    const TITLE: &'static str = "Route group";
    const TITLE_PLURAL: &'static str = "Route groups";
    const ASSIGNABLE: Assignable = Assignable::Many;

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut seen = BTreeSet::new();
        for (index, member) in self.members.iter().enumerate() {
            if !seen.insert(&member.route) {
                let field = format!("members[{index}].route");
                problems.push(Problem::in_field(field, "this route stands here twice"));
            }
        }
        if !self.members.iter().any(|member| member.role == RouteRole::Primary) {
            let message = "one of the routes must be primary";
            problems.push(Problem::in_field("members", message));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::ResourceKind;
    use crate::testing::{assert_sound, faults};
    use serde_json::json;

    #[test]
    fn faults_are_named() {
        let sound = json!({ "members": [{ "route": "a" }, { "route": "b", "role": "backup" }] });
        assert_sound(ResourceKind::RouteGroup, sound);
        let backups = json!({ "members": [{ "route": "a", "role": "backup" }] });
        assert_eq!(faults(ResourceKind::RouteGroup, backups), ["members"]);
        let twice = json!({ "members": [{ "route": "a" }, { "route": "a" }] });
        assert_eq!(faults(ResourceKind::RouteGroup, twice), ["members[1].route"]);
        assert_eq!(faults(ResourceKind::RouteGroup, json!({ "members": [] })), ["members", "members"]);
    }
}
