//! A carrier that is not there: takes calls and treats them by plan.

use super::ShellError;
use super::driver::{Driver, Setup, Task};
use super::running::{FinishedCall, Running, Statistics};
use crate::UserAgent;
use crate::agent::AgentConfig;
use crate::plan::UasPlan;
use crate::rtp::Sound;
use sip_core::Instant;
use std::net::SocketAddr;

/// A called side with SIP and RTP, in a thread of its own.
///
/// Dropping it hangs up its calls in the background; [`SimulatedCarrier::stop`] waits for that.
pub struct SimulatedCarrier {
    running: Running,
    address: SocketAddr,
}

impl SimulatedCarrier {
    /// Starts one at `bind`, an address of this machine; port 0 lets the system choose.
    pub fn start(bind: SocketAddr, plan: UasPlan, seed: u64) -> Result<Self, ShellError> {
        let config = AgentConfig {
            uas: plan,
            ..AgentConfig::new(bind)
        };
        Self::start_with(config, Some(Sound::ComfortNoise), seed)
    }

    /// Starts one with every choice open; without `sound` there is signalling only.
    pub fn start_with(
        config: AgentConfig,
        sound: Option<Sound>,
        seed: u64,
    ) -> Result<Self, ShellError> {
        let setup = Setup {
            agent: config,
            peer: None,
            sound,
            seed,
        };
        let driver = Driver::bind(setup, Answering)?;
        let address = driver.address();
        Ok(Self {
            running: driver.spawn("sip-carrier")?,
            address,
        })
    }

    /// Where it is reached.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Counts since the start.
    pub fn statistics(&self) -> Statistics {
        self.running.statistics()
    }

    /// The last calls that ended, oldest first; at most [`super::MAX_FINISHED_CALLS`].
    pub fn finished_calls(&self) -> Vec<FinishedCall> {
        self.running.finished_calls()
    }

    /// The latest ended call to a number, as it stood in the Request-URI. Waits up to `at_most`
    /// for one to end: the caller may know of the end a moment earlier.
    pub fn finished_call_to(
        &self,
        called_number: &str,
        at_most: std::time::Duration,
    ) -> Option<FinishedCall> {
        self.running.finished_call_to(called_number, at_most)
    }

    /// Asks it to hang up and end, and returns at once. Several can so end together.
    pub fn request_stop(&self) {
        self.running.request_stop();
    }

    /// Hangs up its calls, waits for their ends, at most [`super::STOP_GRACE`], and ends.
    pub fn stop(self) -> Statistics {
        self.running.stop()
    }
}

/// It only answers.
struct Answering;

impl Task for Answering {
    fn run(&mut self, _now: Instant, _agent: &mut UserAgent) -> Option<Instant> {
        None
    }

    fn is_finished(&self, _agent: &UserAgent) -> bool {
        false
    }
}
