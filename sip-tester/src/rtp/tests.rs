use super::*;

fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

/// `count` packets of one talker, 20 ms apart.
fn packets(count: u64) -> Vec<(u64, Vec<u8>)> {
    let mut talker = Talker::new(Codec::Pcmu, Sound::Tone, 5);
    (0..count)
        .map(|index| {
            let mut packet = Vec::new();
            talker.next_packet(&mut packet);
            (index * 20_000, packet)
        })
        .collect()
}

#[test]
fn a_clean_stream_has_no_loss_and_no_jitter() {
    let mut listener = Listener::default();
    for (time, packet) in packets(1_000) {
        assert_eq!(packet.len(), 172);
        assert!(listener.receive(at(time), &packet));
    }
    assert_eq!(
        listener.statistics(7),
        RtpStatistics {
            sent: 7,
            received: 1_000,
            ..RtpStatistics::default()
        }
    );
}

#[test]
fn missing_packets_are_lost_also_across_the_wrap_of_the_sequence_number() {
    let mut listener = Listener::default();
    for (index, (time, packet)) in packets(70_000).into_iter().enumerate() {
        if index % 100 != 50 {
            listener.receive(at(time), &packet);
        }
    }
    let statistics = listener.statistics(0);
    assert_eq!(statistics.lost, 700);
    assert_eq!(statistics.loss_per_mille(), 10);
    assert_eq!(statistics.out_of_order, 0);
}

#[test]
fn a_late_packet_is_out_of_order_and_not_lost() {
    let mut listener = Listener::default();
    let mut stream = packets(10);
    stream.swap(4, 5);
    for (time, packet) in stream {
        listener.receive(at(time), &packet);
    }
    let statistics = listener.statistics(0);
    assert_eq!((statistics.lost, statistics.out_of_order), (0, 1));
}

#[test]
fn alternating_delay_of_eight_milliseconds_converges_to_that_jitter() {
    let mut listener = Listener::default();
    for (index, (time, packet)) in packets(2_000).into_iter().enumerate() {
        let delay = if index % 2 == 0 { 0 } else { 8_000 };
        listener.receive(at(time + delay), &packet);
    }
    let jitter = listener.statistics(0).jitter_us;
    assert!((7_000..=8_500).contains(&jitter), "{jitter} µs");
}

#[test]
fn a_new_source_starts_a_new_count_and_keeps_the_totals() {
    let mut listener = Listener::default();
    for seed in [1, 2] {
        let mut talker = Talker::new(Codec::Pcma, Sound::ComfortNoise, seed);
        let mut packet = Vec::new();
        for index in 0..10 {
            talker.next_packet(&mut packet);
            if index != 3 {
                listener.receive(at(index * 20_000), &packet);
            }
        }
    }
    let statistics = listener.statistics(0);
    assert_eq!((statistics.received, statistics.lost), (18, 2));
}

#[test]
fn what_is_not_rtp_is_counted_apart() {
    let mut listener = Listener::default();
    assert!(!listener.receive(at(0), b"short"));
    assert!(!listener.receive(at(0), &[0u8; 172]), "version 0");
    let mut rtcp = [0u8; 28];
    rtcp[..2].copy_from_slice(&[0x80, 200]);
    assert!(!listener.receive(at(0), &rtcp), "RTCP sender report");
    assert_eq!(listener.statistics(0).malformed, 3);
    assert_eq!(listener.statistics(0).received, 0);
}

#[test]
fn the_tone_goes_on_where_the_last_packet_ended() {
    let mut talker = Talker::new(Codec::Pcmu, Sound::Tone, 9);
    let (mut all, mut packet) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        talker.next_packet(&mut packet);
        all.extend_from_slice(&packet[HEADER_LENGTH..]);
    }
    assert_eq!(all[..200], all[200..400]);
    assert_eq!(all[200..400], all[400..600]);
    assert!(all.iter().any(|&byte| byte != all[0]), "not silence");
}
