//! How the calls of a customer are routed: profile, carriers, routes.

use super::CarrierIndex;
use super::routes::GivenRoutes;
use crate::resources::{LcrStrategy, QualityFloor};
use rating::cdr::ResourceRef;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Places for destinations of one profile.
const TURNS: usize = 4_096;
/// Places that are looked at for a destination. When all of them are others', it takes turns
/// together with one of these.
const TURNS_LOOKED_AT: usize = 16;

/// How the calls of a customer are routed. What several customers get is shared.
#[derive(Debug, Default)]
pub(crate) struct RoutingPolicy {
    pub(crate) profile: Arc<CompiledProfile>,
    /// By carrier; empty when all are allowed.
    pub(crate) allowed: Arc<[bool]>,
    pub(crate) routes: GivenRoutes,
}

/// An LCR profile in a snapshot.
#[derive(Debug)]
pub(crate) struct CompiledProfile {
    /// `None` for that of customers who have none.
    pub(crate) resource: Option<ResourceRef>,
    pub(crate) strategy: LcrStrategy,
    pub(crate) price_band_percent: u16,
    /// By carrier, for strategies that need them; empty otherwise.
    pub(crate) carriers: Box<[CarrierPlace]>,
    /// By carrier; empty when all may be tried.
    pub(crate) allowed: Box<[bool]>,
    /// Each carrier with the first percent that is not its own.
    pub(crate) force_first: Box<[(CarrierIndex, u8)]>,
    pub(crate) quality_balance_percent: u8,
    pub(crate) quality_floor: Option<QualityFloor>,
    pub(crate) explore_percent: u8,
    pub(crate) min_margin_percent: u8,
    pub(crate) attempts_max: u8,
    pub(crate) pdd_budget_ms: Option<u32>,
    /// For round robin.
    pub(crate) turns: Option<Arc<Turns>>,
}

/// What a profile says of a carrier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CarrierPlace {
    /// In the order of its own; the last for those that are not in it.
    pub(crate) position: u16,
    /// How often it goes first.
    pub(crate) percent: u8,
}

/// Whose turn it is, by destination. It belongs to the profile, not to a snapshot.
#[derive(Debug)]
pub struct Turns(Box<[Turn]>);

/// Of one destination, as soon as it has one.
#[derive(Debug, Default)]
struct Turn {
    /// Its digits behind a leading 1; 0 while it is nobody's.
    destination: AtomicU64,
    taken: AtomicU32,
}

impl RoutingPolicy {
    /// Whether the customers get a carrier, and their profile has nothing against it.
    pub(crate) fn allows(&self, carrier: CarrierIndex) -> bool {
        let place = carrier.0 as usize;
        let is_allowed = |allowed: &[bool]| allowed.get(place).copied().unwrap_or(true);
        is_allowed(&self.allowed) && is_allowed(&self.profile.allowed)
    }
}

impl CompiledProfile {
    /// Whether the order depends on how carriers do.
    pub(crate) fn reads_quality(&self) -> bool {
        self.strategy == LcrStrategy::Quality
            || self.quality_floor.is_some()
            || self.explore_percent > 0
    }

    pub(crate) fn carrier(&self, carrier: CarrierIndex) -> CarrierPlace {
        let place = self.carriers.get(carrier.0 as usize);
        place.copied().unwrap_or_default()
    }
}

/// What customers without a profile have.
impl Default for CompiledProfile {
    fn default() -> Self {
        Self {
            resource: None,
            strategy: LcrStrategy::Cheapest,
            price_band_percent: 0,
            carriers: Box::default(),
            allowed: Box::default(),
            force_first: Box::default(),
            quality_balance_percent: 0,
            quality_floor: None,
            explore_percent: 0,
            min_margin_percent: 0,
            attempts_max: u8::MAX,
            pdd_budget_ms: None,
            turns: None,
        }
    }
}

impl Default for CarrierPlace {
    fn default() -> Self {
        Self {
            position: u16::MAX,
            percent: 0,
        }
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self((0..TURNS).map(|_| Turn::default()).collect())
    }
}

impl Turns {
    /// The turn of a destination, told by its prefix, without taking it.
    pub(crate) fn peek(&self, prefix: &str) -> u32 {
        let key = key_of(prefix);
        let mut places = self.places(key);
        // Whoever is not there yet would take the first place that is free.
        let place =
            places.find(|place| [key, 0].contains(&place.destination.load(Ordering::Relaxed)));
        place
            .unwrap_or_else(|| self.shared(key))
            .taken
            .load(Ordering::Relaxed)
    }

    /// The turn of a destination; the next is another's.
    pub(crate) fn take(&self, prefix: &str) -> u32 {
        let key = key_of(prefix);
        let place = self.places(key).find(|place| place.is_for(key));
        place
            .unwrap_or_else(|| self.shared(key))
            .taken
            .fetch_add(1, Ordering::Relaxed)
    }

    fn places(&self, key: u64) -> impl Iterator<Item = &Turn> {
        (0..TURNS_LOOKED_AT).map(move |step| &self.0[(first_place(key) + step) % TURNS])
    }

    fn shared(&self, key: u64) -> &Turn {
        &self.0[first_place(key)]
    }
}

impl Turn {
    /// Whether it is a destination's, or was nobody's and is now.
    fn is_for(&self, key: u64) -> bool {
        let now = self
            .destination
            .compare_exchange(0, key, Ordering::Relaxed, Ordering::Relaxed);
        now.is_ok() || now == Err(key)
    }
}

fn key_of(prefix: &str) -> u64 {
    prefix.bytes().fold(1, |key: u64, byte| {
        key.wrapping_mul(10)
            .wrapping_add(u64::from(byte.wrapping_sub(b'0')))
    })
}

fn first_place(key: u64) -> usize {
    crate::lot::mix(key) as usize % TURNS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_destination_has_turns_of_its_own() {
        let turns = Turns::default();
        for round in 0..3 {
            for prefix in 0..1_000 {
                let prefix = prefix.to_string();
                assert_eq!(turns.peek(&prefix), round, "{prefix}");
                assert_eq!(turns.take(&prefix), round, "{prefix}");
            }
        }
    }

    #[test]
    fn destinations_beyond_the_places_take_turns_with_others() {
        let turns = Turns::default();
        for prefix in 0..3 * TURNS {
            turns.take(&prefix.to_string());
        }
        let taken = turns
            .0
            .iter()
            .map(|turn| turn.taken.load(Ordering::Relaxed));
        assert_eq!(taken.sum::<u32>(), 3 * TURNS as u32);
    }
}
