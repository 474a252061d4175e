//! Lists of nettings.

use super::{COLUMNS, NETTINGS_TOLD_AT_ONCE, NettingRow, NettingState, netting};
use crate::database::{Statement, sql};
use crate::{LedgerParty, Scope, Store, StoreError};
use rating::Timestamp;

/// Which nettings to list; all of what is given must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NettingQuery {
    /// Only those of this customer or carrier.
    pub party: Option<LedgerParty>,
    /// Only in this state.
    pub state: Option<NettingState>,
    /// Only those that were confirmed.
    pub confirmed: bool,
    /// Only with lower numbers than this.
    pub before: Option<i64>,
    /// How many, at most.
    pub limit: u32,
}

impl Store {
    /// The nettings of a tenant, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn nettings(
        &self,
        scope: &Scope,
        query: &NettingQuery,
    ) -> Result<Vec<NettingRow>, StoreError> {
        let mut list = sql(COLUMNS);
        list.push("WHERE n.owner = ")
            .push_bind(scope.tenant().get());
        match query.party {
            None => &mut list,
            Some(LedgerParty::Customer(id)) => list.push(" AND n.customer_id = ").push_bind(id),
            Some(LedgerParty::Carrier(id)) => list.push(" AND n.carrier_id = ").push_bind(id),
        };
        if let Some(state) = query.state {
            list.push(" AND n.state = ").push_bind(state.as_str());
        }
        if query.confirmed {
            list.push(" AND n.state IN ('confirmed', 'paid')");
        }
        if let Some(before) = query.before {
            list.push(" AND n.id < ").push_bind(before);
        }
        list.push(" ORDER BY n.id DESC LIMIT ")
            .push_bind(query.limit);
        self.listed(list).await
    }

    /// One netting of a tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn netting(&self, scope: &Scope, id: i64) -> Result<Option<NettingRow>, StoreError> {
        let mut one = sql(COLUMNS);
        one.push("WHERE n.owner = ").push_bind(scope.tenant().get());
        one.push(" AND n.id = ").push_bind(id);
        Ok(self.listed(one).await?.pop())
    }

    /// The open periods of all tenants, those that end first before others.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open_nettings(&self) -> Result<Vec<NettingRow>, StoreError> {
        let mut list = sql(COLUMNS);
        list.push("WHERE n.state = 'open' ORDER BY n.period_to, n.id");
        self.listed(list).await
    }

    /// The last netting of a customer or carrier, whoever the other side was and whatever its state.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn last_netting(&self, party: LedgerParty) -> Result<Option<NettingRow>, StoreError> {
        let mut list = sql(COLUMNS);
        match party {
            LedgerParty::Customer(id) => list.push("WHERE n.customer_id = ").push_bind(id),
            LedgerParty::Carrier(id) => list.push("WHERE n.carrier_id = ").push_bind(id),
        };
        list.push(" ORDER BY n.period_to DESC, n.id DESC LIMIT 1");
        Ok(self.listed(list).await?.pop())
    }

    /// Statements of all tenants that are due or overdue at a moment and not told to be, with the number that
    /// tells which ([`Store::note_netting_told`]): [`NETTINGS_TOLD_AT_ONCE`] at most.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn nettings_to_tell(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(NettingRow, u32)>, StoreError> {
        let mut list = sql(COLUMNS);
        list.push(
            "WHERE n.state IN ('draft', 'confirmed') AND n.they_owe <> n.we_owe AND n.due_from <= ",
        );
        list.push_bind(now)
            .push(" AND n.told < CASE WHEN n.overdue_from <= ");
        list.push_bind(now);
        list.push(" THEN 2 ELSE 1 END ORDER BY n.due_from, n.id LIMIT ");
        list.push_bind(NETTINGS_TOLD_AT_ONCE);
        let rows = self.listed(list).await?;
        let told = |row: &NettingRow| if row.overdue_from <= now { 2 } else { 1 };
        Ok(rows
            .into_iter()
            .map(|row| {
                let told = told(&row);
                (row, told)
            })
            .collect())
    }

    async fn listed(&self, list: Statement) -> Result<Vec<NettingRow>, StoreError> {
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(netting).collect()
    }
}
