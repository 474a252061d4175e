//! The account of one party.

use super::{CreditTerms, SHARE};
use rating::{Amount, Timestamp};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The money of one customer or carrier, alone on its cache lines. See the [module](super).
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct CreditAccount {
    /// Base less what is charged and reserved: the one number that reservations compare.
    free: AtomicI64,
    /// What is charged today, and reserved.
    spent_today: AtomicI64,
    reserved: AtomicI64,
    calls: AtomicU32,
    base: AtomicI64,
    charged: AtomicI64,
    charged_today: AtomicI64,
    /// The day (UTC) of what is charged today, in days of the epoch.
    today: AtomicI64,
}

/// An account as it stands. While calls come and go its figures are of slightly different moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CreditFigures {
    /// What the ledger had at the start, with payments and corrections since.
    pub base: Amount,
    /// What the calls cost that have ended since the start.
    pub charged: Amount,
    /// What calls hold that are not over.
    pub reserved: Amount,
    /// What the calls cost that have ended today (UTC).
    pub charged_today: Amount,
    /// How many calls hold a reservation.
    pub calls: u32,
}

/// What there is too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Short {
    Balance,
    Day,
}

impl CreditFigures {
    /// What the ledger will have when all that has ended is posted.
    pub fn balance(&self) -> Amount {
        Amount(self.base.0.saturating_sub(self.charged.0))
    }

    /// What new calls may reserve; `None` without a credit limit.
    pub fn available(&self, terms: &CreditTerms) -> Option<Amount> {
        let limit = terms.credit_limit?.0;
        let free = self.balance().0.saturating_sub(self.reserved.0);
        Some(Amount(free.saturating_add(limit)))
    }
}

impl CreditAccount {
    /// The figures of this moment.
    pub fn figures(&self) -> CreditFigures {
        let get = |figure: &AtomicI64| Amount(figure.load(Ordering::Relaxed));
        CreditFigures {
            base: get(&self.base),
            charged: get(&self.charged),
            reserved: get(&self.reserved),
            charged_today: get(&self.charged_today),
            calls: self.calls.load(Ordering::Relaxed),
        }
    }

    /// Sets what the ledger has without the calls that have ended since the start of the process: at the
    /// start, and after each payment or correction. To be called by one thread at a time, so that the
    /// latest stays.
    pub fn set_base(&self, base: Amount) {
        let before = self.base.swap(base.0, Ordering::Relaxed);
        self.free
            .fetch_add(base.0.wrapping_sub(before), Ordering::Relaxed);
    }

    /// Sets what calls of an earlier process cost on the day of `at`; once, before the first call.
    pub fn begin_day(&self, charged: Amount, at: Timestamp) {
        self.today.store(day_of(at), Ordering::Relaxed);
        self.charged_today.fetch_add(charged.0, Ordering::Relaxed);
        self.spent_today.fetch_add(charged.0, Ordering::Relaxed);
    }

    /// Charges what a call or an attempt cost that had reserved nothing.
    pub fn charge(&self, amount: Amount, at: Timestamp) {
        if amount != Amount::ZERO {
            self.settle(0, amount.0, at);
        }
    }

    /// Whether less is owed to a carrier than the amount at which its calls stop.
    pub(crate) fn owes_less_than(&self, stop: Amount) -> bool {
        self.free.load(Ordering::Relaxed).saturating_neg() < stop.0
    }

    /// What one of `calls` calls may take of what is left: an equal share of half of it.
    pub(super) fn share(&self, terms: &CreditTerms, at: Timestamp, calls: u32) -> i64 {
        let (left, left_today) = self.left(terms, at);
        left.min(left_today).max(0) / SHARE.saturating_mul(calls.max(1).into())
    }

    fn left(&self, terms: &CreditTerms, at: Timestamp) -> (i64, i64) {
        self.turn_day(at);
        let left = |limit: Option<Amount>, free: i64| {
            limit.map_or(i64::MAX, |limit| limit.0.saturating_add(free))
        };
        let free = self.free.load(Ordering::Relaxed);
        let today = self.spent_today.load(Ordering::Relaxed);
        (
            left(terms.credit_limit, free),
            left(terms.daily_spend_limit, 0_i64.saturating_sub(today)),
        )
    }

    /// Whether an amount could be taken.
    pub(super) fn has(&self, amount: i64, terms: &CreditTerms, at: Timestamp) -> Result<(), Short> {
        let (left, left_today) = self.left(terms, at);
        match amount {
            0 => Ok(()),
            _ if amount > left => Err(Short::Balance),
            _ if amount > left_today => Err(Short::Day),
            _ => Ok(()),
        }
    }

    /// Takes an amount from what is free, or nothing. What costs nothing is had without money.
    pub(super) fn take(
        &self,
        amount: i64,
        terms: &CreditTerms,
        at: Timestamp,
    ) -> Result<(), Short> {
        if amount == 0 {
            return Ok(());
        }
        self.turn_day(at);
        let least = terms.credit_limit.map_or(i64::MIN, |limit| -limit.0);
        let taken = update(&self.free, |free| {
            free.checked_sub(amount).filter(|left| *left >= least)
        });
        if !taken {
            return Err(Short::Balance);
        }
        let most = terms.daily_spend_limit.map_or(i64::MAX, |limit| limit.0);
        let taken = update(&self.spent_today, |spent| {
            spent.checked_add(amount).filter(|spent| *spent <= most)
        });
        if !taken {
            self.free.fetch_add(amount, Ordering::Relaxed);
            return Err(Short::Day);
        }
        self.reserved.fetch_add(amount, Ordering::Relaxed);
        Ok(())
    }

    /// Gives back what a call had reserved, and charges what it cost instead.
    pub(super) fn settle(&self, reserved: i64, charge: i64, at: Timestamp) {
        self.turn_day(at);
        self.reserved.fetch_sub(reserved, Ordering::Relaxed);
        self.charged.fetch_add(charge, Ordering::Relaxed);
        self.charged_today.fetch_add(charge, Ordering::Relaxed);
        let back = reserved.wrapping_sub(charge);
        self.spent_today.fetch_sub(back, Ordering::Relaxed);
        self.free.fetch_add(back, Ordering::Relaxed);
    }

    /// Gives back what a call had reserved that cost nothing.
    pub(super) fn give_back(&self, reserved: i64) {
        self.reserved.fetch_sub(reserved, Ordering::Relaxed);
        self.spent_today.fetch_sub(reserved, Ordering::Relaxed);
        self.free.fetch_add(reserved, Ordering::Relaxed);
    }

    pub(super) fn enter(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn leave(&self) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// With a new day what was charged yesterday counts no more; what is reserved does.
    fn turn_day(&self, at: Timestamp) {
        let (day, today) = (day_of(at), self.today.load(Ordering::Relaxed));
        // Shards may be a moment apart; a clock that was set is more than a day off.
        if day == today || day == today - 1 {
            return;
        }
        let is_first = self
            .today
            .compare_exchange(today, day, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok();
        if is_first {
            let yesterday = self.charged_today.swap(0, Ordering::Relaxed);
            self.spent_today.fetch_sub(yesterday, Ordering::Relaxed);
        }
    }
}

fn update(figure: &AtomicI64, change: impl FnMut(i64) -> Option<i64>) -> bool {
    figure
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change)
        .is_ok()
}

fn day_of(at: Timestamp) -> i64 {
    at.0.div_euclid(MICROS_PER_DAY)
}
