//! How the switch would route a call, and why.

mod convert;
mod of_call;

pub(crate) use of_call::{__path_cdr_explain, cdr_explain};
pub use of_call::{
    CallExplanation, CarrierAnswer, CarrierOutcome, ExplainedAttempt, ExplanationBasis,
};

use crate::clock;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::Money;
use axum::Json;
use axum::extract::State;
use routing_engine::explain as engine;
use routing_engine::numbers::ShownIdentity;
use routing_engine::resources::Status;
use routing_engine::{CallRequest, Snapshot, Source};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The call to explain. Give `customer` or `source`, or neither when there is one active customer.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExplainQuery {
    /// Calling number.
    #[param(example = "442071838750")]
    pub from: String,
    /// Number of P-Asserted-Identity or Remote-Party-ID, which counts when the customer's trunk believes it.
    #[param(example = "442071838751")]
    pub asserted: Option<String>,
    /// Whether the caller asks to stay anonymous (Privacy), which counts when the customer's trunk respects it.
    #[serde(default)]
    #[param(default = false)]
    pub privacy: bool,
    /// Called number.
    #[param(example = "33142685300")]
    pub to: String,
    /// Name of the customer that calls.
    pub customer: Option<String>,
    /// IP address that the INVITE comes from.
    #[param(example = "192.0.2.10")]
    pub source: Option<String>,
    /// What shares of calls are decided by: another number is another call.
    #[serde(default)]
    #[param(default = 0)]
    pub draw: u64,
}

/// The decision, step by step. Nothing is called and no limit is used up.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// Whether the call would be tried on at least one route.
    pub accepted: bool,
    /// Why not, such as `no_route`; null when accepted.
    #[schema(required)]
    pub reason: Option<String>,
    /// Number of the configuration snapshot that was asked.
    pub snapshot_number: u64,
    /// The customer that was found.
    #[schema(required)]
    pub customer: Option<String>,
    /// The trunk that the call would come in by.
    #[schema(required)]
    pub ingress_trunk: Option<String>,
    /// The LCR profile of the customer's calls; null when it has none.
    #[schema(required)]
    pub lcr_profile: Option<String>,
    /// The called number after translation.
    #[schema(required)]
    pub called_number: Option<String>,
    /// The tags that number lists put on the call.
    pub tags: Vec<String>,
    /// What was looked at, in order.
    pub steps: Vec<ExplainStep>,
    /// Every route that was looked at: the chosen one, those behind it in hunting order, those
    /// that lost.
    pub routes: Vec<ExplainRoute>,
    /// What the customer would pay; null when no rate was found.
    #[schema(required)]
    pub customer_rate: Option<ExplainRate>,
}

/// One step of the decision.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplainStep {
    /// Its name.
    pub step: String,
    /// How it came out.
    pub outcome: StepOutcome,
    /// What was found.
    pub detail: String,
}

/// How a step came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// The call goes on.
    Passed,
    /// The call ends here.
    Rejected,
}

/// One route that was looked at.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplainRoute {
    /// Place in the hunting order, from 1; null when it lost.
    #[schema(required)]
    pub rank: Option<u32>,
    /// Whom we would pay.
    pub carrier: String,
    /// The carrier's trunk.
    pub trunk: String,
    /// Where the INVITE would go, `address:port`.
    pub gateway: String,
    /// The customer's route that leads to it; null when none does.
    #[schema(required)]
    pub route: Option<String>,
    /// What it is ranked by; null when it was not ranked.
    #[schema(required)]
    pub rank_key: Option<ExplainRankKey>,
    /// How its carrier does for the destination; null when the LCR profile does not ask for it.
    #[schema(required)]
    pub quality: Option<ExplainQuality>,
    /// The prefix that matched on the carrier's card.
    #[schema(required)]
    pub prefix: Option<String>,
    /// What of the calling number matched, or the jurisdiction; null for a rate for all calls.
    #[schema(required)]
    pub origin: Option<String>,
    /// The destination's name on the carrier's card.
    #[schema(required)]
    pub destination: Option<String>,
    /// Price of a minute.
    #[schema(required)]
    pub cost_per_minute: Option<Money>,
    /// The customer's price of a minute minus the cost.
    #[schema(required)]
    pub margin_per_minute: Option<Money>,
    /// Currency of cost and margin: that of the books.
    #[schema(required)]
    pub currency: Option<String>,
    /// Currency of the carrier's card.
    #[schema(required)]
    pub card_currency: Option<String>,
    /// What a unit of it is worth in the currency of the books at this moment.
    #[schema(required, example = "1.0842")]
    pub exchange_rate: Option<String>,
    /// What becomes of it.
    pub status: RouteStatus,
    /// Why it lost, as a word such as `below_cost`; null when it did not.
    #[schema(required)]
    pub reason: Option<String>,
    /// The same as a sentence.
    #[schema(required)]
    pub detail: Option<String>,
    /// What carrier and trunk make of the numbers; null when the route lost before they were asked.
    #[schema(required)]
    pub numbers: Option<CarrierNumbers>,
}

/// Numbers as a carrier's trunk would send them. Where the numbers of a pool take turns it is the number
/// whose turn is next; of a call of the records it is not known, unless an attempt was sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CarrierNumbers {
    /// The called number as it is sent.
    pub called: String,
    /// The calling number likewise; null where it is one of a pool and it is not known whose turn it was.
    #[schema(required)]
    pub calling: Option<String>,
    /// The number of P-Asserted-Identity or Remote-Party-ID; null where none is sent, or it is not known.
    #[schema(required)]
    pub asserted: Option<String>,
    /// From does not name the caller, who wants that and whom the trunk heeds.
    pub is_anonymous: bool,
    /// What the lists, the CLI rules and the translation of carrier and trunk do.
    pub steps: Vec<ExplainStep>,
}

/// What a route is ranked by: the lowest goes first, compared in the order of the fields and then by
/// cost.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplainRankKey {
    /// `primary` and `backup` for what a route leads to, `other` for the rest.
    pub tier: String,
    /// Whether a share of calls or its turn puts it first in its tier.
    pub is_put_first: bool,
    /// Whether it is tried last because too many attempts of its trunk fail.
    pub is_throttled: bool,
    /// Whether its carrier does worse than the LCR profile asks for.
    pub is_below_floor: bool,
    /// What the strategy makes of it; 0 for all where cost alone decides.
    pub order: u64,
}

/// How a carrier does for a destination, of which the order was made.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplainQuality {
    /// Attempts of its own for this prefix in the last half hour.
    pub attempts: u32,
    /// Answered of all (ASR), millionths.
    pub asr_ppm: u32,
    /// Attempts that reached the called party, of all (NER), millionths.
    pub ner_ppm: u32,
    /// Mean time to the first ringing (PDD), milliseconds.
    pub pdd_ms: u32,
    /// Mean talk of answered calls (ACD), milliseconds.
    pub acd_ms: u32,
    /// All of it as one, 0 to 1,000.
    pub score: u16,
}

/// What becomes of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteStatus {
    /// Tried first.
    Chosen,
    /// Tried when those before it fail.
    Available,
    /// Not tried.
    Lost,
}

/// What the customer would pay.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplainRate {
    /// Name of the card.
    pub rate_card: String,
    /// The prefix that matched.
    pub prefix: String,
    /// What of the calling number matched, or the jurisdiction; null for a rate for all calls.
    #[schema(required, example = "interstate")]
    pub origin: Option<String>,
    /// The destination's name.
    pub destination: String,
    /// Price of a minute in the first interval.
    pub initial_rate_per_minute: Money,
    /// Price of a minute after the first interval.
    pub next_rate_per_minute: Money,
    /// Length of the first interval, seconds.
    pub initial_interval_s: u32,
    /// Length of each further interval, seconds.
    pub next_interval_s: u32,
    /// Charged once per answered call.
    pub connection_fee: Money,
    /// Charged once per call or attempt that was sent, answered or not.
    pub attempt_fee: Money,
    /// An answered call of at most so many seconds costs no more than an unanswered one.
    pub grace_period_s: u32,
    /// Currency of the prices.
    #[schema(example = "USD")]
    pub currency: String,
    /// What a unit of it is worth in the currency of the books at this moment.
    #[schema(example = "1.0842")]
    pub exchange_rate: String,
}

/// Explains how a call would be routed. Nothing is called and no limit is used up.
#[utoipa::path(
    get,
    path = "/api/v1/explain",
    operation_id = "explain",
    tag = "routing",
    params(ExplainQuery),
    responses(
        (status = 200, description = "The decision", body = Explanation),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn explain(
    State(state): State<AppState>,
    ApiQuery(query): ApiQuery<ExplainQuery>,
) -> Result<Json<Explanation>, Problem> {
    let snapshot = state.switch.snapshot();
    let quality = state.switch.quality();
    let request = CallRequest {
        source: query.source(&snapshot)?,
        called: &query.to,
        calling: &query.from,
        identity: query.identity(),
        now_us: state.switch.now_us(),
        at: clock::now(),
        draw: query.draw,
        quality: &quality,
    };
    Ok(Json(engine::explain(&request, &snapshot).into()))
}

impl ExplainQuery {
    fn identity(&self) -> ShownIdentity<'_> {
        ShownIdentity::of_believed(self.asserted.as_deref(), self.privacy)
    }

    fn source<'a>(&'a self, snapshot: &'a Snapshot) -> Result<Source<'a>, Problem> {
        match (&self.customer, &self.source) {
            (Some(_), Some(_)) => {
                let message = "give either `customer` or `source`, not both";
                Err(Problem::bad_parameter("source", message))
            }
            (Some(customer), None) => known_customer(customer, snapshot),
            (None, Some(source)) => source.parse().map(Source::Address).map_err(|_| {
                Problem::bad_parameter("source", format!("`{source}` is not an IP address"))
            }),
            (None, None) => only_customer(snapshot),
        }
    }
}

fn known_customer<'a>(name: &'a str, snapshot: &Snapshot) -> Result<Source<'a>, Problem> {
    let exists = snapshot
        .customers()
        .iter()
        .any(|customer| *customer.resource.name == *name);
    exists.then_some(Source::Customer(name)).ok_or_else(|| {
        Problem::bad_parameter("customer", format!("no customer is called `{name}`"))
    })
}

fn only_customer(snapshot: &Snapshot) -> Result<Source<'_>, Problem> {
    let mut active = snapshot
        .customers()
        .iter()
        .filter(|customer| customer.status == Status::Active);
    match (active.next(), active.next()) {
        (Some(customer), None) => Ok(Source::Customer(&customer.resource.name)),
        _ => Err(Problem::bad_parameter(
            "customer",
            "name the customer that calls",
        )),
    }
}
