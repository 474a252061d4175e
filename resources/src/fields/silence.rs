//! When media that stops ends a call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of a call of which one side is not heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OneWayPolicy {
    /// It goes on; it is counted and said in the log.
    #[default]
    Report,
    /// It is hung up with the reason `one_way_media`.
    HangUp,
}

/// When media that stops ends a call or is told. It counts for relayed media only, while the call is
/// answered and nobody is on hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Silence {
    /// Without a packet from either side for so long the call is hung up. Of both trunks of a call the
    /// shorter time counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 10, max = 86_400),
        extend(
            "x-unit" = "seconds",
            "x-default" = "`media.inactivity_timeout_s` of the node"
        )
    )]
    pub inactive_after_s: Option<u32>,
    /// Without RTP from the trunk's side for so long, while the other side speaks, that side is taken
    /// for not heard. Silence suppression without comfort noise looks the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 5, max = 3_600),
        extend("x-unit" = "seconds", "x-default" = "never")
    )]
    pub one_way_after_s: Option<u16>,
    /// What becomes of the call then.
    pub one_way: OneWayPolicy,
}

impl Silence {
    /// Whether every field is at its default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The shorter of both times without any packet; `None` where neither trunk says one.
    pub fn inactive_after_s(&self, other: &Self) -> Option<u32> {
        let said = [self.inactive_after_s, other.inactive_after_s];
        said.into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_both_trunks_the_shorter_time_counts() {
        let after = |inactive_after_s| Silence {
            inactive_after_s,
            ..Silence::default()
        };
        let of = |one, other| after(one).inactive_after_s(&after(other));
        assert_eq!(of(None, None), None);
        assert_eq!(of(Some(60), None), Some(60));
        assert_eq!(of(Some(60), Some(30)), Some(30));
    }
}
