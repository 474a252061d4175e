//! What people do about their own accounts.

pub mod password;
pub mod sessions;
