//! The file: its lines, and reading it from end to end.

use super::schema::Table;
use crate::StoreError;
use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

pub(super) const FORMAT: &str = "didtron.backup";
pub(super) const FORMAT_VERSION: u32 = 1;

/// Longest line, bytes: the longest is a rate deck in one row.
const LINE_BYTES_MAX: u64 = 1 << 30;

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) format: String,
    pub(super) format_version: u32,
    pub(super) program: String,
    /// Microseconds since 1970.
    pub(super) created_at: i64,
    pub(super) migrations: Vec<i64>,
    pub(super) tables: Vec<Table>,
}

/// The lines after the first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Line {
    /// A row of the table at hand.
    Row(Vec<Json>),
    /// The next table of the head begins.
    Begin { table: String },
    /// The last line.
    End { manifest: BackupManifest },
}

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupManifest {
    /// Version of the program that wrote it.
    pub program: String,
    /// When, microseconds since 1970-01-01T00:00:00Z.
    pub created_at: i64,
    /// The last migration that the database had.
    pub migration: i64,
    /// The tables, in the order of the file.
    pub tables: Vec<BackupTable>,
}

/// A table of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupTable {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 of its lines, hexadecimal.
    pub sha256: String,
}

/// Why there is no backup, or why it was not restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be read or written.
    #[error("the backup file cannot be read or written")]
    Io(#[from] std::io::Error),
    /// The file is there already.
    #[error("the file is there already: name another")]
    Exists,
    /// A value cannot be written.
    #[error("a row cannot be written as JSON")]
    Encode(#[from] serde_json::Error),
    /// It is no backup, or was cut off or altered.
    #[error("the file is no whole backup: {what}")]
    Damaged {
        /// What is wrong.
        what: String,
    },
    /// A later program wrote it.
    #[error(
        "the backup has migration {migration}, which this program does not know: restore it with the version that wrote it, or a later one"
    )]
    TooNew {
        /// The first migration that is not known.
        migration: i64,
    },
    /// The database is in use for something.
    #[error("the database is not empty: it has the table `{table}`")]
    NotEmpty {
        /// One of its tables.
        table: String,
    },
    /// There is no database to back up.
    #[error("there is no database of this program")]
    NoDatabase,
    /// A column of a type that no migration uses.
    #[error("the column `{column}` of `{table}` has a type that cannot be backed up")]
    Column {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// What was loaded is not what the file has.
    #[error("`{table}` has not the rows of the backup after loading")]
    NotLoaded {
        /// The table.
        table: String,
    },
}

impl BackupError {
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }
}

/// Sums up the lines of a table.
pub(super) struct TableSum {
    name: String,
    rows: u64,
    sum: Sha256,
}

impl TableSum {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            rows: 0,
            sum: Sha256::new(),
        }
    }

    pub(super) fn add(&mut self, line: &str) {
        self.rows += 1;
        self.sum.update(line.as_bytes());
        self.sum.update(b"\n");
    }

    pub(super) fn finish(self) -> BackupTable {
        let digits = self.sum.finalize();
        BackupTable {
            name: self.name,
            rows: self.rows,
            sha256: digits.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// Reads the lines of a backup.
pub(super) struct BackupReader {
    lines: BufReader<GzDecoder<BufReader<File>>>,
    line: String,
}

impl BackupReader {
    /// Opens a backup and reads its head.
    pub(super) fn open(path: &Path) -> Result<(Self, Head), BackupError> {
        let file = BufReader::new(File::open(path)?);
        let mut reader = Self {
            lines: BufReader::new(GzDecoder::new(file)),
            line: String::new(),
        };
        let read = reader.next_line()?;
        let head = read.and_then(|line| serde_json::from_str::<Head>(line).ok());
        let head = head.filter(|head| head.format == FORMAT);
        let head = head.ok_or_else(|| BackupError::damaged("it does not begin like one"))?;
        if head.format_version != FORMAT_VERSION {
            let what = format!("its format {} is not known", head.format_version);
            return Err(BackupError::damaged(what));
        }
        Ok((reader, head))
    }

    /// The next line, which lives until the one after it is read.
    pub(super) fn next_line(&mut self) -> Result<Option<&str>, BackupError> {
        self.line.clear();
        let mut limited = self.lines.by_ref().take(LINE_BYTES_MAX);
        let read = limited.read_line(&mut self.line);
        let read = read.map_err(|error| BackupError::damaged(error.to_string()))?;
        if read == 0 {
            return Ok(None);
        }
        let line = self.line.strip_suffix('\n');
        line.map(Some)
            .ok_or_else(|| BackupError::damaged("a line has no end"))
    }
}

/// Reads a whole backup and compares every table with its sum.
///
/// # Errors
/// [`BackupError::Damaged`] when something is missing or altered, or [`BackupError::Io`].
pub fn verify_backup(path: &Path) -> Result<BackupManifest, BackupError> {
    let (mut reader, head) = BackupReader::open(path)?;
    let mut found: Vec<BackupTable> = Vec::new();
    let mut at_hand: Option<TableSum> = None;
    loop {
        let Some(line) = reader.next_line()? else {
            return Err(BackupError::damaged("it is cut off"));
        };
        match parse(line)? {
            Line::Row(_) => match &mut at_hand {
                Some(table) => table.add(line),
                None => return Err(BackupError::damaged("a row stands before the first table")),
            },
            Line::Begin { table } => {
                found.extend(at_hand.replace(TableSum::new(&table)).map(TableSum::finish));
            }
            Line::End { manifest } => {
                found.extend(at_hand.take().map(TableSum::finish));
                check(&head, &manifest, &found)?;
                return match reader.next_line()? {
                    None => Ok(manifest),
                    Some(_) => Err(BackupError::damaged("something stands behind its end")),
                };
            }
        }
    }
}

pub(super) fn parse(line: &str) -> Result<Line, BackupError> {
    serde_json::from_str(line).map_err(|error| BackupError::damaged(error.to_string()))
}

fn check(head: &Head, manifest: &BackupManifest, found: &[BackupTable]) -> Result<(), BackupError> {
    if let Some(wrong) = (manifest.tables.iter().zip(found)).find(|(said, is)| said != is) {
        let what = format!("the table `{}` was altered", wrong.0.name);
        return Err(BackupError::damaged(what));
    }
    let names = |tables: &[BackupTable]| tables.iter().map(|t| t.name.clone()).collect::<Vec<_>>();
    let of_head: Vec<_> = head.tables.iter().map(|table| table.name.clone()).collect();
    if names(found) != of_head || names(&manifest.tables) != of_head {
        return Err(BackupError::damaged("a table is missing"));
    }
    if head.migrations.last() != Some(&manifest.migration) {
        return Err(BackupError::damaged(
            "its head and its end do not belong together",
        ));
    }
    Ok(())
}
