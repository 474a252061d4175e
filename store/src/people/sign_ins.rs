//! The history of sign-ins.

use super::{PeopleWrite, UserId};
use crate::database::{Row, sql};
use crate::{Scope, Store, StoreError, TenantId};
use rating::Timestamp;

/// An attempt to sign in as a user that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRow {
    /// The row's number.
    pub id: i64,
    /// As whom.
    pub user: UserId,
    /// The user's name.
    pub username: String,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub outcome: String,
    /// By what.
    pub method: String,
    /// From where.
    pub address: Option<String>,
    /// What the browser says it is.
    pub user_agent: String,
    /// Whether the user had not signed in with this browser before.
    pub new_device: bool,
}

/// An attempt that is about to be noted; fields as of [`SignInRow`].
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are those of SignInRow")]
pub struct NewSignIn<'a> {
    pub user: UserId,
    pub tenant: TenantId,
    pub outcome: &'a str,
    pub method: &'a str,
    pub address: Option<&'a str>,
    pub user_agent: &'a str,
    pub new_device: bool,
}

/// Which attempts of a tenant's users are meant, the newest first.
#[derive(Clone, Debug, Default)]
pub struct SignInQuery {
    /// As that user.
    pub user: Option<UserId>,
    /// With that outcome.
    pub outcome: Option<String>,
    /// Those before that number.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

impl Store {
    /// Attempts to sign in as users of the tenant.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn sign_ins(
        &self,
        scope: &Scope,
        query: &SignInQuery,
    ) -> Result<Vec<SignInRow>, StoreError> {
        let mut list = sql(
            "SELECT e.id, e.user_id, u.username, e.at, e.outcome, e.method, \
            e.address, e.user_agent, e.new_device \
            FROM sign_in_event e JOIN app_user u ON u.id = e.user_id WHERE e.tenant_id = ",
        );
        list.push_bind(scope.tenant().get());
        if let Some(user) = query.user {
            list.push(" AND e.user_id = ").push_bind(user.0);
        }
        if let Some(outcome) = &query.outcome {
            list.push(" AND e.outcome = ").push_bind(outcome);
        }
        if let Some(before) = query.before {
            list.push(" AND e.id < ").push_bind(before);
        }
        list.push(" ORDER BY e.id DESC LIMIT ")
            .push_bind(query.limit);
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(sign_in).collect()
    }
}

impl PeopleWrite {
    /// Notes an attempt. Of more than `limit` of the user the oldest are forgotten.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn add_sign_in(&mut self, new: &NewSignIn<'_>, limit: u32) -> Result<(), StoreError> {
        sql("INSERT INTO sign_in_event \
             (user_id, tenant_id, at, outcome, method, address, user_agent, new_device) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(new.user.0)
        .bind(new.tenant.get())
        .bind(self.now)
        .bind(new.outcome)
        .bind(new.method)
        .bind(new.address)
        .bind(new.user_agent)
        .bind(new.new_device)
        .execute(&mut self.transaction)
        .await?;
        sql("DELETE FROM sign_in_event WHERE user_id = $1 AND id <= \
             (SELECT id FROM sign_in_event WHERE user_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)")
        .bind(new.user.0)
        .bind(limit)
        .execute(&mut self.transaction)
        .await?;
        Ok(())
    }

    /// Notes that a user signed in just then.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn signed_in(&mut self, user: UserId) -> Result<(), StoreError> {
        sql("UPDATE app_user SET last_sign_in_at = $1 WHERE id = $2")
            .bind(self.now)
            .bind(user.0)
            .execute(&mut self.transaction)
            .await?;
        Ok(())
    }
}

fn sign_in(row: &Row) -> Result<SignInRow, StoreError> {
    Ok(SignInRow {
        id: row.get(0)?,
        user: UserId(row.get(1)?),
        username: row.get(2)?,
        at: Timestamp(row.get(3)?),
        outcome: row.get(4)?,
        method: row.get(5)?,
        address: row.get(6)?,
        user_agent: row.get(7)?,
        new_device: row.get(8)?,
    })
}
