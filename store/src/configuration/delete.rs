//! Deleting resources. The row stays, with its last version, so that the past can be shown and
//! brought back.

use super::{ConfigurationWrite, index};
use crate::database::sql;
use crate::resources::IDS_PER_STATEMENT;
use crate::{Scope, StoreError};

impl ConfigurationWrite {
    /// Deletes resources of the scope: each gets a last version that says so, and says why: the
    /// change's note when `note` is none. Those of others and those that are deleted are left alone.
    /// Gives how many were deleted. Whether something still refers to them is for the caller to ask.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn delete(
        &mut self,
        scope: &Scope,
        ids: &[i64],
        note: Option<&str>,
    ) -> Result<u64, StoreError> {
        self.begin().await?;
        let note = note.map(str::to_owned).or_else(|| self.change.note.clone());
        let mut deleted = 0;
        for ids in ids.chunks(IDS_PER_STATEMENT) {
            let mut mark = sql(
                "UPDATE resource SET version = version + 1, index_generation = 0, \
                 deleted_at = ",
            );
            mark.push_bind(self.change.at).push(", updated_at = ");
            mark.push_bind(self.change.at).push(", updated_by = ");
            mark.push_bind(&self.change.author).push(", note = ");
            mark.push_bind(note.clone());
            mark.push(" WHERE deleted_at IS NULL AND owner = ");
            mark.push_bind(scope.tenant().get()).push(" AND id IN (");
            mark.push_list(ids.iter().copied()).push(") RETURNING id");
            let rows = mark.fetch_all(&mut self.transaction).await?;
            let gone = rows
                .iter()
                .map(|row| row.get(0))
                .collect::<Result<Vec<i64>, _>>()?;
            if gone.is_empty() {
                continue;
            }
            deleted += gone.len() as u64;
            self.keep_last_versions(&gone).await?;
            index::remove(&mut self.transaction, &gone).await?;
        }
        Ok(deleted)
    }

    async fn keep_last_versions(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        let mut keep = sql(
            "INSERT INTO resource_version (resource_id, version, configuration, \
             name, external_id, spec, assignment, deck_hash, deleted, note, author, created_at, \
             change_set_id) SELECT id, version, CAST(",
        );
        keep.push_bind(self.number.cast_signed());
        keep.push(
            " AS BIGINT), name, external_id, spec, assignment, deck_hash, TRUE, note, \
             updated_by, updated_at, CAST(",
        );
        keep.push_bind(self.change.change_set);
        keep.push(" AS BIGINT) FROM resource WHERE id IN (");
        keep.push_list(ids.iter().copied()).push(")");
        keep.execute(&mut self.transaction).await?;
        Ok(())
    }
}
