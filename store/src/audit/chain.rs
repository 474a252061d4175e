//! Following a chain link by link.

use super::append::stored_hash;
use super::entry::AuditEntry;
use super::hash::AuditHash;
use crate::database::{Pool, sql};
use crate::{Scope, Store, StoreError, TenantId};

/// Entries that are read at once.
const ENTRIES_AT_ONCE: u32 = 1_000;

/// Both ends of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Whose it is.
    pub tenant: TenantId,
    /// Number of the last entry that retention took away; 0: none.
    pub anchor_sequence: u64,
    /// Its hash.
    pub anchor_hash: AuditHash,
    /// Number of the last entry; 0: there is none.
    pub sequence: u64,
    /// Its hash.
    pub hash: AuditHash,
}

/// What following a chain found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditVerification {
    /// The ends.
    pub head: AuditHead,
    /// How many entries hold, from the first on.
    pub entries: u64,
    /// The first place that does not hold; `None`: the whole chain holds.
    pub broken: Option<AuditBreak>,
}

/// A place where a chain does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditBreak {
    /// Number of the entry.
    pub sequence: u64,
    /// What is wrong with it.
    pub fault: AuditFault,
}

/// What is wrong with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// The entry is not there.
    #[error("is missing")]
    Missing,
    /// It belongs to another chain.
    #[error("belongs to another tenant")]
    Foreign,
    /// It names another entry before it than the one that is there.
    #[error("does not follow the entry before it")]
    Unlinked,
    /// Its content is not what was hashed.
    #[error("was altered")]
    Altered,
    /// The chain's own note of its end says something else.
    #[error("is not the entry that the chain ends with")]
    Head,
}

/// Follows entries one after the other, wherever they come from.
#[derive(Clone, Copy, Debug)]
pub struct AuditFollower {
    tenant: TenantId,
    sequence: u64,
    hash: AuditHash,
}

impl AuditFollower {
    /// Before the first entry behind that one; 0 and [`AuditHash::GENESIS`] for a whole chain.
    pub const fn new(tenant: TenantId, sequence: u64, hash: AuditHash) -> Self {
        Self {
            tenant,
            sequence,
            hash,
        }
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// The break, when it is not the next link.
    pub fn follow(&mut self, entry: &AuditEntry) -> Result<(), AuditBreak> {
        let sequence = self.sequence + 1;
        let fault = if entry.tenant != self.tenant {
            Some(AuditFault::Foreign)
        } else if entry.sequence != sequence {
            Some(AuditFault::Missing)
        } else if entry.previous_hash != self.hash {
            Some(AuditFault::Unlinked)
        } else if entry.computed_hash() != entry.hash {
            Some(AuditFault::Altered)
        } else {
            None
        };
        if let Some(fault) = fault {
            return Err(AuditBreak { sequence, fault });
        }
        self.sequence = sequence;
        self.hash = entry.hash;
        Ok(())
    }

    /// Says whether what was followed ends where the chain does.
    ///
    /// # Errors
    /// The break, when it does not.
    pub fn end(&self, head: &AuditHead) -> Result<(), AuditBreak> {
        if self.sequence < head.sequence {
            let (sequence, fault) = (self.sequence + 1, AuditFault::Missing);
            return Err(AuditBreak { sequence, fault });
        }
        if self.sequence > head.sequence || self.hash != head.hash {
            let (sequence, fault) = (self.sequence, AuditFault::Head);
            return Err(AuditBreak { sequence, fault });
        }
        Ok(())
    }

    /// Number of the last entry that holds.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }
}

impl Store {
    /// Both ends of the tenant's chain.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn audit_head(&self, scope: &Scope) -> Result<AuditHead, StoreError> {
        head(self.reader(), scope.tenant()).await
    }

    /// The tenants that have a chain, by number.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn audit_tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        let query = sql("SELECT tenant_id FROM audit_chain ORDER BY tenant_id");
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| Ok(TenantId::new(row.get(0)?)))
            .collect()
    }

    /// Follows the tenant's whole chain and finds the first link that does not hold. It reads
    /// every entry, some at a time; writers do not wait.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read. A broken chain is no
    /// error.
    pub async fn verify_audit(&self, scope: &Scope) -> Result<AuditVerification, StoreError> {
        loop {
            let head = self.audit_head(scope).await?;
            let verification = self.follow(scope, head).await?;
            // What retention took away meanwhile is not missing.
            let anchor = self.audit_head(scope).await?.anchor_sequence;
            if verification.broken.is_none() || anchor == head.anchor_sequence {
                return Ok(verification);
            }
        }
    }

    async fn follow(
        &self,
        scope: &Scope,
        head: AuditHead,
    ) -> Result<AuditVerification, StoreError> {
        let first = head.anchor_sequence;
        let mut follower = AuditFollower::new(head.tenant, first, head.anchor_hash);
        let mut outcome = Ok(());
        'pages: while follower.sequence() < head.sequence {
            let after = follower.sequence();
            let rest = u32::try_from(head.sequence - after).unwrap_or(u32::MAX);
            let limit = rest.min(ENTRIES_AT_ONCE);
            let entries = self.audit_entries_after(scope, after, limit).await?;
            for entry in &entries {
                outcome = follower.follow(entry);
                if outcome.is_err() {
                    break 'pages;
                }
            }
            if entries.is_empty() {
                break;
            }
        }
        let outcome = outcome.and_then(|()| follower.end(&head));
        Ok(AuditVerification {
            head,
            entries: follower.sequence() - first,
            broken: outcome.err(),
        })
    }
}

async fn head(pool: &Pool, tenant: TenantId) -> Result<AuditHead, StoreError> {
    let row = sql(
        "SELECT anchor_sequence, anchor_hash, sequence, hash FROM audit_chain WHERE tenant_id = $1",
    )
    .bind(tenant.get())
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else {
        return Ok(AuditHead {
            tenant,
            anchor_sequence: 0,
            anchor_hash: AuditHash::GENESIS,
            sequence: 0,
            hash: AuditHash::GENESIS,
        });
    };
    Ok(AuditHead {
        tenant,
        anchor_sequence: row.unsigned(0)?,
        anchor_hash: stored_hash(row.get(1)?)?,
        sequence: row.unsigned(2)?,
        hash: stored_hash(row.get(3)?)?,
    })
}
