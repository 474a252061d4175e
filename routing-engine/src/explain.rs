//! Why a call would be routed as it would: the same pipeline, written down.
//!
//! [`explain`] looks at the live counters and takes nothing from them. For the same request,
//! snapshot and counters the result is the same to the byte.

pub mod numbers;
mod recorder;
mod sent;

pub use sent::{CarrierNumbers, ExplainedAttempt};

use crate::decide::{CallRequest, Decision, decide};
use crate::limits::{Admission, DryAdmission};
use crate::numbers::Number;
use crate::quality::Quality;
use crate::record::RecordedAdmission;
use crate::snapshot::{CustomerIndex, RateRef, Snapshot, TrunkIndex};
use rating::cdr::{AttemptRecord, ReleaseReason, Transport};
use rating::exchange::ExchangeRate;
use rating::money::decimal;
use rating::prefix::Prefix;
use rating::rate::RateTerms;
use rating::{Amount, Currency, Origin, Timestamp};
use recorder::Recorder;
use sent::KnownTurn;
use serde::Serialize;
use std::sync::Arc;

/// A decision with each step and each route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Whether there is a route. All routes may still be full: see their `status`.
    pub accepted: bool,
    /// Why not.
    pub reason: Option<ReleaseReason>,
    /// The snapshot that decided.
    pub snapshot_number: u64,
    /// Who pays us, when identified.
    pub customer: Option<Arc<str>>,
    /// The trunk the call comes in by, when identified.
    pub ingress_trunk: Option<Arc<str>>,
    /// The LCR profile of the customer; none when it has none.
    pub lcr_profile: Option<Arc<str>>,
    /// The called number as digits of E.164, when accepted.
    pub called_number: Option<String>,
    /// The tags that number lists put on the call, in the order of the lists.
    pub tags: Vec<Arc<str>>,
    /// What the customer pays, when found.
    pub customer_rate: Option<ExplainedRate>,
    /// The pipeline, in order; the last one decided.
    pub steps: Vec<ExplainedStep>,
    /// Every egress trunk: first those to try, in hunting order, then those that lost, the
    /// cheapest first. Empty when the call was refused before routes were asked for.
    pub routes: Vec<ExplainedRoute>,
}

/// A step of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedStep {
    /// Which step: `identify`, `customer`, `number`, `number_list`, `class`, `cli_rules`, `admit`, `jurisdiction`,
    /// `customer_rate`, `credit`, `lcr_profile`, `routes`.
    pub step: &'static str,
    /// `passed` or `refused`.
    pub outcome: StepOutcome,
    /// What was found, as a sentence for people.
    pub detail: String,
}

/// How a step came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// The call goes on.
    Passed,
    /// The call is refused here.
    Refused,
}

/// An egress trunk and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedRoute {
    /// Place in the hunting order, from 1; none for a route that is not in the plan.
    pub rank: Option<u16>,
    /// Whom we would pay.
    pub carrier: Arc<str>,
    /// The trunk.
    pub trunk: Arc<str>,
    /// Where the call would be sent: `address:port`, or a name.
    pub gateway: String,
    /// How; `None` when that is for DNS to tell.
    pub transport: Option<Transport>,
    /// Whether it would be tried.
    pub status: RouteStatus,
    /// Why it lost, as a word for programs; none when it did not.
    pub reason: Option<&'static str>,
    /// Why it lost, as a sentence for people; none when it did not.
    pub detail: Option<String>,
    /// The route of the customer's that leads to it; none when none does.
    pub route: Option<Arc<str>>,
    /// What it is ranked by; none for a route that was not ranked.
    pub rank_key: Option<ExplainedKey>,
    /// How its carrier does for the destination; none when the profile does not ask for it.
    pub quality: Option<ExplainedQuality>,
    /// What a minute of talk is expected to cost us ([`rating::expected`]), in the currency of the
    /// books.
    #[serde(with = "decimal::option")]
    pub cost_per_minute: Option<Amount>,
    /// What is expected to be left of the customer's price for that minute, in the currency of the
    /// books; below zero for a route that would be sold below cost.
    #[serde(with = "decimal::option")]
    pub margin_per_minute: Option<Amount>,
    /// The carrier's rate, when its card has one.
    pub rate: Option<ExplainedRate>,
    /// What carrier and trunk make of the numbers; none for a route that lost before they were asked.
    pub numbers: Option<CarrierNumbers>,
}

/// What a route is ranked by: the lowest goes first, compared in the order of the fields and then by
/// cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedKey {
    /// `primary` and `backup` for what a route leads to, `other` for the rest.
    pub tier: &'static str,
    /// Whether a share of calls or its turn puts it first in its tier.
    pub is_put_first: bool,
    /// Whether it is tried last because too many attempts of its trunk fail.
    pub is_throttled: bool,
    /// Whether its carrier does worse than the profile asks for.
    pub is_below_floor: bool,
    /// What the strategy makes of it; 0 for all where cost alone decides.
    pub order: u64,
}

/// How a carrier does for a destination, of which the order was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedQuality {
    /// Attempts of its own for this prefix in the window.
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

impl From<Quality> for ExplainedQuality {
    fn from(quality: Quality) -> Self {
        Self {
            attempts: quality.attempts,
            asr_ppm: quality.asr_ppm,
            ner_ppm: quality.ner_ppm,
            pdd_ms: quality.pdd_ms,
            acd_ms: quality.acd_ms,
            score: quality.score(),
        }
    }
}

/// Whether a route would be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteStatus {
    /// It would be tried first.
    Chosen,
    /// It would be tried when those before it fail.
    Available,
    /// It would not be tried.
    Lost,
}

/// A rate as its card has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedRate {
    /// The card.
    pub rate_card: Arc<str>,
    /// The prefix that matched.
    pub prefix: String,
    /// What of the calling number matched, or the jurisdiction; nothing for a rate for all calls.
    #[serde(skip_serializing_if = "is_any")]
    pub origin: Origin,
    /// The name of what lies behind it.
    pub destination: Arc<str>,
    /// Of the amounts.
    pub currency: Currency,
    /// Prices and intervals.
    #[serde(flatten)]
    pub terms: RateTerms,
    /// What a minute of talk is expected to cost at these terms.
    #[serde(with = "decimal")]
    pub expected_per_minute: Amount,
    /// What a unit of the currency is worth in the books at the moment of the call.
    #[serde(with = "rating::exchange::decimal")]
    pub exchange_rate: ExchangeRate,
}

/// Runs the pipeline with nothing but looks, and writes down what happens.
pub fn explain(request: &CallRequest<'_>, snapshot: &Snapshot) -> Explanation {
    explain_by(request, snapshot, &mut DryAdmission)
}

/// As [`explain`], with other counters than those of this moment.
pub fn explain_by(
    request: &CallRequest<'_>,
    snapshot: &Snapshot,
    admission: &mut impl Admission,
) -> Explanation {
    let mut recorder = Recorder::new(snapshot, request.at);
    let decision = decide(request, snapshot, admission, &mut recorder);
    written(&decision, snapshot, request, recorder, KnownTurn::OfNow)
}

/// As [`explain`], of a call that was sent: with what made the numbers that its attempts got. For a call
/// whose own decision cannot be made again.
pub fn explain_attempts(
    request: &CallRequest<'_>,
    snapshot: &Snapshot,
    attempts: &[AttemptRecord],
) -> (Explanation, Vec<ExplainedAttempt>) {
    let mut recorder = Recorder::new(snapshot, request.at);
    let decision = decide(request, snapshot, &mut DryAdmission, &mut recorder);
    let taken = recorder.taken(request.draw);
    let attempts = sent::attempts(snapshot, taken.as_ref(), attempts);
    let written = written(&decision, snapshot, request, recorder, KnownTurn::OfNow);
    (written, attempts)
}

/// Makes the decision of a call's record again, by the snapshot of then, and writes it down. The
/// flag says whether it is the one that was made.
pub fn explain_again(
    request: &CallRequest<'_>,
    snapshot: &Snapshot,
    recorded: &mut RecordedAdmission,
) -> (Explanation, bool) {
    let (explanation, is_same, _) = explain_call(request, snapshot, recorded, &[]);
    (explanation, is_same)
}

/// As [`explain_again`], with what made the numbers that the attempts of the call got.
pub fn explain_call(
    request: &CallRequest<'_>,
    snapshot: &Snapshot,
    recorded: &mut RecordedAdmission,
    attempts: &[AttemptRecord],
) -> (Explanation, bool, Vec<ExplainedAttempt>) {
    let mut recorder = Recorder::new(snapshot, request.at);
    let decision = decide(request, snapshot, recorded, &mut recorder);
    let is_same = recorded.is_same(&decision, snapshot);
    recorder.forget_figures(|trunk| !recorded.knows(snapshot.egress_trunk(trunk)));
    let taken = recorder.taken(request.draw);
    let attempts = sent::attempts(snapshot, taken.as_ref(), attempts);
    // Whose turn it was in the pools of carriers is told by what was sent, and else by nothing.
    let written = written(&decision, snapshot, request, recorder, KnownTurn::Lost);
    (written, is_same, attempts)
}

fn written(
    decision: &Decision,
    snapshot: &Snapshot,
    request: &CallRequest<'_>,
    recorder: Recorder<'_>,
    turn: KnownTurn,
) -> Explanation {
    let at = request.at;
    let known = match decision {
        Decision::Route(plan) => Known {
            customer: Some(plan.customer),
            ingress_trunk: Some(plan.ingress_trunk),
            called_number: Some(&plan.numbers.called),
            caller: plan.caller,
            customer_rate: Some(plan.customer_rate),
            reason: None,
        },
        Decision::Reject(rejection) => Known {
            customer: rejection.customer,
            ingress_trunk: rejection.ingress_trunk,
            called_number: rejection.called_number.as_ref(),
            caller: rejection.caller,
            customer_rate: rejection.customer_rate,
            reason: Some(rejection.reason),
        },
    };
    let called = known.called_number.map_or("", |number| number.as_str());
    let tags = recorder.tags();
    let caller = known.caller;
    let (steps, routes) =
        recorder.finish((called, caller), known.customer_rate, (request.draw, turn));
    Explanation {
        accepted: known.reason.is_none(),
        reason: known.reason,
        snapshot_number: snapshot.number(),
        customer: known
            .customer
            .map(|index| Arc::clone(&snapshot.customer(index).resource.name)),
        ingress_trunk: known
            .ingress_trunk
            .map(|index| Arc::clone(&snapshot.ingress_trunk(index).resource.name)),
        lcr_profile: known
            .customer
            .and_then(|index| snapshot.customer(index).lcr_profile())
            .map(|profile| Arc::clone(&profile.name)),
        called_number: known.called_number.map(ToString::to_string),
        tags,
        customer_rate: known
            .customer_rate
            .map(|rate| ExplainedRate::new(snapshot, rate, (called, caller), at)),
        steps,
        routes,
    }
}

/// What a decision of either kind knows.
struct Known<'d> {
    customer: Option<CustomerIndex>,
    ingress_trunk: Option<TrunkIndex>,
    called_number: Option<&'d Number>,
    caller: Option<Prefix>,
    customer_rate: Option<RateRef>,
    reason: Option<ReleaseReason>,
}

fn is_any(origin: &Origin) -> bool {
    origin.is_any()
}

impl ExplainedRate {
    fn new(
        snapshot: &Snapshot,
        rate: RateRef,
        (called, caller): (&str, Option<Prefix>),
        at: Timestamp,
    ) -> Self {
        Self {
            rate_card: Arc::clone(&snapshot.rate_card(rate).name),
            prefix: rate.prefix(called).to_owned(),
            origin: rate.origin(caller),
            destination: Arc::clone(snapshot.destination(rate)),
            currency: snapshot.currency(rate),
            terms: *snapshot.terms(rate),
            expected_per_minute: snapshot.expected_per_minute(rate),
            exchange_rate: snapshot.exchange_rate(rate, at),
        }
    }
}
