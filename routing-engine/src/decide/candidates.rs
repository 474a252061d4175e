//! Which routes serve a number, in which order, and which lose.
//!
//! A route is an open egress trunk whose card has a rate for the number. Its key is what the sample
//! calls are expected to cost on that rate ([`rating::expected`]): increments and fees count, so
//! the order is by the cost of talk, not by the printed price. Equal keys go by priority, then by
//! weight, then by name, so the order is total and the same every time.
//!
//! The profit guard compares the same sample on both sides: a route whose sample costs more than
//! the customer pays for it is dropped.

use crate::limits::{Admission, DryAdmission, LiveAdmission, Permits};
use crate::numbers::{Number, translate_sent};
use crate::resources::MediaMode;
use crate::snapshot::{
    CardNumber, CarrierIndex, EGRESS_CARDS_MAX, EgressTrunk, OpenRoute, Path, RateRef, Snapshot,
    TieBreak, TrunkIndex,
};
use crate::trace::{LossReason, RouteVerdict, Step, Trace};
use arrayvec::ArrayVec;
use rating::Amount;
use rating::cdr::ReleaseReason;

/// Most routes that a plan holds; the cheapest are kept.
pub const CANDIDATES_MAX: usize = 10;

/// A route of a plan.
///
/// Routes are ordered by what the sample calls of [`rating::expected`] cost on their rates, then by
/// priority, weight and name. Those whose sample costs more than the customer pays are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The egress trunk in the snapshot.
    pub trunk: TrunkIndex,
    /// Whom we would pay.
    pub carrier: CarrierIndex,
    /// What the carrier charges.
    pub rate: RateRef,
    /// What the sample calls are expected to cost: the key of the ranking.
    pub sample_total: Amount,
    tie_break: TieBreak,
}

type Ranked = ArrayVec<Candidate, CANDIDATES_MAX>;

impl Candidate {
    /// Takes a channel and a call per second of the carrier and of the trunk, for one attempt.
    ///
    /// # Errors
    /// The limit that is reached; nothing is taken then.
    pub fn admit(&self, snapshot: &Snapshot, now_us: u64) -> Result<Permits, ReleaseReason> {
        self.pass(snapshot, now_us, &mut LiveAdmission)
    }

    fn pass(
        &self,
        snapshot: &Snapshot,
        now_us: u64,
        admission: &mut impl Admission,
    ) -> Result<Permits, ReleaseReason> {
        let carrier = snapshot.carrier(self.carrier);
        let trunk = snapshot.egress_trunk(self.trunk);
        admission.pass(&[carrier.gate(), trunk.gate()], now_us)
    }

    /// The trunk that the attempt goes by: gateway, transport, timers, failover codes.
    pub fn egress_trunk<'s>(&self, snapshot: &'s Snapshot) -> &'s EgressTrunk {
        snapshot.egress_trunk(self.trunk)
    }

    /// The called number as the trunk wants it.
    pub fn called_to_send(&self, snapshot: &Snapshot, called: &Number) -> Number {
        let trunk = self.egress_trunk(snapshot);
        translate_sent(called, &trunk.numbers.called_rules, &trunk.called_number)
    }

    /// The calling number as the trunk wants it.
    pub fn calling_to_send(&self, snapshot: &Snapshot, calling: &Number) -> Number {
        let trunk = self.egress_trunk(snapshot);
        translate_sent(calling, &trunk.numbers.calling_rules, &trunk.calling_number)
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

    fn new(route: &OpenRoute, rate: RateRef, cost: Amount) -> Self {
        Self {
            trunk: route.trunk,
            carrier: route.carrier,
            rate,
            sample_total: cost,
            tie_break: route.tie_break,
        }
    }

    fn key(&self) -> (Amount, TieBreak) {
        (self.sample_total, self.tie_break)
    }
}

/// For whom routes are ranked.
pub(super) struct Payer {
    /// Whose customer it is; only routes of the same owner serve it.
    pub(super) owner: i64,
    /// What it pays for the sample.
    pub(super) revenue: Amount,
}

/// The routes in hunting order; at least one.
pub(super) fn rank(
    snapshot: &Snapshot,
    path: &Path<'_>,
    payer: &Payer,
    (called, calling): (&Number, &Number),
    now_us: u64,
    trace: &mut impl Trace,
) -> Result<Ranked, ReleaseReason> {
    let mut ranked = Ranked::new();
    let mut unprofitable_count = 0;
    for_each_egress_rate(snapshot, path, |rate, cost| {
        if !snapshot.is_of_owner(rate.card, payer.owner) {
            return;
        }
        for route in snapshot.open_routes_of_card(rate.card) {
            let refusing_list = || {
                let numbers = &snapshot.egress_trunk(route.trunk).numbers;
                numbers.refusing_list(called, calling)
            };
            let lost = if let Some(list) = route.has_number_lists.then(refusing_list).flatten() {
                Some((route.trunk, rate, LossReason::NumberRefused(list)))
            } else if cost > payer.revenue {
                unprofitable_count += 1;
                Some((route.trunk, rate, LossReason::BelowCost))
            } else {
                insert(&mut ranked, Candidate::new(route, rate, cost))
                    .map(|beaten| (beaten.trunk, beaten.rate, LossReason::BeyondLongestList))
            };
            if let Some((trunk, rate, reason)) = lost {
                trace.route(RouteVerdict::lost(trunk, Some(rate), reason));
            }
        }
    });
    report(snapshot, &ranked, unprofitable_count, now_us, trace);
    match (ranked.is_empty(), unprofitable_count) {
        (false, _) => Ok(ranked),
        (true, 0) => Err(ReleaseReason::NoRoute),
        (true, _) => Err(ReleaseReason::Unprofitable),
    }
}

/// Calls `take` with the longest match of each card that carriers charge by, and its cost.
fn for_each_egress_rate(
    snapshot: &Snapshot,
    path: &Path<'_>,
    mut take: impl FnMut(RateRef, Amount),
) {
    let mut seen = CardSet::default();
    let egress_cards = snapshot.egress_cards();
    for run in path.iter().rev() {
        if seen.count == egress_cards {
            return;
        }
        for posting in run.postings {
            if posting.card >= egress_cards {
                break;
            }
            if seen.insert(posting.card) {
                take(run.rate(*posting), posting.sample_total);
            }
        }
    }
}

/// Puts a candidate in its place and returns the one that has none left.
fn insert(ranked: &mut Ranked, candidate: Candidate) -> Option<Candidate> {
    let after = ranked
        .iter()
        .rposition(|other| other.key() < candidate.key());
    let at = after.map_or(0, |position| position + 1);
    if at == CANDIDATES_MAX {
        return Some(candidate);
    }
    let beaten = if ranked.is_full() { ranked.pop() } else { None };
    ranked.insert(at, candidate);
    beaten
}

fn report<T: Trace>(
    snapshot: &Snapshot,
    ranked: &Ranked,
    unprofitable_count: usize,
    now_us: u64,
    trace: &mut T,
) {
    if !T::ENABLED {
        return;
    }
    for candidate in ranked {
        let full = candidate.pass(snapshot, now_us, &mut DryAdmission).err();
        trace.route(RouteVerdict {
            trunk: candidate.trunk,
            rate: Some(candidate.rate),
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
