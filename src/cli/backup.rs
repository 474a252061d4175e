//! `didtron backup`: the whole database as one file, while the switch runs.

use super::{ConfigArgs, check, say};
use crate::config::Config;
use anyhow::Context;
use clap::Args;
use rating::Timestamp;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};
use store::{BackupManifest, write_backup};

#[derive(Args, Clone, Debug)]
pub(super) struct BackupArgs {
    /// The file to write, which must not be there. It holds hashes of passwords: only its owner
    /// can read it.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let config = match Config::load(args.config.config.as_deref(), std::env::vars()) {
        Ok(config) => config,
        Err(problems) => return Ok(check::refuse(&problems)),
    };
    let location = config.database()?;
    let manifest = crate::node::runtime()?
        .block_on(write_backup(&location, &args.file, now()))
        .with_context(|| format!("no backup of {location}"))?;
    say(&format!(
        "{} written and verified: {}.",
        args.file.display(),
        summary(&manifest)
    ));
    say("Keep the file of the master keys too: what it seals does not open without it.");
    Ok(ExitCode::SUCCESS)
}

/// What a backup holds, in a few words.
pub(super) fn summary(manifest: &BackupManifest) -> String {
    let rows: u64 = manifest.tables.iter().map(|table| table.rows).sum();
    let tables = manifest.tables.len();
    let migration = manifest.migration;
    format!("{rows} rows of {tables} tables at migration {migration}")
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let micros = since.map_or(0, |since| since.as_micros());
    Timestamp(i64::try_from(micros).unwrap_or(i64::MAX))
}
