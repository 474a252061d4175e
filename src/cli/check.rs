//! `didtron check`: is this configuration usable?

use super::{ConfigArgs, EXIT_BAD_CONFIGURATION, say};
use crate::config::{Config, ConfigProblem};
use std::process::ExitCode;

/// Validates and reports; binds nothing.
pub(super) fn run(args: &ConfigArgs) -> ExitCode {
    match Config::load(args.config.as_deref(), std::env::vars()) {
        Ok(config) => {
            say(&format!(
                "The configuration is valid: node {}, {} shards, {} listeners, console on {}.",
                config.node.name,
                config.shard_count(),
                config.sip.listeners.len(),
                config.http.address,
            ));
            ExitCode::SUCCESS
        }
        Err(problems) => refuse(&problems),
    }
}

/// Shows every problem; the answer is the exit status of a bad configuration.
#[allow(clippy::print_stderr, reason = "the command line speaks to its user")]
pub(super) fn refuse(problems: &[ConfigProblem]) -> ExitCode {
    for problem in problems {
        eprintln!("{problem}");
    }
    ExitCode::from(EXIT_BAD_CONFIGURATION)
}
