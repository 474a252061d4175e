//! The telephone traffic of a customer.

use super::ShellError;
use super::driver::{Driver, Setup, Task};
use super::running::{FinishedCall, Running, Statistics};
use crate::UserAgent;
use crate::agent::{AgentConfig, CallRequest};
use crate::plan::UacPlan;
use crate::random::{Random, Span};
use crate::rtp::Sound;
use sip_core::{Duration, Instant};
use std::net::SocketAddr;
use std::sync::Arc;

/// Calls placed in one turn of the thread; the rest of a burst waits for the next.
const MAX_CALLS_PER_TURN: usize = 64;
/// A generator that is so far behind forgets what it missed: no burst after a stall.
const MAX_LAG: Duration = Duration::from_secs(1);

/// Who calls whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// User part of From.
    pub calling: String,
    /// User part of the Request-URI.
    pub called: String,
}

/// What a generator shall do.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// Where the INVITEs go.
    pub target: SocketAddr,
    /// What each call does.
    pub plan: UacPlan,
    /// Time between calls: [`Span::steady`] or [`Span::poisson`] of so many a second.
    pub gap: Span,
    /// Calls at once; what would be more is not placed, and counted.
    pub max_calls: usize,
    /// What the callers say; `None`: signalling only.
    pub sound: Option<Sound>,
    /// Every draw follows from it.
    pub seed: u64,
}

impl Traffic {
    /// So many calls a second in the mean, with a tone, at most 1,000 at once.
    pub fn new(target: SocketAddr, plan: UacPlan, calls_per_second: f64, seed: u64) -> Self {
        Self {
            target,
            plan,
            gap: Span::poisson(calls_per_second),
            max_calls: 1_000,
            sound: Some(Sound::Tone),
            seed,
        }
    }
}

/// A calling side with SIP and RTP, in a thread of its own.
///
/// Dropping it hangs up its calls in the background; [`TrafficGenerator::stop`] waits for that.
pub struct TrafficGenerator {
    running: Running,
    address: SocketAddr,
}

impl TrafficGenerator {
    /// Starts placing calls from `bind`, an address of this machine (port 0 lets the system
    /// choose), until stopped or until `numbers` has no more.
    pub fn start(
        bind: SocketAddr,
        traffic: Traffic,
        numbers: impl Iterator<Item = Numbers> + Send + 'static,
    ) -> Result<Self, ShellError> {
        let config = AgentConfig {
            max_calls: traffic.max_calls,
            ..AgentConfig::new(bind)
        };
        let mut random = Random::new(traffic.seed);
        let setup = Setup {
            agent: config,
            peer: None,
            sound: traffic.sound,
            seed: random.next_u64(),
        };
        let task = Placing {
            target: traffic.target,
            plan: Arc::new(traffic.plan),
            gap: traffic.gap,
            numbers,
            random,
            next_at: None,
            is_exhausted: false,
            not_placed: 0,
        };
        let driver = Driver::bind(setup, task)?;
        let address = driver.address();
        Ok(Self {
            running: driver.spawn("sip-traffic")?,
            address,
        })
    }

    /// Where its calls come from.
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

    /// The latest ended call to a number. Waits up to `at_most` for one to end.
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

struct Placing<N> {
    target: SocketAddr,
    plan: Arc<UacPlan>,
    gap: Span,
    numbers: N,
    random: Random,
    /// `None` before the first call.
    next_at: Option<Instant>,
    is_exhausted: bool,
    not_placed: u64,
}

impl<N: Iterator<Item = Numbers> + Send + 'static> Task for Placing<N> {
    fn run(&mut self, now: Instant, agent: &mut UserAgent) -> Option<Instant> {
        for _ in 0..MAX_CALLS_PER_TURN {
            let due = self.next_at.unwrap_or(now);
            if due > now || self.is_exhausted {
                break;
            }
            let Some(numbers) = self.numbers.next() else {
                self.is_exhausted = true;
                break;
            };
            let plan = Arc::clone(&self.plan);
            let request = CallRequest::new(self.target, &numbers.calling, &numbers.called, plan);
            if agent.place_call(now, &request).is_err() {
                self.not_placed += 1;
            }
            let start = if now.since(due) > MAX_LAG { now } else { due };
            self.next_at = Some(start + self.gap.draw(&mut self.random));
        }
        self.next_at.filter(|_| !self.is_exhausted)
    }

    fn is_finished(&self, agent: &UserAgent) -> bool {
        self.is_exhausted && agent.is_idle()
    }

    fn not_placed(&self) -> u64 {
        self.not_placed
    }
}
