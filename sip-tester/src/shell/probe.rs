//! One test call, or one OPTIONS, and everything worth knowing about it.

mod report;

pub use report::ProbeReport;

use super::driver::{Driver, Setup, Task};
use super::{ShellError, advice};
use crate::UserAgent;
use crate::agent::{AgentConfig, CallRequest};
use crate::expectation::Expectation;
use crate::plan::{Codec, UacPlan};
use crate::random::Span;
use crate::rtp::Sound;
use sip_core::uri::{Scheme, Uri};
use sip_core::{Duration, Instant};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::Arc;

const DEFAULT_PORT: u16 = 5060;

/// What is placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// A call with audio.
    #[default]
    Call,
    /// OPTIONS: is the other side there?
    Options,
}

/// How to probe.
#[derive(Clone, Debug)]
pub struct ProbeOptions {
    /// Call or OPTIONS.
    pub kind: ProbeKind,
    /// Our address. Default: the one that the system takes towards the target, and any port.
    pub bind: Option<SocketAddr>,
    /// User part of From. Default `1000`.
    pub calling_number: String,
    /// How long to talk after the answer. Default 3 s.
    pub talk: Duration,
    /// CANCEL after so long without an answer. Default 30 s.
    pub ring_timeout: Duration,
    /// Codecs to offer, in order.
    pub codecs: Vec<Codec>,
    /// What makes the probe a success. Default: answered and ended properly.
    pub expectation: Expectation,
    /// Tags and the like follow from it. Vary it: a peer may remember the Call-ID of the last
    /// probe with the same seed.
    pub seed: u64,
}

impl Default for ProbeOptions {
    fn default() -> Self {
        Self {
            kind: ProbeKind::Call,
            bind: None,
            calling_number: "1000".to_owned(),
            talk: Duration::from_secs(3),
            ring_timeout: Duration::from_secs(30),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            expectation: Expectation::default(),
            seed: 1,
        }
    }
}

/// Why a probe gave no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The target is no URI that can be probed.
    #[error("{uri:?} is no target: write sip:NUMBER@HOST or sip:NUMBER@HOST:PORT")]
    Uri {
        /// As given.
        uri: String,
    },
    /// A transport other than UDP.
    #[error("{uri:?} asks for a transport that the probe does not speak; it speaks UDP")]
    Transport {
        /// As given.
        uri: String,
    },
    /// The name has no address.
    #[error("the host {host:?} has no address; check the name or give an IP address")]
    Unresolved {
        /// As given.
        host: String,
        /// The system's answer, if it was an error.
        source: Option<io::Error>,
    },
    /// There is no way to the target.
    #[error("no route from this machine to {target}{}", advice(source))]
    NoRoute {
        /// The target.
        target: SocketAddr,
        /// The system's answer.
        source: io::Error,
    },
    /// The tester could not start.
    #[error(transparent)]
    Shell(#[from] ShellError),
}

/// Places one call (or OPTIONS) to a SIP URI over UDP and reports when it is over.
///
/// Blocks for the whole of it: at most the ring timeout, 64·T1 (32 s) for a peer that does not
/// even answer the CANCEL, the talk time, and 64·T1 for the BYE.
pub fn probe(uri: &str, options: &ProbeOptions) -> Result<ProbeReport, ProbeError> {
    let target = resolve(uri)?;
    let bind = match options.bind {
        Some(bind) => bind,
        None => address_towards(target)?,
    };
    let mut agent = AgentConfig::new(bind);
    agent.max_calls = 1;
    // Whoever calls the probe back is refused.
    agent.uas.scripts.clear();
    let sound = (options.kind == ProbeKind::Call).then_some(Sound::Tone);
    let setup = Setup {
        agent,
        peer: Some(target),
        sound,
        seed: options.seed,
    };
    let task = Probing {
        kind: options.kind,
        request: request(uri, target, options),
        is_placed: false,
    };
    let driver = Driver::bind(setup, task)?;
    let (local, shared) = (driver.address(), driver.shared());
    driver.run();
    let finished = shared.take_finished().pop();
    Ok(ProbeReport::new(uri, options, target, local, finished))
}

fn request(uri: &str, target: SocketAddr, options: &ProbeOptions) -> CallRequest {
    let plan = UacPlan {
        codecs: options.codecs.clone(),
        ring_timeout: options.ring_timeout,
        talk: Span::Fixed(options.talk),
        ..UacPlan::default()
    };
    CallRequest {
        target,
        request_uri: uri.to_owned(),
        calling_number: options.calling_number.clone(),
        plan: Arc::new(plan),
    }
}

fn resolve(text: &str) -> Result<SocketAddr, ProbeError> {
    let unusable = || ProbeError::Uri {
        uri: text.to_owned(),
    };
    let uri = Uri::parse(text).map_err(|_| unusable())?;
    if uri.scheme == Scheme::Sips {
        return Err(ProbeError::Transport {
            uri: text.to_owned(),
        });
    }
    if uri.scheme != Scheme::Sip {
        return Err(unusable());
    }
    let transport = uri.params.get("transport").unwrap_or("udp");
    if !transport.eq_ignore_ascii_case("udp") {
        return Err(ProbeError::Transport {
            uri: text.to_owned(),
        });
    }
    let port = uri.port.unwrap_or(DEFAULT_PORT);
    if let Some(ip) = uri.ip() {
        return Ok(SocketAddr::new(ip, port));
    }
    let unresolved = |source| ProbeError::Unresolved {
        host: uri.host.to_owned(),
        source,
    };
    let mut addresses = (uri.host, port)
        .to_socket_addrs()
        .map_err(|error| unresolved(Some(error)))?;
    addresses.next().ok_or_else(|| unresolved(None))
}

/// Our address on the way to `target`. Connecting a UDP socket sends nothing.
fn address_towards(target: SocketAddr) -> Result<SocketAddr, ProbeError> {
    let any = if target.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let local = UdpSocket::bind(any)
        .and_then(|socket| socket.connect(target).and_then(|()| socket.local_addr()))
        .map_err(|source| ProbeError::NoRoute { target, source })?;
    Ok(SocketAddr::new(local.ip(), 0))
}

struct Probing {
    kind: ProbeKind,
    request: CallRequest,
    is_placed: bool,
}

impl Task for Probing {
    fn run(&mut self, now: Instant, agent: &mut UserAgent) -> Option<Instant> {
        if !std::mem::replace(&mut self.is_placed, true) {
            // A fresh agent has room for its one call; if not, the report says that none was made.
            let _ = match self.kind {
                ProbeKind::Call => agent.place_call(now, &self.request),
                ProbeKind::Options => agent.ping(now, &self.request),
            };
        }
        None
    }

    fn is_finished(&self, agent: &UserAgent) -> bool {
        self.is_placed && agent.is_idle()
    }
}
