//! What RTCP says of a stream: sender and receiver reports (RFC 3550 §6.4), goodbyes, and the VoIP
//! metrics of extended reports (RFC 3611 §4.7). All else is passed over.
//!
//! A datagram holds several packets, each with its length. Reading ends at the first that is not
//! whole; what stood before it counts.

/// Something that a datagram says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// A sender was here: the middle 32 bits of its NTP timestamp, which others name as `LSR`.
    Sent {
        /// The sender's source.
        ssrc: u32,
        /// Its clock, in 1/65,536 s.
        ntp_middle: u32,
    },
    /// How a receiver gets a stream.
    Received(ReceptionReport),
    /// How a receiver's voice quality is.
    Voice(VoiceMetrics),
    /// Sources have ended.
    Goodbye,
}

/// A report block (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceptionReport {
    /// The source that it is about.
    pub ssrc: u32,
    /// Lost since the report before, in 1/256.
    pub fraction_lost: u8,
    /// Lost since the beginning; less than 0 when packets were doubled.
    pub cumulative_lost: i32,
    /// In ticks of the stream's clock.
    pub jitter: u32,
    /// The middle 32 bits of the latest sender report's NTP timestamp; 0 before the first.
    pub last_sender_report: u32,
    /// Since then, in 1/65,536 s.
    pub delay_since: u32,
}

/// The parts of a VoIP metrics block (RFC 3611 §4.7) that say something about the call. `None` is
/// what the receiver did not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoiceMetrics {
    /// The source that it is about.
    pub ssrc: u32,
    /// Lost in the network, in 1/256.
    pub loss_rate: u8,
    /// Too late for the receiver's jitter buffer, in 1/256.
    pub discard_rate: u8,
    /// Between the receiver and the sender, in ms.
    pub round_trip_ms: u16,
    /// Inside the receiver, in ms.
    pub end_system_delay_ms: u16,
    /// The rating factor.
    pub r_factor: Option<u8>,
    /// Listening quality, ten times the score.
    pub mos_lq_tenths: Option<u8>,
    /// Conversational quality, ten times the score.
    pub mos_cq_tenths: Option<u8>,
}

const VERSION_2: u8 = 2;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const GOODBYE: u8 = 203;
const EXTENDED_REPORT: u8 = 207;
const VOIP_METRICS: u8 = 7;
/// Packets of a datagram that are read: a compound packet has few.
const PACKETS_MAX: usize = 16;
/// A header, and the SSRC of whoever sends the packet.
const HEADER_LENGTH: usize = 8;
const SENDER_INFO_LENGTH: usize = 20;
const BLOCK_LENGTH: usize = 24;
/// A VoIP metrics block without its header: eight words.
const VOIP_METRICS_LENGTH: usize = 32;
/// "Unavailable" in scores.
const UNAVAILABLE: u8 = 127;

/// Calls `tell` with each thing that `datagram` says, in its order.
pub fn read(datagram: &[u8], mut tell: impl FnMut(Report)) {
    let mut rest = datagram;
    for _ in 0..PACKETS_MAX {
        let [first, kind, high, low, ..] = *rest else {
            return;
        };
        let length = (usize::from(u16::from_be_bytes([high, low])) + 1) * 4;
        if first >> 6 != VERSION_2 || length > rest.len() {
            return;
        }
        let (packet, after) = rest.split_at(length);
        read_packet(packet, kind, usize::from(first & 0x1f), &mut tell);
        rest = after;
    }
}

fn read_packet(packet: &[u8], kind: u8, count: usize, tell: &mut impl FnMut(Report)) {
    match kind {
        SENDER_REPORT if packet.len() >= HEADER_LENGTH + SENDER_INFO_LENGTH => {
            let (info, blocks) = packet.split_at(HEADER_LENGTH + SENDER_INFO_LENGTH);
            tell(Report::Sent {
                ssrc: word(info, 4),
                // Low half of the seconds, high half of the fraction.
                ntp_middle: word(info, 8) << 16 | word(info, 12) >> 16,
            });
            read_blocks(blocks, count, tell);
        }
        RECEIVER_REPORT if packet.len() >= HEADER_LENGTH => {
            read_blocks(&packet[HEADER_LENGTH..], count, tell);
        }
        EXTENDED_REPORT if packet.len() >= HEADER_LENGTH => {
            read_extended(&packet[HEADER_LENGTH..], tell);
        }
        GOODBYE => tell(Report::Goodbye),
        _ => {}
    }
}

fn read_blocks(blocks: &[u8], count: usize, tell: &mut impl FnMut(Report)) {
    for block in blocks.chunks_exact(BLOCK_LENGTH).take(count) {
        let lost = word(block, 4);
        tell(Report::Received(ReceptionReport {
            ssrc: word(block, 0),
            fraction_lost: (lost >> 24) as u8,
            // 24 bits with a sign.
            cumulative_lost: (lost << 8) as i32 >> 8,
            jitter: word(block, 12),
            last_sender_report: word(block, 16),
            delay_since: word(block, 20),
        }));
    }
}

fn read_extended(mut rest: &[u8], tell: &mut impl FnMut(Report)) {
    while let [kind, _, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])) * 4;
        if length > after.len() {
            return;
        }
        let (block, next) = after.split_at(length);
        if *kind == VOIP_METRICS && length == VOIP_METRICS_LENGTH {
            tell(Report::Voice(voice_metrics(block)));
        }
        rest = next;
    }
}

/// `block` is the eight words after the block's header.
fn voice_metrics(block: &[u8]) -> VoiceMetrics {
    let known = |at: usize| Some(block[at]).filter(|value| *value != UNAVAILABLE);
    let half = |at: usize| u16::from_be_bytes([block[at], block[at + 1]]);
    VoiceMetrics {
        ssrc: word(block, 0),
        loss_rate: block[4],
        discard_rate: block[5],
        round_trip_ms: half(12),
        end_system_delay_ms: half(14),
        r_factor: known(20),
        mos_lq_tenths: known(22),
        mos_cq_tenths: known(23),
    }
}

/// The 32 bits at `at`, which the caller knows to be there.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests;
