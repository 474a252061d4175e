//! All kinds in one list, as it was before each kind had its own.

use super::may_read;
use crate::auth::Principal;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::resource_engine::masked;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::State;
use routing_engine::resources::{ResourceKind, UnknownKind};
use serde::{Deserialize, Serialize};
use store::ResourceRow;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

/// Which resources to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ResourceQuery {
    /// Only this kind.
    #[param(schema_with = kinds)]
    pub kind: Option<String>,
}

fn kinds() -> Object {
    let names = ResourceKind::ALL.iter().map(|kind| kind.as_str());
    let builder = ObjectBuilder::new().schema_type(Type::String);
    builder.enum_values(Some(names.collect::<Vec<_>>())).build()
}

/// All resources of the question, by kind and name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ResourceList {
    /// The resources.
    pub items: Vec<Resource>,
}

/// One resource as it is now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Resource {
    /// Its kind.
    pub kind: String,
    /// Its name, unique within the kind.
    pub name: String,
    /// Its number, which survives a rename.
    pub id: i64,
    /// 1 for the first version, one more with each change.
    pub version: u64,
    /// When this version was applied.
    pub updated_at: Time,
    /// The fields of the kind.
    #[schema(value_type = Object)]
    pub spec: serde_json::Value,
}

/// Lists what is configured, of the kinds that the caller may read.
#[utoipa::path(
    get,
    path = "/api/v1/resources",
    operation_id = "resource_list",
    tag = "resources",
    params(ResourceQuery),
    responses(
        (status = 200, description = "The resources", body = ResourceList),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn resource_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<ResourceQuery>,
) -> Result<Json<ResourceList>, Problem> {
    let wrong = |error: UnknownKind| Problem::bad_parameter("kind", error.to_string());
    let kind = query.kind.map(|kind| kind.parse::<ResourceKind>());
    let kind = kind.transpose().map_err(wrong)?;
    let rows = state
        .store
        .resources(kind.map(ResourceKind::as_str))
        .await?;
    // What an older program wrote of a kind that is gone has no permission; it is for nobody.
    let seen = |row: &ResourceRow| {
        row.kind
            .parse()
            .is_ok_and(|kind| may_read(&principal, kind))
    };
    let items = rows.into_iter().filter(seen).map(Resource::from);
    Ok(Json(ResourceList {
        items: items.collect(),
    }))
}

impl From<ResourceRow> for Resource {
    fn from(mut row: ResourceRow) -> Self {
        // Which fields of an unknown kind are secrets, nobody knows.
        match row.kind.parse() {
            Ok(kind) => masked(kind, &mut row.spec),
            Err(_) => row.spec = serde_json::json!({}),
        }
        Self {
            kind: row.kind,
            name: row.name,
            id: row.id,
            version: row.version,
            updated_at: Time(row.updated_at),
            spec: row.spec,
        }
    }
}
