//! `didtron cdrs`: finding call records.

mod days;
mod file;

use super::api_client::ApiClient;
use super::{ServerArgs, say};
use clap::Args;
use serde::Deserialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Records that one page of the API holds at most.
const PAGE_MAX: u32 = 500;

#[derive(Args, Clone, Debug)]
pub(super) struct CdrsArgs {
    /// Name of the customer at the time of the call.
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
    /// Name of the carrier of the last attempt.
    #[arg(long, value_name = "NAME")]
    carrier: Option<String>,
    /// The called number after translation.
    #[arg(long, value_name = "NUMBER")]
    called: Option<String>,
    /// The calling number as received.
    #[arg(long, value_name = "NUMBER")]
    calling: Option<String>,
    /// Call-ID of any leg.
    #[arg(long, value_name = "ID")]
    call_id: Option<String>,
    /// Received at or after, such as 2026-03-01T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Received before.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Any filter of /api/v1/cdrs, such as `called_suffix=8750`, `gateway=192.0.2.20` or
    /// `min_duration_ms=60000`. May be given several times; all must hold.
    #[arg(long = "filter", value_name = "NAME=VALUE", value_parser = filter)]
    filters: Vec<(String, String)>,
    /// The earliest first.
    #[arg(long)]
    oldest_first: bool,
    /// How many to show, at most.
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["totals", "csv", "parquet"])]
    limit: u32,
    /// What they come to instead: of the first 100,000 that are looked at.
    #[arg(long)]
    totals: bool,
    /// Write them to a file as comma-separated values instead: all, of at most 1,000,000.
    #[arg(long, value_name = "FILE", conflicts_with = "totals")]
    csv: Option<PathBuf>,
    /// The same as an Apache Parquet file, with typed columns.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["totals", "csv"])]
    parquet: Option<PathBuf>,
    /// The days that were archived or dropped instead, the latest first.
    #[arg(long, conflicts_with_all = ["totals", "csv", "parquet"])]
    days: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Deserialize)]
struct Totals {
    calls: u64,
    answered: u64,
    talk_ms: u64,
    billed_seconds: u64,
    charge: Option<String>,
    cost: Option<String>,
    margin: Option<String>,
    currency: String,
    amounts: Vec<TotalAmount>,
    searched_until: Option<String>,
    filling: Option<Filling>,
    dropped: Option<Dropped>,
}

#[derive(Debug, Deserialize)]
struct TotalAmount {
    currency: String,
    amount: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Item>,
    next_cursor: Option<String>,
    searched_until: Option<String>,
    filling: Option<Filling>,
    dropped: Option<Dropped>,
}

#[derive(Debug, Deserialize)]
struct Filling {
    percent: u64,
}

#[derive(Debug, Deserialize)]
struct Dropped {
    days: u64,
    from: String,
    to: String,
}

#[derive(Debug, Deserialize)]
struct Item {
    id: String,
    received_at: String,
    customer: Option<String>,
    carrier: Option<String>,
    calling_number: String,
    called_number: String,
    outcome: String,
    sip_status: u16,
    release_reason: String,
    duration_ms: u64,
    charge: String,
    cost: String,
    currency: String,
}

pub(super) fn run(args: &CdrsArgs) -> anyhow::Result<ExitCode> {
    let client = ApiClient::new(&args.server)?;
    if args.days {
        return days::list(&client, args.limit);
    }
    if args.totals {
        let totals: Totals = client.get("/api/v1/cdr-totals", &args.query())?;
        totals.lines().iter().for_each(|line| say(line));
        return Ok(ExitCode::SUCCESS);
    }
    for (format, path) in [("csv", &args.csv), ("parquet", &args.parquet)] {
        if let Some(path) = path {
            return file::write(&client, &args.query(), format, path);
        }
    }
    let mut left = args.limit;
    let mut cursor: Option<String> = None;
    say(&head());
    loop {
        let limit = left.min(PAGE_MAX).to_string();
        let mut query = args.query();
        query.push(("limit", &limit));
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page: Page = client.get("/api/v1/cdrs", &query)?;
        for item in &page.items {
            say(&row(item));
        }
        left = left.saturating_sub(u32::try_from(page.items.len()).unwrap_or(u32::MAX));
        if let Some(filling) = page.filling.filter(|_| cursor.is_none()) {
            say(&filling.line());
        }
        if let Some(dropped) = page.dropped.filter(|_| page.next_cursor.is_none()) {
            say(&dropped.line());
        }
        if left == 0 || page.next_cursor.is_none() {
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(until) = page.searched_until {
            say(&format!("… searched as far as {until}"));
        }
        cursor = page.next_cursor;
    }
}

impl Filling {
    fn line(&self) -> String {
        let percent = self.percent;
        format!("Of the calls of an earlier release {percent} % are known to all filters so far.")
    }
}

impl Dropped {
    fn line(&self) -> String {
        let Self { days, from, to } = self;
        format!("The records of {days} days (UTC) between {from} and {to} are not kept any more.")
    }
}

impl Totals {
    fn lines(&self) -> Vec<String> {
        // Of more than is looked at these are the least.
        let least = match self.searched_until {
            Some(_) => "at least ",
            None => "",
        };
        let amount = |amount: &Option<String>| {
            let beyond = || "more than 9 thousand million".to_owned();
            amount.clone().unwrap_or_else(beyond)
        };
        let currency = &self.currency;
        let counted = |name: &str, value: u64| format!("{name:<16}{least}{value}");
        let money =
            |name: &str, value: &Option<String>| format!("{name:<16}{} {currency}", amount(value));
        let (whole, rest) = (self.talk_ms / 60_000, self.talk_ms % 60_000 / 600);
        let mut lines = vec![
            counted("calls", self.calls),
            counted("answered", self.answered),
            format!("{:<16}{least}{whole}.{rest:02} min", "talk"),
            format!("{:<16}{least}{} s", "billed", self.billed_seconds),
            money("charge", &self.charge),
            money("cost", &self.cost),
            money("margin", &self.margin),
        ];
        // What customers pay in other currencies is in the charge, at the rates of the calls.
        for one in &self.amounts {
            let text = amount(&one.amount);
            lines.push(format!("{:<16}{text} {}", "paid by card", one.currency));
        }
        if let Some(until) = &self.searched_until {
            lines.push(format!(
                "… of the first 100,000 records only, as far as {until}"
            ));
        }
        lines.extend(self.filling.as_ref().map(Filling::line));
        lines.extend(self.dropped.as_ref().map(Dropped::line));
        lines
    }
}

impl CdrsArgs {
    fn query(&self) -> Vec<(&str, &str)> {
        let named = [
            ("customer", &self.customer),
            ("carrier", &self.carrier),
            ("called_number", &self.called),
            ("calling_number", &self.calling),
            ("call_id", &self.call_id),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let named = named.into_iter();
        let mut query: Vec<_> = named
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
            .collect();
        let filters = self.filters.iter();
        query.extend(filters.map(|(name, value)| (name.as_str(), value.as_str())));
        query.extend(self.oldest_first.then_some(("order", "oldest_first")));
        query
    }
}

/// `NAME=VALUE`. Which names there are, the switch says.
fn filter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| "write NAME=VALUE, such as called_suffix=8750".to_owned())?;
    if matches!(name, "limit" | "cursor" | "order") {
        return Err(format!("`{name}` is no filter"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn head() -> String {
    format!(
        "{:<27} {:<16} {:<16} {:<15} {:<15} {:<24} {:>10} {:>13} {:>13}     call",
        "received", "customer", "carrier", "from", "to", "outcome", "talk s", "charge", "cost"
    )
}

fn row(item: &Item) -> String {
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "-".to_owned());
    let outcome = match item.outcome.as_str() {
        "answered" => item.outcome.clone(),
        _ => format!("{} {}", item.sip_status, item.release_reason),
    };
    let (whole, rest) = (item.duration_ms / 1_000, item.duration_ms % 1_000);
    format!(
        "{:<27} {:<16} {:<16} {:<15} {:<15} {outcome:<24} {whole:>6}.{rest:03} {:>13} {:>13} {} {}",
        item.received_at,
        name(&item.customer),
        name(&item.carrier),
        item.calling_number,
        item.called_number,
        item.charge,
        item.cost,
        item.currency,
        item.id,
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: CdrsArgs,
    }

    #[test]
    fn every_filter_of_the_api_can_be_asked_for() {
        let line = [
            "cdrs",
            "--customer",
            "acme",
            "--filter",
            "called_suffix=8750",
            "--filter",
            "rate_card=a=b",
            "--oldest-first",
        ];
        let args = Line::try_parse_from(line).unwrap().args;
        let expected = [
            ("customer", "acme"),
            ("called_suffix", "8750"),
            ("rate_card", "a=b"),
            ("order", "oldest_first"),
        ];
        assert_eq!(args.query(), expected);
    }

    #[test]
    fn totals_of_more_than_is_looked_at_are_said_to_be_the_least() {
        let totals = |until: Option<&str>| {
            let answer = serde_json::json!({
                "calls": 100_000, "answered": 60_000, "talk_ms": 90_600, "billed_seconds": 91,
                "charge": "1.5", "cost": null, "margin": "-0.1", "currency": "USD",
                "amounts": [{"currency": "EUR", "amount": "1.25"}],
                "searched_until": until, "filling": null,
                "dropped": until.map(|until| serde_json::json!({
                    "days": 2, "from": "2026-01-01T00:00:00Z", "to": until,
                })),
            });
            serde_json::from_value::<Totals>(answer).unwrap().lines()
        };
        let all = totals(None);
        assert_eq!(all[0], "calls           100000");
        assert_eq!(all[2], "talk            1.51 min");
        assert_eq!(all[5], "cost            more than 9 thousand million USD");
        assert_eq!(all[7], "paid by card    1.25 EUR");
        assert_eq!(all.len(), 8);
        let some = totals(Some("2026-03-01T00:00:00Z"));
        assert_eq!(some[1], "answered        at least 60000");
        assert!(some[8].ends_with("2026-03-01T00:00:00Z"), "{}", some[8]);
        let dropped = "The records of 2 days (UTC) between 2026-01-01T00:00:00Z and \
             2026-03-01T00:00:00Z are not kept any more.";
        assert_eq!(some[9], dropped);
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for without in [&["--totals"][..], &["--csv", "x"], &["--parquet", "x"]] {
            let line = [&["cdrs", "--limit", "3"], without].concat();
            assert!(Line::try_parse_from(line).is_err(), "it is of all");
        }
        for wrong in ["called_suffix", "limit=3", "cursor=x"] {
            assert!(
                Line::try_parse_from(["cdrs", "--filter", wrong]).is_err(),
                "{wrong}"
            );
        }
    }
}
