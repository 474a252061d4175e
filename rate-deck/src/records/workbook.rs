//! Workbooks (.xlsx), read cell by cell.

use super::{FormatError, Record, Visit};
use crate::dates::date_text;
use crate::mapping::Mapping;
use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx, XlsxError};
use rating::Timestamp;
use std::io::{self, Cursor, Read as _};

/// Bytes of all parts of a workbook when they are unpacked.
const UNPACKED_BYTES_MAX: u64 = 1 << 30;

/// Bytes of a part that is held in memory as a whole: texts and styles.
const HELD_BYTES_MAX: u64 = 128 << 20;

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
                }
                record.skip_to(column as usize);
                record.push(&text(cell.get_value()));
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

/// Unpacks every part to nowhere, so that what is read next is known to fit.
fn weigh(file: &[u8], unpacked_max: u64, held_max: u64) -> Result<(), FormatError> {
    let unpackable = |error: &dyn std::fmt::Display| FormatError::Workbook(error.to_string());
    let mut parts = zip::ZipArchive::new(Cursor::new(file)).map_err(|error| unpackable(&error))?;
    let mut left = unpacked_max;
    for index in 0..parts.len() {
        let part = parts.by_index(index).map_err(|error| unpackable(&error))?;
        let is_sheet = part.name().is_ok_and(|name| name.contains("worksheets/"));
        let limit = if is_sheet { left } else { left.min(held_max) };
        let bytes = io::copy(&mut part.take(limit + 1), &mut io::sink());
        let bytes = bytes.map_err(|error| unpackable(&error))?;
        if bytes > limit {
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

/// A cell as a person sees it, prices with all their decimals.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(is_true) => is_true.to_string(),
        DataRef::DateTime(at) => moment(at),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
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
}
