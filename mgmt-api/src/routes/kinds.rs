//! The kinds of resources, for forms and lists.

use crate::access::Permission;
use crate::auth::Principal;
use axum::Json;
use resources::{Assignable, ResourceKind};
use serde::Serialize;
use utoipa::ToSchema;

/// The kinds that the caller may see.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KindList {
    /// In the order in which one may refer to another.
    pub items: Vec<KindView>,
}

/// A kind of resource.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KindView {
    /// In files and in the API: `rate_card`.
    pub kind: String,
    /// As a segment of a path: `rate-cards`.
    pub plural: String,
    /// On a screen: `Rate card`.
    pub title: String,
    /// On a screen: `Rate cards`.
    pub title_plural: String,
    /// What it is, in a sentence.
    pub summary: String,
    /// What it is.
    pub description: String,
    /// Whether customers get it by assignment: `no`, `many` or `one`.
    pub assignable: String,
    /// Fields that lists can be filtered and sorted by.
    pub filter_fields: Vec<String>,
    /// JSON Schema 2020-12 of the spec, with hints for forms in keys that begin with `x-`.
    #[schema(value_type = Object)]
    pub schema: serde_json::Value,
    /// Whether the caller may change resources of this kind.
    pub can_write: bool,
}

/// The kinds of resources that the caller may see, with their schemas.
#[utoipa::path(
    get,
    path = "/api/v1/kinds",
    operation_id = "kind_list",
    tag = "resources",
    responses((status = 200, description = "The kinds", body = KindList)),
)]
pub(crate) async fn kind_list(principal: Principal) -> Json<KindList> {
    let may = |permission: Option<Permission>| {
        permission.is_some_and(|permission| principal.permissions().contains(permission))
    };
    let kinds = ResourceKind::ALL.into_iter();
    let visible = kinds.filter(|kind| may(Permission::read_of(kind.as_str())));
    let items = visible.map(|kind| {
        let info = kind.info();
        KindView {
            kind: kind.as_str().to_owned(),
            plural: info.plural.clone(),
            title: info.title.to_owned(),
            title_plural: info.title_plural.to_owned(),
            summary: info.summary.clone(),
            description: info.description.clone(),
            assignable: match info.assignable {
                Assignable::No => "no",
                Assignable::Many => "many",
                Assignable::One => "one",
            }
            .to_owned(),
            filter_fields: kind
                .filter_fields()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            schema: info.schema.clone(),
            can_write: may(Permission::write_of(kind.as_str())),
        }
    });
    Json(KindList {
        items: items.collect(),
    })
}
