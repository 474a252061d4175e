//! What a change set wants of each resource.

use super::{Store, StoreError};
use crate::Scope;
use crate::database::{Row, sql};
use crate::resources::json;
use rating::Timestamp;
use serde_json::Value;

/// A draft that is about to be put into a change set. It takes the place of one of the same kind
/// and name.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDraft {
    /// Kind of the resource.
    pub kind: String,
    /// The name in force; the name it shall get, when it is new.
    pub name: String,
    /// Number of the resource; `None` when it is new.
    pub resource_id: Option<i64>,
    /// The version that it was made from; `None`: the resource is not there.
    pub base_version: Option<u64>,
    /// The name that it shall have.
    pub new_name: String,
    /// All that can be written; `None`: the resource shall go.
    pub content: Option<Value>,
    /// The deck that belongs to it.
    pub deck_hash: Option<String>,
    /// Why.
    pub note: Option<String>,
    /// Who wants it.
    pub author: String,
}

/// A draft, with what it was made from and what is in force.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftRow {
    /// What is wanted.
    pub draft: NewDraft,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// The version that it was made from.
    pub base: Option<DraftBase>,
    /// The version that the resource has now; `None` when there is none (any more).
    pub version_in_force: Option<u64>,
}

/// The version that a draft was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftBase {
    /// The name at that time.
    pub name: String,
    /// What another system called it.
    pub external_id: Option<String>,
    /// The fields.
    pub spec: Value,
    /// Who got it.
    pub assignment: Value,
    /// The rate deck.
    pub deck_hash: Option<String>,
}

/// Which drafts of a change set to list, by kind and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DraftQuery {
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only of this name, in force or wanted.
    pub name: Option<String>,
    /// Only those behind this kind and name.
    pub after: Option<(String, String)>,
    /// At most so many; `None`: all.
    pub limit: Option<u32>,
}

const COLUMNS: &str = "d.kind, d.name, d.resource_id, d.base_version, d.new_name, d.content, \
    d.deck_hash, d.note, d.author, d.updated_at, \
    v.name, v.external_id, v.spec, v.assignment, v.deck_hash, \
    COALESCE(r.version, n.version)";

const JOINS: &str = " FROM change_set_draft d JOIN change_set c ON c.id = d.change_set_id \
    LEFT JOIN resource_version v ON v.resource_id = d.resource_id AND v.version = d.base_version \
    LEFT JOIN resource r ON r.id = d.resource_id AND r.deleted_at IS NULL \
    LEFT JOIN resource n ON d.base_version IS NULL AND n.owner = c.owner AND n.kind = d.kind \
    AND n.name = d.name AND n.deleted_at IS NULL";

impl Store {
    /// The drafts of a change set of the tenant, by kind and name.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn drafts(
        &self,
        scope: &Scope,
        change_set: i64,
        query: &DraftQuery,
    ) -> Result<Vec<DraftRow>, StoreError> {
        let mut list = sql("SELECT ");
        list.push(COLUMNS).push(JOINS);
        list.push(" WHERE c.owner = ")
            .push_bind(scope.tenant().get());
        list.push(" AND c.id = ").push_bind(change_set);
        if let Some(kind) = &query.kind {
            list.push(" AND d.kind = ").push_bind(kind);
        }
        if let Some(name) = &query.name {
            list.push(" AND (d.name = ").push_bind(name);
            list.push(" OR d.new_name = ").push_bind(name).push(")");
        }
        if let Some((kind, name)) = &query.after {
            list.push(" AND (d.kind, d.name) > (").push_bind(kind);
            list.push(", ").push_bind(name).push(")");
        }
        list.push(" ORDER BY d.kind, d.name");
        if let Some(limit) = query.limit {
            list.push(" LIMIT ").push_bind(limit);
        }
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(draft).collect()
    }
}

fn draft(row: &Row) -> Result<DraftRow, StoreError> {
    let content: Option<String> = row.get(5)?;
    let content = content.map(|text| json("change_set_draft", &text));
    let number = |column: usize| -> Result<Option<u64>, StoreError> {
        Ok(row.get::<Option<i64>>(column)?.map(i64::unsigned_abs))
    };
    Ok(DraftRow {
        draft: NewDraft {
            kind: row.get(0)?,
            name: row.get(1)?,
            resource_id: row.get(2)?,
            base_version: number(3)?,
            new_name: row.get(4)?,
            content: content.transpose()?,
            deck_hash: row.get(6)?,
            note: row.get(7)?,
            author: row.get(8)?,
        },
        updated_at: Timestamp(row.get(9)?),
        base: base(row)?,
        version_in_force: number(15)?,
    })
}

fn base(row: &Row) -> Result<Option<DraftBase>, StoreError> {
    let Some(name) = row.get(10)? else {
        return Ok(None);
    };
    Ok(Some(DraftBase {
        name,
        external_id: row.get(11)?,
        spec: json("resource_version", row.get(12)?)?,
        assignment: json("resource_version", row.get(13)?)?,
        deck_hash: row.get(14)?,
    }))
}
