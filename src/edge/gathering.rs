//! How a busy shard gathers messages before it reads them.
//!
//! A shard that sleeps in its poll is woken by each message that comes, and wakes its peers with each answer. Waking
//! takes the kernel longer than the message takes the shard. So a busy shard does not wait for a message but for a
//! moment: what came meanwhile is read together and answered together.

use sip_core::{Duration, Instant};
use std::time;

/// Messages are counted for so long to know the rate.
const WINDOW: Duration = Duration::from_millis(10);
/// A shard is busy when so many would come in one pause.
const MESSAGES_IN_PAUSE: u64 = 2;

/// The rate of one shard's messages, and what follows from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gathering {
    pause: Duration,
    began: Instant,
    messages: u64,
    is_busy: bool,
}

impl Gathering {
    /// `pause`: how long messages wait for others, zero for never.
    pub(crate) fn new(pause: Duration, now: Instant) -> Self {
        Self {
            pause,
            began: now,
            messages: 0,
            is_busy: false,
        }
    }

    /// So many messages were handled in a turn.
    pub(crate) fn handled(&mut self, now: Instant, messages: usize) {
        self.messages += messages as u64;
        let passed = now.since(self.began);
        if passed < WINDOW {
            return;
        }
        let in_pause = self.messages.saturating_mul(self.pause.as_micros()) / passed.as_micros();
        self.is_busy = in_pause >= MESSAGES_IN_PAUSE;
        self.began = now;
        self.messages = 0;
    }

    /// How long to wait for more instead of for the next, when nothing has to be done for so long. With something that
    /// `waits` already there is no pause: a queue that grows must not look like rest.
    pub(crate) fn pause(
        &self,
        idle: time::Duration,
        waits: impl FnOnce() -> bool,
    ) -> Option<time::Duration> {
        let pause = time::Duration::from_micros(self.pause.as_micros());
        (self.is_busy && idle > pause && !waits()).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_micros(200);
    const LONG: time::Duration = time::Duration::from_millis(50);

    /// A shard that handles one message each so many microseconds, for a second.
    fn after_messages_every(micros: u64) -> Gathering {
        let mut gathering = Gathering::new(PAUSE, Instant::from_micros(0));
        for message in 1..=1_000_000 / micros {
            gathering.handled(Instant::from_micros(message * micros), 1);
        }
        gathering
    }

    #[test]
    fn a_busy_shard_waits_for_company_and_a_quiet_one_does_not() {
        let pause = time::Duration::from_micros(200);
        assert_eq!(after_messages_every(50).pause(LONG, || false), Some(pause));
        assert_eq!(after_messages_every(150).pause(LONG, || false), None);
        assert_eq!(after_messages_every(5_000).pause(LONG, || false), None);
    }

    #[test]
    fn it_ends_with_the_load() {
        let mut gathering = after_messages_every(50);
        gathering.handled(Instant::from_micros(1_100_000), 1);
        assert_eq!(gathering.pause(LONG, || false), None);
    }

    #[test]
    fn nothing_that_is_due_waits() {
        let gathering = after_messages_every(50);
        assert_eq!(gathering.pause(time::Duration::ZERO, || false), None);
        assert_eq!(
            gathering.pause(time::Duration::from_micros(200), || false),
            None
        );
    }

    #[test]
    fn what_waits_already_is_taken_at_once() {
        assert_eq!(after_messages_every(50).pause(LONG, || true), None);
    }

    #[test]
    fn zero_is_never() {
        let mut gathering = Gathering::new(Duration::ZERO, Instant::from_micros(0));
        for message in 1..100_000 {
            gathering.handled(Instant::from_micros(message), 1);
        }
        assert_eq!(gathering.pause(LONG, || false), None);
    }
}
