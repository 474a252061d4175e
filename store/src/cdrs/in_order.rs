//! Reading records in the order of their identifiers, some at a time.
//!
//! On PostgreSQL a statement with an order and a limit opens every partition that it does not rule out, and those
//! of all days to come are many. So each read is bounded: it looks at the day that it has come to and the next.

use super::days::{DAY_MS, begins};
use crate::StoreError;
use crate::database::{Row, Transaction, sql};

/// Days that one read looks at, the one where it begins included.
const DAYS: i64 = 2;

/// What sorts just behind an identifier.
pub(crate) fn just_behind(id: &str) -> String {
    format!("{id}0")
}

/// `columns` of some records behind an identifier and before another, in their order; none when there are
/// no more. There may be fewer than `limit` where a day ends.
pub(crate) async fn records_behind(
    on: &mut Transaction,
    columns: &'static str,
    behind: &str,
    to: &str,
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    let near = days_on(behind);
    let near = near.as_deref().filter(|near| *near < to).unwrap_or(to);
    let rows = read(on, columns, (" WHERE id > ", behind), near, limit).await?;
    if !rows.is_empty() || near == to {
        return Ok(rows);
    }
    // Nothing for days: where it goes on is looked for once, in all that is left.
    let first = sql("SELECT MIN(id) FROM cdr WHERE id >= $1 AND id < $2");
    let first = first.bind(near).bind(to);
    let Some(first) = first.fetch_value::<Option<String>>(&mut *on).await? else {
        return Ok(Vec::new());
    };
    let far = days_on(&first);
    let far = far.as_deref().filter(|far| *far < to).unwrap_or(to);
    read(on, columns, (" WHERE id >= ", &first), far, limit).await
}

async fn read(
    on: &mut Transaction,
    columns: &'static str,
    (compared, from): (&'static str, &str),
    to: &str,
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    let mut select = sql("SELECT ");
    select.push(columns).push(" FROM cdr").push(compared);
    select.push_bind(from).push(" AND id < ").push_bind(to);
    select.push(" ORDER BY id LIMIT ").push_bind(limit);
    select.fetch_all(on).await
}

/// What is before the end of the days that a read looks at; `None` for what is no identifier of a time.
fn days_on(id: &str) -> Option<String> {
    let millis = i64::from_str_radix(id.get(..12)?, 16).ok()?;
    Some(begins((millis.div_euclid(DAY_MS) + DAYS) * DAY_MS))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use crate::cdrs::id_text;
    use crate::testing::{NOON, TestSegment, databases, id_at, received};
    use crate::{Loader, LoaderConfig};
    use rating::Timestamp;
    use rating::cdr::JournalEntry;
    use rating::journal::BootId;

    #[tokio::test]
    async fn every_record_comes_once_and_in_order_however_long_nothing_was_recorded() {
        databases(async |database| {
            let store = database.open().await;
            let mut segment = TestSegment::create(database.folder(), 1, 1);
            let mut all = Vec::new();
            for (number, day) in [-900, -1, 0, 0, 0, 1, 2, 40, 41, 900]
                .into_iter()
                .enumerate()
            {
                let at = Timestamp(NOON + day * DAY_MS * 1_000);
                let call = received(at, u32::try_from(number).unwrap());
                all.push(id_text(call.id));
                segment.append(&JournalEntry::Ended(call));
            }
            segment.seal(true);
            let config = LoaderConfig::new(database.folder().into(), BootId(9));
            Loader::new(store.clone(), config).recover().await.unwrap();
            let mut moment = store.reader().begin_moment().await.unwrap();
            for (limit, end) in [
                (1, "g".to_owned()),
                (2, "g".to_owned()),
                (9, just_behind(&all[7])),
            ] {
                let (mut behind, mut read) = (String::new(), Vec::new());
                loop {
                    let rows = records_behind(&mut moment, "id", &behind, &end, limit).await;
                    let rows = rows.unwrap();
                    assert!(rows.len() <= usize::try_from(limit).unwrap());
                    let Some(last) = rows.last() else { break };
                    behind = last.get(0).unwrap();
                    read.extend(rows.iter().map(|row| row.get::<String>(0).unwrap()));
                }
                assert_eq!(read, all[..if end == "g" { 10 } else { 8 }]);
            }
        })
        .await;
    }

    #[test]
    fn a_read_looks_at_two_days() {
        let id = id_text(id_at(Timestamp(NOON), 7));
        let end = id_text(id_at(Timestamp(NOON + 3 * DAY_MS * 500), 0));
        assert_eq!(days_on(&id).unwrap(), end[..12]);
        assert_eq!(days_on(""), None);
        assert!(just_behind(&id) > id);
        assert!(just_behind(&id) < id_text(id_at(Timestamp(NOON), 8)));
    }
}
