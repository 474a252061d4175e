//! From resources to a snapshot: names to indexes, and every fault between resources.

mod check;
mod exchange;
mod gateways;
mod given;
mod numbers;
mod policies;
mod routes;

use self::gateways::SharedGateways;
use self::numbers::Numbers;
use super::gateways::HealthOf;
use super::parts::{CompiledCard, DigestIdentity, IngressTrunk, OpenRoute, TieBreak};
use super::policies::Turns;
use super::prefix_index::{CardNumber, PrefixIndex};
use super::sources::SourceTable;
use super::{
    CarrierIndex, CompiledCarrier, CompiledCustomer, CompiledRegistration, CompiledRoute,
    CustomerIndex, EgressTrunk, RetiredLimiters, Snapshot, TrunkIndex,
};
use crate::Problem;
use crate::credit::{AccountBook, CreditTerms};
use crate::deck::Deck;
use crate::health::RegistrationHealth;
use crate::limits::{CalledNumbers, Limiter, Limits};
use crate::names::GatewayPlace;
use crate::resources::{
    AuthenticationMode, Direction, FailoverCodes, Network, PricedCardRef, ReferPolicy,
    ResourceKind, Resources, ResourcesRef, ResponseMap, Status, StoredRef, Trunk,
};
use crate::throttle::{CompiledThrottle, ThrottleMeter};
use rating::cdr::ResourceRef;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Weak};

/// Most rate cards of a snapshot.
pub const CARDS_MAX: usize = CardNumber::MAX as usize;

/// Most rate cards that carriers charge by: each decision marks them in a table of this many bits.
pub const EGRESS_CARDS_MAX: usize = 2_048;

const PRIORITY_DEFAULT: u16 = 100;
const WEIGHT_DEFAULT: u16 = 100;

/// Checks each resource, then compiles all.
pub(super) fn compile_checked(
    number: u64,
    resources: &Resources,
    previous: Option<&Snapshot>,
) -> Result<Snapshot, Vec<Problem>> {
    let problems = check::check_each(resources);
    compile(number, &resources.borrowed(), previous, problems)
}

/// Compiles resources that are sound each by itself. `problems` are those known already.
pub(super) fn compile(
    number: u64,
    resources: &ResourcesRef<'_>,
    previous: Option<&Snapshot>,
    problems: Vec<Problem>,
) -> Result<Snapshot, Vec<Problem>> {
    let mut compiler = Compiler::new(resources, previous, problems);
    let mut snapshot = compiler.resolve(number);
    if !compiler.problems.is_empty() {
        compiler.problems.sort();
        return Err(compiler.problems);
    }
    snapshot.prefixes = prefixes(&snapshot.cards, previous);
    Ok(snapshot)
}

/// The index of all prefixes: that of the snapshot before, when the decks are the same.
fn prefixes(cards: &[CompiledCard], previous: Option<&Snapshot>) -> Arc<PrefixIndex> {
    let same_decks = |previous: &&Snapshot| {
        let pairs = previous.cards.iter().zip(cards);
        previous.cards.len() == cards.len()
            && pairs
                .into_iter()
                .all(|(before, card)| Arc::ptr_eq(&before.deck, &card.deck))
    };
    match previous.filter(same_decks) {
        Some(previous) => Arc::clone(&previous.prefixes),
        None => {
            let decks: Vec<&Deck> = cards.iter().map(|card| &*card.deck).collect();
            Arc::new(PrefixIndex::build(&decks))
        }
    }
}

/// Which customers may transfer, and whether any of them is known by a password alone.
fn transferring(
    ingress: &[(IngressTrunk, StoredRef<'_, Trunk>)],
    customers: usize,
) -> (Box<[bool]>, bool) {
    let trunks = ingress.iter().map(|(trunk, _)| trunk);
    let handling = trunks.filter(|trunk| trunk.signalling.refer == ReferPolicy::Handle);
    let (mut all, mut by_password) = (Vec::new(), false);
    for trunk in handling {
        all.resize(customers, false);
        if let Some(may_transfer) = all.get_mut(trunk.customer.0 as usize) {
            *may_transfer = true;
        }
        by_password |= matches!(
            trunk.authentication,
            AuthenticationMode::Digest | AuthenticationMode::AddressOrDigest
        );
    }
    (all.into(), by_password)
}

/// What a name means: names are unique within an owner.
type Key<'r> = (i64, &'r str);

/// Names of one kind and their positions, in the order of names.
type Names<'r> = BTreeMap<Key<'r>, u32>;

struct Compiler<'c, 'r> {
    resources: &'c ResourcesRef<'r>,
    previous: Option<&'c Snapshot>,
    cards: Names<'r>,
    carriers: Names<'r>,
    customers: Names<'r>,
    limiters: BTreeMap<(ResourceKind, i64), Arc<Limiter>>,
    accounts: AccountBook,
    health: HealthOf,
    registrations: HashMap<(i64, Arc<str>), Arc<RegistrationHealth>>,
    numbers: Numbers<'r>,
    turns: BTreeMap<i64, Arc<Turns>>,
    meters: BTreeMap<i64, Arc<ThrottleMeter>>,
    gateways: SharedGateways<'r>,
    problems: Vec<Problem>,
}

impl<'c, 'r> Compiler<'c, 'r> {
    fn new(
        resources: &'c ResourcesRef<'r>,
        previous: Option<&'c Snapshot>,
        mut problems: Vec<Problem>,
    ) -> Self {
        if resources.rate_cards.len() > CARDS_MAX {
            problems.push(Problem::new(format_args!(
                "{} rate cards: a snapshot holds at most {CARDS_MAX}",
                resources.rate_cards.len()
            )));
        }
        let numbers = Numbers::compile(resources, previous, &mut problems);
        Self {
            resources,
            previous,
            cards: cards_in_order(resources),
            carriers: in_order(keys(&resources.carriers)),
            customers: in_order(keys(&resources.customers)),
            limiters: BTreeMap::new(),
            accounts: AccountBook::after(previous.map(|before| &before.accounts)),
            health: HealthOf::new(),
            registrations: HashMap::new(),
            numbers,
            turns: BTreeMap::new(),
            meters: BTreeMap::new(),
            gateways: SharedGateways::default(),
            problems,
        }
    }

    /// The snapshot without its prefixes, and every reference that leads nowhere.
    fn resolve(&mut self, number: u64) -> Snapshot {
        let shared_gateways = self.shared_gateways();
        let ingress = self.ingress();
        let egress = self.egress();
        let sources = self.sources(&ingress);
        let usernames = self.usernames(&ingress);
        let egress_cards = self.egress_cards_count();
        let (cards, card_owners) = self.compiled_cards();
        let exchange = self.exchange(&cards, &card_owners);
        let (customers, routes) = self.compiled_customers(&egress);
        let called_numbers = self.called_numbers(&customers, &ingress);
        let (transferring, has_strange_transfers) = transferring(&ingress, customers.len());
        let reads_identity = ingress.iter().any(|(trunk, _)| trunk.reads_identity());
        let carriers = self.compiled_carriers();
        let (open_routes, first_route_of_card) = open_routes(&egress, &carriers, egress_cards);
        Snapshot {
            number,
            customers,
            carriers,
            ingress: ingress.into_iter().map(|(trunk, _)| trunk).collect(),
            gateway_ips: gateway_ips(&egress),
            egress,
            cards,
            card_owners,
            egress_cards: egress_cards as CardNumber,
            exchange,
            open_routes,
            first_route_of_card,
            sources,
            transferring,
            has_strange_transfers,
            usernames,
            reads_identity,
            rules_read_identity: self.numbers.read_identity(),
            number_rules: self.numbers.rules_by_id(self.resources),
            number_lists: self.numbers.lists(),
            tags: self.numbers.tags(),
            cli_rules: self.numbers.cli_rules(),
            prefixes: Arc::default(),
            retired_limiters: self.retired_limiters(),
            limiters: std::mem::take(&mut self.limiters),
            accounts: std::mem::take(&mut self.accounts),
            called_numbers,
            routes,
            shared_gateways,
            health: std::mem::take(&mut self.health),
            registrations: std::mem::take(&mut self.registrations),
            turns: std::mem::take(&mut self.turns),
            meters: std::mem::take(&mut self.meters),
        }
    }

    fn compiled_cards(&self) -> (Box<[CompiledCard]>, Box<[i64]>) {
        let mut cards: Vec<&PricedCardRef<'_>> = self.resources.rate_cards.iter().collect();
        cards.sort_by_key(|priced| self.cards.get(&key(&priced.card)));
        let compiled = cards.iter().map(|priced| CompiledCard {
            resource: resource(&priced.card),
            currency: priced.card.spec.currency,
            deck: Arc::clone(priced.deck),
        });
        let owners = cards.iter().map(|priced| priced.card.owner);
        (compiled.collect(), owners.collect())
    }

    fn egress_cards_count(&mut self) -> usize {
        let count = egress_card_keys(self.resources)
            .intersection(&self.cards.keys().copied().collect())
            .count();
        if count > EGRESS_CARDS_MAX {
            self.problems.push(Problem::new(format_args!(
                "egress trunks use {count} rate cards: at most {EGRESS_CARDS_MAX} are possible"
            )));
        }
        count
    }

    /// All customers, and the routes that they take.
    fn compiled_customers(
        &mut self,
        egress: &[EgressTrunk],
    ) -> (Box<[CompiledCustomer]>, Arc<[CompiledRoute]>) {
        let mut policies = self.policies(egress);
        let mut customers: Vec<_> = self.resources.customers.iter().collect();
        customers.sort_by_key(|customer| (customer.name, customer.owner));
        let compiled = customers.into_iter().map(|customer| {
            let spec = customer.spec;
            let credit = spec.billing.as_ref().map(CreditTerms::of);
            let credit = credit.filter(CreditTerms::are_set);
            CompiledCustomer {
                resource: resource(customer),
                owner: customer.owner,
                status: spec.status,
                card: self.card(ResourceKind::Customer, customer, &spec.rate_card),
                limits: Limits::new(spec.cps_limit, spec.channel_limit)
                    .smoothed(spec.cps_smoothing_ms.unwrap_or(0)),
                number_limits: Limits::new(
                    spec.called_number_cps_limit,
                    spec.called_number_channel_limit,
                ),
                limiter: self.limiter(ResourceKind::Customer, customer.id),
                credit,
                account: self.accounts.of_customer(customer.id, credit),
                policy: self.policy_of(&mut policies, customer),
            }
        });
        let compiled = compiled.collect();
        (compiled, policies.all_routes())
    }

    /// The table of called numbers, as soon as anybody needs it. Calls that are up stay counted when
    /// nobody does for a while.
    fn called_numbers(
        &self,
        customers: &[CompiledCustomer],
        ingress: &[(IngressTrunk, StoredRef<'_, Trunk>)],
    ) -> Option<Arc<CalledNumbers>> {
        let known = self
            .previous
            .and_then(|before| before.called_numbers.as_ref());
        if let Some(known) = known {
            return Some(Arc::clone(known));
        }
        let of_customers = customers.iter().map(|customer| customer.number_limits);
        let of_trunks = ingress.iter().map(|(trunk, _)| trunk.number_limits);
        let is_needed = of_customers.chain(of_trunks).any(|limits| limits.are_set());
        is_needed.then(|| Arc::new(CalledNumbers::new(self.resources.number_secret)))
    }

    fn compiled_carriers(&mut self) -> Box<[CompiledCarrier]> {
        let mut carriers: Vec<_> = self.resources.carriers.iter().collect();
        carriers.sort_by_key(|carrier| (carrier.name, carrier.owner));
        carriers
            .into_iter()
            .map(|carrier| CompiledCarrier {
                resource: resource(carrier),
                status: carrier.spec.status,
                limits: Limits::new(carrier.spec.cps_limit, carrier.spec.channel_limit),
                limiter: self.limiter(ResourceKind::Carrier, carrier.id),
                balance_stop: carrier
                    .spec
                    .billing
                    .as_ref()
                    .and_then(|billing| billing.balance_stop),
                account: self.accounts.account(ResourceKind::Carrier, carrier.id),
            })
            .collect()
    }

    fn trunks(&self, direction: Direction) -> Vec<StoredRef<'r, Trunk>> {
        let trunks = self.resources.trunks.iter();
        let mut trunks: Vec<_> = trunks
            .filter(|trunk| trunk.spec.direction == direction)
            .copied()
            .collect();
        trunks.sort_by_key(|trunk| (&trunk.spec.carrier, trunk.name, trunk.owner));
        trunks
    }

    /// Active ingress trunks, each with its resource. References of inactive ones are checked too.
    fn ingress(&mut self) -> Vec<(IngressTrunk, StoredRef<'r, Trunk>)> {
        let mut compiled = Vec::new();
        for trunk in self.trunks(Direction::Ingress) {
            let customer = self.customer_of(&trunk);
            // Also when inactive: its calls that are up stay counted until it is active again.
            let limiter = self.limiter(ResourceKind::Trunk, trunk.id);
            let numbers = self.ingress_numbers(&trunk);
            if trunk.spec.status == Status::Active {
                let ingress = IngressTrunk {
                    resource: resource(&trunk),
                    customer,
                    authentication: trunk.spec.authentication,
                    digest: self.digest_of(&trunk),
                    media: trunk.spec.media,
                    media_encryption: trunk.spec.media_encryption.clone(),
                    silence: trunk.spec.silence,
                    tech_prefix: trunk.spec.tech_prefix.as_str().into(),
                    signalling: trunk.spec.signalling,
                    codecs: trunk.spec.codecs.clone().into(),
                    responses: ResponseMap::new(&trunk.spec.responses),
                    headers: trunk.spec.headers.clone(),
                    identity: trunk.spec.identity,
                    called_number: trunk.spec.called_number.clone(),
                    calling_number: trunk.spec.calling_number.clone(),
                    numbers,
                    limits: Limits::new(trunk.spec.cps_limit, trunk.spec.channel_limit)
                        .smoothed(trunk.spec.cps_smoothing_ms.unwrap_or(0)),
                    number_limits: Limits::new(
                        trunk.spec.called_number_cps_limit,
                        trunk.spec.called_number_channel_limit,
                    ),
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
            .filter_map(|(rank, trunk)| self.egress_trunk(rank, &trunk))
            .collect()
    }

    fn egress_trunk(&mut self, rank: u32, trunk: &StoredRef<'_, Trunk>) -> Option<EgressTrunk> {
        let spec = trunk.spec;
        let carrier = self.carrier_of(trunk);
        let card_name = spec.rate_card.as_deref()?;
        let card = self.card(ResourceKind::Trunk, trunk, card_name);
        let failover = spec.failover.clone().unwrap_or_default();
        Some(EgressTrunk {
            resource: resource(trunk),
            carrier,
            status: spec.status,
            gateways: self.gateways(trunk)?,
            listener: spec.listener,
            media: spec.media,
            media_encryption: spec.media_encryption.clone(),
            silence: spec.silence,
            failover_codes: FailoverCodes::new(&failover.codes).without(&failover.stop_codes),
            first_reply_timeout_ms: failover.first_reply_timeout_ms,
            pdd_timeout_ms: failover.pdd_timeout_ms,
            ring_timeout_s: failover.ring_timeout_s,
            throttle: self.throttle_of(trunk),
            registration: self.registration_of(trunk),
            digest: self.digest_of(trunk),
            signalling: spec.signalling,
            codecs: spec.codecs.clone().into(),
            responses: ResponseMap::new(&spec.responses),
            headers: spec.headers.clone(),
            identity: spec.identity,
            card,
            tie_break: TieBreak::new(
                spec.priority.unwrap_or(PRIORITY_DEFAULT),
                spec.weight.unwrap_or(WEIGHT_DEFAULT),
                rank,
            ),
            called_number: spec.called_number.clone(),
            calling_number: spec.calling_number.clone(),
            numbers: self.egress_numbers(trunk),
            limits: Limits::new(spec.cps_limit, spec.channel_limit),
            limiter: self.limiter(ResourceKind::Trunk, trunk.id),
        })
    }

    fn sources(&mut self, ingress: &[(IngressTrunk, StoredRef<'_, Trunk>)]) -> SourceTable {
        let mut entries = Vec::new();
        let mut taken = BTreeMap::new();
        for (index, (compiled, trunk)) in ingress.iter().enumerate() {
            let networks: BTreeSet<_> = trunk.spec.source_addresses.iter().copied().collect();
            for network in networks {
                let key = (network, &*compiled.tech_prefix);
                if let Some(other) = taken.insert(key, trunk) {
                    let message = taken_source(trunk, other, network);
                    self.problems.push(
                        Problem::in_field("source_addresses", message)
                            .of(ResourceKind::Trunk, trunk.name),
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

    /// Who shows which user name. The same name for two trunks is a problem of the later.
    fn usernames(
        &mut self,
        ingress: &[(IngressTrunk, StoredRef<'_, Trunk>)],
    ) -> HashMap<Arc<str>, TrunkIndex> {
        let mut usernames = HashMap::new();
        for (index, (compiled, trunk)) in ingress.iter().enumerate() {
            let Some(digest) = &compiled.digest else {
                continue;
            };
            let username = Arc::clone(&digest.username);
            let before = usernames.insert(username, TrunkIndex(index as u32));
            if before.is_some() {
                let message = "another trunk has this user name already";
                let problem = Problem::in_field("digest.username", message);
                self.problems
                    .push(problem.of(ResourceKind::Trunk, trunk.name));
            }
        }
        usernames
    }

    /// The attempts that were counted before count on.
    fn throttle_of(&mut self, trunk: &StoredRef<'_, Trunk>) -> Option<CompiledThrottle> {
        let rule = trunk.spec.throttle.as_ref()?;
        let known = self
            .previous
            .and_then(|previous| previous.meters.get(&trunk.id));
        let meter = known.map(Arc::clone).unwrap_or_default();
        self.meters.insert(trunk.id, Arc::clone(&meter));
        Some(CompiledThrottle::new(rule, meter))
    }

    fn registration_of(&mut self, trunk: &StoredRef<'_, Trunk>) -> Option<CompiledRegistration> {
        let spec = trunk.spec;
        let (wanted, account) = (spec.registration.as_ref()?, spec.digest.as_ref()?);
        let user = wanted.user.as_deref().unwrap_or(&account.username);
        let address: Arc<str> = match &wanted.domain {
            Some(domain) => format!("{user}@{domain}").into(),
            None => format!("{user}@{}", spec.gateway.as_ref()?).into(),
        };
        let key = (trunk.id, Arc::clone(&address));
        let known = self
            .previous
            .and_then(|previous| previous.registrations.get(&key));
        let health = known.map(Arc::clone).unwrap_or_default();
        self.registrations.insert(key, Arc::clone(&health));
        Some(CompiledRegistration {
            address,
            expires_s: wanted.expires_s,
            health,
        })
    }

    fn digest_of(&self, trunk: &StoredRef<'_, Trunk>) -> Option<DigestIdentity> {
        let account = trunk.spec.digest.as_ref()?;
        Some(DigestIdentity::new(account, &self.resources.secrets))
    }

    fn customer_of(&mut self, trunk: &StoredRef<'_, Trunk>) -> CustomerIndex {
        let name = trunk.spec.customer.as_deref();
        let index = name.and_then(|name| self.customers.get(&(trunk.owner, name)).copied());
        self.resolved("customer", ResourceKind::Trunk, trunk.name, name, index);
        CustomerIndex(index.unwrap_or(0))
    }

    fn carrier_of(&mut self, trunk: &StoredRef<'_, Trunk>) -> CarrierIndex {
        let name = trunk.spec.carrier.as_deref();
        let index = name.and_then(|name| self.carriers.get(&(trunk.owner, name)).copied());
        self.resolved("carrier", ResourceKind::Trunk, trunk.name, name, index);
        CarrierIndex(index.unwrap_or(0))
    }

    /// The card that a resource names.
    fn card<T>(&mut self, kind: ResourceKind, of: &StoredRef<'_, T>, name: &str) -> CardNumber {
        let index = self.cards.get(&(of.owner, name)).copied();
        self.resolved("rate_card", kind, of.name, Some(name), index);
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

    /// The counters of what was deleted or switched off, as long as a call or an earlier snapshot has them: it may
    /// come back.
    fn retired_limiters(&self) -> RetiredLimiters {
        let Some(previous) = self.previous else {
            return RetiredLimiters::new();
        };
        let left = previous.limiters.iter();
        let left = left.map(|(key, limiter)| (*key, Arc::downgrade(limiter)));
        let before = previous.retired_limiters.iter();
        let before = before.map(|(key, limiter)| (*key, Weak::clone(limiter)));
        let all = left.chain(before);
        all.filter(|(key, limiter)| !self.limiters.contains_key(key) && limiter.strong_count() > 0)
            .collect()
    }

    /// The counters of the snapshot before, or new ones.
    fn limiter(&mut self, kind: ResourceKind, id: i64) -> Arc<Limiter> {
        let known = self
            .previous
            .and_then(|previous| previous.limiter(kind, id));
        let limiter = known.unwrap_or_default();
        self.limiters.insert((kind, id), Arc::clone(&limiter));
        limiter
    }
}

/// Why two trunks cannot have a source. Of another owner's trunk no more is said.
fn taken_source(
    trunk: &StoredRef<'_, Trunk>,
    other: &StoredRef<'_, Trunk>,
    network: Network,
) -> String {
    let owner = if other.owner == trunk.owner {
        format!("trunk \"{}\"", other.name)
    } else {
        "a trunk of another operator".to_owned()
    };
    format!(
        "{network} belongs to {owner} already: calls from there need different tech prefixes to be \
         told apart"
    )
}

fn key<'r, T>(stored: &StoredRef<'r, T>) -> Key<'r> {
    (stored.owner, stored.name)
}

fn keys<'r, T>(stored: &[StoredRef<'r, T>]) -> impl Iterator<Item = Key<'r>> {
    stored.iter().map(key)
}

/// Positions in the order of names, then of owners.
fn in_order<'r>(keys: impl Iterator<Item = Key<'r>>) -> Names<'r> {
    let mut sorted: Vec<_> = keys.collect();
    sorted.sort_unstable_by_key(|(owner, name)| (*name, *owner));
    sorted.into_iter().zip(0..).collect()
}

fn egress_card_keys<'r>(resources: &ResourcesRef<'r>) -> BTreeSet<Key<'r>> {
    let trunks = resources.trunks.iter();
    trunks
        .filter(|trunk| trunk.spec.direction == Direction::Egress)
        .filter_map(|trunk| Some((trunk.owner, trunk.spec.rate_card.as_deref()?)))
        .collect()
}

/// Cards that carriers charge by first, so that a decision can stop before the others.
fn cards_in_order<'r>(resources: &ResourcesRef<'r>) -> Names<'r> {
    let of_egress = egress_card_keys(resources);
    let cards = resources.rate_cards.iter();
    let mut sorted: Vec<_> = cards.map(|priced| key(&priced.card)).collect();
    sorted.sort_unstable_by_key(|key| (!of_egress.contains(key), key.1, key.0));
    sorted.into_iter().zip(0..).collect()
}

fn resource<T>(stored: &StoredRef<'_, T>) -> ResourceRef {
    ResourceRef {
        id: stored.id,
        name: stored.name.into(),
    }
}

/// The addresses of gateways that are given as such.
fn gateway_ips(egress: &[EgressTrunk]) -> HashSet<IpAddr> {
    let gateways = egress.iter().flat_map(|trunk| trunk.gateways.all());
    let fixed = gateways.filter_map(|gateway| match &gateway.place {
        GatewayPlace::Address(target) => Some(target.address.ip().to_canonical()),
        GatewayPlace::Name(_) => None,
    });
    fixed.collect()
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
        carrier_is_active && trunk.status == Status::Active && trunk.gateways.are_open()
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
        has_number_policy: trunk.numbers.may_refuse(),
        has_class_rules: !trunk.numbers.classes.is_empty(),
        has_throttle: trunk.throttle.is_some(),
    });
    (routes.collect(), first_of_card)
}
