//! Bytes that nobody meant as a deck: an error or rates with a reason for each row left out, never
//! a panic.

use crate::workbooks::{ROWS, workbook};
use crate::{deck, rates, read_with, written};
use proptest::prelude::*;
use rate_deck::{Mapping, Table};

fn sound(table: &Table) -> bool {
    let rows = table.rows();
    let ordered = rows.windows(2).all(|pair| {
        (pair[0].key(), pair[0].period.until) <= (pair[1].key(), pair[1].period.from)
            || pair[0].key() < pair[1].key()
    });
    ordered && rows.iter().all(|row| table.terms(row).check().is_ok())
}

fn taken_or_refused(file: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(reading) = read_with(file, &Mapping::default()) {
        prop_assert!(sound(&reading.table));
        let again = deck(&written(&reading.table));
        prop_assert!(again.rejections.is_empty(), "{:?}", again.rejections);
        prop_assert_eq!(rates(&again.table), rates(&reading.table));
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        taken_or_refused(&bytes)?;
        taken_or_refused(&[b"Code,Destination,Rate,Increment,Effective\n", &bytes[..]].concat())?;
        taken_or_refused(&[b"\xff\xfe", &bytes[..]].concat())?;
        taken_or_refused(&[b"PK\x03\x04", &bytes[..]].concat())?;
    }

    #[test]
    fn no_rows_make_the_reader_panic(
        rows in proptest::collection::vec(
            "[-+0-9,;. ]{0,12}[,;\t][a-zA-Z\" ]{0,8}[,;\t][-0-9.,$€eE%()]{0,10}[,;\t][0-9/+]{0,7}[,;\t][-0-9/. :]{0,12}",
            0..30,
        ),
    ) {
        let text = format!("Code,Destination,Rate,Increment,Effective\n{}\n", rows.join("\n"));
        taken_or_refused(text.as_bytes())?;
    }

    #[test]
    fn a_damaged_workbook_is_no_panic(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut file = workbook(ROWS);
        for (at, byte) in flips {
            let at = at.index(file.len());
            file[at] = byte;
        }
        taken_or_refused(&file)?;
    }
}

#[test]
fn a_field_that_never_ends_is_one_rejected_row() {
    let text = format!("Code,Destination,Rate\n44,\"UK{}", "x".repeat(1 << 20));
    let reading = deck(&text);
    assert_eq!(reading.rejections.count, 1);
    assert!(reading.table.rows().is_empty());
}
