//! A statement: its text, what it binds, and running it on either database.

use super::connection::{Pool, Target, Transaction};
use super::dialect::Dialect;
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

/// Places that keep their numbers on SQLite. A number is a name there, and the driver asks for the name
/// of each place, which SQLite looks for from the first on: of thousands of places that costs far
/// more than the statement does.
const NUMBERED_MAX: usize = 32;

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

    /// Appends a text of hexadecimal digits where a statement can bind nothing. Whatever is none is left
    /// out.
    pub(crate) fn push_digits(&mut self, digits: &str) -> &mut Self {
        let digits = digits.chars().filter(char::is_ascii_hexdigit);
        let text = self.text.to_mut();
        text.push('\'');
        text.extend(digits);
        text.push('\'');
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

    /// Appends a table of arrays, each a column, of those types; their places are the first. For
    /// PostgreSQL, and what they bind is given to [`fetch_with`](Self::fetch_with).
    pub(super) fn push_arrays(&mut self, types: impl Iterator<Item = &'static str>) -> &mut Self {
        self.push("SELECT * FROM unnest(");
        for (index, of_type) in types.enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            let number = index + 1;
            // Writing to a String cannot fail.
            let _ = write!(self.text.to_mut(), "{comma}${number}{of_type}");
        }
        self.push(")")
    }

    /// Runs it on PostgreSQL with what its places bind; gives all rows.
    pub(super) async fn fetch_with(
        self,
        arguments: PgArguments,
        on: &mut Transaction,
    ) -> Result<Vec<Row>, StoreError> {
        let Transaction::Postgres(transaction) = on else {
            return Err(StoreError::Query(sqlx::Error::InvalidArgument(
                "arrays are of PostgreSQL".to_owned(),
            )));
        };
        let query = sqlx::query_with(AssertSqlSafe(self.text), arguments);
        let rows = query.fetch_all(&mut **transaction).await?;
        Ok(wrap(rows, Row::Postgres))
    }

    /// Runs it; gives how many rows it wrote.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub(crate) async fn execute(self, on: impl Into<Target<'_>>) -> Result<u64, StoreError> {
        let on = on.into();
        let (text, values) = self.parts(on.dialect());
        let affected = match on {
            Target::Pool(Pool::Sqlite(pool)) => {
                let query = sqlx::query_with(text, arguments::<SqliteArguments>(values)?);
                query.execute(pool).await?.rows_affected()
            }
            Target::Pool(Pool::Postgres(pool)) => {
                let query = sqlx::query_with(text, arguments::<PgArguments>(values)?);
                query.execute(pool).await?.rows_affected()
            }
            Target::Transaction(Transaction::Sqlite(transaction)) => {
                let query = sqlx::query_with(text, arguments::<SqliteArguments>(values)?);
                query.execute(&mut **transaction).await?.rows_affected()
            }
            Target::Transaction(Transaction::Postgres(transaction)) => {
                let query = sqlx::query_with(text, arguments::<PgArguments>(values)?);
                query.execute(&mut **transaction).await?.rows_affected()
            }
        };
        Ok(affected)
    }

    /// All rows.
    pub(crate) async fn fetch_all(self, on: impl Into<Target<'_>>) -> Result<Vec<Row>, StoreError> {
        let on = on.into();
        let (text, values) = self.parts(on.dialect());
        let rows = match on {
            Target::Pool(Pool::Sqlite(pool)) => {
                let query = sqlx::query_with(text, arguments::<SqliteArguments>(values)?);
                wrap(query.fetch_all(pool).await?, Row::Sqlite)
            }
            Target::Pool(Pool::Postgres(pool)) => {
                let query = sqlx::query_with(text, arguments::<PgArguments>(values)?);
                wrap(query.fetch_all(pool).await?, Row::Postgres)
            }
            Target::Transaction(Transaction::Sqlite(transaction)) => {
                let query = sqlx::query_with(text, arguments::<SqliteArguments>(values)?);
                wrap(query.fetch_all(&mut **transaction).await?, Row::Sqlite)
            }
            Target::Transaction(Transaction::Postgres(transaction)) => {
                let query = sqlx::query_with(text, arguments::<PgArguments>(values)?);
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
        let on = on.into();
        let (text, values) = self.parts(on.dialect());
        let row = match on {
            Target::Pool(Pool::Sqlite(pool)) => {
                let query = sqlx::query_with(text, arguments::<SqliteArguments>(values)?);
                query.fetch_optional(pool).await?.map(Row::Sqlite)
            }
            Target::Pool(Pool::Postgres(pool)) => {
                let query = sqlx::query_with(text, arguments::<PgArguments>(values)?);
                query.fetch_optional(pool).await?.map(Row::Postgres)
            }
            Target::Transaction(Transaction::Sqlite(transaction)) => {
                let query = sqlx::query_with(text, arguments::<SqliteArguments>(values)?);
                query
                    .fetch_optional(&mut **transaction)
                    .await?
                    .map(Row::Sqlite)
            }
            Target::Transaction(Transaction::Postgres(transaction)) => {
                let query = sqlx::query_with(text, arguments::<PgArguments>(values)?);
                query
                    .fetch_optional(&mut **transaction)
                    .await?
                    .map(Row::Postgres)
            }
        };
        Ok(row)
    }

    /// What is given to the driver.
    fn parts(self, dialect: Dialect) -> (AssertSqlSafe<Cow<'static, str>>, Vec<Value>) {
        let text = match dialect {
            Dialect::Sqlite if self.values.len() > NUMBERED_MAX => nameless(self.text),
            _ => self.text,
        };
        (AssertSqlSafe(text), self.values)
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

/// The text with `?` for its places, when they stand in the order of their numbers, each once; as it
/// is otherwise.
fn nameless(text: Cow<'static, str>) -> Cow<'static, str> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    let mut next = 1;
    while let Some((before, after)) = rest.split_once('$') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if after[..digits].parse() != Ok(next) {
            return text;
        }
        out.push_str(before);
        out.push('?');
        rest = &after[digits..];
        next += 1;
    }
    out.push_str(rest);
    out.into()
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

#[cfg(test)]
mod tests {
    use super::nameless;

    #[test]
    fn places_lose_their_numbers_only_when_they_stand_in_order() {
        assert_eq!(
            nameless("a = $1 AND b IN ($2, $3)".into()),
            "a = ? AND b IN (?, ?)"
        );
        assert_eq!(nameless("1".into()), "1");
        for kept in [
            "a = $2 AND b = $1",
            "a = $1 AND b = $1",
            "a = $1 AND b = $3",
        ] {
            assert_eq!(nameless(kept.into()), kept);
        }
    }
}
