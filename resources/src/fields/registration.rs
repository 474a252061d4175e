//! How the switch registers with a carrier.

use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Registration with a carrier (RFC 3261 §10), with the user name and password of the trunk's
/// `digest`. It is kept up as long as the trunk is active; calls are sent whether it stands or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// User part of the address that is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), extend("x-default" = "the user name of `digest`"))]
    pub user: Option<String>,
    /// Domain of that address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), extend("x-default" = "the gateway's address"))]
    pub domain: Option<String>,
    /// How long a registration is asked to last; it is renewed before that.
    #[serde(default = "Registration::default_expires_s")]
    #[schemars(range(min = 60, max = 86_400), extend("x-unit" = "seconds"))]
    pub expires_s: u32,
}

impl Registration {
    /// No registration may last longer, seconds.
    pub const EXPIRES_MAX_S: u32 = 86_400;

    fn default_expires_s() -> u32 {
        3_600
    }

    pub(crate) fn check(&self, has_digest: bool) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !has_digest {
            let message = "a registration needs the user name and password of `digest`";
            problems.push(Problem::in_field("registration", message));
        }
        let is_plain = |more: &[u8], text: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
            text.bytes().all(fits)
        };
        let fields = [
            ("registration.user", &self.user, b"+-._~*#".as_slice()),
            ("registration.domain", &self.domain, b"-.:[]".as_slice()),
        ];
        for (field, text, more) in fields {
            if text.as_deref().is_some_and(|text| !is_plain(more, text)) {
                let message = "has a character that cannot stand in a SIP address";
                problems.push(Problem::in_field(field, message));
            }
        }
        problems
    }
}

impl Default for Registration {
    fn default() -> Self {
        Self {
            user: None,
            domain: None,
            expires_s: Self::default_expires_s(),
        }
    }
}
