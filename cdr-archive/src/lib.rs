//! Call records as Parquet files, which every tool of analysis reads, and where they are kept.
//!
//! A file is a table. Its columns are told once ([`Column`]): a name, a kind and how the value comes out of a
//! row; whoever writes another format of the same table takes the same columns. [`ParquetFile`] writes rows, group
//! by group, so that no more than a group is in memory; [`ParquetTable`] reads them back.
//!
//! | kind | in Parquet |
//! |---|---|
//! | text | `BYTE_ARRAY (STRING)`, UTF-8 |
//! | time | `INT64 (TIMESTAMP(MICROS, true))`, UTC |
//! | whole number | `INT64` |
//! | amount | `INT64 (DECIMAL(18, 9))`: nano-units, which tools show as `0.0125` |
//!
//! Every column may be null. Columns are packed by zstd.
//!
//! [`CallsFile`] is the table of the archive: the columns that calls are looked for by, and each record whole, as JSON with
//! its attempts, so that a record is in one place and cannot be torn. [`Place`] is a folder or a bucket.

mod archived_file;
mod calls;
mod column;
mod parquet_file;
mod parquet_table;
mod place;

pub use archived_file::{ArchivedFile, GroupBounds, ReadError};
pub use calls::{ArchivedCall, CallsFile, FILE_CALLS, FileFacts, GROUP_CALLS};
pub use column::{Cell, CellKind, Column};
pub use parquet_file::ParquetFile;
pub use parquet_table::ParquetTable;
pub use place::{Place, PlaceError, S3Settings};

/// A file that cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file is no Parquet file, is damaged, or cannot be encoded.
    #[error("Parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// What stands in the column of records is none.
    #[error("a record in the file cannot be read: {0}")]
    Record(#[source] serde_json::Error),
    /// The file has not got that column, or it is of another kind.
    #[error("the file has no column `{0}` of the kind that is read")]
    Column(String),
}
