//! People who were invited and have not come yet.

use super::PeopleWrite;
use crate::database::{Row, sql};
use crate::{Scope, Store, StoreError, TenantId};
use rating::Timestamp;

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationRow {
    /// The row's number.
    pub id: i64,
    /// Where the person is to belong.
    pub tenant: TenantId,
    /// Where the mail went, in lower case.
    pub email: String,
    /// The name of the person; may be empty.
    pub full_name: String,
    /// The role that the person will have.
    pub role: String,
    /// Who invited.
    pub invited_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when the link is good.
    pub expires_at: Timestamp,
}

/// An invitation that is about to go out; fields as of [`InvitationRow`].
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are those of InvitationRow")]
pub struct NewInvitation<'a> {
    pub tenant: TenantId,
    pub email: &'a str,
    pub full_name: &'a str,
    pub role: &'a str,
    /// The hash of the token in the link.
    pub token_hash: &'a str,
    pub invited_by: &'a str,
    pub expires_at: Timestamp,
}

const COLUMNS: &str = "SELECT id, tenant_id, email, full_name, role, invited_by, created_at, \
    expires_at FROM invitation ";

impl Store {
    /// Invitations into the tenant, those after that number, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn invitations(
        &self,
        scope: &Scope,
        after: i64,
        limit: u32,
    ) -> Result<Vec<InvitationRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query
            .push("WHERE tenant_id = ")
            .push_bind(scope.tenant().get());
        query.push(" AND id > ").push_bind(after);
        query.push(" ORDER BY id LIMIT ").push_bind(limit);
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter().map(invitation).collect()
    }

    /// The invitation whose link has that token, when it has not expired.
    pub async fn invitation_by_token(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<InvitationRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query.push("WHERE token_hash = ").push_bind(token_hash);
        query.push(" AND expires_at > ").push_bind(now);
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(invitation).transpose()
    }
}

impl PeopleWrite {
    /// Invites somebody; an earlier invitation of the same address into the same tenant is void.
    /// `None` when the tenant has `limit` other invitations under way.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn add_invitation(
        &mut self,
        new: &NewInvitation<'_>,
        limit: u32,
    ) -> Result<Option<i64>, StoreError> {
        sql("DELETE FROM invitation WHERE tenant_id = $1 AND (email = $2 OR expires_at <= $3)")
            .bind(new.tenant.get())
            .bind(new.email)
            .bind(self.now)
            .execute(&mut self.transaction)
            .await?;
        let under_way: i64 = sql("SELECT COUNT(*) FROM invitation WHERE tenant_id = $1")
            .bind(new.tenant.get())
            .fetch_value(&mut self.transaction)
            .await?;
        if under_way >= i64::from(limit) {
            return Ok(None);
        }
        let id = sql(
            "INSERT INTO invitation (tenant_id, email, full_name, role, token_hash, \
             invited_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             RETURNING id",
        )
        .bind(new.tenant.get())
        .bind(new.email)
        .bind(new.full_name)
        .bind(new.role)
        .bind(new.token_hash)
        .bind(new.invited_by)
        .bind(self.now)
        .bind(new.expires_at)
        .fetch_value(&mut self.transaction)
        .await?;
        Ok(Some(id))
    }

    /// Takes an invitation by the token in its link: it is good once.
    pub async fn take_invitation(
        &mut self,
        token_hash: &str,
    ) -> Result<Option<InvitationRow>, StoreError> {
        let row = sql(
            "DELETE FROM invitation WHERE token_hash = $1 AND expires_at > $2 \
             RETURNING id, tenant_id, email, full_name, role, invited_by, created_at, expires_at",
        )
        .bind(token_hash)
        .bind(self.now)
        .fetch_optional(&mut self.transaction)
        .await?;
        row.as_ref().map(invitation).transpose()
    }

    /// Withdraws an invitation into the tenant; gives its address.
    pub async fn remove_invitation(
        &mut self,
        scope: &Scope,
        id: i64,
    ) -> Result<Option<String>, StoreError> {
        sql("DELETE FROM invitation WHERE id = $1 AND tenant_id = $2 RETURNING email")
            .bind(id)
            .bind(scope.tenant().get())
            .fetch_optional_value(&mut self.transaction)
            .await
    }
}

fn invitation(row: &Row) -> Result<InvitationRow, StoreError> {
    Ok(InvitationRow {
        id: row.get(0)?,
        tenant: TenantId::new(row.get(1)?),
        email: row.get(2)?,
        full_name: row.get(3)?,
        role: row.get(4)?,
        invited_by: row.get(5)?,
        created_at: Timestamp(row.get(6)?),
        expires_at: Timestamp(row.get(7)?),
    })
}
