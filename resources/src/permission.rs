//! What a principal may do.

use crate::kinds::{KIND_PERMISSIONS, ResourceKind};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// One thing that a principal may do: `carrier.write`. Each kind has `.read` and `.write`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission(&'static str);

/// A permission that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a permission")]
pub struct UnknownPermission(pub String);

/// Makes the constants of what is not a kind's, and their table.
macro_rules! permissions {
    ($($(#[$doc:meta])+ $NAME:ident = $text:literal;)+) => {
        impl Permission {
            $($(#[$doc])+ pub const $NAME: Self = Self($text);)+
        }

        const OTHERS: &[Permission] = &[$(Permission::$NAME),+];
    };
}

permissions! {
    /// See change sets and their previews.
    CHANGE_SET_READ = "change_set.read";
    /// Draft, discard.
    CHANGE_SET_WRITE = "change_set.write";
    /// Push drafts into the live configuration, and roll back.
    CHANGE_SET_PUSH = "change_set.push";
    /// See the audit log.
    AUDIT_READ = "audit.read";
    /// Export the audit log.
    AUDIT_EXPORT = "audit.export";
    /// See call records.
    CDR_READ = "cdr.read";
    /// See calls that are up.
    CALL_READ = "call.read";
    /// See live figures.
    LIVE_READ = "live.read";
    /// Ask how a call would be routed.
    EXPLAIN_USE = "explain.use";
    /// See the node's status.
    STATUS_READ = "status.read";
    /// Read metrics.
    METRICS_READ = "metrics.read";
    /// See users.
    USER_READ = "user.read";
    /// Invite, change and remove users.
    USER_WRITE = "user.write";
    /// End other people's sessions.
    SESSION_MANAGE = "session.manage";
    /// See API keys.
    API_KEY_READ = "api_key.read";
    /// Make and revoke API keys.
    API_KEY_WRITE = "api_key.write";
    /// See background jobs.
    JOB_READ = "job.read";
    /// Retry and cancel background jobs.
    JOB_WRITE = "job.write";
    /// See tenants.
    TENANT_READ = "tenant.read";
    /// Make and change tenants.
    TENANT_WRITE = "tenant.write";
    /// Act as somebody else.
    IMPERSONATE_USE = "impersonate.use";
    /// Apply files.
    APPLY_USE = "apply.use";
    /// Export the configuration as files.
    EXPORT_USE = "export.use";
    /// Back up and restore.
    BACKUP_USE = "backup.use";
    /// See which sources are banned.
    BAN_READ = "ban.read";
    /// Ban sources and end bans.
    BAN_WRITE = "ban.write";
    /// See the SIP messages of calls.
    TRACE_READ = "trace.read";
    /// Have the SIP messages of a call kept.
    TRACE_WRITE = "trace.write";
    /// Follow events.
    EVENT_READ = "event.read";
}

const COUNT: usize = 2 * KIND_PERMISSIONS.len() + OTHERS.len();

static ALL: [Permission; COUNT] = {
    let mut all = [Permission(""); COUNT];
    let mut at = 0;
    while at < KIND_PERMISSIONS.len() {
        all[2 * at] = KIND_PERMISSIONS[at].0;
        all[2 * at + 1] = KIND_PERMISSIONS[at].1;
        at += 1;
    }
    let mut other = 0;
    while other < OTHERS.len() {
        all[2 * at + other] = OTHERS[other];
        other += 1;
    }
    all
};

impl Permission {
    /// All permissions: those of the kinds first.
    pub const ALL: &'static [Self] = &ALL;

    pub(crate) const fn pair(read: &'static str, write: &'static str) -> (Self, Self) {
        (Self(read), Self(write))
    }

    pub(crate) fn of_kind(kind: ResourceKind) -> (Self, Self) {
        KIND_PERMISSIONS[kind as usize]
    }

    /// The permission as text.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl fmt::Debug for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::ALL
            .iter()
            .find(|permission| permission.0 == text)
            .copied()
            .ok_or_else(|| UnknownPermission(text.to_owned()))
    }
}

impl Serialize for Permission {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Permission {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Permission".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = Self::ALL.iter().map(|permission| permission.0).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_permission_is_there_once_and_is_read_back() {
        let names: BTreeSet<_> = Permission::ALL.iter().map(|p| p.as_str()).collect();
        assert_eq!(names.len(), Permission::ALL.len());
        for permission in Permission::ALL {
            assert_eq!(permission.as_str().parse(), Ok(*permission));
            let (area, action) = permission.as_str().split_once('.').unwrap();
            assert!(!area.is_empty() && !action.is_empty());
        }
        assert!("carrier.fly".parse::<Permission>().is_err());
    }

    #[test]
    fn each_kind_can_be_read_and_written() {
        for kind in ResourceKind::ALL {
            assert_eq!(kind.read_permission().as_str(), format!("{kind}.read"));
            assert_eq!(kind.write_permission().as_str(), format!("{kind}.write"));
            assert!(Permission::ALL.contains(&kind.write_permission()));
        }
    }
}
