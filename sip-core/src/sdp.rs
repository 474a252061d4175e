//! Session descriptions (RFC 4566, RFC 3264): a view, and the change that a relay needs.
//!
//! The view reads the lines that say where media goes. [`Sdp::rewrite`] writes the same
//! description with other addresses and ports, [`Sdp::select_codecs`] with fewer codecs, [`with_crypto`]
//! with other keys, and every other line byte for byte.

mod formats;
mod lines;
mod media;
mod rewrite;
mod security;

pub use media::{Direction, Media, Rtpmap};
pub use rewrite::{MediaPorts, Rewrite, SessionIdentity};
pub use security::{Profile, with_crypto};

use crate::error::{ParseError, Part, Problem};
use crate::limits::MAX_MEDIA;
use arrayvec::ArrayVec;
use lines::{Line, lines};
use std::net::IpAddr;

/// A session description, borrowing the body it was read from.
#[derive(Clone, Debug)]
pub struct Sdp<'a> {
    bytes: &'a [u8],
    origin: Option<Origin<'a>>,
    connection: Option<Connection<'a>>,
    direction: Option<Direction>,
    media: ArrayVec<Media<'a>, MAX_MEDIA>,
}

/// The `o=` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The user, `-` for none.
    pub username: &'a str,
    /// A number in theory; longer than 64 bits in the field.
    pub session_id: &'a str,
    /// Rises with every change of the description (RFC 3264 §8).
    pub version: &'a str,
    /// Where the description was made.
    pub address: &'a str,
}

/// A `c=` line: where media goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection<'a> {
    /// The address as written, without `/ttl`. It may be a domain name.
    pub host: &'a str,
    /// The address, when it is one.
    pub ip: Option<IpAddr>,
}

impl Connection<'_> {
    /// The hold of RFC 2543: media to `0.0.0.0` goes nowhere.
    pub fn is_hold(&self) -> bool {
        self.ip.is_some_and(|ip| ip.is_unspecified())
    }
}

impl<'a> Sdp<'a> {
    /// Reads a description. Errors name the line by its letter; the offset is that of the line.
    ///
    /// Strict about what a relay uses: `v=0` first, every line `x=…`, `m=` and `c=` in their
    /// grammar, a connection for each stream that is not declined, at most [`MAX_MEDIA`] streams.
    /// Anything else may be missing.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let mut sdp = Self {
            bytes,
            origin: None,
            connection: None,
            direction: None,
            media: ArrayVec::new(),
        };
        let mut all = lines(bytes).filter(|line| !line.content.is_empty());
        match all.next() {
            Some(line) if line.content == b"v=0" => {}
            _ => return Err(error('v', Problem::Malformed, 0)),
        }
        for line in all {
            sdp.read(&line)?;
        }
        sdp.check_connections()?;
        Ok(sdp)
    }

    fn read(&mut self, line: &Line<'a>) -> Result<(), ParseError> {
        let [letter, b'=', value @ ..] = line.content else {
            return Err(error('?', Problem::Malformed, line.offset));
        };
        let malformed = || error(char::from(*letter), Problem::Malformed, line.offset);
        // Free text may be in another character set; only lines that we read must be UTF-8.
        let text = || std::str::from_utf8(value).map_err(|_| malformed());
        match letter {
            b'o' => self.origin = Some(origin(text()?).ok_or_else(malformed)?),
            b'c' => {
                let connection = connection(text()?).ok_or_else(malformed)?;
                match self.media.last_mut() {
                    // Several c= lines of one stream are multicast layers: the first counts.
                    Some(media) => media.connection = media.connection.or(Some(connection)),
                    None => self.connection = Some(connection),
                }
            }
            b'm' => {
                let media = Media::parse(text()?, line.offset).ok_or_else(malformed)?;
                let too_many = |_| error('m', Problem::TooMany, line.offset);
                self.media.try_push(media).map_err(too_many)?;
            }
            b'a' => self.read_attribute(value).ok_or_else(malformed)?,
            _ => {}
        }
        if let Some(media) = self.media.last_mut() {
            media.extend_to(self.bytes, line);
        }
        Ok(())
    }

    fn read_attribute(&mut self, value: &'a [u8]) -> Option<()> {
        let direction = Direction::of(value);
        match self.media.last_mut() {
            Some(media) => {
                media.direction = direction.or(media.direction);
                media.read_attribute(value)
            }
            None => {
                self.direction = direction.or(self.direction);
                Some(())
            }
        }
    }

    fn check_connections(&mut self) -> Result<(), ParseError> {
        for media in &mut self.media {
            media.connection = media.connection.or(self.connection);
            media.direction = media.direction.or(self.direction);
            if media.connection.is_none() && media.port != 0 {
                return Err(error('c', Problem::Missing, 0));
            }
        }
        Ok(())
    }

    /// The description as received.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The `o=` line.
    pub const fn origin(&self) -> Option<&Origin<'a>> {
        self.origin.as_ref()
    }

    /// The session's `c=` line. [`Media::connection`] is the one that counts for a stream.
    pub const fn connection(&self) -> Option<&Connection<'a>> {
        self.connection.as_ref()
    }

    /// The streams, in the order that offer and answer share (RFC 3264 §6).
    pub fn media(&self) -> &[Media<'a>] {
        &self.media
    }

    /// The first audio stream that is not declined.
    pub fn audio(&self) -> Option<&Media<'a>> {
        self.media
            .iter()
            .find(|media| media.kind == "audio" && media.port != 0)
    }
}

fn origin(text: &str) -> Option<Origin<'_>> {
    let mut words = text.split_ascii_whitespace();
    let (username, session_id, version) = (words.next()?, words.next()?, words.next()?);
    let (_net, _family, address) = (words.next()?, words.next()?, words.next()?);
    words.next().is_none().then_some(Origin {
        username,
        session_id,
        version,
        address,
    })
}

/// Reads `IN IP4 host/ttl`.
fn connection(text: &str) -> Option<Connection<'_>> {
    let mut words = text.split_ascii_whitespace();
    let (net, family, address) = (words.next()?, words.next()?, words.next()?);
    let is_internet = net.eq_ignore_ascii_case("IN") && words.next().is_none();
    let host = address.split_once('/').map_or(address, |(host, _)| host);
    let ip: Option<IpAddr> = host.parse().ok();
    let fits = match (family, ip) {
        ("IP4", ip) => ip.is_none_or(|ip| ip.is_ipv4()),
        ("IP6", ip) => ip.is_none_or(|ip| ip.is_ipv6()),
        _ => false,
    };
    (is_internet && fits && !host.is_empty()).then_some(Connection { host, ip })
}

fn error(letter: char, problem: Problem, offset: usize) -> ParseError {
    ParseError::new(Part::SdpLine(letter), problem, offset)
}
