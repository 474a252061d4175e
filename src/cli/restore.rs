//! `didtron restore`: a backup into a database, all of it or nothing.

use super::backup::summary;
use super::{ConfigArgs, check, say};
use crate::config::Config;
use anyhow::{Context, bail};
use call_control::journal::lock_directory;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use store::{DatabaseLocation, RestoreTarget, Scope, Store, restore_backup};

#[derive(Args, Clone, Debug)]
pub(super) struct RestoreArgs {
    /// The file that `didtron backup` wrote, on this or on the other database.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Take away whatever is in the database.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let config = match Config::load(args.config.config.as_deref(), std::env::vars()) {
        Ok(config) => config,
        Err(problems) => return Ok(check::refuse(&problems)),
    };
    let location = config.database()?;
    let target = if args.replace {
        RestoreTarget::Replaced
    } else {
        RestoreTarget::Empty
    };
    // Held until the end: no switch of this data directory can run meanwhile.
    let _alone = lock_directory(&config.journal_dir())
        .context("a switch runs on this data directory: stop it first")?;
    crate::node::runtime()?.block_on(async {
        let restored = restore_backup(&location, &args.file, target)
            .await
            .with_context(|| format!("{} was not restored", args.file.display()))?;
        say(&format!(
            "Restored {}; the database is at migration {} now.",
            summary(&restored.manifest),
            restored.migration
        ));
        verify_audit(&location).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Follows the chains of the log that was restored.
async fn verify_audit(location: &DatabaseLocation) -> anyhow::Result<()> {
    let store = Store::open(location).await?;
    let mut entries = 0;
    for tenant in store.audit_tenants().await? {
        let found = store.verify_audit(&Scope::of_tenant(tenant)).await?;
        if let Some(broken) = found.broken {
            bail!(
                "the audit log of tenant {tenant} does not hold: entry {} {}",
                broken.sequence,
                broken.fault
            );
        }
        entries += found.entries;
    }
    store.close().await;
    say(&format!("The audit log holds: {entries} entries."));
    Ok(())
}
