//! Lists of numbers as calls look them up.

use super::digits::{DIGITS_MAX, Digits};
use super::{CALLED_DIGITS_MAX, NUMBER_CAPACITY, Number, TagIndex, lead_of_caller};
use crate::resources::{CallNumber, NumberList, NumberListAction, NumberMatching, RewrittenPart};
use rating::cdr::ResourceRef;

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

    /// Whether it looks at more of the caller than From.
    pub(crate) fn reads_identity(&self) -> bool {
        self.number == CallNumber::Asserted
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

    /// What becomes of a number that stands here; `None` for one that does not: what is made always fits.
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
            CallNumber::Calling | CallNumber::Asserted => Digits::of_caller(number),
        }
    }

    /// What says that a calling number is an international one.
    fn lead(&self, number: &str) -> &'static str {
        match self.number {
            CallNumber::Called => "",
            CallNumber::Calling | CallNumber::Asserted => lead_of_caller(number),
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

// The lead, the replacement, which is no longer than a number, and the digits behind the entry.
const _: () = assert!(2 + CALLED_DIGITS_MAX + DIGITS_MAX <= NUMBER_CAPACITY);

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
                _ => calling,
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
            ("(+44)20", Some("+7720")),
            ("(00)4420", Some("007720")),
            ("(%2B44)20", Some("+7720")),
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
