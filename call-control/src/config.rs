//! What an engine is told once, when it starts: identity, listeners, limits.

use crate::setups::Setups;
use rating::Timestamp;
use sip_core::digest::Algorithm;
use sip_core::ticket::TicketKey;
use sip_core::transaction::{Timings, Transport};
use sip_core::{Duration, Instant};
use std::net::SocketAddr;
use std::sync::Arc;

/// The most attempts that a call may make, whatever [`EngineLimits::max_attempts`] says.
pub const ATTEMPTS_CAP: usize = 16;

/// The two clocks, read together by the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Monotonic: drives every timer and every duration.
    pub instant: Instant,
    /// Wall clock: read once a call, for its record.
    pub wall: Timestamp,
}

/// A local address on which the shell receives and sends.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Datagrams or a stream.
    pub transport: Transport,
    /// The address that it is bound to; tells which destinations (IPv4, IPv6) it can reach.
    pub bind: SocketAddr,
    /// Host that the other side must use to reach it, written in Via and Contact. An IPv6 address
    /// is in brackets.
    pub advertised_host: Arc<str>,
    /// Port that the other side must use.
    pub advertised_port: u16,
}

/// Bounds of one engine. Reaching one is a designed answer, never a growing table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineLimits {
    /// Calls at once, from the INVITE to the last leg's end. Beyond: 503. A call takes less than
    /// 4 KiB.
    pub max_calls: u32,
    /// SIP transactions at once. Beyond: 503 to a new call, silence for what has no state. A call
    /// makes four, and each is remembered for up to 32 s after its end.
    pub max_transactions: u32,
    /// Egress attempts of one call, 1 to [`ATTEMPTS_CAP`].
    pub max_attempts: u16,
    /// Addresses behind the name of one gateway that a call tries while another gateway or route is
    /// left. At the last one it may try all.
    pub max_addresses: u8,
    /// Replies a second to one source address that belongs to nobody (403, 200 to OPTIONS);
    /// beyond, silence. As many challenges beside them (401).
    pub unknown_source_replies_per_s: u32,
    /// Replies a second to all such addresses together, challenges not counted.
    pub unknown_replies_total_per_s: u32,
    /// Challenges a second to all such addresses together.
    pub unknown_challenges_total_per_s: u32,
    /// Records a second of calls from sources that belong to nobody.
    pub unknown_source_records_per_s: u32,
    /// Calls with the same calling and called number in setup at once, on all shards; one more is
    /// a call that came back, and gets 482. 0: not looked at.
    pub max_same_setups: u32,
    /// Calls that wait at once until they are due by their customer's calls per second. Beyond: who
    /// would have to wait is refused.
    pub max_held_calls: u32,
    /// What a message may be. Beyond: 400, or 513 when it is too long.
    pub message: sip_core::Limits,
    /// Records a second of customers' calls that are refused because the table of transactions is
    /// full. Beyond, they are counted only.
    pub stateless_records_per_s: u32,
}

impl Default for EngineLimits {
    fn default() -> Self {
        Self {
            max_calls: 20_000,
            max_transactions: 200_000,
            max_attempts: 8,
            max_addresses: 3,
            unknown_source_replies_per_s: 2,
            unknown_replies_total_per_s: 200,
            unknown_challenges_total_per_s: 2_000,
            unknown_source_records_per_s: 10,
            max_same_setups: 20,
            max_held_calls: 1_000,
            message: sip_core::Limits::DEFAULT,
            stateless_records_per_s: 100,
        }
    }
}

/// How calls that must show a user name and password are challenged (RFC 8760).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestPolicy {
    /// Who asks, as people see it.
    pub realm: Arc<str>,
    /// What is offered, the strongest first. Credentials of another are not taken.
    pub algorithms: Vec<Algorithm>,
    /// How long a nonce is good for; then a client is told that only it was too old.
    pub nonce_lifetime: Duration,
}

impl Default for DigestPolicy {
    fn default() -> Self {
        Self {
            realm: "didtron".into(),
            algorithms: vec![Algorithm::Sha256, Algorithm::Md5],
            nonce_lifetime: Duration::from_secs(300),
        }
    }
}

/// Everything that an engine needs to know about itself.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Name of the node (POP), for records.
    pub node: Arc<str>,
    /// This shard's number, written into every tag and branch.
    pub shard: u16,
    /// Signs the tags and branches. The same in all shards of a node.
    pub ticket_key: TicketKey,
    /// Where messages come from and go to; a [`Path`](sip_core::transaction::Path) counts in this
    /// list.
    pub listeners: Vec<Listener>,
    /// Written in User-Agent and Server; nothing of the other leg's is ever passed on.
    pub user_agent: Arc<str>,
    /// How callers are challenged.
    pub digest: DigestPolicy,
    /// The calls in setup of all shards, to see those that come back.
    pub setups: Arc<Setups>,
    /// Bounds.
    pub limits: EngineLimits,
    /// Whether this engine asks the gateways of carriers by OPTIONS whether they are there, and keeps
    /// the registrations with carriers: one of a node does.
    pub watches_carriers: bool,
    /// T1, T2 and T4 of RFC 3261.
    pub timings: Timings,
    /// Longest time from the answer to the end; `None` for no limit.
    pub max_call_duration: Option<Duration>,
}
