//! A talker and a listener for one call's RTP (RFC 3550), without sockets.
//!
//! The talker makes one packet of 20 ms each time it is asked; the listener counts what arrives.
//! Who asks and when is the shell's affair.

mod g711;

use crate::plan::Codec;
use crate::random::Random;
use sip_core::{Duration, Instant};

/// Time of one packet (the default of RFC 3551 §4.2).
pub const PACKET_TIME: Duration = Duration::from_millis(20);
/// Samples of one packet at 8 kHz; one byte each in G.711.
pub const SAMPLES_PER_PACKET: usize = 160;
/// Fixed part of an RTP header, RFC 3550 §5.1.
const HEADER_LENGTH: usize = 12;
const VERSION: u8 = 2;
/// RFC 3550 A.1: a jump ahead of more than this is a restart of the source, not a loss.
const MAX_DROPOUT: u16 = 3_000;
/// RFC 3550 A.1: a packet so much behind is late or duplicated; beyond it the source restarted.
const MAX_MISORDER: u16 = 100;

/// What a talker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// 440 Hz at about −10 dBm0.
    Tone,
    /// Faint noise, as a quiet line has.
    ComfortNoise,
}

/// The sending half of a call's audio.
#[derive(Clone, Debug)]
pub struct Talker {
    codec: Codec,
    sound: Sound,
    random: Random,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// Position in the period of the tone.
    phase: usize,
    sent: u64,
}

impl Talker {
    /// A talker with random SSRC, first sequence number and timestamp (RFC 3550 §5.1).
    pub fn new(codec: Codec, sound: Sound, seed: u64) -> Self {
        let mut random = Random::new(seed);
        Self {
            codec,
            sound,
            ssrc: random.next_u32(),
            sequence: random.next_u32() as u16,
            timestamp: random.next_u32(),
            random,
            phase: 0,
            sent: 0,
        }
    }

    /// Packets made.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Replaces the content of `packet` by the next packet.
    pub fn next_packet(&mut self, packet: &mut Vec<u8>) {
        packet.clear();
        let marker = u8::from(self.sent == 0) << 7;
        packet.extend_from_slice(&[VERSION << 6, marker | self.codec.payload_type()]);
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&self.timestamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
        self.append_sound(packet);
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(SAMPLES_PER_PACKET as u32);
        self.sent += 1;
    }

    /// Lets one packet time pass without a packet, as a sender that is on hold does.
    pub fn skip(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(SAMPLES_PER_PACKET as u32);
    }

    fn append_sound(&mut self, packet: &mut Vec<u8>) {
        match self.sound {
            Sound::Tone => {
                let tone = g711::tone(self.codec);
                let (end, start) = tone.split_at(self.phase);
                let samples = start.iter().chain(end).take(SAMPLES_PER_PACKET);
                packet.extend(samples);
                self.phase = (self.phase + SAMPLES_PER_PACKET) % tone.len();
            }
            Sound::ComfortNoise => packet.extend((0..SAMPLES_PER_PACKET).map(|_| {
                let sample = self.random.below(33) as i16 - 16;
                g711::encode(self.codec, sample)
            })),
        }
    }
}

/// What a listener counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct RtpStatistics {
    /// RTP packets sent by us.
    pub sent: u64,
    /// RTP packets received, duplicates included.
    pub received: u64,
    /// Expected less received (RFC 3550 A.3); negative when packets were duplicated.
    pub lost: i64,
    /// Packets that came after one with a higher sequence number.
    pub out_of_order: u64,
    /// Datagrams on the media port that are no RTP packets.
    pub malformed: u64,
    /// Interarrival jitter (RFC 3550 §6.4.1), microseconds.
    pub jitter_us: u32,
}

impl RtpStatistics {
    /// Share of the expected packets that is missing, in parts per thousand.
    pub fn loss_per_mille(&self) -> u64 {
        let lost = u64::try_from(self.lost).unwrap_or(0);
        let expected = self.received.saturating_add(lost);
        lost.saturating_mul(1_000)
            .checked_div(expected)
            .unwrap_or(0)
    }
}

/// The receiving half of a call's audio. Follows one source; a new SSRC starts a new count of
/// expected packets and keeps the totals.
#[derive(Clone, Debug, Default)]
pub struct Listener {
    source: Option<Source>,
    received: u64,
    out_of_order: u64,
    malformed: u64,
    /// Packets lost from sources that are over.
    lost_before: i64,
    last_jitter_us: u32,
}

/// Sequence and jitter state of one SSRC, RFC 3550 A.1 and A.8.
#[derive(Clone, Debug)]
struct Source {
    ssrc: u32,
    base: u64,
    /// Highest sequence number seen, with wraps counted in.
    highest: u64,
    received: u64,
    last_transit: i64,
    /// Jitter in timestamp units, scaled by 16 as in RFC 3550 A.8.
    jitter_scaled: i64,
}

impl Listener {
    /// Takes one datagram. `false` when it is not an RTP packet.
    pub fn receive(&mut self, now: Instant, datagram: &[u8]) -> bool {
        let Some(header) = Header::parse(datagram) else {
            self.malformed += 1;
            return false;
        };
        self.received += 1;
        let arrival = arrival_in_samples(now);
        match &mut self.source {
            Some(source) if source.ssrc == header.ssrc => match source.update(header, arrival) {
                Placed::InOrder => {}
                Placed::OutOfOrder => self.out_of_order += 1,
                Placed::Restarted => self.follow(header, arrival),
            },
            _ => self.follow(header, arrival),
        }
        true
    }

    /// The counts, with the talker's own number of sent packets.
    pub fn statistics(&self, sent: u64) -> RtpStatistics {
        let current = self.source.as_ref();
        RtpStatistics {
            sent,
            received: self.received,
            lost: self.lost_before + current.map_or(0, Source::lost),
            out_of_order: self.out_of_order,
            malformed: self.malformed,
            jitter_us: current.map_or(self.last_jitter_us, Source::jitter_us),
        }
    }

    fn follow(&mut self, header: Header, arrival: i64) {
        if let Some(ended) = self.source.take() {
            self.lost_before += ended.lost();
            self.last_jitter_us = ended.jitter_us();
        }
        self.source = Some(Source::new(header, arrival));
    }
}

enum Placed {
    InOrder,
    OutOfOrder,
    Restarted,
}

impl Source {
    fn new(header: Header, arrival: i64) -> Self {
        let base = u64::from(header.sequence);
        Self {
            ssrc: header.ssrc,
            base,
            highest: base,
            received: 1,
            last_transit: header.transit(arrival),
            jitter_scaled: 0,
        }
    }

    fn update(&mut self, header: Header, arrival: i64) -> Placed {
        let ahead = header.sequence.wrapping_sub(self.highest as u16);
        let placed = match ahead {
            1..MAX_DROPOUT => {
                self.highest += u64::from(ahead);
                Placed::InOrder
            }
            0 => Placed::OutOfOrder,
            _ if ahead >= u16::MAX - MAX_MISORDER => Placed::OutOfOrder,
            _ => return Placed::Restarted,
        };
        self.received += 1;
        let transit = header.transit(arrival);
        // The difference is taken modulo 2^32: the RTP timestamp wraps, the arrival does not.
        let difference = i64::from((transit - self.last_transit) as i32).abs();
        self.last_transit = transit;
        self.jitter_scaled += difference - ((self.jitter_scaled + 8) >> 4);
        placed
    }

    fn lost(&self) -> i64 {
        let expected = self.highest - self.base + 1;
        i64::try_from(expected).unwrap_or(i64::MAX)
            - i64::try_from(self.received).unwrap_or(i64::MAX)
    }

    fn jitter_us(&self) -> u32 {
        // One sample at 8 kHz is 125 µs.
        u32::try_from((self.jitter_scaled >> 4) * 125).unwrap_or(u32::MAX)
    }
}

/// The fields of an RTP header that counting needs.
#[derive(Clone, Copy)]
struct Header {
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
}

impl Header {
    fn parse(datagram: &[u8]) -> Option<Self> {
        let header = datagram.first_chunk::<HEADER_LENGTH>()?;
        let payload_type = header[1] & 0x7f;
        // RFC 5761 §4: 64 to 95 are RTCP packet types when both share a port.
        if header[0] >> 6 != VERSION || (64..96).contains(&payload_type) {
            return None;
        }
        Some(Self {
            sequence: u16::from_be_bytes([header[2], header[3]]),
            timestamp: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
            ssrc: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
        })
    }

    fn transit(self, arrival: i64) -> i64 {
        arrival - i64::from(self.timestamp)
    }
}

/// A point in time in units of the 8 kHz RTP clock.
fn arrival_in_samples(now: Instant) -> i64 {
    (now.as_micros() / 125) as i64
}

#[cfg(test)]
mod tests;
