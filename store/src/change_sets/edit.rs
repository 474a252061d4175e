//! Making, changing and discarding change sets.

use super::{ChangeSetState, NewChangeSet, NewDraft, PUSH_JOB, Store, StoreError};
use crate::database::{MAX_BINDS, Transaction, Value, sql};
use crate::jobs::{self, NewJob};
use crate::{AuditActor, NewAuditEntry, Scope, audit};
use rating::Timestamp;

/// Drafts in one statement.
const DRAFTS_PER_STATEMENT: usize = 500;
const DRAFT_BINDS: usize = 11;
const _: () = assert!(DRAFTS_PER_STATEMENT * DRAFT_BINDS < MAX_BINDS);

/// Some changes of a change set, made at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeSetEdit {
    /// The revision that was looked at.
    pub revision: u64,
    /// When.
    pub at: Timestamp,
    /// Its name and note, when they change.
    pub rename: Option<(String, Option<String>)>,
    /// Drafts that come or take the place of others.
    pub put: Vec<NewDraft>,
    /// Drafts that go, by kind and name.
    pub remove: Vec<(String, String)>,
    /// Decks of the drafts, by hash.
    pub decks: Vec<(String, String)>,
    /// What the audit log is told.
    pub told: Vec<NewAuditEntry>,
}

impl Store {
    /// Makes a change set without drafts; gives its number.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn create_change_set(
        &self,
        scope: &Scope,
        new: &NewChangeSet,
        actor: AuditActor,
    ) -> Result<i64, StoreError> {
        let mut transaction = self.write().await?;
        let id = sql(
            "INSERT INTO change_set (owner, name, note, state, author, revision, created_at, \
             updated_at, rolls_back) VALUES ($1, $2, $3, 'draft', $4, 1, $5, $5, $6) RETURNING id",
        )
        .bind(scope.tenant().get())
        .bind(&new.name)
        .bind(new.note.clone())
        .bind(&new.author)
        .bind(new.at)
        .bind(new.rolls_back)
        .fetch_value(&mut transaction)
        .await?;
        let told = NewAuditEntry {
            change_set: Some(id),
            ..NewAuditEntry::new(scope.tenant(), new.at, actor, "change_set.create")
        };
        let told = told.on("change_set", Some(id), &new.name);
        audit::append(&mut transaction, &[told]).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Changes a change set whose drafts may be changed; one that failed is a draft again. Gives
    /// its new revision.
    ///
    /// # Errors
    /// [`StoreError::ChangeSetChanged`] when it has another revision or is not open, and
    /// [`StoreError::Query`]; nothing has changed then.
    pub async fn edit_change_set(
        &self,
        scope: &Scope,
        id: i64,
        edit: &ChangeSetEdit,
    ) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let revision = touch(&mut transaction, scope, id, edit).await?;
        if let Some((name, note)) = &edit.rename {
            sql("UPDATE change_set SET name = $1, note = $2 WHERE id = $3")
                .bind(name)
                .bind(note.clone())
                .bind(id)
                .execute(&mut transaction)
                .await?;
        }
        for (hash, content) in &edit.decks {
            sql(
                "INSERT INTO deck (hash, content, created_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (hash) DO NOTHING",
            )
            .bind(hash)
            .bind(content)
            .bind(edit.at)
            .execute(&mut transaction)
            .await?;
        }
        remove(&mut transaction, id, edit).await?;
        put(&mut transaction, id, edit).await?;
        audit::append(&mut transaction, &edit.told).await?;
        transaction.commit().await?;
        Ok(revision)
    }

    /// Discards a change set that is not in force, with its drafts, and the decks that nothing
    /// else has.
    ///
    /// # Errors
    /// [`StoreError::ChangeSetChanged`] when it was pushed, and [`StoreError::Query`].
    pub async fn discard_change_set(
        &self,
        scope: &Scope,
        id: i64,
        told: &NewAuditEntry,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let mut decks = sql(
            "SELECT DISTINCT d.deck_hash FROM change_set_draft d JOIN change_set c \
             ON c.id = d.change_set_id WHERE d.deck_hash IS NOT NULL AND c.id = ",
        );
        decks.push_bind(id).push(" AND c.owner = ");
        decks.push_bind(scope.tenant().get());
        let decks = decks.fetch_all(&mut transaction).await?;
        let deleted: Option<i64> = sql("DELETE FROM change_set WHERE id = $1 AND owner = $2 \
             AND state IN ('draft', 'failed', 'scheduled') RETURNING revision")
        .bind(id)
        .bind(scope.tenant().get())
        .fetch_optional_value(&mut transaction)
        .await?;
        let Some(revision) = deleted else {
            return Err(StoreError::ChangeSetChanged { id });
        };
        cancel_push(&mut transaction, id, revision.unsigned_abs(), told.at).await?;
        for row in &decks {
            let hash: String = row.get(0)?;
            sql("DELETE FROM deck WHERE hash = $1 \
                 AND NOT EXISTS (SELECT 1 FROM resource_version WHERE deck_hash = $1) \
                 AND NOT EXISTS (SELECT 1 FROM change_set_draft WHERE deck_hash = $1)")
            .bind(hash)
            .execute(&mut transaction)
            .await?;
        }
        audit::append(&mut transaction, std::slice::from_ref(told)).await?;
        transaction.commit().await
    }

    /// Has a change set pushed at a time, by a job. Gives its new revision.
    ///
    /// # Errors
    /// As [`edit_change_set`](Self::edit_change_set).
    pub async fn schedule_change_set(
        &self,
        scope: &Scope,
        id: i64,
        revision: u64,
        push_at: Timestamp,
        told: &NewAuditEntry,
    ) -> Result<u64, StoreError> {
        let now = told.at;
        let mut transaction = self.write().await?;
        let updated: Option<i64> = sql(
            "UPDATE change_set SET state = 'scheduled', push_at = $1, scheduled_by = $2, \
             failure = NULL, revision = revision + 1, updated_at = $3 \
             WHERE id = $4 AND owner = $5 AND revision = $6 AND state IN ('draft', 'failed') \
             RETURNING revision",
        )
        .bind(push_at)
        .bind(&told.actor.name)
        .bind(now)
        .bind(id)
        .bind(scope.tenant().get())
        .bind(revision.cast_signed())
        .fetch_optional_value(&mut transaction)
        .await?;
        let revision = updated
            .ok_or(StoreError::ChangeSetChanged { id })?
            .unsigned_abs();
        let payload = serde_json::json!({ "change_set": id, "revision": revision });
        let job = NewJob {
            run_at: push_at,
            priority: 10,
            ..NewJob::new(scope.tenant(), PUSH_JOB, payload, now).unique(job_key(id, revision))
        };
        jobs::enqueue(&mut transaction, &job, now).await?;
        audit::append(&mut transaction, std::slice::from_ref(told)).await?;
        transaction.commit().await?;
        Ok(revision)
    }

    /// Makes a scheduled change set a draft again. Gives its new revision.
    ///
    /// # Errors
    /// [`StoreError::ChangeSetChanged`] when it is not scheduled, and [`StoreError::Query`].
    pub async fn unschedule_change_set(
        &self,
        scope: &Scope,
        id: i64,
        told: &NewAuditEntry,
    ) -> Result<u64, StoreError> {
        let now = told.at;
        let mut transaction = self.write().await?;
        let updated: Option<i64> = sql(
            "UPDATE change_set SET state = 'draft', push_at = NULL, scheduled_by = NULL, \
             revision = revision + 1, updated_at = $1 \
             WHERE id = $2 AND owner = $3 AND state = 'scheduled' RETURNING revision",
        )
        .bind(now)
        .bind(id)
        .bind(scope.tenant().get())
        .fetch_optional_value(&mut transaction)
        .await?;
        let revision = updated
            .ok_or(StoreError::ChangeSetChanged { id })?
            .unsigned_abs();
        cancel_push(&mut transaction, id, revision - 1, now).await?;
        audit::append(&mut transaction, std::slice::from_ref(told)).await?;
        transaction.commit().await?;
        Ok(revision)
    }
}

fn job_key(id: i64, revision: u64) -> String {
    format!("{id}.{revision}")
}

/// The job of a push that is not wanted any more need not run.
async fn cancel_push(
    transaction: &mut Transaction,
    id: i64,
    revision: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    sql("UPDATE job SET state = 'discarded', updated_at = $1 \
         WHERE kind = $2 AND unique_key = $3 AND state = 'ready'")
    .bind(now)
    .bind(PUSH_JOB)
    .bind(job_key(id, revision))
    .execute(transaction)
    .await?;
    Ok(())
}

/// Counts the revision up, when it is the one that is meant.
async fn touch(
    transaction: &mut Transaction,
    scope: &Scope,
    id: i64,
    edit: &ChangeSetEdit,
) -> Result<u64, StoreError> {
    let open = ChangeSetState::ALL.into_iter();
    let open = open.filter(|state| state.is_open());
    let mut update = sql("UPDATE change_set SET state = 'draft', failure = NULL, \
         revision = revision + 1, updated_at = ");
    update.push_bind(edit.at);
    update.push(" WHERE id = ").push_bind(id);
    update.push(" AND owner = ").push_bind(scope.tenant().get());
    update
        .push(" AND revision = ")
        .push_bind(edit.revision.cast_signed());
    update.push(" AND state IN (");
    update.push_list(open.map(ChangeSetState::as_str));
    update.push(") RETURNING revision");
    let revision: Option<i64> = update.fetch_optional_value(transaction).await?;
    revision
        .map(i64::unsigned_abs)
        .ok_or(StoreError::ChangeSetChanged { id })
}

async fn remove(
    transaction: &mut Transaction,
    id: i64,
    edit: &ChangeSetEdit,
) -> Result<(), StoreError> {
    let gone = edit.remove.iter();
    let gone = gone.map(|(kind, name)| (kind.as_str(), name.as_str()));
    let replaced = edit.put.iter().map(|draft| (&*draft.kind, &*draft.name));
    let gone: Vec<_> = gone.chain(replaced).collect();
    for chunk in gone.chunks(DRAFTS_PER_STATEMENT) {
        let mut delete = sql("DELETE FROM change_set_draft WHERE change_set_id = ");
        delete.push_bind(id).push(" AND (kind, name) IN (");
        delete.push_rows(chunk, |(kind, name)| [(*kind).into(), (*name).into()]);
        delete.push(")");
        delete.execute(&mut *transaction).await?;
    }
    Ok(())
}

async fn put(
    transaction: &mut Transaction,
    id: i64,
    edit: &ChangeSetEdit,
) -> Result<(), StoreError> {
    for chunk in edit.put.chunks(DRAFTS_PER_STATEMENT) {
        let mut insert = sql(
            "INSERT INTO change_set_draft (change_set_id, kind, name, resource_id, base_version, \
             new_name, content, deck_hash, note, author, updated_at) ",
        );
        insert.push_rows(chunk, |draft| values(id, draft, edit.at));
        insert.execute(&mut *transaction).await?;
    }
    Ok(())
}

fn values(id: i64, draft: &NewDraft, at: Timestamp) -> [Value; DRAFT_BINDS] {
    let content = draft.content.as_ref().map(serde_json::Value::to_string);
    [
        id.into(),
        (&draft.kind).into(),
        (&draft.name).into(),
        draft.resource_id.into(),
        draft.base_version.map(u64::cast_signed).into(),
        (&draft.new_name).into(),
        content.into(),
        draft.deck_hash.clone().into(),
        draft.note.clone().into(),
        (&draft.author).into(),
        at.into(),
    ]
}
