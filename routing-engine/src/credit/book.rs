//! All accounts of a process.

use super::{CreditAccount, CreditTerms};
use crate::resources::ResourceKind;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The accounts by resource, and what customers may spend. Accounts of resources that are gone stay: calls of
/// theirs may be up, and a rollback may bring them back.
#[derive(Debug, Default)]
pub(crate) struct AccountBook {
    accounts: BTreeMap<(ResourceKind, i64), Arc<CreditAccount>>,
    /// Of customers with a limit; of one that is gone, the last.
    terms: BTreeMap<i64, CreditTerms>,
}

impl AccountBook {
    /// With the accounts of the snapshot before.
    pub(crate) fn after(previous: Option<&Self>) -> Self {
        Self {
            accounts: previous.map_or_else(BTreeMap::new, |book| book.accounts.clone()),
            terms: previous.map_or_else(BTreeMap::new, |book| book.terms.clone()),
        }
    }

    /// The account of a customer with such terms.
    pub(crate) fn of_customer(
        &mut self,
        id: i64,
        terms: Option<CreditTerms>,
    ) -> Arc<CreditAccount> {
        match terms {
            Some(terms) => self.terms.insert(id, terms),
            None => self.terms.remove(&id),
        };
        self.account(ResourceKind::Customer, id)
    }

    pub(crate) fn account(&mut self, kind: ResourceKind, id: i64) -> Arc<CreditAccount> {
        Arc::clone(self.accounts.entry((kind, id)).or_default())
    }

    pub(crate) fn get(&self, kind: ResourceKind, id: i64) -> Option<&Arc<CreditAccount>> {
        self.accounts.get(&(kind, id))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = ((ResourceKind, i64), &Arc<CreditAccount>)> {
        self.accounts
            .iter()
            .map(|(resource, account)| (*resource, account))
    }

    pub(crate) fn terms(&self, customer: i64) -> CreditTerms {
        self.terms.get(&customer).copied().unwrap_or_default()
    }
}
