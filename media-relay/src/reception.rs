//! How the RTP of one peer arrives: what is missing, late, doubled, and how unevenly it comes.
//!
//! Sequence numbers are followed as in RFC 3550 Appendix A.1 (without its probation: the relay
//! knows the source by its address), loss is counted as in A.3, jitter as in A.8. Fixed memory,
//! integers only.

use crate::codec::Codec;
use crate::rtp::Header;
use crate::statistics::Counts;
use std::time::Duration;

/// A step ahead that is still loss, and a step back that is still reordering (RFC 3550 A.1). What
/// lies between is a sender that began anew, if its next packet goes on from there.
const DROPOUT_MAX: u16 = 3_000;
const MISORDER_MAX: u16 = 100;
/// Loss is compared between intervals of this length.
const LOSS_INTERVAL: Duration = Duration::from_secs(5);
/// A packet that deviates by more was not delayed: its sender's timestamps have jumped.
const DEVIATION_MAX_US: u64 = 10_000_000;
/// After so long without a packet the sender was on hold or silent, and its timestamps may have stood.
const PAUSE_US: u64 = 1_000_000;
/// Where extended sequence numbers begin, so that none falls under 0.
const FIRST_CYCLE: u64 = 1 << 32;

/// The stream that a peer sends now. Its counts are kept outside, in [`Counts`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Reception {
    stream: Option<Stream>,
    /// Expected from streams that are over.
    expected_before: u64,
    /// When the interval ends that loss is counted in.
    interval_ends_at: Duration,
}

#[derive(Clone, Debug)]
struct Stream {
    ssrc: u32,
    /// Extended sequence numbers (with cycles) of the first packet and of the highest.
    first: u64,
    highest: u64,
    /// Bit n: the packet n before the highest has arrived.
    arrived: u64,
    /// The sequence number that would prove a jump to be a new beginning.
    expected_after_jump: Option<u16>,
    /// Of the packet before: when it arrived, its timestamp and clock.
    previous: Option<(u64, u32, u32)>,
    /// As in A.8: sixteen times the jitter, but in microseconds.
    jitter_x16: u64,
}

/// Where a sequence number stands.
enum Place {
    Next,
    Reordered,
    Duplicate,
    /// Far away, and nothing says yet that it is meant.
    Strange,
    NewBeginning,
}

impl Reception {
    /// Takes a packet of the peer into `counts`. `codec` is what its payload type stands for.
    pub(crate) fn take(
        &mut self,
        header: Header,
        codec: Option<Codec>,
        now: Duration,
        counts: &mut Counts,
    ) {
        self.close_interval(now, counts);
        let place = match &mut self.stream {
            Some(stream) if stream.ssrc == header.ssrc => stream.place(header.sequence),
            before => {
                counts.ssrc_changes += u64::from(before.is_some());
                self.begin(header, header.sequence);
                Place::Next
            }
        };
        match place {
            Place::Next => counts.received += 1,
            Place::Reordered => {
                counts.received += 1;
                counts.reordered += 1;
            }
            Place::Duplicate => counts.duplicates += 1,
            Place::Strange => {}
            Place::NewBeginning => {
                // The one that looked strange was its first.
                self.begin(header, header.sequence.wrapping_sub(1));
                counts.received += 2;
                counts.restarts += 1;
            }
        }
        let Some(stream) = &mut self.stream else {
            return;
        };
        if let Some(codec) = codec.filter(|codec| codec.is_voice()) {
            counts.codec = codec.number();
            if !matches!(place, Place::Duplicate | Place::Strange) {
                stream.measure_jitter(header.timestamp, codec.clock_rate(), now, counts);
            }
        }
        counts.expected = self.expected_before + stream.expected();
    }

    /// The source of the stream that arrives now.
    pub(crate) fn ssrc(&self) -> Option<u32> {
        self.stream.as_ref().map(|stream| stream.ssrc)
    }

    /// A stream of which `first` is the first sequence number known.
    fn begin(&mut self, header: Header, first: u16) {
        if let Some(ended) = &self.stream {
            self.expected_before += ended.expected();
        }
        let first = FIRST_CYCLE + u64::from(first);
        let ahead = header.sequence.wrapping_sub(first as u16);
        self.stream = Some(Stream {
            ssrc: header.ssrc,
            first,
            highest: first + u64::from(ahead),
            arrived: (1 << (ahead + 1)) - 1,
            expected_after_jump: None,
            previous: None,
            jitter_x16: 0,
        });
    }

    fn close_interval(&mut self, now: Duration, counts: &mut Counts) {
        if now < self.interval_ends_at {
            return;
        }
        let permyriad = counts.interval_permyriad();
        counts.worst_interval_permyriad = counts.worst_interval_permyriad.max(permyriad);
        self.interval_ends_at = now + LOSS_INTERVAL;
        counts.interval_expected = counts.expected;
        counts.interval_received = counts.received;
    }
}

impl Stream {
    fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }

    fn place(&mut self, sequence: u16) -> Place {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        let behind = ahead.wrapping_neg();
        if ahead != 0 && ahead < DROPOUT_MAX {
            self.highest += u64::from(ahead);
            self.arrived = self.arrived.checked_shl(ahead.into()).unwrap_or(0) | 1;
        } else if behind > MISORDER_MAX {
            if self.expected_after_jump == Some(sequence) {
                return Place::NewBeginning;
            }
            self.expected_after_jump = Some(sequence.wrapping_add(1));
            return Place::Strange;
        } else {
            return self.place_behind(behind);
        }
        self.expected_after_jump = None;
        Place::Next
    }

    fn place_behind(&mut self, behind: u16) -> Place {
        let number = self.highest - u64::from(behind);
        // Too far back to know whether it came before: taken for late.
        let Some(bit) = 1_u64.checked_shl(behind.into()) else {
            return if number < self.first {
                Place::Strange
            } else {
                Place::Reordered
            };
        };
        if self.arrived & bit != 0 {
            return Place::Duplicate;
        }
        self.arrived |= bit;
        // The first packets came in the wrong order.
        self.first = self.first.min(number);
        Place::Reordered
    }

    /// RFC 3550 A.8, in microseconds in place of ticks: so it survives a change of clock.
    fn measure_jitter(&mut self, timestamp: u32, clock: u32, now: Duration, counts: &mut Counts) {
        let now_us = now.as_micros() as u64;
        let previous = self.previous.replace((now_us, timestamp, clock));
        let Some((then_us, before, of_clock)) = previous.filter(|(.., of)| *of == clock) else {
            return;
        };
        // The timestamp goes round, and back where packets have overtaken each other.
        let ticks = i64::from(timestamp.wrapping_sub(before) as i32);
        let sent_us = ticks * 1_000_000 / i64::from(of_clock);
        let apart_us = now_us.saturating_sub(then_us);
        let deviation = (apart_us as i64 - sent_us).unsigned_abs();
        if apart_us > PAUSE_US || deviation > DEVIATION_MAX_US {
            return;
        }
        self.jitter_x16 = (self.jitter_x16 + deviation).saturating_sub((self.jitter_x16 + 8) >> 4);
        let jitter_us = self.jitter_x16 >> 4;
        counts.jitter_us = jitter_us;
        counts.jitter_max_us = counts.jitter_max_us.max(jitter_us);
        counts.jitter_sum_us += jitter_us;
        counts.jitter_measured += 1;
    }
}

#[cfg(test)]
mod tests;
