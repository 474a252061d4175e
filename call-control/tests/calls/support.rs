//! A switch on a bench: scripted peers speak to it message by message, and time is an argument.

mod message;
mod peers;
mod world;

pub(crate) use message::Sent;
pub(crate) use peers::{Caller, offer, reply, reply_with};
pub(crate) use world::{Setup, Switch, now_at};

/// Where the customer sends from.
pub(crate) const CUSTOMER: &str = "192.0.2.10:5060";
/// The cheaper carrier's gateway.
pub(crate) const AURORA: &str = "203.0.113.1:5060";
/// The dearer carrier's gateway.
pub(crate) const BOREALIS: &str = "203.0.113.2:5060";
/// The switch itself.
pub(crate) const SWITCH: &str = "198.51.100.1:5060";
/// A number that both carriers serve.
pub(crate) const CALLED: &str = "442071234567";
