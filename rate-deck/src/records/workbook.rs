//! Workbooks (.xlsx), read cell by cell.

mod cell_scale;

use super::{FormatError, Record, Visit};
use crate::dates::date_text;
use crate::mapping::Mapping;
use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx, XlsxError};
use cell_scale::CellScale;
use rating::Timestamp;
use std::borrow::Cow;
use std::io::{self, Cursor, Read as _};

/// Bytes of all parts of a workbook when they are unpacked.
const UNPACKED_BYTES_MAX: u64 = 1 << 30;

/// Bytes of a part that is held in memory as a whole: texts and styles.
const HELD_BYTES_MAX: u64 = 64 << 20;

/// Days from the first day of a workbook's calendar, 1899-12-30, to 1970-01-01.
const EPOCH_DAYS: f64 = 25_569.0;

const MICROS_PER_DAY: f64 = 86_400_000_000.0;

pub(super) fn each(file: &[u8], mapping: &Mapping, visit: Visit<'_>) -> Result<(), FormatError> {
    weigh(file, UNPACKED_BYTES_MAX, HELD_BYTES_MAX)?;
    let mut workbook = Xlsx::new(Cursor::new(file)).map_err(|error| broken(&error))?;
    let sheet = sheet(&workbook.sheet_names(), mapping)?;
    let mut cells = workbook
        .worksheet_cells_reader(&sheet)
        .map_err(|error| broken(&error))?;
    let mut record = Record::default();
    loop {
        match cells.next_cell() {
            Ok(Some(cell)) => {
                let (row, column) = cell.get_position();
                let line = row.saturating_add(1);
                if line != record.line {
                    if record.line > 0 && visit(&record).is_break() {
                        return Ok(());
                    }
                    record.clear(line);
                    record.is_placed = true;
                }
                take(&mut record, column as usize, cell.get_value());
            }
            Ok(None) => break,
            Err(_) => {
                record.is_unreadable = true;
                break;
            }
        }
    }
    if record.line > 0 || record.is_unreadable {
        let _ = visit(&record);
    }
    Ok(())
}

/// Puts a cell where it says that it stands.
fn take(record: &mut Record, column: usize, value: &DataRef<'_>) {
    record.is_disordered |= column < record.width();
    record.skip_to(column);
    match value {
        DataRef::Int(_) | DataRef::Float(_) => record.numbers.add(column),
        DataRef::Error(_) => record.errors.add(column),
        _ => {}
    }
    record.push(&text(value));
}

/// Unpacks every part to nowhere, so that what is read next is known to fit.
fn weigh(file: &[u8], unpacked_max: u64, held_max: u64) -> Result<(), FormatError> {
    let unpackable = |error: &dyn std::fmt::Display| FormatError::Workbook(error.to_string());
    let mut parts = zip::ZipArchive::new(Cursor::new(file)).map_err(|error| unpackable(&error))?;
    let mut left = unpacked_max;
    for index in 0..parts.len() {
        let part = parts.by_index(index).map_err(|error| unpackable(&error))?;
        let is_sheet = part.name().is_ok_and(|name| name.contains("worksheets/"));
        let limit = if is_sheet { left } else { left.min(held_max) };
        let mut scale = CellScale::default();
        let bytes = io::copy(&mut part.take(limit + 1), &mut scale);
        let bytes = bytes.map_err(|error| unpackable(&error))?;
        if bytes > limit || scale.is_over {
            return Err(FormatError::WorkbookTooLarge);
        }
        left -= bytes;
    }
    Ok(())
}

fn sheet(names: &[String], mapping: &Mapping) -> Result<String, FormatError> {
    let found = match &mapping.sheet {
        Some(name) => names.iter().find(|sheet| *sheet == name),
        None => names.first(),
    };
    let missing = || FormatError::NoSheet(mapping.sheet.clone().unwrap_or_default());
    found.cloned().ok_or_else(missing)
}

fn broken(error: &XlsxError) -> FormatError {
    FormatError::Workbook(error.to_string())
}

/// A cell as a person sees it, prices with all their decimals. A text is lent: what is behind the
/// longest field is never copied.
fn text<'v>(value: &'v DataRef<'_>) -> Cow<'v, str> {
    match value {
        DataRef::Int(number) => Cow::Owned(number.to_string()),
        DataRef::Float(number) => Cow::Owned(number.to_string()),
        DataRef::String(text) => Cow::Borrowed(text),
        DataRef::SharedString(text) => Cow::Borrowed(text),
        DataRef::Bool(is_true) => Cow::Owned(is_true.to_string()),
        DataRef::DateTime(at) => Cow::Owned(moment(at)),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cow::Borrowed(text),
        DataRef::Error(_) | DataRef::Empty => Cow::Borrowed(""),
    }
}

/// A date in the form that dates are read in. A duration has none.
fn moment(at: &ExcelDateTime) -> String {
    let days = at.as_f64();
    if !at.is_datetime() || !(0.0..100_000.0).contains(&days) {
        return days.to_string();
    }
    // Below 2^53, so every microsecond is exact; times are rounded to whole seconds.
    let micros = ((days - EPOCH_DAYS) * MICROS_PER_DAY) as i64;
    let seconds = micros.saturating_add(500_000).div_euclid(1_000_000);
    date_text(Timestamp(seconds * 1_000_000))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use std::io::Write;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn packed(names: &[&str], bytes: usize) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for name in names {
            writer
                .start_file(*name, SimpleFileOptions::default())
                .unwrap();
            writer.write_all(&vec![b' '; bytes]).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn what_is_too_large_when_it_is_unpacked_is_refused() {
        const HELD: &str = "xl/sharedStrings.xml";
        const SHEET: &str = "xl/worksheets/sheet1.xml";
        let too_large = Err(FormatError::WorkbookTooLarge);
        let held = packed(&[HELD], 10_001);
        assert!(held.len() < 1_000, "it is small as long as it is packed");
        assert_eq!(weigh(&held, 1 << 20, 10_001), Ok(()));
        assert_eq!(weigh(&held, 1 << 20, 10_000), too_large);
        let both = packed(&[HELD, SHEET], 10_000);
        assert_eq!(weigh(&both, 20_000, 10_000), Ok(()));
        assert_eq!(weigh(&both, 19_999, 10_000), too_large);
    }

    #[test]
    fn a_cell_that_would_be_held_as_a_whole_is_refused() {
        let sheet = |xml: &str| {
            let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
            let options = SimpleFileOptions::default();
            writer
                .start_file("xl/worksheets/sheet1.xml", options)
                .unwrap();
            writer.write_all(xml.as_bytes()).unwrap();
            writer.finish().unwrap().into_inner()
        };
        let weighed = |xml: &str| weigh(&sheet(xml), UNPACKED_BYTES_MAX, HELD_BYTES_MAX);
        let cell = "<x:c><x:is><x:t>long</x:t></x:is></x:c>";
        assert_eq!(weighed(&cell.repeat(100_000)), Ok(()));
        let runs = "<r><t>part</t></r>".repeat(100_000);
        assert_eq!(
            weighed(&format!("<c><is>{runs}</is></c>")),
            Err(FormatError::WorkbookTooLarge)
        );
    }
}
