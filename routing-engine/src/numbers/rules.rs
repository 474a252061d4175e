//! Translation rules as calls apply them.

use super::{Number, joined};
use crate::resources::{NumberPattern, TranslationRule, TranslationRules};

/// Rules in the order in which they are tried; the first that fits is applied, and no other.
#[derive(Debug)]
pub(crate) struct NumberRules {
    name: Box<str>,
    /// What they were made from.
    source: Box<[TranslationRule]>,
    rules: Box<[Rule]>,
}

#[derive(Debug)]
enum Rule {
    Prefix {
        prefix: Box<str>,
        replacement: Box<str>,
    },
    Pattern(NumberPattern),
}

impl NumberRules {
    /// A rule that is not sound fits nothing: the resource's check refuses it before it gets here.
    pub(crate) fn compile(name: &str, rules: &TranslationRules) -> Self {
        Self {
            name: name.into(),
            source: rules.rules.as_slice().into(),
            rules: rules.rules.iter().filter_map(Rule::compile).collect(),
        }
    }

    /// Whether they would be the same if they were made from `rules` under that name.
    pub(crate) fn is_of(&self, name: &str, rules: &TranslationRules) -> bool {
        *self.name == *name && *self.source == *rules.rules
    }

    /// What becomes of a number, and by which rule, from 0. `None` when no rule fits: the number stays as it
    /// is. A rule that would make it longer than a [`Number`] can be does not fit.
    pub(crate) fn applied(&self, number: &Number) -> Option<(usize, Number)> {
        let mut rules = self.rules.iter().enumerate();
        rules.find_map(|(place, rule)| Some((place, rule.apply(number)?)))
    }

    /// The name of the resource.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Rule {
    fn compile(rule: &TranslationRule) -> Option<Self> {
        match (&rule.prefix, &rule.pattern) {
            (Some(prefix), _) => Some(Self::Prefix {
                prefix: prefix.as_str().into(),
                replacement: rule.replacement.as_str().into(),
            }),
            (None, Some(pattern)) => NumberPattern::new(pattern, &rule.replacement)
                .ok()
                .map(Self::Pattern),
            (None, None) => None,
        }
    }

    fn apply(&self, number: &Number) -> Option<Number> {
        match self {
            Self::Prefix {
                prefix,
                replacement,
            } => joined(replacement, number.strip_prefix(&**prefix)?),
            Self::Pattern(pattern) => {
                let mut made = Number::new();
                let mut fits = true;
                let matched = pattern.rewrite(number, |piece| {
                    fits &= made.try_push_str(piece).is_ok();
                });
                (matched && fits).then_some(made)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use serde_json::json;

    fn applied(rules: serde_json::Value, number: &str) -> String {
        let rules: TranslationRules = serde_json::from_value(json!({ "rules": rules })).unwrap();
        let number = Number::from(number).unwrap();
        let rules = NumberRules::compile("rules", &rules);
        let made = rules.applied(&number).map(|(_, made)| made);
        made.unwrap_or(number).to_string()
    }

    #[test]
    fn the_first_rule_that_fits_is_applied_and_no_other() {
        let rules = json!([
            { "prefix": "00", "replacement": "" },
            { "pattern": "0([1-9][0-9]+)", "replacement": "49$1" },
            { "prefix": "49", "replacement": "1" },
        ]);
        for (number, expected) in [
            ("0049301234", "49301234"),
            ("0301234", "49301234"),
            ("49301234", "1301234"),
            ("44207", "44207"),
            ("", ""),
        ] {
            assert_eq!(applied(rules.clone(), number), expected, "{number}");
        }
    }

    #[test]
    fn what_would_be_too_long_is_left_as_it_is() {
        let long = "1".repeat(40);
        let rules = json!([{ "pattern": "(.*)", "replacement": "$1$1$1" }]);
        assert_eq!(applied(rules, &long), long);
    }
}
