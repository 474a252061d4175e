//! Calls that were up when their process died.

use super::rows::insert_calls;
use crate::cdrs::json;
use crate::database::sql;
use crate::{Store, StoreError};
use rating::Timestamp;
use rating::cdr::{
    AppliedRate, AttemptRecord, BooksMoney, CallRecord, Charge, Outcome, Release, ReleaseReason,
    ReleasedBy,
};
use rating::journal::BootId;

/// Q.850: temporary failure.
const TEMPORARY_FAILURE: u8 = 41;

impl Store {
    /// The processes that have calls in `open_call`, living or dead.
    pub(super) async fn boots_with_open_calls(&self) -> Result<Vec<BootId>, StoreError> {
        let rows = sql("SELECT DISTINCT boot FROM open_call")
            .fetch_all(self.reader())
            .await?;
        let mut boots = Vec::with_capacity(rows.len());
        for row in &rows {
            // Only boots are written there.
            boots.extend(row.get::<&str>(0)?.parse::<BootId>().ok());
        }
        Ok(boots)
    }

    /// Closes all open calls of a dead process, in one transaction. `last_alive` is the last
    /// moment at which a shard of it was known to live. Gives how many there were.
    pub(super) async fn interrupt_open_calls(
        &self,
        boot: BootId,
        last_alive: impl Fn(u16) -> Option<Timestamp>,
    ) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let rows = sql("SELECT shard, record FROM open_call WHERE boot = $1")
            .bind(boot.to_string())
            .fetch_all(&mut transaction)
            .await?;
        let mut calls = Vec::with_capacity(rows.len());
        for row in &rows {
            let shard: i64 = row.get(0)?;
            let call: CallRecord = json("open_call", row.get(1)?)?;
            let shard = u16::try_from(shard).unwrap_or(call.shard);
            calls.push(closed(call, last_alive(shard)));
        }
        let count = insert_calls(&mut transaction, &calls.iter().collect::<Vec<_>>()).await?;
        sql("DELETE FROM open_call WHERE boot = $1")
            .bind(boot.to_string())
            .execute(&mut transaction)
            .await?;
        transaction.commit().await?;
        Ok(count)
    }
}

/// The last record of a call that was open when its process died.
fn closed(call: CallRecord, last_alive: Option<Timestamp>) -> CallRecord {
    match call.answered_at {
        Some(_) => interrupted(call, last_alive),
        // The customer was refused before: nothing of that can change, and nothing is charged.
        None => call,
    }
}

/// The record of a call that was answered and then lost with its process: it lasted until the
/// process was last known to live, and is charged for that on both sides.
fn interrupted(mut call: CallRecord, last_alive: Option<Timestamp>) -> CallRecord {
    // The mark is older than the answer when the shard stored it a moment before.
    let ended_at = last_alive.map_or(call.ended_at, |at| at.max(call.ended_at));
    call.ended_at = ended_at;
    call.outcome = Outcome::Interrupted;
    call.release = release(&call.release);
    // The last that was answered is the one that was up. One before it was answered when it had been
    // given up, was hung up on at once, and keeps its end and its cost.
    let mut attempts = call.attempts.iter_mut().rev();
    if let Some(up) = attempts.find(|attempt| attempt.outcome == Outcome::Answered) {
        interrupt_attempt(up, ended_at);
    }
    if let (Some(rate), Some(answered_at)) = (&call.rate, call.answered_at) {
        call.charge = charged(rate, answered_at, ended_at);
    }
    let margin = call.money().and_then(BooksMoney::margin);
    call.margin = margin.unwrap_or_default();
    call
}

fn interrupt_attempt(attempt: &mut AttemptRecord, ended_at: Timestamp) {
    attempt.ended_at = ended_at;
    attempt.outcome = Outcome::Interrupted;
    attempt.release = release(&attempt.release);
    if let Some(answered_at) = attempt.answered_at {
        attempt.cost = charged(&attempt.rate, answered_at, ended_at);
    }
}

fn release(before: &Release) -> Release {
    Release {
        by: ReleasedBy::Switch,
        reason: ReleaseReason::Interrupted,
        sip_status: before.sip_status,
        q850_cause: TEMPORARY_FAILURE,
    }
}

fn charged(rate: &AppliedRate, answered_at: Timestamp, ended_at: Timestamp) -> Charge {
    let talk_ms = ended_at.millis_since(answered_at);
    rate.charge(Some(talk_ms)).unwrap_or_else(|error| {
        tracing::error!(%error, "an interrupted call cannot be charged");
        Charge::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::testing::answered;

    #[test]
    fn an_attempt_that_was_answered_too_late_keeps_its_end_and_its_cost() {
        let mut call = answered(1);
        let late = &mut call.attempts[0];
        late.outcome = Outcome::Answered;
        late.answered_at = Some(late.ended_at);
        let late = late.clone();
        let last_alive = Timestamp(call.answered_at.unwrap().0 + 90_500_000);
        let closed = closed(call, Some(last_alive));
        assert_eq!(closed.attempts[0], late);
        assert_eq!(closed.attempts[1].outcome, Outcome::Interrupted);
        assert_eq!(closed.attempts[1].ended_at, last_alive);
        let cost = closed.attempts[1].cost.amount;
        assert_eq!(closed.charge.amount.checked_sub(cost), Some(closed.margin));
    }
}
