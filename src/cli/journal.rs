//! `didtron journal`: what the call threads wrote, beside what the database has.

use super::{ConfigArgs, check, say};
use crate::config::Config;
use anyhow::Context;
use call_control::journal::{BootId, lock_directory};
use clap::{Args, Subcommand};
use std::path::Path;
use std::process::ExitCode;
use store::{DatabaseLocation, JournalVerification, Loader, LoaderConfig, Store};

/// Records between two lines of progress.
const PROGRESS_STEP: u64 = 100_000;

#[derive(Args, Clone, Debug)]
pub(super) struct JournalArgs {
    #[command(subcommand)]
    command: JournalCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum JournalCommand {
    /// Compare every record that is still in a segment with the database; exit status 1 when one is
    /// missing, changed or damaged. The switch may run.
    Verify {
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Read all segments again and load what the database has not, as after a restored backup. What it has
    /// stays as it is, and nothing is posted twice. The switch must not run.
    Replay {
        #[command(flatten)]
        config: ConfigArgs,
    },
}

pub(super) fn run(args: &JournalArgs) -> anyhow::Result<ExitCode> {
    let (JournalCommand::Verify { config } | JournalCommand::Replay { config }) = &args.command;
    let config = match Config::load(config.config.as_deref(), std::env::vars()) {
        Ok(config) => config,
        Err(problems) => return Ok(check::refuse(&problems)),
    };
    let location = config.database()?;
    let folder = config.journal_dir();
    let runtime = crate::node::runtime()?;
    match args.command {
        JournalCommand::Verify { .. } => runtime.block_on(verify(&location, &folder)),
        JournalCommand::Replay { .. } => {
            // Held until the end: no switch of this data directory can run meanwhile.
            let _alone = lock_directory(&folder)
                .context("a switch runs on this data directory: stop it first")?;
            runtime.block_on(replay(&location, &folder))
        }
    }
}

async fn verify(location: &DatabaseLocation, folder: &Path) -> anyhow::Result<ExitCode> {
    let store = Store::open(location).await?;
    let mut told = 0;
    let tell_progress = |records: u64| {
        if records / PROGRESS_STEP > told {
            told = records / PROGRESS_STEP;
            say(&format!("{records} records compared."));
        }
    };
    let found = store.verify_journal(folder, tell_progress).await;
    store.close().await;
    let found = found.with_context(|| {
        format!(
            "the journal in {} was not verified against {location}",
            folder.display()
        )
    })?;
    tell(&found);
    Ok(if found.is_sound() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell(found: &JournalVerification) {
    for difference in &found.differences {
        say(&difference.to_string());
    }
    let more = found.differences_total - found.differences.len() as u64;
    if more > 0 {
        say(&format!("… and {more} more."));
    }
    if found.damaged_bytes > 0 {
        say(&format!("{} bytes cannot be read.", found.damaged_bytes));
    }
    let outcome = match found.differences_total {
        0 => "nothing differs".to_owned(),
        count => format!("{count} differences"),
    };
    let (records, segments, waiting) = (found.records, found.segments, found.waiting);
    say(&format!(
        "{records} records in {segments} segments, {waiting} of them wait to be loaded: {outcome}."
    ));
}

async fn replay(location: &DatabaseLocation, folder: &Path) -> anyhow::Result<ExitCode> {
    let store = Store::open(location).await?;
    // No process writes: all segments are of the dead.
    let boot = BootId(0);
    let mut loader = Loader::new(store.clone(), LoaderConfig::new(folder.into(), boot));
    let replayed = loader.replay().await;
    store.close().await;
    let replayed =
        replayed.with_context(|| format!("the journal in {} was not loaded", folder.display()))?;
    say(&format!(
        "{} records loaded, {} calls closed as interrupted; what the database had stays as it was.",
        replayed.loaded, replayed.interrupted
    ));
    Ok(ExitCode::SUCCESS)
}
