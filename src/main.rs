//! The `didtron` binary: command line, configuration, and the wiring of the parts.
//!
//! `main` reads as a table of contents: parse the command, run it, turn its error into an exit
//! status. Everything that lasts is in a crate below; `edge` is the shell around the pure cores.

mod cli;
mod config;
mod demo;
mod edge;
mod logging;
mod node;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(cli::Cli::parse())
}
