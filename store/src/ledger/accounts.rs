//! Accounts: made when something is posted on them for the first time.

use crate::database::{Transaction, sql};
use crate::{StoreError, TenantId};
use std::collections::{BTreeMap, BTreeSet};

/// Accounts in one statement.
const ROWS_PER_STATEMENT: usize = 500;

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LedgerAccountKind {
    /// A customer: above zero it has paid in advance, below it owes us.
    Customer,
    /// A carrier: above zero we owe it, below we have paid in advance.
    Carrier,
    /// What calls were sold for.
    Revenue,
    /// What calls were bought for; below zero.
    CostOfSales,
    /// Money that came in is below zero, money that went out above.
    Cash,
    /// Credit and debit notes.
    Adjustments,
    /// What exchange rates gave or took between a charge and its payment.
    ExchangeDifferences,
    /// What a customer and a carrier that are one company owe each other: zero in the books, since both
    /// sides of a settlement are posted at once.
    Netting,
}

/// A customer or a carrier by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LedgerParty {
    /// A customer.
    Customer(i64),
    /// A carrier.
    Carrier(i64),
}

/// An account by what it is for: unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct AccountKey {
    pub(super) kind: LedgerAccountKind,
    /// Number of the resource; of the tenant for a house account.
    pub(super) party: i64,
}

/// The numbers of some accounts.
pub(super) struct Accounts(BTreeMap<AccountKey, i64>);

impl LedgerAccountKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Customer,
        Self::Carrier,
        Self::Revenue,
        Self::CostOfSales,
        Self::Cash,
        Self::Adjustments,
        Self::ExchangeDifferences,
        Self::Netting,
    ];

    /// As it is written in the table and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Carrier => "carrier",
            Self::Revenue => "revenue",
            Self::CostOfSales => "cost_of_sales",
            Self::Cash => "cash",
            Self::Adjustments => "adjustments",
            Self::ExchangeDifferences => "exchange_differences",
            Self::Netting => "netting",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl LedgerParty {
    pub(super) fn account(self) -> AccountKey {
        match self {
            Self::Customer(party) => LedgerAccountKind::Customer.of(party),
            Self::Carrier(party) => LedgerAccountKind::Carrier.of(party),
        }
    }
}

impl LedgerAccountKind {
    /// Whether it belongs to the tenant and not to a customer or carrier.
    pub fn is_of_house(self) -> bool {
        !matches!(self, Self::Customer | Self::Carrier)
    }

    pub(super) fn of(self, party: i64) -> AccountKey {
        AccountKey { kind: self, party }
    }

    /// The house account of a tenant.
    pub(super) fn of_house(self, owner: TenantId) -> AccountKey {
        self.of(owner.get())
    }
}

impl Accounts {
    /// Finds accounts, and makes those that are not there, with their owners.
    pub(super) async fn of(
        transaction: &mut Transaction,
        wanted: &BTreeMap<AccountKey, TenantId>,
    ) -> Result<Self, StoreError> {
        let mut found = Self(BTreeMap::new());
        found.read(transaction, wanted.keys().copied()).await?;
        let missing: Vec<_> = wanted
            .iter()
            .filter(|(key, _)| !found.0.contains_key(key))
            .collect();
        for chunk in missing.chunks(ROWS_PER_STATEMENT) {
            let mut insert = sql("INSERT INTO ledger_account (owner, kind, party) ");
            insert.push_rows(chunk, |(key, owner)| {
                [
                    owner.get().into(),
                    key.kind.as_str().into(),
                    key.party.into(),
                ]
            });
            insert.push(" ON CONFLICT (kind, party) DO NOTHING");
            insert.execute(&mut *transaction).await?;
        }
        let made = missing.into_iter().map(|(key, _)| *key);
        found.read(transaction, made).await?;
        Ok(found)
    }

    async fn read(
        &mut self,
        transaction: &mut Transaction,
        keys: impl Iterator<Item = AccountKey>,
    ) -> Result<(), StoreError> {
        let mut by_kind: BTreeMap<LedgerAccountKind, BTreeSet<i64>> = BTreeMap::new();
        for key in keys {
            by_kind.entry(key.kind).or_default().insert(key.party);
        }
        for (kind, parties) in by_kind {
            let parties: Vec<i64> = parties.into_iter().collect();
            for parties in parties.chunks(ROWS_PER_STATEMENT) {
                let mut select = sql("SELECT party, id FROM ledger_account WHERE kind = ");
                select.push_bind(kind.as_str()).push(" AND party IN (");
                select.push_list(parties.iter().copied()).push(")");
                for row in select.fetch_all(&mut *transaction).await? {
                    self.0.insert(kind.of(row.get(0)?), row.get(1)?);
                }
            }
        }
        Ok(())
    }

    /// The number of an account that was wanted.
    pub(super) fn id(&self, key: AccountKey) -> Result<i64, StoreError> {
        let id = self.0.get(&key).copied();
        id.ok_or_else(|| StoreError::column("account_id", "an account was not made"))
    }
}
