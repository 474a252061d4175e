//! What is sent to a person or a browser and comes back once: drawn at random, stored as a hash.

use super::{random_hex, sha256_hex};
use crate::problem::Problem;

/// Characters of a token.
pub(crate) const TOKEN_CHARS: usize = 64;

/// What a token is good for. A token for one thing is good for no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To say the second factor after the password.
    SecondFactor,
    /// To choose a new password.
    PasswordReset,
    /// To prove that an address is somebody's.
    EmailVerification,
    /// To prove it, and choose a password, for who asks for an account.
    Registration,
    /// To register a passkey.
    PasskeyRegistration,
    /// To sign in by a passkey.
    PasskeySignIn,
}

/// A token that was just drawn.
#[derive(Clone)]
pub(crate) struct OneTimeToken(String);

impl Purpose {
    /// As it is stored.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SecondFactor => "second_factor",
            Self::PasswordReset => "password_reset",
            Self::EmailVerification => "email_verification",
            Self::Registration => "registration",
            Self::PasskeyRegistration => "passkey_registration",
            Self::PasskeySignIn => "passkey_sign_in",
        }
    }
}

impl OneTimeToken {
    /// 256 random bits.
    ///
    /// # Errors
    /// The operating system gives none.
    pub(crate) fn draw() -> Result<Self, Problem> {
        random_hex::<{ TOKEN_CHARS / 2 }>()
            .map(Self)
            .map_err(|error| Problem::internal(&error))
    }

    /// As it is given out.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> String {
        hash_of(&self.0)
    }

    /// The address of a page that takes the token. It stands behind `#`, which browsers send to
    /// nobody: it is in no log and no `Referer`.
    pub(crate) fn link(&self, public_url: &str, page: &str) -> String {
        format!("{public_url}/{page}#{}", self.0)
    }
}

/// What is stored of a token that came back.
pub(crate) fn hash_of(text: &str) -> String {
    sha256_hex(&["one-time:", text])
}
