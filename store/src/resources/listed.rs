//! A page of a list as the database writes it: one JSON text for all its rows.
//!
//! A row of its own costs the driver a dozen allocations and a message between two threads, and a
//! spec that is only passed on need not be read. So a page is one row of one text, and what is
//! taken out of it borrows from the text.

use super::list::{ResourceCursor, ResourceQuery};
use super::{list, plan};
use crate::database::{Dialect, Statement, sql};
use crate::{Scope, Store, StoreError};
use rating::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A page of a list, as it came.
#[derive(Clone, Debug, Default)]
pub struct ListedPage {
    text: String,
    limit: usize,
}

/// A resource of a [`ListedPage`].
#[derive(Clone, Debug, Deserialize)]
pub struct ListedResource<'p> {
    /// The row's number.
    pub id: i64,
    /// Its name.
    #[serde(borrow)]
    pub name: Cow<'p, str>,
    /// What another system calls it.
    pub external_id: Option<String>,
    /// 1 for the first version.
    pub version: u64,
    /// Its fields, as JSON.
    #[serde(borrow)]
    pub spec: &'p RawValue,
    /// Who gets it, as JSON.
    #[serde(borrow)]
    pub assignment: &'p RawValue,
    created_at: i64,
    updated_at: i64,
    /// Who wrote the version.
    #[serde(borrow)]
    pub updated_by: Cow<'p, str>,
    #[serde(borrow)]
    sort_key: &'p RawValue,
}

impl Store {
    /// As [`list_resources`](Self::list_resources), for a page that is only passed on.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn listed_page(
        &self,
        scope: &Scope,
        query: &ResourceQuery,
    ) -> Result<ListedPage, StoreError> {
        let Some(conditions) = list::conditions(query) else {
            return Ok(ListedPage::default());
        };
        let driver = self.driver(scope, query, &conditions).await?;
        let page = plan::page(scope, query, &conditions, &driver);
        let text: Option<String> = as_text(page, query.descending, self.reader().dialect())
            .fetch_value(self.reader())
            .await?;
        Ok(ListedPage {
            text: text.unwrap_or_default(),
            limit: query.limit as usize,
        })
    }
}

/// The rows of a page of numbers and keys, in its order, as one JSON text.
fn as_text(page: Statement, descending: bool, dialect: Dialect) -> Statement {
    let mut statement = sql("SELECT CAST(");
    statement.push(dialect.json_rows()).push("(");
    statement.push(dialect.json_array());
    statement.push("(r.id, r.name, r.external_id, r.version, ");
    dialect.push_json("r.spec", &mut statement);
    statement.push(", ");
    dialect.push_json("r.assignment", &mut statement);
    statement.push(", r.created_at, r.updated_at, r.updated_by, p.sort_key) ORDER BY ");
    statement.push(if descending {
        "p.sort_key DESC, p.id DESC"
    } else {
        "p.sort_key, p.id"
    });
    statement.push(") AS TEXT) FROM (").append(page);
    statement.push(") p JOIN resource r ON r.id = p.id");
    statement
}

impl ListedPage {
    /// The resources, and where the next page begins.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`].
    pub fn rows(&self) -> Result<(Vec<ListedResource<'_>>, Option<ResourceCursor>), StoreError> {
        if self.text.is_empty() {
            return Ok((Vec::new(), None));
        }
        let corrupt = |source| StoreError::Corrupt {
            table: "resource",
            source,
        };
        let mut rows: Vec<ListedResource<'_>> =
            serde_json::from_str(&self.text).map_err(corrupt)?;
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let last = rows.last().filter(|_| more);
        let next = last.map(ListedResource::place).transpose();
        Ok((rows, next.map_err(corrupt)?))
    }
}

impl ListedResource<'_> {
    /// When the first version was written.
    pub fn created_at(&self) -> Timestamp {
        Timestamp(self.created_at)
    }

    /// When this version was written.
    pub fn updated_at(&self) -> Timestamp {
        Timestamp(self.updated_at)
    }

    fn place(&self) -> Result<ResourceCursor, serde_json::Error> {
        let key = self.sort_key.get();
        let key = if key.starts_with('"') {
            serde_json::from_str(key)?
        } else {
            key.to_owned()
        };
        Ok(ResourceCursor { key, id: self.id })
    }
}
