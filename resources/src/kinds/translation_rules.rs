//! How numbers are rewritten, by an ordered list.

use crate::fields::translation::{DIALLED, TRANSLATION_CHARS_MAX, dialled};
use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use crate::number_rule::{NumberPattern, PATTERN_CHARS_MAX};
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How numbers are rewritten, for those customers, carriers and trunks that name the rules: the first
/// rule that fits is applied, and no other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TranslationRules {
    /// The rules, in the order in which they are tried; a number that none fits stays as it is.
    #[schemars(length(min = 1, max = 200), extend("x-widget" = "ordered-list"))]
    pub rules: Vec<TranslationRule>,
    /// A note for operators.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500), extend("x-widget" = "multiline"))]
    pub description: String,
}

/// One rule: a prefix or a pattern, and what is put in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TranslationRule {
    /// What a number must begin with; it is taken off. A rule has either this or a pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = TRANSLATION_CHARS_MAX), extend("pattern" = DIALLED))]
    pub prefix: Option<String>,
    /// A regular expression that the whole number must fit; it is compiled so that its time is linear
    /// in the number's length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = PATTERN_CHARS_MAX), extend("x-widget" = "regex"))]
    pub pattern: Option<String>,
    /// Put in place of the prefix, or the whole number that a pattern makes, with `$1` to `$9` for
    /// its groups.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 32))]
    pub replacement: String,
    /// What the rule is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 200))]
    pub note: String,
}

impl TranslationRule {
    fn check(&self, index: usize) -> Vec<Problem> {
        let field = |name: &str| format!("rules[{index}].{name}");
        match (&self.prefix, &self.pattern) {
            (None, None) => {
                let message = "a rule needs a prefix (it may be empty) or a pattern";
                vec![Problem::in_field(field("prefix"), message)]
            }
            (Some(_), Some(_)) => {
                let message = "a rule has either a prefix or a pattern, not both";
                vec![Problem::in_field(field("pattern"), message)]
            }
            (Some(prefix), None) => {
                let replacement = dialled(&field("replacement"), &self.replacement);
                let prefix = dialled(&field("prefix"), prefix);
                prefix.into_iter().chain(replacement).collect()
            }
            (None, Some(pattern)) => match NumberPattern::new(pattern, &self.replacement) {
                Ok(_) => Vec::new(),
                Err(error) => vec![Problem::in_field(field(error.field()), error)],
            },
        }
    }
}

impl Kind for TranslationRules {
    const KIND: ResourceKind = ResourceKind::TranslationRules;
    const TITLE: &'static str = "Translation rules";
    const TITLE_PLURAL: &'static str = "Translation rules";
    const ASSIGNABLE: Assignable = Assignable::No;

    fn check(&self) -> Vec<Problem> {
        let rules = self.rules.iter().enumerate();
        rules.flat_map(|(index, rule)| rule.check(index)).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::ResourceKind;
    use crate::testing::{assert_sound, faults};
    use serde_json::json;

    #[test]
    fn faults_are_named() {
        let kind = ResourceKind::TranslationRules;
        assert_sound(
            kind,
            json!({ "rules": [{ "prefix": "00" }, { "pattern": "0([1-9][0-9]*)", "replacement": "49$1" },
                { "prefix": "", "replacement": "+" }] }),
        );
        let cases = [
            (json!({}), "rules[0].prefix"),
            (json!({ "prefix": "0", "pattern": "0" }), "rules[0].pattern"),
            (json!({ "prefix": "a" }), "rules[0].prefix"),
            (json!({ "prefix": "0", "replacement": "$1" }), "rules[0].replacement"),
            (json!({ "pattern": "0(" }), "rules[0].pattern"),
            (json!({ "pattern": "(0)\\1" }), "rules[0].pattern"),
            (json!({ "pattern": "(0)", "replacement": "$2" }), "rules[0].replacement"),
            (json!({ "pattern": "(0)", "replacement": "1-2" }), "rules[0].replacement"),
            (json!({ "pattern": "(([0-9]{90}){90}){90}" }), "rules[0].pattern"),
        ];
        for (rule, field) in cases {
            assert_eq!(faults(kind, json!({ "rules": [rule] })), [field], "{rule}");
        }
    }
}
