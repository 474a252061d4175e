//! Whether the gateways of carriers are there, and know where the switch is.

use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::routes::cdrs::Transport;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::State;
use rating::Timestamp;
use routing_engine::Snapshot;
use routing_engine::health::{GatewayState, RegistrationState};
use routing_engine::snapshot::{CompiledGateway, CompiledRegistration, EgressTrunk};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Most gateways that are listed at once.
const LISTED_MAX: usize = 1_000;

/// Which gateways to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GatewaysQuery {
    /// Only those in this state.
    pub state: Option<ProbedState>,
}

/// Gateways of egress trunks, by trunk.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LiveGateways {
    /// At most 1000.
    pub items: Vec<LiveGateway>,
    /// Whether there are more.
    pub is_cut: bool,
}

/// One gateway, as this node knows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LiveGateway {
    /// The trunk that it belongs to.
    pub trunk: String,
    /// The carrier.
    pub carrier: String,
    /// `address:port`.
    pub gateway: String,
    /// How it is reached.
    pub transport: Transport,
    /// Whether it is there.
    pub state: ProbedState,
    /// Status of its last response; null when the last probe got none.
    #[schema(required)]
    pub last_status: Option<u16>,
    /// From the last probe that was replied to until its reply, microseconds.
    #[schema(required)]
    pub round_trip_us: Option<u32>,
    /// When the state changed last; null while it has not since the start.
    #[schema(required)]
    pub changed_at: Option<Time>,
    /// How the registration with the carrier stands; null when the trunk has none.
    #[schema(required)]
    pub registration: Option<LiveRegistration>,
}

/// A registration with a carrier.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LiveRegistration {
    /// `user@domain` that is registered.
    pub address: String,
    /// How it stands.
    pub state: RegisteredState,
    /// Status of the carrier's last response; null when there was none.
    #[schema(required)]
    pub last_status: Option<u16>,
    /// When the state changed last; null while it has not since the start.
    #[schema(required)]
    pub changed_at: Option<Time>,
}

/// How a registration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegisteredState {
    /// The carrier has not answered yet.
    Trying,
    /// The carrier knows where the switch is.
    Registered,
    /// It refused or does not reply. Tried again.
    Failed,
}

/// What is known of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProbedState {
    /// It is not asked. Calls go to it.
    Unprobed,
    /// It has not been asked often enough. Calls go to it.
    Unknown,
    /// It replies.
    Up,
    /// It does not. No call goes to it.
    Down,
}

/// Lists the gateways of egress trunks and whether they reply to OPTIONS.
#[utoipa::path(
    get,
    path = "/api/v1/live/gateways",
    operation_id = "live_gateways",
    tag = "live",
    params(GatewaysQuery),
    responses(
        (status = 200, description = "The gateways", body = LiveGateways),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn live_gateways(
    State(state): State<AppState>,
    ApiQuery(query): ApiQuery<GatewaysQuery>,
) -> Json<LiveGateways> {
    let snapshot = state.switch.snapshot();
    let mut found = gateways(&snapshot)
        .filter(|gateway| query.state.is_none_or(|wanted| wanted == gateway.state));
    let items = found.by_ref().take(LISTED_MAX).collect();
    let is_cut = found.next().is_some();
    Json(LiveGateways { items, is_cut })
}

fn gateways(snapshot: &Snapshot) -> impl Iterator<Item = LiveGateway> {
    let trunks = snapshot.egress_trunks().iter();
    trunks.flat_map(move |trunk| {
        let all = trunk.gateways.all().iter();
        all.map(move |gateway| shown(snapshot, trunk, gateway))
    })
}

fn shown(snapshot: &Snapshot, trunk: &EgressTrunk, gateway: &CompiledGateway) -> LiveGateway {
    let health = &gateway.health;
    LiveGateway {
        trunk: trunk.resource.name.to_string(),
        carrier: snapshot.carrier(trunk.carrier).resource.name.to_string(),
        gateway: gateway.address.to_string(),
        transport: gateway.transport.into(),
        state: match (trunk.gateways.probing(), health.state()) {
            (None, _) => ProbedState::Unprobed,
            (Some(_), GatewayState::Unknown) => ProbedState::Unknown,
            (Some(_), GatewayState::Up) => ProbedState::Up,
            (Some(_), GatewayState::Down) => ProbedState::Down,
        },
        last_status: health.last_status(),
        round_trip_us: health.round_trip_us(),
        changed_at: time(health.changed_at_us()),
        registration: trunk.registration.as_ref().map(registration),
    }
}

fn registration(registration: &CompiledRegistration) -> LiveRegistration {
    let health = &registration.health;
    LiveRegistration {
        address: registration.address.to_string(),
        state: match health.state() {
            RegistrationState::Trying => RegisteredState::Trying,
            RegistrationState::Registered => RegisteredState::Registered,
            RegistrationState::Failed => RegisteredState::Failed,
        },
        last_status: health.last_status(),
        changed_at: time(health.changed_at_us()),
    }
}

fn time(us: Option<u64>) -> Option<Time> {
    let us = i64::try_from(us?).ok()?;
    Some(Time(Timestamp(us)))
}
