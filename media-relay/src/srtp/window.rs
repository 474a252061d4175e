//! Which packets of a source have been: the index of each, and a window of those that came (RFC 3711 §3.3).

use super::SrtpError;

/// Packets that may come late. RFC 3711 §3.3.2 wants 64 at least.
const WIDTH: u64 = 128;
/// An index has 48 bits.
const INDEX_MAX: u64 = (1 << 48) - 1;

/// The newest index, and which before it have been.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    newest: Option<u64>,
    /// Bit n: the packet n before the newest has been.
    seen: u128,
}

impl Window {
    /// The index that a sequence number stands for, by the newest one (RFC 3711 §3.3.1 and Appendix A);
    /// `None` for one from before the beginning, or after the last.
    pub(super) fn index_of(&self, sequence: u16) -> Option<u64> {
        let Some(newest) = self.newest else {
            return Some(sequence.into());
        };
        let (cycles, latest) = (newest >> 16, newest as u16);
        let cycles = match sequence.wrapping_sub(latest) {
            // Ahead, perhaps beyond the wrap.
            ahead if ahead < 1 << 15 => cycles + u64::from(sequence < latest),
            // Behind, perhaps before it.
            _ => cycles.checked_sub(u64::from(sequence > latest))?,
        };
        let index = cycles << 16 | u64::from(sequence);
        (index <= INDEX_MAX).then_some(index)
    }

    /// Whether nothing has been.
    pub(super) fn is_empty(&self) -> bool {
        self.newest.is_none()
    }

    /// Whether nobody knows any more if a packet has been.
    pub(super) fn is_long_ago(&self, index: u64) -> bool {
        self.newest.is_some_and(|newest| index + WIDTH <= newest)
    }

    /// The index after the newest; `None` after the last.
    pub(super) fn next(&self) -> Option<u64> {
        let next = self.newest.map_or(0, |newest| newest + 1);
        (next <= INDEX_MAX).then_some(next)
    }

    /// Takes a packet for seen.
    ///
    /// # Errors
    /// [`SrtpError::Replayed`] when it was, or may have been.
    pub(super) fn take(&mut self, index: u64) -> Result<(), SrtpError> {
        let Some(newest) = self.newest.filter(|newest| *newest >= index) else {
            let ahead = self.newest.map_or(WIDTH, |newest| index - newest);
            let kept = u32::try_from(ahead)
                .ok()
                .and_then(|by| self.seen.checked_shl(by));
            self.seen = kept.unwrap_or(0) | 1;
            self.newest = Some(index);
            return Ok(());
        };
        let behind = newest - index;
        if behind >= WIDTH || self.seen >> behind & 1 != 0 {
            return Err(SrtpError::Replayed);
        }
        self.seen |= 1 << behind;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn at(newest: u64) -> Window {
        let mut window = Window::default();
        assert_eq!(window.take(newest), Ok(()));
        window
    }

    #[test]
    fn a_sequence_number_is_the_nearest_index() {
        assert_eq!(Window::default().index_of(65_535), Some(65_535));
        assert_eq!(at(65_535).index_of(0), Some(65_536));
        assert_eq!(at(65_536).index_of(65_535), Some(65_535));
        assert_eq!(at(1).index_of(65_535), None, "before the beginning");
        assert_eq!(at(0x1_8000).index_of(0x8001), Some(0x1_8001));
        assert_eq!(at(0x1_8000).index_of(0x0001), Some(0x1_0001));
        assert_eq!(at(0x1_8002).index_of(0x0001), Some(0x2_0001));
        assert_eq!(at(INDEX_MAX).index_of(0), None, "after the last");
    }

    #[test]
    fn nothing_passes_twice_and_nothing_from_long_ago() {
        let mut window = at(1_000);
        assert_eq!(window.take(1_000), Err(SrtpError::Replayed));
        assert_eq!(window.take(1_000 - WIDTH + 1), Ok(()));
        assert_eq!(window.take(1_000 - WIDTH + 1), Err(SrtpError::Replayed));
        assert_eq!(window.take(1_000 - WIDTH), Err(SrtpError::Replayed));
        assert_eq!(window.take(1_000 + WIDTH - 1), Ok(()));
        assert_eq!(window.take(1_000), Err(SrtpError::Replayed));
        assert_eq!(window.take(1_000_000), Ok(()));
        assert_eq!(window.take(999_999), Ok(()));
    }

    proptest! {
        /// Against a set of all that were taken: what passes is new, and what is new and near passes.
        #[test]
        fn the_window_is_a_set_of_what_was_seen(steps in prop::collection::vec(-200_i64..200, 1..300)) {
            let (mut window, mut seen, mut at) = (Window::default(), BTreeSet::new(), 100_000_i64);
            for step in steps {
                at += step;
                let index = at.max(0) as u64;
                let newest = seen.last().copied().unwrap_or(0);
                let passes = window.take(index).is_ok();
                let is_near = index + WIDTH > newest;
                prop_assert_eq!(passes, is_near && seen.insert(index));
            }
        }

        #[test]
        fn an_index_that_is_near_is_found_by_its_sequence_number(
            newest in 40_000..INDEX_MAX - 40_000,
            step in -32_000_i64..32_000,
        ) {
            let index = newest.saturating_add_signed(step);
            prop_assert_eq!(at(newest).index_of(index as u16), Some(index));
        }
    }
}
