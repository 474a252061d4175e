//! Why a call of the records went as it did.

mod carrier;

pub use carrier::{CarrierAnswer, CarrierOutcome};

use super::{ExplainStep, Explanation};
use crate::auth::Principal;
use crate::containment::{self, Part};
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::resource_engine::PastError;
use crate::routes::cdrs::no_call;
use crate::state::AppState;
use crate::values::{CallIdText, ValueError};
use axum::Json;
use axum::extract::{Path, State};
use rating::cdr::CallRecord;
use routing_engine::explain as engine;
use routing_engine::{CallRequest, QualityTable, RecordedAdmission, Snapshot, Source};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::CdrParty;
use utoipa::{IntoParams, ToSchema};

/// What is asked of a call.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallExplainQuery {
    /// Name of a carrier at the time of the call: why did the call not go to it?
    pub carrier: Option<String>,
}

/// The decision for a call of the records.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CallExplanation {
    /// Number of the snapshot that decided the call.
    pub decided_by_snapshot: u64,
    /// What the explanation was made from.
    pub basis: ExplanationBasis,
    /// Whether it is the call's own decision, to the byte: made again by its own snapshot from what its
    /// record keeps of it, and compared with the digest that was made then.
    pub is_exact: bool,
    /// Why it may be another than the call's own; null when it is exact.
    #[schema(required)]
    pub note: Option<String>,
    /// The decision. Routes that the call came to and could not take bear the limit of then.
    pub explanation: Explanation,
    /// The attempts of the call in their order, with what made the numbers that each was sent.
    pub attempts: Vec<ExplainedAttempt>,
    /// Why the call did not go to the carrier that was asked for; null when none was.
    #[schema(required)]
    pub carrier: Option<CarrierAnswer>,
}

/// What an attempt of a call was sent, and what made that of the call's numbers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplainedAttempt {
    /// Which, from 1.
    pub number: u16,
    /// Whom it was sent to, by the name of then.
    pub carrier: String,
    /// By which trunk.
    pub trunk: String,
    /// The called number that was sent, as the call's record has it.
    pub called: String,
    /// The calling number likewise.
    pub calling: String,
    /// Whether the steps make of the call's numbers what was sent. Else the rules are others than those of
    /// then, or their release of the switch did otherwise.
    pub is_same: bool,
    /// What the lists, the CLI rules and the translation of carrier and trunk do.
    pub steps: Vec<ExplainStep>,
}

impl From<engine::ExplainedAttempt> for ExplainedAttempt {
    fn from(attempt: engine::ExplainedAttempt) -> Self {
        Self {
            number: attempt.number,
            carrier: attempt.carrier.to_string(),
            trunk: attempt.trunk.to_string(),
            called: attempt.called.to_string(),
            calling: attempt.calling.to_string(),
            is_same: attempt.is_same,
            steps: attempt.steps.into_iter().map(ExplainStep::from).collect(),
        }
    }
}

/// What the explanation of a call was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExplanationBasis {
    /// The call's own snapshot, and the limits, turns, throttles and quality of carriers that its
    /// record keeps.
    Recorded,
    /// The call's own snapshot; the record does not keep the rest, which is that of this moment.
    PastSnapshot,
    /// The snapshot in force at this moment: the call's own cannot be built again.
    LiveSnapshot,
}

/// Explains the decision for a call of the records: by the snapshot that decided it, which is built
/// again from the versions of that time, and by the figures that its record keeps. Nothing is called
/// and no limit is used up.
#[utoipa::path(
    get,
    path = "/api/v1/cdrs/{id}/explain",
    operation_id = "cdr_explain",
    tag = "routing",
    params(("id" = CallIdText, Path, description = "Identifier of the call"), CallExplainQuery),
    responses(
        (status = 200, description = "The decision", body = CallExplanation),
        (status = 400, description = "Not an identifier, or a parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such call", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The records of its day were dropped", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn cdr_explain(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(query): ApiQuery<CallExplainQuery>,
) -> Result<Json<CallExplanation>, Problem> {
    let wrong = |error: ValueError| Problem::bad_parameter("id", error.to_string());
    let id: CallIdText = id.parse().map_err(wrong)?;
    let (scope, party) = (principal.scope(), CdrParty::Staff);
    let Some(found) = state.call_records.one(&scope, party, id.0).await? else {
        return Err(no_call(&state, &id).await?);
    };
    let record = found.record;
    let in_use = state.switch.snapshot();
    let past = state
        .configuration
        .snapshot_of(record.snapshot_number, &in_use);
    let (snapshot, missing) = match past.await {
        Ok(snapshot) => (snapshot, None),
        Err(PastError::Failed(error)) => return Err(error.into()),
        Err(missing) => (in_use, Some(missing.to_string())),
    };
    // A pool of ten thousand numbers may be looked through for each attempt.
    let work = move || {
        let quality = state.switch.quality();
        let asked = Asked {
            record: &record,
            snapshot,
            missing,
            now_us: state.switch.now_us(),
            quality: &quality,
        };
        let mut told = asked.explanation();
        told.carrier = query
            .carrier
            .map(|carrier| CarrierAnswer::new(carrier, &record, &told.explanation));
        told
    };
    let told = containment::on_blocking_thread(Part::Request, work).await;
    told.map(Json).map_err(|_| Problem::interrupted())
}

/// A call to explain.
struct Asked<'r> {
    record: &'r CallRecord,
    /// Its own, or that in use.
    snapshot: Arc<Snapshot>,
    /// Why its own is not there.
    missing: Option<String>,
    now_us: u64,
    quality: &'r QualityTable,
}

impl Asked<'_> {
    fn explanation(self) -> CallExplanation {
        let request = CallRequest {
            source: source_of(self.record, &self.snapshot),
            called: &self.record.called_number_received,
            calling: &self.record.calling_number_received,
            identity: Default::default(),
            now_us: self.now_us,
            at: self.record.received_at,
            draw: self.record.id.draw(),
            quality: self.quality,
        };
        if let Some(missing) = self.missing {
            let note = format!("{missing}; this is what the snapshot in force would do");
            return told(
                self.record,
                ExplanationBasis::LiveSnapshot,
                note,
                &request,
                &self.snapshot,
            );
        }
        match recorded(self.record) {
            Ok(recorded) => made_again(self.record, recorded, &request, &self.snapshot),
            Err(note) => {
                let note = format!("{note}; limits, turns, throttles and quality are those of now");
                told(
                    self.record,
                    ExplanationBasis::PastSnapshot,
                    note,
                    &request,
                    &self.snapshot,
                )
            }
        }
    }
}

/// What the record keeps of the decision, or why there is nothing of use.
fn recorded(record: &CallRecord) -> Result<RecordedAdmission, String> {
    let Some(decision) = &record.decision else {
        return Err("the record keeps no decision".to_owned());
    };
    RecordedAdmission::new(&decision.0, &record.passed_over).map_err(|error| error.to_string())
}

fn made_again(
    record: &CallRecord,
    mut recorded: RecordedAdmission,
    request: &CallRequest<'_>,
    snapshot: &Snapshot,
) -> CallExplanation {
    let identity = recorded.identity();
    let request = CallRequest {
        at: recorded.at(),
        identity: identity.shown(),
        ..*request
    };
    let (explained, is_exact, attempts) =
        engine::explain_call(&request, snapshot, &mut recorded, &record.attempts);
    let note = "this release of the switch decides the call otherwise than the one that took it";
    CallExplanation {
        decided_by_snapshot: record.snapshot_number,
        basis: ExplanationBasis::Recorded,
        is_exact,
        note: (!is_exact).then(|| note.to_owned()),
        explanation: explained.into(),
        attempts: attempts.into_iter().map(ExplainedAttempt::from).collect(),
        carrier: None,
    }
}

fn told(
    record: &CallRecord,
    basis: ExplanationBasis,
    note: String,
    request: &CallRequest<'_>,
    snapshot: &Snapshot,
) -> CallExplanation {
    let (explained, attempts) = engine::explain_attempts(request, snapshot, &record.attempts);
    CallExplanation {
        decided_by_snapshot: record.snapshot_number,
        basis,
        is_exact: false,
        note: Some(note),
        explanation: explained.into(),
        attempts: attempts.into_iter().map(ExplainedAttempt::from).collect(),
        carrier: None,
    }
}

/// The trunk that the call came by, however it was known; its address when that is gone.
fn source_of(record: &CallRecord, snapshot: &Snapshot) -> Source<'static> {
    let trunk = record.ingress_trunk.as_ref();
    let trunk = trunk.and_then(|trunk| snapshot.ingress_trunk_of(trunk.id));
    match trunk {
        Some(trunk) => Source::Trunk(trunk),
        None => Source::Address(record.ingress_source.ip()),
    }
}
