//! Finding change sets.

use super::{COLUMNS, ChangeSetRow, ChangeSetState, Store, StoreError, change_set};
use crate::Scope;
use crate::database::{Statement, sql};

/// Which change sets to list: those of the tenant, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeSetQuery {
    /// Only in one of these states; empty: in any.
    pub states: Vec<ChangeSetState>,
    /// Only of exactly this name.
    pub name: Option<String>,
    /// Only with lower numbers.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

impl Store {
    /// The tenant's change sets, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn change_sets(
        &self,
        scope: &Scope,
        query: &ChangeSetQuery,
    ) -> Result<Vec<ChangeSetRow>, StoreError> {
        let mut list = owned(scope);
        if !query.states.is_empty() {
            let states = query.states.iter().map(|state| state.as_str());
            list.push(" AND c.state IN (").push_list(states).push(")");
        }
        if let Some(name) = &query.name {
            list.push(" AND c.name = ").push_bind(name);
        }
        if let Some(before) = query.before {
            list.push(" AND c.id < ").push_bind(before);
        }
        list.push(" ORDER BY c.id DESC LIMIT ")
            .push_bind(query.limit);
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(change_set).collect()
    }

    /// A change set of the tenant.
    ///
    /// # Errors
    /// As [`change_sets`](Self::change_sets).
    pub async fn change_set(
        &self,
        scope: &Scope,
        id: i64,
    ) -> Result<Option<ChangeSetRow>, StoreError> {
        let mut one = owned(scope);
        one.push(" AND c.id = ").push_bind(id);
        let row = one.fetch_optional(self.reader()).await?;
        row.as_ref().map(change_set).transpose()
    }

    /// The oldest of the tenant's change sets that are open or scheduled and have a draft of a
    /// resource, but for one.
    ///
    /// # Errors
    /// As [`change_sets`](Self::change_sets).
    pub async fn change_set_that_drafts(
        &self,
        scope: &Scope,
        resource_id: i64,
        but: Option<i64>,
    ) -> Result<Option<ChangeSetRow>, StoreError> {
        let mut one = owned(scope);
        let states = ChangeSetState::ALL.into_iter();
        let states = states.filter(|it| it.is_open() || *it == ChangeSetState::Scheduled);
        one.push(" AND c.state IN (")
            .push_list(states.map(|state| state.as_str()))
            .push(")");
        if let Some(but) = but {
            one.push(" AND c.id <> ").push_bind(but);
        }
        one.push(
            " AND EXISTS (SELECT 1 FROM change_set_draft d WHERE d.change_set_id = c.id \
             AND d.resource_id = ",
        );
        one.push_bind(resource_id).push(") ORDER BY c.id LIMIT 1");
        let row = one.fetch_optional(self.reader()).await?;
        row.as_ref().map(change_set).transpose()
    }
}

fn owned(scope: &Scope) -> Statement {
    let mut statement = sql("SELECT ");
    statement.push(COLUMNS);
    statement.push(" FROM change_set c WHERE c.owner = ");
    statement.push_bind(scope.tenant().get());
    statement
}
