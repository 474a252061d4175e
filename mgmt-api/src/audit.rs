//! Signed exports of the audit log.
//!
//! The key is drawn at random when the first export is made, and kept as a sealed secret of the
//! platform. Whoever keeps an export and the public key can show later that the log was rewritten:
//! the chain of the export and the chain of the log must be one.

use crate::clock;
use crate::hex;
use crate::secrets::{SecretBox, SecretError, SecretText};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use store::{AuditFileError, AuditSeal, Scope, Store, StoreError, TenantId};

/// The setting that names the secret with the key.
const KEY_SETTING: &str = "audit.signing_key";
const SEED_BYTES: usize = 32;

/// Signs the ends of exports.
pub(crate) struct AuditSigner {
    key: Ed25519KeyPair,
}

/// Why nothing can be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuditSignerError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("the operating system gives no random bytes")]
    Random(#[from] getrandom::Error),
    #[error("the key that signs exports of the audit log is not what it was")]
    Key,
}

/// An export that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedExport {
    /// How many entries it has.
    pub entries: u64,
    /// Whose signature it has: an Ed25519 public key, hexadecimal. Compare it with the one that
    /// the switch names.
    pub public_key: String,
}

/// What is wrong with an export.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportFault {
    /// The chain.
    #[error(transparent)]
    Chain(#[from] AuditFileError),
    /// The signature.
    #[error("the signature at the end of the file does not hold")]
    Signature,
}

impl AuditSigner {
    /// The installation's key, which is made when there is none.
    pub(crate) async fn open(store: &Store, secrets: &SecretBox) -> Result<Self, AuditSignerError> {
        let id = match store.setting(KEY_SETTING).await? {
            Some(id) => id,
            None => make_key(store, secrets).await?,
        };
        let platform = Scope::of_tenant(TenantId::PLATFORM);
        let sealed = store.secret(&platform, &id).await?;
        let sealed = sealed.ok_or(AuditSignerError::Key)?;
        let text = secrets.unseal(&sealed)?;
        let seed = hex::decode(text.expose()).ok_or(AuditSignerError::Key)?;
        let key = Ed25519KeyPair::from_seed_unchecked(&seed);
        Ok(Self {
            key: key.map_err(|_| AuditSignerError::Key)?,
        })
    }

    /// The public key, hexadecimal.
    pub(crate) fn public_key(&self) -> String {
        hex::encode(self.key.public_key().as_ref())
    }

    /// The public key and the signature of a text, hexadecimal.
    pub(crate) fn sign(&self, text: &[u8]) -> (String, String) {
        let signature = self.key.sign(text);
        (self.public_key(), hex::encode(signature.as_ref()))
    }
}

/// Draws a key. Of two nodes that do so at once, the key of the first is used.
async fn make_key(store: &Store, secrets: &SecretBox) -> Result<String, AuditSignerError> {
    let mut seed = [0; SEED_BYTES];
    getrandom::fill(&mut seed)?;
    let sealed = secrets.seal(TenantId::PLATFORM, &SecretText::new(hex::encode(&seed)))?;
    store.add_secret(&sealed, clock::now()).await?;
    Ok(store.claim_setting(KEY_SETTING, &sealed.id).await?)
}

/// Follows an exported chain and checks its signature.
///
/// # Errors
/// [`ExportFault`], the first that is found.
pub fn verify_export(text: &str) -> Result<VerifiedExport, ExportFault> {
    let (seal, entries) = AuditSeal::follow(text.lines())?;
    let decoded = hex::decode(seal.public_key()).zip(hex::decode(seal.signature()));
    let (key, signature) = decoded.ok_or(ExportFault::Signature)?;
    UnparsedPublicKey::new(&ED25519, key)
        .verify(&seal.signed_text(), &signature)
        .map_err(|_| ExportFault::Signature)?;
    Ok(VerifiedExport {
        entries,
        public_key: seal.public_key().to_owned(),
    })
}
