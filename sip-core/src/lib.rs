//! SIP messages, transactions, dialogs, SDP; transport is its only I/O.
//!
//! Everything here but [`transport`] is a state machine or a view: it takes bytes and the time, and
//! returns values. It reads no clock, opens no socket and knows no route and no price. What a call
//! is, and what two legs have to do with each other, is the business of `call-control`.
//!
//! - [`message`], [`header`], [`uri`], [`sdp`]: zero-copy views over the receive buffer, and writers
//!   into the send buffer. [`Message`] is the entry.
//! - [`ticket`]: tags and branches that say which shard and slot a message belongs to.
//! - [`transaction`], [`dialog`]: RFC 3261 §17 and §12, driven by `now` and by messages.
//! - [`instant`], [`timer`], [`slab`]: time as a number, and tables of fixed size.
//!
//! ```
//! use sip_core::{HeaderName, Limits, Message, MessageWriter};
//!
//! let datagram = b"OPTIONS sip:ping@198.51.100.1 SIP/2.0\r\n\
//!     Via: SIP/2.0/UDP 203.0.113.5;branch=z9hG4bK74b43;rport\r\n\
//!     From: <sip:gw@203.0.113.5>;tag=9fxced\r\n\
//!     To: <sip:ping@198.51.100.1>\r\n\
//!     Call-ID: 3848276298220188511@203.0.113.5\r\n\
//!     CSeq: 63104 OPTIONS\r\n\r\n";
//! let source = "203.0.113.5:5060".parse().expect("an address");
//! let mut answer = Vec::new();
//!
//! let request = Message::parse(datagram, &Limits::DEFAULT)?;
//! request.validate_request()?;
//! MessageWriter::reply_to(&mut answer, &request, source, 200, "OK", Some("ours"))
//!     .header(HeaderName::Allow, "INVITE, ACK, BYE, CANCEL, OPTIONS")
//!     .finish();
//! assert!(answer.starts_with(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 203.0.113.5;branch=z9hG4bK74b43;"));
//! # Ok::<(), sip_core::ParseError>(())
//! ```
//!
//! Invariants: bytes off the network never panic; everything that a peer can make grow has a limit
//! in [`limits`] or in a configuration; nothing on the path of a message allocates once its
//! buffers are warm.

pub mod dialog;
pub mod digest;
pub mod error;
pub mod header;
pub mod instant;
pub mod limits;
pub mod message;
pub mod sdp;
pub mod slab;
mod text;
pub mod ticket;
pub mod timer;
pub mod transaction;
#[cfg(feature = "transport")]
pub mod transport;
pub mod uri;

pub use error::{ParseError, Part, Problem};
pub use header::{
    CSeq, HeaderName, NameAddr, Params, RAck, Reason, ReasonProtocol, Refresher, Rport,
    SessionExpires, Via,
};
pub use instant::{Duration, Instant};
pub use limits::Limits;
pub use message::{
    Frame, HeaderField, Message, MessageWriter, Method, RecordRoutes, ReplyHead, StartLine, frame,
};
pub use sdp::Sdp;
pub use text::{unfold, unquote};
pub use ticket::{Ticket, TicketKey, owner_beside, owner_of};
pub use uri::{Number, Scheme, Uri};
