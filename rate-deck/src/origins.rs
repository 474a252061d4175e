//! Whose calls a row is for: `33`, `33;49`, `351-353`, a group that the card names, a jurisdiction.

use crate::codes::{OtherMeaning, expand};
use crate::rejections::Reason;
use rating::Origin;
use rating::origin::OriginNames;

/// Appends the origins that a text means, each once. Tells when the codes among them may be meant otherwise.
pub(crate) fn origins(
    text: &str,
    names: &OriginNames,
    origins: &mut Vec<Origin>,
) -> Result<Option<OtherMeaning>, Reason> {
    if let Some(named) = names.get(text) {
        origins.extend_from_slice(named);
        return Ok(None);
    }
    let mut codes = Vec::new();
    let meaning = expand("", text, &mut codes).map_err(|reason| match reason {
        Reason::NotACode | Reason::CodeMissing => Reason::NotAnOrigin,
        reason => reason,
    })?;
    origins.extend(codes.into_iter().map(Origin::of_prefix));
    if origins.iter().any(|origin| origin.is_of_nobody()) {
        return Err(Reason::NotAnOrigin);
    }
    origins.sort_unstable();
    origins.dedup();
    Ok(meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, Reason> {
        let origin = |text: &str| text.parse().unwrap_or(Origin::ANY);
        let names = OriginNames::new([("EEA", vec![origin("33"), origin("49")])]);
        let mut found = Vec::new();
        let _ = origins(text, &names, &mut found)?;
        Ok(found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_origin_is_codes_a_group_or_a_jurisdiction() {
        let cases = [
            ("", &[""][..]),
            ("Any", &[""]),
            ("33", &["33"]),
            ("+49; 0033", &["33", "49"]),
            ("3510-3512", &["3510", "3511", "3512"]),
            ("eea", &["33", "49"]),
            ("Interstate", &["interstate"]),
        ];
        for (text, expected) in cases {
            let expected = expected.iter().map(ToString::to_string).collect();
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        for text in ["Rest of world", "33x", "033", "00", "33;049"] {
            assert_eq!(read(text), Err(Reason::NotAnOrigin), "{text}");
        }
    }
}
