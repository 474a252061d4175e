//! Whose calls a row is for: `33`, `33;49`, `351-353`, a group that the card names, a jurisdiction.

use crate::codes::expand;
use crate::rejections::Reason;
use rating::{Jurisdiction, Origin};

/// What carriers write for calls of everybody.
const ANYBODY: [&str; 4] = ["", "*", "any", "all"];

/// Appends the origins that a text means, each once. What could be meant in two ways is read as for called numbers.
pub(crate) fn origins(
    text: &str,
    sets: &[(Box<str>, Vec<Origin>)],
    origins: &mut Vec<Origin>,
) -> Result<(), Reason> {
    let text = text.trim();
    let is = |name: &str| name.eq_ignore_ascii_case(text);
    if ANYBODY.into_iter().any(is) {
        origins.push(Origin::ANY);
        return Ok(());
    }
    if let Some((_, named)) = sets.iter().find(|(name, _)| is(name)) {
        origins.extend_from_slice(named);
        return Ok(());
    }
    if let Some(jurisdiction) = Jurisdiction::ALL.into_iter().find(|it| is(it.as_str())) {
        origins.push(Origin::of_jurisdiction(jurisdiction));
        return Ok(());
    }
    let mut codes = Vec::new();
    expand("", text, &mut codes).map_err(|reason| match reason {
        Reason::NotACode => Reason::NotAnOrigin,
        reason => reason,
    })?;
    origins.extend(codes.into_iter().map(Origin::of_prefix));
    origins.sort_unstable();
    origins.dedup();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, Reason> {
        let origin = |text: &str| text.parse().unwrap_or(Origin::ANY);
        let sets = [("EEA".into(), vec![origin("33"), origin("49")])];
        let mut found = Vec::new();
        origins(text, &sets, &mut found)?;
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
        for text in ["Rest of world", "33x"] {
            assert_eq!(read(text), Err(Reason::NotAnOrigin), "{text}");
        }
    }
}
