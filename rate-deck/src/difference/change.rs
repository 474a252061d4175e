//! The changes of single rates, and how many there are of each kind.

use crate::table::Key;
use rating::{Amount, Timestamp};
use serde::Serialize;
use std::fmt;

/// What becomes of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// There was none.
    New,
    /// It costs more: the sample calls of [`rating::expected`] do, intervals and fees included.
    Increase,
    /// It costs less.
    Decrease,
    /// It costs the same by other terms, or under another name.
    Changed,
    /// It is not offered any more.
    Removed,
    /// It had no end and has one by the deck, and nothing follows: a shorter prefix counts then.
    Ends,
    /// It is as it was.
    Unchanged,
}

/// One rate that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of what.
    pub key: Key,
    /// How.
    pub kind: ChangeKind,
    /// The price of a minute before; `None` for a new one.
    pub old_rate: Option<Amount>,
    /// What a minute cost by a shorter prefix before a new one, or costs after one that is removed.
    pub covering_rate: Option<Amount>,
    /// The price of a minute after; `None` for one that is removed or ends.
    pub new_rate: Option<Amount>,
    /// From when on.
    pub effective: Timestamp,
    /// When the deck says that it is over.
    pub until: Option<Timestamp>,
    /// It costs more, and the deck wanted it sooner than its notice allows.
    pub is_postponed: bool,
    /// The line of the deck; 0 for one that is removed.
    pub line: u32,
}

/// How many rates change in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// [`ChangeKind::New`].
    pub new: u64,
    /// [`ChangeKind::Increase`].
    pub increase: u64,
    /// [`ChangeKind::Decrease`].
    pub decrease: u64,
    /// [`ChangeKind::Changed`].
    pub changed: u64,
    /// [`ChangeKind::Removed`].
    pub removed: u64,
    /// [`ChangeKind::Ends`].
    pub ends: u64,
    /// [`ChangeKind::Unchanged`].
    pub unchanged: u64,
    /// What costs more and its notice postpones.
    pub postponed: u64,
    /// Prefixes that are not removed, as a rejected row may have been about them.
    pub kept: u64,
    /// Rates of the deck that were over when it came.
    pub over: u64,
}

impl Summary {
    /// Counts one change.
    pub(super) fn count(&mut self, change: &Change) {
        let count = match change.kind {
            ChangeKind::New => &mut self.new,
            ChangeKind::Increase => &mut self.increase,
            ChangeKind::Decrease => &mut self.decrease,
            ChangeKind::Changed => &mut self.changed,
            ChangeKind::Removed => &mut self.removed,
            ChangeKind::Ends => &mut self.ends,
            ChangeKind::Unchanged => &mut self.unchanged,
        };
        *count += 1;
        self.postponed += u64::from(change.is_postponed);
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "new",
            Self::Increase => "increase",
            Self::Decrease => "decrease",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Ends => "ends",
            Self::Unchanged => "unchanged",
        })
    }
}
