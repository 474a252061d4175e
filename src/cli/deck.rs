//! `didtron deck`: decks as carriers send them, compared with the rates in force and made into the
//! deck of a card. Talks to no switch: what it writes is for `apply`.

use super::say;
use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use flate2::read::GzDecoder;
use rate_deck::difference::{Change, Difference, Policy, Scope, compare};
use rate_deck::{FILE_BYTES_MAX, Mapping, Reading, Table, date_text, export, read};
use rating::rate::RateTerms;
use rating::{Amount, Timestamp};
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

/// Doubts and rejected rows that are shown; files hold them all.
const SHOWN_MAX: usize = 20;

#[derive(Debug, Subcommand)]
pub(super) enum DeckCommand {
    /// Read a carrier's CSV or XLSX, compare it with the rates in force, and write the next ones.
    /// Nothing is written while rows are rejected or anything is doubtful, unless --confirm says so.
    Compare(CompareArgs),
}

#[derive(Args, Clone, Debug)]
pub(super) struct CompareArgs {
    /// What the carrier sent: CSV of any delimiter and encoding, or XLSX.
    file: PathBuf,
    /// The rates in force, as --write or --timeline wrote them (.csv or .csv.gz). Without them all
    /// is new.
    #[arg(long, value_name = "FILE")]
    current: Option<PathBuf>,
    /// How the carrier's columns are to be read, JSON. Without it, by the titles of the columns.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Prefixes that the carrier does not name keep their rates.
    #[arg(long)]
    partial: bool,
    /// Increases count no sooner than so many days from now.
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    notice_days: u16,
    /// A price so many times the old one, or the old one of it, is doubtful.
    #[arg(long, value_name = "TIMES", default_value_t = 5)]
    absurd_factor: u16,
    /// First interval of rows that do not say, seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 1)]
    initial_interval: u32,
    /// Further intervals of rows that do not say, seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 1)]
    next_interval: u32,
    /// Where the rates that count now are written, for `rates_file` of a card.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Where all rates are written with their dates, for the next --current.
    #[arg(long, value_name = "FILE")]
    timeline: Option<PathBuf>,
    /// Where each change is written as CSV.
    #[arg(long, value_name = "FILE")]
    changes: Option<PathBuf>,
    /// Where each rejected row is written as CSV.
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// Write the rates although rows are rejected or something is doubtful.
    #[arg(long)]
    confirm: bool,
}

pub(super) fn run(command: &DeckCommand) -> anyhow::Result<ExitCode> {
    match command {
        DeckCommand::Compare(args) => run_compare(args),
    }
}

fn run_compare(args: &CompareArgs) -> anyhow::Result<ExitCode> {
    let now = now()?;
    let defaults = RateTerms::per_second(Amount::ZERO)
        .with_intervals(args.initial_interval, args.next_interval);
    defaults.check()?;
    let current = match &args.current {
        Some(path) => in_force(path)?,
        None => Table::default(),
    };
    let mapping = match &args.mapping {
        Some(path) => mapping(path)?,
        None => Mapping::default(),
    };
    let sent = read(&bytes(&args.file)?, &mapping, &defaults, &mut |_| {})
        .with_context(|| args.file.display().to_string())?;
    let policy = Policy {
        scope: if args.partial {
            Scope::Partial
        } else {
            Scope::Full
        },
        notice_days: args.notice_days,
        absurd_factor: args.absurd_factor,
    };
    let difference = compare(&current, &sent.table, &policy, now);
    tell(&sent, &difference);
    write_lists(args, &sent, &difference)?;
    let is_clear =
        sent.rejections.is_empty() && sent.doubts.is_empty() && difference.doubts.is_empty();
    if !is_clear && !args.confirm {
        say("no rates were written: look at the above, then say --confirm");
        return Ok(ExitCode::FAILURE);
    }
    write_rates(args, &difference.table, now)?;
    Ok(ExitCode::SUCCESS)
}

/// Microseconds since 1970, now.
fn now() -> anyhow::Result<Timestamp> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Timestamp(i64::try_from(since.as_micros())?))
}

/// Rates that we wrote ourselves: every row must be sound.
fn in_force(path: &Path) -> anyhow::Result<Table> {
    let defaults = RateTerms::per_second(Amount::ZERO);
    let reading = read(&bytes(path)?, &Mapping::default(), &defaults, &mut |_| {})
        .with_context(|| path.display().to_string())?;
    if let Some(rejected) = reading.rejections.listed.first() {
        bail!(
            "{}: line {}: {}: {}",
            path.display(),
            rejected.line,
            rejected.field,
            rejected.reason
        );
    }
    Ok(reading.table)
}

fn mapping(path: &Path) -> anyhow::Result<Mapping> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

/// A file, unpacked when its name says that it is packed.
fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let context = || path.display().to_string();
    let file = File::open(path).with_context(context)?;
    let limit = FILE_BYTES_MAX as u64 + 1;
    let mut bytes = Vec::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(file).take(limit).read_to_end(&mut bytes)
    } else {
        file.take(limit).read_to_end(&mut bytes)
    }
    .with_context(context)?;
    ensure!(
        bytes.len() <= FILE_BYTES_MAX,
        "{}: too large",
        path.display()
    );
    Ok(bytes)
}

fn tell(sent: &Reading, difference: &Difference) {
    let summary = &difference.summary;
    say(&format!(
        "{} rows, {} rejected; {} new, {} increase ({} after their notice), {} decrease, \
         {} changed, {} removed, {} unchanged",
        sent.records,
        sent.rejections.count,
        summary.new,
        summary.increase,
        summary.postponed,
        summary.decrease,
        summary.changed,
        summary.removed,
        summary.unchanged,
    ));
    for row in sent.rejections.listed.iter().take(SHOWN_MAX) {
        say(&format!(
            "rejected: line {}: {}: {}",
            row.line, row.field, row.reason
        ));
    }
    let doubts = sent.doubts.iter().chain(&difference.doubts);
    for doubt in doubts.clone().take(SHOWN_MAX) {
        say(&format!("doubtful: {doubt}"));
    }
    let untold = doubts.count().saturating_sub(SHOWN_MAX);
    if untold > 0 {
        say(&format!("doubtful: {untold} more"));
    }
}

fn write_lists(args: &CompareArgs, sent: &Reading, difference: &Difference) -> anyhow::Result<()> {
    if let Some(path) = &args.rejected {
        let rows = sent.rejections.listed.iter();
        let rows = rows.map(|row| {
            [
                row.line.to_string(),
                row.field.to_owned(),
                row.text.clone(),
                row.reason.to_string(),
            ]
        });
        write_table(path, &["line", "field", "text", "reason"], rows)?;
    }
    if let Some(path) = &args.changes {
        let columns = [
            "prefix",
            "change",
            "old_rate",
            "new_rate",
            "effective",
            "line",
        ];
        write_table(path, &columns, difference.changes.iter().map(change))?;
    }
    Ok(())
}

fn change(change: &Change) -> [String; 6] {
    let text = |amount: Option<Amount>| amount.map(|it| it.to_string()).unwrap_or_default();
    [
        change.prefix.to_string(),
        change.kind.to_string(),
        text(change.old_rate),
        text(change.new_rate),
        date_text(change.effective),
        change.line.to_string(),
    ]
}

fn write_table<const N: usize>(
    path: &Path,
    columns: &[&str],
    rows: impl Iterator<Item = [String; N]>,
) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_path(path).with_context(|| path.display().to_string())?;
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(&row)?;
    }
    Ok(writer.flush()?)
}

fn write_rates(args: &CompareArgs, table: &Table, now: Timestamp) -> anyhow::Result<()> {
    if let Some(path) = &args.write {
        replace(path, |file| export::csv_at(table, now, file))?;
    }
    if let Some(path) = &args.timeline {
        replace(path, |file| export::csv(table, file))?;
    }
    let later = table
        .rows()
        .iter()
        .filter(|row| row.period.from > now)
        .count();
    if later > 0 {
        say(&format!(
            "{later} rates begin later: compare and apply again when they do"
        ));
    }
    Ok(())
}

/// Writes beside the file and then takes its place, so that it is never half.
fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let mut file = BufWriter::new(File::create(&beside)?);
    write(&mut file)?;
    file.flush()?;
    file.get_ref().sync_all()?;
    fs::rename(&beside, path).with_context(|| path.display().to_string())
}
