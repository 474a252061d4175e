//! `didtron simulate`: calls against what is in force, a configuration of the past, or a draft.

use super::api_client::ApiClient;
use super::changes::Replay;
use super::{ServerArgs, say};
use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args, Clone, Debug)]
pub(super) struct SimulateArgs {
    /// The calling number of one call.
    #[arg(long, value_name = "NUMBER", requires = "to")]
    from: Option<String>,
    /// The called number of one call.
    #[arg(long, value_name = "NUMBER", requires_all = ["from", "customer"])]
    to: Option<String>,
    /// The customer: that calls, or whose calls of the records are meant.
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
    /// For how long they talk, seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    talk: u32,
    /// A file of calls: a JSON array as the API takes it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "records"])]
    file: Option<PathBuf>,
    /// Calls of the records: the newest.
    #[arg(long, conflicts_with = "to")]
    records: bool,
    /// Calls of the records that were received at or after this time, RFC 3339.
    #[arg(long, value_name = "TIME", requires = "records")]
    since: Option<String>,
    /// Calls of the records that were received before this time.
    #[arg(long, value_name = "TIME", requires = "records")]
    until: Option<String>,
    /// How many calls of the records, at most.
    #[arg(long, value_name = "COUNT", requires = "records")]
    limit: Option<u32>,
    /// Against the configuration of this number.
    #[arg(long, value_name = "NUMBER")]
    snapshot: Option<u64>,
    /// Against the draft of this change set.
    #[arg(long, value_name = "NUMBER", conflicts_with = "snapshot")]
    change_set: Option<i64>,
    /// Print the API's JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Deserialize)]
struct Simulation {
    baseline_snapshot: u64,
    made_again: u32,
    report: Replay,
    calls: Vec<Call>,
}

#[derive(Debug, Deserialize)]
struct Call {
    reason: Option<String>,
    customer: Option<String>,
    destination: Option<String>,
    carriers: Vec<String>,
    revenue: String,
    cost: String,
    margin: String,
    differs: bool,
}

pub(super) fn run(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    let client = ApiClient::new(&args.server)?;
    let answer: Value = client.post("/api/v1/simulations", &args.request()?)?;
    if args.json {
        say(&serde_json::to_string_pretty(&answer)?);
    } else {
        say(&render(&serde_json::from_value(answer)?));
    }
    Ok(ExitCode::SUCCESS)
}

impl SimulateArgs {
    fn request(&self) -> anyhow::Result<Value> {
        let mut request = Map::new();
        request.extend(
            self.snapshot
                .map(|number| ("snapshot".to_owned(), json!(number))),
        );
        request.extend(
            self.change_set
                .map(|id| ("change_set".to_owned(), json!(id))),
        );
        match (&self.to, &self.file) {
            (Some(to), _) => {
                let call = json!({
                    "from": self.from,
                    "to": to,
                    "customer": self.customer,
                    "talk_s": self.talk,
                });
                request.insert("calls".to_owned(), json!([call]));
            }
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("{} cannot be read", file.display()))?;
                let calls: Value = serde_json::from_str(&text)
                    .with_context(|| format!("{} is not JSON", file.display()))?;
                request.insert("calls".to_owned(), calls);
            }
            (None, None) => {
                let records = json!({
                    "customer": self.customer,
                    "from": self.since,
                    "to": self.until,
                    "limit": self.limit,
                });
                request.insert("records".to_owned(), records);
            }
        }
        Ok(Value::Object(request))
    }
}

fn render(simulation: &Simulation) -> String {
    let mut text = String::new();
    for call in &simulation.calls {
        let unknown = || "–".to_owned();
        let (customer, destination) = (&call.customer, &call.destination);
        let result = match &call.reason {
            Some(reason) => format!("refused: {reason}"),
            None => call.carriers.join(", "),
        };
        let _ = writeln!(
            text,
            "{:20} {:24} revenue {} cost {} margin {}{}  {result}",
            customer.clone().unwrap_or_else(unknown),
            destination.clone().unwrap_or_else(unknown),
            call.revenue,
            call.cost,
            call.margin,
            if call.differs { "  (differs)" } else { "" },
        );
    }
    let _ = write!(text, "{}{}", simulation.report, simulation.report.shares());
    if simulation.made_again > 0 {
        let count = simulation.made_again;
        let _ = writeln!(
            text,
            "Decided by their own snapshot, as they were: {count}."
        );
    }
    let number = simulation.baseline_snapshot;
    let _ = write!(text, "\nCompared with configuration {number}.");
    text
}
