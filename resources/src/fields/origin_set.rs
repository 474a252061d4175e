//! Named groups of calling numbers, for rates that depend on who calls.

use crate::fields::prefix::Prefix;
use crate::problem::Problem;
use rating::origin::{ORIGINS_MAX, ORIGINS_OF_PREFIX_MAX};
use rating::prefix::PREFIX_DIGITS_MAX;
use rating::{Jurisdiction, Origin};
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
    /// What rows call it; it begins with a letter.
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
        } else if !names.insert(&*set.name) {
            let message = format_args!("{} is the name of another group already", set.name);
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
    let is_jurisdiction = Jurisdiction::ALL.iter().any(|it| it.as_str() == name);
    is_jurisdiction.then_some("the name is that of a jurisdiction, which needs no group")
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
    }
    problems
}
