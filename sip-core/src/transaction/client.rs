//! Client transaction for every method but INVITE: RFC 3261 §17.1.2.

use super::{Action, Actions, Timer, Timings};
use crate::Duration;

/// States of a client transaction. `Terminated` is the machine's end, not a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientState {
    /// The request was sent; nothing came back.
    Trying,
    /// A provisional response came.
    Proceeding,
    /// The final response came.
    Completed,
}

/// What can happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientInput {
    /// 1xx.
    Provisional,
    /// 2xx–6xx.
    Final,
    /// One of its timers fired.
    Timer(Timer),
    /// The network or the connection refused the message.
    TransportError,
}

/// The machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    state: ClientState,
    reliable: bool,
    /// Timer E's present length.
    interval: Duration,
}

impl Client {
    /// Sends the request.
    pub fn start(timings: &Timings, reliable: bool) -> (Self, Actions) {
        let machine = Self {
            state: ClientState::Trying,
            reliable,
            interval: timings.t1,
        };
        let mut actions = Actions::new();
        actions.push(Action::Send);
        // §17.1.2.2: timer E only on an unreliable transport, timer F on any.
        if !reliable {
            actions.push(Action::Arm(Timer::E, timings.t1));
        }
        actions.push(Action::Arm(Timer::F, timings.patience()));
        (machine, actions)
    }

    /// Where it is.
    pub fn state(&self) -> ClientState {
        self.state
    }

    /// Takes one input.
    pub fn on(&mut self, input: ClientInput, timings: &Timings) -> Actions {
        let mut actions = Actions::new();
        if self.state == ClientState::Completed {
            // §17.1.2.2: Completed absorbs retransmissions until timer K.
            if input == ClientInput::Timer(Timer::K) {
                actions.push(Action::Terminate);
            }
            return actions;
        }
        match input {
            // §17.1.2.2: timer E doubles up to T2 in Trying, and is T2 in Proceeding.
            ClientInput::Timer(Timer::E) => {
                self.interval = match self.state {
                    ClientState::Trying => timings.backed_off(self.interval),
                    _ => timings.t2,
                };
                actions.extend([Action::Resend, Action::Arm(Timer::E, self.interval)]);
            }
            ClientInput::Provisional => {
                self.state = ClientState::Proceeding;
                actions.push(Action::Deliver);
            }
            // §17.1.2.2: timer K is zero on a reliable transport.
            ClientInput::Final => {
                self.state = ClientState::Completed;
                actions.extend([Action::Disarm(Timer::E), Action::Deliver, Action::Forget]);
                actions.push(match self.reliable {
                    true => Action::Terminate,
                    false => Action::Arm(Timer::K, timings.t4),
                });
            }
            // §17.1.2.2: timer F in Trying or Proceeding: the TU is told.
            ClientInput::Timer(Timer::F) => {
                actions.extend([Action::TimedOut, Action::Terminate]);
            }
            // §17.1.4: the TU is told.
            ClientInput::TransportError => {
                actions.extend([Action::TransportFailed, Action::Terminate]);
            }
            ClientInput::Timer(_) => {}
        }
        actions
    }
}
