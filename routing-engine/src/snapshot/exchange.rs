//! Which card is of which currency, and what that is worth at a moment.
//!
//! The keys of LCR stand in the index in the currency of each card. A decision converts those that
//! it looks at, by the rate that counts at the moment of the call: a rate comes into force on its
//! day without a push, and a push of exchange rates touches no deck and no index.

use super::prefix_index::CardNumber;
use rating::exchange::{DatedRates, ExchangeRate};
use rating::{Amount, Timestamp};

/// The place of the books' own currency, which needs no rate.
pub(super) const BOOKS: u16 = 0;

/// The currencies of all cards.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    /// By card: [`BOOKS`], or one more than the place in `rates`. Empty when all are of the books.
    of_card: Box<[u16]>,
    rates: Box<[DatedRates]>,
}

impl Exchange {
    /// `of_card` has the place of each card's currency, counted from 1, or [`BOOKS`].
    pub(super) fn new(of_card: Box<[u16]>, rates: Box<[DatedRates]>) -> Self {
        let all_of_books = of_card.iter().all(|place| *place == BOOKS);
        Self {
            of_card: if all_of_books {
                Box::default()
            } else {
                of_card
            },
            rates,
        }
    }

    /// Whether a card is in the currency of the books.
    pub(crate) fn is_in_books(&self, card: CardNumber) -> bool {
        let place = self.of_card.get(usize::from(card));
        place.is_none_or(|place| *place == BOOKS)
    }

    /// What a unit of a card's currency is worth.
    pub(crate) fn rate(&self, card: CardNumber, at: Timestamp) -> ExchangeRate {
        let place = self.of_card.get(usize::from(card)).copied();
        let place = place.filter(|place| *place != BOOKS);
        let rates = place.and_then(|place| self.rates.get(usize::from(place) - 1));
        rates.map_or(ExchangeRate::ONE, |rates| rates.at(at))
    }

    /// An amount of a card in the currency of the books. `None` for one that does not fit, which is
    /// none of a sound card.
    pub(crate) fn to_books(
        &self,
        card: CardNumber,
        amount: Amount,
        at: Timestamp,
    ) -> Option<Amount> {
        if self.of_card.is_empty() {
            return Some(amount);
        }
        self.rate(card, at).to_books(amount)
    }
}
