//! The two clocks of a node, read together.

use call_control::Now;
use rating::Timestamp;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Reads the monotonic and the wall clock. Copies share the origin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            origin: Instant::now(),
        }
    }

    pub(crate) fn now(self) -> Now {
        Now {
            instant: self.instant(),
            wall: wall(),
        }
    }

    /// Microseconds since the start.
    pub(crate) fn instant(self) -> sip_core::Instant {
        let micros = u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX);
        sip_core::Instant::from_micros(micros)
    }
}

/// The wall clock. A clock before 1970 reads as 1970.
pub(crate) fn wall() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
