//! Which carrier serves which numbers.

use crate::checks::{CHANNEL_LIMIT_MAX, CPS_LIMIT_MAX};
use crate::fields::prefix::{self, Prefix};
use crate::fields::reference::Ref;
use crate::fields::status::Status;
use crate::fields::tag::{self, TAGS_MAX, Tag};
use crate::kind::{Assignable, Kind};
use crate::kinds::{Carrier, ResourceKind, Schedule, Trunk, VoiceTier};
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which carrier serves which numbers, for the customers it is assigned to. Carriers with a route go
/// before those without one; the LCR profile orders each of the two. Several routes that fit a call
/// and lead to one trunk count as one: that which is assigned most specifically, else the one with the longest
/// prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Whether calls take it.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub status: Status,
    /// What called numbers begin with, digits of E.164 without `+`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000), extend("x-filter" = true, "x-default" = "every number"))]
    pub prefixes: Vec<Prefix>,
    /// What calling numbers begin with, as they are after translation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 1_000),
        extend("x-section" = "advanced", "x-default" = "every number")
    )]
    pub calling_prefixes: Vec<Prefix>,
    /// Tags that a call must have, all of them; number lists put them on calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = TAGS_MAX),
        extend("x-section" = "advanced", "x-filter" = true, "x-default" = "none")
    )]
    pub tags_required: Vec<Tag>,
    /// Tags that a call must not have, none of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = TAGS_MAX),
        extend("x-section" = "advanced", "x-filter" = true, "x-default" = "none")
    )]
    pub tags_excluded: Vec<Tag>,
    /// To whom calls go: by any of its egress trunks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-filter" = true))]
    pub carrier: Option<Ref<Carrier>>,
    /// The one egress trunk that calls go by; a route has either this or a carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-filter" = true))]
    pub trunk: Option<Ref<Trunk>>,
    /// The tier it belongs to: customers that the tier is not assigned to do not take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-filter" = true, "x-default" = "every tier"))]
    pub voice_tier: Option<Ref<VoiceTier>>,
    /// Whether calls that it fits take such routes only; otherwise carriers without a route follow. Of
    /// several, those count that are assigned most specifically, and among these the longest prefix.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub exclusive: bool,
    /// In place of the trunk's: the lower goes first, for profiles that order by priority.
    #[serde(default = "default_priority")]
    pub priority: u16,
    /// In place of the trunk's: share of the calls among routes of equal priority, for profiles that
    /// split by weight.
    #[serde(default = "default_weight")]
    #[schemars(range(min = 1, max = 65_535), extend("x-section" = "advanced"))]
    pub weight: u16,
    /// New attempts per second by it, over all customers that take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 1, max = CPS_LIMIT_MAX),
        extend("x-default" = "no limit", "x-section" = "advanced")
    )]
    pub cps_limit: Option<u32>,
    /// Attempts and calls by it at the same time, over all customers that take it. Calls go on to the
    /// next trunk when it is full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 1, max = CHANNEL_LIMIT_MAX),
        extend("x-default" = "no limit", "x-section" = "advanced")
    )]
    pub channel_limit: Option<u32>,
    /// When calls take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-section" = "advanced", "x-default" = "always"))]
    pub schedule: Option<Ref<Schedule>>,
}

fn default_priority() -> u16 {
    100
}

fn default_weight() -> u16 {
    100
}

impl Kind for Route {
    const KIND: ResourceKind = ResourceKind::Route;
    const TITLE: &'static str = "Route";
    const TITLE_PLURAL: &'static str = "Routes";
    const ASSIGNABLE: Assignable = Assignable::Many;

    fn check(&self) -> Vec<Problem> {
        let message = match (&self.carrier, &self.trunk) {
            (None, None) => Some("a route needs a carrier or a trunk"),
            (Some(_), Some(_)) => Some("a route has either a carrier or a trunk, not both"),
            _ => None,
        };
        let target = message.map(|message| Problem::in_field("carrier", message));
        target
            .into_iter()
            .chain(prefix::check_repeated("prefixes", &self.prefixes))
            .chain(prefix::check_repeated("calling_prefixes", &self.calling_prefixes))
            .chain(tag::check_repeated("tags_required", &self.tags_required, &self.tags_excluded))
            .chain(tag::check_repeated("tags_excluded", &self.tags_excluded, &[]))
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
        let sound = json!({ "prefixes": ["20", "2010"], "carrier": "ACME", "exclusive": true });
        assert_sound(ResourceKind::Route, sound);
        assert_sound(ResourceKind::Route, json!({ "trunk": "acme-out" }));
        assert_eq!(faults(ResourceKind::Route, json!({})), ["carrier"]);
        let limited = json!({ "carrier": "ACME", "cps_limit": 5, "channel_limit": 30 });
        assert_sound(ResourceKind::Route, limited);
        let full = json!({ "carrier": "ACME", "cps_limit": 0, "channel_limit": 0 });
        assert_eq!(faults(ResourceKind::Route, full), ["channel_limit", "cps_limit"]);
        let broken = json!({ "carrier": "ACME", "trunk": "x", "prefixes": ["20", "20"],
            "weight": 0, "calling_prefixes": ["49", "49"] });
        assert_eq!(
            faults(ResourceKind::Route, broken),
            ["weight", "carrier", "prefixes[1]", "calling_prefixes[1]"]
        );
        let letters = json!({ "carrier": "ACME", "prefixes": ["+20"] });
        assert_eq!(faults(ResourceKind::Route, letters), ["prefixes[0]"]);
        let tagged = json!({ "carrier": "ACME", "tags_required": ["a"], "tags_excluded": ["b"] });
        assert_sound(ResourceKind::Route, tagged);
        let both = json!({ "carrier": "ACME", "tags_required": ["a", "c"], "tags_excluded": ["b", "c", "b"] });
        assert_eq!(faults(ResourceKind::Route, both), ["tags_required[1]", "tags_excluded[2]"]);
    }
}
