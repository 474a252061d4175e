//! The messages of calls that are kept: the newest ones that fit.

use rating::cdr::CallId;
use std::collections::{HashMap, VecDeque};

/// Bytes that a call takes beside its messages.
const OVERHEAD: usize = 128;

pub(super) struct Kept {
    most: usize,
    bytes: usize,
    calls: HashMap<CallId, Box<[u8]>>,
    /// Oldest first.
    order: VecDeque<CallId>,
}

impl Kept {
    /// Keeps at most `most` bytes.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            bytes: 0,
            calls: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Keeps the entries of a call; the oldest calls make room. A call that is too large alone is not
    /// kept.
    pub(super) fn put(&mut self, call: CallId, entries: Box<[u8]>) {
        let size = entries.len() + OVERHEAD;
        if size > self.most {
            return;
        }
        self.bytes += size;
        match self.calls.insert(call, entries) {
            Some(before) => self.bytes -= before.len() + OVERHEAD,
            None => self.order.push_back(call),
        }
        while self.bytes > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            let entries = self.calls.remove(&oldest);
            self.bytes -= entries.map_or(0, |entries| entries.len() + OVERHEAD);
        }
    }

    pub(super) fn get(&self, call: CallId) -> Option<&[u8]> {
        self.calls.get(&call).map(|entries| &**entries)
    }

    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }
}
