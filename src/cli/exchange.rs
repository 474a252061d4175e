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

pub(super) fn run(args: &ExchangeArgs) -> anyhow::Result<ExitCode> {
    let quotes: Quotes = match &args.command {
        ExchangeCommand::Show(source) => {
            ApiClient::new(&source.server)?.get(&path(source, "quotes"), &[])?
        }
        ExchangeCommand::Refresh(source) => {
            ApiClient::new(&source.server)?.post(&path(source, "refresh"), &json!({}))?
        }
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
