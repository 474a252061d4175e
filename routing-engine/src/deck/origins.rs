//! The texts of origins: digits, jurisdictions, and the names that a card has for groups of callers.

use super::RowError;
use crate::resources::OriginSet;
use rating::Origin;
use std::collections::BTreeMap;

/// Longest text of an origin that a message repeats, characters.
const REPEATED_CHARS_MAX: usize = 40;

/// The groups of callers that a card names.
pub(super) struct OriginNames(BTreeMap<Box<str>, Vec<Origin>>);

impl OriginNames {
    pub(super) fn new(sets: &[OriginSet]) -> Self {
        let named = sets
            .iter()
            .map(|set| (set.name.as_str().into(), set.origins().collect()));
        Self(named.collect())
    }

    /// The origins that a text means: several for a name. `one` is where a single one is kept.
    pub(super) fn read<'o>(
        &'o self,
        text: &str,
        one: &'o mut [Origin; 1],
    ) -> Result<&'o [Origin], RowError> {
        if let Some(named) = self.0.get(text) {
            return Ok(named);
        }
        let parsed = text.parse();
        one[0] = parsed
            .map_err(|_| RowError::Origin(text.chars().take(REPEATED_CHARS_MAX).collect()))?;
        Ok(one)
    }
}
