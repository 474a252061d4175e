//! The words and names that origins are written with.

use super::Origin;
use crate::jurisdiction::Jurisdiction;
use std::collections::BTreeMap;

/// What stands for the calls of everybody; carriers write nothing, or one of these.
const ANYBODY: [&str; 4] = ["", "*", "any", "all"];

const ANY: [Origin; 1] = [Origin::ANY];

const OF_JURISDICTIONS: [[Origin; 1]; Jurisdiction::ALL.len()] = [
    [Origin::of_jurisdiction(Jurisdiction::ALL[0])],
    [Origin::of_jurisdiction(Jurisdiction::ALL[1])],
    [Origin::of_jurisdiction(Jurisdiction::ALL[2])],
];

/// The groups of callers that a card has names for. Case counts neither in names nor in words, and no name
/// hides a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OriginNames(BTreeMap<String, Vec<Origin>>);

impl OriginNames {
    /// Of the groups of a card.
    pub fn new<'n>(groups: impl IntoIterator<Item = (&'n str, Vec<Origin>)>) -> Self {
        let groups = groups.into_iter();
        Self(groups.map(|(name, of)| (folded(name), of)).collect())
    }

    /// The origins of a word or a name; `None` for digits and for what is neither.
    pub fn get(&self, text: &str) -> Option<&[Origin]> {
        let text = text.trim();
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let named = || self.0.get(&folded(text)).map(Vec::as_slice);
        word(text).or_else(named)
    }
}

/// The origins of a word that means the same on all cards: no group can have it as its name.
pub fn word(text: &str) -> Option<&'static [Origin]> {
    let is = |word: &str| word.eq_ignore_ascii_case(text);
    if ANYBODY.into_iter().any(is) {
        return Some(&ANY);
    }
    let found = Jurisdiction::ALL.iter().position(|it| is(it.as_str()))?;
    OF_JURISDICTIONS.get(found).map(<[Origin; 1]>::as_slice)
}

/// A name as names are compared.
pub fn folded(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn words_and_names_are_found_whatever_their_case_and_words_come_first() {
        let of = |text: &str| vec![text.parse::<Origin>().unwrap()];
        let names = OriginNames::new([
            ("EEA", of("33")),
            ("Interstate", of("49")),
            ("all", of("7")),
        ]);
        for (text, expected) in [
            ("eea", Some("33")),
            (" EEA ", Some("33")),
            ("INTERSTATE", Some("interstate")),
            ("indeterminate", Some("indeterminate")),
            ("All", Some("")),
            ("", Some("")),
            ("*", Some("")),
            ("33", None),
            ("ROW", None),
        ] {
            let found = names.get(text).map(<[Origin]>::to_vec);
            assert_eq!(found, expected.map(of), "{text}");
        }
    }
}
