//! Socket addresses as the kernel writes them.

use libc::{c_void, sockaddr_in, sockaddr_in6, socklen_t};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

const LENGTH_V4: usize = size_of::<sockaddr_in>();
const LENGTH_V6: usize = size_of::<sockaddr_in6>();

/// Bytes of a `sockaddr_in` or `sockaddr_in6`: family in host order, then port and address in
/// network order at the same offsets on every Linux.
#[derive(Clone, Copy)]
#[repr(C, align(4))]
pub(super) struct RawAddress([u8; LENGTH_V6]);

impl RawAddress {
    pub(super) const EMPTY: Self = Self([0; LENGTH_V6]);
    pub(super) const CAPACITY: socklen_t = LENGTH_V6 as socklen_t;

    pub(super) fn as_mut_ptr(&mut self) -> *mut c_void {
        self.0.as_mut_ptr().cast::<c_void>()
    }

    /// Writes `address`; returns its length.
    pub(super) fn encode(&mut self, address: SocketAddr) -> socklen_t {
        self.0[2..4].copy_from_slice(&address.port().to_be_bytes());
        match address {
            SocketAddr::V4(address) => {
                self.0[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
                self.0[4..8].copy_from_slice(&address.ip().octets());
                LENGTH_V4 as socklen_t
            }
            SocketAddr::V6(address) => {
                self.0[..2].copy_from_slice(&(libc::AF_INET6 as u16).to_ne_bytes());
                self.0[4..8].copy_from_slice(&address.flowinfo().to_ne_bytes());
                self.0[8..24].copy_from_slice(&address.ip().octets());
                self.0[24..28].copy_from_slice(&address.scope_id().to_ne_bytes());
                LENGTH_V6 as socklen_t
            }
        }
    }

    /// Reads what the kernel wrote; `None` for another family or a short address.
    pub(super) fn decode(&self, length: socklen_t) -> Option<SocketAddr> {
        let family = libc::c_int::from(u16::from_ne_bytes([self.0[0], self.0[1]]));
        let port = u16::from_be_bytes([self.0[2], self.0[3]]);
        match family {
            libc::AF_INET if length as usize >= LENGTH_V4 => {
                let ip = Ipv4Addr::from(*self.0[4..].first_chunk::<4>()?);
                Some(SocketAddrV4::new(ip, port).into())
            }
            libc::AF_INET6 if length as usize >= LENGTH_V6 => {
                let ip = Ipv6Addr::from(*self.0[8..].first_chunk::<16>()?);
                let flow = u32::from_ne_bytes(*self.0[4..].first_chunk::<4>()?);
                let scope = u32::from_ne_bytes(*self.0[24..].first_chunk::<4>()?);
                Some(SocketAddrV6::new(ip, port, flow, scope).into())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_the_kernels_form() {
        for text in ["127.0.0.1:5060", "[2001:db8::1]:65535", "[fe80::1%3]:1"] {
            let address: SocketAddr = text.parse().expect("a literal");
            let mut raw = RawAddress::EMPTY;
            let length = raw.encode(address);
            assert_eq!(raw.decode(length), Some(address));
        }
    }

    #[test]
    fn an_unknown_family_or_a_short_address_is_no_address() {
        let mut raw = RawAddress::EMPTY;
        assert_eq!(raw.decode(RawAddress::CAPACITY), None);
        let length = raw.encode(SocketAddr::from(([127, 0, 0, 1], 5060)));
        assert_eq!(raw.decode(length - 1), None);
    }
}
