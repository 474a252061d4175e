//! Who asks: passwords, sessions, the local API key, and the delay after failures.
//!
//! A request is authenticated by the session cookie, or by `Authorization: Bearer` with an API key.
//! A cookie is sent by the browser whoever made the page, so a change by cookie also needs the
//! session's CSRF token in a header; a key does not.

mod background;
pub(crate) mod identity;
mod local_key;
mod maker;
mod open_request;
pub(crate) mod passkey;
mod password;
pub(crate) mod policy;
mod principal;
pub(crate) mod recovery;
mod request;
pub(crate) mod session;
pub(crate) mod sign_in;
mod source;
#[cfg(test)]
mod testing;
mod throttle;
pub(crate) mod tokens;
pub(crate) mod totp;

pub(crate) use background::Background;
pub use local_key::{LocalKey, LocalKeyError};
pub(crate) use maker::maker_rights;
pub(crate) use open_request::OpenRequest;
pub use password::{PasswordError, ensure_admin};
pub(crate) use password::{Passwords, weakness};
pub(crate) use principal::{ActingTenant, Credential, Principal};
pub(crate) use request::{client_address, from_this_machine, require, require_beyond_loopback};
pub(crate) use session::{SessionToken, clear_cookie};
pub(crate) use source::RequestSource;
pub(crate) use throttle::{Subject, Throttle, network, site};

/// Random bytes from the operating system as lower-case hexadecimal digits.
pub(crate) fn random_hex<const BYTES: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 of several parts, which must not be ambiguous when joined.
pub(crate) fn sha256_hex(parts: &[&str]) -> String {
    use sha2::{Digest as _, Sha256};
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
    }
    hex(&hasher.finalize())
}

/// Whether two texts are equal, in a time that depends on their lengths only.
fn equal_in_constant_time(a: &str, b: &str) -> bool {
    use subtle::ConstantTimeEq as _;
    a.as_bytes().ct_eq(b.as_bytes()).into()
}
