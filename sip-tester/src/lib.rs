//! A SIP user agent without I/O and the tests it can place: probe, load, simulated carriers.

pub mod agent;
pub mod ladder;
pub mod plan;
pub mod random;
pub mod rtp;
pub mod shell;

pub use agent::{CallHandle, UserAgent};
