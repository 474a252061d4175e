//! What a resource is found by, in the tables beside it.

use std::fmt;
use std::str::FromStr;

/// Longest value that is kept for filters and longest word for searches, in characters. What is
/// longer is cut, in the row and in the question alike.
const VALUE_CHARS: usize = 200;
const TERM_CHARS: usize = 64;

/// What a resource is found by. Made from its spec by whoever writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceIndex {
    /// Number of the rules that this was made by; from 1. Rows of an older number are made anew,
    /// see [`Store::resources_to_index`](crate::Store::resources_to_index).
    pub generation: u32,
    /// Fields that lists filter and sort by, with their values. Lower case.
    pub fields: Vec<(String, String)>,
    /// Words that lists are searched for, by their beginning. Lower case.
    pub terms: Vec<String>,
    /// What it refers to.
    pub references: Vec<ReferenceTo>,
    /// Who gets it.
    pub assignments: Vec<AssignedTo>,
}

/// A reference of a resource to another of the same owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReferenceTo {
    /// Path of the field that holds it.
    pub field: String,
    /// Kind of the other.
    pub kind: String,
    /// Name of the other.
    pub name: String,
}

/// One of those who get a resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AssignedTo {
    /// How near to the customer.
    pub level: AssignmentLevel,
    /// Name of the category, group or customer; empty for all.
    pub target: String,
}

/// How near to a customer an assignment is; the nearest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssignmentLevel {
    /// Every customer.
    All,
    /// The customers of a category.
    Category,
    /// The customers of a group.
    Group,
    /// One customer.
    Customer,
}

impl AssignmentLevel {
    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Category => "category",
            Self::Group => "group",
            Self::Customer => "customer",
        }
    }
}

impl fmt::Display for AssignmentLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is none of all, category, group, customer")]
pub struct UnknownLevel;

impl FromStr for AssignmentLevel {
    type Err = UnknownLevel;

    fn from_str(word: &str) -> Result<Self, UnknownLevel> {
        let all = [Self::All, Self::Category, Self::Group, Self::Customer];
        all.into_iter()
            .find(|level| level.as_str() == word)
            .ok_or(UnknownLevel)
    }
}

/// A value as the table has it.
pub(crate) fn cut_value(value: &str) -> &str {
    cut(value, VALUE_CHARS)
}

/// A word as the table has it.
pub(crate) fn cut_term(term: &str) -> &str {
    cut(term, TERM_CHARS)
}

fn cut(text: &str, chars: usize) -> &str {
    let end = text.char_indices().nth(chars);
    end.map_or(text, |(end, _)| &text[..end])
}

/// Digits before the point of a number that sorts by size.
const SORT_DIGITS: usize = 20;

/// A value in a form that sorts by bytes: numbers by size, all else as it is.
pub(crate) fn sort_value(value: &str) -> String {
    let (negative, digits) = match value.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, value),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number =
        !whole.is_empty() && whole.len() <= SORT_DIGITS && numeric(whole) && numeric(fraction);
    if !is_number {
        return value.to_owned();
    }
    let number = format!("{whole:0>SORT_DIGITS$}.{fraction}");
    if !negative {
        return number;
    }
    // Of negative numbers the larger digits are the smaller number, and `-` is before all digits.
    let complement = number.bytes().map(|byte| match byte {
        b'0'..=b'9' => char::from(b'9' - (byte - b'0')),
        other => char::from(other),
    });
    std::iter::once('-')
        .chain(complement)
        .chain(['~'])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_by_size_and_words_as_they_are() {
        let sorted = [
            "-20", "-3.5", "-3", "0", "0.5", "2", "10", "10.25", "10.3", "b", "ba",
        ];
        let mut keys: Vec<String> = sorted.iter().map(|value| sort_value(value)).collect();
        let before = keys.clone();
        keys.sort();
        assert_eq!(keys, before);
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(cut_term(&"é".repeat(100)), "é".repeat(64));
        assert_eq!(cut_value("short"), "short");
    }
}
