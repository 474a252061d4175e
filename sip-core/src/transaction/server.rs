//! Server transaction for every method but INVITE: RFC 3261 §17.2.2.

use super::{Action, Actions, Timer, Timings};

/// States of a server transaction. `Terminated` is the machine's end, not a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerState {
    /// The request came; nothing was sent.
    Trying,
    /// A provisional response was sent.
    Proceeding,
    /// The final response was sent.
    Completed,
}

/// What can happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerInput {
    /// The request came again.
    Request,
    /// The TU sends a 1xx.
    Provisional,
    /// The TU sends a 2xx–6xx.
    Final,
    /// One of its timers fired.
    Timer(Timer),
    /// The network or the connection refused the message.
    TransportError,
}

/// The machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    state: ServerState,
    reliable: bool,
}

impl Server {
    /// A request came.
    pub fn start(reliable: bool) -> Self {
        Self {
            state: ServerState::Trying,
            reliable,
        }
    }

    /// Where it is.
    pub fn state(&self) -> ServerState {
        self.state
    }

    /// Takes one input.
    pub fn on(&mut self, input: ServerInput, timings: &Timings) -> Actions {
        let mut actions = Actions::new();
        match (self.state, input) {
            // §17.2.2: a retransmission in Trying is absorbed.
            (ServerState::Trying, ServerInput::Request) => {}
            // §17.2.2: later it gets the most recent response.
            (_, ServerInput::Request) => actions.push(Action::Resend),
            (ServerState::Trying | ServerState::Proceeding, ServerInput::Provisional) => {
                self.state = ServerState::Proceeding;
                actions.push(Action::Send);
            }
            // §17.2.2: timer J is zero on a reliable transport.
            (ServerState::Trying | ServerState::Proceeding, ServerInput::Final) => {
                self.state = ServerState::Completed;
                actions.push(Action::Send);
                actions.push(match self.reliable {
                    true => Action::Terminate,
                    false => Action::Arm(Timer::J, timings.patience()),
                });
            }
            // §17.2.2: any other final response in Completed is discarded.
            (ServerState::Completed, ServerInput::Timer(Timer::J)) => {
                actions.push(Action::Terminate);
            }
            // §17.2.4: the TU is told.
            (_, ServerInput::TransportError) => {
                actions.extend([Action::TransportFailed, Action::Terminate]);
            }
            _ => {}
        }
        actions
    }
}
