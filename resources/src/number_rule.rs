//! Regular expressions over numbers, with what they make of them.

use regex_automata::meta::{Cache, Config, Regex};
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// Longest pattern, characters.
pub const PATTERN_CHARS_MAX: usize = 200;

/// Most groups that a replacement can name: `$1` to `$9`.
const GROUPS_MAX: usize = 9;

/// Two slots for the whole and for each group.
const SLOTS: usize = 2 * (GROUPS_MAX + 1);

/// Largest compiled form of a pattern, bytes.
const COMPILED_BYTES_MAX: usize = 256 << 10;

/// Patterns whose working memory a thread keeps. With one more it begins anew.
const CACHES_MAX: usize = 1_024;

/// Tells patterns apart, so that a thread finds the working memory of each.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The working memory of patterns, so that threads share none and wait for none.
    static CACHES: RefCell<HashMap<u64, Cache>> = RefCell::default();
}

/// A pattern that a whole number must fit, and the replacement. Its time is linear in the number's
/// length; after the first call of a thread it allocates nothing, and it takes no lock.
#[derive(Debug)]
pub struct NumberPattern {
    id: u64,
    regex: Regex,
    parts: Box<[Part]>,
}

/// A piece of a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Group(usize),
}

/// Why a pattern and its replacement cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberPatternError {
    /// It is no regular expression of linear time, or too large.
    #[error("{0}")]
    Pattern(String),
    /// It has more groups than can be named.
    #[error("at most {GROUPS_MAX} groups are possible: write (?:…) for those that are not used")]
    TooManyGroups,
    /// The replacement names a group that there is not.
    #[error("the pattern has no group ${0}")]
    NoSuchGroup(usize),
    /// The replacement holds what cannot be dialled.
    #[error("write digits, `+`, `#`, `*` and `$1` to `$9`")]
    NotDialled,
}

impl NumberPatternError {
    /// The field of a rule that is at fault.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Pattern(_) | Self::TooManyGroups => "pattern",
            Self::NoSuchGroup(_) | Self::NotDialled => "replacement",
        }
    }
}

impl NumberPattern {
    /// Compiles a pattern with its replacement.
    ///
    /// # Errors
    /// [`NumberPatternError`]; look-around and back references have no linear time and are refused.
    pub fn new(pattern: &str, replacement: &str) -> Result<Self, NumberPatternError> {
        let config = Config::new()
            .nfa_size_limit(Some(COMPILED_BYTES_MAX))
            .hybrid_cache_capacity(COMPILED_BYTES_MAX);
        let whole = format!("^(?:{pattern})$");
        let compile = |pattern: &str| {
            Regex::builder()
                .configure(config.clone())
                .build(pattern)
                .map_err(|error| NumberPatternError::Pattern(reason(&error)))
        };
        // Built alone first: `a)|(b` is sound only within the brackets around it.
        compile(pattern)?;
        let regex = compile(&whole)?;
        let groups = regex.group_info().group_len(Default::default()) - 1;
        if groups > GROUPS_MAX {
            return Err(NumberPatternError::TooManyGroups);
        }
        let parts = parts(replacement, groups)?;
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        Ok(Self { id, regex, parts })
    }

    /// Calls `push` with each piece of what the number becomes. Returns whether the pattern fits;
    /// nothing is pushed when it does not.
    pub fn rewrite(&self, number: &str, mut push: impl FnMut(&str)) -> bool {
        let mut slots: [Option<NonMaxUsize>; SLOTS] = [None; SLOTS];
        let input = Input::new(number).anchored(Anchored::Yes);
        let found = self.with_cache(|cache| {
            self.regex
                .search_slots_with(cache, &input, &mut slots)
                .is_some()
        });
        if !found {
            return false;
        }
        for part in &self.parts {
            match part {
                Part::Text(text) => push(text),
                Part::Group(group) => push(span(&slots, *group).map_or("", |span| &number[span])),
            }
        }
        true
    }

    fn with_cache<R>(&self, search: impl FnOnce(&mut Cache) -> R) -> R {
        CACHES.with_borrow_mut(|caches| {
            if caches.len() >= CACHES_MAX && !caches.contains_key(&self.id) {
                caches.clear();
            }
            let cache = caches.entry(self.id);
            search(cache.or_insert_with(|| self.regex.create_cache()))
        })
    }
}

fn span(slots: &[Option<NonMaxUsize>; SLOTS], group: usize) -> Option<Range<usize>> {
    let start = slots[2 * group]?.get();
    let end = slots[2 * group + 1]?.get();
    Some(start..end)
}

fn reason(error: &regex_automata::meta::BuildError) -> String {
    match error.syntax_error() {
        Some(syntax) => {
            let text = syntax.to_string();
            let last = text.lines().last().unwrap_or("it cannot be read");
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
        None => "its compiled form is too large: write a simpler one".to_owned(),
    }
}

fn parts(replacement: &str, groups: usize) -> Result<Box<[Part]>, NumberPatternError> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut characters = replacement.chars();
    while let Some(character) = characters.next() {
        match character {
            '$' => {
                let group = characters.next().and_then(|digit| digit.to_digit(10));
                let group = group.filter(|group| *group > 0);
                let group = group.ok_or(NumberPatternError::NotDialled)? as usize;
                if group > groups {
                    return Err(NumberPatternError::NoSuchGroup(group));
                }
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text).into()));
                }
                parts.push(Part::Group(group));
            }
            '0'..='9' | '+' | '#' | '*' => text.push(character),
            _ => return Err(NumberPatternError::NotDialled),
        }
    }
    if !text.is_empty() {
        parts.push(Part::Text(text.into()));
    }
    Ok(parts.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn rewritten(pattern: &str, replacement: &str, number: &str) -> Option<String> {
        let pattern = NumberPattern::new(pattern, replacement).unwrap();
        let mut result = String::new();
        pattern
            .rewrite(number, |piece| result.push_str(piece))
            .then_some(result)
    }

    #[test]
    fn a_whole_number_is_matched_and_made_anew() {
        let cases = [
            ("0([1-9].*)", "49$1", "030123", Some("4930123")),
            ("0([1-9].*)", "49$1", "0030123", None),
            ("(\\d{3})(\\d{4})", "$2#$1", "1234567", Some("4567#123")),
            ("(\\d{3})(\\d{4})", "$2$1", "12345678", None),
            ("1|2", "9", "1", Some("9")),
            ("1|2", "9", "12", None),
            ("(0)?(1)", "$1$2", "1", Some("1")),
            (".*", "", "123", Some("")),
        ];
        for (pattern, replacement, number, expected) in cases {
            let found = rewritten(pattern, replacement, number);
            assert_eq!(
                found.as_deref(),
                expected,
                "{pattern} {replacement} {number}"
            );
        }
    }

    #[test]
    fn what_has_no_linear_time_or_no_group_is_refused() {
        let error = |pattern: &str, replacement: &str| {
            NumberPattern::new(pattern, replacement).unwrap_err()
        };
        assert!(matches!(
            error("(a)\\1", ""),
            NumberPatternError::Pattern(_)
        ));
        assert!(matches!(error("(?=1)", ""), NumberPatternError::Pattern(_)));
        assert!(matches!(error("1)|(2", ""), NumberPatternError::Pattern(_)));
        assert!(matches!(
            error("((\\w{99}){99}){99}", ""),
            NumberPatternError::Pattern(_)
        ));
        assert_eq!(error("(1)", "$2"), NumberPatternError::NoSuchGroup(2));
        assert_eq!(error("(1)", "$0"), NumberPatternError::NotDialled);
        assert_eq!(error("(1)", "a"), NumberPatternError::NotDialled);
        assert_eq!(
            error(&"()".repeat(10), ""),
            NumberPatternError::TooManyGroups
        );
    }
}
