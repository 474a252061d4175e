//! How a trunk rewrites numbers.

use crate::problem::Problem;
use serde::{Deserialize, Serialize};

/// Longest prefix that is stripped or added, characters.
pub const TRANSLATION_CHARS_MAX: usize = 16;

/// Takes a prefix off a number and puts another before it.
///
/// With `strip_prefix` set, a number that does not begin with it is left as it is, and nothing is
/// added to it either. Prefixes are digits, `+`, `#` and `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberTranslation {
    /// Taken off when the number begins with it. Default: empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub strip_prefix: String,
    /// Put before the number. Default: empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub add_prefix: String,
}

impl NumberTranslation {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.strip_prefix.is_empty() && self.add_prefix.is_empty()
    }

    /// The number as it is after the rule, in two parts that follow one another.
    pub(crate) fn apply<'n>(&'n self, number: &'n str) -> (&'n str, &'n str) {
        match number.strip_prefix(self.strip_prefix.as_str()) {
            Some(rest) => (&self.add_prefix, rest),
            None => ("", number),
        }
    }

    pub(super) fn check(&self, field: &str) -> impl Iterator<Item = Problem> {
        let strip = dialled(&format!("{field}.strip_prefix"), &self.strip_prefix);
        let add = dialled(&format!("{field}.add_prefix"), &self.add_prefix);
        strip.into_iter().chain(add)
    }
}

pub(super) fn dialled(field: &str, prefix: &str) -> Option<Problem> {
    let sound = prefix.len() <= TRANSLATION_CHARS_MAX
        && prefix
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+#*".contains(&byte));
    (!sound).then(|| {
        Problem::in_field(
            field,
            format_args!("write at most {TRANSLATION_CHARS_MAX} of the digits and `+`, `#`, `*`"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(strip: &str, add: &str) -> NumberTranslation {
        NumberTranslation {
            strip_prefix: strip.to_owned(),
            add_prefix: add.to_owned(),
        }
    }

    #[test]
    fn a_prefix_is_taken_off_and_another_put_before() {
        let cases = [
            (rule("", ""), "4930", ("", "4930")),
            (rule("", "00"), "4930", ("00", "4930")),
            (rule("0", "49"), "030", ("49", "30")),
            (rule("0", "49"), "4930", ("", "4930")),
            (rule("49", ""), "4930", ("", "30")),
        ];
        for (rule, number, expected) in cases {
            assert_eq!(rule.apply(number), expected, "{rule:?} {number}");
        }
    }

    #[test]
    fn only_what_can_be_dialled_is_accepted() {
        let problems: Vec<_> = rule("+#*0", "12345678901234567").check("called").collect();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].field.as_deref(), Some("called.add_prefix"));
        assert_eq!(rule("a", "").check("calling").count(), 1);
    }
}
