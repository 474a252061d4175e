//! `didtron exchange`: sources of exchange rates.

use super::api_client::ApiClient;
use super::ledger::segment;
use super::{ServerArgs, say};
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;
use std::process::ExitCode;

#[derive(Args, Clone, Debug)]
pub(super) struct ExchangeArgs {
    #[command(subcommand)]
    command: ExchangeCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum ExchangeCommand {
    /// Show what a source said last; exit status 1 when it is stale, failed, or a rate waits.
    Show(SourceArgs),
    /// Read a source now; exit status as of `show`.
    Refresh(SourceArgs),
    /// What exchange rates did to the balances of a month in other currencies.
    Report {
        /// The month, such as 2026-10; the one before this without it.
        #[arg(long)]
        month: Option<String>,
        /// Only balances in this currency.
        #[arg(long)]
        currency: Option<String>,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Let a rate count that has moved too far to do so by itself.
    Confirm {
        #[command(flatten)]
        source: SourceArgs,
        /// Its currency, such as EUR.
        currency: String,
        /// The rate that was looked at.
        rate: String,
    },
}

#[derive(Args, Clone, Debug)]
struct SourceArgs {
    /// Number or name of the source.
    name: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Deserialize)]
struct Quotes {
    source: String,
    published_at: Option<String>,
    is_stale: bool,
    failure: Option<String>,
    quotes: Vec<Quote>,
}

#[derive(Debug, Deserialize)]
struct Quote {
    currency: String,
    state: Option<String>,
    rate: Option<String>,
    in_force: Option<String>,
    next: Option<String>,
    move_bps: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Report {
    month: String,
    is_over: bool,
    lines: Vec<Line>,
    difference: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Line {
    kind: String,
    name: Option<String>,
    currency: String,
    closing: Dated,
    rate: Option<String>,
    difference: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Dated {
    amount: Option<String>,
    in_books: Option<String>,
}

pub(super) fn run(args: &ExchangeArgs) -> anyhow::Result<ExitCode> {
    let quotes: Quotes = match &args.command {
        ExchangeCommand::Show(source) => {
            ApiClient::new(&source.server)?.get(&path(source, "quotes"), &[])?
        }
        ExchangeCommand::Refresh(source) => {
            ApiClient::new(&source.server)?.post(&path(source, "refresh"), &json!({}))?
        }
        ExchangeCommand::Report {
            month,
            currency,
            server,
        } => return report(server, month.as_deref(), currency.as_deref()),
        ExchangeCommand::Confirm {
            source,
            currency,
            rate,
        } => {
            let body = json!({ "currency": currency, "rate": rate });
            ApiClient::new(&source.server)?.post(&path(source, "confirm"), &body)?
        }
    };
    Ok(show(&quotes))
}

fn report(
    server: &ServerArgs,
    month: Option<&str>,
    currency: Option<&str>,
) -> anyhow::Result<ExitCode> {
    let asked = [("month", month), ("currency", currency)];
    let query: Vec<_> = asked
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let report: Report = ApiClient::new(server)?.get("/api/v1/reports/exchange", &query)?;
    let until = if report.is_over { "" } else { ", up to now" };
    say(&format!(
        "{}{until}: what would be gained (lost, below zero) at its last rates, USD",
        report.month
    ));
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    for line in &report.lines {
        let (name, rate) = (text(&line.name), text(&line.rate));
        let (amount, books) = (text(&line.closing.amount), text(&line.closing.in_books));
        let (kind, currency, difference) = (&line.kind, &line.currency, text(&line.difference));
        say(&format!(
            "{kind} {name}: {amount} {currency}, booked at {books}, rate {rate}: {difference}"
        ));
    }
    say(&format!("in all: {}", text(&report.difference)));
    Ok(ExitCode::SUCCESS)
}

fn path(source: &SourceArgs, part: &str) -> String {
    let name = segment(&source.name);
    format!("/api/v1/exchange-sources/{name}/{part}")
}

fn show(quotes: &Quotes) -> ExitCode {
    let published = quotes.published_at.as_deref().unwrap_or("never read");
    let stale = if quotes.is_stale { ", stale" } else { "" };
    say(&format!("{}: {published}{stale}", quotes.source));
    for quote in &quotes.quotes {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        let (state, rate) = (text(&quote.state), text(&quote.rate));
        let (in_force, next) = (text(&quote.in_force), text(&quote.next));
        let moved = quote.move_bps.unwrap_or(0);
        let (currency, sign) = (&quote.currency, if moved < 0 { "-" } else { "+" });
        let (percent, rest) = (moved.abs() / 100, moved.abs() % 100);
        say(&format!(
            "{currency}  {state:<8}  {rate:>15} USD ({sign}{percent}.{rest:02} %)  in force {in_force}, next {next}"
        ));
    }
    if let Some(failure) = &quotes.failure {
        say(failure);
    }
    let waits = |quote: &Quote| matches!(quote.state.as_deref(), Some("waits" | "missing") | None);
    let is_well = !quotes.is_stale && quotes.failure.is_none() && !quotes.quotes.iter().any(waits);
    match is_well {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
