//! The audit log: who did what, from where, and what it was before.
//!
//! Each tenant has a *chain*: entries numbered from 1 without a gap, each with the SHA-256 of itself
//! and of the entry before ([`hash`]). An entry that was altered, taken out or put in later breaks
//! the chain at its place, and [`Store::verify_audit`] says where. Retention takes entries away from
//! the beginning only and leaves an *anchor*, the hash of the last one taken, so that the rest
//! still verifies.
//!
//! An entry is appended by the transaction that it tells of ([`append`]): either both are there or
//! neither is. Triggers of the database refuse to change entries, and to delete those that are not
//! behind the anchor.
//!
//! ```text
//! let mut transaction = self.write().await?;
//! sql("UPDATE …").execute(&mut transaction).await?;
//! audit::append(&mut transaction, &[entry]).await?;      // last, just before the commit
//! transaction.commit().await?;
//! ```

mod actor;
mod append;
mod chain;
mod entry;
mod file;
mod hash;
mod retention;

pub use actor::{AuditActor, AuditCredential, AuditImpersonator};
pub use append::{AUDIT_VALUE_BYTES_MAX, NewAuditEntry};
pub use chain::{AuditBreak, AuditFault, AuditFollower, AuditHead, AuditVerification};
pub use entry::{AuditEntry, AuditPage, AuditQuery};
pub use file::{AuditFileError, AuditLine, AuditSeal};
pub use hash::{AuditHash, NotAHash};

pub(crate) use append::append;

use crate::{Store, StoreError};

impl Store {
    /// Appends entries that tell of no other write, such as a sign-in that was refused.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is appended then.
    pub async fn append_audit(&self, entries: &[NewAuditEntry]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        append(&mut transaction, entries).await?;
        transaction.commit().await
    }
}

#[cfg(test)]
mod tests;
