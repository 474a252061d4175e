//! Settling with companies that are a customer and a carrier at once, period by period.
//!
//! ```text
//! open ─► draft ─► confirmed ─► paid
//! ```
//!
//! A period is *open* until it is over; then a statement of it is made, a *draft*, and the next period opens
//! where it ended. A statement keeps what was charged in all up to its end, as the books had it
//! ([`NettingCounted`]), and the next one is what has come to that since. So each posting is in one statement:
//! a record that came late is in the next one, and nothing is counted twice. Each side goes on from its own last
//! statement, whoever it was netted with then: one that moves to another partner takes what was counted along.
//!
//! Confirming takes what both owe off both balances by entries of the kind `netting`, in one transaction and by
//! keys of the pair and the period, so that they are there once. What is left on one of the two accounts is the
//! difference, and a payment of it ends the statement.

mod amounts;
mod beginning;
mod lists;
mod settle;

pub use amounts::{NettingCounted, NettingFault, NettingLine, NettingSums};
pub use beginning::NettingBeginning;
pub use lists::NettingQuery;
pub use settle::{NettingError, NettingPayment, SettledParty};

use crate::database::{Row, Transaction, sql};
use crate::ledger::currency;
use crate::{LedgerParty, NewEvent, Store, StoreError, TenantId, events};
use rating::{Amount, Currency, Timestamp};

/// Most statements that are told to be due at once; more are told at the next look.
pub const NETTINGS_TOLD_AT_ONCE: u32 = 500;

/// Where a netting stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NettingState {
    /// The period is not over.
    Open,
    /// The statement is made.
    Draft,
    /// What both owe is off both balances.
    Confirmed,
    /// Nothing is left to pay.
    Paid,
}

/// The netting of a period as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct NettingRow {
    /// Its number.
    pub id: i64,
    /// Whose books.
    pub owner: TenantId,
    /// Number of the customer, and its name now.
    pub customer: (i64, Option<String>),
    /// Number of the carrier, and its name now.
    pub carrier: (i64, Option<String>),
    /// Where it stands.
    pub state: NettingState,
    /// Period and days to pay, such as `7/3`.
    pub terms: String,
    /// The zone of its days.
    pub time_zone: String,
    /// The currency that it is settled in.
    pub currency: Currency,
    /// The first moment of the period.
    pub from: Timestamp,
    /// The first moment behind it.
    pub to: Timestamp,
    /// The first moment of the day on which the difference is due.
    pub due_from: Timestamp,
    /// The first moment at which it is overdue.
    pub overdue_from: Timestamp,
    /// What was charged up to the end of the period; of an open one, up to its beginning.
    pub counted: NettingCounted,
    /// What it came to; `None` while it is open.
    pub sums: Option<NettingSums>,
    /// Why there is no statement although the period is over.
    pub failure: Option<String>,
    /// When the statement was made.
    pub drafted_at: Option<Timestamp>,
    /// When, and by whom, it was confirmed.
    pub confirmed: Option<(Timestamp, String)>,
    /// When, and by whom, it was paid.
    pub paid: Option<(Timestamp, String)>,
    /// The entry of the payment.
    pub payment_entry: Option<i64>,
}

/// A period that begins.
#[derive(Clone, Debug, PartialEq)]
pub struct NewNetting {
    /// Whose books.
    pub owner: TenantId,
    /// Number of the customer.
    pub customer: i64,
    /// Number of the carrier.
    pub carrier: i64,
    /// Period and days to pay.
    pub terms: String,
    /// The zone of its days.
    pub time_zone: String,
    /// The currency that it is settled in.
    pub currency: Currency,
    /// The first moment of the period.
    pub from: Timestamp,
    /// The first moment behind it.
    pub to: Timestamp,
    /// The first moment of the day on which the difference is due.
    pub due_from: Timestamp,
    /// The first moment at which it is overdue.
    pub overdue_from: Timestamp,
    /// What was charged before.
    pub counted: NettingCounted,
}

const COLUMNS: &str = "SELECT n.id, n.owner, n.customer_id, c.name, n.carrier_id, v.name, n.state, \
     n.terms, n.time_zone, n.currency, n.period_from, n.period_to, n.due_from, n.overdue_from, \
     n.counted, n.lines, n.they_owe, n.we_owe, n.failure, n.drafted_at, n.confirmed_at, \
     n.confirmed_by, n.paid_at, n.paid_by, n.payment_entry FROM netting n \
     LEFT JOIN resource c ON c.id = n.customer_id LEFT JOIN resource v ON v.id = n.carrier_id ";

impl NettingState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Open, Self::Draft, Self::Confirmed, Self::Paid];

    /// As it is written in the table and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Draft => "draft",
            Self::Confirmed => "confirmed",
            Self::Paid => "paid",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl NettingRow {
    /// What they owe less what we owe: above zero they pay, below zero we do. Zero while it is open.
    pub fn difference(&self) -> Amount {
        let sums = self.sums.as_ref();
        sums.map_or(Amount::ZERO, |sums| {
            Amount(sums.they_owe.0.saturating_sub(sums.we_owe.0))
        })
    }

    /// Whose account the difference is left on; `None` when there is none.
    pub fn payer(&self) -> Option<LedgerParty> {
        match self.difference().0 {
            0 => None,
            1.. => Some(LedgerParty::Customer(self.customer.0)),
            _ => Some(LedgerParty::Carrier(self.carrier.0)),
        }
    }
}

impl Store {
    /// All that was charged to a customer and by a carrier up to a moment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn netting_counted(
        &self,
        owner: TenantId,
        customer: i64,
        carrier: i64,
        before: Timestamp,
    ) -> Result<NettingCounted, StoreError> {
        let customer = LedgerParty::Customer(customer);
        let carrier = LedgerParty::Carrier(carrier);
        Ok(NettingCounted {
            customer: self.ledger_charged(owner, customer, before).await?,
            carrier: self.ledger_charged(owner, carrier, before).await?,
        })
    }

    /// Opens a period, unless one of the customer or the carrier is open, or this one was.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open_netting(&self, new: &NewNetting) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let opened = open(&mut transaction, new).await?;
        transaction.commit().await?;
        Ok(opened)
    }

    /// Makes the statement of an open period that is over, with the event that tells of it, and opens the
    /// next. One of which nothing came is done at once. Gives whether this call did it.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub async fn draft_netting(
        &self,
        id: i64,
        (counted, sums): (&NettingCounted, &NettingSums),
        next: Option<&NewNetting>,
        told: Option<NewEvent>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let is_empty = sums.lines.is_empty();
        let state = if is_empty {
            NettingState::Paid
        } else {
            NettingState::Draft
        };
        let mut transaction = self.write().await?;
        let drafted = sql(
            "UPDATE netting SET state = $1, counted = $2, lines = $3, they_owe = $4, we_owe = $5, \
             drafted_at = $6, paid_at = $7, failure = NULL WHERE id = $8 AND state = 'open'",
        )
        .bind(state.as_str())
        .bind(counted.to_text())
        .bind(sums.to_text()?)
        .bind(sums.they_owe.0)
        .bind(sums.we_owe.0)
        .bind(now)
        .bind(is_empty.then_some(now))
        .bind(id)
        .execute(&mut transaction)
        .await?;
        if drafted == 0 {
            return Ok(false);
        }
        if let Some(next) = next {
            open(&mut transaction, next).await?;
        }
        let told: Vec<NewEvent> = told.into_iter().filter(|_| !is_empty).collect();
        events::append(&mut transaction, &told, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Notes why there is no statement of a period, with the event that tells of it when that is new.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_netting_failure(
        &self,
        id: i64,
        failure: &str,
        told: NewEvent,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let noted = sql(
            "UPDATE netting SET failure = $1 WHERE id = $2 AND state = 'open' \
             AND COALESCE(failure, '') <> $1",
        )
        .bind(failure)
        .bind(id)
        .execute(&mut transaction)
        .await?;
        if noted > 0 {
            events::append(&mut transaction, &[told], now).await?;
        }
        transaction.commit().await
    }

    /// Notes that a statement was told to be due (1) or overdue (2), with the event; gives whether it had
    /// not been.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_netting_told(
        &self,
        id: i64,
        told: u32,
        event: NewEvent,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let noted = sql("UPDATE netting SET told = $1 WHERE id = $2 AND told < $1 \
             AND state IN ('draft', 'confirmed')")
        .bind(told)
        .bind(id)
        .execute(&mut transaction)
        .await?;
        if noted > 0 {
            events::append(&mut transaction, &[event], now).await?;
        }
        transaction.commit().await?;
        Ok(noted > 0)
    }
}

async fn open(transaction: &mut Transaction, new: &NewNetting) -> Result<bool, StoreError> {
    let opened = sql(
        "INSERT INTO netting (owner, customer_id, carrier_id, state, terms, time_zone, currency, \
         period_from, period_to, due_from, overdue_from, counted) \
         VALUES ($1, $2, $3, 'open', $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
    )
    .bind(new.owner.get())
    .bind(new.customer)
    .bind(new.carrier)
    .bind(&new.terms)
    .bind(&new.time_zone)
    .bind(new.currency.as_str())
    .bind(new.from)
    .bind(new.to)
    .bind(new.due_from)
    .bind(new.overdue_from)
    .bind(new.counted.to_text())
    .execute(transaction)
    .await?;
    Ok(opened > 0)
}

fn netting(row: &Row) -> Result<NettingRow, StoreError> {
    let state = NettingState::from_name(row.get(6)?);
    let lines: Option<&str> = row.get(15)?;
    let sums =
        lines.map(|text| NettingSums::read(text, Amount(row.get(16)?), Amount(row.get(17)?)));
    let time = |column: usize| Ok::<_, StoreError>(row.get::<Option<i64>>(column)?.map(Timestamp));
    let by = |column: usize| row.get::<Option<String>>(column);
    Ok(NettingRow {
        id: row.get(0)?,
        owner: TenantId::new(row.get(1)?),
        customer: (row.get(2)?, row.get(3)?),
        carrier: (row.get(4)?, row.get(5)?),
        state: state.ok_or_else(|| StoreError::column("state", "no state of a netting"))?,
        terms: row.get(7)?,
        time_zone: row.get(8)?,
        currency: currency(row.get(9)?)?,
        from: Timestamp(row.get(10)?),
        to: Timestamp(row.get(11)?),
        due_from: Timestamp(row.get(12)?),
        overdue_from: Timestamp(row.get(13)?),
        counted: NettingCounted::read(row.get(14)?)?,
        sums: sums.transpose()?,
        failure: row.get(18)?,
        drafted_at: time(19)?,
        confirmed: time(20)?.zip(by(21)?),
        paid: time(22)?
            .map(|at| Ok::<_, StoreError>((at, by(23)?.unwrap_or_default())))
            .transpose()?,
        payment_entry: row.get(24)?,
    })
}

#[cfg(test)]
mod tests;
