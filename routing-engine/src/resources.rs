//! What a snapshot is compiled from: the specs of the crate `resources`, with their identifiers.

use crate::deck::Deck;
use std::sync::Arc;

pub use ::resources::*;

/// A resource as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// The database identifier: it survives a rename, and live limit counters hang on it.
    pub id: i64,
    /// The name.
    pub name: String,
    /// What it is.
    pub spec: T,
}

/// A rate card with its rows.
#[derive(Clone, Debug)]
pub struct PricedCard {
    /// The resource.
    pub card: Stored<RateCard>,
    /// Its rows, read once ([`Deck::read`] or [`Deck::from_rows`]) and shared by snapshots.
    pub deck: Arc<Deck>,
}

/// Everything that a snapshot is compiled from.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// Cards with their rows.
    pub rate_cards: Vec<PricedCard>,
    /// Whom we pay.
    pub carriers: Vec<Stored<Carrier>>,
    /// Who pays us.
    pub customers: Vec<Stored<Customer>>,
    /// Connections, ingress and egress.
    pub trunks: Vec<Stored<Trunk>>,
}
