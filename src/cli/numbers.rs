//! `didtron numbers test`: what rules, lists and classes make of numbers, from a running switch.

use super::api_client::ApiClient;
use super::{ServerArgs, say};
use anyhow::{Context as _, anyhow, bail};
use clap::{Args, Subcommand};
use resources::ResourceKind;
use resources::documents::parse_documents;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args, Clone, Debug)]
pub(super) struct NumbersArgs {
    #[command(subcommand)]
    command: NumbersCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum NumbersCommand {
    /// Try numbers on what is in force, or on rules that are not saved.
    Test(TestArgs),
}

#[derive(Args, Clone, Debug)]
struct TestArgs {
    /// The customer that calls, by name.
    #[arg(long, value_name = "NAME", required_unless_present = "rules")]
    customer: Option<String>,
    /// The trunk that the call comes in by. Without it: by the tech prefix.
    #[arg(long, value_name = "NAME", requires = "customer")]
    trunk: Option<String>,
    /// The called number, as it is received.
    #[arg(long, value_name = "NUMBER", required_unless_present = "rules")]
    to: Option<String>,
    /// The calling number, as it is received.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value = "",
        conflicts_with = "rules"
    )]
    from: String,
    /// The number of P-Asserted-Identity or Remote-Party-ID, which counts when the customer's trunk
    /// believes it.
    #[arg(long, value_name = "NUMBER", conflicts_with = "rules")]
    asserted: Option<String>,
    /// The caller asks to stay anonymous (Privacy), which counts when the customer's trunk respects it.
    #[arg(long, conflicts_with = "rules")]
    privacy: bool,
    /// The carrier whose trunks are shown. Without it: all.
    #[arg(long, value_name = "NAME", requires = "customer")]
    carrier: Option<String>,
    /// A file of resources, as `apply` takes it, with the translation rules to try before they are applied.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["customer", "to"], requires = "numbers")]
    rules: Option<PathBuf>,
    /// The numbers to try the rules on.
    #[arg(value_name = "NUMBER", requires = "rules")]
    numbers: Vec<String>,
    /// Print the API's JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Deserialize)]
struct Answer {
    results: Option<Vec<RuleResult>>,
    call: Option<Call>,
}

#[derive(Debug, Deserialize)]
struct RuleResult {
    number: String,
    rule: Option<u32>,
    result: String,
    facts: Option<Facts>,
}

#[derive(Debug, Deserialize)]
struct Facts {
    class: Option<String>,
    country: Option<String>,
    is_possible: bool,
    is_valid: bool,
}

#[derive(Debug, Deserialize)]
struct Call {
    reason: Option<String>,
    snapshot_number: u64,
    ingress_trunk: String,
    called_number: Option<String>,
    calling_number: Option<String>,
    facts: Option<Facts>,
    steps: Vec<Step>,
    sent: Vec<Sent>,
    is_cut: bool,
}

#[derive(Debug, Deserialize)]
struct Step {
    step: String,
    outcome: String,
    detail: String,
}

#[derive(Debug, Deserialize)]
struct Sent {
    carrier: String,
    trunk: String,
    detail: Option<String>,
    called_number: String,
    calling_number: String,
    asserted_number: Option<String>,
    is_anonymous: bool,
    steps: Vec<Step>,
}

pub(super) fn run(args: &NumbersArgs) -> anyhow::Result<ExitCode> {
    let NumbersCommand::Test(args) = &args.command;
    let client = ApiClient::new(&args.server)?;
    let answer: Value = client.post("/api/v1/numbers/test", &args.request()?)?;
    if args.json {
        say(&serde_json::to_string_pretty(&answer)?);
    } else {
        say(&render(&serde_json::from_value(answer)?));
    }
    Ok(ExitCode::SUCCESS)
}

impl TestArgs {
    fn request(&self) -> anyhow::Result<Value> {
        if let Some(file) = &self.rules {
            let rules = rules_of(file)?;
            return Ok(json!({ "rules": rules, "numbers": self.numbers }));
        }
        let fields = [
            ("customer", &self.customer),
            ("trunk", &self.trunk),
            ("called", &self.to),
            ("asserted", &self.asserted),
            ("carrier", &self.carrier),
        ];
        let given = fields.into_iter().filter_map(|(field, text)| {
            let text = text.as_deref()?;
            Some((field.to_owned(), json!(text)))
        });
        let mut request: Map<_, _> = given.collect();
        request.insert("calling".to_owned(), json!(self.from));
        request.insert("privacy".to_owned(), json!(self.privacy));
        Ok(request.into())
    }
}

/// The translation rules of a file as `apply` takes it.
fn rules_of(file: &Path) -> anyhow::Result<Value> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("{name} cannot be read"))?;
    let documents = parse_documents(&name, &text).map_err(|problems| {
        let lines = problems.iter().map(ToString::to_string);
        anyhow!("{}", lines.collect::<Vec<_>>().join("\n"))
    })?;
    let kind = ResourceKind::TranslationRules;
    let mut found = documents.iter().map(|located| &located.value.spec);
    let mut found = found.by_ref().filter(|spec| spec.kind() == kind);
    match (found.next(), found.next()) {
        (Some(rules), None) => Ok(rules.to_value()),
        (None, _) => bail!("{name} holds no translation rules"),
        (Some(_), Some(_)) => bail!("{name} holds several translation rules: write one to a file"),
    }
}

fn render(answer: &Answer) -> String {
    match (&answer.results, &answer.call) {
        (Some(results), _) => render_results(results),
        (None, Some(call)) => render_call(call),
        (None, None) => String::new(),
    }
}

fn render_results(results: &[RuleResult]) -> String {
    let lines = results.iter().map(|result| {
        let rule = match result.rule {
            Some(rule) => format!("rule {}", rule + 1),
            None => "no rule".to_owned(),
        };
        let facts = result.facts.as_ref().map_or_else(String::new, facts);
        let line = format!(
            "{:24} {:8} {:24} {facts}",
            result.number, rule, result.result
        );
        line.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn facts(facts: &Facts) -> String {
    let class = facts.class.as_deref().unwrap_or("no known class");
    let mut text = class.replace('_', " ");
    if let Some(country) = &facts.country {
        let _ = write!(text, " of {country}");
    }
    match (facts.is_valid, facts.is_possible) {
        (true, _) => {}
        (false, true) => text.push_str(", in no known range"),
        (false, false) => text.push_str(", of a length that there is not"),
    }
    text
}

impl Sent {
    fn remark(&self) -> String {
        if let Some(detail) = &self.detail {
            return format!("not sent: {detail}");
        }
        let asserted = self.asserted_number.as_ref();
        let remarks = [
            self.is_anonymous.then(|| "anonymous in From".to_owned()),
            asserted.map(|number| format!("asserted {number}")),
        ];
        remarks.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

fn render_call(call: &Call) -> String {
    let mut text = String::new();
    for step in &call.steps {
        let _ = writeln!(text, "{:14} {:10} {}", step.step, step.outcome, step.detail);
    }
    if !call.sent.is_empty() {
        let _ = writeln!(
            text,
            "\n{:20} {:20} {:24} {:24} remark",
            "carrier", "trunk", "called", "calling"
        );
    }
    for sent in &call.sent {
        let line = format!(
            "{:20} {:20} {:24} {:24} {}",
            sent.carrier,
            sent.trunk,
            sent.called_number,
            sent.calling_number,
            sent.remark()
        );
        let _ = writeln!(text, "{}", line.trim_end());
        for step in &sent.steps {
            let _ = writeln!(text, "    {}", step.detail);
        }
    }
    if call.is_cut {
        text.push_str("There are more egress trunks: name one with --carrier.\n");
    }
    let (trunk, number) = (&call.ingress_trunk, call.snapshot_number);
    let verdict = match (&call.reason, &call.called_number) {
        (None, Some(called)) => {
            let calling = call
                .calling_number
                .as_deref()
                .filter(|number| !number.is_empty());
            let calling = calling.unwrap_or("nobody");
            let facts = call.facts.as_ref().map_or_else(String::new, facts);
            format!("taken: {calling} calls {called}, {facts}")
        }
        (reason, _) => format!("refused: {}", reason.as_deref().unwrap_or("unknown")),
    };
    let _ = write!(
        text,
        "\nBy trunk \"{trunk}\" the numbers are {verdict} (snapshot {number})."
    );
    text
}
