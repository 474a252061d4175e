//! What is sent to a person or a browser and comes back once: drawn at random, stored as a hash.

use super::{random_hex, sha256_hex};
use crate::problem::Problem;

/// Characters of a token.
pub(crate) const TOKEN_CHARS: usize = 64;

/// A token that was just drawn.
#[derive(Clone)]
pub(crate) struct OneTimeToken(String);

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
