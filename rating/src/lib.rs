//! Money, rate cards, billing increments, charges and the call record.
//!
//! Pure arithmetic and plain facts: this crate knows no SIP, no HTTP and no database, reads no
//! clock and does no I/O. Every amount is an integer number of nano-units ([`Amount`]); rounding
//! happens only in [`charge`], as the rate card says. The entry points are [`charge::charge`] and
//! the record of a call, [`cdr::CallRecord`].

pub mod cdr;
pub mod charge;
pub mod exchange;
pub mod expected;
pub mod journal;
pub mod jurisdiction;
pub mod money;
pub mod origin;
pub mod prefix;
pub mod rate;
pub mod rounding;
pub mod slice;
pub mod time;

pub use jurisdiction::Jurisdiction;
pub use money::{Amount, Currency};
pub use origin::Origin;
pub use slice::TalkPrice;
pub use time::Timestamp;
