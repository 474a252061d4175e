//! What is written to a file is what is read from it.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use cdr_archive::{Cell, CellKind, Column, FileError, ParquetFile, ParquetTable};
use rating::{Amount, Timestamp};

struct Row(i64);

impl Row {
    /// Every third value is missing.
    fn some<T>(&self, value: T) -> Option<T> {
        (self.0 % 3 != 0).then_some(value)
    }
}

const COLUMNS: [Column<Row>; 4] = [
    Column::new("name", CellKind::Text, |row| {
        Cell::Text(row.some(format!("né {}", row.0 % 7)))
    }),
    Column::new("at", CellKind::Time, |row| {
        Cell::Time(row.some(Timestamp(row.0 * 1_000_001)))
    }),
    Column::new("count", CellKind::Whole, |row| Cell::whole(row.0)),
    Column::new("amount", CellKind::Money, |row| {
        Cell::Money(row.some(Amount(i64::MIN + row.0)))
    }),
];

fn rows(from: i64, to: i64) -> Vec<Row> {
    (from..to).map(Row).collect()
}

#[test]
fn rows_come_back_as_they_were_whatever_is_missing_and_however_the_file_is_taken() {
    let mut file = ParquetFile::new("cdr", &COLUMNS).unwrap();
    let mut bytes = Vec::new();
    for (from, to) in [(0, 2_500), (2_500, 2_500), (2_500, 2_501), (2_501, 4_000)] {
        file.group(&COLUMNS, &rows(from, to)).unwrap();
        bytes.extend(file.taken());
        assert_eq!(file.waiting(), 0);
    }
    bytes.extend(file.finish().unwrap());
    let table = ParquetTable::open(bytes).unwrap();
    assert_eq!(table.columns(), ["name", "at", "count", "amount"]);
    assert_eq!(table.groups(), [2_500, 1, 1_499]);
    let texts = table.texts("name").unwrap();
    let (times, counts) = (
        table.numbers("at").unwrap(),
        table.numbers("count").unwrap(),
    );
    let amounts = table.numbers("amount").unwrap();
    for row in rows(0, 4_000) {
        let at = usize::try_from(row.0).unwrap();
        assert_eq!(texts[at], row.some(format!("né {}", row.0 % 7)));
        assert_eq!(times[at], row.some(row.0 * 1_000_001));
        assert_eq!(counts[at], Some(row.0));
        assert_eq!(amounts[at], row.some(i64::MIN + row.0));
    }
    assert_eq!((texts.len(), amounts.len()), (4_000, 4_000));
}

#[test]
fn columns_have_the_types_that_tools_know() {
    let file = ParquetFile::new("cdr", &COLUMNS).unwrap();
    let table = ParquetTable::open(file.finish().unwrap()).unwrap();
    let schema = table.schema();
    for line in [
        "OPTIONAL BYTE_ARRAY name (STRING);",
        "OPTIONAL INT64 at (TIMESTAMP(MICROS,true));",
        "OPTIONAL INT64 count;",
        "OPTIONAL INT64 amount (DECIMAL(18,9));",
    ] {
        assert!(schema.contains(line), "{line} in {schema}");
    }
    assert_eq!(table.numbers("count").unwrap(), []);
}

#[test]
fn what_is_no_such_file_or_column_is_said() {
    assert!(ParquetTable::open("id,received_at\n").is_err());
    let mut file = ParquetFile::new("cdr", &COLUMNS).unwrap();
    file.group(&COLUMNS, &rows(0, 9)).unwrap();
    let bytes = file.finish().unwrap();
    assert!(ParquetTable::open(bytes[..bytes.len() - 1].to_vec()).is_err());
    let table = ParquetTable::open(bytes).unwrap();
    for wrong in [table.numbers("name").is_err(), table.texts("at").is_err()] {
        assert!(wrong);
    }
    let none = table.texts("other").unwrap_err();
    assert!(matches!(none, FileError::Column(name) if name == "other"));
}
