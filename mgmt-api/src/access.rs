//! Who may do what: permissions, the built-in roles, and the guards of the route table.
//!
//! Every operation is declared in `router.rs` with the permission it needs and the kinds of tenant
//! it is for; a [`RouteTable`] has no way to declare one without. The guard answers 401 to
//! strangers and 403 to those who may not. Which *rows* a principal sees is the scope's matter:
//! what belongs to another tenant is not found.

pub(crate) mod api_keys;
mod audience;
mod guard;
pub(crate) mod idempotency;
mod permission;
mod permission_set;
pub(crate) mod rate_limit;
pub mod roles;
mod route_table;

pub use audience::{Audience, Audiences};
pub use permission::{Permission, UnknownPermission};
pub use permission_set::PermissionSet;
pub use rate_limit::RateLimits;
pub(crate) use route_table::RouteTable;
