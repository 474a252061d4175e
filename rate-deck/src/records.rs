//! Files as records of text fields: CSV of any delimiter and encoding, and sheets of workbooks.

mod csv_file;
mod workbook;

use crate::mapping::Mapping;
use std::ops::ControlFlow;

/// The largest file that is read, bytes.
pub const FILE_BYTES_MAX: usize = 256 << 20;

/// Fields of one record; those behind are left out.
const FIELDS_MAX: usize = 256;

/// The longest field, bytes.
pub(crate) const FIELD_BYTES_MAX: usize = 4_096;

/// Why a file cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Above [`FILE_BYTES_MAX`].
    #[error("the file has more than {} MiB", FILE_BYTES_MAX >> 20)]
    TooLarge,
    /// A workbook of the time before 2007.
    #[error("a workbook of the old form (.xls): save it as .xlsx or CSV")]
    OldWorkbook,
    /// A workbook that cannot be opened.
    #[error("the workbook cannot be opened: {0}")]
    Workbook(String),
    /// A workbook that would be too large in memory.
    #[error("the workbook is too large when it is unpacked: save it as CSV")]
    WorkbookTooLarge,
    /// No sheet of the name that was asked for.
    #[error("the workbook has no sheet `{0}`")]
    NoSheet(String),
}

/// One record: a line of CSV, a row of a sheet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// From 1.
    pub(crate) line: u32,
    /// A field was longer than [`FIELD_BYTES_MAX`] and is cut.
    pub(crate) is_cut: bool,
    /// The rest of the file cannot be read.
    pub(crate) is_unreadable: bool,
    /// A cell stands behind one that should follow it, so nothing is sure to be where it belongs.
    pub(crate) is_disordered: bool,
    /// Each field says itself where it stands, so that one too many moves none.
    pub(crate) is_placed: bool,
    text: String,
    ends: Vec<usize>,
    /// Fields that are numbers in the file and not text.
    numbers: FieldSet,
    /// Fields that hold an error, such as `#N/A`.
    errors: FieldSet,
}

/// One bit for each field.
#[derive(Clone, Copy, Debug, Default)]
struct FieldSet([u64; FIELDS_MAX.div_ceil(64)]);

impl FieldSet {
    fn add(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    fn contains(&self, index: usize) -> bool {
        let word = self.0.get(index / 64).copied().unwrap_or(0);
        word >> (index % 64) & 1 == 1
    }
}

impl Record {
    /// The text of a field, without spaces around it; empty beyond the last.
    pub(crate) fn field(&self, index: usize) -> &str {
        let Some(end) = self.ends.get(index) else {
            return "";
        };
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1],
        };
        self.text[start..*end].trim()
    }

    /// Whether a field is a number in the file: its decimals stand behind a point.
    pub(crate) fn is_number(&self, index: usize) -> bool {
        self.numbers.contains(index)
    }

    /// Whether a field holds an error instead of what it should.
    pub(crate) fn is_error(&self, index: usize) -> bool {
        self.errors.contains(index)
    }

    /// How many fields it has.
    pub(crate) fn width(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all its fields.
    pub(crate) fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// All fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|index| self.field(index))
    }

    fn clear(&mut self, line: u32) {
        *self = Self {
            line,
            text: std::mem::take(&mut self.text),
            ends: std::mem::take(&mut self.ends),
            ..Self::default()
        };
        self.text.clear();
        self.ends.clear();
    }

    fn push(&mut self, field: &str) {
        let end = field.floor_char_boundary(FIELD_BYTES_MAX);
        self.is_cut |= end < field.len();
        if self.ends.len() < FIELDS_MAX {
            self.text.push_str(&field[..end]);
            self.ends.push(self.text.len());
        }
    }

    /// Leaves fields empty up to an index.
    fn skip_to(&mut self, index: usize) {
        while self.ends.len() < index.min(FIELDS_MAX) {
            self.ends.push(self.text.len());
        }
    }
}

/// What is called for each record.
pub(crate) type Visit<'v> = &'v mut dyn FnMut(&Record) -> ControlFlow<()>;

/// Calls `visit` for each record until it breaks.
pub(crate) fn each(file: &[u8], mapping: &Mapping, visit: Visit<'_>) -> Result<(), FormatError> {
    if file.len() > FILE_BYTES_MAX {
        return Err(FormatError::TooLarge);
    }
    match file {
        [b'P', b'K', 3, 4, ..] => workbook::each(file, mapping, visit),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Err(FormatError::OldWorkbook),
        _ => {
            csv_file::each(file, mapping, visit);
            Ok(())
        }
    }
}
