//! What RTCP on its way through tells of both legs.
//!
//! The relay sends no reports of its own. It sees when a peer's sender report passes, and when the
//! other peer answers it: the time between, less what the other peer says it took (`DLSR`), is the
//! round trip between the relay and the other peer (RFC 3550 §6.4.1, with the relay as the sender).

use crate::codec::Codec;
use crate::rtcp::ReceptionReport;
use crate::statistics::Counts;
use crate::statistics::micros;
use std::time::Duration;

/// Sender reports of a peer that can still be answered.
const PENDING: usize = 4;
/// A longer round trip is a false report.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(10);

/// The latest sender reports of a peer: the name that answers give them, and when they passed.
#[derive(Clone, Debug, Default)]
pub(super) struct SenderReports {
    passed: [(u32, Duration); PENDING],
    next: usize,
}

impl SenderReports {
    pub(super) fn passed(&mut self, ntp_middle: u32, now: Duration) {
        self.passed[self.next] = (ntp_middle, now);
        self.next = (self.next + 1) % PENDING;
    }

    /// How long ago the report passed that `report` answers, without the time that the answer took.
    pub(super) fn round_trip(&self, report: &ReceptionReport, now: Duration) -> Option<Duration> {
        // 0 is "none received yet".
        let answered = Some(report.last_sender_report).filter(|name| *name != 0)?;
        let (_, at) = self.passed.iter().find(|(name, _)| *name == answered)?;
        let held = Duration::from_nanos((u64::from(report.delay_since) * 1_000_000_000) >> 16);
        let round_trip = now.saturating_sub(*at).checked_sub(held)?;
        (round_trip <= ROUND_TRIP_MAX).then_some(round_trip)
    }
}

/// Takes a report of a peer about the stream that it is sent, which `codec` codes.
pub(super) fn take(
    counts: &mut Counts,
    report: &ReceptionReport,
    codec: Option<Codec>,
    round_trip: Option<Duration>,
) {
    counts.far_reports += 1;
    counts.far_lost = u64::try_from(report.cumulative_lost).unwrap_or(0);
    counts.far_worst_fraction = counts.far_worst_fraction.max(report.fraction_lost.into());
    if let Some(codec) = codec {
        let ticks = u64::from(report.jitter);
        counts.far_jitter_us = ticks * 1_000_000 / u64::from(codec.clock_rate()) + 1;
    }
    if let Some(round_trip) = round_trip {
        counts.round_trip_us = micros(round_trip) + 1;
        counts.round_trip_max_us = counts.round_trip_max_us.max(counts.round_trip_us);
    }
}
