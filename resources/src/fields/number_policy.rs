//! Which shared rules and lists the numbers of calls go through.

use crate::fields::reference::Ref;
use crate::kinds::{NumberList, TranslationRules};
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Translation rules and number lists of a customer, a carrier or a trunk.
///
/// A call comes through the rules of its ingress trunk (after the trunk's own `called_number` and
/// `calling_number`) and then those of its customer; it leaves through those of the carrier and then
/// those of the egress trunk. Lists look at both numbers as they are in between, where routes and
/// rates see them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberPolicy {
    /// How the called number is rewritten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-default" = "it is not"))]
    pub called_rules: Option<Ref<TranslationRules>>,
    /// How the calling number is rewritten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-default" = "it is not"))]
    pub calling_rules: Option<Ref<TranslationRules>>,
    /// Lists that must let a call through, each of them: a customer's and an ingress trunk's refuse
    /// the call, a carrier's and an egress trunk's leave their routes out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = Self::LISTS_MAX))]
    pub lists: Vec<Ref<NumberList>>,
}

impl NumberPolicy {
    /// Most lists of one customer, carrier or trunk.
    pub const LISTS_MAX: usize = 16;

    /// Whether it changes and refuses nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check(&self, field: &str) -> impl Iterator<Item = Problem> {
        self.lists
            .iter()
            .enumerate()
            .filter_map(move |(index, list)| {
                let is_new = !self.lists[..index].contains(list);
                let field = format!("{field}.lists[{index}]");
                (!is_new).then(|| Problem::in_field(field, "stands in the list already"))
            })
    }
}
