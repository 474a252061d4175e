//! The rows of a table, some at a time.

use super::schema::{Column, Holds, Table};
use crate::StoreError;
use crate::database::{Dialect, Row, Statement, Transaction, sql};
use serde_json::{Value as Json, json};

/// Rows that are read at once, and the words that fetch them.
const STEPS: [(u32, &str); 4] = [
    (500, "FETCH 500 FROM "),
    (50, "FETCH 50 FROM "),
    (5, "FETCH 5 FROM "),
    (1, "FETCH 1 FROM "),
];

/// Bytes of the values that are read at once, unless a single row has more.
const BYTES_AT_ONCE: i64 = 8 << 20;

/// Reads a table. On SQLite it goes on behind the last row's number; on PostgreSQL by a cursor.
pub(super) struct TableReader<'t> {
    table: &'t Table,
    last: i64,
    /// How many rows at once; not known before the first.
    step: Option<(u32, &'static str)>,
}

impl<'t> TableReader<'t> {
    pub(super) fn new(table: &'t Table) -> Self {
        Self {
            table,
            last: i64::MIN,
            step: None,
        }
    }

    /// The next rows, each as an array; none at the end.
    pub(super) async fn next(&mut self, on: &mut Transaction) -> Result<Vec<Json>, StoreError> {
        let dialect = on.dialect();
        let step = match self.step {
            Some(step) => step,
            None => self.begin(on).await?,
        };
        let rows = match dialect {
            Dialect::Sqlite => self.behind_the_last(step.0).fetch_all(on).await?,
            Dialect::Postgres => {
                let rows = self.with_cursor(step.1).fetch_all(&mut *on).await?;
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

    /// Looks how large the rows are, and opens the cursor.
    async fn begin(&mut self, on: &mut Transaction) -> Result<(u32, &'static str), StoreError> {
        let largest = match self.largest_row() {
            Some(query) => query.fetch_value::<Option<i64>>(&mut *on).await?,
            None => None,
        };
        let fits = |(rows, _): &&(u32, &str)| {
            largest.unwrap_or(0).saturating_mul(i64::from(*rows)) <= BYTES_AT_ONCE
        };
        let step = *STEPS.iter().find(fits).unwrap_or(&STEPS[STEPS.len() - 1]);
        if on.dialect() == Dialect::Postgres {
            self.cursor().execute(on).await?;
        }
        self.step = Some(step);
        Ok(step)
    }

    /// Bytes of the texts and bytes of the largest row; nothing when the table has none of either.
    fn largest_row(&self) -> Option<Statement> {
        let columns = self.table.columns.iter();
        let mut sized = columns.filter(|column| matches!(column.holds, Holds::Text | Holds::Bytes));
        let mut query = sql("SELECT CAST(MAX(");
        push_size(&mut query, sized.next()?);
        for column in sized {
            query.push(" + ");
            push_size(&mut query, column);
        }
        query.push(") AS BIGINT) FROM ").push_name(&self.table.name);
        Some(query)
    }

    fn behind_the_last(&self, rows: u32) -> Statement {
        let mut query = self.select();
        query.push(", rowid FROM ").push_name(&self.table.name);
        query.push(" WHERE rowid > ").push_bind(self.last);
        query.push(" ORDER BY rowid LIMIT ").push_bind(rows);
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

fn push_size(query: &mut Statement, column: &Column) {
    query.push("COALESCE(OCTET_LENGTH(");
    query.push_name(&column.name).push("), 0)");
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
