//! Whether RTP of a trunk is encrypted (SRTP, RFC 3711), by keys in its session descriptions (SDES, RFC 4568).

use crate::problem::Problem;
use rating::cdr::Transport;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether RTP between the switch and the other side is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaEncryptionMode {
    /// The switch agrees on no keys. An offer of encryption goes on as it is to a trunk that says `none` too:
    /// both parties then agree on keys with each other. To any other trunk it does not (488).
    #[default]
    None,
    /// Encrypted when the other side offers or takes it; else in the clear. The switch offers it beside
    /// `RTP/AVP` (RFC 8643).
    Optional,
    /// Never in the clear: an offer or answer without keys is refused (488). The switch offers `RTP/SAVP`.
    Required,
}

/// A cipher of SRTP and its tag, by their name in `a=crypto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum CryptoSuite {
    /// AES-256 in Galois/Counter mode (RFC 7714).
    #[serde(rename = "AEAD_AES_256_GCM")]
    AeadAes256Gcm,
    /// AES-128 in Galois/Counter mode (RFC 7714).
    #[serde(rename = "AEAD_AES_128_GCM")]
    AeadAes128Gcm,
    /// AES-256 in counter mode, 80 bits of HMAC-SHA1 (RFC 6188).
    #[serde(rename = "AES_256_CM_HMAC_SHA1_80")]
    Aes256CmSha1_80,
    /// The same with 32 bits for RTP.
    #[serde(rename = "AES_256_CM_HMAC_SHA1_32")]
    Aes256CmSha1_32,
    /// AES-128 in counter mode, 80 bits of HMAC-SHA1 (RFC 4568): what every endpoint has.
    #[serde(rename = "AES_CM_128_HMAC_SHA1_80")]
    Aes128CmSha1_80,
    /// The same with 32 bits for RTP.
    #[serde(rename = "AES_CM_128_HMAC_SHA1_32")]
    Aes128CmSha1_32,
}

/// Whether RTP of a trunk is encrypted, how, and how its keys may travel. It needs `media: relay`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MediaEncryption {
    /// Whether RTP is encrypted between the switch and this side. The other trunk of a call has its own.
    pub mode: MediaEncryptionMode,
    /// The suites in the order in which the switch offers them. Of an offer it takes the first that is in
    /// this list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = Self::SUITES_MAX),
        extend(
            "x-default" = "`AEAD_AES_256_GCM`, `AEAD_AES_128_GCM`, `AES_256_CM_HMAC_SHA1_80`, `AES_CM_128_HMAC_SHA1_80`"
        )
    )]
    pub suites: Vec<CryptoSuite>,
    /// Whether keys may travel by UDP, TCP or WS. Whoever reads that signalling can then decrypt the media.
    /// Without it, a call that comes or goes so is in the clear where `mode` is `optional`, and refused where
    /// it is `required`.
    pub keys_in_clear: bool,
}

impl MediaEncryption {
    /// Most suites: all.
    pub const SUITES_MAX: usize = 6;
    /// What is offered where nothing is said.
    const SUITES: [CryptoSuite; 4] = [
        CryptoSuite::AeadAes256Gcm,
        CryptoSuite::AeadAes128Gcm,
        CryptoSuite::Aes256CmSha1_80,
        CryptoSuite::Aes128CmSha1_80,
    ];

    /// Whether every field is at its default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the switch agrees on keys.
    pub fn is_spoken(&self) -> bool {
        self.mode != MediaEncryptionMode::None
    }

    /// The suites in their order.
    pub fn suites(&self) -> &[CryptoSuite] {
        match &*self.suites {
            [] => &Self::SUITES,
            suites => suites,
        }
    }

    /// Of a trunk whose media goes past the switch or not, and whose signalling goes by `transport` where that
    /// is written.
    pub(crate) fn check(&self, is_direct: bool, transport: Option<Transport>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let is_readable =
            transport.is_some_and(|it| !matches!(it, Transport::Tls | Transport::Wss));
        if is_readable && self.is_spoken() && !self.keys_in_clear {
            problems.push(Problem::in_field(
                "media_encryption.keys_in_clear",
                "no key would ever be told by the trunk's `transport`: write `transport: tls`, or allow it",
            ));
        }
        let unused = [
            ("suites", !self.suites.is_empty()),
            ("keys_in_clear", self.keys_in_clear),
        ];
        for (name, _) in unused
            .into_iter()
            .filter(|(_, is_set)| *is_set && !self.is_spoken())
        {
            problems.push(Problem::in_field(
                format!("media_encryption.{name}"),
                "means nothing while `mode` is `none`: leave it out, or write `optional` or `required`",
            ));
        }
        if is_direct && self.is_spoken() {
            problems.push(Problem::in_field(
                "media_encryption.mode",
                "the switch encrypts only what it relays: write `media: relay`",
            ));
        }
        for (index, suite) in self.suites.iter().enumerate() {
            if self.suites[..index].contains(suite) {
                problems.push(Problem::in_field(
                    format!("media_encryption.suites[{index}]"),
                    "is in the list already",
                ));
            }
        }
        problems
    }
}

impl CryptoSuite {
    /// Its name in `a=crypto`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::Aes256CmSha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Self::Aes256CmSha1_32 => "AES_256_CM_HMAC_SHA1_32",
            Self::Aes128CmSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Aes128CmSha1_32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn fields(written: &str, is_direct: bool) -> Vec<String> {
        fields_by(written, is_direct, None)
    }

    fn fields_by(written: &str, is_direct: bool, transport: Option<Transport>) -> Vec<String> {
        let encryption: MediaEncryption = serde_json::from_str(written).unwrap();
        let problems = encryption.check(is_direct, transport).into_iter();
        problems.map(|problem| problem.field.unwrap()).collect()
    }

    #[test]
    fn what_is_not_relayed_is_not_encrypted_and_a_suite_stands_once() {
        let none: [&str; 0] = [];
        assert_eq!(fields(r#"{"mode": "required"}"#, false), none);
        assert_eq!(fields("{}", true), none);
        assert_eq!(
            fields(r#"{"mode": "optional"}"#, true),
            ["media_encryption.mode"]
        );
        let twice = r#"{"mode": "optional", "suites": ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"]}"#;
        assert_eq!(fields(twice, false), ["media_encryption.suites[2]"]);
    }

    #[test]
    fn what_no_call_could_use_is_refused() {
        let required = r#"{"mode": "required"}"#;
        for readable in [Transport::Udp, Transport::Tcp, Transport::Ws] {
            assert_eq!(
                fields_by(required, false, Some(readable)),
                ["media_encryption.keys_in_clear"]
            );
        }
        let allowed = r#"{"mode": "required", "keys_in_clear": true}"#;
        for (written, transport) in [
            (required, None),
            (required, Some(Transport::Tls)),
            (required, Some(Transport::Wss)),
            (allowed, Some(Transport::Udp)),
            ("{}", Some(Transport::Udp)),
        ] {
            assert!(fields_by(written, false, transport).is_empty(), "{written}");
        }
        let idle = r#"{"suites": ["AEAD_AES_128_GCM"], "keys_in_clear": true}"#;
        assert_eq!(
            fields(idle, false),
            ["media_encryption.suites", "media_encryption.keys_in_clear"]
        );
    }

    #[test]
    fn a_suite_is_written_by_its_name_in_descriptions() {
        for suite in MediaEncryption::SUITES {
            assert_eq!(serde_json::to_value(suite).unwrap(), suite.name());
        }
    }
}
