//! `[dns]`: how host names of gateways are looked up.

use super::Config;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Where name servers listen (RFC 1035 §4.2).
const PORT: u16 = 53;

/// `[dns]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DnsConfig {
    pub(crate) servers: Vec<String>,
    pub(crate) timeout_ms: u32,
    pub(crate) ttl_min_s: u32,
    pub(crate) ttl_max_s: u32,
    pub(crate) stale_max_s: u32,
    pub(crate) addresses_per_name_max: u8,
    pub(crate) names_max: u32,
    pub(crate) lookups_max: u16,
}

/// How names are looked up.
#[derive(Clone, Debug)]
pub(crate) struct DnsSettings {
    /// None: those of the system.
    pub(crate) servers: Vec<SocketAddr>,
    pub(crate) timeout: Duration,
    /// Bounds of the time that an answer holds, seconds.
    pub(crate) ttl_s: std::ops::RangeInclusive<u32>,
    /// How long an answer is used beyond that while nobody can answer, seconds.
    pub(crate) stale_max_s: u32,
    pub(crate) names_max: usize,
    /// Lookups at the same time.
    pub(crate) lookups_max: usize,
}

/// `address` or `address:port`.
pub(super) fn name_server(text: &str) -> Option<SocketAddr> {
    let with_port = text.parse().ok();
    with_port.or_else(|| Some(SocketAddr::new(text.parse::<IpAddr>().ok()?, PORT)))
}

impl Config {
    /// How host names of gateways are looked up.
    pub(crate) fn dns_settings(&self) -> DnsSettings {
        let dns = &self.dns;
        DnsSettings {
            servers: dns.servers.iter().filter_map(|s| name_server(s)).collect(),
            timeout: Duration::from_millis(dns.timeout_ms.into()),
            ttl_s: dns.ttl_min_s..=dns.ttl_max_s,
            stale_max_s: dns.stale_max_s,
            names_max: dns.names_max as usize,
            lookups_max: dns.lookups_max.into(),
        }
    }
}
