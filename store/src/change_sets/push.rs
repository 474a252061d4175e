//! The push of a change set: its state changes with what it changes.

use super::{Store, StoreError};
use crate::database::sql;
use crate::events::{self, NewEvent};
use crate::{ConfigurationWrite, Scope, TenantId};
use rating::Timestamp;

/// A change set that a configuration is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeSetPush {
    /// Its number.
    pub id: i64,
    /// The revision that was planned.
    pub revision: u64,
}

impl ConfigurationWrite {
    /// Marks a change set as being pushed by this change. The one that it undoes, if any, is
    /// marked as rolled back.
    ///
    /// # Errors
    /// [`StoreError::ChangeSetChanged`] when it is not as it was planned, and
    /// [`StoreError::Query`]. The change must be dropped then.
    pub async fn push_change_set(
        &mut self,
        scope: &Scope,
        push: ChangeSetPush,
    ) -> Result<(), StoreError> {
        self.begin().await?;
        let (number, change) = (self.number(), self.change());
        let (at, author) = (change.at, change.author.clone());
        let pushed: Option<i64> = sql(
            "UPDATE change_set SET state = 'pushing', configuration = $1, pushed_at = $2, \
             pushed_by = $3, push_at = NULL, failure = NULL, revision = revision + 1, \
             updated_at = $2 WHERE id = $4 AND owner = $5 AND revision = $6 \
             AND state IN ('draft', 'failed', 'scheduled') RETURNING id",
        )
        .bind(number.cast_signed())
        .bind(at)
        .bind(author)
        .bind(push.id)
        .bind(scope.tenant().get())
        .bind(push.revision.cast_signed())
        .fetch_optional_value(&mut self.transaction)
        .await?;
        if pushed.is_none() {
            return Err(StoreError::ChangeSetChanged { id: push.id });
        }
        sql(
            "UPDATE change_set SET state = 'rolled_back', rolled_back_by = $1, updated_at = $2 \
             WHERE owner = $3 AND state = 'pushed' \
             AND id = (SELECT rolls_back FROM change_set WHERE id = $1)",
        )
        .bind(push.id)
        .bind(at)
        .bind(scope.tenant().get())
        .execute(&mut self.transaction)
        .await?;
        Ok(())
    }
}

impl Store {
    /// Notes that calls use what a change set became.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn change_set_in_force(&self, id: i64) -> Result<(), StoreError> {
        sql("UPDATE change_set SET state = 'pushed' WHERE id = $1 AND state = 'pushing'")
            .bind(id)
            .execute(self.writer())
            .await?;
        Ok(())
    }

    /// Notes that a push did not succeed, and why. What it undid is in force again. A change set
    /// of another revision that is not being pushed is left alone.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn change_set_failed(
        &self,
        push: ChangeSetPush,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let failed = sql(
            "UPDATE change_set SET state = 'failed', failure = $1, push_at = NULL, \
             configuration = NULL, pushed_at = NULL, pushed_by = NULL, \
             revision = revision + 1, updated_at = $2 \
             WHERE id = $3 AND (state = 'pushing' \
             OR (revision = $4 AND state IN ('draft', 'failed', 'scheduled'))) RETURNING owner, author",
        )
        .bind(reason)
        .bind(now)
        .bind(push.id)
        .bind(push.revision.cast_signed())
        .fetch_optional(&mut transaction)
        .await?;
        if let Some(row) = failed {
            sql(
                "UPDATE change_set SET state = 'pushed', rolled_back_by = NULL, updated_at = $1 \
                 WHERE rolled_back_by = $2",
            )
            .bind(now)
            .bind(push.id)
            .execute(&mut transaction)
            .await?;
            let event = NewEvent {
                tenant: TenantId::new(row.get(0)?),
                kind: events::PUSH_FAILED.into(),
                subject: format!("change_set/{}", push.id),
                actor: row.get(1)?,
                data: serde_json::json!({ "change_set": push.id, "reason": reason }),
            };
            events::append(&mut transaction, &[event], now).await?;
        }
        transaction.commit().await
    }

    /// Notes that pushes which a process did not bring to their end are in force: for the start,
    /// after the configuration was read from the database. Gives how many.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn settle_pushes(&self) -> Result<u64, StoreError> {
        sql("UPDATE change_set SET state = 'pushed' WHERE state = 'pushing'")
            .execute(self.writer())
            .await
    }
}
