//! Where a carrier's gateway is: an IP address and port, or a name that DNS knows.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// Longest host name (RFC 1035 §2.3.4), in octets of text.
const NAME_MAX: usize = 253;
/// Longest part of a host name between two dots.
const LABEL_MAX: usize = 63;
/// What the schema lets pass; the rest is said by [`GatewayAddressError`].
const PATTERN: &str = r"^([0-9.]+:[0-9]{1,5}|\[[0-9a-fA-F:.]+(%[0-9]+)?\]:[0-9]{1,5}|([A-Za-z0-9-]+\.)*[A-Za-z][A-Za-z0-9-]*\.?(:[0-9]{1,5})?)$";

/// `192.0.2.7:5060`, `[2001:db8::7]:5060`, `sip.example.net:5060` or `sip.example.net`.
///
/// How a name is resolved depends on what is given with it (RFC 3263 §4): with a port its addresses
/// (A, AAAA) are asked for alone; without one, the servers of its transport (SRV) first; without a
/// transport also, its transports (NAPTR) before that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum GatewayAddress {
    /// An IP address and port.
    Address(SocketAddr),
    /// A host name, in small letters and without a dot at its end.
    Name {
        /// The name.
        host: Box<str>,
        /// The port, when it is given.
        port: Option<u16>,
    },
}

/// Why a text is no gateway's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayAddressError {
    /// An IP address alone.
    #[error("`{0}` has no port: write it too, such as {0}:5060")]
    NoPort(IpAddr),
    /// What follows the colon is no port.
    #[error("`{0}` is not a port: write 1 to 65535")]
    NotAPort(String),
    /// Neither an address nor a host name.
    #[error(
        "`{0}` is neither an address and port, such as 192.0.2.7:5060, nor a host name, such as \
         sip.example.net or sip.example.net:5060"
    )]
    NotAName(String),
}

impl GatewayAddress {
    /// Whether calls can be sent to it, as far as the text tells.
    pub(crate) fn is_usable(&self) -> bool {
        match self {
            Self::Address(address) => address.port() != 0 && !address.ip().is_unspecified(),
            Self::Name { port, .. } => *port != Some(0),
        }
    }

    /// The IP address and port, when it is given as such.
    pub fn socket(&self) -> Option<SocketAddr> {
        match self {
            Self::Address(address) => Some(*address),
            Self::Name { .. } => None,
        }
    }
}

impl From<SocketAddr> for GatewayAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Address(address)
    }
}

impl FromStr for GatewayAddress {
    type Err = GatewayAddressError;

    fn from_str(text: &str) -> Result<Self, GatewayAddressError> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self::Address(address));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Err(GatewayAddressError::NoPort(address));
        }
        let (host, port) = match text.split_once(':') {
            None => (text, None),
            Some((host, port)) => (host, Some(port)),
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        if !is_host_name(host) {
            return Err(GatewayAddressError::NotAName(text.to_owned()));
        }
        let port = port
            .map(|port| {
                port.parse()
                    .map_err(|_| GatewayAddressError::NotAPort(port.to_owned()))
            })
            .transpose()?;
        Ok(Self::Name {
            host: host.to_ascii_lowercase().into(),
            port,
        })
    }
}

/// RFC 1123 §2.1. The last label begins with a letter (RFC 3261 §25.1 `toplabel`), so that no address
/// that is typed wrongly passes for a name.
fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_MAX).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let top = text.rsplit('.').next().unwrap_or("");
    text.len() <= NAME_MAX
        && text.split('.').all(is_label)
        && top.starts_with(|first: char| first.is_ascii_alphabetic())
}

impl TryFrom<String> for GatewayAddress {
    type Error = GatewayAddressError;

    fn try_from(text: String) -> Result<Self, GatewayAddressError> {
        text.parse()
    }
}

impl From<GatewayAddress> for String {
    fn from(address: GatewayAddress) -> Self {
        address.to_string()
    }
}

impl fmt::Display for GatewayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Name { host, port: None } => f.write_str(host),
            Self::Name {
                host,
                port: Some(port),
            } => write!(f, "{host}:{port}"),
        }
    }
}

impl JsonSchema for GatewayAddress {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "GatewayAddress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": PATTERN,
            "examples": ["192.0.2.7:5060", "sip.example.net"],
            "x-widget": "gateway-address",
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn read(text: &str) -> Result<GatewayAddress, GatewayAddressError> {
        text.parse()
    }

    #[test]
    fn addresses_and_names_are_told_apart_and_written_as_they_were_read() {
        for text in [
            "192.0.2.7:5060",
            "[2001:db8::7]:5060",
            "sip.example.net",
            "sip.example.net:5070",
            "sbc-1",
            "3com.example",
        ] {
            let read = read(text).unwrap();
            assert_eq!(read.to_string(), text);
            assert_eq!(
                read.socket().is_some(),
                text.ends_with("]:5060") || text.starts_with("192")
            );
        }
        assert_eq!(
            read("SIP.Example.NET.").unwrap(),
            read("sip.example.net").unwrap()
        );
    }

    #[test]
    fn what_is_neither_is_refused_with_what_to_write_instead() {
        use GatewayAddressError::{NoPort, NotAName, NotAPort};
        assert!(matches!(read("192.0.2.7"), Err(NoPort(_))));
        assert!(matches!(read("2001:db8::7"), Err(NoPort(_))));
        for text in ["sip.example:", "sip.example:70000", "sip:sip.example"] {
            assert!(matches!(read(text), Err(NotAPort(_))), "{text}");
        }
        let long = format!("{}.example", "a".repeat(64));
        let longer = ["a".repeat(60).as_str(); 5].join(".");
        for text in [
            "",
            ".",
            "192.0.2",
            "192.0.2.300:5060",
            "-a.example",
            "a-.example",
            "a..example",
            "sip example",
            "sip.example;x",
            "a_b.example",
            "näme.example",
            &long,
            &longer,
        ] {
            assert!(matches!(read(text), Err(NotAName(_))), "{text}");
        }
    }

    #[test]
    fn a_name_with_port_0_leads_nowhere() {
        assert!(!read("sip.example:0").unwrap().is_usable());
        assert!(!read("0.0.0.0:5060").unwrap().is_usable());
        assert!(read("sip.example").unwrap().is_usable());
    }
}
