//! `didtron export`: all that is configured as files, for a repository or another switch.

use super::api_client::ApiClient;
use super::{ServerArgs, say};
use anyhow::{Context, bail};
use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

#[derive(Args, Clone, Debug)]
pub(super) struct ExportArgs {
    /// Directory for the files; made when it is missing. Files of an earlier export are replaced.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
}

/// What the switch gives.
#[derive(Debug, Deserialize)]
struct Exported {
    files: Vec<File>,
    decks: Vec<File>,
    #[serde(default)]
    left_out: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct File {
    path: String,
    content: String,
}

pub(super) fn run(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let client = ApiClient::new(&args.server)?;
    let exported: Exported = client.get("/api/v1/export", &[])?;
    let written = write_files(&args.output, &exported)?;
    for stranger in strangers(&args.output, &written)? {
        say(&format!(
            "{} is not of this export; `apply` on the directory would read it too.",
            stranger.display()
        ));
    }
    if !exported.left_out.is_empty() {
        let kinds = exported.left_out.join(", ");
        say(&format!(
            "Not in it, because the key may not read them: {kinds}."
        ));
    }
    let (files, decks) = (exported.files.len(), exported.decks.len());
    let folder = args.output.display();
    say(&format!(
        "{files} files and {decks} rate decks written to {folder}."
    ));
    Ok(ExitCode::SUCCESS)
}

fn write_files(folder: &Path, exported: &Exported) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut written = BTreeSet::new();
    for file in exported.files.iter().chain(&exported.decks) {
        let path = folder.join(within(&file.path)?);
        write_file(&path, &file.content)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        written.insert(path);
    }
    Ok(written)
}

/// The path, when it leads nowhere but down.
fn within(path: &str) -> anyhow::Result<&Path> {
    let path = Path::new(path);
    let is_down = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if path.as_os_str().is_empty() || !path.components().all(is_down) {
        bail!(
            "the switch names a file outside of the directory: {}",
            path.display()
        );
    }
    Ok(path)
}

fn write_file(path: &Path, content: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = std::fs::File::create(path)?;
    if path.extension().is_some_and(|ending| ending == "gz") {
        let mut packed = GzEncoder::new(file, Compression::default());
        packed.write_all(content.as_bytes())?;
        packed.finish()?.flush()
    } else {
        let mut file = file;
        file.write_all(content.as_bytes())
    }
}

/// YAML files in the directory that were not written now.
fn strangers(folder: &Path, written: &BTreeSet<PathBuf>) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_yaml = path
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml");
        if is_yaml && !written.contains(&path) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{Exported, File, strangers, within, write_files};
    use crate::cli::apply::read_bundle;

    fn file(path: &str, content: &str) -> File {
        File {
            path: path.into(),
            content: content.into(),
        }
    }

    #[test]
    fn what_is_written_is_what_apply_reads() {
        let folder = tempfile::tempdir().unwrap();
        let exported = Exported {
            files: vec![file("rate-cards.yaml", "rates_file: decks/a.csv.gz\n")],
            decks: vec![file("decks/a.csv.gz", "prefix\n1\n")],
            left_out: Vec::new(),
        };
        let written = write_files(folder.path(), &exported).unwrap();
        let bundle = read_bundle(folder.path()).unwrap();
        assert_eq!(bundle.files[0].content, "rates_file: decks/a.csv.gz\n");
        assert_eq!(bundle.decks[0].content, "prefix\n1\n");
        std::fs::write(folder.path().join("old.yaml"), "").unwrap();
        assert_eq!(strangers(folder.path(), &written).unwrap().len(), 1);
    }

    #[test]
    fn no_file_is_written_outside_of_the_directory() {
        for path in ["../a.yaml", "/etc/a.yaml", "a/../../b.yaml", ""] {
            assert!(within(path).is_err(), "{path}");
        }
        assert!(within("./decks/a.csv").is_ok());
    }
}
