use super::*;
use proptest::prelude::*;

fn reports(datagram: &[u8]) -> Vec<Report> {
    let mut told = Vec::new();
    read(datagram, |report| told.push(report));
    told
}

/// A packet of `kind` with `count` in its first byte, its length filled in.
fn packet(kind: u8, count: u8, words: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0x80 | count, kind];
    bytes.extend((words.len() as u16).to_be_bytes());
    bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    bytes
}

/// RFC 3550 §6.4.1 by its picture; the round trip's numbers are those of its figure 2.
#[test]
fn a_sender_report_says_when_it_was_sent_and_what_was_received() {
    let words = [
        1,
        0xb44d_b705,
        0x2000_0000,
        8_000,
        50,
        8_000, // sender info
        2,
        0x40_00_00_05,
        70_000,
        24,
        0xb705_2000,
        0x0005_4000, // block
    ];
    let told = reports(&packet(200, 1, &words));
    let expected = ReceptionReport {
        ssrc: 2,
        fraction_lost: 64,
        cumulative_lost: 5,
        jitter: 24,
        last_sender_report: 0xb705_2000,
        delay_since: 0x0005_4000,
    };
    let sent = Report::Sent {
        ssrc: 1,
        ntp_middle: 0xb705_2000,
    };
    assert_eq!(told, [sent, Report::Received(expected)]);
}

#[test]
fn a_compound_datagram_is_read_to_its_end() {
    let mut datagram = packet(201, 1, &[9, 2, 0x01ff_ffff, 0, 0, 0, 0]);
    datagram.extend(packet(202, 1, &[9, 0x0103_6162, 0x6300_0000]));
    datagram.extend(packet(203, 1, &[9]));
    let told = reports(&datagram);
    assert_eq!(told.len(), 2);
    assert!(
        matches!(told[0], Report::Received(report) if report.cumulative_lost == -1),
        "{told:?}"
    );
    assert_eq!(told[1], Report::Goodbye);
}

#[test]
fn voip_metrics_of_an_extended_report_are_read() {
    let other_block = [0x0400_0002_u32, 1, 2];
    let voice_block = [
        0x0700_0008,
        2,
        0x0a03_0000,
        0,
        0x0064_001e,
        0,
        0x5d7f_2c2b,
        0,
        0,
    ];
    let words: Vec<u32> = [9]
        .into_iter()
        .chain(other_block)
        .chain(voice_block)
        .collect();
    let expected = VoiceMetrics {
        ssrc: 2,
        loss_rate: 10,
        discard_rate: 3,
        round_trip_ms: 100,
        end_system_delay_ms: 30,
        r_factor: Some(93),
        mos_lq_tenths: Some(44),
        mos_cq_tenths: Some(43),
    };
    let told = reports(&packet(207, 0, &words));
    assert_eq!(told, [Report::Voice(expected)]);
    let unknown: Vec<u32> = words
        .iter()
        .map(|word| {
            if *word == 0x5d7f_2c2b {
                0x7f7f_7f7f
            } else {
                *word
            }
        })
        .collect();
    let told = reports(&packet(207, 0, &unknown));
    assert!(
        matches!(
            told[..],
            [Report::Voice(VoiceMetrics {
                r_factor: None,
                mos_lq_tenths: None,
                ..
            })]
        ),
        "{told:?}"
    );
}

#[test]
fn more_blocks_promised_than_there_are_and_lengths_past_the_end_are_not_read() {
    let promised = packet(201, 31, &[9, 2, 0, 0, 0, 0, 0]);
    assert_eq!(reports(&promised).len(), 1);
    let mut cut = packet(201, 1, &[9, 2, 0, 0, 0, 0, 0]);
    cut.pop();
    assert_eq!(reports(&cut), []);
    // The packet before the one that lies still counts.
    let mut lying = packet(203, 0, &[]);
    lying.extend([0x80, 201, 0xff, 0xff, 0, 0, 0, 9]);
    assert_eq!(reports(&lying), [Report::Goodbye]);
    assert_eq!(reports(&packet(200, 1, &[1, 2, 3])), []);
    assert_eq!(reports(&[0x40, 203, 0, 0]), []);
}

#[test]
fn a_datagram_of_many_packets_is_read_only_so_far() {
    let many = packet(203, 0, &[]).repeat(2_000);
    assert_eq!(reports(&many).len(), PACKETS_MAX);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(
        kind in 199..208_u8,
        tail in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut datagram = vec![0x81, kind, 0, (tail.len() / 4) as u8];
        datagram.extend(&tail);
        // 31 blocks of a packet and its sender at most, or a block of every word of an extension.
        prop_assert!(reports(&datagram).len() <= 50 * PACKETS_MAX);
        reports(&tail);
    }
}
