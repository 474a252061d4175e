//! How many sockets the relay may have open.

use crate::ports::PORTS_PER_SESSION;
use std::sync::atomic::{AtomicUsize, Ordering};

const OF_SESSION: usize = PORTS_PER_SESSION as usize;

/// The sockets of all relay threads. Ports go first: second sockets of streams get what all sessions of the port
/// range would leave, and beyond that only while less than half of all are open. Or none at all.
#[derive(Debug)]
pub(super) struct SocketBudget {
    max: usize,
    /// What all ports of the range would leave.
    spare: usize,
    /// Whether streams get any.
    for_streams: bool,
    open: AtomicUsize,
    /// Those of streams among them.
    of_streams: AtomicUsize,
}

impl SocketBudget {
    /// At most `max` sockets, where the port range has room for `sessions`.
    pub(super) fn new(max: usize, sessions: usize) -> Self {
        Self {
            max,
            spare: max.saturating_sub(sessions * OF_SESSION),
            for_streams: true,
            open: AtomicUsize::new(0),
            of_streams: AtomicUsize::new(0),
        }
    }

    /// The same with none for streams: all are for ports.
    pub(super) fn of_ports(max: usize, sessions: usize) -> Self {
        Self {
            for_streams: false,
            ..Self::new(max, sessions)
        }
    }

    /// Sockets that are open now.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Sockets that may be open.
    pub(super) fn max(&self) -> usize {
        self.max
    }

    /// Room for the ports of one session more; false when there is none.
    pub(super) fn take_session(&self) -> bool {
        self.take(OF_SESSION)
    }

    /// The ports could not be opened.
    pub(super) fn give_session(&self) {
        self.open.fetch_sub(OF_SESSION, Ordering::Relaxed);
    }

    /// Room for a second socket of a leg; false when there is none.
    pub(super) fn take_stream(&self) -> bool {
        if !self.for_streams {
            return false;
        }
        let is_spare = self.of_streams.load(Ordering::Relaxed) < self.spare;
        let is_taken = (is_spare || self.open() < self.max / 2) && self.take(1);
        if is_taken {
            self.of_streams.fetch_add(1, Ordering::Relaxed);
        }
        is_taken
    }

    /// So many of them were closed.
    pub(super) fn give_streams(&self, count: usize) {
        self.of_streams.fetch_sub(count, Ordering::Relaxed);
        self.open.fetch_sub(count, Ordering::Relaxed);
    }

    fn take(&self, more: usize) -> bool {
        let next = |open: usize| open.checked_add(more).filter(|open| *open <= self.max);
        self.open
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_get_what_all_ports_would_leave() {
        let budget = SocketBudget::new(10, 2);
        assert_eq!([(); 3].map(|()| budget.take_session()), [true, true, false]);
        assert_eq!([(); 3].map(|()| budget.take_stream()), [true, true, false]);
        assert_eq!((budget.open(), budget.max()), (10, 10));
        budget.give_streams(2);
        budget.give_session();
        assert_eq!(budget.open(), 4);
        assert!(budget.take_stream() && budget.take_session());
    }

    #[test]
    fn where_streams_get_none_all_are_for_ports() {
        let budget = SocketBudget::of_ports(12, 2);
        assert!(budget.take_session() && !budget.take_stream());
        assert_eq!([(); 3].map(|()| budget.take_session()), [true, true, false]);
        assert!(!budget.take_stream());
        assert_eq!((budget.open(), budget.max()), (12, 12));
    }

    #[test]
    fn where_not_all_ports_find_room_streams_keep_to_the_first_half() {
        let budget = SocketBudget::new(12, 100);
        assert!(budget.take_session());
        assert_eq!([(); 3].map(|()| budget.take_stream()), [true, true, false]);
        assert_eq!([(); 2].map(|()| budget.take_session()), [true, false]);
        assert!(!budget.take_stream());
        assert_eq!(budget.open(), 10);
    }
}
