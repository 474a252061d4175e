//! A preview as text.

use crate::cli::apply::{Change, changes_text};
use serde::Deserialize;
use std::fmt;

/// Findings that are written out; the rest is counted.
const FINDINGS_SHOWN: usize = 20;

/// What a push would do, as the API tells it.
#[derive(Debug, Deserialize)]
pub(super) struct Preview {
    changes: Vec<Change>,
    problems: Vec<Fault>,
    impact: Option<Impact>,
    replay: Option<Replay>,
    prices: Option<Prices>,
}

/// Destinations that would newly be at fault.
#[derive(Debug, Deserialize)]
pub(crate) struct Prices {
    destinations: u64,
    is_complete: bool,
    below_cost: u64,
    below_margin: u64,
    no_route: u64,
    no_rate: u64,
    currency: String,
    findings: Vec<Finding>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    fault: String,
    customers: Vec<String>,
    customers_count: u64,
    prefix: String,
    destination: Option<String>,
    price_per_minute: Option<String>,
    carrier: Option<String>,
    cost_per_minute: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Fault {
    kind: Option<String>,
    name: Option<String>,
    field: Option<String>,
    message: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Impact {
    customers: Touched,
    carriers: Touched,
    trunks: Touched,
    routes: Touched,
    live_calls: Option<u64>,
    entitlements: Vec<OnCustomer>,
}

#[derive(Debug, Deserialize)]
struct OnCustomer {
    customer: String,
    lost: Vec<Entitlement>,
    gained: Vec<Entitlement>,
}

#[derive(Debug, Deserialize)]
struct Entitlement {
    kind: String,
    name: String,
}

#[derive(Debug, Deserialize)]
struct Touched {
    count: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Replay {
    calls: u32,
    newly_blocked: u32,
    newly_routed: u32,
    routes_changed: u32,
    carrier_changed: u32,
    price_changed: u32,
    below_cost: u32,
    #[serde(default)]
    unread_decisions: u32,
    currency: String,
    before: MoneyLine,
    after: MoneyLine,
    by_carrier: Vec<Line>,
}

#[derive(Debug, Deserialize)]
struct Line {
    name: String,
    calls_before: u32,
    calls_after: u32,
}

#[derive(Debug, Deserialize)]
struct MoneyLine {
    revenue: String,
    cost: String,
    margin: String,
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&changes_text(&self.changes))?;
        for fault in &self.problems {
            writeln!(f, "problem   {fault}")?;
        }
        if let Some(impact) = &self.impact {
            impact.fmt(f)?;
        }
        if let Some(replay) = &self.replay {
            replay.fmt(f)?;
        }
        self.prices.as_ref().map_or(Ok(()), |prices| prices.fmt(f))
    }
}

impl fmt::Display for Prices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.is_complete {
            ""
        } else {
            ", and not all"
        };
        writeln!(
            f,
            "Of {} prices{more}: {} would newly be below cost, {} below the margin, {} without a \
             route, {} without a rate.",
            self.destinations, self.below_cost, self.below_margin, self.no_route, self.no_rate
        )?;
        for finding in self.findings.iter().take(FINDINGS_SHOWN) {
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
            writeln!(
                f,
                "          {}: {} {} sold at {} {currency}, cheapest {} at {}; {} customers: {}",
                finding.fault.replace('_', " "),
                finding.prefix,
                text(&finding.destination),
                text(&finding.price_per_minute),
                text(&finding.carrier),
                text(&finding.cost_per_minute),
                finding.customers_count,
                finding.customers.join(", "),
                currency = self.currency,
            )?;
        }
        Ok(())
    }
}

impl Replay {
    /// A line for each carrier: how many of the calls it is tried first for, now and then.
    pub(crate) fn shares(&self) -> String {
        let permille = |part: u32| u64::from(part) * 1_000 / u64::from(self.calls.max(1));
        let percent = |part: u32| format!("{}.{} %", permille(part) / 10, permille(part) % 10);
        let lines = self.by_carrier.iter().map(|line| {
            let (before, after) = (line.calls_before, line.calls_after);
            format!(
                "          {:20} {before} calls ({}) before, {after} ({}) after\n",
                line.name,
                percent(before),
                percent(after)
            )
        });
        lines.collect()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(kind), Some(name)) = (&self.kind, &self.name) {
            write!(f, "{kind} `{name}`: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "`{field}`: ")?;
        }
        f.write_str(&self.message)
    }
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let live_calls = self
            .live_calls
            .map_or_else(|| "?".to_owned(), |n| n.to_string());
        writeln!(
            f,
            "Touches {} customers, {} carriers, {} trunks, {} routes; {live_calls} of their calls \
             are up.",
            self.customers.count, self.carriers.count, self.trunks.count, self.routes.count,
        )?;
        for one in &self.entitlements {
            let names = |list: &[Entitlement]| {
                let names = list
                    .iter()
                    .map(|item| format!("{} {}", item.kind, item.name));
                names.collect::<Vec<_>>().join(", ")
            };
            let (lost, gained) = (names(&one.lost), names(&one.gained));
            writeln!(
                f,
                "          {}: gets [{gained}], loses [{lost}]",
                one.customer
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Of the last {} calls: {} would newly be blocked, {} newly routed, {} would take other \
             routes, {} another carrier first, {} at another price, {} below cost.",
            self.calls,
            self.newly_blocked,
            self.newly_routed,
            self.routes_changed,
            self.carrier_changed,
            self.price_changed,
            self.below_cost
        )?;
        if self.unread_decisions > 0 {
            let calls = self.unread_decisions;
            writeln!(
                f,
                "Of {calls} the record of the decision cannot be read: they may differ for that alone."
            )?;
        }
        for (name, line) in [("Before", &self.before), ("After", &self.after)] {
            let MoneyLine {
                revenue,
                cost,
                margin,
            } = line;
            let currency = &self.currency;
            writeln!(
                f,
                "{name:6} revenue {revenue}, cost {cost}, margin {margin} {currency}"
            )?;
        }
        Ok(())
    }
}
