//! How the people of a tenant sign in: what each tenant may say, and what holds when it says
//! nothing.

use crate::problem::Problem;
use resources::Network;
use serde::{Deserialize, Serialize};
use store::{Store, TenantId};
use utoipa::ToSchema;

/// Fewest characters of a password that any policy may ask for.
const PASSWORD_LENGTHS: (u16, u16) = (12, 64);
const IDLE_MINUTES: (u16, u16) = (5, 1_440);
const ABSOLUTE_HOURS: (u16, u16) = (1, 168);
const REMEMBER_DAYS_MAX: u16 = 90;

/// Most networks of a list.
pub(crate) const NETWORKS_MAX: usize = 100;

/// Most roles of a list.
const ROLES_MAX: usize = 100;

/// How the people of a tenant sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SignInPolicy {
    /// Whether strangers may ask for an account. Only the platform's counts.
    pub registration: Registration,
    /// Fewest characters of a new password.
    #[schema(minimum = 12, maximum = 64)]
    pub password_length_min: u16,
    /// Roles whose users can do nothing until they have set a second factor up.
    #[schema(max_items = 100)]
    pub second_factor_roles: Vec<String>,
    /// A session that is not used for this long ends.
    #[schema(minimum = 5, maximum = 1440)]
    pub idle_timeout_minutes: u16,
    /// A session ends this long after the sign-in, used or not.
    #[schema(minimum = 1, maximum = 168)]
    pub absolute_timeout_hours: u16,
    /// A session that the user asked to be remembered ends this long after the sign-in; 0: nobody
    /// is remembered.
    #[schema(maximum = 90)]
    pub remember_days: u16,
    /// Networks that the users may sign in from; none: everywhere.
    #[schema(value_type = Vec<String>, max_items = 100)]
    pub allowed_networks: Vec<Network>,
}

/// Whether strangers may ask for an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// No.
    #[default]
    Off,
    /// Yes; somebody of the staff gives it.
    Approval,
}

impl Default for SignInPolicy {
    fn default() -> Self {
        Self {
            registration: Registration::Off,
            password_length_min: PASSWORD_LENGTHS.0,
            second_factor_roles: Vec::new(),
            idle_timeout_minutes: 30,
            absolute_timeout_hours: 12,
            remember_days: 30,
            allowed_networks: Vec::new(),
        }
    }
}

/// The lifetimes of a session that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetimes {
    pub(crate) absolute_s: u32,
    pub(crate) idle_s: u32,
    /// Whether the browser keeps the cookie when it is closed.
    pub(crate) remembered: bool,
}

/// A policy and its version; version 0 is that of a tenant that says nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct VersionedPolicy {
    pub(crate) policy: SignInPolicy,
    pub(crate) version: u64,
}

/// The policy of a tenant.
///
/// # Errors
/// [`Problem`]: the database fails, or holds what this program cannot read.
pub(crate) async fn policy_of(store: &Store, tenant: TenantId) -> Result<VersionedPolicy, Problem> {
    let rows = store.sign_in_policies(&[tenant]).await?;
    let Some(row) = rows.into_iter().next() else {
        return Ok(VersionedPolicy::default());
    };
    let policy = serde_json::from_str(&row.policy).map_err(|error| Problem::internal(&error))?;
    Ok(VersionedPolicy {
        policy,
        version: row.version,
    })
}

/// Whether somebody may come from an address; `None`, which is no connection, only when everybody
/// may.
pub(crate) fn may_come_from(networks: &[Network], address: Option<std::net::IpAddr>) -> bool {
    networks.is_empty()
        || address.is_some_and(|address| networks.iter().any(|net| net.contains(address)))
}

/// The networks of a stored list. One that cannot be read lets nobody in.
pub(crate) fn stored_networks(text: &str) -> Result<Vec<Network>, Problem> {
    serde_json::from_str(text).map_err(|error| Problem::internal(&error))
}

impl SignInPolicy {
    /// # Errors
    /// 422, which names the field.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        let ranges = [
            (
                "password_length_min",
                self.password_length_min,
                PASSWORD_LENGTHS,
            ),
            (
                "idle_timeout_minutes",
                self.idle_timeout_minutes,
                IDLE_MINUTES,
            ),
            (
                "absolute_timeout_hours",
                self.absolute_timeout_hours,
                ABSOLUTE_HOURS,
            ),
            ("remember_days", self.remember_days, (0, REMEMBER_DAYS_MAX)),
        ];
        for (field, value, (least, most)) in ranges {
            if !(least..=most).contains(&value) {
                return Err(Problem::invalid_field(field, format!("{least} to {most}")));
            }
        }
        check_networks(&self.allowed_networks)?;
        if self.second_factor_roles.len() > ROLES_MAX {
            let message = format!("at most {ROLES_MAX} roles");
            return Err(Problem::invalid_field("second_factor_roles", message));
        }
        Ok(())
    }

    pub(crate) fn lifetimes(&self, remember: bool) -> Lifetimes {
        let remembered = remember && self.remember_days > 0;
        let idle_s = u32::from(self.idle_timeout_minutes) * 60;
        let absolute_s = u32::from(self.absolute_timeout_hours) * 3_600;
        let days_s = u32::from(self.remember_days) * 86_400;
        if remembered {
            Lifetimes {
                absolute_s: days_s,
                idle_s: days_s,
                remembered,
            }
        } else {
            Lifetimes {
                absolute_s,
                idle_s,
                remembered,
            }
        }
    }
}

/// # Errors
/// 422 when the list is too long.
pub(crate) fn check_networks(networks: &[Network]) -> Result<(), Problem> {
    if networks.len() <= NETWORKS_MAX {
        return Ok(());
    }
    let message = format!("at most {NETWORKS_MAX} networks");
    Err(Problem::invalid_field("allowed_networks", message))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn what_is_not_said_is_the_default() {
        let policy: SignInPolicy = serde_json::from_str(r#"{"remember_days": 0}"#).unwrap();
        assert!(policy.check().is_ok());
        assert_eq!(policy.idle_timeout_minutes, 30);
        assert!(!policy.lifetimes(true).remembered, "nobody is");
        let kept = SignInPolicy::default().lifetimes(true);
        assert_eq!((kept.absolute_s, kept.remembered), (30 * 86_400, true));
    }

    #[test]
    fn no_policy_is_weaker_than_the_floor() {
        let weak = SignInPolicy {
            password_length_min: 8,
            ..SignInPolicy::default()
        };
        assert_eq!(weak.check().unwrap_err().status, 422);
        let endless = SignInPolicy {
            absolute_timeout_hours: 1_000,
            ..SignInPolicy::default()
        };
        assert_eq!(endless.check().unwrap_err().status, 422);
    }

    #[test]
    fn a_list_of_networks_keeps_others_out_and_those_without_an_address() {
        let office = stored_networks(r#"["192.0.2.0/24"]"#).unwrap();
        assert!(may_come_from(&office, Some("192.0.2.9".parse().unwrap())));
        assert!(!may_come_from(
            &office,
            Some("198.51.100.9".parse().unwrap())
        ));
        assert!(!may_come_from(&office, None));
        assert!(may_come_from(&[], None));
        assert!(stored_networks("[1]").is_err());
    }
}
