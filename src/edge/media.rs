//! A shard's link to the media relay, in the engine's words.

use super::media_figures::MediaGauges;
use crate::config::MediaConfig;
use anyhow::Context;
use call_control::{Command, KeySource, MediaCommand, MediaPlan, MediaPorts, MediaWatch};
use media_relay::io::{MediaEvent, RelayLink, SessionMedia};
use media_relay::{MediaStatistics, ReadyPair, SessionId, Watch};
use resources::Network;
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The link of one shard. The engine holds the half that takes ports, the loop the half that
/// commands; both are on the shard's thread.
pub(crate) struct ShardMedia {
    link: Rc<RefCell<RelayLink>>,
    /// For trunks that say none; `None`: never.
    inactive_after: Option<Duration>,
    refused: RefusedNetworks,
}

/// Descriptors of the journal, the database, files and timers, which nothing else limits.
const FILES_OF_OTHERS: u64 = 512;

/// Sockets that media may have of the `files` that the process may open, so that `connections`, the journal and
/// the database find theirs; half of all at least.
pub(super) fn sockets_max(files: u64, connections: u64) -> usize {
    let others = connections.saturating_add(FILES_OF_OTHERS).min(files / 2);
    usize::try_from(files - others).unwrap_or(usize::MAX)
}

/// What the engine takes ports from.
struct Stock(Rc<RefCell<RelayLink>>, RefusedNetworks);

/// Where no media is sent, whatever a description says.
#[derive(Clone, Debug)]
pub(crate) struct RefusedNetworks(Arc<[Network]>);

impl RefusedNetworks {
    /// Those that are named, but loopback where media is relayed there itself; and what is no address.
    pub(crate) fn of(media: &MediaConfig) -> anyhow::Result<Self> {
        let named = media.refused_networks.iter().map(String::as_str);
        let networks: Result<Vec<Network>, _> = named.chain(NOWHERE).map(str::parse).collect();
        let mut networks = networks.context("`media.refused_networks`")?;
        let is_on_loopback = media.address.is_loopback();
        networks.retain(|network| !(is_on_loopback && network.base().is_loopback()));
        Ok(Self(networks.into()))
    }

    /// Whether `address` lies in one.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }
}

/// What stands for no address (RFC 3264 holds by it).
const NOWHERE: [&str; 2] = ["0.0.0.0/8", "::/128"];

impl ShardMedia {
    /// `inactive_after`: without a packet in either direction for so long a call has no media, unless
    /// its trunks say otherwise.
    pub(crate) fn new(
        link: RelayLink,
        inactive_after: Option<Duration>,
        refused: RefusedNetworks,
    ) -> Self {
        Self {
            link: Rc::new(RefCell::new(link)),
            inactive_after,
            refused,
        }
    }

    /// The engine's half.
    pub(crate) fn ports(&self) -> Box<dyn MediaPorts> {
        Box::new(Stock(Rc::clone(&self.link), self.refused.clone()))
    }

    /// Passes a command of the engine on.
    pub(crate) fn carry_out(&self, command: MediaCommand) {
        let mut link = self.link.borrow_mut();
        match command {
            MediaCommand::Start(session, plan) => link.start(session, self.media(plan)),
            MediaCommand::Update(session, plan) => link.update(session, self.media(plan)),
            MediaCommand::Stop(session) => link.stop(session),
        }
    }

    /// The next thing that the relay tells of a call. What it counted of one that is over goes to `gauges`.
    pub(crate) fn poll_command(&self, gauges: &MediaGauges) -> Option<Command> {
        let mut link = self.link.borrow_mut();
        loop {
            match link.poll_event()? {
                MediaEvent::Silent { session, .. } => return Some(Command::MediaSilent(session)),
                MediaEvent::OneWay { session, silent } => {
                    return Some(Command::MediaOneWay(session, silent));
                }
                // The record took its own counts when the call ended.
                MediaEvent::Stopped { session } => {
                    if let Some(statistics) = link.statistics(session) {
                        gauges.count_sealed(&statistics);
                    }
                }
            }
        }
    }

    fn media(&self, plan: MediaPlan) -> SessionMedia {
        SessionMedia {
            ingress: plan.ingress,
            egress: plan.egress,
            watch: plan.watch.map(|watch| self.watch(watch)),
            keys: plan.keys,
        }
    }

    fn watch(&self, watch: MediaWatch) -> Watch {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Watch {
            inactive_after: watch.inactive_after_s.map(seconds).or(self.inactive_after),
            one_way_after: watch
                .one_way_after_s
                .map(|after| after.map(|after| seconds(after.into()))),
        }
    }
}

/// The system's random numbers.
impl KeySource for Stock {
    fn draw(&mut self, key: &mut [u8]) -> bool {
        getrandom::fill(key)
            .inspect_err(|error| tracing::error!(%error, "the system gives no keys for media"))
            .is_ok()
    }
}

impl MediaPorts for Stock {
    fn take(&mut self) -> Option<ReadyPair> {
        self.0.borrow_mut().take()
    }

    fn statistics(&self, session: SessionId) -> Option<MediaStatistics> {
        self.0.borrow().statistics(session)
    }

    fn may_send_to(&self, address: IpAddr) -> bool {
        !self.1.contains(address)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn connections_keep_their_descriptors_and_media_half_of_all() {
        assert_eq!(sockets_max(524_288, 11_024), 512_752);
        assert_eq!(sockets_max(20_000, 11_024), 10_000);
        assert_eq!(sockets_max(u64::MAX, 11_024), usize::MAX - 11_536);
        assert_eq!(sockets_max(1, u64::MAX), 1);
    }

    #[test]
    fn loopback_can_be_taken_out_of_the_networks_for_a_peer_on_this_host() {
        let mut media = Config::load(None, []).unwrap().media;
        media.address = "0.0.0.0".parse().unwrap();
        let loopback = ["127.0.0.1", "::1"].map(|ip| ip.parse::<IpAddr>().unwrap());
        let refuses = |media: &MediaConfig| {
            let refused = RefusedNetworks::of(media).unwrap();
            loopback.map(|ip| refused.contains(ip))
        };
        assert_eq!(refuses(&media), [true, true]);
        media.refused_networks = vec!["224.0.0.0/4".to_owned(), "::1".to_owned()];
        assert_eq!(refuses(&media), [false, true]);
    }

    #[test]
    fn media_goes_neither_to_groups_nor_to_loopback_unless_it_is_relayed_there() {
        let refuses = |address: &str, to: &str| {
            let mut media = Config::load(None, []).unwrap().media;
            media.address = address.parse().unwrap();
            let refused = RefusedNetworks::of(&media).unwrap();
            refused.contains(to.parse().unwrap())
        };
        for to in [
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
            "::ffff:224.0.0.1",
        ] {
            assert!(refuses("127.0.0.1", to), "{to}");
        }
        for to in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            for address in ["192.0.2.1", "0.0.0.0"] {
                assert!(refuses(address, to), "{to}");
            }
            assert!(!refuses("127.0.0.1", to), "{to}");
        }
        for to in ["0.0.0.0", "::"] {
            assert!(refuses("192.0.2.1", to) && refuses("127.0.0.1", to), "{to}");
        }
        for to in ["10.0.0.1", "2001:db8::1", "192.0.2.1"] {
            assert!(!refuses("192.0.2.1", to), "{to}");
        }
    }
}
