//! What the records of a search come to.

use super::conditions::{push_all, push_order, push_up_to};
use super::{CDRS_SEARCHED, CdrOrder, CdrParty, CdrQuery};
use crate::database::{Row, Statement, sql};
use crate::{Scope, Store, StoreError};
use rating::{Currency, Timestamp};
use std::collections::BTreeMap;

/// Sums of records; amounts in nano-units, of a width that no sum of records fills.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CdrTotals {
    /// Calls, or a carrier's attempts.
    pub calls: i64,
    /// Those with a 2xx.
    pub answered: i64,
    /// Talk time.
    pub talk_ms: i64,
    /// Seconds that were charged on that side; for the staff, the customers'.
    pub billed_seconds: i64,
    /// What customers pay, in the currency of the books. The staff's.
    pub charge: i128,
    /// What carriers charge, in the currency of the books. The staff's.
    pub cost: i128,
    /// What the party pays or is paid, by the currency of its card; for the staff, what customers pay.
    pub amounts: BTreeMap<Currency, i128>,
    /// The search stopped at records of then, where as many had been looked at as a search looks at;
    /// there may be more behind. `None` when these are the totals of all.
    pub searched_until: Option<Timestamp>,
}

/// The columns of a line: counts, three sums of money in two parts each, and times.
const SUMS: &str = "SELECT found.currency, COUNT(*), \
    CAST(SUM(CASE WHEN found.answered_at IS NULL THEN 0 ELSE 1 END) AS BIGINT), \
    CAST(SUM(found.duration_ms) AS BIGINT), CAST(SUM(found.billed_seconds) AS BIGINT), \
    CAST(SUM(found.charge / 1000000000) AS BIGINT), CAST(SUM(found.charge % 1000000000) AS BIGINT), \
    CAST(SUM(found.cost / 1000000000) AS BIGINT), CAST(SUM(found.cost % 1000000000) AS BIGINT), \
    CAST(COALESCE(SUM(found.amount / 1000000000), 0) AS BIGINT), \
    CAST(COALESCE(SUM(found.amount % 1000000000), 0) AS BIGINT), \
    MIN(found.at), MAX(found.at) FROM (";

impl Store {
    /// The totals of the records that a search finds, of as many as it looks at: of the first in its
    /// order, behind its place. Its limit has no effect.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn cdr_totals(
        &self,
        scope: &Scope,
        query: &CdrQuery,
    ) -> Result<CdrTotals, StoreError> {
        self.cdr_totals_among(scope, query, CDRS_SEARCHED).await
    }

    pub(super) async fn cdr_totals_among(
        &self,
        scope: &Scope,
        query: &CdrQuery,
        searched: u32,
    ) -> Result<CdrTotals, StoreError> {
        let last_searched = self.last_searched(scope, query, searched).await?;
        let mut statement = sql(SUMS);
        push_found(&mut statement, query.party);
        let legs = self.legs(scope, query).await?;
        push_all(&mut statement, scope, query, &legs);
        if let Some(up_to) = last_searched {
            push_up_to(&mut statement, query, up_to);
        }
        push_order(&mut statement, query);
        statement.push(" LIMIT ").push_bind(i64::from(searched));
        statement.push(") found GROUP BY found.currency");
        let mut totals = CdrTotals::default();
        let mut last = None;
        for row in &statement.fetch_all(self.reader()).await? {
            totals.add(row)?;
            let (first, latest) = (row.get(11)?, row.get(12)?);
            last = Some(match (query.order, last) {
                (CdrOrder::NewestFirst, last) => last.map_or(first, |last: i64| last.min(first)),
                (CdrOrder::OldestFirst, last) => last.map_or(latest, |last: i64| last.max(latest)),
            });
        }
        let is_full = totals.calls >= i64::from(searched);
        let stopped = last_searched.map(|stopped| stopped.received_at);
        totals.searched_until = stopped.or_else(|| last.filter(|_| is_full).map(Timestamp));
        Ok(totals)
    }
}

/// Appends what is summed of each record, under the names of [`SUMS`].
fn push_found(sql: &mut Statement, party: CdrParty) {
    sql.push(match party {
        CdrParty::Staff | CdrParty::Customer(_) => {
            "SELECT rate_currency AS currency, answered_at, duration_ms, billed_seconds, charge, \
             cost, charge_by_rate AS amount, received_at AS at FROM cdr WHERE "
        }
        CdrParty::Carrier(_) => {
            "SELECT a.currency, a.answered_at, \
             COALESCE((a.ended_at - a.answered_at) / 1000, 0) AS duration_ms, a.billed_seconds, \
             0 AS charge, 0 AS cost, a.cost AS amount, a.started_at AS at FROM attempt a WHERE "
        }
    });
}

impl CdrTotals {
    /// Charge minus cost.
    pub fn margin(&self) -> i128 {
        self.charge - self.cost
    }

    fn add(&mut self, row: &Row) -> Result<(), StoreError> {
        self.calls += row.get::<i64>(1)?;
        self.answered += row.get::<i64>(2)?;
        self.talk_ms += row.get::<i64>(3)?;
        self.billed_seconds += row.get::<i64>(4)?;
        self.charge += whole(row, 5)?;
        self.cost += whole(row, 7)?;
        // A call that was refused before it was rated has no currency, and no charge.
        if let Some(currency) = row.get::<Option<String>>(0)? {
            let currency = Currency::try_from(currency)
                .map_err(|error| StoreError::column("currency", error.to_string()))?;
            *self.amounts.entry(currency).or_default() += whole(row, 9)?;
        }
        Ok(())
    }
}

/// A sum in whole units and nano-units, of which neither is as long as the sum.
fn whole(row: &Row, column: usize) -> Result<i128, StoreError> {
    let (units, nanos): (i64, i64) = (row.get(column)?, row.get(column + 1)?);
    Ok(i128::from(units) * 1_000_000_000 + i128::from(nanos))
}
