//! The differences between the two databases that a statement cannot hide.

use super::connection::Transaction;
use super::error::StoreError;
use super::statement::{Statement, sql};

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
    /// Adding records with their sums, which loaders share; making sums anew, which is alone.
    Traffic = 0x6469_6474_0003,
    /// Making the days of call records.
    CdrDays = 0x6469_6474_0004,
}

impl Dialect {
    /// The function that makes a JSON array of its arguments.
    pub(crate) fn json_array(self) -> &'static str {
        match self {
            Self::Sqlite => "json_array",
            Self::Postgres => "json_build_array",
        }
    }

    /// The aggregate that makes a JSON array of a value of each row.
    pub(crate) fn json_rows(self) -> &'static str {
        match self {
            Self::Sqlite => "json_group_array",
            Self::Postgres => "json_agg",
        }
    }

    /// Appends a text that is JSON, as JSON.
    pub(crate) fn push_json(self, column: &'static str, statement: &mut Statement) {
        let (before, after) = match self {
            Self::Sqlite => ("json(", ")"),
            Self::Postgres => ("CAST(", " AS json)"),
        };
        statement.push(before).push(column).push(after);
    }
}

impl Transaction {
    /// Waits until no other transaction has that lock, and has it until its own end. On SQLite a
    /// transaction that writes is alone anyway.
    pub(crate) async fn lock(&mut self, lock: Lock) -> Result<(), StoreError> {
        self.take("SELECT pg_advisory_xact_lock($1)", lock).await
    }

    /// The same beside others that share it.
    pub(crate) async fn share(&mut self, lock: Lock) -> Result<(), StoreError> {
        self.take("SELECT pg_advisory_xact_lock_shared($1)", lock)
            .await
    }

    async fn take(&mut self, how: &'static str, lock: Lock) -> Result<(), StoreError> {
        if self.dialect() == Dialect::Postgres {
            sql(how).bind(lock as i64).execute(self).await?;
        }
        Ok(())
    }
}
