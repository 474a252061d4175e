//! The pulse of the switch: one point each second, ten minutes of them, and whoever listens.

mod window;

pub(crate) use window::LiveWindow;

use crate::clock;
use crate::routes::live::LivePoint;
use crate::switch_port::SwitchPort;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use tokio::time::MissedTickBehavior;

/// Points that are kept: ten minutes.
pub(crate) const HISTORY_POINTS: usize = 600;

/// Streams at the same time.
const STREAMS_MAX: usize = 100;

/// Points that a slow listener may lag behind before it misses some.
const BACKLOG: usize = 16;

/// Keeps the points and hands them out.
pub(crate) struct LiveFeed {
    points: Mutex<VecDeque<LivePoint>>,
    /// `None` when the server stops: the streams end.
    sender: Mutex<Option<broadcast::Sender<LivePoint>>>,
    streams: Arc<Semaphore>,
}

/// A listener's place; it is free again when this is dropped.
pub(crate) struct Listener {
    pub(crate) receiver: broadcast::Receiver<LivePoint>,
    pub(crate) place: OwnedSemaphorePermit,
}

impl LiveFeed {
    pub(crate) fn new() -> Self {
        let (sender, _) = broadcast::channel(BACKLOG);
        Self {
            points: Mutex::default(),
            sender: Mutex::new(Some(sender)),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        }
    }

    /// The newest points, oldest first.
    pub(crate) fn history(&self, count: usize) -> Vec<LivePoint> {
        let points = self.points.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = points.len().saturating_sub(count);
        points.iter().skip(skipped).cloned().collect()
    }

    /// A place among the listeners; `None` when all are taken or the server stops.
    pub(crate) fn listen(&self) -> Option<Listener> {
        let place = Arc::clone(&self.streams).try_acquire_owned().ok()?;
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = sender.as_ref()?.subscribe();
        Some(Listener { receiver, place })
    }

    /// Ends all streams, so that their connections can close.
    pub(crate) fn close(&self) {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn push(&self, point: LivePoint) {
        let mut points = self.points.lock().unwrap_or_else(PoisonError::into_inner);
        if points.len() == HISTORY_POINTS {
            points.pop_front();
        }
        points.push_back(point.clone());
        drop(points);
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = &*sender {
            // Nobody listening is no error.
            let _ = sender.send(point);
        }
    }

    /// Samples the switch each second, for ever.
    pub(crate) async fn run(&self, switch: Arc<dyn SwitchPort>) {
        let mut window = LiveWindow::new(switch.sample());
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // The first tick comes at once; a point needs a second before it.
        ticks.tick().await;
        loop {
            ticks.tick().await;
            self.push(window.push(clock::now(), switch.sample()));
        }
    }
}
