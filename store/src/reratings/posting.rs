//! The corrections of a re-rating that is applied, as entries of the books.

use super::lines::call;
use super::{Booked, RERATING_LINES_AT_ONCE, ReratingLine};
use crate::database::{Row, Transaction, sql};
use crate::ledger::{Correction, currency, post_corrections, sum};
use crate::{NewEvent, Store, StoreError, TenantId, events};
use rating::{Amount, Timestamp};

/// How far the posting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReratingPosted {
    /// So many lines more are posted.
    Some(u64),
    /// All of them are, and the re-rating is applied.
    All,
}

/// What a line is read from.
pub(crate) const RERATING_LINE_COLUMNS: &str = "l.call_id, l.attempt, l.party, l.currency, \
    l.exchange_rate, l.was, l.was_books, l.now, l.now_books";

impl Store {
    /// Posts some lines of a re-rating that is to be applied, with the place behind them; `None` when it
    /// is in another state. `told` makes the event of the end, in the transaction of that.
    ///
    /// # Errors
    /// [`StoreError`]; nothing of this batch is posted then.
    pub async fn post_rerating_lines(
        &self,
        id: i64,
        told: impl FnOnce() -> NewEvent,
        now: Timestamp,
    ) -> Result<Option<ReratingPosted>, StoreError> {
        let mut transaction = self.write().await?;
        // Held until the end: two nodes never post the same lines.
        let row = sql(
            "UPDATE rerating SET updated_at = $1 WHERE id = $2 AND state = 'applying' \
             RETURNING owner, place",
        )
        .bind(now)
        .bind(id)
        .fetch_optional(&mut transaction)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let owner = TenantId::new(row.get(0)?);
        let place: String = row.get(1)?;
        let lines = lines_behind(&mut transaction, id, &place).await?;
        let Some((last, _)) = lines.last() else {
            sql("UPDATE rerating SET state = 'applied' WHERE id = $1")
                .bind(id)
                .execute(&mut transaction)
                .await?;
            events::append(&mut transaction, &[told()], now).await?;
            transaction.commit().await?;
            return Ok(Some(ReratingPosted::All));
        };
        let corrections: Vec<_> = lines
            .iter()
            .map(|(_, line)| Correction {
                rerating: id,
                owner,
                // Of now, and not of when somebody had it posted: statements of before may have been sent.
                at: now,
                line: *line,
            })
            .collect();
        post_corrections(&mut transaction, &corrections).await?;
        date(&mut transaction, id, &place, last, now).await?;
        sql("UPDATE rerating SET place = $1 WHERE id = $2")
            .bind(last)
            .bind(id)
            .execute(&mut transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some(ReratingPosted::Some(lines.len() as u64)))
    }

    /// The customers and carriers that a re-rating is about: whether a carrier, its number, and by how much
    /// its calls became dearer in the books.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rerating_parties(&self, id: i64) -> Result<Vec<(bool, i64, Amount)>, StoreError> {
        let list = sql("SELECT CASE WHEN attempt > 0 THEN 1 ELSE 0 END, party, \
             CAST(SUM((now_books - was_books) / 1000000000) AS BIGINT), \
             CAST(SUM((now_books - was_books) % 1000000000) AS BIGINT) \
             FROM rerating_line WHERE rerating_id = $1 GROUP BY 1, 2 ORDER BY 1, 2");
        let rows = list.bind(id).fetch_all(self.reader()).await?;
        let read = |row: &Row| {
            // What is beyond 64 bits is told as nothing: the balance says what counts.
            let difference = sum(row, 2)?.unwrap_or_default();
            Ok((row.get::<i64>(0)? == 1, row.get(1)?, difference))
        };
        rows.iter().map(read).collect()
    }
}

/// Keeps when the lines behind `place` up to `last` were posted.
async fn date(
    transaction: &mut Transaction,
    id: i64,
    place: &str,
    last: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (from, to) = (Place::of(place), Place::of(last));
    let mut update = sql("UPDATE rerating_line SET posted_at = ");
    update.push_bind(now).push(" WHERE rerating_id = ");
    update.push_bind(id).push(" AND (call_id, attempt) > (");
    update.push_bind(from.call).push(", ");
    update
        .push_bind(from.attempt)
        .push(") AND (call_id, attempt) <= (");
    update.push_bind(to.call).push(", ");
    update.push_bind(to.attempt).push(")");
    update.execute(transaction).await?;
    Ok(())
}

/// A line's place in the order of posting; the first is behind that of an empty text.
struct Place<'t> {
    call: &'t str,
    attempt: i64,
}

impl<'t> Place<'t> {
    fn of(text: &'t str) -> Self {
        let (call, attempt) = text.split_once(':').unwrap_or((text, "-1"));
        Self {
            call,
            attempt: attempt.parse().unwrap_or(-1),
        }
    }
}

/// Some lines behind a place, each with its own, in the order of the places.
async fn lines_behind(
    transaction: &mut Transaction,
    id: i64,
    place: &str,
) -> Result<Vec<(String, ReratingLine)>, StoreError> {
    let behind = Place::of(place);
    let mut list = sql("SELECT ");
    list.push(RERATING_LINE_COLUMNS);
    list.push(" FROM rerating_line l WHERE l.rerating_id = ")
        .push_bind(id);
    list.push(" AND (l.call_id, l.attempt) > (");
    list.push_bind(behind.call)
        .push(", ")
        .push_bind(behind.attempt);
    list.push(") ORDER BY l.call_id, l.attempt LIMIT ");
    list.push_bind(RERATING_LINES_AT_ONCE as i64);
    let rows = list.fetch_all(transaction).await?;
    rows.iter().map(line).collect()
}

/// A line, and its place.
pub(crate) fn line(row: &Row) -> Result<(String, ReratingLine), StoreError> {
    let id: &str = row.get(0)?;
    let attempt: u16 = row.unsigned(1)?;
    let rate: &str = row.get(4)?;
    let exchange_rate = rate.parse();
    let line = ReratingLine {
        call: call(id)?,
        attempt,
        party: row.get(2)?,
        currency: currency(row.get(3)?)?,
        exchange_rate: exchange_rate.map_err(|error| StoreError::column("exchange_rate", error))?,
        was: Booked {
            amount: Amount(row.get(5)?),
            books: Amount(row.get(6)?),
        },
        now: Booked {
            amount: Amount(row.get(7)?),
            books: Amount(row.get(8)?),
        },
    };
    Ok((format!("{id}:{attempt}"), line))
}
