//! Pools and transactions of either database, and opening them.

use super::error::StoreError;
use super::location::DatabaseLocation;
use super::{Dialect, migrations};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool};
use std::path::Path;
use std::time::Duration;

/// Connections to an SQLite file that only read. Lists and pages are short; more would only
/// compete for two cores.
const SQLITE_READERS: u32 = 4;

/// What each of them keeps of the file in memory, as SQLite counts it: below zero KiB.
const SQLITE_READER_CACHE: &str = "-16384";

/// Rows that a reader sends before it waits for who reads them: more than a page has, so that the
/// two threads do not wake each other in turns.
const SQLITE_ROW_BUFFER: usize = 256;

/// How long a writer waits for a file lock that another process (a backup) holds.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections of one node to PostgreSQL, which has 100 in its default configuration. Those that
/// read are apart: who holds a transaction that writes may read beside it, and must not wait for
/// others that do the same.
const POSTGRES_WRITERS: u32 = 8;
const POSTGRES_READERS: u32 = 8;

/// What sessions of PostgreSQL are set to. A plan that is made once for all values looks into every day of
/// calls, and locks it, where one for the values at hand looks into one. Compiling a statement over hundreds of
/// partitions takes seconds; no statement of ours runs for so long.
const POSTGRES_SETTINGS: [(&str, &str); 2] =
    [("plan_cache_mode", "force_custom_plan"), ("jit", "off")];

/// How long a statement waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections to one of the databases.
#[derive(Clone, Debug)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A transaction; undone when it is dropped.
pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// What a statement runs on.
pub(crate) enum Target<'c> {
    Pool(&'c Pool),
    Transaction(&'c mut Transaction),
}

impl Target<'_> {
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Pool(pool) => pool.dialect(),
            Self::Transaction(transaction) => transaction.dialect(),
        }
    }
}

impl<'c> From<&'c Pool> for Target<'c> {
    fn from(pool: &'c Pool) -> Self {
        Self::Pool(pool)
    }
}

impl<'c> From<&'c mut Transaction> for Target<'c> {
    fn from(transaction: &'c mut Transaction) -> Self {
        Self::Transaction(transaction)
    }
}

impl Pool {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// A transaction that sees the database as it is at its first statement, whatever others write
    /// meanwhile.
    pub(crate) async fn begin_moment(&self) -> Result<Transaction, StoreError> {
        Ok(match self {
            Self::Sqlite(pool) => Transaction::Sqlite(pool.begin().await?),
            Self::Postgres(pool) => Transaction::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                    .await?,
            ),
        })
    }

    /// Waits for what runs and closes all connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// A transaction that may write. On SQLite it has the write lock from its first moment, so it
    /// never fails half-way because another was faster.
    pub(crate) async fn begin_write(&self) -> Result<Transaction, StoreError> {
        Ok(match self {
            Self::Sqlite(pool) => Transaction::Sqlite(begin_sqlite(pool).await?),
            Self::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
        })
    }
}

const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// SQLite rolls back by itself where the disk is full. The driver then cannot roll back, and takes the
/// connection for one within a transaction for ever: it is closed, and another one opened.
async fn begin_sqlite(
    pool: &sqlx::SqlitePool,
) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, sqlx::Error> {
    match pool.begin_with(BEGIN_WRITE).await {
        Err(sqlx::Error::InvalidSavePointStatement) => {
            pool.acquire().await?.close().await?;
            pool.begin_with(BEGIN_WRITE).await
        }
        begun => begun,
    }
}

impl Transaction {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Makes it last.
    ///
    /// # Errors
    /// [`StoreError::Query`]; nothing has changed then.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await?,
            Self::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}

/// Opens the database and brings it to this version. Gives the connections that write and those
/// that read.
pub(super) async fn open(location: &DatabaseLocation) -> Result<(Pool, Pool), StoreError> {
    match location {
        DatabaseLocation::Sqlite(path) => open_sqlite(path, location).await,
        DatabaseLocation::Postgres(options) => open_postgres(options, location).await,
    }
}

async fn open_sqlite(path: &Path, location: &DatabaseLocation) -> Result<(Pool, Pool), StoreError> {
    // Full: a row is on disk when its transaction is; the journal's position must never be ahead
    // of it, and an applied configuration must not come undone.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(SQLITE_BUSY_TIMEOUT)
        .pragma("temp_store", "memory");
    // One writer: SQLite has one write lock, and waiting in our queue is fair and silent.
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.clone())
        .await
        .map_err(|source| cannot_open(location, source))?;
    migrations::run(&writer, Dialect::Sqlite).await?;
    let reader = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(
            options
                .read_only(true)
                .pragma("cache_size", SQLITE_READER_CACHE)
                .row_buffer_size(SQLITE_ROW_BUFFER),
        )
        .await
        .map_err(|source| cannot_open(location, source))?;
    Ok((Pool::Sqlite(writer), Pool::Sqlite(reader)))
}

async fn open_postgres(
    options: &PgConnectOptions,
    location: &DatabaseLocation,
) -> Result<(Pool, Pool), StoreError> {
    let options = options
        .clone()
        .application_name("didtron")
        .options(POSTGRES_SETTINGS);
    let pool = |connections| {
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.clone())
    };
    let failed = |source| cannot_open(location, source);
    let writer = pool(POSTGRES_WRITERS).await.map_err(failed)?;
    migrations::run(&writer, Dialect::Postgres).await?;
    let reader = pool(POSTGRES_READERS).await.map_err(failed)?;
    Ok((Pool::Postgres(writer), Pool::Postgres(reader)))
}

/// Opens one connection to a database of whatever version and changes nothing in it. On SQLite
/// references are not looked at while rows are written; `create` makes a file that is missing.
pub(crate) async fn open_as_it_is(
    location: &DatabaseLocation,
    create: bool,
) -> Result<Pool, StoreError> {
    let failed = |source| cannot_open(location, source);
    match location {
        DatabaseLocation::Sqlite(path) => {
            let options = SqliteConnectOptions::new()
                .filename(path)
                .create_if_missing(create)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(false)
                .busy_timeout(SQLITE_BUSY_TIMEOUT);
            let pool = SqlitePoolOptions::new().max_connections(1);
            Ok(Pool::Sqlite(
                pool.connect_with(options).await.map_err(failed)?,
            ))
        }
        DatabaseLocation::Postgres(options) => {
            let options = PgConnectOptions::clone(options).application_name("didtron backup");
            let pool = PgPoolOptions::new().max_connections(1);
            Ok(Pool::Postgres(
                pool.connect_with(options).await.map_err(failed)?,
            ))
        }
    }
}

fn cannot_open(location: &DatabaseLocation, source: sqlx::Error) -> StoreError {
    StoreError::Open {
        location: location.to_string(),
        source,
    }
}
