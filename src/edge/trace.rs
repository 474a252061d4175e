//! The messages of calls, as they were on the wire: for ladders, captures and a Homer collector.
//!
//! Each shard writes every message that it reads or sends into a [`Ring`] of fixed size, by its
//! Call-ID. Calls that fail, and those that somebody asked for, are copied out of it before they
//! are overwritten, into a store that is bounded as well. Nothing is parsed and, but for what is
//! kept, nothing is allocated. Keys of media are covered in
//! whatever leaves the ring.

mod hep;
mod kept;
mod keys;
mod ring;

pub(crate) use hep::HomerLink;
pub(crate) use ring::{Note, Way};

use crate::config::TraceConfig;
use kept::Kept;
use mgmt_api::switch_port::TraceMessage;
use rating::cdr::{CallId, CallRecord, Outcome};
use ring::Ring;
use sip_core::{Duration, Instant};
use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// A call's messages are kept so long after its record is written: the last ones come after it.
const LINGER: Duration = Duration::from_secs(6);
/// Calls whose messages are about to be kept. One more, and the first is kept at once.
const DUE_MAX: usize = 4_096;
/// Calls that somebody wants kept when they end. One more, and the first is forgotten.
const WANTED_MAX: usize = 256;

/// One shard's trace.
pub(crate) struct Tracer {
    hasher: RandomState,
    ring: Ring,
    kept: Kept,
    due: VecDeque<Due>,
    /// The ingress Call-IDs of those, as keys.
    due_keys: HashSet<u64>,
    wanted: VecDeque<CallId>,
    homer: Option<HomerLink>,
}

/// A call that is kept in a moment.
struct Due {
    at: Instant,
    call: CallId,
    /// The ingress leg's first.
    keys: Vec<u64>,
}

/// What a tracer has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TraceCounters {
    /// Calls whose messages are kept now.
    pub(crate) calls_kept: u64,
    /// Messages sent to Homer.
    pub(crate) homer_sent: u64,
    /// Messages that were not, because the way there was full or they were too long for it.
    pub(crate) homer_dropped: u64,
}

impl Tracer {
    pub(crate) fn new(config: &TraceConfig, homer: Option<HomerLink>) -> Self {
        let bytes = |mib: u32| usize::try_from(mib).unwrap_or(0) << 20;
        Self {
            hasher: RandomState::new(),
            ring: Ring::new(bytes(config.recent_mib)),
            kept: Kept::new(bytes(config.kept_mib)),
            due: VecDeque::new(),
            due_keys: HashSet::new(),
            wanted: VecDeque::new(),
            homer,
        }
    }

    /// Takes a message down.
    pub(crate) fn note(&mut self, note: &Note<'_>) {
        if let Some(homer) = &mut self.homer {
            homer.push(note);
        }
        if self.ring.is_off() {
            return;
        }
        if let Some(call_id) = call_id_of(note.bytes) {
            let key = self.hasher.hash_one(call_id);
            self.ring.push(key, note);
        }
    }

    /// A call has its final record.
    pub(crate) fn ended(&mut self, now: Instant, record: &CallRecord) {
        let has_failed = match record.outcome {
            Outcome::Failed => true,
            // What strangers try must not push out what customers miss.
            Outcome::Rejected => record.customer.is_some(),
            Outcome::Answered | Outcome::Cancelled | Outcome::Interrupted => false,
        };
        let is_wanted = self.forget_wish(record.id);
        if self.ring.is_off() || !has_failed && !is_wanted {
            return;
        }
        let egress = record
            .attempts
            .iter()
            .map(|attempt| &attempt.egress_call_id);
        let keys = self.keys([&record.ingress_call_id].into_iter().chain(egress));
        self.put_due(now, record.id, keys, is_wanted);
    }

    /// Keeps a call in a moment. Of many calls with one Call-ID on the ingress leg one is kept at a
    /// time, so that they do not cost a copy of all their messages each; what is wanted is kept.
    fn put_due(&mut self, now: Instant, call: CallId, keys: Vec<u64>, is_wanted: bool) {
        let is_first = keys.first().is_some_and(|key| self.due_keys.insert(*key));
        if !is_first && !is_wanted {
            return;
        }
        let at = now + LINGER;
        self.due.push_back(Due { at, call, keys });
        if self.due.len() > DUE_MAX {
            self.keep_first();
        }
    }

    /// Lets time pass.
    pub(crate) fn turn(&mut self, now: Instant) {
        while self.due.front().is_some_and(|due| due.at <= now) {
            self.keep_first();
        }
    }

    /// The link to Homer, whose socket is the shard's to flush.
    pub(crate) fn homer(&mut self) -> Option<&mut HomerLink> {
        self.homer.as_mut()
    }

    /// The messages of a call with these Call-IDs, oldest first.
    pub(crate) fn find(&self, call: CallId, call_ids: &[Arc<str>]) -> Vec<TraceMessage> {
        let mut entries = Vec::new();
        match self.kept.get(call) {
            Some(kept) => entries.extend_from_slice(kept),
            None => self.ring.copy(&self.keys(call_ids), &mut entries),
        }
        ring::read(&entries)
    }

    /// Keeps a call's messages: what there is of it now, and all of it when it is still up.
    pub(crate) fn keep(&mut self, call: CallId, call_ids: &[Arc<str>], is_up: bool) {
        if is_up {
            self.wanted.push_back(call);
            if self.wanted.len() > WANTED_MAX {
                self.wanted.pop_front();
            }
        } else if self.kept.get(call).is_none() {
            self.keep_keys(call, &self.keys(call_ids));
        }
    }

    /// What it has done.
    pub(crate) fn counters(&self) -> TraceCounters {
        let homer = self.homer.as_ref().map_or((0, 0), HomerLink::counters);
        TraceCounters {
            calls_kept: self.kept.len() as u64,
            homer_sent: homer.0,
            homer_dropped: homer.1,
        }
    }

    fn forget_wish(&mut self, call: CallId) -> bool {
        let place = self.wanted.iter().position(|wanted| *wanted == call);
        place.and_then(|place| self.wanted.remove(place)).is_some()
    }

    fn keep_first(&mut self) {
        if let Some(due) = self.due.pop_front() {
            if let Some(ingress) = due.keys.first() {
                self.due_keys.remove(ingress);
            }
            self.keep_keys(due.call, &due.keys);
        }
    }

    fn keep_keys(&mut self, call: CallId, keys: &[u64]) {
        let mut entries = Vec::new();
        self.ring.copy(keys, &mut entries);
        if !entries.is_empty() {
            self.kept.put(call, entries.into());
        }
    }

    fn keys<'a>(&self, call_ids: impl IntoIterator<Item = &'a Arc<str>>) -> Vec<u64> {
        let call_ids = call_ids.into_iter();
        call_ids
            .map(|call_id| self.hasher.hash_one(call_id.as_bytes()))
            .collect()
    }
}

/// The value of Call-ID, found without parsing: a line that begins with its name.
fn call_id_of(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    while let Some(length) = memchr::memchr(b'\n', &bytes[at..]) {
        let line = &bytes[at..at + length];
        at += length + 1;
        let value = match line.first()? {
            b'C' | b'c' => strip_name(line, b"call-id"),
            b'i' | b'I' => strip_name(line, b"i"),
            // The empty line: what follows is the body.
            b'\r' => return None,
            _ => None,
        };
        if let Some(value) = value {
            return Some(value.trim_ascii());
        }
    }
    None
}

fn strip_name<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = line.split_at_checked(name.len())?;
    let is_it = start.eq_ignore_ascii_case(name);
    is_it
        .then(|| rest.trim_ascii_start().strip_prefix(b":"))
        .flatten()
}

#[cfg(test)]
mod tests;
