//! One relayed session: what to forward, to whom, and what to count. No I/O.
//!
//! ```text
//! Session::new()
//! announce(side, Some(address), now)     what SDP says, whenever it says something
//! set_keys(Some(keys))                                       what is sealed (SRTP), and by what
//! pass(side, channel, source, bytes, now) -> Verdict         for each datagram: opened, measured, sealed
//! receive(side, channel, source, bytes, now) -> Verdict      the same without SRTP
//! set_watch(Some(watch), now), silent(now), one_way(now)      who is heard?
//! statistics(now)
//! ```
//!
//! `now` is the time since an origin that the caller chooses; it never goes back.

mod id;
mod leg;
mod reports;
mod sealed;
mod watch;

#[cfg(test)]
mod tests;

pub use id::SessionId;
pub use sealed::{LegKeys, MediaKeys};
pub use watch::Watch;

use crate::codec::{Codec, PayloadTypes};
use crate::rtcp::{self, Report};
use crate::rtp::{self, Header, Kind};
#[cfg(feature = "io")]
use crate::statistics::Counts;
use crate::statistics::MediaStatistics;
use leg::Leg;
use sealed::Ciphers;
use std::net::SocketAddr;
use std::time::Duration;
use watch::Watcher;

/// The two peers of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The customer.
    Ingress,
    /// The carrier.
    Egress,
}

/// The two ports of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The even port: RTP, and RTCP too where the peer multiplexes (RFC 5761).
    Rtp,
    /// The odd port: RTCP.
    Rtcp,
}

/// Where a peer receives media, from its SDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RemoteMedia {
    /// The `c=` address and the `m=` port.
    pub rtp: SocketAddr,
    /// The `a=rtcp` address (RFC 3605); the port after RTP's when `None`. Port 0: it gets no RTCP.
    pub rtcp: Option<SocketAddr>,
    /// Both sides agreed on `a=rtcp-mux`: RTCP comes and goes on the RTP port.
    pub mux: bool,
    /// What the payload types stand for that it wants to receive.
    pub payload_types: PayloadTypes,
}

/// What to do with a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Send it from the port `channel` of the leg `side` to `destination`.
    Forward {
        /// The other side than the one it came from.
        side: Side,
        /// The port it leaves by.
        channel: Channel,
        /// Where to.
        destination: SocketAddr,
    },
    /// Drop it; it has been counted.
    Drop,
}

/// The state of a session.
#[derive(Clone, Debug, Default)]
pub struct Session {
    ingress: Leg,
    egress: Leg,
    watcher: Option<Watcher>,
    /// Of a session of which a leg is sealed; few are.
    ciphers: Option<Box<Ciphers>>,
}

impl Side {
    /// The peer of the peer.
    pub fn other(self) -> Self {
        match self {
            Self::Ingress => Self::Egress,
            Self::Egress => Self::Ingress,
        }
    }
}

impl RemoteMedia {
    /// RTP at `rtp`, RTCP at the next port.
    pub fn new(rtp: SocketAddr) -> Self {
        Self {
            rtp,
            rtcp: None,
            mux: false,
            payload_types: PayloadTypes::default(),
        }
    }

    /// The same for a peer that gets no RTCP at a port of its own.
    #[must_use]
    pub fn without_rtcp(self) -> Self {
        Self {
            rtcp: Some(SocketAddr::new(self.rtp.ip(), 0)),
            ..self
        }
    }

    /// Where RTCP is sent to.
    #[cfg(feature = "io")]
    pub(crate) fn rtcp_destination(&self) -> SocketAddr {
        match self.mux {
            true => self.rtp,
            false => self.rtcp_address(),
        }
    }

    /// Where the peer receives RTCP when it does not multiplex. Port 65535 has no next port and
    /// stands for itself.
    fn rtcp_address(&self) -> SocketAddr {
        self.rtcp
            .unwrap_or_else(|| SocketAddr::new(self.rtp.ip(), self.rtp.port().saturating_add(1)))
    }
}

impl Session {
    /// A session of which nothing is known yet: it accepts and forwards nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what the SDP of `side` says; `None` when the peer wants no media for now (hold).
    ///
    /// The same address again changes nothing. Another address opens the lock, so that the peer's
    /// new source is learned; packets of its old source are still accepted for a moment.
    pub fn announce(&mut self, side: Side, remote: Option<RemoteMedia>, now: Duration) {
        self.leg_mut(side).announce(remote, now);
    }

    /// Decides about a datagram that arrived at the port `channel` of the leg `side`.
    pub fn receive(
        &mut self,
        side: Side,
        channel: Channel,
        source: SocketAddr,
        datagram: &[u8],
        now: Duration,
    ) -> Verdict {
        let leg = self.leg_mut(side);
        let kind = match channel {
            Channel::Rtp => rtp::at_rtp_port(datagram, leg.multiplexes()),
            Channel::Rtcp => rtp::at_rtcp_port(datagram),
        };
        let Some(kind) = kind else {
            leg.counts.invalid += 1;
            return Verdict::Drop;
        };
        if !leg.accepts(channel, source, now) {
            leg.counts.foreign += 1;
            return Verdict::Drop;
        }
        match kind {
            Kind::Rtp => self.take_rtp(side, datagram, now),
            Kind::Rtcp => self.take_rtcp(side, datagram, now),
        }
        self.forward(side, kind)
    }

    /// The latest packet received from `side` was to be forwarded, but the system did not take it.
    pub fn not_sent(&mut self, side: Side) {
        self.leg_mut(side).counts.undeliverable += 1;
    }

    /// Begins to watch who is heard, or stops. Watching already, it goes on.
    pub fn set_watch(&mut self, watch: Option<Watch>, now: Duration) {
        let counts = [&self.ingress.counts, &self.egress.counts];
        match (watch, &mut self.watcher) {
            (Some(watch), Some(watcher)) => watcher.change(watch, now),
            (Some(watch), none) => *none = Some(Watcher::new(watch, now, counts)),
            (None, watcher) => *watcher = None,
        }
    }

    /// How long no packet has been accepted from either peer, when the watch wants to know; told again
    /// after as long. Counted from when the watch began at the earliest.
    pub fn silent(&mut self, now: Duration) -> Option<Duration> {
        let counts = [&self.ingress.counts, &self.egress.counts];
        self.watcher.as_mut()?.inactive(now, counts)
    }

    /// The side that is not heard while the other speaks, when the watch wants to know: once for each
    /// such silence. To be asked some times a second.
    pub fn one_way(&mut self, now: Duration) -> Option<Side> {
        let counts = [&self.ingress.counts, &self.egress.counts];
        self.watcher.as_mut()?.one_way(now, counts)
    }

    /// What has been counted.
    pub fn statistics(&self, now: Duration) -> MediaStatistics {
        MediaStatistics {
            ingress: self.ingress.counts.statistics(now),
            egress: self.egress.counts.statistics(now),
        }
    }

    /// What has been counted of one peer.
    #[cfg(feature = "io")]
    pub(crate) fn counts(&self, side: Side) -> &Counts {
        &self.leg(side).counts
    }

    /// Whether what `source` sends to the port `channel` of `side` would change who is heard there.
    #[cfg(feature = "io")]
    pub(crate) fn would_turn(
        &self,
        side: Side,
        channel: Channel,
        source: SocketAddr,
        now: Duration,
    ) -> bool {
        self.leg(side).would_learn(channel, source, now)
    }

    /// Where the peer of `side` said that it receives at `channel`.
    #[cfg(feature = "io")]
    pub(crate) fn announced(&self, side: Side, channel: Channel) -> Option<SocketAddr> {
        self.leg(side).announced(channel)
    }

    /// A datagram of `side` is nobody's whom this session serves.
    #[cfg(feature = "io")]
    pub(crate) fn refuse(&mut self, side: Side) {
        self.leg_mut(side).counts.foreign += 1;
    }

    /// Whether RTP of `side` was learned to come from `source`.
    #[cfg(feature = "io")]
    pub(crate) fn comes_from(&self, side: Side, source: SocketAddr) -> bool {
        self.leg(side).comes_from(Channel::Rtp, source)
    }

    fn take_rtp(&mut self, side: Side, datagram: &[u8], now: Duration) {
        let header = Header::of(datagram);
        let codec = header.and_then(|header| self.codec_from(side, header.payload_type));
        let leg = self.leg_mut(side);
        leg.counts.take_rtp(datagram.len(), now);
        if let Some(header) = header {
            leg.reception.take(header, codec, now, &mut leg.counts);
        }
    }

    /// What a payload type stands for in media from `side`.
    fn codec_from(&self, side: Side, payload_type: u8) -> Option<Codec> {
        let [receiver, sender] = [side.other(), side].map(|side| self.leg(side).payload_types());
        receiver.codec(&sender, payload_type)
    }

    fn take_rtcp(&mut self, side: Side, datagram: &[u8], now: Duration) {
        self.leg_mut(side).counts.take_rtcp(now);
        rtcp::read(datagram, |report| self.take_report(side, report, now));
    }

    /// What `side` says of its own stream, or of the one that it is sent.
    fn take_report(&mut self, side: Side, report: Report, now: Duration) {
        let sent = self.leg(side.other());
        let (ssrc, codec) = (sent.reception.ssrc(), Codec::from_number(sent.counts.codec));
        match report {
            Report::Sent { ntp_middle, .. } => {
                self.leg_mut(side).sender_reports.passed(ntp_middle, now);
            }
            Report::Received(report) if ssrc == Some(report.ssrc) => {
                let round_trip = sent.sender_reports.round_trip(&report, now);
                reports::take(&mut self.leg_mut(side).counts, &report, codec, round_trip);
            }
            Report::Voice(voice) if ssrc == Some(voice.ssrc) => {
                self.leg_mut(side).counts.set_voice(&voice);
            }
            Report::Goodbye => self.leg_mut(side).counts.goodbyes += 1,
            Report::Received(_) | Report::Voice(_) => {}
        }
    }

    fn forward(&mut self, from: Side, kind: Kind) -> Verdict {
        let to = from.other();
        match self.leg_mut(to).destination(kind) {
            Some((channel, destination)) => Verdict::Forward {
                side: to,
                channel,
                destination,
            },
            None => {
                self.not_sent(from);
                Verdict::Drop
            }
        }
    }

    fn leg(&self, side: Side) -> &Leg {
        match side {
            Side::Ingress => &self.ingress,
            Side::Egress => &self.egress,
        }
    }

    fn leg_mut(&mut self, side: Side) -> &mut Leg {
        match side {
            Side::Ingress => &mut self.ingress,
            Side::Egress => &mut self.egress,
        }
    }
}
