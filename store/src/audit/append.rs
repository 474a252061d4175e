//! Appending to the chains.

use super::hash::{AuditHash, Hasher};
use super::{AuditActor, AuditCredential};
use crate::database::{MAX_BINDS, Transaction, Value, sql};
use crate::{StoreError, TenantId};
use rating::Timestamp;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Longest old or new value, bytes of JSON. In the place of a longer one stand its length and its
/// SHA-256: of resources the whole is in their versions.
pub const AUDIT_VALUE_BYTES_MAX: usize = 32 * 1024;

/// Entries in one statement.
const ENTRIES_PER_STATEMENT: usize = 500;
const ENTRY_BINDS: usize = 21;
const _: () = assert!(ENTRIES_PER_STATEMENT * ENTRY_BINDS < MAX_BINDS);

/// What is to be told. Secrets are never in it: not in the values and not in the names.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAuditEntry {
    /// Whose chain it belongs to: the owner of what changed.
    pub tenant: TenantId,
    /// When.
    pub at: Timestamp,
    /// Who, and from where.
    pub actor: AuditActor,
    /// What was done: two words with a point, such as `resource.update` or `session.begin`.
    pub operation: Cow<'static, str>,
    /// The kind of what it was done to, such as `customer` or `user`.
    pub kind: Option<Cow<'static, str>>,
    /// Its number.
    pub subject_id: Option<i64>,
    /// Its name at that time.
    pub subject: Option<String>,
    /// The change set that it came with.
    pub change_set: Option<i64>,
    /// The configuration that it came into force with.
    pub configuration: Option<u64>,
    /// The old values: of a change those that differ, by field; of what goes all.
    pub before: Option<Json>,
    /// The new values, likewise.
    pub after: Option<Json>,
}

impl NewAuditEntry {
    /// An entry of an operation on nothing in particular.
    pub fn new(
        tenant: TenantId,
        at: Timestamp,
        actor: AuditActor,
        operation: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            tenant,
            at,
            actor,
            operation: operation.into(),
            kind: None,
            subject_id: None,
            subject: None,
            change_set: None,
            configuration: None,
            before: None,
            after: None,
        }
    }

    /// The same, done to that.
    #[must_use]
    pub fn on(
        self,
        kind: impl Into<Cow<'static, str>>,
        id: Option<i64>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            kind: Some(kind.into()),
            subject_id: id,
            subject: Some(name.into()),
            ..self
        }
    }

    /// The same, with old and new values.
    #[must_use]
    pub fn values(self, before: Option<Json>, after: Option<Json>) -> Self {
        Self {
            before,
            after,
            ..self
        }
    }
}

/// An entry as its row has it, but for what the chain adds.
pub(super) struct Fields<'a> {
    pub(super) tenant: i64,
    pub(super) sequence: i64,
    pub(super) created_at: i64,
    pub(super) actor: &'a str,
    pub(super) user: Option<i64>,
    pub(super) credential: &'a str,
    pub(super) api_key: Option<i64>,
    pub(super) impersonator: Option<&'a str>,
    pub(super) impersonator_id: Option<i64>,
    pub(super) address: Option<&'a str>,
    pub(super) user_agent: Option<&'a str>,
    pub(super) operation: &'a str,
    pub(super) kind: Option<&'a str>,
    pub(super) subject_id: Option<i64>,
    pub(super) subject: Option<&'a str>,
    pub(super) change_set: Option<i64>,
    pub(super) configuration: Option<i64>,
    pub(super) before: Option<&'a str>,
    pub(super) after: Option<&'a str>,
}

impl Fields<'_> {
    /// The hash of the entry as the link after `previous`. The order never changes.
    pub(super) fn hash(&self, previous: &AuditHash) -> AuditHash {
        let mut hasher = Hasher::after(previous);
        hasher.number(Some(self.tenant));
        hasher.number(Some(self.sequence));
        hasher.number(Some(self.created_at));
        hasher.text(Some(self.actor));
        hasher.number(self.user);
        hasher.text(Some(self.credential));
        hasher.number(self.api_key);
        hasher.text(self.impersonator);
        hasher.number(self.impersonator_id);
        hasher.text(self.address);
        hasher.text(self.user_agent);
        hasher.text(Some(self.operation));
        hasher.text(self.kind);
        hasher.number(self.subject_id);
        hasher.text(self.subject);
        hasher.number(self.change_set);
        hasher.number(self.configuration);
        hasher.text(self.before);
        hasher.text(self.after);
        hasher.finish()
    }

    fn row(&self, previous: &AuditHash, hash: &AuditHash) -> [Value; ENTRY_BINDS] {
        [
            self.tenant.into(),
            self.sequence.into(),
            self.created_at.into(),
            self.actor.into(),
            self.user.into(),
            self.credential.into(),
            self.api_key.into(),
            self.impersonator.into(),
            self.impersonator_id.into(),
            self.address.into(),
            self.user_agent.into(),
            self.operation.into(),
            self.kind.into(),
            self.subject_id.into(),
            self.subject.into(),
            self.change_set.into(),
            self.configuration.into(),
            self.before.into(),
            self.after.into(),
            previous.as_bytes().as_slice().into(),
            hash.as_bytes().as_slice().into(),
        ]
    }
}

/// Appends entries to the chains of their tenants, in their order. Call it last: on PostgreSQL it
/// holds the chains until the transaction ends, and other writers of these tenants wait.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub(crate) async fn append(
    transaction: &mut Transaction,
    entries: &[NewAuditEntry],
) -> Result<(), StoreError> {
    // In the order of their numbers, so that two transactions never wait for each other.
    let mut chains: BTreeMap<TenantId, Vec<&NewAuditEntry>> = BTreeMap::new();
    for entry in entries {
        chains.entry(entry.tenant).or_default().push(entry);
    }
    for (tenant, entries) in chains {
        append_to(transaction, tenant, &entries).await?;
    }
    Ok(())
}

async fn append_to(
    transaction: &mut Transaction,
    tenant: TenantId,
    entries: &[&NewAuditEntry],
) -> Result<(), StoreError> {
    let (last, mut previous) = reserve(transaction, tenant, entries.len()).await?;
    let first = last - entries.len() as i64 + 1;
    let mut rows = Vec::with_capacity(entries.len());
    for (entry, sequence) in entries.iter().zip(first..) {
        let (row, hash) = row(entry, sequence, &previous);
        rows.push(row);
        previous = hash;
    }
    while !rows.is_empty() {
        let chunk = rows.drain(..rows.len().min(ENTRIES_PER_STATEMENT));
        let mut insert = sql(
            "INSERT INTO audit_entry (tenant_id, sequence, created_at, actor, user_id, credential, \
             api_key_id, impersonator, impersonator_id, address, user_agent, operation, kind, \
             subject_id, subject, change_set_id, configuration, before, after, previous_hash, hash) ",
        );
        insert.push_rows(chunk, |row| row);
        insert.execute(&mut *transaction).await?;
    }
    sql("UPDATE audit_chain SET hash = $1 WHERE tenant_id = $2")
        .bind(previous.as_bytes().as_slice())
        .bind(tenant.get())
        .execute(transaction)
        .await?;
    Ok(())
}

/// Takes the next numbers of a chain and holds it until the transaction ends. Gives the last
/// number, and the hash of the entry before the first.
async fn reserve(
    transaction: &mut Transaction,
    tenant: TenantId,
    count: usize,
) -> Result<(i64, AuditHash), StoreError> {
    let genesis = AuditHash::GENESIS;
    let row = sql(
        "INSERT INTO audit_chain (tenant_id, sequence, hash, anchor_sequence, anchor_hash) \
         VALUES ($1, $2, $3, 0, $3) ON CONFLICT (tenant_id) \
         DO UPDATE SET sequence = audit_chain.sequence + excluded.sequence RETURNING sequence, hash",
    )
    .bind(tenant.get())
    .bind(i64::try_from(count).unwrap_or(i64::MAX))
    .bind(genesis.as_bytes().as_slice())
    .fetch_one(transaction)
    .await?;
    Ok((row.get(0)?, stored_hash(row.get(1)?)?))
}

/// A hash as a column has it.
pub(super) fn stored_hash(bytes: &[u8]) -> Result<AuditHash, StoreError> {
    let wrong = || StoreError::column("hash", format!("{} bytes are no hash", bytes.len()));
    AuditHash::from_bytes(bytes).ok_or_else(wrong)
}

fn row(
    entry: &NewAuditEntry,
    sequence: i64,
    previous: &AuditHash,
) -> ([Value; ENTRY_BINDS], AuditHash) {
    let AuditActor {
        name,
        user,
        credential,
        impersonator,
        address,
        user_agent,
    } = &entry.actor;
    let address = address.map(|address| address.to_string());
    let before = entry.before.as_ref().map(value);
    let after = entry.after.as_ref().map(value);
    let fields = Fields {
        tenant: entry.tenant.get(),
        sequence,
        created_at: entry.at.0,
        actor: name,
        user: user.map(|user| user.0),
        credential: credential.as_str(),
        api_key: AuditCredential::api_key(*credential),
        impersonator: impersonator.as_ref().map(|other| other.name.as_str()),
        impersonator_id: impersonator.as_ref().map(|other| other.user.0),
        address: address.as_deref(),
        user_agent: user_agent.as_deref(),
        operation: &entry.operation,
        kind: entry.kind.as_deref(),
        subject_id: entry.subject_id,
        subject: entry.subject.as_deref(),
        change_set: entry.change_set,
        configuration: entry.configuration.map(u64::cast_signed),
        before: before.as_deref(),
        after: after.as_deref(),
    };
    let hash = fields.hash(previous);
    (fields.row(previous, &hash), hash)
}

/// A value as text; of one that is too long what tells it from others.
fn value(value: &Json) -> String {
    let text = value.to_string();
    if text.len() <= AUDIT_VALUE_BYTES_MAX {
        return text;
    }
    let digest = Sha256::digest(text.as_bytes());
    let digest = AuditHash::from_bytes(&digest).unwrap_or(AuditHash::GENESIS);
    serde_json::json!({
        "omitted": { "bytes": text.len(), "sha256": digest.to_string() }
    })
    .to_string()
}
