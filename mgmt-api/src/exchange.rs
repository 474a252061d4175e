//! Exchange rates from outside: read again and again, put in force at the next midnight.
//!
//! ```text
//! every five minutes: sources that are due
//!   ─ask ([`ask`])─► an answer ─read ([`quotes`])─► rates ─judge ([`judge`])─► what is new, what waits
//!   ─one push of all that is new ([`write`])─► the configuration ─► what is known of the source
//! ```
//!
//! A rate goes the way of any other change: a version of the resource `exchange_rate`, with the source
//! as its author. So calls, explanations, rollbacks and the audit log know no difference, and a snapshot
//! of the past has the rates of then. It counts from the midnight (UTC) after it was read: no call of
//! before, no payment and no report is by another rate than the one that the table has for its day.

mod ask;
mod judge;
mod known;
mod quotes;
mod refresh;
mod write;

pub(crate) use judge::{move_bps, shown};
pub(crate) use known::{QuoteState, SourceKnown};
pub use refresh::RefreshExchangeRates;
pub(crate) use refresh::{is_stale, refresh, schedule, source_of};
pub(crate) use write::confirm;
