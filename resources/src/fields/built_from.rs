//! How a rate card is made from others.

use crate::fields::foreign::Money;
use crate::fields::reference::Ref;
use crate::kinds::RateCard;
use crate::problem::Problem;
use rating::prefix::Prefix;
use rating::rounding::DECIMALS_MAX;
use rating::{Amount, money::decimal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How the rows of a card are made from those of others.
///
/// Each prefix of any parent becomes a row: the parents' rates for it are converted into the card's
/// currency, one is made of them, and the margin is added. Rows under the card's `rates` take the place
/// of built rows of the same prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuiltFrom {
    /// The cards that it is made from. One that lacks a prefix counts with its longest beginning of it.
    #[schemars(length(min = 1, max = Self::PARENTS_MAX))]
    pub parents: Vec<Ref<RateCard>>,
    /// What is made of the rates of several parents.
    #[serde(default)]
    pub combine: Combination,
    /// Added to each price and fee, in percent of it.
    #[serde(default, with = "decimal")]
    #[schemars(
        with = "Money",
        extend("x-minimum" = "0", "x-maximum" = "1000", "x-unit" = "percent", "default" = "0")
    )]
    pub margin_percent: Amount,
    /// Added to each price of a minute, after the percentage.
    #[serde(default, with = "decimal")]
    #[schemars(
        with = "Money",
        extend("x-minimum" = "0", "x-maximum" = "10000", "x-unit" = "a minute", "default" = "0")
    )]
    pub margin_fixed: Amount,
    /// The least price of a minute.
    #[serde(default, with = "decimal")]
    #[schemars(
        with = "Money",
        extend("x-minimum" = "0", "x-maximum" = "10000", "x-unit" = "a minute", "default" = "0")
    )]
    pub floor: Amount,
    /// To how many decimals prices and fees are rounded up.
    #[serde(default = "all_decimals")]
    #[schemars(range(max = DECIMALS_MAX))]
    pub decimals: u8,
    /// Whose billing intervals and grace period a built row has.
    #[serde(default)]
    pub intervals: IntervalSource,
    /// Other margins for some numbers. One for a destination goes before those for prefixes, and of these
    /// the longest counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = Self::OVERRIDES_MAX), extend("x-widget" = "rows"))]
    pub overrides: Vec<MarginOverride>,
    /// Whether the card follows its parents.
    #[serde(default)]
    pub rebuild: Rebuild,
    /// Raise it to have a card built anew that does not follow its parents.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(max = Self::REVISION_MAX), extend("x-section" = "advanced"))]
    pub revision: u32,
}

/// Other margins than the card's for a destination or a prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarginOverride {
    /// For rows whose prefix begins with these digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 15))]
    pub prefix: Option<String>,
    /// For rows of this destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub destination: Option<String>,
    /// Added to each price and fee, in percent of it.
    #[serde(
        default,
        with = "decimal::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "Option<Money>",
        extend("x-minimum" = "0", "x-maximum" = "1000", "x-unit" = "percent", "x-default" = "the card's")
    )]
    pub margin_percent: Option<Amount>,
    /// Added to each price of a minute, after the percentage.
    #[serde(
        default,
        with = "decimal::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "Option<Money>",
        extend("x-minimum" = "0", "x-maximum" = "10000", "x-unit" = "a minute", "x-default" = "the card's")
    )]
    pub margin_fixed: Option<Amount>,
    /// The least price of a minute.
    #[serde(
        default,
        with = "decimal::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "Option<Money>",
        extend("x-minimum" = "0", "x-maximum" = "10000", "x-unit" = "a minute", "x-default" = "the card's")
    )]
    pub floor: Option<Amount>,
}

/// What is made of the rates of several parents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Combination {
    /// The parent whose talk is expected to cost most: no route is then sold below its cost.
    #[default]
    Max,
    /// The parent whose talk is expected to cost least.
    Min,
    /// The mean of each price and fee, with the longest intervals of them.
    Average,
}

/// Whose billing intervals a built row has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IntervalSource {
    /// Those of the parent's row.
    #[default]
    Parent,
    /// Those of the card itself.
    Own,
}

/// Whether a built card follows its parents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rebuild {
    /// It is built anew by each push that changes a parent or an exchange rate.
    #[default]
    Automatic,
    /// It stays as it was built until the card itself changes; it is shown as stale meanwhile.
    Manual,
}

fn all_decimals() -> u8 {
    DECIMALS_MAX
}

fn is_zero(revision: &u32) -> bool {
    *revision == 0
}

impl BuiltFrom {
    /// Most parents of one card.
    pub const PARENTS_MAX: usize = 50;
    /// Most overrides of one card.
    pub const OVERRIDES_MAX: usize = 1_000;
    /// Highest revision.
    pub const REVISION_MAX: u32 = 1_000_000_000;

    /// The prices of one card as they are.
    pub fn of_one(parent: impl Into<Ref<RateCard>>) -> Self {
        Self {
            parents: vec![parent.into()],
            combine: Combination::default(),
            margin_percent: Amount::ZERO,
            margin_fixed: Amount::ZERO,
            floor: Amount::ZERO,
            decimals: all_decimals(),
            intervals: IntervalSource::default(),
            overrides: Vec::new(),
            rebuild: Rebuild::default(),
            revision: 0,
        }
    }

    pub(crate) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut seen = BTreeSet::new();
        for (index, parent) in self.parents.iter().enumerate() {
            if !seen.insert(parent.as_str()) {
                let field = format!("built_from.parents[{index}]");
                problems.push(Problem::in_field(field, "stands in the list already"));
            }
        }
        let mut seen = BTreeSet::new();
        for (index, other) in self.overrides.iter().enumerate() {
            let field = |name: &str| format!("built_from.overrides[{index}].{name}");
            let what = match (&other.prefix, &other.destination) {
                (Some(prefix), None) => ("prefix", prefix),
                (None, Some(destination)) => ("destination", destination),
                _ => {
                    let message = "write either a prefix or a destination";
                    problems.push(Problem::in_field(field("prefix"), message));
                    continue;
                }
            };
            if let ("prefix", prefix) = what
                && let Err(error) = Prefix::parse(prefix.as_bytes())
            {
                problems.push(Problem::in_field(field("prefix"), error));
            }
            if !seen.insert(what) {
                problems.push(Problem::in_field(
                    field(what.0),
                    "stands in the list already",
                ));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::ResourceKind;
    use crate::testing::{assert_sound, faults};
    use serde_json::{Value, json};

    const KIND: ResourceKind = ResourceKind::RateCard;

    fn card(built_from: Value) -> Value {
        json!({ "currency": "USD", "built_from": built_from })
    }

    #[test]
    fn faults_are_named() {
        assert_sound(KIND, card(json!({ "parents": ["a"] })));
        assert_sound(
            KIND,
            card(
                json!({ "parents": ["a", "b"], "combine": "average", "margin_percent": "12.5",
                "margin_fixed": "0.001", "floor": "0.01", "decimals": 4, "intervals": "own",
                "rebuild": "manual", "revision": 2, "overrides": [
                    { "prefix": "20", "margin_percent": "5" },
                    { "destination": "Egypt Mobile", "floor": "0.1" }] }),
            ),
        );
        let own = json!({ "currency": "USD", "built_from": { "parents": ["a"] }, "rates": [
            { "prefix": "20", "destination": "Egypt", "rate_per_minute": "0.1" }] });
        assert_sound(KIND, own);
        let with_overrides =
            |overrides: Value| card(json!({ "parents": ["a"], "overrides": overrides }));
        let cases = [
            (card(json!({ "parents": [] })), "built_from.parents"),
            (
                card(json!({ "parents": ["a", "b", "a"] })),
                "built_from.parents[2]",
            ),
            (
                card(json!({ "parents": ["a"], "margin_percent": "-1" })),
                "built_from.margin_percent",
            ),
            (
                card(json!({ "parents": ["a"], "margin_percent": "1001" })),
                "built_from.margin_percent",
            ),
            (
                card(json!({ "parents": ["a"], "decimals": 10 })),
                "built_from.decimals",
            ),
            (
                with_overrides(json!([{ "margin_percent": "5" }])),
                "built_from.overrides[0].prefix",
            ),
            (
                with_overrides(json!([{ "prefix": "2", "destination": "Egypt" }])),
                "built_from.overrides[0].prefix",
            ),
            (
                with_overrides(json!([{ "prefix": "+20" }])),
                "built_from.overrides[0].prefix",
            ),
            (
                with_overrides(json!([{ "prefix": "20" }, { "prefix": "20" }])),
                "built_from.overrides[1].prefix",
            ),
            (
                json!({ "currency": "USD", "built_from": { "parents": ["a"] }, "rates_file": "a.csv" }),
                "rates_file",
            ),
        ];
        for (spec, field) in cases {
            assert_eq!(faults(KIND, spec.clone()), [field], "{spec}");
        }
    }
}
