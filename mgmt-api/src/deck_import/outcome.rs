//! What was found in a deck, as the API tells it and the database keeps it.

use crate::values::{Money, Time};
use rate_deck::difference::{Change, ChangeKind, Difference, Summary};
use rate_deck::{Doubt, Key, Period, Rejection, Table};
use rating::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Most moments at which the rates of one deck change: a year of days.
pub(super) const MOMENTS_MAX: usize = 366;

/// Most changes of a kind that are listed; all are counted.
const CHANGES_LISTED_MAX: usize = 100_000;

/// How much was found in a deck.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DeckImportResult {
    /// Rows with data, rejected ones too.
    pub records: u64,
    /// Rows that are not taken; what they name keeps the rates that it has.
    pub rejections: u64,
    /// What has to be confirmed.
    pub doubts: u64,
    /// How many rates change in which way.
    pub counts: DeckCounts,
    /// When the deck was compared with the card.
    pub compared_at: Time,
    /// When rates change, the first first. Empty: the deck changes nothing.
    pub moments: Vec<DeckImportMoment>,
}

/// How many rates change in which way.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct DeckCounts {
    /// Prefixes that had no rate.
    pub new: u64,
    /// Rates that cost more, intervals and fees included.
    pub increase: u64,
    /// Rates that cost less.
    pub decrease: u64,
    /// Rates that cost the same by other terms or under another name, or last longer.
    pub changed: u64,
    /// Prefixes that are not offered any more.
    pub removed: u64,
    /// Rates that had no end and have one, after which nothing follows.
    pub ends: u64,
    /// Rates that are as they were.
    pub unchanged: u64,
    /// What costs more and waits for its notice.
    pub postponed: u64,
    /// Prefixes that are not removed, as a rejected row may have been about them.
    pub kept: u64,
    /// Rates of the deck that were over when it came.
    pub over: u64,
}

/// A moment at which rates change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeckImportMoment {
    /// When.
    pub at: Time,
    /// How many begin or end then.
    pub rates: u64,
    /// The change set that has the card with the rates of this moment, or of a later one that had
    /// come; null: they are not applied.
    #[schema(required)]
    pub change_set: Option<i64>,
}

/// In which way a rate changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeckChangeKind {
    /// It costs more.
    Increase,
    /// There was none.
    New,
    /// It is not offered any more.
    Removed,
    /// It had no end and has one, after which nothing follows.
    Ends,
    /// It costs less.
    Decrease,
    /// It costs the same by other terms or under another name, or lasts longer.
    Changed,
}

/// A rate that changes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeckChange {
    /// Of what.
    #[schema(example = "4479")]
    pub prefix: String,
    /// Whose calls: leading digits of calling numbers, or a jurisdiction; null for those of all.
    #[schema(required, example = "33")]
    pub origin: Option<String>,
    /// Its name after the change, or before it when it is removed.
    pub destination: String,
    /// How.
    pub kind: DeckChangeKind,
    /// The price of a minute before; null for a new one.
    #[schema(required)]
    pub old_rate: Option<Money>,
    /// The price of a minute after; null for one that is removed or ends.
    #[schema(required)]
    pub new_rate: Option<Money>,
    /// What a minute cost by a shorter prefix before a new one, or costs after one that is removed.
    #[schema(required)]
    pub covering_rate: Option<Money>,
    /// From when on.
    pub effective_at: Time,
    /// When the deck says that it is over.
    #[schema(required)]
    pub until: Option<Time>,
    /// It costs more, and the deck wanted it sooner than its notice allows.
    pub is_postponed: bool,
    /// The line of the deck; null for one that is removed.
    #[schema(required)]
    pub line: Option<u32>,
}

/// A row that is not taken.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeckRejection {
    /// Line of CSV or row of the sheet, from 1.
    pub line: u32,
    /// The field at fault; `row` for the row as a whole.
    #[schema(example = "rate_per_minute")]
    pub field: String,
    /// What stands there, cut at 64 bytes.
    pub text: String,
    /// Why, as one word.
    #[schema(example = "ambiguous_price")]
    pub reason: String,
    /// Why, in a sentence.
    pub message: String,
}

/// Something that is possible and hardly meant.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeckDoubt {
    /// What, as one word.
    #[schema(example = "absurd_increase")]
    pub kind: String,
    /// What, in a sentence.
    pub message: String,
    /// Where it stands.
    #[schema(required)]
    pub line: Option<u64>,
    /// The prefix that it is about.
    #[schema(required)]
    pub prefix: Option<String>,
    /// Whose calls it is about, as in changes; null for those of all.
    #[schema(required)]
    pub origin: Option<String>,
}

impl DeckChangeKind {
    /// In the order of their list: what costs money first.
    pub(crate) const ORDER: [Self; 6] = [
        Self::Increase,
        Self::New,
        Self::Removed,
        Self::Ends,
        Self::Decrease,
        Self::Changed,
    ];

    /// `None` for what stays, which is not listed.
    pub(super) fn of(kind: ChangeKind) -> Option<Self> {
        match kind {
            ChangeKind::Increase => Some(Self::Increase),
            ChangeKind::New => Some(Self::New),
            ChangeKind::Removed => Some(Self::Removed),
            ChangeKind::Ends => Some(Self::Ends),
            ChangeKind::Decrease => Some(Self::Decrease),
            ChangeKind::Changed => Some(Self::Changed),
            ChangeKind::Unchanged => None,
        }
    }

    fn rank(self) -> Option<usize> {
        Self::ORDER.iter().position(|kind| *kind == self)
    }
}

impl DeckCounts {
    fn of(summary: &Summary) -> Self {
        Self {
            new: summary.new,
            increase: summary.increase,
            decrease: summary.decrease,
            changed: summary.changed,
            removed: summary.removed,
            ends: summary.ends,
            unchanged: summary.unchanged,
            postponed: summary.postponed,
            kept: summary.kept,
            over: summary.over,
        }
    }

    fn of_kind(&self, kind: DeckChangeKind) -> u64 {
        match kind {
            DeckChangeKind::Increase => self.increase,
            DeckChangeKind::New => self.new,
            DeckChangeKind::Removed => self.removed,
            DeckChangeKind::Ends => self.ends,
            DeckChangeKind::Decrease => self.decrease,
            DeckChangeKind::Changed => self.changed,
        }
    }

    /// Where the changes of a kind stand in the list, or all that are listed.
    pub(crate) fn places(&self, kind: Option<DeckChangeKind>) -> std::ops::Range<u64> {
        let mut first = 0;
        for listed in DeckChangeKind::ORDER {
            let end = first + self.of_kind(listed).min(CHANGES_LISTED_MAX as u64);
            if kind == Some(listed) {
                return first..end;
            }
            first = end;
        }
        0..first
    }
}

impl DeckImportResult {
    /// `None` when rates change at more than [`MOMENTS_MAX`] moments.
    pub(super) fn new(
        records: u64,
        rejections: u64,
        difference: &Difference,
        now: Timestamp,
    ) -> Option<Self> {
        Some(Self {
            records,
            rejections,
            doubts: difference.doubts.count,
            counts: DeckCounts::of(&difference.summary),
            compared_at: Time(now),
            moments: moments(difference, now)?,
        })
    }

    /// What is to be applied next at a time: the last moment that has come and all before it, or
    /// else the first to come. Gives the places of these moments.
    pub(super) fn due(&self, now: Timestamp) -> Option<std::ops::RangeInclusive<usize>> {
        let is_open = |moment: &DeckImportMoment| moment.change_set.is_none();
        let first = self.moments.iter().position(is_open)?;
        let left = &self.moments[first..];
        let come = left.iter().rposition(|moment| moment.at.0 <= now);
        Some(first..=first + come.unwrap_or(0))
    }
}

/// When rates begin and end, and `now` when something changes at once.
fn moments(difference: &Difference, now: Timestamp) -> Option<Vec<DeckImportMoment>> {
    let mut moments: BTreeMap<Timestamp, u64> = BTreeMap::new();
    let at_once = difference.changes.iter();
    let at_once = at_once.filter(|change| change.effective <= now).count();
    if at_once > 0 {
        moments.insert(now, at_once as u64);
    }
    for row in difference.table.rows() {
        let Period { from, until } = row.period;
        let is_to_come = |at: &Timestamp| *at > now && *at != Period::ALWAYS.until;
        for at in [from, until].into_iter().filter(is_to_come) {
            *moments.entry(at).or_default() += 1;
        }
        if moments.len() > MOMENTS_MAX {
            return None;
        }
    }
    let moments = moments.into_iter().map(|(at, rates)| DeckImportMoment {
        at: Time(at),
        rates,
        change_set: None,
    });
    Some(moments.collect())
}

/// Brings changes into the order of their list, and keeps the first of each kind.
pub(super) fn list(changes: &mut Vec<Change>) {
    let rank = |change: &Change| DeckChangeKind::of(change.kind).and_then(DeckChangeKind::rank);
    changes.sort_unstable_by_key(|change| (rank(change), change.key, change.effective));
    let mut listed = [0; DeckChangeKind::ORDER.len()];
    changes.retain(|change| {
        let Some(count) = rank(change).and_then(|rank| listed.get_mut(rank)) else {
            return false;
        };
        *count += 1;
        *count <= CHANGES_LISTED_MAX
    });
    changes.shrink_to_fit();
}

impl DeckChange {
    pub(super) fn new(change: &Change, before: &Table, after: &Table) -> Option<Self> {
        let Key { prefix, origin } = change.key;
        let name = after.name_of(prefix).or_else(|| before.name_of(prefix));
        Some(Self {
            prefix: prefix.to_string(),
            origin: (!origin.is_any()).then(|| origin.to_string()),
            destination: name.map(ToString::to_string).unwrap_or_default(),
            kind: DeckChangeKind::of(change.kind)?,
            old_rate: change.old_rate.map(Money),
            new_rate: change.new_rate.map(Money),
            covering_rate: change.covering_rate.map(Money),
            effective_at: Time(change.effective),
            until: change.until.map(Time),
            is_postponed: change.is_postponed,
            line: (change.line > 0).then_some(change.line),
        })
    }
}

impl DeckRejection {
    pub(super) fn new(rejection: &Rejection) -> Self {
        let reason = serde_json::to_value(rejection.reason).unwrap_or_default();
        Self {
            line: rejection.line,
            field: rejection.field.to_owned(),
            text: rejection.text.clone(),
            reason: reason.as_str().unwrap_or_default().to_owned(),
            message: rejection.reason.to_string(),
        }
    }
}

impl DeckDoubt {
    pub(super) fn new(doubt: &Doubt) -> Self {
        let value = serde_json::to_value(doubt).unwrap_or_default();
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            kind: text("kind").unwrap_or_default(),
            message: doubt.to_string(),
            line: value.get("line").and_then(Value::as_u64),
            prefix: text("prefix"),
            origin: text("origin"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(at: &[(i64, Option<i64>)]) -> DeckImportResult {
        let moments = at.iter().map(|(at, change_set)| DeckImportMoment {
            at: Time(Timestamp(*at)),
            rates: 1,
            change_set: *change_set,
        });
        DeckImportResult {
            records: 0,
            rejections: 0,
            doubts: 0,
            counts: DeckCounts {
                increase: 2,
                new: 3,
                changed: 1,
                ..DeckCounts::default()
            },
            compared_at: Time(Timestamp(0)),
            moments: moments.collect(),
        }
    }

    #[test]
    fn what_has_come_is_applied_together_and_what_is_to_come_one_by_one() {
        let none = [(1, None), (5, None), (9, None)];
        assert_eq!(moments(&none).due(Timestamp(1)), Some(0..=0));
        assert_eq!(moments(&none).due(Timestamp(6)), Some(0..=1));
        assert_eq!(moments(&none).due(Timestamp(0)), Some(0..=0), "to come");
        let some = [(1, Some(7)), (5, None), (9, None)];
        assert_eq!(moments(&some).due(Timestamp(2)), Some(1..=1));
        assert_eq!(moments(&some).due(Timestamp(9)), Some(1..=2));
        assert_eq!(moments(&[(1, Some(7))]).due(Timestamp(9)), None);
        assert_eq!(moments(&[]).due(Timestamp(9)), None);
    }

    #[test]
    fn the_changes_of_a_kind_stand_together() {
        let counts = moments(&[]).counts;
        assert_eq!(counts.places(None), 0..6);
        assert_eq!(counts.places(Some(DeckChangeKind::Increase)), 0..2);
        assert_eq!(counts.places(Some(DeckChangeKind::New)), 2..5);
        assert_eq!(counts.places(Some(DeckChangeKind::Removed)), 5..5);
        assert_eq!(counts.places(Some(DeckChangeKind::Changed)), 5..6);
    }
}
