//! Who is signed in. The token is known only to the browser; the table has its hash.

use super::users::UserStatus;
use super::{PeopleWrite, UserId};
use crate::database::{Row, Statement, sql};
use crate::{Scope, Store, StoreError, TenantId};
use rating::Timestamp;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its public name.
    pub id: String,
    /// Who signed in.
    pub user: UserId,
    /// Where the session acts.
    pub tenant: TenantId,
    /// The session that this one was entered from, when it acts in another tenant.
    pub parent: Option<String>,
    /// The role that is acted in there.
    pub acting_role: Option<String>,
    /// How the user proved who they are.
    pub method: String,
    /// Whether it was to be remembered beyond the idle time.
    pub remembered: bool,
    /// It ends when it is not used for this long, seconds.
    pub idle_timeout_s: u32,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, roughly.
    pub last_used_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// When the user last proved who they are.
    pub authenticated_at: Timestamp,
    /// Where it was last used from.
    pub address: Option<String>,
    /// What the browser says it is.
    pub user_agent: String,
    /// The user's name.
    pub username: String,
    /// The user's own tenant.
    pub home: TenantId,
    /// The user's role.
    pub role: String,
    /// Whether the user may sign in still.
    pub status: UserStatus,
    /// Networks that the user may come from, as JSON.
    pub allowed_networks: String,
    /// Whether the user has a second factor: an app or a passkey.
    pub has_second_factor: bool,
}

/// A session that is about to begin.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    /// Its public name.
    pub id: &'a str,
    /// The hash of its token.
    pub token_hash: &'a str,
    /// Who signed in.
    pub user: UserId,
    /// Where it acts.
    pub tenant: TenantId,
    /// The session that this one was entered from.
    pub parent: Option<&'a str>,
    /// The role that is acted in there; `None` in the user's own tenant.
    pub acting_role: Option<&'a str>,
    /// How the user proved who they are.
    pub method: &'a str,
    /// Whether it is to be remembered.
    pub remembered: bool,
    /// It ends when it is not used for this long, seconds.
    pub idle_timeout_s: u32,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// When the user proved who they are.
    pub authenticated_at: Timestamp,
    /// Where the user is.
    pub address: Option<&'a str>,
    /// What the browser says it is.
    pub user_agent: &'a str,
}

const COLUMNS: &str = "SELECT s.id, s.user_id, s.tenant_id, s.parent_id, s.role, s.method, \
    s.remembered, s.created_at, s.last_used_at, s.expires_at, s.authenticated_at, s.address, \
    s.user_agent, u.username, u.tenant_id, u.role, u.status, u.allowed_networks, \
    (EXISTS (SELECT 1 FROM totp t WHERE t.user_id = u.id AND t.confirmed_at IS NOT NULL) \
     OR EXISTS (SELECT 1 FROM passkey p WHERE p.user_id = u.id)), s.idle_timeout_s \
    FROM session s JOIN app_user u ON u.id = s.user_id ";

impl Store {
    /// The session of that token, when it has not expired and was used lately enough.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn session(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<SessionRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query.push("WHERE s.token_hash = ").push_bind(token_hash);
        push_alive(&mut query, "s.", now);
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(session).transpose()
    }

    /// The sessions of a user that have not expired, the newest first.
    pub async fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query.push("WHERE s.user_id = ").push_bind(user.0);
        push_alive(&mut query, "s.", now);
        query
            .push(" ORDER BY s.created_at DESC, s.id LIMIT ")
            .push_bind(limit);
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter().map(session).collect()
    }

    /// Notes that a session was used, and from where. Who acts in another tenant uses the session
    /// that it was entered from as well, unless that one has ended by silence.
    pub async fn touch_session(
        &self,
        id: &str,
        address: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut query = sql("UPDATE session SET last_used_at = ");
        query.push_bind(now);
        query
            .push(", address = COALESCE(")
            .push_bind(address)
            .push(", address) WHERE id = ");
        query.push_bind(id);
        query.push(" OR (id = (SELECT c.parent_id FROM session c WHERE c.id = ");
        query.push_bind(id).push(")");
        push_alive(&mut query, "", now);
        query.push(")");
        query.execute(self.writer()).await?;
        Ok(())
    }
}

impl PeopleWrite {
    /// Forgets sessions and tokens that have expired; gives how many.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn forget_expired(&mut self) -> Result<u64, StoreError> {
        let sessions = sql("DELETE FROM session WHERE expires_at <= $1").bind(self.now);
        let tokens = sql("DELETE FROM one_time_token WHERE expires_at <= $1").bind(self.now);
        let forgotten = sessions.execute(&mut self.transaction).await?;
        Ok(forgotten + tokens.execute(&mut self.transaction).await?)
    }

    /// Begins a session. Of more than `limit` sessions of the user the oldest end.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn add_session(
        &mut self,
        new: &NewSession<'_>,
        limit: u32,
    ) -> Result<(), StoreError> {
        sql("INSERT INTO session (id, token_hash, user_id, tenant_id, parent_id, role, method, \
             remembered, idle_timeout_s, created_at, last_used_at, expires_at, authenticated_at, address, \
             user_agent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13, $14)")
        .bind(new.id)
        .bind(new.token_hash)
        .bind(new.user.0)
        .bind(new.tenant.get())
        .bind(new.parent)
        .bind(new.acting_role)
        .bind(new.method)
        .bind(new.remembered)
        .bind(new.idle_timeout_s)
        .bind(self.now)
        .bind(new.expires_at)
        .bind(new.authenticated_at)
        .bind(new.address)
        .bind(new.user_agent)
        .execute(&mut self.transaction)
        .await?;
        sql(
            "DELETE FROM session WHERE user_id = $1 AND parent_id IS NULL AND id <> $2 \
             AND id NOT IN (SELECT id FROM session WHERE user_id = $1 AND parent_id IS NULL \
             ORDER BY created_at DESC, id LIMIT $3)",
        )
        .bind(new.user.0)
        .bind(new.id)
        .bind(limit)
        .execute(&mut self.transaction)
        .await?;
        Ok(())
    }

    /// Gives a session another token, after the user has proved who they are at `authenticated_at`;
    /// `None` leaves that as it is. False when the session has ended, also by silence.
    pub async fn rotate_session(
        &mut self,
        id: &str,
        token_hash: &str,
        authenticated_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let mut query = sql("UPDATE session SET token_hash = ");
        query.push_bind(token_hash);
        query.push(", authenticated_at = COALESCE(");
        query.push_bind(authenticated_at);
        query.push(", authenticated_at), last_used_at = ");
        query.push_bind(self.now);
        query.push(" WHERE id = ").push_bind(id);
        push_alive(&mut query, "", self.now);
        let rotated = query.execute(&mut self.transaction).await?;
        Ok(rotated == 1)
    }

    /// Ends a session of a user, with those that were entered from it; false when there is none.
    pub async fn end_session(&mut self, user: UserId, id: &str) -> Result<bool, StoreError> {
        let ended = sql("DELETE FROM session WHERE id = $1 AND user_id = $2")
            .bind(id)
            .bind(user.0)
            .execute(&mut self.transaction)
            .await?;
        Ok(ended == 1)
    }

    /// Ends all sessions of a user but one and those entered from it; gives how many.
    pub async fn end_sessions(
        &mut self,
        user: UserId,
        but_for: Option<&str>,
    ) -> Result<u64, StoreError> {
        let mut query = sql("DELETE FROM session WHERE user_id = ");
        query.push_bind(user.0);
        if let Some(kept) = but_for {
            query.push(" AND id <> ").push_bind(kept);
            query
                .push(" AND (parent_id IS NULL OR parent_id <> ")
                .push_bind(kept);
            query.push(")");
        }
        query.execute(&mut self.transaction).await
    }

    /// Ends the sessions of the tenant's users, but for one.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn end_sessions_in(
        &mut self,
        scope: &Scope,
        but_for: Option<&str>,
    ) -> Result<u64, StoreError> {
        sql("DELETE FROM session WHERE id <> $1 \
             AND user_id IN (SELECT id FROM app_user WHERE tenant_id = $2)")
        .bind(but_for.unwrap_or_default())
        .bind(scope.tenant().get())
        .execute(&mut self.transaction)
        .await
    }

    /// Ends every session of the users of a tenant, and those that act in it.
    pub async fn end_sessions_of_tenant(&mut self, tenant: TenantId) -> Result<u64, StoreError> {
        let statement: Statement = sql("DELETE FROM session WHERE tenant_id = $1 \
             OR user_id IN (SELECT id FROM app_user WHERE tenant_id = $1)");
        statement
            .bind(tenant.get())
            .execute(&mut self.transaction)
            .await
    }
}

/// That a session has not ended; `table` names its row and ends in a dot, or is empty.
fn push_alive(query: &mut Statement, table: &'static str, now: Timestamp) {
    query.push(" AND ").push(table).push("expires_at > ");
    query.push_bind(now).push(" AND ").push(table);
    query.push("last_used_at + ").push(table);
    query.push("idle_timeout_s * 1000000 > ").push_bind(now);
}

fn session(row: &Row) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        id: row.get(0)?,
        user: UserId(row.get(1)?),
        tenant: TenantId::new(row.get(2)?),
        parent: row.get(3)?,
        acting_role: row.get(4)?,
        method: row.get(5)?,
        remembered: row.get(6)?,
        created_at: Timestamp(row.get(7)?),
        last_used_at: Timestamp(row.get(8)?),
        expires_at: Timestamp(row.get(9)?),
        authenticated_at: Timestamp(row.get(10)?),
        address: row.get(11)?,
        user_agent: row.get(12)?,
        username: row.get(13)?,
        home: TenantId::new(row.get(14)?),
        role: row.get(15)?,
        status: UserStatus::of(row.get(16)?),
        allowed_networks: row.get(17)?,
        has_second_factor: row.get(18)?,
        idle_timeout_s: row.unsigned(19)?,
    })
}
