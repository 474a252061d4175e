//! Bringing a backup back, in one transaction.

mod references;

use super::file::{BackupManifest, BackupReader, Head, Line, parse};
use super::schema::{Column, Holds, Table, table_names, tables};
use super::{BackupError, verify_backup};
use crate::database::{
    Dialect, MAX_BINDS, Pool, Transaction, Value, migrations, open_as_it_is, sql,
};
use crate::{DatabaseLocation, StoreError};
use serde_json::Value as Json;
use std::path::Path;

/// Values in one statement.
const VALUES_AT_ONCE: usize = 5_000;
const _: () = assert!(VALUES_AT_ONCE < MAX_BINDS);

/// Bytes of the lines that one statement is made of, beyond which none is added: a rate deck is
/// one row.
const BYTES_AT_ONCE: usize = 8 << 20;

/// What may be in the database that a backup is restored to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreTarget {
    /// Nothing: not one table.
    Empty,
    /// Whatever is there goes.
    Replaced,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the backup holds.
    pub manifest: BackupManifest,
    /// The last migration that the database has now.
    pub migration: i64,
}

/// Restores a backup: verifies the file, then makes and fills all tables in one transaction. No
/// switch may use the database. For the command line: it reads with calls that block.
///
/// # Errors
/// [`BackupError`]; the database is as before then.
pub async fn restore_backup(
    location: &DatabaseLocation,
    path: &Path,
    target: RestoreTarget,
) -> Result<Restored, BackupError> {
    let manifest = verify_backup(path)?;
    let (mut reader, head) = BackupReader::open(path)?;
    let known = migrations::versions();
    let unknown = head
        .migrations
        .iter()
        .find(|version| !known.contains(version));
    if let Some(&migration) = unknown {
        return Err(BackupError::TooNew { migration });
    }
    let pool = open_as_it_is(location, true).await?;
    let outcome = restore_to(&pool, &mut reader, &head, &manifest, target).await;
    pool.close().await;
    outcome?;
    Ok(Restored {
        manifest,
        migration: known.last().copied().unwrap_or(0),
    })
}

async fn restore_to(
    pool: &Pool,
    reader: &mut BackupReader,
    head: &Head,
    manifest: &BackupManifest,
    target: RestoreTarget,
) -> Result<(), BackupError> {
    let mut transaction = pool.begin_write().await?;
    let there = table_names(&mut transaction).await?;
    match (target, there.first()) {
        (RestoreTarget::Empty, Some(table)) => {
            let table = table.clone();
            return Err(BackupError::NotEmpty { table });
        }
        (RestoreTarget::Empty, None) => {}
        (RestoreTarget::Replaced, _) => drop_all(&mut transaction, &there).await?,
    }
    migrations::run_some(&mut transaction, |version| {
        head.migrations.contains(&version)
    })
    .await?;
    let made = tables(&mut transaction).await?;
    check_tables(&head.tables, &made)?;
    empty(&mut transaction, &made).await?;
    references::look_later(&mut transaction).await?;
    load(&mut transaction, reader, &head.tables).await?;
    for table in &manifest.tables {
        if count(&mut transaction, &table.name).await? != table.rows {
            let table = table.name.clone();
            return Err(BackupError::NotLoaded { table });
        }
    }
    go_on_counting(&mut transaction, &made).await?;
    references::look_now(&mut transaction).await?;
    migrations::run_some(&mut transaction, |_| true).await?;
    transaction.commit().await?;
    Ok(())
}

async fn drop_all(on: &mut Transaction, names: &[String]) -> Result<(), StoreError> {
    let postgres = on.dialect() == Dialect::Postgres;
    for name in names {
        let mut drop = sql("DROP TABLE ");
        drop.push_name(name)
            .push(if postgres { " CASCADE" } else { "" });
        drop.execute(&mut *on).await?;
    }
    if postgres {
        let query = sql("SELECT CAST(p.proname AS TEXT) FROM pg_proc p \
             JOIN pg_namespace n ON n.oid = p.pronamespace \
             WHERE n.nspname = current_schema() AND p.prorettype = CAST('trigger' AS regtype)");
        for row in query.fetch_all(&mut *on).await? {
            let mut drop = sql("DROP FUNCTION ");
            drop.push_name(row.get(0)?).push("()");
            drop.execute(&mut *on).await?;
        }
    }
    Ok(())
}

/// That the migrations made the tables of the backup, whatever the order of tables and columns.
fn check_tables(of_file: &[Table], made: &[Table]) -> Result<(), BackupError> {
    for table in of_file {
        let same = made.iter().find(|made| made.name == table.name);
        let has = |column: &Column| same.is_some_and(|same| same.columns.contains(column));
        if same.is_none() || !table.columns.iter().all(has) {
            let what = format!("its table `{}` is not one of its migrations", table.name);
            return Err(BackupError::damaged(what));
        }
    }
    if of_file.len() != made.len() {
        return Err(BackupError::damaged("a table of its migrations is missing"));
    }
    Ok(())
}

/// Takes away what the migrations put in. What refers goes first.
async fn empty(on: &mut Transaction, made: &[Table]) -> Result<(), StoreError> {
    for table in made.iter().rev() {
        if count(on, &table.name).await? > 0 {
            let mut delete = sql("DELETE FROM ");
            delete.push_name(&table.name);
            delete.execute(&mut *on).await?;
        }
    }
    Ok(())
}

async fn count(on: &mut Transaction, table: &str) -> Result<u64, StoreError> {
    let mut query = sql("SELECT COUNT(*) FROM ");
    query.push_name(table);
    let count: i64 = query.fetch_value(on).await?;
    Ok(count.unsigned_abs())
}

async fn load(
    on: &mut Transaction,
    reader: &mut BackupReader,
    tables: &[Table],
) -> Result<(), BackupError> {
    let mut at_hand: Option<&Table> = None;
    let mut rows: Vec<Vec<Value>> = Vec::new();
    let mut bytes = 0;
    loop {
        let Some(line) = reader.next_line()? else {
            return Err(BackupError::damaged("it is cut off"));
        };
        let length = line.len();
        match (parse(line)?, at_hand) {
            (Line::Row(row), Some(table)) => {
                rows.push(values(row, table)?);
                bytes += length;
                if rows.len() * table.columns.len() >= VALUES_AT_ONCE || bytes >= BYTES_AT_ONCE {
                    insert(on, table, &mut rows).await?;
                    bytes = 0;
                }
            }
            (Line::Row(_), None) => return Err(BackupError::damaged("a row has no table")),
            (Line::Begin { table }, before) => {
                if let Some(before) = before {
                    insert(on, before, &mut rows).await?;
                }
                at_hand = tables.iter().find(|known| known.name == table);
            }
            (Line::End { .. }, before) => {
                if let Some(before) = before {
                    insert(on, before, &mut rows).await?;
                }
                return Ok(());
            }
        }
    }
}

async fn insert(
    on: &mut Transaction,
    table: &Table,
    rows: &mut Vec<Vec<Value>>,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut insert = sql("INSERT INTO ");
    insert.push_name(&table.name).push(" (");
    for (index, column) in table.columns.iter().enumerate() {
        insert.push(if index > 0 { ", " } else { "" });
        insert.push_name(&column.name);
    }
    insert.push(") VALUES ");
    for (index, row) in rows.drain(..).enumerate() {
        insert.push(if index > 0 { ", (" } else { "(" });
        insert.push_list(row).push(")");
    }
    insert.execute(on).await?;
    Ok(())
}

fn values(row: Vec<Json>, table: &Table) -> Result<Vec<Value>, BackupError> {
    let wrong = || BackupError::damaged(format!("a row of `{}` does not fit", table.name));
    if row.len() != table.columns.len() {
        return Err(wrong());
    }
    let values = row.into_iter().zip(&table.columns);
    values
        .map(|(json, column)| value(json, column.holds).ok_or_else(wrong))
        .collect()
}

fn value(json: Json, holds: Holds) -> Option<Value> {
    Some(match (holds, json) {
        (Holds::Number, Json::Null) => Value::Int(None),
        (Holds::Number, Json::Number(number)) => Value::Int(Some(number.as_i64()?)),
        (Holds::Text, Json::Null) => Value::Text(None),
        (Holds::Text, Json::String(text)) => Value::Text(Some(text)),
        (Holds::Truth, Json::Null) => Value::Truth(None),
        (Holds::Truth, Json::Bool(truth)) => Value::Truth(Some(truth)),
        (Holds::Bytes, Json::Null) => Value::Bytes(None),
        (Holds::Bytes, Json::String(digits)) => Value::Bytes(Some(bytes(&digits)?)),
        _ => return None,
    })
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let pairs = (0..digits.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok())
        .collect()
}

/// New rows get numbers behind the highest that is there.
async fn go_on_counting(on: &mut Transaction, made: &[Table]) -> Result<(), StoreError> {
    if on.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    for table in made {
        let query = sql(
            "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = current_schema() \
             AND table_name = $1 AND column_name = 'id' AND is_identity = 'YES'",
        );
        let numbered: i64 = query.bind(&table.name).fetch_value(&mut *on).await?;
        if numbered == 0 {
            continue;
        }
        let mut set = sql("SELECT setval(pg_get_serial_sequence(");
        set.push_bind(&table.name);
        set.push(", 'id'), COALESCE((SELECT MAX(id) FROM ");
        set.push_name(&table.name).push("), 0) + 1, FALSE)");
        set.execute(&mut *on).await?;
    }
    Ok(())
}
