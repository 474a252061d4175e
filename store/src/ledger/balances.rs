//! What accounts have on them.

use super::LedgerError;
use super::accounts::{LedgerAccountKind, LedgerParty};
use crate::database::{Row, Statement, Target, sql};
use crate::{Scope, Store, StoreError, TenantId};
use rating::Amount;
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;

/// An account and what is on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerAccount {
    /// Its number.
    pub id: i64,
    /// Whose books it is in.
    pub owner: TenantId,
    /// What it is for.
    pub kind: LedgerAccountKind,
    /// Number of the customer or carrier; of a house account, that of the owner.
    pub party: i64,
    /// The name of the customer or carrier now; the last one when it is deleted.
    pub name: Option<String>,
    /// The sum of its postings in the books; `None` when that is beyond 64 bits.
    pub balance: Option<Amount>,
}

/// The balance of a customer or carrier in the books. Above zero: what we owe it. Below: what it
/// owes us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerBalance {
    /// Whose.
    pub party: LedgerParty,
    /// All of it.
    pub balance: Amount,
    /// What of it is of calls.
    pub calls: Amount,
}

/// What was posted in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrencyBalance {
    /// The currency of the party.
    pub currency: rating::Currency,
    /// The sum in it; `None` when it is beyond 64 bits.
    pub amount: Option<Amount>,
    /// The same in the books, each posting by the rate of its day.
    pub books: Option<Amount>,
}

/// A sum of a column as whole units and nano-units apart: neither database sums beyond 64 bits.
const SUM_BOOKS: &str = "CAST(COALESCE(SUM(d.amount / 1000000000), 0) AS BIGINT), \
     CAST(COALESCE(SUM(d.amount % 1000000000), 0) AS BIGINT)";
const SUM_CALLS: &str = "CAST(COALESCE(SUM(CASE WHEN d.kind IN ('call_charge', 'attempt_cost') \
     THEN d.amount / 1000000000 ELSE 0 END), 0) AS BIGINT), \
     CAST(COALESCE(SUM(CASE WHEN d.kind IN ('call_charge', 'attempt_cost') \
     THEN d.amount % 1000000000 ELSE 0 END), 0) AS BIGINT)";
const SUM_AMOUNT: &str = "CAST(COALESCE(SUM(d.currency_amount / 1000000000), 0) AS BIGINT), \
     CAST(COALESCE(SUM(d.currency_amount % 1000000000), 0) AS BIGINT)";

impl Store {
    /// All accounts of the scope's books, by kind and number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ledger_accounts(&self, scope: &Scope) -> Result<Vec<LedgerAccount>, StoreError> {
        let mut list = sql("SELECT a.id, a.owner, a.kind, a.party, MAX(r.name), ");
        list.push(SUM_BOOKS).push(
            " FROM ledger_account a LEFT JOIN ledger_day d ON d.account_id = a.id \
             LEFT JOIN resource r ON r.id = a.party AND r.kind = a.kind WHERE a.owner = ",
        );
        list.push_bind(scope.tenant().get());
        list.push(" GROUP BY a.id, a.owner, a.kind, a.party ORDER BY a.kind, a.party");
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(account).collect()
    }

    /// The balances of all customers and carriers of all tenants that have an account: for a switch
    /// that starts.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn ledger_balances(&self) -> Result<Vec<LedgerBalance>, LedgerError> {
        let mut list = sql("SELECT a.kind, a.party, ");
        list.push(SUM_BOOKS).push(", ").push(SUM_CALLS).push(
            " FROM ledger_account a LEFT JOIN ledger_day d ON d.account_id = a.id \
             WHERE a.kind IN ('customer', 'carrier') GROUP BY a.kind, a.party ORDER BY a.kind, a.party",
        );
        let rows = list.fetch_all(self.reader()).await?;
        let mut balances = Vec::with_capacity(rows.len());
        for row in &rows {
            let party: i64 = row.get(1)?;
            let party = match row.get::<&str>(0)? {
                "customer" => LedgerParty::Customer(party),
                _ => LedgerParty::Carrier(party),
            };
            let balance = sum(row, 2)?.ok_or(LedgerError::TooLarge)?;
            let calls = sum(row, 4)?.ok_or(LedgerError::TooLarge)?;
            balances.push(LedgerBalance {
                party,
                balance,
                calls,
            });
        }
        Ok(balances)
    }

    /// The balance of a customer or carrier in the books; zero when nothing was posted.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn ledger_balance(&self, party: LedgerParty) -> Result<Amount, LedgerError> {
        balance_on(self.reader(), party).await
    }

    /// What was posted for a customer or carrier in each currency.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ledger_currency_balances(
        &self,
        party: LedgerParty,
    ) -> Result<Vec<CurrencyBalance>, StoreError> {
        currency_balances_before(self.reader(), party, i64::MAX).await
    }
}

/// What was posted in each currency before a day, as a connection or transaction sees it.
pub(super) async fn currency_balances_before(
    on: impl Into<Target<'_>>,
    party: LedgerParty,
    day: i64,
) -> Result<Vec<CurrencyBalance>, StoreError> {
    let mut list = sql("SELECT d.currency, ");
    list.push(SUM_AMOUNT).push(", ").push(SUM_BOOKS);
    list.append(of_party(party));
    list.push(" AND d.day < ").push_bind(day);
    list.push(" GROUP BY d.currency ORDER BY d.currency");
    let rows = list.fetch_all(on).await?;
    let read = |row: &Row| {
        Ok(CurrencyBalance {
            currency: currency(row.get(0)?)?,
            amount: sum(row, 1)?,
            books: sum(row, 3)?,
        })
    };
    rows.iter().map(read).collect()
}

/// The balance as a connection or transaction sees it.
pub(super) async fn balance_on(
    on: impl Into<Target<'_>>,
    party: LedgerParty,
) -> Result<Amount, LedgerError> {
    let mut query = sql("SELECT ");
    query.push(SUM_BOOKS).append(of_party(party));
    let row = query.fetch_one(on).await?;
    sum(&row, 0)?.ok_or(LedgerError::TooLarge)
}

/// The days of a party's account.
fn of_party(party: LedgerParty) -> Statement {
    let key = party.account();
    sql(" FROM ledger_day d JOIN ledger_account a ON a.id = d.account_id WHERE a.kind = $1 AND a.party = $2")
        .bind(key.kind.as_str())
        .bind(key.party)
}

fn account(row: &Row) -> Result<LedgerAccount, StoreError> {
    let kind = LedgerAccountKind::from_name(row.get(2)?);
    Ok(LedgerAccount {
        id: row.get(0)?,
        owner: TenantId::new(row.get(1)?),
        kind: kind.ok_or_else(|| StoreError::column("kind", "no kind of account"))?,
        party: row.get(3)?,
        name: row.get(4)?,
        balance: sum(row, 5)?,
    })
}

/// A sum from its units and nano-units, which are in two columns.
pub(crate) fn sum(row: &Row, column: usize) -> Result<Option<Amount>, StoreError> {
    let units: i64 = row.get(column)?;
    let nanos: i64 = row.get(column + 1)?;
    let sum = i128::from(units) * 1_000_000_000 + i128::from(nanos);
    Ok(i64::try_from(sum).ok().map(Amount))
}

pub(crate) fn currency(text: String) -> Result<rating::Currency, StoreError> {
    let read: Result<_, serde::de::value::Error> =
        rating::Currency::deserialize(text.into_deserializer());
    read.map_err(|error| StoreError::column("currency", error.to_string()))
}
