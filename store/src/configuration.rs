//! What is configured, with every version that ever was, and the rate decks.
//!
//! The store keeps specs as JSON and decks as text and understands neither. A change is one
//! transaction ([`ConfigurationWrite`]): put versions in, read the whole back, let the caller judge
//! it, then commit under a new number, or drop it.

use crate::database::{Row, Transaction};
use crate::{Store, StoreError};
use rating::Timestamp;
use serde_json::Value;
use sqlx::Row as _;

/// A resource as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceRow {
    /// The row's number: survives a rename; calls and limits refer to it.
    pub id: i64,
    /// Its kind.
    pub kind: String,
    /// Its name, unique within the kind.
    pub name: String,
    /// 1 for the first version.
    pub version: u64,
    /// Its fields.
    pub spec: Value,
    /// The rate deck that belongs to this version.
    pub deck_hash: Option<String>,
    /// When this version was written.
    pub updated_at: Timestamp,
}

/// A version of a resource that is about to be written.
#[derive(Clone, Debug)]
pub struct NewVersion<'a> {
    /// Its kind.
    pub kind: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its fields.
    pub spec: &'a Value,
    /// The deck that belongs to it; put it in with [`ConfigurationWrite::put_deck`].
    pub deck_hash: Option<&'a str>,
}

/// A change of the configuration under way. Nobody else can write until it is committed or
/// dropped; when dropped, nothing has happened.
pub struct ConfigurationWrite {
    transaction: Transaction,
    number: u64,
    now: Timestamp,
    author: String,
    begun: bool,
}

const SELECT: &str = "SELECT id, kind, name, version, spec, deck_hash, updated_at FROM resource";

impl Store {
    /// Number of the configuration in force; 0 when nothing was ever configured.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn configuration_number(&self) -> Result<u64, StoreError> {
        let statement = "SELECT COALESCE(MAX(number), 0) FROM configuration";
        let number: i64 = sqlx::query_scalar(statement)
            .fetch_one(self.reader())
            .await?;
        Ok(number.unsigned_abs())
    }

    /// Everything that is configured, by kind and name; of one kind when it is given.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn resources(&self, kind: Option<&str>) -> Result<Vec<ResourceRow>, StoreError> {
        let statement = format!("{SELECT} WHERE kind = COALESCE($1, kind) ORDER BY kind, name");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(kind)
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(resource).collect()
    }

    /// The text of a deck.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn deck(&self, hash: &str) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT content FROM deck WHERE hash = $1").bind(hash);
        Ok(query.fetch_optional(self.reader()).await?)
    }

    /// Who made a configuration; `None` when there is none of that number.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn configuration_author(&self, number: u64) -> Result<Option<String>, StoreError> {
        let statement = "SELECT author FROM configuration WHERE number = $1";
        let query = sqlx::query_scalar(statement).bind(number.cast_signed());
        Ok(query.fetch_optional(self.reader()).await?)
    }

    /// Begins a change by `author`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn change_configuration(
        &self,
        author: &str,
        now: Timestamp,
    ) -> Result<ConfigurationWrite, StoreError> {
        let mut transaction = self.write().await?;
        let statement = "SELECT COALESCE(MAX(number), 0) + 1 FROM configuration";
        let number: i64 = sqlx::query_scalar(statement)
            .fetch_one(&mut *transaction)
            .await?;
        Ok(ConfigurationWrite {
            transaction,
            number: number.unsigned_abs(),
            now,
            author: author.to_owned(),
            begun: false,
        })
    }
}

impl ConfigurationWrite {
    /// The number that this change gets.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Everything as it is with the versions put in so far.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn resources(&mut self) -> Result<Vec<ResourceRow>, StoreError> {
        let statement = format!("{SELECT} ORDER BY kind, name");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
            .fetch_all(&mut *self.transaction)
            .await?;
        rows.iter().map(resource).collect()
    }

    /// Writes a new version of a resource, which may be its first. Gives the row's number.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn put(&mut self, new: &NewVersion<'_>) -> Result<i64, StoreError> {
        self.begin().await?;
        let spec = serde_json::to_string(new.spec).map_err(StoreError::Encode)?;
        let statement = "INSERT INTO resource \
             (kind, name, version, spec, deck_hash, created_at, updated_at) \
             VALUES ($1, $2, 1, $3, $4, $5, $5) \
             ON CONFLICT (kind, name) DO UPDATE SET version = resource.version + 1, \
             spec = excluded.spec, deck_hash = excluded.deck_hash, updated_at = excluded.updated_at \
             RETURNING id, version";
        let row = sqlx::query(statement)
            .bind(new.kind)
            .bind(new.name)
            .bind(&spec)
            .bind(new.deck_hash)
            .bind(self.now.0)
            .fetch_one(&mut *self.transaction)
            .await?;
        let (id, version): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let statement = "INSERT INTO resource_version \
             (resource_id, version, configuration, spec, deck_hash) VALUES ($1, $2, $3, $4, $5)";
        sqlx::query(statement)
            .bind(id)
            .bind(version)
            .bind(self.number.cast_signed())
            .bind(&spec)
            .bind(new.deck_hash)
            .execute(&mut *self.transaction)
            .await?;
        Ok(id)
    }

    /// Keeps a deck under its hash; nothing happens when it is there.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn put_deck(&mut self, hash: &str, content: &str) -> Result<(), StoreError> {
        let statement = "INSERT INTO deck (hash, content, created_at) VALUES ($1, $2, $3) \
                         ON CONFLICT (hash) DO NOTHING";
        sqlx::query(statement)
            .bind(hash)
            .bind(content)
            .bind(self.now.0)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    /// The text of a deck, also of one put in by this change.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn deck(&mut self, hash: &str) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT content FROM deck WHERE hash = $1").bind(hash);
        Ok(query.fetch_optional(&mut *self.transaction).await?)
    }

    /// Makes the change last.
    ///
    /// # Errors
    /// [`StoreError::Query`]; nothing has changed then.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }

    /// Writes the number, before the first version refers to it.
    async fn begin(&mut self) -> Result<(), StoreError> {
        if self.begun {
            return Ok(());
        }
        let statement =
            "INSERT INTO configuration (number, created_at, author) VALUES ($1, $2, $3)";
        sqlx::query(statement)
            .bind(self.number.cast_signed())
            .bind(self.now.0)
            .bind(&self.author)
            .execute(&mut *self.transaction)
            .await?;
        self.begun = true;
        Ok(())
    }
}

fn resource(row: &Row) -> Result<ResourceRow, StoreError> {
    let version: i64 = row.try_get(3)?;
    let spec: &str = row.try_get(4)?;
    Ok(ResourceRow {
        id: row.try_get(0)?,
        kind: row.try_get(1)?,
        name: row.try_get(2)?,
        version: version.unsigned_abs(),
        spec: serde_json::from_str(spec).map_err(|source| StoreError::Corrupt {
            table: "resource",
            source,
        })?,
        deck_hash: row.try_get(5)?,
        updated_at: Timestamp(row.try_get(6)?),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use serde_json::json;

    async fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.db")).await.unwrap();
        (folder, store)
    }

    fn carrier<'a>(name: &'a str, spec: &'a Value) -> NewVersion<'a> {
        NewVersion {
            kind: "carrier",
            name,
            spec,
            deck_hash: None,
        }
    }

    #[tokio::test]
    async fn a_change_that_is_dropped_never_happened() {
        let (_folder, store) = store().await;
        let mut change = store
            .change_configuration("admin", Timestamp(1))
            .await
            .unwrap();
        change.put(&carrier("a", &json!({}))).await.unwrap();
        change.put_deck("h", "prefix,rate").await.unwrap();
        assert_eq!(change.resources().await.unwrap().len(), 1);
        drop(change);
        assert_eq!(store.resources(None).await.unwrap(), []);
        assert_eq!(store.deck("h").await.unwrap(), None);
        assert_eq!(store.configuration_number().await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_resource_keeps_its_number_over_versions() {
        let (_folder, store) = store().await;
        let mut change = store
            .change_configuration("admin", Timestamp(1))
            .await
            .unwrap();
        let id = change
            .put(&carrier("a", &json!({"cps_limit": 1})))
            .await
            .unwrap();
        change.commit().await.unwrap();
        let mut change = store
            .change_configuration("admin", Timestamp(2))
            .await
            .unwrap();
        assert_eq!(change.number(), 2);
        assert_eq!(
            change
                .put(&carrier("a", &json!({"cps_limit": 2})))
                .await
                .unwrap(),
            id
        );
        change.commit().await.unwrap();
        let rows = store.resources(Some("carrier")).await.unwrap();
        let [row] = rows.as_slice() else {
            panic!("one carrier: {rows:?}")
        };
        assert_eq!((row.id, row.version, row.updated_at), (id, 2, Timestamp(2)));
        assert_eq!(row.spec, json!({"cps_limit": 2}));
        assert_eq!(store.configuration_number().await.unwrap(), 2);
        assert_eq!(store.resources(Some("trunk")).await.unwrap(), []);
        let versions: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM resource_version")
            .fetch_one(store.reader())
            .await
            .unwrap();
        assert_eq!(versions, 2, "the first version is kept");
    }

    #[tokio::test]
    async fn three_large_decks_are_read_in_well_under_a_second() {
        let (_folder, store) = store().await;
        let mut change = store
            .change_configuration("admin", Timestamp(1))
            .await
            .unwrap();
        let row = "33142,France Paris,0.0125\n";
        let deck = row.repeat(115_000);
        for hash in ["a", "b", "c"] {
            change
                .put_deck(hash, &format!("{hash}\n{deck}"))
                .await
                .unwrap();
        }
        change.commit().await.unwrap();
        let begun = std::time::Instant::now();
        for hash in ["a", "b", "c"] {
            assert!(store.deck(hash).await.unwrap().is_some());
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(1));
    }
}
