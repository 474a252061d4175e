//! Call records: the columns of a list, filters, pages.

mod archive;
mod columns;
mod conditions;
mod days;
mod fill;
mod in_order;
mod legs;
mod matching;
mod party;
mod query;
mod recorded;
mod retention;
mod search;
mod totals;
mod windows;

pub(crate) use archive::mark_grown;
pub use archive::{
    CdrArchiveBegun, CdrArchiveEnded, CdrArchiveFile, CdrDayRow, CdrDayState, CdrToArchive,
};
pub(crate) use columns::{
    ATTEMPT_SEARCH_BINDS, ATTEMPT_SEARCH_COLUMNS, CDR_COLUMNS, CDR_SEARCH_BINDS,
    CDR_SEARCH_COLUMNS, CdrColumns, attempt_search_values, id_text, joined, search_values, text_of,
};
pub use days::{CDR_PARTITIONS_MAX, CdrDays};
pub(crate) use days::{behind_id, first_id, push_days};
pub use fill::CdrSearchFill;
pub(crate) use in_order::{just_behind, records_behind};
pub use party::CdrParty;
pub use query::{Between, CdrCursor, CdrGateway, CdrOrder, CdrQuery, NumberMatch, Within};
pub use recorded::RecordedCalls;
pub use retention::{CdrDayWait, DroppedCdrDay, DroppedCdrDays, DroppedRecords};
pub(crate) use retention::{add_sum, day_of, dropped_days, keep_late, of_dropped_days};
pub use search::CDRS_SEARCHED;
pub use totals::CdrTotals;

use crate::database::{Row, Statement, sql};
use crate::{Scope, Store, StoreError};
use rating::cdr::{CallId, CallRecord, Outcome, ReleasedBy};
use rating::{Amount, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Newest records of all tenants among which [`Store::recent_calls`] looks for those of one.
pub const RECENT_CALLS_SEARCHED: u32 = 100_000;

/// Some records, in the order that was asked for.
#[derive(Clone, Debug, Default)]
pub struct CdrRows {
    /// The records.
    pub rows: Vec<CdrRow>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<CdrCursor>,
    /// The search stopped here, where [`CDRS_SEARCHED`] records had been looked at; there may be more
    /// behind. `None` when it stopped at the end, or had its page.
    pub searched_until: Option<Timestamp>,
}

/// One record as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdrRow {
    /// Identifier of the call.
    pub id: CallId,
    /// Number of the configuration that decided it; `None` for customers and carriers, as for all
    /// that follow as an `Option` and are of the other side.
    pub snapshot_number: Option<u64>,
    /// INVITE received.
    pub received_at: Timestamp,
    /// 2xx sent.
    pub answered_at: Option<Timestamp>,
    /// The end.
    pub ended_at: Timestamp,
    /// Who pays.
    pub customer: Option<String>,
    /// Carrier of the last attempt.
    pub carrier: Option<String>,
    /// Destination on the customer's card.
    pub destination: Option<String>,
    /// As received.
    pub calling_number: String,
    /// After translation.
    pub called_number: String,
    /// How it came out.
    pub outcome: Outcome,
    /// Final status sent to the customer.
    pub sip_status: u16,
    /// Our reason, in snake case.
    pub release_reason: String,
    /// Who ended it.
    pub released_by: ReleasedBy,
    /// Talk time.
    pub duration_ms: u64,
    /// Seconds charged to the customer.
    pub billed_seconds: u32,
    /// INVITE received to the first ringing indication sent.
    pub pdd_ms: Option<u64>,
    /// Egress attempts.
    pub attempts: Option<u32>,
    /// What the customer pays: in the currency of the books, and for the customer itself in the
    /// currency of its card.
    pub charge: Option<Amount>,
    /// What the carriers charge.
    pub cost: Option<Amount>,
    /// Charge minus cost.
    pub margin: Option<Amount>,
    /// Currency of the three.
    pub currency: String,
    /// It was read from the archive: its day is dropped.
    pub archived: bool,
}

impl Store {
    /// The newest calls of the tenant's customers, at most `limit`, newest first: of those
    /// among its last [`RECENT_CALLS_SEARCHED`].
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn recent_calls(
        &self,
        scope: &Scope,
        limit: u32,
    ) -> Result<Vec<CallRecord>, StoreError> {
        let query = RecordedCalls {
            limit,
            ..RecordedCalls::default()
        };
        self.recorded_calls(scope, &query).await
    }

    /// One record of the scope as the list shows it, and the whole of it: of the whole, the caller
    /// shows the party's side only. For a carrier it has the attempts on that carrier alone, and
    /// the row is that of the last.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn cdr(
        &self,
        scope: &Scope,
        party: CdrParty,
        id: CallId,
    ) -> Result<Option<(CdrRow, CallRecord)>, StoreError> {
        let statement = of(scope, party, id);
        let row = statement.fetch_optional(self.reader()).await?;
        let Some(row) = row else { return Ok(None) };
        let mut record: CallRecord = json("cdr", row.get("record")?)?;
        let CdrParty::Carrier(carrier) = party else {
            return Ok(Some((seen_by(party, &row)?, record)));
        };
        record
            .attempts
            .retain(|attempt| attempt.carrier.id == carrier);
        let last = record.attempts.last();
        let row = last.map(|attempt| CdrRow::of_attempt(&record, attempt));
        Ok(row.map(|row| (row, record)))
    }
}

/// A customer's or the staff's row as they see it.
fn seen_by(party: CdrParty, row: &Row) -> Result<CdrRow, StoreError> {
    let seen = cdr(row)?;
    Ok(match party {
        CdrParty::Customer(_) => seen.for_customer(&json("cdr", row.get("record")?)?),
        CdrParty::Staff | CdrParty::Carrier(_) => seen,
    })
}

/// The record of that identifier, if a party of the scope may see it at all.
fn of(scope: &Scope, party: CdrParty, id: CallId) -> Statement {
    let mut sql = sql("SELECT ");
    sql.push(CDR_COLUMNS).push(" FROM cdr WHERE owner = ");
    sql.push_bind(scope.tenant().get());
    match party {
        CdrParty::Staff => {}
        CdrParty::Customer(customer) => {
            sql.push(" AND customer_id = ").push_bind(customer);
        }
        CdrParty::Carrier(carrier) => {
            sql.push(
                " AND EXISTS (SELECT 1 FROM attempt a WHERE a.call_id = cdr.id AND a.carrier_id = ",
            );
            sql.push_bind(carrier).push(" AND a.call_id = ");
            sql.push_bind(id_text(id)).push(")");
        }
    }
    sql.push(" AND id = ").push_bind(id_text(id));
    sql
}

/// A carrier's row.
fn attempt(row: &Row) -> Result<CdrRow, StoreError> {
    let number: u16 = row.unsigned(0)?;
    let call: CallRecord = json("cdr", row.get(1)?)?;
    let attempt = call
        .attempts
        .iter()
        .find(|attempt| attempt.number == number);
    let attempt =
        attempt.ok_or_else(|| StoreError::column("number", "no attempt of the record"))?;
    Ok(CdrRow::of_attempt(&call, attempt))
}

fn cdr(row: &Row) -> Result<CdrRow, StoreError> {
    Ok(CdrRow {
        id: columns::id_of(row.get("id")?),
        snapshot_number: Some(row.unsigned("snapshot_number")?),
        received_at: Timestamp(row.get("received_at")?),
        answered_at: row.get::<Option<i64>>("answered_at")?.map(Timestamp),
        ended_at: Timestamp(row.get("ended_at")?),
        customer: row.get("customer")?,
        carrier: row.get("carrier")?,
        destination: row.get("destination")?,
        calling_number: row.get("calling_number")?,
        called_number: row.get("called_number")?,
        outcome: word(row.get("outcome")?)?,
        sip_status: row.unsigned("sip_status")?,
        release_reason: row.get("release_reason")?,
        released_by: word(row.get("released_by")?)?,
        duration_ms: row.unsigned("duration_ms")?,
        billed_seconds: row.unsigned("billed_seconds")?,
        pdd_ms: row.get::<Option<i64>>("pdd_ms")?.map(i64::unsigned_abs),
        attempts: Some(row.unsigned("attempts")?),
        charge: Some(Amount(row.get("charge")?)),
        cost: Some(Amount(row.get("cost")?)),
        margin: Some(Amount(row.get("margin")?)),
        currency: row.get("currency")?,
        archived: false,
    })
}

/// A value of a closed set from its word.
fn word<T: DeserializeOwned>(text: String) -> Result<T, StoreError> {
    let corrupt = |source| StoreError::Corrupt {
        table: "cdr",
        source,
    };
    serde_json::from_value(Value::String(text)).map_err(corrupt)
}

pub(crate) fn json<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Corrupt { table, source })
}

#[cfg(test)]
mod tests;
