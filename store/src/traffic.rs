//! Sums of calls and attempts for reports: what came of them, how long they took, what they earned.
//!
//! The loader adds a batch of records to the sums in the transaction that inserts them, so a call
//! counts once, whatever dies when. Each call and each attempt is in two sums, of a quarter of an
//! hour and of a day (UTC): every time zone of today is a whole number of quarters away from UTC, so
//! a day of any of them is made of quarters, and long reports read days where they can.
//!
//! | side | counts | at | money of its own |
//! |---|---|---|---|
//! | call | each call, by customer, ingress trunk and destination on the customer's card | received | the charge |
//! | attempt | each attempt, by carrier, egress trunk, destination on the carrier's card, and customer | its beginning | the cost |
//!
//! A call's charge stands at its last attempt too, which is the one that carried it: so attempts have
//! a margin. What customers paid for calls without an attempt stands at calls only.
//!
//! Records that are older than the sums are filled in beside the work of the loader ([`fill`]).
//! [`Store::verify_traffic`](crate::Store::verify_traffic) compares sums and records,
//! [`Store::rebuild_traffic`](crate::Store::rebuild_traffic) makes sums anew from them.

mod compared;
mod day;
mod fill;
mod rebuild;
mod report;
mod sums;
mod verify;
mod witness;
mod write;

pub use fill::TrafficFill;
pub use report::{
    TRAFFIC_LINES_MAX, TrafficBy, TrafficGroup, TrafficLine, TrafficQuery, TrafficReportError,
};
pub use sums::{TrafficSide, TrafficSums};
pub use verify::{TrafficDifference, TrafficVerification};
pub(crate) use write::add_new_calls;

/// Microseconds of the shorter grain.
pub const TRAFFIC_QUARTER_US: i64 = 900_000_000;

/// Microseconds of a day.
pub const TRAFFIC_DAY_US: i64 = 86_400_000_000;

#[cfg(test)]
mod tests;
