//! Calls refused without a transaction, because its table is full.
//!
//! Nothing absorbs the retransmissions of such an INVITE: each is answered as if it were the first.
//! A small table of the last ones knows most of them again, so that a call has one record, and a
//! rate bounds the records where it does not.

use crate::sources::Rate;
use sip_core::Instant;
use sip_core::transaction::ServerKey;

/// Places in the table; a later refusal takes the place of an earlier one with the same key bits.
const PLACES: usize = 4_096;

/// What a refusal is to the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A call's only one: it is recorded.
    Recorded,
    /// A call's first, but there are too many to record.
    Unrecorded,
    /// The call has been refused before.
    Again,
}

/// The last calls that were refused without state.
pub(crate) struct Refusals {
    places: Box<[Option<ServerKey>]>,
    records: Rate,
    per_second: u32,
}

impl Refusals {
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            places: vec![None; PLACES].into_boxed_slice(),
            records: Rate::default(),
            per_second,
        }
    }

    /// An INVITE was refused without state.
    pub(crate) fn note(&mut self, now: Instant, key: ServerKey) -> Refusal {
        let place = (key.as_u128() % PLACES as u128) as usize;
        if self.places[place].replace(key) == Some(key) {
            return Refusal::Again;
        }
        match self.records.take(now, self.per_second) {
            true => Refusal::Recorded,
            false => Refusal::Unrecorded,
        }
    }
}
