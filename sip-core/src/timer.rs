//! A hierarchical timer wheel: arming and cancelling cost the same however many timers run.
//!
//! A timer is a number, [`TimerId`], that its owner chooses and keeps: slot 7 of a table with two
//! timers a slot owns the numbers 14 and 15. So arming allocates nothing, the wheel can hold no
//! more timers than its owners have slots, and cancelling by number leaves no stale entry behind
//! to fire later for somebody else.
//!
//! Resolution is one millisecond; a timer never fires early, and fires at the first
//! [`TimerWheel::expire`] after its millisecond has passed.

use crate::{Duration, Instant};

/// The number of a timer. At most one deadline is armed for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId(pub u32);

/// Slots of a level, as a power of two: one 64-bit word tells which are occupied.
const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
/// Five levels of 64 reach 2^30 ms, 12.4 days. A deadline beyond is parked in the last slot of
/// the top level and sorted in again when that slot comes round.
const LEVELS: usize = 5;
const REACH: u64 = 1 << (SLOT_BITS * LEVELS as u32);
const TICK_MICROS: u64 = 1_000;
const NONE: u32 = u32::MAX;
/// A list's number when a node is in no list.
const IDLE: u16 = u16::MAX;
/// The list of timers whose time has come.
const DUE: u16 = (LEVELS * SLOTS) as u16;

/// The wheel. See the [module](self) for the rules.
#[derive(Debug)]
pub struct TimerWheel {
    /// Indexed by timer number.
    nodes: Vec<Node>,
    /// First node of each list: level by level, then the list of due timers.
    heads: Box<[u32; LEVELS * SLOTS + 1]>,
    occupied: [u64; LEVELS],
    /// Every deadline up to this tick is in the due list or gone.
    now_tick: u64,
    armed: usize,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    deadline_tick: u64,
    previous: u32,
    next: u32,
    list: u16,
}

impl TimerWheel {
    /// An empty wheel whose time starts at `now`, with room made for `expected` timers.
    pub fn new(now: Instant, expected: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(expected),
            heads: Box::new([NONE; LEVELS * SLOTS + 1]),
            occupied: [0; LEVELS],
            now_tick: now.as_micros() / TICK_MICROS,
            armed: 0,
        }
    }

    /// Number of armed timers.
    pub fn armed(&self) -> usize {
        self.armed
    }

    /// Arms the timer, `length` from `now`. A deadline armed before is forgotten.
    pub fn arm(&mut self, id: TimerId, now: Instant, length: Duration) {
        self.cancel(id);
        self.make_room(id);
        // Rounded up: a timer never fires early.
        let deadline_tick = (now + length).as_micros().div_ceil(TICK_MICROS);
        self.nodes[id.0 as usize].deadline_tick = deadline_tick;
        self.link(id.0, self.list_for(deadline_tick));
        self.armed += 1;
    }

    /// Disarms the timer; nothing happens when it is not armed.
    pub fn cancel(&mut self, id: TimerId) {
        let armed = self
            .nodes
            .get(id.0 as usize)
            .is_some_and(|node| node.list != IDLE);
        if armed {
            self.unlink(id.0);
            self.armed -= 1;
        }
    }

    /// True when the timer is armed.
    pub fn is_armed(&self, id: TimerId) -> bool {
        self.nodes
            .get(id.0 as usize)
            .is_some_and(|node| node.list != IDLE)
    }

    /// Takes one timer whose time has come, or `None` when all such have been taken. The timer is
    /// disarmed. Timers of one millisecond come in no particular order.
    pub fn expire(&mut self, now: Instant) -> Option<TimerId> {
        if self.heads[DUE as usize] == NONE {
            self.advance(now.as_micros() / TICK_MICROS);
        }
        let id = self.heads[DUE as usize];
        if id == NONE {
            return None;
        }
        self.unlink(id);
        self.armed -= 1;
        Some(TimerId(id))
    }

    /// When to call [`TimerWheel::expire`] next: at or before the earliest deadline, and after
    /// the time of the last call. `None` when nothing is armed.
    ///
    /// It is the earliest deadline itself once that is in the wheel's lowest level (the present
    /// 64 ms); before, it may be a moment at which the wheel only turns.
    pub fn next_deadline(&self) -> Option<Instant> {
        if self.heads[DUE as usize] != NONE {
            return Some(Instant::from_micros(self.now_tick * TICK_MICROS));
        }
        self.next_turn()
            .map(|(tick, _)| Instant::from_micros(tick * TICK_MICROS))
    }

    fn make_room(&mut self, id: TimerId) {
        let needed = id.0 as usize + 1;
        if self.nodes.len() < needed {
            let idle = Node {
                deadline_tick: 0,
                previous: NONE,
                next: NONE,
                list: IDLE,
            };
            self.nodes.resize(needed, idle);
        }
    }

    /// Where a deadline belongs as seen from `now_tick`.
    fn list_for(&self, deadline_tick: u64) -> u16 {
        if deadline_tick <= self.now_tick {
            return DUE;
        }
        let reachable = deadline_tick.min(self.now_tick + REACH - 1);
        // The level is given by the highest bit in which deadline and present differ: below it
        // both are in the same turn of the level above.
        let differing = reachable ^ self.now_tick;
        let level = ((63 - differing.leading_zeros()) / SLOT_BITS).min(LEVELS as u32 - 1);
        let slot = (reachable >> (SLOT_BITS * level)) as usize % SLOTS;
        (level as usize * SLOTS + slot) as u16
    }

    /// Moves every deadline up to `tick` to the due list.
    fn advance(&mut self, tick: u64) {
        while let Some((turn, list)) = self.next_turn() {
            if turn > tick {
                break;
            }
            self.now_tick = turn;
            self.empty(list);
        }
        self.now_tick = self.now_tick.max(tick);
    }

    /// Puts every node of a list where it belongs as seen from `now_tick`.
    fn empty(&mut self, list: u16) {
        let mut id = self.heads[list as usize];
        // Detached first: a deadline beyond the reach may go back to the same list.
        self.heads[list as usize] = NONE;
        self.occupied[list as usize / SLOTS] &= !(1 << (list as usize % SLOTS));
        while id != NONE {
            let node = self.nodes[id as usize];
            let target = self.list_for(node.deadline_tick);
            self.link(id, target);
            id = node.next;
        }
    }

    /// The tick at which the next occupied list begins, and the list.
    fn next_turn(&self) -> Option<(u64, u16)> {
        (0..LEVELS)
            .filter_map(|level| self.next_turn_of(level))
            .min()
    }

    fn next_turn_of(&self, level: usize) -> Option<(u64, u16)> {
        let occupied = self.occupied[level];
        if occupied == 0 {
            return None;
        }
        let shift = SLOT_BITS * level as u32;
        let present = self.now_tick >> shift;
        // Slots are searched from the one after the present one, all the way round.
        let start = (present + 1) % SLOTS as u64;
        let ahead = u64::from(occupied.rotate_right(start as u32).trailing_zeros());
        let slot = (start + ahead) % SLOTS as u64;
        let tick = (present + 1 + ahead) << shift;
        Some((tick, (level * SLOTS) as u16 + slot as u16))
    }

    fn link(&mut self, id: u32, list: u16) {
        let head = self.heads[list as usize];
        if head != NONE {
            self.nodes[head as usize].previous = id;
        }
        let node = &mut self.nodes[id as usize];
        node.previous = NONE;
        node.next = head;
        node.list = list;
        self.heads[list as usize] = id;
        if list != DUE {
            self.occupied[list as usize / SLOTS] |= 1 << (list as usize % SLOTS);
        }
    }

    fn unlink(&mut self, id: u32) {
        let Node {
            previous,
            next,
            list,
            ..
        } = self.nodes[id as usize];
        if next != NONE {
            self.nodes[next as usize].previous = previous;
        }
        if previous == NONE {
            self.heads[list as usize] = next;
        } else {
            self.nodes[previous as usize].next = next;
        }
        if list != DUE && self.heads[list as usize] == NONE {
            self.occupied[list as usize / SLOTS] &= !(1 << (list as usize % SLOTS));
        }
        self.nodes[id as usize].list = IDLE;
    }
}

#[cfg(test)]
mod tests;
