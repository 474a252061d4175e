//! The calls that are rated once more, and the lines of a preview.

use super::ReratingRun;
use crate::cdrs::{CdrParty, id_text, json, push_days};
use crate::database::{Value, sql};
use crate::{CdrCursor, Scope, Store, StoreError};
use rating::cdr::{CallId, CallRecord};
use rating::exchange::ExchangeRate;
use rating::{Amount, Currency, Timestamp};
use std::collections::HashMap;

/// Lines that are written or posted in one transaction.
pub const RERATING_LINES_AT_ONCE: usize = 500;

const LINE_BINDS: usize = 10;

/// Which calls are rated once more, and from where on.
#[derive(Clone, Copy, Debug)]
pub struct ReratedCalls {
    /// All, those of a customer, or those with an attempt on a carrier.
    pub party: CdrParty,
    /// Received at or after.
    pub from: Timestamp,
    /// Received before.
    pub to: Timestamp,
    /// Behind this one, in the order of time and identifier.
    pub after: Option<CdrCursor>,
    /// At most so many.
    pub limit: u32,
}

/// What a charge or a cost would become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReratingLine {
    /// The call.
    pub call: CallId,
    /// The attempt, from 1; 0 for the charge of the call.
    pub attempt: u16,
    /// Number of the customer, or of the carrier.
    pub party: i64,
    /// Of the amounts.
    pub currency: Currency,
    /// What a unit of it was worth in the books when the call was decided.
    pub exchange_rate: ExchangeRate,
    /// What the books have.
    pub was: Booked,
    /// What they would have.
    pub now: Booked,
}

/// An amount in its currency and in that of the books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Booked {
    /// In its currency.
    pub amount: Amount,
    /// In the books.
    pub books: Amount,
}

impl Store {
    /// Some calls of a tenant, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn rerated_calls(
        &self,
        scope: &Scope,
        query: &ReratedCalls,
    ) -> Result<Vec<CallRecord>, StoreError> {
        let mut list = sql("SELECT record FROM cdr WHERE owner = ");
        list.push_bind(scope.tenant().get());
        match query.party {
            CdrParty::Staff => {}
            CdrParty::Customer(customer) => {
                list.push(" AND customer_id = ").push_bind(customer);
            }
            CdrParty::Carrier(carrier) => {
                list.push(
                    " AND EXISTS (SELECT 1 FROM attempt a WHERE a.call_id = cdr.id AND a.carrier_id = ",
                );
                list.push_bind(carrier);
                push_days(&mut list, "a.call_id", Some(query.from), Some(query.to));
                list.push(")");
            }
        }
        push_days(&mut list, "id", Some(query.from), Some(query.to));
        list.push(" AND received_at >= ").push_bind(query.from);
        list.push(" AND received_at < ").push_bind(query.to);
        if let Some(after) = query.after {
            list.push(" AND (received_at, id) > (")
                .push_bind(after.received_at);
            list.push(", ").push_bind(id_text(after.id)).push(")");
        }
        list.push(" ORDER BY received_at, id LIMIT ")
            .push_bind(query.limit);
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(|row| json("cdr", row.get(0)?)).collect()
    }

    /// What re-ratings before have made of calls: by call and attempt, of each the last that was applied.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn rerated_before(
        &self,
        calls: &[CallId],
    ) -> Result<HashMap<(CallId, u16), Booked>, StoreError> {
        let mut found = HashMap::new();
        for chunk in calls.chunks(RERATING_LINES_AT_ONCE) {
            let mut list = sql(
                "SELECT l.call_id, l.attempt, l.now, l.now_books FROM rerating_line l \
                 JOIN rerating r ON r.id = l.rerating_id AND r.state IN ('applying', 'applied') \
                 WHERE l.call_id IN (",
            );
            list.push_list(chunk.iter().map(|call| id_text(*call)));
            list.push(") ORDER BY r.applied_place");
            for row in &list.fetch_all(self.reader()).await? {
                let booked = Booked {
                    amount: Amount(row.get(2)?),
                    books: Amount(row.get(3)?),
                };
                // The last of a call stays.
                found.insert((call(row.get(0)?)?, row.unsigned(1)?), booked);
            }
        }
        Ok(found)
    }

    /// Writes lines of a preview that is being made, all or none. Gives whether the run is still the one that
    /// makes it; else nothing is written.
    ///
    /// # Errors
    /// [`StoreError::Query`]; nothing is written then.
    pub async fn add_rerating_lines(
        &self,
        run: ReratingRun,
        lines: &[ReratingLine],
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        if !run.hold(&mut transaction).await? {
            return Ok(false);
        }
        for chunk in lines.chunks(RERATING_LINES_AT_ONCE) {
            let mut insert = sql(
                "INSERT INTO rerating_line (rerating_id, call_id, attempt, party, currency, \
                 exchange_rate, was, was_books, now, now_books) ",
            );
            insert.push_rows(chunk, |line| -> [Value; LINE_BINDS] {
                [
                    run.id.into(),
                    id_text(line.call).into(),
                    i64::from(line.attempt).into(),
                    line.party.into(),
                    line.currency.as_str().into(),
                    line.exchange_rate.to_string().into(),
                    line.was.amount.0.into(),
                    line.was.books.0.into(),
                    line.now.amount.0.into(),
                    line.now.books.0.into(),
                ]
            });
            insert.execute(&mut transaction).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}

pub(super) fn call(text: &str) -> Result<CallId, StoreError> {
    let read = u128::from_str_radix(text, 16);
    read.map(CallId)
        .map_err(|_| StoreError::column("call_id", "no identifier of a call"))
}
