//! A grade of quality that is sold.

use crate::fields::reference::Ref;
use crate::kind::{Assignable, Kind};
use crate::kinds::{RateCard, ResourceKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A grade of quality that is sold, such as premium or standard. Calls of customers that it is assigned
/// to take its routes; its rate card is shown, and calls do not read it yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoiceTier {
    /// A short code for lists and invoices, such as `PREM`.
    #[schemars(length(min = 1, max = 16), extend("x-filter" = true))]
    pub code: String,
    /// The rate card that the tier is sold by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-filter" = true))]
    pub rate_card: Option<Ref<RateCard>>,
    /// Answered calls of a hundred (ASR) that are promised; shown, not enforced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100), extend("x-unit" = "percent", "x-default" = "no promise"))]
    pub asr_percent: Option<u8>,
    /// Time to the first ringing (PDD) that is promised at most; shown, not enforced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 100, max = 60_000),
        extend("x-unit" = "milliseconds", "x-default" = "no promise")
    )]
    pub pdd_ms: Option<u32>,
    /// Mean length of answered calls (ACD) that is promised at least; shown, not enforced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3_600), extend("x-unit" = "seconds", "x-default" = "no promise"))]
    pub acd_s: Option<u32>,
    /// Its place among the tiers that a customer chooses from; the lowest is first.
    #[serde(default = "default_position")]
    #[schemars(extend("x-section" = "advanced"))]
    pub position: u16,
    /// What customers read of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500), extend("x-widget" = "multiline"))]
    pub description: String,
}

fn default_position() -> u16 {
    100
}

impl Kind for VoiceTier {
    const KIND: ResourceKind = ResourceKind::VoiceTier;
    const TITLE: &'static str = "Voice tier";
    const TITLE_PLURAL: &'static str = "Voice tiers";
    const ASSIGNABLE: Assignable = Assignable::Many;
}

#[cfg(test)]
mod tests {
    use crate::kinds::ResourceKind;
    use crate::testing::{assert_sound, faults};
    use serde_json::json;

    #[test]
    fn faults_are_named() {
        let sound = json!({ "code": "PREM", "asr_percent": 60, "pdd_ms": 3000, "acd_s": 120 });
        assert_sound(ResourceKind::VoiceTier, sound);
        let broken = json!({ "code": "PREMIUM QUALITY ROUTES", "asr_percent": 101, "pdd_ms": 3,
            "acd_s": 0, "rate_card": "" });
        assert_eq!(
            faults(ResourceKind::VoiceTier, broken),
            ["acd_s", "asr_percent", "code", "pdd_ms", "rate_card"]
        );
    }
}
