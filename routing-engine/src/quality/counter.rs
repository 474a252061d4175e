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
