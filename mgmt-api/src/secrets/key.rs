//! Master keys and their names.

use crate::hex;
use sha2::{Digest as _, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// Bytes of a master key and of a data key.
pub(super) const KEY_BYTES: usize = 32;

/// A master key. Its name is derived from it, so that nobody can mix the two up.
pub(super) struct MasterKey {
    id: String,
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

/// The master keys: the first seals, all of them open.
#[derive(Debug)]
pub(super) struct KeyRing(Vec<MasterKey>);

/// A text that is not a list of master keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFault {
    /// There is no key at all.
    #[error("no key is given")]
    Empty,
    /// One of them is not 64 hexadecimal digits.
    #[error("key {position} is not 64 hexadecimal digits")]
    Malformed {
        /// Which, from 1.
        position: usize,
    },
    /// The same key is given twice.
    #[error("key {position} is given twice")]
    Twice {
        /// Which, from 1.
        position: usize,
    },
}

impl MasterKey {
    pub(super) fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(bytes.as_mut())?;
        Ok(Self::new(bytes))
    }

    fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        let digest = Sha256::new()
            .chain_update(b"didtron master key name")
            .chain_update(*bytes)
            .finalize();
        let id = format!("k{}", hex::encode(digest.get(..6).unwrap_or_default()));
        Self { id, bytes }
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(hex::decode(text)?);
        let bytes: [u8; KEY_BYTES] = bytes.as_slice().try_into().ok()?;
        Some(Self::new(Zeroizing::new(bytes)))
    }

    /// Its name: no secret.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }

    /// As it stands in a file.
    pub(super) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.bytes.as_ref()))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

impl KeyRing {
    /// One key.
    pub(super) fn of(key: MasterKey) -> Self {
        Self(vec![key])
    }

    /// Keys as texts, the one in use first.
    pub(super) fn parse<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Self, KeyFault> {
        let mut keys: Vec<MasterKey> = Vec::new();
        for (text, position) in texts.zip(1..) {
            let key = MasterKey::parse(text).ok_or(KeyFault::Malformed { position })?;
            if keys.iter().any(|earlier| earlier.id == key.id) {
                return Err(KeyFault::Twice { position });
            }
            keys.push(key);
        }
        if keys.is_empty() {
            Err(KeyFault::Empty)
        } else {
            Ok(Self(keys))
        }
    }

    /// The key that seals.
    pub(super) fn current(&self) -> &MasterKey {
        self.0.first().expect("a ring is never empty")
    }

    /// The keys that only open.
    pub(super) fn earlier(&self) -> &[MasterKey] {
        self.0.get(1..).unwrap_or_default()
    }

    pub(super) fn all(&self) -> &[MasterKey] {
        &self.0
    }

    pub(super) fn find(&self, id: &str) -> Option<&MasterKey> {
        self.0.iter().find(|key| key.id == id)
    }

    /// The same ring with another key that seals from now on.
    pub(super) fn led_by(self, key: MasterKey) -> Self {
        let mut keys = vec![key];
        keys.extend(self.0);
        Self(keys)
    }

    /// Only the key that seals.
    pub(super) fn without_earlier(mut self) -> Self {
        self.0.truncate(1);
        self
    }
}
