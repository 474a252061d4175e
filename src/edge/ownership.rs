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

    /// Whether a message carries a tag or branch that this node wrote: nobody else can make one.
    pub(crate) fn has_ticket(&self, message: &Message<'_>) -> bool {
        if message.is_request() {
            let to = message.to().ok();
            let tag = to.as_ref().and_then(|to| to.tag());
            return tag.is_some_and(|tag| self.key.read(tag).is_some());
        }
        let via = message.top_via().ok();
        let branch = via.as_ref().and_then(|via| via.branch);
        branch.is_some_and(|branch| self.key.read_branch(branch).is_some())
    }

    /// The owner of the request with this branch; `None` when this node never wrote it.
    pub(crate) fn of_branch(&self, branch: &str) -> Option<u16> {
        let owner = self.key.read_branch(branch)?.shard;
        (owner < self.shards).then_some(owner)
    }
}
