//! What a draft would newly sell below cost, without any traffic: every destination of every card.
//!
//! For each customer each prefix of its card is asked for its price and its cheapest route
//! ([`Snapshot::quote`]), and so is each longer prefix that a carrier has below one of them: a
//! mobile range that the customer's card does not tell apart is where money is lost. What is at
//! fault by the draft and was not by the configuration in force is a finding. The profit guard lets
//! no call take a route below cost, so such a destination is not sold at a loss: it is not sold.
//!
//! # Cost
//!
//! Customers that get the same (card, profile, carriers, routes) are asked once, together. One
//! question takes about as long as a decision: 50,000 prefixes over ten carriers are a few hundred
//! milliseconds. When only rates of cards changed, only prefixes at or below a changed one are
//! asked; to find these each group still looks at the prefixes of its card. The configuration in
//! force is asked only about what is at fault. Beyond [`QUESTIONS_MAX`] questions or [`LOOKS_MAX`]
//! prefixes the rest is not looked at, and the report says so.
//!
//! Where any card has rates for some callers alone, each of them is asked about too, at the prefix and at
//! all that begin with it: a card with prices by jurisdiction has three questions a prefix. The callers that
//! cards tell apart are kept once for each prefix of them, twelve bytes, not once for each rate.
//!
//! Where routes of a customer ask for tags, its prices are asked for calls without tags and once more for calls
//! with each set of tags that a route asks for or does not take; beyond [`TAG_SETS_MAX`] sets the check is not
//! complete.
//!
//! Numbers longer than any card's prefix are not asked: what routes and number lists say of those is
//! for the replay of calls to find. Neither is judged what carriers' number lists, classes and CLI rules refuse, for
//! a prefix is no number and nobody calls: the check names those carriers, and a finding says when its cheapest
//! carrier is one of them.

mod callers;
mod points;

use crate::decide::{Best, Quote, QuotedRoute};
use crate::numbers::Tags;
use crate::snapshot::{CompiledCustomer, CustomerIndex, RateRef, Snapshot, TrunkIndex};
use points::Points;
use rating::{Amount, Origin, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most questions of one check: some seconds.
pub const QUESTIONS_MAX: u64 = 2_000_000;

/// Most prefixes that are looked at to find what to ask: some seconds.
pub const LOOKS_MAX: u64 = 50_000_000;

/// Most findings that are told; all are counted.
pub const FINDINGS_MAX: usize = 200;

/// Most sets of tags that a customer is asked about, beside calls without tags.
pub const TAG_SETS_MAX: usize = 8;

/// Most customers of one finding that are named; and most carriers whose numbers are not judged.
pub const NAMES_MAX: usize = 10;

/// What to compare.
pub struct PriceQuestion<'s> {
    /// What is in force.
    pub before: &'s Snapshot,
    /// What would be.
    pub after: &'s Snapshot,
    /// For schedules.
    pub at: Timestamp,
    /// Nothing changes but the rates of cards, each of which keeps its name.
    pub is_of_cards: bool,
    /// Most questions; [`QUESTIONS_MAX`].
    pub questions_max: u64,
    /// Most prefixes that are looked at; [`LOOKS_MAX`].
    pub looks_max: u64,
}

/// What the check found.
#[derive(Clone, Debug, Default)]
pub struct PriceCheck {
    /// Customers that were looked at.
    pub customers: u64,
    /// Prices that were asked for: those of one group of like customers count once.
    pub questions: u64,
    /// Whether all of them were.
    pub is_complete: bool,
    /// How many findings there are of each fault; customers of the same group count once.
    pub counts: BTreeMap<PriceFault, u64>,
    /// At most [`FINDINGS_MAX`] of them: the largest loss first.
    pub findings: Vec<PriceFinding>,
    /// Carriers that refuse some numbers or callers by lists, classes or CLI rules, which is not judged: the first
    /// [`NAMES_MAX`] of them by name.
    pub unjudged_carriers: Vec<Arc<str>>,
}

/// What is wrong with a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PriceFault {
    /// Its cheapest route costs more than the customer pays.
    BelowCost,
    /// Its cheapest route leaves less than the LCR profile asks for.
    BelowMargin,
    /// It has no route any more.
    NoRoute,
    /// The customer's card has no rate for it any more.
    NoRate,
}

/// A destination that would newly be at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceFinding {
    /// What is wrong.
    pub fault: PriceFault,
    /// The first [`NAMES_MAX`] of the customers, in the order of their names.
    pub customers: Vec<Arc<str>>,
    /// How many there are.
    pub customers_count: u64,
    /// The digits that were asked for.
    pub prefix: String,
    /// The calls of whom: all, those from numbers that begin so, or those of a jurisdiction.
    pub origin: Origin,
    /// The calls with these tags; empty for those without any.
    pub tags: Vec<Arc<str>>,
    /// The cheapest carrier refuses some numbers or callers, and it is not judged whether these.
    pub is_carrier_unjudged: bool,
    /// By the draft.
    pub after: PriceLine,
    /// By the configuration in force.
    pub before: PriceLine,
}

/// A price and its cheapest route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceLine {
    /// The destination on the customer's card.
    pub destination: Option<Arc<str>>,
    /// The customer's card.
    pub rate_card: Option<Arc<str>>,
    /// What the customer is expected to pay for a minute of talk, in the currency of the books.
    pub price: Option<Amount>,
    /// Of the cheapest route that the customer may use.
    pub carrier: Option<Arc<str>>,
    /// What a minute of talk by it is expected to cost.
    pub cost: Option<Amount>,
}

/// Compares. `is_touched` tells by its identifier whether a customer may be decided otherwise.
pub fn price_check(
    question: &PriceQuestion<'_>,
    is_touched: impl Fn(&CompiledCustomer) -> bool,
) -> PriceCheck {
    let after = question.after;
    let customers = (0..).map(CustomerIndex).zip(after.customers());
    let touched: Vec<_> = customers
        .filter(|(_, customer)| is_touched(customer))
        .map(|(index, _)| index)
        .collect();
    let mut check = PriceCheck {
        customers: touched.len() as u64,
        is_complete: true,
        unjudged_carriers: unjudged_carriers(after),
        ..PriceCheck::default()
    };
    let points = Points::new(question);
    let mut looks = 0;
    'groups: for group in groups(question, &touched) {
        let card = after.customer(group.first).card;
        looks += points.looks(after, question.before, card, group.before);
        if looks > question.looks_max {
            check.is_complete = false;
            break;
        }
        let routes = &after.customer(group.first).policy.routes;
        let (mut tag_sets, are_all) = routes.tag_sets(TAG_SETS_MAX);
        check.is_complete &= are_all;
        tag_sets.insert(0, Tags::default());
        for (prefix, origin) in points.of(after, question.before, card, group.before) {
            let prefix = prefix.to_string();
            for tags in &tag_sets {
                if check.questions >= question.questions_max {
                    check.is_complete = false;
                    break 'groups;
                }
                check.questions += 1;
                check.ask(question, &group, (&prefix, origin), tags);
            }
        }
    }
    check.findings.sort_by(|one, other| {
        let key = |finding: &PriceFinding| (finding.fault, -finding.loss().0);
        let place = |finding: &PriceFinding| (finding.prefix.clone(), finding.origin);
        key(one)
            .cmp(&key(other))
            .then_with(|| place(one).cmp(&place(other)))
    });
    check.findings.truncate(FINDINGS_MAX);
    check
}

fn unjudged_carriers(snapshot: &Snapshot) -> Vec<Arc<str>> {
    let trunks = (0..).map(TrunkIndex).zip(snapshot.egress_trunks());
    let unjudged = trunks.filter(|(index, _)| snapshot.judges_numbers(*index));
    let names = unjudged.map(|(_, trunk)| &snapshot.carrier(trunk.carrier).resource.name);
    let names: BTreeSet<_> = names.collect();
    names.into_iter().take(NAMES_MAX).cloned().collect()
}

fn tags_of(snapshot: &Snapshot, tags: &Tags) -> Vec<Arc<str>> {
    tags.iter()
        .map(|tag| Arc::clone(snapshot.tag(tag)))
        .collect()
}

/// The same tags in another snapshot; those that it does not know no route of it asks for.
fn tags_in(snapshot: &Snapshot, names: &[Arc<str>]) -> Tags {
    names
        .iter()
        .filter_map(|name| snapshot.tag_of(name))
        .collect()
}

/// Customers that get the same by the draft, and did by the configuration in force.
struct Group {
    first: CustomerIndex,
    /// `None` for customers that are new.
    before: Option<CustomerIndex>,
    names: Vec<Arc<str>>,
    count: u64,
}

fn groups(question: &PriceQuestion<'_>, touched: &[CustomerIndex]) -> Vec<Group> {
    let (before, after) = (question.before, question.after);
    let known: BTreeMap<i64, CustomerIndex> = (0..)
        .map(CustomerIndex)
        .zip(before.customers())
        .map(|(index, customer)| (customer.resource.id, index))
        .collect();
    let mut groups: Vec<Group> = Vec::new();
    // By what tells most of them apart, so that not each is compared with each.
    let mut places: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for index in touched {
        let customer = after.customer(*index);
        let was = known.get(&customer.resource.id).copied();
        let card_before = was.map(|was| before.customer(was).card);
        let alike = places.entry((customer.card, card_before)).or_default();
        let is_same = |place: &&usize| {
            let group = &groups[**place];
            customer.is_like(after.customer(group.first))
                && match (was, group.before) {
                    (Some(was), Some(first)) => {
                        before.customer(was).is_like(before.customer(first))
                    }
                    (None, None) => true,
                    _ => false,
                }
        };
        let found = alike.iter().find(is_same).copied();
        let place = found.unwrap_or(groups.len());
        if found.is_none() {
            alike.push(place);
            groups.push(Group {
                first: *index,
                before: was,
                names: Vec::new(),
                count: 0,
            });
        }
        let group = &mut groups[place];
        group.count += 1;
        if group.names.len() < NAMES_MAX {
            group.names.push(Arc::clone(&customer.resource.name));
        }
    }
    groups
}

impl PriceCheck {
    fn ask(
        &mut self,
        question: &PriceQuestion<'_>,
        group: &Group,
        (prefix, origin): (&str, Origin),
        tags: &Tags,
    ) {
        let (at, after) = (question.at, question.after);
        let quote = after.quote_tagged(group.first, prefix, origin, at, tags);
        let Some(fault) = fault_of(&quote) else {
            return;
        };
        let was = match group.before {
            Some(before) => {
                let tags = tags_in(question.before, &tags_of(after, tags));
                question
                    .before
                    .quote_tagged(before, prefix, origin, at, &tags)
            }
            None => Quote::NoRate,
        };
        if !is_new(fault, fault_of(&was)) {
            return;
        }
        *self.counts.entry(fault).or_default() += 1;
        let finding = PriceFinding {
            fault,
            customers: group.names.clone(),
            customers_count: group.count,
            prefix: prefix.to_owned(),
            origin,
            tags: tags_of(after, tags),
            is_carrier_unjudged: quote
                .route()
                .is_some_and(|route| after.judges_numbers(route.trunk)),
            after: PriceLine::of(&quote, question.after, question.at),
            before: PriceLine::of(&was, question.before, question.at),
        };
        self.keep(finding);
    }

    /// Keeps the worst; what is kept is bounded while they are counted.
    fn keep(&mut self, finding: PriceFinding) {
        self.findings.push(finding);
        if self.findings.len() >= 4 * FINDINGS_MAX {
            let key = |finding: &PriceFinding| (finding.fault, -finding.loss().0);
            self.findings.sort_by_key(key);
            self.findings.truncate(FINDINGS_MAX);
        }
    }
}

impl PriceFinding {
    /// What a minute of talk would lose; less than nothing where it would earn.
    pub fn loss(&self) -> Amount {
        match (self.after.cost, self.after.price) {
            (Some(cost), Some(price)) => Amount(cost.0.saturating_sub(price.0)),
            _ => Amount::ZERO,
        }
    }
}

impl PriceLine {
    fn of(quote: &Quote, snapshot: &Snapshot, at: Timestamp) -> Self {
        let Quote::Rated { rate, best } = quote else {
            return Self::default();
        };
        let route = best.route();
        let per_minute = |rate: RateRef| snapshot.expected_in_books(rate, at);
        let carrier = |route: QuotedRoute| {
            let carrier = snapshot.egress_trunk(route.trunk).carrier;
            Arc::clone(&snapshot.carrier(carrier).resource.name)
        };
        Self {
            destination: Some(Arc::clone(snapshot.destination(*rate))),
            rate_card: Some(Arc::clone(&snapshot.rate_card(*rate).name)),
            price: Some(per_minute(*rate)),
            carrier: route.map(carrier),
            cost: route.map(|route| per_minute(route.rate)),
        }
    }
}

impl Quote {
    fn route(&self) -> Option<QuotedRoute> {
        match self {
            Self::NoRate => None,
            Self::Rated { best, .. } => best.route(),
        }
    }
}

impl Best {
    fn route(self) -> Option<QuotedRoute> {
        match self {
            Self::NoRoute => None,
            Self::Sound(route) | Self::BelowMargin(route) | Self::BelowCost(route) => Some(route),
        }
    }
}

fn fault_of(quote: &Quote) -> Option<PriceFault> {
    match quote {
        Quote::NoRate => Some(PriceFault::NoRate),
        Quote::Rated { best, .. } => match best {
            Best::Sound(_) => None,
            Best::NoRoute => Some(PriceFault::NoRoute),
            Best::BelowMargin(_) => Some(PriceFault::BelowMargin),
            Best::BelowCost(_) => Some(PriceFault::BelowCost),
        },
    }
}

/// Whether a fault is news. A price below cost is, also of what was not sold before; that something
/// is not sold is, if it was.
fn is_new(fault: PriceFault, before: Option<PriceFault>) -> bool {
    use PriceFault::{BelowCost, BelowMargin, NoRate, NoRoute};
    match fault {
        BelowCost => before != Some(BelowCost),
        BelowMargin => !matches!(before, Some(BelowCost | BelowMargin)),
        NoRoute | NoRate => before.is_none(),
    }
}

#[cfg(test)]
mod tests;
