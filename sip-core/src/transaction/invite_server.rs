//! INVITE server transaction: RFC 3261 §17.2.1 with RFC 6026 §7.1 and §8.5.

use super::{Action, Actions, Timer, Timings};
use crate::Duration;

/// States of an INVITE server transaction. `Terminated` is the machine's end, not a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteServerState {
    /// No final response was sent.
    Proceeding,
    /// A 2xx was sent; the TU sends it again until its ACK comes (RFC 6026).
    Accepted,
    /// Another final response was sent; its ACK is awaited.
    Completed,
    /// The ACK came.
    Confirmed,
}

/// What can happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteServerInput {
    /// The INVITE came again.
    Request,
    /// The ACK came.
    Ack,
    /// The TU sends a 1xx.
    Provisional,
    /// The TU sends a 2xx.
    Success,
    /// The TU sends its 2xx again.
    SuccessAgain,
    /// The TU sends a 3xx–6xx.
    Failure,
    /// One of its timers fired.
    Timer(Timer),
    /// The network or the connection refused the message.
    TransportError,
}

/// The machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InviteServer {
    state: InviteServerState,
    reliable: bool,
    /// Timer G's present length.
    interval: Duration,
}

impl InviteServer {
    /// An INVITE came. The TU is expected to send 100 (Trying) at once, as §17.2.1 wants within
    /// 200 ms.
    pub fn start(timings: &Timings, reliable: bool) -> Self {
        Self {
            state: InviteServerState::Proceeding,
            reliable,
            interval: timings.t1,
        }
    }

    /// Where it is.
    pub fn state(&self) -> InviteServerState {
        self.state
    }

    /// Takes one input.
    pub fn on(&mut self, input: InviteServerInput, timings: &Timings) -> Actions {
        match self.state {
            InviteServerState::Proceeding => self.on_proceeding(input, timings),
            InviteServerState::Accepted => Self::on_accepted(input),
            InviteServerState::Completed => self.on_completed(input, timings),
            InviteServerState::Confirmed => Self::on_confirmed(input),
        }
    }

    fn on_proceeding(&mut self, input: InviteServerInput, timings: &Timings) -> Actions {
        let mut actions = Actions::new();
        match input {
            // §17.2.1: a retransmission gets the most recent provisional response.
            InviteServerInput::Request => actions.push(Action::Resend),
            InviteServerInput::Provisional => actions.push(Action::Send),
            // RFC 6026 §7.1: after a 2xx the transaction stays, to absorb retransmissions of the
            // INVITE.
            InviteServerInput::Success => {
                self.state = InviteServerState::Accepted;
                actions.extend([Action::Send, Action::Arm(Timer::L, timings.patience())]);
            }
            // §17.2.1: timer G only on an unreliable transport, timer H on any.
            InviteServerInput::Failure => {
                self.state = InviteServerState::Completed;
                actions.push(Action::Send);
                if !self.reliable {
                    actions.push(Action::Arm(Timer::G, self.interval));
                }
                actions.push(Action::Arm(Timer::H, timings.patience()));
            }
            // §17.2.4: the TU is told.
            InviteServerInput::TransportError => {
                actions.extend([Action::TransportFailed, Action::Terminate]);
            }
            _ => {}
        }
        actions
    }

    fn on_accepted(input: InviteServerInput) -> Actions {
        let mut actions = Actions::new();
        match input {
            // RFC 6026 §7.1: the TU's retransmissions of the 2xx pass through.
            InviteServerInput::SuccessAgain => actions.push(Action::Resend),
            // RFC 6026 §7.1: an ACK goes to the TU. It matches here only when the other side
            // used the INVITE's branch for it, against §13.2.2.4.
            InviteServerInput::Ack => actions.push(Action::Deliver),
            // RFC 6026 §7.1: the TU is told, and the transaction stays.
            InviteServerInput::TransportError => actions.push(Action::TransportFailed),
            InviteServerInput::Timer(Timer::L) => actions.push(Action::Terminate),
            // RFC 6026 §7.1: retransmissions of the INVITE are absorbed.
            _ => {}
        }
        actions
    }

    fn on_completed(&mut self, input: InviteServerInput, timings: &Timings) -> Actions {
        let mut actions = Actions::new();
        match input {
            // §17.2.1: the final response goes out again for each retransmission of the INVITE.
            InviteServerInput::Request => actions.push(Action::Resend),
            // §17.2.1: timer G resends and doubles, up to T2.
            InviteServerInput::Timer(Timer::G) => {
                self.interval = timings.backed_off(self.interval);
                actions.extend([Action::Resend, Action::Arm(Timer::G, self.interval)]);
            }
            // §17.2.1: the ACK ends retransmission; timer I is zero on a reliable transport.
            InviteServerInput::Ack => {
                self.state = InviteServerState::Confirmed;
                actions.extend([Action::Disarm(Timer::G), Action::Forget]);
                actions.push(match self.reliable {
                    true => Action::Terminate,
                    false => Action::Arm(Timer::I, timings.t4),
                });
            }
            // §17.2.1: the ACK never came.
            InviteServerInput::Timer(Timer::H) => {
                actions.extend([Action::TimedOut, Action::Terminate]);
            }
            // §17.2.4: the TU is told.
            InviteServerInput::TransportError => {
                actions.extend([Action::TransportFailed, Action::Terminate]);
            }
            _ => {}
        }
        actions
    }

    fn on_confirmed(input: InviteServerInput) -> Actions {
        let mut actions = Actions::new();
        // §17.2.1: Confirmed absorbs further ACKs until timer I.
        if input == InviteServerInput::Timer(Timer::I) {
            actions.push(Action::Terminate);
        }
        actions
    }
}
