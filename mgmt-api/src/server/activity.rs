//! What a connection is doing, and since when: so that quiet ones end.

use super::limits::HttpLimits;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// What one connection is doing.
#[derive(Debug)]
pub(super) struct Activity {
    phase: Mutex<Phase>,
    closed: Notify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The header of a request has begun to come, or the connection is new and must say something.
    Header(Instant),
    /// A request is being answered.
    Working,
    /// Between requests.
    Idle(Instant),
    /// Another connection has its place.
    Closed,
}

impl Activity {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            phase: Mutex::new(Phase::Header(now)),
            closed: Notify::new(),
        }
    }

    /// Bytes came.
    pub(super) fn received(&self, now: Instant) {
        let mut phase = self.phase();
        if let Phase::Idle(_) = *phase {
            *phase = Phase::Header(now);
        }
    }

    /// A request's header is complete.
    pub(super) fn begin(&self) {
        self.change(Phase::Working);
    }

    /// The answer is complete.
    pub(super) fn end(&self, now: Instant) {
        self.change(Phase::Idle(now));
    }

    /// Since when nothing is asked; `None` while a request is answered.
    pub(super) fn quiet_since(&self) -> Option<Instant> {
        match *self.phase() {
            Phase::Header(since) | Phase::Idle(since) => Some(since),
            Phase::Working | Phase::Closed => None,
        }
    }

    /// Ends the connection.
    pub(super) fn close(&self) {
        *self.phase() = Phase::Closed;
        self.closed.notify_one();
    }

    /// Ready when the connection must end: it was closed, or was quiet for too long.
    pub(super) async fn over(&self, limits: &HttpLimits) {
        let idle = async {
            while let Some(until) = self.deadline(limits) {
                tokio::time::sleep_until(until).await;
            }
        };
        tokio::select! {
            () = idle => {}
            () = self.closed.notified() => {}
        }
    }

    /// When to look again; `None` when the time is over. A phase may change unseen, so this looks
    /// once in the shorter of the two times at least.
    fn deadline(&self, limits: &HttpLimits) -> Option<Instant> {
        let now = Instant::now();
        let next_look = now + limits.header_timeout.min(limits.idle_timeout);
        let until = match *self.phase() {
            Phase::Header(since) => since + limits.header_timeout,
            Phase::Idle(since) => since + limits.idle_timeout,
            Phase::Working => next_look,
            Phase::Closed => return None,
        };
        (until > now).then_some(until.min(next_look))
    }

    fn change(&self, to: Phase) {
        let mut phase = self.phase();
        if *phase != Phase::Closed {
            *phase = to;
        }
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn limits() -> HttpLimits {
        HttpLimits {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            ..HttpLimits::default()
        }
    }

    async fn over_after(activity: &Activity) -> Duration {
        let begun = Instant::now();
        activity.over(&limits()).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_connection_has_the_time_of_a_header() {
        let activity = Activity::new(Instant::now());
        assert_eq!(over_after(&activity).await.as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_byte_after_a_pause_starts_the_time_of_a_header() {
        let activity = Activity::new(Instant::now());
        activity.begin();
        activity.end(Instant::now());
        assert_eq!(over_after(&activity).await.as_secs(), 60);
        activity.end(Instant::now());
        activity.received(Instant::now());
        assert_eq!(over_after(&activity).await.as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_header_that_begins_after_a_pause_is_noticed() {
        let activity = Activity::new(Instant::now());
        activity.begin();
        activity.end(Instant::now());
        let begins = async {
            tokio::time::sleep(Duration::from_secs(15)).await;
            activity.received(Instant::now());
        };
        let (over, ()) = tokio::join!(over_after(&activity), begins);
        assert_eq!(over.as_secs(), 25, "15 of pause and 10 of header");
    }

    #[tokio::test(start_paused = true)]
    async fn work_may_last() {
        let activity = Activity::new(Instant::now());
        activity.begin();
        let hour = Duration::from_secs(3_600);
        let over = tokio::time::timeout(hour, activity.over(&limits())).await;
        assert!(over.is_err());
        assert_eq!(activity.quiet_since(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_closed_stays_closed() {
        let activity = Activity::new(Instant::now());
        activity.close();
        activity.begin();
        assert_eq!(over_after(&activity).await.as_secs(), 0);
    }
}
