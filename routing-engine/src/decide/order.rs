//! The order that an LCR profile puts routes into.

use super::candidates::{Ask, Candidate, Place, Ranked};
use crate::limits::Admission;
use crate::lot;
use crate::resources::{LcrStrategy, RouteRole};
use crate::snapshot::{CarrierIndex, CompiledProfile, TieBreak};
use rating::Amount;

/// Which draw decides whether a carrier is forced to be first.
const FORCING: u64 = 1;

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
    /// Routes before carriers without one.
    pub tier: Tier,
    /// Not put first within its tier by a share of calls or by its turn.
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
    leaders: [Option<Leader>; REASONS],
}

/// Why a candidate goes first; the earlier reason counts where there is one of it.
#[derive(Clone, Copy)]
enum Reason {
    /// The call is of its forced share.
    Forced,
    /// It won the lot of the percentages.
    Share,
}

const REASONS: usize = 2;

/// The best candidate that one reason puts first, and its ticket.
struct Leader {
    ticket: u64,
    candidate: Candidate,
}

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
            leaders: [const { None }; REASONS],
        }
    }

    /// Whether all routes must be shown to [`Self::survey`] before the first key.
    pub(super) fn needs_survey(&self) -> bool {
        self.profile.strategy == LcrStrategy::PriceBand
    }

    pub(super) fn survey(&mut self, tier: Tier, cost: Amount) {
        let least = &mut self.cheapest[tier as usize];
        *least = cost.min(*least);
    }

    pub(super) fn key(&self, ask: &Ask<'_>, place: &Place, cost: Amount) -> RankKey {
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
            _ => 0,
        };
        let cost = match self.profile.strategy {
            LcrStrategy::Reverse => -cost.0,
            _ => cost.0,
        };
        RankKey {
            tier: place.tier,
            is_not_put_first: true,
            order,
            cost,
            tie_break,
        }
    }

    fn is_in_band(&self, tier: Tier, cost: Amount) -> bool {
        let cheapest = self.cheapest[tier as usize].0;
        let percent = 100 + i64::from(self.profile.price_band_percent);
        cost.0.saturating_mul(100) <= cheapest.saturating_mul(percent)
    }

    /// Whether a candidate is one that goes first.
    pub(super) fn consider(&mut self, ask: &Ask<'_>, candidate: &Candidate) {
        if self.forced == Some(candidate.carrier) {
            self.put_forward(Reason::Forced, 0, candidate);
        }
        if self.profile.strategy == LcrStrategy::Percentage {
            let percent = self.profile.carrier(candidate.carrier).percent;
            if percent > 0 {
                let id = ask.snapshot.carrier(candidate.carrier).resource.id;
                let ticket = lot::ticket(self.draw, id, percent.into());
                self.put_forward(Reason::Share, ticket, candidate);
            }
        }
    }

    fn put_forward(&mut self, reason: Reason, ticket: u64, candidate: &Candidate) {
        let rank = |ticket: u64, one: &Candidate| (one.key.tier, ticket, one.key);
        let leader = &mut self.leaders[reason as usize];
        let is_before =
            |other: &Leader| rank(ticket, candidate) < rank(other.ticket, &other.candidate);
        if leader.as_ref().is_none_or(is_before) {
            let candidate = *candidate;
            *leader = Some(Leader { ticket, candidate });
        }
    }

    /// Puts first what goes first. Gives the candidate that has no place left then.
    pub(super) fn finish(
        self,
        ask: &Ask<'_>,
        admission: &mut impl Admission,
        ranked: &mut Ranked,
    ) -> Option<Candidate> {
        let best = ranked.first()?.key.tier;
        if let Some(turns) = &self.profile.turns {
            let is_best = |candidate: &&Candidate| candidate.key.tier == best;
            let equals = ranked.iter().take_while(is_best).count();
            let turn = admission.turn(turns, ask.destination) as usize;
            ranked[..equals].rotate_left(turn % equals);
            ranked[0].key.is_not_put_first = false;
        }
        // Who is not there, or only in a tier behind, leaves the call to the next reason.
        let leaders = self.leaders.into_iter().flatten();
        let mut leader = leaders
            .map(|leader| leader.candidate)
            .find(|leader| leader.key.tier == best)?;
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
