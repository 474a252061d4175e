//! `didtron secrets`: the master keys of the secrets in the database.
//!
//! Works on the database itself, with the switch running or not: a running switch reads the key
//! file again when it meets a key that it does not know.

use super::{ConfigArgs, check, say};
use crate::config::Config;
use anyhow::Context;
use clap::Subcommand;
use mgmt_api::secrets::SecretBox;
use std::process::ExitCode;
use store::Store;

#[derive(Clone, Debug, Subcommand)]
pub(super) enum SecretsCommand {
    /// Show which master keys secrets are under.
    Status(ConfigArgs),
    /// Move every secret to a new master key; the earlier keys are kept beside the key file for
    /// old backups. Can be run again when it was cut off.
    Rotate(ConfigArgs),
}

pub(super) fn run(command: &SecretsCommand) -> anyhow::Result<ExitCode> {
    let (SecretsCommand::Status(args) | SecretsCommand::Rotate(args)) = command;
    let config = match Config::load(args.config.as_deref(), std::env::vars()) {
        Ok(config) => config,
        Err(problems) => return Ok(check::refuse(&problems)),
    };
    crate::node::runtime()?.block_on(async {
        let store = Store::open(config.database()?).await?;
        let secrets = SecretBox::open(config.secret_keys(), &store)
            .await
            .context("the master keys cannot be used with this database")?;
        match command {
            SecretsCommand::Status(_) => status(&secrets, &store).await?,
            SecretsCommand::Rotate(_) => rotate(&secrets, &store).await?,
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

async fn status(secrets: &SecretBox, store: &Store) -> anyhow::Result<()> {
    let current = secrets.current_key();
    say(&format!("New secrets are sealed with the key {current}."));
    let used = store.secret_keys_in_use().await?;
    if used.is_empty() {
        say("The database holds no secret.");
    }
    for (key, count) in &used {
        say(&format!("  {count} under {key}"));
    }
    if used.iter().any(|(key, _)| *key != current) {
        say("A rotation was cut off: run `didtron secrets rotate` again.");
    }
    Ok(())
}

async fn rotate(secrets: &SecretBox, store: &Store) -> anyhow::Result<()> {
    let done = secrets.rotate(store).await?;
    if done.resumed {
        say("Went on with a rotation that was cut off.");
    }
    let (moved, key) = (done.moved, &done.key_id);
    say(&format!("Moved {moved} secrets to the key {key}."));
    for key in &done.retired {
        say(&format!("  No secret needs {key} any more."));
    }
    say("Make a new backup of the key file.");
    Ok(())
}
