//! What a thread of the shell shares with those who started it.

use super::media::RtpTotals;
use crate::agent::{CallSummary, Counters};
use crate::rtp::RtpStatistics;
use mio::Waker;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Ended calls that are remembered.
pub const MAX_FINISHED_CALLS: usize = 256;

/// A call that is over, with its RTP.
#[derive(Clone, Debug, Serialize)]
pub struct FinishedCall {
    /// The signalling.
    pub summary: CallSummary,
    /// The audio; `None` when there was none.
    pub rtp: Option<RtpStatistics>,
}

/// Counts since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// Calls and messages.
    pub calls: Counters,
    /// RTP of all calls together.
    pub rtp: RtpTotals,
    /// Calls that were due and were not placed: every call slot or port of ours was in use.
    pub not_placed: u64,
    /// SIP messages that the system did not take.
    pub unsent: u64,
}

/// State behind the handles.
pub(super) struct Shared {
    stop: AtomicBool,
    waker: Waker,
    statistics: Mutex<Statistics>,
    finished: Mutex<VecDeque<FinishedCall>>,
    /// Told of each call that finishes.
    one_finished: Condvar,
}

impl Shared {
    pub(super) fn new(waker: Waker) -> Self {
        Self {
            stop: AtomicBool::new(false),
            waker,
            statistics: Mutex::default(),
            finished: Mutex::default(),
            one_finished: Condvar::new(),
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(super) fn publish(&self, statistics: &Statistics) {
        let mut published = lock(&self.statistics);
        if *published != *statistics {
            published.clone_from(statistics);
        }
    }

    pub(super) fn remember(&self, call: FinishedCall) {
        let mut finished = lock(&self.finished);
        if finished.len() == MAX_FINISHED_CALLS {
            finished.pop_front();
        }
        finished.push_back(call);
        drop(finished);
        self.one_finished.notify_all();
    }

    pub(super) fn take_finished(&self) -> Vec<FinishedCall> {
        lock(&self.finished).drain(..).collect()
    }
}

/// A thread and what it shares. Dropping it asks the thread to end its calls and stop, and does
/// not wait.
pub(super) struct Running {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(super) fn new(shared: Arc<Shared>, thread: JoinHandle<()>) -> Self {
        Self {
            shared,
            thread: Some(thread),
        }
    }

    pub(super) fn statistics(&self) -> Statistics {
        lock(&self.shared.statistics).clone()
    }

    pub(super) fn finished_calls(&self) -> Vec<FinishedCall> {
        lock(&self.shared.finished).iter().cloned().collect()
    }

    /// The latest finished call to a number; waits for one if there is none yet.
    pub(super) fn finished_call_to(
        &self,
        called_number: &str,
        at_most: std::time::Duration,
    ) -> Option<FinishedCall> {
        let find = |finished: &VecDeque<FinishedCall>| {
            let mut latest_first = finished.iter().rev();
            latest_first
                .find(|call| call.summary.called_number == called_number)
                .cloned()
        };
        let waited = self.shared.one_finished.wait_timeout_while(
            lock(&self.shared.finished),
            at_most,
            |finished| find(finished).is_none(),
        );
        let (finished, _) = waited.unwrap_or_else(PoisonError::into_inner);
        find(&finished)
    }

    pub(super) fn request_stop(&self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // A waker that fails leaves the thread to find the flag at its next tick or timer.
        let _ = self.shared.waker.wake();
    }

    pub(super) fn stop(mut self) -> Statistics {
        self.request_stop();
        if let Some(thread) = self.thread.take() {
            // A panic there was already printed; the counts up to it are still good.
            let _ = thread.join();
        }
        self.statistics()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.request_stop();
    }
}

/// The lock guards plain data that is whole at every moment, so poison means nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
