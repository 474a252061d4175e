//! Records as comma-separated values.

use crate::routes::cdrs::word;
use crate::routes::reports::harmless;
use crate::values::{CallIdText, Money, Time};
use rating::{Amount, Timestamp};
use store::{CdrParty, CdrRow};

/// Columns of both sides, of the staff's files.
const STAFF: [&str; 21] = [
    "id",
    "received_at",
    "answered_at",
    "ended_at",
    "customer",
    "carrier",
    "destination",
    "calling_number",
    "called_number",
    "outcome",
    "sip_status",
    "release_reason",
    "released_by",
    "duration_ms",
    "billed_seconds",
    "pdd_ms",
    "attempts",
    "charge",
    "cost",
    "margin",
    "currency",
];

/// Columns of the own side, of a customer's or carrier's files.
const OWN: [&str; 16] = [
    "id",
    "received_at",
    "answered_at",
    "ended_at",
    "destination",
    "calling_number",
    "called_number",
    "outcome",
    "sip_status",
    "release_reason",
    "released_by",
    "duration_ms",
    "billed_seconds",
    "pdd_ms",
    "amount",
    "currency",
];

/// How records are written.
pub(super) struct Table;

impl Table {
    /// The names of the columns.
    pub(super) fn head(party: CdrParty) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        match party {
            CdrParty::Staff => writer.write_record(STAFF)?,
            CdrParty::Customer(_) | CdrParty::Carrier(_) => writer.write_record(OWN)?,
        }
        written(writer)
    }

    /// A line for each record.
    pub(super) fn lines(party: CdrParty, rows: Vec<CdrRow>) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::with_capacity(rows.len() * 256));
        for row in rows {
            match party {
                CdrParty::Staff => writer.write_record(staffs(row))?,
                CdrParty::Customer(_) | CdrParty::Carrier(_) => writer.write_record(own(row))?,
            }
        }
        written(writer)
    }
}

fn written(writer: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    let inner = writer.into_inner();
    Ok(inner.map_err(csv::IntoInnerError::into_error)?)
}

fn staffs(row: CdrRow) -> [String; STAFF.len()] {
    let [id, received, answered, ended] = times(&row);
    let [outcome, status, reason, by] = release(&row);
    [
        id,
        received,
        answered,
        ended,
        text(row.customer),
        text(row.carrier),
        text(row.destination),
        harmless(row.calling_number),
        harmless(row.called_number),
        outcome,
        status,
        reason,
        by,
        row.duration_ms.to_string(),
        row.billed_seconds.to_string(),
        number(row.pdd_ms),
        number(row.attempts),
        money(row.charge),
        money(row.cost),
        money(row.margin),
        row.currency,
    ]
}

fn own(row: CdrRow) -> [String; OWN.len()] {
    let [id, received, answered, ended] = times(&row);
    let [outcome, status, reason, by] = release(&row);
    [
        id,
        received,
        answered,
        ended,
        text(row.destination),
        harmless(row.calling_number),
        harmless(row.called_number),
        outcome,
        status,
        reason,
        by,
        row.duration_ms.to_string(),
        row.billed_seconds.to_string(),
        number(row.pdd_ms),
        // A customer's row has a charge and no cost, a carrier's a cost and no charge.
        money(row.charge.or(row.cost)),
        row.currency,
    ]
}

fn times(row: &CdrRow) -> [String; 4] {
    let time = |at: Timestamp| Time(at).to_string();
    [
        CallIdText(row.id).to_string(),
        time(row.received_at),
        row.answered_at.map_or_else(String::new, time),
        time(row.ended_at),
    ]
}

fn release(row: &CdrRow) -> [String; 4] {
    [
        word(row.outcome),
        row.sip_status.to_string(),
        row.release_reason.clone(),
        word(row.released_by),
    ]
}

fn text(text: Option<String>) -> String {
    harmless(text.unwrap_or_default())
}

fn number<N: ToString>(number: Option<N>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

fn money(amount: Option<Amount>) -> String {
    amount.map_or_else(String::new, |amount| Money(amount).to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
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
        }
    }

    fn file(party: CdrParty) -> Vec<Vec<String>> {
        let mut text = Table::head(party).unwrap();
        text.extend(Table::lines(party, vec![row()]).unwrap());
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
}
