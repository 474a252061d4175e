//! Whether the gateways of carriers are there, and know where the switch is.

use crate::clock;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::routes::cdrs::Transport;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::State;
use rating::Timestamp;
use routing_engine::Snapshot;
use routing_engine::health::{GatewayHealth, GatewayState, RegistrationState};
use routing_engine::names::{
    AddressTable, GatewayPlace, LookupFailure, NameQuery, NameState, Resolution, Target,
};
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
    /// `address:port`, or a host name, with its port or without.
    pub gateway: String,
    /// How it is reached; null while that is for DNS to tell, and not told.
    #[schema(required)]
    pub transport: Option<Transport>,
    /// Where the host name leads; null for a gateway that is given by its address.
    #[schema(required)]
    pub name: Option<LiveName>,
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

/// What is known of the host name of a gateway.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LiveName {
    /// Where it leads, the first priority first. Without any, no call goes there.
    pub addresses: Vec<LiveAddress>,
    /// Whether there are more addresses than `dns.addresses_per_name_max`, which are not used.
    pub is_cut: bool,
    /// When they were learnt; null while none are known.
    #[schema(required)]
    pub resolved_at: Option<Time>,
    /// How long that is ago, seconds.
    #[schema(required)]
    pub age_s: Option<u64>,
    /// Until when DNS says that they hold.
    #[schema(required)]
    pub valid_until: Option<Time>,
    /// Whether they are used beyond that, because no name server can answer.
    pub is_stale: bool,
    /// Why the last lookup brought nothing; null when it did, or there was none yet.
    #[schema(required)]
    pub last_error: Option<LookupError>,
    /// When it failed.
    #[schema(required)]
    pub failed_at: Option<Time>,
}

/// An address behind a host name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LiveAddress {
    /// `address:port`.
    pub address: String,
    /// The lower goes first.
    pub priority: u16,
    /// Its share among those of equal priority.
    pub weight: u16,
    /// Whether it does not reply to OPTIONS: it is tried last.
    pub is_silent: bool,
}

/// Why a lookup brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LookupError {
    /// DNS says that there is no such name.
    NoSuchName,
    /// The name is there, but no address is.
    NoAddress,
    /// DNS says that SIP is not offered there.
    NoService,
    /// It is offered by transports, or at addresses of a family, that the switch has no listener for.
    NoListener,
    /// No name server replied in time.
    TimedOut,
    /// The name server could not say, or refused to.
    ServerFailed,
    /// There are more names than `dns.names_max`.
    TooManyNames,
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
    let shown = Shown {
        snapshot: &snapshot,
        addresses: &state.switch.addresses(),
        now: clock::now(),
    };
    let mut found = shown
        .gateways()
        .filter(|gateway| query.state.is_none_or(|wanted| wanted == gateway.state));
    let items = found.by_ref().take(LISTED_MAX).collect();
    let is_cut = found.next().is_some();
    Json(LiveGateways { items, is_cut })
}

/// What gateways are shown by.
struct Shown<'s> {
    snapshot: &'s Snapshot,
    addresses: &'s AddressTable,
    now: Timestamp,
}

impl Shown<'_> {
    fn gateways(&self) -> impl Iterator<Item = LiveGateway> {
        let trunks = self.snapshot.egress_trunks().iter();
        trunks.flat_map(|trunk| {
            let all = trunk.gateways.all().iter();
            all.map(|gateway| self.gateway(trunk, gateway))
        })
    }

    fn gateway(&self, trunk: &EgressTrunk, gateway: &CompiledGateway) -> LiveGateway {
        let health = &gateway.health;
        let carrier = self.snapshot.carrier(trunk.carrier);
        let mut targets = gateway.place.targets(self.addresses);
        let resolved = || targets.next().map(|target| target.transport);
        let transport = gateway.place.transport().or_else(resolved);
        LiveGateway {
            trunk: trunk.resource.name.to_string(),
            carrier: carrier.resource.name.to_string(),
            gateway: gateway.place.to_string(),
            transport: transport.map(Into::into),
            name: match &gateway.place {
                GatewayPlace::Address(_) => None,
                GatewayPlace::Name(name) => Some(self.name(name, health)),
            },
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

    fn name(&self, name: &NameQuery, health: &GatewayHealth) -> LiveName {
        let unknown = NameState::default();
        let known = self.addresses.get(name).unwrap_or(&unknown);
        let resolution = known.resolution.as_deref();
        let age = |at: Timestamp| u64::try_from((self.now.0 - at.0) / 1_000_000).unwrap_or(0);
        LiveName {
            addresses: resolution.map_or_else(Vec::new, |known| addresses(known, health)),
            is_cut: resolution.is_some_and(Resolution::is_cut),
            resolved_at: known.resolved_at.map(Time),
            age_s: known.resolved_at.map(age),
            valid_until: known.valid_until.map(Time),
            is_stale: known.is_stale(self.now),
            last_error: known.failure.map(Into::into),
            failed_at: known.failed_at.map(Time),
        }
    }
}

fn addresses(resolution: &Resolution, health: &GatewayHealth) -> Vec<LiveAddress> {
    let servers = resolution.servers().iter();
    let addresses = servers.flat_map(|server| {
        let addresses = server.addresses.iter();
        addresses.map(move |address| (server, *address))
    });
    addresses
        .map(|(server, address)| LiveAddress {
            address: address.to_string(),
            priority: server.priority,
            weight: server.weight,
            is_silent: health.is_silent(&Target {
                address,
                transport: resolution.transport(),
            }),
        })
        .collect()
}

impl From<LookupFailure> for LookupError {
    fn from(failure: LookupFailure) -> Self {
        match failure {
            LookupFailure::NoSuchName => Self::NoSuchName,
            LookupFailure::NoAddress => Self::NoAddress,
            LookupFailure::NoService => Self::NoService,
            LookupFailure::NoListener => Self::NoListener,
            LookupFailure::TimedOut => Self::TimedOut,
            LookupFailure::ServerFailed => Self::ServerFailed,
            LookupFailure::TooManyNames => Self::TooManyNames,
        }
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
