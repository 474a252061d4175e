//! How much of the journal waits for a database that does not take it.
//!
//! While loading goes well nothing waits, and nothing is looked at here. While it does not, the frames
//! behind each place are counted: by their lengths, each once.

use super::segment_reader::SegmentReader;
use super::segments::{Segments, list};
use rating::journal::SegmentName;
use std::collections::BTreeMap;
use std::path::Path;

/// The ends of what was found written, of segments that are not loaded.
#[derive(Debug, Default)]
pub(super) struct Written {
    ends: BTreeMap<SegmentName, u64>,
    waiting: u64,
}

impl Written {
    /// Bytes of records in `directory` that are behind the places of `segments`. What cannot be read, a file
    /// or the folder, counts as it was when it last could.
    pub(super) fn waiting(&mut self, directory: &Path, segments: &Segments) -> u64 {
        // The folder names what is new as well: its place is in the database, which may be away.
        let Ok(names) = list(directory) else {
            return self.waiting;
        };
        let mut before = std::mem::take(&mut self.ends);
        let mut waiting = 0;
        for name in names {
            let known = segments.known.get(&name);
            if known.is_some_and(|segment| segment.finished) {
                continue;
            }
            let place = known.map_or(0, |segment| segment.position);
            let begin = place.max(rating::journal::SEGMENT_HEADER_BYTES as u64);
            let seen = before.remove(&name).unwrap_or(begin).max(begin);
            let path = directory.join(name.to_string());
            let end = SegmentReader::open(&path, name, seen, true)
                .and_then(|mut reader| reader.skip_records())
                .unwrap_or(seen);
            waiting += end - begin;
            self.ends.insert(name, end);
        }
        self.waiting = waiting;
        waiting
    }
}
