//! Entries as they were written, and lists of them.

use super::append::{Fields, stored_hash};
use super::hash::AuditHash;
use crate::database::{Row, Statement, sql};
use crate::{Scope, Store, StoreError, TenantId};
use rating::Timestamp;

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Whose chain it is in.
    pub tenant: TenantId,
    /// Its number in the chain, from 1.
    pub sequence: u64,
    /// When.
    pub created_at: Timestamp,
    /// Who.
    pub actor: String,
    /// The user's number.
    pub user: Option<i64>,
    /// What proved it, see [`AuditCredential::as_str`](super::AuditCredential::as_str).
    pub credential: String,
    /// The API key's number.
    pub api_key: Option<i64>,
    /// Name of the user behind another's session.
    pub impersonator: Option<String>,
    /// Number of that user.
    pub impersonator_id: Option<i64>,
    /// The address it came from.
    pub address: Option<String>,
    /// The program it came from, in its own words.
    pub user_agent: Option<String>,
    /// What was done.
    pub operation: String,
    /// The kind of what it was done to.
    pub kind: Option<String>,
    /// Its number.
    pub subject_id: Option<i64>,
    /// Its name at that time.
    pub subject: Option<String>,
    /// The change set that it came with.
    pub change_set: Option<i64>,
    /// The configuration that it came into force with.
    pub configuration: Option<u64>,
    /// The old values, as the JSON text that was hashed.
    pub before: Option<String>,
    /// The new values, likewise.
    pub after: Option<String>,
    /// Hash of the entry before.
    pub previous_hash: AuditHash,
    /// Its own hash, as it was written.
    pub hash: AuditHash,
}

/// Which entries to list; all of what is given must hold.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Name of who did it.
    pub actor: Option<String>,
    /// What was done.
    pub operation: Option<String>,
    /// The kind of what it was done to.
    pub kind: Option<String>,
    /// The number of what it was done to.
    pub subject_id: Option<i64>,
    /// The name of what it was done to.
    pub subject: Option<String>,
    /// The change set.
    pub change_set: Option<i64>,
    /// At or after.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
    /// Only those before this number.
    pub before: Option<u64>,
    /// How many, at most.
    pub limit: u32,
}

/// Some entries, newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditPage {
    /// The entries.
    pub rows: Vec<AuditEntry>,
    /// The next page is before this number; `None` on the last.
    pub next: Option<u64>,
}

const COLUMNS: &str = "SELECT tenant_id, sequence, created_at, actor, user_id, credential, \
    api_key_id, impersonator, impersonator_id, address, user_agent, operation, kind, subject_id, \
    subject, change_set_id, configuration, before, after, previous_hash, hash FROM audit_entry \
    WHERE tenant_id = ";

impl AuditEntry {
    /// What its hash has to be.
    pub fn computed_hash(&self) -> AuditHash {
        let fields = Fields {
            tenant: self.tenant.get(),
            sequence: self.sequence.cast_signed(),
            created_at: self.created_at.0,
            actor: &self.actor,
            user: self.user,
            credential: &self.credential,
            api_key: self.api_key,
            impersonator: self.impersonator.as_deref(),
            impersonator_id: self.impersonator_id,
            address: self.address.as_deref(),
            user_agent: self.user_agent.as_deref(),
            operation: &self.operation,
            kind: self.kind.as_deref(),
            subject_id: self.subject_id,
            subject: self.subject.as_deref(),
            change_set: self.change_set,
            configuration: self.configuration.map(u64::cast_signed),
            before: self.before.as_deref(),
            after: self.after.as_deref(),
        };
        fields.hash(&self.previous_hash)
    }
}

impl Store {
    /// A page of the tenant's log, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn audit_entries(
        &self,
        scope: &Scope,
        query: &AuditQuery,
    ) -> Result<AuditPage, StoreError> {
        let rows = page(scope, query).fetch_all(self.reader()).await?;
        let mut rows = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let more = rows.len() > query.limit as usize;
        rows.truncate(query.limit as usize);
        let next = rows.last().filter(|_| more).map(|last| last.sequence);
        Ok(AuditPage { rows, next })
    }

    /// An entry of the tenant's log.
    ///
    /// # Errors
    /// As [`audit_entries`](Self::audit_entries).
    pub async fn audit_entry(
        &self,
        scope: &Scope,
        sequence: u64,
    ) -> Result<Option<AuditEntry>, StoreError> {
        let mut query = of(scope);
        query
            .push(" AND sequence = ")
            .push_bind(sequence.cast_signed());
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(entry).transpose()
    }

    /// The tenant's entries behind a number, oldest first, at most `limit`: for exports, and for
    /// whoever follows the log.
    ///
    /// # Errors
    /// As [`audit_entries`](Self::audit_entries).
    pub async fn audit_entries_after(
        &self,
        scope: &Scope,
        sequence: u64,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let mut query = of(scope);
        query
            .push(" AND sequence > ")
            .push_bind(sequence.cast_signed());
        query.push(" ORDER BY sequence LIMIT ").push_bind(limit);
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter().map(entry).collect()
    }
}

fn of(scope: &Scope) -> Statement {
    let mut query = sql(COLUMNS);
    query.push_bind(scope.tenant().get());
    query
}

fn page(scope: &Scope, query: &AuditQuery) -> Statement {
    let mut page = of(scope);
    let texts = [
        (" AND actor = ", &query.actor),
        (" AND operation = ", &query.operation),
        (" AND kind = ", &query.kind),
        (" AND subject = ", &query.subject),
    ];
    for (condition, text) in texts {
        if let Some(text) = text {
            page.push(condition).push_bind(text);
        }
    }
    let numbers = [
        (" AND subject_id = ", query.subject_id),
        (" AND change_set_id = ", query.change_set),
        (" AND created_at >= ", query.from.map(|time| time.0)),
        (" AND created_at < ", query.to.map(|time| time.0)),
        (" AND sequence < ", query.before.map(u64::cast_signed)),
    ];
    for (condition, number) in numbers {
        if let Some(number) = number {
            page.push(condition).push_bind(number);
        }
    }
    page.push(" ORDER BY sequence DESC LIMIT ");
    page.push_bind(i64::from(query.limit) + 1);
    page
}

fn entry(row: &Row) -> Result<AuditEntry, StoreError> {
    let configuration: Option<i64> = row.get(16)?;
    Ok(AuditEntry {
        tenant: TenantId::new(row.get(0)?),
        sequence: row.unsigned(1)?,
        created_at: Timestamp(row.get(2)?),
        actor: row.get(3)?,
        user: row.get(4)?,
        credential: row.get(5)?,
        api_key: row.get(6)?,
        impersonator: row.get(7)?,
        impersonator_id: row.get(8)?,
        address: row.get(9)?,
        user_agent: row.get(10)?,
        operation: row.get(11)?,
        kind: row.get(12)?,
        subject_id: row.get(13)?,
        subject: row.get(14)?,
        change_set: row.get(15)?,
        configuration: configuration.map(i64::cast_unsigned),
        before: row.get(17)?,
        after: row.get(18)?,
        previous_hash: stored_hash(row.get(19)?)?,
        hash: stored_hash(row.get(20)?)?,
    })
}
