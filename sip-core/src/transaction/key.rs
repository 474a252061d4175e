//! Which server transaction a request belongs to (RFC 3261 §17.2.3).

use crate::error::ParseError;
use crate::message::{Message, Method};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// Branch, sent-by and class of method, as 128 bits under a secret of this table: two requests
/// have the same key only when they belong together, and no peer can look for a collision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerKey(u128);

impl ServerKey {
    /// The bits: evenly spread, and unpredictable.
    pub fn as_u128(self) -> u128 {
        self.0
    }
}

/// Makes keys. The secret is random for each start.
#[derive(Clone, Copy)]
pub(super) struct ServerKeys {
    hasher: SipHasher13,
}

impl ServerKeys {
    pub(super) fn new(secret: [u8; 16]) -> Self {
        Self {
            hasher: SipHasher13::new_with_key(&secret),
        }
    }

    /// The key of `request`, as if its method were `method`: an ACK looks for the INVITE's, and so
    /// does a CANCEL after its own.
    pub(super) fn of(
        &self,
        request: &Message<'_>,
        method: Method<'_>,
    ) -> Result<ServerKey, ParseError> {
        let via = request.top_via()?;
        let mut hasher = self.hasher;
        write_text(&mut hasher, method.as_str());
        write_lowercase(&mut hasher, via.host);
        hasher.write_u16(via.port.unwrap_or(0));
        match via.branch.filter(|_| via.has_magic_cookie()) {
            Some(branch) => write_text(&mut hasher, branch),
            // A peer of RFC 2543: everything that its rules compare. The To tag is left out,
            // because the ACK has one and the INVITE has none.
            None => {
                write_text(&mut hasher, via.branch.unwrap_or(""));
                write_text(&mut hasher, request.request_uri().unwrap_or(""));
                write_text(&mut hasher, request.from()?.tag().unwrap_or(""));
                write_text(&mut hasher, request.call_id()?);
                hasher.write_u32(request.cseq()?.number);
            }
        }
        Ok(ServerKey(hasher.finish128().as_u128()))
    }
}

impl ServerKeys {
    /// What a request that may have come by several ways has in common with its doubles (RFC 3261
    /// §8.2.2.2): From tag, Call-ID and CSeq. `None` for what is no INVITE outside of a dialog.
    pub(super) fn origin_of(&self, request: &Message<'_>) -> Option<u64> {
        if request.method() != Some(Method::Invite) || request.to().ok()?.tag().is_some() {
            return None;
        }
        let mut hasher = self.hasher;
        // No method is empty, so this is no key of a transaction.
        write_text(&mut hasher, "");
        write_text(&mut hasher, request.from().ok()?.tag()?);
        write_text(&mut hasher, request.call_id().ok()?);
        hasher.write_u32(request.cseq().ok()?.number);
        Some(hasher.finish128().as_u128() as u64)
    }
}

/// Text with its length, so that two fields cannot run into one another.
fn write_text(hasher: &mut SipHasher13, text: &str) {
    hasher.write_usize(text.len());
    hasher.write(text.as_bytes());
}

/// A host, whose case does not matter.
fn write_lowercase(hasher: &mut SipHasher13, text: &str) {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        write_text(hasher, &text.to_ascii_lowercase());
    } else {
        write_text(hasher, text);
    }
}

/// Parts of a [`KeyMap`], a power of two.
const PARTS: usize = 64;

/// A map by [`ServerKey`]. The key is a hash already.
///
/// It is many small maps: a map that outgrows its room moves all that it holds, and with a million
/// transactions every message would wait for that. These do so one at a time.
#[derive(Debug)]
pub(super) struct KeyMap<V> {
    parts: Box<[Part<V>]>,
}

type Part<V> = HashMap<ServerKey, V, BuildHasherDefault<TakeHash>>;

impl<V> Default for KeyMap<V> {
    fn default() -> Self {
        Self {
            parts: (0..PARTS).map(|_| Part::default()).collect(),
        }
    }
}

impl<V> KeyMap<V> {
    pub(super) fn get(&self, key: &ServerKey) -> Option<&V> {
        self.parts[key.part()].get(key)
    }

    pub(super) fn insert(&mut self, key: ServerKey, value: V) -> Option<V> {
        self.parts[key.part()].insert(key, value)
    }

    pub(super) fn remove(&mut self, key: &ServerKey) -> Option<V> {
        self.parts[key.part()].remove(key)
    }
}

impl ServerKey {
    /// Of bits that the hash within the part does not have.
    const fn part(self) -> usize {
        (self.0 >> 64) as usize % PARTS
    }
}

/// Takes 64 bits of a [`ServerKey`] as they are.
#[derive(Default)]
pub(super) struct TakeHash(u64);

impl Hash for ServerKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0 as u64);
    }
}

impl Hasher for TakeHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Not reached: a ServerKey writes one u64.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
