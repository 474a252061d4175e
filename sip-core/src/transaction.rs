//! The four transaction machines of RFC 3261 §17, as corrected by RFC 6026, and their table.
//!
//! A machine is a small `Copy` value: it takes an input and returns what to do as [`Action`]s. It
//! holds no bytes, no addresses and no clock. The [`TransactionTable`] owns the rest: it finds the
//! machine for a message, keeps the bytes that may have to be sent again, arms the timers and
//! carries out the actions.
//!
//! ```text
//!  request  ─► match_request ─► New ─► open_server ─► respond …      (TU: the B2BUA core)
//!  response ─► match_response ─► Some(user) ─► TU
//!  TU ─► open_client / cancel / abandon          time ─► handle_timeout ─► Expired to the TU
//! ```
//!
//! What the TU itself must do, because RFC 3261 gives it to the UAC and UAS cores: send a 2xx
//! again until its ACK comes (§13.3.1.4, [`TransactionTable::resend`]) and send the ACK of a 2xx
//! (§13.2.2.4).

mod action;
mod client;
mod invite_client;
mod invite_server;
mod key;
mod outbox;
mod server;
mod table;

pub use action::{Action, Actions, Timer, Timings};
pub use client::{Client, ClientInput, ClientState};
pub use invite_client::{InviteClient, InviteClientInput, InviteClientState};
pub use invite_server::{InviteServer, InviteServerInput, InviteServerState};
pub use key::ServerKey;
pub use outbox::{ConnectionId, HostNumber, Outbox, Path, Transmit, TransmitToken, Transport};
pub use server::{Server, ServerInput, ServerState};
pub use table::{
    Branch, CancelOutcome, ClientId, Expired, ExpiredReason, Matched, NotSent, ServerId, TableFull,
    TransactionConfig, TransactionTable, response_path,
};
