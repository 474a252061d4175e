//! The API over a real database and a switch that is none.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod account;
mod apply;
mod authorisation;
mod cdrs;
mod console;
mod contract;
mod events;
mod explain;
mod fixture;
mod headers;
mod jobs;
mod live;
mod permissions;
mod problems;
mod resource_secrets;
mod resources;
mod server;
mod sign_in;
mod status;
