//! Which shard owns a message.

use sip_core::Message;
use sip_core::ticket::{TicketKey, owner_of};

/// Finds a message's owner among the shards of this node.
#[derive(Clone)]
pub(crate) struct Ownership {
    key: TicketKey,
    shards: u16,
}

impl Ownership {
    pub(crate) fn new(key: TicketKey, shards: u16) -> Self {
        Self { key, shards }
    }

    /// `None`: a response to nothing that this node sent.
    pub(crate) fn of(&self, message: &Message<'_>) -> Option<u16> {
        owner_of(message, &self.key, self.shards)
    }
}
