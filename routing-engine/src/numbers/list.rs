//! Lists of numbers as calls look them up.

use super::CALLING_BYTES_MAX;
use crate::resources::{CallNumber, NumberList, NumberListAction, NumberMatching};
use arrayvec::ArrayString;
use rating::cdr::ResourceRef;

/// Most digits of a number that is looked up: four bits each.
const DIGITS_MAX: usize = 32;

const BITS_A_DIGIT: u32 = 4;

/// Numbers that may or may not call or be called. A look-up is one binary search.
#[derive(Debug)]
pub struct CompiledNumberList {
    /// Identifier and name.
    pub resource: ResourceRef,
    number: CallNumber,
    action: NumberListAction,
    matching: NumberMatching,
    /// In order. Of prefixes none begins another, so that the last one that is not behind a number
    /// is the only one that can begin it.
    entries: Box<[Digits]>,
}

/// Digits from the highest bits down, each as its value and one: texts and their digits have the
/// same order, and where the zeros begin the text ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Digits(u128);

impl CompiledNumberList {
    pub(crate) fn compile(resource: ResourceRef, list: &NumberList) -> Self {
        let texts = list.entries.iter().filter_map(|entry| Digits::new(entry));
        let mut entries: Vec<_> = texts.collect();
        entries.sort_unstable();
        match list.matching {
            NumberMatching::Exact => entries.dedup(),
            // What follows a prefix and begins with it says nothing new.
            NumberMatching::Prefix => entries.dedup_by(|next, kept| kept.begins(*next)),
        }
        Self {
            resource,
            number: list.number,
            action: list.action,
            matching: list.matching,
            entries: entries.into(),
        }
    }

    /// Whether a call between two numbers may go on. `called` is digits of E.164; `calling` may be
    /// written in any way that a number is written in, and what is none stands in no list.
    pub(crate) fn allows(&self, called: &str, calling: &str) -> bool {
        let digits = match self.number {
            CallNumber::Called => Digits::new(called),
            CallNumber::Calling => Digits::of_caller(calling),
        };
        let stands_here = digits.is_some_and(|digits| self.has(digits));
        match self.action {
            NumberListAction::Allow => stands_here,
            NumberListAction::Deny => !stands_here,
        }
    }

    fn has(&self, digits: Digits) -> bool {
        let behind = self.entries.partition_point(|entry| *entry <= digits);
        let Some(last) = behind.checked_sub(1).and_then(|at| self.entries.get(at)) else {
            return false;
        };
        match self.matching {
            NumberMatching::Exact => *last == digits,
            NumberMatching::Prefix => last.begins(digits),
        }
    }
}

impl Digits {
    /// `None` for what is not made of digits, for nothing, and for more than [`DIGITS_MAX`].
    fn new(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > DIGITS_MAX {
            return None;
        }
        let mut bits = 0;
        let mut shift = u128::BITS;
        for byte in text.bytes() {
            let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
            shift -= BITS_A_DIGIT;
            bits |= u128::from(digit + 1) << shift;
        }
        Some(Self(bits))
    }

    /// The digits of a calling number: without the visual separators and escapes that it may be
    /// written with (RFC 3966 §5.1.1, RFC 3261 §19.1.1), and without a leading `+` or `00`. `None`
    /// for what is no number even so.
    fn of_caller(calling: &str) -> Option<Self> {
        let mut number = ArrayString::<CALLING_BYTES_MAX>::new();
        let mut bytes = calling.bytes();
        while let Some(byte) = bytes.next() {
            let byte = match byte {
                b'%' => escaped(bytes.next()?, bytes.next()?)?,
                byte => byte,
            };
            if !b"-.()".contains(&byte) {
                number.try_push(char::from(byte)).ok()?;
            }
        }
        let international = number.strip_prefix('+');
        Self::new(
            international
                .or_else(|| number.strip_prefix("00"))
                .unwrap_or(&number),
        )
    }

    fn begins(self, other: Self) -> bool {
        // Zeros behind the last digit, less those within it: none is zero.
        let unused = self.0.trailing_zeros() / BITS_A_DIGIT * BITS_A_DIGIT;
        (self.0 ^ other.0).checked_shr(unused).unwrap_or(0) == 0
    }
}

fn escaped(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = digit(high)? << 4 | digit(low)?;
    u8::try_from(byte).ok().filter(u8::is_ascii)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn list(action: &str, number: &str, matching: &str, entries: &[String]) -> CompiledNumberList {
        let list = serde_json::from_value(json!({
            "action": action, "number": number, "matching": matching, "entries": entries,
        }));
        let resource = ResourceRef {
            id: 1,
            name: "list".into(),
        };
        CompiledNumberList::compile(resource, &list.unwrap())
    }

    fn texts(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|entry| (*entry).to_owned()).collect()
    }

    #[test]
    fn a_list_lets_through_or_refuses_what_stands_in_it() {
        let entries = texts(&["4490", "449", "8816", "1"]);
        let deny = list("deny", "called", "prefix", &entries);
        let allow = list("allow", "called", "prefix", &entries);
        for (called, stands_here) in [
            ("449012", true),
            ("4491", true),
            ("449", true),
            ("44", false),
            ("44812", false),
            ("8816123", true),
            ("8817", false),
            ("1", true),
            ("0", false),
        ] {
            assert_eq!(deny.allows(called, ""), !stands_here, "{called}");
            assert_eq!(allow.allows(called, ""), stands_here, "{called}");
        }
        let exact = list("deny", "called", "exact", &entries);
        assert!(exact.allows("449012", "") && !exact.allows("449", ""));
    }

    #[test]
    fn a_calling_number_is_looked_up_as_an_international_one_and_a_name_stands_nowhere() {
        let deny = list("deny", "calling", "prefix", &texts(&["44"]));
        let allow = list("allow", "calling", "prefix", &texts(&["44"]));
        for calling in [
            "4420", "+4420", "004420", "+44-20", "44.20", "+(44)20", "%344-20", "%2b4420",
        ] {
            assert!(!deny.allows("1", calling) && allow.allows("1", calling));
        }
        for calling in ["", "anonymous", "alice44", "4920", "44a", "4%4", "%zz44"] {
            assert!(deny.allows("1", calling), "{calling}");
            assert!(!allow.allows("1", calling), "{calling}");
        }
    }

    #[test]
    fn an_empty_list_holds_nothing() {
        assert!(list("deny", "called", "prefix", &[]).allows("44", ""));
        assert!(!list("allow", "called", "prefix", &[]).allows("44", ""));
    }

    proptest! {
        #[test]
        fn a_look_up_is_the_same_as_looking_at_each_entry(
            entries in prop::collection::vec("[0-2]{1,4}", 0..30), number in "[0-2]{1,7}",
        ) {
            let begins = entries.iter().any(|entry| number.starts_with(entry.as_str()));
            let is_one = entries.contains(&number);
            prop_assert_eq!(list("allow", "called", "prefix", &entries).allows(&number, ""), begins);
            prop_assert_eq!(list("allow", "called", "exact", &entries).allows(&number, ""), is_one);
        }
    }
}
