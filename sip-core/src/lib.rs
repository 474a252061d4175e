//! SIP messages, transactions, dialogs, SDP; transport is its only I/O.

pub mod instant;
pub mod slab;
pub mod timer;

pub use instant::{Duration, Instant};
