//! Work that is done after the answer, so that the time of the answer tells nothing of it.

use crate::containment::{Part, contain};
use crate::problem::Problem;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Pieces of work at once. Beyond it the caller is told to come again.
const PIECES_MAX: usize = 64;

/// Where such work runs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Background(Arc<Semaphore>);

impl Background {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(PIECES_MAX)))
    }

    /// Runs it. What fails has been written to the log by the problem that it made.
    ///
    /// # Errors
    /// 503 when too much is under way; nothing is done then.
    pub(crate) fn run(
        &self,
        work: impl Future<Output = Result<(), Problem>> + Send + 'static,
    ) -> Result<(), Problem> {
        let Ok(place) = Arc::clone(&self.0).try_acquire_owned() else {
            return Err(Problem::unavailable("Too much at once. Try again."));
        };
        tokio::spawn(async move {
            if let Ok(Err(problem)) = contain(Part::Task, work).await {
                tracing::warn!(problem = %problem.detail, "work after an answer failed");
            }
            drop(place);
        });
        Ok(())
    }
}
