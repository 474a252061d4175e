//! The calls of a Call-ID, which may be that of any leg.
//!
//! Two indexes find them, of calls and of attempts. Their identifiers are asked for first, and the records by
//! them: then PostgreSQL looks at the days of those calls, where it would join all days with each other.

use super::columns::call_id_key;
use super::days::push_days;
use super::query::Between;
use super::{CdrParty, CdrQuery};
use crate::database::{Statement, sql};
use crate::{Scope, Store, StoreError};

/// Calls that one Call-ID is looked up for; of more the database joins.
const CALLS_MAX: usize = 1_000;

/// What a search by a Call-ID of any leg comes to.
#[derive(Clone, Debug)]
pub(super) enum Legs {
    /// It is no such search.
    NotAsked,
    /// The calls that have it, whatever else is asked.
    Calls(Vec<String>),
    /// So many have it that the database is to find them beside the other filters.
    Many,
}

impl CdrQuery {
    /// Whether it is a search by a Call-ID of any leg.
    pub(super) fn by_leg(&self) -> Option<&str> {
        let call_id = self.call_id.as_deref().map(call_id_key);
        call_id.filter(|_| self.party == CdrParty::Staff)
    }
}

impl Store {
    /// Looks a Call-ID up, when one is asked for.
    pub(super) async fn legs(&self, scope: &Scope, query: &CdrQuery) -> Result<Legs, StoreError> {
        let Some(call_id) = query.by_leg() else {
            return Ok(Legs::NotAsked);
        };
        let rows = calls_of(scope, query, call_id).fetch_all(self.reader());
        let rows = rows.await?;
        if rows.len() > CALLS_MAX {
            return Ok(Legs::Many);
        }
        let calls = rows
            .iter()
            .map(|row| row.get(0))
            .collect::<Result<_, _>>()?;
        Ok(Legs::Calls(calls))
    }
}

/// Identifiers of calls of which a leg has the Call-ID, one more than are looked up.
pub(super) fn calls_of(scope: &Scope, query: &CdrQuery, call_id: &str) -> Statement {
    let mut calls = sql("");
    push_calls(&mut calls, scope, query, call_id);
    calls.push(" LIMIT ").push_bind(CALLS_MAX as i64 + 1);
    calls
}

/// Appends what finds them. Two indexes: a union of what each finds uses both, which an OR does not.
fn push_calls(sql: &mut Statement, scope: &Scope, query: &CdrQuery, call_id: &str) {
    let owner = scope.tenant().get();
    let Between { from, to } = query.received;
    sql.push("SELECT i.id FROM cdr i WHERE i.owner = ");
    sql.push_bind(owner).push(" AND i.ingress_call_id = ");
    sql.push_bind(call_id);
    push_days(sql, "i.id", from, to);
    sql.push(" UNION SELECT e.call_id FROM attempt e WHERE e.owner = ");
    sql.push_bind(owner).push(" AND e.egress_call_id = ");
    sql.push_bind(call_id);
    push_days(sql, "e.call_id", from, to);
}

/// Appends that a record is one of them.
pub(super) fn push_legs(sql: &mut Statement, scope: &Scope, query: &CdrQuery, legs: &Legs) {
    match (legs, query.by_leg()) {
        (Legs::Calls(calls), _) if calls.is_empty() => {
            sql.push(" AND 1 = 0");
        }
        (Legs::Calls(calls), _) => {
            sql.push(" AND id IN (").push_list(calls).push(")");
        }
        (_, Some(call_id)) => {
            sql.push(" AND id IN (");
            push_calls(sql, scope, query, call_id);
            sql.push(")");
        }
        (_, None) => {}
    }
}
