//! Making the days that records are loaded into.

use crate::Store;
use std::time::Duration;
use tokio::sync::watch;

/// How often it is looked whether days are to be made: they are made a week ahead.
const INTERVAL: Duration = Duration::from_secs(3_600);

/// The same after trouble.
const RETRY: Duration = Duration::from_secs(60);

/// Makes days that are missing until it is stopped. Records are loaded without them too, so trouble is told and
/// no more.
pub(super) async fn follow(store: Store, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() && stopped.has_changed().is_ok() {
        let wait = match store.make_cdr_days().await {
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
        // Time is up, somebody says stop, or nobody can any more.
        let _ = tokio::time::timeout(wait, stopped.changed()).await;
    }
}
