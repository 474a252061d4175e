//! What tables a database has, and in which order they can be filled.

use super::BackupError;
use crate::StoreError;
use crate::database::{Dialect, Transaction, sql};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The table of the migrations, which is made and not copied.
pub(super) const MIGRATIONS_TABLE: &str = "_sqlx_migrations";

/// A table and its columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) holds: Holds,
}

/// What a column holds, on either database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Holds {
    Number,
    Text,
    Truth,
    Bytes,
}

impl Holds {
    /// From the declared type of either database; `None` for one that no migration uses.
    fn of(declared: &str) -> Option<Self> {
        match declared.to_ascii_lowercase().as_str() {
            "bigint" | "integer" => Some(Self::Number),
            "text" => Some(Self::Text),
            "boolean" => Some(Self::Truth),
            "blob" | "bytea" => Some(Self::Bytes),
            _ => None,
        }
    }
}

/// The names of our tables, by name.
pub(super) async fn table_names(on: &mut Transaction) -> Result<Vec<String>, StoreError> {
    let query = match on.dialect() {
        Dialect::Sqlite => sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' \
             ESCAPE '\\' ORDER BY name",
        ),
        Dialect::Postgres => sql(
            // A partition comes and goes with its table, and is read and written through it.
            "SELECT CAST(c.relname AS TEXT) FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() \
             AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname",
        ),
    };
    let rows = query.fetch_all(on).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// The numbers of the migrations that were run, in order.
pub(super) async fn migrations(on: &mut Transaction) -> Result<Vec<i64>, StoreError> {
    let query = sql("SELECT version FROM _sqlx_migrations WHERE success = TRUE ORDER BY version");
    let rows = query.fetch_all(on).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// All tables but that of the migrations, each after those that it refers to.
pub(super) async fn tables(on: &mut Transaction) -> Result<Vec<Table>, BackupError> {
    let mut names = table_names(on).await?;
    names.retain(|name| name != MIGRATIONS_TABLE && !is_detached_day(name));
    let mut refers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in &names {
        let mut to = references(on, name).await?;
        to.remove(name);
        refers.insert(name.clone(), to);
    }
    let mut tables = Vec::with_capacity(names.len());
    while let Some(name) = next(&refers) {
        refers.remove(&name);
        let columns = columns(on, &name).await?;
        tables.push(Table { name, columns });
    }
    Ok(tables)
}

/// Whether a table was a partition of call records and was detached: no migration makes it, so a restore
/// could not bring it back.
fn is_detached_day(name: &str) -> bool {
    let day = name
        .strip_prefix("cdr_")
        .or_else(|| name.strip_prefix("attempt_"));
    day.is_some_and(|day| {
        let digits = day.strip_prefix('d').unwrap_or_default();
        matches!(day, "before" | "default")
            || digits.len() == 8 && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}

/// The first table that refers to none of the others; when they refer in a circle, the first.
fn next(refers: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    let free = |to: &BTreeSet<String>| to.iter().all(|to| !refers.contains_key(to));
    let first = refers.iter().find(|(_, to)| free(to));
    first
        .or_else(|| refers.iter().next())
        .map(|(name, _)| name.clone())
}

async fn references(on: &mut Transaction, table: &str) -> Result<BTreeSet<String>, StoreError> {
    let query = match on.dialect() {
        Dialect::Sqlite => sql("SELECT \"table\" FROM pragma_foreign_key_list($1)"),
        Dialect::Postgres => sql("SELECT CAST(t.relname AS TEXT) FROM pg_constraint c \
             JOIN pg_class f ON f.oid = c.conrelid JOIN pg_class t ON t.oid = c.confrelid \
             JOIN pg_namespace n ON n.oid = f.relnamespace \
             WHERE c.contype = 'f' AND n.nspname = current_schema() AND f.relname = $1"),
    };
    let rows = query.bind(table).fetch_all(on).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

async fn columns(on: &mut Transaction, table: &str) -> Result<Vec<Column>, BackupError> {
    let query = match on.dialect() {
        Dialect::Sqlite => sql("SELECT name, type FROM pragma_table_info($1) ORDER BY cid"),
        Dialect::Postgres => sql("SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) \
             FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position"),
    };
    let rows = query.bind(table).fetch_all(on).await?;
    let mut columns = Vec::with_capacity(rows.len());
    for row in &rows {
        let name: String = row.get(0)?;
        let declared: String = row.get(1)?;
        let holds = Holds::of(&declared).ok_or_else(|| BackupError::Column {
            table: table.to_owned(),
            column: name.clone(),
        })?;
        columns.push(Column { name, holds });
    }
    Ok(columns)
}
