//! Who takes the requests.

use crate::answers;
use crate::bencode::Value;
use crate::calls::{Call, Calls, Said};
use crate::description::{permitted, relayed_stream};
use crate::replies::Replies;
use crate::request::{self, Refusal, Request, Verb};
use media_relay::{MediaStatistics, ReadyPair, RemoteMedia, SessionId, Side};
use sip_core::Sdp;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Calls that `list` names unless it is told otherwise, as rtpengine.
const LIST_USUAL: usize = 32;
/// Calls that `list` names at most: a reply is one datagram.
const LIST_MAX: usize = 50;
/// A datagram has no more (RFC 768 and IPv4's header).
const REPLY_BYTES_MAX: usize = 65_507;
/// Bytes of a description that is passed on: it fits into a reply, whatever else that has.
const SDP_BYTES_MAX: usize = REPLY_BYTES_MAX - 1_024;

/// What relays the calls.
pub trait Relay {
    /// Ports for a call; `None` when none is free. What is taken is stopped in the end.
    fn take(&mut self) -> Option<ReadyPair>;
    /// Whether media may be sent to `address`.
    fn may_send_to(&self, address: IpAddr) -> bool;
    /// Begins to relay between ingress and egress.
    fn start(&mut self, session: SessionId, plan: Plan);
    /// Changes what is told of a session.
    fn update(&mut self, session: SessionId, plan: Plan);
    /// Ends a session.
    fn stop(&mut self, session: SessionId);
    /// What has been counted of a session.
    fn statistics(&self, session: SessionId) -> Option<MediaStatistics>;
}

/// What the relay is told of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where the ingress and the egress side receive.
    pub remotes: [Option<RemoteMedia>; 2],
    /// Both have said where, and neither holds: a call in which nobody is heard is over. One that rings or is
    /// held may be silent for longer.
    pub talks: bool,
}

/// What is kept at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls at once. An offer of one more is refused.
    pub calls: usize,
    /// How long a call lasts at most from its first offer, lest one whose deletion was lost stays for ever.
    pub duration: Duration,
}

/// What has been asked and what became of it, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
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
    /// Datagrams that are no request: not answered.
    pub malformed: u64,
    /// Calls that ended because nobody sent media.
    pub silent: u64,
    /// Calls that ended because they had lasted as long as a call may.
    pub expired: u64,
}

/// The calls of all clients.
#[derive(Debug)]
pub struct Desk {
    limits: Limits,
    /// When the times that it is given began, in seconds since 1970.
    origin_unix_s: u64,
    calls: Calls,
    replies: Replies,
    counters: Counters,
    is_draining: bool,
    /// Taken for an offer that has not been carried out yet.
    pending: Option<SessionId>,
}

/// What a request is answered by, besides the result.
type Answer<'a> = Result<Vec<(&'a str, Value<'a>)>, Refusal>;

impl Desk {
    /// Without calls.
    pub fn new(limits: Limits, origin_unix_s: u64) -> Self {
        Self {
            limits,
            origin_unix_s,
            calls: Calls::default(),
            replies: Replies::default(),
            counters: Counters::default(),
            is_draining: false,
            pending: None,
        }
    }

    /// Calls that are relayed now.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// What has been asked so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Carries out what a datagram of `client` asks for. The reply; `None` when there is nobody to answer.
    /// What comes again gets the reply that it got, and nothing is done twice.
    pub fn take(
        &mut self,
        client: SocketAddr,
        datagram: &[u8],
        now: Duration,
        relay: &mut impl Relay,
    ) -> Option<Vec<u8>> {
        let Some((cookie, body)) = request::split(datagram) else {
            self.counters.malformed += 1;
            return None;
        };
        if let Some(reply) = self.replies.find(client, cookie, now) {
            self.counters.repeated += 1;
            return Some(reply.to_vec());
        }
        let answer = Request::read(body).and_then(|request| {
            let fields = self.carry_out(&request, now, relay)?;
            Ok(reply(cookie, fields))
        });
        self.settle(relay);
        let reply = answer.unwrap_or_else(|refusal| {
            self.counters.errors += 1;
            error(cookie, refusal)
        });
        self.replies.keep(client, cookie, &reply, now);
        Some(reply)
    }

    /// Nobody sends media in a session any more: its call is over.
    pub fn fell_silent(&mut self, session: SessionId, relay: &mut impl Relay) {
        if self.calls.remove_session(session).is_some() {
            self.counters.silent += 1;
            relay.stop(session);
        }
    }

    /// Takes no new calls from now on; those that are relayed go on.
    pub fn drain(&mut self) {
        self.is_draining = true;
    }

    /// Ends calls that have lasted as long as a call may.
    pub fn expire(&mut self, now: Duration, relay: &mut impl Relay) {
        let Some(before) = now.checked_sub(self.limits.duration) else {
            return;
        };
        for session in self.calls.since(before) {
            self.calls.remove_session(session);
            self.counters.expired += 1;
            relay.stop(session);
        }
    }

    /// Gives ports back whose offer was refused. To be called after a panic too.
    pub fn settle(&mut self, relay: &mut impl Relay) {
        if let Some(session) = self.pending.take() {
            relay.stop(session);
        }
    }

    fn carry_out(
        &mut self,
        request: &Request<'_>,
        now: Duration,
        relay: &mut impl Relay,
    ) -> Answer<'static> {
        match request.verb {
            Verb::Ping => Ok(vec![("result", Value::text("pong"))]),
            Verb::Offer => self.offer(request, now, relay),
            Verb::Answer => self.answer(request, now, relay),
            Verb::Delete => self.delete(request, relay),
            Verb::Query => {
                let call = self
                    .calls
                    .get(request.call_id()?)
                    .ok_or("Unknown call-id")?;
                Ok(ok(self.told(call, relay)))
            }
            Verb::List => {
                let limit = request.limit(LIST_USUAL)?.min(LIST_MAX);
                let names = self.calls.names(limit);
                let names = names.map(|name| Value::bytes(name.to_vec())).collect();
                Ok(ok(vec![("calls", Value::List(names))]))
            }
        }
    }

    fn offer(
        &mut self,
        request: &Request<'_>,
        now: Duration,
        relay: &mut impl Relay,
    ) -> Answer<'static> {
        let sdp = request.sdp()?;
        let (call_id, from) = (request.call_id()?, request.tag_from()?);
        let sdp = parsed(sdp, request)?;
        let known = self.calls.get(call_id);
        let (pair, side) = match known {
            Some(call) => (call.pair, call.offerer(from, request.tag_to().ok())?),
            None => (self.ports(relay)?, Side::Ingress),
        };
        // Refused before anything has changed: the proxy takes the call for what it was.
        let said = self.said(side, pair, &sdp, request, relay)?;
        let is_new = self.pending.take().is_some();
        if is_new {
            self.calls.add(call_id, Call::new(pair, from, now));
        }
        let call = self.calls.get_mut(call_id).ok_or("Unknown call-id")?;
        call.take(side, from, &said, now);
        match is_new {
            true => relay.start(pair.session, call.plan()),
            false => relay.update(pair.session, call.plan()),
        }
        self.counters.offers += 1;
        Ok(ok(vec![("sdp", Value::bytes(said.passed_on))]))
    }

    /// Ports for a new call, which [`Self::settle`] gives back unless it takes them.
    fn ports(&mut self, relay: &mut impl Relay) -> Result<ReadyPair, Refusal> {
        if self.is_draining {
            return Err("The relay is about to stop: no new calls");
        }
        if self.calls.len() >= self.limits.calls {
            return Err("Too many calls: `media.ng.calls_max` is reached");
        }
        let pair = relay.take().ok_or("Ran out of ports")?;
        self.pending = Some(pair.session);
        Ok(pair)
    }

    /// What a description says, if it can be carried out and told.
    fn said(
        &self,
        side: Side,
        pair: ReadyPair,
        sdp: &Sdp<'_>,
        request: &Request<'_>,
        relay: &impl Relay,
    ) -> Result<Said, Refusal> {
        let mut said = Said::by(side, pair, sdp, request);
        if said.passed_on.len() > SDP_BYTES_MAX {
            return Err("The SDP is too long: it would not fit into a reply");
        }
        if let Some(remote) = said.remote {
            let to = permitted(remote, pair, |address| relay.may_send_to(address));
            said.remote = Some(to.ok_or("The SDP names an address that no media is sent to")?);
        }
        Ok(said)
    }

    fn answer(
        &mut self,
        request: &Request<'_>,
        now: Duration,
        relay: &mut impl Relay,
    ) -> Answer<'static> {
        let sdp = request.sdp()?;
        let call_id = request.call_id()?;
        let (from, to) = (request.tag_from()?, request.tag_to()?);
        let sdp = parsed(sdp, request)?;
        let call = self.calls.get(call_id).ok_or("Unknown call-id")?;
        let (pair, side) = (call.pair, call.answerer(from, to)?);
        let said = self.said(side, pair, &sdp, request, relay)?;
        let call = self.calls.get_mut(call_id).ok_or("Unknown call-id")?;
        call.take(side, to, &said, now);
        relay.update(pair.session, call.plan());
        self.counters.answers += 1;
        Ok(ok(vec![("sdp", Value::bytes(said.passed_on))]))
    }

    fn delete(&mut self, request: &Request<'_>, relay: &mut impl Relay) -> Answer<'static> {
        let call_id = request.call_id()?;
        let tags = [request.tag_from().ok(), request.tag_to().ok()];
        let is_meant = |call: &Call| call.is_named_by(tags);
        if !self.calls.get(call_id).is_some_and(is_meant) {
            let warning = "Call-ID not found or tags didn't match";
            return Ok(ok(vec![("warning", Value::text(warning))]));
        }
        let call = self.calls.remove(call_id).ok_or("Unknown call-id")?;
        let told = self.told(&call, relay);
        relay.stop(call.pair.session);
        self.counters.deletions += 1;
        Ok(ok(told))
    }

    fn told(&self, call: &Call, relay: &impl Relay) -> Vec<(&'static str, Value<'static>)> {
        let statistics = relay.statistics(call.pair.session);
        answers::call(call, statistics.as_ref(), self.origin_unix_s)
    }
}

/// A description that can be passed on as it is: the relay neither encrypts nor decrypts for others.
fn parsed<'a>(sdp: &'a [u8], request: &Request<'_>) -> Result<Sdp<'a>, Refusal> {
    let sdp = Sdp::parse(sdp).map_err(|_| "Failed to parse SDP")?;
    let stream = relayed_stream(&sdp).and_then(|stream| sdp.media().get(stream));
    if let (Some(media), Some(transport)) = (stream, request.transport())
        && media.protocol.as_bytes() != transport
    {
        return Err("transport-protocol differs from the SDP's: media is passed on as it is");
    }
    Ok(sdp)
}

fn ok<'a>(mut fields: Vec<(&'a str, Value<'a>)>) -> Vec<(&'a str, Value<'a>)> {
    fields.push(("result", Value::text("ok")));
    fields
}

fn error(cookie: &[u8], refusal: Refusal) -> Vec<u8> {
    reply(
        cookie,
        vec![
            ("error-reason", Value::text(refusal)),
            ("result", Value::text("error")),
        ],
    )
}

fn reply(cookie: &[u8], fields: Vec<(&str, Value<'_>)>) -> Vec<u8> {
    let mut out = [cookie, b" "].concat();
    Value::dictionary(fields).write(&mut out);
    if out.len() <= REPLY_BYTES_MAX {
        return out;
    }
    error(cookie, "The reply does not fit into a datagram")
}
