//! What somebody may do.

use super::Permission;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A set of permissions. Cheap to clone: it goes with every request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermissionSet(Arc<BTreeSet<Permission>>);

impl PermissionSet {
    /// Everything there is.
    pub fn all() -> Self {
        Permission::ALL.iter().copied().collect()
    }

    /// Whether `permission` is in it.
    pub fn contains(&self, permission: Permission) -> bool {
        self.0.contains(&permission)
    }

    /// Whether all of `other` is in it: nobody hands out more than they have.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.is_subset(&self.0)
    }

    /// What is in both: a key never does more than its creator still may.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.0.intersection(&other.0).copied().collect()
    }

    /// What is in this one and not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.0.difference(&other.0).copied().collect()
    }

    /// The members in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = Permission> {
        self.0.iter().copied()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(Arc::new(permissions.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_hands_out_more_than_they_have() {
        let few: PermissionSet = [Permission::CDR_READ].into_iter().collect();
        let other: PermissionSet = [Permission::CDR_READ, Permission::APPLY_USE]
            .into_iter()
            .collect();
        assert!(other.covers(&few) && !few.covers(&other));
        assert_eq!(few.intersection(&other), few);
        let missing: Vec<_> = other.difference(&few).iter().collect();
        assert_eq!(missing, [Permission::APPLY_USE]);
    }
}
