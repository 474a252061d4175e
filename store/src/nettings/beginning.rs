//! What was counted of either side when a pair begins to be netted.

use super::amounts::gained;
use super::{NettingCounted, NettingRow};
use crate::ledger::Sums;
use crate::{LedgerParty, Store, StoreError, TenantId};
use rating::Timestamp;

/// A pair whose first period, or first after a pause, begins.
#[derive(Clone, Copy, Debug)]
pub struct NettingBeginning<'a> {
    /// Whose books.
    pub owner: TenantId,
    /// Number of the customer, and its last netting with whomever.
    pub customer: (i64, Option<&'a NettingRow>),
    /// Number of the carrier, and its last netting with whomever.
    pub carrier: (i64, Option<&'a NettingRow>),
    /// The first moment of the period; not before the end of either of those.
    pub from: Timestamp,
    /// A side whose last statement ended here or behind goes on from it. One that was not netted for longer
    /// begins anew: what it was charged in the pause is in no statement.
    pub since: Timestamp,
}

impl Store {
    /// What was counted of either side before a pair is netted. `None` when something came late just now: it is
    /// to be asked again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn netting_beginning(
        &self,
        beginning: &NettingBeginning<'_>,
    ) -> Result<Option<NettingCounted>, StoreError> {
        let (customer, last) = beginning.customer;
        let last = last.map(|row| (row.to, &row.counted.customer));
        let party = LedgerParty::Customer(customer);
        let customer = self.counted_of(beginning, party, last).await?;
        let (carrier, last) = beginning.carrier;
        let last = last.map(|row| (row.to, &row.counted.carrier));
        let party = LedgerParty::Carrier(carrier);
        let carrier = self.counted_of(beginning, party, last).await?;
        let both = customer.zip(carrier);
        Ok(both.map(|(customer, carrier)| NettingCounted { customer, carrier }))
    }

    async fn counted_of(
        &self,
        beginning: &NettingBeginning<'_>,
        party: LedgerParty,
        last: Option<(Timestamp, &Sums)>,
    ) -> Result<Option<Sums>, StoreError> {
        let before = async |end| self.ledger_charged(beginning.owner, party, end).await;
        let Some((to, counted)) = last else {
            return Ok(Some(before(beginning.from).await?));
        };
        if to >= beginning.since {
            return Ok(Some(counted.clone()));
        }
        // What came to its last statement too late is not counted yet. Both looks at it must be the same, or
        // what came between them would be counted twice or never.
        let earlier = before(to).await?;
        let now = before(beginning.from).await?;
        if before(to).await? != earlier {
            return Ok(None);
        }
        let late = gained(counted, &earlier);
        Ok(Some(gained(&late, &now)))
    }
}
