//! The buckets: one for each subject and category, in a table with an end.

use super::Category;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Buckets that are kept at the same time. One that is full again is as good as none.
const BUCKETS_MAX: usize = 50_000;

/// A table without room is searched for full buckets at most this often.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

const MINUTE: Duration = Duration::from_secs(60);

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    User(i64),
    Key(i64),
    Address(IpAddr),
    /// All that the table has no room for.
    Others,
}

/// A bucket's size, and how long it takes to get one request back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) requests: u32,
    interval: Duration,
}

/// How a subject stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) category: Category,
    pub(crate) quota: Quota,
    /// Whether the request is within the quota.
    pub(crate) admitted: bool,
    /// Requests that may follow at once.
    pub(crate) remaining: u32,
    /// Until the bucket is full again.
    pub(crate) full_in: Duration,
    /// Until one more request is within the quota.
    pub(crate) retry_in: Duration,
}

/// The buckets. Each is the moment at which it is full again.
#[derive(Debug, Default)]
pub(crate) struct RateLimitTable {
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    full_at: HashMap<(Subject, Category), Instant>,
    swept_at: Option<Instant>,
}

impl Quota {
    /// `None` for 0: no quota.
    pub(crate) fn per_minute(requests: u32) -> Option<Self> {
        let interval = MINUTE.checked_div(requests)?;
        Some(Self { requests, interval })
    }
}

impl Standing {
    /// Whole seconds to wait, at least one.
    pub(crate) fn retry_after_s(&self) -> u64 {
        whole_seconds(self.retry_in).max(1)
    }

    pub(crate) fn full_in_s(&self) -> u64 {
        whole_seconds(self.full_in)
    }
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

impl RateLimitTable {
    /// Takes one request out of the bucket, when one is in it.
    pub(crate) fn take(
        &self,
        subject: Subject,
        category: Category,
        quota: Quota,
        now: Instant,
    ) -> Standing {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let subject = buckets.place_of(subject, category, now);
        let full_at = buckets.full_at.entry((subject, category)).or_insert(now);
        let missing = full_at.saturating_duration_since(now);
        let after = missing + quota.interval;
        let size = quota.interval * quota.requests;
        let admitted = after <= size;
        let missing = if admitted { after } else { missing };
        *full_at = now + missing;
        let left = size.saturating_sub(missing).as_nanos();
        let remaining = left / quota.interval.as_nanos().max(1);
        Standing {
            category,
            quota,
            admitted,
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            full_in: missing,
            retry_in: (missing + quota.interval).saturating_sub(size),
        }
    }
}

impl Buckets {
    /// The subject itself, or [`Subject::Others`] when there is no room for one more.
    fn place_of(&mut self, subject: Subject, category: Category, now: Instant) -> Subject {
        if self.full_at.len() < BUCKETS_MAX || self.full_at.contains_key(&(subject, category)) {
            return subject;
        }
        let due = |at: Instant| now.saturating_duration_since(at) >= SWEEP_INTERVAL;
        if self.swept_at.is_none_or(due) {
            self.swept_at = Some(now);
            self.full_at.retain(|_, full_at| *full_at > now);
        }
        if self.full_at.len() < BUCKETS_MAX {
            subject
        } else {
            Subject::Others
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    fn quota(requests: u32) -> Quota {
        Quota::per_minute(requests).unwrap()
    }

    #[test]
    fn a_burst_is_free_and_then_one_comes_back_each_interval() {
        let table = RateLimitTable::default();
        let start = Instant::now();
        let take = |after_ms| {
            let now = start + Duration::from_millis(after_ms);
            table.take(Subject::User(1), Category::Read, quota(60), now)
        };
        for left in (0..60).rev() {
            let standing = take(0);
            assert!(standing.admitted);
            assert_eq!(standing.remaining, left);
        }
        let refused = take(0);
        assert!(!refused.admitted);
        assert_eq!((refused.retry_after_s(), refused.full_in_s()), (1, 60));
        assert!(!take(999).admitted);
        assert!(take(1_000).admitted);
        assert!(!take(1_000).admitted);
        assert_eq!(take(61_000).remaining, 59, "full again");
    }

    #[test]
    fn what_is_refused_costs_nothing() {
        let table = RateLimitTable::default();
        let start = Instant::now();
        let take = |now| table.take(Subject::Key(1), Category::Heavy, quota(1), now);
        assert!(take(start).admitted);
        for second in 1..60 {
            assert!(!take(start + Duration::from_secs(second)).admitted);
        }
        assert!(take(start + MINUTE).admitted);
    }

    #[test]
    fn subjects_and_categories_have_buckets_of_their_own() {
        let table = RateLimitTable::default();
        let now = Instant::now();
        let take = |subject, category| table.take(subject, category, quota(1), now).admitted;
        assert!(take(Subject::User(1), Category::Read));
        assert!(take(Subject::User(1), Category::Write));
        assert!(take(Subject::User(2), Category::Read));
        assert!(take(Subject::Key(1), Category::Read));
        assert!(!take(Subject::User(1), Category::Read));
    }

    #[test]
    fn a_full_table_makes_newcomers_share_until_others_are_done() {
        let table = RateLimitTable::default();
        let start = Instant::now();
        let take = |number, now| {
            let subject = Subject::Key(number);
            table.take(subject, Category::Read, quota(1), now).admitted
        };
        let most = i64::try_from(BUCKETS_MAX).unwrap();
        for number in 0..most {
            assert!(take(number, start));
        }
        assert!(take(most, start), "the first of the others");
        assert!(
            !take(most + 1, start),
            "the second finds their bucket empty"
        );
        assert!(!take(0, start), "who has a bucket keeps it");
        assert!(
            take(most + 1, start + MINUTE),
            "all are full again and forgotten"
        );
        let kept = table.buckets.lock().unwrap().full_at.len();
        assert_eq!(kept, 1);
    }

    #[test]
    fn none_is_no_quota() {
        assert_eq!(Quota::per_minute(0), None);
    }
}
