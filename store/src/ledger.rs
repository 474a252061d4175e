//! The books: who owes whom, and why.
//!
//! Double entry, append-only, in the currency of the books. An *entry* has postings on two or more
//! *accounts* that sum to zero; the balance of an account is the sum of its postings. An amount
//! above zero is credit: what we owe to a customer that has paid or to a carrier that has carried
//! calls, or what the house earned. Below zero is what they owe us, or what the house has or spent.
//!
//! | entry | customer | carrier | house |
//! |---|---|---|---|
//! | `call_charge` | − charge | | `revenue` + |
//! | `attempt_cost` | | + cost | `cost_of_sales` − |
//! | `payment` of a customer, to a carrier | + | − | `cash` −, + |
//! | `refund` to a customer, of a carrier | − | + | `cash` +, − |
//! | `adjustment` | + or − | + or − | `adjustments` or `exchange_differences` |
//! | `charge_correction` | + or − | | `revenue` |
//! | `cost_correction` | | + or − | `cost_of_sales` |
//! | `netting` | + or − | + or − | `netting` |
//!
//! The loader posts a call in the transaction that inserts its record, at the time of the call's end,
//! so the books are the sum of all records at every moment ([`Store::verify_ledger`] compares them).
//! Every entry has a key, and a key is posted once. Entries and postings are never changed (triggers
//! see to it): a correction is a new entry that names the one it corrects.
//!
//! Each posting has the amount in the party's currency beside it and the exchange rate between the
//! two. Sums of each account, day (UTC) and kind of entry are kept with the postings, so that a
//! balance reads some rows a day and not every call; they are verified too.

mod accounts;
mod balances;
mod calls;
mod catch_up;
mod corrections;
mod draft;
mod entries;
mod foreign;
mod low;
mod netting;
mod payments;
mod post;
mod statement;
mod verify;

pub use accounts::{LedgerAccountKind, LedgerParty};
pub use balances::{CurrencyBalance, LedgerAccount, LedgerBalance};
pub(crate) use balances::{currency, sum};
pub(crate) use calls::post_calls;
pub(crate) use corrections::{Correction, post_corrections};
pub use draft::LedgerEntryKind;
pub use entries::{LedgerCursor, LedgerEntry, LedgerPage, LedgerQuery};
pub use foreign::{DatedSum, FOREIGN_BALANCES_MAX, ForeignBalance};
pub(crate) use netting::{
    Settlement, Sums, balance_within, entry_of_key, payment_of, post_settlements,
};
pub use payments::{LEDGER_DETAILS_BYTES_MAX, NewLedgerEntry, PostedLedgerEntry};
pub use statement::{LedgerCalls, LedgerMovement, LedgerStatement, STATEMENT_ENTRIES_MAX};
pub use verify::{LedgerDifference, LedgerVerification};

use crate::StoreError;
use rating::Timestamp;

/// Why nothing was posted, or a sum cannot be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key was posted before.
    #[error("entry {entry} was posted with this key already")]
    AlreadyPosted {
        /// The entry.
        entry: i64,
    },
    /// What is to be corrected is not there, or another's.
    #[error("entry {entry} is none of this customer or carrier")]
    NoSuchEntry {
        /// Its number.
        entry: i64,
    },
    /// A statement of more entries than one has.
    #[error(
        "the period has more than {STATEMENT_ENTRIES_MAX} payments and adjustments: choose a shorter one"
    )]
    TooManyEntries,
    /// A sum is beyond 64 bits of nano-units.
    #[error("the balance is beyond what an account holds, 9,000,000,000 USD")]
    TooLarge,
}

mod live;

pub use live::LedgerPosition;

const DAY_US: i64 = 86_400_000_000;

/// The first microsecond of the day (UTC).
pub(crate) fn day_of(at: Timestamp) -> i64 {
    at.0.div_euclid(DAY_US) * DAY_US
}

#[cfg(test)]
mod tests;
