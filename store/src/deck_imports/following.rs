//! Imports whose later rates follow by themselves.

use super::{COLUMNS, DeckImportRow, import};
use crate::database::sql;
use crate::{NewEvent, Store, StoreError, TenantId, events};
use rating::Timestamp;
use serde_json::json;

/// The later rates of a deck do not follow by themselves.
pub const DECK_HELD_UP: &str = "rate_card.deck_held_up";

/// Where the owner stands, behind the columns of an import.
const OWNER: usize = 16;

/// An import of which rates are in change sets, and others follow.
#[derive(Clone, Debug, PartialEq)]
pub struct FollowedDeckImport {
    /// Whose it is.
    pub tenant: TenantId,
    /// As it stands.
    pub row: DeckImportRow,
}

impl Store {
    /// Imports of all tenants whose later rates follow by themselves, the oldest first. A tenant
    /// has [`DECK_IMPORTS_OPEN_MAX`](super::DECK_IMPORTS_OPEN_MAX) at most.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn followed_deck_imports(&self) -> Result<Vec<FollowedDeckImport>, StoreError> {
        let mut list = sql("SELECT ");
        list.push(COLUMNS);
        list.push(", owner FROM deck_import WHERE state = 'ready' AND followed_by IS NOT NULL");
        list.push(" ORDER BY id");
        let rows = list.fetch_all(self.reader()).await?;
        let followed = rows.iter().map(|row| {
            Ok(FollowedDeckImport {
                tenant: TenantId::new(row.get(OWNER)?),
                row: import(row)?,
            })
        });
        followed.collect()
    }

    /// Notes why the next rates of an import for a card do not follow, and tells of it when that is
    /// new; `is_over`: they will not, whatever happens. Does nothing when the import is another by now.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn deck_import_held_up(
        &self,
        followed: &FollowedDeckImport,
        card: &str,
        reason: &str,
        is_over: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let row = &followed.row;
        let mut transaction = self.write().await?;
        let mut update = sql("UPDATE deck_import SET held_up = ");
        update.push_bind(reason);
        if is_over {
            update.push(", followed_by = NULL");
        }
        update.push(", updated_at = ").push_bind(now);
        update.push(" WHERE id = ").push_bind(row.id);
        update
            .push(" AND revision = ")
            .push_bind(row.revision.cast_signed());
        update.push(" AND (held_up IS NULL OR held_up <> ");
        update.push_bind(reason).push(") RETURNING id");
        if update.fetch_optional(&mut transaction).await?.is_none() {
            return Ok(());
        }
        let event = NewEvent {
            tenant: followed.tenant,
            kind: DECK_HELD_UP.into(),
            subject: format!("rate_card/{card}"),
            actor: row.followed_by.clone().unwrap_or_default(),
            data: json!({ "deck_import": row.id, "reason": reason }),
        };
        events::append(&mut transaction, &[event], now).await?;
        transaction.commit().await
    }
}
