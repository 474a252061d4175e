//! Nodes on a simulated network, and the driver that moves time.

use crate::{SimNet, replay};
use sip_core::{Duration, Instant};
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;

/// Datagrams that a node may send in answer to one event. More is a loop.
const MAX_TRANSMITS_PER_EVENT: usize = 100_000;
/// Times that a node may ask for the present moment again, one after the other.
const MAX_TIMEOUTS_PER_MOMENT: usize = 100_000;

/// Something without I/O that lives at one or more addresses: a user agent, a switch.
///
/// After every call of a `handle_` method the world drains `poll_transmit` and asks
/// `poll_timeout` again. Time never goes back.
pub trait Node: Any {
    /// A datagram arrived at `to`, one of the node's addresses.
    fn handle_datagram(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, bytes: &[u8]);

    /// The next datagram to send: its content replaces that of `bytes`; returns (from, to).
    fn poll_transmit(&mut self, bytes: &mut Vec<u8>) -> Option<(SocketAddr, SocketAddr)>;

    /// When to call `handle_timeout`; `None` when nothing is awaited.
    fn poll_timeout(&mut self) -> Option<Instant>;

    /// The time of `poll_timeout` has come.
    fn handle_timeout(&mut self, now: Instant);
}

/// A node of type `T` in a [`World`].
pub struct NodeId<T> {
    index: usize,
    node: PhantomData<fn() -> T>,
}

/// The net, the nodes and the time.
///
/// Put nodes on it with [`World::add`], poke them with [`World::node_mut`], move on with
/// [`World::step`], [`World::run_for`], [`World::run_until`] or [`World::run_until_idle`].
/// Dropped by a panic, it prints how to replay the run.
pub struct World {
    /// The network; tests set its faults.
    pub net: SimNet,
    nodes: Vec<Box<dyn Node>>,
    places: BTreeMap<SocketAddr, usize>,
    now: Instant,
    seed: u64,
    /// Datagrams to addresses where nobody lives.
    unreachable: u64,
    buffer: Vec<u8>,
}

impl World {
    /// An empty world at time zero; the net's faults follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            net: SimNet::new(seed),
            nodes: Vec::new(),
            places: BTreeMap::new(),
            now: Instant::ZERO,
            seed,
            unreachable: 0,
            buffer: Vec::new(),
        }
    }

    /// Settles a node at its addresses.
    ///
    /// # Panics
    /// When somebody lives there already.
    pub fn add<T: Node>(
        &mut self,
        addresses: impl IntoIterator<Item = SocketAddr>,
        node: T,
    ) -> NodeId<T> {
        let index = self.nodes.len();
        self.nodes.push(Box::new(node));
        for address in addresses {
            let taken = self.places.insert(address, index);
            assert!(taken.is_none(), "two nodes at {address}");
        }
        NodeId {
            index,
            node: PhantomData,
        }
    }

    /// Puts another node in the place of one, as a restart does. Returns the old one.
    pub fn replace<T: Node>(&mut self, id: NodeId<T>, node: T) -> Box<dyn Node> {
        std::mem::replace(&mut self.nodes[id.index], Box::new(node))
    }

    /// The present moment.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The seed of the run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Datagrams that were sent to addresses where nobody lives.
    pub fn unreachable(&self) -> u64 {
        self.unreachable
    }

    /// A node.
    pub fn node<T: Node>(&self, id: NodeId<T>) -> &T {
        let node: &dyn Any = &*self.nodes[id.index];
        node.downcast_ref().expect("the id carries the node's type")
    }

    /// A node, to command it. What it wants to send leaves at the next step.
    pub fn node_mut<T: Node>(&mut self, id: NodeId<T>) -> &mut T {
        let node: &mut dyn Any = &mut *self.nodes[id.index];
        node.downcast_mut().expect("the id carries the node's type")
    }

    /// Moves to the next event and handles everything due at that moment. `false`: none is left.
    pub fn step(&mut self) -> bool {
        self.flush();
        let Some(next) = self.next_event() else {
            return false;
        };
        self.now = self.now.max(next);
        while let Some(datagram) = self.net.deliver(self.now) {
            let Some(&index) = self.places.get(&datagram.to) else {
                self.unreachable += 1;
                continue;
            };
            let node = &mut self.nodes[index];
            node.handle_datagram(self.now, datagram.from, datagram.to, &datagram.bytes);
            self.flush();
        }
        self.fire_timeouts();
        true
    }

    /// Runs until no datagram is under way and no timer armed.
    ///
    /// # Panics
    /// When that takes more than a day of virtual time.
    pub fn run_until_idle(&mut self) {
        let day = Duration::from_secs(86_400);
        let end = self.now + day;
        while self.step() {
            assert!(self.now < end, "still busy after a day of virtual time");
        }
    }

    /// Runs for a length of time, and ends exactly then.
    pub fn run_for(&mut self, length: Duration) {
        let end = self.now + length;
        self.flush();
        while self.next_event().is_some_and(|next| next <= end) {
            self.step();
        }
        self.now = end;
    }

    /// Runs until `reached` says so or `at_most` has passed; tells which by `true` for the former.
    pub fn run_until(&mut self, at_most: Duration, mut reached: impl FnMut(&Self) -> bool) -> bool {
        let end = self.now + at_most;
        loop {
            if reached(self) {
                return true;
            }
            self.flush();
            if self.next_event().is_none_or(|next| next > end) {
                self.now = end;
                return false;
            }
            self.step();
        }
    }

    fn next_event(&mut self) -> Option<Instant> {
        let timeouts = self.nodes.iter_mut().filter_map(|node| node.poll_timeout());
        timeouts.chain(self.net.next_arrival()).min()
    }

    fn fire_timeouts(&mut self) {
        for index in 0..self.nodes.len() {
            let mut fired = 0;
            while self.nodes[index]
                .poll_timeout()
                .is_some_and(|due| due <= self.now)
            {
                self.nodes[index].handle_timeout(self.now);
                self.flush();
                fired += 1;
                assert!(
                    fired <= MAX_TIMEOUTS_PER_MOMENT,
                    "node {index} asks for the present moment again and again"
                );
            }
        }
    }

    /// Hands everything that nodes want to send to the net.
    fn flush(&mut self) {
        for (index, node) in self.nodes.iter_mut().enumerate() {
            let mut sent = 0;
            while let Some((from, to)) = node.poll_transmit(&mut self.buffer) {
                self.net.send(self.now, from, to, &self.buffer);
                sent += 1;
                assert!(
                    sent <= MAX_TRANSMITS_PER_EVENT,
                    "node {index} sends without end"
                );
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        replay::tell_if_panicking(self);
    }
}

impl<T> Clone for NodeId<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for NodeId<T> {}

impl<T> fmt::Debug for NodeId<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({})", self.index)
    }
}

#[cfg(test)]
mod tests;
