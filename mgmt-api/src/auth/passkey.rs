//! Passkeys: the ceremonies of WebAuthn (W3C, level 3), with the library's state in the database
//! between their halves, so that another node may finish what one began.
//!
//! A passkey always verifies its user (by a PIN, a finger, a face), so it proves possession and
//! presence at once: it can stand alone, or beside a password.

use serde_json::Value;
use std::net::Ipv4Addr;
use webauthn_rp::bin::{Decode as _, Encode as _};
use webauthn_rp::request::auth::{
    AuthenticationVerificationOptions, DiscoverableCredentialRequestOptions,
};
use webauthn_rp::request::register::{
    PublicKeyCredentialCreationOptions, PublicKeyCredentialUserEntity,
    RegistrationVerificationOptions, UserHandle64, Username,
};
use webauthn_rp::request::{AsciiDomain, PublicKeyCredentialDescriptor, RpId};
use webauthn_rp::response::register::{DynamicState, StaticState};
use webauthn_rp::response::{AuthTransports, CredentialId};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication64, DiscoverableAuthenticationServerState,
    Registration, RegistrationServerState,
};

/// Bytes of a user handle: random, so that an authenticator tells nothing of the user.
pub(crate) const HANDLE_BYTES: usize = 64;

/// Us, as authenticators know us: the domain of the public address.
#[derive(Clone, Debug)]
pub(crate) struct RelyingParty {
    id: String,
    origin: String,
}

/// The first half of a ceremony.
pub(crate) struct Ceremony {
    /// For the browser: the argument of `navigator.credentials`, as JSON.
    pub(crate) options: Value,
    /// To be kept until the second half.
    pub(crate) state: Vec<u8>,
}

/// A registered passkey, as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredPasskey {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) static_state: Vec<u8>,
    pub(crate) dynamic_state: Vec<u8>,
    pub(crate) transports: u8,
}

/// What an authenticator brought: whose passkey it is has to be looked up before it is judged.
pub(crate) struct Discovered {
    answer: DiscoverableAuthentication64,
    /// What the authenticator calls the passkey.
    pub(crate) credential_id: Vec<u8>,
}

/// Why a passkey does not do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasskeyError {
    #[error("the public address {0} has no domain that passkeys can be bound to")]
    Domain(String),
    #[error("what the authenticator sent cannot be read")]
    Malformed(#[source] serde_json::Error),
    #[error("the authenticator's answer is refused: {0}")]
    Refused(String),
    #[error("a stored state cannot be read or written: {0}")]
    State(String),
}

impl RelyingParty {
    /// Of the address at which browsers see us, such as `https://switch.example.com`.
    pub(crate) fn of_public_url(url: &str) -> Result<Self, PasskeyError> {
        let authority = url.split_once("://").map_or("", |(_, rest)| rest);
        let host = authority.split(['/', ':']).next().unwrap_or_default();
        let origin = url.trim_end_matches('/');
        // WebAuthn §5.1.2: a domain, never an address.
        if host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok() {
            return Err(PasskeyError::Domain(origin.to_owned()));
        }
        let party = Self {
            id: host.to_owned(),
            origin: origin.to_owned(),
        };
        party.rp_id().map(|_| party)
    }

    /// The domain that passkeys are bound to.
    pub(crate) fn domain(&self) -> &str {
        &self.id
    }

    /// Begins to register a passkey for a user. `existing` are not registered again.
    pub(crate) fn begin_registration(
        &self,
        handle: [u8; HANDLE_BYTES],
        username: &str,
        existing: &[StoredPasskey],
    ) -> Result<Ceremony, PasskeyError> {
        let rp_id = self.rp_id()?;
        let handle = UserHandle64::decode(handle).map_err(state)?;
        let user = PublicKeyCredentialUserEntity {
            name: Username::try_from(username)
                .or_else(|_| Username::try_from("user"))
                .map_err(state)?,
            id: &handle,
            display_name: None,
        };
        let existing = descriptors(existing)?;
        let (server, client) = PublicKeyCredentialCreationOptions::passkey(&rp_id, user, existing)
            .start_ceremony()
            .map_err(state)?;
        Ok(Ceremony {
            options: serde_json::to_value(&client).map_err(PasskeyError::Malformed)?,
            state: server.encode().map_err(state)?,
        })
    }

    /// Finishes to register a passkey.
    pub(crate) fn finish_registration(
        &self,
        begun: &[u8],
        answer: &Value,
    ) -> Result<StoredPasskey, PasskeyError> {
        let server = RegistrationServerState::<HANDLE_BYTES>::decode(begun).map_err(state)?;
        let answer =
            Registration::from_json_relaxed(&bytes(answer)?).map_err(PasskeyError::Malformed)?;
        let origins = [self.origin.as_str()];
        let options = RegistrationVerificationOptions::<&str, &str> {
            allowed_origins: &origins,
            ..RegistrationVerificationOptions::default()
        };
        let registered = server
            .verify(&self.rp_id()?, &answer, &options)
            .map_err(refused)?;
        Ok(StoredPasskey {
            credential_id: registered.id().as_ref().to_vec(),
            static_state: registered.static_state().encode().map_err(state)?,
            dynamic_state: registered.dynamic_state().encode().map_err(state)?.to_vec(),
            transports: registered.transports().encode().map_err(state)?,
        })
    }

    /// Begins to sign somebody in who has not said who they are.
    pub(crate) fn begin_discovery(&self) -> Result<Ceremony, PasskeyError> {
        let rp_id = self.rp_id()?;
        let (server, client) = DiscoverableCredentialRequestOptions::passkey(&rp_id)
            .start_ceremony()
            .map_err(state)?;
        Ok(Ceremony {
            options: serde_json::to_value(&client).map_err(PasskeyError::Malformed)?,
            state: server.encode().map_err(state)?,
        })
    }

    /// Finishes it; gives the new state of the passkey, which must be stored.
    pub(crate) fn finish_discovery(
        &self,
        begun: &[u8],
        assertion: &Discovered,
        passkey: &StoredPasskey,
        handle: [u8; HANDLE_BYTES],
    ) -> Result<Vec<u8>, PasskeyError> {
        let server = DiscoverableAuthenticationServerState::decode(begun).map_err(state)?;
        let handle = UserHandle64::decode(handle).map_err(state)?;
        let mut credential = AuthenticatedCredential::new(
            assertion.answer.raw_id(),
            &handle,
            static_state(passkey)?,
            dynamic_state(passkey)?,
        )
        .map_err(refused)?;
        let origins = [self.origin.as_str()];
        let answer = &assertion.answer;
        server
            .verify(&self.rp_id()?, answer, &mut credential, &options(&origins))
            .map_err(refused)?;
        Ok(credential.dynamic_state().encode().map_err(state)?.to_vec())
    }

    fn rp_id(&self) -> Result<RpId, PasskeyError> {
        AsciiDomain::try_from(self.id.clone())
            .map(RpId::Domain)
            .map_err(|_| PasskeyError::Domain(self.origin.clone()))
    }
}

impl Discovered {
    /// Reads what the browser sent: `PublicKeyCredential.toJSON()`.
    pub(crate) fn read(answer: &Value) -> Result<Self, PasskeyError> {
        let answer = DiscoverableAuthentication64::from_json_relaxed(&bytes(answer)?)
            .map_err(PasskeyError::Malformed)?;
        let credential_id = answer.raw_id().as_ref().to_vec();
        Ok(Self {
            answer,
            credential_id,
        })
    }
}

fn options<'a>(
    origins: &'a [&'a str],
) -> AuthenticationVerificationOptions<'a, 'a, &'a str, &'a str> {
    AuthenticationVerificationOptions {
        allowed_origins: origins,
        ..AuthenticationVerificationOptions::default()
    }
}

type CompressedKey =
    webauthn_rp::response::register::CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

fn static_state(passkey: &StoredPasskey) -> Result<StaticState<CompressedKey>, PasskeyError> {
    StaticState::decode(&passkey.static_state).map_err(state)
}

fn dynamic_state(passkey: &StoredPasskey) -> Result<DynamicState, PasskeyError> {
    let bytes = passkey.dynamic_state.as_slice();
    let bytes = bytes.try_into().map_err(state)?;
    DynamicState::decode(bytes).map_err(state)
}

fn descriptors(
    passkeys: &[StoredPasskey],
) -> Result<Vec<PublicKeyCredentialDescriptor<Vec<u8>>>, PasskeyError> {
    passkeys
        .iter()
        .map(|passkey| {
            Ok(PublicKeyCredentialDescriptor {
                id: CredentialId::decode(passkey.credential_id.clone()).map_err(state)?,
                transports: AuthTransports::decode(passkey.transports).map_err(state)?,
            })
        })
        .collect()
}

fn bytes(answer: &Value) -> Result<Vec<u8>, PasskeyError> {
    serde_json::to_vec(answer).map_err(PasskeyError::Malformed)
}

fn state(error: impl std::fmt::Display) -> PasskeyError {
    PasskeyError::State(error.to_string())
}

fn refused(error: impl std::fmt::Display) -> PasskeyError {
    PasskeyError::Refused(error.to_string())
}

#[cfg(test)]
mod tests;
