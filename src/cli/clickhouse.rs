//! `didtron clickhouse`: calls and attempts in ClickHouse as well.

use super::{ConfigArgs, check, say};
use crate::config::Config;
use clap::Subcommand;
use mgmt_api::clickhouse_schema;
use std::process::ExitCode;

#[derive(Clone, Debug, Subcommand)]
pub(super) enum ClickHouseCommand {
    /// Print the statements that make the tables, for `clickhouse-client --multiquery`.
    Schema {
        #[command(flatten)]
        config: ConfigArgs,
    },
}

pub(super) fn run(command: &ClickHouseCommand) -> anyhow::Result<ExitCode> {
    let ClickHouseCommand::Schema { config } = command;
    let config = match Config::load(config.config.as_deref(), std::env::vars()) {
        Ok(config) => config,
        Err(problems) => return Ok(check::refuse(&problems)),
    };
    for statement in clickhouse_schema(&config.clickhouse.database) {
        say(&format!("{statement};"));
    }
    Ok(ExitCode::SUCCESS)
}
