//! Secrets of resources: sealed on their way in, opened for the snapshot that calls read.
//!
//! A spec holds the identifier of a secret, the database its ciphertext, and this process its text,
//! so that a call never waits for a key. A text that is the same as the one kept is not sealed
//! again: what is applied twice changes nothing.

use super::current::{CurrentSet, Entry, Key};
use super::draft::Draft;
use super::plan::{Fault, MASKED, Plan};
use super::{Configuration, ConfigurationError};
use crate::secrets::{SecretBox, SecretText};
use resources::{Problem, Secret};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};
use store::{ConfigurationWrite, Scope, SealedSecret, Store, TenantId};

/// The texts of secrets by their identifiers.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenedSecrets(HashMap<String, SecretText>);

/// What drafts brought.
#[derive(Debug, Default)]
pub(super) struct NewSecrets {
    /// To be written with the resources that name them.
    sealed: Vec<SealedSecret>,
    opened: OpenedSecrets,
}

impl OpenedSecrets {
    /// Those of all resources in force.
    ///
    /// # Errors
    /// When one is missing or does not open: the switch must not run with half of its passwords.
    pub(super) async fn load(
        store: &Store,
        secrets: &SecretBox,
        set: &CurrentSet,
    ) -> Result<Self, ConfigurationError> {
        let mut opened = HashMap::new();
        for entry in set.iter() {
            for id in identifiers(entry) {
                let scope = Scope::of_tenant(entry.key.owner);
                let sealed = store.secret(&scope, &id).await?;
                let sealed = sealed.ok_or_else(|| ConfigurationError::Stored {
                    kind: entry.key.kind.to_string(),
                    name: entry.key.name.to_string(),
                    reason: format!("its secret {id} is gone"),
                })?;
                opened.insert(id, secrets.unseal(&sealed)?);
            }
        }
        Ok(Self(opened))
    }

    /// The text of a secret.
    pub(super) fn text(&self, id: &str) -> Option<&SecretText> {
        self.0.get(id)
    }

    /// These with the new ones, and without those that are gone.
    pub(super) fn with(&self, new: &NewSecrets, gone: &BTreeSet<String>) -> Self {
        let mut opened = self.0.clone();
        opened.extend(new.opened.0.clone());
        opened.retain(|id, _| !gone.contains(id));
        Self(opened)
    }
}

impl Configuration {
    /// Seals the texts that drafts bring, and puts the identifiers in their places.
    ///
    /// # Errors
    /// [`ConfigurationError::Faults`] for a text that is too long or empty; else a master key is
    /// missing.
    pub(super) fn seal(
        &self,
        base: &CurrentSet,
        owner: TenantId,
        drafts: &mut [Draft],
    ) -> Result<NewSecrets, ConfigurationError> {
        let opened = self.opened();
        let mut sealer = Sealer {
            secrets: &self.secrets,
            owner,
            opened: &opened,
            new: NewSecrets::default(),
            faults: Vec::new(),
        };
        for draft in drafts {
            let key = Key::new(owner, draft.kind, &draft.name);
            sealer.take(draft, base.get(&key).map(Arc::as_ref))?;
        }
        match sealer.faults.is_empty() {
            true => Ok(sealer.new),
            false => Err(ConfigurationError::Faults(sealer.faults)),
        }
    }

    pub(super) fn opened(&self) -> Arc<OpenedSecrets> {
        // Only whole maps are put in, so a panic elsewhere leaves nothing broken.
        Arc::clone(&self.opened.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn keep_opened(&self, opened: OpenedSecrets) {
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(opened);
    }
}

struct Sealer<'s> {
    secrets: &'s SecretBox,
    owner: TenantId,
    opened: &'s OpenedSecrets,
    new: NewSecrets,
    faults: Vec<Fault>,
}

impl Sealer<'_> {
    fn take(
        &mut self,
        draft: &mut Draft,
        before: Option<&Entry>,
    ) -> Result<(), ConfigurationError> {
        let kind = draft.kind;
        let Some(content) = &mut draft.content else {
            return Ok(());
        };
        let kept = before.map(stored_by_path).unwrap_or_default();
        let mut failure = None;
        kind.replace_secrets(&mut content.spec, |path, text| {
            if text == MASKED || failure.is_some() {
                return text.to_owned();
            }
            if !(1..=Secret::CHARS_MAX).contains(&text.chars().count()) {
                let message = format_args!("needs 1 to {} characters", Secret::CHARS_MAX);
                let problem = Problem::in_field(path, message).of(kind, &content.name);
                self.faults.push(Fault::Invalid(problem));
                return MASKED.to_owned();
            }
            self.stored(text, kept.get(path)).unwrap_or_else(|error| {
                failure = Some(error);
                MASKED.to_owned()
            })
        });
        failure.map_or(Ok(()), Err)
    }

    /// The text as the spec holds it. Whatever was written is a text: nobody names a secret by its
    /// identifier.
    fn stored(&mut self, text: &str, kept: Option<&String>) -> Result<String, ConfigurationError> {
        let same = kept.filter(|id| {
            self.opened
                .text(id)
                .is_some_and(|known| known.expose() == text)
        });
        if let Some(id) = same {
            return Ok(Secret::stored(id).expose().to_owned());
        }
        let text = SecretText::new(text);
        let sealed = self.secrets.seal(self.owner, &text)?;
        let stored = Secret::stored(&sealed.id).expose().to_owned();
        self.new.opened.0.insert(sealed.id.clone(), text);
        self.new.sealed.push(sealed);
        Ok(stored)
    }
}

impl NewSecrets {
    /// Writes them, and forgets those that no resource names after the plan; which they are.
    pub(super) async fn write(
        &self,
        write: &mut ConfigurationWrite,
        scope: &Scope,
        plan: &Plan,
    ) -> Result<BTreeSet<String>, ConfigurationError> {
        for sealed in &self.sealed {
            write.put_secret(sealed).await?;
        }
        let gone = gone(plan);
        for id in &gone {
            write.delete_secret(scope, id).await?;
        }
        Ok(gone)
    }
}

/// The secrets that are named before a plan and not after it.
fn gone(plan: &Plan) -> BTreeSet<String> {
    let of = |entry: Option<&Arc<Entry>>| entry.map(|entry| identifiers(entry)).unwrap_or_default();
    let before = plan.changed().flat_map(|step| of(step.before.as_ref()));
    let after: BTreeSet<String> = plan
        .changed()
        .flat_map(|step| of(step.after.as_ref()))
        .collect();
    before.filter(|id| !after.contains(id)).collect()
}

fn identifiers(entry: &Entry) -> Vec<String> {
    stored_by_path(entry).into_values().collect()
}

fn stored_by_path(entry: &Entry) -> BTreeMap<String, String> {
    let kind = entry.key.kind;
    // Most kinds have none, and their specs need not be written out.
    if !kind.has_secrets() {
        return BTreeMap::new();
    }
    let mut found = BTreeMap::new();
    let mut spec: Value = entry.spec.to_value();
    kind.replace_secrets(&mut spec, |path, stored| {
        if let Some(id) = Secret::identifier_in(stored) {
            found.insert(path.to_owned(), id.to_owned());
        }
        String::new()
    });
    found
}
