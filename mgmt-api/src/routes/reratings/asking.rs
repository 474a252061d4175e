//! Asking for a preview.

use super::{ReratedSide, Rerating, find, view};
use crate::auth::Principal;
use crate::clock;
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::rerating::Asked;
use crate::resource_engine::Against;
use crate::routes::ledger::find_party;
use crate::routes::resources::find as find_resource;
use crate::routes::simulation::against;
use crate::state::AppState;
use crate::values::{ShortText, Time};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use rating::prefix::Prefix;
use resources::ResourceKind;
use serde::Deserialize;
use store::RERATINGS_OPEN_MAX;
use utoipa::ToSchema;

const BODY_BYTES_MAX: usize = 8 * 1024;

/// Which calls to rate once more, and by what. Filters are joined by "and". Without `snapshot` and
/// `change_set` the cards are those in force.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReratingCreate {
    /// What customers are charged, or what carriers charge.
    pub side: ReratedSide,
    /// Number, name, or `external_id:` of a customer, when `side` is `customers`.
    #[schema(max_length = 300)]
    pub customer: Option<String>,
    /// The same of a carrier, when `side` is `carriers`.
    #[schema(max_length = 300)]
    pub carrier: Option<String>,
    /// Calls received at this time or later.
    pub from: Time,
    /// Calls received before this time, which is not in the future.
    pub to: Time,
    /// Only what was rated by this card: number, name, or `external_id:`.
    #[schema(max_length = 300)]
    pub rated_by: Option<String>,
    /// Only what was charged for this destination, as the record has it.
    #[schema(value_type = Option<String>, max_length = 128)]
    pub destination: Option<ShortText<128>>,
    /// Only calls to numbers that begin so.
    #[schema(pattern = "^[0-9]{1,15}$")]
    pub called_prefix: Option<String>,
    /// Rate all by this card; each by the card that it was rated by without it.
    #[schema(max_length = 300)]
    pub rate_card: Option<String>,
    /// Number of a configuration of the past.
    #[schema(minimum = 1)]
    pub snapshot: Option<u64>,
    /// Number of a change set that is not pushed: as if it were.
    pub change_set: Option<i64>,
    /// Why.
    #[schema(value_type = Option<String>, max_length = 500)]
    pub reason: Option<ShortText<500>>,
}

/// Asks what calls of the past would be charged, or cost, by other rates. A job rates them and sums up what
/// would change; nothing is posted by that. A million calls at most.
#[utoipa::path(
    post,
    path = "/api/v1/reratings",
    operation_id = "rerating_create",
    tag = "ledger",
    request_body = ReratingCreate,
    responses(
        (status = 202, description = "A job makes the preview", body = Rerating),
        (status = 404, description = "There is no such customer, carrier, rate card or change set", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Too many previews are not applied", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn rerating_create(
    State(state): State<AppState>,
    principal: Principal,
    ApiJson(body): ApiJson<ReratingCreate, BODY_BYTES_MAX>,
) -> Result<Response, Problem> {
    let asked = asked(&state, &principal, body).await?;
    let value = serde_json::to_value(&asked).map_err(|error| Problem::internal(&error))?;
    let scope = principal.scope();
    let told = principal
        .audit(scope.tenant(), "rerating.create")
        .on("rerating", None, "")
        .values(None, Some(value.clone()));
    let author = &principal.actor().name;
    let id = state
        .store
        .create_rerating(&scope, author, &value, told)
        .await?;
    let id = id.ok_or_else(|| {
        let detail = format!(
            "{RERATINGS_OPEN_MAX} previews are not applied: discard those that are not needed."
        );
        Problem::conflict(detail, Vec::new())
    })?;
    state.job_bell.ring();
    let row = find(&state, &principal, &id.to_string()).await?;
    let made = view(&state, &principal, row).await?;
    let mut response = (StatusCode::ACCEPTED, Json(made)).into_response();
    if let Ok(location) = HeaderValue::try_from(format!("/api/v1/reratings/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// What is asked for, with names looked up among what the caller has.
async fn asked(
    state: &AppState,
    principal: &Principal,
    body: ReratingCreate,
) -> Result<Asked, Problem> {
    if body.to <= body.from {
        return Err(Problem::invalid_field("to", "write a time after `from`"));
    }
    if body.to.0 > clock::now() {
        let message = "write a time that is over: calls of later would not be in the preview";
        return Err(Problem::invalid_field("to", message));
    }
    let is_prefix = |text: &String| Prefix::parse(text.as_bytes()).is_ok();
    if body
        .called_prefix
        .as_ref()
        .is_some_and(|text| !is_prefix(text))
    {
        let message = "write 1 to 15 digits";
        return Err(Problem::invalid_field("called_prefix", message));
    }
    let card = async |name: Option<String>| match name {
        None => Ok::<_, Problem>(None),
        Some(name) => {
            let row = find_resource(state, principal, ResourceKind::RateCard, &name).await?;
            Ok(Some((row.id, row.name)))
        }
    };
    let against = against(state, principal, body.snapshot, body.change_set).await?;
    Ok(Asked {
        party: party(state, principal, &body).await?,
        side: body.side,
        from: body.from.0.0,
        to: body.to.0.0,
        rated_by: card(body.rated_by).await?,
        destination: body.destination.map(|name| name.0),
        called_prefix: body.called_prefix,
        rate_card: card(body.rate_card).await?,
        snapshot: body.snapshot,
        change_set: match against {
            Against::ChangeSet(set) => Some((set.id, set.revision)),
            Against::Live | Against::Snapshot(_) => None,
        },
        reason: body.reason.map(|reason| reason.0),
    })
}

async fn party(
    state: &AppState,
    principal: &Principal,
    body: &ReratingCreate,
) -> Result<Option<(i64, String)>, Problem> {
    let (field, other) = match body.side {
        ReratedSide::Customers => ("carrier", &body.carrier),
        ReratedSide::Carriers => ("customer", &body.customer),
    };
    if other.is_some() {
        let message = "`side` says that the other side is rated: leave this out";
        return Err(Problem::invalid_field(field, message));
    }
    if body.customer.is_none() && body.carrier.is_none() {
        return Ok(None);
    }
    let (customer, carrier) = (body.customer.as_deref(), body.carrier.as_deref());
    let found = find_party(state, principal, customer, carrier).await?;
    Ok(Some((found.row.id, found.row.name)))
}
