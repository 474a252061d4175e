//! What the database has, as typed resources with their decks.

use super::ConfigurationError;
use super::decks::{DeckCache, read_deck};
use routing_engine::deck::{Deck, DestinationNames};
use routing_engine::resources::{
    PricedCard, RateCard, ResourceKind, ResourceSpec, Resources, Stored,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::ResourceRow;

/// Reads all rows. `texts` has the decks that `cache` does not, by hash. The cache that comes back
/// has the decks of these rows and no others.
pub(super) fn resources(
    rows: &[ResourceRow],
    cache: DeckCache,
    texts: &BTreeMap<String, String>,
) -> Result<(Resources, DeckCache), ConfigurationError> {
    let mut resources = Resources::default();
    let mut decks = DeckCache::default();
    let mut names = DestinationNames::default();
    for row in rows {
        match spec(row)? {
            ResourceSpec::RateCard(card) => {
                let deck = match cache.find(row) {
                    Some(deck) => deck,
                    None => Arc::new(deck(row, &card, texts, &mut names)?),
                };
                decks.keep(row, &deck);
                resources.rate_cards.push(PricedCard {
                    card: stored(row, card),
                    deck,
                });
            }
            ResourceSpec::Carrier(carrier) => resources.carriers.push(stored(row, carrier)),
            ResourceSpec::Customer(customer) => resources.customers.push(stored(row, customer)),
            ResourceSpec::Trunk(trunk) => resources.trunks.push(stored(row, trunk)),
            other => {
                let reason = format!("{} cannot be compiled", other.kind());
                return Err(unreadable(row, reason));
            }
        }
    }
    Ok((resources, decks))
}

fn stored<T>(row: &ResourceRow, spec: T) -> Stored<T> {
    Stored {
        id: row.id,
        name: row.name.clone(),
        spec,
    }
}

fn spec(row: &ResourceRow) -> Result<ResourceSpec, ConfigurationError> {
    let kind: ResourceKind =
        row.kind
            .parse()
            .map_err(|error: routing_engine::resources::UnknownKind| {
                unreadable(row, error.to_string())
            })?;
    ResourceSpec::deserialize_as(kind, &row.spec)
        .map_err(|error: serde_json::Error| unreadable(row, error.to_string()))
}

fn deck(
    row: &ResourceRow,
    card: &RateCard,
    texts: &BTreeMap<String, String>,
    names: &mut DestinationNames,
) -> Result<Deck, ConfigurationError> {
    let deck = match (
        &card.rates,
        row.deck_hash.as_ref().and_then(|hash| texts.get(hash)),
    ) {
        (Some(rows), _) => Deck::from_rows(rows, card, names),
        (None, Some(text)) => read_deck(text, card, names),
        (None, None) => return Err(unreadable(row, "its rate deck is missing".into())),
    };
    // Decks are read before they are kept; a fault here is one of a card whose defaults changed.
    deck.map_err(|problems| {
        let name = |problem: routing_engine::Problem| problem.of(ResourceKind::RateCard, &row.name);
        ConfigurationError::Problems(problems.into_iter().map(name).collect())
    })
}

fn unreadable(row: &ResourceRow, reason: String) -> ConfigurationError {
    ConfigurationError::Stored {
        kind: row.kind.clone(),
        name: row.name.clone(),
        reason,
    }
}
