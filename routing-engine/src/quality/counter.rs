//! What one shard counts.

use super::{Counts, QualityKey};
use rating::cdr::{AttemptRecord, CallRecord, JournalEntry, Outcome, ReleaseReason};
use std::collections::HashMap;

/// Most carriers and prefixes that a shard counts between two gatherings; more are not counted.
pub const ENTRIES_MAX: usize = 50_000;

/// What one shard counted since it was last asked.
#[derive(Debug, Default)]
pub struct QualityCounter {
    counts: HashMap<QualityKey, Counts>,
}

impl QualityCounter {
    /// Counts what the journal is told of a call: its attempts when one is answered or the call ends
    /// without an answer, and the talk at the end of an answered one.
    pub fn note(&mut self, entry: &JournalEntry) {
        match entry {
            JournalEntry::Answered(record) if record.answered_at.is_some() => {
                self.note_attempts(record);
            }
            // It waits for the carrier's last word, and is told again.
            JournalEntry::Answered(_) => {}
            JournalEntry::Ended(record) if record.answered_at.is_some() => self.note_talk(record),
            JournalEntry::Ended(record) => self.note_attempts(record),
        }
    }

    /// What was counted; the count begins anew.
    pub fn take(&mut self) -> Vec<(QualityKey, Counts)> {
        self.counts.drain().collect()
    }

    fn note_attempts(&mut self, record: &CallRecord) {
        for attempt in &record.attempts {
            self.add(attempt, counts_of(attempt));
        }
    }

    fn note_talk(&mut self, record: &CallRecord) {
        if let Some(answered) = record
            .attempts
            .iter()
            .rfind(|attempt| attempt.answered_at.is_some())
        {
            let talk = Counts {
                ended: 1,
                talk_ms: record.duration_ms(),
                ..Counts::default()
            };
            self.add(answered, talk);
        }
    }

    fn add(&mut self, attempt: &AttemptRecord, counts: Counts) {
        let key = QualityKey::new(attempt.carrier.id, &attempt.rate.prefix);
        if self.counts.len() < ENTRIES_MAX || self.counts.contains_key(&key) {
            *self.counts.entry(key).or_default() += counts;
        }
    }
}

fn counts_of(attempt: &AttemptRecord) -> Counts {
    let is_answered = attempt.answered_at.is_some();
    let rang_at = attempt.ringing_at.or(attempt.answered_at);
    let is_of_user = match attempt.release.reason {
        ReleaseReason::UserBusy | ReleaseReason::Declined => true,
        // A carrier that says so before anything rang has asked nobody.
        ReleaseReason::NoAnswer => rang_at.is_some(),
        _ => false,
    };
    // A caller who gives up before anything rings says nothing of the carrier.
    let is_given_up = attempt.outcome == Outcome::Cancelled;
    if is_given_up && rang_at.is_none() {
        return Counts::default();
    }
    Counts {
        attempts: 1,
        answered: is_answered.into(),
        effective: (is_answered || is_of_user || is_given_up).into(),
        rang: rang_at.is_some().into(),
        pdd_ms: rang_at.map_or(0, |at| at.millis_since(attempt.started_at)),
        ..Counts::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rating::cdr::{AppliedRate, Charge, Release, ReleasedBy, ResourceRef, Transport};
    use rating::rounding::Rounding;
    use rating::{Amount, Currency, Timestamp};

    fn attempt(reason: ReleaseReason, sip_status: u16, rang: bool) -> AttemptRecord {
        let resource = ResourceRef {
            id: 7,
            name: "carrier".into(),
        };
        AttemptRecord {
            number: 1,
            carrier: resource.clone(),
            egress_trunk: resource.clone(),
            gateway: ([192, 0, 2, 1], 5060).into(),
            transport: Transport::Udp,
            egress_call_id: "id".into(),
            called_number_sent: "20123".into(),
            calling_number_sent: "44".into(),
            rate: AppliedRate {
                rate_card: resource,
                prefix: "20".into(),
                destination: "Egypt".into(),
                currency: Currency::USD,
                initial_rate_per_minute: Amount(0),
                next_rate_per_minute: Amount(0),
                initial_interval_s: 1,
                next_interval_s: 1,
                connection_fee: Amount(0),
                attempt_fee: Amount(0),
                grace_period_s: 0,
                rounding: Rounding::FINEST,
                exchange_rate: Default::default(),
                origin: Default::default(),
            },
            cost: Charge::default(),
            started_at: Timestamp(0),
            first_reply_at: Some(Timestamp(1)),
            ringing_at: rang.then_some(Timestamp(2_000_000)),
            answered_at: None,
            ended_at: Timestamp(9_000_000),
            outcome: Outcome::Failed,
            release: Release {
                by: ReleasedBy::Carrier,
                reason,
                sip_status,
                q850_cause: 18,
            },
        }
    }

    #[test]
    fn what_reached_the_called_party_is_effective_and_a_480_before_it_rang_is_not() {
        for (reason, status, rang, is_effective) in [
            (ReleaseReason::NoAnswer, 480, true, true),
            (ReleaseReason::NoAnswer, 480, false, false),
            (ReleaseReason::NoAnswer, 408, false, false),
            (ReleaseReason::UserBusy, 486, false, true),
            (ReleaseReason::Declined, 603, false, true),
            (ReleaseReason::CarrierRejected, 503, false, false),
        ] {
            let counts = counts_of(&attempt(reason, status, rang));
            assert_eq!(
                (counts.attempts, counts.effective),
                (1, u32::from(is_effective)),
                "{reason:?} {rang}"
            );
        }
    }
}
