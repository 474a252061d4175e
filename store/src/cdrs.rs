//! Call records: the columns of a list, filters, pages.

mod columns;
mod party;
mod recorded;

pub(crate) use columns::{CDR_COLUMNS, CdrColumns, id_text, text_of};
pub use party::CdrParty;
pub use recorded::RecordedCalls;

use crate::database::{Row, Statement, prefix_range, sql};
use crate::{Scope, Store, StoreError};
use rating::cdr::{CallId, CallRecord, Outcome, ReleasedBy};
use rating::{Amount, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Newest records of all tenants among which [`Store::recent_calls`] looks for those of one.
pub const RECENT_CALLS_SEARCHED: u32 = 100_000;

/// Which records to list; all of what is given must hold.
#[derive(Clone, Debug, Default)]
pub struct CdrQuery {
    /// Who looks.
    pub party: CdrParty,
    /// How many, at most.
    pub limit: u32,
    /// Only those behind this one, in the order of the list.
    pub after: Option<CdrCursor>,
    /// Name of the customer; of no effect for a customer or a carrier, whom it could tell of others.
    pub customer: Option<String>,
    /// Name of the carrier of the last attempt; of no effect for a customer or a carrier.
    pub carrier: Option<String>,
    /// How the call came out.
    pub outcome: Option<Outcome>,
    /// First digits of the called number; of no effect for a carrier.
    pub called_prefix: Option<String>,
    /// Received at or after.
    pub from: Option<Timestamp>,
    /// Received before.
    pub to: Option<Timestamp>,
}

/// A place in the list, which is ordered by the time received and the identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CdrCursor {
    /// Time of the last record seen.
    pub received_at: Timestamp,
    /// Its identifier.
    pub id: CallId,
}

/// Some records, newest first.
#[derive(Clone, Debug, Default)]
pub struct CdrRows {
    /// The records.
    pub rows: Vec<CdrRow>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<CdrCursor>,
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
}

impl Store {
    /// One page of the scope's records, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn cdrs(&self, scope: &Scope, query: &CdrQuery) -> Result<CdrRows, StoreError> {
        let mut rows = match query.party {
            CdrParty::Staff | CdrParty::Customer(_) => {
                let rows = page(scope, query).fetch_all(self.reader()).await?;
                let rows = rows.iter().map(|row| seen_by(query.party, row));
                rows.collect::<Result<Vec<_>, _>>()?
            }
            CdrParty::Carrier(carrier) => {
                let page = page_of_attempts(scope, carrier, query);
                let rows = page.fetch_all(self.reader()).await?;
                rows.iter().map(attempt).collect::<Result<Vec<_>, _>>()?
            }
        };
        // One more than wanted was asked for: it tells whether there is a next page.
        let more = rows.len() > query.limit as usize;
        rows.truncate(query.limit as usize);
        let next = rows.last().filter(|_| more).map(|last| CdrCursor {
            received_at: last.received_at,
            id: last.id,
        });
        Ok(CdrRows { rows, next })
    }

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
        let mut statement = of(scope, party);
        statement.push(" AND id = ").push_bind(id_text(id));
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

/// The records that a party of the scope may see at all.
fn of(scope: &Scope, party: CdrParty) -> Statement {
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
            sql.push_bind(carrier).push(")");
        }
    }
    sql
}

fn page(scope: &Scope, query: &CdrQuery) -> Statement {
    let mut sql = of(scope, query.party);
    if query.party == CdrParty::Staff {
        if let Some(customer) = &query.customer {
            sql.push(" AND customer = ").push_bind(customer);
        }
        if let Some(carrier) = &query.carrier {
            sql.push(" AND carrier = ").push_bind(carrier);
        }
    }
    if let Some(outcome) = query.outcome {
        sql.push(" AND outcome = ").push_bind(text_of(&outcome));
    }
    if let Some((first, behind)) = query.called_prefix.as_deref().and_then(prefix_range) {
        sql.push(" AND called_number >= ").push_bind(first);
        sql.push(" AND called_number < ").push_bind(behind);
    }
    if let Some(from) = query.from {
        sql.push(" AND received_at >= ").push_bind(from.0);
    }
    if let Some(to) = query.to {
        sql.push(" AND received_at < ").push_bind(to.0);
    }
    if let Some(after) = query.after {
        sql.push(" AND (received_at, id) < (")
            .push_bind(after.received_at.0);
        sql.push(", ").push_bind(id_text(after.id)).push(")");
    }
    sql.push(" ORDER BY received_at DESC, id DESC LIMIT ");
    sql.push_bind(i64::from(query.limit) + 1);
    sql
}

fn page_of_attempts(scope: &Scope, carrier: i64, query: &CdrQuery) -> Statement {
    let mut sql = sql(
        "SELECT a.number, c.record FROM attempt a JOIN cdr c ON c.id = a.call_id \
         WHERE a.owner = ",
    );
    sql.push_bind(scope.tenant().get());
    sql.push(" AND a.carrier_id = ").push_bind(carrier);
    if let Some(outcome) = query.outcome {
        sql.push(" AND a.outcome = ").push_bind(text_of(&outcome));
    }
    if let Some(from) = query.from {
        sql.push(" AND a.started_at >= ").push_bind(from.0);
    }
    if let Some(to) = query.to {
        sql.push(" AND a.started_at < ").push_bind(to.0);
    }
    if let Some(after) = query.after {
        sql.push(" AND (a.started_at, a.call_id) < (")
            .push_bind(after.received_at.0);
        sql.push(", ").push_bind(id_text(after.id)).push(")");
    }
    sql.push(" ORDER BY a.started_at DESC, a.call_id DESC LIMIT ");
    sql.push_bind(i64::from(query.limit) + 1);
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
