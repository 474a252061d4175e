//! From a name to its servers (RFC 3263 §4.1, §4.2), by the library hickory-resolver.

use crate::config::DnsSettings;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, RecordType};
use rating::cdr::Transport;
use routing_engine::names::{ADDRESSES_MAX, LookupFailure, NameQuery, Resolution, Server};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Records of one answer that are looked at; the rest is left.
const RECORDS_MAX: usize = 64;
/// How often a name server is asked once more.
const RETRIES: usize = 1;
/// All questions of one lookup together take no longer.
const RESOLVE_MAX: Duration = Duration::from_secs(60);

/// What a lookup brought.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) resolution: Resolution,
    /// Of the record that runs out first, seconds.
    pub(crate) ttl_s: u32,
    /// Whether every question on the way was answered. Else DNS may have a better way to the name.
    pub(crate) is_certain: bool,
}

/// What it did not bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotFound {
    pub(crate) failure: LookupFailure,
    /// How long that holds, seconds; 0 when nobody said.
    pub(crate) ttl_s: u32,
}

impl NotFound {
    pub(crate) fn now(failure: LookupFailure) -> Self {
        Self { failure, ttl_s: 0 }
    }
}

/// What the listeners can send to.
#[derive(Clone, Debug)]
pub(crate) struct Reach(Vec<(Transport, bool)>);

impl Reach {
    /// By transport and address of each listener.
    pub(crate) fn new(listeners: impl Iterator<Item = (Transport, SocketAddr)>) -> Self {
        Self(
            listeners
                .map(|(transport, at)| (transport, at.is_ipv4()))
                .collect(),
        )
    }

    fn speaks(&self, transport: Transport) -> bool {
        self.0.iter().any(|(one, _)| *one == transport)
    }

    fn has(&self, transport: Transport, is_ipv4: bool) -> bool {
        self.0.contains(&(transport, is_ipv4))
    }
}

/// A resolver with what it needs to choose.
pub(crate) struct Dns {
    /// `None` when the system has none.
    resolver: Option<TokioResolver>,
    reach: Reach,
}

/// Servers of a transport, and how long they hold.
struct Servers {
    servers: Vec<Server>,
    ttl_s: u32,
}

/// What was not found on the way to an answer. It does not end the search: something else may do.
#[derive(Default)]
struct Search {
    /// A question of NAPTR or SRV, or of the address of a server, that nobody answered.
    doubt: Option<NotFound>,
    /// There are servers, but they lead nowhere.
    nowhere: Option<NotFound>,
}

impl Search {
    fn note_nowhere(&mut self, failure: NotFound) {
        if !failure.failure.is_answer() {
            self.doubt.get_or_insert(failure);
        }
        self.nowhere.get_or_insert(failure);
    }
}

/// What NAPTR says of SIP.
struct Service {
    transport: Transport,
    name: String,
    ttl_s: u32,
}

impl Dns {
    /// Without a name server that can be found out, every lookup fails.
    pub(crate) fn new(settings: &DnsSettings, reach: Reach) -> Self {
        let resolver = resolver(settings).map_err(|error| {
            tracing::warn!(%error, "no name server: gateways behind host names get no calls; see `dns.servers`");
        });
        Self {
            resolver: resolver.ok(),
            reach,
        }
    }

    /// Looks a name up, as RFC 3263 has it for a request to a SIP URI of it. Takes a minute at most.
    pub(crate) async fn resolve(&self, name: &NameQuery) -> Result<Found, NotFound> {
        let found = tokio::time::timeout(RESOLVE_MAX, self.find(name)).await;
        found.unwrap_or_else(|_| Err(NotFound::now(LookupFailure::TimedOut)))
    }

    async fn find(&self, name: &NameQuery) -> Result<Found, NotFound> {
        let mut search = Search::default();
        let host = &name.host;
        let (transport, servers) = match (name.port, name.transport) {
            (Some(port), transport) => {
                let transport = transport.unwrap_or(Transport::Udp);
                let servers = self.host(&mut search, host, port, transport).await?;
                (transport, servers)
            }
            (None, Some(transport)) => {
                let servers = self.of_transport(&mut search, host, transport).await?;
                (transport, servers)
            }
            (None, None) => self.of_any_transport(&mut search, host).await?,
        };
        let Servers { servers, ttl_s } = servers;
        Resolution::new(transport, servers, ADDRESSES_MAX)
            .map(|resolution| Found {
                resolution,
                ttl_s,
                is_certain: search.doubt.is_none(),
            })
            .ok_or_else(|| NotFound::now(LookupFailure::NoAddress))
    }

    /// RFC 3263 §4.1: what NAPTR prefers among what we speak; without NAPTR the first of UDP, TCP and
    /// TLS that has servers; else UDP.
    async fn of_any_transport(
        &self,
        search: &mut Search,
        host: &str,
    ) -> Result<(Transport, Servers), NotFound> {
        let services = self.services(search, host).await;
        if let Some(first) = services.first()
            && !services
                .iter()
                .any(|service| self.reach.speaks(service.transport))
        {
            return Err(NotFound {
                failure: LookupFailure::NoListener,
                ttl_s: first.ttl_s,
            });
        }
        let spoken = services
            .iter()
            .filter(|one| self.reach.speaks(one.transport));
        for service in spoken {
            let found = self.service(search, &service.name, service.transport);
            if let Some(mut servers) = found.await {
                servers.ttl_s = servers.ttl_s.min(service.ttl_s);
                return Ok((service.transport, servers));
            }
        }
        for transport in [Transport::Udp, Transport::Tcp, Transport::Tls] {
            if !self.reach.speaks(transport) {
                continue;
            }
            let name = srv_name(host, transport);
            if let Some(servers) = self.service(search, &name, transport).await {
                return Ok((transport, servers));
            }
        }
        let (port, transport) = (default_port(Transport::Udp), Transport::Udp);
        let servers = self.host_instead(search, host, port, transport).await?;
        Ok((transport, servers))
    }

    /// RFC 3263 §4.2: the servers of the transport, else the host at the default port.
    async fn of_transport(
        &self,
        search: &mut Search,
        host: &str,
        transport: Transport,
    ) -> Result<Servers, NotFound> {
        let name = srv_name(host, transport);
        match self.service(search, &name, transport).await {
            Some(servers) => Ok(servers),
            None => {
                let port = default_port(transport);
                self.host_instead(search, host, port, transport).await
            }
        }
    }

    /// The host itself, when no SRV record says where else to go (RFC 3263 §4.2).
    async fn host_instead(
        &self,
        search: &mut Search,
        host: &str,
        port: u16,
        transport: Transport,
    ) -> Result<Servers, NotFound> {
        if let Some(nowhere) = search.nowhere {
            return Err(search.doubt.unwrap_or(nowhere));
        }
        let found = self.host(search, host, port, transport).await;
        found.map_err(|not_found| match not_found.failure {
            // Then nothing is below it either (RFC 8020 §2).
            LookupFailure::NoSuchName => not_found,
            _ => search.doubt.unwrap_or(not_found),
        })
    }

    /// The services of SIP that a name has, the preferred first; none when there is no NAPTR of SIP.
    async fn services(&self, search: &mut Search, host: &str) -> Vec<Service> {
        let Some(lookup) = self.ask_if_there(search, host, RecordType::NAPTR).await else {
            return Vec::new();
        };
        let ttl_s = ttl_of(&lookup);
        let records = lookup.answers().iter().take(RECORDS_MAX);
        let mut found: Vec<(u16, u16, Service)> = records
            .filter_map(|record| match &record.data {
                RData::NAPTR(naptr) if naptr.flags.eq_ignore_ascii_case(b"s") => {
                    let transport = transport_of_service(&naptr.services)?;
                    let name = naptr.replacement.to_ascii();
                    let service = Service {
                        transport,
                        name,
                        ttl_s,
                    };
                    Some((naptr.order, naptr.preference, service))
                }
                _ => None,
            })
            .collect();
        found.sort_by_key(|(order, preference, _)| (*order, *preference));
        found.into_iter().map(|(_, _, service)| service).collect()
    }

    /// The servers of an SRV name; `None` when there is no such record, or it leads nowhere.
    async fn service(
        &self,
        search: &mut Search,
        name: &str,
        transport: Transport,
    ) -> Option<Servers> {
        let lookup = self.ask_if_there(search, name, RecordType::SRV).await?;
        let mut ttl_s = ttl_of(&lookup);
        let records = lookup.answers().iter().take(RECORDS_MAX);
        let mut found: Vec<_> = records
            .filter_map(|record| match &record.data {
                RData::SRV(srv) => Some(srv),
                _ => None,
            })
            .collect();
        if found.is_empty() {
            return None;
        }
        found.sort_by_key(|srv| srv.priority);
        // RFC 2782: a target of `.` says that the service is not offered.
        found.retain(|srv| !srv.target.is_root());
        let mut failure = NotFound {
            failure: LookupFailure::NoService,
            ttl_s,
        };
        let mut servers = Vec::new();
        for srv in found.into_iter().take(ADDRESSES_MAX) {
            let target = srv.target.to_ascii();
            match self.host(search, &target, srv.port, transport).await {
                Ok(host) => {
                    ttl_s = ttl_s.min(host.ttl_s);
                    servers.extend(host.servers.into_iter().map(|server| Server {
                        priority: srv.priority,
                        weight: srv.weight,
                        ..server
                    }));
                }
                Err(not_found) => {
                    // The others are enough, until the next lookup.
                    ttl_s = ttl_s.min(not_found.ttl_s);
                    failure = not_found;
                }
            }
        }
        if servers.is_empty() {
            search.note_nowhere(failure);
            return None;
        }
        Some(Servers { servers, ttl_s })
    }

    /// The addresses of a host, of the families that listeners can send to. A family that nobody
    /// answers for leaves a doubt: its addresses may be there.
    async fn host(
        &self,
        search: &mut Search,
        host: &str,
        port: u16,
        transport: Transport,
    ) -> Result<Servers, NotFound> {
        let ask = async |is_ipv4: bool, kind| match self.reach.has(transport, is_ipv4) {
            true => self.ask(host, kind).await,
            false => Err(NotFound::now(LookupFailure::NoListener)),
        };
        let (v4, v6) = tokio::join!(ask(true, RecordType::A), ask(false, RecordType::AAAA));
        let failures = [&v4, &v6].into_iter().filter_map(|it| it.as_ref().err());
        let unanswered = failures.copied().find(|it| !it.failure.is_answer());
        search.doubt = search.doubt.or(unanswered);
        let mut addresses = Vec::new();
        let mut ttl_s = u32::MAX;
        for lookup in [&v4, &v6].into_iter().flatten() {
            ttl_s = ttl_s.min(ttl_of(lookup));
            let records = lookup.answers().iter().take(RECORDS_MAX);
            let ips = records.filter_map(|record| match &record.data {
                RData::A(a) => Some(IpAddr::V4(a.0)),
                RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
                _ => None,
            });
            addresses.extend(ips.map(|ip| SocketAddr::new(ip, port)));
        }
        addresses.retain(|address| !address.ip().is_unspecified() && address.port() != 0);
        if addresses.is_empty() {
            return Err(worse(v4.err(), v6.err()));
        }
        let server = Server {
            priority: 0,
            weight: 0,
            addresses,
        };
        Ok(Servers {
            servers: vec![server],
            ttl_s,
        })
    }

    /// `None` when there is no such record, whatever else there is, or nobody says. Many name servers
    /// fail at kinds that they do not know (SERVFAIL, REFUSED, NOTIMP), which says nothing against
    /// the others.
    async fn ask_if_there(
        &self,
        search: &mut Search,
        name: &str,
        kind: RecordType,
    ) -> Option<Lookup> {
        match self.ask(name, kind).await {
            Ok(lookup) => Some(lookup),
            Err(not_found) => {
                if !not_found.failure.is_answer() {
                    search.doubt.get_or_insert(not_found);
                }
                None
            }
        }
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Lookup, NotFound> {
        let Some(resolver) = &self.resolver else {
            return Err(NotFound::now(LookupFailure::ServerFailed));
        };
        // With a dot at its end it is looked up as it is, and no domain of the system is added.
        let name = format!("{}.", name.trim_end_matches('.'));
        let lookup = resolver.lookup(name, kind).await;
        lookup.map_err(|error| not_found(&error))
    }
}

fn resolver(settings: &DnsSettings) -> Result<TokioResolver, NetError> {
    let mut builder = match settings.servers.as_slice() {
        [] => TokioResolver::builder_tokio()?,
        servers => {
            let servers = servers.iter().map(|address| {
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
                let connections = connections.map(|mut connection| {
                    connection.port = address.port();
                    connection
                });
                NameServerConfig::new(address.ip(), true, connections.into())
            });
            let config = ResolverConfig::from_name_servers(servers.collect());
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options = builder.options_mut();
    options.timeout = settings.timeout;
    options.attempts = RETRIES;
    // What is known is kept here, by our own times.
    options.cache_size = 0;
    builder.build()
}

/// `_sip._udp.name` and so on (RFC 3263 §4.1).
fn srv_name(host: &str, transport: Transport) -> String {
    let service = match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp | Transport::Ws => "_sip._tcp",
        Transport::Tls | Transport::Wss => "_sips._tcp",
    };
    format!("{service}.{host}")
}

/// RFC 3261 §19.1.2.
fn default_port(transport: Transport) -> u16 {
    match transport {
        Transport::Tls | Transport::Wss => 5061,
        Transport::Udp | Transport::Tcp | Transport::Ws => 5060,
    }
}

fn transport_of_service(services: &[u8]) -> Option<Transport> {
    let is = |name: &[u8]| services.eq_ignore_ascii_case(name);
    match () {
        () if is(b"SIP+D2U") => Some(Transport::Udp),
        () if is(b"SIP+D2T") => Some(Transport::Tcp),
        () if is(b"SIPS+D2T") => Some(Transport::Tls),
        () => None,
    }
}

fn ttl_of(lookup: &Lookup) -> u32 {
    let ttls = lookup.answers().iter().map(|record| record.ttl);
    ttls.min().unwrap_or(0)
}

fn not_found(error: &NetError) -> NotFound {
    match error {
        NetError::Timeout => NotFound::now(LookupFailure::TimedOut),
        NetError::Dns(DnsError::NoRecordsFound(none)) => {
            let failure = match none.response_code {
                ResponseCode::NXDomain => LookupFailure::NoSuchName,
                ResponseCode::NoError => LookupFailure::NoAddress,
                _ => LookupFailure::ServerFailed,
            };
            NotFound {
                failure,
                ttl_s: none.negative_ttl.unwrap_or(0),
            }
        }
        _ => NotFound::now(LookupFailure::ServerFailed),
    }
}

/// Of two families without an address: what says less counts, since it may be there; of two answers,
/// that of a family which was asked for.
fn worse(v4: Option<NotFound>, v6: Option<NotFound>) -> NotFound {
    let rank = |one: &NotFound| match one.failure {
        LookupFailure::NoListener => 2,
        failure if failure.is_answer() => 1,
        _ => 0,
    };
    let both = v4.into_iter().chain(v6);
    both.min_by_key(rank)
        .unwrap_or_else(|| NotFound::now(LookupFailure::NoAddress))
}
