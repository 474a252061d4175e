//! Host names of gateways and the addresses behind them (RFC 3263 §4).
//!
//! Nothing here asks DNS. Whoever does makes an immutable [`AddressTable`] of all names of a
//! snapshot and swaps it whole; a call reads the one that its engine has. The order in which a call
//! takes the addresses of a name is drawn anew each time ([`Resolution::order`]).

mod order;

pub use order::{Resolution, Server};

use arrayvec::ArrayVec;
use rating::Timestamp;
use rating::cdr::Transport;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

/// Most addresses of one name that are ever used.
pub const ADDRESSES_MAX: usize = 16;

/// Where a message goes, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The address and port.
    pub address: SocketAddr,
    /// The transport.
    pub transport: Transport,
}

/// Addresses in the order in which they are to be tried.
pub type Targets = ArrayVec<Target, ADDRESSES_MAX>;

/// What is asked of DNS for a gateway. With a port: A and AAAA. Without one: SRV of the transport
/// first, and NAPTR before it when no transport is given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NameQuery {
    /// The host name, in small letters.
    pub host: Box<str>,
    /// The port, when it is given.
    pub port: Option<u16>,
    /// The transport, when it is given; always when the port is.
    pub transport: Option<Transport>,
}

impl fmt::Display for NameQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

/// Where a gateway is, as its trunk says it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GatewayPlace {
    /// At an address.
    Address(Target),
    /// Behind a name.
    Name(Arc<NameQuery>),
}

impl GatewayPlace {
    /// All its addresses that are known now, the first priority first.
    pub fn targets<'t>(&self, table: &'t AddressTable) -> impl Iterator<Item = Target> + use<'t> {
        let (fixed, resolved) = match self {
            Self::Address(target) => (Some(*target), None),
            Self::Name(name) => (None, table.resolution(name)),
        };
        let resolved = resolved.into_iter().flat_map(Resolution::targets);
        fixed.into_iter().chain(resolved)
    }

    /// The transport to it, unless that is for DNS to tell.
    pub fn transport(&self) -> Option<Transport> {
        match self {
            Self::Address(target) => Some(target.transport),
            Self::Name(name) => name.transport,
        }
    }
}

/// `address:port`, `name` or `name:port`.
impl fmt::Display for GatewayPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(target) => write!(f, "{}", target.address),
            Self::Name(name) => write!(f, "{name}"),
        }
    }
}

/// Why a name has no new answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LookupFailure {
    /// DNS says that there is no such name.
    NoSuchName,
    /// The name is there, but no address is.
    NoAddress,
    /// DNS says that the service is not offered there (an SRV record that leads to `.`).
    NoService,
    /// It is offered by transports, or at addresses of a family, that the switch does not listen at.
    NoListener,
    /// No name server replied in time.
    TimedOut,
    /// The name server could not say, or refused to.
    ServerFailed,
    /// There are more names than may be resolved.
    TooManyNames,
}

impl LookupFailure {
    /// Whether it is an answer: what was known before is wrong now. Else nobody could answer, and
    /// what was known may still be right.
    pub fn is_answer(self) -> bool {
        !matches!(
            self,
            Self::TimedOut | Self::ServerFailed | Self::TooManyNames
        )
    }
}

/// What is known of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameState {
    /// What the host is known by to those who open connections to it; `None` when there are too many.
    pub host: Option<NonZeroU32>,
    /// Where it leads; `None` when that is not known, or it leads nowhere.
    pub resolution: Option<Arc<Resolution>>,
    /// When that was learnt.
    pub resolved_at: Option<Timestamp>,
    /// Until when DNS says that it holds. It is kept for longer while nobody can answer.
    pub valid_until: Option<Timestamp>,
    /// DNS may have a better way: NAPTR, SRV or the address of a server was not answered.
    pub is_makeshift: bool,
    /// Why the last lookup brought nothing; `None` when it did.
    pub failure: Option<LookupFailure>,
    /// When it failed.
    pub failed_at: Option<Timestamp>,
}

impl NameState {
    /// Whether it is used beyond its time.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.resolution.is_some() && self.valid_until.is_some_and(|until| until < now)
    }
}

/// The names of gateways with what was known of each when the table was made. For calls a new one is
/// made when a name leads elsewhere, not at each lookup that says the same as before.
#[derive(Debug, Default)]
pub struct AddressTable {
    number: u64,
    names: HashMap<Arc<NameQuery>, Arc<NameState>>,
    /// Of all names together.
    ips: HashSet<IpAddr>,
}

impl AddressTable {
    /// A table that is later than all of lower numbers.
    pub fn new(number: u64, names: HashMap<Arc<NameQuery>, Arc<NameState>>) -> Self {
        let resolutions = names.values().filter_map(|state| state.resolution.as_ref());
        let targets = resolutions.flat_map(|resolution| resolution.targets());
        let ips = targets.map(|target| target.address.ip().to_canonical());
        Self {
            number,
            ips: ips.collect(),
            names,
        }
    }

    /// Whether one of the names leads to this address, by whatever port. An address of IPv4 is to be
    /// given as such.
    pub fn leads_to(&self, ip: IpAddr) -> bool {
        self.ips.contains(&ip)
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What is known of a name; `None` for one that was not asked for yet.
    pub fn get(&self, name: &NameQuery) -> Option<&NameState> {
        self.names.get(name).map(|state| &**state)
    }

    /// The number of the host of a name ([`NameState::host`]).
    pub fn host(&self, name: &NameQuery) -> Option<NonZeroU32> {
        self.get(name)?.host
    }

    /// Where a name leads, if that is known.
    pub fn resolution(&self, name: &NameQuery) -> Option<&Resolution> {
        self.get(name)?.resolution.as_deref()
    }

    /// All names, in no order.
    pub fn all(&self) -> impl Iterator<Item = (&NameQuery, &NameState)> {
        let names = self.names.iter();
        names.map(|(name, state)| (&**name, &**state))
    }
}
