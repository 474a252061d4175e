//! Searching the list, so much at a time.
//!
//! A filter with an index of its own is as quick as its page is long. Of the others the records have to
//! be looked at, in the order of the list, and of a rare thing among many millions that would be very
//! many. So a page looks at [`CDRS_SEARCHED`] at most: where that is found out first, and then the page
//! is searched up to there only. What it found is the page, and the next goes on behind.

use super::conditions::{columns_of, push_all, push_days_of, push_order, push_up_to, push_window};
use super::legs::Legs;
use super::windows::windows;
use super::{
    CDR_COLUMNS, CdrCursor, CdrParty, CdrQuery, CdrRow, CdrRows, attempt, columns, seen_by,
};
use crate::database::{Dialect, Statement, sql};
use crate::loader::now;
use crate::{Scope, Store, StoreError};
use rating::Timestamp;

/// Records that are looked at for one page.
pub const CDRS_SEARCHED: u32 = 100_000;

/// Prefixes and suffixes of so many digits find few enough to be led by their index.
pub(super) const WIDE_DIGITS: usize = 6;

impl Store {
    /// One page of the scope's records.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn cdrs(&self, scope: &Scope, query: &CdrQuery) -> Result<CdrRows, StoreError> {
        self.cdrs_among(scope, query, CDRS_SEARCHED).await
    }

    pub(super) async fn cdrs_among(
        &self,
        scope: &Scope,
        query: &CdrQuery,
        searched: u32,
    ) -> Result<CdrRows, StoreError> {
        if self.reader().dialect() == Dialect::Postgres {
            for window in windows(query, now()) {
                let found = self.cdrs_of_span(scope, &window, searched).await?;
                if found.next.is_some() {
                    return Ok(found);
                }
            }
        }
        self.cdrs_of_span(scope, query, searched).await
    }

    async fn cdrs_of_span(
        &self,
        scope: &Scope,
        query: &CdrQuery,
        searched: u32,
    ) -> Result<CdrRows, StoreError> {
        let last_searched = self.last_searched(scope, query, searched).await?;
        let legs = self.legs(scope, query).await?;
        let page = page(scope, query, &legs, last_searched);
        let rows = page.fetch_all(self.reader()).await?;
        let row = |row| match query.party {
            CdrParty::Staff | CdrParty::Customer(_) => seen_by(query.party, row),
            CdrParty::Carrier(_) => attempt(row),
        };
        let mut rows: Vec<CdrRow> = rows.iter().map(row).collect::<Result<_, _>>()?;
        // One more than wanted was asked for: it tells whether there is a next page.
        let more = rows.len() > query.limit as usize;
        rows.truncate(query.limit as usize);
        let last = rows.last().filter(|_| more).map(|last| CdrCursor {
            received_at: last.received_at,
            id: last.id,
        });
        let stopped = last_searched.filter(|_| !more);
        Ok(CdrRows {
            rows,
            next: last.or(stopped),
            searched_until: stopped.map(|stopped| stopped.received_at),
        })
    }

    /// The last record that is looked at, when there are more.
    pub(super) async fn last_searched(
        &self,
        scope: &Scope,
        query: &CdrQuery,
        searched: u32,
    ) -> Result<Option<CdrCursor>, StoreError> {
        if query.is_narrow() || !query.looks_at_each() {
            return Ok(None);
        }
        let row = last_searched(scope, query, searched);
        let row = row.fetch_optional(self.reader()).await?;
        row.map(|row| {
            Ok(CdrCursor {
                received_at: Timestamp(row.get(0)?),
                id: columns::id_of(row.get(1)?),
            })
        })
        .transpose()
    }
}

fn last_searched(scope: &Scope, query: &CdrQuery, searched: u32) -> Statement {
    let columns = columns_of(query.party);
    let mut sql = sql("SELECT ");
    sql.push(columns.received_at).push(", ").push(columns.id);
    sql.push(table(query.party)).push(" WHERE ");
    push_window(&mut sql, scope, query, true);
    push_order(&mut sql, query);
    sql.push(" LIMIT 1 OFFSET ");
    sql.push_bind(i64::from(searched.saturating_sub(1)));
    sql
}

pub(super) fn page(
    scope: &Scope,
    query: &CdrQuery,
    legs: &Legs,
    up_to: Option<CdrCursor>,
) -> Statement {
    let mut sql = sql("SELECT ");
    sql.push(match query.party {
        CdrParty::Staff | CdrParty::Customer(_) => CDR_COLUMNS,
        CdrParty::Carrier(_) => "a.number, c.record",
    });
    sql.push(table(query.party));
    if let CdrParty::Carrier(_) = query.party {
        sql.push(" JOIN cdr c ON c.id = a.call_id");
    }
    sql.push(" WHERE ");
    push_all(&mut sql, scope, query, legs);
    if let CdrParty::Carrier(_) = query.party {
        // The record beside the attempt is of the same day.
        push_days_of(&mut sql, "c.id", query);
    }
    if let Some(up_to) = up_to {
        push_up_to(&mut sql, query, up_to);
    }
    push_order(&mut sql, query);
    sql.push(" LIMIT ").push_bind(i64::from(query.limit) + 1);
    sql
}

/// Where a party's rows are.
fn table(party: CdrParty) -> &'static str {
    match party {
        CdrParty::Staff | CdrParty::Customer(_) => " FROM cdr",
        CdrParty::Carrier(_) => " FROM attempt a",
    }
}
