//! INVITE client transaction: RFC 3261 §17.1.1 with RFC 6026 §7.2 and §8.4.

use super::{Action, Actions, Timer, Timings};
use crate::Duration;

/// States of an INVITE client transaction. `Terminated` is the machine's end, not a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteClientState {
    /// The INVITE was sent; nothing came back.
    Calling,
    /// A provisional response came.
    Proceeding,
    /// A final response other than 2xx came and was acknowledged.
    Completed,
    /// A 2xx came; the TU acknowledges it (RFC 6026).
    Accepted,
}

/// What can happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteClientInput {
    /// 1xx.
    Provisional,
    /// 2xx.
    Success,
    /// 3xx–6xx.
    Failure,
    /// One of its timers fired.
    Timer(Timer),
    /// The network or the connection refused the message.
    TransportError,
    /// The TU sent a CANCEL.
    Cancelled,
    /// The TU no longer wants the call, and no response came that would allow a CANCEL.
    Abandoned,
}

/// The machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InviteClient {
    state: InviteClientState,
    reliable: bool,
    /// Timer A's present length.
    interval: Duration,
}

impl InviteClient {
    /// Sends the INVITE.
    pub fn start(timings: &Timings, reliable: bool) -> (Self, Actions) {
        let machine = Self {
            state: InviteClientState::Calling,
            reliable,
            interval: timings.t1,
        };
        let mut actions = Actions::new();
        actions.push(Action::Send);
        // §17.1.1.2: timer A only on an unreliable transport, timer B on any.
        if !reliable {
            actions.push(Action::Arm(Timer::A, timings.t1));
        }
        actions.push(Action::Arm(Timer::B, timings.patience()));
        (machine, actions)
    }

    /// Where it is.
    pub fn state(&self) -> InviteClientState {
        self.state
    }

    /// Takes one input.
    pub fn on(&mut self, input: InviteClientInput, timings: &Timings) -> Actions {
        match self.state {
            InviteClientState::Calling => self.on_calling(input, timings),
            InviteClientState::Proceeding => self.on_proceeding(input, timings),
            InviteClientState::Completed => Self::on_completed(input),
            InviteClientState::Accepted => Self::on_accepted(input),
        }
    }

    fn on_calling(&mut self, input: InviteClientInput, timings: &Timings) -> Actions {
        let mut actions = Actions::new();
        match input {
            // §17.1.1.2: timer A resends the INVITE and doubles.
            InviteClientInput::Timer(Timer::A) => {
                self.interval = self.interval * 2;
                actions.extend([Action::Resend, Action::Arm(Timer::A, self.interval)]);
            }
            // §17.1.1.2: a provisional response ends retransmission, and with it timer B.
            InviteClientInput::Provisional => {
                self.state = InviteClientState::Proceeding;
                actions.extend([
                    Action::Disarm(Timer::A),
                    Action::Disarm(Timer::B),
                    Action::Deliver,
                ]);
            }
            // §9.1 forbids a CANCEL before a provisional response, but nothing asks us to insist
            // on a call that we no longer want: stop timer A, and wait for what may still come.
            InviteClientInput::Abandoned => actions.push(Action::Disarm(Timer::A)),
            InviteClientInput::Cancelled => {}
            _ => return self.on_final_or_failure(input, timings),
        }
        actions
    }

    fn on_proceeding(&mut self, input: InviteClientInput, timings: &Timings) -> Actions {
        let mut actions = Actions::new();
        match input {
            // §17.1.1.2: further provisional responses go to the TU.
            InviteClientInput::Provisional => actions.push(Action::Deliver),
            // §9.1: without a final response within 64·T1 of the CANCEL, the client considers
            // the INVITE cancelled and destroys the transaction.
            InviteClientInput::Cancelled => {
                actions.push(Action::Arm(Timer::B, timings.patience()));
            }
            InviteClientInput::Timer(Timer::A) | InviteClientInput::Abandoned => {}
            _ => return self.on_final_or_failure(input, timings),
        }
        actions
    }

    /// What Calling and Proceeding have in common.
    fn on_final_or_failure(&mut self, input: InviteClientInput, timings: &Timings) -> Actions {
        let mut actions = Actions::new();
        match input {
            // RFC 6026 §7.2: a 2xx goes to the TU, which acknowledges it; timer M starts.
            InviteClientInput::Success => {
                self.state = InviteClientState::Accepted;
                actions.extend([
                    Action::Disarm(Timer::A),
                    Action::Deliver,
                    Action::Forget,
                    Action::Arm(Timer::M, timings.patience()),
                ]);
            }
            // §17.1.1.2: 3xx–6xx go to the TU and are acknowledged here. Timer D is zero on a
            // reliable transport.
            InviteClientInput::Failure => {
                self.state = InviteClientState::Completed;
                actions.extend([
                    Action::Disarm(Timer::A),
                    Action::Deliver,
                    Action::Acknowledge,
                ]);
                actions.push(match self.reliable {
                    true => Action::Terminate,
                    false => Action::Arm(Timer::D, timings.timer_d()),
                });
            }
            // §17.1.1.2: timer B in Calling: the TU is told.
            InviteClientInput::Timer(Timer::B) => {
                actions.extend([Action::TimedOut, Action::Terminate]);
            }
            // §17.1.4: the TU is told, and the transaction ends.
            InviteClientInput::TransportError => {
                actions.extend([Action::TransportFailed, Action::Terminate]);
            }
            _ => {}
        }
        actions
    }

    fn on_completed(input: InviteClientInput) -> Actions {
        let mut actions = Actions::new();
        match input {
            // §17.1.1.2: each retransmission of the final response gets the ACK again.
            InviteClientInput::Failure => actions.push(Action::Resend),
            // The TU has its final response; an ACK that cannot be sent changes nothing for it.
            InviteClientInput::Timer(Timer::D) | InviteClientInput::TransportError => {
                actions.push(Action::Terminate);
            }
            _ => {}
        }
        actions
    }

    fn on_accepted(input: InviteClientInput) -> Actions {
        let mut actions = Actions::new();
        match input {
            // RFC 6026 §7.2: every 2xx goes to the TU: a retransmission or another fork's.
            InviteClientInput::Success => actions.push(Action::Deliver),
            InviteClientInput::Timer(Timer::M) => actions.push(Action::Terminate),
            _ => {}
        }
        actions
    }
}
