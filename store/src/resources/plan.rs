//! How a page of a list is found, so that it costs what the page holds and not what the table does.
//!
//! A page can be found in four ways. Neither database knows which is best, because it would have
//! to know how many rows a value has, so we look:
//!
//! - a list that is filtered and sorted by name or time walks the index of the filter, which has
//!   both;
//! - a list with a condition that few fulfil takes those and sorts them;
//! - a list by name that is searched for the beginning of few words merges their indexes, which
//!   have the names;
//! - any other walks the index of its order and asks of each row whether the conditions hold:
//!   many do, so a page is full soon.

use super::cut_term;
use super::list::{ResourceQuery, SortBy};
use crate::Scope;
use crate::database::{Statement, Value, prefix_range, sql};

/// So many rows are few: sorting them costs less than a millisecond.
pub(super) const FEW: i64 = 500;

/// Words that begin with one asked for, at most, whose indexes are merged.
pub(super) const TERMS_MAX: usize = 8;

/// What a page is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Driver {
    /// The index of a filter or that of the order.
    Order,
    /// The rows of the condition of this index, which are few.
    Few(usize),
    /// The words of the condition of this index, [`TERMS_MAX`] or fewer.
    Terms(usize, Vec<String>),
}

/// What a row of the list fulfils.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// A field has the value.
    Field { field: String, value: String },
    /// A word is in the range of words that begin with one asked for.
    Word { first: String, behind: String },
}

impl Condition {
    pub(super) fn word(word: &str) -> Option<Self> {
        let (first, behind) = prefix_range(cut_term(word))?;
        Some(Self::Word { first, behind })
    }

    fn is_field(&self) -> bool {
        matches!(self, Self::Field { .. })
    }

    /// ` FROM table f WHERE …`: its rows.
    fn push_rows_of(&self, scope: &Scope, kind: &str, statement: &mut Statement) {
        statement.push(match self {
            Self::Field { .. } => " FROM resource_field f WHERE f.owner = ",
            Self::Word { .. } => " FROM resource_term f WHERE f.owner = ",
        });
        statement.push_bind(scope.tenant().get());
        statement.push(" AND f.kind = ").push_bind(kind);
        match self {
            Self::Field { field, value } => {
                statement.push(" AND f.field = ").push_bind(field);
                statement.push(" AND f.value = ").push_bind(value);
            }
            Self::Word { first, behind } => {
                statement.push(" AND f.term >= ").push_bind(first);
                statement.push(" AND f.term < ").push_bind(behind);
            }
        }
    }

    /// ` AND EXISTS (…)` for the resource whose number is `id`.
    fn push_exists(&self, id: &'static str, statement: &mut Statement) {
        match self {
            Self::Field { field, value } => {
                statement
                    .push(" AND EXISTS (SELECT 1 FROM resource_field e WHERE e.resource_id = ");
                statement.push(id).push(" AND e.field = ").push_bind(field);
                statement.push(" AND e.value = ").push_bind(value);
            }
            Self::Word { first, behind } => {
                statement.push(" AND EXISTS (SELECT 1 FROM resource_term e WHERE e.resource_id = ");
                statement.push(id).push(" AND e.term >= ").push_bind(first);
                statement.push(" AND e.term < ").push_bind(behind);
            }
        }
        statement.push(")");
    }
}

/// Whether it is worth to count first: not when one index has the answer in order.
pub(super) fn is_worth_a_probe(query: &ResourceQuery, conditions: &[Condition]) -> bool {
    match conditions {
        [] => false,
        [only] => !only.is_field() || !stands_in_filters(&query.sort),
        _ => true,
    }
}

/// Counts the rows of each condition, up to [`FEW`]: index of the condition, count.
pub(super) fn probe(scope: &Scope, query: &ResourceQuery, conditions: &[Condition]) -> Statement {
    let mut statement = sql("");
    for (index, condition) in (0_i64..).zip(conditions) {
        if index > 0 {
            statement.push(" UNION ALL ");
        }
        statement.push("SELECT CAST(").push_bind(index);
        statement.push(" AS BIGINT), COUNT(*) FROM (SELECT 1");
        condition.push_rows_of(scope, &query.kind, &mut statement);
        statement.push(" LIMIT ").push_bind(FEW).push(") few");
    }
    statement
}

/// Condition whose words are worth a look when no condition has few rows, with their range.
pub(super) fn searched<'c>(
    query: &ResourceQuery,
    conditions: &'c [Condition],
) -> Option<(usize, &'c str, &'c str)> {
    let words = conditions.iter().enumerate();
    let mut words = words.filter_map(|(index, condition)| match condition {
        Condition::Word { first, behind } => Some((index, first.as_str(), behind.as_str())),
        Condition::Field { .. } => None,
    });
    words.next().filter(|_| query.sort == SortBy::Name)
}

/// The words in a range, one more than [`TERMS_MAX`] at most: each is sought in the index, so that
/// the rows between two of them cost nothing.
pub(super) fn terms(scope: &Scope, query: &ResourceQuery, first: &str, behind: &str) -> Statement {
    let push_next = |statement: &mut Statement| {
        statement.push("(SELECT f.term FROM resource_term f WHERE f.owner = ");
        statement.push_bind(scope.tenant().get());
        statement.push(" AND f.kind = ").push_bind(&query.kind);
        statement.push(" AND f.term < ").push_bind(behind);
    };
    let mut statement = sql("WITH RECURSIVE found (term) AS (SELECT ");
    push_next(&mut statement);
    statement.push(" AND f.term >= ").push_bind(first);
    statement.push(" ORDER BY f.term LIMIT 1) UNION ALL SELECT ");
    push_next(&mut statement);
    statement.push(" AND f.term > found.term ORDER BY f.term LIMIT 1)");
    statement.push(" FROM found WHERE found.term IS NOT NULL)");
    statement.push(" SELECT term FROM found WHERE term IS NOT NULL LIMIT ");
    statement.push_bind(TERMS_MAX as i64 + 1);
    statement
}

/// The numbers and sort keys (`id`, `sort_key`) of a page and of one row more.
pub(super) fn page(
    scope: &Scope,
    query: &ResourceQuery,
    conditions: &[Condition],
    driver: &Driver,
) -> Statement {
    let in_filters = stands_in_filters(&query.sort);
    let few = match driver {
        Driver::Terms(index, terms) => return along_terms(scope, query, conditions, *index, terms),
        Driver::Few(index) => Some(*index),
        Driver::Order => None,
    };
    let some_filter = || conditions.iter().position(Condition::is_field);
    match few.or_else(|| some_filter().filter(|_| in_filters)) {
        Some(index) if in_filters && conditions[index].is_field() => {
            along_a_filter(scope, query, conditions, index)
        }
        few => along_the_order(scope, query, conditions, few),
    }
}

/// Whether the index of a filter has what a list is sorted by.
fn stands_in_filters(sort: &SortBy) -> bool {
    !matches!(sort, SortBy::Field(_))
}

/// Walks the index of a filter, which is in the order of the list.
fn along_a_filter(
    scope: &Scope,
    query: &ResourceQuery,
    conditions: &[Condition],
    filter: usize,
) -> Statement {
    let column = match query.sort {
        SortBy::Name | SortBy::Field(_) => "f.name",
        SortBy::CreatedAt => "f.created_at",
        SortBy::UpdatedAt => "f.updated_at",
    };
    let mut statement = sql("SELECT f.resource_id AS id, ");
    statement.push(column).push(" AS sort_key");
    conditions[filter].push_rows_of(scope, &query.kind, &mut statement);
    push_others(conditions, Some(filter), "f.resource_id", &mut statement);
    let key = |statement: &mut Statement| {
        statement.push(column);
    };
    push_end(query, key, "f.resource_id", &mut statement);
    statement
}

/// Merges the indexes of words, which are in the order of names. What has two of the words comes
/// once.
fn along_terms(
    scope: &Scope,
    query: &ResourceQuery,
    conditions: &[Condition],
    done: usize,
    terms: &[String],
) -> Statement {
    let mut statement = sql("SELECT id, sort_key FROM (");
    for (index, term) in terms.iter().enumerate() {
        if index > 0 {
            statement.push(" UNION ");
        }
        statement.push("SELECT id, sort_key FROM (SELECT f.resource_id AS id, f.name AS sort_key");
        statement.push(" FROM resource_term f WHERE f.owner = ");
        statement.push_bind(scope.tenant().get());
        statement.push(" AND f.kind = ").push_bind(&query.kind);
        statement.push(" AND f.term = ").push_bind(term);
        push_others(conditions, Some(done), "f.resource_id", &mut statement);
        let key = |statement: &mut Statement| {
            statement.push("f.name");
        };
        push_end(query, key, "f.resource_id", &mut statement);
        statement.push(") of_term");
    }
    statement.push(") of_terms");
    let key = |statement: &mut Statement| {
        statement.push("sort_key");
    };
    push_order(query, key, "id", &mut statement);
    statement
}

/// Walks the resources in their order, or those few that fulfil the condition `few`.
fn along_the_order(
    scope: &Scope,
    query: &ResourceQuery,
    conditions: &[Condition],
    few: Option<usize>,
) -> Statement {
    let key = |statement: &mut Statement| push_key(&query.sort, statement);
    let mut statement = sql("SELECT r.id AS id, ");
    key(&mut statement);
    // With the sign no index of the owner serves: the few are taken by their numbers.
    statement.push(match few {
        None => " AS sort_key FROM resource r WHERE r.owner = ",
        Some(_) => " AS sort_key FROM resource r WHERE +r.owner = ",
    });
    statement.push_bind(scope.tenant().get());
    statement.push(" AND r.kind = ").push_bind(&query.kind);
    statement.push(" AND r.deleted_at IS NULL");
    if let Some(few) = few {
        statement.push(" AND r.id IN (SELECT f.resource_id");
        conditions[few].push_rows_of(scope, &query.kind, &mut statement);
        statement.push(")");
    }
    push_others(conditions, few, "r.id", &mut statement);
    push_end(query, key, "r.id", &mut statement);
    statement
}

/// All conditions but one.
fn push_others(
    conditions: &[Condition],
    done: Option<usize>,
    id: &'static str,
    statement: &mut Statement,
) {
    for (index, condition) in conditions.iter().enumerate() {
        if Some(index) != done {
            condition.push_exists(id, statement);
        }
    }
}

/// What a resource `r` is sorted by.
fn push_key(sort: &SortBy, statement: &mut Statement) {
    match sort {
        SortBy::Name => statement.push("r.name"),
        SortBy::CreatedAt => statement.push("r.created_at"),
        SortBy::UpdatedAt => statement.push("r.updated_at"),
        SortBy::Field(field) => {
            statement.push("COALESCE((SELECT MIN(s.sort_value) FROM resource_field s ");
            statement.push("WHERE s.resource_id = r.id AND s.field = ");
            statement.push_bind(field).push("), '')")
        }
    };
}

/// The place to go on from, the order, the limit.
fn push_end(
    query: &ResourceQuery,
    key: impl Fn(&mut Statement),
    id: &'static str,
    statement: &mut Statement,
) {
    if let Some(cursor) = &query.cursor {
        statement.push(" AND (");
        key(statement);
        statement.push(", ").push(id);
        statement.push(if query.descending { ") < (" } else { ") > (" });
        let value = match query.sort {
            SortBy::Name | SortBy::Field(_) => Value::from(&cursor.key),
            // A key that is no time is none of ours: the list begins anew.
            SortBy::CreatedAt | SortBy::UpdatedAt => cursor.key.parse::<i64>().unwrap_or(0).into(),
        };
        statement
            .push_bind(value)
            .push(", ")
            .push_bind(cursor.id)
            .push(")");
    }
    push_order(query, key, id, statement);
}

/// The order, the limit.
fn push_order(
    query: &ResourceQuery,
    key: impl Fn(&mut Statement),
    id: &'static str,
    statement: &mut Statement,
) {
    statement.push(" ORDER BY ");
    let direction = if query.descending { " DESC" } else { "" };
    key(statement);
    statement
        .push(direction)
        .push(", ")
        .push(id)
        .push(direction);
    statement
        .push(" LIMIT ")
        .push_bind(i64::from(query.limit) + 1);
}
