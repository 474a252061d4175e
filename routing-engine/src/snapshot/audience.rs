//! To whom something is assigned, asked when a call is decided: nothing is listed for each customer.

use crate::resources::AssignmentLevel;

/// Whom something is assigned to, all of one owner.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    pub(super) is_all: bool,
    pub(super) categories: Names,
    pub(super) groups: Names,
    pub(super) customers: Names,
}

/// Numbers that stand for names.
#[derive(Debug, Default)]
pub(super) struct Names(Box<[u32]>);

/// A customer as assignments see it. What no assignment names has no number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recipient {
    pub(super) customer: Option<u32>,
    pub(super) group: Option<u32>,
    pub(super) category: Option<u32>,
}

impl Audience {
    /// Whether it means more than customers by their names.
    pub(super) fn is_shared(&self) -> bool {
        self.is_all || !self.categories.0.is_empty() || !self.groups.0.is_empty()
    }

    /// The customers that are meant by their names.
    pub(super) fn customers(&self) -> impl Iterator<Item = u32> + '_ {
        self.customers.0.iter().copied()
    }

    /// The most specific level at which a customer of the same owner is meant.
    pub(crate) fn level_for(&self, recipient: &Recipient) -> Option<AssignmentLevel> {
        if self.customers.contains(recipient.customer) {
            Some(AssignmentLevel::Customer)
        } else if self.groups.contains(recipient.group) {
            Some(AssignmentLevel::Group)
        } else if self.categories.contains(recipient.category) {
            Some(AssignmentLevel::Category)
        } else {
            self.is_all.then_some(AssignmentLevel::All)
        }
    }
}

impl Names {
    fn contains(&self, name: Option<u32>) -> bool {
        name.is_some_and(|name| self.0.binary_search(&name).is_ok())
    }
}

impl FromIterator<u32> for Names {
    fn from_iter<I: IntoIterator<Item = u32>>(names: I) -> Self {
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        Self(names.into())
    }
}
