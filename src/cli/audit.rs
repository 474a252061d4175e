//! `didtron audit`: does the log hold?

use super::api_client::ApiClient;
use super::{ServerArgs, say};
use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args, Clone, Debug)]
pub(super) struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum AuditCommand {
    /// Follow the chain of a running switch, or of an exported file; exit status 1 when an entry
    /// was altered, taken out or put in.
    Verify {
        /// An export (`GET /api/v1/audit-entries/export`); it is checked without a switch.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// The public key that must have signed the file, hexadecimal.
        #[arg(long, value_name = "KEY", requires = "file")]
        public_key: Option<String>,
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// What the switch says.
#[derive(Debug, Deserialize)]
struct Verification {
    entries: u64,
    broken: Option<Broken>,
    head_sequence: u64,
    head_hash: String,
    public_key: String,
}

#[derive(Debug, Deserialize)]
struct Broken {
    sequence: u64,
    fault: String,
}

pub(super) fn run(args: &AuditArgs) -> anyhow::Result<ExitCode> {
    let AuditCommand::Verify {
        file,
        public_key,
        server,
    } = &args.command;
    match file {
        Some(file) => verify_file(file, public_key.as_deref()),
        None => verify_switch(server),
    }
}

fn verify_switch(server: &ServerArgs) -> anyhow::Result<ExitCode> {
    let client = ApiClient::new(server)?;
    let found: Verification = client.get("/api/v1/audit-entries/verify", &[])?;
    if let Some(broken) = found.broken {
        let Broken { sequence, fault } = broken;
        say(&format!(
            "The audit log does not hold: entry {sequence} {fault}."
        ));
        return Ok(ExitCode::FAILURE);
    }
    let (entries, last, hash) = (found.entries, found.head_sequence, found.head_hash);
    say(&format!(
        "The audit log holds: {entries} entries, the last is {last} with hash {hash}."
    ));
    say(&format!("Exports are signed by {}.", found.public_key));
    Ok(ExitCode::SUCCESS)
}

fn verify_file(file: &Path, public_key: Option<&str>) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{} cannot be read", file.display()))?;
    match mgmt_api::verify_export(&text) {
        Err(fault) => {
            say(&format!("The file does not hold: {fault}."));
            Ok(ExitCode::FAILURE)
        }
        Ok(found) if public_key.is_some_and(|key| key != found.public_key) => {
            say(&format!(
                "The file was signed by another key: {}.",
                found.public_key
            ));
            Ok(ExitCode::FAILURE)
        }
        Ok(found) => {
            let (entries, key) = (found.entries, found.public_key);
            say(&format!(
                "The file holds: {entries} entries, signed by {key}."
            ));
            Ok(ExitCode::SUCCESS)
        }
    }
}
