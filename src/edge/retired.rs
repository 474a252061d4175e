//! Snapshots that are in force no more.
//!
//! Whoever lets go of a snapshot last frees it, and one of millions of rates takes long to free. That
//! must not be a shard, with its calls waiting: what was in force is kept here until nobody else has
//! it, and freed by a thread of its own. How many there are is up to the calls: each holds the
//! snapshot that decided it.

use routing_engine::Snapshot;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// How often it is asked whether anybody still has one.
const LOOKED_EVERY: Duration = Duration::from_millis(500);

/// Where snapshots go when others take their place.
pub(super) struct Retired(Sender<Arc<Snapshot>>);

impl Retired {
    /// Starts the thread; it ends when this is dropped.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start() -> std::io::Result<Self> {
        let (sender, receiver) = channel();
        std::thread::Builder::new()
            .name("snapshots".to_owned())
            .spawn(move || free(&receiver))?;
        Ok(Self(sender))
    }

    /// Keeps a snapshot for as long as others have it.
    pub(super) fn keep(&self, snapshot: Arc<Snapshot>) {
        // Without the thread, which only a stop ends, it is freed here.
        let _ = self.0.send(snapshot);
    }
}

fn free(retired: &Receiver<Arc<Snapshot>>) {
    let mut kept: Vec<Arc<Snapshot>> = Vec::new();
    loop {
        match retired.recv_timeout(LOOKED_EVERY) {
            Ok(snapshot) => kept.push(snapshot),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // Nobody can get another from one that only we have.
        kept.retain(|snapshot| Arc::strong_count(snapshot) > 1);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use routing_engine::resources::Resources;
    use std::time::Instant;

    #[test]
    fn a_snapshot_is_freed_after_its_last_call_and_by_nobody_who_serves_calls() {
        let retired = Retired::start().unwrap();
        let snapshot = Snapshot::compile(1, &Resources::default(), None).unwrap();
        let snapshot = Arc::new(snapshot);
        let (of_a_call, gone) = (Arc::clone(&snapshot), Arc::downgrade(&snapshot));
        retired.keep(snapshot);
        std::thread::sleep(2 * LOOKED_EVERY);
        assert!(gone.upgrade().is_some(), "a call has it");
        drop(of_a_call);
        assert!(gone.strong_count() > 0, "the call did not free it");
        let begun = Instant::now();
        while gone.strong_count() > 0 && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(gone.strong_count(), 0);
    }
}
