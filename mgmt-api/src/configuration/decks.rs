//! Rate decks: their text, their rows in memory, what changed in them.

use super::request::RequestedResource;
use crate::routes::apply::{ApplyFile, Difference};
use routing_engine::Problem;
use routing_engine::deck::{Deck, DestinationNames};
use routing_engine::resources::RateCard;
use sha2::{Digest as _, Sha256};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use store::ResourceRow;

/// A deck as it came.
#[derive(Clone)]
pub(super) struct DeckText {
    /// SHA-256 of the text, hexadecimal.
    pub(super) hash: String,
    pub(super) content: Arc<str>,
}

/// Decks in memory, shared with the snapshots, so that only those that change are read again.
#[derive(Clone, Default)]
pub(super) struct DeckCache {
    /// By the card's number: the card's version and its rows.
    decks: BTreeMap<i64, (u64, Arc<Deck>)>,
}

impl DeckText {
    pub(super) fn new(file: ApplyFile) -> Self {
        let digest = Sha256::digest(file.content.as_bytes());
        let hash = digest.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Self {
            hash,
            content: file.content.into(),
        }
    }
}

impl DeckCache {
    /// Whether the rows of this version of a card are here.
    pub(super) fn has(&self, row: &ResourceRow) -> bool {
        self.decks
            .get(&row.id)
            .is_some_and(|(version, _)| *version == row.version)
    }

    pub(super) fn find(&self, row: &ResourceRow) -> Option<Arc<Deck>> {
        let (version, deck) = self.decks.get(&row.id)?;
        (*version == row.version).then(|| Arc::clone(deck))
    }

    pub(super) fn keep(&mut self, row: &ResourceRow, deck: &Arc<Deck>) {
        self.decks.insert(row.id, (row.version, Arc::clone(deck)));
    }
}

pub(super) fn read_deck(
    text: &str,
    card: &RateCard,
    names: &mut DestinationNames,
) -> Result<Deck, Vec<Problem>> {
    Deck::read(text.as_bytes(), card, names)
}

/// How the rows of a card in a file change; `None` when they do not.
pub(super) fn difference(
    requested: &RequestedResource,
    row: Option<&ResourceRow>,
    before_texts: &BTreeMap<String, String>,
    decks: &BTreeMap<String, DeckText>,
) -> Option<Difference> {
    let before_hash = row.and_then(|row| row.deck_hash.as_ref());
    if before_hash == requested.deck_hash.as_ref() {
        return None;
    }
    let mut names = DestinationNames::default();
    let mut rows_of = |text: &str, card: &RateCard| read_deck(text, card, &mut names).ok();
    let before = before_hash
        .and_then(|hash| before_texts.get(hash))
        .zip(row.and_then(|row| serde_json::from_value(row.spec.clone()).ok()))
        .and_then(|(text, card)| rows_of(text, &card));
    let after = requested
        .deck_hash
        .as_ref()
        .and_then(|hash| decks.get(hash))
        .zip(requested.card.as_ref())
        .and_then(|(deck, card)| rows_of(&deck.content, card));
    let count = |deck: &Deck| format!("{} rates", deck.len());
    Some(Difference {
        field: "rates".into(),
        before: before.as_ref().map(|deck| count(deck).into()),
        after: after.as_ref().map(|after| match &before {
            Some(before) => format!("{}: {}", count(after), Counts::of(before, after)).into(),
            None => count(after).into(),
        }),
    })
}

/// How two decks differ.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    added: usize,
    removed: usize,
    changed: usize,
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            added,
            removed,
            changed,
        } = self;
        write!(f, "{added} added, {removed} removed, {changed} changed")
    }
}

impl Counts {
    /// Walks both, which are in the order of their prefixes, side by side.
    fn of(before: &Deck, after: &Deck) -> Self {
        let mut counts = Self::default();
        let mut old = before.rows().peekable();
        let mut new = after.rows().peekable();
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return counts,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((a, _)), Some((b, _))) => a.cmp(b),
            };
            let was = if order.is_gt() { None } else { old.next() };
            let is = if order.is_lt() { None } else { new.next() };
            match (was, is) {
                (Some((_, was)), Some((_, is))) => {
                    let same =
                        was.terms == is.terms && before.destination(was) == after.destination(is);
                    counts.changed += usize::from(!same);
                }
                (Some(_), None) => counts.removed += 1,
                (None, _) => counts.added += 1,
            }
        }
    }
}
