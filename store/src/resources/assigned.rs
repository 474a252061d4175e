//! Who gets what.

use super::{AssignedTo, AssignmentLevel};
use crate::database::sql;
use crate::{Scope, Store, StoreError};

/// A resource that somebody gets, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignedResource {
    /// Its number.
    pub id: i64,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The assignment that gives it.
    pub by: AssignedTo,
}

impl Store {
    /// All that is assigned to any of `targets`, by kind, name and level. For a customer these are
    /// all, its category, its groups and itself; of one kind when it is given.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn assigned_to(
        &self,
        scope: &Scope,
        kind: Option<&str>,
        targets: &[AssignedTo],
    ) -> Result<Vec<AssignedResource>, StoreError> {
        if targets.is_empty() {
            return Ok(Vec::new());
        }
        let mut statement = sql("SELECT r.id, r.kind, r.name, a.level, a.target \
             FROM resource_assignment a JOIN resource r ON r.id = a.resource_id WHERE a.owner = ");
        statement.push_bind(scope.tenant().get());
        statement.push(" AND (a.level, a.target) IN (");
        statement.push_rows(targets, |to| {
            [to.level.as_str().into(), (&to.target).into()]
        });
        statement.push(")");
        if let Some(kind) = kind {
            statement.push(" AND a.kind = ").push_bind(kind);
        }
        statement.push(" ORDER BY r.kind, r.name, a.level, a.target");
        let rows = statement.fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                let level: &str = row.get(3)?;
                let level = level.parse::<AssignmentLevel>();
                Ok(AssignedResource {
                    id: row.get(0)?,
                    kind: row.get(1)?,
                    name: row.get(2)?,
                    by: AssignedTo {
                        level: level.map_err(|error| StoreError::column("level", error))?,
                        target: row.get(4)?,
                    },
                })
            })
            .collect()
    }
}
