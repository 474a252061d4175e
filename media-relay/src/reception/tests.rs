use super::*;
use crate::statistics::DirectionStatistics;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A peer whose packets arrive as the test says.
#[derive(Default)]
struct Arrivals {
    reception: Reception,
    counts: Counts,
    latest: Duration,
}

impl Arrivals {
    fn packet(&mut self, ssrc: u32, sequence: u16, timestamp: u32, at: Duration) {
        let header = Header {
            payload_type: 8,
            sequence,
            timestamp,
            ssrc,
        };
        self.latest = at;
        self.reception
            .take(header, Some(Codec::Pcma), at, &mut self.counts);
    }

    /// A packet of 20 ms that arrives when it was sent, or right after the one before.
    fn on_time(&mut self, ssrc: u32, number: u64) {
        let at = self.latest.max(Duration::from_millis(number * 20));
        self.packet(ssrc, number as u16, (number * 160) as u32, at);
    }

    fn statistics(&self) -> DirectionStatistics {
        self.counts.statistics(self.latest)
    }

    /// Expected, lost, reordered, duplicates.
    fn loss(&self) -> (u64, u64, u64, u64) {
        let counted = self.statistics();
        (
            counted.expected,
            counted.lost,
            counted.reordered,
            counted.duplicates,
        )
    }
}

fn arrived(numbers: impl IntoIterator<Item = u64>) -> Arrivals {
    let mut arrivals = Arrivals::default();
    for number in numbers {
        arrivals.on_time(7, number);
    }
    arrivals
}

#[test]
fn a_whole_stream_lacks_nothing_and_has_no_jitter() {
    let arrivals = arrived(65_000..66_500);
    assert_eq!(arrivals.loss(), (1_500, 0, 0, 0));
    let counted = arrivals.statistics();
    assert_eq!(counted.jitter, crate::Jitter::default());
    assert_eq!(counted.codec, Some(Codec::Pcma));
    assert_eq!((counted.restarts, counted.ssrc_changes), (0, 0));
}

#[test]
fn loss_is_counted_over_the_turn_of_the_sequence_numbers() {
    let arrivals = arrived((65_500..65_600).filter(|number| number % 10 != 3));
    assert_eq!(arrivals.loss(), (100, 10, 0, 0));
}

#[test]
fn a_packet_that_comes_late_is_not_lost_and_one_that_comes_twice_counts_once() {
    assert_eq!(arrived([10, 11, 13, 12, 14]).loss(), (5, 0, 1, 0));
    assert_eq!(arrived([10, 11, 11, 12, 10]).loss(), (3, 0, 0, 2));
    assert_eq!(arrived([10, 11, 13, 12, 12, 14]).loss(), (5, 0, 1, 1));
    // The doubled packet does not hide the lost one, as it does in RFC 3550 A.3.
    assert_eq!(arrived([10, 11, 11, 13]).loss(), (4, 1, 0, 1));
}

#[test]
fn the_first_packets_may_come_in_the_wrong_order() {
    assert_eq!(arrived([11, 10, 12]).loss(), (3, 0, 1, 0));
    // Number 0 has none before it in its cycle.
    let mut arrivals = Arrivals::default();
    arrivals.packet(7, 0, 160, Duration::ZERO);
    arrivals.packet(7, 65_535, 0, Duration::from_millis(1));
    assert_eq!(arrivals.loss(), (2, 0, 1, 0));
}

#[test]
fn one_strange_number_changes_nothing_and_two_in_a_row_are_a_new_beginning() {
    let mut arrivals = arrived(100..200);
    let at = Duration::from_secs(5);
    arrivals.packet(7, 30_000, 0, at);
    arrivals.on_time(7, 200);
    assert_eq!(arrivals.loss(), (101, 0, 0, 0));
    assert_eq!(arrivals.statistics().restarts, 0);
    arrivals.packet(7, 40_000, 0, at);
    arrivals.packet(7, 40_001, 160, at);
    arrivals.packet(7, 40_003, 480, at);
    assert_eq!(arrivals.loss(), (105, 1, 0, 0));
    assert_eq!(arrivals.statistics().restarts, 1);
}

#[test]
fn another_source_begins_its_own_numbers() {
    let mut arrivals = arrived((0..50).filter(|number| *number != 20));
    for number in 9_000..9_010 {
        arrivals.on_time(8, number);
    }
    assert_eq!(arrivals.loss(), (60, 1, 0, 0));
    assert_eq!(arrivals.statistics().ssrc_changes, 1);
}

/// RFC 3550 A.8 with numbers: packets of 20 ms, each second one 4 ms late. Every deviation is 4 ms, so
/// the jitter after n packets is 4 (1 - (15/16)^(n-1)) ms.
#[test]
fn jitter_follows_the_filter_of_rfc_3550() {
    let mut arrivals = Arrivals::default();
    for number in 0..400_u64 {
        let late = Duration::from_millis(4 * (number % 2));
        let at = Duration::from_millis(number * 20) + late;
        arrivals.packet(7, number as u16, number as u32 * 160, at);
        let exact_us = 4_000.0 * (1.0 - (15.0_f64 / 16.0).powi(number as i32));
        let jitter_us = arrivals.statistics().jitter.current.as_micros() as f64;
        assert!((jitter_us - exact_us).abs() <= 2.0, "{number}: {jitter_us}");
    }
    let jitter = arrivals.statistics().jitter;
    assert!(jitter.highest >= jitter.current && jitter.mean < jitter.highest);
    assert!(jitter.mean > Duration::from_micros(3_700), "{jitter:?}");
}

#[test]
fn a_jump_of_the_timestamp_is_no_jitter() {
    let mut arrivals = arrived(0..10);
    let at = |ms| Duration::from_millis(ms);
    arrivals.packet(7, 10, 3_000_000_000, at(200));
    arrivals.packet(7, 11, 3_000_000_160, at(220));
    assert_eq!(arrivals.statistics().jitter.highest, Duration::ZERO);
    // Round its end it goes on.
    let mut arrivals = Arrivals::default();
    for number in 0..10_u32 {
        let timestamp = 0xffff_fd00_u32.wrapping_add(number * 160);
        arrivals.packet(7, number as u16, timestamp, at(u64::from(number) * 20));
    }
    assert_eq!(arrivals.statistics().jitter.highest, Duration::ZERO);
}

#[test]
fn a_hold_in_which_timestamps_stand_is_no_jitter_nor_is_a_packet_out_of_place() {
    let mut arrivals = arrived(0..10);
    for number in 10..20_u32 {
        let at = Duration::from_millis(3_000 + u64::from(number) * 20);
        arrivals.packet(7, number as u16, number * 160, at);
    }
    assert_eq!(arrivals.statistics().jitter.highest, Duration::ZERO);
    arrivals.packet(7, 30_000, 77_777, arrivals.latest);
    let at = Duration::from_millis(3_000 + 20 * 20);
    arrivals.packet(7, 20, 20 * 160, at);
    assert_eq!(arrivals.statistics().jitter.highest, Duration::ZERO);
}

#[test]
fn events_and_comfort_noise_are_counted_but_have_no_jitter() {
    let mut arrivals = arrived(0..10);
    for sequence in 10..20_u16 {
        let header = Header {
            payload_type: 101,
            sequence,
            timestamp: 1_600,
            ssrc: 7,
        };
        let at = Duration::from_millis(u64::from(sequence) * 20);
        let event = Some(Codec::TelephoneEvent);
        arrivals
            .reception
            .take(header, event, at, &mut arrivals.counts);
    }
    arrivals.on_time(7, 20);
    assert_eq!(arrivals.loss(), (21, 0, 0, 0));
    let counted = arrivals.statistics();
    assert_eq!(counted.jitter.highest, Duration::ZERO);
    assert_eq!(counted.codec, Some(Codec::Pcma));
}

#[test]
fn the_worst_interval_stands_out_of_the_whole() {
    // 30 s, of which one interval of 5 s loses every fifth packet.
    let arrivals = arrived((0..1_500).filter(|n| !(500..750).contains(n) || n % 5 != 2));
    let counted = arrivals.statistics();
    assert_eq!((counted.expected, counted.lost), (1_500, 50));
    let worst = counted.worst_loss_permyriad;
    assert!((1_900..=2_100).contains(&worst), "{worst}");
    // The interval that goes on counts too: the usual end of a bad call.
    let ending = arrived((0..490).filter(|n| *n < 250 || n % 2 == 0)).statistics();
    let worst = ending.worst_loss_permyriad;
    assert!((4_800..=5_200).contains(&worst), "{worst}");
    // Shorter than an interval: the whole.
    let short = arrived((0..100).filter(|n| n % 4 != 1)).statistics();
    assert_eq!(short.worst_loss_permyriad, 2_500);
}

proptest! {
    /// Whatever arrives: nothing is lost that arrived, and what is counted fits together.
    #[test]
    fn counts_fit_together_whatever_arrives(
        packets in prop::collection::vec((0..3_u32, any::<u16>(), any::<u32>(), 0..50_000_u64), 1..300),
    ) {
        let mut arrivals = Arrivals::default();
        let mut at_us = 0;
        for (ssrc, sequence, timestamp, later_us) in &packets {
            at_us += later_us;
            arrivals.packet(*ssrc, *sequence, *timestamp, Duration::from_micros(at_us));
        }
        let counts = &arrivals.counts;
        prop_assert!(counts.received <= counts.expected);
        prop_assert!(counts.received + counts.duplicates <= packets.len() as u64);
        prop_assert!(counts.worst_interval_permyriad <= 10_000);
        prop_assert!(counts.jitter_max_us <= DEVIATION_MAX_US);
    }

    /// A stream with loss, near reordering and doubles: the counts are exact.
    #[test]
    fn loss_and_doubles_of_a_shuffled_stream_are_exact(
        first in any::<u16>(),
        fates in prop::collection::vec((0..10_u8, 0..20_u64), 60..600),
    ) {
        let mut sent: Vec<(u64, u64)> = Vec::new();
        for (number, (fate, delay)) in fates.iter().enumerate() {
            let number = number as u64;
            let arrives = number * 4 + delay;
            match fate {
                0 => {}
                1 => sent.extend([(arrives, number), (arrives + 1, number)]),
                _ => sent.push((arrives, number)),
            }
        }
        sent.sort_unstable();
        prop_assume!(!sent.is_empty());
        let mut arrivals = Arrivals::default();
        for (_, number) in &sent {
            let sequence = first.wrapping_add(*number as u16);
            let at = arrivals.latest.max(Duration::from_millis(number * 20));
            arrivals.packet(7, sequence, (number * 160) as u32, at);
        }
        let distinct: BTreeSet<u64> = sent.iter().map(|(_, number)| *number).collect();
        let (lowest, highest) = (distinct.first(), distinct.last());
        let expected = highest.zip(lowest).map_or(0, |(high, low)| high - low + 1);
        let counted = arrivals.statistics();
        prop_assert_eq!(counted.expected, expected);
        prop_assert_eq!(counted.lost, expected - distinct.len() as u64);
        prop_assert_eq!(counted.duplicates, (sent.len() - distinct.len()) as u64);
    }
}
