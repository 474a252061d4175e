//! Tags of calls, by their places in a snapshot.

use crate::resources::TAGS_MAX;
use arrayvec::ArrayVec;

/// A tag's place among all of its snapshot. Means nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagIndex(pub(crate) u32);

/// The tags of one call, each once: at most [`TAGS_MAX`], which a snapshot holds its lists to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(ArrayVec<TagIndex, TAGS_MAX>);

impl FromIterator<TagIndex> for Tags {
    /// In order, so that the same tags are the same.
    fn from_iter<I: IntoIterator<Item = TagIndex>>(tags: I) -> Self {
        let mut all: Vec<_> = tags.into_iter().collect();
        all.sort_unstable();
        let mut found = Self::default();
        all.into_iter().for_each(|tag| found.put(tag));
        found
    }
}

impl Tags {
    pub(crate) fn put(&mut self, tag: TagIndex) {
        if !self.0.contains(&tag) {
            // Compiled so that there is room.
            let _ = self.0.try_push(tag);
        }
    }

    pub(crate) fn has(&self, tag: TagIndex) -> bool {
        self.0.contains(&tag)
    }

    /// In the order in which lists put them on.
    pub fn iter(&self) -> impl Iterator<Item = TagIndex> {
        self.0.iter().copied()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
