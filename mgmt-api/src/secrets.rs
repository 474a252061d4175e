//! Secrets at rest: envelope encryption of what must be read back, such as a gateway's password.
//!
//! Each secret has a data key of its own, drawn at random. XChaCha20-Poly1305 (RustCrypto)
//! encrypts the text with the data key, and the data key with a *master key*. So a rotation of the
//! master key rewrites 32 bytes a secret and never sees a text. Both encryptions are bound to the
//! owner and to the secret's identifier as associated data: a row that is copied to another
//! tenant or another identifier opens no more.
//!
//! Master keys come from a file or from the configuration ([`KeySource`]). [`SecretBox::seal`]
//! draws the identifier and needs no database, so it can run before a transaction; the store
//! writes the row in the caller's transaction. [`SecretBox::rotate`] moves all secrets to a new
//! master key while the switch runs.

mod envelope;
mod key;
mod rotation;
mod source;

pub use key::KeyFault;
pub use rotation::{Rotation, RotationError};
pub use source::{KeySource, KeySourceError};

use crate::clock;
use key::KeyRing;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use store::{SealedSecret, Store, StoreError, TenantId};
use zeroize::Zeroizing;

/// Longest text that is taken, bytes. A private key in PEM fits many times.
pub const SECRET_BYTES_MAX: usize = 64 * 1024;

/// A text that must not be seen: wiped from memory when dropped, and not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

/// Seals and opens secrets. Cheap to clone.
#[derive(Clone)]
pub struct SecretBox(Arc<Inner>);

struct Inner {
    source: KeySource,
    ring: RwLock<Arc<KeyRing>>,
}

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The text is over the limit.
    #[error("a secret may have at most {SECRET_BYTES_MAX} bytes")]
    TooLong,
    /// The master key that the secret was sealed with is not known here.
    #[error("the secret needs the master key {key_id}, which is not among those configured")]
    UnknownKey {
        /// Its name.
        key_id: String,
    },
    /// The row was altered, or moved to another owner or identifier.
    #[error("the secret {id} does not open: its row was altered or moved")]
    Altered {
        /// The secret.
        id: String,
    },
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    Random(#[from] getrandom::Error),
    /// The master keys cannot be read.
    #[error("the master keys cannot be read")]
    Source(#[from] KeySourceError),
}

/// Why the master keys cannot be used with this database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The source cannot be read or made.
    #[error(transparent)]
    Source(#[from] KeySourceError),
    /// The database has secrets under a key that is not there.
    #[error(
        "{secrets} secrets in the database need the master key {key_id}, which {source_name} does not have: restore the file that was in use, or name the key in `secrets.master_keys`"
    )]
    KeyMissing {
        /// The key's name.
        key_id: String,
        /// How many secrets need it.
        secrets: u64,
        /// Where keys come from.
        source_name: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SecretText {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text. Its reader must not log or keep it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

impl SecretBox {
    /// Reads the master keys, makes the file when it is missing and nothing is sealed yet, and
    /// checks that every secret in the database can be opened.
    ///
    /// # Errors
    /// [`OpenError`]; a file is made only when the database holds no secret.
    pub async fn open(source: KeySource, store: &Store) -> Result<Self, OpenError> {
        let used = store.secret_keys_in_use().await?;
        let ring = match source.load() {
            Err(error) if error.is_missing_file() && used.is_empty() => source.create()?,
            other => other?,
        };
        for (key_id, secrets) in used {
            if ring.find(&key_id).is_none() {
                let source_name = source.to_string();
                return Err(OpenError::KeyMissing {
                    key_id,
                    secrets,
                    source_name,
                });
            }
        }
        store
            .add_secret_key(ring.current().id(), clock::now())
            .await?;
        Ok(Self::with_ring(source, ring))
    }

    fn with_ring(source: KeySource, ring: KeyRing) -> Self {
        let ring = RwLock::new(Arc::new(ring));
        Self(Arc::new(Inner { source, ring }))
    }

    /// Seals a text for its owner under a fresh identifier. Write the row with the store, in the
    /// transaction that refers to it.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn seal(&self, owner: TenantId, text: &SecretText) -> Result<SealedSecret, SecretError> {
        // The file is read again each time: a rotation by the command line has a new key in it.
        let ring = self.reload()?;
        envelope::seal(ring.current(), owner, text)
    }

    /// Opens a row.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn unseal(&self, sealed: &SealedSecret) -> Result<SecretText, SecretError> {
        let ring = self.ring();
        if ring.find(&sealed.key_id).is_some() {
            return envelope::unseal(&ring, sealed);
        }
        let ring = self.reload()?;
        envelope::unseal(&ring, sealed)
    }

    /// Name of the key that seals.
    pub fn current_key(&self) -> String {
        self.ring().current().id().to_owned()
    }

    fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.0.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn reload(&self) -> Result<Arc<KeyRing>, KeySourceError> {
        let ring = Arc::new(self.0.source.load()?);
        *self.0.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&ring);
        Ok(ring)
    }
}

impl fmt::Debug for SecretBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = self.ring();
        f.debug_struct("SecretBox")
            .field("key", &current.current().id())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
