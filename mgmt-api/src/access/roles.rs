//! The built-in roles: seven of those who run a switch, five of customers, five of carriers.
//!
//! A role that an operator makes (a resource of the kind `role`) is a list of permissions beside
//! these. Built-in names cannot be taken by such a role within the same portal.

use super::{Audience, Permission as P, PermissionSet};
use std::sync::LazyLock;

/// The portal that a role belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Portal {
    /// The platform and the operators.
    Staff,
    /// Customers.
    Customer,
    /// Carriers.
    Carrier,
}

/// A role that every tenant of its portal has.
#[derive(Debug)]
pub struct BuiltInRole {
    /// Where it can be given to users.
    pub portal: Portal,
    /// As it is stored, such as `super_admin`; unique within the portal.
    pub name: &'static str,
    /// As people read it.
    pub title: &'static str,
    /// What it is for, in one sentence.
    pub summary: &'static str,
    /// What it allows.
    pub permissions: PermissionSet,
}

impl Portal {
    /// All, in the order of the documents.
    pub const ALL: [Self; 3] = [Self::Staff, Self::Customer, Self::Carrier];

    /// The role with every permission of the portal: of the first user of a tenant.
    pub const fn first_role(self) -> &'static str {
        match self {
            Self::Staff => "super_admin",
            Self::Customer | Self::Carrier => "owner",
        }
    }

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Customer => "customer",
            Self::Carrier => "carrier",
        }
    }
}

impl From<Audience> for Portal {
    fn from(audience: Audience) -> Self {
        match audience {
            Audience::Platform | Audience::Operator => Self::Staff,
            Audience::Customer => Self::Customer,
            Audience::Carrier => Self::Carrier,
        }
    }
}

/// All of them, by portal, the mightiest first.
pub fn built_in() -> &'static [BuiltInRole] {
    static ROLES: LazyLock<Vec<BuiltInRole>> = LazyLock::new(|| {
        let accounts = [(Portal::Customer, CUSTOMER), (Portal::Carrier, CARRIER)];
        let accounts = accounts
            .into_iter()
            .flat_map(|(portal, own)| account(portal, own));
        staff().into_iter().chain(accounts).collect()
    });
    &ROLES
}

/// The built-in role of that name.
pub fn find(portal: Portal, name: &str) -> Option<&'static BuiltInRole> {
    built_in()
        .iter()
        .find(|role| role.portal == portal && role.name == name)
}

/// The most that anybody in a portal can be allowed: a custom role is cut to it.
pub fn ceiling(portal: Portal) -> &'static PermissionSet {
    static EMPTY: LazyLock<PermissionSet> = LazyLock::new(PermissionSet::default);
    find(portal, portal.first_role()).map_or(&*EMPTY, |role| &role.permissions)
}

/// What a customer sees of the configuration: itself, its trunks and its prices.
const CUSTOMER: AccountReads = AccountReads {
    own: P::CUSTOMER_READ,
    connections: P::TRUNK_READ,
    billing: (
        "billing",
        "Billing",
        "Prices, the records they were applied to, and the balance.",
    ),
};

/// What a carrier sees of the configuration: itself, its gateways and its prices.
const CARRIER: AccountReads = AccountReads {
    own: P::CARRIER_READ,
    connections: P::GATEWAY_READ,
    billing: (
        "rates",
        "Rates",
        "The carrier's prices, the records they were applied to, and the balance.",
    ),
};

const TRAFFIC: &[P] = &[
    P::CDR_READ,
    P::REPORT_READ,
    P::CALL_READ,
    P::LIVE_READ,
    P::EVENT_READ,
];
const INTEGRATION: &[P] = &[
    P::API_KEY_READ,
    P::API_KEY_WRITE,
    P::NOTIFICATION_TARGET_READ,
    P::NOTIFICATION_TARGET_WRITE,
];
const PEOPLE: &[P] = &[
    P::USER_READ,
    P::USER_WRITE,
    P::SESSION_MANAGE,
    P::AUDIT_READ,
];

/// How the two portals of accounts differ.
#[derive(Clone, Copy)]
struct AccountReads {
    own: P,
    connections: P,
    billing: (&'static str, &'static str, &'static str),
}

/// The five roles of a customer or a carrier.
fn account(portal: Portal, reads: AccountReads) -> Vec<BuiltInRole> {
    let role = |name, title, summary, parts: &[&[P]]| BuiltInRole {
        portal,
        name,
        title,
        summary,
        permissions: parts.concat().into_iter().collect(),
    };
    let AccountReads {
        own,
        connections,
        billing,
    } = reads;
    let (name, title, summary) = billing;
    let everything = [
        TRAFFIC,
        INTEGRATION,
        PEOPLE,
        &[own, connections, P::RATE_CARD_READ, P::LEDGER_READ],
    ]
    .concat();
    vec![
        role(
            "owner",
            "Owner",
            "Everything of the own account.",
            &[&everything, &[P::AUDIT_EXPORT]],
        ),
        role(
            "admin",
            "Admin",
            "Everything but the export of the audit log.",
            &[&everything],
        ),
        role(
            name,
            title,
            summary,
            &[&[
                own,
                P::RATE_CARD_READ,
                P::CDR_READ,
                P::REPORT_READ,
                P::LEDGER_READ,
                P::EVENT_READ,
            ]],
        ),
        role(
            "technical",
            "Technical",
            "Connections, live calls, records and API keys.",
            &[TRAFFIC, INTEGRATION, &[own, connections]],
        ),
        role(
            "viewer",
            "Viewer",
            "Sees calls and records; changes nothing.",
            &[TRAFFIC, &[own]],
        ),
    ]
}

/// The seven roles of those who run a switch.
fn staff() -> Vec<BuiltInRole> {
    let role = |name, title, summary, permissions| BuiltInRole {
        portal: Portal::Staff,
        name,
        title,
        summary,
        permissions,
    };
    let above_admin = [P::ROLE_WRITE, P::TENANT_WRITE, P::BACKUP_USE];
    vec![
        role(
            "super_admin",
            "Super admin",
            "Everything, the roles and tenants themselves included.",
            PermissionSet::all(),
        ),
        role(
            "admin",
            "Admin",
            "Runs the switch: everything but changing roles and tenants, and backups.",
            PermissionSet::all().difference(&above_admin.into_iter().collect()),
        ),
        role(
            "finance",
            "Finance",
            "Drafts prices and limits, which others push; posts payments and adjustments.",
            reading_and(FINANCE),
        ),
        role(
            "support",
            "Support",
            "Finds out what became of a call; helps users to sign in.",
            reading_and(SUPPORT),
        ),
        role(
            "sales",
            "Sales",
            "Drafts customers and their groups, which others push.",
            reading_and(SALES),
        ),
        role(
            "marketing",
            "Marketing",
            "Sees who the customers are, and nothing of their calls.",
            MARKETING.iter().copied().collect(),
        ),
        role(
            "viewer",
            "Viewer",
            "Sees the configuration, calls and records; changes nothing.",
            reading_and(&[]),
        ),
    ]
}

const FINANCE: &[P] = &[
    P::CUSTOMER_WRITE,
    P::RATE_CARD_WRITE,
    P::EXCHANGE_RATE_WRITE,
    P::EXCHANGE_SOURCE_WRITE,
    P::CHANNEL_PLAN_WRITE,
    P::CHANGE_SET_WRITE,
    P::LEDGER_WRITE,
    P::SCHEDULED_REPORT_WRITE,
    P::EXPORT_USE,
    P::AUDIT_READ,
];
const SUPPORT: &[P] = &[
    P::TRACE_READ,
    P::TRACE_WRITE,
    P::AUDIT_READ,
    P::USER_READ,
    P::SESSION_MANAGE,
    P::IMPERSONATE_USE,
];
const SALES: &[P] = &[
    P::CUSTOMER_GROUP_WRITE,
    P::CUSTOMER_WRITE,
    P::CHANGE_SET_WRITE,
];
const MARKETING: &[P] = &[
    P::CUSTOMER_CATEGORY_READ,
    P::CUSTOMER_GROUP_READ,
    P::CUSTOMER_READ,
    P::VOICE_TIER_READ,
];

/// Not for every reader: who the users are, what was done, what the machine does, what callers
/// sent.
const READS_APART: &[P] = &[
    P::ROLE_READ,
    P::AUDIT_READ,
    P::USER_READ,
    P::API_KEY_READ,
    P::JOB_READ,
    P::TENANT_READ,
    P::METRICS_READ,
    P::TRACE_READ,
];

/// What every reader of the staff's portal may do, and `more`.
fn reading_and(more: &[P]) -> PermissionSet {
    let all = P::ALL.iter().filter(|permission| {
        permission.as_str().ends_with(".read") && !READS_APART.contains(permission)
    });
    all.chain(&[P::EXPLAIN_USE]).chain(more).copied().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn each_portal_has_the_roles_of_the_specification() {
        let names = |portal| -> Vec<&str> {
            let of_portal = built_in().iter().filter(|role| role.portal == portal);
            of_portal.map(|role| role.name).collect()
        };
        let staff = [
            "super_admin",
            "admin",
            "finance",
            "support",
            "sales",
            "marketing",
            "viewer",
        ];
        assert_eq!(names(Portal::Staff), staff);
        assert_eq!(
            names(Portal::Customer),
            ["owner", "admin", "billing", "technical", "viewer"]
        );
        assert_eq!(
            names(Portal::Carrier),
            ["owner", "admin", "rates", "technical", "viewer"]
        );
    }

    #[test]
    fn no_role_is_allowed_more_than_the_first_of_its_portal() {
        for role in built_in() {
            assert!(
                ceiling(role.portal).covers(&role.permissions),
                "{}",
                role.name
            );
        }
    }

    #[test]
    fn viewers_and_marketing_change_nothing() {
        let quiet = built_in()
            .iter()
            .filter(|role| ["viewer", "marketing"].contains(&role.name));
        for permission in quiet.flat_map(|role| role.permissions.iter()) {
            let reads = permission.as_str().ends_with(".read");
            assert!(reads || permission == P::EXPLAIN_USE, "{permission}");
        }
    }

    #[test]
    fn those_who_draft_prices_and_customers_do_not_push_them() {
        for name in ["finance", "sales"] {
            let role = find(Portal::Staff, name).unwrap();
            assert!(role.permissions.contains(P::CHANGE_SET_WRITE));
            assert!(!role.permissions.contains(P::CHANGE_SET_PUSH));
        }
    }

    #[test]
    fn accounts_reach_nothing_of_the_switch() {
        for portal in [Portal::Customer, Portal::Carrier] {
            for permission in [
                P::APPLY_USE,
                P::IMPERSONATE_USE,
                P::TENANT_READ,
                P::CARRIER_WRITE,
            ] {
                assert!(!ceiling(portal).contains(permission), "{permission}");
            }
        }
    }
}
