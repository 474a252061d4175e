//! One stream: an `m=` line and the lines below it.

use super::Connection;
use super::lines::{Line, lines};
use std::net::{IpAddr, SocketAddr};

/// A media description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Media<'a> {
    /// `audio`, `video`, `image` …
    pub kind: &'a str,
    /// The port for RTP; 0 declines the stream.
    pub port: u16,
    /// `RTP/AVP`, `udptl` …
    pub protocol: &'a str,
    /// The formats in order of preference: payload types of RTP, separated by spaces.
    pub formats: &'a str,
    /// Where the stream goes: its own `c=` line or the session's.
    pub connection: Option<Connection<'a>>,
    /// Which way media flows: the stream's own attribute or the session's.
    pub(super) direction: Option<Direction>,
    rtcp: Option<Rtcp>,
    has_rtcp_mux: bool,
    /// The `m=` line and all below it, from this offset.
    section_at: usize,
    section: &'a [u8],
}

/// The `a=rtcp` attribute (RFC 3605).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rtcp {
    port: u16,
    ip: Option<IpAddr>,
}

/// Which way media flows, seen from the one who wrote the description (RFC 3264 §5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both ways, also when nothing is said.
    #[default]
    SendRecv,
    /// The writer only sends: it holds the peer.
    SendOnly,
    /// The writer only receives.
    RecvOnly,
    /// Neither.
    Inactive,
}

/// An `a=rtpmap` attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rtpmap<'a> {
    /// The payload type.
    pub payload: u8,
    /// The name of the codec, in any case: `PCMA`.
    pub encoding: &'a str,
    /// Samples a second.
    pub clock_hz: u32,
}

impl Direction {
    /// The direction that an attribute's text names.
    pub(super) fn of(attribute: &[u8]) -> Option<Self> {
        match attribute {
            b"sendrecv" => Some(Self::SendRecv),
            b"sendonly" => Some(Self::SendOnly),
            b"recvonly" => Some(Self::RecvOnly),
            b"inactive" => Some(Self::Inactive),
            _ => None,
        }
    }
}

impl<'a> Media<'a> {
    /// Reads `audio 49170/2 RTP/AVP 0 8`, the value of the `m=` line at `offset`.
    pub(super) fn parse(text: &'a str, offset: usize) -> Option<Self> {
        let (kind, port, transport) = split(text)?;
        let is_number = port.bytes().all(|b| b.is_ascii_digit());
        let (protocol, formats) = transport.split_once(' ')?;
        Some(Self {
            kind,
            port: port.parse().ok().filter(|_| is_number)?,
            protocol,
            formats: formats.trim_start(),
            connection: None,
            direction: None,
            rtcp: None,
            has_rtcp_mux: false,
            section_at: offset,
            section: b"",
        })
    }

    /// Takes note of an attribute; `None` when it is one we use and cannot read.
    pub(super) fn read_attribute(&mut self, attribute: &'a [u8]) -> Option<()> {
        if let Some(value) = attribute.strip_prefix(b"rtcp:") {
            self.rtcp = Some(rtcp(std::str::from_utf8(value).ok()?)?);
        }
        self.has_rtcp_mux |= attribute == b"rtcp-mux";
        Some(())
    }

    /// Lets the section reach to the end of `line`, which belongs to it.
    pub(super) fn extend_to(&mut self, bytes: &'a [u8], line: &Line<'a>) {
        self.section = &bytes[self.section_at..line.next_offset()];
    }

    /// Where RTP goes. `None` when the stream is declined, held by address, or names a host.
    pub fn rtp_address(&self) -> Option<SocketAddr> {
        let ip = self.connection?.ip.filter(|ip| !ip.is_unspecified())?;
        (self.port != 0).then(|| SocketAddr::new(ip, self.port))
    }

    /// Where RTCP goes: `a=rtcp`, the port of RTP with `a=rtcp-mux`, else the port above it.
    pub fn rtcp_address(&self) -> Option<SocketAddr> {
        let rtp = self.rtp_address()?;
        match self.rtcp {
            _ if self.has_rtcp_mux => Some(rtp),
            Some(rtcp) => Some(SocketAddr::new(
                rtcp.ip.unwrap_or_else(|| rtp.ip()),
                rtcp.port,
            )),
            None => Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?)),
        }
    }

    /// Which way media flows.
    pub fn direction(&self) -> Direction {
        self.direction.unwrap_or_default()
    }

    /// Whether RTP and RTCP share a port (RFC 5761).
    pub const fn has_rtcp_mux(&self) -> bool {
        self.has_rtcp_mux
    }

    /// Whether the writer holds the call: it does not want to receive, or has no address to
    /// receive at.
    pub fn is_hold(&self) -> bool {
        matches!(self.direction(), Direction::SendOnly | Direction::Inactive)
            || self
                .connection
                .is_some_and(|connection| connection.is_hold())
    }

    /// The attributes of the stream as `name:value` or `name`, those that are text.
    pub fn attributes(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> + use<'a> {
        lines(self.section).filter_map(|line| {
            let text = std::str::from_utf8(line.content.strip_prefix(b"a=")?).ok()?;
            Some(match text.split_once(':') {
                Some((name, value)) => (name, Some(value)),
                None => (text, None),
            })
        })
    }

    /// The payload types that `a=rtpmap` describes.
    pub fn rtpmaps(&self) -> impl Iterator<Item = Rtpmap<'a>> + use<'a> {
        self.attributes().filter_map(|(name, value)| {
            let (payload, format) = value.filter(|_| name == "rtpmap")?.split_once(' ')?;
            let mut parts = format.trim().split('/');
            Some(Rtpmap {
                payload: payload.parse().ok()?,
                encoding: parts.next()?,
                clock_hz: parts.next()?.parse().ok()?,
            })
        })
    }

    /// The payload types of an RTP stream, in order of preference.
    pub fn payloads(&self) -> impl Iterator<Item = u8> + use<'a> {
        self.formats
            .split_ascii_whitespace()
            .filter_map(|format| format.parse().ok())
    }
}

/// Splits the value of an `m=` line into kind, port without count, and what follows. Gateways that
/// align columns put several spaces between.
pub(super) fn split(text: &str) -> Option<(&str, &str, &str)> {
    let (kind, rest) = text.trim().split_once(' ')?;
    let (port, rest) = rest.trim_start().split_once(' ')?;
    let port = port.split_once('/').map_or(port, |(port, _count)| port);
    Some((kind, port, rest.trim_start()))
}

/// Reads `53020` or `53020 IN IP4 192.0.2.1`.
fn rtcp(value: &str) -> Option<Rtcp> {
    let mut words = value.split_ascii_whitespace();
    let port = words.next()?.parse().ok()?;
    let Some(_net) = words.next() else {
        return Some(Rtcp { port, ip: None });
    };
    let (_family, address) = (words.next()?, words.next()?);
    Some(Rtcp {
        port,
        ip: address.parse().ok(),
    })
}
