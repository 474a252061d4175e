//! What is sent to make and to rotate a key, and its checks.

use crate::access::{Permission, PermissionSet};
use crate::problem::{FieldError, Problem};
use crate::values::Time;
use rating::Timestamp;
use resources::Network;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Longest name, characters.
const NAME_CHARS_MAX: usize = 100;

/// Names of permissions of one key, at most.
const PERMISSIONS_MAX: usize = 200;

/// Ranges of addresses of one key, at most.
const NETWORKS_MAX: usize = 64;

/// The longest that an old secret counts after a rotation, seconds: a week.
const OVERLAP_MAX_S: u32 = 7 * 86_400;

/// A permission by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermissionName(pub Permission);

/// A key to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyCreate {
    /// Its name; unique among the keys that are not revoked.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What it may do: nothing that its maker may not.
    #[schema(min_items = 1, max_items = 200)]
    pub permissions: Vec<PermissionName>,
    /// Addresses and ranges in CIDR form that it may be used from. None: from everywhere.
    #[serde(default)]
    #[schema(max_items = 64)]
    pub networks: Vec<String>,
    /// When it ends by itself. Left out: never.
    #[serde(default)]
    pub expires_at: Option<Time>,
}

/// How a secret is changed.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyRotate {
    /// How long the old secret counts beside the new one, seconds; 0: not at all.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 604_800, default = 0)]
    pub previous_valid_seconds: u32,
}

/// A key to be made, checked.
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) permissions: PermissionSet,
    pub(super) networks: Vec<String>,
    pub(super) expires_at: Option<Timestamp>,
}

impl ApiKeyCreate {
    pub(super) fn check(self, now: Timestamp) -> Result<Wanted, Problem> {
        let mut errors = Vec::new();
        let mut wrong = |field: String, message: String| {
            errors.push(FieldError {
                field: Some(field),
                message,
                ..FieldError::default()
            });
        };
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
            let message = format!("write 1 to {NAME_CHARS_MAX} characters");
            wrong("name".to_owned(), message);
        } else if name.chars().any(char::is_control) {
            wrong("name".to_owned(), "write no control characters".to_owned());
        }
        if self.permissions.is_empty() {
            let message = "name at least one permission".to_owned();
            wrong("permissions".to_owned(), message);
        }
        if self.permissions.len() > PERMISSIONS_MAX {
            let message = format!("name at most {PERMISSIONS_MAX} permissions, each once");
            wrong("permissions".to_owned(), message);
        }
        if self.networks.len() > NETWORKS_MAX {
            let message = format!("write at most {NETWORKS_MAX} ranges");
            wrong("networks".to_owned(), message);
        }
        let mut networks = Vec::new();
        for (index, text) in self.networks.iter().enumerate().take(NETWORKS_MAX) {
            match text.parse::<Network>() {
                Ok(network) => networks.push(network.to_string()),
                Err(error) => wrong(format!("networks[{index}]"), error.to_string()),
            }
        }
        let expires_at = self.expires_at.map(|end| end.0);
        if expires_at.is_some_and(|end| end <= now) {
            wrong("expires_at".to_owned(), "write a time to come".to_owned());
        }
        if !errors.is_empty() {
            return Err(Problem::invalid("The key was not made.", errors));
        }
        Ok(Wanted {
            name: name.to_owned(),
            permissions: self.permissions.iter().map(|name| name.0).collect(),
            networks,
            expires_at,
        })
    }
}

impl ApiKeyRotate {
    /// Until when the old secret counts.
    pub(super) fn previous_until(&self, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
        match self.previous_valid_seconds {
            0 => Ok(None),
            seconds if seconds <= OVERLAP_MAX_S => {
                Ok(Some(Timestamp(now.0 + i64::from(seconds) * 1_000_000)))
            }
            _ => {
                let message = format!("write at most {OVERLAP_MAX_S}");
                Err(Problem::invalid_field("previous_valid_seconds", message))
            }
        }
    }
}

impl Serialize for PermissionName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for PermissionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

impl PartialSchema for PermissionName {
    fn schema() -> RefOr<Schema> {
        let names = Permission::ALL.iter().map(|permission| permission.as_str());
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(names.collect::<Vec<_>>()))
            .description(Some("A permission"))
            .into()
    }
}

impl ToSchema for PermissionName {}
