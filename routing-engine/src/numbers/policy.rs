//! What the numbers of calls of one trunk go through, its own and its customer's or carrier's.

use super::{
    ClassRules, CliRulesIndex, CompiledCliRules, CompiledNumberList, NumberRules, TagIndex,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A number list's place in its snapshot. Means nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberListIndex(pub(crate) u32);

/// Shared rules and lists in the order in which they are applied.
#[derive(Debug, Default)]
pub(crate) struct CompiledNumberPolicy {
    pub(crate) called_rules: Box<[Arc<NumberRules>]>,
    pub(crate) calling_rules: Box<[Arc<NumberRules>]>,
    pub(crate) lists: Box<[(NumberListIndex, Arc<CompiledNumberList>)]>,
    pub(crate) classes: ClassRules,
    pub(crate) cli: Option<(CliRulesIndex, Arc<CompiledCliRules>)>,
}

impl CompiledNumberPolicy {
    /// This policy and then another, with the CLI rules of this one if it has any.
    pub(crate) fn followed_by(&self, next: &Self) -> Self {
        Self {
            called_rules: joined(&self.called_rules, &next.called_rules),
            calling_rules: joined(&self.calling_rules, &next.calling_rules),
            lists: joined(&self.lists, &next.lists),
            classes: self.classes.and(next.classes),
            cli: self.cli.as_ref().or(next.cli.as_ref()).cloned(),
        }
    }

    /// The same with CLI rules that stand in place of its own, if there are any.
    pub(crate) fn with_cli_of(self, trunk: &Self) -> Self {
        Self {
            cli: trunk.cli.clone().or(self.cli),
            ..self
        }
    }

    /// Whether it may refuse a call.
    pub(crate) fn may_refuse(&self) -> bool {
        !self.lists.is_empty() || self.cli.is_some()
    }

    /// The tags that the lists may put on a call, each once.
    pub(crate) fn tags(&self) -> BTreeSet<TagIndex> {
        self.lists
            .iter()
            .filter_map(|(_, list)| list.tag())
            .collect()
    }
}

fn joined<T: Clone>(first: &[T], second: &[T]) -> Box<[T]> {
    first.iter().chain(second).cloned().collect()
}
