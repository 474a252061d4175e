//! What a list is narrowed and sorted by: parameters that differ from kind to kind.

use super::{LIMIT_DEFAULT, LIMIT_MAX, cursor};
use crate::problem::Problem;
use resources::ResourceKind;
use std::collections::BTreeSet;
use store::{ResourceQuery, SortBy};

/// Longest text of one parameter, characters.
const VALUE_CHARS_MAX: usize = 400;

/// Most filters of a list: each costs the database a look at each row.
const FILTERS_MAX: usize = 16;

/// The parameters of a list, and those that `also` names, by name.
pub(super) struct ListQuery {
    pub(super) query: ResourceQuery,
    pub(super) others: Vec<(String, String)>,
}

/// Reads a query string.
///
/// # Errors
/// A problem that names the parameter.
pub(super) fn read(
    kind: ResourceKind,
    text: Option<&str>,
    also: &[&str],
) -> Result<ListQuery, Problem> {
    let fields = kind.filter_fields();
    let mut query = ResourceQuery {
        kind: kind.as_str().to_owned(),
        limit: LIMIT_DEFAULT,
        ..ResourceQuery::default()
    };
    let mut place = None;
    let mut others = Vec::new();
    let mut seen = BTreeSet::new();
    let pairs = form_urlencoded::parse(text.unwrap_or_default().as_bytes());
    for (name, value) in pairs {
        if value.chars().count() > VALUE_CHARS_MAX && name != "cursor" {
            let message = format!("write at most {VALUE_CHARS_MAX} characters");
            return Err(Problem::bad_parameter(&name, message));
        }
        // Filters are joined; of all else only one can be meant.
        if !fields.contains(&&*name) && !seen.insert(name.clone()) {
            return Err(Problem::bad_parameter(&name, "write it once"));
        }
        match &*name {
            "q" => query.search = Some(value.into_owned()),
            "sort" => sort(&fields, &value, &mut query)?,
            "limit" => query.limit = limit(&value)?,
            "cursor" => place = Some(value.into_owned()),
            field if fields.contains(&field) && query.filters.len() == FILTERS_MAX => {
                let message = format!("write at most {FILTERS_MAX} filters");
                return Err(Problem::bad_parameter(field, message));
            }
            field if fields.contains(&field) => {
                query.filters.push((field.to_owned(), value.to_lowercase()));
            }
            other if also.contains(&other) => {
                others.push((other.to_owned(), value.into_owned()));
            }
            unknown => {
                let message = format!("there is no such parameter; fields: {}", fields.join(", "));
                return Err(Problem::bad_parameter(unknown, message));
            }
        }
    }
    if let Some(place) = place {
        query.cursor = Some(cursor::read(&place, &query.sort, query.descending)?);
    }
    Ok(ListQuery { query, others })
}

fn sort(fields: &[&str], text: &str, query: &mut ResourceQuery) -> Result<(), Problem> {
    let name = text.strip_prefix('-');
    query.descending = name.is_some();
    query.sort = match name.unwrap_or(text) {
        "name" => SortBy::Name,
        "created_at" => SortBy::CreatedAt,
        "updated_at" => SortBy::UpdatedAt,
        field if fields.contains(&field) => SortBy::Field(field.to_owned()),
        _ => {
            let names = fields.join(", ");
            let message = format!("sort by name, created_at, updated_at, {names}");
            return Err(Problem::bad_parameter("sort", message));
        }
    };
    Ok(())
}

pub(crate) fn limit(text: &str) -> Result<u32, Problem> {
    let limit = text
        .parse()
        .ok()
        .filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| {
        let message = format!("write a whole number from 1 to {LIMIT_MAX}");
        Problem::bad_parameter("limit", message)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn a_list_has_an_end_of_filters() {
        let kind = ResourceKind::Trunk;
        let field = kind.filter_fields()[0];
        let text = |count: usize| vec![format!("{field}=x"); count].join("&");
        let found = read(kind, Some(&text(FILTERS_MAX)), &[]).unwrap_or_else(|_| panic!());
        assert_eq!(found.query.filters.len(), FILTERS_MAX);
        let refused = read(kind, Some(&text(FILTERS_MAX + 1)), &[]).err().unwrap();
        assert_eq!(refused.status, 400);
        assert_eq!(refused.errors[0].field.as_deref(), Some(field));
    }
}
