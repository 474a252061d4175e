//! What a client may take of the server: time and connections.

use std::time::Duration;

/// Limits of the HTTP server. The defaults suit a server that strangers can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections open at the same time: each is a descriptor that calls need as well. One more
    /// takes the place of the one that has been quiet for longest; when all are at work it gets 503.
    pub connections_max: usize,
    /// The same for one address (of IPv6: one /64 network).
    pub connections_per_address_max: usize,
    /// From the connection, or from the first byte of a further request, to the end of its header;
    /// a TLS handshake has as long.
    pub header_timeout: Duration,
    /// How long a connection may stay open without a request.
    pub idle_timeout: Duration,
    /// From the end of the header to the end of the body.
    pub body_timeout: Duration,
    /// How long a client may take none of the answer that waits for it.
    pub write_timeout: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connections_max: 1_024,
            connections_per_address_max: 256,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(120),
            write_timeout: Duration::from_secs(60),
        }
    }
}
