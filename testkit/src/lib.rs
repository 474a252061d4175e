//! Virtual time and a simulated network, for tests of everything that does no I/O itself.
//!
//! [`SimNet`] carries datagrams between addresses and loses, delays, duplicates and reorders them
//! as one seed says. [`World`] holds the net and the [`Node`]s on it and moves time from one event
//! to the next; nothing sleeps, and the same seed gives the same run to the byte. A test that
//! fails prints its seed, the command that replays it, and the last datagrams.
//!
//! ```
//! use sip_tester::agent::Outcome;
//! use sip_tester::plan::{UacPlan, UasPlan};
//! use testkit::{LinkProfile, Pair, seeds};
//!
//! for seed in seeds(0..20) {
//!     let pair = Pair::new(seed, LinkProfile::lossy(10), UasPlan::default());
//!     let (caller, _called) = pair.one_call(UacPlan::default());
//!     assert_eq!(caller.outcome, Outcome::Completed);
//! }
//! ```
//!
//! [`Pair`] is the smallest world; a test of a switch puts a node of its own between agents.
//!
//! This crate is for development only: a node that breaks a rule makes it panic, with the trace.

mod agent;
pub mod net;
pub mod pair;
pub mod replay;
pub mod world;

pub use net::{LinkProfile, SimNet};
pub use pair::Pair;
pub use replay::seeds;
pub use world::{Node, NodeId, World};
