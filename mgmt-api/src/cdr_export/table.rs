//! The columns of a file of records, and what is written of them.

use crate::routes::cdr_exports::CdrExportFormat;
use crate::routes::cdrs::word;
use crate::routes::reports::harmless;
use crate::values::{CallIdText, Money, Time};
use cdr_archive::{Cell, CellKind, Column, FileError, ParquetFile};
use rating::Amount;
use store::{CdrParty, CdrRow};

/// Rows of a group of a Parquet file: so many are in memory at a time.
const GROUP_ROWS: usize = 10_000;

/// Columns of both sides, of the staff's files.
const STAFF: [Column<CdrRow>; 21] = [
    ID,
    RECEIVED_AT,
    ANSWERED_AT,
    ENDED_AT,
    Column::new("customer", CellKind::Text, |row| {
        Cell::Text(row.customer.clone())
    }),
    Column::new("carrier", CellKind::Text, |row| {
        Cell::Text(row.carrier.clone())
    }),
    DESTINATION,
    CALLING_NUMBER,
    CALLED_NUMBER,
    OUTCOME,
    SIP_STATUS,
    RELEASE_REASON,
    RELEASED_BY,
    DURATION_MS,
    BILLED_SECONDS,
    PDD_MS,
    Column::new("attempts", CellKind::Whole, |row| {
        Cell::Whole(row.attempts.map(i64::from))
    }),
    Column::new("charge", CellKind::Money, |row| Cell::Money(row.charge)),
    Column::new("cost", CellKind::Money, |row| Cell::Money(row.cost)),
    Column::new("margin", CellKind::Money, |row| Cell::Money(row.margin)),
    CURRENCY,
];

/// Columns of the own side, of a customer's or carrier's files.
const OWN: [Column<CdrRow>; 16] = [
    ID,
    RECEIVED_AT,
    ANSWERED_AT,
    ENDED_AT,
    DESTINATION,
    CALLING_NUMBER,
    CALLED_NUMBER,
    OUTCOME,
    SIP_STATUS,
    RELEASE_REASON,
    RELEASED_BY,
    DURATION_MS,
    BILLED_SECONDS,
    PDD_MS,
    // A customer's row has a charge and no cost, a carrier's a cost and no charge.
    Column::new("amount", CellKind::Money, |row| {
        Cell::Money(row.charge.or(row.cost))
    }),
    CURRENCY,
];

const ID: Column<CdrRow> = Column::new("id", CellKind::Word, |row| {
    Cell::text(CallIdText(row.id).to_string())
});
const RECEIVED_AT: Column<CdrRow> = Column::new("received_at", CellKind::Time, |row| {
    Cell::Time(Some(row.received_at))
});
const ANSWERED_AT: Column<CdrRow> = Column::new("answered_at", CellKind::Time, |row| {
    Cell::Time(row.answered_at)
});
const ENDED_AT: Column<CdrRow> = Column::new("ended_at", CellKind::Time, |row| {
    Cell::Time(Some(row.ended_at))
});
const DESTINATION: Column<CdrRow> = Column::new("destination", CellKind::Text, |row| {
    Cell::Text(row.destination.clone())
});
const CALLING_NUMBER: Column<CdrRow> = Column::new("calling_number", CellKind::Text, |row| {
    Cell::text(&row.calling_number)
});
const CALLED_NUMBER: Column<CdrRow> = Column::new("called_number", CellKind::Text, |row| {
    Cell::text(&row.called_number)
});
const OUTCOME: Column<CdrRow> = Column::new("outcome", CellKind::Word, |row| {
    Cell::text(word(row.outcome))
});
const SIP_STATUS: Column<CdrRow> = Column::new("sip_status", CellKind::Whole, |row| {
    Cell::whole(row.sip_status)
});
const RELEASE_REASON: Column<CdrRow> = Column::new("release_reason", CellKind::Word, |row| {
    Cell::text(&row.release_reason)
});
const RELEASED_BY: Column<CdrRow> = Column::new("released_by", CellKind::Word, |row| {
    Cell::text(word(row.released_by))
});
const DURATION_MS: Column<CdrRow> = Column::new("duration_ms", CellKind::Whole, |row| {
    Cell::whole(row.duration_ms)
});
const BILLED_SECONDS: Column<CdrRow> = Column::new("billed_seconds", CellKind::Whole, |row| {
    Cell::whole(row.billed_seconds)
});
const PDD_MS: Column<CdrRow> = Column::new("pdd_ms", CellKind::Whole, |row| {
    row.pdd_ms.map_or(Cell::Whole(None), Cell::whole)
});
const CURRENCY: Column<CdrRow> =
    Column::new("currency", CellKind::Word, |row| Cell::text(&row.currency));

/// A file that cannot be written on.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableError {
    #[error("the lines cannot be written")]
    Csv(#[from] csv::Error),
    #[error("the rows cannot be written")]
    Parquet(#[from] FileError),
}

/// A file of records that is being written.
pub(super) struct Table {
    columns: &'static [Column<CdrRow>],
    file: File,
}

enum File {
    Csv(Vec<u8>),
    /// The rows are those of the group to come.
    Parquet(Box<ParquetFile>, Vec<CdrRow>),
}

impl Table {
    /// A file for a party in that format.
    pub(super) fn new(format: CdrExportFormat, party: CdrParty) -> Result<Self, TableError> {
        let columns: &[Column<CdrRow>] = match party {
            CdrParty::Staff => &STAFF,
            CdrParty::Customer(_) | CdrParty::Carrier(_) => &OWN,
        };
        let file = match format {
            CdrExportFormat::Csv => {
                let names = columns.iter().map(|column| column.name);
                File::Csv(lines([names])?)
            }
            CdrExportFormat::Parquet => {
                File::Parquet(Box::new(ParquetFile::new("cdr", columns)?), Vec::new())
            }
        };
        Ok(Self { columns, file })
    }

    /// Adds records.
    pub(super) fn add(&mut self, rows: Vec<CdrRow>) -> Result<(), TableError> {
        let columns = self.columns;
        match &mut self.file {
            File::Csv(written) => {
                let cells = |row| columns.iter().map(move |column| as_text(column, &row));
                written.extend(lines(rows.into_iter().map(cells))?);
            }
            File::Parquet(file, group) => {
                group.extend(rows);
                if group.len() >= GROUP_ROWS {
                    file.group(columns, group)?;
                    group.clear();
                }
            }
        }
        Ok(())
    }

    /// How many bytes there are to take.
    pub(super) fn waiting(&self) -> usize {
        match &self.file {
            File::Csv(written) => written.len(),
            File::Parquet(file, _) => file.waiting(),
        }
    }

    /// The bytes that were written since the last time.
    pub(super) fn taken(&mut self) -> Vec<u8> {
        match &mut self.file {
            File::Csv(written) => std::mem::take(written),
            File::Parquet(file, _) => file.taken(),
        }
    }

    /// Ends the file; gives the bytes that were not taken yet.
    pub(super) fn finish(self) -> Result<Vec<u8>, TableError> {
        match self.file {
            File::Csv(written) => Ok(written),
            File::Parquet(mut file, group) => {
                file.group(self.columns, &group)?;
                Ok(file.finish()?)
            }
        }
    }
}

fn lines<L, C>(lines: impl IntoIterator<Item = L>) -> csv::Result<Vec<u8>>
where
    L: IntoIterator<Item = C>,
    C: AsRef<[u8]>,
{
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        writer.write_record(line)?;
    }
    let inner = writer.into_inner();
    Ok(inner.map_err(csv::IntoInnerError::into_error)?)
}

/// A cell of a line; nothing for null.
fn as_text(column: &Column<CdrRow>, row: &CdrRow) -> String {
    match (column.cell)(row) {
        Cell::Text(Some(text)) if column.kind == CellKind::Text => harmless(text),
        Cell::Text(text) => text.unwrap_or_default(),
        Cell::Time(time) => time.map_or_else(String::new, |at| Time(at).to_string()),
        Cell::Whole(number) => number.map_or_else(String::new, |number| number.to_string()),
        Cell::Money(amount) => amount.map_or_else(String::new, money),
    }
}

fn money(amount: Amount) -> String {
    Money(amount).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use cdr_archive::ParquetTable;
    use rating::Timestamp;
    use rating::cdr::{CallId, Outcome, ReleasedBy};

    fn row() -> CdrRow {
        CdrRow {
            id: CallId(0x1f),
            snapshot_number: Some(3),
            received_at: Timestamp(1_772_366_400_000_000),
            answered_at: None,
            ended_at: Timestamp(1_772_366_401_500_000),
            customer: Some("=cmd, \"the\" best".into()),
            carrier: None,
            destination: Some("Paris".into()),
            calling_number: "+442071838750".into(),
            called_number: "33142685300".into(),
            outcome: Outcome::Failed,
            sip_status: 486,
            release_reason: "user_busy".into(),
            released_by: ReleasedBy::Carrier,
            duration_ms: 0,
            billed_seconds: 0,
            pdd_ms: Some(250),
            attempts: Some(2),
            charge: Some(Amount(0)),
            cost: Some(Amount(5_000_000)),
            margin: Some(Amount(-5_000_000)),
            currency: "USD".into(),
            archived: false,
        }
    }

    fn written(format: CdrExportFormat, party: CdrParty) -> Vec<u8> {
        let mut table = Table::new(format, party).unwrap();
        table.add(vec![row()]).unwrap();
        let mut bytes = table.taken();
        bytes.extend(table.finish().unwrap());
        bytes
    }

    fn file(party: CdrParty) -> Vec<Vec<String>> {
        let text = written(CdrExportFormat::Csv, party);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(&*text);
        let cells = |line: csv::StringRecord| line.iter().map(str::to_owned).collect();
        reader.records().map(|line| cells(line.unwrap())).collect()
    }

    #[test]
    fn a_record_is_a_line_that_no_spreadsheet_takes_for_formulas() {
        let lines = file(CdrParty::Staff);
        let of = |name: &str| {
            let place = lines[0].iter().position(|cell| cell == name).unwrap();
            lines[1][place].as_str()
        };
        assert_eq!(of("customer"), "'=cmd, \"the\" best");
        assert_eq!(of("calling_number"), "'+442071838750");
        assert_eq!(of("received_at"), "2026-03-01T12:00:00.000000Z");
        assert_eq!((of("answered_at"), of("carrier")), ("", ""));
        assert_eq!((of("outcome"), of("released_by")), ("failed", "carrier"));
        assert_eq!((of("cost"), of("margin")), ("0.005", "-0.005"));
        assert_eq!((of("pdd_ms"), of("attempts")), ("250", "2"));
    }

    #[test]
    fn the_other_side_has_no_column_in_an_own_file() {
        let lines = file(CdrParty::Carrier(7));
        assert_eq!((lines[0].len(), lines[1].len()), (16, 16));
        for other in [
            "customer", "carrier", "charge", "cost", "margin", "attempts",
        ] {
            assert!(!lines[0].iter().any(|name| name == other), "{other}");
        }
    }

    #[test]
    fn both_formats_have_the_same_columns_and_parquet_has_texts_as_they_are() {
        for party in [CdrParty::Staff, CdrParty::Customer(7), CdrParty::Carrier(7)] {
            let table = ParquetTable::open(written(CdrExportFormat::Parquet, party)).unwrap();
            assert_eq!(table.columns(), file(party)[0]);
        }
        let bytes = written(CdrExportFormat::Parquet, CdrParty::Staff);
        let table = ParquetTable::open(bytes).unwrap();
        let customer = table.texts("customer").unwrap();
        assert_eq!(customer, [Some("=cmd, \"the\" best".to_owned())]);
        assert_eq!(table.texts("carrier").unwrap(), [None]);
        assert_eq!(table.numbers("margin").unwrap(), [Some(-5_000_000)]);
        assert_eq!(table.numbers("answered_at").unwrap(), [None]);
    }
}
