//! What a rate costs, as far as two are compared.

use super::ChangeKind;
use crate::table::{Period, Row, Table, TableBuilder};
use rating::expected::sample_total;
use rating::rate::RateTerms;
use rating::{Amount, Timestamp};
use std::cmp::Ordering;

/// A table, with what its offers are expected to cost and their places in the result.
pub(super) struct Side<'t> {
    table: &'t Table,
    totals: Vec<Amount>,
    places: Vec<Option<u32>>,
}

/// A rate as far as it can change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts<'t> {
    /// The charge of the sample calls.
    total: Amount,
    terms: &'t RateTerms,
    destination: &'t str,
}

/// How far from each other two prices are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leap {
    Up,
    Down,
}

/// What a prefix costs at which time, for the longer ones that begin with it; in the order of time.
#[derive(Default)]
pub(super) struct Timeline<'t>(pub(super) Vec<(Period, Facts<'t>)>);

impl<'t> Side<'t> {
    pub(super) fn new(table: &'t Table) -> Self {
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
    pub(super) fn placed(&mut self, builder: &mut TableBuilder, row: Row) -> Row {
        let place = &mut self.places[row.offer as usize];
        let offer = *place.get_or_insert_with(|| {
            builder.offer(self.table.destination(&row), *self.table.terms(&row))
        });
        Row { offer, ..row }
    }

    /// What a row is compared by.
    pub(super) fn facts(&self, row: &Row) -> Facts<'t> {
        Facts {
            total: self.totals[row.offer as usize],
            terms: self.table.terms(row),
            destination: self.table.destination(row),
        }
    }
}

impl<'t> Timeline<'t> {
    pub(super) fn at(&self, moment: Timestamp) -> Option<Facts<'t>> {
        let next = self.0.partition_point(|(period, _)| period.until <= moment);
        let found = self
            .0
            .get(next)
            .filter(|(period, _)| period.contains(moment));
        found.map(|(_, facts)| *facts)
    }
}

impl Facts<'_> {
    pub(super) fn rate(&self) -> Amount {
        self.terms.next_rate_per_minute
    }

    pub(super) fn is_dearer_than(&self, was: &Self) -> bool {
        self.total > was.total
    }

    /// How this came from what was.
    pub(super) fn change_from(&self, was: Option<&Self>) -> ChangeKind {
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

    /// Whether this is more than so many times what was, or the other way round: by the price of a
    /// minute, by the sample calls with all intervals and fees, or by the fee of an attempt, of
    /// which a call may have many.
    pub(super) fn leap_from(&self, was: &Self, factor: u16) -> Option<Leap> {
        let factor = i128::from(factor.max(1));
        let pairs = [
            (was.total, self.total),
            (was.rate(), self.rate()),
            (was.terms.attempt_fee, self.terms.attempt_fee),
        ];
        let is_over = |low: Amount, high: Amount| i128::from(high.0) > i128::from(low.0) * factor;
        if pairs.iter().any(|(was, is)| is_over(*was, *is)) {
            return Some(Leap::Up);
        }
        let is_fall = pairs[..2].iter().any(|(was, is)| is_over(*is, *was));
        is_fall.then_some(Leap::Down)
    }
}
