//! What is counted of a session, and what follows from the counts.

mod counts;

pub(crate) use counts::{Counts, micros};

use crate::codec::Codec;
use crate::quality::{Connection, Rating};
use crate::rtcp::VoiceMetrics;
use crate::session::Side;
use std::time::Duration;

/// Both directions of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaStatistics {
    /// Received from the customer.
    pub ingress: DirectionStatistics,
    /// Received from the carrier.
    pub egress: DirectionStatistics,
}

/// What was received from one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DirectionStatistics {
    /// RTP packets accepted.
    pub packets: u64,
    /// UDP payload bytes of those.
    pub bytes: u64,
    /// RTCP packets accepted.
    pub rtcp_packets: u64,
    /// Datagrams that are no RTP or RTCP.
    pub invalid: u64,
    /// Datagrams of another source than the locked one, or before any address was announced.
    pub foreign: u64,
    /// Accepted packets that went nowhere: the other peer has no address, wants no media, or the
    /// system refused to send.
    pub undeliverable: u64,
    /// Datagrams that are not sealed by the key that was agreed for this leg (SRTP), plain ones too.
    pub forged: u64,
    /// Sealed packets that had come before, or are so late that nobody can tell.
    pub replayed: u64,
    /// Sealed packets of more sources than a key may have.
    pub key_used_up: u64,
    /// Accepted packets that could not be sealed for the other leg: their number was sealed before.
    pub not_sealed: u64,
    /// Time since the last accepted packet of either kind; `None` before the first.
    pub silent_for: Option<Duration>,
    /// Time since the last accepted RTP packet; `None` before the first.
    pub rtp_silent_for: Option<Duration>,
    /// What the latest voice packet was coded by; `None` when its payload type is unknown.
    pub codec: Option<Codec>,
    /// Packets that the sequence numbers say were sent, up to the latest that arrived.
    pub expected: u64,
    /// Of those, how many have not arrived.
    pub lost: u64,
    /// Loss in the worst five seconds, in 1/10,000; of the whole while it is shorter.
    pub worst_loss_permyriad: u16,
    /// Packets that arrived after one that was sent later.
    pub reordered: u64,
    /// Packets that had arrived before.
    pub duplicates: u64,
    /// How often another source took over (SSRC).
    pub ssrc_changes: u64,
    /// How often the same source began its sequence numbers anew.
    pub restarts: u64,
    /// How unevenly voice arrived.
    pub jitter: Jitter,
    /// The longest time between two RTP packets. Silence suppression and holding make gaps too.
    pub longest_gap: Duration,
    /// What the peer's RTCP says of the media that it was sent.
    pub far_end: FarEnd,
}

/// Interarrival jitter (RFC 3550 §6.4.1), of voice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jitter {
    /// At the latest packet.
    pub current: Duration,
    /// Over all packets.
    pub mean: Duration,
    /// The highest.
    pub highest: Duration,
}

/// What a peer reports by RTCP of the other peer's stream, as it arrives there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FarEnd {
    /// Report blocks about the stream.
    pub reports: u64,
    /// Lost since the beginning, by the latest report.
    pub lost: u64,
    /// The highest loss between two reports, in 1/256.
    pub worst_fraction_lost: u8,
    /// Jitter by the latest report; `None` when the stream's clock is unknown.
    pub jitter: Option<Duration>,
    /// From the relay to the peer and back, latest and highest.
    pub round_trip: Option<Duration>,
    /// See `round_trip`.
    pub round_trip_highest: Option<Duration>,
    /// The latest VoIP metrics block (RFC 3611), if the peer sends any.
    pub voice: Option<VoiceMetrics>,
    /// Goodbyes.
    pub goodbyes: u64,
}

/// A leg whose peer sends no RTCP is taken to be so far away, one way.
pub const NETWORK_DELAY_ASSUMED: Duration = Duration::from_millis(20);
/// A packet is spoken before it is sent, and waits in a jitter buffer for twice the jitter, at
/// least so long: neither can be seen from here.
const PACKET_TIME_ASSUMED: Duration = Duration::from_millis(20);
const JITTER_BUFFER_LEAST: Duration = Duration::from_millis(40);

/// Sources that change more often than this are not one after another (RFC 3550 §8.2: a loop, or two
/// senders).
const PACKETS_PER_SOURCE_LEAST: u64 = 25;

impl MediaStatistics {
    /// What was received from `side`.
    pub fn from_side(&self, side: Side) -> &DirectionStatistics {
        match side {
            Side::Ingress => &self.ingress,
            Side::Egress => &self.egress,
        }
    }

    /// How the voice of `side` sounds when it reaches the relay, by the E-model; `None` before any
    /// voice of a known codec, and where sources take turns: what each of them lost cannot be told.
    ///
    /// Loss is that between `side` and the relay. Delay is mouth to ear: half of both round trips by
    /// RTCP ([`NETWORK_DELAY_ASSUMED`] for a leg without), 20 ms to fill a packet, and a jitter
    /// buffer of twice the mean jitter, at least 40 ms.
    pub fn rating(&self, side: Side) -> Option<Rating> {
        let from = self.from_side(side);
        if from.expected == 0 || from.ssrc_changes * PACKETS_PER_SOURCE_LEAST > from.packets {
            return None;
        }
        let network = self.ingress.far_end.one_way() + self.egress.far_end.one_way();
        let buffer = JITTER_BUFFER_LEAST.max(from.jitter.mean * 2);
        let connection = Connection {
            codec: from.codec?,
            loss: from.lost as f64 / from.expected as f64,
            one_way_delay: network + PACKET_TIME_ASSUMED + buffer,
        };
        connection.rate()
    }
}

impl FarEnd {
    fn one_way(&self) -> Duration {
        self.round_trip
            .map_or(NETWORK_DELAY_ASSUMED, |both_ways| both_ways / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_call_is_rated_with_the_delay_that_is_assumed_until_rtcp_tells_it() {
        let clean = DirectionStatistics {
            codec: Some(Codec::Pcma),
            expected: 500,
            packets: 500,
            ..DirectionStatistics::default()
        };
        let mut media = MediaStatistics {
            ingress: clean,
            egress: DirectionStatistics::default(),
        };
        let assumed = media.rating(Side::Ingress).expect("voice was heard");
        let by_hand = Connection {
            codec: Codec::Pcma,
            loss: 0.0,
            one_way_delay: Duration::from_millis(20 + 20 + 20 + 40),
        };
        assert_eq!(Some(assumed), by_hand.rate());
        assert_eq!(media.rating(Side::Egress), None);
        media.egress.far_end.round_trip = Some(Duration::from_millis(600));
        let far = media.rating(Side::Ingress).expect("voice was heard");
        assert!(far.r < assumed.r - 20.0, "{far:?} after {assumed:?}");
    }

    #[test]
    fn sources_that_take_turns_are_not_rated() {
        let of = |ssrc_changes| MediaStatistics {
            ingress: DirectionStatistics {
                codec: Some(Codec::Pcma),
                expected: 500,
                packets: 500,
                ssrc_changes,
                ..DirectionStatistics::default()
            },
            egress: DirectionStatistics::default(),
        };
        assert!(of(2).rating(Side::Ingress).is_some());
        assert_eq!(of(499).rating(Side::Ingress), None);
    }
}
