//! Who calls and who diverted the call, beside From: what is believed and what is sent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who calls and who diverted the call: ingress which fields of the customer's INVITE are believed,
/// egress which are written for the carrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityPolicy {
    /// The number that stands for the caller whatever From says.
    pub asserted: AssertedIdentity,
    /// Ingress: the number in From is the customer's own, by agreement. Without a believed field it
    /// is then asserted to carriers; a number that nobody vouches for never is.
    pub trusts_from: bool,
    /// Whether the wish to stay anonymous (Privacy, RFC 3323) counts.
    pub privacy: PrivacyPolicy,
    /// Who diverted the call before it came to the switch.
    pub diversion: DiversionPolicy,
}

/// The field that asserts who calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssertedIdentity {
    /// None: ingress it is not looked at, egress none is written.
    #[default]
    Off,
    /// P-Asserted-Identity (RFC 3325).
    PAssertedIdentity,
    /// Remote-Party-ID, of older equipment.
    RemotePartyId,
    /// Both: ingress the first that is there, egress both are written.
    Both,
}

/// Whether a caller may stay anonymous.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrivacyPolicy {
    /// Ingress: Privacy is not looked at. Egress: the number is sent all the same.
    #[default]
    Ignore,
    /// Ingress: Privacy counts. Egress: From is anonymous, and the number goes only where it is
    /// asserted, with Privacy beside it.
    Respect,
}

/// The field that says who diverted a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DiversionPolicy {
    /// None.
    #[default]
    Off,
    /// Diversion (RFC 5806).
    Diversion,
    /// History-Info (RFC 7044).
    HistoryInfo,
}

impl IdentityPolicy {
    /// Whether every field is at its default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
