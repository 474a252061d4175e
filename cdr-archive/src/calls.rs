//! Whole records of calls as rows: what of them is searched by, and the record itself.

use crate::{Cell, CellKind, Column, FileError, ParquetFile, ParquetTable};
use bytes::Bytes;
use rating::Timestamp;
use rating::cdr::{AttemptRecord, BooksMoney, CallId, CallRecord};

/// Rows of a group: what is in memory when they are written, and what a search reads at a time.
pub const GROUP_CALLS: u32 = 5_000;

/// Rows of a file: it is written, and checked, in memory.
pub const FILE_CALLS: u64 = 100_000;

/// The column that whose calls they are is in.
pub(crate) const TENANT: &str = "tenant_id";

/// The column of whole records.
pub(crate) const RECORD: &str = "record";

/// A record of the database.
#[derive(Clone, Debug)]
pub struct ArchivedCall {
    /// The tenant whose call it is.
    pub tenant: i64,
    /// The record.
    pub call: CallRecord,
    /// The record as the database has it, JSON.
    pub record: String,
}

impl ArchivedCall {
    /// The record of a row of the database.
    ///
    /// # Errors
    /// [`FileError::Record`] when the text is none.
    pub fn new(tenant: i64, record: String) -> Result<Self, FileError> {
        let call = parsed(&record)?;
        Ok(Self {
            tenant,
            call,
            record,
        })
    }
}

/// What a file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// How many records.
    pub records: u64,
    /// The first identifier, and the last: rows are in their order.
    pub ids: (CallId, CallId),
    /// When the first call was received, and the last.
    pub received: (Timestamp, Timestamp),
    /// When the first attempt began, and the last.
    pub attempted: Option<(Timestamp, Timestamp)>,
    /// What customers pay, nano-units of the currency of the books.
    pub charge: i128,
    /// What carriers charge.
    pub cost: i128,
}

/// A file of calls that is being written.
pub struct CallsFile {
    file: ParquetFile,
    facts: Option<FileFacts>,
}

impl CallsFile {
    /// An empty one.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn new() -> Result<Self, FileError> {
        let file = ParquetFile::new("cdr", &CALLS)?;
        Ok(Self { file, facts: None })
    }

    /// How many records it has.
    pub fn records(&self) -> u64 {
        self.facts.as_ref().map_or(0, |facts| facts.records)
    }

    /// Adds a group of calls, which are behind those before in the order of identifiers.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn add(&mut self, calls: &[ArchivedCall]) -> Result<(), FileError> {
        for call in calls {
            let new = FileFacts::of(&call.call);
            self.facts = Some(match self.facts.take() {
                None => new,
                Some(before) => before.and(&new),
            });
        }
        self.file.group(&CALLS, calls)
    }

    /// Ends the file; `None` when it has no record.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn finish(self) -> Result<Option<(Bytes, FileFacts)>, FileError> {
        let bytes = self.file.finish()?;
        Ok(self.facts.map(|facts| (bytes.into(), facts)))
    }
}

impl FileFacts {
    fn of(call: &CallRecord) -> Self {
        let begun = || call.attempts.iter().map(|attempt| attempt.started_at);
        let money = money(call);
        Self {
            records: 1,
            ids: (call.id, call.id),
            received: (call.received_at, call.received_at),
            attempted: begun().min().zip(begun().max()),
            charge: money.charge.0.into(),
            cost: money.cost.0.into(),
        }
    }

    /// What two together have.
    fn and(&self, other: &Self) -> Self {
        Self {
            records: self.records + other.records,
            ids: wider(self.ids, other.ids),
            received: wider(self.received, other.received),
            attempted: match (self.attempted, other.attempted) {
                (Some(a), Some(b)) => Some(wider(a, b)),
                (one, other) => one.or(other),
            },
            charge: self.charge + other.charge,
            cost: self.cost + other.cost,
        }
    }

    /// What is in a file, read from it: every column that this looks at is decoded.
    ///
    /// # Errors
    /// [`FileError`] when it is no file of calls, or a record in it cannot be read.
    pub fn read(file: Bytes) -> Result<Option<Self>, FileError> {
        let table = ParquetTable::open(file)?;
        let numbers = |column: &str| table.numbers(column);
        let sum = |of: Vec<Option<i64>>| of.into_iter().flatten().map(i128::from).sum::<i128>();
        let (charge, cost) = (sum(numbers("charge")?), sum(numbers("cost")?));
        let mut facts: Option<Self> = None;
        for record in table.texts(RECORD)? {
            let new = Self::of(&parsed(record.as_deref().unwrap_or_default())?);
            facts = Some(facts.map_or_else(|| new.clone(), |before| before.and(&new)));
        }
        Ok(facts.map(|facts| Self {
            charge,
            cost,
            ..facts
        }))
    }
}

/// The record of a text.
pub(crate) fn parsed(record: &str) -> Result<CallRecord, FileError> {
    serde_json::from_str(record).map_err(FileError::Record)
}

fn wider<T: Ord>((a, b): (T, T), (c, d): (T, T)) -> (T, T) {
    (a.min(c), b.max(d))
}

/// As the database has it: charges of calls shorter than a lifetime fit.
fn money(call: &CallRecord) -> BooksMoney {
    call.money().unwrap_or_default()
}

/// The columns. Those of the egress side are of the last attempt, which is the answered one if any is.
static CALLS: [Column<ArchivedCall>; 41] = [
    Column::new("id", CellKind::Word, |row| {
        Cell::text(format!("{:032x}", row.call.id.0))
    }),
    Column::new("node", CellKind::Text, |row| Cell::text(&*row.call.node)),
    Column::new("snapshot_number", CellKind::Whole, |row| {
        Cell::whole(row.call.snapshot_number)
    }),
    Column::new("received_at", CellKind::Time, |row| {
        Cell::Time(Some(row.call.received_at))
    }),
    Column::new("ringing_at", CellKind::Time, |row| {
        Cell::Time(row.call.ringing_at)
    }),
    Column::new("answered_at", CellKind::Time, |row| {
        Cell::Time(row.call.answered_at)
    }),
    Column::new("ended_at", CellKind::Time, |row| {
        Cell::Time(Some(row.call.ended_at))
    }),
    Column::new("customer_id", CellKind::Whole, |row| {
        Cell::Whole(row.call.customer.as_ref().map(|customer| customer.id))
    }),
    Column::new("customer", CellKind::Text, |row| {
        Cell::Text(row.call.customer.as_ref().map(|it| it.name.to_string()))
    }),
    Column::new("ingress_trunk", CellKind::Text, |row| {
        Cell::Text(
            row.call
                .ingress_trunk
                .as_ref()
                .map(|it| it.name.to_string()),
        )
    }),
    Column::new("ingress_source", CellKind::Text, |row| {
        Cell::text(row.call.ingress_source.to_string())
    }),
    Column::new("ingress_call_id", CellKind::Text, |row| {
        Cell::text(&*row.call.ingress_call_id)
    }),
    Column::new("calling_number", CellKind::Text, |row| {
        Cell::text(&*row.call.calling_number_received)
    }),
    Column::new("called_number_received", CellKind::Text, |row| {
        Cell::text(&*row.call.called_number_received)
    }),
    Column::new("called_number", CellKind::Text, |row| {
        Cell::text(&*row.call.called_number)
    }),
    Column::new("destination", CellKind::Text, |row| {
        Cell::Text(
            row.call
                .rate
                .as_ref()
                .map(|rate| rate.destination.to_string()),
        )
    }),
    Column::new("rate_card", CellKind::Text, |row| {
        Cell::Text(
            row.call
                .rate
                .as_ref()
                .map(|rate| rate.rate_card.name.to_string()),
        )
    }),
    Column::new("rate_currency", CellKind::Word, |row| {
        Cell::Text(row.call.rate.as_ref().map(|rate| rate.currency.to_string()))
    }),
    Column::new("charge_by_rate", CellKind::Money, |row| {
        Cell::Money(row.call.rate.as_ref().map(|_| row.call.charge.amount))
    }),
    Column::new("billed_seconds", CellKind::Whole, |row| {
        Cell::whole(row.call.charge.billed_seconds)
    }),
    Column::new("carrier_id", CellKind::Whole, |row| {
        Cell::Whole(last(row).map(|last| last.carrier.id))
    }),
    Column::new("carrier", CellKind::Text, |row| {
        Cell::Text(last(row).map(|last| last.carrier.name.to_string()))
    }),
    Column::new("egress_trunk", CellKind::Text, |row| {
        Cell::Text(last(row).map(|last| last.egress_trunk.name.to_string()))
    }),
    Column::new("gateway", CellKind::Text, |row| {
        Cell::Text(last(row).map(|last| last.gateway.to_string()))
    }),
    Column::new("egress_call_id", CellKind::Text, |row| {
        Cell::Text(last(row).map(|last| last.egress_call_id.to_string()))
    }),
    Column::new("called_number_sent", CellKind::Text, |row| {
        Cell::Text(last(row).map(|last| last.called_number_sent.to_string()))
    }),
    Column::new("calling_number_sent", CellKind::Text, |row| {
        Cell::Text(last(row).map(|last| last.calling_number_sent.to_string()))
    }),
    Column::new("attempts", CellKind::Whole, |row| {
        Cell::whole(row.call.attempts.len())
    }),
    Column::new("first_attempt_at", CellKind::Time, |row| {
        Cell::Time(begun(row).min())
    }),
    Column::new("last_attempt_at", CellKind::Time, |row| {
        Cell::Time(begun(row).max())
    }),
    Column::new("outcome", CellKind::Word, |row| word(&row.call.outcome)),
    Column::new("sip_status", CellKind::Whole, |row| {
        Cell::whole(row.call.release.sip_status)
    }),
    Column::new("release_reason", CellKind::Word, |row| {
        word(&row.call.release.reason)
    }),
    Column::new("released_by", CellKind::Word, |row| {
        word(&row.call.release.by)
    }),
    Column::new("duration_ms", CellKind::Whole, |row| {
        Cell::whole(row.call.duration_ms())
    }),
    Column::new("pdd_ms", CellKind::Whole, |row| {
        row.call.pdd_ms().map_or(Cell::Whole(None), Cell::whole)
    }),
    Column::new("charge", CellKind::Money, |row| {
        Cell::Money(Some(money(&row.call).charge))
    }),
    Column::new("cost", CellKind::Money, |row| {
        Cell::Money(Some(money(&row.call).cost))
    }),
    Column::new("margin", CellKind::Money, |row| {
        Cell::Money(Some(row.call.margin))
    }),
    Column::new(TENANT, CellKind::Whole, |row| Cell::whole(row.tenant)),
    Column::new(RECORD, CellKind::Word, |row| Cell::text(&row.record)),
];

fn last(row: &ArchivedCall) -> Option<&AttemptRecord> {
    row.call.attempts.last()
}

fn begun(row: &ArchivedCall) -> impl Iterator<Item = Timestamp> {
    row.call.attempts.iter().map(|attempt| attempt.started_at)
}

/// The word of a value of a closed set, as in JSON.
fn word(value: &impl serde::Serialize) -> Cell {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Cell::text(word),
        _ => Cell::Text(None),
    }
}
