//! The same description for another network: our address, our ports.

use super::lines::{Line, lines};
use super::{Sdp, connection, media, origin};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What to put into a description.
#[derive(Clone, Copy, Debug)]
pub struct Rewrite<'r> {
    /// Our media address, in every `c=` line and `a=rtcp` address, of either family.
    pub address: IpAddr,
    /// Our ports, stream by stream. A stream without ports here is declined with port 0; one that
    /// the description declines stays declined.
    pub media: &'r [MediaPorts],
    /// Who made the description. `None` changes only the address in the `o=` line.
    pub origin: Option<SessionIdentity>,
}

/// Our two ports of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaPorts {
    /// For RTP.
    pub rtp: u16,
    /// For RTCP; written only where the description has `a=rtcp`.
    pub rtcp: u16,
}

/// An identity of our own for the `o=` line, so that the peer sees one session whose version rises
/// (RFC 3264 §8) even when descriptions from several sources reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionIdentity {
    /// The number of the session.
    pub id: u64,
    /// One more than in the last description that differs.
    pub version: u64,
}

impl Sdp<'_> {
    /// Appends the description with addresses and ports replaced.
    ///
    /// Changed are the address in `o=`, all `c=` lines, the port in `m=` lines (with any port
    /// count dropped, as a relay has one pair), and `a=rtcp`. A hold by address stays a hold: an
    /// unspecified address becomes that of our family. All other lines, and all line ends, are
    /// copied byte for byte.
    pub fn rewrite(&self, with: &Rewrite<'_>, out: &mut Vec<u8>) {
        let mut stream = None;
        for line in lines(self.bytes) {
            match line.content {
                [b'o', b'=', ..] => with.origin_line(&line, out),
                [b'c', b'=', ..] => with.connection_line(&line, out),
                [b'm', b'=', ..] => {
                    let index = stream.map_or(0, |index| index + 1);
                    stream = Some(index);
                    with.media_line(&line, index, out);
                }
                [b'a', b'=', b'r', b't', b'c', b'p', b':', ..] => {
                    with.rtcp_line(&line, stream, out);
                }
                _ => out.extend_from_slice(line.content),
            }
            out.extend_from_slice(line.end);
        }
    }
}

/// One line each, without its line end. Writing into a Vec does not fail.
impl Rewrite<'_> {
    fn origin_line(&self, line: &Line<'_>, out: &mut Vec<u8>) {
        let Some(old) = text(line).and_then(origin) else {
            return out.extend_from_slice(line.content);
        };
        let _ = match self.origin {
            Some(own) => write!(out, "o=- {} {}", own.id, own.version),
            None => write!(out, "o={} {} {}", old.username, old.session_id, old.version),
        };
        push_address(out, b" ", self.address);
    }

    fn connection_line(&self, line: &Line<'_>, out: &mut Vec<u8>) {
        let is_hold = text(line)
            .and_then(connection)
            .is_some_and(|old| old.is_hold());
        let address = match self.address {
            IpAddr::V4(_) if is_hold => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) if is_hold => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            ours => ours,
        };
        push_address(out, b"c=", address);
    }

    fn media_line(&self, line: &Line<'_>, index: usize, out: &mut Vec<u8>) {
        let Some((kind, port, transport)) = text(line).and_then(media::split) else {
            return out.extend_from_slice(line.content);
        };
        let is_declined = port.bytes().all(|b| b == b'0');
        let ports = self.media.get(index).filter(|_| !is_declined);
        let _ = write!(
            out,
            "m={kind} {} {transport}",
            ports.map_or(0, |ports| ports.rtp)
        );
    }

    fn rtcp_line(&self, line: &Line<'_>, stream: Option<usize>, out: &mut Vec<u8>) {
        let Some(ports) = stream.and_then(|index| self.media.get(index)) else {
            // Not of a stream, or of one that is declined: the old port must not leak.
            return out.extend_from_slice(b"a=rtcp:9");
        };
        let _ = write!(out, "a=rtcp:{}", ports.rtcp);
        if line.content.contains(&b' ') {
            push_address(out, b" ", self.address);
        }
    }
}

fn push_address(out: &mut Vec<u8>, before: &[u8], address: IpAddr) {
    out.extend_from_slice(before);
    let _ = match address {
        IpAddr::V4(ip) => write!(out, "IN IP4 {ip}"),
        IpAddr::V6(ip) => write!(out, "IN IP6 {ip}"),
    };
}

/// The value of a line, when it is text.
fn text<'a>(line: &Line<'a>) -> Option<&'a str> {
    std::str::from_utf8(line.content.get(2..)?).ok()
}
