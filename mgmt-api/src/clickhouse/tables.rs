//! The tables of calls and attempts.

/// Name and type of a column.
pub(super) type Column = (&'static str, &'static str);

/// A call in one row.
pub(super) const CALLS: &str = "calls";
/// Each egress try of a call in one row.
pub(super) const ATTEMPTS: &str = "attempts";

const TIME: &str = "DateTime64(6, 'UTC')";
const NO_TIME: &str = "Nullable(DateTime64(6, 'UTC'))";
const NAME: &str = "LowCardinality(String)";
const MONEY: &str = "Decimal(19, 9)";
const RATE: &str = "Decimal(18, 12)";

pub(super) const CALL_COLUMNS: &[Column] = &[
    ("tenant", "Int64"),
    ("id", "String"),
    ("node", NAME),
    ("snapshot_number", "UInt64"),
    ("ingress_call_id", "String"),
    ("ingress_source", "String"),
    ("calling_number_received", "String"),
    ("called_number_received", "String"),
    ("called_number", "String"),
    ("customer_id", "Nullable(Int64)"),
    ("customer", NAME),
    ("ingress_trunk", NAME),
    ("rate_card", NAME),
    ("rate_prefix", "String"),
    ("destination", NAME),
    ("currency", NAME),
    ("exchange_rate", RATE),
    ("charge", MONEY),
    ("charge_in_books", MONEY),
    ("cost_in_books", MONEY),
    ("margin_in_books", MONEY),
    ("billed_seconds", "UInt32"),
    ("duration_ms", "UInt64"),
    ("received_at", TIME),
    ("ringing_at", NO_TIME),
    ("answered_at", NO_TIME),
    ("ended_at", TIME),
    ("outcome", NAME),
    ("released_by", NAME),
    ("release_reason", NAME),
    ("sip_status", "UInt16"),
    ("q850_cause", "UInt16"),
    ("attempts", "UInt16"),
];

pub(super) const ATTEMPT_COLUMNS: &[Column] = &[
    ("tenant", "Int64"),
    ("call_id", "String"),
    ("number", "UInt16"),
    ("received_at", TIME),
    ("carrier_id", "Int64"),
    ("carrier", NAME),
    ("egress_trunk", NAME),
    ("gateway", "String"),
    ("egress_call_id", "String"),
    ("called_number_sent", "String"),
    ("calling_number_sent", "String"),
    ("rate_card", NAME),
    ("rate_prefix", "String"),
    ("destination", NAME),
    ("currency", NAME),
    ("exchange_rate", RATE),
    ("cost", MONEY),
    ("cost_in_books", MONEY),
    ("billed_seconds", "UInt32"),
    ("started_at", TIME),
    ("first_reply_at", NO_TIME),
    ("ringing_at", NO_TIME),
    ("answered_at", NO_TIME),
    ("ended_at", TIME),
    ("pdd_ms", "Nullable(Int64)"),
    ("outcome", NAME),
    ("released_by", NAME),
    ("release_reason", NAME),
    ("sip_status", "UInt16"),
    ("q850_cause", "UInt16"),
];

/// The statements that make the tables in a database, unless they are there.
pub fn clickhouse_schema(database: &str) -> [String; 2] {
    [
        table(database, CALLS, CALL_COLUMNS, "(received_at, id)"),
        table(
            database,
            ATTEMPTS,
            ATTEMPT_COLUMNS,
            "(received_at, call_id, number)",
        ),
    ]
}

/// A row that came twice becomes one when parts are merged, and at once by its token.
fn table(database: &str, name: &str, columns: &[Column], key: &str) -> String {
    let columns: Vec<String> = columns
        .iter()
        .map(|(name, kind)| format!("  {name} {kind}"))
        .collect();
    format!(
        "CREATE TABLE IF NOT EXISTS `{database}`.{name} (\n{}\n)\nENGINE = ReplacingMergeTree\n\
         PARTITION BY toYYYYMM(received_at)\nORDER BY {key}\n\
         SETTINGS non_replicated_deduplication_window = 1000",
        columns.join(",\n")
    )
}
