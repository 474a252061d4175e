//! `didtron probe`: a test call to any SIP address, with ladder, PDD and codes.

use super::say;
use anyhow::bail;
use clap::Args;
use sip_core::Duration;
use sip_tester::shell::{ProbeKind, ProbeOptions, probe};
use std::net::SocketAddr;
use std::process::ExitCode;

#[derive(Args, Clone, Debug)]
pub(super) struct ProbeArgs {
    /// Whom to call: sip:NUMBER@HOST or sip:NUMBER@HOST:PORT.
    #[arg(value_name = "URI")]
    uri: String,
    /// The calling number.
    #[arg(long, value_name = "NUMBER", default_value = "1000")]
    from: String,
    /// Send OPTIONS instead of a call.
    #[arg(long)]
    options: bool,
    /// Our address; its IP says which customer calls.
    #[arg(long, value_name = "IP:PORT")]
    bind: Option<SocketAddr>,
    /// Seconds to talk after the answer, 0 to 3600.
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(0..=3600))]
    talk: u64,
    /// Seconds to ring before the call is cancelled, 1 to 300.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=300))]
    ring: u64,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ProbeArgs) -> anyhow::Result<ExitCode> {
    if args.from.is_empty() {
        bail!("--from must not be empty");
    }
    let options = ProbeOptions {
        kind: if args.options {
            ProbeKind::Options
        } else {
            ProbeKind::Call
        },
        bind: args.bind,
        calling_number: args.from.clone(),
        talk: Duration::from_secs(args.talk),
        ring_timeout: Duration::from_secs(args.ring),
        seed: u64::from_le_bytes(crate::edge::random_bytes()?),
        ..ProbeOptions::default()
    };
    let report = probe(&args.uri, &options)?;
    if args.json {
        say(&serde_json::to_string_pretty(&report)?);
    } else {
        say(&report.to_string());
    }
    Ok(if report.is_success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
