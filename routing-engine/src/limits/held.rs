//! What calls hold of channels and money, counted from the calls themselves, beside what the counters say.
//!
//! A counter and the permits of calls cannot differ, because only a permit takes and only its drop
//! gives back. This proves it: whoever has the calls notes their permits ([`HeldChannels::note`]),
//! and [`Snapshot::drift`](crate::Snapshot::drift) compares. Calls pay nothing for it.

use super::{Limiter, NumberPermits, Permits};
use crate::credit::{CreditAccount, Reservation};
use crate::resources::ResourceKind;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Channels and money that calls hold. Those of several shards are added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldChannels {
    /// By the address of the counters: those of a resource that was deleted are not those of one that
    /// came after it.
    by_limiter: BTreeMap<usize, u32>,
    to_numbers: u64,
    /// Nano-units by the address of the account.
    by_account: BTreeMap<usize, i64>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// Channels, or calls to called numbers.
    Channels,
    /// Money that is reserved, nano-units of USD.
    Reserved,
}

/// A counter that says something else than the calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Of what.
    pub what: Counted,
    /// Whose it is; `None` for the calls to called numbers, all together.
    pub resource: Option<(ResourceKind, i64)>,
    /// What the counter says.
    pub counted: u64,
    /// What calls hold.
    pub held: u64,
}

impl HeldChannels {
    /// Adds what one call or attempt holds.
    pub fn note(&mut self, permits: &Permits) {
        for permit in permits.0.iter().flatten() {
            let limiter = Arc::as_ptr(&permit.0).addr();
            *self.by_limiter.entry(limiter).or_default() += 1;
        }
    }

    /// Adds what one call holds of its called number.
    pub fn note_numbers(&mut self, numbers: &NumberPermits) {
        self.to_numbers += numbers.len() as u64;
    }

    /// Adds what one call holds of its customer's money.
    pub fn note_credit(&mut self, reservation: &Reservation) {
        let account = Arc::as_ptr(reservation.account()).addr();
        *self.by_account.entry(account).or_default() += reservation.amount().0;
    }

    /// Adds what another shard's calls hold.
    pub fn add(&mut self, other: &Self) {
        for (limiter, held) in &other.by_limiter {
            *self.by_limiter.entry(*limiter).or_default() += held;
        }
        self.to_numbers += other.to_numbers;
        for (account, held) in &other.by_account {
            *self.by_account.entry(*account).or_default() += held;
        }
    }

    pub(crate) fn of(&self, limiter: &Arc<Limiter>) -> u64 {
        let limiter = Arc::as_ptr(limiter).addr();
        self.by_limiter.get(&limiter).copied().unwrap_or(0).into()
    }

    pub(crate) fn of_account(&self, account: &Arc<CreditAccount>) -> u64 {
        let account = Arc::as_ptr(account).addr();
        let held = self.by_account.get(&account).copied();
        held.unwrap_or(0).cast_unsigned()
    }

    pub(crate) fn to_numbers(&self) -> u64 {
        self.to_numbers
    }
}
