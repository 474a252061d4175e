//! When keys were used last: collected in memory, written now and then.

use rating::Timestamp;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use store::{ApiKeyRow, ApiKeyUse, Store, StoreError};

/// Keys with uses that are not written yet; uses of further ones are not noted.
const PENDING_MAX: usize = 10_000;

type LastUse = (Timestamp, Option<IpAddr>);

/// The last uses that are not in the database yet.
#[derive(Debug, Default)]
pub(crate) struct ApiKeyUses {
    pending: Mutex<HashMap<i64, LastUse>>,
}

impl ApiKeyUses {
    /// Notes a use.
    pub(crate) fn note(&self, key: i64, at: Timestamp, from: Option<IpAddr>) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.len() < PENDING_MAX || pending.contains_key(&key) {
            pending.insert(key, (at, from));
        }
    }

    /// Brings what is known here into a row that was read.
    pub(crate) fn bring_into(&self, row: &mut ApiKeyRow) {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, from)) = pending.get(&row.id)
            && row.last_used_at.is_none_or(|known| known < *at)
        {
            row.last_used_at = Some(*at);
            row.last_used_from = from.map(|address| address.to_string());
        }
    }

    /// Writes what was collected; after an error it is lost, and the next use is noted again.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub(crate) async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let pending = {
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *pending)
        };
        if pending.is_empty() {
            return Ok(());
        }
        let uses: Vec<_> = pending
            .into_iter()
            .map(|(id, (at, from))| ApiKeyUse {
                id,
                at,
                from: from.map(|address| address.to_string()),
            })
            .collect();
        store.note_api_key_uses(&uses).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn only_the_last_use_of_each_key_is_kept_and_the_table_has_an_end() {
        let uses = ApiKeyUses::default();
        for number in 0..=i64::try_from(PENDING_MAX).unwrap() {
            uses.note(number, Timestamp(1), None);
        }
        uses.note(0, Timestamp(2), None);
        let pending = uses.pending.lock().unwrap();
        assert_eq!(pending.len(), PENDING_MAX);
        assert_eq!(pending[&0], (Timestamp(2), None));
    }
}
