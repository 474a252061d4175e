//! Which customers get a resource, at which level, and which of several counts.

use crate::checks::NAME_CHARS_MAX;
use crate::kind::Assignable;
use crate::kinds::{ResourceKind, ResourceSpec};
use crate::problem::Problem;
use crate::references::Reference;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most names in one list of an assignment.
const NAMES_MAX: usize = 10_000;

/// Who gets a resource: all customers, or those of categories and groups, or single ones.
///
/// Nothing written means all. An assignment that is written and empty means nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// Every customer of the owner gets it. Default: no, when an assignment is written.
    #[serde(default)]
    pub all: bool,
    /// Names of customer categories whose customers get it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Names of customer groups whose customers get it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Names of customers who get it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customers: Vec<String>,
}

/// How specifically a customer gets a resource; the greater counts.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentLevel {
    /// It is assigned to all.
    All,
    /// It is assigned to the customer's category.
    Category,
    /// It is assigned to the customer's group.
    Group,
    /// It is assigned to the customer.
    Customer,
    /// The customer's own spec names it.
    Named,
}

/// Where a customer stands. The category of a customer that names only its group is the group's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CustomerPlace<'a> {
    /// The customer.
    pub name: &'a str,
    /// Its category.
    pub category: Option<&'a str>,
    /// Its group.
    pub group: Option<&'a str>,
}

/// A customer that gets a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Beneficiary {
    /// The customer's name.
    pub name: String,
    /// At which level.
    pub level: AssignmentLevel,
}

/// A resource that is given by assignment.
#[derive(Clone, Copy, Debug)]
pub struct AssignedItem<'a> {
    kind: ResourceKind,
    name: &'a str,
    assign: &'a Assignment,
}

/// What a customer gets of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KindEntitlements {
    /// The kind.
    pub kind: ResourceKind,
    /// Whether all count, or one.
    pub assignable: Assignable,
    /// The most specific first, then by name.
    pub items: Vec<Entitlement>,
}

/// A resource that a customer gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entitlement {
    /// The resource's name.
    pub name: String,
    /// At which level.
    pub level: AssignmentLevel,
    /// Whether it counts: of a kind of which a customer has one, only the first does.
    pub is_effective: bool,
}

impl Default for Assignment {
    fn default() -> Self {
        Self {
            all: true,
            categories: Vec::new(),
            groups: Vec::new(),
            customers: Vec::new(),
        }
    }
}

impl Assignment {
    /// Whether it is to all and says nothing else.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// To nobody.
    pub fn nobody() -> Self {
        Self {
            all: false,
            ..Self::default()
        }
    }

    /// At which level a customer gets it; `None` when it does not.
    pub fn level_for(&self, customer: &CustomerPlace<'_>) -> Option<AssignmentLevel> {
        let has = |names: &[String], name: Option<&str>| {
            name.is_some_and(|name| names.iter().any(|entry| entry == name))
        };
        if has(&self.customers, Some(customer.name)) {
            Some(AssignmentLevel::Customer)
        } else if has(&self.groups, customer.group) {
            Some(AssignmentLevel::Group)
        } else if has(&self.categories, customer.category) {
            Some(AssignmentLevel::Category)
        } else {
            self.all.then_some(AssignmentLevel::All)
        }
    }

    /// The categories, groups and customers that it names.
    pub fn references(&self) -> Vec<Reference> {
        self.lists()
            .into_iter()
            .flat_map(|(field, kind, names)| {
                let indexed = names.iter().enumerate();
                indexed.map(move |(index, name)| Reference {
                    field: format!("assign.{field}[{index}]"),
                    kind,
                    name: name.clone(),
                })
            })
            .collect()
    }

    /// Follows a rename of a category, group or customer. Returns how many names were changed.
    pub fn rename_references(&mut self, of: ResourceKind, from: &str, to: &str) -> usize {
        let names = match of {
            ResourceKind::CustomerCategory => &mut self.categories,
            ResourceKind::CustomerGroup => &mut self.groups,
            ResourceKind::Customer => &mut self.customers,
            _ => return 0,
        };
        let matching = names.iter_mut().filter(|name| *name == from);
        matching.map(|name| to.clone_into(name)).count()
    }

    /// What is wrong with the lists; each problem names its entry.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (field, _, names) in self.lists() {
            if names.len() > NAMES_MAX {
                let message = format_args!("at most {NAMES_MAX} names stand here: use a group");
                problems.push(Problem::in_field(format!("assign.{field}"), message));
            }
            for (index, name) in names.iter().enumerate() {
                let length = name.chars().count();
                if !(1..=NAME_CHARS_MAX).contains(&length) {
                    let message = "write the name of the resource that is meant";
                    let field = format!("assign.{field}[{index}]");
                    problems.push(Problem::in_field(field, message));
                }
            }
        }
        problems
    }

    fn lists(&self) -> [(&'static str, ResourceKind, &[String]); 3] {
        [
            (
                "categories",
                ResourceKind::CustomerCategory,
                &self.categories,
            ),
            ("groups", ResourceKind::CustomerGroup, &self.groups),
            ("customers", ResourceKind::Customer, &self.customers),
        ]
    }
}

impl<'a> AssignedItem<'a> {
    /// The resource as one that customers get; `None` when it is not given by assignment.
    pub fn new(name: &'a str, spec: &ResourceSpec, assign: &'a Assignment) -> Option<Self> {
        spec.is_given_by_assignment().then(|| Self {
            kind: spec.kind(),
            name,
            assign,
        })
    }
}

/// "Who gets this?": in the order of the customers given.
pub fn who_gets<'a>(
    assign: &Assignment,
    customers: impl IntoIterator<Item = CustomerPlace<'a>>,
) -> Vec<Beneficiary> {
    customers
        .into_iter()
        .filter_map(|customer| {
            assign.level_for(&customer).map(|level| Beneficiary {
                name: customer.name.to_owned(),
                level,
            })
        })
        .collect()
}

/// "What does this customer get, and why?": for each kind that it gets anything of.
///
/// `named` are the references of the customer's own spec: what it names itself counts before all
/// that is assigned, of kinds of which a customer has one.
pub fn entitlements<'a>(
    customer: &CustomerPlace<'_>,
    named: &[Reference],
    items: impl IntoIterator<Item = AssignedItem<'a>>,
) -> Vec<KindEntitlements> {
    let mut levels: BTreeMap<(ResourceKind, String), AssignmentLevel> = BTreeMap::new();
    for item in items {
        if let Some(level) = item.assign.level_for(customer) {
            levels.insert((item.kind, item.name.to_owned()), level);
        }
    }
    let has_one = |kind: ResourceKind| kind.info().assignable == Assignable::One;
    for reference in named.iter().filter(|reference| has_one(reference.kind)) {
        let key = (reference.kind, reference.name.clone());
        levels.insert(key, AssignmentLevel::Named);
    }
    let mut kinds: BTreeMap<ResourceKind, Vec<Entitlement>> = BTreeMap::new();
    for ((kind, name), level) in levels {
        kinds.entry(kind).or_default().push(Entitlement {
            name,
            level,
            is_effective: true,
        });
    }
    kinds.into_iter().map(in_order).collect()
}

fn in_order((kind, mut items): (ResourceKind, Vec<Entitlement>)) -> KindEntitlements {
    let assignable = kind.info().assignable;
    items.sort_by(|one, other| (other.level, &one.name).cmp(&(one.level, &other.name)));
    if assignable == Assignable::One {
        for item in items.iter_mut().skip(1) {
            item.is_effective = false;
        }
    }
    KindEntitlements {
        kind,
        assignable,
        items,
    }
}

#[cfg(test)]
mod tests;
