//! Reading a Parquet file back.

use crate::FileError;
use bytes::Bytes;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArrayType, DataType, Int64Type};
use parquet::file::reader::{FileReader as _, RowGroupReader, SerializedFileReader};

/// A whole Parquet file in memory.
pub struct ParquetTable {
    file: SerializedFileReader<Bytes>,
}

impl ParquetTable {
    /// Opens a file.
    ///
    /// # Errors
    /// [`FileError::Parquet`] when it is no Parquet file.
    pub fn open(file: impl Into<Bytes>) -> Result<Self, FileError> {
        let file = SerializedFileReader::new(file.into())?;
        Ok(Self { file })
    }

    /// The names of its columns.
    pub fn columns(&self) -> Vec<String> {
        let schema = self.file.metadata().file_metadata().schema_descr_ptr();
        let columns = schema.columns().iter();
        columns.map(|column| column.name().to_owned()).collect()
    }

    /// Its columns with their types, in the language of schemas.
    pub fn schema(&self) -> String {
        let schema = self.file.metadata().file_metadata().schema_descr_ptr();
        let mut text = Vec::new();
        parquet::schema::printer::print_schema(&mut text, schema.root_schema());
        String::from_utf8_lossy(&text).into_owned()
    }

    /// How many rows each of its groups has.
    pub fn groups(&self) -> Vec<u64> {
        let groups = self.file.metadata().row_groups().iter();
        groups
            .map(|group| group.num_rows().unsigned_abs())
            .collect()
    }

    /// A column of texts, of all groups.
    ///
    /// # Errors
    /// [`FileError`] when there is none of that name, or the file is damaged.
    pub fn texts(&self, column: &str) -> Result<Vec<Option<String>>, FileError> {
        self.read(column, |group, place| texts(group, place, column))
    }

    /// A column of whole numbers, times or amounts, of all groups.
    ///
    /// # Errors
    /// As [`texts`](Self::texts).
    pub fn numbers(&self, column: &str) -> Result<Vec<Option<i64>>, FileError> {
        self.read(column, |group, place| numbers(group, place, column))
    }

    fn read<T>(
        &self,
        column: &str,
        of_group: impl Fn(&dyn RowGroupReader, usize) -> Result<Vec<T>, FileError>,
    ) -> Result<Vec<T>, FileError> {
        let place = self.columns().iter().position(|name| name == column);
        let place = place.ok_or_else(|| FileError::Column(column.to_owned()))?;
        let mut all = Vec::new();
        for group in 0..self.file.num_row_groups() {
            all.extend(of_group(self.file.get_row_group(group)?.as_ref(), place)?);
        }
        Ok(all)
    }
}

/// A column of texts of a group.
pub(crate) fn texts(
    group: &dyn RowGroupReader,
    place: usize,
    name: &str,
) -> Result<Vec<Option<String>>, FileError> {
    let ColumnReader::ByteArrayColumnReader(reader) = group.get_column_reader(place)? else {
        return Err(FileError::Column(name.to_owned()));
    };
    let values = values::<ByteArrayType>(group, reader)?;
    let text = |value: Option<parquet::data_type::ByteArray>| {
        value
            .map(|value| value.as_utf8().map(str::to_owned))
            .transpose()
    };
    Ok(values.into_iter().map(text).collect::<Result<_, _>>()?)
}

/// A column of numbers of a group.
pub(crate) fn numbers(
    group: &dyn RowGroupReader,
    place: usize,
    name: &str,
) -> Result<Vec<Option<i64>>, FileError> {
    let ColumnReader::Int64ColumnReader(reader) = group.get_column_reader(place)? else {
        return Err(FileError::Column(name.to_owned()));
    };
    values::<Int64Type>(group, reader)
}

/// All values, with the nulls in their places.
fn values<T: DataType>(
    group: &dyn RowGroupReader,
    mut reader: ColumnReaderImpl<T>,
) -> Result<Vec<Option<T::T>>, FileError> {
    let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    while levels.len() < rows {
        let left = rows - levels.len();
        let (records, ..) = reader.read_records(left, Some(&mut levels), None, &mut values)?;
        if records == 0 {
            break;
        }
    }
    let mut values = values.into_iter();
    let place = |level: i16| (level > 0).then(|| values.next()).flatten();
    Ok(levels.into_iter().map(place).collect())
}
