//! What a transaction machine may ask for, its timers, and their lengths.

use crate::Duration;
use arrayvec::ArrayVec;

/// The timers of RFC 3261 (Table 4, §17) and RFC 6026, by letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// INVITE client, unreliable transport: send the INVITE again. T1, doubling. §17.1.1.2.
    A,
    /// INVITE client: no response at all. 64·T1. §17.1.1.2. After a CANCEL it is how long the
    /// final response may take, §9.1.
    B,
    /// Proxy: no final response to an INVITE. More than 3 min. §16.6 step 11. A B2BUA has the
    /// ring timer of its route instead, so no machine here arms it.
    C,
    /// INVITE client: absorb retransmissions of a final response other than 2xx. At least 32 s
    /// on an unreliable transport, none on a reliable one. §17.1.1.2.
    D,
    /// Client, unreliable transport: send the request again. T1, doubling up to T2. §17.1.2.2.
    E,
    /// Client: no final response. 64·T1. §17.1.2.2.
    F,
    /// INVITE server, unreliable transport: send the final response again. T1, doubling up to
    /// T2. §17.2.1.
    G,
    /// INVITE server: no ACK for a final response other than 2xx. 64·T1. §17.2.1.
    H,
    /// INVITE server: absorb retransmissions of the ACK. T4 on an unreliable transport, none on
    /// a reliable one. §17.2.1.
    I,
    /// Server: answer retransmissions of the request. 64·T1 on an unreliable transport, none on
    /// a reliable one. §17.2.2.
    J,
    /// Client: absorb retransmissions of the final response. T4 on an unreliable transport, none
    /// on a reliable one. §17.1.2.2.
    K,
    /// INVITE server: absorb retransmissions of the INVITE after a 2xx. 64·T1. RFC 6026 §7.1.
    L,
    /// INVITE client: pass on retransmissions of the 2xx and those of other forks. 64·T1. RFC
    /// 6026 §7.2.
    M,
}

impl Timer {
    /// True for the timers that only send something again; the others bound a state.
    pub const fn is_retransmission(self) -> bool {
        matches!(self, Self::A | Self::E | Self::G)
    }
}

/// The three times from which all timers are made (RFC 3261 Table 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// Estimate of the round trip. 500 ms.
    pub t1: Duration,
    /// Longest interval between retransmissions other than those of INVITE. 4 s.
    pub t2: Duration,
    /// Longest time that a message stays in the network. 5 s.
    pub t4: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        }
    }
}

impl Timings {
    /// 64·T1, the patience of every transaction: 32 s by default.
    pub fn patience(&self) -> Duration {
        self.t1 * 64
    }

    /// Timer D: "at least 32 seconds" whatever T1 is (RFC 3261 §17.1.1.2).
    pub fn timer_d(&self) -> Duration {
        self.patience().max(Duration::from_secs(32))
    }

    /// The interval after `interval`, for everything but INVITE: twice as long, up to T2.
    pub fn backed_off(&self, interval: Duration) -> Duration {
        (interval * 2).min(self.t2)
    }
}

/// One thing for the owner of a machine to do. Actions are carried out in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send the message that came with the input, and keep it for sending it again.
    Send,
    /// Send the kept message again; nothing when none is kept.
    Resend,
    /// Make the ACK for the response that came with the input, send and keep it (RFC 3261
    /// §17.1.1.3).
    Acknowledge,
    /// The kept message will not be sent again: its memory may go.
    Forget,
    /// Hand the received message to the TU.
    Deliver,
    /// Start a timer. The machine's timer of the same sort stops.
    Arm(Timer, Duration),
    /// Stop a timer.
    Disarm(Timer),
    /// Tell the TU that the other side was silent.
    TimedOut,
    /// Tell the TU that the message could not be sent.
    TransportFailed,
    /// The transaction is over.
    Terminate,
}

/// The actions of one input; six are the most that any transition asks for.
pub type Actions = ArrayVec<Action, 6>;
