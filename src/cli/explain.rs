//! `didtron explain`: the routing decision for a call, step by step, from a running switch.

use super::api_client::ApiClient;
use super::{ServerArgs, say};
use clap::Args;
use serde::Deserialize;
use std::fmt::Write;
use std::process::ExitCode;

#[derive(Args, Clone, Debug)]
pub(super) struct ExplainArgs {
    /// A call of the records, by its identifier, instead of numbers.
    #[arg(long, value_name = "ID", conflicts_with_all = ["from", "to", "customer", "source"])]
    call: Option<String>,
    /// Why did that call not go to this carrier?
    #[arg(long, value_name = "NAME", requires = "call")]
    carrier: Option<String>,
    /// The calling number.
    #[arg(long, value_name = "NUMBER", required_unless_present = "call")]
    from: Option<String>,
    /// The number of P-Asserted-Identity or Remote-Party-ID, which counts when the customer's trunk
    /// believes it.
    #[arg(long, value_name = "NUMBER", conflicts_with = "call")]
    asserted: Option<String>,
    /// The caller asks to stay anonymous (Privacy), which counts when the customer's trunk respects it.
    #[arg(long, conflicts_with = "call")]
    privacy: bool,
    /// The called number.
    #[arg(long, value_name = "NUMBER", required_unless_present = "call")]
    to: Option<String>,
    /// The customer, by name. Without it (and without --source): the only active one.
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
    /// The source address, instead of the customer.
    #[arg(long, value_name = "IP", conflicts_with = "customer")]
    source: Option<String>,
    /// Print the API's JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Deserialize)]
struct CallExplanation {
    is_exact: bool,
    note: Option<String>,
    explanation: Explanation,
    attempts: Vec<Attempt>,
    carrier: Option<CarrierAnswer>,
}

#[derive(Debug, Deserialize)]
struct Attempt {
    number: u16,
    carrier: String,
    trunk: String,
    called: String,
    calling: String,
    is_same: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct Numbers {
    called: String,
    calling: Option<String>,
    asserted: Option<String>,
    is_anonymous: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct CarrierAnswer {
    carrier: String,
    outcome: String,
    detail: String,
}

#[derive(Debug, Deserialize)]
struct Explanation {
    accepted: bool,
    reason: Option<String>,
    snapshot_number: u64,
    steps: Vec<Step>,
    routes: Vec<Route>,
}

#[derive(Debug, Deserialize)]
struct Step {
    step: String,
    outcome: String,
    detail: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Route {
    rank: Option<u32>,
    carrier: String,
    trunk: String,
    prefix: Option<String>,
    destination: Option<String>,
    cost_per_minute: Option<String>,
    margin_per_minute: Option<String>,
    status: String,
    reason: Option<String>,
    detail: Option<String>,
    route: Option<String>,
    numbers: Option<Numbers>,
}

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let client = ApiClient::new(&args.server)?;
    if let Some(id) = &args.call {
        return of_call(&client, id, args);
    }
    let mut query = Vec::new();
    query.extend(args.from.as_deref().map(|number| ("from", number)));
    let asserted = args.asserted.as_deref();
    query.extend(asserted.map(|number| ("asserted", number)));
    query.extend(args.privacy.then_some(("privacy", "true")));
    query.extend(args.to.as_deref().map(|number| ("to", number)));
    query.extend(args.customer.as_deref().map(|name| ("customer", name)));
    query.extend(args.source.as_deref().map(|address| ("source", address)));
    let answer: serde_json::Value = client.get("/api/v1/explain", &query)?;
    if args.json {
        say(&serde_json::to_string_pretty(&answer)?);
    } else {
        say(&render(&serde_json::from_value(answer)?));
    }
    Ok(ExitCode::SUCCESS)
}

/// Of a call of the records: its own decision, unless a line says otherwise.
fn of_call(client: &ApiClient, id: &str, args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let mut query = Vec::new();
    query.extend(args.carrier.as_deref().map(|name| ("carrier", name)));
    let answer: serde_json::Value = client.get(&format!("/api/v1/cdrs/{id}/explain"), &query)?;
    if args.json {
        say(&serde_json::to_string_pretty(&answer)?);
    } else {
        say(&render_call(&serde_json::from_value(answer)?));
    }
    Ok(ExitCode::SUCCESS)
}

fn render_call(answer: &CallExplanation) -> String {
    let mut text = render(&answer.explanation);
    let _ = match &answer.note {
        None if answer.is_exact => write!(text, "\nThis is the call's own decision."),
        note => write!(
            text,
            "\nThe call's own decision may have been another: {}.",
            note.as_deref().unwrap_or_default()
        ),
    };
    for attempt in &answer.attempts {
        render_attempt(attempt, &mut text);
    }
    if let Some(carrier) = &answer.carrier {
        let outcome = carrier.outcome.replace('_', " ");
        let _ = write!(
            text,
            "\nCarrier \"{}\": {outcome}: {}.",
            carrier.carrier, carrier.detail
        );
    }
    text
}

fn render_attempt(attempt: &Attempt, text: &mut String) {
    let calling = named(&attempt.calling);
    let _ = write!(
        text,
        "\nAttempt {} by trunk \"{}\" of \"{}\": {calling} calls {}.",
        attempt.number, attempt.trunk, attempt.carrier, attempt.called
    );
    if !attempt.is_same {
        text.push_str(" The rules that are known do not make these numbers.");
    }
    for step in &attempt.steps {
        let detail = step.detail.as_deref().unwrap_or_default();
        let _ = write!(text, "\n    {detail}");
    }
}

/// What a carrier is sent, where anything of carrier or trunk has a say in it.
fn render_numbers(numbers: &Numbers, text: &mut String) {
    if numbers.steps.is_empty() && !numbers.is_anonymous && numbers.asserted.is_none() {
        return;
    }
    let calling = numbers
        .calling
        .as_deref()
        .map_or("a number of a pool", named);
    let _ = write!(text, "      {calling} calls {}", numbers.called);
    if numbers.is_anonymous {
        text.push_str(", anonymous in From");
    }
    if let Some(asserted) = &numbers.asserted {
        let _ = write!(text, ", asserted {asserted}");
    }
    text.push('\n');
    for step in &numbers.steps {
        let _ = writeln!(
            text,
            "        {}",
            step.detail.as_deref().unwrap_or_default()
        );
    }
}

fn named(calling: &str) -> &str {
    match calling {
        "" => "nobody",
        number => number,
    }
}

fn render(explanation: &Explanation) -> String {
    let mut text = String::new();
    for step in &explanation.steps {
        let detail = step.detail.as_deref().unwrap_or_default();
        let _ = writeln!(text, "{:22} {:10} {detail}", step.step, step.outcome);
    }
    if !explanation.routes.is_empty() {
        let _ = writeln!(
            text,
            "\n{:>4}  {:20} {:20} {:10} {:24} {:>12} {:>12}  status",
            "rank", "carrier", "trunk", "prefix", "destination", "cost/min", "margin/min"
        );
    }
    for route in &explanation.routes {
        let rank = route.rank.map_or_else(String::new, |rank| rank.to_string());
        let optional = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
        let _ = write!(
            text,
            "{rank:>4}  {:20} {:20} {:10} {:24} {:>12} {:>12}  {}",
            route.carrier,
            route.trunk,
            optional(&route.prefix),
            optional(&route.destination),
            optional(&route.cost_per_minute),
            optional(&route.margin_per_minute),
            route.status,
        );
        let _ = match (&route.reason, &route.detail) {
            (Some(reason), Some(detail)) => write!(text, ": {reason}: {detail}"),
            (Some(reason), None) => write!(text, ": {reason}"),
            (None, _) => Ok(()),
        };
        let _ = match &route.route {
            Some(name) => writeln!(text, ", by route \"{name}\""),
            None => writeln!(text),
        };
        if let Some(numbers) = &route.numbers {
            render_numbers(numbers, &mut text);
        }
    }
    let verdict = if explanation.accepted {
        "accepted"
    } else {
        "refused"
    };
    let reason = explanation
        .reason
        .as_deref()
        .map(|reason| format!(": {reason}"));
    let number = explanation.snapshot_number;
    let _ = write!(
        text,
        "\nThe call is {verdict}{} (snapshot {number}).",
        reason.unwrap_or_default()
    );
    text
}
