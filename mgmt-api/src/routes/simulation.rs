//! Calls simulated against what is in force, a configuration of the past, or a draft.

use crate::access::Permission;
use crate::auth::Principal;
use crate::clock;
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::resource_engine::{
    Against, Calls, ListedCall, PastError, REPLAYED_CALLS_DEFAULT, REPLAYED_CALLS_MAX, Replay,
    Simulated, SimulationError,
};
use crate::state::AppState;
use crate::values::{Money, Time};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::RecordedCalls;
use utoipa::ToSchema;

/// Most calls that are listed in one question.
const LISTED_MAX: usize = 1_000;

/// Longest number, name or address in a question, bytes.
const TEXT_BYTES_MAX: usize = 256;

/// Longest talk of a simulated call, seconds.
const TALK_S_MAX: u32 = 86_400;

/// Longest question, bytes.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Which calls, and what they are decided by. Without `snapshot` and `change_set` that is what is in
/// force. Give `calls` or `records`.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulationRequest {
    /// Number of a configuration of the past.
    #[schema(minimum = 1)]
    pub snapshot: Option<u64>,
    /// Number of a change set that is not pushed: as if it were.
    pub change_set: Option<i64>,
    /// Calls that somebody thought up.
    #[schema(max_items = 1_000)]
    pub calls: Option<Vec<SimulationCall>>,
    /// Calls of the records.
    pub records: Option<SimulationRecords>,
}

/// A call that nobody placed.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulationCall {
    /// Calling number.
    #[schema(example = "442071838750", max_length = 256)]
    pub from: String,
    /// Called number.
    #[schema(example = "33142685300", max_length = 256)]
    pub to: String,
    /// Name of the customer that calls; give this or `source`.
    #[schema(max_length = 256)]
    pub customer: Option<String>,
    /// IP address that the INVITE comes from.
    #[schema(example = "192.0.2.10", max_length = 256)]
    pub source: Option<String>,
    /// When, for schedules; now without it.
    pub at: Option<Time>,
    /// What shares of calls are decided by: another number is another call.
    #[serde(default)]
    pub draw: u64,
    /// For how long they talk, seconds; 0 for a call that nobody answers.
    #[serde(default = "minute")]
    #[schema(maximum = 86_400, default = 60)]
    pub talk_s: u32,
}

fn minute() -> u32 {
    60
}

/// Which calls of the records: the newest of those that fit.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulationRecords {
    /// Name of the customer, exactly.
    #[schema(max_length = 256)]
    pub customer: Option<String>,
    /// Received at or after this time.
    pub from: Option<Time>,
    /// Received before this time.
    pub to: Option<Time>,
    /// How many, at most.
    #[schema(minimum = 1, maximum = 10_000, default = 2_000)]
    pub limit: Option<u32>,
}

/// What became of the calls, compared with what is in force.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Simulation {
    /// Number of the configuration in force, which is compared with.
    pub baseline_snapshot: u64,
    /// Calls of the records that were decided by their own snapshot from what their records keep: to the
    /// byte as they were.
    pub made_again: u32,
    /// Money, shares of routes and blocked calls; `before` is what is in force, `after` what was asked
    /// for. Limits and the quality of carriers are those of this moment, round robin spreads the calls
    /// evenly, and no trunk is throttled, but for calls that are made again.
    pub report: Replay,
    /// What became of each call that was listed, in their order.
    pub calls: Vec<SimulatedCall>,
}

/// What became of a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SimulatedCall {
    /// Whether it has a route.
    pub accepted: bool,
    /// Why not, such as `no_route`; null when accepted.
    #[schema(required)]
    pub reason: Option<String>,
    /// The customer that was found.
    #[schema(required)]
    pub customer: Option<String>,
    /// The destination on the customer's card.
    #[schema(required)]
    pub destination: Option<String>,
    /// The carriers in hunting order; one comes as often as it has trunks.
    pub carriers: Vec<String>,
    /// What the customer pays.
    pub revenue: Money,
    /// What the first carrier charges.
    pub cost: Money,
    /// Revenue minus cost.
    pub margin: Money,
    /// Whether the configuration in force would do otherwise.
    pub differs: bool,
}

/// Simulates calls. Nothing is called and no limit is used up.
#[utoipa::path(
    post,
    path = "/api/v1/simulations",
    operation_id = "simulation_run",
    tag = "routing",
    request_body = SimulationRequest,
    responses(
        (status = 200, description = "What became of the calls", body = Simulation),
        (status = 400, description = "Not readable", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such change set", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The change set cannot be compiled", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too much at once", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn simulation_run(
    State(state): State<AppState>,
    principal: Principal,
    ApiJson(request): ApiJson<SimulationRequest, BODY_BYTES_MAX>,
) -> Result<Json<Simulation>, Problem> {
    let against = against(&state, &principal, request.snapshot, request.change_set).await?;
    let calls = match (request.calls, request.records) {
        (Some(listed), None) => Calls::Listed(self::listed(listed)?),
        (None, Some(records)) => {
            if !principal.permissions().contains(Permission::CDR_READ) {
                return Err(Problem::missing_permission(Permission::CDR_READ));
            }
            let query = records.query()?;
            let scope = principal.scope();
            Calls::Recorded(state.store.recorded_calls(&scope, &query).await?)
        }
        _ => {
            return Err(Problem::invalid_field(
                "calls",
                "give either `calls` or `records`",
            ));
        }
    };
    let (scope, switch) = (principal.scope(), &*state.switch);
    let simulated = state.configuration.simulate(&scope, against, calls, switch);
    match simulated.await {
        Ok(simulated) => Ok(Json(simulated.into())),
        Err(SimulationError::Failed(error) | SimulationError::Past(PastError::Failed(error))) => {
            Err(error.into())
        }
        Err(SimulationError::Past(missing)) => {
            Err(Problem::invalid_field("snapshot", missing.to_string()))
        }
    }
}

/// What calls are asked against.
pub(crate) async fn against(
    state: &AppState,
    principal: &Principal,
    snapshot: Option<u64>,
    change_set: Option<i64>,
) -> Result<Against, Problem> {
    let id = match (snapshot, change_set) {
        (None, None) => return Ok(Against::Live),
        (Some(number), None) => return Ok(Against::Snapshot(number)),
        (Some(_), Some(_)) => {
            let message = "give either `snapshot` or `change_set`, not both";
            return Err(Problem::invalid_field("change_set", message));
        }
        (None, Some(id)) => id,
    };
    if !principal
        .permissions()
        .contains(Permission::CHANGE_SET_READ)
    {
        return Err(Problem::missing_permission(Permission::CHANGE_SET_READ));
    }
    let found = state.store.change_set(&principal.scope(), id).await?;
    let row = found.ok_or_else(|| Problem::not_found(format!("There is no change set {id}.")))?;
    if row.configuration.is_some() {
        let message = "it was pushed: give the number of its configuration as `snapshot`";
        return Err(Problem::invalid_field("change_set", message));
    }
    Ok(Against::ChangeSet(Box::new(row)))
}

fn listed(calls: Vec<SimulationCall>) -> Result<Vec<ListedCall>, Problem> {
    if calls.is_empty() || calls.len() > LISTED_MAX {
        let message = format!("give 1 to {LISTED_MAX} calls");
        return Err(Problem::invalid_field("calls", message));
    }
    let now = clock::now();
    let calls = calls.into_iter().enumerate();
    calls
        .map(|(place, call)| {
            call.listed(now).map_err(|(field, message)| {
                Problem::invalid_field(&format!("calls[{place}].{field}"), message)
            })
        })
        .collect()
}

impl SimulationCall {
    fn listed(self, now: rating::Timestamp) -> Result<ListedCall, (&'static str, String)> {
        let texts = [("from", Some(&self.from)), ("to", Some(&self.to))];
        let texts = texts.into_iter().chain([
            ("customer", self.customer.as_ref()),
            ("source", self.source.as_ref()),
        ]);
        for (field, text) in texts {
            if text.is_some_and(|text| text.len() > TEXT_BYTES_MAX) {
                return Err((field, format!("write at most {TEXT_BYTES_MAX} bytes")));
            }
        }
        if self.talk_s > TALK_S_MAX {
            return Err(("talk_s", format!("write 0 to {TALK_S_MAX}")));
        }
        let source = match (self.customer, self.source) {
            (Some(customer), None) => Ok(customer),
            (None, Some(source)) => {
                let wrong = |_| ("source", format!("`{source}` is not an IP address"));
                Err(source.parse().map_err(wrong)?)
            }
            _ => {
                let message = "give either `customer` or `source`";
                return Err(("customer", message.to_owned()));
            }
        };
        Ok(ListedCall {
            from: self.from,
            to: self.to,
            source,
            at: self.at.map_or(now, |at| at.0),
            draw: self.draw,
            talk_ms: (self.talk_s > 0).then_some(u64::from(self.talk_s) * 1_000),
        })
    }
}

impl SimulationRecords {
    fn query(self) -> Result<RecordedCalls, Problem> {
        let limit = self.limit.unwrap_or(REPLAYED_CALLS_DEFAULT);
        if !(1..=REPLAYED_CALLS_MAX).contains(&limit) {
            let message = format!("write a whole number from 1 to {REPLAYED_CALLS_MAX}");
            return Err(Problem::invalid_field("records.limit", message));
        }
        if self
            .customer
            .as_ref()
            .is_some_and(|name| name.len() > TEXT_BYTES_MAX)
        {
            let message = format!("write at most {TEXT_BYTES_MAX} bytes");
            return Err(Problem::invalid_field("records.customer", message));
        }
        Ok(RecordedCalls {
            customer: self.customer,
            from: self.from.map(|at| at.0),
            to: self.to.map(|at| at.0),
            limit,
        })
    }
}

impl From<Simulated> for Simulation {
    fn from(simulated: Simulated) -> Self {
        let calls = simulated.calls.into_iter().map(|call| {
            let (carriers, reason) = match call.result {
                Ok(carriers) => (carriers, None),
                Err(reason) => (Vec::new(), Some(reason)),
            };
            SimulatedCall {
                accepted: reason.is_none(),
                reason,
                customer: call.customer,
                destination: call.destination,
                carriers,
                revenue: call.money.revenue,
                cost: call.money.cost,
                margin: call.money.margin,
                differs: call.differs,
            }
        });
        Self {
            baseline_snapshot: simulated.baseline,
            made_again: simulated.made_again,
            calls: calls.collect(),
            report: simulated.report,
        }
    }
}
