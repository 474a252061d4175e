//! A preview as text.

use crate::cli::apply::{Change, changes_text};
use serde::Deserialize;
use std::fmt;

/// What a push would do, as the API tells it.
#[derive(Debug, Deserialize)]
pub(super) struct Preview {
    changes: Vec<Change>,
    problems: Vec<Fault>,
    impact: Option<Impact>,
    replay: Option<Replay>,
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
    currency: String,
    before: MoneyLine,
    after: MoneyLine,
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
        self.replay.as_ref().map_or(Ok(()), |replay| replay.fmt(f))
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
