//! Whose rows are meant: the tenant that a query is made for.

use std::fmt;

/// A node of the tree of tenants: the platform (1), an operator, a customer or a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(i64);

impl TenantId {
    /// The root: who runs the switch. Made by the migration.
    pub const PLATFORM: Self = Self(1);

    /// The tenant of a stored number. It gives no access to anything: only a [`Scope`] does.
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// The number in the database.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The tenant whose rows a query may see and change. Every function on owned rows takes one, so a
/// query without a tenant does not compile.
///
/// Rows belong to the platform or to an operator. Who acts for a customer or a carrier gets the
/// scope of the tenant above, together with a restriction to what is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    owner: TenantId,
}

impl Scope {
    /// The scope of a tenant. Only the authentication of `mgmt-api` and what runs on the switch's
    /// own behalf (start, jobs, the command line on the same host) may make one; a handler takes
    /// it from its principal.
    pub const fn of_tenant(owner: TenantId) -> Self {
        Self { owner }
    }

    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.owner
    }
}
