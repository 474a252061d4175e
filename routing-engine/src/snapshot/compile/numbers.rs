//! Number policies: from names to compiled rules and lists, each compiled once.

use super::{Compiler, Key, Snapshot, key, resource};
use crate::Problem;
use crate::numbers::{
    ClassRules, CliRulesIndex, CompiledCliRules, CompiledNumberList, CompiledNumberPolicy,
    NumberListIndex, NumberRules, TagIndex,
};
use crate::resources::{
    Carrier, CliRules, Customer, NumberList, NumberPolicy, Ref, ResourceKind, ResourcesRef,
    StoredRef, TAGS_MAX, Tag, TranslationRules, Trunk,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What policies can name, and the policies of those whose trunks share them.
pub(super) struct Numbers<'r> {
    rules: BTreeMap<Key<'r>, Arc<NumberRules>>,
    lists: BTreeMap<Key<'r>, (NumberListIndex, Arc<CompiledNumberList>)>,
    cli_rules: BTreeMap<Key<'r>, (CliRulesIndex, Arc<CompiledCliRules>)>,
    customers: BTreeMap<Key<'r>, CompiledNumberPolicy>,
    carriers: BTreeMap<Key<'r>, CompiledNumberPolicy>,
    /// What lists put on calls and routes ask for, in order. The same name is the same tag for every
    /// owner: no call of one takes a route of another.
    tags: Vec<&'r str>,
}

/// On which side numbers go through a policy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

impl<'r> Numbers<'r> {
    pub(super) fn compile(
        resources: &ResourcesRef<'r>,
        previous: Option<&Snapshot>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let rules = resources.translation_rules.iter();
        let tags = tags(resources);
        let lists = (0..).map(NumberListIndex).zip(&resources.number_lists);
        let known = previous.map(Snapshot::cli_rules_by_id).unwrap_or_default();
        let cli_rules = (0..).map(CliRulesIndex).zip(&resources.cli_rules);
        let cli_rules = cli_rules.map(|(index, rules)| {
            let compiled = compiled_cli_rules(rules, known.get(&rules.id).copied());
            (key(rules), (index, compiled))
        });
        let mut numbers = Self {
            cli_rules: cli_rules.collect(),
            rules: rules
                .map(|rules| (key(rules), compiled_rules(rules, previous)))
                .collect(),
            lists: lists
                .map(|(index, list)| (key(list), (index, compiled_list(list, &tags))))
                .collect(),
            customers: BTreeMap::new(),
            carriers: BTreeMap::new(),
            tags,
        };
        let policy = |customer: &'r Customer| &customer.numbers;
        numbers.customers = numbers.of_each(
            (ResourceKind::Customer, Way::In),
            &resources.customers,
            policy,
            problems,
        );
        let policy = |carrier: &'r Carrier| &carrier.numbers;
        numbers.carriers = numbers.of_each(
            (ResourceKind::Carrier, Way::Out),
            &resources.carriers,
            policy,
            problems,
        );
        numbers
    }

    /// All rules by their identifiers, for the snapshot after.
    pub(super) fn rules_by_id(
        &self,
        resources: &ResourcesRef<'r>,
    ) -> BTreeMap<i64, Arc<NumberRules>> {
        let rules = resources.translation_rules.iter();
        rules
            .filter_map(|stored| Some((stored.id, Arc::clone(self.rules.get(&key(stored))?))))
            .collect()
    }

    /// The lists in the order of their indexes.
    pub(super) fn lists(&self) -> Box<[Arc<CompiledNumberList>]> {
        let mut lists: Vec<_> = self.lists.values().collect();
        lists.sort_unstable_by_key(|(index, _)| index.0);
        lists
            .into_iter()
            .map(|(_, list)| Arc::clone(list))
            .collect()
    }

    /// Whether any list or rule looks at more of a caller than From.
    pub(super) fn read_identity(&self) -> bool {
        let (mut lists, mut rules) = (self.lists.values(), self.cli_rules.values());
        lists.any(|(_, list)| list.reads_identity())
            || rules.any(|(_, rules)| rules.reads_identity())
    }

    /// The CLI rules in the order of their indexes.
    pub(super) fn cli_rules(&self) -> Box<[Arc<CompiledCliRules>]> {
        let mut rules: Vec<_> = self.cli_rules.values().collect();
        rules.sort_unstable_by_key(|(index, _)| index.0);
        let rules = rules.into_iter();
        rules.map(|(_, rules)| Arc::clone(rules)).collect()
    }

    /// The names of all tags, in the order of their places.
    pub(super) fn tags(&self) -> Box<[Arc<str>]> {
        self.tags.iter().map(|tag| Arc::from(*tag)).collect()
    }

    /// The places of a route's tags.
    pub(super) fn tags_of(&self, tags: &[Tag]) -> Box<[TagIndex]> {
        tags.iter().map(|tag| place_of(&self.tags, tag)).collect()
    }

    fn of_each<T>(
        &self,
        (kind, way): (ResourceKind, Way),
        stored: &[StoredRef<'r, T>],
        policy: impl Fn(&'r T) -> &'r NumberPolicy,
        problems: &mut Vec<Problem>,
    ) -> BTreeMap<Key<'r>, CompiledNumberPolicy> {
        let mut compiled = BTreeMap::new();
        for stored in stored {
            let problem = |field: String, message: String| {
                problems.push(Problem::in_field(field, message).of(kind, stored.name));
            };
            let policy = self.policy((stored.owner, way), policy(stored.spec), problem);
            compiled.insert(key(stored), policy);
        }
        compiled
    }

    /// Calls `problem` with the field and what is wrong for each name that leads nowhere.
    fn policy(
        &self,
        (owner, way): (i64, Way),
        policy: &NumberPolicy,
        mut problem: impl FnMut(String, String),
    ) -> CompiledNumberPolicy {
        let mut rules = |field: &str, name: &Option<Ref<TranslationRules>>| {
            let name = name.as_deref()?;
            let found = self.rules.get(&(owner, name)).cloned();
            if found.is_none() {
                let message = format!("there are no translation rules \"{name}\"");
                problem(format!("numbers.{field}"), message);
            }
            found
        };
        let called_rules = rules("called_rules", &policy.called_rules);
        let calling_rules = rules("calling_rules", &policy.calling_rules);
        let mut lists = Vec::new();
        for (index, name) in policy.lists.iter().enumerate() {
            match self.lists.get(&(owner, name.as_str())) {
                Some((_, list)) if way == Way::Out && list.tag().is_some() => {
                    let message = format!(
                        "number list \"{name}\" tags calls: only customers and ingress trunks can name it"
                    );
                    problem(format!("numbers.lists[{index}]"), message);
                }
                Some(found) => lists.push(found.clone()),
                None => {
                    let message = format!("there is no number list \"{name}\"");
                    problem(format!("numbers.lists[{index}]"), message);
                }
            }
        }
        let cli = policy.cli_rules.as_deref().and_then(|name| {
            let found = self.cli_rules.get(&(owner, name)).cloned();
            if found.is_none() {
                let message = format!("there are no CLI rules \"{name}\"");
                problem("numbers.cli_rules".to_owned(), message);
            }
            found
        });
        CompiledNumberPolicy {
            called_rules: called_rules.into_iter().collect(),
            calling_rules: calling_rules.into_iter().collect(),
            lists: lists.into(),
            classes: ClassRules::new(
                &policy.blocked_classes,
                policy.unknown_numbers,
                policy.validation,
            ),
            cli,
        }
    }
}

/// Those of the snapshot before when they say the same: threads have working memory for them.
fn compiled_rules(
    rules: &StoredRef<'_, TranslationRules>,
    previous: Option<&Snapshot>,
) -> Arc<NumberRules> {
    let known = previous.and_then(|previous| previous.number_rules.get(&rules.id));
    match known.filter(|known| known.is_of(rules.name, rules.spec)) {
        Some(known) => Arc::clone(known),
        None => Arc::new(NumberRules::compile(rules.name, rules.spec)),
    }
}

fn compiled_list(list: &StoredRef<'_, NumberList>, tags: &[&str]) -> Arc<CompiledNumberList> {
    let place = |tag: &str| place_of(tags, tag);
    Arc::new(CompiledNumberList::compile(
        resource(list),
        list.spec,
        place,
    ))
}

/// Those of the snapshot before when they say the same: threads have working memory for their patterns.
fn compiled_cli_rules(
    rules: &StoredRef<'_, CliRules>,
    known: Option<&Arc<CompiledCliRules>>,
) -> Arc<CompiledCliRules> {
    match known.filter(|known| known.is_of(rules.name, rules.spec)) {
        Some(known) => Arc::clone(known),
        None => {
            let known = known.map(|known| &**known);
            Arc::new(CompiledCliRules::compile(
                resource(rules),
                rules.spec,
                known,
            ))
        }
    }
}

/// All tags that anything names, each once.
fn tags<'r>(resources: &ResourcesRef<'r>) -> Vec<&'r str> {
    let lists = resources.number_lists.iter();
    let of_lists = lists.filter_map(|list| list.spec.tag.as_deref());
    let routes = resources.routes.iter().map(|route| route.spec);
    let of_routes = routes.flat_map(|route| route.tags_required.iter().chain(&route.tags_excluded));
    let all: BTreeSet<&str> = of_lists.chain(of_routes.map(|tag| &**tag)).collect();
    all.into_iter().collect()
}

/// Each that is asked for is there.
fn place_of(tags: &[&str], tag: &str) -> TagIndex {
    TagIndex(tags.partition_point(|other| *other < tag) as u32)
}

impl Compiler<'_, '_> {
    /// What numbers go through on their way in: the trunk's policy, then its customer's.
    pub(super) fn ingress_numbers(&mut self, trunk: &StoredRef<'_, Trunk>) -> CompiledNumberPolicy {
        let own = self.trunk_numbers(trunk, Way::In);
        let name = trunk.spec.customer.as_deref().unwrap_or("");
        let policy = match self.numbers.customers.get(&(trunk.owner, name)) {
            Some(customers) => own.followed_by(customers),
            None => own,
        };
        let tags_count = policy.tags().len();
        if tags_count > TAGS_MAX {
            let message = format!(
                "its lists and those of its customer put {tags_count} tags on a call: at most \
                 {TAGS_MAX} are possible"
            );
            let problem = Problem::in_field("numbers.lists", message);
            self.problems
                .push(problem.of(ResourceKind::Trunk, trunk.name));
        }
        policy
    }

    /// What numbers go through on their way out: the carrier's policy, then the trunk's.
    pub(super) fn egress_numbers(&mut self, trunk: &StoredRef<'_, Trunk>) -> CompiledNumberPolicy {
        let own = self.trunk_numbers(trunk, Way::Out);
        let name = trunk.spec.carrier.as_deref().unwrap_or("");
        match self.numbers.carriers.get(&(trunk.owner, name)) {
            Some(carriers) => carriers.followed_by(&own).with_cli_of(&own),
            None => own,
        }
    }

    fn trunk_numbers(&mut self, trunk: &StoredRef<'_, Trunk>, way: Way) -> CompiledNumberPolicy {
        let problems = &mut self.problems;
        let problem = |field: String, message: String| {
            problems.push(Problem::in_field(field, message).of(ResourceKind::Trunk, trunk.name));
        };
        self.numbers
            .policy((trunk.owner, way), &trunk.spec.numbers, problem)
    }
}
