//! Comparing the journal with the database: is every record that is still in a segment there, as it was written?

use super::segment_reader::{ReadError, SegmentReader, Stop};
use super::segments::{Segments, list, place_of};
use super::{Loader, LoaderError};
use crate::cdrs::{id_text, json, of_dropped_days};
use crate::database::sql;
use crate::{Store, StoreError};
use rating::cdr::{CallId, CallRecord, JournalEntry};
use rating::journal::{BootId, SegmentName};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

/// Entries that are read and looked up at a time.
const BATCH_ENTRIES: usize = 500;

/// Differences that are named; more are counted.
const DIFFERENCES_MAX: usize = 100;

/// What was compared, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalVerification {
    /// Segments read.
    pub segments: u64,
    /// Records of calls that ended, in them.
    pub records: u64,
    /// Of these, behind the place up to which the segment is loaded: they wait.
    pub waiting: u64,
    /// Bytes that are no sound frames, with sound ones behind them or a seal that says more.
    pub damaged_bytes: u64,
    /// What is wrong, the first hundred.
    pub differences: Vec<JournalDifference>,
    /// How many there are.
    pub differences_total: u64,
}

/// What is wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalDifference {
    /// Its record is not in the database.
    #[error("{segment}: the call {} ended and has no record in the database", id_text(*call))]
    Missing {
        /// The call.
        call: CallId,
        /// Where its record is.
        segment: SegmentName,
    },
    /// Its record is another than was written.
    #[error("{segment}: the record of the call {} in the database is not the one that was written", id_text(*call))]
    Changed {
        /// The call.
        call: CallId,
        /// Where its record is.
        segment: SegmentName,
    },
    /// It was answered, its process is dead and was closed, and it has no record.
    #[error("{segment}: the call {} was answered, never ended, and has no record in the database", id_text(*call))]
    NotClosed {
        /// The call.
        call: CallId,
        /// Where its answer is.
        segment: SegmentName,
    },
}

impl JournalVerification {
    /// Whether nothing is wrong. What waits is not wrong.
    pub fn is_sound(&self) -> bool {
        self.differences_total == 0 && self.damaged_bytes == 0
    }

    fn note(&mut self, difference: JournalDifference) {
        self.differences_total += 1;
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(difference);
        }
    }
}

/// Calls that were answered and have not ended, with where their answer is; of each process.
type Open = HashMap<BootId, HashMap<CallId, SegmentName>>;

impl Store {
    /// Compares all segments in `directory` with the database. `progress` is told the records compared so far.
    /// The switch may run: what it has not loaded yet is counted as waiting.
    ///
    /// # Errors
    /// [`LoaderError`] when a file or the database cannot be read.
    pub async fn verify_journal(
        &self,
        directory: &Path,
        mut progress: impl FnMut(u64),
    ) -> Result<JournalVerification, LoaderError> {
        let mut found = JournalVerification::default();
        let mut open = Open::new();
        // Whatever is not loaded to its end leaves calls open that are not lost.
        let mut waiting: HashSet<BootId> = HashSet::new();
        for name in list(directory)? {
            let path = directory.join(name.to_string());
            let located = |error: ReadError| super::pass::located(&path, error);
            let place = place_of(self, name).await?;
            let mut reader = match SegmentReader::open(&path, name, 0, true) {
                // Cleared away since the folder was listed: it was loaded.
                Err(ReadError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                    continue;
                }
                other => other.map_err(located)?,
            };
            found.segments += 1;
            loop {
                let loaded = reader.position() < place.unwrap_or(0);
                let until = if loaded { place.unwrap_or(0) } else { u64::MAX };
                let batch = reader.read_until(BATCH_ENTRIES, until).map_err(located)?;
                if !loaded && !batch.entries.is_empty() {
                    waiting.insert(name.boot);
                }
                let read = batch.entries.len();
                self.compare(&batch.entries, (name, loaded), &mut open, &mut found)
                    .await?;
                progress(found.records);
                if read == BATCH_ENTRIES || (loaded && reader.position() >= until) {
                    continue;
                }
                // A frame that is being written now looks like a damaged one; the loader gets to it first.
                if !loaded && reader.header().sealed_at.is_none() {
                    break;
                }
                match reader.skip_damage().map_err(located)? {
                    Some(skipped) if batch.stop == Stop::Unsound => found.damaged_bytes += skipped,
                    Some(_) => {}
                    None => break,
                }
            }
            let end = reader.header().sealed_at.unwrap_or(0);
            found.damaged_bytes += end.saturating_sub(reader.position());
        }
        self.compare_open(open, &waiting, &mut found).await?;
        Ok(found)
    }

    async fn compare(
        &self,
        entries: &[JournalEntry],
        (segment, loaded): (SegmentName, bool),
        open: &mut Open,
        found: &mut JournalVerification,
    ) -> Result<(), StoreError> {
        let of_boot = open.entry(segment.boot).or_default();
        let mut ended: Vec<&CallRecord> = Vec::with_capacity(entries.len());
        for entry in entries {
            match entry {
                JournalEntry::Answered(call) => {
                    of_boot.insert(call.id, segment);
                }
                JournalEntry::Ended(call) => {
                    of_boot.remove(&call.id);
                    ended.push(call);
                }
            }
        }
        found.records += ended.len() as u64;
        if !loaded {
            found.waiting += ended.len() as u64;
            return Ok(());
        }
        let mut records = self.records_of(ended.iter().map(|call| call.id)).await?;
        let mut moment = self.reader().begin_moment().await?;
        let dropped = of_dropped_days(&mut moment, ended.iter().map(|call| call.id)).await?;
        for written in ended {
            let call = written.id;
            match records.remove(&call) {
                None if dropped.contains(&call) => {}
                None => found.note(JournalDifference::Missing { call, segment }),
                Some(kept) if kept != *written => {
                    found.note(JournalDifference::Changed { call, segment });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Calls that no segment ends: their process lives, or has closed them, or is about to.
    async fn compare_open(
        &self,
        open: Open,
        waiting: &HashSet<BootId>,
        found: &mut JournalVerification,
    ) -> Result<(), StoreError> {
        let unclosed: HashSet<BootId> = self.boots_with_open_calls().await?.into_iter().collect();
        for (boot, calls) in open {
            if waiting.contains(&boot) || unclosed.contains(&boot) {
                continue;
            }
            let calls: BTreeMap<CallId, SegmentName> = calls.into_iter().collect();
            let ids: Vec<CallId> = calls.keys().copied().collect();
            for ids in ids.chunks(BATCH_ENTRIES) {
                let records = self.records_of(ids.iter().copied()).await?;
                for call in ids.iter().filter(|id| !records.contains_key(id)) {
                    let (call, segment) = (*call, calls[call]);
                    found.note(JournalDifference::NotClosed { call, segment });
                }
            }
        }
        Ok(())
    }

    async fn records_of(
        &self,
        ids: impl Iterator<Item = CallId>,
    ) -> Result<HashMap<CallId, CallRecord>, StoreError> {
        let ids: Vec<String> = ids.map(id_text).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut select = sql("SELECT record FROM cdr WHERE id IN (");
        select.push_list(ids).push(")");
        let rows = select.fetch_all(self.reader()).await?;
        let records = rows.iter().map(|row| {
            let record: CallRecord = json("cdr", row.get(0)?)?;
            Ok((record.id, record))
        });
        records.collect()
    }
}

impl Loader {
    /// Reads all segments again from their beginnings, and loads what the database has not. What it has, it
    /// keeps as it is. Call it with the journal's folder locked, in place of [`recover`](Loader::recover).
    ///
    /// # Errors
    /// [`LoaderError`]; what was done until then stays done, and doing it again is sound.
    pub async fn replay(&mut self) -> Result<super::Recovery, LoaderError> {
        for name in list(&self.config.directory)? {
            self.store.forget_segment(name).await?;
        }
        self.segments = Segments::default();
        self.recover().await
    }
}

#[cfg(test)]
mod tests;
