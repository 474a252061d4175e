//! Corrections by re-ratings, held against the lines of those.

use super::{LedgerDifference, LedgerVerification, Line, lines_of};
use crate::database::{Row, Transaction, sql};
use crate::ledger::Correction;
use crate::reratings::RERATING_LINE_COLUMNS;
use crate::{Store, StoreError, TenantId};
use rating::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Entries that are compared at a time.
const BATCH_ENTRIES: i64 = 500;

impl Store {
    /// Compares every correction with the line of the re-rating that it was posted for, and every re-rating
    /// that is applied with how many it has.
    pub(super) async fn verify_corrections(
        &self,
        found: &mut LedgerVerification,
    ) -> Result<(), StoreError> {
        // Those that are applied do not change while they are looked at.
        let expected = applied(self).await?;
        let mut seen: BTreeMap<i64, u64> = BTreeMap::new();
        let mut behind = "rerate:".to_owned();
        loop {
            let mut moment = self.reader().begin_moment().await?;
            let keys = keys_behind(&mut moment, &behind).await?;
            let Some(last) = keys.last().cloned() else {
                break;
            };
            let posted = super::posted_of(&mut moment, &keys).await?;
            let expected = expected_of(&mut moment, &keys, &mut seen).await?;
            found.compare(&expected, &posted);
            found.corrections += keys.len() as u64;
            behind = last;
        }
        for (rerating, lines) in expected {
            let posted = seen.get(&rerating).copied().unwrap_or(0);
            if posted != lines {
                found.add(LedgerDifference::NotPosted {
                    key: format!("re-rating {rerating}"),
                    expected: format!("{lines} corrections, of which {posted} are there"),
                });
            }
        }
        Ok(())
    }
}

/// How many lines each re-rating has that is applied.
async fn applied(store: &Store) -> Result<Vec<(i64, u64)>, StoreError> {
    let list = sql(
        "SELECT r.id, COUNT(l.call_id) FROM rerating r LEFT JOIN rerating_line l \
         ON l.rerating_id = r.id WHERE r.state = 'applied' GROUP BY r.id ORDER BY r.id",
    );
    let rows = list.fetch_all(store.reader()).await?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.unsigned(1)?)))
        .collect()
}

async fn keys_behind(moment: &mut Transaction, behind: &str) -> Result<Vec<String>, StoreError> {
    let list = sql(
        "SELECT key FROM ledger_entry WHERE key > $1 AND key < 'rerate;' \
         ORDER BY key LIMIT $2",
    );
    let rows = list
        .bind(behind)
        .bind(BATCH_ENTRIES)
        .fetch_all(moment)
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// What lines of re-ratings say for these keys; counts the lines of each.
async fn expected_of(
    moment: &mut Transaction,
    keys: &[String],
    seen: &mut BTreeMap<i64, u64>,
) -> Result<BTreeSet<Line>, StoreError> {
    let call_of = |key: &String| key.split(':').nth(1).unwrap_or_default().to_owned();
    let calls: BTreeSet<String> = keys.iter().map(call_of).collect();
    let mut list = sql("SELECT ");
    list.push(RERATING_LINE_COLUMNS);
    list.push(
        ", r.id, r.owner, COALESCE(l.posted_at, r.applied_at) FROM rerating_line l JOIN rerating r \
         ON r.id = l.rerating_id AND r.state IN ('applying', 'applied') WHERE l.call_id IN (",
    );
    list.push_list(calls).push(")");
    let keys: BTreeSet<&String> = keys.iter().collect();
    let mut expected = BTreeSet::new();
    for row in &list.fetch_all(moment).await? {
        let correction = correction(row)?;
        let draft = correction.draft();
        // Others of the same call are in another batch, or are posted next.
        if keys.contains(&draft.key) {
            *seen.entry(correction.rerating).or_default() += 1;
            expected.extend(lines_of(&draft));
        }
    }
    Ok(expected)
}

fn correction(row: &Row) -> Result<Correction, StoreError> {
    let (_, line) = crate::reratings::line(row)?;
    Ok(Correction {
        line,
        rerating: row.get(9)?,
        owner: TenantId::new(row.get(10)?),
        at: Timestamp(row.get(11)?),
    })
}
