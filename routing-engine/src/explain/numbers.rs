//! What becomes of numbers, rule by rule, without a call, a rate or a route.
//!
//! The steps are those of the one pipeline ([`decide`]), told until the numbers are taken or refused. What
//! single rules do is told by the same functions that calls go through.

use super::recorder::{Recorder, sentence};
use super::sent::{KnownTurn, Taken, translated};
use super::{CarrierNumbers, ExplainedStep, StepOutcome};
use crate::decide::{CallRequest, Decision, Source, decide};
use crate::limits::DryAdmission;
use crate::numbers::{
    CALLING_BYTES_MAX, CallNumbers, Number, NumberFacts, NumberRules, ShownIdentity, digits_of,
    normalize_called_watched, translate_calling_watched,
};
use crate::quality::QualityTable;
use crate::resources::{PrivacyPolicy, TranslationRules};
use crate::snapshot::{EgressTrunk, IngressTrunk, Snapshot, TrunkIndex};
use crate::trace::{RouteVerdict, Step, Trace};
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
    /// What else the INVITE says of its caller.
    pub identity: ShownIdentity<'a>,
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
    /// The number that stands for the caller, when the trunk believes what says so.
    pub asserted: Option<String>,
    /// The caller wants to stay anonymous, and the trunk heeds that.
    pub is_withheld: bool,
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
    /// What it would be sent, and what made that.
    pub numbers: CarrierNumbers,
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
        identity: question.identity,
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
    let mut steps = translations(question, trunk);
    steps.extend(watch.recorder.into_steps());
    let is_cut = watch.taken.is_some() && egress.len() > SENT_MAX;
    let taken = watch.taken.map(|numbers| Taken {
        numbers,
        trusts_from: trunk.identity.trusts_from,
        draw: request.draw,
    });
    let sent = taken.iter().flat_map(|taken| {
        let egress = egress.iter().take(SENT_MAX);
        egress.map(|trunk| sent(snapshot, trunk, taken))
    });
    let sent = sent.collect();
    let facts = watch.facts;
    let taken = taken.map(|Taken { numbers, .. }| TakenNumbers {
        called: numbers.called.to_string(),
        calling: numbers.calling.to_string(),
        asserted: numbers.asserted.map(|number| number.to_string()),
        is_withheld: numbers.is_withheld,
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
    steps.extend(identity_steps(question, trunk));
    steps
}

/// What becomes of who calls beside From: a trunk that does not look at it is told of.
fn identity_steps(question: &NumberQuestion<'_>, trunk: &IngressTrunk) -> Vec<ExplainedStep> {
    let (shown, name) = (&question.identity, &trunk.resource.name);
    let mut steps = Vec::new();
    let mut note = |detail| {
        steps.push(ExplainedStep {
            step: "identity",
            outcome: StepOutcome::Passed,
            detail,
        });
    };
    let is_shown = shown.p_asserted_identity.is_some() || shown.remote_party_id.is_some();
    let believed = shown.believed(trunk.identity.asserted);
    match believed {
        Some(number) => note(format!(
            "trunk \"{name}\" believes that {number} stands for the caller"
        )),
        None if is_shown => note(format!(
            "trunk \"{name}\" does not believe an asserted number: `identity.asserted` is off"
        )),
        None => {}
    }
    if shown.is_private {
        note(match trunk.identity.privacy {
            PrivacyPolicy::Respect => {
                format!("trunk \"{name}\" respects that the caller wants to stay anonymous")
            }
            PrivacyPolicy::Ignore => {
                format!("trunk \"{name}\" does not look at Privacy: `identity.privacy` is ignore")
            }
        });
    }
    if let Some(number) = believed {
        let (rule, shared) = (&trunk.calling_number, &trunk.numbers.calling_rules);
        let _ = translate_calling_watched(number, rule, shared, |did| {
            steps.extend(translated("asserted", &did));
        });
    }
    steps
}

fn sent(snapshot: &Snapshot, trunk: &EgressTrunk, taken: &Taken) -> SentNumbers {
    let (numbers, refused) = super::sent::sent(snapshot, trunk, taken, KnownTurn::OfNow);
    SentNumbers {
        carrier: Arc::clone(&snapshot.carrier(trunk.carrier).resource.name),
        trunk: Arc::clone(&trunk.resource.name),
        refused: refused.map(|reason| (reason.code(), sentence(snapshot, reason, None, None))),
        numbers,
    }
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
