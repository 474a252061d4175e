//! How the relayed media of a call was.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What the media relay counted, per direction. `None` in the call when media went directly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaStatistics {
    /// RTP packets received from the customer.
    pub packets_from_customer: u64,
    /// RTP payload-bearing datagram bytes received from the customer.
    pub bytes_from_customer: u64,
    /// RTP packets received from the carrier.
    pub packets_from_carrier: u64,
    /// RTP payload-bearing datagram bytes received from the carrier.
    pub bytes_from_carrier: u64,
    /// How the customer's media arrived; `None` in records of earlier releases.
    #[serde(default)]
    pub quality_from_customer: Option<MediaQuality>,
    /// How the carrier's media arrived; `None` in records of earlier releases.
    #[serde(default)]
    pub quality_from_carrier: Option<MediaQuality>,
}

/// A side of a call's media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaSide {
    /// The customer.
    Customer,
    /// The carrier.
    Carrier,
}

/// A side that says nothing is noticed after so much talk time …
const NOT_HEARD_TALK_MS_LEAST: u64 = 5_000;
/// … of which the other side spoke for some seconds.
const NOT_HEARD_PACKETS_LEAST: u64 = 100;

impl MediaStatistics {
    /// The side that sent no packet in `talk_ms` of talk, while the other side spoke. An announcement
    /// that wants no answer looks the same; a call of less than five seconds says nothing.
    pub fn not_heard(&self, talk_ms: u64) -> Option<MediaSide> {
        if talk_ms < NOT_HEARD_TALK_MS_LEAST {
            return None;
        }
        match (self.packets_from_customer, self.packets_from_carrier) {
            (0, NOT_HEARD_PACKETS_LEAST..) => Some(MediaSide::Customer),
            (NOT_HEARD_PACKETS_LEAST.., 0) => Some(MediaSide::Carrier),
            _ => None,
        }
    }
}

/// How the media of one side arrived at the relay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaQuality {
    /// The encoding name of the latest voice codec; `None` without any voice that is known.
    pub codec: Option<Cow<'static, str>>,
    /// Packets that were sent, by their sequence numbers.
    pub packets_expected: u64,
    /// Of those, not arrived.
    pub packets_lost: u64,
    /// Loss in the worst five seconds, in 1/10,000.
    pub worst_loss_permyriad: u16,
    /// Arrived after one that was sent later.
    pub packets_reordered: u64,
    /// Arrived a second time.
    pub packets_doubled: u64,
    /// Interarrival jitter (RFC 3550), the mean and the highest.
    pub jitter_mean_us: u32,
    /// See `jitter_mean_us`.
    pub jitter_highest_us: u32,
    /// The longest time between two packets.
    pub longest_gap_ms: u32,
    /// The mean opinion score by the E-model (ITU-T G.107), 100 to 450; `None` without a codec that is
    /// known.
    pub mos_hundredths: Option<u16>,
    /// Between the relay and this side and back, by its RTCP; `None` when it sent no report.
    pub round_trip_us: Option<u32>,
    /// What this side says it lost of the media that it was sent; `None` when it sent no report.
    pub far_end_packets_lost: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_side_is_not_heard_when_only_the_other_spoke_for_some_seconds() {
        let heard = |customer, carrier, talk_ms| {
            let media = MediaStatistics {
                packets_from_customer: customer,
                packets_from_carrier: carrier,
                ..MediaStatistics::default()
            };
            media.not_heard(talk_ms)
        };
        assert_eq!(heard(0, 3_000, 60_000), Some(MediaSide::Customer));
        assert_eq!(heard(3_000, 0, 60_000), Some(MediaSide::Carrier));
        // Hung up at once; both silent, as on hold or with T.38; a few packets before a hold.
        assert_eq!(heard(0, 200, 4_999), None);
        assert_eq!(heard(0, 0, 60_000), None);
        assert_eq!(heard(99, 0, 60_000), None);
        assert_eq!(heard(1, 3_000, 60_000), None);
    }
}
