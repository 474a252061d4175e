//! What a customer or carrier had, what moved, and what it has.

use super::balances::{CurrencyBalance, currency, currency_balances_before, sum};
use super::entries::{LedgerEntry, entry, movements};
use super::{LedgerEntryKind, LedgerError, LedgerParty, day_of};
use crate::database::{Row, sql};
use crate::{Scope, Store, StoreError};
use rating::{Amount, Currency, Timestamp};

/// Most entries that are no calls on one statement.
pub const STATEMENT_ENTRIES_MAX: u32 = 10_000;

/// A statement of whole days (UTC).
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerStatement {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment behind it.
    pub to: Timestamp,
    /// The balance before.
    pub opening: Amount,
    /// The same in each currency.
    pub opening_by_currency: Vec<CurrencyBalance>,
    /// Calls of each day, and everything else singly, in the order of time.
    pub movements: Vec<LedgerMovement>,
    /// The balance after: the opening balance and all movements.
    pub closing: Amount,
}

/// Something on a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum LedgerMovement {
    /// All calls of a day that were in one currency.
    Calls(LedgerCalls),
    /// Something else.
    Entry(Box<LedgerEntry>),
}

/// All calls of a day that were in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerCalls {
    /// The day's first moment.
    pub day: Timestamp,
    /// What they were charged, or cost, or what re-ratings posted on that day changed of it.
    pub kind: LedgerEntryKind,
    /// How many: calls of a customer, attempts on a carrier.
    pub count: u64,
    /// What the balance gained in the books; lost, below zero.
    pub books: Amount,
    /// The same in the currency.
    pub amount: Amount,
    /// The currency.
    pub currency: Currency,
}

impl LedgerMovement {
    /// What the balance gained in the books; lost, below zero.
    pub fn books(&self) -> Amount {
        match self {
            Self::Calls(calls) => calls.books,
            Self::Entry(entry) => entry.books,
        }
    }

    /// The order on a statement: calls stand at the end of their day.
    fn place(&self) -> (i64, bool, i64, i64) {
        match self {
            Self::Calls(calls) => (calls.day.0, true, 0, 0),
            Self::Entry(entry) => (day_of(entry.at), false, entry.at.0, entry.id),
        }
    }
}

impl Store {
    /// The statement of a customer or carrier over the days from that of `from` up to, and without,
    /// that of `to`.
    ///
    /// # Errors
    /// [`LedgerError::TooManyEntries`] for a period with more than [`STATEMENT_ENTRIES_MAX`] of
    /// payments and adjustments, and as for a balance.
    pub async fn ledger_statement(
        &self,
        scope: &Scope,
        party: LedgerParty,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<LedgerStatement, LedgerError> {
        let (from, to) = (day_of(from), day_of(to));
        let key = party.account();
        let mut moment = self.reader().begin_moment().await?;
        let opening = sql(
            "SELECT CAST(COALESCE(SUM(d.amount / 1000000000), 0) AS BIGINT), \
             CAST(COALESCE(SUM(d.amount % 1000000000), 0) AS BIGINT) FROM ledger_day d \
             JOIN ledger_account a ON a.id = d.account_id \
             WHERE a.kind = $1 AND a.party = $2 AND d.day < $3",
        )
        .bind(key.kind.as_str())
        .bind(key.party)
        .bind(from)
        .fetch_one(&mut moment)
        .await?;
        let opening = sum(&opening, 0)?.ok_or(LedgerError::TooLarge)?;
        let opening_by_currency = currency_balances_before(&mut moment, party, from).await?;
        let days = sql(
            "SELECT d.day, d.kind, d.currency, d.amount, d.currency_amount, d.entries \
             FROM ledger_day d JOIN ledger_account a ON a.id = d.account_id \
             WHERE a.kind = $1 AND a.party = $2 AND d.day >= $3 AND d.day < $4 \
             AND d.kind IN ('call_charge', 'attempt_cost', 'charge_correction', 'cost_correction') \
             ORDER BY d.day, d.kind, d.currency",
        )
        .bind(key.kind.as_str())
        .bind(key.party)
        .bind(from)
        .bind(to)
        .fetch_all(&mut moment)
        .await?;
        let others = movements(scope, party, from, to, STATEMENT_ENTRIES_MAX);
        let others = others.fetch_all(&mut moment).await?;
        if others.len() > STATEMENT_ENTRIES_MAX as usize {
            return Err(LedgerError::TooManyEntries);
        }
        let calls = days
            .iter()
            .map(|row| Ok(LedgerMovement::Calls(calls(row)?)));
        let others = others
            .iter()
            .map(|row| Ok(LedgerMovement::Entry(Box::new(entry(row)?))));
        let movements: Result<Vec<_>, StoreError> = calls.chain(others).collect();
        let mut movements = movements?;
        movements.sort_by_key(LedgerMovement::place);
        let closing = movements
            .iter()
            .try_fold(opening, |sum, movement| sum.checked_add(movement.books()));
        Ok(LedgerStatement {
            from: Timestamp(from),
            to: Timestamp(to),
            opening,
            opening_by_currency,
            movements,
            closing: closing.ok_or(LedgerError::TooLarge)?,
        })
    }
}

fn calls(row: &Row) -> Result<LedgerCalls, StoreError> {
    let kind = LedgerEntryKind::from_name(row.get(1)?);
    Ok(LedgerCalls {
        day: Timestamp(row.get(0)?),
        kind: kind.ok_or_else(|| StoreError::column("kind", "no kind of entry"))?,
        currency: currency(row.get(2)?)?,
        books: Amount(row.get(3)?),
        amount: Amount(row.get(4)?),
        count: row.unsigned(5)?,
    })
}
