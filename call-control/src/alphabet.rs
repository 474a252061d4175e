//! The small alphabet that legs speak to the call between them.
//!
//! A leg turns SIP into these; the call answers by telling the other leg what to do. Neither leg
//! knows the other, and only the call hunts.

use crate::release::Failure;
use sip_core::Message;
use sip_core::transaction::ServerId;

/// What a leg tells its call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LegEvent<'m> {
    /// The carrier has the INVITE (100).
    Trying,
    /// The called party is alerted, or something like it (18x without a session description).
    Ringing(&'m Message<'m>),
    /// Early media (18x with a session description).
    Progress(&'m Message<'m>),
    /// 2xx to the INVITE.
    Answered(&'m Message<'m>),
    /// The session shall change (re-INVITE, UPDATE).
    Updated(ServerId, &'m Message<'m>),
    /// Something within the call that says nothing to the switch (INFO, MESSAGE and the like).
    Opaque(ServerId, &'m Message<'m>),
    /// The ACK of a 2xx that this leg's peer got.
    Acknowledged(&'m Message<'m>),
    /// The peer hung up (BYE), or gave up (CANCEL).
    Released(&'m Message<'m>),
    /// The attempt's INVITE is to be sent once more, as the carrier's response said.
    Again,
    /// The attempt failed: final response, silence, no way to the carrier.
    Failed(Failure),
    /// The attempt was answered with other addresses (3xx), which are not followed.
    Redirected(Failure),
}
