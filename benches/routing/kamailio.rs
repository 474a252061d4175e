//! One longest match in memory: ours, and `mt_match` of Kamailio's mtree, over the same prefixes and numbers.
//!
//! Kamailio's script draws the numbers in a loop, first without the match and then with it; the difference is
//! taken. It holds what its interpreter needs to call the function and to keep what was found. The number of
//! matches must be the same on both sides.

use crate::demo;
use crate::programs::Program;
use routing_engine::Snapshot;
use routing_engine::snapshot::CustomerIndex;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const LOOKUPS: u32 = 200_000;

/// Nanoseconds of one look-up.
pub(crate) struct Lookups {
    pub(crate) prefixes: usize,
    pub(crate) matches: u32,
    pub(crate) ours_ns: f64,
    /// None when Kamailio is not installed.
    pub(crate) kamailio_ns: Option<f64>,
}

pub(crate) fn measure() -> Lookups {
    let prefixes = demo::prefixes();
    let (ours_ns, matches) = ours();
    let theirs = theirs(&prefixes);
    if let Some((_, found)) = theirs {
        assert_eq!(found, matches, "both find the same");
    }
    let lookups = Lookups {
        prefixes: prefixes.len(),
        matches,
        ours_ns,
        kamailio_ns: theirs.map(|(nanos, _)| nanos),
    };
    println!(
        "one of {} prefixes: {ours_ns:.0} ns, Kamailio {:.0} ns",
        lookups.prefixes,
        lookups.kamailio_ns.unwrap_or(f64::NAN)
    );
    lookups
}

/// As the script draws them: a digit from 1 to 9, then a number of up to ten digits.
fn numbers() -> Vec<String> {
    let mut drawn = 12_345_u32;
    let number = |_| {
        drawn = drawn.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        format!("{}{drawn}", 1 + drawn % 9)
    };
    (0..LOOKUPS).map(number).collect()
}

fn ours() -> (f64, u32) {
    let mut resources = demo::resources();
    // One tree of one card, as theirs.
    let name = "Retail per minute";
    resources
        .trunks
        .retain(|trunk| trunk.spec.customer.is_some());
    resources.carriers.clear();
    resources
        .rate_cards
        .retain(|priced| priced.card.name == name);
    for customer in &mut resources.customers {
        customer.spec.rate_card = name.into();
    }
    let snapshot = Snapshot::compile(1, &resources, None).unwrap();
    let customer: CustomerIndex = snapshot.ingress_trunks()[0].customer;
    let numbers = numbers();
    let mut matches = 0;
    let mut best = f64::MAX;
    for _ in 0..5 {
        matches = 0;
        let start = Instant::now();
        for number in &numbers {
            let rate = snapshot.customer_rate(customer, black_box(number));
            matches += u32::from(black_box(rate).is_some());
        }
        let nanos = start.elapsed().as_nanos() as f64 / f64::from(LOOKUPS);
        best = best.min(nanos);
    }
    (best, matches)
}

/// What the match takes in the script, and how many matches there were.
fn theirs(prefixes: &[String]) -> Option<(f64, u32)> {
    Command::new("kamailio").arg("-v").output().ok()?;
    let folder = tempfile::tempdir().unwrap();
    write_tables(folder.path(), prefixes);
    let log = folder.path().join("log");
    let mut command = Command::new("kamailio");
    command
        .args(["-DD", "-E", "-m", "1024", "-M", "256", "-f"])
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/benches/routing/lookup.cfg"
        ))
        .arg("-A")
        .arg(format!("TABLES=\"text://{}\"", folder.path().display()))
        .arg("-Y")
        .arg(folder.path())
        .arg("-P")
        .arg(folder.path().join("pid"));
    let mut program = Program::start(&mut command, &log);
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    let patience = Instant::now();
    // It reads its table for a while.
    while !said().contains("LOOKUPS done") {
        assert!(!program.has_ended(), "{}", said());
        assert!(patience.elapsed().as_secs() < 300, "{}", said());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    drop(program);
    Some(of_log(&said()))
}

/// Lines `LOOKUPS begin T`, `LOOKUPS drawn T` and `LOOKUPS matched T N`, for each round.
fn of_log(text: &str) -> (f64, u32) {
    let lines = text.lines();
    let lines = lines.filter_map(|line| line.split_once("LOOKUPS ").map(|(_, said)| said));
    let (mut before, mut matches) = (0.0, 0);
    // The machine disturbs single loops: each kind counts by its best.
    let (mut drawing, mut both) = (f64::MAX, f64::MAX);
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(time) = words.get(1).and_then(|word| word.parse::<f64>().ok()) else {
            continue;
        };
        match words[0] {
            "drawn" => drawing = drawing.min(time - before),
            "matched" => {
                both = both.min(time - before);
                matches = words[2].parse().unwrap();
            }
            _ => {}
        }
        before = time;
    }
    ((both - drawing) * 1e9 / f64::from(LOOKUPS), matches)
}

/// Tables as Kamailio's db_text reads them.
fn write_tables(folder: &Path, prefixes: &[String]) {
    let versions = "table_name(string) table_version(int)\nworld:1\nmtree:1\n";
    std::fs::write(folder.join("version"), versions).unwrap();
    let mut table = "id(int,auto) tprefix(string) tvalue(string)\n".to_owned();
    for (prefix, id) in prefixes.iter().zip(1..) {
        let _ = writeln!(table, "{id}:{prefix}:{id}");
    }
    std::fs::write(folder.join("world"), table).unwrap();
}
