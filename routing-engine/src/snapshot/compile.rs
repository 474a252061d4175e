//! From resources to a snapshot: names to indexes, and every fault between resources.

use super::parts::{CompiledCard, IngressTrunk, OpenRoute, TieBreak};
use super::prefix_index::{CardNumber, PrefixIndex};
use super::sources::SourceTable;
use super::{
    CarrierIndex, CompiledCarrier, CompiledCustomer, CustomerIndex, EgressTrunk, Snapshot,
    TrunkIndex,
};
use crate::deck::Deck;
use crate::limits::Limiter;
use crate::problem::Problem;
use crate::resources::{
    Direction, FailoverCodes, PricedCard, ResourceDocument, ResourceKind, ResourceSpec, Resources,
    Status, Stored, Trunk,
};
use rating::cdr::{ResourceRef, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most rate cards of a snapshot.
pub const CARDS_MAX: usize = CardNumber::MAX as usize;

/// Most rate cards that carriers charge by: each decision marks them in a table of this many bits.
pub const EGRESS_CARDS_MAX: usize = 2_048;

const PRIORITY_DEFAULT: u16 = 100;
const WEIGHT_DEFAULT: u16 = 100;

pub(super) fn compile(
    number: u64,
    resources: &Resources,
    previous: Option<&Snapshot>,
) -> Result<Snapshot, Vec<Problem>> {
    let mut compiler = Compiler::new(resources, previous);
    compiler.check_each();
    let mut snapshot = compiler.resolve(number);
    if !compiler.problems.is_empty() {
        compiler.problems.sort();
        return Err(compiler.problems);
    }
    let decks: Vec<&Deck> = snapshot.cards.iter().map(|card| &*card.deck).collect();
    snapshot.prefixes = PrefixIndex::build(&decks);
    Ok(snapshot)
}

/// Names of one kind and their positions, in the order of names.
type Names<'r> = BTreeMap<&'r str, u32>;

struct Compiler<'r> {
    resources: &'r Resources,
    previous: Option<&'r Snapshot>,
    cards: Names<'r>,
    carriers: Names<'r>,
    customers: Names<'r>,
    limiters: BTreeMap<(ResourceKind, i64), Arc<Limiter>>,
    problems: Vec<Problem>,
}

impl<'r> Compiler<'r> {
    fn new(resources: &'r Resources, previous: Option<&'r Snapshot>) -> Self {
        Self {
            resources,
            previous,
            cards: cards_in_order(resources),
            carriers: in_order(names(&resources.carriers)),
            customers: in_order(names(&resources.customers)),
            limiters: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    fn check_each(&mut self) {
        let resources = self.resources;
        let cards = resources.rate_cards.iter().map(|priced| &priced.card);
        self.check(cards, ResourceSpec::RateCard);
        self.check(&resources.carriers, ResourceSpec::Carrier);
        self.check(&resources.customers, ResourceSpec::Customer);
        self.check(&resources.trunks, ResourceSpec::Trunk);
        let cards = resources.rate_cards.iter();
        self.check_unique(
            ResourceKind::RateCard,
            cards.map(|priced| &*priced.card.name),
        );
        self.check_unique(ResourceKind::Carrier, names(&resources.carriers));
        self.check_unique(ResourceKind::Customer, names(&resources.customers));
        self.check_unique(ResourceKind::Trunk, names(&resources.trunks));
        if resources.rate_cards.len() > CARDS_MAX {
            self.problems.push(Problem::new(format_args!(
                "{} rate cards: a snapshot holds at most {CARDS_MAX}",
                resources.rate_cards.len()
            )));
        }
    }

    fn check<'s, T: Clone + 's>(
        &mut self,
        stored: impl IntoIterator<Item = &'s Stored<T>>,
        wrap: fn(T) -> ResourceSpec,
    ) {
        for resource in stored {
            let document = ResourceDocument {
                name: resource.name.clone(),
                spec: wrap(resource.spec.clone()),
            };
            self.problems.extend(document.check());
        }
    }

    fn check_unique<'n>(&mut self, kind: ResourceKind, names: impl Iterator<Item = &'n str>) {
        let mut seen = BTreeSet::new();
        for name in names {
            if !seen.insert(name) {
                let message = "another resource of this kind has the same name";
                self.problems
                    .push(Problem::in_field("name", message).of(kind, name));
            }
        }
    }

    /// The snapshot without its prefixes, and every reference that leads nowhere.
    fn resolve(&mut self, number: u64) -> Snapshot {
        let ingress = self.ingress();
        let egress = self.egress();
        let sources = self.sources(&ingress);
        let egress_cards = self.egress_cards_count();
        let cards = self.compiled_cards();
        let customers = self.compiled_customers();
        let carriers = self.compiled_carriers();
        let (open_routes, first_route_of_card) = open_routes(&egress, &carriers, egress_cards);
        Snapshot {
            number,
            customers,
            carriers,
            ingress: ingress.into_iter().map(|(trunk, _)| trunk).collect(),
            egress,
            cards,
            egress_cards: egress_cards as CardNumber,
            open_routes,
            first_route_of_card,
            sources,
            prefixes: PrefixIndex::default(),
            limiters: std::mem::take(&mut self.limiters),
        }
    }

    fn compiled_cards(&self) -> Box<[CompiledCard]> {
        let mut cards: Vec<&PricedCard> = self.resources.rate_cards.iter().collect();
        cards.sort_by_key(|priced| self.cards.get(&*priced.card.name));
        cards
            .into_iter()
            .map(|priced| CompiledCard {
                resource: resource(&priced.card),
                currency: priced.card.spec.currency,
                deck: Arc::clone(&priced.deck),
            })
            .collect()
    }

    fn egress_cards_count(&mut self) -> usize {
        let count = egress_card_names(self.resources)
            .intersection(&self.cards.keys().copied().collect())
            .count();
        if count > EGRESS_CARDS_MAX {
            self.problems.push(Problem::new(format_args!(
                "egress trunks use {count} rate cards: at most {EGRESS_CARDS_MAX} are possible"
            )));
        }
        count
    }

    fn compiled_customers(&mut self) -> Box<[CompiledCustomer]> {
        let mut customers: Vec<_> = self.resources.customers.iter().collect();
        customers.sort_by_key(|customer| &customer.name);
        customers
            .into_iter()
            .map(|customer| CompiledCustomer {
                resource: resource(customer),
                status: customer.spec.status,
                card: self.card(
                    ResourceKind::Customer,
                    &customer.name,
                    &customer.spec.rate_card,
                ),
                limits: customer.spec.limits(),
                limiter: self.limiter(ResourceKind::Customer, customer.id),
            })
            .collect()
    }

    fn compiled_carriers(&mut self) -> Box<[CompiledCarrier]> {
        let mut carriers: Vec<_> = self.resources.carriers.iter().collect();
        carriers.sort_by_key(|carrier| &carrier.name);
        carriers
            .into_iter()
            .map(|carrier| CompiledCarrier {
                resource: resource(carrier),
                status: carrier.spec.status,
                limits: carrier.spec.limits(),
                limiter: self.limiter(ResourceKind::Carrier, carrier.id),
            })
            .collect()
    }

    fn trunks(&self, direction: Direction) -> Vec<&'r Stored<Trunk>> {
        let trunks = self.resources.trunks.iter();
        let mut trunks: Vec<_> = trunks
            .filter(|trunk| trunk.spec.direction == direction)
            .collect();
        trunks.sort_by_key(|trunk| (&trunk.spec.carrier, &trunk.name));
        trunks
    }

    /// Active ingress trunks, each with its resource. References of inactive ones are checked too.
    fn ingress(&mut self) -> Vec<(IngressTrunk, &'r Stored<Trunk>)> {
        let mut compiled = Vec::new();
        for trunk in self.trunks(Direction::Ingress) {
            let customer = self.customer_of(trunk);
            // Also when inactive: its calls that are up stay counted until it is active again.
            let limiter = self.limiter(ResourceKind::Trunk, trunk.id);
            if trunk.spec.status == Status::Active {
                let ingress = IngressTrunk {
                    resource: resource(trunk),
                    customer,
                    media: trunk.spec.media,
                    tech_prefix: trunk.spec.tech_prefix.as_str().into(),
                    called_number: trunk.spec.called_number.clone(),
                    calling_number: trunk.spec.calling_number.clone(),
                    limits: trunk.spec.limits(),
                    limiter,
                };
                compiled.push((ingress, trunk));
            }
        }
        compiled
    }

    fn egress(&mut self) -> Box<[EgressTrunk]> {
        let trunks = self.trunks(Direction::Egress);
        let ranked = (0..).zip(trunks);
        ranked
            .filter_map(|(rank, trunk)| self.egress_trunk(rank, trunk))
            .collect()
    }

    fn egress_trunk(&mut self, rank: u32, trunk: &Stored<Trunk>) -> Option<EgressTrunk> {
        let spec = &trunk.spec;
        let carrier = self.carrier_of(trunk);
        let card_name = spec.rate_card.as_deref()?;
        let card = self.card(ResourceKind::Trunk, &trunk.name, card_name);
        let failover = spec.failover.clone().unwrap_or_default();
        Some(EgressTrunk {
            resource: resource(trunk),
            carrier,
            status: spec.status,
            gateway: spec.gateway?,
            transport: spec.transport.unwrap_or(Transport::Udp),
            media: spec.media,
            failover_codes: FailoverCodes::new(&failover.codes),
            first_reply_timeout_ms: failover.first_reply_timeout_ms,
            ring_timeout_s: failover.ring_timeout_s,
            card,
            tie_break: TieBreak::new(
                spec.priority.unwrap_or(PRIORITY_DEFAULT),
                spec.weight.unwrap_or(WEIGHT_DEFAULT),
                rank,
            ),
            called_number: spec.called_number.clone(),
            calling_number: spec.calling_number.clone(),
            limits: spec.limits(),
            limiter: self.limiter(ResourceKind::Trunk, trunk.id),
        })
    }

    fn sources(&mut self, ingress: &[(IngressTrunk, &Stored<Trunk>)]) -> SourceTable {
        let mut entries = Vec::new();
        let mut taken = BTreeMap::new();
        for (index, (compiled, trunk)) in ingress.iter().enumerate() {
            let networks: BTreeSet<_> = trunk.spec.source_addresses.iter().copied().collect();
            for network in networks {
                let key = (network, &*compiled.tech_prefix);
                if let Some(other) = taken.insert(key, &trunk.name) {
                    let message = format_args!(
                        "{network} belongs to trunk \"{other}\" already: calls from there need \
                         different tech prefixes to be told apart"
                    );
                    self.problems.push(
                        Problem::in_field("source_addresses", message)
                            .of(ResourceKind::Trunk, &trunk.name),
                    );
                }
                entries.push((network, TrunkIndex(index as u32)));
            }
        }
        // The longest tech prefix is tried first; the table keeps this order.
        entries.sort_by_key(|(_, trunk)| {
            std::cmp::Reverse(ingress[trunk.0 as usize].0.tech_prefix.len())
        });
        SourceTable::build(entries)
    }

    fn customer_of(&mut self, trunk: &Stored<Trunk>) -> CustomerIndex {
        let name = trunk.spec.customer.as_deref();
        let index = name.and_then(|name| self.customers.get(name).copied());
        self.resolved("customer", ResourceKind::Trunk, &trunk.name, name, index);
        CustomerIndex(index.unwrap_or(0))
    }

    fn carrier_of(&mut self, trunk: &Stored<Trunk>) -> CarrierIndex {
        let name = trunk.spec.carrier.as_deref();
        let index = name.and_then(|name| self.carriers.get(name).copied());
        self.resolved("carrier", ResourceKind::Trunk, &trunk.name, name, index);
        CarrierIndex(index.unwrap_or(0))
    }

    fn card(&mut self, kind: ResourceKind, owner: &str, name: &str) -> CardNumber {
        let index = self.cards.get(name).copied();
        self.resolved("rate_card", kind, owner, Some(name), index);
        index.map_or(0, |index| index as CardNumber)
    }

    /// Notes a reference that leads nowhere. An empty one is the resource's own fault already.
    fn resolved(
        &mut self,
        field: &str,
        kind: ResourceKind,
        owner: &str,
        name: Option<&str>,
        index: Option<u32>,
    ) {
        let (Some(name), None) = (name.filter(|name| !name.is_empty()), index) else {
            return;
        };
        let message = format_args!("there is no {field} \"{name}\"");
        self.problems
            .push(Problem::in_field(field, message).of(kind, owner));
    }

    /// The counters of the snapshot before, or new ones.
    fn limiter(&mut self, kind: ResourceKind, id: i64) -> Arc<Limiter> {
        let known = self
            .previous
            .and_then(|previous| previous.limiters.get(&(kind, id)));
        let limiter = known.map(Arc::clone).unwrap_or_default();
        self.limiters.insert((kind, id), Arc::clone(&limiter));
        limiter
    }
}

fn names<T>(stored: &[Stored<T>]) -> impl Iterator<Item = &str> {
    stored.iter().map(|resource| &*resource.name)
}

fn in_order<'r>(names: impl Iterator<Item = &'r str>) -> Names<'r> {
    let mut sorted: Vec<_> = names.collect();
    sorted.sort_unstable();
    sorted.into_iter().zip(0..).collect()
}

fn egress_card_names(resources: &Resources) -> BTreeSet<&str> {
    let trunks = resources.trunks.iter();
    trunks
        .filter(|trunk| trunk.spec.direction == Direction::Egress)
        .filter_map(|trunk| trunk.spec.rate_card.as_deref())
        .collect()
}

/// Cards that carriers charge by first, so that a decision can stop before the others.
fn cards_in_order(resources: &Resources) -> Names<'_> {
    let of_egress = egress_card_names(resources);
    let cards = resources.rate_cards.iter();
    let mut sorted: Vec<_> = cards.map(|priced| &*priced.card.name).collect();
    sorted.sort_unstable_by_key(|name| (!of_egress.contains(name), *name));
    sorted.into_iter().zip(0..).collect()
}

fn resource<T>(stored: &Stored<T>) -> ResourceRef {
    ResourceRef {
        id: stored.id,
        name: stored.name.as_str().into(),
    }
}

/// The routes of active trunks of active carriers, by card, and where each card's begin.
fn open_routes(
    egress: &[EgressTrunk],
    carriers: &[CompiledCarrier],
    egress_cards: usize,
) -> (Box<[OpenRoute]>, Box<[u32]>) {
    let is_open = |trunk: &EgressTrunk| {
        let carrier = carriers.get(trunk.carrier.0 as usize);
        let carrier_is_active = carrier.is_some_and(|carrier| carrier.status == Status::Active);
        carrier_is_active && trunk.status == Status::Active
    };
    let mut open: Vec<_> = (0..)
        .map(TrunkIndex)
        .zip(egress)
        .filter(|(_, trunk)| is_open(trunk))
        .collect();
    open.sort_by_key(|(_, trunk)| trunk.card);
    let first_of_card = (0..=egress_cards)
        .map(|card| open.partition_point(|(_, trunk)| usize::from(trunk.card) < card) as u32)
        .collect();
    let routes = open.iter().map(|(index, trunk)| OpenRoute {
        tie_break: trunk.tie_break,
        trunk: *index,
        carrier: trunk.carrier,
    });
    (routes.collect(), first_of_card)
}
