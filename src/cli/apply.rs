//! `didtron apply`: declarative resources from YAML files, with the rate decks they name.

use super::api_client::ApiClient;
use super::changes::{Impact, Prices, Replay, find_or_make};
use super::{ServerArgs, say};
use anyhow::{Context, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Largest rate deck after decompression.
const DECK_BYTES_MAX: u64 = 256 << 20;
/// Most YAML files taken from one directory.
const FILES_MAX: usize = 1_000;

#[derive(Args, Clone, Debug)]
pub(super) struct ApplyArgs {
    /// A YAML file, or a directory whose `*.yaml` files are taken together.
    #[arg(short, long, value_name = "FILE_OR_DIR")]
    file: PathBuf,
    /// Show what would change; change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Also take away what the files do not name.
    #[arg(long)]
    prune: bool,
    /// Put the changes into this change set instead, by number or name; it is made when there is no open
    /// one of that name.
    #[arg(long, value_name = "NAME", conflicts_with = "dry_run")]
    change_set: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// One file by name and text.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NamedText {
    pub(crate) path: String,
    pub(crate) content: String,
}

/// What is sent: the YAML files and every deck that one of them names.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Bundle {
    pub(crate) files: Vec<NamedText>,
    pub(crate) decks: Vec<NamedText>,
}

/// What the switch says became of a bundle.
#[derive(Debug, Deserialize)]
pub(crate) struct AppliedBundle {
    dry_run: bool,
    snapshot_number: u64,
    #[serde(default)]
    change_set: Option<i64>,
    changes: Vec<Change>,
    #[serde(default)]
    impact: Option<Impact>,
    #[serde(default)]
    replay: Option<Replay>,
    #[serde(default)]
    prices: Option<Prices>,
}

/// What becomes of one resource.
#[derive(Debug, Deserialize)]
pub(super) struct Change {
    kind: String,
    name: String,
    action: String,
    differences: Vec<Difference>,
}

#[derive(Debug, Deserialize)]
struct Difference {
    field: String,
    before: serde_json::Value,
    after: serde_json::Value,
}

pub(super) fn run(args: &ApplyArgs) -> anyhow::Result<ExitCode> {
    let bundle = read_bundle(&args.file)?;
    let client = ApiClient::new(&args.server)?;
    let mut path = format!(
        "/api/v1/apply?dry_run={}&prune={}",
        args.dry_run, args.prune
    );
    if let Some(change_set) = &args.change_set {
        let id = match change_set.parse::<i64>() {
            Ok(id) => id,
            Err(_) => find_or_make(&client, change_set)?,
        };
        let _ = write!(path, "&change_set={id}");
    }
    let answer: AppliedBundle = client.post(&path, &bundle)?;
    say(&report(&answer));
    Ok(ExitCode::SUCCESS)
}

/// Reads `path` (a file, or a directory's YAML files in the order of their names) and the decks.
pub(crate) fn read_bundle(path: &Path) -> anyhow::Result<Bundle> {
    let paths = yaml_files(path)?;
    let mut files = Vec::new();
    let mut decks = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let content = std::fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        for deck in deck_names(&content) {
            if seen.insert(deck.clone()) {
                let beside = path.parent().unwrap_or_else(|| Path::new(".")).join(&deck);
                let content = read_deck(&beside).with_context(|| {
                    format!("{}: rates_file {}", path.display(), beside.display())
                })?;
                decks.push(NamedText {
                    path: deck,
                    content,
                });
            }
        }
        files.push(NamedText {
            path: path.display().to_string(),
            content,
        });
    }
    Ok(Bundle { files, decks })
}

fn yaml_files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let entries =
        std::fs::read_dir(path).with_context(|| format!("{} cannot be read", path.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml")
        {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("{} holds no .yaml file", path.display());
    }
    if files.len() > FILES_MAX {
        bail!("{} holds more than {FILES_MAX} YAML files", path.display());
    }
    files.sort();
    Ok(files)
}

/// The values of `rates_file:` keys. The switch parses the YAML; this only finds which files to
/// send with it, so a plain reading of lines is enough: a deck that is missed is an error there.
fn deck_names(yaml: &str) -> Vec<String> {
    yaml.lines()
        .filter_map(|line| line.trim_start().strip_prefix("rates_file:"))
        .map(|value| value.split(" #").next().unwrap_or_default())
        .map(|value| value.trim().trim_matches(['"', '\'']).to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

fn read_deck(path: &Path) -> anyhow::Result<String> {
    let file = std::fs::File::open(path)?;
    let mut text = String::new();
    if path.extension().is_some_and(|ending| ending == "gz") {
        flate2::read::GzDecoder::new(file)
            .take(DECK_BYTES_MAX + 1)
            .read_to_string(&mut text)?;
    } else {
        file.take(DECK_BYTES_MAX + 1).read_to_string(&mut text)?;
    }
    if text.len() as u64 > DECK_BYTES_MAX {
        bail!("is larger than {} MiB", DECK_BYTES_MAX >> 20);
    }
    Ok(text)
}

fn report(answer: &AppliedBundle) -> String {
    let mut text = changes_text(&answer.changes);
    if let Some(impact) = &answer.impact {
        let _ = write!(text, "{impact}");
    }
    if let Some(replay) = &answer.replay {
        let _ = write!(text, "{replay}");
    }
    if let Some(prices) = &answer.prices {
        let _ = write!(text, "{prices}");
    }
    text + &answer.summary()
}

/// A line for each resource, and one for each of its fields that differ.
pub(super) fn changes_text(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        let _ = writeln!(text, "{:9} {} {}", change.action, change.kind, change.name);
        for difference in &change.differences {
            let (before, after) = (shown(&difference.before), shown(&difference.after));
            let _ = writeln!(text, "          {}: {before} → {after}", difference.field);
        }
    }
    text
}

impl AppliedBundle {
    /// One line.
    pub(crate) fn summary(&self) -> String {
        let total = self.changes.len();
        let changed = self
            .changes
            .iter()
            .filter(|change| change.action != "unchanged")
            .count();
        let number = self.snapshot_number;
        if self.dry_run {
            format!("Dry run: {changed} of {total} resources would change; nothing was applied.")
        } else if let Some(id) = self.change_set {
            format!(
                "{changed} of {total} resources are drafts of change set {id}; nothing is in force \
                 before `didtron changes push {id}`."
            )
        } else {
            format!("{changed} of {total} resources changed; calls use snapshot {number}.")
        }
    }
}

fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "none".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{deck_names, read_bundle};

    #[test]
    fn a_deck_is_sent_once_however_it_is_quoted() {
        let yaml = "kind: rate_card\nrates_file: \"a.csv.gz\"  # cost\n---\nrates_file: b.csv\n";
        assert_eq!(deck_names(yaml), ["a.csv.gz", "b.csv"]);
    }

    #[test]
    fn a_missing_deck_names_the_yaml_file_and_the_deck() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("r.yaml"), "rates_file: none.csv\n").unwrap();
        let error = format!("{:#}", read_bundle(dir.path()).unwrap_err());
        assert!(
            error.contains("r.yaml") && error.contains("none.csv"),
            "{error}"
        );
    }

    #[test]
    fn a_directory_without_yaml_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(
            read_bundle(dir.path())
                .unwrap_err()
                .to_string()
                .contains("holds no .yaml file")
        );
    }
}
