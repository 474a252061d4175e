//! What kind of number a called number is, by the numbering plan of its country.
//!
//! `data/number_classes.bin` is an automaton over the digits of E.164, made by
//! `scripts/number-classes` from the metadata of the PyPI package phonenumbers 9.0.43 (Google's
//! libphonenumber, Apache-2.0). A look-up is a step for each digit: it allocates nothing, and no
//! regular expression runs. The script describes the form of the file.

use super::{CALLED_DIGITS_MAX, NumberError};
use crate::resources::{NumberClass, NumberValidation, UnknownNumbers};
use std::fmt;

static TABLE: &[u8] = include_bytes!("../../data/number_classes.bin");

const HEAD_BYTES: usize = 12;
const OUTPUT_BYTES: usize = 3;
const CODES: usize = 1_000;

/// Codes behind which no country lies but satellites (ITU-T E.164, list of assigned country codes):
/// 870 Inmarsat, 881 the global mobile satellite systems, 882 16 Thuraya.
const SATELLITE: [&str; 3] = ["870", "881", "88216"];

/// Codes that networks of several countries share, of the same list.
const INTERNATIONAL_NETWORK: [&str; 2] = ["882", "883"];

/// What the numbering plans say of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberFacts {
    /// Its class; `None` when no range holds it. Of a number with digits too many it is the class of
    /// the longest beginning that a range holds, because networks ignore digits that they do not need;
    /// and of one with the 0 or 1 of national dialling behind its country code it is that of the number
    /// without it, because networks take it off.
    pub class: Option<NumberClass>,
    /// Where it is; `None` for codes of no country, and when no range holds it.
    pub country: Option<Country>,
    /// Its country code exists and numbers of it may have this length.
    pub is_possible: bool,
    /// A range holds the whole number.
    pub is_valid: bool,
}

/// A country or territory as ISO 3166-1 writes it: two letters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Country([u8; 2]);

impl NumberFacts {
    /// Of what no plan is asked about, the beginning of a number: nothing speaks against it.
    pub(crate) const UNJUDGED: Self = Self {
        class: None,
        country: None,
        is_possible: true,
        is_valid: true,
    };

    /// Of digits of E.164. Anything else is no number.
    pub fn of(digits: &str) -> Self {
        let is_number =
            digits.len() <= CALLED_DIGITS_MAX && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number {
            return Self::default();
        }
        let mut facts = found(digits.bytes()).unwrap_or_default();
        if facts.class.is_none() {
            facts = without_trunk_prefix(digits).unwrap_or_default();
        }
        facts.is_possible = is_possible(digits);
        facts.class = of_no_country(digits).or(facts.class);
        facts
    }
}

/// Follows the automaton as far as it goes, by digits.
fn found(digits: impl Iterator<Item = u8>) -> Option<NumberFacts> {
    let mut facts = NumberFacts::default();
    let states = States::of_table()?;
    let mut at = states.root;
    for digit in digits {
        facts.is_valid = false;
        let Some(next) = states.after(at, digit - b'0') else {
            break;
        };
        at = next;
        if let Some((class, country)) = states.output(at) {
            facts = NumberFacts {
                class,
                country,
                is_valid: true,
                ..facts
            };
        }
    }
    Some(facts)
}

/// What is found of a number that is written with the 0 or 1 of national dialling behind its country
/// code: `+44 (0)20…`. It is no valid number so.
fn without_trunk_prefix(digits: &str) -> Option<NumberFacts> {
    let code_digits = (1..=3).find(|count| {
        let code = digits.get(..*count);
        code.and_then(lengths_of)
            .is_some_and(|lengths| lengths != 0)
    })?;
    let (code, national) = digits.split_at(code_digits);
    let national = national.strip_prefix(['0', '1'])?;
    let facts = found(code.bytes().chain(national.bytes()))?;
    Some(NumberFacts {
        is_valid: false,
        ..facts
    })
}

/// The words of the table behind its head.
struct States {
    outputs: &'static [u8],
    words: &'static [u8],
    root: usize,
}

impl States {
    fn of_table() -> Option<Self> {
        let outputs = usize::from(word(TABLE, 3)?);
        let (_, behind) = TABLE.split_at_checked(HEAD_BYTES)?;
        let (outputs, behind) = behind.split_at_checked(outputs * OUTPUT_BYTES)?;
        let (_, words) = behind.split_at_checked(CODES * 4)?;
        Some(Self {
            outputs,
            words,
            root: usize::from(word(TABLE, 4)?),
        })
    }

    fn after(&self, at: usize, digit: u8) -> Option<usize> {
        let word = |at| word(self.words, at);
        let head = word(at)?;
        // A 1 for each digit whose target differs from that of the digit before it.
        let behind = head & 0x3FF & ((2 << digit) - 1);
        let has_output = usize::from(head >> 15);
        let next = word(at + has_output + behind.count_ones() as usize)?;
        (next != 0).then_some(usize::from(next))
    }

    fn output(&self, at: usize) -> Option<(Option<NumberClass>, Option<Country>)> {
        let has_output = word(self.words, at)? >> 15 == 1;
        let output = usize::from(word(self.words, at + 1).filter(|_| has_output)?);
        let bytes = self.outputs.get(output * OUTPUT_BYTES..)?;
        let [class, first, second] = *bytes.first_chunk()?;
        let country = (first != 0).then_some(Country([first, second]));
        Some((class_of(class), country))
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(2 * at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*bytes))
}

/// The classes as the script numbers them.
fn class_of(number: u8) -> Option<NumberClass> {
    Some(match number {
        1 => NumberClass::FixedLine,
        2 => NumberClass::Mobile,
        3 => NumberClass::FixedLineOrMobile,
        4 => NumberClass::TollFree,
        5 => NumberClass::PremiumRate,
        6 => NumberClass::SharedCost,
        7 => NumberClass::Voip,
        8 => NumberClass::PersonalNumber,
        9 => NumberClass::Pager,
        10 => NumberClass::Uan,
        11 => NumberClass::Voicemail,
        _ => return None,
    })
}

fn of_no_country(digits: &str) -> Option<NumberClass> {
    let begins = |codes: &[&str]| codes.iter().any(|code| digits.starts_with(code));
    if begins(&SATELLITE) {
        return Some(NumberClass::Satellite);
    }
    begins(&INTERNATIONAL_NETWORK).then_some(NumberClass::InternationalNetwork)
}

/// No country code begins another, so one of the three can have lengths.
fn is_possible(digits: &str) -> bool {
    (1..=3).any(|code_digits| {
        let lengths = digits.get(..code_digits).and_then(lengths_of);
        let national = digits.len().saturating_sub(code_digits) as u32;
        lengths.is_some_and(|lengths| lengths.checked_shr(national).unwrap_or(0) & 1 == 1)
    })
}

/// Bit n says that n digits may follow the code.
fn lengths_of(code: &str) -> Option<u32> {
    let is_code = !code.starts_with('0') && code.bytes().all(|byte| byte.is_ascii_digit());
    let code: usize = code.parse().ok().filter(|_| is_code)?;
    let outputs = usize::from(word(TABLE, 3)?);
    let at = HEAD_BYTES + outputs * OUTPUT_BYTES + code * 4;
    let bytes = TABLE.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

impl Country {
    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which classes are refused, and how much a number must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClassRules {
    /// A bit for each class.
    blocked: u16,
    /// Numbers of no known class are blocked as well.
    blocks_unknown: bool,
    validation: NumberValidation,
}

/// What is wrong with a number by its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassFault {
    /// Numbers of its class are not let through.
    Blocked(NumberClass),
    /// Nobody knows its class, and such numbers are not let through.
    Unknown,
    /// It cannot exist.
    Invalid(NumberError),
}

impl ClassRules {
    pub(crate) fn new(
        blocked: &[NumberClass],
        unknown: UnknownNumbers,
        validation: NumberValidation,
    ) -> Self {
        let bits = blocked.iter().map(|class| bit(*class));
        Self {
            blocked: bits.fold(0, |all, bit| all | bit),
            blocks_unknown: unknown == UnknownNumbers::Block,
            validation,
        }
    }

    /// Both: a class that either blocks, the stricter validation.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            blocked: self.blocked | other.blocked,
            blocks_unknown: self.blocks_unknown || other.blocks_unknown,
            validation: self.validation.max(other.validation),
        }
    }

    /// Whether they let every number through.
    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }

    pub(crate) fn fault(self, facts: &NumberFacts) -> Option<ClassFault> {
        let is_too_little = match self.validation {
            NumberValidation::Off => None,
            NumberValidation::Possible => (!facts.is_possible).then_some(NumberError::NotPossible),
            NumberValidation::Valid if !facts.is_possible => Some(NumberError::NotPossible),
            NumberValidation::Valid => (!facts.is_valid).then_some(NumberError::NotValid),
        };
        let blocked = match facts.class {
            Some(class) if self.blocked & bit(class) != 0 => Some(ClassFault::Blocked(class)),
            None if self.blocks_unknown => Some(ClassFault::Unknown),
            _ => None,
        };
        // What is blocked is told first: it says more.
        blocked.or_else(|| is_too_little.map(ClassFault::Invalid))
    }
}

fn bit(class: NumberClass) -> u16 {
    1 << class as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_of_the_form_that_is_read() {
        assert!(TABLE.starts_with(b"DTNC\x01\0"));
        assert!(States::of_table().is_some_and(|states| states.root != 0));
    }

    #[test]
    fn a_number_has_its_class_and_country() {
        use NumberClass as Class;
        let cases = [
            ("442071838750", Class::FixedLine, "GB"),
            ("447400123456", Class::Mobile, "GB"),
            ("447781123456", Class::Mobile, "GG"),
            ("449098790000", Class::PremiumRate, "GB"),
            ("12125550123", Class::FixedLineOrMobile, "US"),
            ("14165550123", Class::FixedLineOrMobile, "CA"),
            ("18005550123", Class::TollFree, "US"),
            ("19005550123", Class::PremiumRate, "US"),
            ("390612345678", Class::FixedLine, "IT"),
            ("77011234567", Class::Mobile, "KZ"),
        ];
        for (digits, class, country) in cases {
            let facts = NumberFacts::of(digits);
            assert_eq!(facts.class, Some(class), "{digits}");
            assert_eq!(facts.country.as_ref().map(Country::as_str), Some(country));
            assert!(facts.is_valid && facts.is_possible, "{digits}");
        }
    }

    #[test]
    fn codes_of_satellites_and_shared_networks_are_classes_of_their_own() {
        use NumberClass as Class;
        for (digits, class) in [
            ("870773111632", Class::Satellite),
            ("881612345678", Class::Satellite),
            ("8821612345678", Class::Satellite),
            ("881", Class::Satellite),
            ("88213123456", Class::InternationalNetwork),
            ("883510012345", Class::InternationalNetwork),
            ("80012345678", Class::TollFree),
            ("979123456789", Class::PremiumRate),
        ] {
            let facts = NumberFacts::of(digits);
            assert_eq!(
                (facts.class, facts.country),
                (Some(class), None),
                "{digits}"
            );
        }
    }

    #[test]
    fn digits_too_many_do_not_hide_a_class() {
        let facts = NumberFacts::of("4490987900001");
        assert_eq!(facts.class, Some(NumberClass::PremiumRate));
        assert!(!facts.is_valid && !facts.is_possible);
    }

    #[test]
    fn the_zero_or_one_of_national_dialling_does_not_hide_a_class() {
        use NumberClass as Class;
        for (digits, class) in [
            ("4409098790000", Class::PremiumRate),
            ("4407400123456", Class::Mobile),
            ("119005550123", Class::PremiumRate),
            ("5215512345678", Class::FixedLineOrMobile),
        ] {
            let facts = NumberFacts::of(digits);
            assert_eq!(facts.class, Some(class), "{digits}");
            assert!(!facts.is_valid, "{digits}");
        }
        // In Italy the 0 is part of the number.
        assert!(NumberFacts::of("390612345678").is_valid);
    }

    #[test]
    fn what_is_no_number_of_any_plan_has_no_class() {
        for digits in [
            "",
            "9",
            "0",
            "999",
            "210123456",
            "alice",
            "4420-7",
            "+442071838750",
        ] {
            let facts = NumberFacts::of(digits);
            assert_eq!(facts, NumberFacts::default(), "{digits}");
        }
        let too_long = "4".repeat(1_000);
        assert_eq!(NumberFacts::of(&too_long), NumberFacts::default());
    }

    #[test]
    fn what_is_blocked_is_told_before_what_is_invalid() {
        let rules = ClassRules::new(
            &[NumberClass::PremiumRate],
            UnknownNumbers::Allow,
            NumberValidation::Valid,
        );
        let fault = |digits| rules.fault(&NumberFacts::of(digits));
        let blocked = Some(ClassFault::Blocked(NumberClass::PremiumRate));
        assert_eq!(fault("449098790000"), blocked);
        assert_eq!(fault("4490987900001"), blocked);
        assert_eq!(fault("442071838750"), None);
        let invalid = |error| Some(ClassFault::Invalid(error));
        assert_eq!(fault("44207183875"), invalid(NumberError::NotValid));
        assert_eq!(fault("44207"), invalid(NumberError::NotPossible));
        let possible = ClassRules::new(&[], UnknownNumbers::Allow, NumberValidation::Possible);
        assert_eq!(possible.fault(&NumberFacts::of("441071838750")), None);
        assert!(possible.and(rules) == rules && rules.and(possible) == rules);
        assert!(ClassRules::default().is_empty() && !possible.is_empty());
    }

    #[test]
    fn a_number_of_no_known_class_passes_unless_such_numbers_are_blocked() {
        let rules =
            |unknown| ClassRules::new(&[NumberClass::PremiumRate], unknown, NumberValidation::Off);
        let (open, closed) = (rules(UnknownNumbers::Allow), rules(UnknownNumbers::Block));
        for digits in ["999", "210123456", "449999999999"] {
            let facts = NumberFacts::of(digits);
            assert_eq!(facts.class, None, "{digits}");
            assert_eq!(open.fault(&facts), None, "{digits}");
            assert_eq!(closed.fault(&facts), Some(ClassFault::Unknown), "{digits}");
        }
        for digits in ["442071838750", "4402071838750", "4420718387501"] {
            assert_eq!(closed.fault(&NumberFacts::of(digits)), None, "{digits}");
        }
        assert_eq!(open.and(closed), closed);
    }
}
