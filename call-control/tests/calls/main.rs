//! What the switch does with calls, one behaviour per file, on virtual time and without sockets.

#![allow(clippy::unwrap_used, reason = "a panic is the failure")]

mod basic_call;
mod cancel_before_answer;
mod cancel_races_answer;
mod codecs;
mod credit;
mod digest;
mod early_media;
mod encryption;
mod failover;
mod gateways;
mod in_dialog;
mod late_offer;
mod limits;
mod lost_ack;
mod lost_bye;
mod names;
mod nat;
mod operation;
mod payload_types;
mod presented;
mod probing;
mod redirected;
mod refused;
mod registration;
mod reinvite_local;
mod reliable_provisional;
mod replaces;
mod session_timers;
mod simulation;
mod support;
mod transfer;
