//! The slots of a relay thread: which ports are ready, in use, or still being waited for. No I/O.
//!
//! ```text
//! (not open) ─ add ─► ready ─ stock ─► stocked ─ start ─► active ─ stop ─► quiet ─ expire ─► ready
//!                       ▲                 └──────── stop (never started) ────▲
//!                       └── unstock ──────┘
//! ```
//!
//! A slot keeps its sockets for good: what goes round is the right to use them.

#[cfg(test)]
mod tests;

use crate::session::{Session, SessionId};
use std::collections::VecDeque;
use std::time::Duration;

/// How many quiet periods a slot waits at most when packets keep arriving. Somebody who sends to
/// all ports for ever must not be able to use them up.
const QUIET_PERIODS_MAX: u32 = 8;

/// All slots of a thread. `S` is what each holds: its sockets.
#[derive(Debug)]
pub(crate) struct Slots<S> {
    thread: usize,
    quiet_period: Duration,
    slots: Vec<Slot<S>>,
    ready: VecDeque<usize>,
    /// In the order in which they are due.
    quiet: VecDeque<(usize, Duration)>,
}

#[derive(Debug)]
struct Slot<S> {
    sockets: S,
    generation: u64,
    shard: usize,
    state: State,
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "most slots are or were active; a box would be an allocation per session"
)]
enum State {
    Ready,
    Stocked,
    Active(Session),
    Quiet {
        last_stray: Option<Duration>,
        periods: u32,
    },
}

impl<S> Slots<S> {
    pub(crate) fn new(thread: usize, quiet_period: Duration) -> Self {
        Self {
            thread,
            quiet_period,
            slots: Vec::new(),
            ready: VecDeque::new(),
            quiet: VecDeque::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Adds a slot, ready; `None` when there are as many as can be named.
    pub(crate) fn add(&mut self, sockets: S) -> Option<usize> {
        let index = self.slots.len();
        if index >= SessionId::SLOTS_MAX {
            return None;
        }
        self.slots.push(Slot {
            sockets,
            generation: 0,
            shard: 0,
            state: State::Ready,
        });
        self.ready.push_back(index);
        Some(index)
    }

    /// Takes the ready slot that has been ready longest, for the stock of `shard`, under a name
    /// that was never used.
    pub(crate) fn stock(&mut self, shard: usize) -> Option<SessionId> {
        let index = self.ready.pop_front()?;
        let slot = &mut self.slots[index];
        slot.generation += 1;
        slot.shard = shard;
        slot.state = State::Stocked;
        Some(SessionId::new(self.thread, index, slot.generation))
    }

    /// The stock had no room: the slot is ready as before.
    pub(crate) fn unstock(&mut self, session: SessionId) {
        if let Some(slot) = self.slot_of(session)
            && matches!(slot.state, State::Stocked)
        {
            slot.state = State::Ready;
            // Nobody has seen the name.
            slot.generation -= 1;
            self.ready.push_front(session.slot());
        }
    }

    /// The session, begun if it had not begun; `None` when it is over.
    pub(crate) fn start(&mut self, session: SessionId) -> Option<&mut Session> {
        let slot = self.slot_of(session)?;
        if matches!(slot.state, State::Stocked) {
            slot.state = State::Active(Session::new());
        }
        self.active(session)
    }

    /// The session, if it is going on.
    pub(crate) fn active(&mut self, session: SessionId) -> Option<&mut Session> {
        match &mut self.slot_of(session)?.state {
            State::Active(session) => Some(session),
            _ => None,
        }
    }

    /// Ends a session: the shard that had it; its ports begin to be waited for. `None` when it is over
    /// already.
    pub(crate) fn stop(&mut self, session: SessionId, now: Duration) -> Option<usize> {
        let due = now + self.quiet_period;
        let slot = self.slot_of(session)?;
        if matches!(slot.state, State::Ready | State::Quiet { .. }) {
            return None;
        }
        slot.state = State::Quiet {
            last_stray: None,
            periods: 1,
        };
        let shard = slot.shard;
        self.quiet.push_back((session.slot(), due));
        Some(shard)
    }

    /// Makes ready what has been quiet for the whole period.
    pub(crate) fn expire(&mut self, now: Duration) {
        while let Some(&(index, due)) = self.quiet.front()
            && due <= now
        {
            self.quiet.pop_front();
            self.expire_one(index, due, now);
        }
    }

    fn expire_one(&mut self, index: usize, due: Duration, now: Duration) {
        let period = self.quiet_period;
        let Some(slot) = self.slots.get_mut(index) else {
            return;
        };
        if let State::Quiet {
            last_stray,
            periods,
        } = &mut slot.state
            && *periods < QUIET_PERIODS_MAX
            && last_stray.is_some_and(|stray| stray + period > due)
        {
            *periods += 1;
            self.quiet.push_back((index, now + period));
            return;
        }
        slot.state = State::Ready;
        self.ready.push_back(index);
    }

    /// What slot `index` holds and its session; the session is `None` when there is none, and the
    /// packet that arrived is a stray one.
    pub(crate) fn arrived(
        &mut self,
        index: usize,
        now: Duration,
    ) -> Option<(&mut S, Option<&mut Session>)> {
        let slot = self.slots.get_mut(index)?;
        let session = match &mut slot.state {
            State::Active(session) => Some(session),
            State::Quiet { last_stray, .. } => {
                *last_stray = Some(now);
                None
            }
            State::Ready | State::Stocked => None,
        };
        Some((&mut slot.sockets, session))
    }

    /// What slot `index` holds.
    pub(crate) fn sockets_mut(&mut self, index: usize) -> Option<&mut S> {
        self.slots.get_mut(index).map(|slot| &mut slot.sockets)
    }

    /// Every session that is going on, with its shard.
    pub(crate) fn active_sessions(
        &mut self,
    ) -> impl Iterator<Item = (SessionId, usize, &mut Session)> {
        let thread = self.thread;
        self.slots
            .iter_mut()
            .enumerate()
            .filter_map(move |(index, slot)| match &mut slot.state {
                State::Active(session) => Some((
                    SessionId::new(thread, index, slot.generation),
                    slot.shard,
                    session,
                )),
                _ => None,
            })
    }

    fn slot_of(&mut self, session: SessionId) -> Option<&mut Slot<S>> {
        self.slots
            .get_mut(session.slot())
            .filter(|slot| slot.generation == session.generation())
    }
}
