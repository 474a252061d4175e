//! A table of slots with generations: constant-time insert, find and remove, and a stale key
//! finds nothing.

/// Names one value of a [`Slab`]: the slot, and which of the slot's values it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlabKey {
    /// Position in the table, below its capacity.
    pub slot: u32,
    /// How many values the slot had before this one (wraps after 2^32).
    pub generation: u32,
}

/// A bounded table whose keys stop working when their value is removed.
///
/// Freed slots are used again last in, first out, so a quiet switch stays in a few warm pages.
#[derive(Debug)]
pub struct Slab<T> {
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
    capacity: u32,
}

#[derive(Debug)]
struct Entry<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Slab<T> {
    /// A table of at most `capacity` values. Address space is reserved here; a slot's memory is
    /// first touched when the slot is first used.
    pub fn with_capacity(capacity: u32) -> Self {
        Self {
            entries: Vec::with_capacity(capacity as usize),
            free: Vec::with_capacity(capacity as usize),
            capacity,
        }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// True when there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True when [`Slab::insert_with`] would refuse.
    pub fn is_full(&self) -> bool {
        self.free.is_empty() && self.entries.len() as u64 >= u64::from(self.capacity)
    }

    /// Stores what `make` builds from its own key. `None`, without calling `make`, when full.
    pub fn insert_with(&mut self, make: impl FnOnce(SlabKey) -> T) -> Option<SlabKey> {
        self.try_insert_with(|key| Some(make(key)))
    }

    /// The same with a maker that may give up: the slot stays free then.
    pub fn try_insert_with(&mut self, make: impl FnOnce(SlabKey) -> Option<T>) -> Option<SlabKey> {
        if self.is_full() {
            return None;
        }
        let slot = self.free.pop().unwrap_or_else(|| self.grow());
        let entry = &mut self.entries[slot as usize];
        let key = SlabKey {
            slot,
            generation: entry.generation,
        };
        entry.value = make(key);
        if entry.value.is_none() {
            self.free.push(slot);
            return None;
        }
        Some(key)
    }

    fn grow(&mut self) -> u32 {
        self.entries.push(Entry {
            generation: 0,
            value: None,
        });
        // The capacity is a u32, so the index fits.
        (self.entries.len() - 1) as u32
    }

    /// The value, unless the key is stale.
    pub fn get(&self, key: SlabKey) -> Option<&T> {
        let entry = self.entries.get(key.slot as usize)?;
        (entry.generation == key.generation).then_some(entry.value.as_ref()?)
    }

    /// The value, unless the key is stale.
    pub fn get_mut(&mut self, key: SlabKey) -> Option<&mut T> {
        let entry = self.entries.get_mut(key.slot as usize)?;
        (entry.generation == key.generation).then_some(entry.value.as_mut()?)
    }

    /// The value in `slot`, whichever it is, with its key.
    pub fn at_mut(&mut self, slot: u32) -> Option<(SlabKey, &mut T)> {
        let entry = self.entries.get_mut(slot as usize)?;
        let generation = entry.generation;
        Some((SlabKey { slot, generation }, entry.value.as_mut()?))
    }

    /// Takes the value out and makes every key to it stale.
    pub fn remove(&mut self, key: SlabKey) -> Option<T> {
        let entry = self.entries.get_mut(key.slot as usize)?;
        if entry.generation != key.generation {
            return None;
        }
        let value = entry.value.take()?;
        entry.generation = entry.generation.wrapping_add(1);
        self.free.push(key.slot);
        Some(value)
    }

    /// Every value from slot `first` on, in slot order.
    pub fn iter_from(&self, first: u32) -> impl Iterator<Item = (SlabKey, &T)> {
        self.entries
            .iter()
            .enumerate()
            .skip(first as usize)
            .filter_map(|(slot, entry)| {
                let key = SlabKey {
                    slot: slot as u32,
                    generation: entry.generation,
                };
                Some((key, entry.value.as_ref()?))
            })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is the failure")]
    use super::*;

    #[test]
    fn a_stale_key_finds_nothing() {
        let mut slab = Slab::with_capacity(4);
        let old = slab.insert_with(|_| "old").unwrap();
        assert_eq!(slab.remove(old), Some("old"));
        let new = slab.insert_with(|_| "new").unwrap();
        assert_eq!(new.slot, old.slot, "the slot is used again");
        assert_eq!(slab.get(old), None);
        assert_eq!(slab.remove(old), None);
        assert_eq!(slab.get(new), Some(&"new"));
    }

    #[test]
    fn a_full_table_refuses_and_recovers() {
        let mut slab = Slab::with_capacity(2);
        let first = slab.insert_with(|_| 1).unwrap();
        slab.insert_with(|_| 2).unwrap();
        assert!(slab.is_full());
        assert_eq!(slab.insert_with(|_| 3), None);
        slab.remove(first);
        assert_eq!(slab.len(), 1);
        assert!(slab.insert_with(|_| 3).is_some());
    }

    #[test]
    fn a_page_starts_at_the_slot_asked_for() {
        let mut slab = Slab::with_capacity(8);
        let keys: Vec<_> = (0..5).map(|n| slab.insert_with(|_| n).unwrap()).collect();
        slab.remove(keys[3]);
        let seen: Vec<_> = slab.iter_from(2).map(|(_, n)| *n).collect();
        assert_eq!(seen, [2, 4]);
    }
}
