//! What carriers' trunks make of the numbers of a call: list by list, rule by rule, for a call that might
//! come and for one that was sent.

use super::recorder::{Recorder, cli_name};
use super::{ExplainedStep, StepOutcome};
use crate::numbers::{
    CallNumbers, CliDid, CompiledNumberPolicy, ListDid, Number, NumberFacts, Rotations, Tags,
    Translated, TranslatedBy, is_assertable, translate_sent_watched,
};
use crate::resources::{AssertedIdentity, CliRules, PrivacyPolicy};
use crate::snapshot::{EgressTrunk, Snapshot};
use crate::trace::{LossReason, Step, Trace};
use rating::Timestamp;
use rating::cdr::AttemptRecord;
use serde::Serialize;
use std::sync::Arc;

/// Numbers as an egress trunk would send them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CarrierNumbers {
    /// The called number as it is sent.
    pub called: String,
    /// The calling number likewise; `None` where the numbers of a pool take turns and it is not known whose
    /// turn it was.
    pub calling: Option<String>,
    /// The number of P-Asserted-Identity or Remote-Party-ID; `None` where none is sent, or it is not known.
    pub asserted: Option<String>,
    /// From does not name the caller, who wants that and whom the trunk heeds.
    pub is_anonymous: bool,
    /// What the lists, the CLI rules and the translation of carrier and trunk do.
    pub steps: Vec<ExplainedStep>,
}

/// What an attempt of a call was sent, and what made that of the call's numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedAttempt {
    /// Which, from 1.
    pub number: u16,
    /// Whom it was sent to, by the name of then.
    pub carrier: Arc<str>,
    /// By which trunk.
    pub trunk: Arc<str>,
    /// The called number that was sent, as the call's record has it.
    pub called: Arc<str>,
    /// The calling number likewise.
    pub calling: Arc<str>,
    /// Whether the steps make of the call's numbers what was sent.
    pub is_same: bool,
    /// What the lists, the CLI rules and the translation of carrier and trunk do.
    pub steps: Vec<ExplainedStep>,
}

/// The numbers of a call after trunk and customer, from which attempts start.
pub(super) struct Taken {
    pub(super) numbers: CallNumbers,
    /// The number in From is the customer's own, by agreement.
    pub(super) trusts_from: bool,
    /// The number of the call.
    pub(super) draw: u64,
}

/// Whose turn it is in a pool of a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KnownTurn {
    /// That of this moment, which is not taken.
    OfNow,
    /// So many calls had one before.
    Of(u32),
    /// Nobody knows it any more.
    Lost,
}

impl KnownTurn {
    fn of(self, rotations: &Rotations, rule: u16) -> u32 {
        match self {
            Self::OfNow => rotations.peek(rule),
            Self::Of(turn) => turn,
            Self::Lost => 0,
        }
    }
}

/// What a trunk would send, and why it does not take the call if it does not.
pub(super) fn sent(
    snapshot: &Snapshot,
    trunk: &EgressTrunk,
    taken: &Taken,
    turn: KnownTurn,
) -> (CarrierNumbers, Option<LossReason>) {
    let policy = &trunk.numbers;
    let mut numbers = taken.numbers.clone();
    let mut recorder = Recorder::new(snapshot, Timestamp(0));
    let made = taken_by(policy, &mut numbers, taken.draw, turn, &mut recorder);
    let is_known = made != Ok(Presented::ByLostTurn);
    let mut steps = recorder.into_steps();
    let mut through = |number: &Number, of: &'static str, shared, rule| {
        translate_sent_watched(number, shared, rule, |did| {
            steps.extend(translated(of, &did));
        })
    };
    let called = through(
        &numbers.called,
        "called",
        &policy.called_rules,
        &trunk.called_number,
    );
    let calling = is_known.then(|| {
        through(
            &numbers.calling,
            "calling",
            &policy.calling_rules,
            &trunk.calling_number,
        )
    });
    let asserted = numbers.asserted.map(|number| trunk.calling_sent(&number));
    let is_believed = asserted.is_some() || taken.trusts_from;
    let sends_asserted = match trunk.identity.asserted {
        AssertedIdentity::Off => false,
        AssertedIdentity::PAssertedIdentity => is_believed,
        // It can say that nobody has verified the number.
        AssertedIdentity::RemotePartyId | AssertedIdentity::Both => true,
    };
    let asserted = asserted.or(calling).filter(|_| sends_asserted && is_known);
    let respects = trunk.identity.privacy == PrivacyPolicy::Respect;
    let sent = CarrierNumbers {
        called: called.to_string(),
        calling: calling.map(|number| number.to_string()),
        asserted: asserted
            .filter(|number| is_assertable(number))
            .map(|number| number.to_string()),
        is_anonymous: respects && numbers.is_withheld && !numbers.is_presented,
        steps,
    };
    (sent, made.err())
}

/// What the CLI rules did.
#[derive(PartialEq, Eq)]
enum Presented {
    /// The number stands.
    Known,
    /// It is one of a pool that takes turns, and nobody knows which.
    ByLostTurn,
}

/// Takes numbers through what a carrier and its trunk ask of them, as an attempt does.
fn taken_by(
    policy: &CompiledNumberPolicy,
    numbers: &mut CallNumbers,
    draw: u64,
    known: KnownTurn,
    recorder: &mut Recorder<'_>,
) -> Result<Presented, LossReason> {
    let note = |list, did: ListDid<'_>| recorder.step(Step::Listed { list, did });
    policy
        .pass(numbers, &mut Tags::default(), note)
        .map_err(LossReason::NumberRefused)?;
    if let Some(fault) = policy.classes.fault(&NumberFacts::of(&numbers.called)) {
        return Err(LossReason::ClassRefused(fault));
    }
    let is_lost = std::cell::Cell::new(false);
    let turn = |rotations: &Rotations, rule| {
        is_lost.set(known == KnownTurn::Lost);
        known.of(rotations, rule)
    };
    let note = |place, did: CliDid<'_>| match did {
        CliDid::Presented {
            from: Some((_, count)),
            ..
        } if is_lost.get() => {
            let name = cli_name(recorder.snapshot(), place);
            let detail = format!(
                "{name} presents one of the {count} numbers of its pool; whose turn it was is not known"
            );
            recorder.note("cli_rules", StepOutcome::Passed, detail);
        }
        did => recorder.step(Step::CliRule { place, did }),
    };
    policy
        .present(numbers, draw, turn, note)
        .map_err(LossReason::CliRefused)?;
    Ok(match is_lost.get() {
        true => Presented::ByLostTurn,
        false => Presented::Known,
    })
}

/// What translation rules did, as a step; `None` for a trunk without a rule of its own.
pub(super) fn translated(number: &str, did: &Translated<'_>) -> Option<ExplainedStep> {
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

/// What made the numbers that the attempts of a call were sent, by the trunks of the snapshot.
pub(super) fn attempts(
    snapshot: &Snapshot,
    taken: Option<&Taken>,
    records: &[AttemptRecord],
) -> Vec<ExplainedAttempt> {
    records
        .iter()
        .map(|record| {
            let mut trunks = snapshot.egress_trunks().iter();
            let trunk = trunks.find(|trunk| trunk.resource.id == record.egress_trunk.id);
            let made = trunk
                .zip(taken)
                .map(|(trunk, taken)| made(snapshot, trunk, taken, record));
            let (is_same, steps) = made.unwrap_or_default();
            ExplainedAttempt {
                number: record.number,
                carrier: Arc::clone(&record.carrier.name),
                trunk: Arc::clone(&record.egress_trunk.name),
                called: Arc::clone(&record.called_number_sent),
                calling: Arc::clone(&record.calling_number_sent),
                is_same,
                steps,
            }
        })
        .collect()
}

/// Whether a trunk makes what was sent, and how. Whose turn it was in a pool is told by the number itself.
fn made(
    snapshot: &Snapshot,
    trunk: &EgressTrunk,
    taken: &Taken,
    record: &AttemptRecord,
) -> (bool, Vec<ExplainedStep>) {
    let (first, refused) = sent(snapshot, trunk, taken, KnownTurn::Lost);
    let is_sent = |calling: &str| *calling == *record.calling_number_sent;
    let is_called = refused.is_none() && *first.called == *record.called_number_sent;
    let turn = match &first.calling {
        Some(calling) => return (is_called && is_sent(calling), first.steps),
        None => (0..CliRules::POOL_MAX as u32).find(|turn| {
            let numbers = numbers_at(trunk, taken, *turn);
            is_sent(&trunk.calling_sent(&numbers.calling))
        }),
    };
    match turn {
        Some(turn) => {
            let (sent, _) = sent(snapshot, trunk, taken, KnownTurn::Of(turn));
            (is_called, sent.steps)
        }
        None => (false, first.steps),
    }
}

/// The numbers after the lists and CLI rules of a carrier that takes them.
fn numbers_at(trunk: &EgressTrunk, taken: &Taken, turn: u32) -> CallNumbers {
    let mut numbers = taken.numbers.clone();
    let policy = &trunk.numbers;
    let _ = policy.pass(&mut numbers, &mut Tags::default(), |_, _| {});
    let _ = policy.present(&mut numbers, taken.draw, |_, _| turn, |_, _| {});
    numbers
}
