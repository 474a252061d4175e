//! `didtron rerate`: calls of the past rated once more.

use super::api_client::ApiClient;
use super::{ServerArgs, say};
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// How often to ask whether the job is done.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Args, Clone, Debug)]
pub(super) struct RerateArgs {
    #[command(subcommand)]
    command: RerateCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum RerateCommand {
    /// Tell what calls would be charged, or cost, by other rates; posts nothing. Exit status 1 when
    /// some could not be rated.
    Preview(Box<PreviewArgs>),
    /// Post what a preview has told.
    Apply {
        /// The number that the preview has told.
        id: i64,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Take a preview away that is not needed.
    Discard {
        /// Its number.
        id: i64,
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// Which calls, and by what they are rated.
#[derive(Args, Clone, Debug)]
struct PreviewArgs {
    /// What is rated: `customers` or `carriers`.
    #[arg(long, value_name = "SIDE", default_value = "customers")]
    side: String,
    /// Number, name, or `external_id:` of a customer.
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
    /// The same of a carrier.
    #[arg(long, value_name = "NAME")]
    carrier: Option<String>,
    /// Calls received at this time or later, such as 2026-03-01T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: String,
    /// Calls received before this time.
    #[arg(long, value_name = "TIME")]
    to: String,
    /// Only what was rated by this card.
    #[arg(long, value_name = "NAME")]
    rated_by: Option<String>,
    /// Only what was charged for this destination.
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
    /// Only calls to numbers that begin so.
    #[arg(long, value_name = "DIGITS")]
    called_prefix: Option<String>,
    /// Rate all by this card; each by its own without it.
    #[arg(long, value_name = "NAME")]
    rate_card: Option<String>,
    /// Rate by the cards of a configuration of the past.
    #[arg(long, value_name = "NUMBER", conflicts_with = "change_set")]
    snapshot: Option<u64>,
    /// Rate by the cards as if a change set were pushed.
    #[arg(long, value_name = "NUMBER")]
    change_set: Option<i64>,
    /// Why.
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Deserialize)]
struct Rerating {
    id: i64,
    state: String,
    outcome: Option<Outcome>,
    failure: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Outcome {
    calls: u64,
    rated: u64,
    changed: u64,
    unrated: u64,
    was_in_books: String,
    now_in_books: String,
    difference_in_books: String,
    parties: Vec<Party>,
    reasons: Vec<Unrated>,
}

#[derive(Debug, Deserialize)]
struct Party {
    name: String,
    currency: String,
    changed: u64,
    was: String,
    now: String,
    difference: String,
}

#[derive(Debug, Deserialize)]
struct Unrated {
    reason: String,
    count: u64,
    calls: Vec<String>,
}

pub(super) fn run(args: &RerateArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        RerateCommand::Preview(args) => preview(args),
        RerateCommand::Apply { id, server } => {
            let client = ApiClient::new(server)?;
            let path = format!("/api/v1/reratings/{id}/apply");
            let begun: Rerating = client.post(&path, &json!({}))?;
            let done = wait(&client, begun)?;
            match (done.state.as_str(), done.outcome) {
                ("applied", Some(outcome)) => {
                    say(&format!("{} corrections are posted.", outcome.changed));
                    Ok(ExitCode::SUCCESS)
                }
                ("stopped", _) => anyhow::bail!(
                    "re-rating {id} has stopped on the way: what is posted stays; apply it again"
                ),
                (state, _) => anyhow::bail!("re-rating {id} is {state}"),
            }
        }
        RerateCommand::Discard { id, server } => {
            ApiClient::new(server)?.delete(&format!("/api/v1/reratings/{id}"))?;
            say("It is gone.");
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn preview(args: &PreviewArgs) -> anyhow::Result<ExitCode> {
    let mut body = json!({ "side": args.side, "from": args.from, "to": args.to });
    let texts = [
        ("customer", &args.customer),
        ("carrier", &args.carrier),
        ("rated_by", &args.rated_by),
        ("destination", &args.destination),
        ("called_prefix", &args.called_prefix),
        ("rate_card", &args.rate_card),
        ("reason", &args.reason),
    ];
    for (name, value) in texts {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    if let Some(number) = args.snapshot {
        body["snapshot"] = json!(number);
    }
    if let Some(number) = args.change_set {
        body["change_set"] = json!(number);
    }
    let client = ApiClient::new(&args.server)?;
    let begun: Rerating = client.post("/api/v1/reratings", &body)?;
    let done = wait(&client, begun)?;
    let Some(outcome) = done.outcome else {
        let failure = done.failure.unwrap_or(done.state);
        anyhow::bail!("there is no preview: {failure}");
    };
    tell(&outcome);
    say(&format!(
        "Nothing is posted. To post it: didtron rerate apply {}",
        done.id
    ));
    Ok(match outcome.unrated {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Waits for the job; gives what it left.
fn wait(client: &ApiClient, begun: Rerating) -> anyhow::Result<Rerating> {
    let path = format!("/api/v1/reratings/{}", begun.id);
    let mut now = begun;
    while matches!(now.state.as_str(), "previewing" | "applying") {
        thread::sleep(LOOK_INTERVAL);
        now = client.get(&path, &[])?;
    }
    Ok(now)
}

fn tell(outcome: &Outcome) {
    for party in &outcome.parties {
        say(&format!(
            "{}: {} {} instead of {}, {} ({} changed)",
            party.name, party.now, party.currency, party.was, party.difference, party.changed
        ));
    }
    for reason in &outcome.reasons {
        say(&format!(
            "{} not rated, {}: {}",
            reason.count,
            reason.reason,
            reason.calls.join(", ")
        ));
    }
    say(&format!(
        "{} calls, {} rated, {} changed: {} USD instead of {}, {}.",
        outcome.calls,
        outcome.rated,
        outcome.changed,
        outcome.now_in_books,
        outcome.was_in_books,
        outcome.difference_in_books
    ));
}
