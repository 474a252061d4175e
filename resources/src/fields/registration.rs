//! How the switch registers with a carrier.

use crate::fields::digest_account::DigestAccount;
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

    pub(crate) fn check(&self, digest: Option<&DigestAccount>) -> Vec<Problem> {
        const OF_USER: &[u8] = b"+-._~*#";
        const OF_DOMAIN: &[u8] = b"-.:[]";
        let mut problems = Vec::new();
        let mut wrong = |field, message| problems.push(Problem::in_field(field, message));
        let is_plain = |more: &[u8], text: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
            text.bytes().all(fits)
        };
        let cannot_stand = "has a character that cannot stand in a SIP address";
        match (&self.user, digest) {
            (_, None) => {
                let message = "a registration needs the user name and password of `digest`";
                wrong("registration", message);
            }
            (None, Some(account)) if !is_plain(OF_USER, &account.username) => {
                let message =
                    "write the user part: the user name of `digest` cannot stand in a SIP address";
                wrong("registration.user", message);
            }
            _ => {}
        }
        if self
            .user
            .as_deref()
            .is_some_and(|user| !is_plain(OF_USER, user))
        {
            wrong("registration.user", cannot_stand);
        }
        if self
            .domain
            .as_deref()
            .is_some_and(|domain| !is_plain(OF_DOMAIN, domain))
        {
            wrong("registration.domain", cannot_stand);
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
