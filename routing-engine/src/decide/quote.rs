//! What a number is sold for, and by which route at best, without a call.

use super::candidates::{self, Ask, Candidate};
use super::{CallRequest, Source};
use crate::limits::ReplayAdmission;
use crate::numbers::{CallNumbers, Number, NumberFacts, Tags};
use crate::quality::QualityTable;
use crate::snapshot::{CustomerIndex, RateRef, Snapshot, TrunkIndex, longest_match};
use crate::trace::{LossReason, RouteVerdict, Step, Trace};
use rating::{Amount, Jurisdiction, Origin, Timestamp};

/// What a customer would pay for a number, and what it would cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// The customer's card has no rate for it.
    NoRate,
    /// It has one.
    Rated {
        /// The customer's rate.
        rate: RateRef,
        /// The cheapest route that the customer may use, and whether its calls may take it.
        best: Best,
    },
}

/// The cheapest route that a customer may use for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Best {
    /// There is none.
    NoRoute,
    /// Calls take it, or one that the LCR profile likes better.
    Sound(QuotedRoute),
    /// It leaves less than the LCR profile asks for: no call takes it.
    BelowMargin(QuotedRoute),
    /// It costs more than the customer pays: no call takes it.
    BelowCost(QuotedRoute),
}

/// A route and its rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotedRoute {
    /// The egress trunk.
    pub trunk: TrunkIndex,
    /// What its carrier charges.
    pub rate: RateRef,
}

impl Snapshot {
    /// What a customer would pay for a number, digits of E.164, and by which route it would cost the
    /// least at that time. No limit is asked. Calls whose number begins so, or of the jurisdiction, are
    /// meant; for all callers those without a number. Calls without tags are meant. What carriers' lists, classes
    /// and CLI rules say of a number and of who calls is not looked at ([`Self::judges_numbers`]).
    pub fn quote(
        &self,
        customer: CustomerIndex,
        called: &str,
        origin: Origin,
        at: Timestamp,
    ) -> Quote {
        self.quote_tagged(customer, called, origin, at, &Tags::default())
    }

    /// As [`Self::quote`], for calls with these tags.
    pub(crate) fn quote_tagged(
        &self,
        customer: CustomerIndex,
        called: &str,
        origin: Origin,
        at: Timestamp,
        tags: &Tags,
    ) -> Quote {
        let compiled = self.customer(customer);
        let path = self.walk(called);
        let asks = self.asks_jurisdiction();
        let unknown = || Jurisdiction::of_call(called, None).filter(|_| asks);
        let caller = self.caller(origin.prefix(), origin.jurisdiction().or_else(unknown));
        let Some((rate, price)) = longest_match(&path, compiled.card, &caller) else {
            return Quote::NoRate;
        };
        let revenue = self.price_in_books(compiled.card, price, at);
        let request = CallRequest {
            source: Source::Customer(&compiled.resource.name),
            called,
            calling: "",
            identity: Default::default(),
            now_us: 0,
            at,
            draw: 0,
            quality: QualityTable::empty(),
        };
        let numbers = CallNumbers {
            // Nobody asks for the price of a number that is longer than one can be.
            called: Number::from(called).unwrap_or_default(),
            calling: Number::new(),
            asserted: None,
            is_withheld: false,
            is_presented: false,
        };
        let ask = Ask {
            snapshot: self,
            path: &path,
            caller: &caller,
            policy: &compiled.policy,
            owner: compiled.owner,
            revenue,
            destination: rate.prefix(called),
            numbers: &numbers,
            tags,
            // Prefixes are asked for as well, and they are no numbers.
            facts: NumberFacts::UNJUDGED.into(),
            is_quote: true,
            request: &request,
        };
        let mut dropped = Dropped {
            snapshot: self,
            at,
            cheapest: None,
        };
        let best = match candidates::rank(&ask, &mut ReplayAdmission, &mut dropped) {
            Ok(ranked) => {
                let cheapest = ranked.iter().min_by_key(|route| route.sample_total);
                cheapest.map_or(Best::NoRoute, |route| Best::Sound(QuotedRoute::of(route)))
            }
            Err(_) => dropped.best(),
        };
        Quote::Rated { rate, best }
    }
}

impl Snapshot {
    /// Whether the carrier of a trunk refuses some numbers or callers by lists, classes or CLI rules: a quote
    /// takes it for one that takes all.
    pub(crate) fn judges_numbers(&self, trunk: TrunkIndex) -> bool {
        let policy = &self.egress_trunk(trunk).numbers;
        policy.may_refuse() || !policy.classes.is_empty()
    }
}

impl QuotedRoute {
    fn of(candidate: &Candidate) -> Self {
        Self {
            trunk: candidate.trunk,
            rate: candidate.rate,
        }
    }
}

/// The cheapest of those that the profit guard drops.
struct Dropped<'s> {
    snapshot: &'s Snapshot,
    at: Timestamp,
    cheapest: Option<(Amount, QuotedRoute, LossReason)>,
}

impl Dropped<'_> {
    fn best(self) -> Best {
        match self.cheapest {
            None => Best::NoRoute,
            Some((_, route, LossReason::BelowMargin)) => Best::BelowMargin(route),
            Some((_, route, _)) => Best::BelowCost(route),
        }
    }
}

impl Trace for Dropped<'_> {
    const ENABLED: bool = false;

    fn step(&mut self, _: Step<'_>) {}

    fn route(&mut self, verdict: RouteVerdict) {
        let (Some(rate), Some(reason)) = (verdict.rate, verdict.lost) else {
            return;
        };
        if !matches!(reason, LossReason::BelowCost | LossReason::BelowMargin) {
            return;
        }
        let cost = self.snapshot.expected_in_books(rate, self.at);
        if self.cheapest.is_none_or(|(least, ..)| cost < least) {
            let trunk = verdict.trunk;
            self.cheapest = Some((cost, QuotedRoute { trunk, rate }, reason));
        }
    }
}
