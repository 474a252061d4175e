//! The buffers that one receive call fills.

use super::BATCH;
use std::net::SocketAddr;

/// Room for [`BATCH`] datagrams, allocated once and used by all sockets of a shard.
///
/// Memory that no datagram has reached is not resident: the buffers are sized for the longest
/// datagram, but cost what the usual ones need.
#[derive(Debug)]
pub struct ReceiveBatch {
    arena: Vec<u8>,
    capacity: usize,
    stride: usize,
    slots: [Slot; BATCH],
    received: usize,
}

/// What the system call says of one datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) length: usize,
    pub(super) source: Option<SocketAddr>,
}

/// One datagram of a batch.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedDatagram<'a> {
    /// The payload, at most the batch's capacity.
    pub bytes: &'a [u8],
    /// Who sent it.
    pub source: SocketAddr,
    /// It was longer than the capacity; the rest is lost.
    pub truncated: bool,
}

const EMPTY: Slot = Slot {
    length: 0,
    source: None,
};

/// Added to each slot so that the datagrams of a batch do not begin at the same place of a page:
/// they would evict each other from the processor's caches. An odd number of 64-byte lines.
const STAGGER: usize = 13 * 64;

impl ReceiveBatch {
    /// The longest UDP payload there is (RFC 3261 §18.1.1 wants it accepted).
    pub const DATAGRAM_MAX: usize = 65_535;

    /// Buffers for datagrams of up to `capacity` bytes; [`Self::DATAGRAM_MAX`] loses none.
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, Self::DATAGRAM_MAX);
        let stride = capacity.next_multiple_of(64) + STAGGER;
        Self {
            arena: vec![0; stride * BATCH],
            capacity,
            stride,
            slots: [EMPTY; BATCH],
            received: 0,
        }
    }

    /// Whether every buffer was used: there may be more to read.
    pub fn is_full(&self) -> bool {
        self.received == BATCH
    }

    /// The datagrams in the order they arrived.
    pub fn iter(&self) -> impl Iterator<Item = ReceivedDatagram<'_>> {
        self.arena
            .chunks_exact(self.stride)
            .zip(&self.slots[..self.received])
            .filter_map(|(buffer, slot)| {
                Some(ReceivedDatagram {
                    bytes: &buffer[..slot.length.min(self.capacity)],
                    source: slot.source?,
                    truncated: slot.length > self.capacity,
                })
            })
    }

    pub(super) fn clear(&mut self) {
        self.received = 0;
    }

    pub(super) fn set_received(&mut self, count: usize) {
        self.received = count.min(BATCH);
    }

    /// Each buffer with what is said of it, for the system call to fill. A buffer has one byte more
    /// than the capacity, which tells a datagram that is too long.
    pub(super) fn slots_mut(&mut self) -> impl Iterator<Item = (&mut [u8], &mut Slot)> {
        let capacity = self.capacity;
        self.arena
            .chunks_exact_mut(self.stride)
            .map(move |buffer| &mut buffer[..=capacity])
            .zip(&mut self.slots)
    }
}

impl Default for ReceiveBatch {
    fn default() -> Self {
        Self::new(Self::DATAGRAM_MAX)
    }
}
