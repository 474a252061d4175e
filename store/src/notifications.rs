//! Who is told of which event, and what became of it.
//!
//! One node after the other reads the events behind a position, and writes the deliveries, their
//! jobs and their mails with the new position in one transaction ([`Store::dispatch`]): each event
//! is told once, whatever crashes.

use crate::database::{Row, Transaction, sql};
use crate::events::{self, EventRow};
use crate::jobs::{self, NewJob};
use crate::outbox::{self, NewMail};
use crate::{Scope, Store, StoreError, TenantId};
use rating::Timestamp;

/// Kind of the job that delivers a notification by a request.
pub const DELIVER_JOB: &str = "notification.deliver";

/// Longest error text that is kept, bytes.
const ERROR_BYTES_MAX: usize = 1_000;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// Its job waits or runs for the first time.
    Pending,
    /// It is delivered; a mail is in the outbox.
    Delivered,
    /// The last try failed, another will come.
    Failed,
    /// No more tries.
    Dead,
    /// It was not sent: the target is gone or was told too often.
    Suppressed,
}

/// A delivery to be made or noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// Whose it is.
    pub tenant: TenantId,
    /// Name of the target.
    pub target: String,
    /// `webhook` or `email`.
    pub channel: &'static str,
    /// Goes with each try; drawn at random.
    pub message_id: String,
    /// The event; `None` for a test.
    pub event_id: Option<i64>,
    /// Its kind.
    pub event_kind: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// With a number a job is put in that tries so often.
    pub attempts_max: Option<u32>,
    /// What happened, when it has.
    pub result: DeliveryResult,
}

/// What became of a try.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryResult {
    /// The answer's status.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u32>,
    /// Why it did not succeed.
    pub error: Option<String>,
}

/// A delivery as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its number; later deliveries have higher ones.
    pub id: i64,
    /// Whose it is.
    pub tenant: TenantId,
    /// Name of the target.
    pub target: String,
    /// `webhook` or `email`.
    pub channel: String,
    /// Goes with each try.
    pub message_id: String,
    /// The event; `None` for a test.
    pub event_id: Option<i64>,
    /// Its kind.
    pub event_kind: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Tries that were made.
    pub attempts: u32,
    /// The job that delivers it.
    pub job_id: Option<i64>,
    /// Of the last try.
    pub result: DeliveryResult,
    /// When the event was dispatched.
    pub created_at: Timestamp,
    /// When the state last changed.
    pub updated_at: Timestamp,
}

/// Which deliveries of the tenant to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryQuery {
    /// Only to this target.
    pub target: Option<String>,
    /// Only in this state.
    pub state: Option<DeliveryState>,
    /// Only of this kind of event.
    pub event_kind: Option<String>,
    /// Only with lower numbers.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Delivered,
        Self::Failed,
        Self::Dead,
        Self::Suppressed,
    ];

    /// As it is written in the table and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Suppressed => "suppressed",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

const COLUMNS: &str = "SELECT id, tenant_id, target, channel, message_id, event_id, event_kind, \
     state, attempts, job_id, status, duration_ms, error, created_at, updated_at \
     FROM notification_delivery ";

impl Store {
    /// The last event that was dispatched, and those behind it of all tenants, oldest first, at
    /// most `limit`. For the dispatcher only, which keeps tenants apart itself.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn undispatched(&self, limit: u32) -> Result<(i64, Vec<EventRow>), StoreError> {
        let position: i64 = sql("SELECT event_id FROM notification_position WHERE id = 1")
            .fetch_value(self.reader())
            .await?;
        let mut list = sql(events::COLUMNS);
        list.push("WHERE id > ").push_bind(position);
        list.push(" ORDER BY id LIMIT ").push_bind(limit);
        let rows = list.fetch_all(self.reader()).await?;
        let rows = rows.iter().map(events::event).collect::<Result<_, _>>()?;
        Ok((position, rows))
    }

    /// Writes what is to be told of the events up to `to` and moves the position there. Gives
    /// `false`, and does nothing, when another node has moved it from `from` meanwhile.
    ///
    /// # Errors
    /// [`StoreError::SecretKeyRetired`] when a mail has to be sealed anew, or [`StoreError::Query`].
    pub async fn dispatch(
        &self,
        (from, to): (i64, i64),
        deliveries: &[NewDelivery],
        mails: &[NewMail],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let moved =
            sql("UPDATE notification_position SET event_id = $1 WHERE id = 1 AND event_id = $2")
                .bind(to)
                .bind(from)
                .execute(&mut transaction)
                .await?;
        if moved == 0 {
            return Ok(false);
        }
        for delivery in deliveries {
            insert(&mut transaction, delivery, now).await?;
        }
        for mail in mails {
            outbox::queue(&mut transaction, mail, now).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Notes a delivery that belongs to no event, such as a test, with its mails. Gives its number.
    ///
    /// # Errors
    /// As [`dispatch`](Self::dispatch).
    pub async fn add_delivery(
        &self,
        delivery: &NewDelivery,
        mails: &[NewMail],
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let mut transaction = self.write().await?;
        let id = insert(&mut transaction, delivery, now).await?;
        for mail in mails {
            outbox::queue(&mut transaction, mail, now).await?;
        }
        transaction.commit().await?;
        Ok(id)
    }

    /// Notes what became of a try.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn delivery_tried(
        &self,
        scope: &Scope,
        id: i64,
        attempt: u32,
        state: DeliveryState,
        result: &DeliveryResult,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sql(
            "UPDATE notification_delivery SET state = $1, attempts = $2, status = $3, \
             duration_ms = $4, error = $5, updated_at = $6 WHERE id = $7 AND tenant_id = $8",
        )
        .bind(state.as_str())
        .bind(attempt)
        .bind(result.status.map(i64::from))
        .bind(result.duration_ms.map(i64::from))
        .bind(result.error.as_deref().map(shortened))
        .bind(now)
        .bind(id)
        .bind(scope.tenant().get())
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// A delivery of the tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delivery(
        &self,
        scope: &Scope,
        id: i64,
    ) -> Result<Option<DeliveryRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query.push("WHERE id = ").push_bind(id);
        query
            .push(" AND tenant_id = ")
            .push_bind(scope.tenant().get());
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(delivery).transpose()
    }

    /// The tenant's deliveries, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deliveries(
        &self,
        scope: &Scope,
        query: &DeliveryQuery,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        let mut list = sql(COLUMNS);
        list.push("WHERE tenant_id = ")
            .push_bind(scope.tenant().get());
        if let Some(target) = &query.target {
            list.push(" AND target = ").push_bind(target);
        }
        if let Some(state) = query.state {
            list.push(" AND state = ").push_bind(state.as_str());
        }
        if let Some(kind) = &query.event_kind {
            list.push(" AND event_kind = ").push_bind(kind);
        }
        if let Some(before) = query.before {
            list.push(" AND id < ").push_bind(before);
        }
        list.push(" ORDER BY id DESC LIMIT ").push_bind(query.limit);
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(delivery).collect()
    }

    /// How many mails a target of the tenant was sent since a time: events that were told together
    /// are one.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn mails_to_target(
        &self,
        scope: &Scope,
        target: &str,
        since: Timestamp,
    ) -> Result<u64, StoreError> {
        let row = sql(
            "SELECT COUNT(DISTINCT created_at) FROM notification_delivery \
             WHERE tenant_id = $1 AND target = $2 AND channel = 'email' AND state = 'delivered' \
             AND created_at >= $3",
        )
        .bind(scope.tenant().get())
        .bind(target)
        .bind(since)
        .fetch_one(self.reader())
        .await?;
        row.unsigned(0)
    }

    /// Forgets deliveries that nothing has happened to since a time, at most `limit` at once; gives
    /// how many.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn prune_deliveries(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        sql("DELETE FROM notification_delivery WHERE id IN \
             (SELECT id FROM notification_delivery WHERE updated_at < $1 ORDER BY id LIMIT $2)")
        .bind(before)
        .bind(limit)
        .execute(self.writer())
        .await
    }
}

async fn insert(
    transaction: &mut Transaction,
    delivery: &NewDelivery,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let attempts = u32::from(delivery.result != DeliveryResult::default());
    let id: i64 = sql(
        "INSERT INTO notification_delivery (tenant_id, target, channel, message_id, event_id, \
         event_kind, state, attempts, status, duration_ms, error, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) RETURNING id",
    )
    .bind(delivery.tenant.get())
    .bind(&delivery.target)
    .bind(delivery.channel)
    .bind(&delivery.message_id)
    .bind(delivery.event_id)
    .bind(&delivery.event_kind)
    .bind(delivery.state.as_str())
    .bind(attempts)
    .bind(delivery.result.status.map(i64::from))
    .bind(delivery.result.duration_ms.map(i64::from))
    .bind(delivery.result.error.as_deref().map(shortened))
    .bind(now)
    .fetch_value(&mut *transaction)
    .await?;
    let Some(attempts_max) = delivery.attempts_max else {
        return Ok(id);
    };
    let payload = serde_json::json!({ "delivery": id });
    let job = NewJob {
        attempts_max,
        ..NewJob::new(delivery.tenant, DELIVER_JOB, payload, now)
    };
    let job_id = jobs::enqueue(transaction, &job, now).await?;
    sql("UPDATE notification_delivery SET job_id = $1 WHERE id = $2")
        .bind(job_id)
        .bind(id)
        .execute(transaction)
        .await?;
    Ok(id)
}

fn shortened(text: &str) -> &str {
    let end = text.floor_char_boundary(ERROR_BYTES_MAX);
    text.get(..end).unwrap_or_default()
}

fn delivery(row: &Row) -> Result<DeliveryRow, StoreError> {
    let state: &str = row.get(7)?;
    let state = DeliveryState::from_name(state)
        .ok_or_else(|| StoreError::column("state", format!("{state} is no state")))?;
    let (status, duration_ms): (Option<i64>, Option<i64>) = (row.get(10)?, row.get(11)?);
    Ok(DeliveryRow {
        id: row.get(0)?,
        tenant: TenantId::new(row.get(1)?),
        target: row.get(2)?,
        channel: row.get(3)?,
        message_id: row.get(4)?,
        event_id: row.get(5)?,
        event_kind: row.get(6)?,
        state,
        attempts: row.unsigned(8)?,
        job_id: row.get(9)?,
        result: DeliveryResult {
            status: status.and_then(|status| u16::try_from(status).ok()),
            duration_ms: duration_ms.and_then(|duration| u32::try_from(duration).ok()),
            error: row.get(12)?,
        },
        created_at: Timestamp(row.get(13)?),
        updated_at: Timestamp(row.get(14)?),
    })
}

#[cfg(test)]
mod tests;
