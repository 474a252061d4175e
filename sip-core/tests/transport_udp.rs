//! Datagrams over the loopback interface.

#![cfg(feature = "transport")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use sip_core::ticket::BranchText;
use sip_core::transport::udp::{BATCH, Flush, ReceiveBatch, SendBatch, UdpConfig, UdpSocket};
use sip_core::transport::{BindError, Evidence, Unreachable, UnreachableReason};
use std::net::{SocketAddr, UdpSocket as StdSocket};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn any_port(ip: &str) -> SocketAddr {
    SocketAddr::new(ip.parse().unwrap(), 0)
}

fn bind(ip: &str) -> UdpSocket {
    bind_group(ip, 1).pop().unwrap()
}

fn bind_group(ip: &str, shards: usize) -> Vec<UdpSocket> {
    UdpSocket::bind_group(any_port(ip), shards, &UdpConfig::default()).unwrap()
}

fn wait_for<T>(mut poll: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = poll() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Reads until `count` datagrams have come.
fn receive(socket: &mut UdpSocket, count: usize) -> Vec<(Vec<u8>, SocketAddr, bool)> {
    let mut batch = ReceiveBatch::default();
    let mut all = Vec::new();
    wait_for(|| {
        socket.receive(&mut batch).unwrap();
        all.extend(
            batch
                .iter()
                .map(|datagram| (datagram.bytes.to_vec(), datagram.source, datagram.truncated)),
        );
        (all.len() >= count).then_some(())
    });
    all
}

fn send(socket: &mut UdpSocket, destination: SocketAddr, datagrams: &[&[u8]]) {
    let mut batch = SendBatch::new();
    for datagram in datagrams {
        batch.push(destination, datagram).unwrap();
    }
    assert_eq!(socket.send(&mut batch).unwrap(), Flush::Complete);
    assert!(batch.is_empty());
}

#[cfg(target_os = "linux")]
fn unreachable(socket: &mut UdpSocket) -> Unreachable {
    let mut batch = ReceiveBatch::default();
    wait_for(|| {
        socket.receive(&mut batch).unwrap();
        socket.poll_unreachable()
    })
}

#[cfg(target_os = "linux")]
/// An address of this host where nothing listens.
fn closed_port(ip: &str) -> SocketAddr {
    StdSocket::bind(any_port(ip)).unwrap().local_addr().unwrap()
}

/// The start of a request of ours with this branch.
#[cfg(target_os = "linux")]
fn invite(branch: &str) -> Vec<u8> {
    let via = "Via: SIP/2.0/UDP 198.51.100.1:5060";
    format!("INVITE sip:44@192.0.2.1 SIP/2.0\r\n{via};branch={branch};rport\r\n\r\n").into_bytes()
}

#[cfg(target_os = "linux")]
const BRANCH: &str = "z9hG4bKabcdefghijklmnopqrstuvwxyz23";

#[test]
fn datagrams_arrive_whole_in_order_and_with_their_source() {
    for ip in ["127.0.0.1", "::1"] {
        let (mut a, mut b) = (bind(ip), bind(ip));
        let datagrams: Vec<Vec<u8>> = (0..3 * BATCH + 5)
            .map(|number| vec![number as u8; number])
            .collect();
        let slices: Vec<&[u8]> = datagrams.iter().map(Vec::as_slice).collect();
        send(&mut a, b.local_address(), &slices);
        let received = receive(&mut b, datagrams.len());
        assert_eq!(received.len(), datagrams.len());
        for (received, sent) in received.iter().zip(&datagrams) {
            assert_eq!(received, &(sent.clone(), a.local_address(), false));
        }
    }
}

#[test]
fn nothing_to_read_is_no_error() {
    let mut socket = bind("127.0.0.1");
    let mut batch = ReceiveBatch::default();
    assert_eq!(socket.receive(&mut batch).unwrap(), 0);
    assert_eq!(batch.iter().count(), 0);
    assert!(!batch.is_full());
}

#[test]
fn a_datagram_longer_than_the_buffer_is_marked() {
    let (mut a, mut b) = (bind("127.0.0.1"), bind("127.0.0.1"));
    send(&mut a, b.local_address(), &[&[7; 101], &[8; 100]]);
    let mut batch = ReceiveBatch::new(100);
    wait_for(|| (b.receive(&mut batch).unwrap() == 2).then_some(()));
    let seen: Vec<_> = batch
        .iter()
        .map(|datagram| (datagram.bytes.len(), datagram.truncated))
        .collect();
    assert_eq!(seen, [(100, true), (100, false)]);
}

#[test]
fn the_longest_datagram_passes() {
    let (mut a, mut b) = (bind("127.0.0.1"), bind("127.0.0.1"));
    let longest = vec![9; 65_507];
    send(&mut a, b.local_address(), &[&longest]);
    assert_eq!(receive(&mut b, 1)[0], (longest, a.local_address(), false));
}

#[cfg(target_os = "linux")]
#[test]
fn a_refused_destination_is_named_and_the_others_get_theirs() {
    for ip in ["127.0.0.1", "::1"] {
        let (mut socket, mut peer) = (bind(ip), bind(ip));
        let dead = closed_port(ip);
        let mut batch = SendBatch::new();
        for round in 0..10 {
            batch.push(dead, &invite(BRANCH)).unwrap();
            batch.push(peer.local_address(), &[round]).unwrap();
        }
        assert_eq!(socket.send(&mut batch).unwrap(), Flush::Complete);
        let expected = Unreachable {
            destination: dead,
            host: None,
            reason: UnreachableReason::Refused,
            evidence: Evidence::Quoted(BranchText::from(BRANCH).unwrap()),
        };
        assert_eq!(unreachable(&mut socket), expected);
        let numbers: Vec<u8> = receive(&mut peer, 10)
            .iter()
            .map(|(bytes, ..)| bytes[0])
            .collect();
        assert_eq!(numbers, (0..10).collect::<Vec<u8>>());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_group_hears_of_a_refusal_on_one_of_its_sockets() {
    let mut group = bind_group("127.0.0.1", 4);
    let dead = closed_port("127.0.0.1");
    send(&mut group[0], dead, &[&invite(BRANCH)]);
    let mut batch = ReceiveBatch::default();
    let report = wait_for(|| {
        group.iter_mut().find_map(|socket| {
            socket.receive(&mut batch).unwrap();
            socket.poll_unreachable()
        })
    });
    assert_eq!(report.destination, dead);
}

#[cfg(target_os = "linux")]
#[test]
fn a_refusal_that_quotes_no_request_of_ours_is_not_reported() {
    let mut socket = bind("127.0.0.1");
    let dead = closed_port("127.0.0.1");
    send(
        &mut socket,
        dead,
        &[b"\r\n\r\n", b"SIP/2.0 200 OK\r\nVia: x\r\n\r\n"],
    );
    // The second refusal comes after those of the first two, which are read with it.
    send(&mut socket, dead, &[&invite(BRANCH)]);
    let report = unreachable(&mut socket);
    assert!(matches!(report.evidence, Evidence::Quoted(branch) if branch.as_str() == BRANCH));
    assert_eq!(socket.poll_unreachable(), None);
}

#[test]
fn what_this_host_cannot_send_is_reported_at_once() {
    let (mut socket, mut peer) = (bind("127.0.0.1"), bind("127.0.0.1"));
    let other_family: SocketAddr = "[::1]:5060".parse().unwrap();
    let mut batch = SendBatch::new();
    batch.push(other_family, b"lost").unwrap();
    batch.push(peer.local_address(), &[1; 65_508]).unwrap();
    batch.push(peer.local_address(), b"kept").unwrap();
    assert_eq!(socket.send(&mut batch).unwrap(), Flush::Complete);
    let reports: Vec<_> = std::iter::from_fn(|| socket.poll_unreachable()).collect();
    assert_eq!(
        reports
            .iter()
            .map(|report| report.destination)
            .collect::<Vec<_>>(),
        [other_family, peer.local_address()]
    );
    assert!(
        reports
            .iter()
            .all(|report| report.evidence == Evidence::Certain)
    );
    assert_eq!(receive(&mut peer, 1)[0].0, b"kept");
}

#[test]
fn a_group_shares_one_port_and_every_datagram_reaches_one_of_it() {
    let mut group = bind_group("127.0.0.1", 4);
    let address = group[0].local_address();
    assert!(group.iter().all(|socket| socket.local_address() == address));
    for _ in 0..64 {
        send(&mut bind("127.0.0.1"), address, &[b"OPTIONS"]);
    }
    let mut batch = ReceiveBatch::default();
    let mut counts = [0; 4];
    wait_for(|| {
        for (socket, count) in group.iter_mut().zip(&mut counts) {
            *count += socket.receive(&mut batch).unwrap();
        }
        (counts.iter().sum::<usize>() == 64).then_some(())
    });
    assert!(
        counts.iter().filter(|count| **count > 0).count() > 1,
        "{counts:?}"
    );
}

#[test]
fn a_taken_port_is_refused_also_to_a_group() {
    let owner = bind_group("127.0.0.1", 2);
    let address = owner[0].local_address();
    for shards in [1, 2] {
        let error = UdpSocket::bind_group(address, shards, &UdpConfig::default()).unwrap_err();
        assert!(matches!(error, BindError::Taken { address: taken, .. } if taken == address));
        assert_eq!(error.to_string(), format!("{address}/udp is taken"));
    }
}

#[test]
fn a_full_batch_refuses_and_keeps_what_it_has() {
    let mut batch = SendBatch::new();
    let destination = "127.0.0.1:9".parse().unwrap();
    for _ in 0..SendBatch::DATAGRAMS_MAX {
        batch.push(destination, b"").unwrap();
    }
    assert!(batch.push(destination, b"").is_err());
    assert_eq!(batch.len(), SendBatch::DATAGRAMS_MAX);

    let mut batch = SendBatch::new();
    let long = vec![0; 60_000];
    let fit = SendBatch::BYTES_MAX / long.len();
    for _ in 0..fit {
        batch.push(destination, &long).unwrap();
    }
    assert!(batch.push(destination, &long).is_err());
    assert!(batch.push(destination, b"short").is_ok());
}
