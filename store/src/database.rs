//! Opening the database. What is special about SQLite is in this module and nowhere else.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The kind of database behind the store.
pub(crate) type Database = sqlx::Sqlite;
pub(crate) type Pool = sqlx::Pool<Database>;
pub(crate) type Transaction = sqlx::Transaction<'static, Database>;
pub(crate) type Row = <Database as sqlx::Database>::Row;

/// Values that one statement may bind: the least of what the databases allow, rounded down.
pub(crate) const MAX_BINDS: usize = 30_000;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Connections that only read. Lists and pages are short; more would only compete for two cores.
const READERS: u32 = 4;

/// How long a writer waits for a file lock that another process (a backup) holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    writer: Pool,
    reader: Pool,
}

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be opened or made.
    #[error("the database {path} cannot be opened")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: sqlx::Error,
    },
    /// The database was written by a later version of the program.
    #[error(
        "the database has migration {version}, which this program does not know: run the version that wrote it, or a later one"
    )]
    TooNew {
        /// The first migration that is not known.
        version: i64,
    },
    /// A migration failed; the database is as it was before it.
    #[error("the database cannot be brought to this version")]
    Migrate(#[source] Box<MigrateError>),
    /// A statement failed.
    #[error("the database refused a statement")]
    Query(#[from] sqlx::Error),
    /// A row holds what this program cannot read.
    #[error("a row of `{table}` cannot be read")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// Something cannot be written as JSON.
    #[error("a record cannot be written as JSON")]
    Encode(#[source] serde_json::Error),
}

impl Store {
    /// Opens the database file, makes it when it is missing and brings it to this version.
    ///
    /// # Errors
    /// [`StoreError::Open`], [`StoreError::TooNew`] or [`StoreError::Migrate`].
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Open {
            path: path.into(),
            source,
        };
        // Full: a row is on disk when its transaction is; the journal's position must never be
        // ahead of it, and an applied configuration must not come undone.
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("temp_store", "memory");
        // One writer: SQLite has one write lock, and waiting in our queue is fair and silent.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
            .await
            .map_err(failed)?;
        migrate(&writer).await?;
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.read_only(true))
            .await
            .map_err(failed)?;
        Ok(Self { writer, reader })
    }

    /// Waits for what runs and closes the file.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    pub(crate) fn reader(&self) -> &Pool {
        &self.reader
    }

    pub(crate) fn writer(&self) -> &Pool {
        &self.writer
    }

    /// A transaction that may write; others wait until it ends.
    pub(crate) async fn write(&self) -> Result<Transaction, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}

async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    MIGRATIONS.run(pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(version) => StoreError::TooNew { version },
        other => StoreError::Migrate(Box::new(other)),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[tokio::test]
    async fn a_database_is_made_and_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("didtron.db");
        Store::open(&path).await.unwrap().close().await;
        Store::open(&path).await.unwrap().close().await;
    }

    #[tokio::test]
    async fn a_database_of_a_later_program_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("didtron.db");
        let store = Store::open(&path).await.unwrap();
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'later', TRUE, x'00', 0)",
        )
        .execute(store.writer())
        .await
        .unwrap();
        store.close().await;
        let error = Store::open(&path).await.unwrap_err();
        assert!(
            matches!(error, StoreError::TooNew { version: 9999 }),
            "{error:?}"
        );
    }

    #[tokio::test]
    async fn a_folder_that_does_not_exist_is_named() {
        let error = Store::open(Path::new("/nonexistent/x.db"))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("/nonexistent/x.db"), "{error}");
    }
}
