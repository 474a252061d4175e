//! Which customer's calls are routed how: profiles, routes and carriers by assignment.

use super::{Compiler, Key, key, resource};
use crate::Problem;
use crate::resources::{
    Assignment, AssignmentLevel, CarrierShare, CustomerPlace, Direction, LcrProfile, ResourceKind,
    Route, RouteRole, Status, StoredRef,
};
use crate::snapshot::policies::{CarrierPlace, CompiledProfile, RoutingPolicy};
use crate::snapshot::routes::{CompiledRoute, DigitIndex, GivenRoute, RouteTable, RouteTarget};
use crate::snapshot::schedule::CompiledSchedule;
use crate::snapshot::{CarrierIndex, EgressTrunk, TrunkIndex};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Everything that is given to customers by assignment, ready to be asked.
pub(super) struct Policies<'r> {
    categories_of_groups: HashMap<Key<'r>, &'r str>,
    carriers: Given<'r>,
    profiles: Vec<Arc<CompiledProfile>>,
    profiles_given: Given<'r>,
    routes: Vec<CompiledGivable<'r>>,
    routes_given: Given<'r>,
    tiers_given: Given<'r>,
    groups_given: Given<'r>,
    known: HashMap<Wanted, Arc<RoutingPolicy>>,
}

/// A route that calls may take, and what a customer must have beside it.
struct CompiledGivable<'r> {
    route: Arc<CompiledRoute>,
    spec: &'r Route,
    /// Its place among the tiers, if it is of one.
    tier: Option<u32>,
    /// Places of the groups that it stands in, and as what. A closed one counts as well.
    groups: Vec<(u32, RouteRole)>,
}

/// What makes a policy: customers of whom this is equal share one.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Wanted {
    profile: Option<u32>,
    /// Empty when all carriers are allowed.
    allowed: Box<[bool]>,
    /// Places among the routes.
    routes: Vec<(u32, AssignmentLevel, RouteRole)>,
}

/// Who is given what of one kind, by place in its list.
#[derive(Default)]
struct Given<'r> {
    to_all: HashMap<i64, Vec<u32>>,
    to_categories: HashMap<Key<'r>, Vec<u32>>,
    to_groups: HashMap<Key<'r>, Vec<u32>>,
    to_customers: HashMap<Key<'r>, Vec<u32>>,
}

impl<'r> Given<'r> {
    fn new<T: 'r>(all: &[StoredRef<'r, T>]) -> Self {
        let mut given = Self::default();
        for (stored, place) in all.iter().zip(0..) {
            given.note(stored.owner, stored.assign, place);
        }
        given
    }

    fn note(&mut self, owner: i64, assign: &'r Assignment, place: u32) {
        if assign.all {
            self.to_all.entry(owner).or_default().push(place);
        }
        for (to, names) in [
            (&mut self.to_categories, &assign.categories),
            (&mut self.to_groups, &assign.groups),
            (&mut self.to_customers, &assign.customers),
        ] {
            for name in names {
                to.entry((owner, name)).or_default().push(place);
            }
        }
    }

    /// What a customer gets, each once with its most specific level, by place.
    fn to(&self, owner: i64, customer: &CustomerPlace<'r>) -> Vec<(u32, AssignmentLevel)> {
        let named = |of: &HashMap<Key<'r>, Vec<u32>>, name: Option<&'r str>| {
            let found = name.and_then(|name| of.get(&(owner, name)));
            found.cloned().unwrap_or_default()
        };
        let levels = [
            (
                AssignmentLevel::Customer,
                named(&self.to_customers, Some(customer.name)),
            ),
            (
                AssignmentLevel::Group,
                named(&self.to_groups, customer.group),
            ),
            (
                AssignmentLevel::Category,
                named(&self.to_categories, customer.category),
            ),
            (
                AssignmentLevel::All,
                self.to_all.get(&owner).cloned().unwrap_or_default(),
            ),
        ];
        let levels = levels.into_iter();
        let mut all: Vec<_> = levels
            .flat_map(|(level, places)| places.into_iter().map(move |place| (place, level)))
            .collect();
        // Stable: of one place the most specific level stands first.
        all.sort_by_key(|(place, _)| *place);
        all.dedup_by_key(|(place, _)| *place);
        all
    }
}

impl<'r> Policies<'r> {
    /// The policy of a customer, and how many routes fit one number when they are too many.
    fn of(
        &mut self,
        owner: i64,
        customer: &CustomerPlace<'r>,
        carriers: usize,
    ) -> Result<Arc<RoutingPolicy>, usize> {
        let wanted = self.wanted(owner, customer, carriers);
        if let Some(known) = self.known.get(&wanted) {
            return Ok(Arc::clone(known));
        }
        let policy = Arc::new(self.build(&wanted)?);
        self.known.insert(wanted, Arc::clone(&policy));
        Ok(policy)
    }

    fn wanted(&self, owner: i64, customer: &CustomerPlace<'r>, carriers: usize) -> Wanted {
        let profiles = self.profiles_given.to(owner, customer).into_iter();
        // The most specific; of several the first by name, which is their order.
        let profile = profiles.min_by_key(|(place, level)| (std::cmp::Reverse(*level), *place));
        let given = self.carriers.to(owner, customer);
        let allowed = match given.len() == carriers {
            true => Box::default(),
            false => {
                let mut allowed = vec![false; carriers].into_boxed_slice();
                given
                    .iter()
                    .for_each(|(place, _)| allowed[*place as usize] = true);
                allowed
            }
        };
        Wanted {
            profile: profile.map(|(place, _)| place),
            allowed,
            routes: self.routes_of(owner, customer),
        }
    }

    fn routes_of(
        &self,
        owner: i64,
        customer: &CustomerPlace<'r>,
    ) -> Vec<(u32, AssignmentLevel, RouteRole)> {
        let given = self.routes_given.to(owner, customer);
        if given.is_empty() {
            return Vec::new();
        }
        let tiers: Vec<_> = self.tiers_given.to(owner, customer);
        let groups: Vec<_> = self.groups_given.to(owner, customer);
        let level_of = |all: &[(u32, AssignmentLevel)], place: u32| {
            let at = all.binary_search_by_key(&place, |(place, _)| *place).ok()?;
            Some(all[at].1)
        };
        let given = given.into_iter();
        given
            .filter_map(|(place, level)| {
                let route = &self.routes[place as usize];
                if route
                    .tier
                    .is_some_and(|tier| level_of(&tiers, tier).is_none())
                {
                    return None;
                }
                if route.groups.is_empty() {
                    return Some((place, level, RouteRole::Primary));
                }
                let roles = route.groups.iter().filter_map(|(group, role)| {
                    let of_group = level_of(&groups, *group)?;
                    Some((*role, of_group))
                });
                // Primary in one group is primary; a group may be given more specifically.
                let (role, of_group) =
                    roles.min_by_key(|(role, level)| (*role, std::cmp::Reverse(*level)))?;
                Some((place, level.max(of_group), role))
            })
            .collect()
    }

    fn build(&self, wanted: &Wanted) -> Result<RoutingPolicy, usize> {
        let routes = wanted.routes.iter().map(|(place, level, role)| {
            let compiled = &self.routes[*place as usize];
            let given = GivenRoute {
                route: Arc::clone(&compiled.route),
                role: *role,
                level: *level,
            };
            (given, compiled.spec.prefixes.as_slice())
        });
        let profile = wanted.profile.map(|place| &self.profiles[place as usize]);
        Ok(RoutingPolicy {
            profile: profile.map(Arc::clone).unwrap_or_default(),
            allowed: wanted.allowed.clone(),
            routes: RouteTable::build(routes.collect())?,
        })
    }
}

impl<'r> Compiler<'_, 'r> {
    /// Resolves all that policies are made of.
    pub(super) fn policies(&mut self, egress: &[EgressTrunk]) -> Policies<'r> {
        let resources = self.resources;
        let groups = resources.customer_groups.iter();
        let categories_of_groups = groups
            .map(|group| (key(group), group.spec.category.as_str()))
            .collect();
        let profiles = by_name(&resources.lcr_profiles);
        let compiled = profiles
            .iter()
            .map(|profile| Arc::new(self.profile(profile)));
        let compiled = compiled.collect();
        // In the order of the carriers' indexes.
        let carriers = by_name(&resources.carriers);
        let (routes, routes_given) = self.routes(egress);
        Policies {
            categories_of_groups,
            carriers: Given::new(&carriers),
            profiles: compiled,
            profiles_given: Given::new(&profiles),
            routes,
            routes_given,
            tiers_given: Given::new(&resources.voice_tiers),
            groups_given: self.groups_given(),
            known: HashMap::new(),
        }
    }

    /// How a customer's calls are routed.
    pub(super) fn policy_of(
        &mut self,
        policies: &mut Policies<'r>,
        customer: &StoredRef<'r, crate::resources::Customer>,
    ) -> Arc<RoutingPolicy> {
        let group = customer.spec.group.as_deref();
        let of_group = group.and_then(|group| {
            let category = policies.categories_of_groups.get(&(customer.owner, group));
            category.copied()
        });
        let place = CustomerPlace {
            name: customer.name,
            category: customer.spec.category.as_deref().or(of_group),
            group,
        };
        let carriers = self.resources.carriers.len();
        policies
            .of(customer.owner, &place, carriers)
            .unwrap_or_else(|count| {
                let message = format_args!(
                    "{count} of its routes fit one number: at most {} are possible",
                    crate::snapshot::ROUTES_OF_A_NUMBER_MAX
                );
                let problem = Problem::new(message).of(ResourceKind::Customer, customer.name);
                self.problems.push(problem);
                Arc::default()
            })
    }

    fn profile(&mut self, profile: &StoredRef<'r, LcrProfile>) -> CompiledProfile {
        let spec = profile.spec;
        let mut places = vec![CarrierPlace::default(); self.resources.carriers.len()];
        for (name, position) in spec.carrier_order.iter().zip(0..) {
            if let Some(carrier) = self.carrier_named("carrier_order", profile, name) {
                places[carrier.0 as usize].position = position;
            }
        }
        for (carrier, percent) in self.shares("carrier_shares", profile, &spec.carrier_shares) {
            places[carrier.0 as usize].percent = percent;
        }
        let mut first_not_own = 0;
        let forced = self.shares("force_first", profile, &spec.force_first);
        let force_first = forced.into_iter().map(|(carrier, percent)| {
            first_not_own += percent;
            (carrier, first_not_own)
        });
        let force_first = force_first.collect();
        let needs_places = !(spec.carrier_order.is_empty() && spec.carrier_shares.is_empty());
        let known = self
            .previous
            .and_then(|before| before.turns.get(&profile.id));
        let turns = known.map(Arc::clone).unwrap_or_default();
        self.turns.insert(profile.id, Arc::clone(&turns));
        CompiledProfile {
            resource: Some(resource(profile)),
            strategy: spec.strategy,
            price_band_percent: spec.price_band_percent.unwrap_or(0),
            carriers: if needs_places {
                places.into()
            } else {
                Box::default()
            },
            allowed: self.allowed(profile),
            force_first,
            min_margin_percent: spec.min_margin_percent,
            attempts_max: spec.attempts_max,
            pdd_budget_ms: spec.pdd_budget_ms,
            turns,
        }
    }

    /// By carrier; empty when the profile allows all.
    fn allowed(&mut self, profile: &StoredRef<'r, LcrProfile>) -> Box<[bool]> {
        let spec = profile.spec;
        if spec.only_carriers.is_empty() && spec.excluded_carriers.is_empty() {
            return Box::default();
        }
        let mut allowed = vec![spec.only_carriers.is_empty(); self.resources.carriers.len()];
        for name in &spec.only_carriers {
            if let Some(carrier) = self.carrier_named("only_carriers", profile, name) {
                allowed[carrier.0 as usize] = true;
            }
        }
        for name in &spec.excluded_carriers {
            if let Some(carrier) = self.carrier_named("excluded_carriers", profile, name) {
                allowed[carrier.0 as usize] = false;
            }
        }
        allowed.into()
    }

    fn shares(
        &mut self,
        field: &str,
        profile: &StoredRef<'r, LcrProfile>,
        shares: &'r [CarrierShare],
    ) -> Vec<(CarrierIndex, u8)> {
        let found = shares.iter().filter_map(|share| {
            let carrier = self.carrier_named(field, profile, &share.carrier)?;
            Some((carrier, share.percent))
        });
        found.collect()
    }

    fn carrier_named<T>(
        &mut self,
        field: &str,
        of: &StoredRef<'r, T>,
        name: &'r str,
    ) -> Option<CarrierIndex> {
        let found = self.carriers.get(&(of.owner, name)).copied();
        self.named(ResourceKind::LcrProfile, field, of, "carrier", name, found)
            .map(CarrierIndex)
    }

    /// The routes that are not switched off, by name.
    fn routes(&mut self, egress: &[EgressTrunk]) -> (Vec<CompiledGivable<'r>>, Given<'r>) {
        let resources = self.resources;
        let schedules = self.schedules();
        let tiers: BTreeMap<_, u32> = resources.voice_tiers.iter().map(key).zip(0..).collect();
        let trunks = self.egress_places(egress);
        let mut groups = self.groups_of_routes();
        let mut compiled = Vec::new();
        let mut given = Given::default();
        for stored in by_name(&resources.routes) {
            let (spec, owner) = (stored.spec, stored.owner);
            let schedule = spec.schedule.as_ref().and_then(|name| {
                let found = schedules.get(&(owner, name.as_str())).cloned();
                self.named(
                    ResourceKind::Route,
                    "schedule",
                    &stored,
                    "schedule",
                    name,
                    found,
                )
            });
            let tier = spec.voice_tier.as_ref().and_then(|name| {
                let found = tiers.get(&(owner, name.as_str())).copied();
                self.named(
                    ResourceKind::Route,
                    "voice_tier",
                    &stored,
                    "voice tier",
                    name,
                    found,
                )
            });
            let target = self.target(&stored, &trunks);
            let Some(target) = target.filter(|_| spec.status == Status::Active) else {
                continue;
            };
            let route = CompiledRoute {
                resource: resource(&stored),
                target,
                calling: DigitIndex::of(&spec.calling_prefixes),
                is_exclusive: spec.exclusive,
                priority: spec.priority,
                weight: spec.weight,
                schedule,
            };
            given.note(owner, stored.assign, compiled.len() as u32);
            compiled.push(CompiledGivable {
                route: Arc::new(route),
                spec,
                tier,
                groups: groups.remove(&key(&stored)).unwrap_or_default(),
            });
        }
        (compiled, given)
    }

    fn target(
        &mut self,
        route: &StoredRef<'r, Route>,
        trunks: &HashMap<Key<'r>, TrunkIndex>,
    ) -> Option<RouteTarget> {
        let (spec, owner) = (route.spec, route.owner);
        if let Some(name) = &spec.trunk {
            let found = trunks.get(&(owner, name.as_str())).copied();
            let kind = ResourceKind::Route;
            return self
                .named(kind, "trunk", route, "egress trunk", name, found)
                .map(RouteTarget::Trunk);
        }
        let name = spec.carrier.as_ref()?;
        let found = self.carriers.get(&(owner, name.as_str())).copied();
        self.named(
            ResourceKind::Route,
            "carrier",
            route,
            "carrier",
            name,
            found,
        )
        .map(|index| RouteTarget::Carrier(CarrierIndex(index)))
    }

    fn egress_places(&self, egress: &[EgressTrunk]) -> HashMap<Key<'r>, TrunkIndex> {
        let places: HashMap<_, _> = egress
            .iter()
            .map(|trunk| trunk.resource.id)
            .zip((0..).map(TrunkIndex))
            .collect();
        let trunks = self.resources.trunks.iter();
        trunks
            .filter(|trunk| trunk.spec.direction == Direction::Egress)
            .filter_map(|trunk| Some((key(trunk), *places.get(&trunk.id)?)))
            .collect()
    }

    fn schedules(&self) -> HashMap<Key<'r>, Arc<CompiledSchedule>> {
        let schedules = self.resources.schedules.iter();
        schedules
            .filter_map(|stored| {
                let compiled = CompiledSchedule::compile(stored.spec)?;
                Some((key(stored), Arc::new(compiled)))
            })
            .collect()
    }

    /// The groups of each route. One that is switched off is given to nobody.
    fn groups_of_routes(&mut self) -> HashMap<Key<'r>, Vec<(u32, RouteRole)>> {
        let resources = self.resources;
        let routes: BTreeSet<_> = resources.routes.iter().map(key).collect();
        let mut of_routes: HashMap<_, Vec<_>> = HashMap::new();
        for (group, place) in resources.route_groups.iter().zip(0..) {
            for (member, index) in group.spec.members.iter().zip(0..) {
                let route = (group.owner, member.route.as_str());
                let field = format!("members[{index}].route");
                let found = routes.get(&route);
                let kind = ResourceKind::RouteGroup;
                if self
                    .named(kind, &field, group, "route", route.1, found)
                    .is_some()
                {
                    of_routes
                        .entry(route)
                        .or_default()
                        .push((place, member.role));
                }
            }
        }
        of_routes
    }

    fn groups_given(&self) -> Given<'r> {
        let mut given = Given::default();
        for (group, place) in self.resources.route_groups.iter().zip(0..) {
            if group.spec.status == Status::Active {
                given.note(group.owner, group.assign, place);
            }
        }
        given
    }

    /// What a name means, or a problem.
    fn named<T, F>(
        &mut self,
        kind: ResourceKind,
        field: &str,
        of: &StoredRef<'_, T>,
        what: &str,
        name: &str,
        found: Option<F>,
    ) -> Option<F> {
        if found.is_none() {
            let message = format_args!("there is no {what} \"{name}\"");
            self.problems
                .push(Problem::in_field(field, message).of(kind, of.name));
        }
        found
    }
}

/// In the order of indexes: by name, then by owner.
fn by_name<'r, T>(all: &[StoredRef<'r, T>]) -> Vec<StoredRef<'r, T>> {
    let mut sorted = all.to_vec();
    sorted.sort_by_key(|stored| (stored.name, stored.owner));
    sorted
}
