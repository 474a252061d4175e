//! The one pipeline that decides a call: live calls, explanations and simulations all run it.
//!
//! [`decide`] goes these steps in order and stops at the first that refuses:
//!
//! 1. **identify** the ingress trunk by source address and tech prefix, and so the customer;
//! 2. the customer must be **active**;
//! 3. the called number is **normalised** to digits, the calling number translated;
//! 4. the **number lists** of trunk and customer, each once, let both through, rewrite them or put tags on
//!    the call; what follows sees what they left;
//! 5. its **class** is not blocked and there can be such a number, as far as they ask for it; the **CLI
//!    rules** of trunk or customer refuse the caller or present another number;
//! 6. the call is **admitted** by the customer's and the trunk's limits, those of calls to one number
//!    among them, at once or to be held until it is due;
//! 7. the customer's **rate** is the longest prefix on its card that has one for who calls, and of those at
//!    that prefix the one for the longest beginning of the calling number, else for the jurisdiction;
//! 8. the customer has the **money** for the first slice of the call, when its spending is limited
//!    ([`crate::credit`]);
//! 9. the **routes** are ranked as the customer's LCR profile says, those that it or a rule of the
//!    routes excludes and those below cost are dropped ([`Candidate`]).
//!
//! The limits of carriers, their trunks and gateways, and of routes are asked at each attempt ([`Candidate::admit`]), not here: a route may
//! be full now and free when its turn comes.

mod callers;
mod candidates;
mod order;
mod quote;

pub(crate) use callers::{caller as caller_of, caller_jurisdiction, caller_prefix};
use candidates::Ask;
pub use candidates::{CANDIDATES_MAX, Candidate};
pub use order::{RankKey, Tier};
pub use quote::{Best, Quote, QuotedRoute};

use crate::credit::Reservation;
use crate::deck::Prefix;
use crate::limits::{Admission, Gates, NumberPermits, Permits};
use crate::numbers::{
    CallNumbers, ClassFault, ClassRules, CliDid, ListDid, Number, NumberError, NumberFacts,
    Rotations, ShownIdentity, Tags, normalize_called, translate_calling,
};
use crate::quality::QualityTable;
use crate::resources::{PrivacyPolicy, ResourceKind, Status};
use crate::snapshot::{CustomerIndex, IngressTrunk, RateRef, Snapshot, TrunkIndex, longest_match};
use crate::trace::{Step, Trace};
use arrayvec::ArrayVec;
use rating::Timestamp;
use rating::cdr::ReleaseReason;
use rating::slice::TalkPrice;
use std::cell::OnceCell;
use std::net::IpAddr;

/// What is known of a call before it is decided.
#[derive(Clone, Copy, Debug)]
pub struct CallRequest<'a> {
    /// Where the INVITE came from.
    pub source: Source<'a>,
    /// User part of the Request-URI as received.
    pub called: &'a str,
    /// User part of From as received; empty when there is none.
    pub calling: &'a str,
    /// What else the INVITE says of its caller.
    pub identity: ShownIdentity<'a>,
    /// Monotonic clock, microseconds.
    pub now_us: u64,
    /// Wall clock, for schedules and exchange rates.
    pub at: Timestamp,
    /// A number that nobody can foretell, for shares of calls ([`crate::lot`]). The same draw gives
    /// the same decision.
    pub draw: u64,
    /// How carriers do at this moment.
    pub quality: &'a QualityTable,
}

/// How the ingress trunk is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// By the address that the call came from.
    Address(IpAddr),
    /// It is known already: the call has shown whose it is.
    Trunk(TrunkIndex),
    /// As if the call came by a trunk of this customer: for explanations.
    Customer(&'a str),
}

/// Whether and how a call is routed.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "a plan stays on the stack of the call's setup: a box would be an allocation a call"
)]
pub enum Decision {
    /// There is at least one route.
    Route(RoutePlan),
    /// The call is refused.
    Reject(Rejection),
}

/// Who calls, at what price, and which routes to try in which order.
///
/// Its indexes belong to the snapshot that decided; keep that snapshot's `Arc` beside the plan.
#[derive(Debug)]
pub struct RoutePlan {
    /// Who pays us.
    pub customer: CustomerIndex,
    /// The trunk the call came in by.
    pub ingress_trunk: TrunkIndex,
    /// What the customer pays.
    pub customer_rate: RateRef,
    /// The numbers that routes and rates see, after the rules and lists of trunk and customer.
    pub numbers: CallNumbers,
    /// The same before the lists: by these a call that comes back is known, for lists may make the same of
    /// many.
    pub numbers_translated: CallNumbers,
    /// What number lists said of the call.
    pub tags: Tags,
    /// The leading digits of the calling number, when any rate asks for them and it is a number.
    pub caller: Option<Prefix>,
    /// At least one, in hunting order.
    pub candidates: ArrayVec<Candidate, CANDIDATES_MAX>,
    /// The call's channels of customer and ingress trunk; given back when the plan is dropped.
    pub permits: Permits,
    /// The same for the limits of calls to its number.
    pub number_permits: NumberPermits,
    /// What the call holds of its customer's money; `None` when that has no limit of it. Given back when
    /// the plan is dropped.
    pub credit: Option<Reservation>,
    /// How long the call is held before its first attempt, to keep the pace of calls per second;
    /// microseconds, 0 for most.
    pub hold_us: u32,
}

/// Why a call is refused, with what was known by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The reason.
    pub reason: ReleaseReason,
    /// The customer, when the source was identified.
    pub customer: Option<CustomerIndex>,
    /// The ingress trunk, when the source was identified.
    pub ingress_trunk: Option<TrunkIndex>,
    /// The called number, when it could be normalised.
    pub called_number: Option<Number>,
    /// The leading digits of the calling number, when any rate asks for them and it is a number.
    pub caller: Option<Prefix>,
    /// The customer's rate, when it was found.
    pub customer_rate: Option<RateRef>,
}

/// Decides a call. Allocates nothing, takes no lock, and reads no clock.
///
/// `admission` is [`crate::limits::LiveAdmission`] for calls and [`crate::limits::DryAdmission`]
/// for looks; `trace` is [`crate::trace::NoTrace`] for calls, which costs nothing.
pub fn decide(
    request: &CallRequest<'_>,
    snapshot: &Snapshot,
    admission: &mut impl Admission,
    trace: &mut impl Trace,
) -> Decision {
    let mut known = Rejection::unknown();
    match pipeline(request, snapshot, admission, trace, &mut known) {
        Ok(plan) => Decision::Route(plan),
        Err(reason) => Decision::Reject(Rejection { reason, ..known }),
    }
}

fn pipeline(
    request: &CallRequest<'_>,
    snapshot: &Snapshot,
    admission: &mut impl Admission,
    trace: &mut impl Trace,
    known: &mut Rejection,
) -> Result<RoutePlan, ReleaseReason> {
    let (trunk_index, dialled) = identify(request, snapshot, trace)?;
    let trunk = snapshot.ingress_trunk(trunk_index);
    known.ingress_trunk = Some(trunk_index);
    known.customer = Some(trunk.customer);
    let customer = snapshot.customer(trunk.customer);
    if customer.status == Status::Inactive {
        return refuse(
            trace,
            Step::CustomerInactive,
            ReleaseReason::CustomerInactive,
        );
    }

    let (numbers_translated, numbers, tags) =
        call_numbers(request, dialled, trunk, admission, trace, known)?;
    trace.step(Step::NumbersTaken(&numbers));
    let called: &str = &numbers.called;

    let gates = gates(snapshot, trunk, called);
    let passed = admission
        .pass(&gates, request.now_us)
        .inspect_err(|reason| trace.step(Step::NotAdmitted(*reason)))?;
    trace.step(Step::Admitted {
        hold_us: passed.hold_us,
    });

    let path = snapshot.walk(called);
    let caller = caller_of(snapshot, called, &numbers.calling, trace);
    known.caller = caller.digits();
    let Some((customer_rate, price)) = longest_match(&path, customer.card, &caller) else {
        return refuse(trace, Step::NoCustomerRate, ReleaseReason::NoCustomerRate);
    };
    let revenue = snapshot.price_in_books(customer.card, price, request.at);
    known.customer_rate = Some(customer_rate);
    trace.step(Step::CustomerRate {
        rate: customer_rate,
        caller: caller.digits(),
    });

    let who = (trunk.customer, customer_rate);
    let credit = reserve(snapshot, who, request.at, admission, trace)?;

    trace.step(Step::Profile(trunk.customer));
    let ask = Ask {
        snapshot,
        path: &path,
        caller: &caller,
        policy: &customer.policy,
        owner: customer.owner,
        revenue,
        destination: customer_rate.prefix(called),
        numbers: &numbers,
        tags: &tags,
        facts: OnceCell::new(),
        is_quote: false,
        request,
    };
    let candidates = candidates::rank(&ask, admission, trace)?;
    Ok(RoutePlan {
        customer: trunk.customer,
        ingress_trunk: trunk_index,
        customer_rate,
        caller: caller.digits(),
        numbers,
        numbers_translated,
        tags,
        candidates,
        permits: passed.permits,
        number_permits: passed.numbers,
        credit,
        hold_us: passed.hold_us,
    })
}

/// The money for the beginning of the call, of a customer that has not got all that there is.
fn reserve(
    snapshot: &Snapshot,
    (customer, rate): (CustomerIndex, RateRef),
    at: Timestamp,
    admission: &mut impl Admission,
    trace: &mut impl Trace,
) -> Result<Option<Reservation>, ReleaseReason> {
    let price = || TalkPrice::new(*snapshot.terms(rate), snapshot.exchange_rate(rate, at));
    let Some(ask) = snapshot.customer(customer).credit_ask(price, at) else {
        return Ok(None);
    };
    let reservation = admission
        .reserve(&ask)
        .inspect_err(|reason| trace.step(Step::NoCredit(customer, *reason)))?;
    trace.step(Step::Credit(customer));
    Ok(reservation)
}

/// The numbers after the rules of trunk and customer.
fn translated(
    request: &CallRequest<'_>,
    dialled: &str,
    trunk: &IngressTrunk,
) -> Result<CallNumbers, NumberError> {
    let policy = &trunk.numbers;
    let (rule, shared) = (&trunk.calling_number, &policy.calling_rules);
    let translated = |number: &str| translate_calling(number, rule, shared);
    let believed = request.identity.believed(trunk.identity.asserted);
    let respects = trunk.identity.privacy == PrivacyPolicy::Respect;
    Ok(CallNumbers {
        called: normalize_called(dialled, &trunk.called_number, &policy.called_rules)?,
        calling: translated(request.calling)?,
        asserted: believed.and_then(|number| translated(number).ok()),
        is_withheld: respects && request.identity.is_private,
        is_presented: false,
    })
}

/// Looks up the class only where somebody asks for it.
fn classify<T: Trace>(rules: ClassRules, called: &str, trace: &mut T) -> Result<(), ReleaseReason> {
    if rules.is_empty() && !T::ENABLED {
        return Ok(());
    }
    let facts = NumberFacts::of(called);
    match rules.fault(&facts) {
        None => {
            trace.step(Step::Classified(facts));
            Ok(())
        }
        Some(ClassFault::Blocked(_) | ClassFault::Unknown) => refuse(
            trace,
            Step::ClassBlocked(facts),
            ReleaseReason::NumberClassBlocked,
        ),
        Some(ClassFault::Invalid(error)) => refuse(
            trace,
            Step::NumberRefused(error),
            ReleaseReason::InvalidNumber,
        ),
    }
}

/// The numbers after the rules of trunk and customer, the same after their lists, and the tags that the
/// lists put on the call.
fn call_numbers(
    request: &CallRequest<'_>,
    dialled: &str,
    trunk: &IngressTrunk,
    admission: &mut impl Admission,
    trace: &mut impl Trace,
    known: &mut Rejection,
) -> Result<(CallNumbers, CallNumbers, Tags), ReleaseReason> {
    let policy = &trunk.numbers;
    let translated = translated(request, dialled, trunk)
        .inspect_err(|error| trace.step(Step::NumberRefused(*error)))
        .map_err(|_| ReleaseReason::InvalidNumber)?;
    trace.step(Step::NumberNormalized {
        received: request.called,
        called: &translated.called,
    });
    let mut numbers = translated.clone();
    let mut tags = Tags::default();
    let note = |list, did: ListDid<'_>| trace.step(Step::Listed { list, did });
    let passed = policy.pass(&mut numbers, &mut tags, note);
    known.called_number = Some(numbers.called);
    if let Err(refusal) = passed {
        let reason = match refusal.error {
            Some(_) => ReleaseReason::InvalidNumber,
            None => ReleaseReason::NumberRefused,
        };
        return refuse(trace, Step::NotListed(refusal), reason);
    }
    classify(policy.classes, &numbers.called, trace)?;
    let note = |place, did: CliDid<'_>| trace.step(Step::CliRule { place, did });
    let turn = |rotations: &Rotations, rule| admission.rotation(rotations, rule, request.draw);
    match policy.present(&mut numbers, request.draw, turn, note) {
        Ok(()) => Ok((translated, numbers, tags)),
        Err(place) => refuse(trace, Step::CliDenied(place), ReleaseReason::NumberRefused),
    }
}

/// What a call must pass before anything else is asked.
fn gates<'s>(snapshot: &'s Snapshot, trunk: &'s IngressTrunk, called: &str) -> Gates<'s> {
    let customer = snapshot.customer(trunk.customer);
    let mut gates = Gates::new();
    gates.push(customer.gate());
    gates.push(trunk.gate());
    let (kind, id) = (ResourceKind::Customer, customer.resource.id);
    gates.extend(snapshot.number_gate(kind, id, customer.number_limits, called));
    let (kind, id) = (ResourceKind::Trunk, trunk.resource.id);
    gates.extend(snapshot.number_gate(kind, id, trunk.number_limits, called));
    gates
}

/// The ingress trunk, and the called number without its tech prefix.
fn identify<'r>(
    request: &CallRequest<'r>,
    snapshot: &Snapshot,
    trace: &mut impl Trace,
) -> Result<(TrunkIndex, &'r str), ReleaseReason> {
    let found = match request.source {
        Source::Address(source) => snapshot
            .trunks_of_source(source)
            .find_map(|trunk| with_tech_prefix(snapshot, trunk, request.called)),
        Source::Trunk(trunk) => with_tech_prefix(snapshot, trunk, request.called),
        Source::Customer(name) => snapshot
            .trunks_of_customer(name)
            .find_map(|trunk| with_tech_prefix(snapshot, trunk, request.called)),
    };
    let Some((trunk, dialled)) = found else {
        return refuse(
            trace,
            Step::SourceUnknown(request.source),
            ReleaseReason::UnknownSource,
        );
    };
    trace.step(Step::SourceIdentified {
        source: request.source,
        trunk,
    });
    Ok((trunk, dialled))
}

fn with_tech_prefix<'r>(
    snapshot: &Snapshot,
    trunk: TrunkIndex,
    called: &'r str,
) -> Option<(TrunkIndex, &'r str)> {
    let tech_prefix = &*snapshot.ingress_trunk(trunk).tech_prefix;
    called.strip_prefix(tech_prefix).map(|rest| (trunk, rest))
}

fn refuse<T>(
    trace: &mut impl Trace,
    step: Step<'_>,
    reason: ReleaseReason,
) -> Result<T, ReleaseReason> {
    trace.step(step);
    Err(reason)
}

impl Rejection {
    fn unknown() -> Self {
        Self {
            reason: ReleaseReason::UnknownSource,
            customer: None,
            ingress_trunk: None,
            called_number: None,
            caller: None,
            customer_rate: None,
        }
    }
}
