//! Adding to the sums.

use super::fill::waiting;
use super::sums::{Traffic, TrafficKey, TrafficSums, add_call};
use crate::cdrs::id_text;
use crate::database::{Row, Transaction, Value, insert_rows, sql};
use crate::{StoreError, TenantId};
use rating::cdr::CallRecord;

const BINDS: usize = 24;

const NANOS: i128 = 1_000_000_000;

/// What was counted, in the order of [`sums_of`].
pub(super) const SUM_COLUMNS: &str = "seizures, answered, effective, rejected, rang, pdd_ms, talk_ms, \
     billed_seconds, charge, charge_nanos, cost, cost_nanos, amount, amount_nanos";

/// Adds calls whose records were inserted in this transaction. Those that will be filled in anyway
/// are left for that.
pub(crate) async fn add_new_calls(
    transaction: &mut Transaction,
    calls: &[(&CallRecord, TenantId)],
) -> Result<(), StoreError> {
    if calls.is_empty() {
        return Ok(());
    }
    let waiting = waiting(transaction).await?;
    let mut traffic = Traffic::new();
    for (call, owner) in calls {
        let is_waiting = waiting
            .as_ref()
            .is_some_and(|waiting| waiting.contains(&id_text(call.id)));
        if !is_waiting {
            add_call(&mut traffic, call, *owner);
        }
    }
    add(transaction, &traffic).await
}

/// Adds sums to those that are kept.
pub(super) async fn add(
    transaction: &mut Transaction,
    traffic: &Traffic,
) -> Result<(), StoreError> {
    let mut insert = sql(
        "INSERT INTO traffic (owner, side, grain, bucket, customer_id, ingress_trunk_id, \
         carrier_id, egress_trunk_id, destination, currency, ",
    );
    insert.push(SUM_COLUMNS).push(") ");
    let rows = traffic.iter().map(values).collect();
    insert_rows(transaction, &insert, rows, ADD).await?;
    Ok(())
}

const ADD: &str = " ON CONFLICT (owner, side, grain, bucket, customer_id, ingress_trunk_id, carrier_id, \
             egress_trunk_id, destination, currency) DO UPDATE SET \
             seizures = traffic.seizures + excluded.seizures, \
             answered = traffic.answered + excluded.answered, \
             effective = traffic.effective + excluded.effective, \
             rejected = traffic.rejected + excluded.rejected, \
             rang = traffic.rang + excluded.rang, \
             pdd_ms = traffic.pdd_ms + excluded.pdd_ms, \
             talk_ms = traffic.talk_ms + excluded.talk_ms, \
             billed_seconds = traffic.billed_seconds + excluded.billed_seconds, \
             charge = traffic.charge + excluded.charge, \
             charge_nanos = traffic.charge_nanos + excluded.charge_nanos, \
             cost = traffic.cost + excluded.cost, \
             cost_nanos = traffic.cost_nanos + excluded.cost_nanos, \
             amount = traffic.amount + excluded.amount, \
             amount_nanos = traffic.amount_nanos + excluded.amount_nanos";

fn values((key, sums): (&TrafficKey, &TrafficSums)) -> [Value; BINDS] {
    let whole = |sum: i128| Value::from(units(sum));
    // Below 10⁹.
    let nanos = |sum: i128| Value::from(sum.rem_euclid(NANOS) as i64);
    [
        key.owner.get().into(),
        key.side.as_str().into(),
        key.grain.minutes().into(),
        key.bucket.into(),
        key.customer.into(),
        key.ingress_trunk.into(),
        key.carrier.into(),
        key.egress_trunk.into(),
        key.destination.as_ref().into(),
        key.currency.as_str().into(),
        sums.seizures.into(),
        sums.answered.into(),
        sums.effective.into(),
        sums.rejected.into(),
        sums.rang.into(),
        sums.pdd_ms.into(),
        sums.talk_ms.into(),
        sums.billed_seconds.into(),
        whole(sums.charge),
        nanos(sums.charge),
        whole(sums.cost),
        nanos(sums.cost),
        whole(sums.amount),
        nanos(sums.amount),
    ]
}

/// Whole units of a sum of one batch, each of whose amounts fits 64 bits of nano-units.
fn units(sum: i128) -> i64 {
    let units = sum.div_euclid(NANOS);
    i64::try_from(units).unwrap_or(if units < 0 { i64::MIN } else { i64::MAX })
}

/// What a row counts, whose [`SUM_COLUMNS`] begin at a column.
pub(super) fn sums_of(row: &Row, first: usize) -> Result<TrafficSums, StoreError> {
    let count = |column: usize| row.get::<i64>(first + column);
    let money = |column: usize| -> Result<i128, StoreError> {
        let units: i64 = row.get(first + column)?;
        let nanos: i64 = row.get(first + column + 1)?;
        Ok(i128::from(units) * NANOS + i128::from(nanos))
    };
    Ok(TrafficSums {
        seizures: count(0)?,
        answered: count(1)?,
        effective: count(2)?,
        rejected: count(3)?,
        rang: count(4)?,
        pdd_ms: count(5)?,
        talk_ms: count(6)?,
        billed_seconds: count(7)?,
        charge: money(8)?,
        cost: money(10)?,
        amount: money(12)?,
    })
}
