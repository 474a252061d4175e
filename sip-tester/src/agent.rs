//! A SIP user agent without I/O: many calls at once, placed and received by plan.

mod alarm;
mod call;
mod called;
mod caller;
mod dialog;
mod journal;
mod mid_call;
mod reason;
mod routing;
mod session;
mod summary;
mod transactions;
mod write;

pub use reason::reason_phrase;
pub use summary::{CallSummary, Counters, EndedBy, Outcome, Role};

use crate::plan::{Codec, UacPlan, UasPlan};
use crate::random::Random;
use alarm::{Alarm, Alarms};
use call::{Call, Phase};
use serde::Serialize;
use sip_core::limits::Limits;
use sip_core::message::Message;
use sip_core::transaction::Timings;
use sip_core::{Duration, Instant};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use transactions::{Expired, Transactions};

/// Longest that a call may last, whatever the plan and the other side do.
pub const MAX_CALL_TIME: Duration = Duration::from_secs(4 * 3_600);
/// Longest that a call may ring at the called side; more than the caller's Timer C of 3 min.
pub const MAX_RING_TIME: Duration = Duration::from_secs(300);

/// Names a call of one agent. Never used again by that agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CallHandle(pub u64);

/// How an agent is set up.
#[derive(Clone, Debug)]
pub struct AgentConfig {
    /// Where it sends from and is reached, UDP. Not an unspecified address: peers must be able to
    /// answer it.
    pub address: SocketAddr,
    /// What it does with calls it receives.
    pub uas: UasPlan,
    /// Calls at once, ringing ones included. An INVITE beyond is answered 503. Default 1,000.
    pub max_calls: usize,
    /// Keeps every message of each call for its summary. Default true; costs a few kilobytes and
    /// microseconds a call.
    pub records_ladders: bool,
    /// User-Agent and Server. Default `didtron-tester`.
    pub user_agent: String,
    /// T1, T2 and T4. Default: those of RFC 3261.
    pub timings: Timings,
}

impl AgentConfig {
    /// The defaults at an address, answering calls by the default plan.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            uas: UasPlan::default(),
            max_calls: 1_000,
            records_ladders: true,
            user_agent: "didtron-tester".to_owned(),
            timings: Timings::default(),
        }
    }
}

/// A call to place.
#[derive(Clone, Debug)]
pub struct CallRequest {
    /// Where the INVITE is sent.
    pub target: SocketAddr,
    /// Request-URI and To.
    pub request_uri: String,
    /// User part of From; the host part is the agent's address.
    pub calling_number: String,
    /// What to do.
    pub plan: Arc<UacPlan>,
}

impl CallRequest {
    /// A call to a number at `target`.
    pub fn new(target: SocketAddr, calling: &str, called: &str, plan: Arc<UacPlan>) -> Self {
        Self {
            target,
            request_uri: format!("sip:{called}@{target}"),
            calling_number: calling.to_owned(),
            plan,
        }
    }
}

/// Why a call was not placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// [`AgentConfig::max_calls`] are active.
    #[error("the agent has its {0} calls; wait for one to end or raise max_calls")]
    TooManyCalls(usize),
    /// The stock of [`UserAgent::add_media_address`] is used up.
    #[error("no address for the call's RTP is left; add one to the agent")]
    NoMediaAddress,
}

/// Where the RTP of a call goes. Also tells of a change in the middle of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaChange {
    /// Our address.
    pub local: SocketAddr,
    /// What to send.
    pub codec: Codec,
    /// Where to send it; `None` while one side is on hold.
    pub send_to: Option<SocketAddr>,
}

/// Something that the agent's driver may want to know.
#[derive(Clone, Debug)]
pub enum Event {
    /// A new INVITE came and its script has begun.
    Received {
        /// The call.
        call: CallHandle,
    },
    /// RTP of a call starts or changes.
    Media {
        /// The call.
        call: CallHandle,
        /// How.
        change: MediaChange,
    },
    /// RTP of a call stops; its address is back in the stock.
    MediaStopped {
        /// The call.
        call: CallHandle,
    },
    /// A 2xx was sent or received.
    Answered {
        /// The call.
        call: CallHandle,
    },
    /// The call is over and will not be mentioned again.
    Ended(Box<CallSummary>),
}

/// The agent. This object performs no I/O whatsoever.
///
/// Its methods come in four groups:
/// - *commands*: [`place_call`](Self::place_call), [`ping`](Self::ping),
///   [`hang_up`](Self::hang_up), [`shut_down`](Self::shut_down);
/// - *what happened*: [`handle_datagram`](Self::handle_datagram),
///   [`handle_unreachable`](Self::handle_unreachable),
///   [`handle_timeout`](Self::handle_timeout);
/// - *what to do*: [`poll_transmit`](Self::poll_transmit), then [`poll_event`](Self::poll_event),
///   then [`poll_timeout`](Self::poll_timeout);
/// - *looking*: [`counters`](Self::counters) and the like.
///
/// **After every command and every `handle_` call, poll transmits and events until `None`**, then
/// wait for the timeout or a datagram. `now` never goes back.
///
/// An agent takes part in a Call-ID once: it cannot call itself.
#[derive(Debug)]
pub struct UserAgent {
    config: AgentConfig,
    random: Random,
    transactions: Transactions,
    calls: BTreeMap<CallHandle, Call>,
    by_call_id: HashMap<String, CallHandle>,
    alarms: Alarms<CallHandle, Alarm>,
    events: VecDeque<Event>,
    media_stock: VecDeque<SocketAddr>,
    /// Hand out `media_stock.front()` to everybody: nobody sends RTP.
    shares_media_address: bool,
    counters: Counters,
    last_handle: u64,
    /// The latest `now`; when a polled message leaves.
    now: Instant,
    is_shutting_down: bool,
}

impl UserAgent {
    /// An agent whose tags, branches and draws follow from `seed`.
    ///
    /// Until [`add_media_address`](Self::add_media_address) is called, every call's description
    /// names port 9 (discard) of the agent's own address: signalling only.
    pub fn new(config: AgentConfig, seed: u64) -> Self {
        let discard = SocketAddr::new(config.address.ip(), 9);
        Self {
            random: Random::new(seed),
            transactions: Transactions::new(config.timings),
            calls: BTreeMap::new(),
            by_call_id: HashMap::new(),
            alarms: Alarms::new(),
            events: VecDeque::new(),
            media_stock: VecDeque::from([discard]),
            shares_media_address: true,
            counters: Counters::default(),
            last_handle: 0,
            now: Instant::ZERO,
            is_shutting_down: false,
            config,
        }
    }

    /// Adds an address to the stock. From the first one on, each call has one for itself.
    pub fn add_media_address(&mut self, address: SocketAddr) {
        if self.shares_media_address {
            self.media_stock.clear();
            self.shares_media_address = false;
        }
        self.media_stock.push_back(address);
    }

    /// Addresses that no call uses.
    pub fn free_media_addresses(&self) -> usize {
        self.media_stock.len()
    }

    /// Ends every call, by BYE, CANCEL or a refusal, and refuses new ones with 503.
    pub fn shut_down(&mut self, now: Instant) {
        self.is_shutting_down = true;
        let calls: Vec<_> = self.calls.keys().copied().collect();
        for call in calls {
            self.hang_up(now, call);
        }
    }

    /// Takes a received datagram.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        from: SocketAddr,
        to: SocketAddr,
        bytes: &[u8],
    ) {
        self.now = now;
        // Line ends alone keep a NAT binding open (RFC 5626 §3.5.1) and are no message.
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            return;
        }
        let Ok(message) = Message::parse(bytes, &Limits::DEFAULT) else {
            self.counters.malformed += 1;
            return;
        };
        self.record_received(from, to, &message);
        if message.is_request() {
            self.on_request(from, to, &message);
        } else {
            self.on_response(&message);
        }
        self.settle_expired();
    }

    /// What was polled for `remote` could not be sent, or nobody listens there.
    pub fn handle_unreachable(&mut self, now: Instant, remote: SocketAddr) {
        self.now = now;
        self.transactions.handle_unreachable(now, remote);
        self.settle_expired();
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        self.transactions.handle_timeout(now);
        self.settle_expired();
        while let Some((call, alarm)) = self.alarms.pop_due(now) {
            self.on_alarm(call, alarm);
        }
    }

    /// The next datagram to send, which replaces the content of `bytes`: (from, to).
    pub fn poll_transmit(&mut self, bytes: &mut Vec<u8>) -> Option<(SocketAddr, SocketAddr)> {
        let (remote, message) = self.transactions.poll_transmit()?;
        bytes.clear();
        bytes.extend_from_slice(&message);
        self.record_sent(remote, bytes);
        Some((self.config.address, remote))
    }

    /// What the driver may want to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.alarms.next(), self.transactions.next_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Counts since the start.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// No call is left, and the last one has been reported.
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty()
    }

    /// Transactions that have not ended. 0 once the last timer has fired, or something leaks.
    pub fn open_transactions(&self) -> usize {
        self.transactions.len()
    }

    /// How it is set up.
    pub fn config(&self) -> &AgentConfig {
        &self.config
    }

    /// The calls that are not over.
    pub fn active_calls(&self) -> impl Iterator<Item = CallHandle> {
        let active = self
            .calls
            .values()
            .filter(|call| !matches!(call.phase, Phase::Over(_)));
        active.map(|call| call.handle)
    }

    fn on_alarm(&mut self, call: CallHandle, alarm: Alarm) {
        match alarm {
            Alarm::Patience | Alarm::HangUp | Alarm::Expiry => self.hang_up(self.now, call),
            Alarm::MidCall => self.next_step(call),
            Alarm::Reply => self.next_reply(call),
            Alarm::AnswerAgain => self.answer_again(call),
            Alarm::AckMissing => self.give_up_on_ack(call),
            Alarm::Report => self.report(call),
        }
    }

    fn settle_expired(&mut self) {
        while let Some(expired) = self.transactions.poll_expired() {
            match expired {
                Expired::Unanswered(user) => self.on_unanswered(user, Outcome::TimedOut),
                Expired::Unreachable(user) => self.on_unanswered(user, Outcome::Unreachable),
                Expired::Unacknowledged(call) => {
                    self.finish(call, Outcome::AckMissing, None);
                }
            }
        }
    }

    fn take_media_address(&mut self) -> Option<SocketAddr> {
        if self.shares_media_address {
            return self.media_stock.front().copied();
        }
        self.media_stock.pop_front()
    }

    fn give_back_media_address(&mut self, address: SocketAddr) {
        if !self.shares_media_address {
            // To the back: an address rests as long as possible before its next call, so that
            // late packets of the last one do not reach it.
            self.media_stock.push_back(address);
        }
    }

    fn new_handle(&mut self) -> CallHandle {
        self.last_handle += 1;
        CallHandle(self.last_handle)
    }

    /// A token for tags and Call-IDs.
    fn token(&mut self) -> String {
        format!("{:016x}", self.random.next_u64())
    }

    fn branch(&mut self) -> String {
        format!(
            "{}{:016x}",
            sip_core::header::MAGIC_COOKIE,
            self.random.next_u64()
        )
    }
}
