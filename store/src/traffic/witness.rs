//! A witness of the sums that counts otherwise than they are made: the columns of calls and attempts, added up by
//! the database. A rule that is wrong in the loader and in the comparison alike is found by it.

use super::day::RecordedDay;
use super::sums::{Grain, Traffic, TrafficSide};
use crate::StoreError;
use crate::cdrs::{behind_id, first_id};
use crate::database::{Row, Transaction, sql};
use rating::Timestamp;
use std::collections::BTreeMap;

const NANOS: i128 = 1_000_000_000;

/// How many calls or attempts, and two amounts of them in nano-units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Witnessed {
    seizures: i128,
    first: i128,
    second: i128,
}

/// What is witnessed: calls with charge and cost in the books, or attempts with the cost in a currency.
pub(super) type Witnesses = BTreeMap<String, Witnessed>;

const CALLS: &str = "calls, charge and cost";

/// What the sums of a day say of it.
pub(super) fn kept(traffic: &Traffic) -> Witnesses {
    let mut witnesses = Witnesses::new();
    for (key, sums) in traffic.iter().filter(|(key, _)| key.grain == Grain::Day) {
        let (place, first, second) = match key.side {
            TrafficSide::Call => (CALLS.to_owned(), sums.charge, sums.cost),
            TrafficSide::Attempt => (attempts_in(key.currency.as_str()), sums.amount, 0),
        };
        let witnessed = witnesses.entry(place).or_default();
        witnessed.seizures += i128::from(sums.seizures);
        witnessed.first += first;
        witnessed.second += second;
    }
    witnesses
}

/// What the columns say of it.
pub(super) async fn columns(
    moment: &mut Transaction,
    recorded: &RecordedDay,
) -> Result<Witnesses, StoreError> {
    let mut witnesses = Witnesses::new();
    let (span, received) = (recorded.span(), recorded.received());
    // Whole units and the rest apart: no sum is too large.
    let calls = sql(
        "SELECT COUNT(*), CAST(COALESCE(SUM(charge / 1000000000), 0) AS BIGINT), \
         CAST(COALESCE(SUM(charge % 1000000000), 0) AS BIGINT), \
         CAST(COALESCE(SUM(cost / 1000000000), 0) AS BIGINT), \
         CAST(COALESCE(SUM(cost % 1000000000), 0) AS BIGINT) \
         FROM cdr WHERE owner = $1 AND received_at >= $2 AND received_at < $3 \
         AND id >= $4 AND id < $5",
    );
    let calls = calls.bind(recorded.owner.get());
    let calls = calls.bind(span.start).bind(span.end);
    let calls = calls.bind(first_id(Timestamp(span.start)));
    let calls = calls.bind(behind_id(Timestamp(span.end)));
    let calls = calls.fetch_one(&mut *moment).await?;
    let of_calls = Witnessed {
        seizures: calls.get::<i64>(0)?.into(),
        first: amount(&calls, 1)?,
        second: amount(&calls, 3)?,
    };
    if of_calls.seizures > 0 {
        witnesses.insert(CALLS.to_owned(), of_calls);
    }
    let attempts = sql("SELECT attempt.currency, COUNT(*), \
         CAST(SUM(attempt.cost / 1000000000) AS BIGINT), \
         CAST(SUM(attempt.cost % 1000000000) AS BIGINT) \
         FROM cdr JOIN attempt ON attempt.call_id = cdr.id \
         WHERE cdr.owner = $1 AND cdr.received_at >= $2 AND cdr.received_at < $3 \
         AND attempt.started_at >= $4 AND attempt.started_at < $5 \
         AND cdr.id >= $6 AND cdr.id < $7 AND attempt.call_id >= $6 AND attempt.call_id < $7 \
         GROUP BY attempt.currency");
    let attempts = attempts.bind(recorded.owner.get());
    let attempts = attempts.bind(received.start).bind(received.end);
    let attempts = attempts.bind(span.start).bind(span.end);
    let attempts = attempts.bind(first_id(Timestamp(received.start)));
    let attempts = attempts.bind(behind_id(Timestamp(received.end)));
    for row in attempts.fetch_all(moment).await? {
        let of_attempts = Witnessed {
            seizures: row.get::<i64>(1)?.into(),
            first: amount(&row, 2)?,
            second: 0,
        };
        witnesses.insert(attempts_in(row.get(0)?), of_attempts);
    }
    Ok(witnesses)
}

/// Leaves those of calls alone.
pub(super) fn without_attempts(witnesses: &mut Witnesses) {
    witnesses.retain(|place, _| place == CALLS);
}

fn attempts_in(currency: &str) -> String {
    format!("attempts and their cost in {currency}")
}

fn amount(row: &Row, column: usize) -> Result<i128, StoreError> {
    let units: i64 = row.get(column)?;
    let nanos: i64 = row.get(column + 1)?;
    Ok(i128::from(units) * NANOS + i128::from(nanos))
}
