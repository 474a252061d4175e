//! What a deck changes of the rates in force, and what becomes of both under a policy.

mod timeline;

use crate::table::{Doubt, Period, Row, Table, TableBuilder};
use rating::expected::sample_total;
use rating::prefix::Prefix;
use rating::rate::RateTerms;
use rating::{Amount, Timestamp};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// What was agreed with a carrier about its decks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// What a prefix that the deck does not name means.
    pub scope: Scope,
    /// An increase counts no sooner than so many days after the deck came.
    pub notice_days: u16,
    /// A price that is more than so many times the old one, or the old one of it, is doubted.
    pub absurd_factor: u16,
}

/// What a prefix that a deck does not name means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// It is not offered any more, from the deck's earliest date on.
    #[default]
    Full,
    /// Its rate stays as it is.
    Partial,
}

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
    /// It is as it was.
    Unchanged,
}

/// One rate that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of what.
    pub prefix: Prefix,
    /// How.
    pub kind: ChangeKind,
    /// The price of a minute before; `None` for a new one.
    pub old_rate: Option<Amount>,
    /// The price of a minute after; `None` for one that is removed.
    pub new_rate: Option<Amount>,
    /// From when on.
    pub effective: Timestamp,
    /// The deck wanted it sooner than its notice allows.
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
    /// [`ChangeKind::Unchanged`].
    pub unchanged: u64,
    /// Increases that their notice postpones.
    pub postponed: u64,
    /// Rates of the deck that were over when it came.
    pub over: u64,
}

/// What a deck changes.
#[derive(Clone, Debug)]
pub struct Difference {
    /// How much.
    pub summary: Summary,
    /// Each rate that changes, by prefix; what stays is not listed.
    pub changes: Vec<Change>,
    /// What has to be confirmed.
    pub doubts: Vec<Doubt>,
    /// The card's rates with the deck applied. Rates that were over are not in it.
    pub table: Table,
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "new",
            Self::Increase => "increase",
            Self::Decrease => "decrease",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Unchanged => "unchanged",
        })
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            scope: Scope::Full,
            notice_days: 0,
            absurd_factor: 5,
        }
    }
}

/// Compares a deck that came at `now` with the rates in force. Times before `now` count as `now`.
pub fn compare(current: &Table, deck: &Table, policy: &Policy, now: Timestamp) -> Difference {
    let now = Timestamp(now.0.div_euclid(MICROS_PER_SECOND) * MICROS_PER_SECOND);
    let notice = i64::from(policy.notice_days) * MICROS_PER_DAY;
    let mut comparison = Comparison {
        now,
        notice_over: Timestamp(now.0.saturating_add(notice)),
        removal: removal(deck, now),
        policy: *policy,
        old_prefixes: 0,
        old: Side::new(current),
        new: Side::new(deck),
        builder: TableBuilder::default(),
        summary: Summary::default(),
        changes: Vec::new(),
        doubts: Vec::new(),
    };
    let (mut old, mut new) = (current.rows(), deck.rows());
    while let Some(prefix) = first_prefix(old, new) {
        let (old_rows, old_rest) = split(old, prefix);
        let (new_rows, new_rest) = split(new, prefix);
        comparison.prefix(prefix, old_rows, new_rows);
        (old, new) = (old_rest, new_rest);
    }
    comparison.finish()
}

/// When prefixes that a full deck does not name are over: when its first rate begins.
fn removal(deck: &Table, now: Timestamp) -> Timestamp {
    let live = deck.rows().iter().filter(|row| row.period.until > now);
    let first = live.map(|row| row.period.from).min();
    first.map_or(now, |from| from.max(now))
}

fn first_prefix(old: &[Row], new: &[Row]) -> Option<Prefix> {
    let first = |rows: &[Row]| rows.first().map(|row| row.prefix);
    match (first(old), first(new)) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The rows of a prefix at the head, and the rest.
fn split(rows: &[Row], prefix: Prefix) -> (&[Row], &[Row]) {
    let count = rows.iter().take_while(|row| row.prefix == prefix).count();
    rows.split_at(count)
}

/// A table, with what its offers are expected to cost and their places in the result.
struct Side<'t> {
    table: &'t Table,
    totals: Vec<Amount>,
    places: Vec<Option<u32>>,
}

impl<'t> Side<'t> {
    fn new(table: &'t Table) -> Self {
        let offers = table.offers().iter();
        Self {
            table,
            // Terms within their bounds always fit.
            totals: offers
                .map(|offer| sample_total(&offer.terms).unwrap_or(Amount(i64::MAX)))
                .collect(),
            places: vec![None; table.offers().len()],
        }
    }

    /// A row of this side as it is in the result.
    fn placed(&mut self, builder: &mut TableBuilder, row: Row) -> Row {
        let place = &mut self.places[row.offer as usize];
        let offer = *place.get_or_insert_with(|| {
            builder.offer(self.table.destination(&row), *self.table.terms(&row))
        });
        Row { offer, ..row }
    }

    /// What a row is compared by.
    fn facts(&self, row: &Row) -> Facts<'t> {
        Facts {
            total: self.totals[row.offer as usize],
            terms: self.table.terms(row),
            destination: self.table.destination(row),
        }
    }
}

/// A rate as far as it can change.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Facts<'t> {
    /// The charge of the sample calls.
    total: Amount,
    terms: &'t RateTerms,
    destination: &'t str,
}

impl Facts<'_> {
    fn rate(&self) -> Amount {
        self.terms.next_rate_per_minute
    }

    /// How this came from what was.
    fn change_from(&self, was: Option<&Self>) -> ChangeKind {
        let Some(was) = was else {
            return ChangeKind::New;
        };
        match self.total.cmp(&was.total) {
            Ordering::Greater => ChangeKind::Increase,
            Ordering::Less => ChangeKind::Decrease,
            Ordering::Equal if self == was => ChangeKind::Unchanged,
            Ordering::Equal => ChangeKind::Changed,
        }
    }
}

struct Comparison<'t> {
    now: Timestamp,
    notice_over: Timestamp,
    removal: Timestamp,
    policy: Policy,
    /// Prefixes that had a rate.
    old_prefixes: u64,
    old: Side<'t>,
    new: Side<'t>,
    builder: TableBuilder,
    summary: Summary,
    changes: Vec<Change>,
    doubts: Vec<Doubt>,
}

impl Comparison<'_> {
    fn prefix(&mut self, prefix: Prefix, old: &[Row], new: &[Row]) {
        let old = timeline::live(old, self.now);
        self.old_prefixes += u64::from(!old.is_empty());
        let sent = timeline::live_from(new, self.now);
        self.summary.over += (new.len() - sent.len()) as u64;
        if sent.is_empty() {
            self.not_named(prefix, old);
            return;
        }
        let mut kept: Vec<Row> = Vec::with_capacity(sent.len());
        for mut row in sent {
            let wanted = row.period.from;
            row.period.from = self.judge(&old, kept.last(), &row);
            if let Some(before) = kept.last_mut() {
                // What a postponed increase follows counts until then. Rows that both wait for
                // their notice begin at once: the later one counts.
                let end = row.period.from.min(row.period.until);
                if before.period.until == wanted || before.period.until > end {
                    before.period.until = end;
                }
            }
            if !row.period.is_empty() {
                kept.push(row);
            }
        }
        self.place(old, kept);
    }

    /// A prefix that the deck has nothing for any more, or never had.
    fn not_named(&mut self, prefix: Prefix, old: Vec<Row>) {
        let ends = match self.policy.scope {
            Scope::Partial => Period::ALWAYS.until,
            Scope::Full => self.removal,
        };
        match old.iter().rfind(|row| row.period.until > ends) {
            None => self.summary.unchanged += old.len() as u64,
            Some(last) => {
                let old_rate = self.old.facts(last).rate();
                self.change(Change {
                    prefix,
                    kind: ChangeKind::Removed,
                    old_rate: Some(old_rate),
                    new_rate: None,
                    effective: ends,
                    is_postponed: false,
                    line: 0,
                });
            }
        }
        let mut placed = Vec::with_capacity(old.len());
        for row in timeline::until(old, ends) {
            timeline::append(&mut placed, self.old.placed(&mut self.builder, row));
        }
        self.keep(placed);
    }

    /// Compares a row of the deck with the one before it, or with what counts when it begins, and
    /// gives from when on it counts.
    fn judge(&mut self, old: &[Row], before: Option<&Row>, row: &Row) -> Timestamp {
        let from = row.period.from;
        let was = match before {
            Some(before) => Some(self.new.facts(before)),
            None => {
                let in_force = old.iter().find(|it| it.period.contains(from));
                in_force.map(|it| self.old.facts(it))
            }
        };
        let is = self.new.facts(row);
        let kind = is.change_from(was.as_ref());
        let is_postponed = kind == ChangeKind::Increase && from < self.notice_over;
        let effective = if is_postponed { self.notice_over } else { from };
        let old_rate = was.map(|was| was.rate());
        self.doubt(row, old_rate, is.rate());
        self.change(Change {
            prefix: row.prefix,
            kind,
            old_rate,
            new_rate: Some(is.rate()),
            effective,
            is_postponed,
            line: row.line,
        });
        effective
    }

    fn doubt(&mut self, row: &Row, old: Option<Amount>, new: Amount) {
        let (prefix, line) = (row.prefix, row.line);
        let Some(old) = old else { return };
        let factor = i128::from(self.policy.absurd_factor.max(1));
        let (old, new) = (i128::from(old.0), i128::from(new.0));
        if new > old * factor {
            self.doubts.push(Doubt::AbsurdIncrease { prefix, line });
        } else if old > new * factor {
            self.doubts.push(Doubt::AbsurdDecrease { prefix, line });
        }
    }

    fn change(&mut self, change: Change) {
        let summary = &mut self.summary;
        let count = match change.kind {
            ChangeKind::New => &mut summary.new,
            ChangeKind::Increase => &mut summary.increase,
            ChangeKind::Decrease => &mut summary.decrease,
            ChangeKind::Changed => &mut summary.changed,
            ChangeKind::Removed => &mut summary.removed,
            ChangeKind::Unchanged => &mut summary.unchanged,
        };
        *count += 1;
        summary.postponed += u64::from(change.is_postponed);
        if change.kind != ChangeKind::Unchanged {
            self.changes.push(change);
        }
    }

    /// The old rates until the first of the deck begins, then those of the deck.
    fn place(&mut self, old: Vec<Row>, kept: Vec<Row>) {
        let begins = kept
            .first()
            .map_or(Period::ALWAYS.until, |row| row.period.from);
        let mut placed = Vec::with_capacity(old.len() + kept.len());
        for row in timeline::until(old, begins) {
            timeline::append(&mut placed, self.old.placed(&mut self.builder, row));
        }
        for row in kept.into_iter().filter(|row| !row.period.is_empty()) {
            timeline::append(&mut placed, self.new.placed(&mut self.builder, row));
        }
        self.keep(placed);
    }

    /// Puts the rows of a prefix into the result; what ends by now has never to be asked again.
    fn keep(&mut self, rows: Vec<Row>) {
        for row in rows {
            if row.period.until > self.now {
                self.builder.push(row);
            }
        }
    }

    fn finish(mut self) -> Difference {
        let removed = self.summary.removed;
        if removed > self.old_prefixes / 2 {
            let of = self.old_prefixes;
            self.doubts.push(Doubt::MostRemoved { removed, of });
        }
        // Rows of one prefix follow each other in time, so nothing is left to doubt.
        let (table, _) = self.builder.finish();
        Difference {
            summary: self.summary,
            changes: self.changes,
            doubts: self.doubts,
            table,
        }
    }
}
