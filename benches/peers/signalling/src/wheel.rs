//! Timers of calls, in slots of a wheel.

/// Length of a slot.
const SLOT_NS: u64 = 4_000_000;
/// More than the longest timer, in slots.
const SLOTS: usize = 65_536;

/// A call has one timer at a time: each setting has a serial number, and an entry whose number is not the call's
/// last is passed over.
pub(crate) struct Wheel {
    slots: Vec<Vec<(u32, u32)>>,
    now: u64,
}

impl Wheel {
    pub(crate) fn new(now_ns: u64) -> Self {
        Self {
            slots: vec![Vec::new(); SLOTS],
            now: now_ns / SLOT_NS,
        }
    }

    /// Fires in the slot after `due_ns`.
    pub(crate) fn set(&mut self, call: u32, serial: u32, due_ns: u64) {
        let slot = (due_ns / SLOT_NS + 1).max(self.now + 1);
        let longest = self.now + SLOTS as u64 - 1;
        self.slots[slot.min(longest) as usize % SLOTS].push((call, serial));
    }

    /// Moves what is due by now to `fired`.
    pub(crate) fn advance(&mut self, now_ns: u64, fired: &mut Vec<(u32, u32)>) {
        let until = now_ns / SLOT_NS;
        while self.now < until {
            self.now += 1;
            fired.append(&mut self.slots[self.now as usize % SLOTS]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_fires_once_and_not_before_its_time() {
        let mut wheel = Wheel::new(0);
        let mut fired = Vec::new();
        wheel.set(7, 1, 500_000_000);
        wheel.set(8, 2, 10_000_000_000);
        wheel.advance(499_999_999, &mut fired);
        assert!(fired.is_empty());
        wheel.advance(505_000_000, &mut fired);
        assert_eq!(fired, [(7, 1)]);
        fired.clear();
        wheel.advance(10_010_000_000, &mut fired);
        assert_eq!(fired, [(8, 2)]);
    }

    #[test]
    fn a_timer_in_the_past_fires_in_the_next_slot() {
        let mut wheel = Wheel::new(1_000_000_000);
        let mut fired = Vec::new();
        wheel.set(1, 1, 0);
        wheel.advance(1_004_000_000, &mut fired);
        assert_eq!(fired, [(1, 1)]);
    }

    #[test]
    fn a_timer_beyond_the_wheel_does_not_fire_early() {
        let mut wheel = Wheel::new(0);
        let mut fired = Vec::new();
        wheel.set(1, 1, u64::MAX / 2);
        wheel.advance(SLOT_NS * (SLOTS as u64 - 2), &mut fired);
        assert!(fired.is_empty());
    }
}
