//! Lists of numbers as calls look them up.

use super::{CALLING_BYTES_MAX, Number, TagIndex};
use crate::resources::{CallNumber, NumberList, NumberListAction, NumberMatching, RewrittenPart};
use arrayvec::ArrayString;
use rating::cdr::ResourceRef;

/// Most digits of a number that is looked up: four bits each.
const DIGITS_MAX: usize = 32;

const BITS_A_DIGIT: u32 = 4;

/// Numbers that may or may not call or be called, that become others, or whose calls get a tag. A
/// look-up is one binary search; where the longest of several prefixes counts it is one for each length
/// of them.
#[derive(Debug)]
pub struct CompiledNumberList {
    /// Identifier and name.
    pub resource: ResourceRef,
    pub(super) number: CallNumber,
    pub(super) action: ListAction,
    matching: NumberMatching,
    /// In order. Of prefixes none begins another, so that the last one that is not behind a number
    /// is the only one that can begin it; only those of lists that rewrite may.
    entries: Box<[Digits]>,
    /// Of lists that rewrite: bit `n` is set when there is an entry of `n` digits.
    lengths: u64,
}

/// What a match means.
#[derive(Clone, Debug)]
pub(super) enum ListAction {
    Allow,
    Deny,
    /// The digits that stand in place of the part.
    Rewrite(RewrittenPart, Box<str>),
    Tag(TagIndex),
}

/// Digits from the highest bits down, each as its value and one: texts and their digits have the
/// same order, and where the zeros begin the text ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Digits(u128);

impl CompiledNumberList {
    /// `tag` is the place of the list's tag, when it has one.
    pub(crate) fn compile(
        resource: ResourceRef,
        list: &NumberList,
        tag: impl FnOnce(&str) -> TagIndex,
    ) -> Self {
        let action = ListAction::compile(list, tag);
        let texts = list.entries.iter().filter_map(|entry| Digits::new(entry));
        let mut entries: Vec<_> = texts.collect();
        entries.sort_unstable();
        match (list.matching, &action) {
            (NumberMatching::Exact, _) | (_, ListAction::Rewrite(..)) => entries.dedup(),
            // What follows a prefix and begins with it says nothing new.
            (NumberMatching::Prefix, _) => entries.dedup_by(|next, kept| kept.begins(*next)),
        }
        let lengths = entries.iter().map(|entry| 1 << entry.count());
        Self {
            resource,
            number: list.number,
            action,
            matching: list.matching,
            lengths: lengths.fold(0, |all, one: u64| all | one),
            entries: entries.into(),
        }
    }

    /// What it puts on calls, if that is what it does.
    pub(crate) fn tag(&self) -> Option<TagIndex> {
        match self.action {
            ListAction::Tag(tag) => Some(tag),
            _ => None,
        }
    }

    /// Whether a number stands here. A calling one may be written in any way that a number is written
    /// in, and what is none stands in no list.
    pub(super) fn holds(&self, number: &str) -> bool {
        self.digits(number).is_some_and(|digits| self.has(digits))
    }

    /// What becomes of a number that stands here; `None` for one that does not, or that would not fit.
    /// Its `+` or `00` stays where only a part of it is replaced.
    pub(super) fn rewritten(
        &self,
        number: &str,
        part: RewrittenPart,
        replacement: &str,
    ) -> Option<Number> {
        let digits = self.digits(number)?;
        let matched = match self.matching {
            NumberMatching::Exact => self.has(digits).then(|| digits.count()),
            NumberMatching::Prefix => self.longest(digits),
        }?;
        let mut made = Number::new();
        if part == RewrittenPart::Number {
            made.try_push_str(replacement).ok()?;
            return Some(made);
        }
        made.try_push_str(self.lead(number)).ok()?;
        made.try_push_str(replacement).ok()?;
        digits.push_behind(matched, &mut made)?;
        Some(made)
    }

    fn digits(&self, number: &str) -> Option<Digits> {
        match self.number {
            CallNumber::Called => Digits::new(number),
            CallNumber::Calling => Digits::of_caller(number),
        }
    }

    /// What says that a calling number is an international one.
    fn lead<'n>(&self, number: &'n str) -> &'n str {
        let is_called = self.number == CallNumber::Called;
        match number.as_bytes() {
            _ if is_called => "",
            [b'+', ..] => &number[..1],
            // RFC 3261 §19.1.1: a plus may be escaped.
            [b'%', b'2', b'B' | b'b', ..] => "+",
            [b'0', b'0', ..] => &number[..2],
            _ => "",
        }
    }

    /// How many digits the longest entry has that begins a number.
    fn longest(&self, digits: Digits) -> Option<u32> {
        let mut lengths = (1..=digits.count()).rev();
        lengths.find(|length| {
            self.lengths >> length & 1 != 0
                && self.entries.binary_search(&digits.first(*length)).is_ok()
        })
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
        (self.0 ^ other.0)
            .checked_shr(self.unused_bits())
            .unwrap_or(0)
            == 0
    }

    /// Zeros behind the last digit, less those within it: none is zero.
    fn unused_bits(self) -> u32 {
        self.0.trailing_zeros() / BITS_A_DIGIT * BITS_A_DIGIT
    }

    fn count(self) -> u32 {
        (u128::BITS - self.unused_bits()) / BITS_A_DIGIT
    }

    /// So many of its digits; at least one and at most all.
    fn first(self, count: u32) -> Self {
        let unused = u128::BITS - count * BITS_A_DIGIT;
        Self(self.0 >> unused << unused)
    }

    /// Writes those behind the first so many; `None` when they do not fit.
    fn push_behind(self, first: u32, number: &mut Number) -> Option<()> {
        for place in first..self.count() {
            let bits = self.0 >> (u128::BITS - (place + 1) * BITS_A_DIGIT);
            let digit = (bits as u8 & 0xf).checked_sub(1)?;
            number.try_push(char::from(b'0' + digit)).ok()?;
        }
        Some(())
    }
}

impl ListAction {
    fn compile(list: &NumberList, tag: impl FnOnce(&str) -> TagIndex) -> Self {
        match list.action {
            NumberListAction::Allow => Self::Allow,
            NumberListAction::Deny => Self::Deny,
            NumberListAction::Rewrite => {
                let replacement = list.replacement.as_deref().unwrap_or_default();
                Self::Rewrite(list.replaces, replacement.into())
            }
            // A list without one is refused by the resource's check.
            NumberListAction::Tag => Self::Tag(tag(list.tag.as_deref().unwrap_or_default())),
        }
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
        CompiledNumberList::compile(resource, &list.unwrap(), |_| TagIndex(0))
    }

    impl CompiledNumberList {
        /// As calls with these numbers would fare.
        fn allows(&self, called: &str, calling: &str) -> bool {
            let number = match self.number {
                CallNumber::Called => called,
                CallNumber::Calling => calling,
            };
            self.holds(number) == matches!(self.action, ListAction::Allow)
        }
    }

    fn rewriting(
        number: &str,
        replaces: &str,
        matching: &str,
        entries: &[&str],
    ) -> CompiledNumberList {
        let list = serde_json::from_value(json!({
            "action": "rewrite", "number": number, "matching": matching, "entries": entries,
            "replaces": replaces, "replacement": "77",
        }));
        let resource = ResourceRef {
            id: 1,
            name: "list".into(),
        };
        CompiledNumberList::compile(resource, &list.unwrap(), |_| TagIndex(0))
    }

    fn rewritten(list: &CompiledNumberList, number: &str) -> Option<String> {
        let ListAction::Rewrite(part, replacement) = &list.action else {
            return None;
        };
        let made = list.rewritten(number, *part, replacement)?;
        Some(made.to_string())
    }

    #[test]
    fn the_longest_entry_is_replaced_and_the_digits_behind_it_stay() {
        let list = rewriting("called", "entry", "prefix", &["44", "4490", "449012", "1"]);
        for (number, expected) in [
            ("4420", Some("7720")),
            ("449", Some("779")),
            ("44901", Some("771")),
            ("4490123", Some("773")),
            ("449012", Some("77")),
            ("4", None),
            ("33", None),
            ("", None),
        ] {
            assert_eq!(rewritten(&list, number).as_deref(), expected, "{number}");
        }
        let exact = rewriting("called", "entry", "exact", &["449012"]);
        assert_eq!(rewritten(&exact, "449012").as_deref(), Some("77"));
        assert_eq!(rewritten(&exact, "4490123"), None);
        let whole = rewriting("called", "number", "prefix", &["44"]);
        assert_eq!(rewritten(&whole, "449012").as_deref(), Some("77"));
    }

    #[test]
    fn a_calling_number_keeps_its_lead_when_a_part_of_it_is_replaced() {
        let list = rewriting("calling", "entry", "prefix", &["44"]);
        for (calling, expected) in [
            ("4420", Some("7720")),
            ("+4420", Some("+7720")),
            ("%2b4420", Some("+7720")),
            ("004420", Some("007720")),
            ("44-20.1", Some("77201")),
            ("anonymous", None),
            ("", None),
        ] {
            assert_eq!(rewritten(&list, calling).as_deref(), expected, "{calling}");
        }
        let whole = rewriting("calling", "number", "prefix", &["44"]);
        assert_eq!(rewritten(&whole, "+4420").as_deref(), Some("77"));
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
            let texts: Vec<&str> = entries.iter().map(String::as_str).collect();
            let longest = texts.iter().filter(|entry| number.starts_with(**entry)).map(|entry| entry.len()).max();
            let made = longest.map(|length| format!("77{}", &number[length..]));
            prop_assert_eq!(rewritten(&rewriting("called", "entry", "prefix", &texts), &number), made);
        }
    }
}
