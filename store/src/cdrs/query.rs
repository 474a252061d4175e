//! Which records to find, and in which order.

use super::CdrParty;
use rating::cdr::{CallId, Outcome, ReleasedBy};
use rating::{Amount, Timestamp};
use std::net::{IpAddr, SocketAddr};

/// Which records to list; all of what is given must hold.
///
/// A customer or a carrier finds by its own side only: the fields that are the staff's have no effect
/// for them, as they could tell of others. For a carrier, numbers, destination, times, duration and
/// release are those of the attempt on it.
#[derive(Clone, Debug, Default)]
pub struct CdrQuery {
    /// Who looks.
    pub party: CdrParty,
    /// How many, at most.
    pub limit: u32,
    /// Only those behind this one, in the order of the list.
    pub after: Option<CdrCursor>,
    /// Which come first.
    pub order: CdrOrder,
    /// Name of the customer at the time of the call. The staff's.
    pub customer: Option<String>,
    /// Name of the carrier of the last attempt. The staff's.
    pub carrier: Option<String>,
    /// Name of the trunk that the call came in by. Not a carrier's.
    pub ingress_trunk: Option<String>,
    /// Name of the trunk of the last attempt. Not a customer's.
    pub egress_trunk: Option<String>,
    /// Where the INVITE of the last attempt went. Not a customer's.
    pub gateway: Option<CdrGateway>,
    /// Name of the customer's rate card. The staff's.
    pub rate_card: Option<String>,
    /// Name of the destination on the own card; for the staff, the customer's.
    pub destination: Option<String>,
    /// The called number after translation.
    pub called: NumberMatch,
    /// The called number as received. Not a carrier's.
    pub called_received: NumberMatch,
    /// The calling number as received.
    pub calling: NumberMatch,
    /// The called number of the last attempt. The staff's.
    pub called_sent: NumberMatch,
    /// The calling number of the last attempt. The staff's.
    pub calling_sent: NumberMatch,
    /// Call-ID of a leg: for the staff of any.
    pub call_id: Option<String>,
    /// How the call came out.
    pub outcome: Option<Outcome>,
    /// Whether it was answered.
    pub answered: Option<bool>,
    /// Who ended it.
    pub released_by: Option<ReleasedBy>,
    /// Our reason, in snake case.
    pub release_reason: Option<String>,
    /// The final status.
    pub sip_status: Option<u16>,
    /// Number of the configuration that decided it. The staff's.
    pub snapshot_number: Option<i64>,
    /// When it was received.
    pub received: Between<Timestamp>,
    /// When it was answered.
    pub answered_at: Between<Timestamp>,
    /// When it ended.
    pub ended: Between<Timestamp>,
    /// Talk time, both ends included, milliseconds.
    pub duration_ms: Within<i64>,
    /// What the customer pays, in the currency of the books. The staff's.
    pub charge: Within<Amount>,
    /// What the carriers charge, in the currency of the books. The staff's.
    pub cost: Within<Amount>,
    /// Charge minus cost. The staff's.
    pub margin: Within<Amount>,
    /// What a customer pays or a carrier is paid, in the currency of its card. Theirs.
    pub amount: Within<Amount>,
}

/// How a list is ordered: by the time received and the identifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CdrOrder {
    /// The latest first.
    #[default]
    NewestFirst,
    /// The earliest first.
    OldestFirst,
}

/// A place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CdrCursor {
    /// Time of the last record seen.
    pub received_at: Timestamp,
    /// Its identifier.
    pub id: CallId,
}

/// What a number is, begins with and ends with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberMatch {
    /// The whole of it.
    pub whole: Option<String>,
    /// Its first characters.
    pub prefix: Option<String>,
    /// Its last characters.
    pub suffix: Option<String>,
}

/// A span of time: from the first, to before the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Between<T> {
    /// At or after.
    pub from: Option<T>,
    /// Before.
    pub to: Option<T>,
}

/// A range with both of its ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Within<T> {
    /// At least.
    pub min: Option<T>,
    /// At most.
    pub max: Option<T>,
}

/// The address of a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CdrGateway {
    /// One port of it.
    Socket(SocketAddr),
    /// Any port of it.
    Address(IpAddr),
}

impl NumberMatch {
    /// Any number.
    pub fn is_any(&self) -> bool {
        *self == Self::default()
    }
}

impl<T: PartialEq + Default> Between<T> {
    /// Any time.
    pub fn is_any(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }
}

impl<T> Within<T> {
    /// Anything.
    pub fn is_any(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }
}

impl std::str::FromStr for CdrGateway {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(socket) = text.parse() {
            return Ok(Self::Socket(socket));
        }
        text.parse().map(Self::Address)
    }
}
