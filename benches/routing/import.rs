//! A carrier's deck of a million rows against a card of a million, on a running switch with SQLite: read and
//! compared by the job, applied to a change set, pushed.

use crate::switch::Switch;
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub(crate) const ROWS: u64 = 1_000_000;

/// What one import took.
pub(crate) struct Import {
    pub(crate) what: &'static str,
    /// From sending the file until the diff is there.
    pub(crate) read: Duration,
    pub(crate) applied: Duration,
    /// From the request until calls are decided by it.
    pub(crate) pushed: Duration,
    /// What the switch holds afterwards.
    pub(crate) resident_mib: f64,
    /// The most that it ever held.
    pub(crate) peak_mib: f64,
}

pub(crate) fn measure() -> Vec<Import> {
    let switch = Switch::start(&[]);
    let rates = [json!({"prefix": "1", "destination": "USA", "rate_per_minute": "0.01"})];
    let card = json!({"name": "cost", "spec": {"currency": "USD", "rates": rates}});
    switch.send("POST", "/api/v1/rate-cards", &card);
    let decks = [
        ("a million new rates", "first", u64::MAX),
        ("a million, of which 200,000 change", "second", 5),
    ];
    decks
        .map(|(what, name, every)| import(&switch, what, name, every))
        .into()
}

fn import(switch: &Switch, what: &'static str, name: &str, cheaper_every: u64) -> Import {
    let (read, applied) = draft(switch, "cost", name, cheaper_every);
    let start = Instant::now();
    switch.command(&["changes", "push", name]).unwrap();
    let figures = Import {
        what,
        read,
        applied,
        pushed: start.elapsed(),
        resident_mib: switch.resident_mib(),
        peak_mib: switch.peak_mib(),
    };
    println!(
        "{what}: read and compared {:.1} s, applied {:.1} s, pushed {:.1} s; {:.0} MiB, {:.0} at the most",
        read.as_secs_f64(),
        applied.as_secs_f64(),
        figures.pushed.as_secs_f64(),
        figures.resident_mib,
        figures.peak_mib
    );
    figures
}

/// Imports a deck of a million into a change set of this name; what it does not name stays.
pub(crate) fn draft(
    switch: &Switch,
    card: &str,
    name: &str,
    cheaper_every: u64,
) -> (Duration, Duration) {
    let file = deck(switch, name, cheaper_every);
    let file = file.to_str().unwrap();
    let start = Instant::now();
    let told = switch.command(&["deck", "import", file, "--card", card, "--partial"]);
    let read = start.elapsed();
    let told = told.unwrap();
    let number = told
        .lines()
        .find_map(|line| line.strip_prefix("import "))
        .and_then(|line| line.split(':').next())
        .unwrap();
    let start = Instant::now();
    let apply = ["deck", "apply", number, "--confirm", "--change-set", name];
    switch.command(&apply).unwrap();
    (read, start.elapsed())
}

/// A file as a carrier writes it; every so many rates are a little cheaper.
fn deck(switch: &Switch, name: &str, cheaper_every: u64) -> PathBuf {
    let mut text = "Dial Code;Destination;Rate;Increment\n".to_owned();
    for row in 0..ROWS {
        let price = if row % cheaper_every == 0 { 11 } else { 12 } + row % 80;
        let prefix = 20_000_000 + row * 7;
        let _ = writeln!(text, "+{prefix};Place {};0,0{price:02};30/6", row % 3_000);
    }
    let path = switch.scratch().join(format!("{name}.csv"));
    std::fs::write(&path, text).unwrap();
    path
}
