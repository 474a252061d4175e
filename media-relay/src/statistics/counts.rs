//! The counts of one direction as they are kept while a session goes on: plain numbers, which
//! other threads can be shown one by one.

use super::{DirectionStatistics, FarEnd, Jitter};
use crate::codec::Codec;
use crate::rtcp::VoiceMetrics;
use std::time::Duration;

/// The interval that goes on counts as the worst only with so many packets: one second of voice.
const INTERVAL_PACKETS_LEAST: u64 = 50;

/// Declares the counts, and their places in an array.
macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        #[derive(Clone, Debug, Default)]
        pub(crate) struct Counts {
            $($(#[$doc])* pub(crate) $name: u64,)*
        }

        impl Counts {
            /// How many there are.
            #[cfg_attr(not(feature = "io"), allow(dead_code, reason = "shown by the threads"))]
            pub(crate) const LEN: usize = [$(stringify!($name)),*].len();

            /// All, in their order.
            #[cfg_attr(not(feature = "io"), allow(dead_code, reason = "shown by the threads"))]
            pub(crate) fn to_words(&self) -> [u64; Self::LEN] {
                [$(self.$name),*]
            }

            /// Back from [`Self::to_words`].
            #[cfg_attr(not(feature = "io"), allow(dead_code, reason = "shown by the threads"))]
            pub(crate) fn from_words(words: [u64; Self::LEN]) -> Self {
                let [$($name),*] = words;
                Self { $($name),* }
            }
        }
    };
}

counts! {
    packets,
    bytes,
    /// Microseconds since the origin of time, plus one; 0 before the first.
    last_packet,
    /// The same of RTP alone.
    last_rtp,
    expected,
    /// Of the expected, without duplicates.
    received,
    jitter_us,
    jitter_max_us,
    jitter_sum_us,
    jitter_measured,
    longest_gap_us,
    /// By [`Codec::number`]; 0 while unknown.
    codec,
    worst_interval_permyriad,
    /// Expected and received when the interval began that loss is counted in now.
    interval_expected,
    interval_received,
    duplicates,
    reordered,
    ssrc_changes,
    restarts,
    rtcp_packets,
    invalid,
    foreign,
    undeliverable,
    forged,
    replayed,
    key_used_up,
    not_sealed,
    far_reports,
    far_lost,
    far_worst_fraction,
    /// Plus one; 0 while unknown.
    far_jitter_us,
    /// Plus one; 0 while unknown.
    round_trip_us,
    /// Plus one; 0 while unknown.
    round_trip_max_us,
    goodbyes,
    /// A VoIP metrics block in three words, by [`voice_words`]; all 0 before the first.
    voice_delays,
    voice_scores,
    voice_source,
}

impl Counts {
    /// RTP of so many bytes was accepted.
    pub(crate) fn take_rtp(&mut self, bytes: usize, now: Duration) {
        let now_us = micros(now);
        if let Some(before) = self.last_rtp.checked_sub(1) {
            self.longest_gap_us = self.longest_gap_us.max(now_us.saturating_sub(before));
        }
        self.packets += 1;
        self.bytes += bytes as u64;
        self.last_rtp = now_us + 1;
        self.last_packet = now_us + 1;
    }

    /// RTCP was accepted.
    pub(crate) fn take_rtcp(&mut self, now: Duration) {
        self.rtcp_packets += 1;
        self.last_packet = micros(now) + 1;
    }

    /// When the latest packet was accepted.
    pub(crate) fn last_packet_at(&self) -> Option<Duration> {
        known_micros(self.last_packet)
    }

    /// When the latest RTP packet was accepted.
    pub(crate) fn last_rtp_at(&self) -> Option<Duration> {
        known_micros(self.last_rtp)
    }

    pub(crate) fn set_voice(&mut self, voice: &VoiceMetrics) {
        [self.voice_source, self.voice_delays, self.voice_scores] = voice_words(voice);
    }

    pub(crate) fn statistics(&self, now: Duration) -> DirectionStatistics {
        let since = |at: u64| known_micros(at).map(|at| now.saturating_sub(at));
        let lost = self.expected.saturating_sub(self.received);
        let lost_permyriad = (lost * 10_000).checked_div(self.expected).unwrap_or(0);
        // No stretch of the whole can be worst and yet better than the whole.
        let worst = (self.worst_interval_permyriad)
            .max(self.running_interval_permyriad())
            .max(lost_permyriad);
        DirectionStatistics {
            packets: self.packets,
            bytes: self.bytes,
            rtcp_packets: self.rtcp_packets,
            invalid: self.invalid,
            foreign: self.foreign,
            undeliverable: self.undeliverable,
            forged: self.forged,
            replayed: self.replayed,
            key_used_up: self.key_used_up,
            not_sealed: self.not_sealed,
            silent_for: since(self.last_packet),
            rtp_silent_for: since(self.last_rtp),
            codec: Codec::from_number(self.codec),
            expected: self.expected,
            lost,
            worst_loss_permyriad: worst as u16,
            reordered: self.reordered,
            duplicates: self.duplicates,
            ssrc_changes: self.ssrc_changes,
            restarts: self.restarts,
            jitter: Jitter {
                current: Duration::from_micros(self.jitter_us),
                mean: Duration::from_micros(
                    self.jitter_sum_us
                        .checked_div(self.jitter_measured)
                        .unwrap_or(0),
                ),
                highest: Duration::from_micros(self.jitter_max_us),
            },
            longest_gap: Duration::from_micros(self.longest_gap_us),
            far_end: self.far_end(),
        }
    }

    /// Loss since the interval began; 0 while too few packets say something.
    fn running_interval_permyriad(&self) -> u64 {
        match self.expected.saturating_sub(self.interval_expected) {
            expected if expected < INTERVAL_PACKETS_LEAST => 0,
            _ => self.interval_permyriad(),
        }
    }

    /// Loss of the interval that goes on.
    pub(crate) fn interval_permyriad(&self) -> u64 {
        let expected = self.expected.saturating_sub(self.interval_expected);
        let received = self.received.saturating_sub(self.interval_received);
        let lost = expected.saturating_sub(received);
        (lost * 10_000).checked_div(expected).unwrap_or(0)
    }

    fn far_end(&self) -> FarEnd {
        FarEnd {
            reports: self.far_reports,
            lost: self.far_lost,
            worst_fraction_lost: self.far_worst_fraction as u8,
            jitter: known_micros(self.far_jitter_us),
            round_trip: known_micros(self.round_trip_us),
            round_trip_highest: known_micros(self.round_trip_max_us),
            voice: voice_of([self.voice_source, self.voice_delays, self.voice_scores]),
            goodbyes: self.goodbyes,
        }
    }
}

pub(crate) fn micros(duration: Duration) -> u64 {
    duration.as_micros() as u64
}

/// What was kept as "plus one, 0 while unknown".
fn known_micros(kept: u64) -> Option<Duration> {
    kept.checked_sub(1).map(Duration::from_micros)
}

/// Source plus one (so that it is never 0); loss, discards and delays; scores, each plus one.
fn voice_words(voice: &VoiceMetrics) -> [u64; 3] {
    let score = |value: Option<u8>| value.map_or(0, |value| u64::from(value) + 1);
    [
        u64::from(voice.ssrc) + 1,
        u64::from(voice.loss_rate)
            | u64::from(voice.discard_rate) << 8
            | u64::from(voice.round_trip_ms) << 16
            | u64::from(voice.end_system_delay_ms) << 32,
        score(voice.r_factor) | score(voice.mos_lq_tenths) << 16 | score(voice.mos_cq_tenths) << 32,
    ]
}

fn voice_of([source, delays, scores]: [u64; 3]) -> Option<VoiceMetrics> {
    let score = |at: u32| {
        (scores >> at & 0xffff)
            .checked_sub(1)
            .map(|value| value as u8)
    };
    Some(VoiceMetrics {
        ssrc: source.checked_sub(1)? as u32,
        loss_rate: delays as u8,
        discard_rate: (delays >> 8) as u8,
        round_trip_ms: (delays >> 16) as u16,
        end_system_delay_ms: (delays >> 32) as u16,
        r_factor: score(0),
        mos_lq_tenths: score(16),
        mos_cq_tenths: score(32),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_hold_every_count() {
        let words: [u64; Counts::LEN] = std::array::from_fn(|index| index as u64 + 1);
        assert_eq!(Counts::from_words(words).to_words(), words);
    }

    #[test]
    fn voice_metrics_survive_their_words() {
        assert_eq!(Counts::default().far_end().voice, None);
        let voice = VoiceMetrics {
            ssrc: u32::MAX,
            loss_rate: 255,
            discard_rate: 1,
            round_trip_ms: 65_535,
            end_system_delay_ms: 2,
            r_factor: Some(255),
            mos_lq_tenths: None,
            mos_cq_tenths: Some(0),
        };
        let mut counts = Counts::default();
        counts.set_voice(&voice);
        assert_eq!(counts.far_end().voice, Some(voice));
    }
}
