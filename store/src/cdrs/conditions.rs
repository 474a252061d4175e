//! The filters of a list as conditions of a statement.

use super::CdrParty;
use super::columns::{call_id_key, id_text, reversed, text_of};
use super::days::push_days;
use super::legs::{Legs, push_legs};
use super::query::{Between, CdrCursor, CdrGateway, CdrOrder, CdrQuery, NumberMatch, Within};
use super::search::WIDE_DIGITS;
use crate::Scope;
use crate::database::{Statement, Value, prefix_range};
use rating::{Amount, Timestamp};

/// Where a fact is: in a row of `cdr`, or of `attempt` for a carrier.
pub(super) struct Columns {
    pub(super) owner: &'static str,
    pub(super) received_at: &'static str,
    pub(super) id: &'static str,
    outcome: &'static str,
    answered_at: &'static str,
    ended_at: &'static str,
    released_by: &'static str,
    release_reason: &'static str,
    sip_status: &'static str,
    destination: &'static str,
    calling: &'static str,
    called: &'static str,
    called_reversed: Option<&'static str>,
    /// Milliseconds of talk, NULL or 0 without any.
    duration_ms: &'static str,
    /// What the party pays or is paid, in the currency of its card.
    amount: &'static str,
}

const OF_CALL: Columns = Columns {
    owner: "owner",
    received_at: "received_at",
    id: "id",
    outcome: "outcome",
    answered_at: "answered_at",
    ended_at: "ended_at",
    released_by: "released_by",
    release_reason: "release_reason",
    sip_status: "sip_status",
    destination: "destination",
    calling: "calling_number",
    called: "called_number",
    called_reversed: Some("called_number_reversed"),
    duration_ms: "duration_ms",
    amount: "charge_by_rate",
};

const OF_ATTEMPT: Columns = Columns {
    owner: "a.owner",
    received_at: "a.started_at",
    id: "a.call_id",
    outcome: "a.outcome",
    answered_at: "a.answered_at",
    ended_at: "a.ended_at",
    released_by: "a.released_by",
    release_reason: "a.release_reason",
    sip_status: "a.sip_status",
    destination: "a.destination",
    calling: "a.calling_number_sent",
    called: "a.called_number_sent",
    called_reversed: None,
    duration_ms: "COALESCE((a.ended_at - a.answered_at) / 1000, 0)",
    amount: "a.cost",
};

/// The columns that a party looks at.
pub(super) fn columns_of(party: CdrParty) -> &'static Columns {
    match party {
        CdrParty::Staff | CdrParty::Customer(_) => &OF_CALL,
        CdrParty::Carrier(_) => &OF_ATTEMPT,
    }
}

/// Appends what limits the rows to those of the scope and the party, and all filters.
pub(super) fn push_all(sql: &mut Statement, scope: &Scope, query: &CdrQuery, legs: &Legs) {
    push_window(sql, scope, query, false);
    let columns = columns_of(query.party);
    push_common(sql, columns, query);
    match query.party {
        CdrParty::Staff => {
            push_staff(sql, query);
            push_resources(sql, query);
            push_legs(sql, scope, query, legs);
            push_number(sql, "called_number_received", None, &query.called_received);
        }
        CdrParty::Customer(_) => {
            equals(sql, " AND ingress_trunk = ", query.ingress_trunk.as_deref());
            let call_id = query.call_id.as_deref().map(call_id_key);
            equals(sql, " AND ingress_call_id = ", call_id);
            push_number(sql, "called_number_received", None, &query.called_received);
        }
        CdrParty::Carrier(_) => {
            equals(sql, " AND a.egress_trunk = ", query.egress_trunk.as_deref());
            push_gateway(sql, "a.gateway", query.gateway);
            let call_id = query.call_id.as_deref().map(call_id_key);
            equals(sql, " AND a.egress_call_id = ", call_id);
        }
    }
}

/// Appends what an index that is ordered by time serves: scope, party, span of time, place in the
/// list, and of the staff's filters, when it is wanted, the one with such an index.
pub(super) fn push_window(sql: &mut Statement, scope: &Scope, query: &CdrQuery, driver: bool) {
    let columns = columns_of(query.party);
    // As in `push_resources`: the identifiers lead.
    let owner = match query.by_leg() {
        Some(_) => "COALESCE(owner, 0)",
        None => columns.owner,
    };
    sql.push(owner).push(" = ");
    sql.push_bind(scope.tenant().get());
    match query.party {
        CdrParty::Staff if driver => push_driver(sql, query),
        CdrParty::Staff => {}
        // As in `push_resources`.
        CdrParty::Customer(customer) if query.is_narrow() => {
            sql.push(" AND COALESCE(customer_id, 0) = ")
                .push_bind(customer);
        }
        CdrParty::Customer(customer) => {
            sql.push(" AND customer_id = ").push_bind(customer);
        }
        CdrParty::Carrier(carrier) if query.is_narrow() => {
            sql.push(" AND COALESCE(a.carrier_id, 0) = ")
                .push_bind(carrier);
        }
        CdrParty::Carrier(carrier) => {
            sql.push(" AND a.carrier_id = ").push_bind(carrier);
        }
    }
    between(sql, columns.received_at, query.received);
    push_days_of(sql, columns.id, query);
    if let Some(after) = query.after {
        push_place(sql, columns, query.order.behind(), after);
    }
}

/// Appends that an identifier is of the days that the query looks at.
pub(super) fn push_days_of(sql: &mut Statement, id: &'static str, query: &CdrQuery) {
    push_days(sql, id, query.received.from, query.received.to);
    let behind = query.after.map(|after| after.received_at);
    match query.order {
        CdrOrder::NewestFirst => push_days(sql, id, None, behind),
        CdrOrder::OldestFirst => push_days(sql, id, behind, None),
    }
}

/// Appends that rows stand on a side of a place.
fn push_place(sql: &mut Statement, columns: &Columns, side: &'static str, at: CdrCursor) {
    sql.push(" AND (").push(columns.received_at).push(", ");
    sql.push(columns.id).push(")").push(side).push("(");
    sql.push_bind(at.received_at.0).push(", ");
    sql.push_bind(id_text(at.id)).push(")");
}

/// Appends that rows stand up to a place, in the order of the list.
pub(super) fn push_up_to(sql: &mut Statement, query: &CdrQuery, up_to: CdrCursor) {
    let columns = columns_of(query.party);
    push_place(sql, columns, query.order.up_to(), up_to);
    let at = Some(up_to.received_at);
    match query.order {
        CdrOrder::NewestFirst => push_days(sql, columns.id, at, None),
        CdrOrder::OldestFirst => push_days(sql, columns.id, None, at),
    }
}

/// Appends the order of the list.
pub(super) fn push_order(sql: &mut Statement, query: &CdrQuery) {
    let columns = columns_of(query.party);
    let direction = match query.order {
        CdrOrder::NewestFirst => " DESC",
        CdrOrder::OldestFirst => "",
    };
    sql.push(" ORDER BY ").push(columns.received_at);
    sql.push(direction).push(", ").push(columns.id);
    sql.push(direction);
}

impl CdrOrder {
    /// How what comes behind a place compares with it.
    fn behind(self) -> &'static str {
        match self {
            Self::NewestFirst => " < ",
            Self::OldestFirst => " > ",
        }
    }

    /// How what comes up to a place compares with it.
    fn up_to(self) -> &'static str {
        match self {
            Self::NewestFirst => " >= ",
            Self::OldestFirst => " <= ",
        }
    }
}

impl CdrQuery {
    /// Whether an index leads to few records, however many there are.
    pub(super) fn is_narrow(&self) -> bool {
        let long = |digits: &Option<String>| {
            let digits = digits.as_deref().unwrap_or_default();
            digits.len() >= WIDE_DIGITS
        };
        // What is no number, such as `anonymous`, may be in any number of records.
        let whole = |number: &Option<String>| {
            let digits = number.as_deref().unwrap_or_default();
            let digits = digits.strip_prefix('+').unwrap_or(digits);
            digits.len() >= WIDE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        let (called, calling) = (&self.called, &self.calling);
        let of_numbers = whole(&called.whole) || long(&called.prefix) || long(&called.suffix);
        let of_calling = whole(&calling.whole) || long(&calling.prefix);
        match self.party {
            CdrParty::Staff | CdrParty::Customer(_) => {
                self.call_id.is_some() || of_numbers || of_calling
            }
            CdrParty::Carrier(_) => self.call_id.is_some(),
        }
    }

    /// Whether records must be looked at one by one to know whether they are wanted.
    pub(super) fn looks_at_each(&self) -> bool {
        let rest = Self {
            limit: 0,
            after: None,
            order: CdrOrder::default(),
            received: Between::default(),
            ..self.clone()
        };
        let staff = self.party == CdrParty::Staff;
        let mut drivers = [
            staff && rest.customer.is_some(),
            staff && rest.carrier.is_some(),
            rest.ingress_trunk.is_some(),
            rest.egress_trunk.is_some(),
        ]
        .into_iter()
        .filter(|given| *given);
        // Of two of those one leads, and the other is looked at.
        let (first, second) = (drivers.next(), drivers.next());
        let of_trunks = !staff && first.is_some();
        second.is_some() || of_trunks || rest.has_others()
    }

    fn has_others(&self) -> bool {
        let numbers = [
            &self.called,
            &self.called_received,
            &self.calling,
            &self.called_sent,
            &self.calling_sent,
        ];
        let texts = [
            &self.rate_card,
            &self.destination,
            &self.call_id,
            &self.release_reason,
        ];
        let amounts = [self.charge, self.cost, self.margin, self.amount];
        numbers.iter().any(|number| !number.is_any())
            || texts.iter().any(|text| text.is_some())
            || amounts.iter().any(|amount| !amount.is_any())
            || self.gateway.is_some()
            || self.outcome.is_some()
            || self.answered.is_some()
            || self.released_by.is_some()
            || self.sip_status.is_some()
            || self.snapshot_number.is_some()
            || !self.answered_at.is_any()
            || !self.ended.is_any()
            || !self.duration_ms.is_any()
    }
}

fn push_driver(sql: &mut Statement, query: &CdrQuery) {
    if let Some(trunk) = &query.egress_trunk {
        sql.push(" AND egress_trunk = ").push_bind(trunk);
    } else if let Some(trunk) = &query.ingress_trunk {
        sql.push(" AND ingress_trunk = ").push_bind(trunk);
    } else if let Some(carrier) = &query.carrier {
        sql.push(" AND carrier = ").push_bind(carrier);
    } else if let Some(customer) = &query.customer {
        sql.push(" AND customer = ").push_bind(customer);
    }
}

/// What each party finds by.
fn push_common(sql: &mut Statement, columns: &Columns, query: &CdrQuery) {
    let outcome = query.outcome.map(|outcome| text_of(&outcome));
    let released_by = query.released_by.map(|by| text_of(&by));
    column_is(sql, columns.outcome, outcome);
    column_is(sql, columns.released_by, released_by);
    column_is(sql, columns.release_reason, query.release_reason.clone());
    column_is(sql, columns.sip_status, query.sip_status);
    column_is(sql, columns.destination, query.destination.clone());
    match query.answered {
        Some(true) => {
            sql.push(" AND ").push(columns.answered_at);
            sql.push(" IS NOT NULL");
        }
        Some(false) => {
            sql.push(" AND ").push(columns.answered_at);
            sql.push(" IS NULL");
        }
        None => {}
    }
    push_number(sql, columns.called, columns.called_reversed, &query.called);
    push_number(sql, columns.calling, None, &query.calling);
    between(sql, columns.answered_at, query.answered_at);
    between(sql, columns.ended_at, query.ended);
    within(sql, columns.duration_ms, query.duration_ms);
    if query.party != CdrParty::Staff {
        within_amounts(sql, columns.amount, query.amount);
    }
}

fn push_staff(sql: &mut Statement, query: &CdrQuery) {
    equals(sql, " AND rate_card = ", query.rate_card.as_deref());
    column_is(sql, "snapshot_number", query.snapshot_number);
    push_number(sql, "called_number_sent", None, &query.called_sent);
    push_number(sql, "calling_number_sent", None, &query.calling_sent);
    within_amounts(sql, "charge", query.charge);
    within_amounts(sql, "cost", query.cost);
    within_amounts(sql, "margin", query.margin);
}

/// Whose call it was, and which way it went. Each has an index, which is the wrong one when another
/// filter leads to few records: a database that does not know how many there are may take it. No
/// index serves an expression.
fn push_resources(sql: &mut Statement, query: &CdrQuery) {
    let texts = [
        ("customer", "COALESCE(customer, '')", &query.customer),
        ("carrier", "COALESCE(carrier, '')", &query.carrier),
        (
            "ingress_trunk",
            "COALESCE(ingress_trunk, '')",
            &query.ingress_trunk,
        ),
        (
            "egress_trunk",
            "COALESCE(egress_trunk, '')",
            &query.egress_trunk,
        ),
    ];
    let narrow = query.is_narrow();
    for (column, expression, text) in texts {
        column_is(sql, if narrow { expression } else { column }, text.clone());
    }
    let gateway = if narrow {
        "COALESCE(gateway, '')"
    } else {
        "gateway"
    };
    push_gateway(sql, gateway, query.gateway);
}

fn push_gateway(sql: &mut Statement, column: &'static str, gateway: Option<CdrGateway>) {
    match gateway {
        Some(CdrGateway::Socket(socket)) => column_is(sql, column, Some(socket.to_string())),
        Some(CdrGateway::Address(address)) => {
            // As a socket address is written, up to its port.
            let written = std::net::SocketAddr::new(address, 0).to_string();
            prefix(sql, column, written.trim_end_matches('0'));
        }
        None => {}
    }
}

fn push_number(
    sql: &mut Statement,
    column: &'static str,
    reversed_column: Option<&'static str>,
    number: &NumberMatch,
) {
    column_is(sql, column, number.whole.clone());
    if let Some(first) = &number.prefix {
        prefix(sql, column, first);
    }
    match (&number.suffix, reversed_column) {
        (Some(last), Some(reversed_column)) => prefix(sql, reversed_column, &reversed(last)),
        (Some(last), None) => {
            sql.push(" AND ").push(column).push(" LIKE ");
            sql.push_bind(format!("%{}", escaped(last)));
            sql.push(" ESCAPE '\\'");
        }
        (None, _) => {}
    }
}

/// A text that a pattern takes as it is.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

fn prefix(sql: &mut Statement, column: &'static str, first: &str) {
    if let Some((first, behind)) = prefix_range(first) {
        sql.push(" AND ").push(column).push(" >= ").push_bind(first);
        sql.push(" AND ").push(column).push(" < ").push_bind(behind);
    }
}

fn equals(sql: &mut Statement, condition: &'static str, value: Option<&str>) {
    if let Some(value) = value {
        sql.push(condition).push_bind(value);
    }
}

fn column_is(sql: &mut Statement, column: &'static str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        sql.push(" AND ").push(column).push(" = ").push_bind(value);
    }
}

fn between(sql: &mut Statement, column: &'static str, span: Between<Timestamp>) {
    if let Some(from) = span.from {
        sql.push(" AND ").push(column).push(" >= ").push_bind(from);
    }
    if let Some(to) = span.to {
        sql.push(" AND ").push(column).push(" < ").push_bind(to);
    }
}

fn within(sql: &mut Statement, column: &'static str, range: Within<i64>) {
    if let Some(min) = range.min {
        sql.push(" AND ").push(column).push(" >= ").push_bind(min);
    }
    if let Some(max) = range.max {
        sql.push(" AND ").push(column).push(" <= ").push_bind(max);
    }
}

fn within_amounts(sql: &mut Statement, column: &'static str, range: Within<Amount>) {
    let nanos = |amount: Amount| amount.0;
    let range = Within {
        min: range.min.map(nanos),
        max: range.max.map(nanos),
    };
    within(sql, column, range);
}
