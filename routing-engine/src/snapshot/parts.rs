//! What a snapshot holds of each resource, resolved to indexes.

use super::callers::OriginMatch;
use super::gateways::Gateways;
use super::policies::RoutingPolicy;
use super::prefix_index::CardNumber;
use crate::credit::{CreditAccount, CreditAsk, CreditFigures, CreditTerms};
use crate::deck::Deck;
use crate::health::RegistrationHealth;
use crate::limits::{Gate, Limiter, Limits};
use crate::numbers::{CompiledNumberPolicy, Number, translate_sent};
use crate::resources::{
    AssertedIdentity, AuthenticationMode, DigestAccount, FailoverCodes, HeaderPolicy,
    IdentityPolicy, MediaEncryption, MediaMode, NumberTranslation, OpenedSecrets, PrivacyPolicy,
    ResponseMap, Signalling, Silence, Status,
};
use crate::throttle::{AttemptEnd, CompiledThrottle};
use rating::cdr::{ReleaseReason, ResourceRef};
use rating::slice::TalkPrice;
use rating::{Amount, Currency, Timestamp};
use std::net::SocketAddr;
use std::sync::Arc;

/// A customer's place in its snapshot. Means nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerIndex(pub(crate) u32);

/// A carrier's place in its snapshot. Means nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CarrierIndex(pub(crate) u32);

/// A trunk's place among those of its direction in its snapshot. Means nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrunkIndex(pub(crate) u32);

impl TrunkIndex {
    /// The place, to tell trunks of one snapshot apart.
    pub fn place(self) -> u32 {
        self.0
    }
}

/// A rate in a snapshot: which card, which offer, how many digits of the called number matched, and what of
/// the caller did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateRef {
    pub(crate) offer: u32,
    pub(crate) card: CardNumber,
    pub(crate) prefix_digits: u8,
    pub(crate) origin: OriginMatch,
}

/// A customer in a snapshot.
#[derive(Debug)]
pub struct CompiledCustomer {
    /// Identifier and name.
    pub resource: ResourceRef,
    /// The operator that it belongs to: only routes of the same owner are taken.
    pub owner: i64,
    /// Whether it may place calls.
    pub status: Status,
    pub(crate) card: CardNumber,
    pub(crate) limits: Limits,
    /// Of its calls to one called number.
    pub(crate) number_limits: Limits,
    pub(crate) limiter: Arc<Limiter>,
    /// `None` when no limit of money is set.
    pub(crate) credit: Option<CreditTerms>,
    pub(crate) account: Arc<CreditAccount>,
    pub(crate) policy: RoutingPolicy,
}

/// A carrier in a snapshot.
#[derive(Debug)]
pub struct CompiledCarrier {
    /// Identifier and name.
    pub resource: ResourceRef,
    /// Whether calls are sent to it.
    pub status: Status,
    pub(crate) limits: Limits,
    pub(crate) limiter: Arc<Limiter>,
    /// How much is owed to it when no more calls are sent.
    pub(crate) balance_stop: Option<Amount>,
    pub(crate) account: Arc<CreditAccount>,
}

/// A user name and password in a snapshot.
#[derive(Clone, PartialEq, Eq)]
pub struct DigestIdentity {
    /// The user name.
    pub username: Arc<str>,
    /// `None` while it is sealed: then it opens nothing and answers nothing.
    password: Option<Arc<str>>,
}

impl DigestIdentity {
    pub(super) fn new(account: &DigestAccount, secrets: &OpenedSecrets<'_>) -> Self {
        Self {
            username: account.username.as_str().into(),
            password: secrets.text(&account.password).map(Arc::from),
        }
    }

    /// The password, unless it is sealed. Its reader must not log or keep it.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }
}

/// Without the password.
impl std::fmt::Debug for DigestIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DigestIdentity")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// An active ingress trunk in a snapshot.
#[derive(Debug)]
pub struct IngressTrunk {
    /// Identifier and name.
    pub resource: ResourceRef,
    /// Whose it is.
    pub customer: CustomerIndex,
    /// What a call must show.
    pub authentication: AuthenticationMode,
    /// The user name and password that a call must show.
    pub digest: Option<DigestIdentity>,
    /// Whether it accepts relayed media only.
    pub media: MediaMode,
    /// Whether and how its media is encrypted.
    pub media_encryption: MediaEncryption,
    /// When media that stops ends a call.
    pub silence: Silence,
    /// What called numbers must begin with; may be empty.
    pub tech_prefix: Box<str>,
    /// How its dialogs behave.
    pub signalling: Signalling,
    /// Codecs of its calls, the best first; empty for all.
    pub codecs: Box<[String]>,
    /// What its customer gets for a failure.
    pub responses: ResponseMap,
    /// Which header fields are taken.
    pub headers: HeaderPolicy,
    /// Which fields that name the caller are believed.
    pub identity: IdentityPolicy,
    pub(crate) called_number: NumberTranslation,
    pub(crate) calling_number: NumberTranslation,
    pub(crate) numbers: CompiledNumberPolicy,
    pub(crate) limits: Limits,
    /// Of its calls to one called number.
    pub(crate) number_limits: Limits,
    pub(crate) limiter: Arc<Limiter>,
}

/// An egress trunk in a snapshot.
#[derive(Debug)]
pub struct EgressTrunk {
    /// Identifier and name.
    pub resource: ResourceRef,
    /// Whose it is.
    pub carrier: CarrierIndex,
    /// Whether calls are sent to it.
    pub status: Status,
    /// Where calls are sent, and how.
    pub gateways: Gateways,
    /// The listener by which calls leave, as carriers see it.
    pub listener: Option<SocketAddr>,
    /// Whether it accepts relayed media only.
    pub media: MediaMode,
    /// Whether and how its media is encrypted.
    pub media_encryption: MediaEncryption,
    /// When media that stops ends a call.
    pub silence: Silence,
    /// Final responses after which the next route is tried.
    pub failover_codes: FailoverCodes,
    /// Longest wait for a first response, milliseconds.
    pub first_reply_timeout_ms: u32,
    /// Longest wait for a provisional response other than 100, milliseconds.
    pub pdd_timeout_ms: u32,
    /// Longest wait for an answer, seconds.
    pub ring_timeout_s: u32,
    /// Its attempts, when some rule looks at them.
    pub(crate) throttle: Option<CompiledThrottle>,
    /// How the switch registers with the carrier.
    pub registration: Option<CompiledRegistration>,
    /// What challenges of the carrier are answered with.
    pub digest: Option<DigestIdentity>,
    /// How its dialogs behave.
    pub signalling: Signalling,
    /// Codecs of its calls, the best first; empty for all.
    pub codecs: Box<[String]>,
    /// What its final responses count as for the customer.
    pub responses: ResponseMap,
    /// Which header fields are sent.
    pub headers: HeaderPolicy,
    /// Which fields that name the caller are sent.
    pub identity: IdentityPolicy,
    pub(crate) card: CardNumber,
    pub(crate) tie_break: TieBreak,
    pub(crate) called_number: NumberTranslation,
    pub(crate) calling_number: NumberTranslation,
    pub(crate) numbers: CompiledNumberPolicy,
    pub(crate) limits: Limits,
    pub(crate) limiter: Arc<Limiter>,
}

/// A registration with a carrier, in a snapshot.
#[derive(Clone, Debug)]
pub struct CompiledRegistration {
    /// `user@domain` that is registered.
    pub address: Arc<str>,
    /// How long it is asked to last, seconds.
    pub expires_s: u32,
    /// How it stands, over all snapshots.
    pub health: Arc<RegistrationHealth>,
}

/// The order among routes of equal cost: priority, then weight, then name. No two are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TieBreak(u64);

/// An egress trunk that is active, of a carrier that is: all that ranking needs of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenRoute {
    pub(crate) tie_break: TieBreak,
    pub(crate) trunk: TrunkIndex,
    pub(crate) carrier: CarrierIndex,
    /// Whether its number policy has lists or CLI rules: only then they are looked at.
    pub(crate) has_number_policy: bool,
    /// Whether it looks at the class of the called number, or at whether there is such a number.
    pub(crate) has_class_rules: bool,
    /// Whether it may get a share of its calls only.
    pub(crate) has_throttle: bool,
}

/// A rate card in a snapshot.
#[derive(Debug)]
pub(crate) struct CompiledCard {
    pub(crate) resource: ResourceRef,
    pub(crate) currency: Currency,
    pub(crate) deck: Arc<Deck>,
}

impl TieBreak {
    /// `rank` is the trunk's position in the order of names.
    pub(super) fn new(priority: u16, weight: u16, rank: u32) -> Self {
        let lighter_last = u16::MAX - weight;
        Self(u64::from(priority) << 48 | u64::from(lighter_last) << 32 | u64::from(rank))
    }

    /// The same trunk with the priority and weight of a route to it.
    pub(crate) fn of_route(self, priority: u16, weight: u16) -> Self {
        Self::new(priority, weight, self.0 as u32)
    }

    pub(crate) fn priority(self) -> u16 {
        (self.0 >> 48) as u16
    }

    pub(crate) fn weight(self) -> u16 {
        u16::MAX - (self.0 >> 32) as u16
    }
}

impl CompiledCustomer {
    /// Calls of this customer that are up or in setup.
    pub fn channels_in_use(&self) -> u32 {
        self.limiter.channels_in_use()
    }

    /// What it is allowed.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// What it may spend; `None` when no limit of money is set.
    pub fn credit_terms(&self) -> Option<&CreditTerms> {
        self.credit.as_ref()
    }

    /// Its money at this moment.
    pub fn credit_figures(&self) -> CreditFigures {
        self.account.figures()
    }

    /// Charges a call that had reserved nothing.
    pub fn charge(&self, amount: Amount, at: Timestamp) {
        self.account.charge(amount, at);
    }

    /// What a call of a customer with a limit of money asks for.
    pub(crate) fn credit_ask(
        &self,
        price: impl FnOnce() -> TalkPrice,
        at: Timestamp,
    ) -> Option<CreditAsk<'_>> {
        let terms = self.credit?;
        Some(CreditAsk {
            account: &self.account,
            terms,
            price: price(),
            at,
        })
    }

    /// The LCR profile of its calls; `None` when it has none.
    pub fn lcr_profile(&self) -> Option<&ResourceRef> {
        self.policy.profile.resource.as_ref()
    }

    /// Most routes that a call of its tries.
    pub fn attempts_max(&self) -> usize {
        usize::from(self.policy.profile.attempts_max)
    }

    /// Longest time from a call's INVITE until a carrier rings, milliseconds.
    pub fn pdd_budget_ms(&self) -> Option<u32> {
        self.policy.profile.pdd_budget_ms
    }

    /// Whether another customer of the same snapshot pays the same and gets the same routes.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let profile = |customer: &Self| customer.lcr_profile().map(|profile| profile.id);
        self.card == other.card
            && self.owner == other.owner
            && profile(self) == profile(other)
            && self.policy.allowed == other.policy.allowed
            && self.policy.routes.is_like(&other.policy.routes)
    }

    pub(crate) fn gate(&self) -> Gate<'_> {
        let reasons = [
            ReleaseReason::CustomerCpsLimit,
            ReleaseReason::CustomerChannelLimit,
        ];
        Gate::of_resource(&self.limiter, self.limits, reasons)
    }
}

impl CompiledCarrier {
    /// Calls and attempts that hold a channel of this carrier.
    pub fn channels_in_use(&self) -> u32 {
        self.limiter.channels_in_use()
    }

    /// What it allows.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Our money with it at this moment.
    pub fn credit_figures(&self) -> CreditFigures {
        self.account.figures()
    }

    /// How much is owed to it when no more calls are sent.
    pub fn balance_stop(&self) -> Option<Amount> {
        self.balance_stop
    }

    /// Charges what an attempt cost.
    pub fn charge(&self, amount: Amount, at: Timestamp) {
        self.account.charge(amount, at);
    }

    pub(crate) fn balance_gate(&self) -> Option<Gate<'_>> {
        let stop = self.balance_stop?;
        Some(Gate::of_balance(&self.account, stop))
    }

    pub(crate) fn gate(&self) -> Gate<'_> {
        let reasons = [
            ReleaseReason::CarrierCpsLimit,
            ReleaseReason::CarrierChannelLimit,
        ];
        Gate::of_resource(&self.limiter, self.limits, reasons)
    }
}

impl IngressTrunk {
    /// Whether it believes more of a caller than From.
    pub(crate) fn reads_identity(&self) -> bool {
        let identity = &self.identity;
        identity.asserted != AssertedIdentity::Off || identity.privacy == PrivacyPolicy::Respect
    }

    /// Calls that came by this trunk and are up or in setup.
    pub fn channels_in_use(&self) -> u32 {
        self.limiter.channels_in_use()
    }

    pub(crate) fn gate(&self) -> Gate<'_> {
        trunk_gate(&self.limiter, self.limits)
    }
}

impl EgressTrunk {
    /// A called number after the rules of carrier and trunk.
    pub(crate) fn called_sent(&self, number: &Number) -> Number {
        translate_sent(number, &self.numbers.called_rules, &self.called_number)
    }

    /// A number that stands for the caller after the rules of carrier and trunk.
    pub(crate) fn calling_sent(&self, number: &Number) -> Number {
        translate_sent(number, &self.numbers.calling_rules, &self.calling_number)
    }

    /// Notes what became of an attempt.
    pub fn note_attempt(&self, end: AttemptEnd, now_us: u64) {
        if let Some(throttle) = &self.throttle {
            throttle.note(end, now_us);
        }
    }

    /// Whether a call is to try it last; `draw` is the number of the call.
    pub(crate) fn holds_back(&self, now_us: u64, draw: u64) -> bool {
        self.throttle
            .as_ref()
            .is_some_and(|throttle| throttle.holds_back(now_us, draw, self.resource.id))
    }

    /// Whether so many attempts fail that it gets a share of its calls only.
    pub fn is_throttled(&self, now_us: u64) -> bool {
        self.throttle
            .as_ref()
            .is_some_and(|throttle| throttle.is_on(now_us))
    }

    /// Calls and attempts that hold a channel of this trunk.
    pub fn channels_in_use(&self) -> u32 {
        self.limiter.channels_in_use()
    }

    pub(crate) fn gate(&self) -> Gate<'_> {
        trunk_gate(&self.limiter, self.limits)
    }
}

fn trunk_gate(limiter: &Arc<Limiter>, limits: Limits) -> Gate<'_> {
    let reasons = [
        ReleaseReason::TrunkCpsLimit,
        ReleaseReason::TrunkChannelLimit,
    ];
    Gate::of_resource(limiter, limits, reasons)
}
