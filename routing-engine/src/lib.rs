//! The compiled snapshot, limits, number translation and the decision pipeline.
//!
//! Resources ([`resources`]) are checked and compiled with their rate decks ([`deck`]) into an
//! immutable [`Snapshot`]; [`decide()`] takes a call through it: who calls, may they, at what price,
//! and by which routes in which order. Counters of limits ([`limits`]) and the money that calls hold
//! ([`credit`]) live beside the snapshot and survive its replacement. Everything is pure: no clock, no sockets, no files, no randomness; the
//! time is an argument, and a deck or a resource file arrives as bytes.
//!
//! A live call goes like this:
//!
//! ```text
//! decide(&request, &snapshot, &mut LiveAdmission, &mut NoTrace)
//!   -> Decision::Route(plan)                        the plan holds the ingress permits
//!        for candidate in &plan.candidates          cheapest first
//!          candidate.admit(&snapshot, gateway, now_us)  egress permits, for this attempt
//!          candidate.egress_trunk(&snapshot)        gateways, timers, failover codes
//!          snapshot.applied_rate(candidate.rate, …) for the record
//!   -> Decision::Reject(rejection)                  with the reason for the record
//! ```
//!
//! Invariants: a decision allocates nothing; indexes are of one snapshot only; a call that one limit
//! refuses has taken nothing from the others, and one that is refused later holds no channel and no money.

pub mod card_rates;
pub mod credit;
pub mod decide;
pub mod deck;
pub mod explain;
pub mod health;
pub mod limits;
pub mod lot;
pub mod names;
pub mod numbers;
pub mod price_check;
pub mod quality;
pub mod record;
pub mod resources;
pub mod snapshot;
pub mod throttle;
pub mod trace;

pub use ::resources::{Problem, documents};
pub use decide::{CallRequest, Candidate, Decision, Rejection, RoutePlan, Source, decide};
pub use limits::{DryAdmission, LiveAdmission, Permits, PromptAdmission, ReplayAdmission};
pub use quality::QualityTable;
pub use record::{RecordedAdmission, decide_noted};
pub use snapshot::{DigestIdentity, Snapshot, TrunkIndex};
pub use trace::NoTrace;
