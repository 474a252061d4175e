//! Change sets: drafts that are pushed together, and what became of them.
//!
//! ```text
//! draft ─► scheduled ─► pushing ─► pushed ─► rolled_back
//!   ▲ └──────────────────▲  └─► failed ─► (edited) draft, or pushed again
//!   └── (unscheduled)
//! ```
//!
//! `pushing` is written by the transaction that writes the versions, `pushed` when calls use them.
//! A process that dies in between leaves `pushing` behind; the next start reads the configuration
//! from the database, so the push has succeeded then ([`Store::settle_pushes`]).
//!
//! Each change of a change set counts its revision up. Who changes or pushes names the revision
//! that was looked at, and gets [`StoreError::ChangeSetChanged`] when it is another by now.

mod drafts;
mod edit;
mod list;
mod push;

pub use drafts::{DraftBase, DraftQuery, DraftRow, NewDraft};
pub use edit::ChangeSetEdit;
pub use list::ChangeSetQuery;
pub use push::ChangeSetPush;

use crate::database::Row;
use crate::{Store, StoreError};
use rating::Timestamp;

/// The kind of job that pushes a scheduled change set. Payload: `{"change_set": 7, "revision": 3}`.
pub const PUSH_JOB: &str = "change_set.push";

/// Where a change set stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeSetState {
    /// Drafts are collected.
    Draft,
    /// It will be pushed at its time.
    Scheduled,
    /// Its versions are written; calls do not use them yet.
    Pushing,
    /// Calls use it.
    Pushed,
    /// The last push did not succeed; nothing of it is in force.
    Failed,
    /// It was pushed, and another change set has undone it.
    RolledBack,
}

/// A change set as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSetRow {
    /// Its number.
    pub id: i64,
    /// What its author calls it.
    pub name: String,
    /// Why.
    pub note: Option<String>,
    /// Where it stands.
    pub state: ChangeSetState,
    /// Who made it.
    pub author: String,
    /// One more with each change of it.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it is to be pushed.
    pub push_at: Option<Timestamp>,
    /// Who wants it to be pushed then.
    pub scheduled_by: Option<String>,
    /// The configuration that it became.
    pub configuration: Option<u64>,
    /// When it was pushed.
    pub pushed_at: Option<Timestamp>,
    /// By whom.
    pub pushed_by: Option<String>,
    /// Why the last push did not succeed.
    pub failure: Option<String>,
    /// The change set that this one undoes.
    pub rolls_back: Option<i64>,
    /// The change set that undid this one.
    pub rolled_back_by: Option<i64>,
    /// How many drafts it has.
    pub drafts: u64,
}

/// A change set that is about to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewChangeSet {
    /// What its author calls it.
    pub name: String,
    /// Why.
    pub note: Option<String>,
    /// Who makes it.
    pub author: String,
    /// When.
    pub at: Timestamp,
    /// The change set that it undoes.
    pub rolls_back: Option<i64>,
}

const COLUMNS: &str = "c.id, c.name, c.note, c.state, c.author, c.revision, c.created_at, \
    c.updated_at, c.push_at, c.scheduled_by, c.configuration, c.pushed_at, c.pushed_by, c.failure, \
    c.rolls_back, c.rolled_back_by, \
    (SELECT COUNT(*) FROM change_set_draft d WHERE d.change_set_id = c.id)";

impl ChangeSetState {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Draft,
        Self::Scheduled,
        Self::Pushing,
        Self::Pushed,
        Self::Failed,
        Self::RolledBack,
    ];

    /// As it is written in the table and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Pushing => "pushing",
            Self::Pushed => "pushed",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether its drafts may be changed.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Draft | Self::Failed)
    }
}

fn change_set(row: &Row) -> Result<ChangeSetRow, StoreError> {
    let time = |column: usize| -> Result<Option<Timestamp>, StoreError> {
        Ok(row.get::<Option<i64>>(column)?.map(Timestamp))
    };
    let state: String = row.get(3)?;
    let unknown = || StoreError::column("state", format!("`{state}` is no state"));
    Ok(ChangeSetRow {
        id: row.get(0)?,
        name: row.get(1)?,
        note: row.get(2)?,
        state: ChangeSetState::from_name(&state).ok_or_else(unknown)?,
        author: row.get(4)?,
        revision: row.unsigned(5)?,
        created_at: Timestamp(row.get(6)?),
        updated_at: Timestamp(row.get(7)?),
        push_at: time(8)?,
        scheduled_by: row.get(9)?,
        configuration: row.get::<Option<i64>>(10)?.map(i64::unsigned_abs),
        pushed_at: time(11)?,
        pushed_by: row.get(12)?,
        failure: row.get(13)?,
        rolls_back: row.get(14)?,
        rolled_back_by: row.get(15)?,
        drafts: row.unsigned(16)?,
    })
}

#[cfg(test)]
mod tests;
