//! Who may sign in.

use super::{PeopleWrite, UserId};
use crate::database::{Row, sql};
use crate::{Scope, Store, StoreError, TenantId};
use rating::Timestamp;

/// A user.
#[derive(Clone, PartialEq, Eq)]
pub struct UserRow {
    /// The row's number.
    pub id: UserId,
    /// Where the user belongs.
    pub tenant: TenantId,
    /// What is typed in to sign in; unique, in lower case.
    pub username: String,
    /// Where mail goes, in lower case.
    pub email: Option<String>,
    /// The name of the person.
    pub full_name: String,
    /// The name of the role: a built-in one of the tenant's portal, or a resource.
    pub role: String,
    /// Whether the user may sign in.
    pub status: UserStatus,
    /// The password's hash in PHC form; `None` when only passkeys are used.
    pub password_hash: Option<String>,
    /// When the password was set.
    pub password_changed_at: Option<Timestamp>,
    /// When the address was proved to be the user's.
    pub email_verified_at: Option<Timestamp>,
    /// When the user signed in last.
    pub last_sign_in_at: Option<Timestamp>,
    /// Networks that the user may sign in from, as JSON; an empty list is everywhere.
    pub allowed_networks: String,
    /// What authenticators know the user by, as hexadecimal digits.
    pub authenticator_handle: Option<String>,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the user was changed last.
    pub updated_at: Timestamp,
}

/// Whether a user may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserStatus {
    /// Yes.
    Active,
    /// Not before the address is verified.
    Pending,
    /// No.
    Suspended,
}

/// A user who is about to be made.
#[derive(Clone)]
pub struct NewUser<'a> {
    /// Where the user belongs.
    pub tenant: TenantId,
    /// Unique, in lower case.
    pub username: &'a str,
    /// In lower case.
    pub email: Option<&'a str>,
    /// The name of the person.
    pub full_name: &'a str,
    /// The name of the role.
    pub role: &'a str,
    /// Whether the user may sign in.
    pub status: UserStatus,
    /// In PHC form.
    pub password_hash: Option<&'a str>,
    /// Whether the address is proved to be the user's, as by an invitation.
    pub email_verified: bool,
}

/// A key that ended with its maker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedApiKey {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// Which users of a tenant are meant, and which page of them.
#[derive(Clone, Debug, Default)]
pub struct UserQuery {
    /// Part of the user name or of the person's name.
    pub search: Option<String>,
    /// Of that role.
    pub role: Option<String>,
    /// In that state.
    pub status: Option<UserStatus>,
    /// Those after that user name.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

const COLUMNS: &str = "SELECT id, tenant_id, username, email, full_name, role, status, \
    password_hash, password_changed_at, email_verified_at, last_sign_in_at, allowed_networks, \
    authenticator_handle, created_at, updated_at FROM app_user ";

impl UserStatus {
    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Suspended => "suspended",
        }
    }

    /// Nobody who is in a state that this program does not know signs in.
    pub(super) fn of(text: &str) -> Self {
        match text {
            "active" => Self::Active,
            "pending" => Self::Pending,
            _ => Self::Suspended,
        }
    }
}

impl Store {
    /// The user of that name, of whatever tenant.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn user_by_name(&self, username: &str) -> Result<Option<UserRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query
            .push("WHERE username = ")
            .push_bind(username.to_lowercase());
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(user).transpose()
    }

    /// The user with that address, of whatever tenant.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<UserRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query.push("WHERE email = ").push_bind(email.to_lowercase());
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(user).transpose()
    }

    /// The user that an authenticator knows by that handle.
    pub async fn user_by_handle(&self, handle: &str) -> Result<Option<UserRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query
            .push("WHERE authenticator_handle = ")
            .push_bind(handle);
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(user).transpose()
    }

    /// The user that a proof names: a token, a passkey.
    pub async fn user_by_id(&self, id: UserId) -> Result<Option<UserRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query.push("WHERE id = ").push_bind(id.0);
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(user).transpose()
    }

    /// A user of the tenant.
    pub async fn user(&self, scope: &Scope, id: UserId) -> Result<Option<UserRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query.push("WHERE id = ").push_bind(id.0);
        query
            .push(" AND tenant_id = ")
            .push_bind(scope.tenant().get());
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(user).transpose()
    }

    /// Users of the tenant in the order of their names.
    pub async fn users(
        &self,
        scope: &Scope,
        query: &UserQuery,
    ) -> Result<Vec<UserRow>, StoreError> {
        let mut list = sql(COLUMNS);
        list.push("WHERE tenant_id = ")
            .push_bind(scope.tenant().get());
        if let Some(after) = &query.after {
            list.push(" AND username > ").push_bind(after);
        }
        if let Some(role) = &query.role {
            list.push(" AND role = ").push_bind(role);
        }
        if let Some(status) = query.status {
            list.push(" AND status = ").push_bind(status.as_str());
        }
        if let Some(search) = &query.search {
            let pattern = contains(search);
            list.push(" AND (username LIKE ").push_bind(&pattern);
            list.push(" ESCAPE '!' OR LOWER(full_name) LIKE ")
                .push_bind(&pattern);
            list.push(" ESCAPE '!')");
        }
        list.push(" ORDER BY username LIMIT ")
            .push_bind(query.limit);
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(user).collect()
    }

    /// Whether anybody may sign in.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        let some = sql("SELECT id FROM app_user LIMIT 1")
            .fetch_optional(self.reader())
            .await?;
        Ok(some.is_some())
    }
}

impl PeopleWrite {
    /// Adds a user; `None` when the name or the address is taken.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn add_user(&mut self, new: &NewUser<'_>) -> Result<Option<UserId>, StoreError> {
        let now = self.now;
        let id = sql(
            "INSERT INTO app_user (tenant_id, username, email, full_name, role, status, \
             password_hash, password_changed_at, email_verified_at, allowed_networks, \
             created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '[]', $10, $10) \
             ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(new.tenant.get())
        .bind(new.username)
        .bind(new.email)
        .bind(new.full_name)
        .bind(new.role)
        .bind(new.status.as_str())
        .bind(new.password_hash)
        .bind(new.password_hash.map(|_| now))
        .bind(new.email_verified.then_some(now))
        .bind(now)
        .fetch_optional_value(&mut self.transaction)
        .await?;
        Ok(id.map(UserId))
    }

    /// A user of the tenant, as this change sees it. Nobody else changes the row until it ends, and
    /// nobody else looks at a user of the tenant this way: two who take each other's role away
    /// come one after the other, and do not wait for each other for ever.
    pub async fn user(&mut self, scope: &Scope, id: UserId) -> Result<Option<UserRow>, StoreError> {
        // An update locks the row on either database; the tenant's row always first.
        sql("UPDATE tenant SET created_at = created_at WHERE id = $1")
            .bind(scope.tenant().get())
            .execute(&mut self.transaction)
            .await?;
        sql("UPDATE app_user SET updated_at = updated_at WHERE id = $1 AND tenant_id = $2")
            .bind(id.0)
            .bind(scope.tenant().get())
            .execute(&mut self.transaction)
            .await?;
        let mut query = sql(COLUMNS);
        query.push("WHERE id = ").push_bind(id.0);
        query
            .push(" AND tenant_id = ")
            .push_bind(scope.tenant().get());
        let row = query.fetch_optional(&mut self.transaction).await?;
        row.as_ref().map(user).transpose()
    }

    /// Writes what can be changed of a user: name, role, state, networks.
    pub async fn put_user(&mut self, changed: &UserRow) -> Result<(), StoreError> {
        sql(
            "UPDATE app_user SET full_name = $1, role = $2, status = $3, allowed_networks = $4, \
             updated_at = $5 WHERE id = $6 AND tenant_id = $7",
        )
        .bind(&changed.full_name)
        .bind(&changed.role)
        .bind(changed.status.as_str())
        .bind(&changed.allowed_networks)
        .bind(self.now)
        .bind(changed.id.0)
        .bind(changed.tenant.get())
        .execute(&mut self.transaction)
        .await?;
        Ok(())
    }

    /// Active users of the tenant with that role, but for one. Locks them, so that nobody signs
    /// them off or verifies their address meanwhile.
    pub async fn others_with_role(
        &mut self,
        scope: &Scope,
        role: &str,
        but_for: UserId,
    ) -> Result<u64, StoreError> {
        let holders: Vec<i64> = sql("UPDATE app_user SET updated_at = updated_at \
             WHERE tenant_id = $1 AND role = $2 AND status = 'active' RETURNING id")
        .bind(scope.tenant().get())
        .bind(role)
        .fetch_all(&mut self.transaction)
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect::<Result<_, _>>()?;
        Ok(holders.iter().filter(|id| **id != but_for.0).count() as u64)
    }

    /// Removes a user of the tenant with everything that is only theirs, and ends the API keys that
    /// they made; gives those, or `None` when there is no such user.
    pub async fn remove_user(
        &mut self,
        scope: &Scope,
        id: UserId,
    ) -> Result<Option<Vec<EndedApiKey>>, StoreError> {
        let removed = sql("DELETE FROM app_user WHERE id = $1 AND tenant_id = $2")
            .bind(id.0)
            .bind(scope.tenant().get())
            .execute(&mut self.transaction)
            .await?;
        if removed == 0 {
            return Ok(None);
        }
        let ended = sql(
            "UPDATE api_key SET revoked_at = $1, previous_hash = NULL, previous_until = NULL \
             WHERE maker_id = $2 AND revoked_at IS NULL RETURNING id, name",
        )
        .bind(self.now)
        .bind(id.0)
        .fetch_all(&mut self.transaction)
        .await?;
        let ended = ended.iter().map(|row| {
            Ok(EndedApiKey {
                id: row.get(0)?,
                name: row.get(1)?,
            })
        });
        ended.collect::<Result<_, StoreError>>().map(Some)
    }

    /// Sets the password. What was given out to the user before is void: links, a sign-in that
    /// waits for the second factor, another address that waits to be verified.
    pub async fn set_password(&mut self, id: UserId, hash: &str) -> Result<(), StoreError> {
        sql(
            "UPDATE app_user SET password_hash = $1, password_changed_at = $2, updated_at = $2 \
             WHERE id = $3",
        )
        .bind(hash)
        .bind(self.now)
        .bind(id.0)
        .execute(&mut self.transaction)
        .await?;
        sql("DELETE FROM one_time_token WHERE user_id = $1")
            .bind(id.0)
            .execute(&mut self.transaction)
            .await?;
        Ok(())
    }

    /// Notes that the address is the user's, and lets a pending user in. The address becomes `email`;
    /// a user name that was the old address follows it, and what was given out while the old one
    /// held, such as a link that went there, is void. False when another has the address.
    pub async fn verify_email(&mut self, id: UserId, email: &str) -> Result<bool, StoreError> {
        let taken = sql("SELECT id FROM app_user WHERE (email = $1 OR username = $1) AND id <> $2")
            .bind(email)
            .bind(id.0)
            .fetch_optional(&mut self.transaction)
            .await?;
        if taken.is_some() {
            return Ok(false);
        }
        sql("DELETE FROM one_time_token WHERE user_id = $1 AND EXISTS \
             (SELECT 1 FROM app_user WHERE id = $1 AND email <> $2)")
        .bind(id.0)
        .bind(email)
        .execute(&mut self.transaction)
        .await?;
        sql("UPDATE app_user SET \
             username = CASE WHEN username = email THEN $1 ELSE username END, email = $1, \
             status = CASE WHEN status = 'pending' THEN 'active' ELSE status END, \
             email_verified_at = $2, updated_at = $2 WHERE id = $3")
        .bind(email)
        .bind(self.now)
        .bind(id.0)
        .execute(&mut self.transaction)
        .await?;
        Ok(true)
    }

    /// Gives the user the handle that authenticators will know, when there is none. Gives the
    /// one that holds.
    pub async fn authenticator_handle(
        &mut self,
        id: UserId,
        fresh: &str,
    ) -> Result<String, StoreError> {
        sql(
            "UPDATE app_user SET authenticator_handle = COALESCE(authenticator_handle, $1) \
             WHERE id = $2 RETURNING authenticator_handle",
        )
        .bind(fresh)
        .bind(id.0)
        .fetch_value(&mut self.transaction)
        .await
    }
}

/// A pattern for `LIKE … ESCAPE '!'`.
fn contains(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

fn user(row: &Row) -> Result<UserRow, StoreError> {
    let at = |value: Option<i64>| value.map(Timestamp);
    Ok(UserRow {
        id: UserId(row.get(0)?),
        tenant: TenantId::new(row.get(1)?),
        username: row.get(2)?,
        email: row.get(3)?,
        full_name: row.get(4)?,
        role: row.get(5)?,
        status: UserStatus::of(row.get(6)?),
        password_hash: row.get(7)?,
        password_changed_at: at(row.get(8)?),
        email_verified_at: at(row.get(9)?),
        last_sign_in_at: at(row.get(10)?),
        allowed_networks: row.get(11)?,
        authenticator_handle: row.get(12)?,
        created_at: Timestamp(row.get(13)?),
        updated_at: Timestamp(row.get(14)?),
    })
}
