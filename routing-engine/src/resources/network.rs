//! An IP address or a range of them in CIDR form.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// `192.0.2.7` or `192.0.2.0/24` or `2001:db8::/32`. A bare address is a range of one.
///
/// The bits beyond the mask are zero, and an IPv4-mapped IPv6 address is the IPv4 address, so that
/// equal ranges compare equal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    base: IpAddr,
    mask_bits: u8,
}

/// Why a text is not a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The part before the slash is not an IP address.
    #[error("`{0}` is not an IP address: write one such as 192.0.2.7 or 192.0.2.0/24")]
    NotAnAddress(String),
    /// The part after the slash is not a mask length of the address's family.
    #[error("`/{0}` is not a mask length: write 0 to 32 for IPv4, 0 to 128 for IPv6")]
    NotAMask(String),
    /// Bits are set beyond the mask: one of the two is a typing error.
    #[error("`{0}` has bits beyond its mask: the range begins at {1}")]
    BitsBeyondMask(String, IpAddr),
}

impl Network {
    /// The range of this one address.
    pub fn host(address: IpAddr) -> Self {
        let base = address.to_canonical();
        Self {
            base,
            mask_bits: width(base),
        }
    }

    /// The first address.
    pub fn base(&self) -> IpAddr {
        self.base
    }

    /// How many leading bits are fixed.
    pub fn mask_bits(&self) -> u8 {
        self.mask_bits
    }

    /// The range of that mask length around an address: how a table of ranges is searched. A mask
    /// longer than the address is cut to it.
    pub fn around(address: IpAddr, mask_bits: u8) -> Self {
        let mask_bits = mask_bits.min(width(address));
        let base = match address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(mask_bits)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(mask_bits))
                    .unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
            }
        };
        Self { base, mask_bits }
    }

    /// Whether an address lies within.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.base.is_ipv4() && Self::around(address, self.mask_bits) == *self
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address_text, mask) = match text.split_once('/') {
            Some((address, mask)) => (address, Some(mask)),
            None => (text, None),
        };
        let address: IpAddr = address_text
            .parse()
            .map_err(|_| NetworkError::NotAnAddress(address_text.to_owned()))?;
        let Some(mask) = mask else {
            return Ok(Self::host(address));
        };
        let mask_bits = mask
            .parse()
            .ok()
            .filter(|bits| *bits <= width(address))
            .ok_or_else(|| NetworkError::NotAMask(mask.to_owned()))?;
        let network = Self::around(address, mask_bits);
        if network.base != address {
            return Err(NetworkError::BitsBeyondMask(text.to_owned(), network.base));
        }
        Ok(network)
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mask_bits == width(self.base) {
            write!(f, "{}", self.base)
        } else {
            write!(f, "{}/{}", self.base, self.mask_bits)
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_and_ranges_are_read_and_written() {
        for text in [
            "192.0.2.7",
            "192.0.2.0/24",
            "0.0.0.0/0",
            "2001:db8::/32",
            "::1",
            "::/0",
        ] {
            assert_eq!(network(text).to_string(), text);
        }
        assert_eq!(network("192.0.2.7/32"), network("192.0.2.7"));
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.7"));
    }

    #[test]
    fn a_range_contains_its_addresses_and_no_others() {
        let cases = [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "::ffff:192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
        ];
        for (range, address, expected) in cases {
            let address = address.parse().unwrap();
            assert_eq!(
                network(range).contains(address),
                expected,
                "{range} {address}"
            );
        }
    }

    #[test]
    fn what_is_no_range_is_refused_with_its_reason() {
        for text in ["", "example.com", "192.0.2", "192.0.2.0-9"] {
            assert!(matches!(
                text.parse::<Network>(),
                Err(NetworkError::NotAnAddress(_))
            ));
        }
        for text in [
            "192.0.2.0/33",
            "192.0.2.0/",
            "192.0.2.0/-1",
            "::/129",
            "::/256",
        ] {
            assert!(matches!(
                text.parse::<Network>(),
                Err(NetworkError::NotAMask(_))
            ));
        }
        let error = "192.0.2.7/24".parse::<Network>().unwrap_err();
        assert!(error.to_string().ends_with("begins at 192.0.2.0"));
    }
}
