//! Called and calling numbers: what is accepted, and how it becomes digits.

mod caller;
mod class;
mod cli;
mod digits;
mod identity;
mod list;
mod passage;
mod policy;
mod rules;
mod tags;

pub(crate) use caller::{caller_digits, lead_of_caller};
pub(crate) use class::ClassRules;
pub use class::{ClassFault, Country, NumberFacts};
pub use cli::{CliDid, CliPlace, CliRulesIndex, CompiledCliRules, Rotations};
pub use identity::{ShownIdentity, is_assertable};
pub use list::CompiledNumberList;
pub use passage::{CallNumbers, ListDid, ListRefusal};
pub(crate) use policy::CompiledNumberPolicy;
pub use policy::NumberListIndex;
pub(crate) use rules::NumberRules;
pub use tags::{TagIndex, Tags};

use crate::resources::NumberTranslation;
use arrayvec::ArrayString;
use std::sync::Arc;

/// Fewest digits of a called number.
pub const CALLED_DIGITS_MIN: usize = 3;

/// Most digits of a called number: E.164 allows 15; three more leave room for national extensions.
pub const CALLED_DIGITS_MAX: usize = 18;

/// Longest calling number as received, bytes.
pub const CALLING_BYTES_MAX: usize = 64;

/// Room of a number: the longest received, with what two trunks may add to it.
pub const NUMBER_CAPACITY: usize = 96;

/// A number as text, in place.
pub type Number = ArrayString<NUMBER_CAPACITY>;

/// What one rule, or one set of shared rules, made of a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Translated<'a> {
    pub(crate) by: TranslatedBy<'a>,
    pub(crate) before: &'a str,
    pub(crate) after: &'a str,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum TranslatedBy<'a> {
    /// The trunk's own rule; `None` when it has none.
    Own(Option<&'a NumberTranslation>),
    /// Shared rules, and which of them fitted, from 0.
    Shared { name: &'a str, rule: Option<usize> },
}

impl<'a> Translated<'a> {
    fn by_own(rule: &'a NumberTranslation, before: &'a str, after: &'a str) -> Self {
        let rule = Some(rule).filter(|rule| !rule.is_empty());
        Self {
            by: TranslatedBy::Own(rule),
            before,
            after,
        }
    }
}

/// Why a number cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberError {
    /// Something other than digits remains after `+`, `00` and the trunk's rules.
    #[error("the called number is not made of digits")]
    NotDigits,
    /// Fewer than [`CALLED_DIGITS_MIN`] digits.
    #[error("the called number has fewer than {CALLED_DIGITS_MIN} digits")]
    TooShort,
    /// More than [`CALLED_DIGITS_MAX`] digits.
    #[error("the called number has more than {CALLED_DIGITS_MAX} digits")]
    TooLong,
    /// Longer than [`CALLING_BYTES_MAX`], or with characters that do not stand in a SIP user part.
    #[error("the calling number cannot be sent on")]
    UnusableCalling,
    /// No country code begins it, or numbers of that code have other lengths.
    #[error("no number of its country code has this length")]
    NotPossible,
    /// No range of its numbering plan holds it.
    #[error("the numbering plan of its country code has no such number")]
    NotValid,
}

/// The called number as routes and rates see it: digits of E.164, without `+`.
///
/// `received` is the user part with the tech prefix already off. Parameters after `;` are cut; the
/// rule is applied, then each of the shared rules; one leading `+` or `00` is taken off; what remains must be digits.
///
/// # Errors
/// [`NumberError`] for what cannot be dialled.
pub(crate) fn normalize_called(
    received: &str,
    rule: &NumberTranslation,
    shared: &[Arc<NumberRules>],
) -> Result<Number, NumberError> {
    normalize_called_watched(received, rule, shared, |_| {})
}

/// As [`normalize_called`], and tells `watch` what each rule does.
pub(crate) fn normalize_called_watched(
    received: &str,
    rule: &NumberTranslation,
    shared: &[Arc<NumberRules>],
    mut watch: impl FnMut(Translated<'_>),
) -> Result<Number, NumberError> {
    let user = received.split(';').next().unwrap_or("");
    let (added, rest) = rule.apply(user);
    let number = joined(added, rest).ok_or(NumberError::TooLong)?;
    watch(Translated::by_own(rule, user, &number));
    let number = through(shared, number, watch);
    digits_of(&number)
}

/// What remains without one leading `+` or `00` must be digits, and neither too few nor too many.
pub(crate) fn digits_of(number: &str) -> Result<Number, NumberError> {
    let digits = number
        .strip_prefix('+')
        .or_else(|| number.strip_prefix("00"))
        .unwrap_or(number);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::NotDigits);
    }
    match digits.len() {
        0..CALLED_DIGITS_MIN => Err(NumberError::TooShort),
        CALLED_DIGITS_MIN..=CALLED_DIGITS_MAX => joined("", digits).ok_or(NumberError::TooLong),
        _ => Err(NumberError::TooLong),
    }
}

/// The calling number after the ingress trunk's rule and the shared ones. It need not be digits: callers may be
/// anonymous or have names.
///
/// # Errors
/// [`NumberError::UnusableCalling`].
pub(crate) fn translate_calling(
    received: &str,
    rule: &NumberTranslation,
    shared: &[Arc<NumberRules>],
) -> Result<Number, NumberError> {
    translate_calling_watched(received, rule, shared, |_| {})
}

/// As [`translate_calling`], and tells `watch` what each rule does.
pub(crate) fn translate_calling_watched(
    received: &str,
    rule: &NumberTranslation,
    shared: &[Arc<NumberRules>],
    mut watch: impl FnMut(Translated<'_>),
) -> Result<Number, NumberError> {
    let usable = received.len() <= CALLING_BYTES_MAX
        && received
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"<>@\"".contains(&byte));
    if !usable {
        return Err(NumberError::UnusableCalling);
    }
    let (added, rest) = rule.apply(received);
    let number = joined(added, rest).ok_or(NumberError::UnusableCalling)?;
    watch(Translated::by_own(rule, received, &number));
    Ok(through(shared, number, watch))
}

/// A number as an egress trunk sends it: the shared rules first, the trunk's own last.
pub(crate) fn translate_sent(
    number: &Number,
    shared: &[Arc<NumberRules>],
    rule: &NumberTranslation,
) -> Number {
    translate_sent_watched(number, shared, rule, |_| {})
}

/// As [`translate_sent`], and tells `watch` what each rule does.
pub(crate) fn translate_sent_watched(
    number: &Number,
    shared: &[Arc<NumberRules>],
    rule: &NumberTranslation,
    mut watch: impl FnMut(Translated<'_>),
) -> Number {
    let number = through(shared, *number, &mut watch);
    let (added, rest) = rule.apply(&number);
    // A number is sent as it is if what is added to it did not fit; numbers that fit are shorter.
    let sent = joined(added, rest).unwrap_or(number);
    watch(Translated::by_own(rule, &number, &sent));
    sent
}

fn through(
    shared: &[Arc<NumberRules>],
    number: Number,
    mut watch: impl FnMut(Translated<'_>),
) -> Number {
    shared.iter().fold(number, |number, rules| {
        let applied = rules.applied(&number);
        watch(Translated {
            by: TranslatedBy::Shared {
                name: rules.name(),
                rule: applied.map(|(rule, _)| rule),
            },
            before: &number,
            after: applied.as_ref().map_or(&number, |(_, made)| made),
        });
        applied.map_or(number, |(_, made)| made)
    })
}

fn joined(first: &str, second: &str) -> Option<Number> {
    let mut number = Number::new();
    number.try_push_str(first).ok()?;
    number.try_push_str(second).ok()?;
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::TRANSLATION_CHARS_MAX;
    use proptest::prelude::*;

    // The longest number with what both trunks add fits.
    const _: () = assert!(CALLING_BYTES_MAX + 2 * TRANSLATION_CHARS_MAX <= NUMBER_CAPACITY);
    const _: () = assert!(CALLED_DIGITS_MAX <= CALLING_BYTES_MAX);

    fn rule(strip: &str, add: &str) -> NumberTranslation {
        NumberTranslation {
            strip_prefix: strip.to_owned(),
            add_prefix: add.to_owned(),
        }
    }

    fn called(received: &str, rule: &NumberTranslation) -> Result<String, NumberError> {
        normalize_called(received, rule, &[]).map(|number| number.to_string())
    }

    #[test]
    fn a_called_number_becomes_digits_of_e164() {
        let none = rule("", "");
        let national = rule("0", "49");
        let cases = [
            ("442071234567", &none, "442071234567"),
            ("+442071234567", &none, "442071234567"),
            ("00442071234567", &none, "442071234567"),
            ("442071234567;npdi;rn=4420", &none, "442071234567"),
            ("03012345", &national, "493012345"),
            ("493012345", &national, "493012345"),
            ("911", &none, "911"),
            ("123456789012345678", &none, "123456789012345678"),
        ];
        for (received, rule, expected) in cases {
            assert_eq!(
                called(received, rule),
                Ok(expected.to_owned()),
                "{received}"
            );
        }
    }

    #[test]
    fn what_cannot_be_dialled_is_refused_with_its_reason() {
        let cases = [
            ("", NumberError::TooShort),
            ("+", NumberError::TooShort),
            ("00", NumberError::TooShort),
            ("0012", NumberError::TooShort),
            ("12", NumberError::TooShort),
            ("alice", NumberError::NotDigits),
            ("++44207", NumberError::NotDigits),
            ("4420-7123", NumberError::NotDigits),
            ("44٣07123", NumberError::NotDigits),
            ("44207#", NumberError::NotDigits),
            ("1234567890123456789", NumberError::TooLong),
        ];
        for (received, expected) in cases {
            assert_eq!(called(received, &rule("", "")), Err(expected), "{received}");
        }
        let endless = "4".repeat(5_000);
        assert_eq!(called(&endless, &rule("", "")), Err(NumberError::TooLong));
    }

    #[test]
    fn a_calling_number_may_be_a_name_but_not_break_a_header() {
        let none = rule("", "");
        for usable in ["", "+442071234567", "anonymous", "alice.b", "1001"] {
            assert_eq!(translate_calling(usable, &none, &[]).as_deref(), Ok(usable));
        }
        for refused in ["a b", "a\r\nb", "a<b", "a@b", "\"a", "é", &"1".repeat(65)] {
            assert_eq!(
                translate_calling(refused, &none, &[]),
                Err(NumberError::UnusableCalling)
            );
        }
        assert_eq!(
            translate_calling("+44207", &rule("+", "00"), &[]).as_deref(),
            Ok("0044207")
        );
    }

    proptest! {
        #[test]
        fn a_normalized_number_is_digits_within_bounds(
            received in "\\PC{0,40}", strip in "[0-9+#*]{0,3}", add in "[0-9+#*]{0,16}",
        ) {
            if let Ok(number) = normalize_called(&received, &rule(&strip, &add), &[]) {
                prop_assert!(number.bytes().all(|byte| byte.is_ascii_digit()));
                prop_assert!((CALLED_DIGITS_MIN..=CALLED_DIGITS_MAX).contains(&number.len()));
            }
        }
    }
}
