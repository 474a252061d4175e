//! Resources of every kind: one set of handlers, a path for each kind.
//!
//! A handler learns its kind from the route ([`Extension`]); what it does is the same for all. The
//! description of each operation is made from the registry ([`describe`]).

mod body;
mod building;
mod bulk;
mod cursor;
mod describe;
mod everything;
mod import_export;
mod list;
mod list_query;
mod schemas;
mod single;
mod submit;
mod target;
mod versions;
mod view;

pub(crate) use body::check_note;
pub use building::{CardBuild, RebuildMode, StaleCards};
pub use bulk::BulkEdit;
pub(crate) use everything::{__path_resource_list, resource_list};
pub use everything::{Resource, ResourceList, ResourceQuery};
pub(crate) use single::find;
pub use submit::{DraftedResult, PushResult};
pub(crate) use submit::{Writer, draft_in};
pub use versions::{Comparison, RollBack, VersionPage, VersionSummary};
pub(crate) use view::if_match;

use crate::access::{Audiences, Permission, RouteTable};
use crate::auth::Principal;
use crate::state::AppState;
use axum::Extension;
use axum::routing::{MethodRouter, delete, get, post, put};
use describe::{Verb, described};
use resources::ResourceKind;

/// Rows of a page when nothing is asked for.
pub(crate) const LIMIT_DEFAULT: u32 = 50;

/// Most rows of a page.
pub(crate) const LIMIT_MAX: u32 = 200;

/// Longest note on a version, characters.
pub(crate) const NOTE_CHARS_MAX: usize = 2_000;

/// Adds the operations of all kinds. Staff only: customers and carriers see what is theirs by
/// paths of their own.
pub(crate) fn of_all_kinds(mut table: RouteTable) -> RouteTable {
    for kind in ResourceKind::ALL {
        for verb in Verb::of(kind) {
            let (schemas, paths) = described(kind, verb);
            let handler = handler(verb).layer(Extension(kind));
            let routes = (schemas, paths, handler);
            let needed = permission(kind, verb);
            table = if verb.takes_long() {
                table.heavy(needed, Audiences::STAFF, routes)
            } else {
                table.guarded(needed, Audiences::STAFF, routes)
            };
        }
    }
    table
}

/// A kind without permissions of its own is for those who may change everything.
fn permission(kind: ResourceKind, verb: Verb) -> Permission {
    let found = if verb.writes() {
        Permission::write_of(kind.as_str())
    } else {
        Permission::read_of(kind.as_str())
    };
    found.unwrap_or(Permission::APPLY_USE)
}

/// Whether the caller may see resources of a kind.
pub(crate) fn may_read(principal: &Principal, kind: ResourceKind) -> bool {
    principal
        .permissions()
        .contains(permission(kind, Verb::List))
}

fn handler(verb: Verb) -> MethodRouter<AppState> {
    match verb {
        Verb::List => get(list::list),
        Verb::Create => post(single::create),
        Verb::View => get(single::view),
        Verb::Update => put(single::update),
        Verb::Delete => delete(single::delete),
        Verb::BulkEdit => post(bulk::bulk_edit),
        Verb::Import => post(import_export::import),
        Verb::Export => get(import_export::export),
        Verb::VersionList => get(versions::version_list),
        Verb::VersionView => get(versions::version_view),
        Verb::Compare => get(versions::compare),
        Verb::RollBack => post(versions::roll_back),
        Verb::Customers => get(super::assignment::customer_list),
        Verb::Rates => get(import_export::rates),
        Verb::Build => get(building::build),
        Verb::Rebuild => post(single::rebuild),
        Verb::Stale => get(building::stale),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_permissions_and_a_description() {
        for kind in ResourceKind::ALL {
            for verb in Verb::of(kind) {
                assert_ne!(permission(kind, verb), Permission::APPLY_USE, "{kind}");
                let (_, paths) = described(kind, verb);
                assert_eq!(paths.paths.len(), 1);
            }
        }
    }
}
