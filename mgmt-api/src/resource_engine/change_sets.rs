//! Change sets: changes that wait as drafts until they are pushed together.

mod drafted;
mod merge;
mod rebase;
mod rollback;

pub(crate) use drafted::{draft_of_row, whole_of_base, whole_of_draft};
pub(crate) use merge::Prefer;
pub(crate) use rebase::is_stale;
pub(crate) use rollback::LaterChanges;

use super::draft::Draft;
use super::plan::{DeckText, Step, check_each, masked};
use super::push::{Push, PushOrigin, Pushed};
use super::{Configuration, ConfigurationError, audit, authority, blocking};
use crate::clock;
use crate::routes::apply::{Change, ChangeAction};
use crate::switch_port::SwitchPort;
use store::{ChangeSetEdit, ChangeSetPush, ChangeSetRow, DraftQuery, NewDraft, Scope};

/// Most drafts of one change set.
pub(crate) const DRAFTS_MAX: u64 = 100_000;

/// What became of changes that were put into a change set.
#[derive(Clone, Debug)]
pub(crate) struct Drafted {
    pub(crate) change_set: i64,
    pub(crate) revision: u64,
    pub(crate) changes: Vec<Change>,
}

impl Configuration {
    /// Puts drafts into a change set as it was looked at. A draft that would change nothing goes,
    /// if there is one.
    ///
    /// # Errors
    /// [`ConfigurationError`]; nothing has changed then.
    pub(crate) async fn draft(
        &self,
        origin: &PushOrigin,
        change_set: &ChangeSetRow,
        drafts: Vec<Draft>,
        decks: Vec<DeckText>,
    ) -> Result<Drafted, ConfigurationError> {
        if !change_set.state.is_open() {
            return Err(ConfigurationError::NotOpen(change_set.state));
        }
        let base = self.current();
        let texts = self.texts(&base, origin.scope, &drafts, &decks).await?;
        let owner = origin.scope.tenant();
        let asked = drafts.clone();
        let steps = blocking(move || {
            check_each(base, owner, asked, &texts).map_err(ConfigurationError::Faults)
        })
        .await?;
        if let Some(permissions) = &origin.permissions {
            let changed = steps
                .iter()
                .filter(|step| step.action != ChangeAction::Unchanged);
            authority::check_writes(permissions, changed)?;
        }
        let changes = steps.iter().filter_map(Step::change).collect();
        let mut edit = ChangeSetEdit {
            revision: change_set.revision,
            at: clock::now(),
            ..ChangeSetEdit::default()
        };
        for (step, mut draft) in steps.iter().zip(drafts) {
            if let (Some(content), Some(spec)) = (&mut draft.content, &step.spec) {
                // With all defaults, as versions have it, so that the two can be compared.
                content.spec = spec.clone();
                masked(draft.kind, &mut content.spec);
            }
            if step.action == ChangeAction::Unchanged {
                edit.remove.push((draft.kind.to_string(), draft.name));
            } else {
                let id = step.before.as_ref().map(|before| before.id);
                edit.put.push(kept(&origin.author, draft, id));
            }
        }
        if change_set.drafts + edit.put.len() as u64 > DRAFTS_MAX {
            return Err(ConfigurationError::TooManyDrafts);
        }
        let used: Vec<_> = edit
            .put
            .iter()
            .filter_map(|draft| draft.deck_hash.as_deref())
            .collect();
        edit.decks = decks
            .iter()
            .filter(|deck| used.contains(&&*deck.hash))
            .map(|deck| (deck.hash.clone(), deck.content.to_string()))
            .collect();
        let revision = self.edited(origin, change_set, edit).await?;
        Ok(Drafted {
            change_set: change_set.id,
            revision,
            changes,
        })
    }

    /// Takes drafts out of a change set.
    ///
    /// # Errors
    /// [`ConfigurationError`]; nothing has changed then.
    pub(crate) async fn withdraw(
        &self,
        origin: &PushOrigin,
        change_set: &ChangeSetRow,
        drafts: Vec<(String, String)>,
    ) -> Result<u64, ConfigurationError> {
        if !change_set.state.is_open() {
            return Err(ConfigurationError::NotOpen(change_set.state));
        }
        let edit = ChangeSetEdit {
            revision: change_set.revision,
            at: clock::now(),
            remove: drafts,
            ..ChangeSetEdit::default()
        };
        self.edited(origin, change_set, edit).await
    }

    /// Makes an edit last, and tells the audit log.
    async fn edited(
        &self,
        origin: &PushOrigin,
        change_set: &ChangeSetRow,
        mut edit: ChangeSetEdit,
    ) -> Result<u64, ConfigurationError> {
        let (id, name) = (change_set.id, &*change_set.name);
        let told = audit::of_change_set(origin, "change_set.edit", id, name, edit.at);
        let drafts = audit::of_drafts(&edit.put, &edit.remove);
        edit.told.push(told.values(None, Some(drafts)));
        let edited = self.store.edit_change_set(&origin.scope, id, &edit);
        Ok(edited.await?)
    }

    /// Makes all drafts of a change set take effect at once, in the state and revision that it was
    /// looked at.
    ///
    /// # Errors
    /// [`ConfigurationError`]; nothing of it is in force then. When the switch did not take it, it
    /// has failed; otherwise it is as it was.
    pub(crate) async fn push_change_set(
        &self,
        origin: &PushOrigin,
        change_set: &ChangeSetRow,
        switch: &dyn SwitchPort,
    ) -> Result<Pushed, ConfigurationError> {
        let _changing = self.changing.lock().await;
        let push = self.push_of(&origin.scope, change_set).await?;
        let pushed = self.push_alone(origin, push, switch).await;
        if let Err(error @ ConfigurationError::NotPublished { .. }) = &pushed {
            self.failed(change_set, &error.to_string()).await;
        }
        pushed
    }

    /// Whether somebody may have a change set pushed later, when nobody is there to be asked.
    ///
    /// # Errors
    /// [`ConfigurationError::NotAllowed`], or of the database.
    pub(crate) async fn may_schedule(
        &self,
        origin: &PushOrigin,
        change_set: &ChangeSetRow,
    ) -> Result<(), ConfigurationError> {
        let push = self.push_of(&origin.scope, change_set).await?;
        match &origin.permissions {
            Some(permissions) => authority::check_drafts(permissions, &push.drafts),
            None => Ok(()),
        }
    }

    /// Notes that the push of a change set has failed.
    pub(crate) async fn failed(&self, change_set: &ChangeSetRow, reason: &str) {
        let push = ChangeSetPush {
            id: change_set.id,
            revision: change_set.revision,
        };
        let noted = self.store.change_set_failed(push, reason, clock::now());
        if let Err(error) = noted.await {
            tracing::error!(%error, change_set = push.id, "a failed push is not noted");
        }
    }

    /// All drafts of a change set, to be pushed.
    pub(super) async fn push_of(
        &self,
        scope: &Scope,
        change_set: &ChangeSetRow,
    ) -> Result<Push, ConfigurationError> {
        let query = DraftQuery::default();
        let rows = self.store.drafts(scope, change_set.id, &query).await?;
        let drafts = rows.into_iter().map(|row| draft_of_row(row.draft));
        Ok(Push {
            drafts: drafts.collect::<Result<_, _>>()?,
            note: change_set
                .note
                .clone()
                .or_else(|| Some(change_set.name.clone())),
            change_set: Some(ChangeSetPush {
                id: change_set.id,
                revision: change_set.revision,
            }),
            ..Push::default()
        })
    }
}

/// A draft as the database keeps it.
pub(super) fn kept(author: &str, draft: Draft, resource_id: Option<i64>) -> NewDraft {
    let content = draft.content.as_ref();
    NewDraft {
        kind: draft.kind.to_string(),
        resource_id: resource_id.or(draft.revives),
        base_version: draft.base_version,
        new_name: content.map_or_else(|| draft.name.clone(), |content| content.name.clone()),
        content: content.and_then(|content| serde_json::to_value(content).ok()),
        deck_hash: content.and_then(|content| content.deck_hash.clone()),
        note: draft.note,
        author: author.to_owned(),
        name: draft.name,
    }
}
