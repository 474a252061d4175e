//! The differences between the two databases that a statement cannot hide.

use super::connection::Transaction;
use super::error::StoreError;
use super::statement::sql;

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// What nodes take turns at. The number is the lock's name in PostgreSQL and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub(crate) enum Lock {
    /// Changing what is configured: numbers have no gap, and change sets do not mix.
    Configuration = 0x6469_6474_0001,
    /// Appending events: their numbers are in the order of the commits.
    Events = 0x6469_6474_0002,
}

impl Transaction {
    /// Waits until no other transaction has that lock, and has it until its own end. On SQLite a
    /// transaction that writes is alone anyway.
    pub(crate) async fn lock(&mut self, lock: Lock) -> Result<(), StoreError> {
        if self.dialect() == Dialect::Postgres {
            sql("SELECT pg_advisory_xact_lock($1)")
                .bind(lock as i64)
                .execute(self)
                .await?;
        }
        Ok(())
    }
}
