//! The rates of cards: from text or rows, read once and shared.

use crate::resource_engine::current::Entry;
use resources::{Problem, RateCard, ResourceDocument, ResourceSpec};
use routing_engine::deck::{Deck, DestinationNames};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// A deck as it came.
#[derive(Clone, Debug)]
pub(crate) struct DeckText {
    /// SHA-256 of the text, hexadecimal.
    pub(crate) hash: String,
    pub(crate) content: Arc<str>,
}

/// Decks by hash.
pub(crate) type DeckTexts = BTreeMap<String, Arc<str>>;

/// Reads decks with one table of destinations' names.
pub(crate) struct DeckReader<'t> {
    texts: &'t DeckTexts,
    names: DestinationNames,
    /// They are in force, not about to be written.
    are_stored: bool,
}

impl DeckText {
    pub(crate) fn new(content: Arc<str>) -> Self {
        let digest = Sha256::digest(content.as_bytes());
        let hash = digest.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Self { hash, content }
    }
}

impl<'t> DeckReader<'t> {
    pub(crate) fn new(texts: &'t DeckTexts) -> Self {
        Self {
            texts,
            names: DestinationNames::default(),
            are_stored: false,
        }
    }

    /// Of what was written before, perhaps by rules of an earlier release.
    pub(crate) fn of_stored(texts: &'t DeckTexts) -> Self {
        Self {
            are_stored: true,
            ..Self::new(texts)
        }
    }

    /// The rates of a card; `None` for any other kind. What did not change is not read again.
    pub(crate) fn deck(
        &mut self,
        document: &ResourceDocument,
        hash: Option<&str>,
        before: Option<&Arc<Entry>>,
    ) -> Result<Option<Arc<Deck>>, Vec<Problem>> {
        let ResourceSpec::RateCard(card) = &document.spec else {
            return Ok(None);
        };
        let same = before
            .filter(|before| before.deck_hash.as_deref() == hash && before.spec == document.spec);
        if let Some(deck) = same.and_then(|before| before.deck.clone()) {
            return Ok(Some(deck));
        }
        self.read(card, hash).map(|deck| Some(Arc::new(deck)))
    }

    /// Whether a text is here.
    pub(super) fn has(&self, hash: &str) -> bool {
        self.texts.contains_key(hash)
    }

    /// Reads a text that was made here.
    pub(super) fn read_text(&mut self, card: &RateCard, text: &str) -> Result<Deck, Vec<Problem>> {
        Deck::read(text.as_bytes(), card, &mut self.names)
    }

    fn read(&mut self, card: &RateCard, hash: Option<&str>) -> Result<Deck, Vec<Problem>> {
        // The rows of a card that is built are its own prices, which are in its text too.
        if let (Some(rows), None) = (&card.rates, &card.built_from) {
            if self.are_stored {
                return Deck::from_stored_rows(rows, card, &mut self.names);
            }
            return Deck::from_rows(rows, card, &mut self.names);
        }
        match hash.and_then(|hash| self.texts.get(hash)) {
            Some(text) if self.are_stored => {
                Deck::read_stored(text.as_bytes(), card, &mut self.names)
            }
            Some(text) => Deck::read(text.as_bytes(), card, &mut self.names),
            None => {
                let message = "the rates of this file are not here: send them in `rates_csv`, or \
                               apply the file";
                Err(vec![Problem::in_field("rates_file", message)])
            }
        }
    }
}
