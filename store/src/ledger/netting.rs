//! What a netting settles: sums of a customer or carrier, and the entries that take them off both balances.

use super::accounts::LedgerAccountKind;
use super::balances::{balance_on, currency};
use super::draft::{DatedMoney, Draft};
use super::post::post;
use super::{LedgerEntryKind, LedgerError, LedgerParty, day_of};
use crate::database::{Row, Transaction, sql};
use crate::{Store, StoreError, TenantId};
use rating::exchange::ExchangeRate;
use rating::{Amount, Currency, Timestamp};
use std::collections::{BTreeMap, HashMap};

/// Sums by currency, which may be beyond 64 bits.
pub(crate) type Sums = BTreeMap<Currency, i128>;

/// A movement of a customer's or carrier's account against a house account of its owner.
#[derive(Clone, Debug)]
pub(crate) struct Settlement {
    pub(crate) owner: TenantId,
    pub(crate) party: LedgerParty,
    pub(crate) kind: LedgerEntryKind,
    pub(crate) house: LedgerAccountKind,
    /// Unique: the same is posted once.
    pub(crate) key: String,
    pub(crate) at: Timestamp,
    pub(crate) details: serde_json::Value,
    pub(crate) books: Amount,
    pub(crate) currency: Currency,
    pub(crate) amount: Amount,
    pub(crate) rate: ExchangeRate,
}

/// A payment as it stands on the account of who paid or was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PostedPayment {
    /// Above zero they paid, below zero we did.
    pub(crate) amount: Amount,
    pub(crate) currency: Currency,
    pub(crate) at: Timestamp,
}

/// Calls of whole days by their sums, those of the last day one by one, and credit and debit notes, which are
/// few. What differences of exchange rates were booked with settles nothing.
const CHARGED: &str = "SELECT currency, \
     CAST(COALESCE(SUM(amount / 1000000000), 0) AS BIGINT), \
     CAST(COALESCE(SUM(amount % 1000000000), 0) AS BIGINT) FROM ( \
     SELECT d.currency AS currency, d.currency_amount AS amount FROM ledger_day d \
     JOIN ledger_account a ON a.id = d.account_id WHERE a.kind = $1 AND a.party = $2 AND d.day < $3 \
     AND d.kind IN ('call_charge', 'attempt_cost', 'charge_correction', 'cost_correction') \
     UNION ALL \
     SELECT p.currency, p.currency_amount FROM ledger_posting p \
     JOIN ledger_account a ON a.id = p.account_id JOIN ledger_entry e ON e.id = p.entry_id \
     WHERE a.kind = $1 AND a.party = $2 AND p.at >= $3 AND p.at < $4 \
     AND e.kind IN ('call_charge', 'attempt_cost', 'charge_correction', 'cost_correction') \
     UNION ALL \
     SELECT p.currency, p.currency_amount FROM ledger_entry e \
     JOIN ledger_posting p ON p.entry_id = e.id JOIN ledger_account a ON a.id = p.account_id \
     JOIN ledger_posting h ON h.entry_id = e.id \
     JOIN ledger_account o ON o.id = h.account_id AND o.kind = 'adjustments' \
     WHERE e.kind IN ('payment', 'refund', 'adjustment', 'netting') AND e.kind = 'adjustment' \
     AND e.owner = $5 AND e.at < $4 AND a.kind = $1 AND a.party = $2 \
     ) charged GROUP BY currency ORDER BY currency";

impl Store {
    /// All that calls, their corrections and credit notes before a moment have put on the balance of a
    /// customer or carrier, in each currency.
    pub(crate) async fn ledger_charged(
        &self,
        owner: TenantId,
        party: LedgerParty,
        before: Timestamp,
    ) -> Result<Sums, StoreError> {
        let key = party.account();
        let rows = sql(CHARGED)
            .bind(key.kind.as_str())
            .bind(key.party)
            .bind(day_of(before))
            .bind(before)
            .bind(owner.get())
            .fetch_all(self.reader())
            .await?;
        let mut sums = Sums::new();
        for row in &rows {
            let (units, nanos): (i64, i64) = (row.get(1)?, row.get(2)?);
            let sum = i128::from(units) * 1_000_000_000 + i128::from(nanos);
            sums.insert(currency(row.get(0)?)?, sum);
        }
        Ok(sums)
    }
}

/// Posts settlements whose keys are new; gives how many.
pub(crate) async fn post_settlements(
    transaction: &mut Transaction,
    settlements: Vec<Settlement>,
) -> Result<u64, StoreError> {
    let owners: HashMap<i64, TenantId> = settlements
        .iter()
        .map(|it| (it.party.account().party, it.owner))
        .collect();
    let drafts: Vec<Draft> = settlements
        .into_iter()
        .map(|it| Draft {
            owner: it.owner,
            kind: it.kind,
            key: it.key,
            at: it.at,
            corrects: None,
            details: Some(it.details.to_string()),
            to: it.party.account(),
            from: it.house.of_house(it.owner),
            money: DatedMoney {
                books: it.books,
                currency: it.currency,
                amount: it.amount,
                rate: it.rate,
            },
        })
        .collect();
    post(transaction, &drafts, &owners).await
}

/// The number of the entry of a key.
pub(crate) async fn entry_of_key(
    transaction: &mut Transaction,
    key: &str,
) -> Result<Option<i64>, StoreError> {
    let entry = sql("SELECT id FROM ledger_entry WHERE key = $1").bind(key);
    entry.fetch_optional_value(transaction).await
}

/// What a payment has moved on the account of a customer or carrier, and when; `None` when the entry is no
/// payment of it. Until the transaction ends no other one asks the same of that account.
pub(crate) async fn payment_of(
    transaction: &mut Transaction,
    entry: i64,
    party: LedgerParty,
) -> Result<Option<PostedPayment>, StoreError> {
    let key = party.account();
    sql("UPDATE ledger_account SET owner = owner WHERE kind = $1 AND party = $2")
        .bind(key.kind.as_str())
        .bind(key.party)
        .execute(&mut *transaction)
        .await?;
    let found = sql(
        "SELECT p.currency_amount, p.currency, e.at FROM ledger_entry e \
         JOIN ledger_posting p ON p.entry_id = e.id JOIN ledger_account a ON a.id = p.account_id \
         WHERE e.id = $1 AND e.kind = 'payment' AND a.kind = $2 AND a.party = $3",
    )
    .bind(entry)
    .bind(key.kind.as_str())
    .bind(key.party)
    .fetch_optional(transaction)
    .await?;
    let read = |row: Row| {
        Ok(PostedPayment {
            amount: Amount(row.get(0)?),
            currency: currency(row.get(1)?)?,
            at: Timestamp(row.get(2)?),
        })
    };
    found.map(read).transpose()
}

/// The balance as a transaction sees it.
pub(crate) async fn balance_within(
    transaction: &mut Transaction,
    party: LedgerParty,
) -> Result<Amount, LedgerError> {
    balance_on(transaction, party).await
}
