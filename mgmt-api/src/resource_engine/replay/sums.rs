//! Money and counts of replayed calls, in all and by name.

use super::Differs;
use crate::values::Money;
use rating::Amount;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Most lines of one table; the largest changes are kept.
const LINES_MAX: usize = 200;

/// What customers pay, what carriers charge, and what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MoneyLine {
    /// What customers pay.
    pub revenue: Money,
    /// What carriers charge.
    pub cost: Money,
    /// Revenue minus cost.
    pub margin: Money,
}

/// The replayed calls of one customer, carrier or destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReplayLine {
    /// Of whom.
    pub name: String,
    /// How many of the calls.
    pub calls: u32,
    /// Those that are routed so by the configuration in force: beside all of them, the share of it.
    pub calls_before: u32,
    /// Those that would be routed so.
    pub calls_after: u32,
    /// As in the whole.
    pub newly_blocked: u32,
    /// As in the whole.
    pub routes_changed: u32,
    /// As in the whole.
    pub carrier_changed: u32,
    /// As in the whole.
    pub price_changed: u32,
    /// Calls that would be sold below their cost.
    pub below_cost: u32,
    /// By the configuration in force.
    pub before: MoneyLine,
    /// By the draft.
    pub after: MoneyLine,
}

/// Revenue and cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Side {
    /// Calls that have a route.
    pub(super) calls: u32,
    pub(super) revenue: Amount,
    pub(super) cost: Amount,
}

/// What is summed for the whole and for each line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub(super) calls: u32,
    pub(super) newly_blocked: u32,
    pub(super) newly_routed: u32,
    pub(super) routes_changed: u32,
    pub(super) carrier_changed: u32,
    pub(super) price_changed: u32,
    pub(super) below_cost: u32,
    pub(super) before: Side,
    pub(super) after: Side,
}

/// Sums by name.
#[derive(Debug, Default)]
pub(super) struct Table(BTreeMap<String, Sums>);

impl Side {
    pub(super) fn margin(self) -> Amount {
        Amount(self.revenue.0.saturating_sub(self.cost.0))
    }

    pub(super) fn is_loss(self) -> bool {
        self.cost > self.revenue
    }

    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.revenue = Amount(self.revenue.0.saturating_add(other.revenue.0));
        self.cost = Amount(self.cost.0.saturating_add(other.cost.0));
    }
}

impl Sums {
    pub(super) fn add(&mut self, differs: Differs, before: Side, after: Side) {
        self.calls += 1;
        self.newly_blocked += u32::from(differs.newly_blocked);
        self.newly_routed += u32::from(differs.newly_routed);
        self.routes_changed += u32::from(differs.routes_changed);
        self.carrier_changed += u32::from(differs.carrier_changed);
        self.price_changed += u32::from(differs.price_changed);
        self.below_cost += u32::from(differs.below_cost);
        self.before.add(before);
        self.after.add(after);
    }

    fn margin_change(&self) -> u64 {
        let (before, after) = (self.before.margin().0, self.after.margin().0);
        after.abs_diff(before)
    }
}

impl Table {
    pub(super) fn line(&mut self, name: &str) -> &mut Sums {
        self.0.entry(name.to_owned()).or_default()
    }

    /// The largest change of margin first, then by name.
    pub(super) fn lines(self) -> Vec<ReplayLine> {
        let mut lines: Vec<_> = self.0.into_iter().collect();
        lines.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.margin_change()));
        lines.truncate(LINES_MAX);
        lines
            .into_iter()
            .map(|(name, sums)| ReplayLine {
                name,
                calls: sums.calls,
                calls_before: sums.before.calls,
                calls_after: sums.after.calls,
                newly_blocked: sums.newly_blocked,
                routes_changed: sums.routes_changed,
                carrier_changed: sums.carrier_changed,
                price_changed: sums.price_changed,
                below_cost: sums.below_cost,
                before: sums.before.into(),
                after: sums.after.into(),
            })
            .collect()
    }
}
