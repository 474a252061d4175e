//! Lets other SIP servers use the relay alone, by rtpengine's ng protocol.
//!
//! ```text
//! datagram ── "cookie bencode" ──► Desk::take ──► reply, the same for the same cookie
//!                                     │
//!                                     ▼
//!                        Relay::take, start, update, stop
//! ```
//!
//! - [`bencode`] reads and writes values.
//! - [`description`] says what SDP means to the relay.
//! - [`Desk`] answers: `ping`, `offer`, `answer`, `delete`, `query` and `list`.
//!
//! No I/O: the caller gives datagrams and the time. Errors are worded as rtpengine's, since the servers that
//! ask know these. Nothing grows without a limit: calls ([`Limits::calls`]), tags, replies that are kept.

pub mod bencode;
pub mod description;

mod answers;
mod calls;
mod desk;
mod replies;
mod request;

pub use desk::{Counters, Desk, Limits, Plan, Relay};
