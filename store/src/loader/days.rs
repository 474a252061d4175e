//! Making the days that records are loaded into.

use super::Loader;
use super::progress::now;
use std::time::{Duration, Instant};

/// How often it is looked whether days are to be made: they are made a week ahead.
const INTERVAL: Duration = Duration::from_secs(3_600);

/// The same after trouble.
const RETRY: Duration = Duration::from_secs(60);

impl Loader {
    /// Makes days that are missing, when it is time. Records are loaded without them too, so trouble is told and no
    /// more.
    pub(super) async fn look_after_days(&mut self) {
        if self.days_due.is_some_and(|due| Instant::now() < due) {
            return;
        }
        let wait = match self.store.make_cdr_days(now()).await {
            Ok(days) => {
                if days.made > 0 {
                    tracing::info!(days = days.made, "made days of call records ahead");
                }
                INTERVAL
            }
            Err(error) => {
                tracing::warn!(%error, "days of call records cannot be made now; it is tried again");
                RETRY
            }
        };
        self.days_due = Some(Instant::now() + wait);
    }
}
