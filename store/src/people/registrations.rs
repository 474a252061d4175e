//! Strangers who asked for an account, proved their address and wait for an answer.

use super::PeopleWrite;
use crate::database::{Row, sql};
use crate::{Scope, Store, StoreError, TenantId};
use rating::Timestamp;

/// A request that waits.
#[derive(Clone, PartialEq, Eq)]
pub struct RegistrationRow {
    /// The row's number.
    pub id: i64,
    /// Whom it was sent to.
    pub tenant: TenantId,
    /// `customer` or `carrier`.
    pub kind: String,
    /// The name of the company.
    pub company: String,
    /// The category that a customer chose.
    pub category: Option<String>,
    /// The name of the person.
    pub full_name: String,
    /// The address of the person, in lower case.
    pub email: String,
    /// The hash of the password that the person chose, in PHC form.
    pub password_hash: String,
    /// When the address was proved.
    pub created_at: Timestamp,
}

/// A request that is about to wait; fields as of [`RegistrationRow`].
#[derive(Clone)]
#[allow(missing_docs, reason = "the fields are those of RegistrationRow")]
pub struct NewRegistration<'a> {
    pub tenant: TenantId,
    pub kind: &'a str,
    pub company: &'a str,
    pub category: Option<&'a str>,
    pub full_name: &'a str,
    pub email: &'a str,
    pub password_hash: &'a str,
}

const COLUMNS: &str = "id, tenant_id, kind, company, category, full_name, email, password_hash, \
    created_at";

impl Store {
    /// Requests to the tenant, those after that number, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn registrations(
        &self,
        scope: &Scope,
        after: i64,
        limit: u32,
    ) -> Result<Vec<RegistrationRow>, StoreError> {
        let mut query = sql("SELECT ");
        query
            .push(COLUMNS)
            .push(" FROM registration WHERE tenant_id = ");
        query.push_bind(scope.tenant().get());
        query.push(" AND id > ").push_bind(after);
        query.push(" ORDER BY id LIMIT ").push_bind(limit);
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter().map(registration).collect()
    }
}

impl PeopleWrite {
    /// Lets a request wait; an earlier one of the same address to the same tenant goes. False when
    /// `limit` wait already.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn add_registration(
        &mut self,
        new: &NewRegistration<'_>,
        limit: u32,
    ) -> Result<bool, StoreError> {
        sql("DELETE FROM registration WHERE tenant_id = $1 AND email = $2")
            .bind(new.tenant.get())
            .bind(new.email)
            .execute(&mut self.transaction)
            .await?;
        let waiting: i64 = sql("SELECT COUNT(*) FROM registration WHERE tenant_id = $1")
            .bind(new.tenant.get())
            .fetch_value(&mut self.transaction)
            .await?;
        if waiting >= i64::from(limit) {
            return Ok(false);
        }
        sql(
            "INSERT INTO registration (tenant_id, kind, company, category, full_name, email, \
             password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(new.tenant.get())
        .bind(new.kind)
        .bind(new.company)
        .bind(new.category)
        .bind(new.full_name)
        .bind(new.email)
        .bind(new.password_hash)
        .bind(self.now)
        .execute(&mut self.transaction)
        .await?;
        Ok(true)
    }

    /// Takes a request away to answer it: of two who answer only one gets it.
    pub async fn take_registration(
        &mut self,
        scope: &Scope,
        id: i64,
    ) -> Result<Option<RegistrationRow>, StoreError> {
        let mut query = sql("DELETE FROM registration WHERE id = ");
        query.push_bind(id).push(" AND tenant_id = ");
        query.push_bind(scope.tenant().get());
        query.push(" RETURNING ").push(COLUMNS);
        let row = query.fetch_optional(&mut self.transaction).await?;
        row.as_ref().map(registration).transpose()
    }
}

fn registration(row: &Row) -> Result<RegistrationRow, StoreError> {
    Ok(RegistrationRow {
        id: row.get(0)?,
        tenant: TenantId::new(row.get(1)?),
        kind: row.get(2)?,
        company: row.get(3)?,
        category: row.get(4)?,
        full_name: row.get(5)?,
        email: row.get(6)?,
        password_hash: row.get(7)?,
        created_at: Timestamp(row.get(8)?),
    })
}
