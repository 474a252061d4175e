//! The tester's user agent as a node.

use crate::Node;
use sip_core::Instant;
use sip_tester::UserAgent;
use std::net::SocketAddr;

impl Node for UserAgent {
    fn handle_datagram(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        Self::handle_datagram(self, now, from, to, bytes);
    }

    fn poll_transmit(&mut self, bytes: &mut Vec<u8>) -> Option<(SocketAddr, SocketAddr)> {
        Self::poll_transmit(self, bytes)
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        Self::poll_timeout(self)
    }

    fn handle_timeout(&mut self, now: Instant) {
        Self::handle_timeout(self, now);
    }
}
