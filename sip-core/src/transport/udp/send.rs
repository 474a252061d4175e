//! Datagrams that wait for one send call.

use std::net::SocketAddr;
use thiserror::Error;

/// Datagrams to send, in order. Bytes are copied into one buffer that is used again and again.
#[derive(Debug, Default)]
pub struct SendBatch {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Entries before this one are sent.
    head: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: usize,
    length: usize,
    destination: SocketAddr,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// Nothing is left.
    Complete,
    /// The kernel takes no more at present; the rest is kept for the next writable event.
    Blocked,
}

/// The kernel has been blocked for so long that the batch is full. The datagram is lost, as the
/// network might have lost it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the queue of datagrams to send is full")]
pub struct QueueFull;

impl SendBatch {
    /// Most datagrams that wait.
    pub const DATAGRAMS_MAX: usize = 8 * 1024;
    /// Most bytes that wait.
    pub const BYTES_MAX: usize = 16 << 20;

    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a datagram.
    ///
    /// # Errors
    /// [`QueueFull`] at [`Self::DATAGRAMS_MAX`] or [`Self::BYTES_MAX`].
    pub fn push(&mut self, destination: SocketAddr, datagram: &[u8]) -> Result<(), QueueFull> {
        if self.len() >= Self::DATAGRAMS_MAX || self.bytes.len() + datagram.len() > Self::BYTES_MAX
        {
            return Err(QueueFull);
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(datagram);
        self.entries.push(Entry {
            start,
            length: datagram.len(),
            destination,
        });
        Ok(())
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.entries.len() - self.head
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What waits, in order.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (&[u8], SocketAddr)> {
        self.entries[self.head..].iter().map(|entry| {
            (
                &self.bytes[entry.start..entry.start + entry.length],
                entry.destination,
            )
        })
    }

    pub(super) fn first_destination(&self) -> Option<SocketAddr> {
        self.entries.get(self.head).map(|entry| entry.destination)
    }

    /// The first `count` are done with.
    pub(super) fn advance(&mut self, count: usize) {
        self.head = (self.head + count).min(self.entries.len());
    }

    /// Gives the room of what is done with back to the buffer.
    pub(super) fn compact(&mut self) {
        let done = self
            .entries
            .get(self.head)
            .map_or(self.bytes.len(), |first| first.start);
        self.bytes.drain(..done);
        self.entries.drain(..self.head);
        for entry in &mut self.entries {
            entry.start -= done;
        }
        self.head = 0;
    }
}
