//! Whole records, for deciding their calls once more.

use super::{RECENT_CALLS_SEARCHED, json, push_days};
use crate::database::sql;
use crate::{Scope, Store, StoreError};
use rating::Timestamp;
use rating::cdr::CallRecord;

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
        let mut statement = sql(
            "SELECT c.record FROM (SELECT id, customer_id, received_at FROM cdr WHERE owner = ",
        );
        statement.push_bind(scope.tenant().get());
        if let Some(customer) = &query.customer {
            statement.push(" AND customer = ").push_bind(customer);
        }
        if let Some(from) = query.from {
            statement.push(" AND received_at >= ").push_bind(from.0);
        }
        if let Some(to) = query.to {
            statement.push(" AND received_at < ").push_bind(to.0);
        }
        push_days(&mut statement, "id", query.from, query.to);
        statement.push(" ORDER BY received_at DESC, id DESC LIMIT ");
        statement.push_bind(i64::from(RECENT_CALLS_SEARCHED));
        statement
            .push(") newest JOIN cdr c ON c.id = newest.id WHERE newest.customer_id IS NOT NULL");
        push_days(&mut statement, "c.id", query.from, query.to);
        statement.push(" ORDER BY newest.received_at DESC, newest.id DESC LIMIT ");
        statement.push_bind(i64::from(query.limit));
        let rows = statement.fetch_all(self.reader()).await?;
        rows.iter().map(|row| json("cdr", row.get(0)?)).collect()
    }
}
