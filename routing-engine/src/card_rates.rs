//! The rate that a card has for a call of the past: what re-rating asks.
//!
//! The number that was called is kept by the call's record as it was when rates were looked up. The number
//! that called is kept as it was received: where rules of the customer or the trunk changed it before rates
//! for some callers were looked up, another caller is found than then.

use crate::decide::caller_of;
use crate::snapshot::{CardNumber, Snapshot, longest_match};
use crate::trace::NoTrace;
use rating::cdr::AppliedRate;
use rating::{Origin, Timestamp};
use std::collections::BTreeMap;

/// The cards of a snapshot by their identifiers.
pub struct CardRates<'s> {
    snapshot: &'s Snapshot,
    numbers: BTreeMap<i64, CardNumber>,
}

/// Why there is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCardRate {
    /// The snapshot has no such card.
    NoCard,
    /// The card has no rate for the called number, or for who called it.
    NoRate,
}

impl<'s> CardRates<'s> {
    /// Of a snapshot.
    pub fn new(snapshot: &'s Snapshot) -> Self {
        let cards = (0..).zip(snapshot.cards_with_decks());
        Self {
            numbers: cards.map(|(number, (id, ..))| (id, number)).collect(),
            snapshot,
        }
    }

    /// What a call to a number, digits of E.164, from a number as it was received is charged by on a card.
    ///
    /// # Errors
    /// [`NoCardRate`].
    pub fn rate(
        &self,
        card: i64,
        (called, calling): (&str, &str),
        at: Timestamp,
    ) -> Result<AppliedRate, NoCardRate> {
        let number = self.numbers.get(&card).ok_or(NoCardRate::NoCard)?;
        let caller = caller_of(self.snapshot, called, calling, &mut NoTrace);
        let found = longest_match(&self.snapshot.walk(called), *number, &caller);
        let (rate, _) = found.ok_or(NoCardRate::NoRate)?;
        let applied = self
            .snapshot
            .applied_rate(rate, called, caller.digits(), at);
        Ok(applied)
    }

    /// Whether a call, with the calling number as it was received, is one of an origin. Where rules have made
    /// another number of it before it was decided, it may not be.
    pub fn is_of_origin(&self, origin: Origin, called: &str, calling: &str) -> bool {
        if let Some(jurisdiction) = origin.jurisdiction() {
            return crate::decide::caller_jurisdiction(called, calling) == Some(jurisdiction);
        }
        origin.prefix().is_none_or(|prefix| {
            let digits = crate::decide::caller_prefix(calling);
            digits.is_some_and(|digits| digits.begins_with(prefix))
        })
    }

    /// Every rate of a card as a text, in an order of its own: what two snapshots have alike is the same.
    pub fn texts_of(&self, card: i64, mut told: impl FnMut(&str)) {
        let cards = self.snapshot.cards_with_decks();
        for (id, currency, deck) in cards {
            if id != card {
                continue;
            }
            told(&format!("{id} {currency}"));
            for (prefix, origin, offer) in deck.rows() {
                let destination = deck.destination(offer);
                told(&format!(
                    "{prefix:?} {origin:?} {:?} {destination}",
                    offer.terms
                ));
            }
        }
    }
}
