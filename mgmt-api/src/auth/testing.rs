//! What tests need of the other side: an authenticator in software.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "passkey/authenticator.rs"]
mod authenticator;

pub(crate) use authenticator::Authenticator;
