//! A datagram as rtpengine's clients send it.

use crate::bencode::Value;
use std::net::IpAddr;

/// Bytes of a cookie, more than any client uses.
const COOKIE_BYTES_MAX: usize = 255;
/// Bytes of a Call-ID and of a tag.
const NAME_BYTES_MAX: usize = 1_024;

/// The cookie and what follows it; `None` when there is none, and nobody to answer. Cookies are text: no RTP
/// or RTCP packet, which a caller could have relayed to here from an address that may ask, begins with any.
pub(crate) fn split(datagram: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = datagram.iter().position(|byte| *byte == b' ')?;
    let cookie = &datagram[..end];
    let is_text = cookie.iter().all(u8::is_ascii_graphic);
    (is_text && (1..=COOKIE_BYTES_MAX).contains(&end)).then_some((cookie, &datagram[end + 1..]))
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Ping,
    Offer,
    Answer,
    Delete,
    Query,
    List,
}

/// A dictionary with a command.
pub(crate) struct Request<'a> {
    pub(crate) verb: Verb,
    body: Value<'a>,
}

/// What is wrong with it, in rtpengine's words.
pub(crate) type Refusal = &'static str;

impl<'a> Request<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        if bytes.first() != Some(&b'd') {
            return Err("Invalid NG data format");
        }
        let body = Value::read(bytes).map_err(|_| "Could not decode bencode dictionary")?;
        let command = body.get("command").and_then(Value::as_bytes);
        let verb = match command.ok_or("Dictionary contains no key \"command\"")? {
            b"ping" => Verb::Ping,
            b"offer" => Verb::Offer,
            b"answer" => Verb::Answer,
            b"delete" => Verb::Delete,
            b"query" => Verb::Query,
            b"list" => Verb::List,
            _ => return Err("Unrecognized command"),
        };
        Ok(Self { verb, body })
    }

    pub(crate) fn call_id(&self) -> Result<&[u8], Refusal> {
        self.name(
            "call-id",
            "No call-id in message",
            "The call-id is too long",
        )
    }

    pub(crate) fn tag_from(&self) -> Result<&[u8], Refusal> {
        self.name(
            "from-tag",
            "No from-tag in message",
            "The from-tag is too long",
        )
    }

    pub(crate) fn tag_to(&self) -> Result<&[u8], Refusal> {
        self.name("to-tag", "No to-tag in message", "The to-tag is too long")
    }

    pub(crate) fn sdp(&self) -> Result<&[u8], Refusal> {
        self.bytes("sdp").ok_or("No SDP body in message")
    }

    /// The profile that the other side is to be offered; `None`: that of the description.
    pub(crate) fn transport(&self) -> Option<&[u8]> {
        self.bytes("transport-protocol")
    }

    /// The address that a client wants used in place of that of the description, which lies behind a NAT
    /// (`SIP-source-address` with `received-from`).
    pub(crate) fn source_address(&self) -> Option<IpAddr> {
        let flags = self.body.get("flags").map_or(&[][..], Value::items);
        let is_wanted = |flag: &Value<'_>| {
            let flag = flag.as_bytes().unwrap_or_default();
            flag == b"SIP-source-address" || flag == b"SIP source address"
        };
        flags.iter().find(|flag| is_wanted(flag))?;
        let [_, address] = self.body.get("received-from")?.items() else {
            return None;
        };
        std::str::from_utf8(address.as_bytes()?).ok()?.parse().ok()
    }

    /// How many calls `list` names at most.
    pub(crate) fn limit(&self, usual: usize) -> Result<usize, Refusal> {
        match self.body.get("limit") {
            None => Ok(usual),
            Some(limit) => limit
                .as_integer()
                .and_then(|limit| usize::try_from(limit).ok())
                .ok_or("invalid limit, must be >= 0"),
        }
    }

    /// A name of a dialogue: there, and of a length that is worth keeping.
    fn name(&self, key: &str, missing: Refusal, long: Refusal) -> Result<&[u8], Refusal> {
        let name = self.bytes(key).ok_or(missing)?;
        match name.len() {
            0 => Err(missing),
            1..=NAME_BYTES_MAX => Ok(name),
            _ => Err(long),
        }
    }

    fn bytes(&self, key: &str) -> Option<&[u8]> {
        self.body.get(key)?.as_bytes()
    }
}
