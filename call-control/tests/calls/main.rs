//! What the switch does with calls, one behaviour per file, on virtual time and without sockets.

#![allow(clippy::unwrap_used, reason = "a panic is the failure")]

mod basic_call;
mod support;
