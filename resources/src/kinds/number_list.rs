//! Numbers that may or may not be called, or call, and what becomes of them.

use crate::fields::prefix::{self, PREFIX_DIGITS_MAX, Prefix};
use crate::fields::tag::Tag;
use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a replacement is made of.
const DIGITS: &str = "^[0-9]*$";

/// Numbers that are let through, refused, rewritten or tagged, of those customers, carriers and trunks
/// that name the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberList {
    /// What a match means.
    #[schemars(extend("x-filter" = true))]
    pub action: NumberListAction,
    /// Which number of a call is looked at, as it is after translation and after the lists before this
    /// one.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub number: CallNumber,
    /// How entries are compared.
    #[serde(default)]
    pub matching: NumberMatching,
    /// The digits of numbers or of their beginnings, E.164 without `+`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50_000), extend("x-widget" = "multiline"))]
    pub entries: Vec<Prefix>,
    /// Of a list that rewrites: what is replaced.
    #[serde(default, skip_serializing_if = "RewrittenPart::is_default")]
    pub replaces: RewrittenPart,
    /// Of a list that rewrites: what stands in its place, digits of E.164 without `+`. Empty takes the
    /// entry off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = PREFIX_DIGITS_MAX), extend("pattern" = DIGITS))]
    pub replacement: Option<String>,
    /// Of a list that tags: what routes can ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-filter" = true))]
    pub tag: Option<Tag>,
    /// A note for operators.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500), extend("x-widget" = "multiline"))]
    pub description: String,
}

/// What a match in a list means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NumberListAction {
    /// Calls whose number stands here go on; others are refused.
    Allow,
    /// Calls whose number stands here are refused; others go on.
    Deny,
    /// Numbers that stand here become others; all calls go on.
    Rewrite,
    /// Calls whose number stands here get a tag; all calls go on. For customers and ingress trunks.
    Tag,
}

/// What of a number a list replaces.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RewrittenPart {
    /// The entry that it begins with, of several the longest; the digits behind it stay.
    #[default]
    Entry,
    /// All of it.
    Number,
}

impl RewrittenPart {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A number of a call.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CallNumber {
    /// The number that is called.
    #[default]
    Called,
    /// The number that calls, as From says it.
    Calling,
    /// The number that stands for the caller whatever From says: of P-Asserted-Identity or
    /// Remote-Party-ID, when the customer's trunk believes them (`identity.asserted`); that of From when
    /// there is none.
    Asserted,
}

/// How entries of a list are compared with a number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NumberMatching {
    /// The number begins with the entry.
    #[default]
    Prefix,
    /// The number is the entry.
    Exact,
}

impl Kind for NumberList {
    const KIND: ResourceKind = ResourceKind::NumberList;
    const TITLE: &'static str = "Number list";
    const TITLE_PLURAL: &'static str = "Number lists";
    const ASSIGNABLE: Assignable = Assignable::No;

    fn check(&self) -> Vec<Problem> {
        let repeated = prefix::check_repeated("entries", &self.entries);
        self.check_action().into_iter().chain(repeated).collect()
    }
}

impl NumberList {
    /// What the action needs is there, and nothing that belongs to another.
    fn check_action(&self) -> Vec<Problem> {
        use NumberListAction::{Rewrite, Tag};
        let is_rewrite = self.action == Rewrite;
        let replaces_all = self.replaces == RewrittenPart::Number;
        let leaves_nothing = replaces_all || self.matching == NumberMatching::Exact;
        let is_empty = self.replacement.as_ref().is_some_and(String::is_empty);
        let is_missing = self.replacement.is_none();
        let replacement = self.replacement.as_deref().unwrap_or_default();
        let is_digits = replacement.bytes().all(|byte| byte.is_ascii_digit());
        let checks = [
            (
                is_rewrite && is_missing,
                "replacement",
                "a list that rewrites needs a replacement (it may be empty)",
            ),
            (
                is_rewrite && leaves_nothing && is_empty,
                "replacement",
                "a whole number cannot be replaced by nothing: write digits",
            ),
            (
                is_rewrite && !is_digits,
                "replacement",
                "write digits of E.164, without `+`",
            ),
            (
                !is_rewrite && !is_missing,
                "replacement",
                "belongs to lists with `action: rewrite` only",
            ),
            (
                !is_rewrite && replaces_all,
                "replaces",
                "belongs to lists with `action: rewrite` only",
            ),
            (
                self.action == Tag && self.tag.is_none(),
                "tag",
                "a list that tags needs a tag",
            ),
            (
                self.action != Tag && self.tag.is_some(),
                "tag",
                "belongs to lists with `action: tag` only",
            ),
        ];
        let wrong = checks.into_iter().filter(|(is_wrong, ..)| *is_wrong);
        wrong
            .map(|(_, field, message)| Problem::in_field(field, message))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::ResourceKind;
    use crate::testing::{assert_sound, faults};
    use serde_json::json;

    #[test]
    fn faults_are_named() {
        assert_sound(ResourceKind::NumberList, json!({ "action": "deny", "entries": ["900"] }));
        let twice = json!({ "action": "deny", "entries": ["900", "901", "900"] });
        assert_eq!(faults(ResourceKind::NumberList, twice), ["entries[2]"]);
        for entry in ["", "+49", "12-3", "1234567890123456789"] {
            let broken = json!({ "action": "allow", "entries": [entry] });
            assert_eq!(faults(ResourceKind::NumberList, broken), ["entries[0]"], "{entry}");
        }
        assert_eq!(faults(ResourceKind::NumberList, json!({})), ["action"]);
    }

    #[test]
    fn what_belongs_to_another_action_is_refused() {
        let kind = ResourceKind::NumberList;
        assert_sound(kind, json!({ "action": "rewrite", "replacement": "" }));
        assert_sound(kind, json!({ "action": "rewrite", "replaces": "number", "replacement": "44" }));
        assert_sound(kind, json!({ "action": "tag", "tag": "premium" }));
        for (list, field) in [
            (json!({ "action": "rewrite" }), "replacement"),
            (json!({ "action": "rewrite", "replaces": "number", "replacement": "" }), "replacement"),
            (json!({ "action": "rewrite", "matching": "exact", "replacement": "" }), "replacement"),
            (json!({ "action": "rewrite", "replacement": "+44" }), "replacement"),
            (json!({ "action": "rewrite", "replacement": "1234567890123456789" }), "replacement"),
            (json!({ "action": "deny", "replacement": "44" }), "replacement"),
            (json!({ "action": "tag", "tag": "x", "replaces": "number" }), "replaces"),
            (json!({ "action": "tag" }), "tag"),
            (json!({ "action": "allow", "tag": "x" }), "tag"),
            (json!({ "action": "tag", "tag": "Premium" }), "tag"),
            (json!({ "action": "tag", "tag": "" }), "tag"),
        ] {
            assert_eq!(faults(kind, list.clone()), [field], "{list}");
        }
    }
}
