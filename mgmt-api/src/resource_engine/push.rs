//! The way of a change into force, and back when the switch does not take it.
//!
//! The database is the truth. A push is one transaction: the versions, the audit entry and the
//! state of the change set. Then calls get the compiled snapshot. A process that dies before the
//! commit has changed nothing; one that dies after it starts with the new configuration. When the
//! switch refuses the snapshot, a second push writes what was before.

mod write;

use super::current::CurrentSet;
use super::draft::{Content, Draft};
use super::events::{ConfigurationChanged, ResourceChanged};
use super::plan::{DeckText, DeckTexts, Plan, Step, plan};
use super::sealing::{forgotten, write_secrets};
use super::{
    Configuration, ConfigurationError, audit, authority, blocking, compile, listeners, stored,
};
use crate::access::PermissionSet;
use crate::auth::Principal;
use crate::clock;
use crate::events::PushFacts;
use crate::routes::apply::Change;
use crate::switch_port::{PublishError, SwitchPort};
use resources::ResourceKind;
use routing_engine::Snapshot;
use std::sync::{Arc, PoisonError};
use store::{AuditActor, ChangeSetPush, ConfigurationChange, Scope, SealedSecret};

/// Who changes what is whose, and from where.
#[derive(Clone, Debug)]
pub(crate) struct PushOrigin {
    pub(crate) scope: Scope,
    pub(crate) author: String,
    /// The same, as the audit log tells it.
    pub(crate) actor: AuditActor,
    /// What they may put in force; `None`: the switch does it, by leave that was given before.
    pub(crate) permissions: Option<PermissionSet>,
}

/// What is to be in force.
#[derive(Clone, Debug, Default)]
pub(crate) struct Push {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) decks: Vec<DeckText>,
    /// Why; of each version that has no note of its own.
    pub(crate) note: Option<String>,
    /// The change set that the drafts are of.
    pub(crate) change_set: Option<ChangeSetPush>,
    /// It puts back what was in force, whatever became of the node since.
    pub(crate) restores: bool,
}

/// What a push did, or would do.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    /// The configuration that calls use after it.
    pub(crate) number: u64,
    pub(crate) changes: Vec<Change>,
}

/// A configuration that is written and compiled, and not yet kept.
struct Written {
    number: u64,
    planned: Plan,
    snapshot: Arc<Snapshot>,
    told: Arc<[ResourceChanged]>,
    write: store::ConfigurationWrite,
}

/// Whether who pushes may, and the switch can do what is pushed.
fn allow(
    origin: &PushOrigin,
    push: &Push,
    planned: &Plan,
    switch: &dyn SwitchPort,
) -> Result<(), ConfigurationError> {
    if let Some(permissions) = &origin.permissions {
        authority::check(permissions, planned)?;
    }
    match push.restores {
        true => Ok(()),
        false => listeners::check(planned, &switch.status().listeners),
    }
}

impl PushOrigin {
    pub(crate) fn new(principal: &Principal) -> Self {
        Self {
            scope: principal.scope(),
            author: principal.name.clone(),
            actor: principal.actor(),
            permissions: Some(principal.permissions().clone()),
        }
    }
}

impl Push {
    pub(crate) fn of(drafts: Vec<Draft>, decks: Vec<DeckText>) -> Self {
        Self {
            drafts,
            decks,
            ..Self::default()
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
        push: Push,
        switch: &dyn SwitchPort,
    ) -> Result<Pushed, ConfigurationError> {
        let _changing = self.changing.lock().await;
        self.push_alone(&origin, push, switch).await
    }

    /// As [`push`](Self::push), for who holds the lock.
    pub(super) async fn push_alone(
        &self,
        origin: &PushOrigin,
        push: Push,
        switch: &dyn SwitchPort,
    ) -> Result<Pushed, ConfigurationError> {
        let change_set = push.change_set;
        let (base, written) = match self.written(origin, push, switch).await? {
            Ok(written) => written,
            Err(unchanged) => return Ok(unchanged),
        };
        let (number, snapshot) = (written.number, written.snapshot);
        let changes = written.planned.changes();
        let told = written.told;
        let inverse = inverse(&written.planned);
        let forgotten = forgotten(&written.planned);
        written.write.commit().await?;
        self.keep(number, base, written.planned);
        if let Err(refused) = put_live(switch, snapshot).await {
            let reason = refused.to_string();
            self.undo(origin, number, inverse, &reason, switch).await;
            return Err(ConfigurationError::NotPublished { reason });
        }
        // Only now: a push that is undone needs them again. What is left by a crash opens nothing.
        if let Err(error) = self.store.forget_secrets(&origin.scope, &forgotten).await {
            tracing::warn!(%error, "secrets that nothing refers to are still kept");
        }
        if let Some(push) = change_set {
            // It is in force. When this cannot be written, the next start does.
            if let Err(error) = self.store.change_set_in_force(push.id).await {
                tracing::warn!(%error, change_set = push.id, "the push is not noted as done");
            }
        }
        tracing::info!(
            snapshot_number = number,
            author = origin.author,
            "configuration changed"
        );
        self.events.send(ConfigurationChanged {
            number,
            tenant: origin.scope.tenant(),
            author: origin.author.as_str().into(),
            change_set: change_set.map(|push| push.id),
            changes: told,
        });
        Ok(Pushed { number, changes })
    }

    /// Plans, writes and compiles; what would change nothing ends here.
    async fn written(
        &self,
        origin: &PushOrigin,
        push: Push,
        switch: &dyn SwitchPort,
    ) -> Result<Result<(Arc<CurrentSet>, Written), Pushed>, ConfigurationError> {
        let base = self.current();
        let (mut planned, sealed) = self.planned(&base, origin.scope, &push).await?;
        let in_use = switch.snapshot();
        let unchanged = Pushed {
            number: in_use.number(),
            changes: planned.changes(),
        };
        if planned.changed().next().is_none() && push.change_set.is_none() {
            return Ok(Err(unchanged));
        }
        allow(origin, &push, &planned, switch)?;
        let opened = self.opened(planned.proposed.iter(), &sealed).await?;
        let (at, change_set) = (clock::now(), push.change_set.map(|push| push.id));
        let change = ConfigurationChange {
            author: origin.author.clone(),
            at,
            note: push.note,
            change_set,
        };
        let mut write = self.store.begin_configuration(change).await?;
        let number = write.number();
        if number != base.number() + 1 {
            drop(write);
            return Err(self.read_again(switch).await);
        }
        if let Some(change_set) = push.change_set {
            write.push_change_set(&origin.scope, change_set).await?;
        }
        write::write_plan(&mut write, &origin.scope, &mut planned, &push.decks).await?;
        write_secrets(&mut write, &sealed, at).await?;
        let (planned, snapshot) = blocking(move || {
            let proposed = planned.proposed.iter();
            let snapshot = compile::snapshot(number, proposed, &opened, Some(&in_use))?;
            Ok((planned, Arc::new(snapshot)))
        })
        .await?;
        let mut audited = audit::entries(origin, &planned, number, change_set, at);
        if let Some(id) = change_set {
            audited.push(audit::of_push(origin, id, number, at));
        }
        write.append_audit(&audited).await?;
        let told: Arc<[_]> = planned.changed().filter_map(Step::told).collect();
        let facts = PushFacts {
            tenant: origin.scope.tenant(),
            author: &origin.author,
            number,
            change_set,
        };
        write.append_events(&facts.events(&told), at).await?;
        let written = Written {
            number,
            planned,
            snapshot,
            told,
            write,
        };
        Ok(Ok((base, written)))
    }

    /// The configuration as it would be, and the secrets to be written with it.
    pub(super) async fn planned(
        &self,
        base: &Arc<CurrentSet>,
        scope: Scope,
        push: &Push,
    ) -> Result<(Plan, Vec<SealedSecret>), ConfigurationError> {
        let mut drafts = push.drafts.clone();
        let sealed = self.seal(base, &scope, &mut drafts).await?;
        let texts = self.texts(base, scope, &drafts, &push.decks).await?;
        let base = Arc::clone(base);
        let planned = blocking(move || {
            plan(base, scope.tenant(), drafts, &texts).map_err(ConfigurationError::Faults)
        });
        Ok((planned.await?, sealed))
    }

    /// Writes what was before a configuration that the switch did not take. The number goes on:
    /// the past shows both.
    async fn undo(
        &self,
        origin: &PushOrigin,
        number: u64,
        inverse: Vec<Draft>,
        reason: &str,
        switch: &dyn SwitchPort,
    ) {
        let push = Push {
            note: Some(format!(
                "Automatic rollback of configuration {number}: {reason}"
            )),
            restores: true,
            ..Push::of(inverse, Vec::new())
        };
        let origin = PushOrigin {
            permissions: None,
            ..origin.clone()
        };
        let undone = async {
            let Ok((base, written)) = self.written(&origin, push, switch).await? else {
                return Ok(());
            };
            written.write.commit().await?;
            let snapshot = written.snapshot;
            self.keep(written.number, base, written.planned);
            // Calls use what is equal to this already; the number is all that could be new.
            if let Err(error) = put_live(switch, snapshot).await {
                tracing::error!(%error, "calls go on with the number of the configuration before");
            }
            Ok::<(), ConfigurationError>(())
        };
        match undone.await {
            Ok(()) => tracing::warn!(snapshot_number = number, reason, "a push was rolled back"),
            Err(error) => tracing::error!(
                snapshot_number = number,
                reason,
                %error,
                "a push that the switch did not take cannot be rolled back: \
                 it comes into force at the next start"
            ),
        }
    }

    /// Makes the set in memory that of the database.
    fn keep(&self, number: u64, base: Arc<CurrentSet>, planned: Plan) {
        let (proposed_over, changes) = planned.proposed.into_parts();
        drop((base, proposed_over, planned.steps));
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        // Copied only when somebody looks at it at this moment.
        Arc::make_mut(&mut current).keep(number, changes);
    }

    /// Makes calls use what the database has, when they use something else.
    pub(super) async fn catch_up(&self, switch: &dyn SwitchPort) -> Result<(), ConfigurationError> {
        let _changing = self.changing.lock().await;
        let kept = self.store.configuration_number().await?;
        if kept == self.current().number() && kept == switch.snapshot().number() {
            return Ok(());
        }
        match self.read_again(switch).await {
            ConfigurationError::ChangedElsewhere => Ok(()),
            error => Err(error),
        }
    }

    /// The database has what this node has not: another node has pushed, or the answer to a commit
    /// of ours was lost. It is what the next change is judged against, and what calls are to use.
    async fn read_again(&self, switch: &dyn SwitchPort) -> ConfigurationError {
        let read = async {
            let number = self.store.configuration_number().await?;
            let set = Arc::new(stored::load(&self.store, number).await?);
            let opened = self.opened(set.iter(), &[]).await?;
            let (compiled, previous) = (Arc::clone(&set), switch.snapshot());
            let snapshot = blocking(move || {
                compile::snapshot(number, compiled.iter(), &opened, Some(&previous))
            })
            .await?;
            Ok::<_, ConfigurationError>((set, snapshot))
        };
        match read.await {
            Ok((set, snapshot)) => {
                *self.current.lock().unwrap_or_else(PoisonError::into_inner) = set;
                match put_live(switch, Arc::new(snapshot)).await {
                    Ok(()) => ConfigurationError::ChangedElsewhere,
                    Err(refused) => ConfigurationError::NotPublished {
                        reason: refused.to_string(),
                    },
                }
            }
            Err(error) => error,
        }
    }

    /// The texts of decks that have to be read: those that came, and those that the database has of
    /// cards that change otherwise.
    pub(super) async fn texts(
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
            if !draft.keeps_deck(base, scope.tenant())
                && !texts.contains_key(hash)
                && let Some(text) = self.store.deck(hash).await?
            {
                texts.insert(hash.clone(), text.into());
            }
        }
        Ok(texts)
    }
}

/// The drafts that lead back to before a plan, for when it is kept.
fn inverse(planned: &Plan) -> Vec<Draft> {
    let steps = planned.changed();
    steps
        .filter_map(|step| {
            let (before, after) = (step.before.as_ref(), step.after.as_ref());
            let named = after.or(before)?;
            let gone_id = before.filter(|_| after.is_none()).map(|before| before.id);
            // The version that the database gave stands in the set, not in the step.
            let kept = planned.proposed.get(&named.key).filter(|_| after.is_some());
            Some(Draft {
                kind: named.key.kind,
                name: named.key.name.to_string(),
                base_version: kept.map(|kept| kept.version),
                revives: gone_id,
                // With the secrets of then: nothing has forgotten them yet.
                content: before.map(|before| Content {
                    spec: before.spec.to_value(),
                    ..Content::of_entry(before)
                }),
                note: None,
            })
        })
        .collect()
}

/// Makes a configuration the one that new calls use, as soon as what it needs is looked up.
async fn put_live(switch: &dyn SwitchPort, snapshot: Arc<Snapshot>) -> Result<(), PublishError> {
    switch.prepare(Arc::clone(&snapshot)).await;
    switch.publish(snapshot)
}

impl Plan {
    /// What is told of the steps.
    pub(super) fn changes(&self) -> Vec<Change> {
        self.steps.iter().filter_map(Step::change).collect()
    }
}

impl Step {
    pub(super) fn change(&self) -> Option<Change> {
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
