#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use super::*;
use crate::LinkProfile;

/// Sends a datagram every 100 ms until it has sent `left`, and counts what it gets.
struct Clockwork {
    home: SocketAddr,
    peer: SocketAddr,
    next: Option<Instant>,
    left: u32,
    queued: Vec<u32>,
    received: Vec<(u64, u8)>,
}

impl Clockwork {
    fn new(home: SocketAddr, peer: SocketAddr, left: u32) -> Self {
        Self {
            home,
            peer,
            next: (left > 0).then_some(Instant::ZERO),
            left,
            queued: Vec::new(),
            received: Vec::new(),
        }
    }
}

impl Node for Clockwork {
    fn handle_datagram(&mut self, now: Instant, _: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        assert_eq!(to, self.home);
        self.received.push((now.as_micros() / 1_000, bytes[0]));
    }

    fn poll_transmit(&mut self, bytes: &mut Vec<u8>) -> Option<(SocketAddr, SocketAddr)> {
        let number = self.queued.pop()?;
        bytes.clear();
        bytes.push(number as u8);
        Some((self.home, self.peer))
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.next
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.queued.push(self.left);
        self.left -= 1;
        self.next = (self.left > 0).then_some(now + Duration::from_millis(100));
    }
}

fn world_of_two(seed: u64) -> (World, NodeId<Clockwork>, NodeId<Clockwork>) {
    let one: SocketAddr = "10.0.0.1:5060".parse().unwrap();
    let two: SocketAddr = "10.0.0.2:5060".parse().unwrap();
    let mut world = World::new(seed);
    let sender = world.add([one], Clockwork::new(one, two, 3));
    let receiver = world.add([two], Clockwork::new(two, one, 0));
    (world, sender, receiver)
}

#[test]
fn time_jumps_from_event_to_event_until_nothing_is_left() {
    let (mut world, sender, receiver) = world_of_two(1);
    world.run_until_idle();
    assert_eq!(world.node(receiver).received, [(10, 3), (110, 2), (210, 1)]);
    assert_eq!(world.now(), Instant::from_micros(210_000));
    assert!(world.node(sender).received.is_empty());
}

#[test]
fn running_for_a_time_ends_exactly_then_and_handles_what_is_due() {
    let (mut world, _, receiver) = world_of_two(1);
    world.run_for(Duration::from_millis(110));
    assert_eq!(world.node(receiver).received, [(10, 3), (110, 2)]);
    assert_eq!(world.now(), Instant::from_micros(110_000));
    world.run_for(Duration::from_millis(1));
    assert_eq!(world.now(), Instant::from_micros(111_000));
}

#[test]
fn running_until_something_stops_there_or_at_the_limit() {
    let (mut world, _, receiver) = world_of_two(1);
    let two_came = |world: &World| world.node(receiver).received.len() == 2;
    assert!(world.run_until(Duration::from_secs(9), two_came));
    assert_eq!(world.now(), Instant::from_micros(110_000));
    assert!(!world.run_until(Duration::from_secs(9), |_| false));
    assert_eq!(world.now(), Instant::from_micros(9_110_000));
}

#[test]
fn datagrams_to_an_empty_address_are_counted() {
    let one: SocketAddr = "10.0.0.1:5060".parse().unwrap();
    let nowhere: SocketAddr = "10.9.9.9:5060".parse().unwrap();
    let mut world = World::new(1);
    world.add([one], Clockwork::new(one, nowhere, 5));
    world.run_until_idle();
    assert_eq!(world.unreachable(), 5);
}

#[test]
fn lost_datagrams_do_not_come() {
    let (mut world, _, receiver) = world_of_two(1);
    world.net.set_default_link(LinkProfile::lossy(100));
    world.run_until_idle();
    assert!(world.node(receiver).received.is_empty());
    assert_eq!(world.net.counters().lost, 3);
}

#[test]
#[should_panic(expected = "two nodes at 10.0.0.1:5060")]
fn two_nodes_cannot_share_an_address() {
    let one: SocketAddr = "10.0.0.1:5060".parse().unwrap();
    let mut world = World::new(1);
    world.add([one], Clockwork::new(one, one, 0));
    world.add([one], Clockwork::new(one, one, 0));
}
