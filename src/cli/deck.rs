//! `didtron deck`: carriers' decks, imported into the rate cards of a running switch.

use super::api_client::ApiClient;
use super::changes::find_or_make;
use super::{ServerArgs, say};
use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Largest file that the switch takes.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Doubts and rejected rows that are shown; the API lists more.
const SHOWN: &str = "20";

/// How often the switch is asked how far it is.
const ASK_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Args, Clone, Debug)]
pub(super) struct DeckArgs {
    #[command(subcommand)]
    command: DeckCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum DeckCommand {
    /// Have the switch read a carrier's CSV or XLSX and compare it with a rate card. With --apply
    /// the new rates become a draft of a change set; nothing is in force before its push.
    Import(ImportArgs),
    /// Apply an import that was looked at, or what is left of one.
    Apply(ApplyArgs),
    /// List the rate cards that would have other rates if they were built now.
    Stale(StaleArgs),
    /// Build a rate card anew from the cards that it is made from.
    Rebuild(RebuildArgs),
}

#[derive(Args, Clone, Debug)]
struct StaleArgs {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Clone, Debug)]
struct RebuildArgs {
    /// Number of the rate card.
    card: i64,
    #[command(flatten)]
    server: ServerArgs,
}

/// A card that is built from others, as the API tells it.
#[derive(Debug, Deserialize)]
struct StaleCard {
    id: i64,
    name: String,
    rates: u64,
    parents: Vec<String>,
}

/// A card after it was built anew.
#[derive(Debug, Deserialize)]
struct RebuiltCard {
    name: String,
    version: u64,
}

#[derive(Args, Clone, Debug)]
struct ImportArgs {
    /// What the carrier sent: CSV of any delimiter and encoding, also as .gz, or XLSX.
    file: PathBuf,
    /// The rate card, by name or number.
    #[arg(long, value_name = "NAME")]
    card: String,
    /// How the carrier's columns are to be read, JSON. Without it as the carrier's last deck that was
    /// applied, or by the titles of the columns.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Prefixes that the carrier does not name keep their rates. Of this and what follows, what is
    /// not given is as for the carrier's last deck that was applied.
    #[arg(long, conflicts_with = "full")]
    partial: bool,
    /// Prefixes that the carrier does not name are not offered any more.
    #[arg(long)]
    full: bool,
    /// What costs more counts no sooner than so many days from now.
    #[arg(long, value_name = "DAYS")]
    notice_days: Option<u16>,
    /// A price so many times the old one, or the old one of it, has to be confirmed.
    #[arg(long, value_name = "TIMES")]
    absurd_factor: Option<u16>,
    /// Apply it at once.
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    applying: Applying,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Clone, Debug)]
struct ApplyArgs {
    /// Number of the import.
    import: i64,
    #[command(flatten)]
    applying: Applying,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Clone, Debug)]
struct Applying {
    /// Rejected rows and doubts were looked at: the rest is meant so.
    #[arg(long)]
    confirm: bool,
    /// Draft it in this change set, by number or name; it is made when there is no open one of that
    /// name. Without it one is made for the import.
    #[arg(long, value_name = "NAME")]
    change_set: Option<String>,
}

/// An import as the API tells it.
#[derive(Debug, Deserialize)]
struct Import {
    id: i64,
    state: String,
    progress: Option<Progress>,
    result: Option<Found>,
    failure: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Progress {
    done: u64,
    text: String,
}

#[derive(Debug, Deserialize)]
struct Found {
    records: u64,
    rejections: u64,
    doubts: u64,
    counts: Map<String, Value>,
    moments: Vec<Moment>,
}

#[derive(Debug, Deserialize)]
struct Moment {
    at: String,
    rates: u64,
}

#[derive(Debug, Deserialize)]
struct Page<T> {
    items: Vec<T>,
}

#[derive(Debug, Deserialize)]
struct Rejection {
    line: u32,
    field: String,
    message: String,
}

#[derive(Debug, Deserialize)]
struct Doubt {
    message: String,
}

#[derive(Debug, Deserialize)]
struct Applied {
    change_set: i64,
    push_at: Option<String>,
    left: u64,
    follows: bool,
}

pub(super) fn run(args: &DeckArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        DeckCommand::Import(args) => import(args),
        DeckCommand::Apply(args) => {
            let client = ApiClient::new(&args.server)?;
            apply(&client, args.import, &args.applying)?;
            Ok(ExitCode::SUCCESS)
        }
        DeckCommand::Stale(args) => {
            let client = ApiClient::new(&args.server)?;
            let stale: Page<StaleCard> = client.get("/api/v1/rate-cards/stale", &[])?;
            say(&stale_cards(&stale.items));
            Ok(ExitCode::SUCCESS)
        }
        DeckCommand::Rebuild(args) => {
            let client = ApiClient::new(&args.server)?;
            let path = format!("/api/v1/rate-cards/{}/rebuild", args.card);
            let built: RebuiltCard = client.post(&path, &json!({}))?;
            say(&format!(
                "\"{}\" has version {}.",
                built.name, built.version
            ));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn stale_cards(cards: &[StaleCard]) -> String {
    if cards.is_empty() {
        return "Each card has the rates that would be built now.".to_owned();
    }
    let line = |card: &StaleCard| {
        let parents = card.parents.join(", ");
        format!(
            "{}  {}  {} rates, from {parents}",
            card.id, card.name, card.rates
        )
    };
    let lines: Vec<_> = cards.iter().map(line).collect();
    lines.join("\n")
}

fn import(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let file = bytes(&args.file)?;
    let client = ApiClient::new(&args.server)?;
    let made: Import = client.post("/api/v1/deck-imports", &wanted(args)?)?;
    let sent: Import = client.put_bytes(&path(made.id, "/file"), &file)?;
    let read = wait(&client, sent)?;
    let Some(found) = &read.result else {
        let reason = read.failure.unwrap_or_else(|| "it was stopped".to_owned());
        bail!("import {}: {reason}", read.id);
    };
    say(&report(read.id, found));
    tell_lists(&client, read.id, found)?;
    if args.apply && !found.moments.is_empty() {
        apply(&client, read.id, &args.applying)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The import that is asked for.
fn wanted(args: &ImportArgs) -> anyhow::Result<Value> {
    let mut body = json!({ "card": args.card });
    if let Some(name) = args.file.file_name() {
        body["file_name"] = json!(name.to_string_lossy());
    }
    if let Some(path) = &args.mapping {
        let context = || path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(context)?;
        body["mapping"] = serde_json::from_str(&text).with_context(context)?;
    }
    let mut policy = Map::new();
    let scopes = [(args.partial, "partial"), (args.full, "full")];
    if let Some((_, scope)) = scopes.into_iter().find(|(is_given, _)| *is_given) {
        policy.insert("scope".to_owned(), json!(scope));
    }
    if let Some(days) = args.notice_days {
        policy.insert("notice_days".to_owned(), json!(days));
    }
    if let Some(factor) = args.absurd_factor {
        policy.insert("absurd_factor".to_owned(), json!(factor));
    }
    if !policy.is_empty() {
        body["policy"] = Value::Object(policy);
    }
    Ok(body)
}

/// A file, unpacked when its name says that it is packed.
fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let context = || format!("{} cannot be read", path.display());
    let file = File::open(path).with_context(context)?;
    let mut bytes = Vec::new();
    if path.extension().is_some_and(|ending| ending == "gz") {
        GzDecoder::new(file)
            .take(FILE_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
    } else {
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)
    }
    .with_context(context)?;
    ensure!(
        bytes.len() as u64 <= FILE_BYTES_MAX,
        "{} is larger than {} MiB",
        path.display(),
        FILE_BYTES_MAX >> 20
    );
    Ok(bytes)
}

/// Asks until the file is read, and tells how far that is.
fn wait(client: &ApiClient, mut import: Import) -> anyhow::Result<Import> {
    let mut told = 0;
    while import.state == "reading" {
        if let Some(progress) = import.progress.filter(|progress| progress.done > told) {
            say(&format!("{} {}", progress.done, progress.text));
            told = progress.done;
        }
        std::thread::sleep(ASK_INTERVAL);
        import = client.get(&path(import.id, ""), &[])?;
    }
    Ok(import)
}

fn report(id: i64, found: &Found) -> String {
    let mut text = format!(
        "import {id}: {} rows, {} rejected, {} doubtful",
        found.records, found.rejections, found.doubts
    );
    for (name, count) in &found.counts {
        if count.as_u64() != Some(0) {
            let _ = write!(text, ", {count} {name}");
        }
    }
    for moment in &found.moments {
        let _ = write!(text, "\n{} rates change at {}", moment.rates, moment.at);
    }
    if found.moments.is_empty() {
        text.push_str("\nnothing changes");
    }
    text
}

fn tell_lists(client: &ApiClient, id: i64, found: &Found) -> anyhow::Result<()> {
    let limit = [("limit", SHOWN)];
    let rejected: Page<Rejection> = client.get(&path(id, "/rejections"), &limit)?;
    for row in &rejected.items {
        say(&format!(
            "rejected: line {}: {}: {}",
            row.line, row.field, row.message
        ));
    }
    let doubts: Page<Doubt> = client.get(&path(id, "/doubts"), &limit)?;
    for doubt in &doubts.items {
        say(&format!("doubtful: {}", doubt.message));
    }
    let shown = rejected.items.len() + doubts.items.len();
    let untold = (found.rejections + found.doubts).saturating_sub(shown as u64);
    if untold > 0 {
        let api = path(id, "/rejections and /doubts");
        say(&format!("{untold} more: see {api} of the API"));
    }
    Ok(())
}

fn apply(client: &ApiClient, id: i64, wanted: &Applying) -> anyhow::Result<()> {
    let change_set = match &wanted.change_set {
        None => None,
        Some(text) => Some(match text.parse::<i64>() {
            Ok(number) => number,
            Err(_) => find_or_make(client, text)?,
        }),
    };
    let body = json!({ "change_set": change_set, "confirm": wanted.confirm });
    let applied: Applied = client.post(&path(id, "/apply"), &body)?;
    let set = applied.change_set;
    say(&match &applied.push_at {
        Some(at) => format!("change set {set} is pushed at {at}"),
        None => format!(
            "the card is a draft of change set {set}; nothing is in force before `didtron changes \
             push {set}`"
        ),
    });
    match (applied.left, applied.follows) {
        (0, _) => {}
        (left, true) => say(&format!(
            "rates of {left} later moments follow by themselves, each once those before are in force"
        )),
        (left, false) => say(&format!(
            "rates of {left} later moments are left: `didtron deck apply {id}` once these are in force"
        )),
    }
    Ok(())
}

fn path(id: i64, rest: &str) -> String {
    format!("/api/v1/deck-imports/{id}{rest}")
}
