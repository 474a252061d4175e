//! What becomes of numbers, rule by rule, without a call, a rate or a route.
//!
//! The steps are those of the one pipeline ([`decide`]), told until the numbers are taken or refused. What
//! single rules do is told by the same functions that calls go through.

use super::recorder::{Recorder, sentence};
use super::{ExplainedStep, StepOutcome};
use crate::decide::{CallRequest, Decision, Source, decide};
use crate::limits::DryAdmission;
use crate::numbers::{
    CALLING_BYTES_MAX, CallNumbers, CliDid, CompiledNumberPolicy, ListDid, Number, NumberFacts,
    NumberRules, ShownIdentity, Tags, Translated, TranslatedBy, digits_of,
    normalize_called_watched, translate_calling_watched, translate_sent_watched,
};
use crate::quality::QualityTable;
use crate::resources::TranslationRules;
use crate::snapshot::{EgressTrunk, IngressTrunk, Snapshot, TrunkIndex};
use crate::trace::{LossReason, RouteVerdict, Step, Trace};
use rating::Timestamp;
use rating::cdr::ReleaseReason;
use std::sync::Arc;

/// Most egress trunks of an answer.
pub const SENT_MAX: usize = 100;

/// Whose numbers are tried, and which.
#[derive(Clone, Copy, Debug)]
pub struct NumberQuestion<'a> {
    /// The operator that the customer belongs to. Nothing of others is looked at.
    pub owner: i64,
    /// Name of the customer that calls.
    pub customer: &'a str,
    /// Name of the trunk that the call comes in by; without it that with the longest tech prefix
    /// that the called number begins with.
    pub trunk: Option<&'a str>,
    /// As received, with its tech prefix.
    pub called: &'a str,
    /// As received; may be empty.
    pub calling: &'a str,
    /// Name of the carrier whose trunks are asked for; without it all.
    pub carrier: Option<&'a str>,
    /// Wall clock.
    pub at: Timestamp,
}

/// What became of the numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberTest {
    /// Why they are refused; `None` when they are taken.
    pub reason: Option<ReleaseReason>,
    /// The trunk that the call comes in by.
    pub ingress_trunk: Arc<str>,
    /// As routes and rates see them, when they are taken.
    pub taken: Option<TakenNumbers>,
    /// What looked at them, in order.
    pub steps: Vec<ExplainedStep>,
    /// What carriers would be sent; empty when the numbers are refused.
    pub sent: Vec<SentNumbers>,
    /// There are more egress trunks than [`SENT_MAX`].
    pub is_cut: bool,
}

/// Numbers as routes and rates see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenNumbers {
    /// Digits of E.164.
    pub called: String,
    /// As it is sent on.
    pub calling: String,
    /// What the numbering plans say of the called number.
    pub facts: NumberFacts,
}

/// Numbers as an egress trunk sends them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentNumbers {
    /// Whose trunk it is.
    pub carrier: Arc<str>,
    /// The trunk.
    pub trunk: Arc<str>,
    /// Why it does not take the numbers, as a word and as a sentence.
    pub refused: Option<(&'static str, String)>,
    /// As it would be sent.
    pub called: String,
    /// As it would be sent.
    pub calling: String,
    /// What the rules of carrier and trunk do.
    pub steps: Vec<ExplainedStep>,
}

/// A name of a question that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberQuestionError {
    /// The owner has no such customer.
    #[error("no customer is called \"{0}\"")]
    Customer(String),
    /// The customer has no such active trunk, or none that takes the number.
    #[error("{0}")]
    Trunk(String),
    /// The owner has no egress trunk of such a carrier.
    #[error("no carrier with an egress trunk is called \"{0}\"")]
    Carrier(String),
}

/// Tries numbers. Nothing is called and no limit is used up.
///
/// # Errors
/// [`NumberQuestionError`] for names that the owner has not.
pub fn test_numbers(
    question: &NumberQuestion<'_>,
    snapshot: &Snapshot,
) -> Result<NumberTest, NumberQuestionError> {
    let index = ingress_trunk(question, snapshot)?;
    let egress = egress_trunks(question, snapshot)?;
    let trunk = snapshot.ingress_trunk(index);
    let request = CallRequest {
        source: Source::Trunk(index),
        called: question.called,
        calling: question.calling,
        identity: ShownIdentity::default(),
        now_us: 0,
        at: question.at,
        draw: 0,
        quality: QualityTable::empty(),
    };
    let mut watch = Watch {
        recorder: Recorder::new(snapshot, question.at),
        facts: NumberFacts::default(),
        taken: None,
    };
    let decision = decide(&request, snapshot, &mut DryAdmission, &mut watch);
    let reason = match decision {
        Decision::Reject(rejection) if watch.taken.is_none() => Some(rejection.reason),
        _ => None,
    };
    let (decided, _) = watch.recorder.finish(("", None), None);
    let mut steps = translations(question, trunk);
    steps.extend(decided);
    let is_cut = watch.taken.is_some() && egress.len() > SENT_MAX;
    let sent = watch.taken.iter().flat_map(|taken| {
        let egress = egress.iter().take(SENT_MAX);
        egress.map(|trunk| sent(snapshot, trunk, taken))
    });
    let sent = sent.collect();
    let facts = watch.facts;
    let taken = watch.taken.map(|numbers| TakenNumbers {
        called: numbers.called.to_string(),
        calling: numbers.calling.to_string(),
        facts,
    });
    Ok(NumberTest {
        reason,
        ingress_trunk: Arc::clone(&trunk.resource.name),
        sent,
        taken,
        steps,
        is_cut,
    })
}

fn ingress_trunk(
    question: &NumberQuestion<'_>,
    snapshot: &Snapshot,
) -> Result<TrunkIndex, NumberQuestionError> {
    let mut customers = snapshot.customers().iter();
    let customer = customers.position(|customer| {
        customer.owner == question.owner && *customer.resource.name == *question.customer
    });
    let customer = customer.ok_or_else(|| {
        let name = question.customer.to_owned();
        NumberQuestionError::Customer(name)
    })?;
    let trunks = (0..).map(TrunkIndex).zip(snapshot.ingress_trunks());
    let own = trunks.filter(|(_, trunk)| {
        let is_asked = question
            .trunk
            .is_none_or(|name| *trunk.resource.name == *name);
        trunk.customer.0 as usize == customer && is_asked
    });
    let (mut found, mut has_any) = (None, false);
    for (index, trunk) in own {
        has_any = true;
        let digits = trunk.tech_prefix.len();
        let fits = question.called.starts_with(&*trunk.tech_prefix);
        if fits && found.is_none_or(|(longest, _)| digits > longest) {
            found = Some((digits, index));
        }
    }
    found.map(|(_, index)| index).ok_or_else(|| {
        let message = match (question.trunk, has_any) {
            (Some(name), false) => format!("the customer has no active ingress trunk \"{name}\""),
            (None, false) => "the customer has no active ingress trunk".to_owned(),
            (_, true) => "the called number does not begin with the trunk's tech prefix".to_owned(),
        };
        NumberQuestionError::Trunk(message)
    })
}

fn egress_trunks<'s>(
    question: &NumberQuestion<'_>,
    snapshot: &'s Snapshot,
) -> Result<Vec<&'s EgressTrunk>, NumberQuestionError> {
    let is_asked = |trunk: &&EgressTrunk| {
        let carrier = &*snapshot.carrier(trunk.carrier).resource.name;
        snapshot.is_of_owner(trunk.card, question.owner)
            && question.carrier.is_none_or(|name| carrier == name)
    };
    let found: Vec<_> = snapshot.egress_trunks().iter().filter(is_asked).collect();
    match question.carrier {
        Some(name) if found.is_empty() => Err(NumberQuestionError::Carrier(name.to_owned())),
        _ => Ok(found),
    }
}

/// What each rule on the way in does. What it all comes to is told by the decision.
fn translations(question: &NumberQuestion<'_>, trunk: &IngressTrunk) -> Vec<ExplainedStep> {
    let dialled = question.called.strip_prefix(&*trunk.tech_prefix);
    let dialled = dialled.unwrap_or(question.called);
    let mut steps = Vec::new();
    let policy = &trunk.numbers;
    let (rule, shared) = (&trunk.called_number, &policy.called_rules);
    let _ = normalize_called_watched(dialled, rule, shared, |did| {
        steps.extend(translated("called", &did));
    });
    let (rule, shared) = (&trunk.calling_number, &policy.calling_rules);
    let _ = translate_calling_watched(question.calling, rule, shared, |did| {
        steps.extend(translated("calling", &did));
    });
    steps
}

fn translated(number: &str, did: &Translated<'_>) -> Option<ExplainedStep> {
    let (before, after) = (did.before, did.after);
    let detail = match did.by {
        TranslatedBy::Own(None) => return None,
        TranslatedBy::Own(Some(_)) if before == after => {
            format!("the trunk's own rule leaves the {number} number {before} as it is")
        }
        TranslatedBy::Own(Some(_)) => {
            format!("the trunk's own rule makes {after} of the {number} number {before}")
        }
        TranslatedBy::Shared { name, rule: None } => {
            format!("no rule of \"{name}\" fits the {number} number {before}")
        }
        TranslatedBy::Shared {
            name,
            rule: Some(rule),
        } => {
            let rule = rule + 1;
            format!("rule {rule} of \"{name}\" makes {after} of the {number} number {before}")
        }
    };
    Some(ExplainedStep {
        step: "translate",
        outcome: StepOutcome::Passed,
        detail,
    })
}

fn sent(snapshot: &Snapshot, trunk: &EgressTrunk, taken: &CallNumbers) -> SentNumbers {
    let policy = &trunk.numbers;
    let mut numbers = taken.clone();
    let mut recorder = Recorder::new(snapshot, Timestamp(0));
    let refused = taken_by(policy, &mut numbers, &mut recorder).err();
    let (mut steps, _) = recorder.finish(("", None), None);
    let mut through = |number: &Number, of: &'static str, shared, rule| {
        let sent = translate_sent_watched(number, shared, rule, |did| {
            steps.extend(translated(of, &did));
        });
        sent.to_string()
    };
    let called = through(
        &numbers.called,
        "called",
        &policy.called_rules,
        &trunk.called_number,
    );
    let calling = through(
        &numbers.calling,
        "calling",
        &policy.calling_rules,
        &trunk.calling_number,
    );
    SentNumbers {
        carrier: Arc::clone(&snapshot.carrier(trunk.carrier).resource.name),
        trunk: Arc::clone(&trunk.resource.name),
        refused: refused.map(|reason| (reason.code(), sentence(snapshot, reason, None, None))),
        called,
        calling,
        steps,
    }
}

/// Takes numbers through what a carrier and its trunk ask of them, as an attempt does.
fn taken_by(
    policy: &CompiledNumberPolicy,
    numbers: &mut CallNumbers,
    recorder: &mut Recorder<'_>,
) -> Result<(), LossReason> {
    let note = |list, did: ListDid<'_>| recorder.step(Step::Listed { list, did });
    policy
        .pass(numbers, &mut Tags::default(), note)
        .map_err(|refusal| LossReason::NumberRefused(refusal.list))?;
    if let Some(fault) = policy.classes.fault(&NumberFacts::of(&numbers.called)) {
        return Err(LossReason::ClassRefused(fault));
    }
    let note = |place, did: CliDid<'_>| recorder.step(Step::CliRule { place, did });
    policy
        .present(numbers, &mut DryAdmission, 0, note)
        .map_err(LossReason::CliRefused)
}

/// Listens until the numbers are taken.
struct Watch<'s> {
    recorder: Recorder<'s>,
    facts: NumberFacts,
    taken: Option<CallNumbers>,
}

impl Trace for Watch<'_> {
    const ENABLED: bool = true;

    fn step(&mut self, step: Step<'_>) {
        match step {
            _ if self.taken.is_some() => {}
            // Whose trunk it is was asked for by name.
            Step::SourceIdentified { .. } => {}
            Step::NumbersTaken(numbers) => self.taken = Some(numbers.clone()),
            step => {
                if let Step::Classified(facts) = step {
                    self.facts = facts;
                }
                self.recorder.step(step);
            }
        }
    }

    fn route(&mut self, _: RouteVerdict) {}
}

/// Translation rules that are tried before they are saved.
#[derive(Debug)]
pub struct TriedRules(NumberRules);

/// What rules make of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriedNumber {
    /// Which rule fitted, from 0; `None` when none did.
    pub rule: Option<usize>,
    /// What became of the number.
    pub result: String,
    /// What the numbering plans say of the result; `None` when it is no number in international form.
    pub facts: Option<NumberFacts>,
}

impl TriedRules {
    /// Of rules that are sound: the resource's check says so.
    pub fn new(rules: &TranslationRules) -> Self {
        Self(NumberRules::compile("", rules))
    }

    /// `None` for what is longer than a number of a call may be.
    pub fn on(&self, number: &str) -> Option<TriedNumber> {
        if number.len() > CALLING_BYTES_MAX {
            return None;
        }
        let number = Number::from(number).ok()?;
        let applied = self.0.applied(&number);
        let result = applied.map_or(number, |(_, made)| made);
        Some(TriedNumber {
            rule: applied.map(|(rule, _)| rule),
            result: result.to_string(),
            facts: digits_of(&result)
                .ok()
                .map(|digits| NumberFacts::of(&digits)),
        })
    }
}
