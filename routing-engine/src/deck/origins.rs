//! The texts of origins: digits, jurisdictions, and the names that a card has for groups of callers.

use super::{RowError, Rules};
use rating::Origin;
use rating::origin::OriginNames;

/// Longest text of an origin that a message repeats, characters.
const REPEATED_CHARS_MAX: usize = 40;

/// The origins that a text means: several for a name. `one` is where a single one is kept.
pub(super) fn read<'o>(
    text: &str,
    names: &'o OriginNames,
    one: &'o mut [Origin; 1],
    rules: Rules,
) -> Result<&'o [Origin], RowError> {
    if let Some(named) = names.get(text) {
        return Ok(named);
    }
    let parsed = text.parse::<Origin>().ok();
    let sound = parsed.filter(|origin| rules == Rules::Stored || !origin.is_of_nobody());
    one[0] =
        sound.ok_or_else(|| RowError::Origin(text.chars().take(REPEATED_CHARS_MAX).collect()))?;
    Ok(one)
}
