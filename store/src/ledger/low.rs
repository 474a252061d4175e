//! How low the balances of customers were when it was told.

use super::LedgerError;
use super::balances::sum;
use crate::database::sql;
use crate::{NewEvent, Store, StoreError, events};
use rating::{Amount, Timestamp};
use std::collections::HashMap;

/// Customers in one statement.
const ROWS_PER_STATEMENT: usize = 500;

impl Store {
    /// The balances of some customers, by their numbers; without those of which nothing was posted.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn ledger_customer_balances(
        &self,
        customers: &[i64],
    ) -> Result<HashMap<i64, Amount>, LedgerError> {
        let mut balances = HashMap::with_capacity(customers.len());
        for customers in customers.chunks(ROWS_PER_STATEMENT) {
            let mut list = sql(
                "SELECT a.party, CAST(COALESCE(SUM(d.amount / 1000000000), 0) AS BIGINT), \
                 CAST(COALESCE(SUM(d.amount % 1000000000), 0) AS BIGINT) FROM ledger_account a \
                 JOIN ledger_day d ON d.account_id = a.id WHERE a.kind = 'customer' AND a.party IN (",
            );
            list.push_list(customers.iter().copied());
            list.push(") GROUP BY a.party");
            for row in list.fetch_all(self.reader()).await? {
                let balance = sum(&row, 1)?.ok_or(LedgerError::TooLarge)?;
                balances.insert(row.get(0)?, balance);
            }
        }
        Ok(balances)
    }

    /// Below how many thresholds customers were when it was last told; without those below none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn low_balances(&self) -> Result<HashMap<i64, u32>, StoreError> {
        let rows = sql("SELECT customer_id, below FROM ledger_low_balance WHERE below > 0")
            .fetch_all(self.reader())
            .await?;
        rows.iter()
            .map(|row| Ok((row.get(0)?, row.unsigned(1)?)))
            .collect()
    }

    /// Notes below how many thresholds a customer is, with the event that tells of it, unless
    /// somebody has noted another number than `before` meanwhile; gives whether it did.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_low_balance(
        &self,
        customer: i64,
        before: u32,
        below: u32,
        event: Option<NewEvent>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        sql("INSERT INTO ledger_low_balance (customer_id, below) VALUES ($1, 0) ON CONFLICT (customer_id) DO NOTHING")
            .bind(customer)
            .execute(&mut transaction)
            .await?;
        let noted =
            sql("UPDATE ledger_low_balance SET below = $1 WHERE customer_id = $2 AND below = $3")
                .bind(below)
                .bind(customer)
                .bind(before)
                .execute(&mut transaction)
                .await?;
        if noted == 0 {
            return Ok(false);
        }
        let event: Vec<NewEvent> = event.into_iter().collect();
        events::append(&mut transaction, &event, now).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
