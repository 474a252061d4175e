//! `didtron report`: the sums of calls and attempts.

use super::{ConfigArgs, check, say};
use crate::config::Config;
use anyhow::Context;
use clap::{Args, Subcommand};
use std::process::ExitCode;
use store::{Store, TrafficVerification};

/// Records between two lines of progress.
const PROGRESS_STEP: u64 = 100_000;

#[derive(Args, Clone, Debug)]
pub(super) struct ReportArgs {
    #[command(subcommand)]
    command: ReportCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum ReportCommand {
    /// Compare the sums of reports in the database with every record of a call; exit status 1 when
    /// something differs. The switch may run.
    Verify {
        #[command(flatten)]
        config: ConfigArgs,
    },
}

pub(super) fn run(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        ReportCommand::Verify { config } => verify(config),
    }
}

fn verify(args: &ConfigArgs) -> anyhow::Result<ExitCode> {
    let config = match Config::load(args.config.as_deref(), std::env::vars()) {
        Ok(config) => config,
        Err(problems) => return Ok(check::refuse(&problems)),
    };
    let location = config.database()?;
    let mut told = 0;
    let verify = async {
        let store = Store::open(&location).await?;
        let found = store.verify_traffic(None, |calls| tell_progress(&mut told, calls));
        let found = found.await;
        store.close().await;
        found
    };
    let found = crate::node::runtime()?
        .block_on(verify)
        .with_context(|| format!("the reports of {location} were not verified"))?;
    if let Some(fill) = found.filling {
        let (done, total) = (fill.done, fill.total);
        anyhow::bail!(
            "records of before are still filled in, {done} of {total}: the running switch does it; \
             verify again when it is done"
        );
    }
    tell(&found);
    Ok(if found.is_sound() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell_progress(told: &mut u64, calls: u64) {
    if calls / PROGRESS_STEP > *told {
        *told = calls / PROGRESS_STEP;
        say(&format!("{calls} calls compared."));
    }
}

fn tell(found: &TrafficVerification) {
    for difference in &found.differences {
        say(&difference.to_string());
    }
    let more = found.differences_total - found.differences.len() as u64;
    if more > 0 {
        say(&format!("… and {more} more."));
    }
    let (calls, sums) = (found.calls, found.sums);
    let outcome = match found.differences_total {
        0 => "nothing differs".to_owned(),
        count => format!("{count} differences"),
    };
    say(&format!("{calls} calls, {sums} sums: {outcome}."));
}
