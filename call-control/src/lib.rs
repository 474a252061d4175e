//! The B2BUA: calls, legs, hunting over the route list, and the journal of call records.
//!
//! [`Engine`] is the whole signalling of one shard, without I/O: messages, commands and time go in;
//! messages, records and events come out. See its documentation for the loop that drives it.
//!
//! ```text
//!  engine ── dispatch ──► which call, leg, transaction does a message concern?
//!                ├─► stateless     OPTIONS, errors, what belongs to nobody
//!                ├─► ingress       a new call: decide, admit or refuse
//!                └─► call          two legs and the attempts between
//!                      ├─ hunting, attempt     over the route list
//!                      ├─ connect              18x and the answer
//!                      ├─ reliable             18x until their PRACK
//!                      ├─ relay_in_dialog      re-INVITE, UPDATE, INFO
//!                      ├─ transfer             REFER carried out, Replaces
//!                      ├─ session_timer        refreshes, and questions whether a peer lives
//!                      ├─ credit                pays on, or is hung up
//!                      ├─ session, codecs      descriptions and the media relay
//!                      └─ teardown, cdr        BYE, CANCEL, the record
//! ```
//!
//! Invariants:
//! - a call lives in one engine from its INVITE to its record, behind no lock;
//! - nothing of one leg is seen on the other but numbers, early and final states, causes,
//!   descriptions with our addresses, and the bodies of INFO;
//! - every INVITE from a customer gets exactly one final response, and every answered call exactly
//!   one final record;
//! - what a call took (channels, money, media ports, transactions, timers) is given back at its end;
//! - a tag or branch that this run did not write finds nothing and creates no state.
//!
//! Only [`journal`] does I/O.

mod addressing;
mod again;
mod alphabet;
mod attempt;
mod authentication;
mod call;
mod cdr;
mod challenged;
mod codecs;
pub mod config;
mod connect;
mod control;
mod core;
pub mod counters;
mod credit;
mod destination;
mod dispatch;
mod drain;
mod encryption;
mod engine;
pub mod events;
mod holding;
mod hunting;
mod identity;
mod ingress;
mod invitation;
pub mod journal;
mod leg;
pub mod media;
mod methods;
mod nonces;
mod probing;
mod random;
mod refusals;
mod registering;
mod relay_in_dialog;
pub mod release;
mod reliable;
mod session;
mod session_timer;
pub mod setups;
mod sources;
mod stateless;
mod teardown;
mod transfer;

pub use config::{DigestPolicy, EngineConfig, EngineLimits, Listener, Now};
pub use counters::Counters;
pub use engine::Engine;
pub use events::{Command, Datagram, Event, LiveCall, LiveState, OneWayMedia};
pub use media::{KeySource, MediaCommand, MediaPlan, MediaPorts, MediaWatch};
