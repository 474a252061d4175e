//! References are looked at when all rows are there: a row may refer to a later one of its own
//! table, such as a change set to the one that rolled it back.

use super::BackupError;
use crate::StoreError;
use crate::database::{Dialect, Transaction, sql};

/// Lets rows be written before those that they refer to. On SQLite the connection does not look at
/// references at all.
pub(super) async fn look_later(on: &mut Transaction) -> Result<(), StoreError> {
    alter_all(on, " DEFERRABLE INITIALLY DEFERRED").await
}

/// Looks at all references now.
///
/// # Errors
/// [`BackupError::Damaged`] when one leads nowhere; on PostgreSQL [`BackupError::Store`].
pub(super) async fn look_now(on: &mut Transaction) -> Result<(), BackupError> {
    if on.dialect() == Dialect::Postgres {
        sql("SET CONSTRAINTS ALL IMMEDIATE")
            .execute(&mut *on)
            .await?;
        alter_all(on, " NOT DEFERRABLE").await?;
        return Ok(());
    }
    let query = sql("SELECT \"table\" FROM pragma_foreign_key_check");
    match query.fetch_optional(on).await? {
        None => Ok(()),
        Some(row) => {
            let table: String = row.get(0)?;
            let what = format!("a row of `{table}` refers to one that is not there");
            Err(BackupError::damaged(what))
        }
    }
}

/// Changes when PostgreSQL looks at the references of each table.
async fn alter_all(on: &mut Transaction, when: &'static str) -> Result<(), StoreError> {
    if on.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let query = sql(
        "SELECT CAST(t.relname AS TEXT), CAST(c.conname AS TEXT) FROM pg_constraint c \
         JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace \
         WHERE c.contype = 'f' AND n.nspname = current_schema() ORDER BY t.relname, c.conname",
    );
    for row in query.fetch_all(&mut *on).await? {
        let mut alter = sql("ALTER TABLE ");
        alter.push_name(row.get(0)?).push(" ALTER CONSTRAINT ");
        alter.push_name(row.get(1)?).push(when);
        alter.execute(&mut *on).await?;
    }
    Ok(())
}
