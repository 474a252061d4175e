//! Named groups of calling numbers, for rates that depend on who calls.

use crate::fields::prefix::Prefix;
use crate::problem::Problem;
use rating::Origin;
use rating::origin::{ORIGINS_MAX, ORIGINS_OF_PREFIX_MAX, OriginNames, folded, word};
use rating::prefix::PREFIX_DIGITS_MAX;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Most named groups of one card.
pub const ORIGIN_SETS_MAX: usize = 100;

/// Most prefixes of one group: each row for it becomes as many rates of its prefix.
pub const ORIGIN_PREFIXES_MAX: usize = ORIGINS_OF_PREFIX_MAX;

/// Longest name of a group, bytes.
pub const ORIGIN_NAME_BYTES_MAX: usize = 64;

/// Calling numbers by their leading digits, under a name such as `EEA`. A row for the group is the same as a
/// row for each of its prefixes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OriginSet {
    /// What rows call it; it begins with a letter. Case does not count, and words such as `all` and
    /// `interstate` are taken.
    #[schemars(length(min = 1, max = ORIGIN_NAME_BYTES_MAX), regex(pattern = r"^[A-Za-z][^,;]*$"))]
    pub name: String,
    /// What the calling numbers begin with, at most 15 digits each.
    #[schemars(length(min = 1, max = ORIGIN_PREFIXES_MAX))]
    pub prefixes: Vec<Prefix>,
}

impl OriginSet {
    /// Its prefixes as origins of rates.
    pub fn origins(&self) -> impl Iterator<Item = Origin> {
        // What is no origin is refused by the check.
        self.prefixes
            .iter()
            .filter_map(|prefix| prefix.parse().ok())
    }
}

/// The groups of a card by their names.
pub fn origin_names(sets: &[OriginSet]) -> OriginNames {
    OriginNames::new(sets.iter().map(|set| (&*set.name, set.origins().collect())))
}

/// What is wrong with the groups of a card.
pub(crate) fn check(sets: &[OriginSet]) -> Vec<Problem> {
    let mut problems = Vec::new();
    if sets.len() > ORIGIN_SETS_MAX {
        let message =
            format_args!("a card has at most {ORIGIN_SETS_MAX} groups of calling numbers");
        problems.push(Problem::in_field("origin_sets", message));
    }
    let mut names = BTreeSet::new();
    for (at, set) in sets.iter().enumerate() {
        let field = format!("origin_sets[{at}]");
        if let Some(message) = name_fault(&set.name) {
            problems.push(Problem::in_field(format!("{field}.name"), message));
        } else if !names.insert(folded(&set.name)) {
            let message = format_args!(
                "{} is the name of another group already; case does not count",
                set.name
            );
            problems.push(Problem::in_field(format!("{field}.name"), message));
        }
        problems.extend(prefix_faults(&format!("{field}.prefixes"), &set.prefixes));
    }
    let all: BTreeSet<_> = sets.iter().flat_map(|set| &set.prefixes).collect();
    if all.len() > ORIGINS_MAX {
        let message = format_args!(
            "the groups of a card have at most {ORIGINS_MAX} different prefixes together, these {}",
            all.len()
        );
        problems.push(Problem::in_field("origin_sets", message));
    }
    problems
}

fn name_fault(name: &str) -> Option<&'static str> {
    let is_sound = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.len() <= ORIGIN_NAME_BYTES_MAX
        && !name.contains([',', ';'])
        && name.trim() == name;
    if !is_sound {
        return Some(
            "a name begins with a letter and has at most 64 bytes, without commas and semicolons",
        );
    }
    word(name)
        .map(|_| "the name is a word for all calls or for a jurisdiction, which needs no group")
}

fn prefix_faults(field: &str, prefixes: &[Prefix]) -> Vec<Problem> {
    if !(1..=ORIGIN_PREFIXES_MAX).contains(&prefixes.len()) {
        let message = format_args!("a group has 1 to {ORIGIN_PREFIXES_MAX} prefixes");
        return vec![Problem::in_field(field, message)];
    }
    let mut problems = crate::fields::prefix::check_repeated(field, prefixes);
    for (at, prefix) in prefixes.iter().enumerate() {
        if prefix.len() > PREFIX_DIGITS_MAX {
            let message = format_args!("an origin has at most {PREFIX_DIGITS_MAX} digits");
            problems.push(Problem::in_field(format!("{field}[{at}]"), message));
        }
        if prefix.starts_with('0') {
            let message = "no calling number begins with 0: write its country code first";
            problems.push(Problem::in_field(format!("{field}[{at}]"), message));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn set(name: &str, prefixes: Vec<String>) -> OriginSet {
        OriginSet {
            name: name.to_owned(),
            prefixes: prefixes
                .into_iter()
                .map(|it| it.try_into().unwrap())
                .collect(),
        }
    }

    fn faults(sets: &[OriginSet]) -> Vec<String> {
        check(sets).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_group_has_a_name_that_no_word_and_no_other_group_has_in_any_case() {
        let of = |name: &str| set(name, vec!["33".to_owned()]);
        assert!(check(&[of("EEA"), of("Row")]).is_empty());
        for name in ["Interstate", "intrastate", "ALL", "any", "33", "a,b", ""] {
            assert_eq!(faults(&[of(name)]).len(), 1, "{name}");
        }
        let twice = faults(&[of("EEA"), of("eea")]);
        assert!(twice[0].contains("origin_sets[1].name"), "{twice:?}");
    }

    #[test]
    fn no_caller_begins_with_0_and_all_groups_have_one_limit() {
        let zero = faults(&[set("A", vec!["49".to_owned(), "0033".to_owned()])]);
        assert!(zero[0].contains("origin_sets[0].prefixes[1]"), "{zero:?}");
        let of = |group: usize, count: usize| {
            let prefixes = (0..count).map(|at| (100_000 + 1_000 * group + at).to_string());
            set(&format!("group {group}"), prefixes.collect())
        };
        let most: Vec<_> = (0..4)
            .map(|group| of(group, 1_000))
            .chain([of(4, 96)])
            .collect();
        assert!(check(&most).is_empty());
        let more: Vec<_> = (0..5).map(|group| of(group, 1_000)).collect();
        assert_eq!(faults(&more).len(), 1, "{:?}", faults(&more));
    }
}
