//! What wakes the streams of events, and how many there may be.
//!
//! A stream holds no events: when it is woken it reads those behind the last one it has sent. So a
//! reader that is slow, or was away, costs nothing in between and misses nothing that is kept.

use crate::outage::Outage;
use crate::resource_engine::ConfigurationChanged;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::{Store, TenantId};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;

/// Streams at the same time on a node.
pub(crate) const STREAMS_MAX: usize = 200;

/// Streams at the same time of one tenant on a node.
pub(crate) const STREAMS_PER_TENANT_MAX: usize = 50;

/// How often the table is looked at. Changes of the configuration on this node are told at once.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Says which event is the newest.
pub(crate) struct EventFeed {
    /// `None` when the server stops.
    newest: watch::Sender<Option<i64>>,
    open: Arc<Mutex<HashMap<TenantId, usize>>>,
}

/// A stream's place; it is free again when this is dropped.
pub(crate) struct StreamPlace {
    pub(crate) newest: watch::Receiver<Option<i64>>,
    tenant: TenantId,
    open: Arc<Mutex<HashMap<TenantId, usize>>>,
}

impl Default for EventFeed {
    fn default() -> Self {
        Self {
            newest: watch::Sender::new(Some(0)),
            open: Arc::default(),
        }
    }
}

impl EventFeed {
    /// A place among the streams; `None` when all are taken.
    pub(crate) fn listen(&self, tenant: TenantId) -> Option<StreamPlace> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.values().sum::<usize>() >= STREAMS_MAX {
            return None;
        }
        let own = open.entry(tenant).or_insert(0);
        if *own >= STREAMS_PER_TENANT_MAX {
            return None;
        }
        *own += 1;
        Some(StreamPlace {
            newest: self.newest.subscribe(),
            tenant,
            open: Arc::clone(&self.open),
        })
    }

    /// Ends all streams, so that their connections can close.
    pub(crate) fn close(&self) {
        self.newest.send_replace(None);
    }

    /// Looks for new events for ever, also for those of other nodes.
    pub(crate) async fn run(
        &self,
        store: &Store,
        mut changes: broadcast::Receiver<Arc<ConfigurationChanged>>,
    ) {
        let mut outage = Outage::new("the newest event cannot be read");
        loop {
            let range = store.event_range().await;
            outage.note(&range);
            if let Ok((_, newest)) = range {
                self.tell(newest);
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
                changed = changes.recv() => if matches!(changed, Err(RecvError::Closed)) {
                    tokio::time::sleep(LOOK_INTERVAL).await;
                },
            }
        }
    }

    fn tell(&self, newest: i64) {
        self.newest.send_if_modified(|known| match known {
            Some(number) if *number != newest => {
                *number = newest;
                true
            }
            _ => false,
        });
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.tenant) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                open.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_come_back() {
        let feed = EventFeed::default();
        let tenant = |number| TenantId::new(number);
        let mut places: Vec<_> = (0..STREAMS_PER_TENANT_MAX)
            .filter_map(|_| feed.listen(tenant(1)))
            .collect();
        assert_eq!(places.len(), STREAMS_PER_TENANT_MAX);
        assert!(feed.listen(tenant(1)).is_none());
        assert!(
            feed.listen(tenant(2)).is_some(),
            "others have places of their own"
        );
        drop(places.pop());
        places.extend(feed.listen(tenant(1)));
        assert_eq!(places.len(), STREAMS_PER_TENANT_MAX);
        for number in 2.. {
            let Some(place) = feed.listen(tenant(number)) else {
                break;
            };
            places.push(place);
        }
        assert_eq!(places.len(), STREAMS_MAX);
        drop(places);
        assert!(feed.open.lock().is_ok_and(|open| open.is_empty()));
    }
}
