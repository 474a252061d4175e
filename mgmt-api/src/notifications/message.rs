//! What a receiver gets, and the proof that it is ours.
//!
//! In the manner of Standard Webhooks 1.0: the headers `webhook-id`, `webhook-timestamp` and
//! `webhook-signature`, where the signature is `v1,` and the Base64 of HMAC-SHA256 over
//! `ID.TIMESTAMP.BODY`. A receiver refuses what is older than some minutes, and what it has seen.

use crate::hex;
use crate::secrets::SecretText;
use crate::values::Time;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rating::Timestamp;
use serde::Serialize;
use sha2::Sha256;
use store::EventRow;

/// A secret that begins with this is Base64 behind it; any other is taken as its bytes.
const SECRET_PREFIX: &str = "whsec_";

/// The body of a request.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Message {
    /// The kind of the event.
    #[serde(rename = "type")]
    kind: String,
    /// When it happened.
    timestamp: Time,
    data: MessageData,
}

#[derive(Clone, Debug, Serialize)]
struct MessageData {
    /// Number of the event; null for a test.
    event: Option<i64>,
    subject: String,
    actor: String,
    #[serde(flatten)]
    more: serde_json::Value,
}

/// The headers of one try.
pub(crate) struct Signature {
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) timestamp: String,
    /// `None` for a target without a secret.
    pub(crate) signature: Option<String>,
}

impl Message {
    /// Of an event.
    pub(crate) fn of_event(event: &EventRow) -> Self {
        // What is ours keeps its name, whatever the event's data calls its own.
        let mut more = event.data.clone();
        if let Some(fields) = more.as_object_mut() {
            for name in ["event", "subject", "actor"] {
                fields.remove(name);
            }
        } else {
            more = serde_json::json!({});
        }
        Self {
            kind: event.kind.clone(),
            timestamp: Time(event.at),
            data: MessageData {
                event: Some(event.id),
                subject: event.subject.clone(),
                actor: event.actor.clone(),
                more,
            },
        }
    }

    /// Of a test.
    pub(crate) fn of_test(kind: &str, target: &str, actor: &str, now: Timestamp) -> Self {
        Self {
            kind: kind.to_owned(),
            timestamp: Time(now),
            data: MessageData {
                event: None,
                subject: format!("notification_target/{target}"),
                actor: actor.to_owned(),
                more: serde_json::json!({ "test": true }),
            },
        }
    }

    /// As it is sent: the signature is over these bytes.
    pub(crate) fn to_body(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

impl Signature {
    /// Signs a body for one try at a time.
    pub(crate) fn new(id: &str, at: Timestamp, body: &str, secret: Option<&SecretText>) -> Self {
        let timestamp = at.0.div_euclid(1_000_000).to_string();
        let signature = secret.map(|secret| sign(secret, id, &timestamp, body));
        Self {
            id: id.to_owned(),
            timestamp,
            signature,
        }
    }
}

fn sign(secret: &SecretText, id: &str, timestamp: &str, body: &str) -> String {
    let text = secret.expose();
    let decoded = text
        .strip_prefix(SECRET_PREFIX)
        .and_then(|encoded| BASE64_STANDARD.decode(encoded).ok());
    let key = zeroize::Zeroizing::new(decoded.unwrap_or_else(|| text.as_bytes().to_vec()));
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    for part in [id, ".", timestamp, ".", body] {
        mac.update(part.as_bytes());
    }
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

/// A fresh identifier of a message.
///
/// # Errors
/// When the operating system gives no random bytes.
pub(crate) fn message_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("msg_{}", hex::encode(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn the_signature_is_that_of_the_specification() {
        let secret = SecretText::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "{\"test\": 2432232314}");
        let at = Timestamp(1_614_265_330_999_999);
        let signed = Signature::new(id, at, body, Some(&secret));
        assert_eq!(signed.timestamp, "1614265330");
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signed.signature.as_deref(), Some(expected));
    }

    #[test]
    fn a_secret_without_the_prefix_is_taken_as_it_is() {
        let sign = |secret: &str| {
            let secret = SecretText::new(secret);
            Signature::new("m", Timestamp(0), "{}", Some(&secret)).signature
        };
        assert_eq!(sign("whsec_c2VjcmV0"), sign("secret"));
        assert_ne!(sign("whsec_*"), sign("*"));
        assert_eq!(
            Signature::new("m", Timestamp(0), "{}", None).signature,
            None
        );
    }

    #[test]
    fn the_body_has_what_happened_under_names_that_data_cannot_take() {
        let event = EventRow {
            id: 7,
            tenant: store::TenantId::PLATFORM,
            kind: "carrier.updated".into(),
            subject: "carrier/acme".into(),
            actor: "ann".into(),
            data: serde_json::json!({ "configuration": 3, "actor": "mallory" }),
            at: Timestamp(1_772_366_400_000_000),
        };
        let body = Message::of_event(&event).to_body().unwrap_or_default();
        let expected = "{\"type\":\"carrier.updated\",\"timestamp\":\"2026-03-01T12:00:00.000000Z\",\
            \"data\":{\"event\":7,\"subject\":\"carrier/acme\",\"actor\":\"ann\",\"configuration\":3}}";
        assert_eq!(body, expected);
    }
}
