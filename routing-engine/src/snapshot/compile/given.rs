//! What is assigned to whom, while a snapshot is compiled.

use super::Key;
use crate::resources::{Assignment, AssignmentLevel, CustomerPlace, StoredRef};
use crate::snapshot::audience::{Audience, Recipient};
use std::collections::HashMap;

/// Who is given what of one kind, by place in its list.
#[derive(Default)]
pub(super) struct Given<'r> {
    pub(super) to_all: HashMap<i64, Vec<u32>>,
    pub(super) to_categories: HashMap<Key<'r>, Vec<u32>>,
    pub(super) to_groups: HashMap<Key<'r>, Vec<u32>>,
    pub(super) to_customers: HashMap<Key<'r>, Vec<u32>>,
}

/// The numbers of all names that assignments have.
#[derive(Default)]
pub(super) struct Recipients<'r> {
    categories: HashMap<Key<'r>, u32>,
    groups: HashMap<Key<'r>, u32>,
    customers: HashMap<Key<'r>, u32>,
}

impl<'r> Recipients<'r> {
    pub(super) fn audience(&mut self, owner: i64, assign: &'r Assignment) -> Audience {
        Audience {
            is_all: assign.all,
            categories: numbers(&mut self.categories, owner, &assign.categories).collect(),
            groups: numbers(&mut self.groups, owner, &assign.groups).collect(),
            customers: numbers(&mut self.customers, owner, &assign.customers).collect(),
        }
    }

    /// A customer, once all audiences are known.
    pub(super) fn recipient(&self, owner: i64, customer: &CustomerPlace<'r>) -> Recipient {
        let number = |of: &HashMap<Key<'r>, u32>, name| of.get(&(owner, name)).copied();
        Recipient {
            customer: number(&self.customers, customer.name),
            group: customer.group.and_then(|name| number(&self.groups, name)),
            category: customer
                .category
                .and_then(|name| number(&self.categories, name)),
        }
    }
}

fn numbers<'a, 'r>(
    known: &'a mut HashMap<Key<'r>, u32>,
    owner: i64,
    names: &'r [String],
) -> impl Iterator<Item = u32> + use<'a, 'r> {
    names.iter().map(move |name| {
        let next = known.len() as u32;
        *known.entry((owner, name.as_str())).or_insert(next)
    })
}

impl<'r> Given<'r> {
    pub(super) fn new<T: 'r>(all: &[StoredRef<'r, T>]) -> Self {
        let mut given = Self::default();
        for (stored, place) in all.iter().zip(0..) {
            given.note(stored.owner, stored.assign, place);
        }
        given
    }

    pub(super) fn note(&mut self, owner: i64, assign: &'r Assignment, place: u32) {
        if assign.all {
            self.to_all.entry(owner).or_default().push(place);
        }
        for (to, names) in [
            (&mut self.to_categories, &assign.categories),
            (&mut self.to_groups, &assign.groups),
            (&mut self.to_customers, &assign.customers),
        ] {
            for name in names {
                to.entry((owner, name)).or_default().push(place);
            }
        }
    }

    /// What a customer gets, each once with its most specific level, by place.
    pub(super) fn to(
        &self,
        owner: i64,
        customer: &CustomerPlace<'r>,
    ) -> Vec<(u32, AssignmentLevel)> {
        let named = |of: &HashMap<Key<'r>, Vec<u32>>, name: Option<&'r str>| {
            let found = name.and_then(|name| of.get(&(owner, name)));
            found.cloned().unwrap_or_default()
        };
        let levels = [
            (
                AssignmentLevel::Customer,
                named(&self.to_customers, Some(customer.name)),
            ),
            (
                AssignmentLevel::Group,
                named(&self.to_groups, customer.group),
            ),
            (
                AssignmentLevel::Category,
                named(&self.to_categories, customer.category),
            ),
            (
                AssignmentLevel::All,
                self.to_all.get(&owner).cloned().unwrap_or_default(),
            ),
        ];
        let levels = levels.into_iter();
        let mut all: Vec<_> = levels
            .flat_map(|(level, places)| places.into_iter().map(move |place| (place, level)))
            .collect();
        // Stable: of one place the most specific level stands first.
        all.sort_by_key(|(place, _)| *place);
        all.dedup_by_key(|(place, _)| *place);
        all
    }
}
