//! Whole records, for deciding their calls once more. Which they are is found out first, and then each is read by its
//! identifier: PostgreSQL would join the days of both sides otherwise.

use super::{RECENT_CALLS_SEARCHED, json, push_days};
use crate::database::{Statement, sql};
use crate::{Scope, Store, StoreError};
use rating::Timestamp;
use rating::cdr::CallRecord;
use std::collections::HashMap;

/// Records that are read in one statement.
const RECORDS_AT_ONCE: usize = 500;

/// Which calls of customers; all of what is given must hold.
#[derive(Clone, Debug, Default)]
pub struct RecordedCalls {
    /// Name of the customer.
    pub customer: Option<String>,
    /// Received at or after.
    pub from: Option<Timestamp>,
    /// Received before.
    pub to: Option<Timestamp>,
    /// How many, at most.
    pub limit: u32,
}

impl Store {
    /// The newest calls of the tenant's customers that fit, newest first: of those among the last
    /// [`RECENT_CALLS_SEARCHED`] records that fit, whoever's they are.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn recorded_calls(
        &self,
        scope: &Scope,
        query: &RecordedCalls,
    ) -> Result<Vec<CallRecord>, StoreError> {
        let rows = newest(scope, query).fetch_all(self.reader()).await?;
        let ids: Vec<String> = rows
            .iter()
            .map(|row| row.get(0))
            .collect::<Result<_, _>>()?;
        let mut calls = Vec::with_capacity(ids.len());
        for ids in ids.chunks(RECORDS_AT_ONCE) {
            let mut read = sql("SELECT id, record FROM cdr WHERE id IN (");
            read.push_list(ids).push(")");
            let rows = read.fetch_all(self.reader()).await?;
            let texts = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?)));
            let texts: HashMap<&str, &str> = texts.collect::<Result<_, StoreError>>()?;
            // One that is gone meanwhile is none of the newest any more.
            let there = ids.iter().filter_map(|id| texts.get(id.as_str()));
            for text in there {
                calls.push(json("cdr", text)?);
            }
        }
        Ok(calls)
    }
}

/// The identifiers, newest first.
fn newest(scope: &Scope, query: &RecordedCalls) -> Statement {
    let mut newest =
        sql("SELECT id FROM (SELECT id, customer_id, received_at FROM cdr WHERE owner = ");
    newest.push_bind(scope.tenant().get());
    if let Some(customer) = &query.customer {
        newest.push(" AND customer = ").push_bind(customer);
    }
    if let Some(from) = query.from {
        newest.push(" AND received_at >= ").push_bind(from.0);
    }
    if let Some(to) = query.to {
        newest.push(" AND received_at < ").push_bind(to.0);
    }
    push_days(&mut newest, "id", query.from, query.to);
    newest.push(" ORDER BY received_at DESC, id DESC LIMIT ");
    newest.push_bind(i64::from(RECENT_CALLS_SEARCHED));
    newest.push(") newest WHERE customer_id IS NOT NULL ORDER BY received_at DESC, id DESC LIMIT ");
    newest.push_bind(i64::from(query.limit));
    newest
}
