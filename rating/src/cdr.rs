//! The call detail record: the facts of one call and of each of its attempts.
//!
//! A record is written once, when the call ends, and never changed. Both sides are kept
//! symmetrically: what was received from the customer and what was sent to each carrier, with the
//! rate and the charge of each. Names are copied at the time of the call, so a record stays true
//! when a resource is renamed or deleted.

mod decision_record;
mod media;

pub use media::{MediaQuality, MediaSide, MediaStatistics};

use crate::charge::{self, ChargeError};
use crate::exchange::ExchangeRate;
use crate::rate::RateTerms;
use crate::rounding::Rounding;
use crate::{Amount, Currency, Origin, Timestamp};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;

/// Our own identifier of a call: 128 bits, unique over nodes and restarts, ordered by time.
///
/// The top 48 bits are milliseconds since the epoch, the rest comes from the shard's seeded
/// generator. Written as 32 lower-case hexadecimal digits everywhere outside the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub u128);

impl CallId {
    /// The number that decides shares of calls: 64 of its bits that come from the generator.
    pub fn draw(self) -> u64 {
        self.0 as u64
    }
}

/// A resource as it was called when the call used it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceRef {
    /// The database identifier, which survives a rename.
    pub id: i64,
    /// The name at the time of the call.
    pub name: Arc<str>,
}

/// SIP transport of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// RFC 3261 §18, datagrams.
    Udp,
    /// RFC 3261 §18.3, stream.
    Tcp,
    /// The same within TLS.
    Tls,
    /// WebSocket (RFC 7118).
    Ws,
    /// WebSocket within TLS.
    Wss,
}

/// How a call, or one attempt of it, came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A 2xx was sent to the customer; charged.
    Answered,
    /// The customer gave up before an answer (CANCEL).
    Cancelled,
    /// Every route that was tried failed, or the last one gave a final answer that ends hunting.
    Failed,
    /// Refused by us before any attempt: unknown source, limit, no route.
    Rejected,
    /// It was up when the process died; closed by recovery at the last moment the journal proves.
    Interrupted,
}

/// Who ended the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleasedBy {
    /// The ingress side.
    Customer,
    /// The egress side.
    Carrier,
    /// This switch: a limit, a timer, an operator, a restart.
    Switch,
}

/// The internal reason of a release: finer than a SIP status, never overwritten by one.
///
/// The table of reason, SIP status, Q.850 cause and text is in `call_control::release`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReleaseReason {
    /// A BYE after the answer.
    NormalClearing,
    /// CANCEL, or the customer's transaction went away, before the answer.
    CustomerCancelled,
    /// The called party is busy (486, 600).
    UserBusy,
    /// The called party did not answer in time (480, 408 from the carrier, our ring timer).
    NoAnswer,
    /// The called party declined (603).
    Declined,
    /// The carrier refused the attempt with some other final status.
    CarrierRejected,
    /// No first reply from the carrier in time.
    CarrierSilent,
    /// The carrier's address cannot be reached (ICMP, connection refused).
    CarrierUnreachable,
    /// The source address belongs to no customer.
    UnknownSource,
    /// No route serves the called number.
    NoRoute,
    /// No rate of the customer's card covers the called number.
    NoCustomerRate,
    /// The called number cannot be dialled.
    InvalidNumber,
    /// The customer is not active.
    CustomerInactive,
    /// The customer's calls per second are used up.
    CustomerCpsLimit,
    /// The customer's channels are used up.
    CustomerChannelLimit,
    /// Calls per second of the ingress or egress trunk are used up.
    TrunkCpsLimit,
    /// Channels of the ingress or egress trunk are used up.
    TrunkChannelLimit,
    /// The carrier's calls per second are used up.
    CarrierCpsLimit,
    /// The carrier's channels are used up.
    CarrierChannelLimit,
    /// Every route that remained would be sold below cost.
    Unprofitable,
    /// The call reached its longest allowed duration.
    MaxDuration,
    /// The session timer expired (RFC 4028).
    SessionExpired,
    /// No ACK for our 2xx (RFC 3261 §13.3.1.4).
    AckMissing,
    /// No RTP in either direction for too long.
    NoMedia,
    /// Too many hops (RFC 3261 §16.3 step 3).
    TooManyHops,
    /// The session description cannot be used.
    UnusableSdp,
    /// No media port is free.
    NoMediaPorts,
    /// The switch is at one of its own limits: calls, transactions, queue.
    Overload,
    /// The journal cannot take records: disk full or stalled.
    JournalUnavailable,
    /// The switch is draining for a stop.
    ShuttingDown,
    /// An operator hung up.
    OperatorHangup,
    /// The process died while the call was up.
    Interrupted,
    /// A dialog message broke the protocol so that the call could not go on.
    ProtocolError,
    /// A failure of our own.
    InternalError,
    /// The same calling and called number are in setup too often at once: the call came back.
    LoopDetected,
    /// The user name and password that were shown are not those of a trunk.
    NotAuthenticated,
    /// A number list refuses the called or the calling number.
    NumberRefused,
    /// The carrier's gateway is a host name that leads nowhere, or was not looked up yet.
    CarrierUnresolved,
    /// Attempts per second of the carrier's gateway are used up.
    GatewayCpsLimit,
    /// Channels of the carrier's gateway are used up.
    GatewayChannelLimit,
    /// Attempts per second of the route that leads to the trunk are used up.
    RouteCpsLimit,
    /// Channels of the route that leads to the trunk are used up.
    RouteChannelLimit,
    /// Calls per second to the called number are used up.
    CalledNumberCpsLimit,
    /// As many calls to the called number as there may be are up.
    CalledNumberChannelLimit,
    /// Numbers of the called number's class are not let through.
    NumberClassBlocked,
    /// Balance and credit limit of the customer are not enough for the beginning of the call.
    InsufficientCredit,
    /// Balance and credit limit of the customer were used up while the call was up.
    CreditExhausted,
    /// The customer's calls of the day cost as much as they may.
    DailySpendLimit,
    /// The call cost as much as one call of the customer may.
    CallSpendLimit,
    /// As much is owed to the carrier as its calls may cost.
    CarrierBalance,
    /// One side sent no voice for too long while the other spoke.
    OneWayMedia,
}

/// The rate that was applied to one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedRate {
    /// The card the rate is from.
    pub rate_card: ResourceRef,
    /// The prefix that matched, digits only.
    pub prefix: Arc<str>,
    /// The destination's name on that card.
    pub destination: Arc<str>,
    /// The card's currency.
    pub currency: Currency,
    /// Price of a minute in the first interval.
    pub initial_rate_per_minute: Amount,
    /// Price of a minute in the intervals after the first.
    pub next_rate_per_minute: Amount,
    /// Length of the first interval, seconds.
    pub initial_interval_s: u32,
    /// Length of each further interval, seconds.
    pub next_interval_s: u32,
    /// Charged once per answered call.
    pub connection_fee: Amount,
    /// Charged once per call or attempt that was sent, answered or not.
    #[serde(default)]
    pub attempt_fee: Amount,
    /// An answered call of at most so many seconds costs no more than an unanswered one.
    #[serde(default)]
    pub grace_period_s: u32,
    /// How the charge was rounded.
    #[serde(default)]
    pub rounding: Rounding,
    /// What a unit of the currency was worth in the books when the call was decided.
    #[serde(default)]
    pub exchange_rate: ExchangeRate,
    /// What the calling number began with, or the jurisdiction of the call, when the rate was for that.
    #[serde(default)]
    pub origin: Origin,
}

/// What one side was charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Seconds after rounding up to the rate's intervals.
    pub billed_seconds: u32,
    /// In the currency of the rate.
    pub amount: Amount,
}

/// How and by whom a call or attempt was released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Who ended it.
    pub by: ReleasedBy,
    /// Our reason.
    pub reason: ReleaseReason,
    /// The final SIP status: sent to the customer (call) or received from the carrier (attempt).
    /// 200 for an answered one, 0 when none was seen.
    pub sip_status: u16,
    /// ITU-T Q.850 cause, 0 when none applies.
    pub q850_cause: u8,
}

/// One egress try of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// 1 for the first.
    pub number: u16,
    /// Whom we would pay.
    pub carrier: ResourceRef,
    /// The trunk of the carrier.
    pub egress_trunk: ResourceRef,
    /// Where the INVITE was sent.
    pub gateway: SocketAddr,
    /// Transport to the gateway.
    pub transport: Transport,
    /// Call-ID of the egress leg.
    pub egress_call_id: Arc<str>,
    /// Called number in the egress Request-URI.
    pub called_number_sent: Arc<str>,
    /// Calling number in the egress From.
    pub calling_number_sent: Arc<str>,
    /// The carrier's rate.
    pub rate: AppliedRate,
    /// What the carrier charges us; its attempt fee at most unless this attempt was answered.
    pub cost: Charge,
    /// INVITE sent.
    pub started_at: Timestamp,
    /// First response of any kind.
    pub first_reply_at: Option<Timestamp>,
    /// First 180, or 183 with SDP. PDD is this minus `started_at`.
    pub ringing_at: Option<Timestamp>,
    /// 2xx received.
    pub answered_at: Option<Timestamp>,
    /// Final response, timeout, cancel or BYE.
    pub ended_at: Timestamp,
    /// How it came out.
    pub outcome: Outcome,
    /// Why.
    pub release: Release,
}

/// One call, from the INVITE received to the last leg's end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Our identifier.
    pub id: CallId,
    /// Name of the node (POP) that handled it.
    pub node: Arc<str>,
    /// Shard within the node.
    pub shard: u16,
    /// Number of the configuration snapshot that decided it.
    pub snapshot_number: u64,
    /// Call-ID of the ingress leg.
    pub ingress_call_id: Arc<str>,
    /// Transport the INVITE came by.
    pub ingress_transport: Transport,
    /// Where the INVITE came from.
    pub ingress_source: SocketAddr,
    /// User-Agent of the INVITE, cut at 64 bytes.
    pub user_agent: Option<Arc<str>>,
    /// User part of From as received.
    pub calling_number_received: Arc<str>,
    /// User part of the Request-URI as received.
    pub called_number_received: Arc<str>,
    /// The called number after translation, digits of E.164 without `+`; what routes and rates see.
    pub called_number: Arc<str>,
    /// Who pays us; `None` for an unknown source.
    pub customer: Option<ResourceRef>,
    /// The trunk the call came in by.
    pub ingress_trunk: Option<ResourceRef>,
    /// The customer's rate; `None` when the call was refused before rating.
    pub rate: Option<AppliedRate>,
    /// What the customer pays; its attempt fee at most unless answered.
    pub charge: Charge,
    /// Charge minus cost, each in the currency of the books ([`CallRecord::money`]).
    pub margin: Amount,
    /// INVITE received.
    pub received_at: Timestamp,
    /// First 180, or 183 with SDP, sent to the customer.
    pub ringing_at: Option<Timestamp>,
    /// 2xx sent to the customer.
    pub answered_at: Option<Timestamp>,
    /// The end.
    pub ended_at: Timestamp,
    /// How it came out.
    pub outcome: Outcome,
    /// Why.
    pub release: Release,
    /// Every egress try, in order.
    pub attempts: Vec<AttemptRecord>,
    /// What the relay counted.
    pub media: Option<MediaStatistics>,
    /// What the decision read that no snapshot has; `None` for a call that was refused before, and
    /// for one of an earlier release.
    #[serde(default)]
    pub decision: Option<DecisionRecord>,
    /// Routes of the plan that the call came to and could not take, in their order.
    #[serde(default)]
    pub passed_over: Vec<PassedOver>,
}

/// What a decision read that no snapshot has, in the form of `routing_engine::record`. Hexadecimal
/// digits in text, bytes elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRecord(pub Arc<[u8]>);

/// A route of a plan that could not be taken when the call came to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// Its place in the hunting order, from 0.
    pub place: u8,
    /// The limit that was reached, or what else stood in the way.
    pub reason: ReleaseReason,
}

/// What is written to the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JournalEntry {
    /// An open record: the call so far. A later entry of the same call takes its place.
    ///
    /// Either the call was answered, and `ended_at` equals `answered_at`: if the process dies,
    /// recovery closes the call from this. Or `answered_at` is `None`: the customer has its final
    /// response, and only the carrier's last word is outstanding. `ended_at`, `outcome` and
    /// `release` are final then, and recovery keeps the record as it stands.
    Answered(CallRecord),
    /// The call is over. Final.
    Ended(CallRecord),
}

/// Both sides of a call in the currency of the books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BooksMoney {
    /// What the customer pays.
    pub charge: Amount,
    /// What all attempts cost.
    pub cost: Amount,
}

impl BooksMoney {
    /// Charge minus cost; `None` when it does not fit.
    pub fn margin(self) -> Option<Amount> {
        self.charge.checked_sub(self.cost)
    }
}

impl AppliedRate {
    /// Charges a talk time, or what was sent and not answered, in the card's currency.
    ///
    /// # Errors
    /// As [`charge`](charge::charge).
    pub fn charge(&self, talk_ms: Option<u64>) -> Result<Charge, ChargeError> {
        let terms = RateTerms::from(self);
        match talk_ms {
            Some(talk_ms) => charge::charge(&terms, talk_ms),
            None => charge::charge_unanswered(&terms),
        }
    }
}

impl AttemptRecord {
    /// What the attempt costs by a rate: its own for what was billed, another for re-rating.
    ///
    /// # Errors
    /// As [`AppliedRate::charge`].
    pub fn cost_by(&self, rate: &AppliedRate) -> Result<Charge, ChargeError> {
        let answered = self.answered_at;
        rate.charge(answered.map(|at| self.ended_at.millis_since(at)))
    }

    /// The cost in the currency of the books; `None` when it does not fit.
    pub fn cost_in_books(&self) -> Option<Amount> {
        self.rate.exchange_rate.to_books(self.cost.amount)
    }
}

impl CallRecord {
    /// Post-dial delay in milliseconds: INVITE received to the first ringing indication sent.
    pub fn pdd_ms(&self) -> Option<u64> {
        self.ringing_at
            .or(self.answered_at)
            .map(|at| at.millis_since(self.received_at))
    }

    /// Charge and cost in the currency of the books, each converted by the rate that counted when
    /// the call was decided and summed up then. `None` when a sum does not fit, which no charges of
    /// terms within their bounds do.
    pub fn money(&self) -> Option<BooksMoney> {
        let rate = self.rate.as_ref();
        let rate = rate.map_or(ExchangeRate::ONE, |rate| rate.exchange_rate);
        let mut costs = self.attempts.iter().map(AttemptRecord::cost_in_books);
        let money = BooksMoney {
            charge: rate.to_books(self.charge.amount)?,
            cost: costs.try_fold(Amount::ZERO, |sum, cost| sum.checked_add(cost?))?,
        };
        money.margin().map(|_| money)
    }

    /// What the call is charged by a rate: its own for what was billed, another for re-rating. A call
    /// that was sent to no carrier is charged nothing.
    ///
    /// # Errors
    /// As [`AppliedRate::charge`].
    pub fn charge_by(&self, rate: &AppliedRate) -> Result<Charge, ChargeError> {
        match self.answered_at {
            Some(_) => rate.charge(Some(self.duration_ms())),
            None if !self.attempts.is_empty() => rate.charge(None),
            None => Ok(Charge::default()),
        }
    }

    /// Talk time in milliseconds; zero unless answered.
    pub fn duration_ms(&self) -> u64 {
        self.answered_at
            .map_or(0, |at| self.ended_at.millis_since(at))
    }
}
