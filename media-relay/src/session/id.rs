//! Names of sessions.

/// A session of this relay: never used twice while the process lives.
///
/// Holds the relay thread, its slot and how often the slot has been used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(u64);

impl SessionId {
    /// Most relay threads.
    pub const THREADS_MAX: usize = 1 << 8;
    /// Most slots of a thread; more than there are ports.
    pub const SLOTS_MAX: usize = 1 << 16;

    #[cfg_attr(not(feature = "io"), expect(dead_code, reason = "made by the threads"))]
    pub(crate) fn new(thread: usize, slot: usize, generation: u64) -> Self {
        debug_assert!(thread < Self::THREADS_MAX && slot < Self::SLOTS_MAX);
        Self(generation << 24 | (slot as u64) << 8 | thread as u64)
    }

    /// As a number, for those who only hand it through.
    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// The session of a number from [`Self::as_u64`]. Any other number names no session.
    pub fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// Which relay thread owns it.
    pub fn thread(self) -> usize {
        (self.0 & 0xff) as usize
    }

    /// Which of the thread's slots it has.
    pub fn slot(self) -> usize {
        (self.0 >> 8 & 0xffff) as usize
    }

    /// How often the slot had been used before.
    pub fn generation(self) -> u64 {
        self.0 >> 24
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_keeps_its_parts() {
        let id = SessionId::new(255, 65_535, 7_000_000_000);
        assert_eq!(
            (id.thread(), id.slot(), id.generation()),
            (255, 65_535, 7_000_000_000)
        );
        assert_eq!(SessionId::from_u64(id.as_u64()), id);
    }
}
