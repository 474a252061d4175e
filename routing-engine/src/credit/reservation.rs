//! What one call holds of its customer's money.

use super::account::{CreditAccount, Short};
use super::{CreditAsk, CreditTerms, SLICE_S};
use rating::cdr::ReleaseReason;
use rating::slice::TalkPrice;
use rating::{Amount, Timestamp};
use std::sync::Arc;

/// The price of a call's talk until some second, taken from its customer's account. Dropping it gives
/// all of it back.
#[derive(Debug)]
pub struct Reservation {
    account: Arc<CreditAccount>,
    amount: i64,
    until_s: u32,
}

/// What a slice costs, and how long it lasts.
#[derive(Clone, Copy)]
struct Slice {
    amount: i64,
    until_s: u32,
}

/// Why there is no slice.
enum NoSlice {
    Short(Short),
    /// One call may not cost so much.
    TooDear,
}

impl Reservation {
    /// Reserves the first slice of a call.
    ///
    /// # Errors
    /// [`ReleaseReason::InsufficientCredit`], [`ReleaseReason::DailySpendLimit`] or
    /// [`ReleaseReason::CallSpendLimit`] when there is not enough for the shortest slice; nothing is taken
    /// then.
    pub fn begin(
        account: &Arc<CreditAccount>,
        terms: &CreditTerms,
        price: &TalkPrice,
        at: Timestamp,
    ) -> Result<Self, ReleaseReason> {
        account.enter();
        let mut reservation = Self {
            account: Arc::clone(account),
            amount: 0,
            until_s: 0,
        };
        reservation
            .take_slice(terms, price, at, price.first_paid_second())
            .map_err(|none| none.reason(ReleaseReason::InsufficientCredit))?;
        Ok(reservation)
    }

    /// The same, for a call that is decided.
    pub(crate) fn of(ask: &CreditAsk<'_>) -> Result<Self, ReleaseReason> {
        Self::begin(ask.account, &ask.terms, &ask.price, ask.at)
    }

    /// Whether [`Self::of`] would succeed, without taking anything.
    pub(crate) fn look(ask: &CreditAsk<'_>) -> Result<(), ReleaseReason> {
        let (terms, account) = (&ask.terms, ask.account);
        let least_s = ask.price.first_paid_second();
        slice(terms, &ask.price, 0, least_s)
            .and_then(|least| {
                let has = account.has(least.amount, terms, ask.at);
                has.map_err(NoSlice::Short)
            })
            .map_err(|none| none.reason(ReleaseReason::InsufficientCredit))
    }

    /// Reserves another slice, at least until `least_s` seconds of talk.
    ///
    /// # Errors
    /// [`ReleaseReason::CreditExhausted`], [`ReleaseReason::DailySpendLimit`] or
    /// [`ReleaseReason::CallSpendLimit`] when there is not enough for the shortest; what is held stays held.
    pub fn renew(
        &mut self,
        terms: &CreditTerms,
        price: &TalkPrice,
        at: Timestamp,
        least_s: u32,
    ) -> Result<(), ReleaseReason> {
        let least_s = least_s.max(self.until_s.saturating_add(1));
        self.take_slice(terms, price, at, least_s)
            .map_err(|none| none.reason(ReleaseReason::CreditExhausted))
    }

    /// Until which second of talk the call is paid.
    pub fn until_s(&self) -> u32 {
        self.until_s
    }

    /// What it holds.
    pub fn amount(&self) -> Amount {
        Amount(self.amount)
    }

    /// The call is over and cost so much; the rest goes back.
    pub fn settle(mut self, charge: Amount, at: Timestamp) {
        let reserved = std::mem::take(&mut self.amount);
        self.account.settle(reserved, charge.0, at);
    }

    pub(crate) fn account(&self) -> &Arc<CreditAccount> {
        &self.account
    }

    /// The longest slice that the call's share of what is left is enough for, else the shortest.
    fn take_slice(
        &mut self,
        terms: &CreditTerms,
        price: &TalkPrice,
        at: Timestamp,
        least_s: u32,
    ) -> Result<(), NoSlice> {
        let least = slice(terms, price, self.amount, least_s)?;
        let share = self.account.share(terms, at, self.account.calls());
        let most_s = least_s.max(self.until_s.saturating_add(SLICE_S));
        let spendable = self.amount.saturating_add(share);
        let spendable = spendable.min(terms.call_spend_limit.map_or(i64::MAX, |limit| limit.0));
        let lasts = price.lasts(Amount(spendable), most_s);
        if let Some(until_s) = lasts.filter(|until_s| *until_s > least_s) {
            let wanted = slice(terms, price, self.amount, until_s)?;
            // Others may have been faster: then the shortest may still be there.
            if self.account.take(wanted.amount, terms, at).is_ok() {
                self.hold(wanted);
                return Ok(());
            }
        }
        let taken = self.account.take(least.amount, terms, at);
        taken.map_err(NoSlice::Short)?;
        self.hold(least);
        Ok(())
    }

    fn hold(&mut self, slice: Slice) {
        // Both were checked to fit when the slice was priced.
        self.amount = self.amount.saturating_add(slice.amount);
        self.until_s = slice.until_s;
    }
}

/// The slice from what is paid until a second of talk.
fn slice(
    terms: &CreditTerms,
    price: &TalkPrice,
    paid: i64,
    until_s: u32,
) -> Result<Slice, NoSlice> {
    let total = price.until(until_s).ok_or(NoSlice::TooDear)?;
    if terms.call_spend_limit.is_some_and(|most| total > most) {
        return Err(NoSlice::TooDear);
    }
    Ok(Slice {
        amount: total.0.saturating_sub(paid),
        until_s,
    })
}

impl NoSlice {
    fn reason(self, short: ReleaseReason) -> ReleaseReason {
        match self {
            Self::Short(Short::Balance) => short,
            Self::Short(Short::Day) => ReleaseReason::DailySpendLimit,
            Self::TooDear => ReleaseReason::CallSpendLimit,
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.account.leave();
        if self.amount != 0 {
            self.account.give_back(self.amount);
        }
    }
}
