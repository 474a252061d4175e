//! The way of a change into force.

use super::current::{CurrentSet, Entry, Key};
use super::draft::Draft;
use super::events::{ConfigurationChanged, ResourceChanged};
use super::plan::{DeckText, DeckTexts, Plan, Step, plan};
use super::vault::OpenedSecrets;
use super::{Configuration, ConfigurationError, audit, blocking, compile, stored};
use crate::auth::Principal;
use crate::clock;
use crate::events::PushFacts;
use crate::routes::apply::Change;
use crate::switch_port::SwitchPort;
use resources::ResourceKind;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use store::{AuditActor, ConfigurationChange, ConfigurationWrite, ResourceWrite, Scope, Written};

/// Who changes what is whose.
#[derive(Clone, Debug)]
pub(crate) struct PushOrigin {
    pub(crate) scope: Scope,
    pub(crate) author: String,
    /// The same, as the audit log tells it.
    pub(crate) actor: AuditActor,
}

/// What a push did, or would do.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    /// The configuration that calls use after it.
    pub(crate) number: u64,
    pub(crate) changes: Vec<Change>,
}

impl PushOrigin {
    pub(crate) fn new(principal: &Principal) -> Self {
        Self {
            scope: principal.scope(),
            author: principal.name.clone(),
            actor: principal.actor(),
        }
    }
}

impl Configuration {
    /// Makes drafts take effect, all at once.
    ///
    /// # Errors
    /// [`ConfigurationError`]; nothing has changed then.
    pub(crate) async fn push(
        &self,
        origin: PushOrigin,
        drafts: Vec<Draft>,
        decks: Vec<DeckText>,
        switch: &dyn SwitchPort,
    ) -> Result<Pushed, ConfigurationError> {
        let _changing = self.changing.lock().await;
        self.push_alone(origin, drafts, decks, false, switch).await
    }

    /// As [`push`](Self::push), for who holds the lock; of a dry run nothing remains.
    pub(super) async fn push_alone(
        &self,
        origin: PushOrigin,
        mut drafts: Vec<Draft>,
        decks: Vec<DeckText>,
        dry_run: bool,
        switch: &dyn SwitchPort,
    ) -> Result<Pushed, ConfigurationError> {
        let base = self.current();
        let brought = self.seal(&base, origin.scope.tenant(), &mut drafts)?;
        let texts = self.texts(&base, origin.scope, &drafts, &decks).await?;
        let (planned_over, owner) = (Arc::clone(&base), origin.scope.tenant());
        let mut planned = blocking(move || {
            plan(planned_over, owner, drafts, &texts).map_err(ConfigurationError::Faults)
        })
        .await?;
        let changes: Vec<_> = planned.steps.iter().filter_map(Step::change).collect();
        let in_use = switch.snapshot();
        if planned.changed().next().is_none() {
            let number = in_use.number();
            return Ok(Pushed { number, changes });
        }
        let at = clock::now();
        let change = ConfigurationChange {
            author: origin.author.clone(),
            at,
            ..ConfigurationChange::default()
        };
        let mut write = self.store.begin_configuration(change).await?;
        let number = write.number();
        if number != base.number() + 1 {
            drop(write);
            return Err(self.read_again().await);
        }
        let gone = brought.write(&mut write, &origin.scope, &planned).await?;
        write_plan(&mut write, &origin.scope, &mut planned, &decks).await?;
        let opened = self.opened().with(&brought, &gone);
        let told = audit::entries(&origin, &planned, number, None, at);
        write.append_audit(&told).await?;
        let previous = Arc::clone(&in_use);
        let (planned, opened, snapshot) = blocking(move || {
            let entries = planned.proposed.iter();
            let snapshot = compile::snapshot(number, entries, &opened, Some(&previous))?;
            Ok((planned, opened, snapshot))
        })
        .await?;
        if dry_run {
            let number = in_use.number();
            return Ok(Pushed { number, changes });
        }
        let told: Arc<[_]> = planned.changed().filter_map(Step::told).collect();
        let facts = PushFacts {
            tenant: origin.scope.tenant(),
            author: &origin.author,
            number,
            change_set: None,
        };
        write.append_events(&facts.events(&told), at).await?;
        write.commit().await?;
        self.keep(number, base, planned);
        self.keep_opened(opened);
        switch.publish(Arc::new(snapshot));
        tracing::info!(
            snapshot_number = number,
            author = origin.author,
            "configuration changed"
        );
        self.events.send(ConfigurationChanged {
            number,
            tenant: origin.scope.tenant(),
            author: origin.author.into(),
            changes: told,
        });
        Ok(Pushed { number, changes })
    }

    /// Makes the set in memory that of the database.
    fn keep(&self, number: u64, base: Arc<CurrentSet>, planned: Plan) {
        let (proposed_over, changes) = planned.proposed.into_parts();
        drop((base, proposed_over, planned.steps));
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        // Copied only when somebody looks at it at this moment.
        Arc::make_mut(&mut current).keep(number, changes);
    }

    /// Another node has pushed: what it pushed is what the next change is judged against.
    async fn read_again(&self) -> ConfigurationError {
        let read = async {
            let number = self.store.configuration_number().await?;
            let set = stored::load(&self.store, number).await?;
            let opened = OpenedSecrets::load(&self.store, &self.secrets, &set).await?;
            Ok((set, opened))
        };
        match read.await {
            Ok((set, opened)) => {
                self.keep_opened(opened);
                let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
                *current = Arc::new(set);
                ConfigurationError::ChangedElsewhere
            }
            Err(error) => error,
        }
    }

    /// The texts of decks that have to be read: those that came, and those that the database has of
    /// cards that change otherwise.
    async fn texts(
        &self,
        base: &CurrentSet,
        scope: Scope,
        drafts: &[Draft],
        decks: &[DeckText],
    ) -> Result<DeckTexts, ConfigurationError> {
        let mut texts: DeckTexts = decks
            .iter()
            .map(|deck| (deck.hash.clone(), Arc::clone(&deck.content)))
            .collect();
        for draft in drafts
            .iter()
            .filter(|draft| draft.kind == ResourceKind::RateCard)
        {
            let Some(hash) = draft.content.as_ref().and_then(|c| c.deck_hash.as_ref()) else {
                continue;
            };
            let entry = base.get(&Key::new(scope.tenant(), draft.kind, &draft.name));
            let is_same = entry.is_some_and(|entry| {
                let spec = draft.content.as_ref().map(|content| &content.spec);
                entry.deck_hash.as_ref() == Some(hash) && spec == Some(&entry.spec.to_value())
            });
            if !is_same
                && !texts.contains_key(hash)
                && let Some(text) = self.store.deck(hash).await?
            {
                texts.insert(hash.clone(), text.into());
            }
        }
        Ok(texts)
    }
}

/// Writes what changes, and gives what is new its number.
async fn write_plan(
    write: &mut ConfigurationWrite,
    scope: &Scope,
    planned: &mut Plan,
    decks: &[DeckText],
) -> Result<(), ConfigurationError> {
    let gone: Vec<i64> = planned
        .changed()
        .filter(|step| step.after.is_none())
        .filter_map(|step| step.before.as_ref().map(|before| before.id))
        .collect();
    if !gone.is_empty() {
        write.delete(scope, &gone).await?;
    }
    let (keys, writes): (Vec<Key>, Vec<ResourceWrite>) =
        planned.changed().filter_map(write_of).unzip();
    let used: BTreeMap<&str, &DeckText> = decks
        .iter()
        .map(|deck| (deck.hash.as_str(), deck))
        .collect();
    for hash in writes.iter().filter_map(|write| write.deck_hash.as_deref()) {
        if let Some(deck) = used.get(hash) {
            write.put_deck(&deck.hash, &deck.content).await?;
        }
    }
    if !writes.is_empty() {
        let written = write.put_all(scope, &writes).await?;
        for (key, written) in keys.iter().zip(written) {
            number(planned, key, written);
        }
    }
    Ok(())
}

fn write_of(step: &Step) -> Option<(Key, ResourceWrite)> {
    let (entry, spec) = (step.after.as_ref()?, step.spec.as_ref()?);
    let (kind, name) = (entry.key.kind, &*entry.key.name);
    let external_id = entry.external_id.as_deref();
    let assignment = Some(&entry.assign).filter(|assign| !assign.is_default());
    let assignment = assignment.and_then(|assign| serde_json::to_value(assign).ok());
    let write = ResourceWrite {
        id: step.before.as_ref().map(|before| before.id),
        expected_version: step.before.as_ref().map(|before| before.version),
        kind: kind.as_str().to_owned(),
        name: name.to_owned(),
        external_id: entry.external_id.clone(),
        spec: spec.clone(),
        assignment: assignment.unwrap_or_else(|| Value::Object(serde_json::Map::new())),
        deck_hash: entry.deck_hash.clone(),
        note: step.note.clone(),
        index: stored::index(kind, name, external_id, spec, &entry.assign),
    };
    Some((entry.key.clone(), write))
}

fn number(planned: &mut Plan, key: &Key, written: Written) {
    if let Some(Some(entry)) = planned.proposed.changes_mut().get_mut(key) {
        let numbered = Entry {
            id: written.id,
            version: written.version,
            ..Entry::clone(entry)
        };
        *entry = Arc::new(numbered);
    }
}

impl Step {
    fn change(&self) -> Option<Change> {
        let key = self.key()?;
        Some(Change {
            kind: key.kind.to_string(),
            name: key.name.to_string(),
            action: self.action,
            differences: self.differences.clone(),
        })
    }

    fn told(&self) -> Option<ResourceChanged> {
        let key = self.key()?;
        let before = self.before.as_ref().map(|before| &before.key.name);
        Some(ResourceChanged {
            kind: key.kind,
            name: Arc::clone(&key.name),
            previous_name: before.filter(|name| **name != key.name).cloned(),
            action: self.action,
        })
    }
}
