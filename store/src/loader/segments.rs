//! The segments in the journal's folder and how far each is loaded.

use super::LoaderError;
use super::segment_reader::{ReadError, SegmentReader};
use crate::database::{Transaction, sql};
use crate::{Store, StoreError};
use rating::Timestamp;
use rating::journal::{BootId, SegmentName};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// All segments that are known, in the order of writing within each shard.
#[derive(Debug, Default)]
pub(super) struct Segments {
    pub(super) known: BTreeMap<SegmentName, Segment>,
}

/// One segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    /// Open while there may be something to read.
    pub(super) reader: Option<SegmentReader>,
    pub(super) position: u64,
    /// Nothing more will come from it.
    pub(super) finished: bool,
    /// Something in it could not be read; it is kept for the operator.
    pub(super) damaged: bool,
    /// Looks in a row that met an unsound frame.
    pub(super) unsound_looks: u32,
}

impl Segments {
    /// Takes in the files that are new in the folder.
    pub(super) async fn discover(
        &mut self,
        store: &Store,
        directory: &Path,
    ) -> Result<(), LoaderError> {
        for name in list(directory)? {
            if self.known.contains_key(&name) {
                continue;
            }
            let segment = stored(store, name, directory).await?;
            self.known.insert(name, segment);
        }
        Ok(())
    }

    /// The shards that wrote segments, each with its segments that are not finished, in order.
    pub(super) fn unfinished(&self) -> Vec<Vec<SegmentName>> {
        let mut shards: BTreeMap<(BootId, u16), Vec<SegmentName>> = BTreeMap::new();
        for (name, segment) in &self.known {
            if !segment.finished {
                shards
                    .entry((name.boot, name.shard))
                    .or_default()
                    .push(*name);
            }
        }
        shards.into_values().collect()
    }

    /// Whether a boot wrote here.
    pub(super) fn knows(&self, boot: BootId) -> bool {
        self.known.keys().any(|name| name.boot == boot)
    }

    /// Whether all that a boot wrote is loaded.
    pub(super) fn is_finished(&self, boot: BootId) -> bool {
        self.known
            .iter()
            .filter(|(name, _)| name.boot == boot)
            .all(|(_, segment)| segment.finished)
    }

    /// The last moment at which a shard of a boot was known to live; `None` when its files are
    /// gone or say nothing.
    pub(super) fn last_alive(&self, boot: BootId, shard: u16) -> Option<Timestamp> {
        self.known
            .iter()
            .filter(|(name, _)| name.boot == boot && name.shard == shard)
            .filter_map(|(name, segment)| {
                let reader = SegmentReader::open(&segment.path, *name, 0, true).ok()?;
                Some(reader.header().last_alive)
            })
            .max()
    }

    /// Bytes known to be written and not loaded: the rest of sealed segments.
    pub(super) fn lag_bytes(&self) -> u64 {
        self.known
            .values()
            .filter(|segment| !segment.finished)
            .filter_map(|segment| {
                let sealed_at = segment.reader.as_ref()?.header().sealed_at?;
                Some(sealed_at.saturating_sub(segment.position))
            })
            .sum()
    }
}

impl Segment {
    /// The open reader at the segment's place.
    pub(super) fn open(
        &mut self,
        name: SegmentName,
        dead: bool,
    ) -> Result<&mut SegmentReader, ReadError> {
        match self.reader.take() {
            Some(reader) => Ok(self.reader.insert(reader)),
            None => {
                let reader = SegmentReader::open(&self.path, name, self.position, dead)?;
                Ok(self.reader.insert(reader))
            }
        }
    }

    /// Writes the place, with the rows that came from before it.
    pub(super) async fn save(
        &self,
        name: SegmentName,
        transaction: &mut Transaction,
    ) -> Result<(), StoreError> {
        let statement = "INSERT INTO journal_position (segment, position, finished, damaged) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (segment) DO UPDATE SET \
             position = excluded.position, finished = excluded.finished, damaged = excluded.damaged";
        sql(statement)
            .bind(name.to_string())
            .bind(self.position.cast_signed())
            .bind(self.finished)
            .bind(self.damaged)
            .execute(transaction)
            .await?;
        Ok(())
    }
}

/// The names of the segments in the folder, sorted; other files are not ours.
pub(super) fn list(directory: &Path) -> Result<Vec<SegmentName>, LoaderError> {
    let failed = |source| LoaderError::Io {
        path: directory.into(),
        source,
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let file_name = entry.map_err(failed)?.file_name();
        if let Some(Ok(name)) = file_name.to_str().map(str::parse) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// How far the database says that a segment is loaded; `None` when it knows nothing of it.
pub(super) async fn place_of(store: &Store, name: SegmentName) -> Result<Option<u64>, StoreError> {
    let row = sql("SELECT position FROM journal_position WHERE segment = $1")
        .bind(name.to_string())
        .fetch_optional(store.reader())
        .await?;
    let place = row.map(|row| row.get::<i64>(0)).transpose()?;
    Ok(place.map(i64::unsigned_abs))
}

/// A segment with the place that the database has for it.
async fn stored(store: &Store, name: SegmentName, directory: &Path) -> Result<Segment, StoreError> {
    let file_name = name.to_string();
    let statement = "SELECT position, finished, damaged FROM journal_position WHERE segment = $1";
    let row = sql(statement)
        .bind(&file_name)
        .fetch_optional(store.reader())
        .await?;
    let mut segment = Segment {
        path: directory.join(file_name),
        reader: None,
        position: 0,
        finished: false,
        damaged: false,
        unsound_looks: 0,
    };
    if let Some(row) = row {
        let position: i64 = row.get(0)?;
        segment.position = position.unsigned_abs();
        segment.finished = row.get(1)?;
        segment.damaged = row.get(2)?;
    }
    Ok(segment)
}
