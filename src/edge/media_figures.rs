//! How relayed media of calls that ended was, counted by classes for the metrics.

use mgmt_api::switch_port::{Histogram, MediaFigures};
use rating::cdr::{CallRecord, MediaQuality};
use std::sync::atomic::{AtomicU64, Ordering};

/// Histograms of one shard. The shard adds; everybody else reads.
#[derive(Debug, Default)]
pub(crate) struct MediaGauges {
    mos_hundredths: Classes<{ MediaFigures::MOS_HUNDREDTHS.len() }>,
    jitter_us: Classes<{ MediaFigures::JITTER_US.len() }>,
    lost_permyriad: Classes<{ MediaFigures::LOST_PERMYRIAD.len() }>,
    not_heard: AtomicU64,
    forged: AtomicU64,
    replayed: AtomicU64,
    key_used_up: AtomicU64,
    not_sealed: AtomicU64,
}

/// Values by class, each up to its bound, and those above all bounds.
#[derive(Debug)]
struct Classes<const N: usize> {
    within: [AtomicU64; N],
    above: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Default for Classes<N> {
    fn default() -> Self {
        Self {
            within: std::array::from_fn(|_| AtomicU64::new(0)),
            above: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }
}

impl MediaGauges {
    /// Counts both directions of a call that was relayed.
    pub(crate) fn count(&self, record: &CallRecord) {
        let Some(media) = &record.media else { return };
        if media.not_heard(record.duration_ms()).is_some() {
            self.not_heard.fetch_add(1, Ordering::Relaxed);
        }
        let directions = [&media.quality_from_customer, &media.quality_from_carrier];
        for quality in directions.into_iter().flatten() {
            self.count_direction(quality);
        }
    }

    /// Counts what encryption dropped of a session that is over.
    pub(crate) fn count_sealed(&self, statistics: &media_relay::MediaStatistics) {
        for from in [&statistics.ingress, &statistics.egress] {
            let counts = [
                (&self.forged, from.forged),
                (&self.replayed, from.replayed),
                (&self.key_used_up, from.key_used_up),
                (&self.not_sealed, from.not_sealed),
            ];
            for (total, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
                total.fetch_add(count, Ordering::Relaxed);
            }
        }
    }

    fn count_direction(&self, quality: &MediaQuality) {
        if let Some(mos) = quality.mos_hundredths {
            self.mos_hundredths
                .count(&MediaFigures::MOS_HUNDREDTHS, mos.into());
            self.jitter_us
                .count(&MediaFigures::JITTER_US, quality.jitter_mean_us.into());
        }
        if quality.packets_expected > 0 {
            // Upwards: what lost anything is not lossless.
            let lost = quality.packets_lost.saturating_mul(10_000);
            let permyriad = lost.div_ceil(quality.packets_expected);
            self.lost_permyriad
                .count(&MediaFigures::LOST_PERMYRIAD, permyriad);
        }
    }

    /// Adds what was counted to `figures`.
    pub(crate) fn add_to(&self, figures: &mut MediaFigures) {
        figures.not_heard += self.not_heard.load(Ordering::Relaxed);
        let dropped = &mut figures.undecrypted;
        dropped.forged += self.forged.load(Ordering::Relaxed);
        dropped.replayed += self.replayed.load(Ordering::Relaxed);
        dropped.key_used_up += self.key_used_up.load(Ordering::Relaxed);
        figures.unencrypted += self.not_sealed.load(Ordering::Relaxed);
        self.mos_hundredths.add_to(&mut figures.mos_hundredths);
        self.jitter_us.add_to(&mut figures.jitter_us);
        self.lost_permyriad.add_to(&mut figures.lost_permyriad);
    }
}

impl<const N: usize> Classes<N> {
    fn count(&self, bounds: &[u64; N], value: u64) {
        let classes = bounds.iter().zip(&self.within);
        let class = classes.filter(|(bound, _)| value <= **bound);
        let counter = class.map(|(_, counter)| counter).next();
        counter
            .unwrap_or(&self.above)
            .fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    fn add_to(&self, histogram: &mut Histogram<N>) {
        for (total, counter) in histogram.within.iter_mut().zip(&self.within) {
            *total += counter.load(Ordering::Relaxed);
        }
        histogram.above += self.above.load(Ordering::Relaxed);
        histogram.sum += self.sum.load(Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_that_lost_one_packet_is_not_lossless() {
        let gauges = MediaGauges::default();
        for packets_lost in [0, 1] {
            gauges.count_direction(&MediaQuality {
                packets_expected: 20_000,
                packets_lost,
                ..MediaQuality::default()
            });
        }
        let mut figures = MediaFigures::default();
        gauges.add_to(&mut figures);
        assert_eq!(figures.lost_permyriad.within[..2], [1, 1]);
        assert_eq!(figures.lost_permyriad.sum, 1);
    }

    #[test]
    fn a_value_counts_in_the_first_class_that_holds_it() {
        let classes = Classes::<3>::default();
        for value in [0, 10, 11, 30, 31] {
            classes.count(&[10, 20, 30], value);
        }
        let mut histogram = Histogram::default();
        classes.add_to(&mut histogram);
        assert_eq!((histogram.within, histogram.above), ([2, 1, 1], 1));
        assert_eq!(histogram.sum, 82);
    }
}
