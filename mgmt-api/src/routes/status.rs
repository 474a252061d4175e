//! How the switch itself is doing.

use crate::clock;
use crate::problem::Problem;
use crate::routes::cdrs::Transport;
use crate::state::AppState;
use crate::switch_port::{ListenerStatus, ShardStatus};
use crate::values::Time;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use store::LoaderProgress;
use utoipa::ToSchema;

/// The state of this node.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Status {
    /// Name of the node.
    pub node: String,
    /// Version of the binary.
    #[schema(example = "0.1.0")]
    pub version: String,
    /// When the process started.
    pub started_at: Time,
    /// Seconds since then.
    pub uptime_seconds: u64,
    /// Number of the configuration snapshot in use.
    pub snapshot_number: u64,
    /// Whether new calls are taken.
    pub drain: DrainState,
    /// The call record journal.
    pub journal: JournalStatus,
    /// What brings the journal into the database.
    pub loader: LoaderStatus,
    /// Where SIP is listened for.
    pub listeners: Vec<Listener>,
    /// The threads that own the calls.
    pub shards: Vec<Shard>,
}

/// Whether new calls are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrainState {
    /// Yes.
    Running,
    /// No: the switch waits for its calls to end and stops.
    Draining,
}

/// The call record journal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JournalStatus {
    /// Whether records can be written; new calls are refused with 503 when not.
    pub available: bool,
    /// Why not.
    #[schema(required)]
    pub detail: Option<String>,
}

/// How far the database is behind the journal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LoaderStatus {
    /// Bytes of journal not yet in the database.
    pub lag_bytes: u64,
    /// Records loaded since the start.
    pub records_loaded: u64,
    /// Records that were already there and were left out.
    pub duplicates: u64,
    /// When the loader last had nothing more to load.
    #[schema(required)]
    pub caught_up_at: Option<Time>,
    /// What keeps the loader from going on; null when nothing does.
    #[schema(required)]
    pub trouble: Option<String>,
}

/// One SIP listener.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Listener {
    /// Its transport.
    pub transport: Transport,
    /// `address:port`.
    pub address: String,
}

/// One shard.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Shard {
    /// Its number, from 0.
    pub shard: u16,
    /// Calls it owns now.
    pub calls: u64,
}

/// Shows how the switch is doing.
#[utoipa::path(
    get,
    path = "/api/v1/status",
    operation_id = "status_view",
    tag = "status",
    responses(
        (status = 200, description = "The state", body = Status),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn status_view(State(state): State<AppState>) -> Json<Status> {
    let switch = state.switch.status();
    let uptime_ms = clock::now().millis_since(switch.started_at);
    Json(Status {
        node: switch.node.to_string(),
        version: env!("CARGO_PKG_VERSION").into(),
        started_at: Time(switch.started_at),
        uptime_seconds: uptime_ms / 1_000,
        snapshot_number: state.switch.snapshot().number(),
        drain: if switch.draining {
            DrainState::Draining
        } else {
            DrainState::Running
        },
        journal: JournalStatus {
            available: switch.journal_trouble.is_none(),
            detail: switch.journal_trouble,
        },
        loader: (state.loader)().into(),
        listeners: switch.listeners.into_iter().map(Listener::from).collect(),
        shards: switch.shards.into_iter().map(Shard::from).collect(),
    })
}

impl From<LoaderProgress> for LoaderStatus {
    fn from(progress: LoaderProgress) -> Self {
        Self {
            lag_bytes: progress.lag_bytes,
            records_loaded: progress.records_loaded,
            duplicates: progress.duplicates,
            caught_up_at: progress.caught_up_at.map(Time),
            trouble: progress.trouble,
        }
    }
}

impl From<ListenerStatus> for Listener {
    fn from(listener: ListenerStatus) -> Self {
        Self {
            transport: listener.transport.into(),
            address: listener.address.to_string(),
        }
    }
}

impl From<ShardStatus> for Shard {
    fn from(shard: ShardStatus) -> Self {
        Self {
            shard: shard.shard,
            calls: shard.calls,
        }
    }
}
