//! `BENCHMARKS.md`: figures with the command, the machine and the date of their measurement.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What other benchmarks write, in this order.
pub(crate) const MANAGEMENT: &str = "## The management plane";
pub(crate) const ROUTING: &str = "## Routing at scale";
pub(crate) const PEERS: &str = "## Beside the peers";

/// The part that is written by hand.
const APART: &str = "\n## Measured apart";

/// One rate under SIPp.
pub(crate) struct LoadFigure {
    pub(crate) offered: u32,
    pub(crate) achieved: f64,
    pub(crate) failed: u64,
    pub(crate) cpu_us_per_call: f64,
    pub(crate) setup_mean_ms: f64,
    pub(crate) memory_mib: f64,
}

/// What of the document this benchmark does not write.
pub(crate) fn kept(document: &str) -> &str {
    let others = [MANAGEMENT, ROUTING, PEERS].into_iter();
    let start = others
        .filter_map(|heading| Some(document.find(heading)? - 1))
        .min();
    let start = start.or_else(|| document.find(APART));
    start.map_or("", |start| &document[start..])
}

/// The document with a section instead of the one it has under the same heading; a new one comes before what is
/// measured apart.
pub(crate) fn replaced(document: &str, heading: &str, section: &str) -> String {
    let (before, rest) = match document.split_once(heading) {
        Some((before, old)) => (before, old.find("\n## ").map_or("", |next| &old[next..])),
        None => {
            let end = document.find(APART).unwrap_or(document.len());
            document.split_at(end)
        }
    };
    let gap = if rest.is_empty() { "" } else { "\n" };
    format!(
        "{}\n\n{section}{gap}{}",
        before.trim_end(),
        rest.trim_start_matches('\n')
    )
}

/// The whole document.
pub(crate) fn render(figures: &[LoadFigure]) -> String {
    let mut text = String::from(
        "# Benchmarks\n\nWritten by `make bench`. Measured figures only. The machines are small and shared: compare \
         figures of one\nrun with each other, not with those of another machine or day.\n\n",
    );
    let _ = writeln!(
        text,
        "- Date: {}",
        output("date", &["-u", "+%Y-%m-%d %H:%M UTC"])
    );
    let _ = writeln!(text, "- Machine: {}\n", machine());
    load(&mut text, figures);
    micro(&mut text);
    text
}

fn load(text: &mut String, figures: &[LoadFigure]) {
    text.push_str(
        "## The whole switch under SIPp\n\nCommand: `cargo bench -p didtron --bench switch`. SIPp as customer and as \
         carrier on the same machine, UDP on loopback,\nsignalling only; each call is INVITE, 180, 200, ACK, 100 ms, \
         BYE, 200 on both sides, with decision, limits, rating,\njournal and loading into SQLite. CPU is that of the \
         whole process, user and system. Setup delay is INVITE to 200 as\nSIPp sees it (its clock is coarse).\n\n\
         | offered CPS | CPS | failed calls | CPU µs per call | mean setup delay ms | resident MiB |\n\
         |---:|---:|---:|---:|---:|---:|\n",
    );
    for f in figures {
        let _ = writeln!(
            text,
            "| {} | {:.0} | {} | {:.0} | {:.2} | {:.0} |",
            f.offered, f.achieved, f.failed, f.cpu_us_per_call, f.setup_mean_ms, f.memory_mib
        );
    }
}

fn micro(text: &mut String) {
    text.push_str(
        "\n## Parts\n\nCommand: `cargo bench -p sip-core -p routing-engine -p rating -p call-control -p media-relay`. \
         Medians.\n\n| benchmark | median |\n|---|---:|\n",
    );
    let mut rows = Vec::new();
    collect(&criterion_directory(), &mut rows);
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, nanoseconds) in rows {
        let _ = writeln!(text, "| {name} | {} |", duration(nanoseconds));
    }
}

fn criterion_directory() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
        PathBuf::from,
    );
    target.join("criterion")
}

fn collect(directory: &Path, rows: &mut Vec<(String, f64)>) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for path in entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
    {
        let described = path.join("new/benchmark.json");
        let estimated = path.join("new/estimates.json");
        if let (Some(description), Some(estimate)) = (json(&described), json(&estimated)) {
            let name = description["full_id"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            rows.push((
                name,
                estimate["median"]["point_estimate"]
                    .as_f64()
                    .unwrap_or_default(),
            ));
        } else {
            collect(&path, rows);
        }
    }
}

fn json(path: &Path) -> Option<serde_json::Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn duration(nanoseconds: f64) -> String {
    if nanoseconds < 1e3 {
        format!("{nanoseconds:.1} ns")
    } else if nanoseconds < 1e6 {
        format!("{:.2} µs", nanoseconds / 1e3)
    } else {
        format!("{:.1} ms", nanoseconds / 1e6)
    }
}

pub(crate) fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{model}, {cores} cores, {}", output("uname", &["-sr"]))
}

pub(crate) fn output(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
