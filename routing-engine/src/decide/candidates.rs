//! Which routes serve a number, in which order, and which lose.
//!
//! An open egress trunk whose card has a rate for the number may be taken, unless the customer does
//! not get its carrier, the LCR profile excludes it, or an exclusive route leads elsewhere. Trunks
//! that a route leads to go first. Within these two the LCR profile orders ([`Order`]); cost is what
//! the sample calls are expected to cost on the rate ([`rating::expected`]): increments and fees
//! count, so the order is by the cost of talk, not by the printed price. Equal keys go by priority,
//! then by weight, then by name, so the order is total and the same every time.
//!
//! The profit guard compares the same sample on both sides: a route whose sample costs more than
//! the customer pays for it is dropped. Cards may be of several currencies: what is compared is
//! converted into that of the books, by the rate that counts at the moment of the call.

use super::CallRequest;
use super::order::{Order, RankKey, Tier};
use crate::limits::{Admission, Gates, Permits, PromptAdmission};
use crate::numbers::{
    CallNumbers, CompiledNumberPolicy, ListRefusal, NumberFacts, Rotations, Tags,
};
use crate::quality::Quality;
use crate::resources::MediaMode;
use crate::snapshot::{
    Caller, CardNumber, CarrierIndex, CompiledGateway, CompiledRoute, EGRESS_CARDS_MAX,
    EgressTrunk, Fits, OpenRoute, OriginMatch, Path, RateRef, RoutePlace, RoutingPolicy, Snapshot,
    TieBreak, TrunkIndex, of_first_card,
};
use crate::trace::{LossReason, RouteVerdict, Step, Trace};
use arrayvec::ArrayVec;
use rating::Amount;
use rating::cdr::ReleaseReason;
use std::cell::OnceCell;

/// Most routes that a plan holds; the cheapest are kept.
pub const CANDIDATES_MAX: usize = 10;

/// A route of a plan.
///
/// Routes are ordered by the customer's LCR profile ([`RankKey`]); without one by what the sample
/// calls of [`rating::expected`] cost on their rates, then by priority, weight and name. Those whose
/// sample costs more than the customer pays are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The egress trunk in the snapshot.
    pub trunk: TrunkIndex,
    /// Whom we would pay.
    pub carrier: CarrierIndex,
    /// What the carrier charges.
    pub rate: RateRef,
    /// What the sample calls are expected to cost, in the currency of the books.
    pub sample_total: Amount,
    /// What it is ranked by.
    pub key: RankKey,
    /// How its carrier does, when the profile asks for it.
    pub quality: Option<Quality>,
    /// Which route of the customer's leads to it.
    via: Option<RoutePlace>,
}

pub(super) type Ranked = ArrayVec<Candidate, CANDIDATES_MAX>;

impl Candidate {
    /// Takes a channel and a call per second of the carrier, the trunk, the route that leads to it
    /// and the gateway, for one attempt, unless as much is owed to the carrier as its calls may cost. `gateway` is the place of the gateway in the trunk.
    ///
    /// # Errors
    /// The limit that is reached; nothing is taken then.
    pub fn admit(
        &self,
        snapshot: &Snapshot,
        gateway: u8,
        now_us: u64,
    ) -> Result<Permits, ReleaseReason> {
        let gateway = self.egress_trunk(snapshot).gateways.at(gateway);
        let gates = self.gates(snapshot, gateway);
        // Nobody's attempts are held.
        let passed = PromptAdmission.pass(&gates, now_us)?;
        Ok(passed.permits)
    }

    /// What stands in the way of an attempt at this moment, by whatever gateway. `place` is its place in
    /// the plan.
    fn in_the_way(
        &self,
        ask: &Ask<'_>,
        place: usize,
        admission: &impl Admission,
    ) -> Option<ReleaseReason> {
        let mut last = None;
        for gateway in self.egress_trunk(ask.snapshot).gateways.all() {
            let gates = self.gates(ask.snapshot, Some(gateway));
            last = Some(admission.in_the_way(place, &gates, ask.request.now_us)?);
        }
        last
    }

    /// The gateway last: what it refuses another gateway of the same trunk may take.
    fn gates<'s>(&self, snapshot: &'s Snapshot, gateway: Option<&'s CompiledGateway>) -> Gates<'s> {
        let carrier = snapshot.carrier(self.carrier);
        let mut gates = Gates::new();
        gates.extend(carrier.balance_gate());
        gates.push(carrier.gate());
        gates.push(snapshot.egress_trunk(self.trunk).gate());
        let route = self.via.and_then(|place| snapshot.route(place));
        gates.extend(route.map(CompiledRoute::gate));
        gates.extend(gateway.and_then(CompiledGateway::gate));
        gates
    }

    /// The trunk that the attempt goes by: gateway, transport, timers, failover codes.
    pub fn egress_trunk<'s>(&self, snapshot: &'s Snapshot) -> &'s EgressTrunk {
        snapshot.egress_trunk(self.trunk)
    }

    /// The numbers of a call as the trunk wants them: through the lists of carrier and trunk, then the CLI
    /// rules of either, then through their translation. Whose turn it is `admission` says; `draw` is the
    /// number of the call.
    pub fn numbers_to_send(
        &self,
        snapshot: &Snapshot,
        numbers: &CallNumbers,
        admission: &mut impl Admission,
        draw: u64,
    ) -> CallNumbers {
        let presented = self.numbers_to_present(snapshot, numbers, admission, draw);
        self.as_sent(snapshot, &presented)
    }

    /// The same before their translation, digits of E.164 where they are numbers.
    pub fn numbers_to_present(
        &self,
        snapshot: &Snapshot,
        numbers: &CallNumbers,
        admission: &mut impl Admission,
        draw: u64,
    ) -> CallNumbers {
        let trunk = self.egress_trunk(snapshot);
        let mut sent = numbers.clone();
        // What refuses has left the route out before.
        let _ = trunk
            .numbers
            .pass(&mut sent, &mut Tags::default(), |_, _| {});
        let turn = |rotations: &Rotations, rule| admission.rotation(rotations, rule, draw);
        let _ = trunk.numbers.present(&mut sent, draw, turn, |_, _| {});
        sent
    }

    /// Numbers to present as the trunk writes them.
    pub fn as_sent(&self, snapshot: &Snapshot, sent: &CallNumbers) -> CallNumbers {
        let trunk = self.egress_trunk(snapshot);
        CallNumbers {
            called: trunk.called_sent(&sent.called),
            calling: trunk.calling_sent(&sent.calling),
            asserted: sent.asserted.map(|number| trunk.calling_sent(&number)),
            is_withheld: sent.is_withheld,
            is_presented: sent.is_presented,
        }
    }

    /// Whether media is relayed between this route and an ingress trunk: directly only when both
    /// allow it.
    pub fn media(&self, snapshot: &Snapshot, ingress_trunk: TrunkIndex) -> MediaMode {
        let ingress = snapshot.ingress_trunk(ingress_trunk).media;
        let egress = self.egress_trunk(snapshot).media;
        if ingress == MediaMode::Direct && egress == MediaMode::Direct {
            MediaMode::Direct
        } else {
            MediaMode::Relay
        }
    }
}

/// The call for which routes are ranked.
pub(super) struct Ask<'s> {
    pub(super) snapshot: &'s Snapshot,
    pub(super) path: &'s Path<'s>,
    pub(super) caller: &'s Caller<'s>,
    pub(super) policy: &'s RoutingPolicy,
    /// Whose customer it is; only routes of the same owner serve it.
    pub(super) owner: i64,
    /// What it pays for the sample, in the currency of the books.
    pub(super) revenue: Amount,
    /// The prefix of its rate.
    pub(super) destination: &'s str,
    pub(super) numbers: &'s CallNumbers,
    pub(super) tags: &'s Tags,
    /// Of the called number, looked up once when a route asks for it.
    pub(super) facts: OnceCell<NumberFacts>,
    /// The price of a prefix is asked for, not a call.
    pub(super) is_quote: bool,
    pub(super) request: &'s CallRequest<'s>,
}

/// Where an open route stands before the profile orders it.
pub(super) struct Place {
    pub(super) tier: Tier,
    pub(super) trunk: TrunkIndex,
    pub(super) carrier: CarrierIndex,
    pub(super) tie_break: TieBreak,
    /// Too many of its attempts fail, and this call is not of the share that it still gets.
    pub(super) is_throttled: bool,
    via: Option<RoutePlace>,
}

/// What stands in the way of routes: the same for all of a call.
struct Rules<'s> {
    fits: Fits<'s>,
    /// The most that the sample may cost.
    cost_max: Amount,
}

/// The routes in hunting order; at least one.
pub(super) fn rank(
    ask: &Ask<'_>,
    admission: &mut impl Admission,
    trace: &mut impl Trace,
) -> Result<Ranked, ReleaseReason> {
    let rules = Rules {
        fits: ask
            .policy
            .routes
            .fits(ask.numbers, ask.tags, ask.request.at),
        cost_max: ask.cost_max(),
    };
    let seen: &_ = admission;
    let mut order = Order::new(ask);
    if order.needs_survey() {
        ask.for_each_route(&rules, seen, |_, cost, place| {
            if let Ok(place) = place {
                order.survey(place.tier, cost);
            }
        });
    }
    let mut ranked = Ranked::new();
    let mut unprofitable_count = 0;
    ask.for_each_route(&rules, seen, |rate, cost, place| {
        let lost = match place {
            Ok(place) => {
                let quality = order.quality(ask, seen, &place, rate);
                let candidate = Candidate {
                    trunk: place.trunk,
                    carrier: place.carrier,
                    rate,
                    sample_total: cost,
                    key: order.key(ask, &place, cost, quality),
                    quality,
                    via: place.via,
                };
                order.consider(ask, &candidate);
                insert(&mut ranked, candidate).map(beyond)
            }
            Err((trunk, reason)) => {
                let is_of_money = matches!(reason, LossReason::BelowCost | LossReason::BelowMargin);
                unprofitable_count += usize::from(is_of_money);
                Some(RouteVerdict::lost(trunk, Some(rate), reason))
            }
        };
        if let Some(lost) = lost {
            trace.route(lost);
        }
    });
    let beaten = order.finish(ask, admission, &mut ranked);
    report(ask, &ranked, beaten, unprofitable_count, admission, trace);
    match (ranked.is_empty(), unprofitable_count) {
        (false, _) => Ok(ranked),
        (true, 0) => Err(ReleaseReason::NoRoute),
        (true, _) => Err(ReleaseReason::Unprofitable),
    }
}

fn beyond(beaten: Candidate) -> RouteVerdict {
    RouteVerdict {
        key: Some(beaten.key),
        quality: beaten.quality,
        via: beaten.via,
        ..RouteVerdict::lost(
            beaten.trunk,
            Some(beaten.rate),
            LossReason::BeyondLongestList,
        )
    }
}

impl Ask<'_> {
    /// What the profile leaves of the customer's price for a carrier.
    fn cost_max(&self) -> Amount {
        let left = 100 - i128::from(self.policy.profile.min_margin_percent);
        let most = (i128::from(self.revenue.0) * left).div_euclid(100);
        // A part of 64 bits fits 64 bits.
        Amount(i64::try_from(most).unwrap_or(self.revenue.0))
    }

    /// Calls `take` with each open route of the owner: its rate, what the sample costs, and its
    /// place or why it has none.
    fn for_each_route(
        &self,
        rules: &Rules<'_>,
        admission: &impl Admission,
        mut take: impl FnMut(RateRef, Amount, Result<Place, (TrunkIndex, LossReason)>),
    ) {
        for_each_egress_rate(self, |rate, cost| {
            if !self.snapshot.is_of_owner(rate.card, self.owner) {
                return;
            }
            let cost = self
                .snapshot
                .cost_in_books(rate.card, cost, self.request.at);
            for route in self.snapshot.open_routes_of_card(rate.card) {
                let place = self.place(rules, admission, route, cost);
                take(rate, cost, place.map_err(|reason| (route.trunk, reason)));
            }
        });
    }

    fn place(
        &self,
        rules: &Rules<'_>,
        admission: &impl Admission,
        route: &OpenRoute,
        cost: Amount,
    ) -> Result<Place, LossReason> {
        if !self.policy.allows(route.carrier) {
            return Err(LossReason::CarrierNotAllowed);
        }
        if route.has_number_policy || route.has_class_rules {
            self.pass(&self.snapshot.egress_trunk(route.trunk).numbers)?;
        }
        let (tier, tie_break, via) = match rules.fits.to(route.trunk, route.carrier) {
            Some(fit) => {
                let found = fit.route;
                let tie_break = route.tie_break.of_route(found.priority, found.weight);
                (fit.role.into(), tie_break, Some(fit.place))
            }
            None if rules.fits.is_exclusive => return Err(LossReason::NotExclusive),
            None => (Tier::Other, route.tie_break, None),
        };
        if cost > rules.cost_max {
            return Err(match cost > self.revenue {
                true => LossReason::BelowCost,
                false => LossReason::BelowMargin,
            });
        }
        Ok(Place {
            tier,
            trunk: route.trunk,
            carrier: route.carrier,
            tie_break,
            is_throttled: route.has_throttle
                && admission.holds_back(self.snapshot.egress_trunk(route.trunk), self.request),
            via,
        })
    }
}

impl Ask<'_> {
    /// Whether a carrier takes the call: by its lists, by the class of the number that they leave, by its
    /// CLI rules.
    fn pass(&self, policy: &CompiledNumberPolicy) -> Result<(), LossReason> {
        let mut left = self.numbers.clone();
        match policy.pass(&mut left, &mut Tags::default(), |_, _| {}) {
            Ok(()) => {}
            // What a list makes of a prefix is no number.
            Err(ListRefusal { error: Some(_), .. }) if self.is_quote => return Ok(()),
            Err(refusal) => return Err(LossReason::NumberRefused(refusal)),
        }
        if self.is_quote {
            // Nobody calls: there is no caller to judge, and no number.
            return Ok(());
        }
        let fault = match left.called == self.numbers.called {
            _ if policy.classes.is_empty() => None,
            true => {
                let facts = self.facts.get_or_init(|| NumberFacts::of(&left.called));
                policy.classes.fault(facts)
            }
            false => policy.classes.fault(&NumberFacts::of(&left.called)),
        };
        if let Some(fault) = fault {
            return Err(LossReason::ClassRefused(fault));
        }
        match policy.denying_cli_rule(&left) {
            Some(place) => Err(LossReason::CliRefused(place)),
            None => Ok(()),
        }
    }
}

/// Calls `take` with the longest match of each card that carriers charge by, and its cost.
fn for_each_egress_rate(ask: &Ask<'_>, mut take: impl FnMut(RateRef, Amount)) {
    let mut seen = CardSet::default();
    let egress_cards = ask.snapshot.egress_cards();
    for run in ask.path.iter().rev() {
        if seen.count == egress_cards {
            return;
        }
        let mut rest = run.postings;
        while let Some((posting, behind)) = rest.split_first() {
            if posting.card >= egress_cards {
                break;
            }
            let chosen = if posting.origin.is_only() {
                rest = behind;
                Some((*posting, OriginMatch::NONE))
            } else {
                let of_card = of_first_card(rest);
                rest = &rest[of_card.len()..];
                match seen.has(posting.card) {
                    true => None,
                    false => ask.caller.choose(of_card),
                }
            };
            if let Some((posting, origin)) = chosen
                && seen.insert(posting.card)
            {
                take(run.rate(posting, origin), posting.sample_total);
            }
        }
    }
}

/// Puts a candidate in its place and returns the one that has none left.
fn insert(ranked: &mut Ranked, candidate: Candidate) -> Option<Candidate> {
    let after = ranked.iter().rposition(|other| other.key < candidate.key);
    let at = after.map_or(0, |position| position + 1);
    if at == CANDIDATES_MAX {
        return Some(candidate);
    }
    let beaten = if ranked.is_full() { ranked.pop() } else { None };
    ranked.insert(at, candidate);
    beaten
}

fn report<T: Trace>(
    ask: &Ask<'_>,
    ranked: &Ranked,
    beaten: Option<Candidate>,
    unprofitable_count: usize,
    admission: &impl Admission,
    trace: &mut T,
) {
    if let Some(beaten) = beaten {
        trace.route(beyond(beaten));
    }
    if !T::ENABLED {
        return;
    }
    for (place, candidate) in ranked.iter().enumerate() {
        let full = candidate.in_the_way(ask, place, admission);
        trace.route(RouteVerdict {
            trunk: candidate.trunk,
            rate: Some(candidate.rate),
            key: Some(candidate.key),
            quality: candidate.quality,
            via: candidate.via,
            lost: full.map(LossReason::LimitReached),
        });
    }
    trace.step(Step::Ranked {
        candidates_count: ranked.len(),
        unprofitable_count,
    });
}

/// The cards that have their rate already.
struct CardSet {
    words: [u64; EGRESS_CARDS_MAX / 64],
    count: CardNumber,
}

impl Default for CardSet {
    fn default() -> Self {
        Self {
            words: [0; EGRESS_CARDS_MAX / 64],
            count: 0,
        }
    }
}

impl CardSet {
    fn has(&self, card: CardNumber) -> bool {
        self.words[usize::from(card) / 64] & 1 << (card % 64) != 0
    }

    /// Whether the card was not there yet.
    fn insert(&mut self, card: CardNumber) -> bool {
        let word = &mut self.words[usize::from(card) / 64];
        let bit = 1 << (card % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        self.count += CardNumber::from(is_new);
        is_new
    }
}
