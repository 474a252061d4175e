//! The days of records: identifiers of calls are in the order of time, and PostgreSQL keeps the records of a day
//! together.
//!
//! The first 48 bits of an identifier are the milliseconds at which the call was received, so a span of time is a
//! span of identifiers too, and the identifier alone is the key: a record is in one partition, whoever loads it. On
//! PostgreSQL `cdr` and `attempt` have a partition for each day (UTC), made [`AHEAD_DAYS`] ahead by whoever
//! loads records ([`Store::make_cdr_days`]), one for all that is before the first of them, and a default for what
//! has none: what a clock that is wrong wrote, or a day that could not be made in time. The default's records go
//! to their day when it is made. SQLite keeps all in one table.

use crate::database::{Dialect, Lock, Statement, Transaction, sql};
use crate::{Store, StoreError};
use rating::Timestamp;
use std::collections::BTreeSet;

/// Days that are made before they come.
const AHEAD_DAYS: i64 = 7;

/// Days of the past that are made for records in the default partition.
const BACK_DAYS: i64 = 400;

/// Days that are made at a time for records in the default partition.
const SETTLED_AT_ONCE: usize = 8;

/// Partitions beyond which none is made: three years of days. Records go to the default then.
pub const CDR_PARTITIONS_MAX: u64 = 1_100;

/// Who waits for a lock holds up all that come later: better to come back. It is longer than PostgreSQL waits
/// before it looks who holds whom up, and sends an automatic vacuum away.
pub(super) const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '1500ms'";

/// A record's times and the time in its identifier are less than that apart: an attempt begins within two hours
/// of its call ([`SETUP_MAX_US`](crate::traffic)), in which the clock may be set too.
const APART_MS: i64 = 3 * 3_600_000;

pub(super) const DAY_MS: i64 = 86_400_000;

/// The first number of milliseconds that an identifier has no room for.
const MILLIS_END: i64 = 1 << 48;

/// Text that sorts behind every identifier.
const BEHIND_ALL: &str = "g";

/// What was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CdrDays {
    /// Days that have a partition now and had none.
    pub made: u32,
    /// Partitions that there are.
    pub partitions: u64,
}

/// What the first identifier of a time begins with; that of a time behind all is behind all.
pub(super) fn begins(millis: i64) -> String {
    if millis >= MILLIS_END {
        return BEHIND_ALL.to_owned();
    }
    format!("{:012x}", millis.max(0))
}

/// Identifiers of what happened at or after a time are not before this.
pub(crate) fn first_id(at: Timestamp) -> String {
    begins((at.0.div_euclid(1_000) - APART_MS).min(MILLIS_END - 1))
}

/// Identifiers of what happened before a time are before this.
pub(crate) fn behind_id(at: Timestamp) -> String {
    begins((at.0.div_euclid(1_000)).saturating_add(APART_MS + 1))
}

/// Appends what the identifier in `column` is when the call or the attempt was in that span: PostgreSQL then looks
/// at the days of the span and no others.
pub(crate) fn push_days(
    sql: &mut Statement,
    column: &'static str,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) {
    if let Some(from) = from {
        sql.push(" AND ").push(column).push(" >= ");
        sql.push_bind(first_id(from));
    }
    if let Some(to) = to {
        sql.push(" AND ").push(column).push(" < ");
        sql.push_bind(behind_id(to));
    }
}

/// The partitions of `cdr`.
struct Partitions {
    /// Where the first day begins, milliseconds: what is before is in the partition of before.
    first: i64,
    /// Days that have one, since 1970.
    days: BTreeSet<i64>,
    count: usize,
}

impl Store {
    /// Makes the partitions of today, the days to come, and those of which the default has records. On SQLite there
    /// is nothing to make. Nodes may do it at once: today is what the database's clock says, not theirs.
    ///
    /// # Errors
    /// [`StoreError`]: also when somebody reads the default partition for long, such as a backup. What was made stays.
    pub async fn make_cdr_days(&self) -> Result<CdrDays, StoreError> {
        if self.reader().dialect() == Dialect::Sqlite {
            return Ok(CdrDays::default());
        }
        let now = sql("SELECT CAST(extract(epoch FROM now()) AS BIGINT) * 1000000");
        let now = now.fetch_value(self.reader()).await?;
        self.make_cdr_days_at(Timestamp(now)).await
    }

    pub(super) async fn make_cdr_days_at(&self, now: Timestamp) -> Result<CdrDays, StoreError> {
        let there = self.partitions().await?;
        let mut made = CdrDays {
            made: 0,
            partitions: there.count as u64,
        };
        let today = now.0.div_euclid(1_000 * DAY_MS);
        let horizon = today + AHEAD_DAYS;
        let wanted = (today..=horizon)
            .filter(|day| day * DAY_MS >= there.first && !there.days.contains(day));
        for day in wanted.collect::<Vec<_>>() {
            self.make_day(day, &mut made).await?;
        }
        let mut begin = there.first.max((today - BACK_DAYS) * DAY_MS);
        for _ in 0..SETTLED_AT_ONCE {
            let Some(day) = self.day_of_default(begin, (horizon + 1) * DAY_MS).await? else {
                break;
            };
            self.make_day(day, &mut made).await?;
            // A day that cannot be made holds up no other.
            begin = (day + 1) * DAY_MS;
        }
        let there = self.partitions().await?;
        if today * DAY_MS >= there.first && !there.days.contains(&today) {
            tracing::error!("call records of today have no partition; they go to the default one");
        }
        Ok(made)
    }

    /// How many partitions call records have; on SQLite none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cdr_partitions(&self) -> Result<u64, StoreError> {
        Ok(match self.reader().dialect() {
            Dialect::Sqlite => 0,
            Dialect::Postgres => self.partitions().await?.count as u64,
        })
    }

    async fn partitions(&self) -> Result<Partitions, StoreError> {
        let rows = sql(
            "SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i \
             JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass('cdr')",
        )
        .fetch_all(self.reader())
        .await?;
        // Without a partition of before, every day may have its own.
        let (mut first, mut days) = (i64::MIN, BTreeSet::new());
        for row in &rows {
            let bound: &str = row.get(0)?;
            // FOR VALUES FROM ('…') TO ('…'), FOR VALUES FROM (MINVALUE) TO ('…'), or DEFAULT.
            let millis: Vec<i64> = bound
                .split('\'')
                .skip(1)
                .step_by(2)
                .filter_map(|text| i64::from_str_radix(text, 16).ok())
                .collect();
            match millis.as_slice() {
                [from, _] => {
                    days.insert(from.div_euclid(DAY_MS));
                }
                [to] => first = *to,
                _ => {}
            }
        }
        let count = rows.len();
        Ok(Partitions { first, days, count })
    }

    /// The first day of which the default partition has records, within a span.
    async fn day_of_default(&self, from: i64, to: i64) -> Result<Option<i64>, StoreError> {
        let first = sql("SELECT MIN(id) FROM cdr_default WHERE id >= $1 AND id < $2")
            .bind(begins(from))
            .bind(begins(to))
            .fetch_value::<Option<String>>(self.reader())
            .await?;
        let millis = first.and_then(|id| i64::from_str_radix(id.get(..12)?, 16).ok());
        Ok(millis.map(|millis| millis.div_euclid(DAY_MS)))
    }

    /// Makes a day, unless another node has.
    async fn make_day(&self, day: i64, made: &mut CdrDays) -> Result<(), StoreError> {
        if made.partitions >= CDR_PARTITIONS_MAX {
            tracing::error!(
                limit = CDR_PARTITIONS_MAX,
                "there are too many partitions of call records to make more; records of new days go to the default one"
            );
            return Ok(());
        }
        let mut transaction = self.write().await?;
        sql(LOCK_TIMEOUT).execute(&mut transaction).await?;
        transaction.lock(Lock::CdrDays).await?;
        let lock = sql("LOCK TABLE cdr_default, attempt_default IN ACCESS EXCLUSIVE MODE");
        lock.execute(&mut transaction).await?;
        let name = day_name(&mut transaction, day).await?;
        if has_partition(&mut transaction, &name).await? {
            return Ok(());
        }
        let taken = sql("SELECT to_regclass($1) IS NOT NULL OR to_regclass($2) IS NOT NULL");
        let taken = taken
            .bind(format!("cdr_{name}"))
            .bind(format!("attempt_{name}"));
        if taken.fetch_value(&mut transaction).await? {
            tracing::error!(
                day = name,
                "a day of call records is detached: what comes of it stays in the default partition"
            );
            return Ok(());
        }
        let span = (begins(day * DAY_MS), begins((day + 1) * DAY_MS));
        for (parent, default, id) in [
            ("cdr", "cdr_default", "id"),
            ("attempt", "attempt_default", "call_id"),
        ] {
            let partition = format!("{parent}_{name}");
            add_partition(&mut transaction, &partition, (parent, default, id), &span).await?;
        }
        transaction.commit().await?;
        made.made += 1;
        made.partitions += 1;
        Ok(())
    }
}

/// Whether the day of that name is a partition, and no table that was one.
pub(super) async fn has_partition(on: &mut Transaction, name: &str) -> Result<bool, StoreError> {
    sql(
        "SELECT EXISTS (SELECT 1 FROM pg_inherits WHERE inhparent = to_regclass('cdr') \
         AND inhrelid = to_regclass($1))",
    )
    .bind(format!("cdr_{name}"))
    .fetch_value(on)
    .await
}

/// What the partitions of a day are called, behind the name of the table.
pub(super) async fn day_name(on: &mut Transaction, day: i64) -> Result<String, StoreError> {
    sql("SELECT to_char(to_timestamp(CAST($1 AS BIGINT)) AT TIME ZONE 'UTC', '\"d\"YYYYMMDD')")
        .bind(day * DAY_MS / 1_000)
        .fetch_value(on)
        .await
}

/// Makes a partition with its indexes and what the default has of it, and attaches it.
async fn add_partition(
    on: &mut Transaction,
    partition: &str,
    (parent, default, id): (&'static str, &'static str, &'static str),
    (from, to): &(String, String),
) -> Result<(), StoreError> {
    let mut make = sql("CREATE TABLE ");
    make.push_name(partition)
        .push(" (LIKE ")
        .push(parent)
        .push(" INCLUDING ALL)");
    make.execute(&mut *on).await?;
    let mut copy = sql("INSERT INTO ");
    copy.push_name(partition)
        .push(" SELECT * FROM ")
        .push(default);
    copy.push(" WHERE ").push(id).push(" >= ").push_bind(from);
    copy.push(" AND ").push(id).push(" < ").push_bind(to);
    copy.execute(&mut *on).await?;
    let mut delete = sql("DELETE FROM ");
    delete.push(default).push(" WHERE ").push(id);
    delete.push(" >= ").push_bind(from);
    delete.push(" AND ").push(id).push(" < ").push_bind(to);
    delete.execute(&mut *on).await?;
    let mut attach = sql("ALTER TABLE ");
    attach
        .push(parent)
        .push(" ATTACH PARTITION ")
        .push_name(partition);
    attach
        .push(" FOR VALUES FROM (")
        .push_digits(from)
        .push(") TO (")
        .push_digits(to)
        .push(")");
    attach.execute(on).await?;
    Ok(())
}

#[cfg(test)]
pub(super) mod tests;
