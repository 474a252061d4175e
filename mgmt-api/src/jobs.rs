//! Background jobs: what runs after a request, by the clock, or again until it succeeds.
//!
//! The queue is in the database (`store::NewJob`): a job is put in by the transaction that needs
//! it, and by no other way. Each node runs a [`JobRunner`], which takes jobs under a lease, runs
//! them by the [`JobHandler`] of their kind, a bounded number at once, and reports what became of
//! them. A job runs *at least* once: a node that dies in the middle leaves it to another, so
//! handlers are written to be run twice.
//!
//! A run that fails is tried again after a delay that doubles, with a random part, until no
//! attempt is left; then the job is *dead*, an event says so, and somebody retries or discards it.

mod audit_retention;
mod backoff;
mod cdr_retention;
mod differences;
mod event_retention;
mod handler;
mod ledger_check;
pub mod maintenance;
mod report_check;
mod runner;
mod schedule;

pub use crate::routes::reports::mailed::MailReports;
pub use audit_retention::PruneAudit;
pub use backoff::Backoff;
pub(crate) use cdr_retention::date;
pub use cdr_retention::{CDR_KEEP_DAYS_MIN, CdrRetention, PruneCdrs};
pub use event_retention::PruneEvents;
pub use handler::{JobFailure, JobFuture, JobHandler, JobRun};
pub use ledger_check::VerifyLedger;
pub use report_check::VerifyReports;
pub use runner::{JobRunner, JobSettings};
pub use schedule::{Schedule, ScheduleError};

use std::sync::Arc;
use tokio::sync::Notify;

/// Tells this node's runner that there is work, so that it does not wait for its next look. Cheap
/// to clone. Calling it is a courtesy: a runner that was not told looks every second.
#[derive(Clone, Debug, Default)]
pub struct JobBell(Arc<Notify>);

impl JobBell {
    /// Says that a job was put into the queue and its transaction is committed.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    async fn rung(&self) {
        self.0.notified().await;
    }
}

#[cfg(test)]
mod tests;
