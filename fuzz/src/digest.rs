//! Values of WWW-Authenticate and Authorization.

use sip_core::Method;
use sip_core::digest::{Challenge, Credentials, VALUE_BYTES_MAX};

/// A value of either field: it is read or not, and what we write of a challenge is the same again,
/// unless it has become too long by it: quotes are escaped, and what was left out is said.
pub fn digest(bytes: &[u8]) {
    if let Some(challenge) = Challenge::parse(bytes) {
        let value = challenge.to_value();
        let again = Challenge::parse(value.as_bytes());
        let nonce = again.map(|again| again.nonce);
        match value.len() <= VALUE_BYTES_MAX {
            true => assert_eq!(nonce, Some(challenge.nonce)),
            false => assert_eq!(nonce, None),
        }
    }
    if let Some(credentials) = Credentials::parse(bytes) {
        let _ = credentials.are_of("password", Method::Invite, b"v=0\r\n");
    }
}
