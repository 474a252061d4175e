//! SIP messages, transactions, dialogs, SDP; transport is its only I/O.

pub mod dialog;
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
pub use header::{CSeq, HeaderName, NameAddr, Params, Reason, ReasonProtocol, Rport, Via};
pub use instant::{Duration, Instant};
pub use limits::Limits;
pub use message::{
    Frame, HeaderField, Message, MessageWriter, Method, RecordRoutes, ReplyHead, StartLine, frame,
};
pub use sdp::Sdp;
pub use text::{unfold, unquote};
pub use ticket::{Ticket, TicketKey, owner_of};
pub use uri::{Number, Scheme, Uri};
