//! `didtron bans`: who is not heard.

use super::api_client::ApiClient;
use super::{ServerArgs, say};
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;
use std::net::IpAddr;
use std::process::ExitCode;

/// Bans in one page of the API.
const PAGE: &str = "500";

#[derive(Args, Clone, Debug)]
pub(super) struct BansArgs {
    #[command(subcommand)]
    command: BansCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum BansCommand {
    /// List the sources that the switch does not hear.
    List {
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Drop everything that an address sends (of IPv6: its /64 network).
    Add {
        /// The address.
        source: IpAddr,
        /// For how long, seconds.
        #[arg(long, default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(1..=31_536_000))]
        seconds: u32,
        /// Why, for those who come later.
        #[arg(long)]
        note: Option<String>,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Hear an address again at once.
    Lift {
        /// The address.
        source: IpAddr,
        #[command(flatten)]
        server: ServerArgs,
    },
}

#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Ban>,
    total: u64,
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    source: String,
    since: String,
    until: String,
    reason: String,
    note: Option<String>,
}

pub(super) fn run(args: &BansArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        BansCommand::List { server } => list(&ApiClient::new(server)?)?,
        BansCommand::Add {
            source,
            seconds,
            note,
            server,
        } => {
            let body = json!({"source": source.to_string(), "seconds": seconds, "note": note});
            let ban: Ban = ApiClient::new(server)?.post("/api/v1/bans", &body)?;
            say(&format!("{} is not heard until {}.", ban.source, ban.until));
        }
        BansCommand::Lift { source, server } => {
            ApiClient::new(server)?.delete(&format!("/api/v1/bans/{source}"))?;
            say(&format!("{source} is heard again."));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(client: &ApiClient) -> anyhow::Result<()> {
    let mut cursor = None::<String>;
    loop {
        let mut query = vec![("limit", PAGE)];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page: Page = client.get("/api/v1/bans", &query)?;
        if cursor.is_none() {
            say(&format!("{} sources are not heard.", page.total));
        }
        for ban in &page.items {
            let Ban {
                source,
                since,
                until,
                reason,
                ..
            } = ban;
            let note = ban.note.as_deref().unwrap_or_default();
            say(&format!(
                "{source:<40} {since} to {until}  {reason:<8}  {note}"
            ));
        }
        match page.next_cursor {
            None => return Ok(()),
            next => cursor = next,
        }
    }
}
