//! Virtual time and a simulated network, for tests of everything that does no I/O itself.
//!
//! [`SimNet`] carries datagrams between addresses and loses, delays, duplicates and reorders them
//! as one seed says. [`World`] holds the net and the [`Node`]s on it and moves time from one event
//! to the next; nothing sleeps, and the same seed gives the same run to the byte. A test that
//! fails prints its seed, the command that replays it, and the last datagrams.
//!
//! ```ignore
//! # use testkit::{LinkProfile, World, seeds};
//! # use sip_tester::UserAgent;
//! # fn agent(_: &str) -> UserAgent { unimplemented!() }
//! for seed in seeds(0..100) {
//!     let mut world = World::new(seed);
//!     world.net.set_default_link(LinkProfile::lossy(10));
//!     let caller = world.add(["10.0.0.1:5060".parse().unwrap()], agent("caller"));
//!     let called = world.add(["10.0.0.2:5060".parse().unwrap()], agent("called"));
//!     // … place calls by world.node_mut(caller) …
//!     world.run_until_idle();
//!     assert_eq!(world.node(called).counters().active, 0);
//! }
//! ```
//!
//! This crate is for development only: a node that breaks a rule makes it panic, with the trace.

pub mod net;
pub mod world;

pub use net::{LinkProfile, SimNet};
pub use world::{Node, NodeId, World, seeds};
