//! Writing a table as a Parquet file.

use crate::{Cell, CellKind, Column, FileError};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use std::fmt::Write as _;
use std::sync::Arc;

/// A Parquet file that is being written, in memory; what is written can be taken away at any time.
pub struct ParquetFile {
    writer: SerializedFileWriter<Vec<u8>>,
}

impl ParquetFile {
    /// A file of a table of that name.
    ///
    /// # Errors
    /// [`FileError::Parquet`] when two columns have one name.
    pub fn new<R>(table: &str, columns: &[Column<R>]) -> Result<Self, FileError> {
        let schema = parse_message_type(&schema(table, columns))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_created_by(format!("didtron {}", env!("CARGO_PKG_VERSION")))
            .build();
        let writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
        Ok(Self { writer })
    }

    /// Writes rows as one group: what a reader skips or reads as a whole.
    ///
    /// # Errors
    /// [`FileError`] when the columns are not those of the file.
    pub fn group<R>(&mut self, columns: &[Column<R>], rows: &[R]) -> Result<(), FileError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for column in columns {
            let unknown = || FileError::Column(column.name.to_owned());
            let mut writer = group.next_column()?.ok_or_else(unknown)?;
            let cells = rows.iter().map(column.cell);
            match column.kind.is_text() {
                true => write_texts(&mut writer, cells)?,
                false => write_numbers(&mut writer, cells)?,
            }
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }

    /// The bytes that were written since the last time.
    pub fn taken(&mut self) -> Vec<u8> {
        std::mem::take(self.writer.inner_mut())
    }

    /// How many bytes there are to take.
    pub fn waiting(&self) -> usize {
        self.writer.inner().len()
    }

    /// Ends the file; gives the bytes that were not taken yet.
    ///
    /// # Errors
    /// [`FileError::Parquet`].
    pub fn finish(self) -> Result<Vec<u8>, FileError> {
        Ok(self.writer.into_inner()?)
    }
}

/// The columns in the language of schemas.
fn schema<R>(table: &str, columns: &[Column<R>]) -> String {
    let mut text = format!("message {table} {{\n");
    for column in columns {
        let (physical, logical) = match column.kind {
            CellKind::Text | CellKind::Word => ("binary", " (STRING)"),
            CellKind::Time => ("int64", " (TIMESTAMP(MICROS,true))"),
            CellKind::Whole => ("int64", ""),
            CellKind::Money => ("int64", " (DECIMAL(18,9))"),
        };
        let _ = writeln!(text, "optional {physical} {}{logical};", column.name);
    }
    text.push('}');
    text
}

fn write_texts(
    writer: &mut SerializedColumnWriter<'_>,
    cells: impl Iterator<Item = Cell>,
) -> Result<(), FileError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    for cell in cells {
        let Cell::Text(Some(text)) = cell else {
            levels.push(0);
            continue;
        };
        levels.push(1);
        values.push(ByteArray::from(text.into_bytes()));
    }
    let writer = writer.typed::<ByteArrayType>();
    writer.write_batch(&values, Some(&levels), None)?;
    Ok(())
}

fn write_numbers(
    writer: &mut SerializedColumnWriter<'_>,
    cells: impl Iterator<Item = Cell>,
) -> Result<(), FileError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    for cell in cells {
        let number = cell.number();
        levels.push(i16::from(number.is_some()));
        values.extend(number);
    }
    let writer = writer.typed::<Int64Type>();
    writer.write_batch(&values, Some(&levels), None)?;
    Ok(())
}
