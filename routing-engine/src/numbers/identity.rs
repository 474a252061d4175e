//! What an INVITE says of its caller beside From.

use crate::resources::AssertedIdentity;

/// Whether a number can stand in P-Asserted-Identity and Remote-Party-ID: what is no number is asserted for
/// nobody.
pub fn is_assertable(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or(number);
    !digits.is_empty()
        && digits
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'*' | b'#'))
}

/// What an INVITE says of its caller beside From, as received: which of it is believed the trunk says that
/// it comes by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShownIdentity<'a> {
    /// The first user part of P-Asserted-Identity that can be a number.
    pub p_asserted_identity: Option<&'a str>,
    /// The same of Remote-Party-ID.
    pub remote_party_id: Option<&'a str>,
    /// Privacy asks to keep the caller's identity back.
    pub is_private: bool,
}

impl<'a> ShownIdentity<'a> {
    /// Of one number that was believed, by whatever field.
    pub fn of_believed(number: Option<&'a str>, is_private: bool) -> Self {
        Self {
            p_asserted_identity: number,
            remote_party_id: number,
            is_private,
        }
    }

    /// The number that stands for the caller, when a trunk believes what says so.
    pub fn believed(&self, field: AssertedIdentity) -> Option<&'a str> {
        match field {
            AssertedIdentity::Off => None,
            AssertedIdentity::PAssertedIdentity => self.p_asserted_identity,
            AssertedIdentity::RemotePartyId => self.remote_party_id,
            AssertedIdentity::Both => self.p_asserted_identity.or(self.remote_party_id),
        }
    }
}
