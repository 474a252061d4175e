//! People: who may sign in, by what, from where, and what of it happened.
//!
//! Users, invitations and sign-in policies belong to a tenant, so their functions take a
//! [`Scope`](crate::Scope), which here is the tenant's own. What proves who somebody is (a session,
//! a one-time token, a passkey, a name that is typed in) is looked up without one, because it is what tells the tenant.
//!
//! Changes are made in one transaction ([`PeopleWrite`]), together with their audit entry and the
//! mail that goes out because of them. Secrets are never stored as they are: passwords and tokens
//! as hashes, the seeds of authenticator apps sealed.

mod devices;
mod invitations;
mod passkeys;
mod policies;
mod registrations;
mod sessions;
mod sign_ins;
mod tenants;
mod tokens;
mod totp;
mod users;

#[cfg(test)]
mod tests;

pub use devices::DeviceSeen;
pub use invitations::{InvitationRow, NewInvitation};
pub use passkeys::{NewPasskey, PasskeyRow};
pub use policies::SignInPolicyRow;
pub use registrations::{NewRegistration, RegistrationRow};
pub use sessions::{NewSession, SessionRow};
pub use sign_ins::{NewSignIn, SignInQuery, SignInRow};
pub use tenants::{TenantQuery, TenantRow};
pub use tokens::{NewToken, TokenCount, TokenRow};
pub use totp::TotpRow;
pub use users::{EndedApiKey, NewUser, UserQuery, UserRow, UserStatus};

use crate::database::Transaction;
use crate::{NewAuditEntry, NewMail, Store, StoreError, audit, outbox};
use rating::Timestamp;
use std::fmt;

/// The number of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A change of people under way. When it is dropped, nothing has happened.
pub struct PeopleWrite {
    transaction: Transaction,
    now: Timestamp,
    told: Vec<NewAuditEntry>,
}

impl Store {
    /// Begins a change.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn change_people(&self, now: Timestamp) -> Result<PeopleWrite, StoreError> {
        let transaction = self.write().await?;
        Ok(PeopleWrite {
            transaction,
            now,
            told: Vec::new(),
        })
    }
}

impl PeopleWrite {
    /// The moment that the change is written with.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Queues a mail that tells of the change, or holds the link to finish it.
    ///
    /// # Errors
    /// [`StoreError::SecretKeyRetired`] when its text has to be sealed anew, or
    /// [`StoreError::Query`].
    pub async fn queue_mail(&mut self, mail: &NewMail) -> Result<(), StoreError> {
        outbox::queue(&mut self.transaction, mail, self.now).await
    }

    /// Tells the audit log of the change. It is written when the change lasts.
    pub fn tell(&mut self, entry: NewAuditEntry) {
        self.told.push(entry);
    }

    /// Makes the change last.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        audit::append(&mut self.transaction, &self.told).await?;
        self.transaction.commit().await
    }
}
