//! Keys of programs. The table has their hashes; the keys themselves are shown once.
//!
//! Keys belong to a tenant, so lists and changes take a [`Scope`]. Only the look-up by hash does
//! without, because it is what tells the tenant.

use crate::database::{Row, Statement, sql};
use crate::{NewAuditEntry, Scope, Store, StoreError, TenantId, UserId, audit};
use rating::Timestamp;

/// Keys of a tenant that count at the same time, at most.
pub const API_KEYS_MAX: u32 = 1_000;

/// A key without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Its number.
    pub id: i64,
    /// Where it acts.
    pub tenant: TenantId,
    /// Unique among the tenant's keys that are not revoked.
    pub name: String,
    /// How the key begins.
    pub hint: String,
    /// Names of permissions.
    pub permissions: Vec<String>,
    /// Ranges of addresses that it may be used from; empty: all.
    pub networks: Vec<String>,
    /// Whose rights bound those of the key; `None`: the key of the machine made it.
    pub maker: Option<UserId>,
    /// Name of the maker, as it was then.
    pub made_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its secret last changed.
    pub rotated_at: Option<Timestamp>,
    /// Until when the secret before the last change counts too.
    pub previous_until: Option<Timestamp>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When somebody ended it.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, late by as much as uses are collected.
    pub last_used_at: Option<Timestamp>,
    /// From which address that was.
    pub last_used_from: Option<String>,
}

/// The tenant of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyTenant {
    /// `platform`, `operator`, `customer` or `carrier`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The tenant above; `None` for the platform.
    pub parent: Option<TenantId>,
    /// The resource that it stands for.
    pub resource_id: Option<i64>,
}

/// A key to be.
#[derive(Clone, Copy, Debug)]
pub struct NewApiKey<'a> {
    /// Unique among the tenant's keys that are not revoked.
    pub name: &'a str,
    /// How the key begins.
    pub hint: &'a str,
    /// Hash of the key.
    pub key_hash: &'a str,
    /// Names of permissions.
    pub permissions: &'a [String],
    /// Ranges of addresses.
    pub networks: &'a [String],
    /// Whose rights bound those of the key.
    pub maker: Option<UserId>,
    /// Name of the maker.
    pub made_by: &'a str,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// Why a key was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKeyRefusal {
    /// Another key of the tenant has the name.
    NameTaken,
    /// The tenant has [`API_KEYS_MAX`] keys.
    TooMany,
}

/// A change of a key's secret.
#[derive(Clone, Copy, Debug)]
pub struct ApiKeyRotation<'a> {
    /// How the new key begins.
    pub hint: &'a str,
    /// Hash of the new key.
    pub key_hash: &'a str,
    /// Until when the old one counts; `None`: it ends at once.
    pub previous_until: Option<Timestamp>,
}

/// The last use of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyUse {
    /// The key.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// From which address.
    pub from: Option<String>,
}

const COLUMNS: &str = "SELECT id, tenant_id, name, hint, permissions, networks, maker_id, made_by, \
    created_at, rotated_at, previous_until, expires_at, revoked_at, last_used_at, last_used_from \
    FROM api_key ";

impl Store {
    /// The key of that hash, when it counts.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn api_key_by_hash(
        &self,
        hash: &str,
        now: Timestamp,
    ) -> Result<Option<ApiKeyRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query.push("WHERE (key_hash = ").push_bind(hash);
        query.push(" OR (previous_hash = ").push_bind(hash);
        query.push(" AND previous_until > ").push_bind(now);
        query.push(")) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ");
        query.push_bind(now).push(")");
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(key).transpose()
    }

    /// A key of the tenant, also one that has ended.
    pub async fn api_key(&self, scope: &Scope, id: i64) -> Result<Option<ApiKeyRow>, StoreError> {
        let row = one(scope, id).fetch_optional(self.reader()).await?;
        row.as_ref().map(key).transpose()
    }

    /// Keys of the tenant, also those that have ended, the newest first; those made before the key
    /// `before` when it is given.
    pub async fn api_keys(
        &self,
        scope: &Scope,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ApiKeyRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query
            .push("WHERE tenant_id = ")
            .push_bind(scope.tenant().get());
        if let Some(before) = before {
            query.push(" AND id < ").push_bind(before);
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter().map(key).collect()
    }

    /// Makes a key, tells the audit log of it, and forgets the tenant's keys that ended before
    /// `forget_before`.
    pub async fn add_api_key(
        &self,
        scope: &Scope,
        new: NewApiKey<'_>,
        told: NewAuditEntry,
        now: Timestamp,
        forget_before: Timestamp,
    ) -> Result<Result<i64, ApiKeyRefusal>, StoreError> {
        let tenant = scope.tenant().get();
        let mut transaction = self.write().await?;
        sql("DELETE FROM api_key WHERE tenant_id = $1 AND (revoked_at < $2 OR expires_at < $2)")
            .bind(tenant)
            .bind(forget_before)
            .execute(&mut transaction)
            .await?;
        let count: i64 = sql(
            "SELECT COUNT(*) FROM api_key WHERE tenant_id = $1 AND revoked_at IS NULL \
             AND (expires_at IS NULL OR expires_at > $2)",
        )
        .bind(tenant)
        .bind(now)
        .fetch_value(&mut transaction)
        .await?;
        if count >= i64::from(API_KEYS_MAX) {
            return Ok(Err(ApiKeyRefusal::TooMany));
        }
        let id: Option<i64> = sql(
            "INSERT INTO api_key (tenant_id, name, hint, key_hash, permissions, networks, maker_id, \
             made_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (tenant_id, name) WHERE revoked_at IS NULL DO NOTHING RETURNING id",
        )
        .bind(tenant)
        .bind(new.name)
        .bind(new.hint)
        .bind(new.key_hash)
        .bind(new.permissions.join(" "))
        .bind(new.networks.join(" "))
        .bind(new.maker.map(|maker| maker.0))
        .bind(new.made_by)
        .bind(now)
        .bind(new.expires_at)
        .fetch_optional_value(&mut transaction)
        .await?;
        let Some(id) = id else {
            return Ok(Err(ApiKeyRefusal::NameTaken));
        };
        let told = told.on("api_key", Some(id), new.name);
        audit::append(&mut transaction, &[told]).await?;
        transaction.commit().await?;
        Ok(Ok(id))
    }

    /// Gives a key that counts another secret; false when there is none.
    pub async fn rotate_api_key(
        &self,
        scope: &Scope,
        id: i64,
        rotation: ApiKeyRotation<'_>,
        told: NewAuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let update = sql("UPDATE api_key SET previous_until = $1, \
             previous_hash = CASE WHEN $1 IS NULL THEN NULL ELSE key_hash END, \
             key_hash = $2, hint = $3, rotated_at = $4 \
             WHERE id = $5 AND tenant_id = $6 AND revoked_at IS NULL \
             AND (expires_at IS NULL OR expires_at > $4) RETURNING name")
        .bind(rotation.previous_until)
        .bind(rotation.key_hash)
        .bind(rotation.hint)
        .bind(now)
        .bind(id)
        .bind(scope.tenant().get());
        self.change_api_key(id, update, told).await
    }

    /// Ends a key; false when there is none that has not been ended before.
    pub async fn revoke_api_key(
        &self,
        scope: &Scope,
        id: i64,
        told: NewAuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let update = sql(
            "UPDATE api_key SET revoked_at = $1, previous_hash = NULL, previous_until = NULL \
             WHERE id = $2 AND tenant_id = $3 AND revoked_at IS NULL RETURNING name",
        )
        .bind(now)
        .bind(id)
        .bind(scope.tenant().get());
        self.change_api_key(id, update, told).await
    }

    /// Changes a key, when it is there, and tells the audit log of it.
    async fn change_api_key(
        &self,
        id: i64,
        update: Statement,
        told: NewAuditEntry,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let name: Option<String> = update.fetch_optional_value(&mut transaction).await?;
        let Some(name) = name else {
            return Ok(false);
        };
        let told = told.on("api_key", Some(id), name);
        audit::append(&mut transaction, &[told]).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// What a key of a tenant needs to know of it, when nobody of it and above is suspended: its
    /// kind, its name, the tenant above, and the resource that it stands for.
    pub async fn tenant_of_api_key(
        &self,
        tenant: TenantId,
    ) -> Result<Option<ApiKeyTenant>, StoreError> {
        let row = sql(
            "SELECT t.kind, t.name, t.parent_id, t.resource_id FROM tenant t \
             LEFT JOIN tenant p ON p.id = t.parent_id LEFT JOIN tenant g ON g.id = p.parent_id \
             WHERE t.id = $1 AND t.suspended_at IS NULL AND p.suspended_at IS NULL \
             AND g.suspended_at IS NULL",
        )
        .bind(tenant.get())
        .fetch_optional(self.reader())
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(ApiKeyTenant {
            kind: row.get(0)?,
            name: row.get(1)?,
            parent: row.get::<Option<i64>>(2)?.map(TenantId::new),
            resource_id: row.get(3)?,
        }))
    }

    /// The role of a user, who may have made keys.
    pub async fn role_of_user(&self, user: UserId) -> Result<Option<String>, StoreError> {
        sql("SELECT role FROM app_user WHERE id = $1")
            .bind(user.0)
            .fetch_optional_value(self.reader())
            .await
    }

    /// Notes uses. A later one that another node has noted stays.
    pub async fn note_api_key_uses(&self, uses: &[ApiKeyUse]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for used in uses {
            sql("UPDATE api_key SET last_used_at = $1, last_used_from = $2 \
                 WHERE id = $3 AND (last_used_at IS NULL OR last_used_at < $1)")
            .bind(used.at)
            .bind(used.from.clone())
            .bind(used.id)
            .execute(&mut transaction)
            .await?;
        }
        transaction.commit().await
    }
}

fn one(scope: &Scope, id: i64) -> Statement {
    let mut query = sql(COLUMNS);
    query.push("WHERE id = ").push_bind(id);
    query
        .push(" AND tenant_id = ")
        .push_bind(scope.tenant().get());
    query
}

fn key(row: &Row) -> Result<ApiKeyRow, StoreError> {
    let words = |text: String| text.split_whitespace().map(str::to_owned).collect();
    let time = |column: usize| Ok::<_, StoreError>(row.get::<Option<i64>>(column)?.map(Timestamp));
    Ok(ApiKeyRow {
        id: row.get(0)?,
        tenant: TenantId::new(row.get(1)?),
        name: row.get(2)?,
        hint: row.get(3)?,
        permissions: words(row.get(4)?),
        networks: words(row.get(5)?),
        maker: row.get::<Option<i64>>(6)?.map(UserId),
        made_by: row.get(7)?,
        created_at: Timestamp(row.get(8)?),
        rotated_at: time(9)?,
        previous_until: time(10)?,
        expires_at: time(11)?,
        revoked_at: time(12)?,
        last_used_at: time(13)?,
        last_used_from: row.get(14)?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use crate::database::Value;
    use crate::testing::databases;
    use crate::{AuditActor, AuditCredential};

    const HERE: Scope = Scope::of_tenant(TenantId::PLATFORM);
    const ELSEWHERE: Scope = Scope::of_tenant(TenantId::new(2));

    fn new<'a>(name: &'a str, hash: &'a str) -> NewApiKey<'a> {
        NewApiKey {
            name,
            hint: "dtk_0123",
            key_hash: hash,
            permissions: &[],
            networks: &[],
            maker: None,
            made_by: "ann",
            expires_at: None,
        }
    }

    fn told(scope: &Scope) -> NewAuditEntry {
        let ann = AuditActor::new("ann", AuditCredential::Session);
        NewAuditEntry::new(scope.tenant(), Timestamp(100), ann, "api_key.change")
    }

    async fn revoke(store: &Store, scope: &Scope, id: i64, at: i64) -> bool {
        let revoked = store.revoke_api_key(scope, id, told(scope), Timestamp(at));
        revoked.await.unwrap()
    }

    async fn add(store: &Store, scope: &Scope, new: NewApiKey<'_>) -> Result<i64, ApiKeyRefusal> {
        let added = store.add_api_key(scope, new, told(scope), Timestamp(100), Timestamp(0));
        added.await.unwrap()
    }

    async fn found(store: &Store, hash: &str, now: i64) -> Option<i64> {
        let found = store.api_key_by_hash(hash, Timestamp(now)).await.unwrap();
        found.map(|key| key.id)
    }

    #[tokio::test]
    async fn a_key_is_found_by_its_hash_until_it_expires_or_is_revoked() {
        databases(async |database| {
            let store = database.open().await;
            let expiring = NewApiKey {
                permissions: &["cdr.read".to_owned(), "call.read".to_owned()],
                networks: &["192.0.2.0/24".to_owned()],
                maker: Some(UserId(7)),
                expires_at: Some(Timestamp(200)),
                ..new("sync", "h1")
            };
            let id = add(&store, &HERE, expiring).await.unwrap();
            let row = store.api_key(&HERE, id).await.unwrap().unwrap();
            assert_eq!(row.permissions, ["cdr.read", "call.read"]);
            assert_eq!(row.networks, ["192.0.2.0/24"]);
            assert_eq!((row.maker, row.made_by.as_str()), (Some(UserId(7)), "ann"));
            assert_eq!(found(&store, "h1", 199).await, Some(id));
            assert_eq!(found(&store, "h1", 200).await, None, "expired");
            assert_eq!(found(&store, "h2", 0).await, None);

            let other = add(&store, &HERE, new("other", "h2")).await.unwrap();
            assert!(!revoke(&store, &ELSEWHERE, other, 1).await);
            assert!(revoke(&store, &HERE, other, 1).await);
            assert!(!revoke(&store, &HERE, other, 2).await);
            assert_eq!(found(&store, "h2", 0).await, None, "revoked");
        })
        .await;
    }

    #[tokio::test]
    async fn a_name_is_of_one_key_of_a_tenant_until_that_is_revoked() {
        databases(async |database| {
            let store = database.open().await;
            let first = add(&store, &HERE, new("sync", "h1")).await.unwrap();
            let tenant = "INSERT INTO tenant (id, parent_id, kind, name, created_at) \
                 VALUES (2, 1, 'operator', 'other', 0)";
            crate::testing::execute(&store, tenant).await;
            let taken = add(&store, &HERE, new("sync", "h2")).await;
            assert_eq!(taken, Err(ApiKeyRefusal::NameTaken));
            assert!(add(&store, &ELSEWHERE, new("sync", "h3")).await.is_ok());
            revoke(&store, &HERE, first, 1).await;
            let second = add(&store, &HERE, new("sync", "h4")).await.unwrap();
            let listed = store.api_keys(&HERE, None, 10).await.unwrap();
            let ids: Vec<_> = listed.iter().map(|key| key.id).collect();
            assert_eq!(ids, [second, first], "of this tenant, the newest first");
            let next = store.api_keys(&HERE, Some(second), 10).await.unwrap();
            assert_eq!(next.len(), 1);
            assert_eq!(store.api_key(&ELSEWHERE, first).await.unwrap(), None);
        })
        .await;
    }

    #[tokio::test]
    async fn after_a_rotation_the_old_secret_counts_for_as_long_as_was_said() {
        databases(async |database| {
            let store = database.open().await;
            let id = add(&store, &HERE, new("sync", "old")).await.unwrap();
            let rotation = |hash, until: Option<i64>| ApiKeyRotation {
                hint: "dtk_4567",
                key_hash: hash,
                previous_until: until.map(Timestamp),
            };
            let rotate = async |scope: &Scope, hash, until| {
                let rotated = store.rotate_api_key(
                    scope,
                    id,
                    rotation(hash, until),
                    told(scope),
                    Timestamp(100),
                );
                rotated.await.unwrap()
            };
            assert!(!rotate(&ELSEWHERE, "stolen", None).await);
            assert!(rotate(&HERE, "second", Some(150)).await);
            assert_eq!(found(&store, "second", 101).await, Some(id));
            assert_eq!(found(&store, "old", 149).await, Some(id));
            assert_eq!(found(&store, "old", 150).await, None);
            assert!(rotate(&HERE, "third", None).await);
            assert_eq!(found(&store, "second", 101).await, None);
            revoke(&store, &HERE, id, 100).await;
            assert!(!rotate(&HERE, "fourth", None).await);
            let entries: i64 = sql("SELECT COUNT(*) FROM audit_entry")
                .fetch_value(store.reader())
                .await
                .unwrap();
            assert_eq!(entries, 4, "made, rotated twice, revoked");
        })
        .await;
    }

    #[tokio::test]
    async fn the_last_use_is_the_latest_of_all_nodes() {
        databases(async |database| {
            let store = database.open().await;
            let id = add(&store, &HERE, new("sync", "h")).await.unwrap();
            let note = async |at, from: &str| {
                let used = ApiKeyUse {
                    id,
                    at: Timestamp(at),
                    from: Some(from.to_owned()),
                };
                store.note_api_key_uses(&[used]).await.unwrap();
            };
            note(300, "192.0.2.1").await;
            note(200, "192.0.2.2").await;
            let row = store.api_key(&HERE, id).await.unwrap().unwrap();
            assert_eq!(row.last_used_at, Some(Timestamp(300)));
            assert_eq!(row.last_used_from.as_deref(), Some("192.0.2.1"));
        })
        .await;
    }

    #[tokio::test]
    async fn the_keys_of_a_tenant_have_an_end_and_old_ones_are_forgotten() {
        databases(async |database| {
            let store = database.open().await;
            add(&store, &HERE, new("0", "0")).await.unwrap();
            let mut rows = sql("INSERT INTO api_key (tenant_id, name, hint, key_hash, \
                permissions, networks, made_by, created_at) ");
            rows.push_rows(1..i64::from(API_KEYS_MAX), |number| {
                let name = number.to_string();
                let (text, none) = (|text: &str| Value::from(text), Value::from(""));
                let (tenant, at) = (HERE.tenant().get().into(), Timestamp(100).into());
                [
                    tenant,
                    text(&name),
                    none.clone(),
                    text(&name),
                    none.clone(),
                    none,
                    text("ann"),
                    at,
                ]
            });
            rows.execute(store.writer()).await.unwrap();
            let more = add(&store, &HERE, new("more", "more")).await;
            assert_eq!(more, Err(ApiKeyRefusal::TooMany));
            let first = store
                .api_key_by_hash("0", Timestamp(0))
                .await
                .unwrap()
                .unwrap();
            revoke(&store, &HERE, first.id, 10).await;
            let added = store.add_api_key(
                &HERE,
                new("more", "more"),
                told(&HERE),
                Timestamp(100),
                Timestamp(11),
            );
            assert!(added.await.unwrap().is_ok());
            assert_eq!(
                store.api_key(&HERE, first.id).await.unwrap(),
                None,
                "forgotten"
            );
        })
        .await;
    }
}
