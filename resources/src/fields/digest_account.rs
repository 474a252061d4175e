//! A user name and password.

use crate::fields::secret::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A user name and password for digest authentication (RFC 8760).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DigestAccount {
    /// The user name.
    #[schemars(length(min = 1, max = 128))]
    pub username: String,
    /// The password.
    pub password: Secret,
}
