//! Backup and restore: the whole database as one file, which restores on either database.
//!
//! The file is gzip of lines of JSON: a *head* (format, program, migrations, the tables with their
//! columns), then each table's rows as arrays, then a *manifest* with the number of rows and the
//! SHA-256 of each table. A file that was cut off has no manifest; one that was altered has another
//! sum. Tables stand in an order in which each comes after those it refers to.
//!
//! - A backup reads one moment of the database, in one transaction, while the switch runs: on
//!   SQLite a read transaction of its log, on PostgreSQL a repeatable read. It is written under
//!   another name, read again and verified, and only then gets its own.
//! - A restore is one transaction: it makes the tables as they were at the backup's migration, loads
//!   them, and brings them to this program's version. Whatever fails, the database is as before.
//!
//! What is under a master key stays so: keep the file of the keys too.

mod file;
mod read;
mod restore;
mod schema;
mod write;

pub use file::{BackupError, BackupManifest, BackupTable, verify_backup};
pub use restore::{RestoreTarget, Restored, restore_backup};
pub use write::write_backup;

use schema::MIGRATIONS_TABLE;

#[cfg(test)]
mod tests;
