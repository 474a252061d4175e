//! The sums of the columns of call records, held against the accounts: a witness that knows nothing of how
//! records become entries.

use super::{LedgerDifference, LedgerVerification};
use crate::database::{Row, Statement, Transaction, sql};
use crate::{Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// An account by its kind and party, and what is on it.
type Sums = BTreeMap<(String, i64), i128>;

impl Store {
    /// What all calls of each customer were charged, and what all calls of each tenant earned and cost, by
    /// the columns of the records and by the postings.
    pub(super) async fn verify_witness(
        &self,
        found: &mut LedgerVerification,
    ) -> Result<(), StoreError> {
        let mut moment = self.reader().begin_moment().await?;
        let recorded = recorded(&mut moment).await?;
        let posted = posted(&mut moment).await?;
        let accounts: BTreeSet<_> = recorded.keys().chain(posted.keys()).collect();
        for account in accounts {
            let of = |sums: &Sums| sums.get(account).copied().unwrap_or(0);
            let (recorded, posted) = (of(&recorded), of(&posted));
            if recorded != posted {
                found.add(LedgerDifference::Witness {
                    kind: account.0.clone(),
                    party: account.1,
                    recorded: recorded.to_string(),
                    posted: posted.to_string(),
                });
            }
        }
        Ok(())
    }
}

/// From the columns.
async fn recorded(moment: &mut Transaction) -> Result<Sums, StoreError> {
    let of_customers = sql(
        "SELECT 'customer', customer_id, CAST(SUM(-charge / 1000000000) AS BIGINT), \
         CAST(SUM(-charge % 1000000000) AS BIGINT) FROM cdr \
         WHERE customer_id IS NOT NULL AND charge <> 0 GROUP BY customer_id",
    );
    let revenue = sql(
        "SELECT 'revenue', owner, CAST(SUM(charge / 1000000000) AS BIGINT), \
         CAST(SUM(charge % 1000000000) AS BIGINT) FROM cdr \
         WHERE customer_id IS NOT NULL AND charge <> 0 GROUP BY owner",
    );
    let cost = sql(
        "SELECT 'cost_of_sales', owner, CAST(SUM(-cost / 1000000000) AS BIGINT), \
         CAST(SUM(-cost % 1000000000) AS BIGINT) FROM cdr WHERE cost <> 0 GROUP BY owner",
    );
    let mut sums = Sums::new();
    let dropped = sql("SELECT kind, party, units, nanos FROM cdr_dropped_sum");
    for query in [of_customers, revenue, cost, dropped] {
        for (account, sum) in read(moment, query).await? {
            *sums.entry(account).or_default() += sum;
        }
    }
    Ok(sums)
}

/// From the postings.
async fn posted(moment: &mut Transaction) -> Result<Sums, StoreError> {
    let query = sql(
        "SELECT a.kind, a.party, CAST(SUM(p.amount / 1000000000) AS BIGINT), \
         CAST(SUM(p.amount % 1000000000) AS BIGINT) FROM ledger_posting p \
         JOIN ledger_entry e ON e.id = p.entry_id AND e.kind IN ('call_charge', 'attempt_cost') \
         JOIN ledger_account a ON a.id = p.account_id \
         AND a.kind IN ('customer', 'revenue', 'cost_of_sales') GROUP BY a.kind, a.party",
    );
    read(moment, query).await
}

async fn read(moment: &mut Transaction, query: Statement) -> Result<Sums, StoreError> {
    let rows = query.fetch_all(moment).await?;
    let sum = |row: &Row| Ok(((row.get(0)?, row.get(1)?), super::whole(row, 2)?));
    rows.iter().map(sum).collect()
}
