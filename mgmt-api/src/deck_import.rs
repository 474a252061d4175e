//! Carriers' decks on their way into rate cards: read and compared by a job, applied by a person.
//!
//! ```text
//! file ─job─► rates with dates, what changes, what is rejected, what is doubtful
//!   ─apply─► a draft of the card in a change set ─push, now or at its time─► calls
//! ```
//!
//! Calls know no dates: a card in force has the rates of one moment. So an import is applied once
//! for each moment at which rates change. What counts by now becomes a draft of any open change set.
//! What counts later becomes a change set of its own that is scheduled for that moment; what comes
//! before it must be in force first; then the switch goes on by itself, if it shall ([`FollowDecks`]).

mod apply;
mod follow;
mod job;
mod outcome;

pub(crate) use apply::{AppliedDeck, ApplyDeck};
pub use follow::FollowDecks;
pub(crate) use follow::schedule;
pub use job::ReadDeck;
pub use outcome::{
    DeckChange, DeckChangeKind, DeckCounts, DeckDoubt, DeckImportMoment, DeckImportResult,
    DeckRejection,
};

use crate::containment::{self, Panicked, Part};
use crate::resource_engine::{Key, Proposed};
use rate_deck::difference::Policy;
use rate_deck::{Card, Mapping, Period, Row, Table, TableBuilder, export};
use rating::Timestamp;
use resources::{RateCard, ResourceKind, ResourceSpec, origin_names};
use routing_engine::deck::Deck;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use tokio::sync::OwnedMutexGuard;

/// Largest file of a deck, bytes: a million rows have some 50 MiB.
pub(crate) const DECK_FILE_BYTES_MAX: usize = 64 << 20;

/// Items of a list in one row of the database, and most items of a page.
pub(crate) const PAGE_ITEMS: u32 = 200;

/// The lists that an import has.
pub(crate) const CHANGES: &str = "change";
pub(crate) const REJECTIONS: &str = "rejection";
pub(crate) const DOUBTS: &str = "doubt";

/// How a deck is read, and what was agreed about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct DeckSettings {
    pub(crate) mapping: Mapping,
    pub(crate) policy: Policy,
}

/// Whose decks are read in the same way: the one carrier that charges by the card, or else the card
/// itself. Gives its number.
pub(crate) fn settings_owner(in_force: &Proposed, card: &Key, card_id: i64) -> i64 {
    let referrers = in_force.referrers(card);
    let trunks = referrers.iter().filter_map(|key| in_force.get(key));
    let carriers: BTreeSet<_> = trunks
        .filter_map(|entry| match &entry.spec {
            ResourceSpec::Trunk(trunk) => trunk.carrier.as_ref(),
            _ => None,
        })
        .map(|carrier| card.beside(ResourceKind::Carrier, carrier.as_str()))
        .collect();
    let mut carriers = carriers.iter();
    match (carriers.next(), carriers.next()) {
        (Some(only), None) => in_force.get(only).map_or(card_id, |entry| entry.id),
        _ => card_id,
    }
}

/// Does work with a deck on a thread of its own. Who waits for it may go away and the thread cannot
/// be stopped: it keeps what it did alone until it is done.
async fn alone<T: Send + 'static>(
    guard: OwnedMutexGuard<()>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<(T, OwnedMutexGuard<()>), Panicked> {
    containment::on_blocking_thread(Part::Task, move || (work(), guard)).await
}

/// What a deck for this card is read against.
fn card_of(card: &RateCard) -> Card {
    Card {
        origin_names: origin_names(&card.origin_sets),
        currency: card.currency,
        defaults: card.default_terms(rating::Amount::ZERO),
    }
}

/// The rates in force, which have no dates.
pub(crate) fn table_of(deck: &Deck) -> Table {
    let mut builder = TableBuilder::default();
    // Most rows share their offers, which stand at one place.
    let mut places = BTreeMap::new();
    for (prefix, origin, offer) in deck.rows() {
        let place = *places
            .entry(std::ptr::from_ref(offer))
            .or_insert_with(|| builder.offer(deck.destination(offer), offer.terms));
        builder.push(Row {
            prefix,
            origin,
            period: Period::ALWAYS,
            offer: place,
            line: 0,
        });
    }
    builder.finish().0
}

/// The rates in force as the text of a deck.
///
/// # Errors
/// None of a text that is written to memory.
pub(crate) fn deck_text(deck: &Deck) -> io::Result<String> {
    let mut text = Vec::new();
    // Rates without dates count at any moment.
    export::csv_at(&table_of(deck), Timestamp(0), &mut text)?;
    String::from_utf8(text).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use std::sync::{Arc, mpsc};
    use tokio::sync::Mutex;

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_alone_until_it_is_done() {
        let mutex = Arc::new(Mutex::new(()));
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let guard = Arc::clone(&mutex).lock_owned().await;
        let work = alone(guard, move || {
            begun.send(()).unwrap();
            may_go_on.recv().unwrap();
        });
        tokio::select! {
            _ = work => unreachable!("it waits"),
            begun = has_begun => begun.unwrap(),
        }
        assert!(mutex.try_lock().is_err(), "the thread still works");
        go_on.send(()).unwrap();
        let _next = mutex.lock().await;
    }
}
