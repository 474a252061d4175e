//! The rows of a table, some at a time.

use super::schema::{Column, Holds, Table};
use crate::StoreError;
use crate::database::{Dialect, Row, Statement, Transaction, sql};
use serde_json::{Value as Json, json};

/// Rows that are read at once.
const ROWS_AT_ONCE: u32 = 500;

/// Reads a table. On SQLite it goes on behind the last row's number; on PostgreSQL by a cursor.
pub(super) struct TableReader<'t> {
    table: &'t Table,
    last: i64,
    begun: bool,
}

impl<'t> TableReader<'t> {
    pub(super) fn new(table: &'t Table) -> Self {
        Self {
            table,
            last: i64::MIN,
            begun: false,
        }
    }

    /// The next rows, each as an array; none at the end.
    pub(super) async fn next(&mut self, on: &mut Transaction) -> Result<Vec<Json>, StoreError> {
        let dialect = on.dialect();
        let rows = match dialect {
            Dialect::Sqlite => self.behind_the_last().fetch_all(on).await?,
            Dialect::Postgres => {
                if !self.begun {
                    self.cursor().execute(&mut *on).await?;
                    self.begun = true;
                }
                let rows = self
                    .with_cursor("FETCH 500 FROM ")
                    .fetch_all(&mut *on)
                    .await?;
                if rows.is_empty() {
                    self.with_cursor("CLOSE ").execute(on).await?;
                }
                rows
            }
        };
        if let (Some(last), Dialect::Sqlite) = (rows.last(), dialect) {
            self.last = last.get(self.table.columns.len())?;
        }
        let columns = &self.table.columns;
        rows.iter().map(|row| array(row, columns)).collect()
    }

    fn behind_the_last(&self) -> Statement {
        let mut query = self.select();
        query.push(", rowid FROM ").push_name(&self.table.name);
        query.push(" WHERE rowid > ").push_bind(self.last);
        query.push(" ORDER BY rowid LIMIT ").push_bind(ROWS_AT_ONCE);
        query
    }

    fn cursor(&self) -> Statement {
        let mut query = self.with_cursor("DECLARE ");
        query.push(" CURSOR FOR ");
        query.append(self.select());
        query.push(" FROM ").push_name(&self.table.name);
        query
    }

    /// A statement on the table's cursor. Each has a name of its own: the driver keeps what it knows
    /// of the columns with the statement's text.
    fn with_cursor(&self, words: &'static str) -> Statement {
        let mut statement = sql(words);
        statement.push_name(&format!("backup_{}", self.table.name));
        statement
    }

    fn select(&self) -> Statement {
        let mut query = sql("SELECT ");
        for (index, column) in self.table.columns.iter().enumerate() {
            query.push(if index > 0 { ", " } else { "" });
            query.push_name(&column.name);
        }
        query
    }
}

fn array(row: &Row, columns: &[Column]) -> Result<Json, StoreError> {
    let values = (0..)
        .zip(columns)
        .map(|(index, column)| value(row, index, column.holds));
    values.collect::<Result<Vec<_>, _>>().map(Json::Array)
}

fn value(row: &Row, index: usize, holds: Holds) -> Result<Json, StoreError> {
    Ok(match holds {
        Holds::Number => json!(row.get::<Option<i64>>(index)?),
        Holds::Text => json!(row.get::<Option<String>>(index)?),
        Holds::Truth => json!(row.get::<Option<bool>>(index)?),
        Holds::Bytes => json!(row.get::<Option<Vec<u8>>>(index)?.as_deref().map(hex)),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
