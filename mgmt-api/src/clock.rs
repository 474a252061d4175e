//! The wall clock.

use rating::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) fn now() -> Timestamp {
    let micros = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_micros());
    Timestamp(i64::try_from(micros).unwrap_or(i64::MAX))
}
