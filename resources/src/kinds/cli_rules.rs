//! Which calling numbers are taken, and which are presented in their place.

use crate::fields::prefix::{self, Prefix};
use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use crate::number_rule::{NumberPattern, PATTERN_CHARS_MAX};
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Which calling numbers (CLI) are taken, and which are presented in their place, for those customers,
/// carriers and trunks that name the rules: the first rule that fits is applied, and no other.
///
/// Of a customer and its trunks they see numbers after translation and lists, before routes are asked for;
/// of a carrier and its trunks after the lists of these, at each attempt. A trunk's own rules stand in
/// place of its customer's or carrier's. What those of a carrier presented stands in the call's record, attempt by
/// attempt. The number presented goes out in From, and where the carrier's trunk sends
/// an asserted number (`identity.asserted`) as that one too; a wish to stay anonymous (Privacy) does not hide it,
/// for it is not the caller's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CliRules {
    /// Which number rules look at.
    #[serde(default, skip_serializing_if = "CallerNumber::is_default")]
    #[schemars(extend("x-filter" = true))]
    pub number: CallerNumber,
    /// The rules, in the order in which they are tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = Self::RULES_MAX), extend("x-widget" = "ordered-list"))]
    pub rules: Vec<CliRule>,
    /// What becomes of calls that no rule fits.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub default: CliDefault,
    /// A note for operators.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500), extend("x-widget" = "multiline"))]
    pub description: String,
}

/// One rule: whom it fits, and what becomes of the call. Without `calling_prefixes`, `pattern` and `caller` it
/// fits every caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CliRule {
    /// What the calling number begins with, digits of E.164 without `+`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000))]
    pub calling_prefixes: Vec<Prefix>,
    /// A regular expression that the whole calling number must fit, as it is written; it is compiled so
    /// that its time is linear in the number's length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = PATTERN_CHARS_MAX), extend("x-widget" = "regex"))]
    pub pattern: Option<String>,
    /// A caller without a number that can be presented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<CallerState>,
    /// What the called number begins with, digits of E.164 without `+`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000), extend("x-default" = "every number"))]
    pub called_prefixes: Vec<Prefix>,
    /// What becomes of the call.
    #[serde(default)]
    pub action: CliAction,
    /// Presented in place of the caller's, digits of E.164 with or without `+`. A rule that replaces has either
    /// this or a pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 19), extend("pattern" = PRESENTED))]
    pub number: Option<String>,
    /// Numbers of which one is presented, written likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = CliRules::POOL_MAX),
        inner(length(min = 3, max = 19)),
        extend("x-widget" = "multiline")
    )]
    pub pool: Vec<String>,
    /// Which of the pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-default" = "`rotate`, with a pool"))]
    pub pick: Option<CliPick>,
    /// What the rule is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 200))]
    pub note: String,
}

/// What a number that is presented is made of.
const PRESENTED: &str = "^[+]?[0-9]{3,18}$";

/// A number of the caller.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CallerNumber {
    /// That of From.
    #[default]
    Calling,
    /// The asserted one, when the customer's trunk believes it (`identity.asserted`); that of From when there
    /// is none.
    Asserted,
}

/// A caller without a number that can be presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallerState {
    /// It shows something that is no number of 3 to 15 digits.
    Invalid,
    /// It shows nothing.
    Missing,
    /// It wants to stay anonymous: `anonymous` in From, or Privacy where the customer's trunk respects it
    /// (`identity.privacy`).
    Withheld,
}

/// What a rule does with a call.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CliAction {
    /// The call goes on with its number.
    #[default]
    Allow,
    /// The call is refused with 403, or the carrier's route left out.
    Deny,
    /// The call goes on with another number.
    Replace,
}

/// Which number of a pool is presented.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CliPick {
    /// One after the other, over all calls of a node; each attempt of a carrier's rules takes the next. The
    /// turn goes by the place of the rule, and begins anew with the process.
    #[default]
    Rotate,
    /// By lot.
    Random,
    /// The same for each called number. A change of the pool changes few of them.
    StickyCalled,
    /// The same for each caller.
    StickyCalling,
}

/// What becomes of calls that no rule fits.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CliDefault {
    /// They go on with their number.
    #[default]
    Allow,
    /// They are refused with 403, or the carrier's route left out.
    Deny,
}

impl CallerNumber {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl CliRules {
    /// Most rules.
    pub const RULES_MAX: usize = 100;

    /// Most numbers of all pools together.
    pub const POOL_MAX: usize = 10_000;
}

impl Kind for CliRules {
    const KIND: ResourceKind = ResourceKind::CliRules;
    const TITLE: &'static str = "CLI rules";
    const TITLE_PLURAL: &'static str = "CLI rules";
    const ASSIGNABLE: Assignable = Assignable::No;

    fn check(&self) -> Vec<Problem> {
        let rules = self.rules.iter().enumerate();
        let mut problems: Vec<_> = rules.flat_map(|(index, rule)| rule.check(index)).collect();
        let pooled: usize = self.rules.iter().map(|rule| rule.pool.len()).sum();
        if pooled > Self::POOL_MAX {
            let message = format!(
                "the pools have {pooled} numbers together: at most {} are possible",
                Self::POOL_MAX
            );
            problems.push(Problem::in_field("rules", message));
        }
        problems
    }
}

impl CliRule {
    fn check(&self, index: usize) -> Vec<Problem> {
        let field = |name: &str| format!("rules[{index}].{name}");
        let mut problems = self.check_match(index);
        let calling = field("calling_prefixes");
        problems.extend(prefix::check_repeated(&calling, &self.calling_prefixes));
        let called = field("called_prefixes");
        problems.extend(prefix::check_repeated(&called, &self.called_prefixes));
        problems.extend(self.check_action().map(|(name, message)| Problem::in_field(field(name), message)));
        problems.extend(self.check_pool(&field("pool")));
        problems
    }

    fn check_match(&self, index: usize) -> Vec<Problem> {
        let field = |name: &str| format!("rules[{index}].{name}");
        let has_prefixes = !self.calling_prefixes.is_empty();
        let one_only = "a rule has calling prefixes, a pattern or a kind of caller, one of them only";
        let mut problems = Vec::new();
        if let Some(pattern) = &self.pattern {
            if has_prefixes {
                problems.push(Problem::in_field(field("pattern"), one_only));
            }
            if let Err(error) = NumberPattern::new(pattern, "") {
                problems.push(Problem::in_field(field("pattern"), error));
            }
        }
        if self.caller.is_some() && (has_prefixes || self.pattern.is_some()) {
            problems.push(Problem::in_field(field("caller"), one_only));
        }
        problems
    }

    fn check_action(&self) -> Option<(&'static str, &'static str)> {
        let has_pool = !self.pool.is_empty();
        if self.number.as_deref().is_some_and(|number| !is_presentable(number)) {
            return Some(("number", "write 3 to 18 digits, with or without `+`"));
        }
        match (self.action, &self.number) {
            (CliAction::Replace, None) if !has_pool => {
                Some(("number", "a rule that replaces needs a number or a pool"))
            }
            (CliAction::Replace, Some(_)) if has_pool => {
                Some(("pool", "a rule has either a number or a pool, not both"))
            }
            (CliAction::Replace, _) if self.pick.is_some() && !has_pool => {
                Some(("pick", "belongs to rules with a pool only"))
            }
            (CliAction::Replace, _) => None,
            (_, Some(_)) => Some(("number", "belongs to rules with `action: replace` only")),
            (_, None) if has_pool => Some(("pool", "belongs to rules with `action: replace` only")),
            (_, None) if self.pick.is_some() => Some(("pick", "belongs to rules with a pool only")),
            _ => None,
        }
    }

    fn check_pool(&self, field: &str) -> Vec<Problem> {
        let mut seen = BTreeSet::new();
        let mut problems = Vec::new();
        for (place, number) in self.pool.iter().enumerate() {
            let digits = number.strip_prefix('+').unwrap_or(number);
            let message = match (is_presentable(number), seen.insert(digits)) {
                (false, _) => format!("`{number}` is no number: write 3 to 18 digits, with or without `+`"),
                (true, false) => format!("{number} stands here twice"),
                (true, true) => continue,
            };
            problems.push(Problem::in_field(format!("{field}[{place}]"), message));
        }
        problems
    }
}

/// Whether a number can stand in From.
fn is_presentable(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or(number);
    (3..=18).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_sound, faults};
    use serde_json::{Value, json};

    #[test]
    fn faults_are_named() {
        let kind = ResourceKind::CliRules;
        assert_sound(kind, json!({}));
        assert_sound(
            kind,
            json!({ "default": "deny", "number": "asserted", "rules": [
                { "calling_prefixes": ["44"], "called_prefixes": ["1"] },
                { "pattern": "0([1-9].*)", "action": "deny" },
                { "caller": "withheld", "action": "replace", "number": "+442079460000" },
                { "action": "replace", "pool": ["442079460001", "+442079460002"], "pick": "sticky_called" },
            ] }),
        );
        let cases = [
            (json!({ "calling_prefixes": ["44"], "pattern": "44" }), "pattern"),
            (json!({ "pattern": "4", "caller": "missing" }), "caller"),
            (json!({ "calling_prefixes": ["44", "44"] }), "calling_prefixes[1]"),
            (json!({ "called_prefixes": ["+44"] }), "called_prefixes[0]"),
            (json!({ "pattern": "4(" }), "pattern"),
            (json!({ "pattern": "(4)\\1" }), "pattern"),
            (json!({ "action": "replace" }), "number"),
            (json!({ "action": "replace", "number": "44x" }), "number"),
            (json!({ "action": "replace", "number": "44207", "pool": ["44207"] }), "pool"),
            (json!({ "action": "replace", "number": "44207", "pick": "random" }), "pick"),
            (json!({ "number": "44207" }), "number"),
            (json!({ "action": "deny", "pool": ["44207"] }), "pool"),
            (json!({ "action": "deny", "pick": "rotate" }), "pick"),
            (json!({ "action": "replace", "pool": ["44207", "+44207"] }), "pool[1]"),
            (json!({ "action": "replace", "pool": ["44207", "4420a"] }), "pool[1]"),
        ];
        for (rule, field) in cases {
            let found = faults(kind, json!({ "rules": [rule] }));
            assert_eq!(found, [format!("rules[0].{field}")], "{rule}");
        }
    }

    #[test]
    fn all_pools_together_have_a_limit() {
        let pool = |from: usize| -> Value {
            let numbers = from..from + CliRules::POOL_MAX / 2 + 1;
            let numbers: Vec<_> = numbers.map(|number| number.to_string()).collect();
            json!({ "action": "replace", "pool": numbers })
        };
        let rules = json!({ "rules": [pool(1_000_000), pool(2_000_000)] });
        assert_eq!(faults(ResourceKind::CliRules, rules), ["rules"]);
    }
}
