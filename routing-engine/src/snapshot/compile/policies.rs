//! Which customer's calls are routed how: profiles, routes and carriers by assignment.

use super::given::Given;
use super::routes::Routes;
use super::{Compiler, Key, key, resource};
use crate::Problem;
use crate::resources::{
    CarrierShare, Customer, CustomerPlace, LcrProfile, LcrStrategy, ResourceKind, StoredRef,
};
use crate::snapshot::policies::{CarrierPlace, CompiledProfile, RoutingPolicy, Turns};
use crate::snapshot::{CarrierIndex, CompiledRoute, EgressTrunk, ROUTES_OF_A_NUMBER_MAX};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Everything that is given to customers by assignment, ready to be asked.
pub(super) struct Policies<'r> {
    categories_of_groups: HashMap<Key<'r>, &'r str>,
    carriers: Given<'r>,
    profiles: Vec<Arc<CompiledProfile>>,
    /// Of customers who are given none.
    no_profile: Arc<CompiledProfile>,
    profiles_given: Given<'r>,
    routes: Routes<'r>,
    /// Carriers that customers get: one list for all who get the same.
    allowed: HashSet<Arc<[bool]>>,
}

impl<'r> Policies<'r> {
    /// All routes, by place.
    pub(super) fn all_routes(self) -> Arc<[CompiledRoute]> {
        self.routes.into_all()
    }

    /// The policy of a customer, and how many routes fit one number when they are too many.
    fn of(
        &mut self,
        owner: i64,
        customer: &CustomerPlace<'r>,
        carriers: usize,
    ) -> Result<RoutingPolicy, usize> {
        let profiles = self.profiles_given.to(owner, customer).into_iter();
        // The most specific; of several the first by name, which is their order.
        let profile = profiles.min_by_key(|(place, level)| (Reverse(*level), *place));
        let profile = profile.map_or(&self.no_profile, |(place, _)| {
            &self.profiles[place as usize]
        });
        Ok(RoutingPolicy {
            profile: Arc::clone(profile),
            allowed: self.allowed(owner, customer, carriers),
            routes: self.routes.of(owner, customer)?,
        })
    }

    /// Empty when the customer gets all carriers there are.
    fn allowed(
        &mut self,
        owner: i64,
        customer: &CustomerPlace<'r>,
        carriers: usize,
    ) -> Arc<[bool]> {
        let given = self.carriers.to(owner, customer);
        let mut allowed = Vec::new();
        if given.len() < carriers {
            allowed.resize(carriers, false);
            let places = given.iter();
            places.for_each(|(place, _)| allowed[*place as usize] = true);
        }
        if let Some(known) = self.allowed.get(allowed.as_slice()) {
            return Arc::clone(known);
        }
        let allowed = Arc::from(allowed);
        self.allowed.insert(Arc::clone(&allowed));
        allowed
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
        Policies {
            categories_of_groups,
            carriers: Given::new(&carriers),
            profiles: compiled,
            no_profile: Arc::default(),
            profiles_given: Given::new(&profiles),
            routes: self.routes(egress),
            allowed: HashSet::new(),
        }
    }

    /// How a customer's calls are routed.
    pub(super) fn policy_of(
        &mut self,
        policies: &mut Policies<'r>,
        customer: &StoredRef<'r, Customer>,
    ) -> RoutingPolicy {
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
                    "{count} of its routes fit one number: at most {ROUTES_OF_A_NUMBER_MAX} are \
                     possible"
                );
                let problem = Problem::new(message).of(ResourceKind::Customer, customer.name);
                self.problems.push(problem);
                RoutingPolicy::default()
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
            quality_balance_percent: spec.quality_balance_percent.unwrap_or(0),
            quality_floor: spec.quality_floor.clone(),
            explore_percent: spec.explore_percent,
            min_margin_percent: spec.min_margin_percent,
            attempts_max: spec.attempts_max,
            pdd_budget_ms: spec.pdd_budget_ms,
            turns: (spec.strategy == LcrStrategy::RoundRobin).then(|| self.turns(profile.id)),
        }
    }

    /// Those of the snapshot before go on.
    fn turns(&mut self, profile: i64) -> Arc<Turns> {
        let known = self.previous.and_then(|before| before.turns.get(&profile));
        let turns = known.map(Arc::clone).unwrap_or_default();
        self.turns.insert(profile, Arc::clone(&turns));
        turns
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

    /// What a name means, or a problem.
    pub(super) fn named<T, F>(
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
pub(super) fn by_name<'r, T>(all: &[StoredRef<'r, T>]) -> Vec<StoredRef<'r, T>> {
    let mut sorted = all.to_vec();
    sorted.sort_by_key(|stored| (stored.name, stored.owner));
    sorted
}
