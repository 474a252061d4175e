//! A row of either database.

use super::error::StoreError;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Decode, Postgres, Row as _, Sqlite, Type};

/// A row that was read.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// What a column can be read as: `i64`, `String`, `&str`, `bool`, `Vec<u8>`, `&[u8]`, and an
/// [`Option`] of each.
pub(crate) trait Column<'r>:
    Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>
{
}

impl<'r, T> Column<'r> for T where
    T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>
{
}

impl Row {
    /// A column by its number from 0, or by its name.
    ///
    /// # Errors
    /// [`StoreError::Query`] when there is none or it is something else.
    pub(crate) fn get<'r, T: Column<'r>>(
        &'r self,
        column: impl ColumnIndex<SqliteRow> + ColumnIndex<PgRow>,
    ) -> Result<T, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    /// A column that was written from an unsigned number.
    ///
    /// # Errors
    /// [`StoreError::Query`] when it is out of range too.
    pub(crate) fn unsigned<T: TryFrom<i64>>(
        &self,
        column: impl ColumnIndex<SqliteRow> + ColumnIndex<PgRow> + Copy,
    ) -> Result<T, StoreError> {
        let value: i64 = self.get(column)?;
        T::try_from(value).map_err(|_| {
            StoreError::column(&format!("{column:?}"), format!("{value} is out of range"))
        })
    }
}
