//! What a call asks of the media relay: a pair of ports, where to send, and the counts.
//!
//! The engine never waits for the relay. It takes a ready pair from the shard's stock through
//! [`MediaPorts`], and says what to do with it by [`MediaCommand`] events.

use media_relay::{MediaKeys, MediaStatistics, ReadyPair, RemoteMedia, SessionId};
use std::net::IpAddr;
use std::sync::Arc;

/// Where keys for media come from.
pub trait KeySource {
    /// Fills a key with random bytes that nobody can guess. False when there are none: then nothing is
    /// encrypted, and a call that must be is refused.
    fn draw(&mut self, key: &mut [u8]) -> bool;
}

/// The shard's link to the relay. Its calls return at once.
pub trait MediaPorts: KeySource {
    /// Takes a pair from the stock; `None` when it is empty. [`MediaCommand::Stop`] gives it back.
    fn take(&mut self) -> Option<ReadyPair>;

    /// What has been relayed so far; `None` when nothing is known of the session.
    fn statistics(&self, session: SessionId) -> Option<MediaStatistics>;

    /// Whether media may be sent to `address`: a description that names another is refused.
    fn may_send_to(&self, _address: IpAddr) -> bool {
        true
    }
}

/// The whole of what the relay needs to know of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MediaPlan {
    /// Where the customer receives; `None` while unknown, or when it wants none.
    pub ingress: Option<RemoteMedia>,
    /// Where the carrier receives; `None` while unknown, or when it wants none.
    pub egress: Option<RemoteMedia>,
    /// What to report of silence: set while the call is answered and not on hold.
    pub watch: Option<MediaWatch>,
    /// By what the legs are sealed that are; `None` when neither is.
    pub keys: Option<Arc<MediaKeys>>,
}

/// What is to be reported of silence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MediaWatch {
    /// Of both sides, by [`Command::MediaSilent`](crate::Command::MediaSilent), after so many seconds;
    /// `None`: after those of the node.
    pub inactive_after_s: Option<u32>,
    /// Of the customer's side, of the carrier's, while the other speaks, by
    /// [`Command::MediaOneWay`](crate::Command::MediaOneWay), after so many seconds; `None`: never.
    pub one_way_after_s: [Option<u16>; 2],
}

/// What the media relay shall do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaCommand {
    /// Begin to relay.
    Start(SessionId, MediaPlan),
    /// Go on with other addresses.
    Update(SessionId, MediaPlan),
    /// The call is over or never came about: the pair goes back to the stock. Comes exactly once
    /// for each pair taken, started or not.
    Stop(SessionId),
}
