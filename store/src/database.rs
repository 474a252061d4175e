//! One layer over two databases: SQLite, the embedded default, and PostgreSQL, for many nodes.
//!
//! # Writing a repository
//!
//! A table's functions are an `impl Store` block in a file of its own, `store/src/AREA.rs`; its
//! tables are a migration in `store/migrations/` ([`migrations`] says how to write one).
//!
//! ```text
//! use crate::database::sql;
//!
//! let row = sql("SELECT id, name FROM app_user WHERE username = $1")
//!     .bind(username)                       // i64, &str, String, bool, Vec<u8>, Timestamp, Options
//!     .fetch_optional(self.reader())        // or execute, fetch_all, fetch_one, fetch_value
//!     .await?;
//! let id: i64 = row.get(0)?;                // i64, String, &str, bool, Vec<u8>, Options; u32: row.unsigned(0)
//!
//! let mut transaction = self.write().await?;
//! sql("UPDATE …").bind(…).execute(&mut transaction).await?;
//! transaction.commit().await?;              // dropped: nothing happened
//! ```
//!
//! - Read with [`Store::reader`]; a single statement that writes takes [`Store::writer`]; several
//!   that belong together take [`Store::write`].
//! - A list with filters grows: `let mut list = sql("SELECT … WHERE owner = "); list.push_bind(owner)`
//!   then `list.push(" AND name >= ").push_bind(name)`. Many rows go in by `push_rows`, in chunks of
//!   at most [`MAX_BINDS`] values; those of calls by [`insert_rows`], which is faster.
//! - The text is SQL that both read: `$1` places, `ON CONFLICT … DO UPDATE`, `RETURNING`, row values.
//!   No functions of one database. `SUM` gives no `BIGINT` on PostgreSQL: write
//!   `CAST(SUM(x) AS BIGINT)`. Times are `BIGINT` microseconds; JSON is `TEXT`.
//! - Writers on PostgreSQL run beside each other: what two may do at once needs a unique
//!   constraint, an `UPDATE … RETURNING` (which locks its row), or [`Transaction::lock`].
//!   [`StoreError::is_unique_violation`] tells who came second.
//! - What truly differs goes to [`dialect`], under a name.
//! - Its tests run on both: [`testing::databases`](crate::testing::databases).

mod connection;
mod dialect;
mod error;
mod insert;
mod location;
pub(crate) mod migrations;
mod prefix;
mod row;
mod statement;
mod value;

pub(crate) use connection::{Pool, Target, Transaction, open_as_it_is};
pub(crate) use dialect::{Dialect, Lock};
pub use error::StoreError;
pub(crate) use insert::insert_rows;
pub use location::{DatabaseLocation, LocationError};
pub(crate) use prefix::prefix_range;
pub(crate) use row::Row;
pub(crate) use statement::{MAX_BINDS, Statement, sql};
pub(crate) use value::{Value, storable};

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    writer: Pool,
    reader: Pool,
}

impl Store {
    /// Opens the database and brings it to this version. A path is an SQLite file, which is made when
    /// it is missing.
    ///
    /// # Errors
    /// [`StoreError::Open`], [`StoreError::TooNew`] or [`StoreError::Migrate`].
    pub async fn open(location: impl Into<DatabaseLocation>) -> Result<Self, StoreError> {
        let (writer, reader) = connection::open(&location.into()).await?;
        Ok(Self { writer, reader })
    }

    /// Waits for what runs and closes the connections.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    /// Whether other nodes may use it too.
    pub fn is_shared(&self) -> bool {
        self.writer.dialect() == Dialect::Postgres
    }

    /// For statements that read.
    pub(crate) fn reader(&self) -> &Pool {
        &self.reader
    }

    /// For a statement that writes.
    pub(crate) fn writer(&self) -> &Pool {
        &self.writer
    }

    /// A transaction that may write. On SQLite others wait until it ends.
    pub(crate) async fn write(&self) -> Result<Transaction, StoreError> {
        self.writer.begin_write().await
    }
}

#[cfg(test)]
mod tests;
