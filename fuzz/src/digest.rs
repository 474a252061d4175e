//! Values of WWW-Authenticate and Authorization.

use sip_core::Method;
use sip_core::digest::{Challenge, Credentials};

/// A value of either field: it is read or not, and what we write of a challenge is the same again.
pub fn digest(bytes: &[u8]) {
    if let Some(challenge) = Challenge::parse(bytes) {
        let again = Challenge::parse(challenge.to_value().as_bytes());
        assert_eq!(again.map(|again| again.nonce), Some(challenge.nonce));
    }
    if let Some(credentials) = Credentials::parse(bytes) {
        let _ = credentials.are_of("password", Method::Invite, b"v=0\r\n");
    }
}
