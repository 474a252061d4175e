//! A resource as it is sent.

use crate::problem::Problem;
use crate::resource_engine::{Content, DeckText};
use resources::{Assignment, ResourceKind};
use serde::Deserialize;
use serde_json::Value;

/// Most bytes of a resource without a rate deck.
pub(super) const WRITE_BYTES_MAX: usize = 4 << 20;

/// Most bytes of a rate card with its deck.
pub(super) const RATE_CARD_BYTES_MAX: usize = 128 << 20;

/// A resource as it shall be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteBody {
    name: String,
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default)]
    assign: Option<Assignment>,
    #[serde(default)]
    pub(super) note: Option<String>,
    spec: Value,
    #[serde(default)]
    rates_csv: Option<String>,
}

/// Most bytes that a resource of a kind is sent in.
pub(super) fn bytes_max(kind: ResourceKind) -> usize {
    if kind == ResourceKind::RateCard {
        RATE_CARD_BYTES_MAX
    } else {
        WRITE_BYTES_MAX
    }
}

impl WriteBody {
    /// What is to be kept, and the deck that comes with it. `deck_hash` is the deck that the
    /// resource has now.
    pub(super) fn into_content(
        self,
        kind: ResourceKind,
        deck_hash: Option<String>,
    ) -> Result<(Content, Option<DeckText>), Problem> {
        check_note(self.note.as_deref())?;
        if self.rates_csv.is_some() && kind != ResourceKind::RateCard {
            let message = "only a rate card has rates";
            return Err(Problem::invalid_field("rates_csv", message));
        }
        let names_file = self.spec.get("rates_file").is_some_and(Value::is_string);
        let is_built = self.spec.get("built_from").is_some_and(Value::is_object);
        let deck = self.rates_csv.map(|text| DeckText::new(text.into()));
        if deck.is_some() && !names_file {
            let message = "`rates_file` must name the deck that comes with it";
            return Err(Problem::invalid_field("rates_file", message));
        }
        let sent = deck.as_ref().map(|deck| deck.hash.clone());
        let content = Content {
            name: self.name,
            external_id: self.external_id,
            assign: self.assign.unwrap_or_default(),
            spec: self.spec,
            deck_hash: sent.or(deck_hash).filter(|_| names_file || is_built),
        };
        Ok((content, deck))
    }
}

pub(crate) fn check_note(note: Option<&str>) -> Result<(), Problem> {
    let length = note.map_or(0, |note| note.chars().count());
    if length > super::NOTE_CHARS_MAX {
        let message = format!("write at most {} characters", super::NOTE_CHARS_MAX);
        return Err(Problem::invalid_field("note", message));
    }
    Ok(())
}
