//! What calls and transactions wait for, in the order of time.

use sip_core::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// What a call may wait for. At most one of each for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Alarm {
    /// Caller: no final response in the time we are ready to wait.
    Patience,
    /// Caller: the next step of the plan in the middle of the call.
    MidCall,
    /// Called: the next response of the script.
    Reply,
    /// Called: the 2xx goes out again until its ACK comes (RFC 3261 §13.3.1.4).
    AnswerAgain,
    /// Called: the ACK of the 2xx has not come in 64·T1 (RFC 3261 §13.3.1.4).
    AckMissing,
    /// Both: it is our turn to hang up.
    HangUp,
    /// Both: nothing that bounds the call's life came. A peer cannot keep a call here for ever.
    Expiry,
    /// Both: the call is over and its last messages have left; report it.
    Report,
}

/// Points in time that owners wait for, at most one of each kind for an owner.
#[derive(Debug)]
pub(crate) struct Alarms<O, K> {
    by_time: BTreeSet<(Instant, O, K)>,
    by_owner: BTreeMap<O, Vec<(K, Instant)>>,
}

impl<O: Copy + Ord, K: Copy + Ord> Alarms<O, K> {
    pub(crate) fn new() -> Self {
        Self {
            by_time: BTreeSet::new(),
            by_owner: BTreeMap::new(),
        }
    }

    /// Sets an alarm, in place of the same one set before.
    pub(crate) fn set(&mut self, owner: O, kind: K, at: Instant) {
        self.cancel(owner, kind);
        self.by_time.insert((at, owner, kind));
        self.by_owner.entry(owner).or_default().push((kind, at));
    }

    pub(crate) fn cancel(&mut self, owner: O, kind: K) {
        let Some(armed) = self.by_owner.get_mut(&owner) else {
            return;
        };
        if let Some(index) = armed.iter().position(|(armed, _)| *armed == kind) {
            let (_, at) = armed.swap_remove(index);
            self.by_time.remove(&(at, owner, kind));
        }
        if armed.is_empty() {
            self.by_owner.remove(&owner);
        }
    }

    /// Cancels whatever the owner waits for.
    pub(crate) fn cancel_all(&mut self, owner: O) {
        for (kind, at) in self.by_owner.remove(&owner).unwrap_or_default() {
            self.by_time.remove(&(at, owner, kind));
        }
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|&(at, ..)| at)
    }

    /// Takes out one alarm whose time has come.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<(O, K)> {
        let &(_, owner, kind) = self.by_time.first().filter(|(at, ..)| *at <= now)?;
        self.cancel(owner, kind);
        Some((owner, kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CallHandle;

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    #[test]
    fn alarms_come_in_time_order_and_once() {
        let (one, two) = (CallHandle(1), CallHandle(2));
        let mut alarms = Alarms::new();
        alarms.set(one, Alarm::HangUp, at(30));
        alarms.set(two, Alarm::Reply, at(20));
        alarms.set(one, Alarm::HangUp, at(10));
        assert_eq!(alarms.next(), Some(at(10)));
        assert_eq!(alarms.pop_due(at(9)), None);
        assert_eq!(alarms.pop_due(at(25)), Some((one, Alarm::HangUp)));
        assert_eq!(alarms.pop_due(at(25)), Some((two, Alarm::Reply)));
        assert_eq!((alarms.pop_due(at(99)), alarms.next()), (None, None));
    }

    #[test]
    fn cancelling_a_call_leaves_the_others() {
        let (one, two) = (CallHandle(1), CallHandle(2));
        let mut alarms = Alarms::new();
        alarms.set(one, Alarm::Patience, at(1));
        alarms.set(one, Alarm::Report, at(2));
        alarms.set(two, Alarm::Expiry, at(3));
        alarms.cancel_all(one);
        assert_eq!(alarms.pop_due(at(9)), Some((two, Alarm::Expiry)));
        assert_eq!(alarms.pop_due(at(9)), None);
    }
}
