//! The two encryptions of a secret.

use super::key::{KEY_BYTES, KeyRing, MasterKey};
use super::{SECRET_BYTES_MAX, SecretError, SecretText};
use crate::hex;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use store::{SealedSecret, TenantId};
use zeroize::Zeroizing;

/// Bytes of an XChaCha20 nonce: long enough to be drawn at random for ever.
const NONCE_BYTES: usize = 24;
/// Bytes of a secret's identifier.
const ID_BYTES: usize = 16;

/// What a ciphertext is: part of the associated data, so that one cannot stand for the other.
#[derive(Clone, Copy)]
enum Part {
    Text,
    DataKey,
}

/// Draws a data key and an identifier, and encrypts.
pub(super) fn seal(
    master: &MasterKey,
    owner: TenantId,
    text: &SecretText,
) -> Result<SealedSecret, SecretError> {
    if text.expose().len() > SECRET_BYTES_MAX {
        return Err(SecretError::TooLong);
    }
    let mut id = [0; ID_BYTES];
    getrandom::fill(&mut id)?;
    let id = hex::encode(&id);
    let mut data_key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(data_key.as_mut())?;
    let plain = text.expose().as_bytes();
    let ciphertext = encrypt(&data_key, plain, &bound_to(Part::Text, owner, &id))?;
    let wrapped_key = wrap(master, &data_key, owner, &id)?;
    Ok(SealedSecret {
        id,
        owner,
        key_id: master.id().to_owned(),
        wrapped_key,
        ciphertext,
    })
}

/// Decrypts.
pub(super) fn unseal(ring: &KeyRing, sealed: &SealedSecret) -> Result<SecretText, SecretError> {
    let data_key = unwrap(ring, sealed)?;
    let bound = bound_to(Part::Text, sealed.owner, &sealed.id);
    let plain = decrypt(&data_key, &sealed.ciphertext, &bound).ok_or_else(|| altered(sealed))?;
    let text = std::str::from_utf8(&plain).map_err(|_| altered(sealed))?;
    Ok(SecretText::new(text))
}

/// The data key under another master key; the text stays as it is.
pub(super) fn rewrap(ring: &KeyRing, sealed: &SealedSecret) -> Result<SealedSecret, SecretError> {
    let data_key = unwrap(ring, sealed)?;
    let master = ring.current();
    Ok(SealedSecret {
        key_id: master.id().to_owned(),
        wrapped_key: wrap(master, &data_key, sealed.owner, &sealed.id)?,
        ..sealed.clone()
    })
}

fn wrap(
    master: &MasterKey,
    data_key: &[u8; KEY_BYTES],
    owner: TenantId,
    id: &str,
) -> Result<String, SecretError> {
    encrypt(
        master.bytes(),
        data_key,
        &bound_to(Part::DataKey, owner, id),
    )
}

fn unwrap(
    ring: &KeyRing,
    sealed: &SealedSecret,
) -> Result<Zeroizing<[u8; KEY_BYTES]>, SecretError> {
    let unknown = || SecretError::UnknownKey {
        key_id: sealed.key_id.clone(),
    };
    let master = ring.find(&sealed.key_id).ok_or_else(unknown)?;
    let bound = bound_to(Part::DataKey, sealed.owner, &sealed.id);
    let data_key =
        decrypt(master.bytes(), &sealed.wrapped_key, &bound).ok_or_else(|| altered(sealed))?;
    let data_key: [u8; KEY_BYTES] = data_key
        .as_slice()
        .try_into()
        .map_err(|_| altered(sealed))?;
    Ok(Zeroizing::new(data_key))
}

fn altered(sealed: &SealedSecret) -> SecretError {
    SecretError::Altered {
        id: sealed.id.clone(),
    }
}

/// The associated data. The parts before the identifier have fixed lengths, so two different
/// bindings never read alike.
fn bound_to(part: Part, owner: TenantId, id: &str) -> Vec<u8> {
    let part: &[u8] = match part {
        Part::Text => b"didtron secret v1 text",
        Part::DataKey => b"didtron secret v1 key ",
    };
    let mut bound = part.to_vec();
    bound.extend(owner.get().to_be_bytes());
    bound.extend(id.as_bytes());
    bound
}

/// Nonce and ciphertext as digits.
fn encrypt(key: &[u8; KEY_BYTES], plain: &[u8], bound: &[u8]) -> Result<String, SecretError> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce)?;
    let payload = Payload {
        msg: plain,
        aad: bound,
    };
    // The cipher refuses only texts of 256 GiB and more.
    let ciphertext = XChaCha20Poly1305::new(key.into())
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| SecretError::TooLong)?;
    Ok(hex::encode(&nonce) + &hex::encode(&ciphertext))
}

/// `None` when the digits are none, or were not written by [`encrypt`] with these arguments.
fn decrypt(key: &[u8; KEY_BYTES], digits: &str, bound: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = hex::decode(digits)?;
    let (nonce, ciphertext) = bytes.split_at_checked(NONCE_BYTES)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
    let payload = Payload {
        msg: ciphertext,
        aad: bound,
    };
    XChaCha20Poly1305::new(key.into())
        .decrypt(&XNonce::from(nonce), payload)
        .ok()
        .map(Zeroizing::new)
}
