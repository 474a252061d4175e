//! The steps of a decision and the fate of each route, for whoever wants to know.
//!
//! A live call traces nothing ([`NoTrace`]); an explanation records everything
//! ([`crate::explain`]). Steps borrow and name indexes, so that tracing costs nothing until
//! somebody writes it down.

use crate::decide::{RankKey, Source};
use crate::numbers::{
    CallNumbers, ClassFault, CliDid, CliPlace, ListDid, ListRefusal, Number, NumberError,
    NumberFacts, NumberListIndex,
};
use crate::quality::Quality;
use crate::snapshot::{CustomerIndex, RateRef, RoutePlace, TrunkIndex};
use rating::Jurisdiction;
use rating::cdr::ReleaseReason;
use rating::prefix::Prefix;

/// Who listens to a decision.
pub trait Trace {
    /// Whether anybody listens; work that only a listener needs is left out otherwise.
    const ENABLED: bool;

    /// A step was taken.
    fn step(&mut self, step: Step<'_>);

    /// A route was found or lost.
    fn route(&mut self, verdict: RouteVerdict);
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTrace;

/// What happened in a decision, in the order of the pipeline.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Step<'a> {
    /// The ingress trunk was found.
    SourceIdentified {
        /// What was looked for.
        source: Source<'a>,
        /// The trunk.
        trunk: TrunkIndex,
    },
    /// No active trunk has this source and the number's tech prefix.
    SourceUnknown(Source<'a>),
    /// The customer is not active.
    CustomerInactive,
    /// The called number was accepted.
    NumberNormalized {
        /// As received.
        received: &'a str,
        /// As digits of E.164.
        called: &'a Number,
    },
    /// A number cannot be used.
    NumberRefused(NumberError),
    /// The call's number stands in a number list of the ingress trunk or of the customer.
    Listed {
        /// Which list.
        list: NumberListIndex,
        /// What it did.
        did: ListDid<'a>,
    },
    /// A number list of the customer or of the ingress trunk refuses the call.
    NotListed(ListRefusal),
    /// What the numbering plans say of the called number; told only to those who listen.
    Classified(NumberFacts),
    /// The called number is of a class that the customer or the ingress trunk blocks.
    ClassBlocked(NumberFacts),
    /// A CLI rule of the ingress trunk or of the customer lets the call go on.
    CliRule {
        /// Which rule.
        place: CliPlace,
        /// What it did.
        did: CliDid<'a>,
    },
    /// A CLI rule of the ingress trunk or of the customer refuses the call.
    CliDenied(CliPlace),
    /// Rules, lists, classes and CLI rules of trunk and customer take the numbers, and this is what they
    /// left: what routes and rates see.
    NumbersTaken(&'a CallNumbers),
    /// The limits of customer and ingress trunk allow the call.
    Admitted {
        /// How long the call is held to keep the pace; microseconds.
        hold_us: u32,
    },
    /// A limit of the customer, of the ingress trunk or of the called number is reached.
    NotAdmitted(ReleaseReason),
    /// Some rates are for a jurisdiction, and the call has one.
    Jurisdiction {
        /// It.
        jurisdiction: Jurisdiction,
        /// The called number.
        called: &'a str,
        /// The digits of the calling number, when it is a number.
        calling: Option<&'a str>,
    },
    /// The customer's card has a rate.
    CustomerRate {
        /// It.
        rate: RateRef,
        /// The leading digits of the calling number, when any rate asks for them.
        caller: Option<Prefix>,
    },
    /// The customer's card has no rate.
    NoCustomerRate,
    /// The customer has the money for the beginning of the call.
    Credit(CustomerIndex),
    /// It has not, or a limit of what it may spend is reached.
    NoCredit(CustomerIndex, ReleaseReason),
    /// The LCR profile of the customer orders the routes.
    Profile(CustomerIndex),
    /// The routes were ranked.
    Ranked {
        /// How many are left to try.
        candidates_count: usize,
        /// How many were dropped by the profit guard.
        unprofitable_count: usize,
    },
}

/// What became of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteVerdict {
    /// The egress trunk.
    pub trunk: TrunkIndex,
    /// Its rate, when its card has one.
    pub rate: Option<RateRef>,
    /// What it is ranked by, when it is.
    pub key: Option<RankKey>,
    /// How its carrier does, when the profile asks for it.
    pub quality: Option<Quality>,
    /// Which route of the customer's leads to it.
    pub(crate) via: Option<RoutePlace>,
    /// Why it would not be tried at this moment; `None` when it would.
    pub lost: Option<LossReason>,
}

/// Why a route is not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LossReason {
    /// The trunk is not active.
    TrunkInactive,
    /// The carrier is not active.
    CarrierInactive,
    /// None of the trunk's gateways is active.
    GatewaysInactive,
    /// The trunk's card has no rate for the number.
    NoRate,
    /// A number list of the carrier or of the trunk does not let the call through, or makes a number that
    /// cannot be dialled.
    NumberRefused(ListRefusal),
    /// The carrier or the trunk does not take numbers of this class, or numbers that cannot be.
    ClassRefused(ClassFault),
    /// A CLI rule of the trunk or of the carrier refuses the caller.
    CliRefused(CliPlace),
    /// The customer does not get the carrier, or its LCR profile excludes it.
    CarrierNotAllowed,
    /// An exclusive route takes the call, and this is none.
    NotExclusive,
    /// The call would be sold below its cost.
    BelowCost,
    /// Less of the price would be left than the LCR profile asks for.
    BelowMargin,
    /// Better routes fill the longest list that a plan may have.
    BeyondLongestList,
    /// A limit of the carrier, of the trunk, of the route to it or of its gateways is reached at this
    /// moment, or was when the call came to it; or none of its gateways could be reached then.
    LimitReached(ReleaseReason),
}

impl Trace for NoTrace {
    const ENABLED: bool = false;

    fn step(&mut self, _: Step<'_>) {}

    fn route(&mut self, _: RouteVerdict) {}
}

impl RouteVerdict {
    pub(crate) fn lost(trunk: TrunkIndex, rate: Option<RateRef>, reason: LossReason) -> Self {
        Self {
            trunk,
            rate,
            key: None,
            quality: None,
            via: None,
            lost: Some(reason),
        }
    }
}

impl LossReason {
    /// The reason as a word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::TrunkInactive => "trunk_inactive",
            Self::CarrierInactive => "carrier_inactive",
            Self::GatewaysInactive => "gateways_inactive",
            Self::NoRate => "no_rate",
            Self::NumberRefused(_) => "number_refused",
            Self::ClassRefused(ClassFault::Blocked(_) | ClassFault::Unknown) => {
                "number_class_blocked"
            }
            Self::ClassRefused(ClassFault::Invalid(_)) => "invalid_number",
            Self::CliRefused(_) => "cli_refused",
            Self::CarrierNotAllowed => "carrier_not_allowed",
            Self::NotExclusive => "not_exclusive",
            Self::BelowCost => "below_cost",
            Self::BelowMargin => "below_margin",
            Self::BeyondLongestList => "beyond_longest_list",
            Self::LimitReached(ReleaseReason::CarrierCpsLimit) => "carrier_cps_limit",
            Self::LimitReached(ReleaseReason::CarrierChannelLimit) => "carrier_channel_limit",
            Self::LimitReached(ReleaseReason::TrunkCpsLimit) => "trunk_cps_limit",
            Self::LimitReached(ReleaseReason::TrunkChannelLimit) => "trunk_channel_limit",
            Self::LimitReached(ReleaseReason::CarrierUnreachable) => "carrier_unreachable",
            Self::LimitReached(ReleaseReason::CarrierUnresolved) => "carrier_unresolved",
            Self::LimitReached(ReleaseReason::RouteCpsLimit) => "route_cps_limit",
            Self::LimitReached(ReleaseReason::RouteChannelLimit) => "route_channel_limit",
            Self::LimitReached(ReleaseReason::GatewayCpsLimit) => "gateway_cps_limit",
            Self::LimitReached(ReleaseReason::GatewayChannelLimit) => "gateway_channel_limit",
            Self::LimitReached(ReleaseReason::CarrierBalance) => "carrier_balance",
            Self::LimitReached(_) => "limit_reached",
        }
    }
}
