//! The command line: one file for each command.
//!
//! `serve`, `demo` and `probe` run parts of the switch in this process. `apply`, `export`, `explain`
//! and `simulate` are clients of a running switch's API, so that there is one way to change it and
//! one to ask it.

pub(crate) mod api_client;
pub(crate) mod apply;
mod audit;
mod backup;
mod bans;
mod cdrs;
mod changes;
mod check;
mod clickhouse;
mod deck;
mod demo;
mod exchange;
mod explain;
mod export;
mod journal;
mod ledger;
mod netting;
mod numbers;
mod probe;
mod report;
mod rerate;
mod restore;
mod secrets;
mod serve;
mod simulate;

use clap::{Args, CommandFactory, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit status of a configuration that cannot be used (`EX_USAGE` of sysexits.h).
const EXIT_BAD_CONFIGURATION: u8 = 64;

/// A carrier-grade Class 4 SIP softswitch with its management plane inside.
#[derive(Debug, Parser)]
#[command(name = "didtron", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the switch.
    Serve(ConfigArgs),
    /// Validate a configuration file; binds nothing. Exit status 64 when something is wrong.
    Check(ConfigArgs),
    /// Create and update resources from YAML files on a running switch.
    Apply(apply::ApplyArgs),
    /// Write all that is configured to YAML files and rate decks, as `apply` reads them.
    Export(export::ExportArgs),
    /// List, show, preview, push and roll back change sets.
    Changes(changes::ChangesArgs),
    /// Import carriers' decks into rate cards.
    Deck(deck::DeckArgs),
    /// Write the whole database to one file and verify it; the switch may run.
    Backup(backup::BackupArgs),
    /// Bring a backup into the database of a switch that does not run: all of it or nothing.
    Restore(restore::RestoreArgs),
    /// List, make and end bans of SIP sources on a running switch.
    Bans(bans::BansArgs),
    /// Verify the journal of call records against the database, or load it anew.
    Journal(journal::JournalArgs),
    /// Verify the books against the records of calls.
    Ledger(ledger::LedgerArgs),
    /// Show the balance of a customer or carrier.
    Balance(ledger::BalanceArgs),
    /// Post a payment of a customer, or to a carrier.
    Payment(ledger::PaymentArgs),
    /// Settle with companies that are a customer and a carrier at once.
    Netting(netting::NettingArgs),
    /// Sources of exchange rates: what they said, reading one now, confirming what waits.
    Exchange(exchange::ExchangeArgs),
    /// Rate calls of the past once more, and post the differences.
    Rerate(rerate::RerateArgs),
    /// What calls and attempts came to; verify the sums against the records of calls.
    Report(report::ReportArgs),
    /// Verify the audit log.
    Audit(audit::AuditArgs),
    /// Find call records by whom, numbers, Call-ID, times and anything else that they tell.
    Cdrs(Box<cdrs::CdrsArgs>),
    /// Show how a call would be routed and priced, and why each other route lost.
    Explain(explain::ExplainArgs),
    /// Show what calls would earn and cost by a past configuration or a draft, and which carriers
    /// they would take.
    Simulate(simulate::SimulateArgs),
    /// Try numbers: what rules, lists and classes make of them.
    Numbers(numbers::NumbersArgs),
    /// Place a test call to a SIP address: ladder, PDD, codes, audio.
    Probe(probe::ProbeArgs),
    /// Run a switch with simulated carriers and live traffic on this machine.
    Demo(demo::DemoArgs),
    /// Calls and attempts in ClickHouse as well: the tables for them.
    #[command(name = "clickhouse", subcommand)]
    ClickHouse(clickhouse::ClickHouseCommand),
    /// The master keys of the secrets in the database: look at them, or rotate them.
    #[command(subcommand)]
    Secrets(secrets::SecretsCommand),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Where the configuration comes from.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConfigArgs {
    /// The configuration file. Without it: the defaults of configs/didtron.toml.
    #[arg(long, env = "DIDTRON_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Which switch to talk to.
#[derive(Args, Clone, Debug)]
pub(crate) struct ServerArgs {
    /// Address of the switch's API.
    #[arg(
        long,
        env = "DIDTRON_SERVER",
        value_name = "URL",
        default_value = "http://127.0.0.1:8080"
    )]
    server: String,
    /// API key. Without it: the file `local-api.key` that a switch on this machine keeps in its
    /// data directory.
    #[arg(
        long,
        env = "DIDTRON_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    api_key: Option<String>,
    /// Data directory of the switch on this machine, where its local API key is.
    #[arg(
        long,
        env = "DIDTRON_DATA_DIR",
        value_name = "DIR",
        default_value = "./data"
    )]
    data_dir: PathBuf,
}

/// Runs the command; the answer is the exit status.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let result = match cli.command {
        Command::Check(args) => return check::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Apply(args) => apply::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Changes(args) => changes::run(&args),
        Command::Deck(args) => deck::run(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Bans(args) => bans::run(&args),
        Command::Journal(args) => journal::run(&args),
        Command::Ledger(args) => ledger::run(&args),
        Command::Balance(args) => ledger::balance(&args),
        Command::Payment(args) => ledger::payment(&args),
        Command::Netting(args) => netting::run(&args),
        Command::Exchange(args) => exchange::run(&args),
        Command::Rerate(args) => rerate::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Cdrs(args) => cdrs::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Numbers(args) => numbers::run(&args),
        Command::Probe(args) => probe::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::ClickHouse(command) => clickhouse::run(&command),
        Command::Secrets(command) => secrets::run(&command),
        Command::Completions { shell } => {
            let mut command = Cli::command();
            clap_complete::generate(shell, &mut command, "didtron", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    };
    result.unwrap_or_else(|error: anyhow::Error| {
        complain(&error);
        ExitCode::FAILURE
    })
}

/// Writes an error with its causes to standard error.
#[allow(clippy::print_stderr, reason = "the command line speaks to its user")]
fn complain(error: &anyhow::Error) {
    eprintln!("didtron: {error:#}");
}

/// Writes a line of a command's answer to standard output.
#[allow(clippy::print_stdout, reason = "the command line speaks to its user")]
fn say(line: &str) {
    println!("{line}");
}
