//! Profiles, routes and groups of random worlds, and the rules about them in plain words.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::model::Rate;
use super::numbers::Random;
use super::quality::{Figures, score};
use super::world::{digits, one_in, status, stored};
use routing_engine::resources::{
    Assigned, Assignment, AssignmentLevel, Carrier, CarrierShare, Customer, CustomerGroup,
    LcrProfile, LcrStrategy, Prefix, QualityFloor, Ref, Resources, Route, RouteGroup,
    RouteGroupMember, RouteRole, Schedule, Status, Tag, VoiceTier,
};
use std::cmp::Reverse;

pub(crate) const GROUP: &str = "group";
const GROUPS_CATEGORY: &str = "category of the group";
pub(crate) const OWN_CATEGORY: &str = "category";
const SCHEDULE: &str = "day";
pub(crate) const TAGS: [&str; 4] = ["a", "b", "c", "d"];

type Given<T> = Vec<(String, Assignment, T)>;

#[derive(Default)]
pub(crate) struct Routing {
    profiles: Given<LcrProfile>,
    routes: Given<Route>,
    groups: Given<RouteGroup>,
    tiers: Given<VoiceTier>,
}

/// A trunk that may take a call.
#[derive(Clone, Debug)]
pub(crate) struct Offered {
    pub(crate) trunk: String,
    pub(crate) trunk_id: i64,
    pub(crate) carrier: String,
    pub(crate) carrier_id: i64,
    pub(crate) tier: u8,
    pub(crate) priority: u16,
    pub(crate) weight: u16,
    pub(crate) cost: i64,
    /// And its attempts.
    pub(crate) quality: (Figures, u32),
    /// Too many attempts fail, and the call is not of the share that the trunk still gets.
    pub(crate) is_throttled: bool,
    pub(crate) rate: Rate,
    /// The route that leads to it, with its limits.
    pub(crate) via: Option<Via>,
}

/// A route's name, calls per second and channels.
pub(crate) type Via = (String, Option<u32>, Option<u32>);

/// A route that fits a call.
#[derive(Clone, Copy)]
pub(crate) struct Fit<'w> {
    name: &'w str,
    route: &'w Route,
    level: AssignmentLevel,
    called_digits: usize,
    calling_digits: usize,
    pub(crate) role: RouteRole,
    pub(crate) priority: u16,
    pub(crate) weight: u16,
}

pub(crate) struct Fits<'w> {
    fits: Vec<Fit<'w>>,
    pub(crate) is_exclusive: bool,
}

const STRATEGIES: [LcrStrategy; 9] = [
    LcrStrategy::Cheapest,
    LcrStrategy::Priority,
    LcrStrategy::PriceBand,
    LcrStrategy::Weight,
    LcrStrategy::Percentage,
    LcrStrategy::Manual,
    LcrStrategy::Reverse,
    LcrStrategy::RoundRobin,
    LcrStrategy::Quality,
];

pub(crate) fn random(
    random: &mut Random,
    carriers: usize,
    customers: usize,
    trunks: &[String],
) -> Routing {
    // Every second world has no rules at all.
    if one_in(random, 2) {
        return Routing::default();
    }
    let tiers = [(
        "tier 0".to_owned(),
        assignment(random, customers),
        VoiceTier {
            code: "T".to_owned(),
            ..tier()
        },
    )];
    let routes = (0..random.below(8)).map(|index| {
        let spec = route(random, carriers, trunks);
        (
            format!("route {index}"),
            assignment(random, customers),
            spec,
        )
    });
    let routes: Vec<_> = routes.collect();
    let groups = (0..random.below(3)).map(|index| {
        let members = routes.iter().filter(|_| one_in(random, 2));
        let members: Vec<_> = members.cloned().collect();
        let members = members.into_iter().map(|(name, ..)| RouteGroupMember {
            route: name.into(),
            role: *random.pick(&[RouteRole::Primary, RouteRole::Backup]),
        });
        let group = RouteGroup {
            members: members.collect(),
            status: status(random),
            description: String::new(),
        };
        (
            format!("group {index}"),
            assignment(random, customers),
            group,
        )
    });
    let groups = groups
        .filter(|(_, _, group)| {
            group
                .members
                .iter()
                .any(|member| member.role == RouteRole::Primary)
        })
        .collect();
    let profiles = (0..random.below(4)).map(|index| {
        let spec = profile(random, carriers);
        (
            format!("profile {index}"),
            assignment(random, customers),
            spec,
        )
    });
    Routing {
        profiles: profiles.collect(),
        routes,
        groups,
        tiers: tiers.into(),
    }
}

fn tier() -> VoiceTier {
    serde_json::from_str(r#"{"code": "T"}"#).unwrap()
}

/// Open in India on three days, and on Sunday nights; closed on a Wednesday and a Monday.
fn schedule() -> Schedule {
    serde_json::from_str(
        r#"{"time_zone": "Asia/Kolkata", "hours": [
            {"days": ["monday", "wednesday", "friday"], "from": "06:00", "to": "18:00"},
            {"days": ["sunday"], "from": "22:00", "to": "03:00"}],
            "holidays": [{"month": 11, "day": 25}, {"month": 11, "day": 30, "year": 2026}]}"#,
    )
    .unwrap()
}

fn assignment(random: &mut Random, customers: usize) -> Assignment {
    let mut assign = Assignment {
        all: one_in(random, 2),
        ..Assignment::default()
    };
    if one_in(random, 3) {
        assign
            .categories
            .push((*random.pick(&[OWN_CATEGORY, GROUPS_CATEGORY])).to_owned());
    }
    if one_in(random, 4) {
        assign.groups.push(GROUP.to_owned());
    }
    if one_in(random, 3) {
        assign
            .customers
            .push(format!("customer {}", random.below(customers)));
    }
    assign
}

/// Most have none.
fn tags(random: &mut Random, of: &[&str]) -> Vec<Tag> {
    let tag = *random.pick(of);
    let has_one = one_in(random, 8);
    has_one
        .then(|| tag.try_into().unwrap())
        .into_iter()
        .collect()
}

fn route(random: &mut Random, carriers: usize, trunks: &[String]) -> Route {
    let prefixes = |random: &mut Random, often: usize| {
        let count = if one_in(random, often) {
            1 + random.below(3)
        } else {
            0
        };
        let mut all: Vec<_> = (0..count).map(|_| digits(random, 3)).collect();
        all.sort();
        all.dedup();
        all.into_iter()
            .map(|text| Prefix::try_from(text).unwrap())
            .collect::<Vec<_>>()
    };
    let by_trunk = !trunks.is_empty() && one_in(random, 3);
    Route {
        status: status(random),
        prefixes: prefixes(random, 2),
        calling_prefixes: prefixes(random, 6),
        tags_required: tags(random, &TAGS[..2]),
        tags_excluded: tags(random, &TAGS[2..]),
        carrier: (!by_trunk).then(|| format!("carrier {}", random.below(carriers)).into()),
        trunk: by_trunk.then(|| random.pick(trunks).clone().into()),
        voice_tier: one_in(random, 4).then(|| "tier 0".into()),
        exclusive: one_in(random, 4),
        priority: random.below(3) as u16,
        weight: 1 + random.below(3) as u16 * 100,
        schedule: one_in(random, 4).then(|| SCHEDULE.into()),
        cps_limit: one_in(random, 2).then_some(1),
        channel_limit: one_in(random, 3).then_some(1),
    }
}

fn profile(random: &mut Random, carriers: usize) -> LcrProfile {
    let strategy = *random.pick(&STRATEGIES);
    let some = |random: &mut Random, often: usize| {
        let names = (0..carriers).map(|index| format!("carrier {index}").into());
        names.filter(|_| one_in(random, often)).collect::<Vec<_>>()
    };
    let shares = |random: &mut Random| {
        let names = some(random, 2).into_iter().take(4);
        names
            .map(|carrier| CarrierShare {
                carrier,
                percent: 25,
            })
            .collect::<Vec<_>>()
    };
    let manual = || {
        let mut order: Vec<_> = (0..carriers)
            .map(|index| format!("carrier {index}").into())
            .collect();
        order.reverse();
        order
    };
    let mut carrier_shares = shares(random);
    let missing = 100
        - carrier_shares
            .iter()
            .map(|share| u32::from(share.percent))
            .sum::<u32>();
    match carrier_shares.first_mut() {
        Some(first) => first.percent += missing as u8,
        None => carrier_shares.push(CarrierShare {
            carrier: "carrier 0".into(),
            percent: 100,
        }),
    }
    let (only_carriers, excluded_carriers) = match random.below(5) {
        0 => (some(random, 2), Vec::new()),
        1 => (Vec::new(), some(random, 5)),
        _ => (Vec::new(), Vec::new()),
    };
    LcrProfile {
        strategy,
        price_band_percent: (strategy == LcrStrategy::PriceBand).then_some(50),
        carrier_order: if strategy == LcrStrategy::Manual {
            manual()
        } else {
            Vec::new()
        },
        carrier_shares: match strategy {
            LcrStrategy::Percentage => carrier_shares,
            _ => Vec::new(),
        },
        force_first: if one_in(random, 4) {
            shares(random)
        } else {
            Vec::new()
        },
        only_carriers,
        excluded_carriers,
        quality_balance_percent: (strategy == LcrStrategy::Quality)
            .then(|| *random.pick(&[0, 30, 50, 100])),
        quality_floor: one_in(random, 4).then(|| QualityFloor {
            asr_percent: one_in(random, 2).then_some(40),
            ner_percent: one_in(random, 3).then_some(50),
            acd_s: one_in(random, 3).then_some(150),
            pdd_ms: one_in(random, 3).then_some(4_000),
        }),
        explore_percent: *random.pick(&[0, 0, 0, 30]),
        min_margin_percent: *random.pick(&[0, 0, 0, 20]),
        attempts_max: 10,
        ..LcrProfile::default()
    }
}

impl Routing {
    pub(crate) fn resources(&self) -> Resources {
        let group: CustomerGroup =
            serde_json::from_str(&format!(r#"{{"category": "{GROUPS_CATEGORY}"}}"#)).unwrap();
        Resources {
            customer_groups: stored(&[(GROUP.to_owned(), group)]).collect(),
            schedules: stored(&[(SCHEDULE.to_owned(), schedule())]).collect(),
            voice_tiers: assigned(&self.tiers),
            lcr_profiles: assigned(&self.profiles),
            routes: assigned(&self.routes),
            route_groups: assigned(&self.groups),
            ..Resources::default()
        }
    }

    /// The most specific profile, the first by name; and its name.
    pub(crate) fn profile_of(&self, customer: &str, spec: &Customer) -> (String, LcrProfile) {
        let given = self.profiles.iter().filter_map(|(name, assign, profile)| {
            Some((level(assign, customer, spec)?, name, profile))
        });
        let best = given.min_by_key(|(level, name, _)| (Reverse(*level), *name));
        best.map_or_else(
            || {
                (
                    String::new(),
                    LcrProfile {
                        attempts_max: 10,
                        ..LcrProfile::default()
                    },
                )
            },
            |(_, name, profile)| (name.clone(), profile.clone()),
        )
    }

    pub(crate) fn fits(
        &self,
        customer: &str,
        spec: &Customer,
        called: &str,
        calling: &str,
        tags: &[Tag],
        at_us: i64,
    ) -> Fits<'_> {
        let calling = calling.strip_prefix('+').unwrap_or(calling);
        let mut fits = Vec::new();
        for (name, assign, route) in &self.routes {
            let is_missing = |tag: &&Tag| !tags.contains(tag);
            if route.tags_required.iter().any(|tag| is_missing(&tag))
                || !route.tags_excluded.iter().all(|tag| is_missing(&tag))
            {
                continue;
            }
            let longest = |prefixes: &[Prefix], number: &str| {
                let fitting = prefixes
                    .iter()
                    .filter(|prefix| number.starts_with(&***prefix));
                let longest = fitting.map(|prefix| prefix.len()).max();
                if prefixes.is_empty() {
                    Some(0)
                } else {
                    longest
                }
            };
            let has_tier = route.voice_tier.as_ref().is_none_or(|tier| {
                let (_, assign, _) = self
                    .tiers
                    .iter()
                    .find(|(name, ..)| *name == **tier)
                    .unwrap();
                level(assign, customer, spec).is_some()
            });
            let is_open = route.schedule.is_none() || is_open(at_us);
            if route.status == Status::Inactive || !has_tier || !is_open {
                continue;
            }
            let (Some(level), Some(called_digits), Some(calling_digits)) = (
                level(assign, customer, spec),
                longest(&route.prefixes, called),
                longest(&route.calling_prefixes, calling),
            ) else {
                continue;
            };
            let Some((role, level)) = self.role(name, level, customer, spec) else {
                continue;
            };
            fits.push(Fit {
                name,
                route,
                level,
                called_digits,
                calling_digits,
                role,
                priority: route.priority,
                weight: route.weight,
            });
        }
        let closeness = |fit: &Fit<'_>| (fit.level, fit.called_digits, fit.calling_digits);
        let exclusive = fits.iter().filter(|fit| fit.route.exclusive);
        let closest = exclusive.map(closeness).max();
        if let Some(closest) = closest {
            fits.retain(|fit| fit.route.exclusive && closeness(fit) == closest);
        }
        Fits {
            fits,
            is_exclusive: closest.is_some(),
        }
    }

    /// What a route is in the groups that the customer gets; `None` when it gets none of them.
    fn role(
        &self,
        route: &str,
        own: AssignmentLevel,
        customer: &str,
        spec: &Customer,
    ) -> Option<(RouteRole, AssignmentLevel)> {
        let member = |group: &RouteGroup| {
            group
                .members
                .iter()
                .find(|member| *member.route == *route)
                .map(|member| member.role)
        };
        if !self
            .groups
            .iter()
            .any(|(_, _, group)| member(group).is_some())
        {
            return Some((RouteRole::Primary, own));
        }
        let roles = self.groups.iter().filter_map(|(_, assign, group)| {
            if group.status == Status::Inactive {
                return None;
            }
            Some((member(group)?, level(assign, customer, spec)?))
        });
        let (role, level) = roles.min_by_key(|(role, level)| (*role, Reverse(*level)))?;
        Some((role, level.max(own)))
    }
}

impl Fit<'_> {
    pub(crate) fn via(&self) -> Via {
        let route = self.route;
        (self.name.to_owned(), route.cps_limit, route.channel_limit)
    }
}

impl Fits<'_> {
    pub(crate) fn to(&self, trunk: &str, carrier: &str) -> Option<Fit<'_>> {
        let leads_there = |fit: &&Fit<'_>| {
            let by_trunk = fit
                .route
                .trunk
                .as_ref()
                .is_some_and(|name| **name == *trunk);
            by_trunk
                || fit
                    .route
                    .carrier
                    .as_ref()
                    .is_some_and(|name| **name == *carrier)
        };
        let leading = self.fits.iter().filter(leads_there);
        let closest = leading.min_by_key(|fit| {
            let closeness = (fit.level, fit.called_digits, fit.calling_digits);
            (
                Reverse(closeness),
                fit.route.trunk.is_none(),
                fit.role,
                fit.priority,
                fit.name,
            )
        });
        closest.copied()
    }
}

/// What [`schedule`] says, by days since Monday, 23 November 2026.
fn is_open(at_us: i64) -> bool {
    const MONDAY_S: i64 = 1_795_392_000;
    // India is five and a half hours ahead of UTC, all the year.
    let minute = (at_us / 1_000_000 - MONDAY_S) / 60 + 330;
    let (day, hour) = (minute / 1_440, minute % 1_440 / 60);
    let is_holiday = [2, 7].contains(&day);
    let is_open = match day % 7 {
        0 if hour < 3 => true,
        0 | 2 | 4 => (6..18).contains(&hour),
        6 => hour >= 22,
        _ => false,
    };
    is_open && !is_holiday
}

fn level(assign: &Assignment, customer: &str, spec: &Customer) -> Option<AssignmentLevel> {
    let group = spec.group.as_ref().map(|group| group.to_string());
    let category = match (&spec.category, &group) {
        (Some(category), _) => Some(category.to_string()),
        (None, Some(_)) => Some(GROUPS_CATEGORY.to_owned()),
        (None, None) => None,
    };
    if assign.customers.iter().any(|name| name == customer) {
        Some(AssignmentLevel::Customer)
    } else if group.is_some_and(|group| assign.groups.contains(&group)) {
        Some(AssignmentLevel::Group)
    } else if category.is_some_and(|category| assign.categories.contains(&category)) {
        Some(AssignmentLevel::Category)
    } else {
        assign.all.then_some(AssignmentLevel::All)
    }
}

pub(crate) fn allows(profile: &LcrProfile, carrier: &str) -> bool {
    let names = |all: &[Ref<Carrier>]| all.iter().any(|name| **name == *carrier);
    (profile.only_carriers.is_empty() || names(&profile.only_carriers))
        && !names(&profile.excluded_carriers)
}

/// A lot of a call: who has the lowest number goes first. Worked out with the logarithms of the
/// machine, so that two which are very close cannot be told apart ([`are_close`]).
fn ticket(draw: u64, entry: i64, weight: u16) -> f64 {
    let even = Random(draw ^ Random(entry as u64).next()).next();
    match weight {
        0 => f64::INFINITY,
        _ => (64.0 - (even as f64).log2()) / f64::from(weight),
    }
}

/// A number from 0 to 99 that a call draws for a purpose.
pub(crate) fn percent(draw: u64, purpose: u64) -> u8 {
    let even = Random(draw ^ Random(!purpose).next()).next();
    (even as f64 / 2_f64.powi(64) * 100.0).floor() as u8
}

/// Whether any two of different entries are so close that rounding decides between them.
fn are_close(mut tickets: Vec<(f64, i64)>) -> bool {
    tickets.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let near = |one: f64, other: f64| other - one < 1e-7 * (1.0 + other);
    tickets
        .windows(2)
        .any(|pair| pair[0].1 != pair[1].1 && near(pair[0].0, pair[1].0))
}

/// The hunting order, and whether it hung upon rounding.
pub(crate) fn order(
    profile: &LcrProfile,
    draw: u64,
    turn: &mut usize,
    mut offered: Vec<Offered>,
) -> (Vec<Offered>, bool) {
    let cheapest = [0, 1, 2].map(|tier| {
        let of_tier = offered.iter().filter(|offer| offer.tier == tier);
        of_tier.map(|offer| offer.cost).min()
    });
    let class = |offer: &Offered| (offer.is_throttled, is_bad(profile, offer), offer.tier);
    let weighed = |offer: &Offered| ticket(draw, offer.trunk_id, offer.weight);
    let key = |offer: &Offered| {
        let priority = u64::from(offer.priority);
        let order = match profile.strategy {
            LcrStrategy::Priority => (priority, 0),
            LcrStrategy::PriceBand => {
                let band = 100 + i64::from(profile.price_band_percent.unwrap());
                let cheapest = cheapest[usize::from(offer.tier)].unwrap();
                let is_in_band = offer.cost * 100 <= cheapest * band;
                (if is_in_band { priority } else { u64::MAX }, 0)
            }
            // Floats that are not negative are in the order of their bits.
            LcrStrategy::Weight => (priority, weighed(offer).to_bits()),
            LcrStrategy::Quality => {
                let cheapest = cheapest[usize::from(offer.tier)].unwrap().max(1);
                let excess = (offer.cost - cheapest).max(0) * 1_000 / cheapest;
                let balance = u64::from(profile.quality_balance_percent.unwrap());
                let lack = 1_000 - score(offer.quality.0);
                (
                    (100 - balance) * (excess as u64).min(10_000) + balance * lack,
                    0,
                )
            }
            LcrStrategy::Manual => {
                let place = profile
                    .carrier_order
                    .iter()
                    .position(|name| **name == *offer.carrier);
                (place.map_or(u64::MAX, |place| place as u64), 0)
            }
            _ => (0, 0),
        };
        let cost = match profile.strategy {
            LcrStrategy::Reverse => -offer.cost,
            _ => offer.cost,
        };
        let tie = (
            offer.priority,
            Reverse(offer.weight),
            offer.carrier.clone(),
            offer.trunk.clone(),
        );
        (class(offer), order, cost, tie)
    };
    offered.sort_by_key(key);
    let weights = offered.iter().map(|offer| (weighed(offer), offer.trunk_id));
    let mut is_close = profile.strategy == LcrStrategy::Weight && are_close(weights.collect());
    let first = class(&offered[0]);
    let of_first_class: Vec<_> = offered
        .iter()
        .filter(|offer| class(offer) == first)
        .cloned()
        .collect();
    let mut leader = forced(profile, draw, &of_first_class);
    for lot in [
        untested(profile, draw, &offered),
        sharing(profile, draw, &of_first_class),
    ] {
        if let (None, (Some(winner), is_close_too)) = (&leader, lot) {
            leader = Some(winner);
            is_close |= is_close_too;
        }
    }
    offered.truncate(10);
    if profile.strategy == LcrStrategy::RoundRobin {
        let equals = offered.iter().filter(|offer| class(offer) == first).count();
        offered[..equals].rotate_left(*turn % equals);
        *turn += 1;
    }
    if let Some(leader) = leader {
        offered.retain(|offer| offer.trunk != leader.trunk);
        offered.insert(0, leader);
        offered.truncate(10);
    }
    (offered, is_close)
}

/// Of which share of calls this is, if the carrier is there.
fn forced(profile: &LcrProfile, draw: u64, ordered: &[Offered]) -> Option<Offered> {
    let percent = percent(draw, 1);
    let mut before = 0;
    let share = profile.force_first.iter().find(|share| {
        let own = before..before + share.percent;
        before = own.end;
        own.contains(&percent)
    })?;
    let mut offers = ordered.iter();
    offers
        .find(|offer| *offer.carrier == *share.carrier)
        .cloned()
}

/// Whom a call tries that explores: of the best tier a carrier with less than thirty attempts, though
/// it be below the floor, unless its trunk is throttled and others are not; and whether it was close.
fn untested(profile: &LcrProfile, draw: u64, ordered: &[Offered]) -> (Option<Offered>, bool) {
    if percent(draw, 2) >= profile.explore_percent {
        return (None, false);
    }
    let first = &ordered[0];
    let mut few: Vec<_> = ordered
        .iter()
        .filter(|offer| offer.quality.1 < 30 && offer.tier <= first.tier)
        .filter(|offer| offer.is_throttled == first.is_throttled)
        .collect();
    let best_tier = few.iter().map(|offer| offer.tier).min();
    few.retain(|offer| Some(offer.tier) == best_tier);
    // Of a carrier's trunks that which is first in order.
    lot(draw, few.into_iter().map(|offer| (1, offer)))
}

/// Whom the shares of carriers put first, of those that are there; and whether it was close.
fn sharing(profile: &LcrProfile, draw: u64, ordered: &[Offered]) -> (Option<Offered>, bool) {
    let share_of = |offer: &Offered| {
        let mut shares = profile.carrier_shares.iter();
        let share = shares.find(|share| *share.carrier == *offer.carrier)?;
        Some(u16::from(share.percent)).filter(|percent| *percent > 0)
    };
    let having = ordered.iter();
    lot(
        draw,
        having.filter_map(|offer| Some((share_of(offer)?, offer))),
    )
}

/// Who wins among carriers with a weight each: of a carrier's trunks the first.
fn lot<'o>(
    draw: u64,
    entries: impl Iterator<Item = (u16, &'o Offered)>,
) -> (Option<Offered>, bool) {
    let mut lots: Vec<(f64, i64, &Offered)> = Vec::new();
    for (weight, offer) in entries {
        let mut known = lots.iter();
        if known.all(|(_, carrier, _)| *carrier != offer.carrier_id) {
            lots.push((
                ticket(draw, offer.carrier_id, weight),
                offer.carrier_id,
                offer,
            ));
        }
    }
    let is_close = are_close(lots.iter().map(|(ticket, id, _)| (*ticket, *id)).collect());
    let first = lots.iter().min_by(|one, other| one.0.total_cmp(&other.0));
    (first.map(|(_, _, offer)| (*offer).clone()), is_close)
}

/// Whether its carrier does worse than the profile asks for.
fn is_bad(profile: &LcrProfile, offer: &Offered) -> bool {
    let [asr, ner, pdd, acd] = offer.quality.0;
    let Some(floor) = &profile.quality_floor else {
        return false;
    };
    let below = |found: u64, least: Option<u64>| least.is_some_and(|least| found < least);
    below(
        asr,
        floor.asr_percent.map(|least| u64::from(least) * 10_000),
    ) || below(
        ner,
        floor.ner_percent.map(|least| u64::from(least) * 10_000),
    ) || below(acd / 1_000, floor.acd_s.map(u64::from))
        || floor.pdd_ms.is_some_and(|most| pdd > u64::from(most))
}

fn assigned<T: Clone>(given: &Given<T>) -> Vec<Assigned<T>> {
    let named: Vec<_> = given
        .iter()
        .map(|(name, _, spec)| (name.clone(), spec.clone()))
        .collect();
    let stored = stored(&named).zip(given);
    stored
        .map(|(stored, (_, assign, _))| Assigned {
            stored,
            assign: assign.clone(),
        })
        .collect()
}
