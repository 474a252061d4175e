//! What a deck changes of the rates in force, and what becomes of both under a policy.

mod change;
mod cost;
mod shorter;
mod timeline;

pub use change::{Change, ChangeKind, Summary};

use crate::doubts::{Doubt, Doubts};
use crate::reading::Reading;
use crate::rejections::Rejections;
use crate::table::{Key, Period, Row, Table, TableBuilder};
use cost::{Facts, Leap, Side, Timeline};
use rating::{Amount, Timestamp};
use serde::{Deserialize, Serialize};
use shorter::{Rates, Shorter};

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// What was agreed with a carrier about its decks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// What a prefix that the deck does not name means.
    pub scope: Scope,
    /// What costs more counts no sooner than so many days after the deck came.
    pub notice_days: u16,
    /// A price that is more than so many times the old one, or the old one of it, is doubted. A
    /// prefix without an old one is held against the shorter prefix that its calls had.
    pub absurd_factor: u16,
}

/// What a prefix that a deck does not name means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// It is not offered any more, from the deck's earliest date on. It stays while a row was
    /// rejected that may have been about it.
    #[default]
    Full,
    /// Its rate stays as it is, and so it does where the deck's own rate has an end.
    Partial,
}

/// What a deck changes.
#[derive(Clone, Debug)]
pub struct Difference {
    /// How much.
    pub summary: Summary,
    /// Each rate that changes, by prefix; what stays is not listed.
    pub changes: Vec<Change>,
    /// What has to be confirmed, of the reading too.
    pub doubts: Doubts,
    /// The card's rates with the deck applied. Rates that were over are not in it.
    pub table: Table,
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
pub fn compare(current: &Table, deck: &Reading, policy: &Policy, now: Timestamp) -> Difference {
    let now = Timestamp(now.0.div_euclid(MICROS_PER_SECOND) * MICROS_PER_SECOND);
    let notice = i64::from(policy.notice_days) * MICROS_PER_DAY;
    let mut comparison = Comparison {
        now,
        notice_over: Timestamp(now.0.saturating_add(notice)),
        removal: removal(&deck.table, now),
        policy: *policy,
        rejections: &deck.rejections,
        old_prefixes: 0,
        old: Side::new(current),
        new: Side::new(&deck.table),
        shorter: Shorter::default(),
        first_end: None,
        builder: TableBuilder::default(),
        summary: Summary::default(),
        changes: Vec::new(),
        doubts: deck.doubts.clone(),
    };
    let (mut old, mut new) = (current.rows(), deck.table.rows());
    while let Some(key) = first_key(old, new) {
        let (old_rows, old_rest) = split(old, key);
        let (new_rows, new_rest) = split(new, key);
        comparison.key(key, old_rows, new_rows);
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

fn first_key(old: &[Row], new: &[Row]) -> Option<Key> {
    let first = |rows: &[Row]| rows.first().map(Row::key);
    match (first(old), first(new)) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The rows of a prefix and origin at the head, and the rest.
fn split(rows: &[Row], key: Key) -> (&[Row], &[Row]) {
    let count = rows.iter().take_while(|row| row.key() == key).count();
    rows.split_at(count)
}

/// One row on either side.
#[derive(Clone, Copy)]
enum Sided {
    Old(Row),
    New(Row),
}

struct Comparison<'t> {
    now: Timestamp,
    notice_over: Timestamp,
    removal: Timestamp,
    policy: Policy,
    rejections: &'t Rejections,
    /// Prefixes that had a rate.
    old_prefixes: u64,
    old: Side<'t>,
    new: Side<'t>,
    /// What the prefix at hand begins with.
    shorter: Shorter<'t>,
    /// Where the first rate stands that ends without another.
    first_end: Option<u32>,
    builder: TableBuilder,
    summary: Summary,
    changes: Vec<Change>,
    doubts: Doubts,
}

impl<'t> Comparison<'t> {
    fn key(&mut self, key: Key, old: &[Row], new: &[Row]) {
        self.shorter.go_to(key.prefix);
        let old = timeline::live(old, self.now);
        self.old_prefixes += u64::from(!old.is_empty());
        let sent = timeline::live_from(new, self.now);
        self.summary.over += (new.len() - sent.len()) as u64;
        let rows = if sent.is_empty() {
            self.not_named(key, &old)
        } else {
            self.named(&old, sent)
        };
        self.place(key, &old, rows);
    }

    fn named(&mut self, old: &[Row], sent: Vec<Row>) -> Vec<Sided> {
        let mut kept: Vec<Row> = Vec::with_capacity(sent.len());
        let end = sent.last().map(|row| row.period.until);
        for mut row in sent {
            let wanted = row.period.from;
            let lasts_longer = end == Some(row.period.until)
                && old
                    .last()
                    .is_some_and(|old| old.period.until < row.period.until);
            row.period.from = self.judge(old, kept.last(), &row, lasts_longer);
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
        kept.retain(|row| !row.period.is_empty());
        if self.policy.scope == Scope::Full {
            self.note_end(old, &kept);
        }
        self.merged(old, &kept)
    }

    /// A prefix that the deck has nothing for any more, or never had.
    fn not_named(&mut self, key: Key, old: &[Row]) -> Vec<Sided> {
        let ends = self.removed_at(key, old);
        if ends == Period::ALWAYS.until {
            self.summary.unchanged += old.len() as u64;
        }
        timeline::until(old.to_vec(), ends)
            .map(Sided::Old)
            .collect()
    }

    /// When a prefix is over that the deck does not name; never when its rates stay.
    fn removed_at(&mut self, key: Key, old: &[Row]) -> Timestamp {
        const NEVER: Timestamp = Period::ALWAYS.until;
        let wanted = self.removal;
        let last = old.iter().rfind(|row| row.period.until > wanted);
        let Some(last) = last.filter(|_| self.policy.scope == Scope::Full) else {
            return NEVER;
        };
        if self.rejections.may_name(key.prefix) {
            self.summary.kept += 1;
            return NEVER;
        }
        let in_force = old.iter().find(|row| row.period.contains(wanted));
        let was = self.old.facts(in_force.unwrap_or(last));
        let covering = self.covering(key, wanted, |rates| &rates.after);
        if let Some(covering) = &covering {
            self.doubt_leap(key, 0, &was, covering);
        }
        let is_dearer = covering.is_some_and(|it| it.is_dearer_than(&was));
        let is_postponed = is_dearer && wanted < self.notice_over;
        let effective = if is_postponed {
            self.notice_over
        } else {
            wanted
        };
        self.change(Change {
            key,
            kind: ChangeKind::Removed,
            old_rate: Some(was.rate()),
            covering_rate: covering.map(|it| it.rate()),
            new_rate: None,
            effective,
            until: None,
            is_postponed,
            line: 0,
        });
        effective
    }

    /// What the same calls cost at a moment by the rate that counts without this one: for more callers, or
    /// of the longest shorter prefix.
    fn covering(
        &self,
        key: Key,
        at: Timestamp,
        timeline: impl for<'s> Fn(&'s Rates<'t>) -> &'s Timeline<'t>,
    ) -> Option<Facts<'t>> {
        let mut covering = self.shorter.covering(key);
        covering.find_map(|rates| timeline(rates).at(at))
    }

    /// Compares a row of the deck with the one before it, or with what counts when it begins, and
    /// gives from when on it counts. A new prefix is held against the shorter one of its calls.
    fn judge(
        &mut self,
        old: &[Row],
        before: Option<&Row>,
        row: &Row,
        lasts_longer: bool,
    ) -> Timestamp {
        let from = row.period.from;
        let was = match before {
            Some(before) => Some(self.new.facts(before)),
            None => {
                let in_force = old.iter().find(|it| it.period.contains(from));
                in_force.map(|it| self.old.facts(it))
            }
        };
        let covering = match was {
            None => self.covering(row.key(), from, |rates| &rates.before),
            Some(_) => None,
        };
        let is = self.new.facts(row);
        let kind = match is.change_from(was.as_ref()) {
            ChangeKind::Unchanged if lasts_longer => ChangeKind::Changed,
            kind => kind,
        };
        let is_dearer = was
            .or(covering)
            .is_some_and(|cost| is.is_dearer_than(&cost));
        let is_postponed = is_dearer && from < self.notice_over;
        let effective = if is_postponed { self.notice_over } else { from };
        self.doubt(row, was.or(covering).as_ref(), &is);
        let until = row.period.until;
        self.change(Change {
            key: row.key(),
            kind,
            old_rate: was.map(|was| was.rate()),
            covering_rate: covering.map(|it| it.rate()),
            new_rate: Some(is.rate()),
            effective,
            until: (until != Period::ALWAYS.until).then_some(until),
            is_postponed,
            line: row.line,
        });
        effective
    }

    fn doubt(&mut self, row: &Row, was: Option<&Facts<'_>>, is: &Facts<'_>) {
        let (key, line) = (row.key(), row.line);
        match was {
            Some(was) => self.doubt_leap(key, line, was, is),
            None if is.rate() == Amount::ZERO => self.doubts.push(Doubt::FreeRate { key, line }),
            None => {}
        }
    }

    fn doubt_leap(&mut self, key: Key, line: u32, was: &Facts<'_>, is: &Facts<'_>) {
        match is.leap_from(was, self.policy.absurd_factor) {
            Some(Leap::Up) => self.doubts.push(Doubt::AbsurdIncrease { key, line }),
            Some(Leap::Down) => self.doubts.push(Doubt::AbsurdDecrease { key, line }),
            None => {}
        }
    }

    /// Notes that nothing follows the last row where there was a rate.
    fn note_end(&mut self, old: &[Row], kept: &[Row]) {
        let Some(last) = kept.last() else { return };
        let end = last.period.until;
        if !old.iter().any(|row| row.period.contains(end)) {
            return;
        }
        self.first_end.get_or_insert(last.line);
        self.change(Change {
            key: last.key(),
            kind: ChangeKind::Ends,
            old_rate: Some(self.new.facts(last).rate()),
            covering_rate: None,
            new_rate: None,
            effective: end,
            until: None,
            is_postponed: false,
            line: last.line,
        });
    }

    fn change(&mut self, change: Change) {
        self.summary.count(&change);
        if change.kind != ChangeKind::Unchanged {
            self.changes.push(change);
        }
    }

    /// The rows of the deck, with the old ones before the first; where a part of a deck leaves a
    /// time open, the old ones count there too.
    fn merged(&self, old: &[Row], kept: &[Row]) -> Vec<Sided> {
        let mut merged = Vec::with_capacity(old.len() + kept.len());
        let mut since = Period::ALWAYS.from;
        for row in kept {
            let open = Period {
                from: since,
                until: row.period.from,
            };
            merged.extend(timeline::within(old, open).map(Sided::Old));
            merged.push(Sided::New(*row));
            since = match self.policy.scope {
                Scope::Full => Period::ALWAYS.until,
                Scope::Partial => row.period.until,
            };
        }
        let open = Period {
            from: since,
            until: Period::ALWAYS.until,
        };
        merged.extend(timeline::within(old, open).map(Sided::Old));
        merged
    }

    /// Puts the rows of a prefix into the result; what ends by now has never to be asked again.
    fn place(&mut self, key: Key, old: &[Row], rows: Vec<Sided>) {
        let before = old.iter().map(|row| (row.period, self.old.facts(row)));
        let mut rates = Rates {
            origin: key.origin,
            before: Timeline(before.collect()),
            after: Timeline::default(),
        };
        let mut placed = Vec::with_capacity(rows.len());
        for row in rows {
            let (facts, row) = match row {
                Sided::Old(row) => (
                    self.old.facts(&row),
                    self.old.placed(&mut self.builder, row),
                ),
                Sided::New(row) => (
                    self.new.facts(&row),
                    self.new.placed(&mut self.builder, row),
                ),
            };
            rates.after.0.push((row.period, facts));
            timeline::append(&mut placed, row);
        }
        self.shorter.push(key.prefix, rates);
        for row in placed {
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
        if let Some(line) = self.first_end {
            let prefixes = self.summary.ends;
            self.doubts.push(Doubt::RatesEnd { prefixes, line });
        }
        if !self.rejections.is_empty() {
            let rows = self.rejections.count;
            self.doubts.push(Doubt::RowsRejected { rows });
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
