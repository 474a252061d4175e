//! A SIP user agent without I/O and the tests it can place: probe, load, simulated carriers.
//!
//! [`UserAgent`] is the centre: a caller and a called side for any number of calls at once, driven
//! by plain data. A [`plan::UacPlan`] says what each call it places does, a [`plan::UasPlan`] how
//! calls it receives are treated; both hold distributions, and every call draws its own from the
//! agent's seed. So the same agent is the phone of a unit test on virtual time, a carrier that
//! answers 503, and the traffic of a demonstration.
//!
//! ```
//! use sip_core::Instant;
//! use sip_tester::agent::{AgentConfig, CallRequest};
//! use sip_tester::{UserAgent, plan::UacPlan};
//!
//! let ours = "127.0.0.1:5070".parse()?;
//! let switch = "127.0.0.1:5060".parse()?;
//! let mut agent = UserAgent::new(AgentConfig::new(ours), 1);
//! let request = CallRequest::new(switch, "441132960000", "442071234567", UacPlan::default().into());
//! agent.place_call(Instant::ZERO, &request)?;
//! let mut bytes = Vec::new();
//! assert_eq!(agent.poll_transmit(&mut bytes), Some((ours, switch)));
//! assert!(bytes.starts_with(b"INVITE sip:442071234567@127.0.0.1:5060 SIP/2.0\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`ladder::Ladder`] shows what was said, [`rtp`] talks and listens, and [`shell`] puts agents on
//! real sockets: [`shell::probe()`], [`shell::SimulatedCarrier`], [`shell::TrafficGenerator`].
//!
//! What it deliberately is not: a phone (no registration, no authentication), a media engine (it
//! sends a tone and counts), or a proxy. It speaks UDP.
//!
//! Invariants: nothing outside of [`shell`] reads a clock, draws entropy or opens a socket. Every
//! call ends: by plan, by the other side, or by [`agent::MAX_CALL_TIME`]. The agent shares the
//! four transaction machines with the switch, and nothing else above messages: its table, dialogs
//! and calls are its own, so that it can judge the switch.

pub mod agent;
pub mod expectation;
pub mod ladder;
pub mod plan;
pub mod random;
pub mod rtp;
pub mod shell;

pub use agent::{CallHandle, UserAgent};
