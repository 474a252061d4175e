//! Calls whose media others have us relay.

use crate::description::{relayed_stream, remote_media};
use crate::desk::Plan;
use crate::request::{Refusal, Request};
use media_relay::{ReadyPair, RemoteMedia, SessionId, Side};
use sip_core::Sdp;
use sip_core::sdp::{Media, MediaPorts, Rewrite};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// What of a description is about ways that do not go through us (RFC 8839).
const ICE_LINES: [&[u8]; 4] = [
    b"a=candidate:",
    b"a=ice-",
    b"a=remote-candidates:",
    b"a=end-of-candidates",
];

/// One call: who offered is our ingress side, who answered our egress side, for good.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) pair: ReadyPair,
    /// Of who offered first, and of who answered last: of a call that forks, the latest answer counts.
    /// Empty: nobody yet.
    pub(crate) tags: [Vec<u8>; 2],
    pub(crate) remotes: [Option<RemoteMedia>; 2],
    multiplexes: [bool; 2],
    holds: [bool; 2],
    pub(crate) created: Duration,
    pub(crate) last_signal: Duration,
}

/// What a description says, and what the other side is told instead.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) remote: Option<RemoteMedia>,
    multiplexes: bool,
    holds: bool,
    pub(crate) passed_on: Vec<u8>,
}

/// All calls, by Call-ID.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    calls: BTreeMap<Vec<u8>, Call>,
    by_session: BTreeMap<SessionId, Vec<u8>>,
}

impl Calls {
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// The first so many Call-IDs.
    pub(crate) fn names(&self, limit: usize) -> impl Iterator<Item = &[u8]> {
        self.calls.keys().take(limit).map(Vec::as_slice)
    }

    pub(crate) fn get(&self, call_id: &[u8]) -> Option<&Call> {
        self.calls.get(call_id)
    }

    pub(crate) fn get_mut(&mut self, call_id: &[u8]) -> Option<&mut Call> {
        self.calls.get_mut(call_id)
    }

    pub(crate) fn add(&mut self, call_id: &[u8], call: Call) {
        self.by_session.insert(call.pair.session, call_id.to_vec());
        self.calls.insert(call_id.to_vec(), call);
    }

    pub(crate) fn remove(&mut self, call_id: &[u8]) -> Option<Call> {
        let call = self.calls.remove(call_id)?;
        self.by_session.remove(&call.pair.session);
        Some(call)
    }

    /// Sessions of calls that began at `before` or earlier.
    pub(crate) fn since(&self, before: Duration) -> Vec<SessionId> {
        let calls = self.calls.values();
        let old = calls.filter(|call| call.created <= before);
        old.map(|call| call.pair.session).collect()
    }

    /// The call that a session relays.
    pub(crate) fn remove_session(&mut self, session: SessionId) -> Option<Call> {
        let call_id = self.by_session.get(&session)?.clone();
        self.remove(&call_id)
    }
}

impl Call {
    pub(crate) fn new(pair: ReadyPair, offerer: &[u8], now: Duration) -> Self {
        Self {
            pair,
            tags: [offerer.to_vec(), Vec::new()],
            remotes: [None; 2],
            multiplexes: [false; 2],
            holds: [false; 2],
            created: now,
            last_signal: now,
        }
    }

    pub(crate) fn tag(&self, side: Side) -> &[u8] {
        &self.tags[side as usize]
    }

    fn side_of(&self, tag: &[u8]) -> Option<Side> {
        [Side::Ingress, Side::Egress]
            .into_iter()
            .find(|side| self.tag(*side) == tag)
    }

    /// Whose description an offer brings. A tag that is not known yet is of somebody who answers `to_tag`'s
    /// call and begins by an offer of his own.
    pub(crate) fn offerer(&self, from: &[u8], to: Option<&[u8]>) -> Result<Side, Refusal> {
        match self.side_of(from) {
            Some(side) => Ok(side),
            None if to.is_some_and(|to| to == self.tag(Side::Ingress)) => Ok(Side::Egress),
            None => Err("Another dialogue has this call-id"),
        }
    }

    /// Whose description an answer brings: `from` offered.
    pub(crate) fn answerer(&self, from: &[u8], to: &[u8]) -> Result<Side, Refusal> {
        match self.side_of(from) {
            Some(Side::Ingress) => Ok(Side::Egress),
            Some(Side::Egress) if to == self.tag(Side::Ingress) => Ok(Side::Ingress),
            _ => Err("Another dialogue has this call-id"),
        }
    }

    /// Whether a command that names these tags means this call.
    pub(crate) fn is_named_by(&self, tags: [Option<&[u8]>; 2]) -> bool {
        tags.into_iter()
            .flatten()
            .all(|tag| self.side_of(tag).is_some())
    }

    /// Takes what `side`, which has this tag, says.
    pub(crate) fn take(&mut self, side: Side, tag: &[u8], said: &Said, now: Duration) {
        if side == Side::Egress {
            self.tags[side as usize] = tag.to_vec();
        }
        self.remotes[side as usize] = said.remote;
        self.multiplexes[side as usize] = said.multiplexes;
        self.holds[side as usize] = said.holds;
        self.last_signal = now;
    }

    /// What the relay is told of both sides.
    pub(crate) fn plan(&self) -> Plan {
        let mux = self.multiplexes == [true; 2];
        let talks = self.remotes.iter().all(Option::is_some) && self.holds == [false; 2];
        Plan {
            remotes: self
                .remotes
                .map(|remote| remote.map(|remote| RemoteMedia { mux, ..remote })),
            talks,
        }
    }

    /// Where `side` sends its media.
    pub(crate) fn local(&self, side: Side) -> SocketAddr {
        local(self.pair, side)
    }
}

/// Where `side` of a session sends its media.
pub(crate) fn local(pair: ReadyPair, side: Side) -> SocketAddr {
    match side {
        Side::Ingress => pair.ingress_rtp,
        Side::Egress => pair.egress_rtp,
    }
}

impl Said {
    /// Reads the description of `side`.
    pub(crate) fn by(side: Side, pair: ReadyPair, sdp: &Sdp<'_>, request: &Request<'_>) -> Self {
        let stream = relayed_stream(sdp);
        let media = stream.and_then(|stream| sdp.media().get(stream));
        let mut remote = media.and_then(remote_media);
        if let (Some(remote), Some(ip)) = (&mut remote, request.source_address()) {
            remote.rtp.set_ip(ip);
            remote.rtcp.iter_mut().for_each(|rtcp| rtcp.set_ip(ip));
        }
        Self {
            remote,
            multiplexes: media.is_some_and(Media::has_rtcp_mux),
            holds: media.is_none_or(Media::is_hold),
            // What this side sends comes out of the other side's ports.
            passed_on: rewritten(sdp, stream, local(pair, side.other())),
        }
    }
}

/// The description with our address in place of its writer's. Streams that are not relayed are declined.
fn rewritten(sdp: &Sdp<'_>, stream: Option<usize>, ours: SocketAddr) -> Vec<u8> {
    let relayed = MediaPorts {
        rtp: ours.port(),
        rtcp: ours.port() + 1,
    };
    let declined = MediaPorts { rtp: 0, rtcp: 9 };
    let mut ports = vec![declined; stream.unwrap_or(0)];
    ports.extend(stream.map(|_| relayed));
    let mut out = Vec::new();
    sdp.rewrite(
        &Rewrite {
            address: ours.ip(),
            media: &ports,
            origin: None,
        },
        &mut out,
    );
    let lines = out.split_inclusive(|byte| *byte == b'\n');
    let is_ice = |line: &&[u8]| ICE_LINES.iter().any(|start| line.starts_with(start));
    lines
        .filter(|line| !is_ice(line))
        .flatten()
        .copied()
        .collect()
}
