//! What is known of each source of exchange rates: a text that `mgmt-api` makes and reads.

use crate::database::sql;
use crate::events::{self, NewEvent};
use crate::{Store, StoreError};
use rating::Timestamp;

/// Longest text, bytes: two hundred currencies of it.
pub const EXCHANGE_SOURCE_BYTES_MAX: usize = 128 * 1024;

/// What is known of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeSourceRow {
    /// Number of the source, a resource.
    pub resource_id: i64,
    /// Which writing this is, from 1.
    pub revision: u64,
    /// JSON.
    pub state: String,
}

impl Store {
    /// What is known of a source; `None` before it was written once.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn exchange_source(
        &self,
        resource_id: i64,
    ) -> Result<Option<ExchangeSourceRow>, StoreError> {
        let row = sql("SELECT revision, state FROM exchange_source WHERE resource_id = $1")
            .bind(resource_id)
            .fetch_optional(self.reader())
            .await?;
        row.map(|row| {
            Ok(ExchangeSourceRow {
                resource_id,
                revision: row.unsigned(0)?,
                state: row.get(1)?,
            })
        })
        .transpose()
    }

    /// Writes what is known of a source, with the events of it. `revision` is the one that was read,
    /// 0 for none; `false`: somebody wrote since, and nothing is written.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], or [`StoreError::Query`].
    pub async fn put_exchange_source(
        &self,
        resource_id: i64,
        revision: u64,
        state: &str,
        told: &[NewEvent],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        if state.len() > EXCHANGE_SOURCE_BYTES_MAX {
            return Err(StoreError::TooLarge {
                what: "what is known of a source of exchange rates",
                limit: EXCHANGE_SOURCE_BYTES_MAX,
            });
        }
        let mut transaction = self.write().await?;
        let written = sql(
            "INSERT INTO exchange_source (resource_id, revision, state) VALUES ($1, $2, $3) \
             ON CONFLICT (resource_id) DO UPDATE SET revision = excluded.revision, \
             state = excluded.state WHERE exchange_source.revision + 1 = excluded.revision",
        )
        .bind(resource_id)
        .bind((revision + 1).cast_signed())
        .bind(state)
        .execute(&mut transaction)
        .await?;
        if written == 0 {
            return Ok(false);
        }
        events::append(&mut transaction, told, now).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use crate::{EventQuery, NewEvent, Scope, Store, TenantId, testing};
    use rating::Timestamp;

    async fn put(store: &Store, revision: u64, state: &str) -> bool {
        let told = [NewEvent {
            tenant: TenantId::new(1),
            kind: "exchange_rate.stale".into(),
            subject: "exchange_source/x".into(),
            actor: "switch".into(),
            data: serde_json::json!({}),
        }];
        let put = store.put_exchange_source(7, revision, state, &told, Timestamp(5));
        put.await.unwrap()
    }

    #[tokio::test]
    async fn who_has_read_an_older_state_writes_nothing() {
        testing::databases(async |database| {
            let store = database.open().await;
            let resource = "INSERT INTO resource (id, owner, kind, name, version, spec, assignment, \
                 note, created_at, created_by, updated_at, updated_by, index_generation) VALUES (7, 1, \
                 'exchange_source', 'x', 1, '{}', '{}', '', 1, 'a', 1, 'a', 0)";
            testing::execute(&store, resource).await;
            assert_eq!(store.exchange_source(7).await.unwrap(), None);
            assert!(put(&store, 0, "a").await);
            assert!(!put(&store, 0, "b").await);
            assert!(put(&store, 1, "c").await);
            assert!(!put(&store, 1, "d").await);
            let row = store.exchange_source(7).await.unwrap().unwrap();
            assert_eq!((row.revision, row.state.as_str()), (2, "c"));
            let scope = Scope::of_tenant(TenantId::new(1));
            let query = EventQuery { limit: 9, ..EventQuery::default() };
            assert_eq!(store.events(&scope, &query).await.unwrap().len(), 2);
        })
        .await;
    }
}
