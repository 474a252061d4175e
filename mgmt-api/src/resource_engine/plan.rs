//! From drafts to a configuration as it would be, or to all that speaks against it.

mod built;
mod currencies;
mod decks;
mod netting;
mod renames;
mod secrets;

pub(crate) use built::{built_from, would_differ};
pub(crate) use decks::{DeckReader, DeckText, DeckTexts};
pub(crate) use secrets::{MASKED, holds_secrets, is_written, masked, stored_ids};

use super::current::{CurrentSet, Entry, Key, Proposed, references};
use super::difference::entry_differences;
use super::draft::{Content, Draft};
use crate::clock;
use crate::routes::apply::{ChangeAction, Difference};
use built::Why;
use resources::{Problem, RateCard, ResourceDocument, ResourceKind, ResourceSpec};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::TenantId;

/// Most faults that are told at once.
pub(crate) const FAULTS_MAX: usize = 100;

/// A configuration as it would be.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) proposed: Proposed,
    /// The rates of cards that are built from others.
    pub(crate) built: Vec<DeckText>,
}

/// One resource before and after.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) action: ChangeAction,
    pub(crate) before: Option<Arc<Entry>>,
    pub(crate) after: Option<Arc<Entry>>,
    /// The spec after, as it is written.
    pub(crate) spec: Option<Value>,
    pub(crate) differences: Vec<Difference>,
    pub(crate) note: Option<String>,
    /// The number of a resource that is gone and is to be there again.
    pub(crate) revives: Option<i64>,
    /// Not asked for: it names a resource that gets another name.
    #[allow(
        dead_code,
        reason = "told apart in tests: the API shows such a step as any other"
    )]
    pub(crate) follows_rename: bool,
}

/// What speaks against a change.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Something is wrong with a resource, or between resources.
    Invalid(Problem),
    /// The resource is not the one that the draft was made from.
    Changed {
        /// Which.
        key: Key,
        /// The version that the draft was made from.
        base_version: Option<u64>,
        /// The version that it has.
        version: Option<u64>,
    },
    /// It was changed in two ways.
    Diverged {
        /// Which.
        key: Key,
        /// The field; empty for the whole.
        field: String,
        /// In which ways.
        message: String,
    },
    /// It would be gone, and others name it.
    Referenced {
        /// Which.
        key: Key,
        /// Who names it.
        by: Vec<Key>,
    },
}

/// Plans drafts over what is in force.
///
/// # Errors
/// All faults that are found, at most [`FAULTS_MAX`] of them.
pub(crate) fn plan(
    base: Arc<CurrentSet>,
    owner: TenantId,
    drafts: Vec<Draft>,
    texts: &DeckTexts,
) -> Result<Plan, Vec<Fault>> {
    let mut planner = Planner::new(base, owner, texts);
    let drafts = planner.current(drafts);
    let drafts = renames::follow(&planner.base, owner, drafts);
    let drafts = built::follow(&planner.base, owner, drafts);
    for (draft, why) in built::in_order(drafts) {
        planner.step(draft, why);
    }
    planner.finish()
}

/// Looks at drafts one by one, not at how they fit together: a change set may be unfinished.
///
/// # Errors
/// All faults that are found, at most [`FAULTS_MAX`] of them.
pub(crate) fn check_each(
    base: Arc<CurrentSet>,
    owner: TenantId,
    drafts: Vec<Draft>,
    texts: &DeckTexts,
) -> Result<Vec<Step>, Vec<Fault>> {
    let mut planner = Planner::new(base, owner, texts);
    let drafts = planner.current(drafts).into_iter();
    for (draft, why) in built::in_order(drafts.map(|draft| (draft, Why::Asked)).collect()) {
        planner.step(draft, why);
    }
    if planner.faults.is_empty() {
        return Ok(planner.steps);
    }
    planner.faults.truncate(FAULTS_MAX);
    Err(planner.faults)
}

struct Planner<'t> {
    base: Arc<CurrentSet>,
    owner: TenantId,
    decks: DeckReader<'t>,
    steps: Vec<Step>,
    /// The rates of cards that are built from others.
    built: Vec<DeckText>,
    faults: Vec<Fault>,
}

impl<'t> Planner<'t> {
    fn new(base: Arc<CurrentSet>, owner: TenantId, texts: &'t DeckTexts) -> Self {
        Self {
            base,
            owner,
            decks: DeckReader::new(texts),
            steps: Vec::new(),
            built: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// The drafts that are made from what is in force; the others are faults.
    fn current(&mut self, drafts: Vec<Draft>) -> Vec<Draft> {
        let mut seen = BTreeSet::new();
        let mut sound = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let key = Key::new(self.owner, draft.kind, &draft.name);
            let version = self.base.get(&key).map(|entry| entry.version);
            if version != draft.base_version {
                self.faults.push(Fault::Changed {
                    key,
                    base_version: draft.base_version,
                    version,
                });
            } else if !seen.insert(key) {
                let problem = Problem::in_field("name", "the resource is changed twice");
                let problem = problem.of(draft.kind, &draft.name);
                self.faults.push(Fault::Invalid(problem));
            } else {
                sound.push(draft);
            }
        }
        sound
    }

    fn step(&mut self, draft: Draft, why: Why) {
        let key = Key::new(self.owner, draft.kind, &draft.name);
        let before = self.base.get(&key).cloned();
        let (after, spec) = match draft.content {
            None => (None, None),
            Some(content) => match self.entry(draft.kind, content, before.as_ref(), why) {
                Ok((entry, spec)) => (Some(Arc::new(entry)), Some(spec)),
                Err(problems) => {
                    self.faults.extend(problems.into_iter().map(Fault::Invalid));
                    return;
                }
            },
        };
        let differences = entry_differences(before.as_deref(), after.as_deref());
        let action = match (&before, &after) {
            (None, _) => ChangeAction::Created,
            (Some(_), None) => ChangeAction::Deleted,
            (Some(_), Some(_)) if differences.is_empty() => ChangeAction::Unchanged,
            (Some(_), Some(_)) => ChangeAction::Updated,
        };
        if why == Why::Rebuilt && action == ChangeAction::Unchanged {
            return;
        }
        self.steps.push(Step {
            action,
            before,
            after,
            spec,
            differences,
            note: draft.note,
            revives: draft.revives,
            follows_rename: why == Why::Renamed,
        });
    }

    fn entry(
        &mut self,
        kind: ResourceKind,
        mut content: Content,
        before: Option<&Arc<Entry>>,
        why: Why,
    ) -> Result<(Entry, Value), Vec<Problem>> {
        let name = content.name.clone();
        let named = |problem: Problem| vec![problem.of(kind, &name)];
        secrets::refuse_unsealed(kind, &content.spec).map_err(|fault| named(*fault))?;
        secrets::keep_unchanged(kind, &mut content.spec, before.map(|before| &before.spec))
            .map_err(|fault| named(*fault))?;
        let spec = ResourceSpec::from_value(kind, content.spec).map_err(|fault| named(*fault))?;
        let document = ResourceDocument {
            name: content.name,
            external_id: content.external_id,
            assign: content.assign,
            spec,
        };
        let problems = document.check();
        if !problems.is_empty() {
            return Err(problems);
        }
        let hash = content.deck_hash;
        let deck = match &document.spec {
            ResourceSpec::RateCard(RateCard {
                built_from: Some(built),
                ..
            }) => self.built_deck(&document, built, hash.as_deref(), before, why),
            _ => {
                let deck = self.decks.deck(&document, hash.as_deref(), before);
                deck.map(|deck| (deck, hash))
            }
        };
        let (deck, hash) = deck.map_err(|problems| {
            let named = problems.into_iter().map(|problem| problem.of(kind, &name));
            named.collect::<Vec<_>>()
        })?;
        let key = Key::new(self.owner, kind, &document.name);
        let value = document.spec.to_value();
        let referred = references(&key, &value, &document.assign);
        let entry = Entry {
            // Below zero: the database gives the number.
            id: before.map_or_else(|| -(self.steps.len() as i64) - 1, |before| before.id),
            version: before.map_or(1, |before| before.version + 1),
            external_id: document.external_id,
            assign: document.assign,
            spec: document.spec,
            deck,
            deck_hash: hash,
            references: referred.into_iter().map(|(_, key)| key).collect(),
            key,
        };
        Ok((entry, value))
    }

    fn finish(mut self) -> Result<Plan, Vec<Fault>> {
        let proposed = self.proposed();
        if self.faults.is_empty() {
            self.check_references(&proposed);
            self.check_external_ids(&proposed);
            let faults = currencies::faults(&proposed, self.owner, clock::now());
            self.faults.extend(faults);
            self.faults.extend(netting::faults(&proposed, self.owner));
            self.faults.extend(built::faults(&proposed));
        }
        if self.faults.is_empty() {
            return Ok(Plan {
                steps: self.steps,
                proposed,
                built: self.built,
            });
        }
        self.faults.truncate(FAULTS_MAX);
        Err(self.faults)
    }

    fn proposed(&mut self) -> Proposed {
        let mut proposed = Proposed::new(Arc::clone(&self.base));
        let changed = |step: &&Step| step.action != ChangeAction::Unchanged;
        for step in self.steps.iter().filter(changed) {
            let Some(entry) = &step.after else { continue };
            let is_taken = proposed.changes().contains_key(&entry.key)
                || self.is_held_by_another(step, &entry.key);
            if is_taken {
                let message = "another resource of this kind has this name";
                let problem = Problem::in_field("name", message);
                let problem = problem.of(entry.key.kind, &entry.key.name);
                self.faults.push(Fault::Invalid(problem));
            }
            proposed.put(Arc::clone(entry));
        }
        for step in self.steps.iter().filter(changed) {
            if let Some(before) = &step.before {
                let stays = step
                    .after
                    .as_ref()
                    .is_some_and(|after| after.key == before.key);
                if !stays {
                    proposed.remove(&before.key);
                }
            }
        }
        proposed
    }

    /// Whether a resource that stays has the name that this step wants.
    fn is_held_by_another(&self, step: &Step, key: &Key) -> bool {
        let own = step
            .before
            .as_ref()
            .is_some_and(|before| before.key == *key);
        if own || self.base.get(key).is_none() {
            return false;
        }
        let gives_way = |other: &Step| {
            let held = other
                .before
                .as_ref()
                .is_some_and(|before| before.key == *key);
            held && other.after.as_ref().is_none_or(|after| after.key != *key)
        };
        !self.steps.iter().any(gives_way)
    }

    fn check_references(&mut self, proposed: &Proposed) {
        for (key, change) in proposed.changes() {
            match change {
                Some(entry) => self.faults.extend(dangling(proposed, entry)),
                None => {
                    let by: Vec<_> = proposed.referrers(key).into_iter().collect();
                    if !by.is_empty() {
                        self.faults.push(Fault::Referenced {
                            key: key.clone(),
                            by,
                        });
                    }
                }
            }
        }
    }

    fn check_external_ids(&mut self, proposed: &Proposed) {
        let mut kinds: BTreeMap<ResourceKind, BTreeSet<&str>> = BTreeMap::new();
        for step in &self.steps {
            let before = step
                .before
                .as_ref()
                .and_then(|before| before.external_id.as_deref());
            let after = step.after.as_ref();
            let Some((entry, id)) =
                after.and_then(|entry| Some((entry, entry.external_id.as_deref()?)))
            else {
                continue;
            };
            if before != Some(id) {
                kinds.entry(entry.key.kind).or_default().insert(id);
            }
        }
        for (kind, wanted) in kinds {
            let mut holders: BTreeMap<&str, &Key> = BTreeMap::new();
            for entry in proposed.of_kind(self.owner, kind) {
                let Some(id) = entry
                    .external_id
                    .as_deref()
                    .filter(|id| wanted.contains(id))
                else {
                    continue;
                };
                if let Some(other) = holders.insert(id, &entry.key) {
                    let message = format_args!("{other} has the external identifier already");
                    let problem = Problem::in_field("external_id", message);
                    let problem = problem.of(kind, &entry.key.name);
                    self.faults.push(Fault::Invalid(problem));
                }
            }
        }
    }
}

/// References of an entry that lead nowhere.
fn dangling(proposed: &Proposed, entry: &Entry) -> Vec<Fault> {
    let missing = |key: &Key| proposed.get(key).is_none();
    if !entry.references.iter().any(missing) {
        return Vec::new();
    }
    references(&entry.key, &entry.spec.to_value(), &entry.assign)
        .into_iter()
        .filter(|(_, key)| missing(key))
        .map(|(field, key)| {
            let message = format_args!("there is no {key}");
            let problem = Problem::in_field(field, message);
            Fault::Invalid(problem.of(entry.key.kind, &entry.key.name))
        })
        .collect()
}

impl Plan {
    /// The steps that change something.
    pub(crate) fn changed(&self) -> impl Iterator<Item = &Step> {
        let changed = |step: &&Step| step.action != ChangeAction::Unchanged;
        self.steps.iter().filter(changed)
    }
}

impl Step {
    /// What it is called after the change, or was before it.
    pub(crate) fn key(&self) -> Option<&Key> {
        let entry = self.after.as_ref().or(self.before.as_ref())?;
        Some(&entry.key)
    }
}

impl Fault {
    /// As a problem of the resource that cannot be as it is asked for.
    pub(crate) fn to_problem(&self) -> Problem {
        match self {
            Self::Invalid(problem) => problem.clone(),
            Self::Changed {
                key,
                base_version,
                version,
            } => {
                let message = match (base_version, version) {
                    (None, _) => "there is a resource of this name already".to_owned(),
                    (Some(_), None) => "the resource is gone".to_owned(),
                    (Some(base), Some(version)) => format!(
                        "the resource has version {version}, the change was made from {base}: \
                         look at it again"
                    ),
                };
                Problem::in_field("version", message).of(key.kind, &key.name)
            }
            Self::Diverged {
                key,
                field,
                message,
            } => {
                let problem = if field.is_empty() {
                    Problem::new(message)
                } else {
                    Problem::in_field(field, message)
                };
                problem.of(key.kind, &key.name)
            }
            Self::Referenced { key, by } => {
                let problem = Problem::new(format_args!("named by {}", listed(by)));
                problem.of(key.kind, &key.name)
            }
        }
    }
}

/// Names of resources that are written out.
const LISTED_MAX: usize = 10;

/// Some resources in words: `trunk "a", trunk "b" and 3 more`.
pub(crate) fn listed(keys: &[Key]) -> String {
    let mut names: Vec<_> = keys.iter().take(LISTED_MAX).map(Key::to_string).collect();
    if keys.len() > LISTED_MAX {
        names.push(format!("{} more", keys.len() - LISTED_MAX));
    }
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.join(""),
    }
}

#[cfg(test)]
mod tests;
