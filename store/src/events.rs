//! What happened: rows that a transaction leaves of what it did, for streams and notifications.
//!
//! An event is there when its change is, and only then ([`append`]). Their numbers are in the order
//! of the commits, on PostgreSQL too, where writers take turns at the table; so a reader that goes
//! on behind the last number it has seen misses nothing. Events are kept for some days
//! ([`Store::prune_events`]); the audit log is what is kept for years.

use crate::database::{Lock, Row, Transaction, sql};
use crate::{ConfigurationWrite, Scope, Store, StoreError, TenantId};
use rating::Timestamp;
use serde_json::Value;

/// The push of a change set did not succeed.
pub const PUSH_FAILED: &str = "change_set.failed";

/// A job failed for good.
pub const JOB_DIED: &str = "job.died";

/// A mail could not be sent.
pub const MAIL_FAILED: &str = "mail.failed";

/// A notification could not be delivered.
pub const NOTIFICATION_FAILED: &str = "notification.failed";

/// Longest data of an event, bytes of JSON.
pub const EVENT_DATA_BYTES_MAX: usize = 16 * 1024;

/// Longest subject and actor, bytes; what is longer is cut.
const NAME_BYTES_MAX: usize = 200;

/// Events in one statement.
const ROWS_PER_STATEMENT: usize = 500;

/// Something that happened, to be appended.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// Whose matter it is.
    pub tenant: TenantId,
    /// Area and what happened, such as `carrier.updated`.
    pub kind: String,
    /// What it happened to, such as `carrier/acme`.
    pub subject: String,
    /// Who did it.
    pub actor: String,
    /// What else there is to know: an object of at most [`EVENT_DATA_BYTES_MAX`] bytes. No secret.
    pub data: Value,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// Its number; later events have higher ones.
    pub id: i64,
    /// Whose matter it is.
    pub tenant: TenantId,
    /// Area and what happened.
    pub kind: String,
    /// What it happened to.
    pub subject: String,
    /// Who did it.
    pub actor: String,
    /// What else there is to know.
    pub data: Value,
    /// When.
    pub at: Timestamp,
}

/// Which events of the tenant to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only of this kind; with `.` at the end, of this area.
    pub kind: Option<String>,
    /// Only of these areas, without the `.`; `None`: of all.
    pub areas: Option<Vec<String>>,
    /// Only of this subject.
    pub subject: Option<String>,
    /// Only by this actor.
    pub actor: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Only before.
    pub to: Option<Timestamp>,
    /// Only with lower numbers.
    pub before: Option<i64>,
    /// Only with higher numbers; then the oldest come first, else the newest.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// Appends events in the caller's transaction, which should do it as the last thing: other writers
/// of events wait until it ends.
///
/// # Errors
/// [`StoreError::TooLarge`] for the data, or [`StoreError::Query`].
pub(crate) async fn append(
    transaction: &mut Transaction,
    events: &[NewEvent],
    now: Timestamp,
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    // Numbers are drawn when a row is written, and seen when it is committed.
    transaction.lock(Lock::Events).await?;
    for chunk in events.chunks(ROWS_PER_STATEMENT) {
        let texts = chunk.iter().map(data_text).collect::<Result<Vec<_>, _>>()?;
        let mut insert = sql("INSERT INTO event (tenant_id, kind, subject, actor, data, at) ");
        insert.push_rows(chunk.iter().zip(texts), |(event, data)| {
            [
                event.tenant.get().into(),
                (&event.kind).into(),
                cut(&event.subject).into(),
                cut(&event.actor).into(),
                data.into(),
                now.into(),
            ]
        });
        insert.execute(&mut *transaction).await?;
    }
    Ok(())
}

fn data_text(event: &NewEvent) -> Result<String, StoreError> {
    let text = serde_json::to_string(&event.data).map_err(StoreError::Encode)?;
    if text.len() > EVENT_DATA_BYTES_MAX {
        return Err(StoreError::TooLarge {
            what: "an event's data",
            limit: EVENT_DATA_BYTES_MAX,
        });
    }
    Ok(text)
}

fn cut(text: &str) -> &str {
    let end = text.floor_char_boundary(NAME_BYTES_MAX);
    text.get(..end).unwrap_or_default()
}

pub(crate) const COLUMNS: &str = "SELECT id, tenant_id, kind, subject, actor, data, at FROM event ";

impl ConfigurationWrite {
    /// Appends events that are there when the change is.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] for the data, or [`StoreError::Query`].
    pub async fn append_events(
        &mut self,
        events: &[NewEvent],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        append(&mut self.transaction, events, now).await
    }
}

impl Store {
    /// Appends events that belong to no other change of the database.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] for the data, or [`StoreError::Query`].
    pub async fn append_events(
        &self,
        events: &[NewEvent],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        append(&mut transaction, events, now).await?;
        transaction.commit().await
    }

    /// Events of the tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn events(
        &self,
        scope: &Scope,
        query: &EventQuery,
    ) -> Result<Vec<EventRow>, StoreError> {
        let mut list = sql(COLUMNS);
        list.push("WHERE tenant_id = ")
            .push_bind(scope.tenant().get());
        match query.kind.as_deref() {
            Some(area) if area.ends_with('.') => {
                // `/` follows `.` in the order of bytes.
                let end = format!("{}/", area.trim_end_matches('.'));
                list.push(" AND kind >= ").push_bind(area);
                list.push(" AND kind < ").push_bind(end);
            }
            Some(kind) => {
                list.push(" AND kind = ").push_bind(kind);
            }
            None => {}
        }
        if let Some(areas) = &query.areas {
            list.push(" AND (1 = 0");
            for area in areas {
                // The empty text keeps this from being searched for by an index, area by area: the
                // newest of them all are wanted.
                list.push(" OR (kind || '' >= ")
                    .push_bind(format!("{area}."));
                list.push(" AND kind || '' < ")
                    .push_bind(format!("{area}/"))
                    .push(")");
            }
            list.push(")");
        }
        let texts = [
            (" AND subject = ", &query.subject),
            (" AND actor = ", &query.actor),
        ];
        for (condition, text) in texts {
            if let Some(text) = text {
                list.push(condition).push_bind(text);
            }
        }
        let numbers = [
            (" AND at >= ", query.from.map(|at| at.0)),
            (" AND at < ", query.to.map(|at| at.0)),
            (" AND id < ", query.before),
            (" AND id > ", query.after),
        ];
        for (condition, number) in numbers {
            if let Some(number) = number {
                list.push(condition).push_bind(number);
            }
        }
        let oldest_first = query.after.is_some();
        list.push(if oldest_first {
            " ORDER BY id LIMIT "
        } else {
            " ORDER BY id DESC LIMIT "
        });
        list.push_bind(query.limit);
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(event).collect()
    }

    /// An event of the tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn event(&self, scope: &Scope, id: i64) -> Result<Option<EventRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query.push("WHERE id = ").push_bind(id);
        query
            .push(" AND tenant_id = ")
            .push_bind(scope.tenant().get());
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(event).transpose()
    }

    /// The numbers of the oldest event that is kept and of the newest, of all tenants; zeros when
    /// there is none.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn event_range(&self) -> Result<(i64, i64), StoreError> {
        let row = sql("SELECT (SELECT COALESCE(MIN(id), 0) FROM event), \
                       (SELECT COALESCE(MAX(id), 0) FROM event)")
        .fetch_one(self.reader())
        .await?;
        Ok((row.get(0)?, row.get(1)?))
    }

    /// Forgets events from before a time, and the oldest beyond the newest `keep` of all tenants, at
    /// most `limit` at once; gives how many. The newest stays, so that no number is given twice.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn prune_events(
        &self,
        before: Timestamp,
        keep: u32,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let (oldest, newest) = self.event_range().await?;
        // Numbers may have gaps, so this keeps at most as many as it says.
        let beyond = newest.saturating_sub(i64::from(keep));
        if oldest == 0 {
            return Ok(0);
        }
        sql("DELETE FROM event WHERE id IN (SELECT id FROM event \
             WHERE (at < $1 OR id <= $2) AND id < $3 ORDER BY id LIMIT $4)")
        .bind(before)
        .bind(beyond)
        .bind(newest)
        .bind(limit)
        .execute(self.writer())
        .await
    }
}

pub(crate) fn event(row: &Row) -> Result<EventRow, StoreError> {
    let data: &str = row.get(5)?;
    let data = serde_json::from_str(data).map_err(|source| StoreError::Corrupt {
        table: "event",
        source,
    })?;
    Ok(EventRow {
        id: row.get(0)?,
        tenant: TenantId::new(row.get(1)?),
        kind: row.get(2)?,
        subject: row.get(3)?,
        actor: row.get(4)?,
        data,
        at: Timestamp(row.get(6)?),
    })
}

#[cfg(test)]
mod tests;
