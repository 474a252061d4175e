//! `didtron ledger`, `didtron balance`, `didtron payment`: the books.

use super::api_client::ApiClient;
use super::{ConfigArgs, ServerArgs, check, say};
use crate::config::Config;
use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};
use store::{LedgerVerification, Store};

/// Records between two lines of progress.
const PROGRESS_STEP: u64 = 100_000;

#[derive(Args, Clone, Debug)]
pub(super) struct LedgerArgs {
    #[command(subcommand)]
    command: LedgerCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum LedgerCommand {
    /// Compare the ledger in the database with every record of a call, and with itself; exit status
    /// 1 when something differs. The switch may run.
    Verify {
        #[command(flatten)]
        config: ConfigArgs,
    },
}

/// A customer or a carrier.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
struct PartyArgs {
    /// Number, name, or `external_id:` of a customer.
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
    /// The same of a carrier.
    #[arg(long, value_name = "NAME")]
    carrier: Option<String>,
}

#[derive(Args, Clone, Debug)]
pub(super) struct BalanceArgs {
    #[command(flatten)]
    party: PartyArgs,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Clone, Debug)]
pub(super) struct PaymentArgs {
    /// How much, such as 250 or 99.50.
    amount: String,
    /// Its currency.
    #[arg(long, default_value = "USD")]
    currency: String,
    #[command(flatten)]
    party: PartyArgs,
    /// Money went back: to the customer, or from the carrier.
    #[arg(long)]
    refund: bool,
    /// What the bank calls it.
    #[arg(long)]
    reference: Option<String>,
    /// How it was paid.
    #[arg(long)]
    method: Option<String>,
    /// A key of your choice: with the same key it is posted once. Without it every call posts.
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Deserialize)]
struct Balance {
    name: String,
    balance: String,
    currency: String,
    by_currency: Vec<CurrencyBalance>,
    credit_limit: Option<String>,
}

#[derive(Debug, Deserialize)]
struct CurrencyBalance {
    currency: String,
    amount: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Posted {
    id: i64,
    balance: String,
    currency: String,
}

pub(super) fn run(args: &LedgerArgs) -> anyhow::Result<ExitCode> {
    let LedgerCommand::Verify { config } = &args.command;
    let config = match Config::load(config.config.as_deref(), std::env::vars()) {
        Ok(config) => config,
        Err(problems) => return Ok(check::refuse(&problems)),
    };
    let location = config.database()?;
    let verify = async {
        let store = Store::open(&location).await?;
        let found = store.verify_ledger(tell_progress).await;
        store.close().await;
        found
    };
    let found = crate::node::runtime()?
        .block_on(verify)
        .with_context(|| format!("the ledger of {location} was not verified"))?;
    tell(&found);
    Ok(if found.is_sound() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell_progress(calls: u64) {
    if calls > 0 && calls.is_multiple_of(PROGRESS_STEP) {
        say(&format!("{calls} calls compared."));
    }
}

fn tell(found: &LedgerVerification) {
    if found.dropped > 0 {
        let postings = found.dropped;
        say(&format!(
            "{postings} postings are of calls whose records were dropped: compared by the sums of all calls only."
        ));
    }
    for difference in &found.differences {
        say(&difference.to_string());
    }
    let more = found.differences_total - found.differences.len() as u64;
    if more > 0 {
        say(&format!("… and {more} more."));
    }
    let (calls, entries, days) = (found.calls, found.call_entries, found.days);
    let corrections = found.corrections;
    let outcome = match found.differences_total {
        0 => "nothing differs".to_owned(),
        count => format!("{count} differences"),
    };
    say(&format!(
        "{calls} calls, {entries} entries for them, {corrections} corrections, {days} sums of days: {outcome}."
    ));
}

pub(super) fn balance(args: &BalanceArgs) -> anyhow::Result<ExitCode> {
    let path = match (&args.party.customer, &args.party.carrier) {
        (Some(customer), _) => format!("/api/v1/customers/{}/balance", segment(customer)),
        (None, carrier) => {
            let carrier = carrier.as_deref().unwrap_or_default();
            format!("/api/v1/carriers/{}/balance", segment(carrier))
        }
    };
    let found: Balance = ApiClient::new(&args.server)?.get(&path, &[])?;
    let limit = found
        .credit_limit
        .map(|limit| format!(", credit limit {limit}"));
    let limit = limit.unwrap_or_default();
    say(&format!(
        "{}: {} {}{limit}",
        found.name, found.balance, found.currency
    ));
    for part in found
        .by_currency
        .iter()
        .filter(|part| part.currency != found.currency)
    {
        let amount = part.amount.as_deref().unwrap_or("more than can be told");
        say(&format!("  of it in {}: {amount}", part.currency));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn payment(args: &PaymentArgs) -> anyhow::Result<ExitCode> {
    let body = json!({
        "customer": args.party.customer,
        "carrier": args.party.carrier,
        "direction": if args.refund { "refund" } else { "payment" },
        "amount": args.amount,
        "currency": args.currency,
        "reference": args.reference,
        "method": args.method,
    });
    let key = args.key.clone().unwrap_or_else(new_key);
    let posted: Posted =
        ApiClient::new(&args.server)?.post_once("/api/v1/payments", &key, &body)?;
    say(&format!(
        "Posted as entry {}; the balance is {} {}.",
        posted.id, posted.balance, posted.currency
    ));
    Ok(ExitCode::SUCCESS)
}

/// A key that no other call of the command has.
fn new_key() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = since.map_or(0, |since| since.as_nanos());
    format!("cli-{nanos}-{}", std::process::id())
}

/// A name as a segment of a path.
pub(super) fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
