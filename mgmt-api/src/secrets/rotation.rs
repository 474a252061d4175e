//! Moving every secret to a new master key, while others seal and open.

use super::key::MasterKey;
use super::source::{KeySource, KeySourceError, keep_retired, replace};
use super::{SecretBox, SecretError, envelope};
use crate::clock;
use rating::Timestamp;
use store::{Store, StoreError};

/// Rows that one transaction moves: short enough that no other writer waits noticeably.
const BATCH: u32 = 200;
/// How often rows that appear meanwhile are swept up before it is given up.
const SWEEPS_MAX: u32 = 100;

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Name of the key that seals now.
    pub key_id: String,
    /// Names of the keys that no secret needs any more.
    pub retired: Vec<String>,
    /// Secrets that were moved.
    pub moved: u64,
    /// Whether an earlier rotation was cut off and this one went on with it.
    pub resumed: bool,
}

/// Why a rotation stopped. Nothing is lost: run it again and it goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotationError {
    /// The keys are given by the configuration, and there is no new one among them.
    #[error(
        "put a new key before the others in `secrets.master_keys`, restart the switch, and run this again"
    )]
    NoNewKey,
    /// Rows kept appearing under an earlier key.
    #[error("secrets are still sealed with the key {key_id}: does a node run with older keys?")]
    StillUsed {
        /// The key.
        key_id: String,
    },
    /// The key file failed.
    #[error(transparent)]
    Source(#[from] KeySourceError),
    /// A secret does not open.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SecretBox {
    /// Draws a new master key (or takes the first of the given ones), moves every secret to it,
    /// and retires the others. Crash-safe: the key file holds both keys until no row needs the
    /// old one, and a second run goes on where the first one stopped.
    ///
    /// # Errors
    /// [`RotationError`].
    pub async fn rotate(&self, store: &Store) -> Result<Rotation, RotationError> {
        let now = clock::now();
        let resumed = self.begin_rotation()?;
        let ring = self.reload()?;
        store.add_secret_key(ring.current().id(), now).await?;
        let mut moved = 0;
        for key in ring.earlier() {
            moved += self.empty(store, key, now).await?;
        }
        let retired = ring
            .earlier()
            .iter()
            .map(|key| key.id().to_owned())
            .collect();
        let key_id = ring.current().id().to_owned();
        if let KeySource::File(path) = &self.0.source {
            keep_retired(path, ring.earlier())?;
            let last = self.0.source.load()?.without_earlier();
            replace(path, last.all())?;
            self.reload()?;
        }
        Ok(Rotation {
            key_id,
            retired,
            moved,
            resumed,
        })
    }

    /// Puts a new key first; gives whether an earlier rotation had done so.
    fn begin_rotation(&self) -> Result<bool, RotationError> {
        let ring = self.0.source.load()?;
        let begun = !ring.earlier().is_empty();
        match &self.0.source {
            KeySource::Given(_) if !begun => return Err(RotationError::NoNewKey),
            KeySource::File(path) if !begun => {
                let ring = ring.led_by(MasterKey::generate().map_err(KeySourceError::from)?);
                replace(path, ring.all())?;
            }
            _ => {}
        }
        Ok(begun && matches!(self.0.source, KeySource::File(_)))
    }

    /// Moves what the key has sealed and retires it; gives how many that were.
    async fn empty(
        &self,
        store: &Store,
        key: &MasterKey,
        now: Timestamp,
    ) -> Result<u64, RotationError> {
        let mut moved = 0;
        for _ in 0..SWEEPS_MAX {
            moved += self.move_all(store, key).await?;
            if store.retire_secret_key(key.id(), now).await? {
                return Ok(moved);
            }
        }
        Err(RotationError::StillUsed {
            key_id: key.id().to_owned(),
        })
    }

    async fn move_all(&self, store: &Store, key: &MasterKey) -> Result<u64, RotationError> {
        let ring = self.ring();
        let mut moved = 0;
        loop {
            let rows = store.secrets_under_key(key.id(), BATCH).await?;
            if rows.is_empty() {
                return Ok(moved);
            }
            let rewrapped = rows
                .iter()
                .map(|sealed| envelope::rewrap(&ring, sealed))
                .collect::<Result<Vec<_>, _>>()?;
            moved += store.rewrap_secrets(key.id(), &rewrapped).await?;
        }
    }
}
