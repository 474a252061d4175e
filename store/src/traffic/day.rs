//! What the records say of a day.

use super::compared::Compared;
use super::sums::{Traffic, add_call};
use crate::cdrs::{behind_id, first_id, json};
use crate::database::{Target, sql};
use crate::{StoreError, TenantId};
use rating::Timestamp;
use rating::cdr::CallRecord;
use std::ops::Range;

/// Records that are read at a time.
const BATCH_RECORDS: i64 = 1_000;

/// An attempt begins within so long of the time its call was received: after it, or before it when
/// the clock was set back in between.
pub(super) const SETUP_MAX_US: i64 = 2 * 3_600_000_000;

/// Sums of an owner's day, read from the records some at a time. Between the reads no snapshot is held:
/// records are only ever added, so as many in the end as were read are the same.
pub(super) struct RecordedDay {
    pub(super) owner: TenantId,
    span: Range<i64>,
    place: (i64, String),
    /// Records that were read; also of calls that were received close to the day.
    read: u64,
    /// Calls that were received that day.
    pub(super) calls: u64,
    /// Those of them that cannot be read; the log names them.
    pub(super) unreadable: u64,
    /// The sums of the day and of what is close to it.
    traffic: Traffic,
}

impl RecordedDay {
    /// Nothing read yet, of a day or a part of it.
    pub(super) fn new(owner: TenantId, span: Range<i64>) -> Self {
        Self {
            owner,
            place: (span.start.saturating_sub(SETUP_MAX_US), String::new()),
            span,
            read: 0,
            calls: 0,
            unreadable: 0,
            traffic: Traffic::new(),
        }
    }

    /// The times of the day.
    pub(super) fn span(&self) -> Range<i64> {
        self.span.clone()
    }

    /// When the calls were received that may have an attempt on that day.
    pub(super) fn received(&self) -> Range<i64> {
        let span = self.span();
        span.start.saturating_sub(SETUP_MAX_US)..span.end.saturating_add(SETUP_MAX_US)
    }

    /// Reads some records more; gives whether there were any.
    pub(super) async fn read(&mut self, on: impl Into<Target<'_>>) -> Result<bool, StoreError> {
        let rows = sql(
            "SELECT received_at, id, record FROM cdr WHERE owner = $1 AND \
             (received_at, id) > ($2, $3) AND received_at < $4 AND id >= $6 AND id < $7 \
             ORDER BY received_at, id LIMIT $5",
        )
        .bind(self.owner.get())
        .bind(self.place.0)
        .bind(&self.place.1)
        .bind(self.received().end)
        .bind(BATCH_RECORDS)
        .bind(first_id(Timestamp(self.place.0)))
        .bind(behind_id(Timestamp(self.received().end)))
        .fetch_all(on)
        .await?;
        let Some(last) = rows.last() else {
            return Ok(false);
        };
        self.place = (last.get(0)?, last.get(1)?);
        for row in &rows {
            self.read += 1;
            let is_of_the_day = self.span().contains(&row.get::<i64>(0)?);
            match json::<CallRecord>("cdr", row.get(2)?) {
                Ok(call) => {
                    self.calls += u64::from(is_of_the_day);
                    add_call(&mut self.traffic, &call, self.owner);
                }
                Err(error) => {
                    let id: &str = row.get(1)?;
                    tracing::error!(call = id, %error, "a record cannot be read");
                    self.unreadable += u64::from(is_of_the_day);
                }
            }
        }
        Ok(true)
    }

    /// Whether all records that there are were read.
    pub(super) async fn is_whole(&self, on: impl Into<Target<'_>>) -> Result<bool, StoreError> {
        let received = self.received();
        let count = sql(
            "SELECT COUNT(*) FROM cdr WHERE owner = $1 AND received_at >= $2 AND received_at < $3 \
             AND id >= $4 AND id < $5",
        )
        .bind(self.owner.get())
        .bind(received.start)
        .bind(received.end)
        .bind(first_id(Timestamp(received.start)))
        .bind(behind_id(Timestamp(received.end)))
        .fetch_one(on)
        .await?;
        Ok(self.read == count.unsigned::<u64>(0)?)
    }

    /// Forgets what is not compared.
    pub(super) fn keep(&mut self, compared: &Compared) {
        self.traffic.retain(|key, _| compared.has(key));
    }

    /// The sums of the day.
    pub(super) fn sums(&mut self) -> &Traffic {
        let span = self.span();
        self.traffic.retain(|key, _| span.contains(&key.bucket));
        &self.traffic
    }
}
