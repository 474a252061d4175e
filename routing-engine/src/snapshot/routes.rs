//! The routes of some customers, found by the numbers of a call.

use super::audience::{Audience, Recipient};
use super::schedule::CompiledSchedule;
use super::{CarrierIndex, TrunkIndex};
use crate::limits::{Gate, Limiter, Limits};
use crate::numbers::{CallNumbers, TagIndex, Tags};
use crate::resources::{AssignmentLevel, PREFIX_DIGITS_MAX, Prefix, RouteRole};
use arrayvec::ArrayVec;
use rating::Timestamp;
use rating::cdr::{ReleaseReason, ResourceRef};
use std::cmp::Reverse;
use std::ops::Range;
use std::sync::Arc;

/// Most routes of one customer that can fit one called number.
pub const ROUTES_OF_A_NUMBER_MAX: usize = 64;

/// A route in a snapshot.
#[derive(Debug)]
pub(crate) struct CompiledRoute {
    pub(crate) resource: ResourceRef,
    pub(crate) target: RouteTarget,
    /// Empty for all numbers.
    pub(crate) calling: DigitIndex,
    /// What calls must have, and must not have.
    pub(crate) tags_required: Box<[TagIndex]>,
    pub(crate) tags_excluded: Box<[TagIndex]>,
    pub(crate) is_exclusive: bool,
    pub(crate) priority: u16,
    pub(crate) weight: u16,
    pub(crate) schedule: Option<Arc<CompiledSchedule>>,
    /// Whom it is assigned to.
    pub(crate) audience: Audience,
    /// Whom its voice tier is assigned to, if it is of one.
    pub(crate) tier: Option<Arc<Audience>>,
    /// What it is in each group that it stands in, and whom that is assigned to: to nobody when it
    /// is switched off.
    pub(crate) groups: Box<[(RouteRole, Arc<Audience>)]>,
    pub(crate) limits: Limits,
    pub(crate) limiter: Arc<Limiter>,
}

/// Where a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RouteTarget {
    Carrier(CarrierIndex),
    Trunk(TrunkIndex),
}

/// A route's place among all of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoutePlace(u32);

/// The routes of a customer. Only what is its own is held for it: the routes and what is assigned
/// to several are shared.
#[derive(Debug, Default)]
pub(crate) struct GivenRoutes {
    /// All of the snapshot, by name.
    pub(super) routes: Arc<[CompiledRoute]>,
    pub(super) recipient: Recipient,
    /// What is assigned to the customer, to its group, its category, to all.
    pub(super) layers: ArrayVec<(AssignmentLevel, Arc<RouteLayer>), 4>,
}

/// The routes that are assigned to the same, by called prefix.
#[derive(Debug, Default)]
pub(crate) struct RouteLayer {
    called: DigitIndex,
    /// Places among all routes, for each prefix of `called`.
    places: Box<[u32]>,
    /// Most of them that fit one number.
    pub(super) of_a_number_max: usize,
}

/// Which of some prefixes a number begins with, and a range of numbers for each.
#[derive(Debug, Default)]
pub(crate) struct DigitIndex {
    /// Ascending: the digits behind a leading 1, which tells lengths apart.
    keys: Box<[(u64, Range<u32>)]>,
    /// Bit `n` is set when there is a prefix of `n` digits.
    lengths: u32,
}

/// A route that fits a call, and how closely.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fit<'s> {
    pub(crate) route: &'s CompiledRoute,
    pub(crate) role: RouteRole,
    pub(crate) place: RoutePlace,
    closeness: Closeness,
}

/// The assignment counts more than the called prefix, and that more than the calling one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Closeness {
    level: AssignmentLevel,
    called_digits: u8,
    calling_digits: u8,
}

/// The routes that fit a call, the closest first.
#[derive(Debug, Default)]
pub(crate) struct Fits<'s> {
    fits: ArrayVec<Fit<'s>, ROUTES_OF_A_NUMBER_MAX>,
    /// Only these may be taken.
    pub(crate) is_exclusive: bool,
}

impl RoutePlace {
    /// Its place in the list of all.
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

impl GivenRoutes {
    /// The tags that calls must have for one of the routes, or must not have: each set once, at most `most`,
    /// and whether those are all. What a call without tags gets is none of them.
    pub(crate) fn tag_sets(&self, most: usize) -> (Vec<Tags>, bool) {
        let mut sets: Vec<Tags> = Vec::new();
        let places = self.layers.iter().flat_map(|(level, layer)| {
            let given = layer
                .places
                .iter()
                .map(|place| &self.routes[*place as usize]);
            given.filter(move |route| route.given_to(&self.recipient, *level).is_some())
        });
        for route in places {
            let excluded = route.tags_excluded.iter().map(std::slice::from_ref);
            for tags in excluded.chain([&*route.tags_required]) {
                let set: Tags = tags.iter().copied().collect();
                if set.is_empty() || sets.contains(&set) {
                    continue;
                }
                if sets.len() == most {
                    return (sets, false);
                }
                sets.push(set);
            }
        }
        (sets, true)
    }

    /// The routes that fit a call, without those that their schedule closes.
    pub(crate) fn fits(&self, numbers: &CallNumbers, tags: &Tags, at: Timestamp) -> Fits<'_> {
        let mut fits = Fits::default();
        let calling = numbers.calling.as_str();
        let calling = calling.strip_prefix('+').unwrap_or(calling);
        for (layer_level, layer) in &self.layers {
            layer.for_each_match(&numbers.called, |called_digits, place| {
                let route = &self.routes[place as usize];
                let Some((level, role)) = route.given_to(&self.recipient, *layer_level) else {
                    return;
                };
                let Some(calling_digits) = route.calling_digits(calling) else {
                    return;
                };
                if route.is_open(at) && route.takes(tags) {
                    let closeness = Closeness {
                        level,
                        called_digits,
                        calling_digits,
                    };
                    // Compiled so that there is room.
                    let _ = fits.fits.try_push(Fit {
                        route,
                        role,
                        place: RoutePlace(place),
                        closeness,
                    });
                }
            });
        }
        fits.order();
        fits
    }

    /// Whether another customer of the same snapshot gets the same.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let is_same =
            |((level, layer), (other_level, other_layer)): (&(_, Arc<_>), &(_, Arc<_>))| {
                level == other_level && Arc::ptr_eq(layer, other_layer)
            };
        self.layers.len() == other.layers.len()
            && self.layers.iter().zip(&other.layers).all(is_same)
            && (self.layers.is_empty() || self.recipient == other.recipient)
    }
}

impl RouteLayer {
    /// Routes by their places, with the called prefixes of each; none for every number.
    pub(super) fn build<'r>(routes: impl Iterator<Item = (u32, &'r [Prefix])>) -> Self {
        let mut pairs: Vec<(u64, u32)> = Vec::new();
        for (place, prefixes) in routes {
            pairs.extend(keys_of(prefixes).map(|key| (key, place)));
        }
        pairs.sort_unstable();
        let mut from = 0;
        let keys = pairs
            .chunk_by(|(one, _), (other, _)| one == other)
            .map(|of_key| {
                let range = from..from + of_key.len() as u32;
                from = range.end;
                (of_key[0].0, range)
            });
        let called = DigitIndex::new(keys.collect());
        let places = pairs.iter().map(|(_, place)| *place).collect();
        let mut layer = Self {
            called,
            places,
            of_a_number_max: 0,
        };
        layer.of_a_number_max = most_of_a_number(&[(AssignmentLevel::All, &layer)], |_, _| true);
        layer
    }

    /// Calls `take` with each route of each prefix that a number begins with, and its digits.
    fn for_each_match(&self, number: &str, mut take: impl FnMut(u8, u32)) {
        self.called.for_each_match(number, |digits, places| {
            for place in &self.places[places] {
                take(digits, *place);
            }
        });
    }

    /// How many of some routes have exactly a prefix.
    fn count(&self, key: u64, counts: impl Fn(u32) -> bool) -> usize {
        let Some(range) = self.called.range(key) else {
            return 0;
        };
        let places = self.places[range].iter();
        places.filter(|place| counts(**place)).count()
    }
}

/// Most of some routes of a few layers that fit one number: there is one behind each prefix.
pub(super) fn most_of_a_number(
    layers: &[(AssignmentLevel, &RouteLayer)],
    counts: impl Fn(AssignmentLevel, u32) -> bool,
) -> usize {
    let of_key = |key: u64| -> usize {
        let of_layer = |(level, layer): &(AssignmentLevel, &RouteLayer)| {
            layer.count(key, |place| counts(*level, place))
        };
        layers.iter().map(of_layer).sum()
    };
    // Routes for all numbers fit behind each prefix: they are counted once.
    let of_all_numbers = of_key(1);
    let keys = layers.iter().flat_map(|(_, layer)| &layer.called.keys);
    let fitting = keys.map(|(key, _)| {
        let shorter = std::iter::successors(Some(*key), |key| Some(key / 10));
        shorter.take_while(|key| *key > 1).map(of_key).sum()
    });
    of_all_numbers + fitting.max().unwrap_or(0)
}

impl CompiledRoute {
    /// The customers for whom it may be something else than for others of their group and category, where
    /// it is given to those.
    pub(super) fn named_apart(&self) -> impl Iterator<Item = u32> + '_ {
        let direct = Some(&self.audience).filter(|audience| audience.is_shared());
        let tier = self.tier.as_deref();
        let groups = self.groups.iter().map(|(_, audience)| &**audience);
        let audiences = direct.into_iter().chain(tier).chain(groups);
        audiences.flat_map(Audience::customers)
    }

    pub(crate) fn gate(&self) -> Gate<'_> {
        let reasons = [
            ReleaseReason::RouteCpsLimit,
            ReleaseReason::RouteChannelLimit,
        ];
        Gate::of_resource(&self.limiter, self.limits, reasons)
    }

    /// What it is to a customer, and how specifically it is given; `None` when it is not, or is
    /// assigned to the customer at another level than this.
    pub(super) fn given_to(
        &self,
        recipient: &Recipient,
        level: AssignmentLevel,
    ) -> Option<(AssignmentLevel, RouteRole)> {
        if self.audience.level_for(recipient) != Some(level) {
            return None;
        }
        if let Some(tier) = &self.tier {
            tier.level_for(recipient)?;
        }
        if self.groups.is_empty() {
            return Some((level, RouteRole::Primary));
        }
        let groups = self.groups.iter();
        // Primary in one group is primary; a group may be given more specifically.
        let (role, Reverse(of_group)) = groups
            .filter_map(|(role, audience)| Some((*role, Reverse(audience.level_for(recipient)?))))
            .min()?;
        Some((level.max(of_group), role))
    }

    /// How many digits of a calling number fit; `None` when it does not.
    fn calling_digits(&self, calling: &str) -> Option<u8> {
        if self.calling.is_empty() {
            return Some(0);
        }
        let mut longest = None;
        self.calling
            .for_each_match(calling, |digits, _| longest = Some(digits));
        longest
    }

    /// Whether a call with some tags may take it.
    fn takes(&self, tags: &Tags) -> bool {
        self.tags_required.iter().all(|tag| tags.has(*tag))
            && !self.tags_excluded.iter().any(|tag| tags.has(*tag))
    }

    fn is_open(&self, at: Timestamp) -> bool {
        self.schedule
            .as_ref()
            .is_none_or(|schedule| schedule.is_open(at))
    }
}

impl<'s> Fits<'s> {
    /// The closest route that leads to a trunk of a carrier.
    pub(crate) fn to(&self, trunk: TrunkIndex, carrier: CarrierIndex) -> Option<&Fit<'s>> {
        let leads_there = |fit: &&Fit<'_>| match fit.route.target {
            RouteTarget::Carrier(target) => target == carrier,
            RouteTarget::Trunk(target) => target == trunk,
        };
        self.fits.iter().find(leads_there)
    }

    fn order(&mut self) {
        self.fits.sort_unstable_by_key(|fit| {
            let is_of_carrier = matches!(fit.route.target, RouteTarget::Carrier(_));
            (
                Reverse(fit.closeness),
                is_of_carrier,
                fit.role,
                fit.route.priority,
                fit.place.0,
            )
        });
        let is_exclusive = |fit: &&Fit<'_>| fit.route.is_exclusive;
        if let Some(closest) = self.fits.iter().find(is_exclusive).map(|fit| fit.closeness) {
            self.is_exclusive = true;
            self.fits
                .retain(|fit| fit.route.is_exclusive && fit.closeness == closest);
        }
    }
}

impl DigitIndex {
    fn new(keys: Box<[(u64, Range<u32>)]>) -> Self {
        let lengths = keys
            .iter()
            .fold(0, |lengths, (key, _)| lengths | 1 << digits_of(*key));
        Self { keys, lengths }
    }

    /// Of prefixes alone.
    pub(super) fn of(prefixes: &[Prefix]) -> Self {
        match prefixes {
            [] => Self::default(),
            _ => {
                let mut keys: Vec<_> = keys_of(prefixes).map(|key| (key, 0..0)).collect();
                keys.sort_unstable_by_key(|(key, _)| *key);
                Self::new(keys.into())
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The range of exactly a prefix.
    fn range(&self, key: u64) -> Option<Range<usize>> {
        if self.lengths >> digits_of(key) & 1 == 0 {
            return None;
        }
        let at = self.keys.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        let range = &self.keys[at].1;
        Some(range.start as usize..range.end as usize)
    }

    /// Calls `take` with each prefix that a number begins with: its digits and its range, the
    /// shortest first.
    fn for_each_match(&self, number: &str, mut take: impl FnMut(u8, Range<usize>)) {
        let mut key = 1;
        let digits = number
            .bytes()
            .take(PREFIX_DIGITS_MAX)
            .map(|byte| byte.wrapping_sub(b'0'));
        let mut digits = digits.take_while(|digit| *digit < 10);
        for length in 0.. {
            if self.lengths >> length & 1 != 0
                && let Some(range) = self.range(key)
            {
                take(length, range);
            }
            let Some(digit) = digits.next() else { return };
            key = key * 10 + u64::from(digit);
        }
    }
}

/// The keys of some prefixes; that of the empty one when there is none.
fn keys_of(prefixes: &[Prefix]) -> impl Iterator<Item = u64> {
    let every_number = prefixes.is_empty().then_some(1);
    let keys = prefixes.iter().map(|prefix| {
        let digits = prefix.bytes();
        digits.fold(1, |key, byte| key * 10 + u64::from(byte.wrapping_sub(b'0')))
    });
    every_number.into_iter().chain(keys)
}

fn digits_of(key: u64) -> u32 {
    key.checked_ilog10().unwrap_or(0)
}
