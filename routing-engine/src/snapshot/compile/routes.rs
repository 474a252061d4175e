//! Routes: where each leads, who gets it, and the layers that customers share.

use super::given::{Given, Recipients};
use super::policies::by_name;
use super::{Compiler, Key, key, resource};
use crate::limits::Limits;
use crate::resources::{
    AssignmentLevel, CustomerPlace, Direction, ResourceKind, Route, RouteRole, Status, StoredRef,
};
use crate::snapshot::ROUTES_OF_A_NUMBER_MAX;
use crate::snapshot::audience::Audience;
use crate::snapshot::routes::{
    CompiledRoute, DigitIndex, GivenRoutes, RouteLayer, RouteTarget, most_of_a_number,
};
use crate::snapshot::schedule::CompiledSchedule;
use crate::snapshot::{CarrierIndex, EgressTrunk, TrunkIndex};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// All routes that calls may take, ready to be given to customers.
pub(super) struct Routes<'r> {
    all: Arc<[CompiledRoute]>,
    /// Beside `all`.
    specs: Vec<&'r Route>,
    given: Given<'r>,
    recipients: Recipients<'r>,
    layers: HashMap<(AssignmentLevel, Key<'r>), Arc<RouteLayer>>,
    /// By the places of their routes.
    layers_of_places: HashMap<Vec<u32>, Arc<RouteLayer>>,
    /// How many of the routes that several customers get fit one number.
    fitting: HashMap<Shared, usize>,
    /// Customers who may get another part of a shared layer than others of their group and category.
    named_apart: HashSet<u32>,
}

/// What decides which routes of shared layers a customer gets: customers who agree in it get the same.
#[derive(PartialEq, Eq, Hash)]
struct Shared {
    /// The layers, by where they are kept.
    layers: Vec<(AssignmentLevel, *const RouteLayer)>,
    group: Option<u32>,
    category: Option<u32>,
    /// The customer itself, where something of the layers names it.
    customer: Option<u32>,
}

/// The groups of each route: what it is there, and who gets them.
type Groups<'r> = HashMap<Key<'r>, Vec<(RouteRole, Arc<Audience>)>>;

impl<'r> Routes<'r> {
    pub(super) fn into_all(self) -> Arc<[CompiledRoute]> {
        self.all
    }

    /// The routes of a customer, or how many fit one number when they are too many.
    pub(super) fn of(
        &mut self,
        owner: i64,
        customer: &CustomerPlace<'r>,
    ) -> Result<GivenRoutes, usize> {
        let mut given = GivenRoutes {
            routes: Arc::clone(&self.all),
            recipient: self.recipients.recipient(owner, customer),
            layers: Default::default(),
        };
        let keys = [
            (AssignmentLevel::Customer, Some(customer.name)),
            (AssignmentLevel::Group, customer.group),
            (AssignmentLevel::Category, customer.category),
            (AssignmentLevel::All, Some("")),
        ];
        for (level, name) in keys {
            let layer = name.and_then(|name| self.layer(level, (owner, name)));
            given.layers.extend(layer.map(|layer| (level, layer)));
        }
        self.check_room(&given)?;
        Ok(given)
    }

    /// The routes that are assigned to a name; of all customers' it is empty.
    fn layer(&mut self, level: AssignmentLevel, key: Key<'r>) -> Option<Arc<RouteLayer>> {
        if let Some(known) = self.layers.get(&(level, key)) {
            return Some(Arc::clone(known));
        }
        let places = match level {
            AssignmentLevel::All => self.given.to_all.get(&key.0),
            AssignmentLevel::Category => self.given.to_categories.get(&key),
            AssignmentLevel::Group => self.given.to_groups.get(&key),
            _ => self.given.to_customers.get(&key),
        }?;
        let specs = &self.specs;
        // Customers may be listed together by one route after the other.
        let layer = self
            .layers_of_places
            .entry(places.clone())
            .or_insert_with(|| {
                let of_place = |place: &u32| (*place, specs[*place as usize].prefixes.as_slice());
                Arc::new(RouteLayer::build(places.iter().map(of_place)))
            });
        self.layers.insert((level, key), Arc::clone(layer));
        Some(Arc::clone(layer))
    }

    /// Whether no number is fitted by more routes than a decision looks at. A customer's own routes
    /// are counted as if they met the number that most of the others fit: else each customer would
    /// have to be counted with all routes that it shares.
    fn check_room(&mut self, given: &GivenRoutes) -> Result<(), usize> {
        let most = given.layers.iter().map(|(_, layer)| layer.of_a_number_max);
        if most.sum::<usize>() <= ROUTES_OF_A_NUMBER_MAX {
            return Ok(());
        }
        let is_own = |level: AssignmentLevel| level == AssignmentLevel::Customer;
        let layers = given.layers.iter().map(|(level, layer)| (*level, &**layer));
        let (own, shared): (Vec<_>, Vec<_>) = layers.partition(|(level, _)| is_own(*level));
        let is_given = |level: AssignmentLevel, place: u32| {
            let route = &self.all[place as usize];
            route.given_to(&given.recipient, level).is_some()
        };
        let own_max = most_of_a_number(&own, is_given);
        let recipient = &given.recipient;
        let key = Shared {
            layers: shared
                .iter()
                .map(|(level, layer)| (*level, std::ptr::from_ref(*layer)))
                .collect(),
            group: recipient.group,
            category: recipient.category,
            customer: recipient
                .customer
                .filter(|customer| self.named_apart.contains(customer)),
        };
        let shared_max = match self.fitting.get(&key) {
            Some(known) => *known,
            None => {
                let found = most_of_a_number(&shared, is_given);
                self.fitting.insert(key, found);
                found
            }
        };
        match own_max + shared_max {
            fitting if fitting > ROUTES_OF_A_NUMBER_MAX => Err(fitting),
            _ => Ok(()),
        }
    }
}

impl<'r> Compiler<'_, 'r> {
    /// The routes that are not switched off, by name.
    pub(super) fn routes(&mut self, egress: &[EgressTrunk]) -> Routes<'r> {
        let schedules = self.schedules();
        let trunks = self.egress_places(egress);
        let mut recipients = Recipients::default();
        let tiers = self.tiers(&mut recipients);
        let mut groups = self.groups_of_routes(&mut recipients);
        let (mut all, mut specs, mut given) = (Vec::new(), Vec::new(), Given::default());
        for stored in by_name(&self.resources.routes) {
            let (spec, owner) = (stored.spec, stored.owner);
            let schedule =
                self.of_route(&stored, "schedule", "schedule", &spec.schedule, &schedules);
            let tier = self.of_route(
                &stored,
                "voice_tier",
                "voice tier",
                &spec.voice_tier,
                &tiers,
            );
            let target = self.target(&stored, &trunks);
            // Also when it is switched off: its calls that are up stay counted until it is on again.
            let limiter = self.limiter(ResourceKind::Route, stored.id);
            let Some(target) = target.filter(|_| spec.status == Status::Active) else {
                continue;
            };
            given.note(owner, stored.assign, all.len() as u32);
            all.push(CompiledRoute {
                resource: resource(&stored),
                target,
                calling: DigitIndex::of(&spec.calling_prefixes),
                tags_required: self.numbers.tags_of(&spec.tags_required),
                tags_excluded: self.numbers.tags_of(&spec.tags_excluded),
                is_exclusive: spec.exclusive,
                priority: spec.priority,
                weight: spec.weight,
                schedule,
                audience: recipients.audience(owner, stored.assign),
                tier,
                groups: groups.remove(&key(&stored)).unwrap_or_default().into(),
                limits: Limits::new(spec.cps_limit, spec.channel_limit),
                limiter,
            });
            specs.push(spec);
        }
        Routes {
            named_apart: all.iter().flat_map(CompiledRoute::named_apart).collect(),
            all: all.into(),
            specs,
            given,
            recipients,
            layers: HashMap::new(),
            layers_of_places: HashMap::new(),
            fitting: HashMap::new(),
        }
    }

    /// What a route names of a kind, if it does.
    fn of_route<T, F: Clone>(
        &mut self,
        route: &StoredRef<'r, Route>,
        field: &str,
        what: &str,
        named: &'r Option<crate::resources::Ref<T>>,
        all: &HashMap<Key<'r>, F>,
    ) -> Option<F> {
        let name = named.as_deref()?;
        let found = all.get(&(route.owner, name)).cloned();
        self.named(ResourceKind::Route, field, route, what, name, found)
    }

    fn tiers(&self, recipients: &mut Recipients<'r>) -> HashMap<Key<'r>, Arc<Audience>> {
        let tiers = self.resources.voice_tiers.iter();
        tiers
            .map(|tier| {
                let audience = recipients.audience(tier.owner, tier.assign);
                (key(tier), Arc::new(audience))
            })
            .collect()
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
    fn groups_of_routes(&mut self, recipients: &mut Recipients<'r>) -> Groups<'r> {
        let resources = self.resources;
        let routes: BTreeSet<_> = resources.routes.iter().map(key).collect();
        let mut of_routes = Groups::new();
        for group in &resources.route_groups {
            let audience = Arc::new(match group.spec.status {
                Status::Active => recipients.audience(group.owner, group.assign),
                Status::Inactive => Audience::default(),
            });
            for (member, index) in group.spec.members.iter().zip(0..) {
                let route = (group.owner, member.route.as_str());
                let field = format!("members[{index}].route");
                let found = routes.get(&route);
                let kind = ResourceKind::RouteGroup;
                if self
                    .named(kind, &field, group, "route", route.1, found)
                    .is_some()
                {
                    let groups = of_routes.entry(route).or_default();
                    groups.push((member.role, Arc::clone(&audience)));
                }
            }
        }
        of_routes
    }
}
