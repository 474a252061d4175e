//! An authenticator in software, for tests: P-256, a counter, user verification.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// User present, user verified.
const FLAGS: u8 = 0b0000_0101;
/// And attested credential data are there.
const FLAGS_OF_REGISTRATION: u8 = FLAGS | 0b0100_0000;

pub(crate) struct Authenticator {
    key: SigningKey,
    credential_id: [u8; 32],
    pub(crate) handle: String,
    pub(crate) origin: String,
    pub(crate) flags_cleared: u8,
    pub(crate) counter: u32,
}

impl Authenticator {
    pub(crate) fn new(origin: &str, seed: u8) -> Self {
        Self {
            key: SigningKey::from_bytes(&[seed; 32].into()).unwrap(),
            credential_id: [seed; 32],
            handle: String::new(),
            origin: origin.to_owned(),
            flags_cleared: 0,
            counter: 1,
        }
    }

    /// `navigator.credentials.create(options)`
    pub(crate) fn create(&mut self, options: &Value) -> Value {
        let options = public_key(options);
        self.handle = options["user"]["id"].as_str().unwrap().to_owned();
        let data = self.client_data("webauthn.create", &options["challenge"]);
        let mut authenticator =
            self.authenticator_data(options["rp"]["id"].as_str().unwrap(), FLAGS_OF_REGISTRATION);
        authenticator.extend([0; 16]);
        authenticator.extend((self.credential_id.len() as u16).to_be_bytes());
        authenticator.extend(self.credential_id);
        authenticator.extend(self.cose_key());
        // {"fmt": "none", "attStmt": {}, "authData": bytes}
        let mut attestation = vec![0xa3, 0x63];
        attestation.extend(b"fmt");
        attestation.push(0x64);
        attestation.extend(b"none");
        attestation.push(0x67);
        attestation.extend(b"attStmt");
        attestation.push(0xa0);
        attestation.push(0x68);
        attestation.extend(b"authData");
        attestation.extend([0x58, u8::try_from(authenticator.len()).unwrap()]);
        attestation.extend(&authenticator);
        json!({
            "id": base64url(&self.credential_id),
            "rawId": base64url(&self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(data.as_bytes()),
                "attestationObject": base64url(&attestation),
                "authenticatorData": base64url(&authenticator),
                "transports": ["internal"],
                "publicKeyAlgorithm": -7,
            },
        })
    }

    /// `navigator.credentials.get(options)`
    pub(crate) fn get(&mut self, options: &Value) -> Value {
        let options = public_key(options);
        let data = self.client_data("webauthn.get", &options["challenge"]);
        self.counter += 1;
        let authenticator = self.authenticator_data(options["rpId"].as_str().unwrap(), FLAGS);
        let mut signed = authenticator.clone();
        signed.extend(Sha256::digest(data.as_bytes()));
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": base64url(&self.credential_id),
            "rawId": base64url(&self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(data.as_bytes()),
                "authenticatorData": base64url(&authenticator),
                "signature": base64url(signature.to_der().as_bytes()),
                "userHandle": self.handle,
            },
        })
    }

    fn client_data(&self, kind: &str, challenge: &Value) -> String {
        let challenge = challenge.as_str().unwrap();
        format!(
            r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{}","crossOrigin":false}}"#,
            self.origin
        )
    }

    fn authenticator_data(&self, rp_id: &str, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(rp_id.as_bytes()).to_vec();
        data.push(flags & !self.flags_cleared);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// {1: 2, 3: -7, -1: 1, -2: x, -3: y}
    fn cose_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_encoded_point(false);
        let mut key = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        key.extend(point.x().unwrap());
        key.extend([0x22, 0x58, 0x20]);
        key.extend(point.y().unwrap());
        key
    }
}

fn public_key(options: &Value) -> &Value {
    options.get("publicKey").unwrap_or(options)
}

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut block = [0; 4];
        block[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(block);
        for place in 0..=chunk.len() {
            let index = (bits >> (18 - 6 * place)) & 63;
            text.push(char::from(ALPHABET[index as usize]));
        }
    }
    text
}
