//! A page of a list: filtered, searched, sorted, with a place to go on from.

use super::plan::{self, Condition, Driver};
use super::{RESOURCE_COLUMNS, ResourceRow, cut_value, resource};
use crate::database::{Row, Statement, sql};
use crate::{Scope, Store, StoreError};

/// Words of a search that count; more only cost.
const WORDS_MAX: usize = 8;

/// Which resources to list; all of what is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceQuery {
    /// Their kind.
    pub kind: String,
    /// Fields and the value that each has, in lower case.
    pub filters: Vec<(String, String)>,
    /// Words; each must be the beginning of a word of the resource.
    pub search: Option<String>,
    /// The order.
    pub sort: SortBy,
    /// Backwards.
    pub descending: bool,
    /// Only those behind this place, which must be of a list with the same order.
    pub cursor: Option<ResourceCursor>,
    /// How many, at most.
    pub limit: u32,
}

/// The order of a list. Resources with the same key are in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SortBy {
    /// By name, in byte order.
    #[default]
    Name,
    /// By the time of the first version.
    CreatedAt,
    /// By the time of the last version.
    UpdatedAt,
    /// By the value of a field: numbers by size, all else in byte order. What has none comes first.
    Field(String),
}

/// A place in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceCursor {
    /// What the last row seen was sorted by.
    pub key: String,
    /// Its number.
    pub id: i64,
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourcePage {
    /// The resources.
    pub rows: Vec<ResourceRow>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<ResourceCursor>,
}

impl Store {
    /// A page of the resources of one kind.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn list_resources(
        &self,
        scope: &Scope,
        query: &ResourceQuery,
    ) -> Result<ResourcePage, StoreError> {
        let Some(conditions) = conditions(query) else {
            return Ok(ResourcePage::default());
        };
        let driver = self.driver(scope, query, &conditions).await?;
        let page = plan::page(scope, query, &conditions, &driver);
        let rows = with_columns(page, query.descending)
            .fetch_all(self.reader())
            .await?;
        let more = rows.len() > query.limit as usize;
        let rows = &rows[..rows.len().min(query.limit as usize)];
        let last = rows.last().filter(|_| more);
        Ok(ResourcePage {
            next: last.map(|last| cursor(last, &query.sort)).transpose()?,
            rows: rows.iter().map(resource).collect::<Result<_, _>>()?,
        })
    }

    /// What the page is best found by.
    pub(super) async fn driver(
        &self,
        scope: &Scope,
        query: &ResourceQuery,
        conditions: &[Condition],
    ) -> Result<Driver, StoreError> {
        if !plan::is_worth_a_probe(query, conditions) {
            return Ok(Driver::Order);
        }
        if let Some(few) = self.few(scope, query, conditions).await? {
            return Ok(Driver::Few(few));
        }
        let Some((index, first, behind)) = plan::searched(query, conditions) else {
            return Ok(Driver::Order);
        };
        let terms = plan::terms(scope, query, first, behind);
        let rows = terms.fetch_all(self.reader()).await?;
        let terms: Vec<String> = rows
            .iter()
            .map(|row| row.get(0))
            .collect::<Result<_, _>>()?;
        Ok(match terms.len() {
            1..=plan::TERMS_MAX => Driver::Terms(index, terms),
            _ => Driver::Order,
        })
    }

    /// The condition that so few fulfil that it is best to begin with them.
    async fn few(
        &self,
        scope: &Scope,
        query: &ResourceQuery,
        conditions: &[Condition],
    ) -> Result<Option<usize>, StoreError> {
        let probe = plan::probe(scope, query, conditions);
        let counts = probe.fetch_all(self.reader()).await?;
        let mut fewest: Option<(i64, usize)> = None;
        for row in &counts {
            let index: i64 = row.get(0)?;
            let count: i64 = row.get(1)?;
            // Only a number of ours comes back.
            let index = usize::try_from(index).unwrap_or(0);
            if count < plan::FEW && fewest.is_none_or(|(least, _)| count < least) {
                fewest = Some((count, index));
            }
        }
        Ok(fewest.map(|(_, index)| index))
    }
}

/// What must hold, filters first; `None` when nothing can.
pub(super) fn conditions(query: &ResourceQuery) -> Option<Vec<Condition>> {
    let mut conditions: Vec<Condition> = query
        .filters
        .iter()
        .map(|(field, value)| Condition::Field {
            field: field.clone(),
            value: cut_value(value).to_owned(),
        })
        .collect();
    let search = query.search.as_deref().unwrap_or_default().to_lowercase();
    let words = search
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty());
    conditions.extend(words.take(WORDS_MAX).filter_map(Condition::word));
    // A search for punctuation alone finds nothing, rather than everything.
    let searched_in_vain = !search.trim().is_empty() && conditions.len() == query.filters.len();
    (!searched_in_vain).then_some(conditions)
}

/// The whole rows of a page of numbers and keys, in its order.
fn with_columns(page: Statement, descending: bool) -> Statement {
    let mut statement = sql("SELECT ");
    statement.push(RESOURCE_COLUMNS).push(", p.sort_key FROM (");
    statement.append(page);
    statement.push(") p JOIN resource r ON r.id = p.id ORDER BY ");
    statement.push(if descending {
        "p.sort_key DESC, p.id DESC"
    } else {
        "p.sort_key, p.id"
    });
    statement
}

/// Position of the sort key behind the columns of a resource.
const SORT_KEY: usize = 15;

fn cursor(row: &Row, sort: &SortBy) -> Result<ResourceCursor, StoreError> {
    let key = match sort {
        SortBy::Name | SortBy::Field(_) => row.get(SORT_KEY)?,
        SortBy::CreatedAt | SortBy::UpdatedAt => row.get::<i64>(SORT_KEY)?.to_string(),
    };
    Ok(ResourceCursor {
        key,
        id: row.get(0)?,
    })
}
