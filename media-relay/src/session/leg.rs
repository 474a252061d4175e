//! One peer of a session: where it receives, from where it may send, what it sent.

use super::reports::SenderReports;
use super::{Channel, RemoteMedia};
use crate::codec::PayloadTypes;
use crate::reception::Reception;
use crate::rtp::Kind;
use crate::statistics::Counts;
use std::net::SocketAddr;
use std::time::Duration;

/// How long after a change of address packets of the old source are accepted without being
/// learned. They were under way, or the peer has not switched yet.
const CHANGE_GRACE: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, Default)]
pub(super) struct Leg {
    /// The latest address the peer's SDP named, kept through a hold.
    announced: Option<RemoteMedia>,
    /// The peer wants to receive.
    receiving: bool,
    rtp: Lock,
    rtcp: Lock,
    pub(super) counts: Counts,
    pub(super) reception: Reception,
    pub(super) sender_reports: SenderReports,
}

/// Whose packets a port accepts (symmetric RTP, RFC 4961).
#[derive(Clone, Copy, Debug)]
enum Lock {
    /// The next valid packet teaches its source; `previous` is accepted but not learned until the
    /// time given.
    Open {
        previous: Option<(SocketAddr, Duration)>,
    },
    /// Only this source.
    Locked(SocketAddr),
}

impl Default for Lock {
    fn default() -> Self {
        Self::Open { previous: None }
    }
}

impl Leg {
    pub(super) fn announce(&mut self, remote: Option<RemoteMedia>, now: Duration) {
        self.receiving = remote.is_some();
        let Some(remote) = remote else { return };
        if let Some(before) = self.announced {
            if before.rtp != remote.rtp {
                self.rtp.open(now);
            }
            if before.rtcp_address() != remote.rtcp_address() {
                self.rtcp.open(now);
            }
        }
        self.announced = Some(remote);
    }

    pub(super) fn multiplexes(&self) -> bool {
        self.announced.is_some_and(|remote| remote.mux)
    }

    /// What payload types stand for in what this peer receives.
    pub(super) fn payload_types(&self) -> PayloadTypes {
        let announced = self.announced.as_ref();
        announced.map_or_else(PayloadTypes::default, |remote| remote.payload_types)
    }

    /// Whether a packet of `source` may pass; learns the source if it is the first.
    pub(super) fn accepts(&mut self, channel: Channel, source: SocketAddr, now: Duration) -> bool {
        // Before any SDP an address cannot be this peer's.
        let Some(remote) = &self.announced else {
            return false;
        };
        match channel {
            Channel::Rtp => self.rtp.accepts(source, remote.rtp, now),
            Channel::Rtcp => self.rtcp.accepts(source, remote.rtcp_address(), now),
        }
    }

    /// The same without learning anything.
    pub(super) fn would_accept(&self, channel: Channel, source: SocketAddr, now: Duration) -> bool {
        let Some(announced) = self.announced(channel) else {
            return false;
        };
        let mut lock = *self.lock(channel);
        lock.accepts(source, announced, now)
    }

    /// Whether a packet of `source` would be the one that teaches where this peer sends from now on.
    #[cfg(feature = "io")]
    pub(super) fn would_learn(&self, channel: Channel, source: SocketAddr, now: Duration) -> bool {
        if self.comes_from(channel, source) {
            return false;
        }
        let mut lock = *self.lock(channel);
        self.announced(channel)
            .is_some_and(|announced| lock.accepts(source, announced, now))
            && lock.source() == Some(source)
    }

    /// Whether `source` was learned to be who sends to the port `channel`.
    #[cfg(feature = "io")]
    pub(super) fn comes_from(&self, channel: Channel, source: SocketAddr) -> bool {
        self.lock(channel).source() == Some(source)
    }

    /// Where the peer said that it receives.
    pub(super) fn announced(&self, channel: Channel) -> Option<SocketAddr> {
        let remote = self.announced.as_ref()?;
        Some(match channel {
            Channel::Rtp => remote.rtp,
            Channel::Rtcp => remote.rtcp_address(),
        })
    }

    fn lock(&self, channel: Channel) -> &Lock {
        match channel {
            Channel::Rtp => &self.rtp,
            Channel::Rtcp => &self.rtcp,
        }
    }

    /// By which port and to which address this peer gets a packet of `kind`.
    pub(super) fn destination(&self, kind: Kind) -> Option<(Channel, SocketAddr)> {
        let remote = self.announced.as_ref().filter(|_| self.receiving)?;
        Some(match kind {
            Kind::Rtcp if !remote.mux => {
                let named = Some(remote.rtcp_address()).filter(|named| named.port() != 0);
                (Channel::Rtcp, self.rtcp.source().or(named)?)
            }
            Kind::Rtp | Kind::Rtcp => (Channel::Rtp, self.rtp.source().unwrap_or(remote.rtp)),
        })
    }
}

impl Lock {
    fn open(&mut self, now: Duration) {
        if let Self::Locked(source) = *self {
            *self = Self::Open {
                previous: Some((source, now + CHANGE_GRACE)),
            };
        }
    }

    fn accepts(&mut self, source: SocketAddr, announced: SocketAddr, now: Duration) -> bool {
        match *self {
            Self::Locked(locked) if source == locked => true,
            // Somebody else was first, but this is the address that the peer itself named.
            Self::Locked(_) if source != announced => false,
            Self::Open {
                previous: Some((previous, until)),
            } if source == previous && source != announced && now < until => true,
            Self::Locked(_) | Self::Open { .. } => {
                *self = Self::Locked(source);
                true
            }
        }
    }

    fn source(&self) -> Option<SocketAddr> {
        match *self {
            Self::Locked(source) => Some(source),
            Self::Open { .. } => None,
        }
    }
}
