//! "Who gets this?" and "what does this customer get, and why?".

use super::current::{Entry, Key, Proposed};
use resources::{
    Assignable, AssignedItem, AssignmentLevel, CustomerPlace, KindEntitlements, ResourceKind,
    ResourceSpec, entitlements,
};
use std::cmp::Reverse;
use std::sync::Arc;

/// The customers who get a resource, by name, each with the level at which.
pub(crate) fn customers_of<'p>(
    set: &'p Proposed,
    entry: &Entry,
) -> Vec<(&'p Arc<Entry>, AssignmentLevel)> {
    let mut found: Vec<_> = set
        .of_kind(entry.key.owner, ResourceKind::Customer)
        .filter_map(|customer| {
            let level = level_of(set, entry, customer)?;
            Some((customer, level))
        })
        .collect();
    found.sort_by(|(one, _), (other, _)| one.key.name.cmp(&other.key.name));
    found
}

/// The resource that a customer has of a kind of which each has one.
pub(super) fn effective_of_kind<'p>(
    set: &'p Proposed,
    customer: &Entry,
    kind: ResourceKind,
) -> Option<&'p Arc<Entry>> {
    // What the customer names itself counts before all that is assigned.
    let named = customer.references.iter().find(|key| key.kind == kind);
    if let Some(entry) = named.and_then(|key| set.get(key)) {
        return Some(entry);
    }
    let place = place(set, customer)?;
    let given = set.of_kind(customer.key.owner, kind).filter_map(|entry| {
        let is_given = entry.spec.is_given_by_assignment();
        let level = is_given.then(|| entry.assign.level_for(&place))??;
        Some(((level, Reverse(&entry.key.name)), entry))
    });
    let first = given.max_by(|(one, _), (other, _)| one.cmp(other));
    first.map(|(_, entry)| entry)
}

fn level_of(set: &Proposed, entry: &Entry, customer: &Entry) -> Option<AssignmentLevel> {
    if customer.references.contains(&entry.key) {
        return Some(AssignmentLevel::Named);
    }
    if !entry.spec.is_given_by_assignment() {
        return None;
    }
    entry.assign.level_for(&place(set, customer)?)
}

/// Where a customer stands; `None` for what is no customer.
pub(super) fn place<'p>(set: &'p Proposed, customer: &'p Entry) -> Option<CustomerPlace<'p>> {
    let ResourceSpec::Customer(spec) = &customer.spec else {
        return None;
    };
    let group = spec.group.as_deref();
    let own = spec.category.as_deref();
    let category = own.or_else(|| category_of_group(set, &customer.key, group?));
    Some(CustomerPlace {
        name: &customer.key.name,
        category,
        group,
    })
}

fn category_of_group<'p>(set: &'p Proposed, customer: &Key, group: &str) -> Option<&'p str> {
    let key = customer.beside(ResourceKind::CustomerGroup, group);
    match &set.get(&key)?.spec {
        ResourceSpec::CustomerGroup(group) => Some(&group.category),
        _ => None,
    }
}

/// What a customer gets, by kind; `None` for what is no customer.
pub(crate) fn entitlements_of(set: &Proposed, customer: &Entry) -> Option<Vec<KindEntitlements>> {
    let place = place(set, customer)?;
    let named = ResourceKind::Customer.references(&customer.spec.to_value());
    let kinds = ResourceKind::ALL.into_iter();
    let kinds = kinds.filter(|kind| kind.info().assignable != Assignable::No);
    let entries = kinds.flat_map(|kind| set.of_kind(customer.key.owner, kind));
    let items =
        entries.filter_map(|entry| AssignedItem::new(&entry.key.name, &entry.spec, &entry.assign));
    Some(entitlements(&place, &named, items))
}
