//! A chain as a file: a line of JSON for each entry, and a last one, the *seal*, with both ends of
//! the chain and a signature. What was hashed stands in it letter by letter, so that the file
//! verifies by itself.

use super::chain::{AuditBreak, AuditFollower, AuditHead};
use super::entry::AuditEntry;
use super::hash::AuditHash;
use crate::TenantId;
use rating::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

/// What the signed text begins with.
const SIGNED: &str = "didtron.audit.head.1\n";

/// A line of the file. Fields are those of [`AuditEntry`]; times are microseconds since 1970.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditLine {
    tenant: i64,
    sequence: u64,
    created_at: i64,
    actor: String,
    user: Option<i64>,
    credential: String,
    api_key: Option<i64>,
    impersonator: Option<String>,
    impersonator_id: Option<i64>,
    address: Option<String>,
    user_agent: Option<String>,
    operation: String,
    kind: Option<String>,
    subject_id: Option<i64>,
    subject: Option<String>,
    change_set: Option<i64>,
    configuration: Option<u64>,
    before: Option<Box<RawValue>>,
    after: Option<Box<RawValue>>,
    previous_hash: AuditHash,
    hash: AuditHash,
}

/// The last line of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditSeal {
    /// Both ends of the chain, as the JSON text that is signed.
    head: Box<RawValue>,
    /// The Ed25519 public key, hexadecimal.
    public_key: String,
    /// The signature of the head's text, hexadecimal.
    signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadLine {
    tenant: i64,
    /// The entry before the first of the file.
    after_sequence: u64,
    after_hash: AuditHash,
    sequence: u64,
    hash: AuditHash,
    exported_at: i64,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditFileError {
    /// A line cannot be read.
    #[error("line {line} is no entry of an audit log")]
    Line {
        /// Which, from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// The last line is no seal: the file is cut off.
    #[error("the file has no seal at its end: it is cut off")]
    NoSeal,
    /// The chain does not hold.
    #[error("entry {} {}", .0.sequence, .0.fault)]
    Broken(AuditBreak),
}

impl AuditLine {
    /// The entry as a line, without the line end.
    pub fn write(entry: &AuditEntry) -> String {
        let raw = |text: &Option<String>| {
            // What was stored as JSON is JSON.
            text.clone()
                .and_then(|text| RawValue::from_string(text).ok())
        };
        let line = Self {
            tenant: entry.tenant.get(),
            sequence: entry.sequence,
            created_at: entry.created_at.0,
            actor: entry.actor.clone(),
            user: entry.user,
            credential: entry.credential.clone(),
            api_key: entry.api_key,
            impersonator: entry.impersonator.clone(),
            impersonator_id: entry.impersonator_id,
            address: entry.address.clone(),
            user_agent: entry.user_agent.clone(),
            operation: entry.operation.clone(),
            kind: entry.kind.clone(),
            subject_id: entry.subject_id,
            subject: entry.subject.clone(),
            change_set: entry.change_set,
            configuration: entry.configuration,
            before: raw(&entry.before),
            after: raw(&entry.after),
            previous_hash: entry.previous_hash,
            hash: entry.hash,
        };
        // Numbers, texts and JSON: nothing that could fail.
        serde_json::to_string(&line).unwrap_or_default()
    }

    fn into_entry(self) -> AuditEntry {
        AuditEntry {
            tenant: TenantId::new(self.tenant),
            sequence: self.sequence,
            created_at: Timestamp(self.created_at),
            actor: self.actor,
            user: self.user,
            credential: self.credential,
            api_key: self.api_key,
            impersonator: self.impersonator,
            impersonator_id: self.impersonator_id,
            address: self.address,
            user_agent: self.user_agent,
            operation: self.operation,
            kind: self.kind,
            subject_id: self.subject_id,
            subject: self.subject,
            change_set: self.change_set,
            configuration: self.configuration,
            before: self.before.map(|json| json.get().to_owned()),
            after: self.after.map(|json| json.get().to_owned()),
            previous_hash: self.previous_hash,
            hash: self.hash,
        }
    }
}

impl AuditSeal {
    /// The last line of a file that begins behind `after` and ends with the head. `sign` gives the
    /// public key and the signature of a text, both hexadecimal.
    pub fn write(
        head: &AuditHead,
        after: (u64, AuditHash),
        exported_at: Timestamp,
        sign: impl FnOnce(&[u8]) -> (String, String),
    ) -> String {
        let line = HeadLine {
            tenant: head.tenant.get(),
            after_sequence: after.0,
            after_hash: after.1,
            sequence: head.sequence,
            hash: head.hash,
            exported_at: exported_at.0,
        };
        let text = serde_json::to_string(&line).unwrap_or_default();
        let (public_key, signature) = sign(&signed(&text));
        // The text was just made.
        RawValue::from_string(text)
            .and_then(|head| {
                serde_json::to_string(&Self {
                    head,
                    public_key,
                    signature,
                })
            })
            .unwrap_or_default()
    }

    /// Follows a whole file; gives its seal and how many entries it has. The signature is for the
    /// caller to check, by [`signed_text`](Self::signed_text).
    ///
    /// # Errors
    /// [`AuditFileError`], the first that is found.
    pub fn follow<'l>(
        lines: impl IntoIterator<Item = &'l str>,
    ) -> Result<(Self, u64), AuditFileError> {
        let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        let (last, entries) = lines.split_last().ok_or(AuditFileError::NoSeal)?;
        let seal: Self = serde_json::from_str(last).map_err(|_| AuditFileError::NoSeal)?;
        let head: HeadLine =
            serde_json::from_str(seal.head.get()).map_err(|_| AuditFileError::NoSeal)?;
        let tenant = TenantId::new(head.tenant);
        let mut follower = AuditFollower::new(tenant, head.after_sequence, head.after_hash);
        for (index, line) in entries.iter().enumerate() {
            let entry: AuditLine =
                serde_json::from_str(line).map_err(|source| AuditFileError::Line {
                    line: index + 1,
                    source,
                })?;
            let entry = entry.into_entry();
            follower.follow(&entry).map_err(AuditFileError::Broken)?;
        }
        let head = AuditHead {
            tenant,
            anchor_sequence: head.after_sequence,
            anchor_hash: head.after_hash,
            sequence: head.sequence,
            hash: head.hash,
        };
        follower.end(&head).map_err(AuditFileError::Broken)?;
        Ok((seal, entries.len() as u64))
    }

    /// What the signature is of.
    pub fn signed_text(&self) -> Vec<u8> {
        signed(self.head.get())
    }

    /// The public key, hexadecimal.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// The signature, hexadecimal.
    pub fn signature(&self) -> &str {
        &self.signature
    }
}

fn signed(head: &str) -> Vec<u8> {
    format!("{SIGNED}{head}").into_bytes()
}

impl Serialize for AuditHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AuditHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
