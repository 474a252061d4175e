//! Money of customers and carriers at this moment: what their calls may still spend.
//!
//! The books are in the database, and no call waits for a database. So each party has a
//! [`CreditAccount`] in memory, shared by all shards, of atomics alone. It belongs to the resource and
//! not to the snapshot, as the counters of limits do. In nano-units of USD:
//!
//! | figure | is |
//! |---|---|
//! | base | the balance of the ledger when the process began, and what payments and corrections have changed since |
//! | charged | what the calls cost that have ended since |
//! | reserved | what calls hold that are not over |
//! | available | base + credit limit − charged − reserved |
//!
//! The ledger posts a call some time after its end. That lowers its balance by what `charged` has already,
//! so a posting moves nothing here: only payments and corrections move the base.
//!
//! # Slices
//!
//! A call holds the price of its talk until some second ([`Reservation`]). It gets its first slice when it
//! is admitted and another before each runs out; at its end it pays what it cost and the rest goes back. A
//! slice is [`SLICE_S`] seconds, but no more than an equal share of half of what is available: with `n` calls
//! on the account a `2n`-th. So slices shrink as the money does, down to a second of talk or the interval
//! that the rate bills at once. A call that gets no such slice is refused, or hung up on when what it
//! holds is used up. A call that was begun without any limit has none until its end.
//!
//! # The bound
//!
//! Reserving is one compare-and-swap of `base − charged − reserved`, which takes a slice only if what is left is
//! not below the credit limit. Therefore charged + reserved ≤ base + credit limit after every reservation, in
//! whatever order the shards come. A call is hung up on before its last paid second is over, and the price of
//! a talk never falls, so it is charged no more than it held, and any number of calls together spend no more
//! than there is. What can pass that:
//!
//! - A shard that stands still for longer than the hundred milliseconds that calls are hung up on early
//!   bills what was talked meanwhile, beyond what was reserved.
//! - When the base falls under calls that are up (a payment is taken back), each may pass it by the slice
//!   that it holds, because its next one is refused.
//! - A carrier's `balance_stop` reserves nothing: attempts that are under way are owed beside it.
//! - Several nodes on one database do not share an account. Each learns of the others' calls when it reads
//!   the ledger, every few minutes and at each payment.

mod account;
mod book;
mod reservation;

pub(crate) use book::AccountBook;

pub use account::{CreditAccount, CreditFigures};
pub use reservation::Reservation;

use crate::resources::CustomerBilling;
use rating::slice::TalkPrice;
use rating::{Amount, Timestamp};
use std::sync::Arc;

/// The longest slice, seconds.
pub const SLICE_S: u32 = 60;

/// What part of the available money the slices of all calls may take at a time: one half.
const SHARE: i64 = 2;

/// What a customer may spend; in the currency of the books. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CreditTerms {
    /// How far below zero its balance may fall.
    pub credit_limit: Option<Amount>,
    /// What its calls of a day (UTC) may cost.
    pub daily_spend_limit: Option<Amount>,
    /// What one call may cost.
    pub call_spend_limit: Option<Amount>,
}

/// A call that asks for its first slice.
#[derive(Clone, Copy, Debug)]
pub struct CreditAsk<'s> {
    pub(crate) account: &'s Arc<CreditAccount>,
    pub(crate) terms: CreditTerms,
    pub(crate) price: TalkPrice,
    pub(crate) at: Timestamp,
}

impl CreditTerms {
    pub(crate) fn of(billing: &CustomerBilling) -> Self {
        Self {
            credit_limit: billing.credit_limit(),
            daily_spend_limit: billing.daily_spend_limit,
            call_spend_limit: billing.call_spend_limit,
        }
    }

    /// Whether there is any limit.
    pub fn are_set(&self) -> bool {
        *self != Self::default()
    }
}

#[cfg(test)]
mod tests;
