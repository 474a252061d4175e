//! The currencies of cards, each with its rates.

use super::Compiler;
use crate::Problem;
use crate::resources::ResourceKind;
use crate::snapshot::exchange::{BOOKS, Exchange};
use crate::snapshot::parts::CompiledCard;
use rating::Currency;
use rating::exchange::DatedRates;
use std::collections::HashMap;

impl Compiler<'_, '_> {
    /// Finds the rates of each card's currency among those of the card's owner.
    pub(super) fn exchange(&mut self, cards: &[CompiledCard], owners: &[i64]) -> Exchange {
        let (places, rates) = self.dated_rates();
        let mut of_card = Vec::with_capacity(cards.len());
        for (card, owner) in cards.iter().zip(owners) {
            let place = match card.currency {
                Currency::USD => Some(BOOKS),
                other => places.get(&(*owner, other)).copied(),
            };
            if place.is_none() {
                let message = format_args!("there is no exchange rate for {}", card.currency);
                let problem = Problem::in_field("currency", message);
                let name = &*card.resource.name;
                self.problems.push(problem.of(ResourceKind::RateCard, name));
            }
            of_card.push(place.unwrap_or(BOOKS));
        }
        Exchange::new(of_card.into(), rates.into())
    }

    /// All rates, and the place of each owner's currency among them, from 1.
    fn dated_rates(&mut self) -> (HashMap<(i64, Currency), u16>, Vec<DatedRates>) {
        let (mut places, mut rates) = (HashMap::new(), Vec::new());
        for stored in &self.resources.exchange_rates {
            // Those that have none were refused each by itself.
            let Some(dated) = stored.spec.dated() else {
                continue;
            };
            rates.push(dated);
            let currency = stored.spec.currency;
            let place = u16::try_from(rates.len()).ok();
            let before = place.and_then(|place| places.insert((stored.owner, currency), place));
            let message = match (place, before) {
                (None, _) => format!("more than {} exchange rates", u16::MAX),
                (_, Some(_)) => format!("{currency} has another exchange rate already"),
                _ => continue,
            };
            let problem = Problem::in_field("currency", message);
            let problem = problem.of(ResourceKind::ExchangeRate, stored.name);
            self.problems.push(problem);
        }
        (places, rates)
    }
}
