//! What is posted by hand: payments, refunds, adjustments.

use super::accounts::LedgerAccountKind;
use super::balances::balance_on;
use super::draft::{DatedMoney, Draft};
use super::post::post;
use super::{LedgerEntryKind, LedgerError, LedgerParty};
use crate::database::{Transaction, sql};
use crate::{NewAuditEntry, NewEvent, Store, StoreError, TenantId, audit, events};
use rating::exchange::ExchangeRate;
use rating::{Amount, Currency, Timestamp};
use serde_json::Value;
use std::collections::HashMap;

/// Longest details of an entry, bytes of JSON.
pub const LEDGER_DETAILS_BYTES_MAX: usize = 8 * 1024;

/// What is to be posted.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLedgerEntry {
    /// Whose books.
    pub owner: TenantId,
    /// Whose balance changes.
    pub party: LedgerParty,
    /// Not one of calls.
    pub kind: LedgerEntryKind,
    /// The house account on the other side.
    pub house: LedgerAccountKind,
    /// Unique: the same key is posted once.
    pub key: String,
    /// When it counts.
    pub at: Timestamp,
    /// The entry of the same party that it corrects.
    pub corrects: Option<i64>,
    /// What else there is to know: an object of at most [`LEDGER_DETAILS_BYTES_MAX`] bytes.
    pub details: Value,
    /// What the party's balance gains, in its currency; loses, below zero.
    pub amount: Amount,
    /// The currency.
    pub currency: Currency,
    /// What a unit of it is worth in the books.
    pub exchange_rate: ExchangeRate,
}

/// What was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostedLedgerEntry {
    /// Number of the entry.
    pub id: i64,
    /// What the balance gained in the books; lost, below zero.
    pub change: Amount,
    /// The balance after it.
    pub balance: Amount,
}

impl Store {
    /// Posts an entry, with the entries of the audit log and the events that tell of it.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing is posted then.
    pub async fn post_ledger_entry(
        &self,
        new: &NewLedgerEntry,
        told: impl FnOnce(&PostedLedgerEntry) -> (NewAuditEntry, NewEvent),
        now: Timestamp,
    ) -> Result<PostedLedgerEntry, LedgerError> {
        let draft = new.draft()?;
        let mut transaction = self.write().await?;
        if let Some(corrected) = new.corrects {
            corrected_of(&mut transaction, corrected, new.party).await?;
        }
        let owners = HashMap::from([(new.party.account().party, new.owner)]);
        let posted = post(&mut transaction, std::slice::from_ref(&draft), &owners).await;
        if posted? == 0 {
            let query = sql("SELECT id FROM ledger_entry WHERE key = $1").bind(&new.key);
            let entry = query.fetch_value(&mut transaction).await?;
            return Err(LedgerError::AlreadyPosted { entry });
        }
        let id = sql("SELECT id FROM ledger_entry WHERE key = $1").bind(&new.key);
        let posted = PostedLedgerEntry {
            id: id.fetch_value(&mut transaction).await?,
            change: draft.money.books,
            balance: balance_on(&mut transaction, new.party).await?,
        };
        let (entry, event) = told(&posted);
        audit::append(&mut transaction, &[entry]).await?;
        events::append(&mut transaction, &[event], now).await?;
        transaction.commit().await?;
        Ok(posted)
    }
}

impl NewLedgerEntry {
    fn draft(&self) -> Result<Draft, LedgerError> {
        let books = self.exchange_rate.to_books(self.amount);
        let details = serde_json::to_string(&self.details).map_err(StoreError::Encode)?;
        if details.len() > LEDGER_DETAILS_BYTES_MAX {
            return Err(LedgerError::Store(StoreError::TooLarge {
                what: "the details of an entry",
                limit: LEDGER_DETAILS_BYTES_MAX,
            }));
        }
        Ok(Draft {
            owner: self.owner,
            kind: self.kind,
            key: self.key.clone(),
            at: self.at,
            corrects: self.corrects,
            details: Some(details),
            to: self.party.account(),
            from: self.house.of_house(self.owner),
            money: DatedMoney {
                books: books.ok_or(LedgerError::TooLarge)?,
                currency: self.currency,
                amount: self.amount,
                rate: self.exchange_rate,
            },
        })
    }
}

/// Whether an entry that is to be corrected is one of that party.
async fn corrected_of(
    transaction: &mut Transaction,
    entry: i64,
    party: LedgerParty,
) -> Result<(), LedgerError> {
    let key = party.account();
    let found = sql(
        "SELECT 1 FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id \
         WHERE p.entry_id = $1 AND a.kind = $2 AND a.party = $3",
    )
    .bind(entry)
    .bind(key.kind.as_str())
    .bind(key.party)
    .fetch_optional(transaction)
    .await?;
    found.map(|_| ()).ok_or(LedgerError::NoSuchEntry { entry })
}
