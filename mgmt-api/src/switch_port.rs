//! What the API knows of the running switch: one trait, implemented by the binary.
//!
//! The API sees no shard, socket or message. It asks for counters and lists, and hands over the
//! next configuration snapshot.

use rating::cdr::{CallId, MediaStatistics, ResourceRef, Transport};
use rating::{Amount, Timestamp};
use routing_engine::names::AddressTable;
use routing_engine::{QualityTable, Snapshot};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use store::LedgerParty;

/// A future that a trait object can return.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The running switch as the API sees it. Every method but those of live
/// calls and traces returns at once and takes no lock that a call waits for.
pub trait SwitchPort: Send + Sync + 'static {
    /// The configuration that new calls use.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Where the host names of gateways lead, as far as that is known.
    fn addresses(&self) -> Arc<AddressTable>;

    /// Looks up what a configuration needs that is about to be published: the host names of its
    /// gateways, and the balances of those it brings. Takes a few seconds at most; what is not known then follows.
    fn prepare(&self, snapshot: Arc<Snapshot>) -> PortFuture<'_, ()>;

    /// Makes a configuration the one that new calls use. Its number is above that of the one
    /// before; calls that are up keep theirs.
    ///
    /// # Errors
    /// [`PublishError`]; new calls use the one before then.
    fn publish(&self, snapshot: Arc<Snapshot>) -> Result<(), PublishError>;

    /// The clock that call limits run on: monotonic microseconds, as in
    /// [`routing_engine::CallRequest`].
    fn now_us(&self) -> u64;

    /// How carriers do at this moment.
    fn quality(&self) -> Arc<QualityTable>;

    /// One page of the calls that are up, newest first: those with an identifier below `before`
    /// (all when `None`), at most `limit` of them.
    fn live_calls(
        &self,
        before: Option<CallId>,
        limit: usize,
    ) -> PortFuture<'_, Result<LiveCallPage, PortError>>;

    /// A call that is up, and what has been relayed of its media so far; `None` when it is not up.
    fn live_call(&self, id: CallId) -> PortFuture<'_, Result<Option<WatchedCall>, PortError>>;

    /// The counters, for the live points and the metrics. Called once a second and at each
    /// scrape.
    fn sample(&self) -> SwitchSample;

    /// The state of the node, for the status page and for readiness.
    fn status(&self) -> SwitchStatus;

    /// The messages of a call that are remembered, oldest first; none when there are none. `call_ids` are
    /// those of its record, for a call that is not up any more; `keep` has them kept beyond the others.
    fn trace(
        &self,
        call: CallId,
        call_ids: Vec<Arc<str>>,
        keep: bool,
    ) -> PortFuture<'_, Result<Vec<TraceMessage>, PortError>>;

    /// Sources whose messages are dropped now, newest ban first.
    fn bans(&self) -> Vec<Ban>;

    /// Drops everything of a source from now on. One that is banned already gets this ban.
    fn ban(&self, ban: Ban);

    /// Ends the ban of a source at once; false when there was none.
    fn lift_ban(&self, source: IpAddr) -> bool;

    /// A payment or adjustment was posted; calls never come here. A switch that gives no credit by
    /// balance need not know.
    fn balance_changed(&self, _: BalanceChange) {}
}

/// What a payment or adjustment did to a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BalanceChange {
    /// Whose.
    pub party: LedgerParty,
    /// What it gained in the books; lost, below zero. Changes may come in any order, each once.
    pub change: Amount,
    /// The balance after it, with all calls that were posted by then.
    pub balance: Amount,
}

/// Why the switch did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PortError {
    /// A shard has too much to do.
    #[error("shard {shard} did not answer in time")]
    ShardSilent {
        /// Which one.
        shard: u16,
    },
}

/// Why the switch did not take a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// It has a later one, or this very one.
    #[error("the switch uses snapshot {in_use}, and {offered} is not later")]
    NotLater {
        /// Number of the one in use.
        in_use: u64,
        /// Number of the one that was offered.
        offered: u64,
    },
    /// It takes no calls any more.
    #[error("the switch is stopping")]
    Stopping,
}

/// Some of the live calls, newest first.
#[derive(Clone, Debug, Default)]
pub struct LiveCallPage {
    /// The calls.
    pub items: Vec<LiveCall>,
    /// How many calls are up in all.
    pub total: u64,
}

/// How far a live call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveCallState {
    /// Hunting for a carrier, or waiting for its first sign of life.
    Trying,
    /// The called party is alerted.
    Ringing,
    /// Both sides are connected.
    Answered,
    /// One side has gone; the other is being told.
    Releasing,
}

/// One live call.
#[derive(Clone, Debug)]
pub struct LiveCall {
    /// Identifier, the same as in its record later.
    pub id: CallId,
    /// How far it has come.
    pub state: LiveCallState,
    /// Who pays.
    pub customer: Option<ResourceRef>,
    /// Carrier of the present attempt.
    pub carrier: Option<ResourceRef>,
    /// As received.
    pub calling_number: Arc<str>,
    /// After translation.
    pub called_number: Arc<str>,
    /// Destination's name on the customer's card.
    pub destination: Option<Arc<str>>,
    /// INVITE received.
    pub received_at: Timestamp,
    /// 2xx sent to the customer.
    pub answered_at: Option<Timestamp>,
    /// How many attempts were begun.
    pub attempts: u16,
    /// Where the INVITE came from.
    pub ingress_source: SocketAddr,
    /// Gateway of the present attempt.
    pub egress_gateway: Option<SocketAddr>,
    /// The suites of SRTP by which media with the customer and with the carrier is encrypted; `None` in the
    /// clear, or when the switch agreed on no keys.
    pub encryption: [Option<&'static str>; 2],
}

/// One live call with its media.
#[derive(Clone, Debug)]
pub struct WatchedCall {
    /// As in lists.
    pub call: LiveCall,
    /// What the relay has counted so far; `None` while nothing is relayed.
    pub media: Option<MediaStatistics>,
}

/// Counters of the whole node. All but `calls_now` only ever grow while the process lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SwitchSample {
    /// Calls that are up.
    pub calls_now: u64,
    /// Of these, calls that wait until they are due by their customer's calls per second.
    pub calls_held: u64,
    /// Counters of limits that have said something else than the calls for a minute: none, unless
    /// there is a fault.
    pub channels_drifted: u64,
    /// Calls refused because their customer had too little money left.
    pub calls_without_credit: u64,
    /// Calls hung up because what their customer may spend was used up.
    pub calls_cut: u64,
    /// Accounts whose calls were posted with something else than they were charged, for some minutes:
    /// none, unless there is a fault.
    pub accounts_drifted: u64,
    /// New calls received (INVITE that made a call), whatever became of them.
    pub calls_received: u64,
    /// Egress attempts begun.
    pub attempts: u64,
    /// Calls answered.
    pub answered: u64,
    /// Calls that ended unanswered after at least one attempt: cancelled or failed.
    pub failed: u64,
    /// Calls refused before any attempt.
    pub rejected: u64,
    /// Charged to customers for ended calls, in USD.
    pub revenue: Amount,
    /// Charged by carriers for the same calls, in USD.
    pub cost: Amount,
    /// SIP messages.
    pub sip: SipCounters,
    /// What was kept out.
    pub defence: DefenceCounters,
    /// What is remembered of messages.
    pub trace: TraceFigures,
    /// Lookups of host names of gateways.
    pub names: NameFigures,
    /// How relayed media was.
    pub media: MediaFigures,
    /// What SIP proxies have relayed; `None` when they may not ask.
    pub ng: Option<NgFigures>,
}

/// Requests of SIP proxies that use the relay alone (rtpengine's ng protocol).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NgFigures {
    /// Calls that are relayed now.
    pub calls: u64,
    /// Offers that were carried out.
    pub offers: u64,
    /// Answers that were carried out.
    pub answers: u64,
    /// Calls that were deleted.
    pub deletions: u64,
    /// Requests that were answered by an error.
    pub errors: u64,
    /// Requests that came again and got the same reply.
    pub repeated: u64,
    /// Datagrams that are no request.
    pub malformed: u64,
    /// Datagrams of those who may not ask.
    pub foreign: u64,
    /// Calls that ended because nobody sent media.
    pub silent: u64,
    /// Calls that ended because they had lasted as long as a call may.
    pub expired: u64,
}

/// How the relayed media of ended calls was; each direction of a call counts by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaFigures {
    /// Mean opinion scores by the E-model, in hundredths.
    pub mos_hundredths: Histogram<{ Self::MOS_HUNDREDTHS.len() }>,
    /// Mean jitter of a call.
    pub jitter_us: Histogram<{ Self::JITTER_US.len() }>,
    /// Packets lost of those expected, in 1/10,000.
    pub lost_permyriad: Histogram<{ Self::LOST_PERMYRIAD.len() }>,
    /// Answered calls of which one side was never heard
    /// ([`not_heard`](rating::cdr::MediaStatistics::not_heard)).
    pub not_heard: u64,
    /// Sides of running calls that were found silent while the other spoke, for as long as their trunk says.
    pub one_way: u64,
    /// Datagrams of encrypted legs that were dropped.
    pub undecrypted: Undecrypted,
    /// Packets that could not be encrypted: their number was used.
    pub unencrypted: u64,
    /// Sockets that the relay has open now.
    pub sockets: u64,
    /// Sockets that it may have open.
    pub sockets_max: u64,
    /// Descriptions whose address would have led media back to where it was.
    pub loops_refused: u64,
}

/// Datagrams of legs with SRTP that were dropped, of calls that ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undecrypted {
    /// Not sealed by the key that was agreed on.
    pub forged: u64,
    /// They had come before, or may have.
    pub replayed: u64,
    /// Of more sources than a key may have.
    pub key_used_up: u64,
}

impl MediaFigures {
    /// Bounds of scores.
    pub const MOS_HUNDREDTHS: [u64; 7] = [200, 250, 300, 350, 400, 420, 440];
    /// Bounds of jitter, microseconds.
    pub const JITTER_US: [u64; 7] = [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];
    /// Bounds of loss, 1/10,000.
    pub const LOST_PERMYRIAD: [u64; 7] = [0, 10, 50, 100, 200, 500, 1_000];
}

/// Counts by class. A class holds what is above the bound of the class before, and not above its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Histogram<const N: usize> {
    /// By class.
    pub within: [u64; N],
    /// Above the last bound.
    pub above: u64,
    /// Of all values.
    pub sum: u64,
}

impl<const N: usize> Default for Histogram<N> {
    fn default() -> Self {
        Self {
            within: [0; N],
            above: 0,
            sum: 0,
        }
    }
}

/// Lookups of host names of gateways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NameFigures {
    /// Lookups that brought addresses.
    pub resolved: u64,
    /// Lookups that brought none.
    pub failed: u64,
    /// Gateways that calls passed over because their name led nowhere.
    pub passed_over: u64,
}

/// What came in from and went out to the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SipCounters {
    /// Requests and responses received and understood.
    pub messages_received: u64,
    /// Requests and responses sent.
    pub messages_sent: u64,
    /// Bytes that were no SIP message.
    pub malformed: u64,
    /// Calls from an address that no trunk knows.
    pub unknown_source: u64,
    /// Messages dropped because a queue was full.
    pub dropped: u64,
}

/// A source that is not heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// The address; of IPv6 its /64 network.
    pub source: IpAddr,
    /// When it began.
    pub since: Timestamp,
    /// When it ends by itself.
    pub until: Timestamp,
    /// Why.
    pub reason: BanReason,
    /// What the operator wrote.
    pub note: Option<String>,
}

/// Why a source is not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BanReason {
    /// An operator said so.
    Operator,
    /// It belongs to nobody and sent too much, or as a scanner.
    Flood,
}

/// Read or sent, as seen from the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceDirection {
    /// The switch received it.
    Received,
    /// The switch sent it.
    Sent,
}

/// One SIP message as it was on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceMessage {
    /// When.
    pub at: Timestamp,
    /// Which way.
    pub direction: TraceDirection,
    /// Over what.
    pub transport: Transport,
    /// Our end, as peers know it.
    pub local: SocketAddr,
    /// The other end.
    pub remote: SocketAddr,
    /// Start line to end of body.
    pub bytes: Vec<u8>,
}

/// What is remembered of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceFigures {
    /// Calls whose messages are kept. Not a counter.
    pub calls_kept: u64,
    /// Messages sent to the Homer collector.
    pub homer_sent: u64,
    /// Messages that could not be sent there.
    pub homer_dropped: u64,
}

/// What was kept out, and what for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DefenceCounters {
    /// Messages beyond the rate of their source, or of all unknown sources.
    pub limited: u64,
    /// Messages and connections of banned sources.
    pub banned: u64,
    /// Messages of scanners, by their own name.
    pub scanners: u64,
    /// New calls refused unseen because a shard was too far behind.
    pub shed: u64,
    /// New calls refused without a record: no room to know them again, or no journal.
    pub unrecorded: u64,
    /// How far the slowest shard is behind, microseconds. Not a counter.
    pub lag_us: u64,
    /// Shards that refuse new calls for it. Not a counter.
    pub shards_shedding: u64,
    /// Bans. Not a counter.
    pub bans: u64,
    /// Connections refused: too many, or of a banned source.
    pub connections_refused: u64,
    /// Connections closed because they were too slow.
    pub connections_stalled: u64,
    /// Connections closed because what came was no SIP.
    pub connections_malformed: u64,
}

/// The state of the node.
#[derive(Clone, Debug)]
pub struct SwitchStatus {
    /// Its name.
    pub node: Arc<str>,
    /// When the process started.
    pub started_at: Timestamp,
    /// Whether it waits for its calls to end and takes no new ones.
    pub draining: bool,
    /// `None`: the journal takes records. Otherwise why it does not.
    pub journal_trouble: Option<String>,
    /// Where SIP is listened for.
    pub listeners: Vec<ListenerStatus>,
    /// One entry for each shard.
    pub shards: Vec<ShardStatus>,
}

/// One SIP listener.
#[derive(Clone, Copy, Debug)]
pub struct ListenerStatus {
    /// Its transport.
    pub transport: Transport,
    /// Where it is bound.
    pub address: SocketAddr,
    /// As peers see it.
    pub advertised: SocketAddr,
}

/// One shard.
#[derive(Clone, Copy, Debug)]
pub struct ShardStatus {
    /// Its number, from 0.
    pub shard: u16,
    /// Calls it owns now.
    pub calls: u64,
}
