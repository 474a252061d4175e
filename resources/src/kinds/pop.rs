//! Where customers send their calls.

use crate::checks::CHANNEL_LIMIT_MAX;
use crate::fields::foreign::{AddressAndPort, TransportName};
use crate::fields::network::Network;
use crate::fields::status::Status;
use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use crate::problem::Problem;
use rating::cdr::Transport;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// A point of presence: where customers send calls, and where media comes from. Calls do not read it
/// yet; it is what customers are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pop {
    /// A short code for lists and records, such as `FRA1`.
    #[schemars(length(min = 1, max = 16), extend("x-filter" = true))]
    pub code: String,
    /// Whether customers may choose it.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub status: Status,
    /// The city it stands in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 64))]
    pub city: String,
    /// The country it stands in, two capital letters of ISO 3166.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 2, max = 2),
        extend("pattern" = "^[A-Z]{2}$", "examples" = ["DE"], "x-filter" = true)
    )]
    pub country: Option<String>,
    /// The name that customers send calls to, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub host_name: Option<String>,
    /// The addresses that customers send calls to.
    #[schemars(length(min = 1, max = 32))]
    pub listeners: Vec<PopListener>,
    /// The addresses that media comes from, for customers' firewalls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub media_addresses: Vec<Network>,
    /// Calls at the same time that it is built for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 1, max = CHANNEL_LIMIT_MAX),
        extend("x-section" = "advanced", "x-default" = "not said")
    )]
    pub capacity_channels: Option<u32>,
    /// What customers read of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500), extend("x-widget" = "multiline"))]
    pub description: String,
}

/// One address that a point of presence listens at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PopListener {
    /// Where it listens, `address:port`.
    #[schemars(with = "AddressAndPort")]
    pub address: SocketAddr,
    /// The transport that it speaks there.
    #[schemars(with = "TransportName")]
    pub transport: Transport,
}

impl Kind for Pop {
    const KIND: ResourceKind = ResourceKind::Pop;
    const TITLE: &'static str = "POP";
    const TITLE_PLURAL: &'static str = "POPs";
    const ASSIGNABLE: Assignable = Assignable::Many;

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let is_code = |code: &str| {
            let letters = code.bytes().all(|byte| byte.is_ascii_uppercase());
            letters && code.len() == 2
        };
        if self.country.as_deref().is_some_and(|code| !is_code(code)) {
            let message = "write the two capital letters of ISO 3166, such as DE";
            problems.push(Problem::in_field("country", message));
        }
        let mut seen = BTreeSet::new();
        for (index, listener) in self.listeners.iter().enumerate() {
            if !seen.insert((listener.address, listener.transport == Transport::Udp)) {
                let field = format!("listeners[{index}]");
                problems.push(Problem::in_field(field, "this address stands here twice"));
            }
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
        let listener = json!({ "address": "192.0.2.1:5060", "transport": "udp" });
        let tcp = json!({ "address": "192.0.2.1:5060", "transport": "tcp" });
        let sound = json!({ "code": "FRA1", "country": "DE", "listeners": [listener, tcp] });
        assert_sound(ResourceKind::Pop, sound);
        let broken = json!({ "code": "", "country": "de", "listeners": [listener, listener] });
        assert_eq!(faults(ResourceKind::Pop, broken), ["code", "country", "listeners[1]"]);
        let empty = json!({ "code": "FRA1", "listeners": [] });
        assert_eq!(faults(ResourceKind::Pop, empty), ["listeners"]);
    }
}
