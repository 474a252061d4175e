//! Which codecs may be offered, in which order.

use crate::fields::status::Status;
use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Codecs in the order in which they are preferred. Calls do not read it yet: each trunk says
/// itself which codecs may pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodecSet {
    /// Whether customers may choose it.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub status: Status,
    /// The codecs, the preferred first.
    #[schemars(length(min = 1, max = 16), extend("x-filter" = true, "x-widget" = "ordered-list"))]
    pub codecs: Vec<Codec>,
    /// What becomes of codecs that are offered and do not stand here.
    #[serde(default)]
    pub others: OtherCodecs,
    /// How key presses are sent.
    #[serde(default)]
    #[schemars(extend("x-section" = "advanced"))]
    pub dtmf: DtmfMode,
    /// Length of a packet that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 10, max = 60),
        extend("x-unit" = "milliseconds", "x-section" = "advanced", "x-default" = "the offer's")
    )]
    pub packet_time_ms: Option<u8>,
}

/// A codec by its name in RTP payload maps, in lower case.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
    /// G.722, wideband.
    G722,
    /// G.723.1.
    G723,
    /// G.726 at 32 kbit/s.
    #[serde(rename = "g726_32")]
    G726,
    /// G.729, with or without annex B.
    G729,
    /// GSM full rate.
    Gsm,
    /// iLBC.
    Ilbc,
    /// AMR, narrowband.
    Amr,
    /// AMR, wideband.
    AmrWb,
    /// EVS.
    Evs,
    /// Opus.
    Opus,
    /// Speex.
    Speex,
    /// T.38 fax, as a description of its own.
    T38,
}

/// What becomes of codecs that do not stand in the set.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OtherCodecs {
    /// They are taken out of the offer.
    #[default]
    Remove,
    /// They stay, after those of the set.
    KeepLast,
}

/// How key presses are sent.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DtmfMode {
    /// As telephone events in RTP (RFC 4733).
    #[default]
    TelephoneEvent,
    /// In INFO requests.
    Info,
    /// As tones in the audio.
    InBand,
}

impl Kind for CodecSet {
    const KIND: ResourceKind = ResourceKind::CodecSet;
    const TITLE: &'static str = "Codec set";
    const TITLE_PLURAL: &'static str = "Codec sets";
    const ASSIGNABLE: Assignable = Assignable::One;

    fn check(&self) -> Vec<Problem> {
        let mut seen = BTreeSet::new();
        let repeated = self.codecs.iter().enumerate();
        repeated
            .filter(|(_, codec)| !seen.insert(**codec))
            .map(|(index, _)| {
                Problem::in_field(format!("codecs[{index}]"), "this codec stands here twice")
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
        assert_sound(ResourceKind::CodecSet, json!({ "codecs": ["pcma", "g726_32", "amr_wb"] }));
        let broken = json!({ "codecs": ["pcma", "pcma"], "packet_time_ms": 9 });
        assert_eq!(faults(ResourceKind::CodecSet, broken), ["packet_time_ms", "codecs[1]"]);
        assert_eq!(faults(ResourceKind::CodecSet, json!({ "codecs": [] })), ["codecs"]);
        let unknown = json!({ "codecs": ["mp3"] });
        assert_eq!(faults(ResourceKind::CodecSet, unknown), ["codecs[0]"]);
    }
}
