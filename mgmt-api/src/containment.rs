//! A panic in the management plane ends one request, one job or one turn of a task, and no call.
//!
//! The process aborts on a panic ([`abort_on_other_panics`]), because a shard without its thread
//! would leave its calls without an owner. What serves people runs inside [`contain`] instead: there
//! the panic is caught, written to the log and counted, and the answer is 500. What it may have
//! left half done is a transaction that was not committed, or a lock whose poison nobody minds.

use crate::problem::Problem;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

/// After a panic of something that goes on for ever, the pause before it goes on.
const PAUSE: Duration = Duration::from_secs(1);

/// The niceness of threads that do long work for people: a tenth of the processor beside one of calls.
#[cfg(target_os = "linux")]
const BACKGROUND_NICE: i32 = 10;

thread_local! {
    /// How many containments this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Panics that were caught since the process started, by [`Part`].
static CAUGHT: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];

/// What a panic ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The answer to a request.
    Request,
    /// A run of a background job.
    Job,
    /// A turn of what goes on all the time, or work after an answer.
    Task,
}

/// Something of ours panicked; the log has where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it panicked; see the entry before")]
pub(crate) struct Panicked;

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::Request, Self::Job, Self::Task];

    /// As the label of the metric has it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Job => "job",
            Self::Task => "task",
        }
    }

    /// How many panics were caught.
    pub(crate) fn caught(self) -> u64 {
        CAUGHT[self as usize].load(Ordering::Relaxed)
    }
}

/// Makes each panic end the process, but for those that are caught here.
///
/// A supervisor starts the process anew, and the journal closes the calls that were up: half a
/// switch helps nobody.
pub fn abort_on_other_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if is_contained() {
            tracing::error!(%panic, "a panic in the management plane was caught");
            return;
        }
        report(panic);
        tracing::error!("the switch ends because of a panic");
        std::process::abort();
    }));
}

/// Whether a panic of this thread would be caught here.
fn is_contained() -> bool {
    DEPTH.with(Cell::get) > 0
}

/// Does `work`; a panic in it is caught and counted.
pub(crate) async fn contain<T>(part: Part, work: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut work = pin!(work);
    poll_fn(|context| {
        let polled = contain_blocking(part, || work.as_mut().poll(context));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            // It is not polled again: the caller gets this and drops it.
            Err(panicked) => Poll::Ready(Err(panicked)),
        }
    })
    .await
}

/// As [`contain`], of what does not wait.
pub(crate) fn contain_blocking<T>(part: Part, work: impl FnOnce() -> T) -> Result<T, Panicked> {
    let _inside = Inside::enter();
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        CAUGHT[part as usize].fetch_add(1, Ordering::Relaxed);
        Panicked
    })
}

/// Does one turn of a thread that goes on after a panic in it; `None` when there was one. It is caught, written
/// to the log and counted as one of the management plane: for what serves others than calls of the switch.
pub fn survive<T>(work: impl FnOnce() -> T) -> Option<T> {
    contain_blocking(Part::Task, work).ok()
}

/// Does `work` in a task of its own, which goes on when nobody waits for it any more.
pub(crate) async fn in_own_task<T: Send + 'static>(
    part: Part,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Panicked> {
    let work = tokio::spawn(contain(part, work));
    work.await.unwrap_or(Err(Panicked))
}

/// Does `work` on a thread that may wait. Calls come first: on Linux such threads have the processor
/// when the threads of calls and media leave it to them.
pub(crate) async fn on_blocking_thread<T: Send + 'static>(
    part: Part,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Panicked> {
    let work = tokio::task::spawn_blocking(move || {
        step_back();
        contain_blocking(part, work)
    });
    work.await.unwrap_or(Err(Panicked))
}

/// Gives this thread, and those that it starts, the lower priority for good.
#[cfg(target_os = "linux")]
fn step_back() {
    thread_local! {
        static DONE: Cell<bool> = const { Cell::new(false) };
    }
    if !DONE.replace(true) {
        // Linux has a priority for each thread, and 0 is the one that asks. To lower it is always
        // allowed; where it is not, the work is done all the same.
        let _ = rustix::process::setpriority_process(None, BACKGROUND_NICE);
    }
}

/// Elsewhere the priority is the whole process's.
#[cfg(not(target_os = "linux"))]
fn step_back() {}

/// Does for ever what never ends by itself, also after a panic.
pub(crate) async fn for_ever<F: Future<Output = ()>>(mut work: impl FnMut() -> F) {
    while contain(Part::Task, work()).await.is_err() {
        tokio::time::sleep(PAUSE).await;
    }
}

/// Answers 500 when what answers the request panics.
pub(crate) async fn answer(request: Request, next: Next) -> Response {
    let answer = contain(Part::Request, next.run(request)).await;
    answer.unwrap_or_else(|Panicked| Problem::interrupted().into_response())
}

/// This thread is in a containment for as long as this lives.
struct Inside;

impl Inside {
    fn enter() -> Self {
        DEPTH.with(|depth| depth.set(depth.get() + 1));
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_inside_is_a_panic_caught() {
        assert!(!is_contained());
        let inside = contain(Part::Task, async {
            tokio::task::yield_now().await;
            is_contained()
        });
        assert_eq!(inside.await, Ok(true));
        assert!(!is_contained());
    }

    #[tokio::test]
    async fn after_a_panic_the_thread_is_outside_again() {
        let work = async {
            tokio::task::yield_now().await;
            panic!("of a test");
        };
        assert_eq!(contain(Part::Task, work).await, Err::<(), _>(Panicked));
        assert!(!is_contained());
        let blocking = on_blocking_thread(Part::Task, || panic!("of a test"));
        assert_eq!(blocking.await, Err::<(), _>(Panicked));
        let caught = Part::Task.caught();
        assert_eq!(survive(|| panic!("of a test")), None::<()>);
        assert!(Part::Task.caught() > caught && !is_contained());
        assert_eq!(survive(|| 1), Some(1));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn long_work_steps_back_behind_calls() {
        let asked = || rustix::process::getpriority_process(None);
        let before = asked();
        let inside = on_blocking_thread(Part::Task, asked).await;
        assert_eq!(inside.map(Result::ok), Ok(Some(BACKGROUND_NICE)));
        assert_eq!(asked(), before, "of that thread alone");
    }

    #[tokio::test(start_paused = true)]
    async fn what_goes_on_for_ever_goes_on_after_a_panic() {
        let turns = Cell::new(0);
        for_ever(|| async {
            turns.set(turns.get() + 1);
            assert!(turns.get() > 2, "of a test");
        })
        .await;
        assert_eq!(turns.get(), 3);
    }
}
