//! The decision as one would explain it at a table: lists, loops, texts. No index, no packing.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::callers;
use super::passing::Passing;
use super::presenting;
use super::quality::Observed;
use super::routing::{self, Offered, Via};
use super::world::{Call, World};
use rating::cdr::ReleaseReason;
use rating::charge::charge;
use rating::expected::SAMPLE_CALLS_S;
use rating::rate::RateTerms;
use routing_engine::numbers::NumberFacts;
use routing_engine::resources::{
    AssertedIdentity, Customer, Direction, NumberPolicy, NumberTranslation, NumberValidation,
    PrivacyPolicy, RateCard, RateRow, Ref, Status, TranslationRules, Trunk,
};
use routing_engine::{Decision, DryAdmission, Snapshot};
use std::collections::HashMap;

#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Route(Box<Route>),
    Reject(ReleaseReason),
}

/// What the model saw of the rules, which a decision does not tell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) strategy: String,
    pub(crate) is_exclusive: bool,
    pub(crate) has_backups: bool,
    pub(crate) has_throttled: bool,
    /// Whether the order hung upon the rounding of a lot.
    pub(crate) is_close: bool,
    /// Whether lists changed a number or put on a tag.
    pub(crate) is_rewritten: bool,
    pub(crate) is_tagged: bool,
    /// Whether CLI rules present another number.
    pub(crate) is_presented: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) seen: Seen,
    pub(crate) customer: String,
    pub(crate) ingress_trunk: String,
    pub(crate) called: String,
    pub(crate) calling: String,
    pub(crate) rate: Rate,
    /// How long it is held.
    pub(crate) hold_us: u32,
    /// Trunk, carrier, rate, numbers sent.
    pub(crate) routes: Vec<(String, String, Rate, String)>,
    /// Which routes lead to these.
    vias: Vec<Option<Via>>,
    /// What holds a channel for it.
    holders: Vec<String>,
}

/// A door: whose it is, what it allows, how long it holds a call, and what it says.
struct Door {
    name: String,
    cps: Option<u32>,
    channels: Option<u32>,
    patience_ms: u16,
    reasons: [ReleaseReason; 2],
}

/// Tries of one call: trunk, which of its gateways, and what was said.
pub(crate) type Tries = Vec<(String, usize, Result<(), ReleaseReason>)>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    card: String,
    pub(crate) prefix: String,
    origin: String,
    destination: String,
    terms: RateTerms,
    /// What a unit of the card's currency is worth.
    worth: String,
}

impl Outcome {
    /// Whether a decision says the same; which order, nobody knows when it was close.
    pub(crate) fn is_told_by(&self, found: &Self) -> bool {
        let told = |route: &Route| {
            let Route {
                customer,
                ingress_trunk,
                called,
                calling,
                rate,
                hold_us,
                routes,
                ..
            } = route.clone();
            let told = (customer, ingress_trunk, called, calling, rate, routes);
            (told, hold_us)
        };
        let is_close = matches!(self, Self::Route(route) if route.seen.is_close);
        match (self, found) {
            (Self::Route(_), Self::Route(_)) if is_close => true,
            (Self::Route(one), Self::Route(other)) => told(one) == told(other),
            (Self::Reject(one), Self::Reject(other)) => one == other,
            _ => false,
        }
    }
}

/// The limits' state, by customer or trunk name.
pub(crate) struct Model<'w> {
    world: &'w World,
    quality: &'w Observed,
    due_ns: HashMap<String, u64>,
    channels: HashMap<String, u32>,
    patterns: HashMap<&'w str, regex::Regex>,
    /// Attempts of each trunk: when, and whether they failed.
    attempts: HashMap<String, Vec<(u64, bool)>>,
    /// By profile and the prefix of the customer's rate.
    turns: HashMap<(String, String), usize>,
    cli_turns: presenting::Turns,
}

impl<'w> Model<'w> {
    pub(crate) fn new(world: &'w World, quality: &'w Observed) -> Self {
        Self {
            world,
            quality,
            due_ns: HashMap::new(),
            channels: HashMap::new(),
            patterns: patterns(world),
            attempts: HashMap::new(),
            turns: HashMap::new(),
            cli_turns: presenting::Turns::new(),
        }
    }

    /// An attempt by a trunk came to its end.
    pub(crate) fn note_attempt(&mut self, trunk: &str, now_us: u64, failed: bool) {
        let attempts = self.attempts.entry(trunk.to_owned()).or_default();
        attempts.push((now_us, failed));
    }

    /// Whether half of at least three attempts failed in this window of five seconds and the one
    /// before, and the call is not of the quarter that the trunk still gets.
    fn is_throttled(&self, trunk: &str, has_throttle: bool, call: &Call) -> bool {
        let window = |at_us: u64| at_us / 5_000_000;
        let attempts = self.attempts.get(trunk).into_iter().flatten();
        let counting: Vec<_> = attempts
            .filter(|(at_us, _)| window(*at_us) + 1 >= window(call.now_us))
            .map(|(_, failed)| *failed)
            .collect();
        let failed = counting.iter().filter(|failed| **failed).count();
        let id = id(&self.world.trunks, trunk) as u64;
        has_throttle
            && counting.len() >= 3
            && failed * 2 >= counting.len()
            && routing::percent(call.draw, id * 256) >= 25
    }

    pub(crate) fn decide(&mut self, call: &Call) -> Outcome {
        self.route(call)
            .map_or_else(Outcome::Reject, |route| Outcome::Route(Box::new(route)))
    }

    fn route(&mut self, call: &Call) -> Result<Route, ReleaseReason> {
        let world = self.world;
        let (trunk_name, trunk) = self.ingress(call).ok_or(ReleaseReason::UnknownSource)?;
        let customer_name = trunk.customer.as_ref().unwrap().to_string();
        let customer = &named(&world.customers, &customer_name).1;
        if customer.status == Status::Inactive {
            return Err(ReleaseReason::CustomerInactive);
        }
        let dialled = call.called.strip_prefix(&trunk.tech_prefix).unwrap();
        let policies = [&trunk.numbers, &customer.numbers];
        let called = self
            .called_number(dialled, &trunk.called_number, policies)
            .ok_or(ReleaseReason::InvalidNumber)?;
        if call.calling.contains('@') {
            return Err(ReleaseReason::InvalidNumber);
        }
        let calling = translated(&call.calling, &trunk.calling_number);
        let calling = self.by_rules(calling, policies.map(|policy| &policy.calling_rules));
        let [p_asserted_identity, remote_party_id] = &call.asserted;
        let asserted = match trunk.identity.asserted {
            AssertedIdentity::Off => &None,
            AssertedIdentity::PAssertedIdentity => p_asserted_identity,
            AssertedIdentity::Both if p_asserted_identity.is_some() => p_asserted_identity,
            AssertedIdentity::RemotePartyId | AssertedIdentity::Both => remote_party_id,
        };
        let asserted = asserted.as_ref().map(|number| {
            let number = translated(number, &trunk.calling_number);
            self.by_rules(number, policies.map(|policy| &policy.calling_rules))
        });
        let mut numbers = Passing::new(called.clone(), calling.clone(), asserted);
        numbers.is_withheld = call.is_private && trunk.identity.privacy == PrivacyPolicy::Respect;
        numbers.pass(&world.number_lists, policies)?;
        let is_rewritten = (&numbers.called, &numbers.calling) != (&called, &calling);
        if is_blocked(policies, &numbers.called) {
            return Err(ReleaseReason::NumberClassBlocked);
        }
        if is_unknown(policies, &numbers.called) {
            return Err(ReleaseReason::InvalidNumber);
        }
        let [of_trunk, of_customer] = policies;
        let rules = presenting::rules_of(of_trunk, of_customer);
        let listed = numbers.calling.clone();
        presenting::present(
            &mut numbers,
            &world.cli_rules,
            rules,
            &mut self.cli_turns,
            call.draw,
        )?;
        let (called, calling) = (numbers.called.clone(), numbers.calling.clone());
        let is_presented = calling != listed;
        let doors = doors((&customer_name, customer), (trunk_name, trunk), &called);
        let (hold_us, holders) = self.pass(call.now_us, doors)?;
        let found = self
            .rate(&customer.rate_card, &called, (call, &calling))
            .ok_or(ReleaseReason::NoCustomerRate)
            .and_then(|rate| Ok((self.routes(call, &customer_name, &numbers, &rate)?, rate)));
        match found {
            Ok(((routes, vias, seen), rate)) => Ok(Route {
                seen: Seen {
                    is_rewritten,
                    is_tagged: !numbers.tags.is_empty(),
                    is_presented,
                    ..seen
                },
                customer: customer_name,
                ingress_trunk: trunk_name.clone(),
                called,
                calling,
                rate,
                hold_us,
                routes,
                vias,
                holders,
            }),
            Err(reason) => {
                self.release(&holders);
                Err(reason)
            }
        }
    }

    /// Tries one route after the other, and of each one gateway after the other, until one takes the
    /// call; and what then holds a channel.
    pub(crate) fn attempt(&mut self, route: &Route, now_us: u64) -> (Tries, Vec<String>) {
        let mut tries = Tries::new();
        for ((trunk, carrier, ..), via) in route.routes.iter().zip(&route.vias) {
            let spec = &named(&self.world.trunks, trunk).1;
            for (place, gateway) in self.gateways_of(spec).into_iter().enumerate() {
                let doors = self.doors_out(trunk, carrier, via.as_ref(), gateway);
                match self.pass(now_us, doors) {
                    Ok((_, holders)) => {
                        tries.push((trunk.clone(), place, Ok(())));
                        return (tries, holders);
                    }
                    Err(reason) => tries.push((trunk.clone(), place, Err(reason))),
                }
            }
        }
        (tries, Vec::new())
    }

    fn doors_out(
        &self,
        trunk: &str,
        carrier: &str,
        via: Option<&Via>,
        gateway: Option<&str>,
    ) -> Vec<Door> {
        use ReleaseReason as Reason;
        let door = |name: &str, cps, channels, reasons| Door {
            name: name.to_owned(),
            cps,
            channels,
            patience_ms: 0,
            reasons,
        };
        let spec = &named(&self.world.carriers, carrier).1;
        let reasons = [Reason::CarrierCpsLimit, Reason::CarrierChannelLimit];
        let mut doors = vec![door(carrier, spec.cps_limit, spec.channel_limit, reasons)];
        let spec = &named(&self.world.trunks, trunk).1;
        let reasons = [Reason::TrunkCpsLimit, Reason::TrunkChannelLimit];
        doors.push(door(trunk, spec.cps_limit, spec.channel_limit, reasons));
        if let Some((name, cps, channels)) = via {
            let reasons = [Reason::RouteCpsLimit, Reason::RouteChannelLimit];
            doors.push(door(name, *cps, *channels, reasons));
        }
        if let Some(name) = gateway {
            let spec = &named(&self.world.gateways, name).1;
            let reasons = [Reason::GatewayCpsLimit, Reason::GatewayChannelLimit];
            doors.push(door(name, spec.cps_limit, spec.channel_limit, reasons));
        }
        doors
    }

    /// Those that calls go to, by priority; the trunk's own has no name.
    fn gateways_of(&self, trunk: &'w Trunk) -> Vec<Option<&'w str>> {
        let own = trunk.gateway.iter().map(|_| (100, None));
        let shared = trunk.shared_gateways.iter().filter_map(|one| {
            let name = one.gateway.as_str();
            let is_active = named(&self.world.gateways, name).1.status == Status::Active;
            is_active.then_some((one.priority, Some(name)))
        });
        let mut all: Vec<_> = own.chain(shared).collect();
        all.sort_by_key(|(priority, _)| *priority);
        all.into_iter().map(|(_, name)| name).collect()
    }

    /// The longest mask wins; among equal masks the longest tech prefix.
    fn ingress(&self, call: &Call) -> Option<(&'w String, &'w Trunk)> {
        let trunks = self.world.trunks.iter();
        trunks
            .filter(|(_, trunk)| trunk.direction == Direction::Ingress)
            .filter(|(_, trunk)| trunk.status == Status::Active)
            .filter(|(_, trunk)| call.called.starts_with(&trunk.tech_prefix))
            .filter_map(|(name, trunk)| {
                let ranges = trunk.source_addresses.iter();
                let mask = ranges
                    .filter(|range| range.contains(call.source))
                    .map(|range| range.mask_bits())
                    .max()?;
                Some(((mask, trunk.tech_prefix.len()), (name, trunk)))
            })
            .max_by_key(|(key, _)| *key)
            .map(|(_, found)| found)
    }

    /// Passes all doors or none: how long the call is held, and what holds a channel for it.
    fn pass(&mut self, now_us: u64, doors: Vec<Door>) -> Result<(u32, Vec<String>), ReleaseReason> {
        let now_ns = now_us * 1_000;
        let mut hold_ns = 0;
        for door in &doors {
            let due_ns = self.due_ns.get(&door.name).copied().unwrap_or(0);
            let early_ns = due_ns.saturating_sub(now_ns);
            if door.cps.is_none() || early_ns <= 50_000_000 {
                continue;
            }
            if early_ns > u64::from(door.patience_ms) * 1_000_000 {
                return Err(door.reasons[0]);
            }
            hold_ns = early_ns.max(hold_ns);
        }
        for door in &doors {
            let in_use = self.channels.get(&door.name).copied().unwrap_or(0);
            if door.channels.is_some_and(|limit| in_use >= limit) {
                return Err(door.reasons[1]);
            }
        }
        for door in &doors {
            *self.channels.entry(door.name.clone()).or_default() += 1;
            if let Some(cps) = door.cps {
                let due_ns = self.due_ns.entry(door.name.clone()).or_default();
                *due_ns = now_ns.max(*due_ns) + 1_000_000_000 / u64::from(cps);
            }
        }
        let holders = doors.into_iter().map(|door| door.name);
        Ok((hold_ns.div_ceil(1_000) as u32, holders.collect()))
    }

    pub(crate) fn release(&mut self, holders: &[String]) {
        for name in holders {
            *self.channels.get_mut(name).unwrap() -= 1;
        }
    }

    pub(crate) fn release_route(&mut self, route: &Route) {
        self.release(&route.holders);
    }

    pub(crate) fn check_channels(&self, snapshot: &Snapshot, seed: u64, step: usize) {
        let expect = |name: &str, found: u32| {
            let expected = self.channels.get(name).copied();
            assert_eq!(
                found,
                expected.unwrap_or(0),
                "seed {seed} step {step} {name}"
            );
        };
        for customer in snapshot.customers() {
            expect(&customer.resource.name, customer.channels_in_use());
        }
        for carrier in snapshot.carriers() {
            expect(&carrier.resource.name, carrier.channels_in_use());
        }
        for trunk in snapshot.egress_trunks() {
            expect(&trunk.resource.name, trunk.channels_in_use());
        }
        for (_, resource, in_use) in snapshot.shared_channels() {
            expect(&resource.name, in_use);
        }
    }

    /// Of the longest prefix that has a rate for the caller: that of the longest origin, else of the
    /// jurisdiction, else for all.
    fn rate(&self, card_name: &str, called: &str, (call, calling): (&Call, &str)) -> Option<Rate> {
        let card = &named(&self.world.cards, card_name).1;
        let jurisdiction = callers::jurisdiction(called, calling);
        let calling = callers::digits(calling).unwrap_or_default();
        (1..=called.len()).rev().find_map(|length| {
            let rows = card.rates.as_ref().unwrap().iter();
            let here: Vec<_> = rows.filter(|row| row.prefix == called[..length]).collect();
            let (row, origin) = callers::row_for(&here, &calling, jurisdiction, |row| {
                samples(&terms(row, card))
            })?;
            Some(Rate {
                card: card_name.to_owned(),
                prefix: row.prefix.clone(),
                origin,
                destination: row.destination.clone(),
                terms: terms(row, card),
                worth: self.worth(card.currency.as_str(), call.at_us),
            })
        })
    }

    /// What a unit of a currency is worth: the last rate that has begun, or else the first.
    fn worth(&self, currency: &str, at_us: i64) -> String {
        let all = &self.world.exchange_rates;
        let of_currency = all.iter().find(|(name, _)| name == currency);
        let Some((_, rates)) = of_currency else {
            assert_eq!(currency, "USD");
            return "1".to_owned();
        };
        let mut begun = rates.iter().filter(|(begins_us, _)| *begins_us <= at_us);
        let (_, rate) = begun.next_back().unwrap_or(&rates[0]);
        rate.clone()
    }

    #[allow(
        clippy::type_complexity,
        reason = "a list and what was seen on the way"
    )]
    fn routes(
        &mut self,
        call: &Call,
        customer: &str,
        numbers: &Passing,
        customer_rate: &Rate,
    ) -> Result<(Vec<(String, String, Rate, String)>, Vec<Option<Via>>, Seen), ReleaseReason> {
        let (called, calling) = (&*numbers.called, &*numbers.calling);
        let routing = &self.world.routing;
        let place = &named(&self.world.customers, customer).1;
        let profile = routing.profile_of(customer, place);
        let fits = routing.fits(customer, place, called, calling, &numbers.tags, call.at_us);
        let mut seen = Seen {
            strategy: format!("{:?}", profile.1.strategy),
            is_exclusive: fits.is_exclusive,
            has_backups: false,
            ..Seen::default()
        };
        let mut offered = Vec::new();
        for (name, trunk) in &self.world.trunks {
            let Some(carrier) = &trunk.carrier else {
                continue;
            };
            let carriers = &named(&self.world.carriers, carrier).1;
            if trunk.status == Status::Inactive || carriers.status == Status::Inactive {
                continue;
            }
            if self.gateways_of(trunk).is_empty() {
                continue;
            }
            let policies = [&carriers.numbers, &trunk.numbers];
            let Ok(left) = self.leaving(numbers, policies, call.draw) else {
                continue;
            };
            if is_blocked(policies, &left.called) || is_unknown(policies, &left.called) {
                continue;
            }
            if !routing::allows(&profile.1, carrier) {
                continue;
            }
            let via = fits.to(name, carrier);
            if fits.is_exclusive && via.is_none() {
                continue;
            }
            let card = trunk.rate_card.as_ref().unwrap();
            if let Some(rate) = self.rate(card, called, (call, calling)) {
                let own = (trunk.priority.unwrap_or(100), trunk.weight.unwrap_or(100));
                let (priority, weight) = via.map_or(own, |fit| (fit.priority, fit.weight));
                offered.push(Offered {
                    trunk: name.clone(),
                    trunk_id: id(&self.world.trunks, name),
                    carrier: carrier.to_string(),
                    carrier_id: id(&self.world.carriers, carrier),
                    quality: self
                        .quality
                        .of(id(&self.world.carriers, carrier), &rate.prefix),
                    is_throttled: self.is_throttled(name, trunk.throttle.is_some(), call),
                    tier: via.map_or(2, |fit| fit.role as u8),
                    priority,
                    weight,
                    cost: expected_cost(&rate),
                    rate,
                    via: via.map(|fit| fit.via()),
                });
            }
        }
        if offered.is_empty() {
            return Err(ReleaseReason::NoRoute);
        }
        let revenue = expected_cost(customer_rate);
        let left = 100 - i64::from(profile.1.min_margin_percent);
        offered.retain(|offer| offer.cost * 100 <= revenue * left);
        if offered.is_empty() {
            return Err(ReleaseReason::Unprofitable);
        }
        let turns = self.turns.entry((profile.0, customer_rate.prefix.clone()));
        let (ordered, is_close) =
            routing::order(&profile.1, call.draw, turns.or_default(), offered);
        seen.is_close = is_close;
        seen.has_throttled = ordered.iter().any(|offer| offer.is_throttled);
        seen.has_backups = ordered.iter().any(|offer| offer.tier == 1);
        let vias = ordered.iter().map(|offer| offer.via.clone()).collect();
        let routes = ordered.into_iter().map(|offer| {
            let trunk = &named(&self.world.trunks, &offer.trunk).1;
            let carriers = &named(&self.world.carriers, &offer.carrier).1.numbers;
            let policies = [carriers, &trunk.numbers];
            let numbers = self.leaving(numbers, policies, call.draw).unwrap();
            let rules = policies.map(|policy| &policy.called_rules);
            let called = translated(&self.by_rules(numbers.called, rules), &trunk.called_number);
            let rules = policies.map(|policy| &policy.calling_rules);
            let calling = translated(
                &self.by_rules(numbers.calling, rules),
                &trunk.calling_number,
            );
            let asserted = numbers
                .asserted
                .map(|number| translated(&self.by_rules(number, rules), &trunk.calling_number));
            let sent = format!("{called} by {calling} {asserted:?}");
            (offer.trunk, offer.carrier, offer.rate, sent)
        });
        Ok((routes.collect(), vias, seen))
    }

    /// The numbers as the lists and rules of a carrier and its trunk leave them. No turn is taken.
    fn leaving(
        &self,
        numbers: &Passing,
        policies: [&NumberPolicy; 2],
        draw: u64,
    ) -> Result<Passing, ReleaseReason> {
        let mut numbers = numbers.clone();
        numbers.pass(&self.world.number_lists, policies)?;
        let [of_carrier, of_trunk] = policies;
        let rules = presenting::rules_of(of_trunk, of_carrier);
        let mut turns = self.cli_turns.clone();
        presenting::present(&mut numbers, &self.world.cli_rules, rules, &mut turns, draw)?;
        Ok(numbers)
    }

    fn called_number(
        &self,
        dialled: &str,
        rule: &NumberTranslation,
        policies: [&NumberPolicy; 2],
    ) -> Option<String> {
        let user = dialled.split(';').next().unwrap();
        let number = translated(user, rule);
        let number = self.by_rules(number, policies.map(|policy| &policy.called_rules));
        let digits = if let Some(rest) = number.strip_prefix('+') {
            rest
        } else if let Some(rest) = number.strip_prefix("00") {
            rest
        } else {
            &number
        };
        let sound = digits.chars().all(|c| c.is_ascii_digit()) && (3..=18).contains(&digits.len());
        sound.then(|| digits.to_owned())
    }

    fn by_rules(&self, number: String, rules: [&Option<Ref<TranslationRules>>; 2]) -> String {
        let rules = rules.into_iter().flatten();
        rules.fold(number, |number, name| {
            let all = &named(&self.world.translation_rules, name).1.rules;
            let made = all.iter().find_map(|rule| {
                let rest = rule
                    .prefix
                    .as_ref()
                    .map(|prefix| number.strip_prefix(prefix.as_str()));
                match (rest, &rule.pattern) {
                    (Some(rest), _) => Some(format!("{}{}", rule.replacement, rest?)),
                    (None, pattern) => {
                        let pattern = &self.patterns[pattern.as_deref().unwrap()];
                        let captures = pattern.captures(&number)?;
                        let mut made = String::new();
                        captures.expand(&rule.replacement, &mut made);
                        Some(made)
                    }
                }
            });
            made.unwrap_or(number)
        })
    }
}

/// The plans are asked as calls ask them: `number_classes.rs` holds them against the library.
fn is_blocked(policies: [&NumberPolicy; 2], called: &str) -> bool {
    let class = NumberFacts::of(called).class;
    let mut blocked = policies
        .into_iter()
        .flat_map(|policy| &policy.blocked_classes);
    blocked.any(|blocked| class == Some(*blocked))
}

fn is_unknown(policies: [&NumberPolicy; 2], called: &str) -> bool {
    let facts = NumberFacts::of(called);
    policies.into_iter().any(|policy| match policy.validation {
        NumberValidation::Off => false,
        NumberValidation::Possible => !facts.is_possible,
        NumberValidation::Valid => !(facts.is_possible && facts.is_valid),
    })
}

/// What a call passes before routes are asked for.
fn doors(
    (customer_name, customer): (&str, &Customer),
    (trunk_name, trunk): (&str, &Trunk),
    called: &str,
) -> Vec<Door> {
    use ReleaseReason as Reason;
    let number = [
        Reason::CalledNumberCpsLimit,
        Reason::CalledNumberChannelLimit,
    ];
    let all = [
        (
            customer_name.to_owned(),
            (customer.cps_limit, customer.channel_limit),
            customer.cps_smoothing_ms,
            [Reason::CustomerCpsLimit, Reason::CustomerChannelLimit],
        ),
        (
            trunk_name.to_owned(),
            (trunk.cps_limit, trunk.channel_limit),
            trunk.cps_smoothing_ms,
            [Reason::TrunkCpsLimit, Reason::TrunkChannelLimit],
        ),
        (
            format!("{customer_name} to {called}"),
            (
                customer.called_number_cps_limit,
                customer.called_number_channel_limit,
            ),
            None,
            number,
        ),
        (
            format!("{trunk_name} to {called}"),
            (
                trunk.called_number_cps_limit,
                trunk.called_number_channel_limit,
            ),
            None,
            number,
        ),
    ];
    let doors = all.map(|(name, (cps, channels), patience_ms, reasons)| Door {
        name,
        cps,
        channels,
        patience_ms: patience_ms.unwrap_or(0),
        reasons,
    });
    doors.into()
}

/// Each pattern as one that a whole number must fit.
fn patterns(world: &World) -> HashMap<&str, regex::Regex> {
    let rules = world
        .translation_rules
        .iter()
        .flat_map(|(_, rules)| &rules.rules);
    let patterns = rules.filter_map(|rule| rule.pattern.as_deref());
    patterns
        .map(|pattern| {
            (
                pattern,
                regex::Regex::new(&format!("^(?:{pattern})$")).unwrap(),
            )
        })
        .collect()
}

/// Identifiers are places in the list.
fn id<T>(all: &[(String, T)], name: &str) -> i64 {
    1 + all.iter().position(|(other, _)| other == name).unwrap() as i64
}

fn named<'w, T>(all: &'w [(String, T)], name: &str) -> &'w (String, T) {
    all.iter().find(|(other, _)| other == name).unwrap()
}

fn terms(row: &RateRow, card: &RateCard) -> RateTerms {
    let price = row.rate_per_minute;
    RateTerms {
        initial_rate_per_minute: row.initial_rate_per_minute.unwrap_or(price),
        next_rate_per_minute: price,
        initial_interval_s: row.initial_interval_s.unwrap_or(card.initial_interval_s),
        next_interval_s: row.next_interval_s.unwrap_or(card.next_interval_s),
        connection_fee: row.connection_fee.unwrap_or(card.connection_fee),
        attempt_fee: row.attempt_fee.unwrap_or(card.attempt_fee),
        grace_period_s: row.grace_period_s.unwrap_or(card.grace_period_s),
        rounding: card.rounding(),
    }
}

/// What the sample costs in the currency of the card.
fn samples(terms: &RateTerms) -> i64 {
    let calls = SAMPLE_CALLS_S.iter();
    calls
        .map(|seconds| charge(terms, seconds * 1_000).unwrap().amount.0)
        .sum()
}

/// What the sample costs in USD: by school arithmetic on the digits of the rate.
fn expected_cost(rate: &Rate) -> i64 {
    let total = samples(&rate.terms);
    let (whole, fraction) = rate.worth.split_once('.').unwrap_or((&rate.worth, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().unwrap();
    let shift = 10_i128.pow(fraction.len() as u32);
    let twice = 2 * i128::from(total) * digits;
    ((twice + shift) / (2 * shift)) as i64
}

fn translated(number: &str, rule: &NumberTranslation) -> String {
    match number.strip_prefix(&rule.strip_prefix) {
        Some(rest) => format!("{}{rest}", rule.add_prefix),
        None => number.to_owned(),
    }
}

/// A decision of the engine in the words of the model.
pub(crate) fn outcome(snapshot: &Snapshot, decision: &Decision, call: &Call) -> Outcome {
    let plan = match decision {
        Decision::Route(plan) => plan,
        Decision::Reject(rejection) => return Outcome::Reject(rejection.reason),
    };
    let rate = |rate| {
        let applied = snapshot.applied_rate(
            rate,
            &plan.numbers.called,
            plan.caller,
            rating::Timestamp(call.at_us),
        );
        Rate {
            card: applied.rate_card.name.to_string(),
            prefix: applied.prefix.to_string(),
            origin: applied.origin.to_string(),
            destination: applied.destination.to_string(),
            terms: RateTerms::from(&applied),
            worth: applied.exchange_rate.to_string(),
        }
    };
    let routes = plan.candidates.iter().map(|candidate| {
        let carrier = snapshot.carrier(candidate.carrier);
        let sent = candidate.numbers_to_send(snapshot, &plan.numbers, &mut DryAdmission, call.draw);
        let asserted = sent.asserted.map(|number| number.to_string());
        (
            candidate.egress_trunk(snapshot).resource.name.to_string(),
            carrier.resource.name.to_string(),
            rate(candidate.rate),
            format!("{} by {} {:?}", sent.called, sent.calling, asserted),
        )
    });
    Outcome::Route(Box::new(Route {
        seen: Seen::default(),
        customer: snapshot.customer(plan.customer).resource.name.to_string(),
        ingress_trunk: snapshot
            .ingress_trunk(plan.ingress_trunk)
            .resource
            .name
            .to_string(),
        called: plan.numbers.called.to_string(),
        calling: plan.numbers.calling.to_string(),
        rate: rate(plan.customer_rate),
        hold_us: plan.hold_us,
        routes: routes.collect(),
        vias: Vec::new(),
        holders: Vec::new(),
    }))
}
