//! The order that an LCR profile puts routes into.

use super::candidates::{Ask, Candidate, Place, Ranked};
use crate::limits::Admission;
use crate::lot;
use crate::quality::Quality;
use crate::resources::{LcrStrategy, RouteRole};
use crate::snapshot::{CarrierIndex, CompiledProfile, RateRef, TieBreak};
use rating::Amount;

/// Which draw decides whether a carrier is forced to be first.
const FORCING: u64 = 1;
/// Which draw decides whether a call explores.
const EXPLORING: u64 = 2;
/// A carrier with fewer attempts for a destination is not tested there.
const TESTED_ATTEMPTS: u32 = 30;
/// Dearer than the cheapest by more than this counts as this: ten times its cost.
const EXCESS_PERMILLE_MAX: u64 = 10_000;

/// Where a route stands before any order of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// A route leads to it.
    Primary,
    /// A route leads to it, as a backup.
    Backup,
    /// No route leads to it.
    Other,
}

/// What a route is ranked by; the lowest goes first, and no two are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RankKey {
    /// Too many attempts of its trunk fail, and this call is not of the share that it still gets.
    pub is_throttled: bool,
    /// Its carrier does worse than the profile asks for.
    pub is_below_floor: bool,
    /// Routes before carriers without one.
    pub tier: Tier,
    /// Not put first among its like by a share of calls or by its turn.
    pub is_not_put_first: bool,
    /// What the strategy makes of it; 0 for all where cost alone decides.
    pub order: u64,
    /// What the sample calls cost in nano-units; negative where the dearest goes first.
    pub cost: i64,
    tie_break: TieBreak,
}

/// An order in the making: of one call.
pub(super) struct Order<'s> {
    profile: &'s CompiledProfile,
    draw: u64,
    /// By tier: the least cost, once surveyed.
    cheapest: [Amount; 3],
    /// Goes first, if it has a route.
    forced: Option<CarrierIndex>,
    /// A carrier that is not tested goes first.
    explores: bool,
    leaders: [Option<Leader>; REASONS],
}

/// Why a candidate goes first; the earlier reason counts where there is one of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// The call is of its forced share.
    Forced,
    /// The call explores, and it won the lot of those that are not tested.
    Untested,
    /// It won the lot of the percentages.
    Share,
}

const REASONS: usize = 3;

/// The best candidate that one reason puts first, and its ticket.
struct Leader {
    reason: Reason,
    ticket: u64,
    candidate: Candidate,
}

/// Those that no share and no turn mixes: throttled, below the floor, tier.
type Class = (bool, bool, Tier);

impl Tier {
    /// The name in explanations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Backup => "backup",
            Self::Other => "other",
        }
    }
}

impl From<RouteRole> for Tier {
    fn from(role: RouteRole) -> Self {
        match role {
            RouteRole::Primary => Self::Primary,
            RouteRole::Backup => Self::Backup,
        }
    }
}

impl<'s> Order<'s> {
    pub(super) fn new(ask: &Ask<'s>) -> Self {
        let profile = &*ask.policy.profile;
        let draw = ask.request.draw;
        let forced = match &*profile.force_first {
            [] => None,
            shares => {
                let percent = lot::percent(draw, FORCING);
                let chosen = shares
                    .iter()
                    .find(|(_, first_not_own)| percent < *first_not_own);
                chosen.map(|(carrier, _)| *carrier)
            }
        };
        Self {
            profile,
            draw,
            cheapest: [Amount(i64::MAX); 3],
            forced,
            explores: profile.explore_percent > 0
                && lot::percent(draw, EXPLORING) < profile.explore_percent,
            leaders: [const { None }; REASONS],
        }
    }

    /// Whether all routes must be shown to [`Self::survey`] before the first key.
    pub(super) fn needs_survey(&self) -> bool {
        matches!(
            self.profile.strategy,
            LcrStrategy::PriceBand | LcrStrategy::Quality
        )
    }

    /// How a carrier does for the prefix of its rate, when the profile asks for it.
    pub(super) fn quality(
        &self,
        ask: &Ask<'_>,
        admission: &impl Admission,
        place: &Place,
        rate: RateRef,
    ) -> Option<Quality> {
        if !self.profile.reads_quality() {
            return None;
        }
        let carrier = ask.snapshot.carrier(place.carrier).resource.id;
        let trunk = ask.snapshot.egress_trunk(place.trunk);
        Some(admission.quality(ask.request, trunk, carrier, rate, &ask.numbers.called))
    }

    pub(super) fn survey(&mut self, tier: Tier, cost: Amount) {
        let least = &mut self.cheapest[tier as usize];
        *least = cost.min(*least);
    }

    pub(super) fn key(
        &self,
        ask: &Ask<'_>,
        place: &Place,
        cost: Amount,
        quality: Option<Quality>,
    ) -> RankKey {
        let tie_break = place.tie_break;
        let priority = u64::from(tie_break.priority());
        let order = match self.profile.strategy {
            LcrStrategy::Priority => priority,
            LcrStrategy::PriceBand if self.is_in_band(place.tier, cost) => priority,
            LcrStrategy::PriceBand => u64::from(u16::MAX) + 1,
            LcrStrategy::Weight => {
                let trunk = ask.snapshot.egress_trunk(place.trunk).resource.id;
                priority << 48 | lot::ticket(self.draw, trunk, tie_break.weight())
            }
            LcrStrategy::Manual => self.profile.carrier(place.carrier).position.into(),
            LcrStrategy::Quality => self.balance(place.tier, cost, quality),
            _ => 0,
        };
        let cost = match self.profile.strategy {
            LcrStrategy::Reverse => -cost.0,
            _ => cost.0,
        };
        RankKey {
            is_throttled: place.is_throttled,
            is_below_floor: self.is_below_floor(quality),
            tier: place.tier,
            is_not_put_first: true,
            order,
            cost,
            tie_break,
        }
    }

    /// Cost above the cheapest and lack of quality, each weighed.
    fn balance(&self, tier: Tier, cost: Amount, quality: Option<Quality>) -> u64 {
        let cheapest = self.cheapest[tier as usize].0.max(1);
        let excess = (cost.0.saturating_sub(cheapest).max(0)).saturating_mul(1_000) / cheapest;
        let excess = excess.unsigned_abs().min(EXCESS_PERMILLE_MAX);
        let lack = 1_000 - u64::from(quality.unwrap_or(Quality::PRIOR).score());
        let weight = u64::from(self.profile.quality_balance_percent);
        (100 - weight) * excess + weight * lack
    }

    fn is_below_floor(&self, quality: Option<Quality>) -> bool {
        let (Some(floor), Some(quality)) = (&self.profile.quality_floor, quality) else {
            return false;
        };
        let ppm = |percent: u8| u32::from(percent) * 10_000;
        floor
            .asr_percent
            .is_some_and(|least| quality.asr_ppm < ppm(least))
            || floor
                .ner_percent
                .is_some_and(|least| quality.ner_ppm < ppm(least))
            || floor
                .acd_s
                .is_some_and(|least| quality.acd_ms / 1_000 < least)
            || floor.pdd_ms.is_some_and(|most| quality.pdd_ms > most)
    }

    fn is_in_band(&self, tier: Tier, cost: Amount) -> bool {
        let cheapest = self.cheapest[tier as usize].0;
        let percent = 100 + i128::from(self.profile.price_band_percent);
        i128::from(cost.0) * 100 <= i128::from(cheapest) * percent
    }

    /// Whether a candidate is one that goes first.
    pub(super) fn consider(&mut self, ask: &Ask<'_>, candidate: &Candidate) {
        let carrier = candidate.carrier;
        let id = || ask.snapshot.carrier(carrier).resource.id;
        if self.forced == Some(carrier) {
            self.put_forward(Reason::Forced, 0, candidate);
        }
        let attempts = candidate.quality.map_or(0, |quality| quality.attempts);
        if self.explores && attempts < TESTED_ATTEMPTS {
            let ticket = lot::ticket(self.draw, id(), 1);
            self.put_forward(Reason::Untested, ticket, candidate);
        }
        if self.profile.strategy == LcrStrategy::Percentage {
            let percent = self.profile.carrier(carrier).percent;
            if percent > 0 {
                let ticket = lot::ticket(self.draw, id(), percent.into());
                self.put_forward(Reason::Share, ticket, candidate);
            }
        }
    }

    fn put_forward(&mut self, reason: Reason, ticket: u64, candidate: &Candidate) {
        let new = Leader {
            reason,
            ticket,
            candidate: *candidate,
        };
        let known = &mut self.leaders[reason as usize];
        if known.as_ref().is_none_or(|known| new.rank() < known.rank()) {
            *known = Some(new);
        }
    }

    /// Puts first what goes first. Gives the candidate that has no place left then.
    pub(super) fn finish(
        self,
        ask: &Ask<'_>,
        admission: &mut impl Admission,
        ranked: &mut Ranked,
    ) -> Option<Candidate> {
        let best = ranked.first()?.key.class();
        if let Some(turns) = &self.profile.turns {
            let is_best = |candidate: &&Candidate| candidate.key.class() == best;
            let equals = ranked.iter().take_while(is_best).count();
            let turn = admission.turn(turns, ask.destination, self.draw) as usize;
            ranked[..equals].rotate_left(turn % equals);
            ranked[0].key.is_not_put_first = false;
        }
        // Who is not there, or only behind others, leaves the call to the next reason.
        let mut leaders = self.leaders.into_iter().flatten();
        let mut leader = leaders.find(|leader| leader.may_lead(best))?.candidate;
        let at = ranked.iter().position(|other| other.trunk == leader.trunk);
        let beaten = match at {
            Some(at) => {
                ranked.remove(at);
                None
            }
            None if ranked.is_full() => ranked.pop(),
            None => None,
        };
        leader.key.is_not_put_first = false;
        ranked.insert(0, leader);
        beaten
    }
}

impl RankKey {
    fn class(&self) -> Class {
        (self.is_throttled, self.is_below_floor, self.tier)
    }
}

impl Leader {
    /// What is not tested does too badly by hearsay at most: the floor does not count.
    fn rank(&self) -> (Class, u64, RankKey) {
        let key = self.candidate.key;
        let class = match self.reason {
            Reason::Untested => (key.is_throttled, false, key.tier),
            _ => key.class(),
        };
        (class, self.ticket, key)
    }

    /// Whether it may go before the best of all.
    fn may_lead(&self, best: Class) -> bool {
        let key = &self.candidate.key;
        match self.reason {
            Reason::Untested => key.is_throttled == best.0 && key.tier <= best.2,
            _ => key.class() == best,
        }
    }
}
