//! Reading a file of the archive where it is: its bounds first, then the groups that are wanted.

use crate::calls::{RECORD, TENANT, parsed};
use crate::parquet_table::{numbers, texts};
use crate::{FileError, Place, PlaceError};
use bytes::{Buf as _, Bytes};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedRowGroupReader;
use parquet::file::statistics::Statistics;
use rating::Timestamp;
use rating::cdr::{CallId, CallRecord};
use std::sync::Arc;

/// What is read at the end of a file at once: the bounds of [`FILE_CALLS`](crate::FILE_CALLS) records are in it.
const TAIL_BYTES: u64 = 256 << 10;

/// Bytes of bounds beyond which a file is none of ours.
const BOUNDS_BYTES_MAX: u64 = 16 << 20;

/// How a file ends: how long its bounds are, and a mark.
const END_BYTES: u64 = 8;

/// A file that cannot be read in place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It cannot be had.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// It is damaged.
    #[error("{key}: {source}")]
    File {
        /// Which.
        key: String,
        /// How.
        source: FileError,
    },
}

/// A file of the archive, of which the bounds are read.
pub struct ArchivedFile {
    key: String,
    size: u64,
    bounds: Arc<ParquetMetaData>,
}

/// What a group of a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupBounds {
    /// Which it is.
    pub group: usize,
    /// How many records.
    pub records: u64,
    /// The first identifier and the last.
    pub ids: (CallId, CallId),
    /// When the first call was received, and the last.
    pub received: (Timestamp, Timestamp),
    /// When the first attempt began, and the last.
    pub attempted: Option<(Timestamp, Timestamp)>,
}

impl ArchivedFile {
    /// Reads the bounds of a file.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn open(place: &Place, key: &str) -> Result<Self, ReadError> {
        let wrong = |source: FileError| ReadError::File {
            key: key.to_owned(),
            source,
        };
        let (mut tail, size) = place.tail(key, TAIL_BYTES).await?;
        let needed = bounds_bytes(&tail).map_err(wrong)? + END_BYTES;
        if needed > tail.len() as u64 {
            (tail, _) = place.tail(key, needed).await?;
        }
        let bounds = bounds(&tail, needed).map_err(wrong)?;
        Ok(Self {
            key: key.to_owned(),
            size,
            bounds: Arc::new(bounds),
        })
    }

    /// What its groups have.
    ///
    /// # Errors
    /// [`ReadError::File`] when it is no file of calls.
    pub fn groups(&self) -> Result<Vec<GroupBounds>, ReadError> {
        let groups = self.bounds.row_groups().iter().enumerate();
        let all = groups.map(|(number, group)| group_bounds(number, group));
        all.collect::<Result<_, _>>().map_err(|it| self.wrong(it))
    }

    /// The records of a group with the tenants whose they are, in the order of identifiers.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn group(
        &self,
        place: &Place,
        group: usize,
    ) -> Result<Vec<(i64, CallRecord)>, ReadError> {
        let unknown = || self.wrong(FileError::Column(RECORD.to_owned()));
        let of_group = self.bounds.row_groups().get(group).ok_or_else(unknown)?;
        let columns = [TENANT, RECORD].map(|name| column(of_group, name));
        let [tenant, record] = columns;
        let (tenant, record) = (tenant.ok_or_else(unknown)?, record.ok_or_else(unknown)?);
        let spans = [tenant, record].map(|column| of_group.column(column).byte_range());
        let from = spans[0].0.min(spans[1].0);
        let to = spans.map(|(from, length)| from + length);
        let to = to[0].max(to[1]);
        let bytes = place.part(&self.key, from..to).await?;
        let window = Window {
            size: self.size,
            from,
            bytes,
        };
        let bounds = Arc::clone(&self.bounds);
        let work = move || calls(window, (&bounds, group), tenant, record);
        let read = tokio::task::spawn_blocking(work).await;
        let failed = |error: tokio::task::JoinError| {
            FileError::Parquet(ParquetError::General(error.to_string()))
        };
        let read = read.map_err(|error| self.wrong(failed(error)))?;
        read.map_err(|error| self.wrong(error))
    }

    fn wrong(&self, source: FileError) -> ReadError {
        ReadError::File {
            key: self.key.clone(),
            source,
        }
    }
}

/// How long the bounds are, by the end of a file.
fn bounds_bytes(tail: &Bytes) -> Result<u64, FileError> {
    let wrong = |text: &str| FileError::Parquet(ParquetError::General(text.to_owned()));
    let end = tail.len().checked_sub(END_BYTES as usize);
    let end = &tail[end.ok_or_else(|| wrong("it is too short"))?..];
    let (length, mark) = end.split_at(4);
    let length: [u8; 4] = length.try_into().map_err(|_| wrong("it is too short"))?;
    let length = u64::from(u32::from_le_bytes(length));
    match mark == b"PAR1" && length <= BOUNDS_BYTES_MAX {
        true => Ok(length),
        false => Err(wrong("it does not end as a Parquet file does")),
    }
}

fn bounds(tail: &Bytes, needed: u64) -> Result<ParquetMetaData, FileError> {
    let short = || FileError::Parquet(ParquetError::General("it is too short".into()));
    let needed = usize::try_from(needed).map_err(|_| short())?;
    let from = tail.len().checked_sub(needed).ok_or_else(short)?;
    let to = tail.len() - END_BYTES as usize;
    Ok(ParquetMetaDataReader::decode_metadata(&tail[from..to])?)
}

fn column(group: &RowGroupMetaData, name: &str) -> Option<usize> {
    group
        .columns()
        .iter()
        .position(|column| column.column_path().string() == name)
}

fn group_bounds(number: usize, group: &RowGroupMetaData) -> Result<GroupBounds, FileError> {
    let statistics = |name: &str| {
        let column = group.column(column(group, name)?);
        column.statistics()
    };
    let wrong = |name: &str| FileError::Column(name.to_owned());
    let times = |first: &str, last: &str| {
        let (first, last) = (statistics(first), statistics(last));
        match (first, last) {
            (Some(Statistics::Int64(first)), Some(Statistics::Int64(last))) => {
                first.min_opt().zip(last.max_opt())
            }
            _ => None,
        }
        .map(|(first, last)| (Timestamp(*first), Timestamp(*last)))
    };
    let ids = match statistics("id") {
        Some(Statistics::ByteArray(ids)) => ids.min_opt().zip(ids.max_opt()),
        _ => None,
    };
    let id = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).ok()?;
        u128::from_str_radix(text, 16).ok().map(CallId)
    };
    let ids = ids.and_then(|(first, last)| id(first.data()).zip(id(last.data())));
    Ok(GroupBounds {
        group: number,
        records: group.num_rows().unsigned_abs(),
        ids: ids.ok_or_else(|| wrong("id"))?,
        received: times("received_at", "received_at").ok_or_else(|| wrong("received_at"))?,
        attempted: times("first_attempt_at", "last_attempt_at"),
    })
}

fn calls(
    window: Window,
    (bounds, group): (&ParquetMetaData, usize),
    tenant: usize,
    record: usize,
) -> Result<Vec<(i64, CallRecord)>, FileError> {
    let properties = Arc::new(ReaderProperties::builder().build());
    let of_group = bounds.row_group(group);
    let pages = bounds.page_index_for_row_group(group);
    let reader = SerializedRowGroupReader::new(Arc::new(window), of_group, pages, properties)?;
    let tenants = numbers(&reader, tenant, TENANT)?;
    let records = texts(&reader, record, RECORD)?;
    let pairs = tenants.into_iter().zip(records);
    pairs
        .map(|(tenant, record)| {
            let tenant = tenant.ok_or_else(|| FileError::Column(TENANT.to_owned()))?;
            Ok((tenant, parsed(record.as_deref().unwrap_or_default())?))
        })
        .collect()
}

/// Some bytes of a file, at their places in it.
struct Window {
    size: u64,
    from: u64,
    bytes: Bytes,
}

impl Window {
    fn at(&self, start: u64) -> Result<Bytes, ParquetError> {
        let place = start
            .checked_sub(self.from)
            .and_then(|it| usize::try_from(it).ok());
        place
            .filter(|place| *place <= self.bytes.len())
            .map(|place| self.bytes.slice(place..))
            .ok_or_else(|| ParquetError::EOF("these bytes were not read".into()))
    }
}

impl Length for Window {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for Window {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.at(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.at(start)?;
        if length > bytes.len() {
            return Err(ParquetError::EOF("these bytes were not read".into()));
        }
        Ok(bytes.slice(..length))
    }
}
