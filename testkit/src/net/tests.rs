use super::*;

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], port))
}

/// Sends `count` numbered datagrams a millisecond apart and returns arrivals as (time ms, number).
fn arrivals(net: &mut SimNet, count: u32) -> Vec<(u64, u32)> {
    for number in 0..count {
        let now = Instant::from_micros(u64::from(number) * 1_000);
        net.send(now, address(1), address(2), &number.to_be_bytes());
    }
    let mut arrived = Vec::new();
    while let Some(now) = net.next_arrival() {
        while let Some(delivery) = net.deliver(now) {
            let number = delivery.bytes.try_into().map(u32::from_be_bytes);
            arrived.push((now.as_micros() / 1_000, number.expect("four bytes")));
        }
    }
    arrived
}

#[test]
fn a_clean_link_delivers_everything_in_order_after_its_latency() {
    let arrived = arrivals(&mut SimNet::new(1), 1_000);
    let expected: Vec<_> = (0..1_000)
        .map(|number| (u64::from(number) + 10, number))
        .collect();
    assert_eq!(arrived, expected);
}

#[test]
fn the_same_seed_gives_the_same_arrivals_and_another_seed_others() {
    let run = |seed| {
        let mut net = SimNet::new(seed);
        net.set_default_link(LinkProfile::HOSTILE);
        arrivals(&mut net, 1_000)
    };
    assert_eq!(run(42), run(42));
    assert_ne!(run(42), run(43));
}

#[test]
fn faults_come_as_often_as_the_profile_says() {
    let mut net = SimNet::new(7);
    net.set_default_link(LinkProfile::HOSTILE);
    let arrived = arrivals(&mut net, 20_000);
    let counters = net.counters();
    for count in [counters.lost, counters.duplicated, counters.reordered] {
        assert!((850..1_150).contains(&count), "{counters:?}");
    }
    assert_eq!(
        counters.delivered,
        20_000 - counters.lost + counters.duplicated
    );
    assert_eq!(arrived.len() as u64, counters.delivered);
    assert!(
        !arrived.is_sorted_by_key(|&(_, number)| number),
        "nothing was reordered"
    );
}

#[test]
fn a_partition_cuts_both_ways_until_it_heals() {
    let mut net = SimNet::new(1);
    let now = Instant::ZERO;
    net.partition(address(1), address(2));
    net.send(now, address(1), address(2), b"a");
    net.send(now, address(2), address(1), b"b");
    net.send(now, address(1), address(3), b"c");
    net.heal();
    net.send(now, address(1), address(2), b"d");
    let later = Instant::from_micros(20_000);
    let arrived: Vec<_> = std::iter::from_fn(|| net.deliver(later))
        .map(|d| d.bytes)
        .collect();
    assert_eq!(arrived, [b"c", b"d"]);
    assert_eq!(net.counters().cut_off, 2);
}

#[test]
fn a_link_of_its_own_overrides_the_default_in_one_direction() {
    let mut net = SimNet::new(1);
    let slow = LinkProfile {
        latency: Duration::from_millis(300),
        ..LinkProfile::CLEAN
    };
    net.set_link(address(1), address(2), slow);
    net.send(Instant::ZERO, address(1), address(2), b"slow");
    net.send(Instant::ZERO, address(2), address(1), b"fast");
    assert_eq!(net.next_arrival(), Some(Instant::from_micros(10_000)));
    assert!(net.deliver(Instant::from_micros(10_000)).is_some());
    assert_eq!(net.next_arrival(), Some(Instant::from_micros(300_000)));
}

#[test]
fn the_trace_tells_line_sequence_number_and_fate() {
    let mut net = SimNet::new(1);
    let bytes = b"BYE sip:x SIP/2.0\r\nCSeq: 2 BYE\r\n\r\n";
    net.cut(address(1), address(2));
    net.send(
        Instant::from_micros(1_500_000),
        address(1),
        address(2),
        bytes,
    );
    let lines: Vec<_> = net.trace().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        ["     1.500 10.0.0.1:1 -> 10.0.0.1:2  BYE sip:x SIP/2.0  [2 BYE]  [CutOff]"]
    );
}
