//! How a customer's calls are told from everybody else's.

use crate::fields::status::Status;
use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a customer's calls are told from everybody else's. Calls do not read it yet: each trunk
/// says itself whether they are known by their source address and tech prefix, by digest, or by either.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthenticationMethod {
    /// What a call must show.
    #[schemars(extend("x-filter" = true))]
    pub mode: AuthenticationMode,
    /// Whether customers may choose it.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub status: Status,
    /// Whether a new customer's trunk has it unless something else is chosen.
    #[serde(default)]
    pub is_default: bool,
    /// Source addresses that a customer may enter itself.
    #[serde(default = "default_addresses_max")]
    #[schemars(range(min = 1, max = 1_000))]
    pub addresses_max: u16,
    /// Digest: algorithms that are offered, the strongest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4), extend("x-section" = "advanced"))]
    pub digest_algorithms: Vec<DigestAlgorithm>,
    /// Digest: the realm of the challenge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 128),
        extend("x-section" = "advanced", "x-default" = "the node's domain")
    )]
    pub realm: Option<String>,
    /// Digest: how long a nonce is good for.
    #[serde(default = "default_nonce_lifetime_s")]
    #[schemars(range(min = 10, max = 3_600), extend("x-unit" = "seconds", "x-section" = "advanced"))]
    pub nonce_lifetime_s: u32,
    /// Digest: fewest characters of a password.
    #[serde(default = "default_password_chars_min")]
    #[schemars(
        range(min = 8, max = 128),
        extend("x-unit" = "characters", "x-section" = "advanced")
    )]
    pub password_chars_min: u16,
}

/// What a call must show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationMode {
    /// A known source address.
    #[default]
    Address,
    /// A user name and password, by digest (RFC 8760).
    Digest,
    /// Either.
    AddressOrDigest,
    /// Both.
    AddressAndDigest,
}

impl AuthenticationMode {
    /// Whether it is the one that nobody has to write.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether there must be source addresses.
    pub fn needs_addresses(self) -> bool {
        self != Self::Digest
    }

    /// Whether there must be a user name and password.
    pub fn needs_digest(self) -> bool {
        self != Self::Address
    }
}

/// A hash of digest authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DigestAlgorithm {
    /// RFC 8760.
    #[serde(rename = "SHA-256")]
    Sha256,
    /// RFC 8760.
    #[serde(rename = "SHA-512-256")]
    Sha512_256,
    /// RFC 2617, for equipment that knows nothing else.
    #[serde(rename = "MD5")]
    Md5,
}

fn default_addresses_max() -> u16 {
    10
}

fn default_nonce_lifetime_s() -> u32 {
    300
}

fn default_password_chars_min() -> u16 {
    12
}

impl Kind for AuthenticationMethod {
    const KIND: ResourceKind = ResourceKind::AuthenticationMethod;
    const TITLE: &'static str = "Authentication method";
    const TITLE_PLURAL: &'static str = "Authentication methods";
    const ASSIGNABLE: Assignable = Assignable::Many;

    fn check(&self) -> Vec<Problem> {
        let has_digest = self.mode != AuthenticationMode::Address;
        let message = match (has_digest, self.digest_algorithms.is_empty()) {
            (true, true) => "digest needs at least one algorithm",
            (false, false) => "algorithms belong to digest; this method looks at addresses only",
            _ => return Vec::new(),
        };
        vec![Problem::in_field("digest_algorithms", message)]
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::ResourceKind;
    use crate::testing::{assert_sound, faults};
    use serde_json::json;

    const KIND: ResourceKind = ResourceKind::AuthenticationMethod;

    #[test]
    fn faults_are_named() {
        assert_sound(KIND, json!({ "mode": "address" }));
        assert_sound(KIND, json!({ "mode": "digest", "digest_algorithms": ["SHA-256", "MD5"] }));
        assert_eq!(faults(KIND, json!({ "mode": "address_and_digest" })), ["digest_algorithms"]);
        let broken = json!({ "mode": "address", "digest_algorithms": ["MD5"],
            "nonce_lifetime_s": 9, "password_chars_min": 7, "addresses_max": 0 });
        assert_eq!(
            faults(KIND, broken),
            ["addresses_max", "nonce_lifetime_s", "password_chars_min", "digest_algorithms"]
        );
        assert_eq!(faults(KIND, json!({ "mode": "magic" })), ["mode"]);
    }
}
