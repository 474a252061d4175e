//! Everything that a call's decision reads, compiled once and never changed.
//!
//! A snapshot is built from resources ([`Snapshot::compile`]), shared behind an `Arc` and swapped
//! whole. Names are resolved to indexes, prefixes of all cards lie in one trie, and limits are
//! attached to live counters that are carried over from the snapshot before. A call keeps the
//! `Arc` of the snapshot that decided it, since its indexes mean nothing in another.

mod audience;
mod callers;
mod compile;
mod exchange;
mod gateways;
mod parts;
mod policies;
mod prefix_index;
mod routes;
mod schedule;
mod sources;

pub(crate) use callers::{Caller, OriginMatch};
pub use compile::{CARDS_MAX, EGRESS_CARDS_MAX};
pub use gateways::{CompiledGateway, GATEWAYS_MAX, GatewayOrder, Gateways};
pub use parts::{
    CarrierIndex, CompiledCarrier, CompiledCustomer, CompiledRegistration, CustomerIndex,
    DigestIdentity, EgressTrunk, IngressTrunk, RateRef, TrunkIndex,
};
pub(crate) use parts::{OpenRoute, TieBreak};
pub use policies::Turns;
pub(crate) use policies::{CompiledProfile, RoutingPolicy};
pub(crate) use prefix_index::{CardNumber, Path, longest_match, of_first_card};
pub use routes::ROUTES_OF_A_NUMBER_MAX;
pub(crate) use routes::{CompiledRoute, Fits, RoutePlace};

use crate::Problem;
use crate::credit::{AccountBook, CreditAccount, CreditTerms};
use crate::deck::{Deck, Offer, Prefix};
use crate::health::RegistrationHealth;
use crate::limits::{CalledNumbers, Counted, Drift, Gate, HeldChannels, Limiter, Limits};
use crate::names::{GatewayPlace, NameQuery};
use crate::numbers::{
    CliRulesIndex, CompiledCliRules, CompiledNumberList, NumberListIndex, NumberRules, TagIndex,
};
use crate::resources::{ResourceKind, Resources, ResourcesRef, Status};
use crate::throttle::ThrottleMeter;
use exchange::Exchange;
use gateways::{HealthOf, SharedCounter};
use parts::CompiledCard;
use prefix_index::PrefixIndex;
use rating::cdr::{AppliedRate, ResourceRef};
use rating::exchange::ExchangeRate;
use rating::expected::per_talk_minute;
use rating::rate::RateTerms;
use rating::{Amount, Currency, Jurisdiction, Origin, Timestamp};
use sources::SourceTable;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Weak};

/// What calls share that a transfer may join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathering {
    /// The customer, by its database identifier.
    Customer(i64),
    /// The address that they come from: whose they are is only known by a password.
    Source(IpAddr),
}

/// Counters of resources that are gone, by kind and identifier: as long as a call or an earlier snapshot has them.
pub(crate) type RetiredLimiters = BTreeMap<(ResourceKind, i64), Weak<Limiter>>;

/// A compiled configuration. See the module for how it is used.
#[derive(Debug, Default)]
pub struct Snapshot {
    number: u64,
    customers: Box<[CompiledCustomer]>,
    carriers: Box<[CompiledCarrier]>,
    ingress: Box<[IngressTrunk]>,
    egress: Box<[EgressTrunk]>,
    /// Cards that carriers charge by come first: those below `egress_cards`.
    cards: Box<[CompiledCard]>,
    /// Whose each card is: beside one another, because every decision asks.
    card_owners: Box<[i64]>,
    egress_cards: CardNumber,
    exchange: Exchange,
    /// Routes that may be tried, by card; those of card `n` begin at `first_route_of_card[n]`.
    open_routes: Box<[OpenRoute]>,
    /// One more than there are such cards.
    first_route_of_card: Box<[u32]>,
    sources: SourceTable,
    /// Customers who may transfer, by index; empty when none may.
    transferring: Box<[bool]>,
    /// Whether any of them is known by a password alone.
    has_strange_transfers: bool,
    usernames: HashMap<Arc<str>, TrunkIndex>,
    /// Whether any ingress trunk believes more of a caller than From.
    reads_identity: bool,
    /// Whether any list or rule looks at that.
    rules_read_identity: bool,
    prefixes: Arc<PrefixIndex>,
    limiters: BTreeMap<(ResourceKind, i64), Arc<Limiter>>,
    /// Of what is gone.
    retired_limiters: RetiredLimiters,
    accounts: AccountBook,
    /// Calls to one number, once any customer or trunk has a limit of them.
    called_numbers: Option<Arc<CalledNumbers>>,
    /// All routes, by name.
    routes: Arc<[CompiledRoute]>,
    /// Gateways that trunks may share, by name.
    shared_gateways: Box<[SharedCounter]>,
    /// Addresses of gateways that are given as such.
    gateway_ips: HashSet<IpAddr>,
    /// Of gateways that are probed.
    health: HealthOf,
    /// Of trunks that are registered.
    registrations: HashMap<(i64, Arc<str>), Arc<RegistrationHealth>>,
    number_rules: BTreeMap<i64, Arc<NumberRules>>,
    number_lists: Box<[Arc<CompiledNumberList>]>,
    cli_rules: Box<[Arc<CompiledCliRules>]>,
    /// The names of tags, in their order.
    tags: Box<[Arc<str>]>,
    /// Of profiles.
    turns: BTreeMap<i64, Arc<Turns>>,
    /// Of trunks with a throttle.
    meters: BTreeMap<i64, Arc<ThrottleMeter>>,
}

impl Snapshot {
    /// Compiles resources. Counters of limits are taken over from `previous` by identifier, so
    /// calls that are up stay counted.
    ///
    /// # Errors
    /// Everything that is wrong, within resources and between them; each problem names the kind,
    /// the resource and the field.
    pub fn compile(
        number: u64,
        resources: &Resources,
        previous: Option<&Self>,
    ) -> Result<Self, Vec<Problem>> {
        compile::compile_checked(number, resources, previous)
    }

    /// As [`compile`](Self::compile), of resources of any owners that are known to be sound each by
    /// itself ([`ResourceDocument::check`](crate::resources::ResourceDocument::check)) and to have
    /// unique names. What is the same as in `previous` is shared, not built again.
    ///
    /// # Errors
    /// Everything that is wrong between them.
    pub fn compile_sound(
        number: u64,
        resources: &ResourcesRef<'_>,
        previous: Option<&Self>,
    ) -> Result<Self, Vec<Problem>> {
        compile::compile(number, resources, previous, Vec::new())
    }

    /// The number it was published under; stands in every call record.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// All customers, in the order of their names.
    pub fn customers(&self) -> &[CompiledCustomer] {
        &self.customers
    }

    /// All carriers, in the order of their names.
    pub fn carriers(&self) -> &[CompiledCarrier] {
        &self.carriers
    }

    /// Active ingress trunks, in the order of their names.
    pub fn ingress_trunks(&self) -> &[IngressTrunk] {
        &self.ingress
    }

    /// The routes that are not switched off and the gateways that are resources of their own, each
    /// with the calls and attempts that hold a channel of it.
    pub fn shared_channels(&self) -> impl Iterator<Item = (ResourceKind, &ResourceRef, u32)> {
        let routes = self.routes.iter();
        let routes = routes.map(|route| (ResourceKind::Route, &route.resource, &route.limiter));
        let gateways = self.shared_gateways.iter();
        let gateways =
            gateways.map(|gateway| (ResourceKind::Gateway, &gateway.resource, &gateway.limiter));
        routes
            .chain(gateways)
            .map(|(kind, resource, limiter)| (kind, resource, limiter.channels_in_use()))
    }

    /// Calls that count against a limit of calls to one number, all numbers together.
    pub fn calls_to_limited_numbers(&self) -> u64 {
        let numbers = self.called_numbers.as_ref();
        numbers.map_or(0, |numbers| numbers.calls())
    }

    /// The counters of a resource, also of one that is gone while calls hold channels of it.
    fn limiter(&self, kind: ResourceKind, id: i64) -> Option<Arc<Limiter>> {
        let key = (kind, id);
        let retired = || self.retired_limiters.get(&key).and_then(Weak::upgrade);
        self.limiters.get(&key).cloned().or_else(retired)
    }

    /// Where the counters say something else than the calls. While calls come and go between the two
    /// looks there is always some; what stays is a fault.
    pub fn drift(&self, held: &HeldChannels) -> Vec<Drift> {
        let counted = self.limiters.iter().map(|(resource, limiter)| Drift {
            what: Counted::Channels,
            resource: Some(*resource),
            counted: limiter.channels_in_use().into(),
            held: held.of(limiter),
        });
        let to_numbers = self.called_numbers.as_ref().map(|numbers| Drift {
            what: Counted::Channels,
            resource: None,
            counted: numbers.calls(),
            held: held.to_numbers(),
        });
        let reserved = self.accounts.iter().map(|(resource, account)| Drift {
            what: Counted::Reserved,
            resource: Some(resource),
            counted: account.figures().reserved.0.cast_unsigned(),
            held: held.of_account(account),
        });
        counted
            .chain(to_numbers)
            .chain(reserved)
            .filter(|drift| drift.counted != drift.held)
            .collect()
    }

    /// The money of all customers and carriers that are in this configuration, and of those that were in
    /// it since the process began: their calls may still be up.
    pub fn accounts(&self) -> impl Iterator<Item = ((ResourceKind, i64), &Arc<CreditAccount>)> {
        self.accounts.iter()
    }

    /// The money of one of them.
    pub fn account(&self, kind: ResourceKind, id: i64) -> Option<&Arc<CreditAccount>> {
        self.accounts.get(kind, id)
    }

    /// What a customer may spend, by its database identifier; nothing limits one that is not there.
    pub fn credit_terms_of(&self, customer: i64) -> CreditTerms {
        self.accounts.terms(customer)
    }

    /// All egress trunks, in the order of their carriers' names and then their own.
    pub fn egress_trunks(&self) -> &[EgressTrunk] {
        &self.egress
    }

    /// Whether a carrier's gateway has this address, by whatever port. An address of IPv4 is to be given
    /// as such. Those behind names are in the [`AddressTable`](crate::names::AddressTable).
    pub fn has_gateway_at(&self, ip: IpAddr) -> bool {
        self.gateway_ips.contains(&ip)
    }

    /// The names that gateways of active trunks are behind; one may come more than once.
    pub fn names(&self) -> impl Iterator<Item = &Arc<NameQuery>> {
        let active = self.egress.iter();
        let active = active.filter(|trunk| trunk.status == Status::Active);
        let gateways = active.flat_map(|trunk| trunk.gateways.all());
        gateways.filter_map(|gateway| match &gateway.place {
            GatewayPlace::Address(_) => None,
            GatewayPlace::Name(name) => Some(name),
        })
    }

    /// How many rates all cards hold together.
    pub fn rates_count(&self) -> usize {
        self.prefixes.len()
    }

    /// The customer at an index of this snapshot.
    pub fn customer(&self, index: CustomerIndex) -> &CompiledCustomer {
        &self.customers[index.0 as usize]
    }

    /// The carrier at an index of this snapshot.
    pub fn carrier(&self, index: CarrierIndex) -> &CompiledCarrier {
        &self.carriers[index.0 as usize]
    }

    /// Whether any ingress trunk believes more of a caller than From: only then a
    /// [`ShownIdentity`](crate::numbers::ShownIdentity) needs to be filled.
    pub fn reads_identity(&self) -> bool {
        self.reads_identity
    }

    /// Whether a decision may depend upon that: then its digest has it.
    pub(crate) fn rules_read_identity(&self) -> bool {
        self.rules_read_identity
    }

    /// Whether any ingress trunk is known by a user name.
    pub fn has_usernames(&self) -> bool {
        !self.usernames.is_empty()
    }

    /// The active ingress trunk whose calls show a user name.
    pub fn trunk_of_username(&self, username: &str) -> Option<TrunkIndex> {
        self.usernames.get(username).copied()
    }

    /// The ingress trunk that a call from an address with this called number is of, whatever else
    /// it must show.
    pub fn trunk_of_call(&self, source: IpAddr, called: &str) -> Option<TrunkIndex> {
        self.trunks_of_source(source)
            .find(|trunk| called.starts_with(&*self.ingress_trunk(*trunk).tech_prefix))
    }

    /// Which other calls one from an address with this called number may be joined with by a transfer
    /// of the switch: those must be where it is. `None` when there are none.
    pub fn gathering_of(&self, source: IpAddr, called: &str) -> Option<Gathering> {
        if self.transferring.is_empty() {
            return None;
        }
        let source = source.to_canonical();
        let Some(trunk) = self.trunk_of_call(source, called) else {
            // Whose it is will only be known by its password.
            return self
                .has_strange_transfers
                .then_some(Gathering::Source(source));
        };
        let customer = self.ingress_trunk(trunk).customer;
        let may_transfer = self.transferring[customer.0 as usize];
        may_transfer.then(|| Gathering::Customer(self.customer(customer).resource.id))
    }

    /// The active ingress trunk with a database identifier: a call that another snapshot decided
    /// finds its own here.
    pub fn ingress_trunk_of(&self, id: i64) -> Option<TrunkIndex> {
        let place = self
            .ingress
            .iter()
            .position(|trunk| trunk.resource.id == id)?;
        Some(TrunkIndex(u32::try_from(place).ok()?))
    }

    /// The ingress trunk at an index of this snapshot.
    pub fn ingress_trunk(&self, index: TrunkIndex) -> &IngressTrunk {
        &self.ingress[index.0 as usize]
    }

    /// The egress trunk at an index of this snapshot.
    pub fn egress_trunk(&self, index: TrunkIndex) -> &EgressTrunk {
        &self.egress[index.0 as usize]
    }

    /// The number list at an index of this snapshot.
    pub fn number_list(&self, index: NumberListIndex) -> &CompiledNumberList {
        &self.number_lists[index.0 as usize]
    }

    /// The CLI rules at an index of this snapshot.
    pub fn cli_rules(&self, index: CliRulesIndex) -> &CompiledCliRules {
        &self.cli_rules[index.0 as usize]
    }

    /// All CLI rules by their identifiers, for the snapshot after.
    pub(crate) fn cli_rules_by_id(&self) -> BTreeMap<i64, &Arc<CompiledCliRules>> {
        let rules = self.cli_rules.iter();
        rules.map(|rules| (rules.resource.id, rules)).collect()
    }

    /// The name of a tag of this snapshot.
    pub fn tag(&self, index: TagIndex) -> &Arc<str> {
        &self.tags[index.0 as usize]
    }

    /// The tag of this name; `None` when no list and no route of this snapshot has it.
    pub(crate) fn tag_of(&self, name: &str) -> Option<TagIndex> {
        let mut tags = (0..).map(TagIndex).zip(&self.tags);
        tags.find(|(_, known)| ***known == *name)
            .map(|(tag, _)| tag)
    }

    /// The prices and intervals of a rate of this snapshot.
    pub fn terms(&self, rate: RateRef) -> &RateTerms {
        &self.offer(rate).terms
    }

    /// What a minute of talk is expected to cost at a rate ([`rating::expected`]), in the currency of
    /// its card.
    pub fn expected_per_minute(&self, rate: RateRef) -> Amount {
        per_talk_minute(self.offer(rate).sample_total)
    }

    /// The same in the currency of the books, as calls are decided by at a moment.
    pub fn expected_in_books(&self, rate: RateRef, at: Timestamp) -> Amount {
        per_talk_minute(self.cost_in_books(rate.card, self.offer(rate).sample_total, at))
    }

    /// What a unit of a rate's currency is worth in the books at a moment.
    pub fn exchange_rate(&self, rate: RateRef, at: Timestamp) -> ExchangeRate {
        self.exchange.rate(rate.card, at)
    }

    /// The name of a rate's destination.
    pub fn destination(&self, rate: RateRef) -> &Arc<str> {
        let deck = &self.card(rate).deck;
        deck.destination(deck.offer(rate.offer))
    }

    /// A rate as a call record keeps it. `called` and `caller` are what it was found for, `at` the moment
    /// of the call, by which its amounts are converted.
    ///
    /// Allocates the prefix's text; everything else is shared.
    pub fn applied_rate(
        &self,
        rate: RateRef,
        called: &str,
        caller: Option<Prefix>,
        at: Timestamp,
    ) -> AppliedRate {
        let card = self.card(rate);
        let terms = self.terms(rate);
        AppliedRate {
            rate_card: card.resource.clone(),
            prefix: rate.prefix(called).into(),
            destination: Arc::clone(self.destination(rate)),
            currency: card.currency,
            initial_rate_per_minute: terms.initial_rate_per_minute,
            next_rate_per_minute: terms.next_rate_per_minute,
            initial_interval_s: terms.initial_interval_s,
            next_interval_s: terms.next_interval_s,
            connection_fee: terms.connection_fee,
            attempt_fee: terms.attempt_fee,
            grace_period_s: terms.grace_period_s,
            rounding: terms.rounding,
            exchange_rate: self.exchange_rate(rate, at),
            origin: rate.origin(caller),
        }
    }

    /// The card that a rate is from.
    pub fn rate_card(&self, rate: RateRef) -> &ResourceRef {
        &self.card(rate).resource
    }

    /// The rate that a customer pays for a called number, digits of E.164, when nobody knows who calls.
    pub fn customer_rate(&self, customer: CustomerIndex, called: &str) -> Option<RateRef> {
        let card = self.customer(customer).card;
        longest_match(&self.walk(called), card, &Caller::UNKNOWN).map(|(rate, _)| rate)
    }

    /// The currency of a rate's amounts.
    pub fn currency(&self, rate: RateRef) -> Currency {
        self.card(rate).currency
    }

    fn card(&self, rate: RateRef) -> &CompiledCard {
        &self.cards[usize::from(rate.card)]
    }

    pub(crate) fn offer(&self, rate: RateRef) -> &Offer {
        self.card(rate).deck.offer(rate.offer)
    }

    /// Whether a card belongs to the owner of a customer.
    pub(crate) fn is_of_owner(&self, card: CardNumber, owner: i64) -> bool {
        self.card_owners[usize::from(card)] == owner
    }

    /// Whether a card and the card of a rate belong to the same owner.
    pub(crate) fn is_of_same_owner(&self, card: CardNumber, rate: RateRef) -> bool {
        self.is_of_owner(card, self.card_owners[usize::from(rate.card)])
    }

    /// Whether a rate's amounts are in the currency of the books.
    pub(crate) fn is_in_books(&self, rate: RateRef) -> bool {
        self.exchange.is_in_books(rate.card)
    }

    /// A cost by a card in the currency of the books. What does not fit is the dearest.
    pub(crate) fn cost_in_books(&self, card: CardNumber, amount: Amount, at: Timestamp) -> Amount {
        let books = self.exchange.to_books(card, amount, at);
        books.unwrap_or(Amount(i64::MAX))
    }

    /// A price by a card in the currency of the books. What does not fit pays for nothing.
    pub(crate) fn price_in_books(&self, card: CardNumber, amount: Amount, at: Timestamp) -> Amount {
        let books = self.exchange.to_books(card, amount, at);
        books.unwrap_or(Amount::ZERO)
    }

    /// The rates of a card.
    pub(crate) fn deck(&self, card: CardNumber) -> &Arc<Deck> {
        &self.cards[usize::from(card)].deck
    }

    pub(crate) fn owner_of_card(&self, card: CardNumber) -> i64 {
        self.card_owners[usize::from(card)]
    }

    /// The identifiers, currencies and rates of all cards.
    pub(crate) fn cards_with_decks(&self) -> impl Iterator<Item = (i64, Currency, &Arc<Deck>)> {
        let cards = self.cards.iter();
        cards.map(|card| (card.resource.id, card.currency, &card.deck))
    }

    pub(crate) fn route(&self, place: RoutePlace) -> Option<&CompiledRoute> {
        self.routes.get(place.index())
    }

    /// The door of calls to one number under a limit of a resource; `None` when it has none.
    pub(crate) fn number_gate(
        &self,
        kind: ResourceKind,
        id: i64,
        limits: Limits,
        number: &str,
    ) -> Option<Gate<'_>> {
        if !limits.are_set() {
            return None;
        }
        let numbers = self.called_numbers.as_ref()?;
        Some(Gate::of_number(
            numbers,
            numbers.key(kind, id, number),
            limits,
        ))
    }

    pub(crate) fn egress_cards(&self) -> CardNumber {
        self.egress_cards
    }

    /// The routes that are charged by a card below [`Self::egress_cards`].
    pub(crate) fn open_routes_of_card(&self, card: CardNumber) -> &[OpenRoute] {
        let bounds = &self.first_route_of_card[usize::from(card)..];
        &self.open_routes[bounds[0] as usize..bounds[1] as usize]
    }

    /// Whether any rate is for some callers alone.
    pub(crate) fn asks_callers(&self) -> bool {
        self.prefixes.asks_callers()
    }

    /// Whether any rate is for a jurisdiction.
    pub(crate) fn asks_jurisdiction(&self) -> bool {
        self.prefixes.asks_jurisdiction()
    }

    /// Who calls, as far as rates ask.
    pub(crate) fn caller(
        &self,
        digits: Option<Prefix>,
        jurisdiction: Option<Jurisdiction>,
    ) -> Caller<'_> {
        self.prefixes.caller(digits, jurisdiction)
    }

    pub(crate) fn walk(&self, called: &str) -> Path<'_> {
        self.prefixes.walk(called.as_bytes())
    }

    /// The trunks of a customer, the longest tech prefix first. Of customers of the same name it is
    /// that of the first owner.
    pub(crate) fn trunks_of_customer(&self, name: &str) -> impl Iterator<Item = TrunkIndex> {
        let before = |customer: &CompiledCustomer| *customer.resource.name < *name;
        let at = self.customers.partition_point(before);
        let found = self.customers.get(at);
        let is_it = found.is_some_and(|customer| *customer.resource.name == *name);
        let customer = is_it.then_some(at);
        let mut trunks: Vec<_> = (0..)
            .map(TrunkIndex)
            .zip(&self.ingress)
            .filter(|(_, trunk)| customer == Some(trunk.customer.0 as usize))
            .collect();
        trunks.sort_by_key(|(_, trunk)| std::cmp::Reverse(trunk.tech_prefix.len()));
        trunks.into_iter().map(|(index, _)| index)
    }

    /// Whether an address is a source of any ingress trunk, whatever its tech prefix and status.
    pub fn knows_source(&self, source: IpAddr) -> bool {
        self.sources.candidates(source).next().is_some()
    }

    /// The trunks that a source address may mean, best match first, with their indexes.
    pub(crate) fn trunks_of_source(&self, source: IpAddr) -> impl Iterator<Item = TrunkIndex> {
        self.sources.candidates(source).flatten().copied()
    }
}

impl RateRef {
    /// The prefix that matched, cut from the number that the rate was found for.
    pub fn prefix(self, called: &str) -> &str {
        called
            .get(..usize::from(self.prefix_digits))
            .unwrap_or(called)
    }

    /// Whom of all the rate is for, of a caller with these digits: those that it was found for.
    pub fn origin(self, caller: Option<Prefix>) -> Origin {
        self.origin.origin(caller)
    }
}
