//! Writes down the steps and routes of a decision as they happen.

use super::sent::{self, KnownTurn, Taken};
use super::{ExplainedKey, ExplainedRate, ExplainedRoute, ExplainedStep, RouteStatus, StepOutcome};
use crate::decide::{CANDIDATES_MAX, Source};
use crate::numbers::{
    CallNumbers, ClassFault, CliDid, CliPlace, ListDid, ListRefusal, NumberFacts, NumberListIndex,
    TagIndex,
};
use crate::resources::{CallNumber, CliPick, NumberClass, Status};
use crate::snapshot::{CustomerIndex, RateRef, Snapshot, TrunkIndex};
use crate::trace::{LossReason, RouteVerdict, Step, Trace};
use rating::cdr::ReleaseReason;
use rating::jurisdiction::area_of_number;
use rating::prefix::Prefix;
use rating::{Amount, Currency, Timestamp};
use std::sync::Arc;

pub(super) struct Recorder<'s> {
    snapshot: &'s Snapshot,
    /// The moment of the call.
    at: Timestamp,
    steps: Vec<ExplainedStep>,
    /// In the order in which they were told: candidates come in hunting order.
    verdicts: Vec<RouteVerdict>,
    routes_were_ranked: bool,
    /// Whose routes are ranked.
    customer: Option<CustomerIndex>,
    /// Of the call, each once.
    tags: Vec<TagIndex>,
    /// Whether the number in From is the customer's own, by agreement with its trunk.
    trusts_from: bool,
    /// The numbers that routes see, when they were taken.
    taken: Option<CallNumbers>,
}

impl<'s> Recorder<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, at: Timestamp) -> Self {
        Self {
            snapshot,
            at,
            steps: Vec::new(),
            verdicts: Vec::new(),
            routes_were_ranked: false,
            customer: None,
            tags: Vec::new(),
            trusts_from: false,
            taken: None,
        }
    }

    /// The numbers that routes see, as attempts of the call with this number start from them.
    pub(super) fn taken(&self, draw: u64) -> Option<Taken> {
        self.taken.as_ref().map(|numbers| Taken {
            numbers: numbers.clone(),
            trusts_from: self.trusts_from,
            draw,
        })
    }

    pub(super) fn snapshot(&self) -> &'s Snapshot {
        self.snapshot
    }

    /// What was noted so far.
    pub(super) fn into_steps(self) -> Vec<ExplainedStep> {
        self.steps
    }

    /// The names of the call's tags.
    pub(super) fn tags(&self) -> Vec<Arc<str>> {
        let tags = self.tags.iter();
        tags.map(|tag| Arc::clone(self.snapshot.tag(*tag)))
            .collect()
    }

    /// Of routes whose figures were not kept nothing is said but that they lost.
    pub(super) fn forget_figures(&mut self, is_unknown: impl Fn(TrunkIndex) -> bool) {
        for verdict in &mut self.verdicts {
            if verdict.key.is_some() && is_unknown(verdict.trunk) {
                (verdict.key, verdict.quality) = (None, None);
            }
        }
    }

    pub(super) fn finish(
        mut self,
        found_for: (&str, Option<Prefix>),
        customer_rate: Option<RateRef>,
        (draw, turn): (u64, KnownTurn),
    ) -> (Vec<ExplainedStep>, Vec<ExplainedRoute>) {
        let taken = self.taken(draw);
        if let Some(rate) = customer_rate.filter(|_| self.routes_were_ranked) {
            self.add_trunks_without_verdict(rate);
        }
        let revenue = customer_rate.map(|rate| self.snapshot.expected_in_books(rate, self.at));
        let mut ranks = 1..;
        let mut chosen = false;
        let mut routes = Vec::new();
        for verdict in &self.verdicts {
            let mut route = self.route(verdict, found_for, revenue);
            if is_in_plan(verdict) {
                route.rank = ranks.next();
            }
            if is_in_plan(verdict) || is_of_numbers(verdict) {
                let trunk = self.snapshot.egress_trunk(verdict.trunk);
                let sent = taken.as_ref();
                let sent = sent.map(|taken| sent::sent(self.snapshot, trunk, taken, turn).0);
                route.numbers = sent;
            }
            if verdict.lost.is_none() {
                route.status = if chosen {
                    RouteStatus::Available
                } else {
                    RouteStatus::Chosen
                };
                chosen = true;
            }
            routes.push(route);
        }
        routes.sort_by(|one, other| {
            let key = |route: &ExplainedRoute| {
                let rank = route.rank.unwrap_or(u16::MAX);
                let cost = route.cost_per_minute.unwrap_or(Amount(i64::MAX));
                (rank, cost)
            };
            key(one)
                .cmp(&key(other))
                .then_with(|| (&one.carrier, &one.trunk).cmp(&(&other.carrier, &other.trunk)))
        });
        (self.steps, routes)
    }

    /// Trunks of other owners than the customer's are none of its routes.
    fn add_trunks_without_verdict(&mut self, rate: RateRef) {
        for (index, trunk) in (0..).map(TrunkIndex).zip(self.snapshot.egress_trunks()) {
            if !self.snapshot.is_of_same_owner(trunk.card, rate) {
                continue;
            }
            if self.verdicts.iter().any(|verdict| verdict.trunk == index) {
                continue;
            }
            let reason = if trunk.status == Status::Inactive {
                LossReason::TrunkInactive
            } else if self.snapshot.carrier(trunk.carrier).status == Status::Inactive {
                LossReason::CarrierInactive
            } else if !trunk.gateways.are_open() {
                LossReason::GatewaysInactive
            } else {
                LossReason::NoRate
            };
            self.verdicts.push(RouteVerdict::lost(index, None, reason));
        }
    }

    fn route(
        &self,
        verdict: &RouteVerdict,
        found_for: (&str, Option<Prefix>),
        revenue: Option<Amount>,
    ) -> ExplainedRoute {
        let trunk = self.snapshot.egress_trunk(verdict.trunk);
        let carrier = self.snapshot.carrier(trunk.carrier);
        let cost = verdict
            .rate
            .map(|rate| self.snapshot.expected_in_books(rate, self.at));
        let margin = revenue
            .zip(cost)
            .and_then(|(revenue, cost)| revenue.checked_sub(cost));
        ExplainedRoute {
            rank: None,
            numbers: None,
            carrier: Arc::clone(&carrier.resource.name),
            trunk: Arc::clone(&trunk.resource.name),
            gateway: trunk.gateways.first().place.to_string(),
            transport: trunk.gateways.first().place.transport(),
            status: RouteStatus::Lost,
            reason: verdict.lost.map(LossReason::code),
            detail: verdict
                .lost
                .map(|reason| sentence(self.snapshot, reason, cost, revenue)),
            route: self.route_name(verdict),
            rank_key: verdict.key.map(|key| ExplainedKey {
                tier: key.tier.as_str(),
                is_put_first: !key.is_not_put_first,
                is_throttled: key.is_throttled,
                is_below_floor: key.is_below_floor,
                order: key.order,
            }),
            quality: verdict.quality.map(Into::into),
            cost_per_minute: cost,
            margin_per_minute: margin,
            rate: verdict
                .rate
                .map(|rate| ExplainedRate::new(self.snapshot, rate, found_for, self.at)),
        }
    }

    fn price_sentence(&self, rate: RateRef, caller: Option<Prefix>) -> String {
        let snapshot = self.snapshot;
        let (destination, card) = (snapshot.destination(rate), &snapshot.rate_card(rate).name);
        let origin = rate.origin(caller);
        let destination = match (origin.prefix(), origin.jurisdiction()) {
            (Some(prefix), _) => format!("{destination} from {prefix}"),
            (_, Some(jurisdiction)) => format!("{destination} {jurisdiction}"),
            _ => destination.to_string(),
        };
        let price = snapshot.terms(rate).next_rate_per_minute;
        match snapshot.currency(rate) {
            Currency::USD => format!("{destination} at {price} a minute by card \"{card}\""),
            other => format!(
                "{destination} at {price} {other} a minute by card \"{card}\"; 1 {other} is {} {}",
                snapshot.exchange_rate(rate, self.at),
                Currency::USD
            ),
        }
    }

    fn route_name(&self, verdict: &RouteVerdict) -> Option<Arc<str>> {
        let route = self.snapshot.route(verdict.via?)?;
        Some(Arc::clone(&route.resource.name))
    }

    pub(super) fn note(&mut self, step: &'static str, outcome: StepOutcome, detail: String) {
        self.steps.push(ExplainedStep {
            step,
            outcome,
            detail,
        });
    }
}

impl Trace for Recorder<'_> {
    const ENABLED: bool = true;

    fn step(&mut self, step: Step<'_>) {
        use StepOutcome::{Passed, Refused};
        let snapshot = self.snapshot;
        match step {
            Step::SourceIdentified { source, trunk } => {
                let trunk = snapshot.ingress_trunk(trunk);
                self.trusts_from = trunk.identity.trusts_from;
                let customer = &snapshot.customer(trunk.customer).resource.name;
                let detail = format!(
                    "{} is trunk \"{}\" of customer \"{customer}\"",
                    source_text(source),
                    trunk.resource.name
                );
                self.note("identify", Passed, detail);
            }
            Step::SourceUnknown(source) => {
                let detail = format!(
                    "no active ingress trunk has {} with a tech prefix that the called number \
                     begins with",
                    source_text(source)
                );
                self.note("identify", Refused, detail);
            }
            Step::CustomerInactive => {
                self.note("customer", Refused, "the customer is not active".to_owned());
            }
            Step::NumberNormalized { received, called } => {
                self.note("number", Passed, format!("{received} is {called}"));
            }
            Step::NumberRefused(error) => self.note("number", Refused, error.to_string()),
            Step::Listed { list, did } => self.listed(list, did),
            Step::NotListed(refusal) => {
                self.note("number_list", Refused, list_refusal(snapshot, refusal));
            }
            Step::NumbersTaken(numbers) => self.taken = Some(numbers.clone()),
            Step::Classified(facts) => self.note("class", Passed, class_sentence(&facts)),
            Step::ClassBlocked(facts) => {
                let detail = match facts.class {
                    Some(_) => format!("{}: this class is blocked", class_sentence(&facts)),
                    None => format!("{}: such numbers are blocked", class_sentence(&facts)),
                };
                self.note("class", Refused, detail);
            }
            Step::CliRule { place, did } => {
                let detail = cli_sentence(snapshot, place, did);
                self.note("cli_rules", Passed, detail);
            }
            Step::CliDenied(place) => {
                let detail = format!("{} refuses the caller", cli_name(snapshot, place));
                self.note("cli_rules", Refused, detail);
            }
            Step::Admitted { hold_us: 0 } => {
                let detail = "the limits of customer and ingress trunk allow the call";
                self.note("admit", Passed, detail.to_owned());
            }
            Step::Admitted { hold_us } => {
                let detail = format!(
                    "the limits of customer and ingress trunk allow the call, and hold it for {} ms \
                     to keep the calls per second",
                    hold_us.div_ceil(1_000)
                );
                self.note("admit", Passed, detail);
            }
            Step::NotAdmitted(reason) => {
                self.note("admit", Refused, limit_sentence(reason).to_owned());
            }
            Step::Jurisdiction {
                jurisdiction,
                called,
                calling,
            } => {
                let place = |number| area_of_number(number).unwrap_or("no place");
                let calling = calling.map_or("no place", place);
                let detail = format!("{jurisdiction}: from {calling} to {}", place(called));
                self.note("jurisdiction", Passed, detail);
            }
            Step::CustomerRate { rate, caller } => {
                self.note("customer_rate", Passed, self.price_sentence(rate, caller));
            }
            Step::Credit(_) => {
                let detail = "the customer has the money for the beginning of the call";
                self.note("credit", Passed, detail.to_owned());
            }
            Step::NoCredit(customer, reason) => {
                let detail = credit_sentence(snapshot, customer, reason);
                self.note("credit", Refused, detail);
            }
            Step::Profile(customer) => {
                self.customer = Some(customer);
                if let Some(profile) = snapshot.customer(customer).lcr_profile() {
                    self.note(
                        "lcr_profile",
                        Passed,
                        format!("LCR profile \"{}\"", profile.name),
                    );
                }
            }
            Step::NoCustomerRate => {
                let detail = "no prefix of the customer's card begins this number";
                self.note("customer_rate", Refused, detail.to_owned());
            }
            Step::Ranked {
                candidates_count,
                unprofitable_count,
            } => self.ranked(candidates_count, unprofitable_count),
        }
    }

    fn route(&mut self, verdict: RouteVerdict) {
        // One that had no place may be put first in the end.
        self.verdicts.retain(|known| known.trunk != verdict.trunk);
        self.verdicts.push(verdict);
    }
}

impl Recorder<'_> {
    fn listed(&mut self, list: NumberListIndex, did: ListDid<'_>) {
        let snapshot = self.snapshot;
        let name = &snapshot.number_list(list).resource.name;
        let detail = match did {
            ListDid::Allowed => format!("number list \"{name}\" lets the call through"),
            ListDid::Rewrote {
                number,
                before,
                after,
            } => {
                let which = match number {
                    CallNumber::Called => "called",
                    CallNumber::Calling => "calling",
                    CallNumber::Asserted => "asserted",
                };
                format!("number list \"{name}\" makes {after} of the {which} number {before}")
            }
            ListDid::Tagged(tag) => {
                if !self.tags.contains(&tag) {
                    self.tags.push(tag);
                }
                let tag = snapshot.tag(tag);
                format!("number list \"{name}\" tags the call {tag}")
            }
        };
        self.note("number_list", StepOutcome::Passed, detail);
    }

    fn ranked(&mut self, candidates_count: usize, unprofitable_count: usize) {
        self.routes_were_ranked = true;
        let outcome = match candidates_count {
            0 => StepOutcome::Refused,
            _ => StepOutcome::Passed,
        };
        let detail = format!(
            "routes to try: {candidates_count}; dropped because they cost more than the customer \
             pays: {unprofitable_count}"
        );
        self.note("routes", outcome, detail);
    }
}

/// Candidates have a place in the plan even when they are full at this moment.
fn is_in_plan(verdict: &RouteVerdict) -> bool {
    matches!(verdict.lost, None | Some(LossReason::LimitReached(_)))
}

/// Whether the carrier's lists, classes or CLI rules stand against the call.
fn is_of_numbers(verdict: &RouteVerdict) -> bool {
    use LossReason::{ClassRefused, CliRefused, NumberRefused};
    matches!(
        verdict.lost,
        Some(NumberRefused(_) | ClassRefused(_) | CliRefused(_))
    )
}

fn class_sentence(facts: &NumberFacts) -> String {
    let class = facts
        .class
        .map_or("a number of no known class", NumberClass::title);
    match facts.country {
        Some(country) => format!("{class} of {country}"),
        None => class.to_owned(),
    }
}

fn source_text(source: Source<'_>) -> String {
    match source {
        Source::Address(address) => format!("address {address}"),
        Source::Trunk(_) => "its user name and password".to_owned(),
        Source::Customer(name) => format!("customer \"{name}\""),
    }
}

pub(super) fn sentence(
    snapshot: &Snapshot,
    reason: LossReason,
    cost: Option<Amount>,
    revenue: Option<Amount>,
) -> String {
    match (reason, cost, revenue) {
        (LossReason::BelowCost, Some(cost), Some(revenue)) => {
            format!("a minute is expected to cost {cost} and the customer pays {revenue}")
        }
        (LossReason::BelowCost, ..) => "it costs more than the customer pays".to_owned(),
        (LossReason::NumberRefused(refusal), ..) => list_refusal(snapshot, refusal),
        (LossReason::ClassRefused(ClassFault::Blocked(class)), ..) => {
            format!("the carrier does not take {}", class.title())
        }
        (LossReason::ClassRefused(ClassFault::Unknown), ..) => {
            "the carrier does not take numbers of no known class".to_owned()
        }
        (LossReason::ClassRefused(ClassFault::Invalid(error)), ..) => error.to_string(),
        (LossReason::CliRefused(place), ..) => {
            format!("{} refuses the caller", cli_name(snapshot, place))
        }
        (LossReason::TrunkInactive, ..) => "the trunk is not active".to_owned(),
        (LossReason::CarrierInactive, ..) => "the carrier is not active".to_owned(),
        (LossReason::GatewaysInactive, ..) => "no gateway of the trunk is active".to_owned(),
        (LossReason::NoRate, ..) => "its card has no rate for this number".to_owned(),
        (LossReason::BeyondLongestList, ..) => {
            format!("{CANDIDATES_MAX} better routes fill the plan")
        }
        (LossReason::CarrierNotAllowed, ..) => {
            "the customer does not get the carrier, or its LCR profile excludes it".to_owned()
        }
        (LossReason::NotExclusive, ..) => "an exclusive route leads elsewhere".to_owned(),
        (LossReason::BelowMargin, Some(cost), Some(revenue)) => format!(
            "a minute is expected to cost {cost}, and the LCR profile asks for more to be left of {revenue}"
        ),
        (LossReason::BelowMargin, ..) => "it leaves less than the LCR profile asks for".to_owned(),
        (LossReason::LimitReached(limit), ..) => limit_sentence(limit).to_owned(),
    }
}

fn list_refusal(snapshot: &Snapshot, ListRefusal { list, error }: ListRefusal) -> String {
    let name = &snapshot.number_list(list).resource.name;
    match error {
        None => format!("number list \"{name}\" does not let the call through"),
        Some(error) => format!("after number list \"{name}\" {error}"),
    }
}

fn credit_sentence(snapshot: &Snapshot, customer: CustomerIndex, reason: ReleaseReason) -> String {
    let terms = snapshot.customer(customer).credit_terms();
    let terms = terms.copied().unwrap_or_default();
    let usd = |amount: Option<Amount>| {
        let amount = amount.unwrap_or_default();
        format!("{amount} {}", Currency::USD)
    };
    match reason {
        ReleaseReason::DailySpendLimit => format!(
            "the beginning of the call would cost more than is left of the {} that its calls of a day may cost",
            usd(terms.daily_spend_limit)
        ),
        ReleaseReason::CallSpendLimit => format!(
            "the beginning of the call would cost more than the {} that one call may cost",
            usd(terms.call_spend_limit)
        ),
        _ => format!(
            "the balance and the credit limit of {} are not enough for the beginning of the call",
            usd(terms.credit_limit)
        ),
    }
}

fn cli_sentence(snapshot: &Snapshot, place: CliPlace, did: CliDid<'_>) -> String {
    let name = cli_name(snapshot, place);
    match did {
        CliDid::Allowed => format!("{name} lets the caller through"),
        CliDid::Presented {
            before,
            after,
            from,
        } => {
            let instead = match before.as_str() {
                "" => "for a caller without a number".to_owned(),
                before => format!("in place of {before}"),
            };
            format!("{name} presents {after} {instead}{}", picked(from))
        }
    }
}

/// How a number was picked, where there was a choice.
fn picked(from: Option<(CliPick, usize)>) -> String {
    let Some((pick, count)) = from else {
        return String::new();
    };
    let how = match pick {
        CliPick::Rotate => "whose turn it is",
        CliPick::Random => "that was drawn",
        CliPick::StickyCalled => "for this called number",
        CliPick::StickyCalling => "for this caller",
    };
    format!(": of the {count} numbers of its pool the one {how}")
}

/// Rules as an operator counts them, from 1.
pub(super) fn cli_name(snapshot: &Snapshot, place: CliPlace) -> String {
    let name = &snapshot.cli_rules(place.rules).resource.name;
    match place.rule {
        Some(rule) => format!("rule {} of CLI rules \"{name}\"", rule + 1),
        None => format!("the default of CLI rules \"{name}\""),
    }
}

fn limit_sentence(reason: ReleaseReason) -> &'static str {
    match reason {
        ReleaseReason::CustomerCpsLimit => "the customer's calls per second are used up",
        ReleaseReason::CustomerChannelLimit => "the customer's channels are used up",
        ReleaseReason::TrunkCpsLimit => "the trunk's calls per second are used up",
        ReleaseReason::TrunkChannelLimit => "the trunk's channels are used up",
        ReleaseReason::CarrierCpsLimit => "the carrier's calls per second are used up",
        ReleaseReason::CarrierChannelLimit => "the carrier's channels are used up",
        ReleaseReason::RouteCpsLimit => "the route's calls per second are used up",
        ReleaseReason::RouteChannelLimit => "the route's channels are used up",
        ReleaseReason::GatewayCpsLimit => "the calls per second of all its gateways are used up",
        ReleaseReason::GatewayChannelLimit => "the channels of all its gateways are used up",
        ReleaseReason::CalledNumberCpsLimit => "the calls per second to this number are used up",
        ReleaseReason::CalledNumberChannelLimit => {
            "as many calls to this number are up as there may be"
        }
        ReleaseReason::CarrierBalance => "as much is owed to the carrier as its calls may cost",
        ReleaseReason::CarrierUnreachable => "none of its gateways could be reached",
        ReleaseReason::CarrierUnresolved => "the name of its gateway led nowhere",
        _ => "it could not be taken at that moment",
    }
}
