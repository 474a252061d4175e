//! The routes of some customers, found by the numbers of a call.

use super::schedule::CompiledSchedule;
use super::{CarrierIndex, TrunkIndex};
use crate::resources::{AssignmentLevel, PREFIX_DIGITS_MAX, Prefix, RouteRole};
use arrayvec::ArrayVec;
use rating::Timestamp;
use rating::cdr::ResourceRef;
use std::cmp::Reverse;
use std::collections::BTreeMap;
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
    pub(crate) is_exclusive: bool,
    pub(crate) priority: u16,
    pub(crate) weight: u16,
    pub(crate) schedule: Option<Arc<CompiledSchedule>>,
}

/// Where a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RouteTarget {
    Carrier(CarrierIndex),
    Trunk(TrunkIndex),
}

/// A route as some customers have it.
#[derive(Clone, Debug)]
pub(crate) struct GivenRoute {
    pub(crate) route: Arc<CompiledRoute>,
    pub(crate) role: RouteRole,
    pub(crate) level: AssignmentLevel,
}

/// A route's place among those of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoutePlace(u32);

/// All routes of some customers.
#[derive(Debug, Default)]
pub(crate) struct RouteTable {
    /// By name.
    given: Box<[GivenRoute]>,
    called: DigitIndex,
    /// Places in `given`, for each prefix of `called`.
    places: Box<[u32]>,
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
struct Fit<'s> {
    given: &'s GivenRoute,
    closeness: Closeness,
    place: u32,
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

impl RouteTable {
    /// `given` with the called prefixes of each; none for every number. They are in the order of
    /// their names.
    ///
    /// # Errors
    /// How many routes fit one number, when they are more than [`ROUTES_OF_A_NUMBER_MAX`].
    pub(super) fn build(given: Vec<(GivenRoute, &[Prefix])>) -> Result<Self, usize> {
        let mut by_prefix: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for ((_, prefixes), place) in given.iter().zip(0..) {
            for key in keys_of(prefixes) {
                by_prefix.entry(key).or_default().push(place);
            }
        }
        for key in by_prefix.keys() {
            let shorter = std::iter::successors(Some(*key), |key| (*key > 1).then_some(key / 10));
            let fitting: usize = shorter
                .filter_map(|key| by_prefix.get(&key))
                .map(Vec::len)
                .sum();
            if fitting > ROUTES_OF_A_NUMBER_MAX {
                return Err(fitting);
            }
        }
        let mut places = Vec::new();
        let keys = by_prefix.into_iter().map(|(key, of_prefix)| {
            let from = places.len() as u32;
            places.extend(of_prefix);
            (key, from..places.len() as u32)
        });
        let called = DigitIndex::new(keys.collect());
        Ok(Self {
            given: given.into_iter().map(|(given, _)| given).collect(),
            called,
            places: places.into(),
        })
    }

    /// The routes that fit a call, without those that their schedule closes.
    pub(crate) fn fits(&self, called: &str, calling: &str, at: Timestamp) -> Fits<'_> {
        let mut fits = Fits::default();
        if self.given.is_empty() {
            return fits;
        }
        let calling = calling.strip_prefix('+').unwrap_or(calling);
        self.called.for_each_match(called, |called_digits, places| {
            for place in &self.places[places] {
                let given = &self.given[*place as usize];
                let Some(calling_digits) = given.route.calling_digits(calling) else {
                    continue;
                };
                let fit = Fit {
                    given,
                    closeness: Closeness {
                        level: given.level,
                        called_digits,
                        calling_digits,
                    },
                    place: *place,
                };
                if given.route.is_open(at) {
                    // Compiled so that there is room.
                    let _ = fits.fits.try_push(fit);
                }
            }
        });
        fits.order();
        fits
    }
}

impl RouteTable {
    /// The name of a route.
    pub(crate) fn name(&self, place: RoutePlace) -> Option<&Arc<str>> {
        let given = self.given.get(place.0 as usize)?;
        Some(&given.route.resource.name)
    }
}

impl CompiledRoute {
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

    fn is_open(&self, at: Timestamp) -> bool {
        self.schedule
            .as_ref()
            .is_none_or(|schedule| schedule.is_open(at))
    }
}

impl<'s> Fits<'s> {
    /// The closest route that leads to a trunk of a carrier.
    pub(crate) fn to(
        &self,
        trunk: TrunkIndex,
        carrier: CarrierIndex,
    ) -> Option<(&'s GivenRoute, RoutePlace)> {
        let leads_there = |fit: &&Fit<'_>| match fit.given.route.target {
            RouteTarget::Carrier(target) => target == carrier,
            RouteTarget::Trunk(target) => target == trunk,
        };
        let fit = self.fits.iter().find(leads_there)?;
        Some((fit.given, RoutePlace(fit.place)))
    }

    fn order(&mut self) {
        self.fits.sort_unstable_by_key(|fit| {
            let is_of_carrier = matches!(fit.given.route.target, RouteTarget::Carrier(_));
            (
                Reverse(fit.closeness),
                is_of_carrier,
                fit.given.role,
                fit.given.route.priority,
                fit.place,
            )
        });
        let is_exclusive = |fit: &&Fit<'_>| fit.given.route.is_exclusive;
        if let Some(closest) = self.fits.iter().find(is_exclusive).map(|fit| fit.closeness) {
            self.is_exclusive = true;
            self.fits
                .retain(|fit| fit.given.route.is_exclusive && fit.closeness == closest);
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
                && let Ok(at) = self.keys.binary_search_by_key(&key, |(key, _)| *key)
            {
                let range = &self.keys[at].1;
                take(length, range.start as usize..range.end as usize);
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
