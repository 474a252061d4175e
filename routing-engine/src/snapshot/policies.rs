//! How the calls of some customers are routed: profile, carriers, routes.

use super::CarrierIndex;
use super::routes::RouteTable;
use crate::resources::LcrStrategy;
use rating::cdr::ResourceRef;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Round robin counts so many groups of destinations apart.
const TURNS: usize = 64;

/// How the calls of some customers are routed. Customers who get the same share one.
#[derive(Debug, Default)]
pub(crate) struct RoutingPolicy {
    pub(crate) profile: Arc<CompiledProfile>,
    /// By carrier; empty when all are allowed.
    pub(crate) allowed: Box<[bool]>,
    pub(crate) routes: RouteTable,
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
    pub(crate) min_margin_percent: u8,
    pub(crate) attempts_max: u8,
    pub(crate) pdd_budget_ms: Option<u32>,
    pub(crate) turns: Arc<Turns>,
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
pub struct Turns([AtomicU32; TURNS]);

impl RoutingPolicy {
    /// Whether the customers get a carrier, and their profile has nothing against it.
    pub(crate) fn allows(&self, carrier: CarrierIndex) -> bool {
        let place = carrier.0 as usize;
        let is_allowed = |allowed: &[bool]| allowed.get(place).copied().unwrap_or(true);
        is_allowed(&self.allowed) && is_allowed(&self.profile.allowed)
    }
}

impl CompiledProfile {
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
            min_margin_percent: 0,
            attempts_max: u8::MAX,
            pdd_budget_ms: None,
            turns: Arc::default(),
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
        Self(std::array::from_fn(|_| AtomicU32::new(0)))
    }
}

impl Turns {
    /// The turn of a destination, told by its prefix, without taking it.
    pub(crate) fn peek(&self, prefix: &str) -> u32 {
        self.of(prefix).load(Ordering::Relaxed)
    }

    /// The turn of a destination; the next is another's.
    pub(crate) fn take(&self, prefix: &str) -> u32 {
        self.of(prefix).fetch_add(1, Ordering::Relaxed)
    }

    fn of(&self, prefix: &str) -> &AtomicU32 {
        let hash = prefix.bytes().fold(0_usize, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(usize::from(byte))
        });
        &self.0[hash % TURNS]
    }
}
