//! Which shared rules and lists the numbers of calls go through.

use crate::fields::number_class::{NumberClass, NumberValidation, UnknownNumbers};
use crate::fields::reference::Ref;
use crate::kinds::{CliRules, NumberList, TranslationRules};
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Translation rules, number lists, classes and CLI rules of a customer, a carrier or a trunk.
///
/// A call comes through the rules of its ingress trunk (after the trunk's own `called_number` and
/// `calling_number`) and those of its customer, then through the lists of the trunk and those of the
/// customer, then through the classes of both and the CLI rules of the trunk or else the customer. Limits,
/// rates and routes see the numbers after that. It leaves through the lists of the carrier and those of the
/// egress trunk, the classes of both, the CLI rules of the trunk or else the carrier, then through the rules of both and the trunk's own
/// `called_number` and `calling_number`.
///
/// Lists are gone through once, in their order, and each looks at what those before it left: what a list
/// made of a number never comes back to an earlier one.
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
    /// Lists, in the order in which they are gone through. Those that allow or deny must let a call
    /// through, each of them: a customer's and an ingress trunk's refuse the call, a carrier's and an egress
    /// trunk's leave their routes out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = Self::LISTS_MAX))]
    pub lists: Vec<Ref<NumberList>>,
    /// Classes of called numbers that are not let through: a customer's and an ingress trunk's refuse
    /// the call, a carrier's and an egress trunk's leave their routes out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = Self::CLASSES_MAX))]
    pub blocked_classes: Vec<NumberClass>,
    /// What becomes of called numbers that no range of a numbering plan holds, so that nobody knows their class.
    /// The 0 or 1 of national dialling behind a country code and digits too many do not hide a class. For
    /// policies with `blocked_classes`.
    #[serde(default, skip_serializing_if = "UnknownNumbers::are_allowed")]
    pub unknown_numbers: UnknownNumbers,
    /// What becomes of called numbers that no numbering plan knows: they are taken, or refused as
    /// invalid; a carrier's and an egress trunk's leave their routes out.
    #[serde(default, skip_serializing_if = "NumberValidation::is_off")]
    pub validation: NumberValidation,
    /// Which calling numbers are taken and presented. A trunk's own stand in place of its customer's or
    /// carrier's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-default" = "each as it is"))]
    pub cli_rules: Option<Ref<CliRules>>,
}

impl NumberPolicy {
    /// Most lists of one customer, carrier or trunk.
    pub const LISTS_MAX: usize = 16;

    /// As many classes as there are.
    pub const CLASSES_MAX: usize = 13;

    /// Whether it changes and refuses nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check(&self, field: &str) -> impl Iterator<Item = Problem> {
        let lists = repeated(format!("{field}.lists"), &self.lists);
        let classes = repeated(format!("{field}.blocked_classes"), &self.blocked_classes);
        let says_nothing = !self.unknown_numbers.are_allowed() && self.blocked_classes.is_empty();
        let unknown = says_nothing.then(|| {
            let message = "belongs to policies with `blocked_classes`; to refuse all numbers that no plan knows \
                           use `validation: valid`";
            Problem::in_field(format!("{field}.unknown_numbers"), message)
        });
        lists.chain(classes).chain(unknown)
    }
}

fn repeated<T: PartialEq>(field: String, list: &[T]) -> impl Iterator<Item = Problem> {
    list.iter().enumerate().filter_map(move |(index, item)| {
        let is_new = !list[..index].contains(item);
        let field = format!("{field}[{index}]");
        (!is_new).then(|| Problem::in_field(field, "stands in the list already"))
    })
}
