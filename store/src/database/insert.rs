//! Many rows at a time, in the way that is fast on each database.
//!
//! PostgreSQL gets a column of all rows as one array, so there is one text whatever number of rows, which it
//! reads and plans once. SQLite binds each value; rows go in chunks of powers of two, so that there are a
//! few texts and each stays prepared.

use super::Dialect;
use super::connection::Transaction;
use super::error::StoreError;
use super::row::Row;
use super::statement::{MAX_BINDS, Statement};
use super::value::Value;
use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;

/// Rows in one statement of SQLite; more gain nothing.
const SQLITE_ROWS: usize = 128;

/// Rows in one statement of PostgreSQL, so that one never is of many megabytes.
const POSTGRES_ROWS: usize = 4_096;

/// The values of a column.
enum Column {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
    Truth(Vec<Option<bool>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

/// Runs `head`, which binds nothing, the rows as a table, and `tail`: as often as the number of rows needs.
/// Gives what is returned.
///
/// # Errors
/// [`StoreError::Query`].
pub(crate) async fn insert_rows<const N: usize>(
    transaction: &mut Transaction,
    head: &Statement,
    mut rows: Vec<[Value; N]>,
    tail: &'static str,
) -> Result<Vec<Row>, StoreError> {
    const { assert!(SQLITE_ROWS * N < MAX_BINDS) };
    let mut returned = Vec::new();
    while !rows.is_empty() {
        let dialect = transaction.dialect();
        let rest = rows.split_off(rows_of(dialect, rows.len()));
        let mut statement = head.clone();
        match dialect {
            Dialect::Sqlite => {
                statement.push_rows(rows, |row| row).push(tail);
                returned.extend(statement.fetch_all(&mut *transaction).await?);
            }
            Dialect::Postgres => {
                let columns = columns(rows)?;
                let arrays = columns.iter().map(Column::array);
                statement.push_arrays(arrays).push(tail);
                let arguments = arguments(columns)?;
                let new = statement.fetch_with(arguments, transaction).await?;
                returned.extend(new);
            }
        }
        rows = rest;
    }
    Ok(returned)
}

/// How many of so many rows, more than none, the next statement takes.
fn rows_of(dialect: Dialect, rows: usize) -> usize {
    match dialect {
        Dialect::Sqlite if rows < SQLITE_ROWS => 1 << rows.ilog2(),
        Dialect::Sqlite => SQLITE_ROWS,
        Dialect::Postgres => rows.min(POSTGRES_ROWS),
    }
}

fn columns<const N: usize>(rows: Vec<[Value; N]>) -> Result<Vec<Column>, StoreError> {
    let count = rows.len();
    let mut columns: Vec<Column> = Vec::with_capacity(N);
    for row in rows {
        for (place, value) in row.into_iter().enumerate() {
            if columns.len() == place {
                columns.push(Column::of(&value, count));
            }
            columns[place].push(value)?;
        }
    }
    Ok(columns)
}

fn arguments(columns: Vec<Column>) -> Result<PgArguments, StoreError> {
    let mut arguments = PgArguments::default();
    for column in columns {
        let added = match column {
            Column::Int(values) => arguments.add(values),
            Column::Text(values) => arguments.add(values),
            Column::Truth(values) => arguments.add(values),
            Column::Bytes(values) => arguments.add(values),
        };
        added.map_err(|error| StoreError::Query(sqlx::Error::Encode(error)))?;
    }
    Ok(arguments)
}

impl Column {
    fn of(value: &Value, count: usize) -> Self {
        match value {
            Value::Int(_) => Self::Int(Vec::with_capacity(count)),
            Value::Text(_) => Self::Text(Vec::with_capacity(count)),
            Value::Truth(_) => Self::Truth(Vec::with_capacity(count)),
            Value::Bytes(_) => Self::Bytes(Vec::with_capacity(count)),
        }
    }

    fn push(&mut self, value: Value) -> Result<(), StoreError> {
        match (self, value) {
            (Self::Int(values), Value::Int(value)) => values.push(value),
            (Self::Text(values), Value::Text(value)) => values.push(value),
            (Self::Truth(values), Value::Truth(value)) => values.push(value),
            (Self::Bytes(values), Value::Bytes(value)) => values.push(value),
            (_, value) => {
                let reason = format!("{value:?} is not of the type of the rows before");
                return Err(StoreError::column("rows", reason));
            }
        }
        Ok(())
    }

    fn array(&self) -> &'static str {
        match self {
            Self::Int(_) => "::bigint[]",
            Self::Text(_) => "::text[]",
            Self::Truth(_) => "::boolean[]",
            Self::Bytes(_) => "::bytea[]",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use crate::database::sql;
    use crate::testing;

    #[test]
    fn sqlite_has_a_text_for_each_power_of_two_and_no_more() {
        let mut left = 1_000;
        let mut taken = Vec::new();
        while left > 0 {
            taken.push(rows_of(Dialect::Sqlite, left));
            left -= taken[taken.len() - 1];
        }
        assert_eq!(taken, [128, 128, 128, 128, 128, 128, 128, 64, 32, 8]);
        assert_eq!(rows_of(Dialect::Postgres, 1_000), 1_000);
        assert_eq!(rows_of(Dialect::Postgres, 10_000), POSTGRES_ROWS);
    }

    #[tokio::test]
    async fn rows_of_every_type_are_written_in_their_order_and_what_they_return_comes_back() {
        testing::databases(async |database| {
            let store = database.open().await;
            let make =
                "CREATE TABLE odd (a BIGINT NOT NULL PRIMARY KEY, b TEXT, c BOOLEAN, d BYTEA)";
            testing::execute(&store, make).await;
            let mut transaction = store.write().await.unwrap();
            let count = POSTGRES_ROWS as i64 + 3;
            let row = |number: i64| -> [Value; 4] {
                let odd = number % 2 == 1;
                [
                    number.into(),
                    odd.then(|| format!("'{number}' {{,\"\\")).into(),
                    odd.into(),
                    odd.then(|| number.to_be_bytes().to_vec()).into(),
                ]
            };
            let rows = (0..count).map(row).chain([row(1)]).collect();
            let head = sql("INSERT INTO odd (a, b, c, d) ");
            let tail = " ON CONFLICT (a) DO NOTHING RETURNING a";
            let written = insert_rows(&mut transaction, &head, rows, tail).await;
            let written = written.unwrap();
            let written: Vec<i64> = written.iter().map(|row| row.get(0).unwrap()).collect();
            assert_eq!(written, (0..count).collect::<Vec<_>>());
            transaction.commit().await.unwrap();
            let kept = sql("SELECT b, c, d FROM odd WHERE a IN (4, 7) ORDER BY a");
            let kept = kept.fetch_all(store.reader()).await.unwrap();
            assert_eq!(kept[0].get::<Option<String>>(0).unwrap(), None);
            assert!(!kept[0].get::<bool>(1).unwrap());
            assert_eq!(kept[0].get::<Option<Vec<u8>>>(2).unwrap(), None);
            assert_eq!(kept[1].get::<String>(0).unwrap(), "'7' {,\"\\");
            assert!(kept[1].get::<bool>(1).unwrap());
            assert_eq!(kept[1].get::<Vec<u8>>(2).unwrap(), 7_i64.to_be_bytes());
        })
        .await;
    }

    #[test]
    fn a_column_is_of_one_type() {
        let rows = vec![[Value::from(1_i64)], [Value::from("one")]];
        let error = columns(rows).err().unwrap();
        assert!(format!("{error:?}").contains("one"), "{error:?}");
    }
}
