//! A statement: its text, what it binds, and running it on either database.

use super::connection::{Pool, Target, Transaction};
use super::error::StoreError;
use super::row::{Column, Row};
use super::value::Value;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Database, Encode, Type};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Values that one statement may bind: the least of what the databases allow, rounded down.
pub(crate) const MAX_BINDS: usize = 30_000;

/// A statement. Its text is made of the program's own texts only; what comes from outside is bound,
/// so there is no way to put it into the text.
#[derive(Clone, Debug)]
#[must_use = "a statement does nothing until it runs"]
pub(crate) struct Statement {
    text: Cow<'static, str>,
    values: Vec<Value>,
}

/// A statement of a fixed text with the places `$1`, `$2`, …; or the beginning of a longer one.
pub(crate) fn sql(text: &'static str) -> Statement {
    Statement {
        text: Cow::Borrowed(text),
        values: Vec::new(),
    }
}

impl Statement {
    /// Binds the next place, which the text has.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Appends to the text.
    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Appends the next place to the text and binds it.
    pub(crate) fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        let number = self.values.len();
        // Writing to a String cannot fail.
        let _ = write!(self.text.to_mut(), "${number}");
        self
    }

    /// Appends the name of a table or column that was read from the database's own catalogue. Whatever
    /// is no letter, digit or underscore is left out, so that it cannot be more than a name.
    pub(crate) fn push_name(&mut self, name: &str) -> &mut Self {
        let letters = name
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '_');
        let text = self.text.to_mut();
        text.push('"');
        text.extend(letters);
        text.push('"');
        self
    }

    /// Appends another statement, whose places get the next numbers.
    pub(crate) fn append(&mut self, other: Self) -> &mut Self {
        let mut rest = other.text.as_ref();
        let text = self.text.to_mut();
        let offset = self.values.len();
        // In the program's texts `$` stands before the number of a place and nowhere else.
        while let Some((before, after)) = rest.split_once('$') {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let number: usize = after[..digits].parse().unwrap_or(0);
            text.push_str(before);
            let _ = write!(text, "${}", offset + number);
            rest = &after[digits..];
        }
        text.push_str(rest);
        self.values.extend(other.values);
        self
    }

    /// Appends places with commas between them: the inside of `IN (…)`, which must not be empty.
    pub(crate) fn push_list<V: Into<Value>>(
        &mut self,
        values: impl IntoIterator<Item = V>,
    ) -> &mut Self {
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.push_bind(value);
        }
        self
    }

    /// Appends `VALUES (…), (…)`: a row for each item, of what `row` gives for it. There must be
    /// an item, and at most [`MAX_BINDS`] values.
    pub(crate) fn push_rows<T, const N: usize>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        row: impl Fn(T) -> [Value; N],
    ) -> &mut Self {
        self.push("VALUES ");
        for (index, item) in items.into_iter().enumerate() {
            self.push(if index > 0 { ", (" } else { "(" });
            self.push_list(row(item));
            self.push(")");
        }
        self
    }

    /// Runs it; gives how many rows it wrote.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub(crate) async fn execute(self, on: impl Into<Target<'_>>) -> Result<u64, StoreError> {
        let text = AssertSqlSafe(self.text);
        let affected = match on.into() {
            Target::Pool(Pool::Sqlite(pool)) => {
                let query = sqlx::query_with(text, arguments::<SqliteArguments>(self.values)?);
                query.execute(pool).await?.rows_affected()
            }
            Target::Pool(Pool::Postgres(pool)) => {
                let query = sqlx::query_with(text, arguments::<PgArguments>(self.values)?);
                query.execute(pool).await?.rows_affected()
            }
            Target::Transaction(Transaction::Sqlite(transaction)) => {
                let query = sqlx::query_with(text, arguments::<SqliteArguments>(self.values)?);
                query.execute(&mut **transaction).await?.rows_affected()
            }
            Target::Transaction(Transaction::Postgres(transaction)) => {
                let query = sqlx::query_with(text, arguments::<PgArguments>(self.values)?);
                query.execute(&mut **transaction).await?.rows_affected()
            }
        };
        Ok(affected)
    }

    /// All rows.
    pub(crate) async fn fetch_all(self, on: impl Into<Target<'_>>) -> Result<Vec<Row>, StoreError> {
        let text = AssertSqlSafe(self.text);
        let rows = match on.into() {
            Target::Pool(Pool::Sqlite(pool)) => {
                let query = sqlx::query_with(text, arguments::<SqliteArguments>(self.values)?);
                wrap(query.fetch_all(pool).await?, Row::Sqlite)
            }
            Target::Pool(Pool::Postgres(pool)) => {
                let query = sqlx::query_with(text, arguments::<PgArguments>(self.values)?);
                wrap(query.fetch_all(pool).await?, Row::Postgres)
            }
            Target::Transaction(Transaction::Sqlite(transaction)) => {
                let query = sqlx::query_with(text, arguments::<SqliteArguments>(self.values)?);
                wrap(query.fetch_all(&mut **transaction).await?, Row::Sqlite)
            }
            Target::Transaction(Transaction::Postgres(transaction)) => {
                let query = sqlx::query_with(text, arguments::<PgArguments>(self.values)?);
                wrap(query.fetch_all(&mut **transaction).await?, Row::Postgres)
            }
        };
        Ok(rows)
    }

    /// The first row, if there is any.
    pub(crate) async fn fetch_optional(
        self,
        on: impl Into<Target<'_>>,
    ) -> Result<Option<Row>, StoreError> {
        let text = AssertSqlSafe(self.text);
        let row = match on.into() {
            Target::Pool(Pool::Sqlite(pool)) => {
                let query = sqlx::query_with(text, arguments::<SqliteArguments>(self.values)?);
                query.fetch_optional(pool).await?.map(Row::Sqlite)
            }
            Target::Pool(Pool::Postgres(pool)) => {
                let query = sqlx::query_with(text, arguments::<PgArguments>(self.values)?);
                query.fetch_optional(pool).await?.map(Row::Postgres)
            }
            Target::Transaction(Transaction::Sqlite(transaction)) => {
                let query = sqlx::query_with(text, arguments::<SqliteArguments>(self.values)?);
                query
                    .fetch_optional(&mut **transaction)
                    .await?
                    .map(Row::Sqlite)
            }
            Target::Transaction(Transaction::Postgres(transaction)) => {
                let query = sqlx::query_with(text, arguments::<PgArguments>(self.values)?);
                query
                    .fetch_optional(&mut **transaction)
                    .await?
                    .map(Row::Postgres)
            }
        };
        Ok(row)
    }

    /// The one row.
    pub(crate) async fn fetch_one(self, on: impl Into<Target<'_>>) -> Result<Row, StoreError> {
        let row = self.fetch_optional(on).await?;
        row.ok_or(StoreError::Query(sqlx::Error::RowNotFound))
    }

    /// The first column of the one row.
    pub(crate) async fn fetch_value<T>(self, on: impl Into<Target<'_>>) -> Result<T, StoreError>
    where
        T: for<'r> Column<'r>,
    {
        self.fetch_one(on).await?.get(0)
    }

    /// The first column of the first row, if there is any.
    pub(crate) async fn fetch_optional_value<T>(
        self,
        on: impl Into<Target<'_>>,
    ) -> Result<Option<T>, StoreError>
    where
        T: for<'r> Column<'r>,
    {
        let row = self.fetch_optional(on).await?;
        row.map(|row| row.get(0)).transpose()
    }
}

fn wrap<R>(rows: Vec<R>, with: fn(R) -> Row) -> Vec<Row> {
    rows.into_iter().map(with).collect()
}

fn arguments<A>(values: Vec<Value>) -> Result<A, StoreError>
where
    A: Arguments,
    Option<i64>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Option<String>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Option<bool>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Option<Vec<u8>>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    A::Database: Database,
{
    let mut arguments = A::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        let added = match value {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Truth(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
        };
        added.map_err(|error| StoreError::Query(sqlx::Error::Encode(error)))?;
    }
    Ok(arguments)
}
