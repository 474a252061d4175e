//! Passwords: hashed with Argon2id, checked in the same time whether the user exists or not.

mod policy;

use crate::access::roles::Portal;
use crate::clock;
use crate::containment::{self, Part};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use std::sync::Arc;
use std::time::Duration;
use store::{NewUser, Store, StoreError, TenantId, UserRow, UserStatus};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Hashes computed at the same time: each takes 19 MiB and tens of milliseconds of a core that
/// calls need.
const PARALLEL_HASHES: usize = 2;

/// Longest wait for a turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);

/// The name of the user that exists from the first start.
const FIRST_USER: &str = "admin";

/// Its role: everything is allowed.
const FIRST_ROLE: &str = Portal::Staff.first_role();

/// Letters and digits that cannot be taken for one another.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789-";

/// 20 characters of 32: 100 bits.
const GENERATED_LENGTH: usize = 20;

/// The hash of a user who does not exist, with the parameters that new hashes have. No password is
/// known to match, and a match would not count.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$\
    bm9ib2R5LW5vYm9keS4$RdescudvJCsgt3ub+b1dWRWJTmaaJObGbsOcwDRIQGw";

/// Why a password cannot be hashed, checked or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The hash function.
    #[error("the password cannot be hashed: {0}")]
    Hash(argon2::password_hash::phc::Error),
    /// The hash function.
    #[error("the password cannot be hashed: {0}")]
    Argon(argon2::password_hash::Error),
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    Random(#[source] getrandom::Error),
    /// The thread that hashed failed.
    #[error("the password could not be checked")]
    Interrupted,
    /// Too many sign-ins at once.
    #[error("too many sign-ins at once")]
    Busy,
}

/// Checks passwords.
#[derive(Clone)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(PARALLEL_HASHES)),
        }
    }

    /// Whether the password is the user's. Takes the same time for no user.
    pub(crate) async fn verify(
        &self,
        user: Option<&UserRow>,
        password: String,
    ) -> Result<bool, PasswordError> {
        let _turn = self.turn().await?;
        let stored = user.and_then(|user| user.password_hash.as_deref());
        let has_password = stored.is_some();
        let hash = stored.unwrap_or(NOBODY).to_owned();
        let verify = move || verify(&password, &hash);
        let matches = containment::on_blocking_thread(Part::Request, verify)
            .await
            .map_err(|_| PasswordError::Interrupted)??;
        Ok(matches && has_password)
    }

    /// What is stored of a new password.
    pub(crate) async fn hash(&self, password: String) -> Result<String, PasswordError> {
        let _turn = self.turn().await?;
        containment::on_blocking_thread(Part::Request, move || hash(&password))
            .await
            .map_err(|_| PasswordError::Interrupted)?
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, PasswordError> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        match tokio::time::timeout(TURN_TIMEOUT, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(PasswordError::Busy),
        }
    }
}

/// Why a new password is refused; `None` when it is good. `own_words` are the user's name and the
/// like.
pub(crate) fn weakness(password: &str, own_words: &[&str]) -> Option<impl std::fmt::Display> {
    policy::check(password, own_words).err()
}

/// Makes the first user with a generated password, when there is no user. Gives the password, which
/// is stored nowhere: show it once.
///
/// # Errors
/// [`PasswordError`].
pub async fn ensure_admin(store: &Store) -> Result<Option<String>, PasswordError> {
    if store.has_users().await? {
        return Ok(None);
    }
    let password = generate()?;
    let first = NewUser {
        tenant: TenantId::PLATFORM,
        username: FIRST_USER,
        email: None,
        full_name: FIRST_USER,
        role: FIRST_ROLE,
        status: UserStatus::Active,
        password_hash: Some(&hash(&password)?),
        email_verified: false,
    };
    let mut write = store.change_people(clock::now()).await?;
    let added = write.add_user(&first).await?;
    write.commit().await?;
    Ok(added.map(|_| password))
}

fn generate() -> Result<String, PasswordError> {
    let mut bytes = [0; GENERATED_LENGTH];
    getrandom::fill(&mut bytes).map_err(PasswordError::Random)?;
    // The alphabet has 32 characters, so every five bits are equally likely.
    let letters = bytes.iter().map(|byte| ALPHABET[usize::from(byte % 32)]);
    Ok(letters.map(char::from).collect())
}

fn hash(password: &str) -> Result<String, PasswordError> {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(PasswordError::Argon)?;
    Ok(hash.to_string())
}

fn verify(password: &str, hash: &str) -> Result<bool, PasswordError> {
    let hash = PasswordHash::new(hash).map_err(PasswordError::Hash)?;
    Ok(Argon2::default()
        .verify_password(password.as_bytes(), &hash)
        .is_ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn a_hash_belongs_to_one_password() {
        let hash = hash("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(verify("correct horse", &hash).unwrap());
        assert!(!verify("correct hors", &hash).unwrap());
    }

    #[test]
    fn checking_nobody_takes_as_long_as_checking_a_user() {
        let parameters = |hash: &str| hash.rsplitn(3, '$').last().map(str::to_owned);
        assert_eq!(parameters(NOBODY), parameters(&hash("x").unwrap()));
        assert!(!verify("x", NOBODY).unwrap());
    }

    #[test]
    fn generated_passwords_differ() {
        assert_eq!(generate().unwrap().len(), GENERATED_LENGTH);
        assert_ne!(generate().unwrap(), generate().unwrap());
    }

    #[tokio::test]
    async fn the_first_user_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.db")).await.unwrap();
        let password = ensure_admin(&store).await.unwrap().unwrap();
        assert_eq!(ensure_admin(&store).await.unwrap(), None);
        let user = store.user_by_name(FIRST_USER).await.unwrap().unwrap();
        let passwords = Passwords::new();
        assert!(
            passwords
                .verify(Some(&user), password.clone())
                .await
                .unwrap()
        );
        assert!(!passwords.verify(Some(&user), "x".into()).await.unwrap());
        assert!(!passwords.verify(None, password).await.unwrap());
    }
}
