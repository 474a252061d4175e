//! Tells when what a customer has left to spend falls below one of its thresholds, once for each
//! crossing.
//!
//! What is left is the balance of the books and the credit limit together. The books follow calls
//! within a second; they are looked at every few seconds, and by one node at a time: how low a
//! balance was when it was told stands in the database.

use crate::clock;
use crate::outage::Outage;
use crate::state::AppState;
use crate::values::Money;
use rating::Amount;
use resources::{ResourceKind, ResourceSpec};
use serde_json::json;
use std::time::Duration;
use store::{LedgerError, NewEvent, TenantId};

/// How often balances are looked at.
const INTERVAL: Duration = Duration::from_secs(10);

/// A customer that wants to be told.
struct Watched {
    id: i64,
    owner: TenantId,
    name: String,
    credit_limit: Amount,
    /// The highest first.
    thresholds: Vec<Amount>,
}

impl Watched {
    /// How many of its thresholds are above what it has left.
    fn below(&self, left: Amount) -> u32 {
        let below = self
            .thresholds
            .iter()
            .filter(|threshold| left < **threshold);
        below.count() as u32
    }

    fn event(&self, balance: Amount, left: Amount, below: u32) -> NewEvent {
        let threshold = self.thresholds.get(below.saturating_sub(1) as usize);
        NewEvent {
            tenant: self.owner,
            kind: "balance.low".into(),
            subject: format!("customer/{}", self.name),
            actor: "system".into(),
            data: json!({
                "balance": Money(balance),
                "left": Money(left),
                "threshold": threshold.map(|threshold| Money(*threshold)),
                "currency": "USD",
            }),
        }
    }
}

impl AppState {
    /// Looks at the balances every few seconds; never ends.
    pub async fn watch_balances_for_ever(&self) {
        let mut outage = Outage::new("low balances cannot be told");
        loop {
            tokio::time::sleep(INTERVAL).await;
            outage.note(&self.look_at_balances().await);
        }
    }

    /// Tells of balances that have fallen below a threshold since the last look; notes those that
    /// have risen.
    ///
    /// # Errors
    /// [`LedgerError`]; those that were told stay told.
    pub async fn look_at_balances(&self) -> Result<(), LedgerError> {
        let watched = self.watched();
        let ids: Vec<i64> = watched.iter().map(|customer| customer.id).collect();
        let balances = self.store.ledger_customer_balances(&ids).await?;
        let before = self.store.low_balances().await?;
        for customer in watched {
            let balance = balances.get(&customer.id).copied().unwrap_or_default();
            let left = balance.0.saturating_add(customer.credit_limit.0);
            let below = customer.below(Amount(left));
            let before = before.get(&customer.id).copied().unwrap_or(0);
            if below == before {
                continue;
            }
            let event = customer.event(balance, Amount(left), below);
            let event = (below > before).then_some(event);
            let now = clock::now();
            let noted = self
                .store
                .note_low_balance(customer.id, before, below, event, now);
            noted.await?;
        }
        Ok(())
    }

    fn watched(&self) -> Vec<Watched> {
        let set = self.configuration.in_force();
        let customers = set
            .iter()
            .filter(|entry| entry.key.kind == ResourceKind::Customer);
        let watched = customers.filter_map(|entry| {
            let ResourceSpec::Customer(customer) = &entry.spec else {
                return None;
            };
            let billing = customer.billing.as_ref()?;
            let credit_limit = billing.credit_limit()?;
            (!billing.low_balance.is_empty()).then(|| Watched {
                id: entry.id,
                owner: entry.key.owner,
                name: entry.key.name.to_string(),
                credit_limit,
                thresholds: billing.low_balance.clone(),
            })
        });
        watched.collect()
    }
}
