//! The section of `BENCHMARKS.md` that this benchmark owns.

use crate::contender::Contender;
use crate::measure::Figures;
use crate::relay::Relay;
use crate::sheet::{PEERS, machine, output};
use crate::targets;
use crate::window::Window;
use crate::world;
use std::fmt::Write as _;

/// All runs of all contenders, in the order in which they were measured.
#[derive(Default)]
pub(crate) struct Results {
    versions: Vec<String>,
    /// As it is seen by who is not kept to a core.
    machine: String,
    figures: Vec<(&'static str, Vec<Figures>)>,
    pub(crate) relay: Option<Relay>,
}

/// The middle one; of an even number the upper.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values = sorted(values);
    values.get(values.len() / 2).copied()
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// The median with the least and the most.
fn spread(values: impl Iterator<Item = f64>, digits: usize) -> String {
    match sorted(values).as_slice() {
        [] => "–".to_owned(),
        values => format!(
            "{:.digits$} ({:.digits$}–{:.digits$})",
            values[values.len() / 2],
            values[0],
            values[values.len() - 1]
        ),
    }
}

/// A window of each run.
type Of = fn(&Figures) -> Option<&Window>;
const MOST: Of = |run| run.most.as_ref();
const HALF: Of = |run| run.half.as_ref();
const HELD: Of = |run| run.held.as_ref();
const FAILOVER: Of = |run| run.failover.as_ref();
const TWO_CORES: Of = |run| run.two_cores.as_ref();

/// The path of a call, by the names of threads; SQLite's work is told apart, and the rest.
fn is_call_path(thread: &str) -> bool {
    thread.starts_with("shard")
}

fn is_database(thread: &str) -> bool {
    thread.starts_with("sqlx")
}

impl Results {
    pub(crate) fn new(contenders: &[Box<dyn Contender>]) -> Self {
        let mut versions: Vec<String> = contenders
            .iter()
            .map(|contender| contender.version())
            .collect();
        versions.retain(|version| !version.is_empty());
        versions.dedup();
        Self {
            versions,
            machine: machine(),
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, name: &'static str, figures: Figures) {
        match self.figures.iter_mut().find(|(of, _)| *of == name) {
            Some((_, runs)) => runs.push(figures),
            None => self.figures.push((name, vec![figures])),
        }
    }

    pub(crate) fn runs(&self, name: &str) -> &[Figures] {
        let of = self.figures.iter().find(|(of, _)| *of == name);
        of.map_or(&[], |(_, runs)| runs)
    }

    /// The section, of what was chosen.
    pub(crate) fn section(&self, chosen: &str) -> String {
        let date = output("date", &["-u", "+%Y-%m-%d %H:%M UTC"]);
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let runs = self
            .figures
            .iter()
            .map(|(_, runs)| runs.len())
            .max()
            .unwrap_or(0);
        let mut text = format!(
            "{PEERS}\n\nCommand: `make bench-peers RUNS={runs}{}`, {date}, {}, load {}.\nVersions: {}.\n{METHOD}",
            if chosen.is_empty() {
                String::new()
            } else {
                format!(" PEERS=\"{chosen}\"")
            },
            self.machine,
            load.split(' ').next().unwrap_or_default(),
            self.versions.join("; ")
        );
        text.push_str("\n### What is aimed at\n\nRatios of the medians of this run.\n\n");
        text.push_str(&targets::table(self));
        self.most(&mut text);
        self.fixed(&mut text);
        self.parts(&mut text);
        self.others(&mut text);
        if let Some(relay) = &self.relay {
            let _ = write!(
                text,
                "\n### Packets\n\nAs `make bench-relay` measures them.\n\n{}\n",
                relay.table
            );
        }
        text
    }

    fn most(&self, text: &mut String) {
        text.push_str(
            "\n### The most that one core holds\n\n| server | CPS | CPU µs a call | setup p50 µs | setup p99 µs | \
             setup p50 at half of it | p99 at half of it | generator's load |\n|---|---:|---:|---:|---:|---:|---:|---:|\n",
        );
        for (name, runs) in &self.figures {
            let of = |of: Of, part: fn(&Window) -> f64, digits| {
                spread(runs.iter().filter_map(of).map(part), digits)
            };
            let _ = writeln!(
                text,
                "| {name} | {} | {} | {} | {} | {} | {} | {} |",
                of(MOST, |w| w.rate, 0),
                of(MOST, |w| w.cpu_us(|_| true), 0),
                of(MOST, |w| w.setup.p50, 0),
                of(MOST, |w| w.setup.p99, 0),
                of(HALF, |w| w.setup.p50, 0),
                of(HALF, |w| w.setup.p99, 0),
                of(MOST, |w| w.generator_load, 2)
            );
        }
    }

    fn fixed(&self, text: &mut String) {
        text.push_str(
            "\n### At the same rates\n\n| server | CPS | CPU µs a call | setup p50 µs | setup p99 µs | failed | \
             retransmitted | others' cores |\n|---|---:|---:|---:|---:|---:|---:|---:|\n",
        );
        for (name, runs) in &self.figures {
            let places = runs.iter().map(|run| run.fixed.len()).max().unwrap_or(0);
            for place in 0..places {
                let windows = || runs.iter().filter_map(|run| run.fixed.get(place));
                row(text, name, windows);
            }
        }
        text.push_str("\nThe first carrier refuses every call with 503, the second answers:\n\n");
        text.push_str(
            "| server | CPS | CPU µs a call | setup p50 µs | setup p99 µs | failed | retransmitted | others' cores |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|\n",
        );
        for (name, runs) in &self.figures {
            let windows = || runs.iter().filter_map(FAILOVER);
            if windows().next().is_some() {
                row(text, name, windows);
            }
        }
    }

    /// Where our own time goes.
    fn parts(&self, text: &mut String) {
        let ours = self
            .figures
            .iter()
            .filter(|(name, _)| name.starts_with(crate::contender::OURS));
        let mut rows = String::new();
        for (name, runs) in ours {
            let places = runs.iter().map(|run| run.fixed.len()).max().unwrap_or(0);
            let fixed = (0..places)
                .map(|place| runs.iter().filter_map(|run| run.fixed.get(place)).collect());
            let most: Vec<&Window> = runs.iter().filter_map(MOST).collect();
            let all: Vec<Vec<&Window>> = fixed
                .chain([most])
                .filter(|windows: &Vec<_>| !windows.is_empty())
                .collect();
            for windows in all {
                let of =
                    |part: fn(&Window) -> f64| spread(windows.iter().map(|window| part(window)), 0);
                let _ = writeln!(
                    rows,
                    "| {name} | {} | {} | {} | {} |",
                    of(|w| w.rate),
                    of(|w| w.cpu_us(is_call_path)),
                    of(|w| w.cpu_us(is_database)),
                    of(|w| w.cpu_us(|thread| !is_call_path(thread) && !is_database(thread)))
                );
            }
        }
        if !rows.is_empty() {
            let _ = write!(
                text,
                "\n### Where our own time goes\n\nµs a call. The call path is the thread that owns the calls: sockets, SIP, decision, money, rating, \
                 the record into the\njournal. The rest is mostly the loader's own part: reading the journal, posting to the ledger, sums.\n\n\
                 | server | CPS | call path | SQLite's thread | rest |\n|---|---:|---:|---:|---:|\n{rows}"
            );
        }
    }

    fn others(&self, text: &mut String) {
        let shares = if world::has_third() {
            "the server has two cores and the generator a third"
        } else {
            "the machine has two cores: server and generator share both, so that the server cannot have twice as much"
        };
        let _ = write!(
            text,
            "\n### Calls that are held, and two cores\n\nBytes are the growth of the processes' proportional memory up to so many held calls, placed at \
             500 a second.\nWith two cores (four children of Kamailio, two shards of ours), {shares}.\n\n\
             | server | held at once | bytes a call | CPS with two cores | to one |\n|---|---:|---:|---:|---:|\n"
        );
        for (name, runs) in &self.figures {
            let of =
                |of: Of, part: fn(&Window) -> f64| spread(runs.iter().filter_map(of).map(part), 0);
            let rate = |of: Of| median(runs.iter().filter_map(of).map(|window| window.rate));
            let to_one = rate(TWO_CORES)
                .zip(rate(MOST))
                .map_or("–".to_owned(), |(two, one)| format!("{:.2}", two / one));
            if runs.iter().any(|run| run.held.is_some()) {
                let _ = writeln!(
                    text,
                    "| {name} | {} | {} | {} | {to_one} |",
                    of(HELD, |w| w.held_at_once as f64),
                    of(HELD, |w| w.bytes_a_call.unwrap_or(f64::NAN)),
                    of(TWO_CORES, |w| w.rate)
                );
            }
        }
    }
}

fn row<'w, W: Iterator<Item = &'w Window>>(text: &mut String, name: &str, windows: impl Fn() -> W) {
    let of = |part: fn(&Window) -> f64, digits| spread(windows().map(part), digits);
    let _ = writeln!(
        text,
        "| {name} | {} | {} | {} | {} | {} | {} | {} |",
        windows().next().map_or(f64::NAN, |window| window.rate),
        of(|w| w.cpu_us(|_| true), 0),
        of(|w| w.setup.p50, 0),
        of(|w| w.setup.p99, 0),
        of(|w| w.failed as f64, 0),
        of(|w| w.retransmitted as f64, 0),
        of(|w| w.other_load, 2)
    );
}

const METHOD: &str = "
One generator for all: caller and carrier in one thread, calls evenly paced, INVITE of some 750 bytes, 180 and 200 at once, ACK and BYE at
once (hold 0), from 64 customers of whom half dial a tech prefix, to random numbers behind the 114,805 dial codes of the demo's deck. The
server has core 0, the generator core 1; everything is on loopback, which charges the delivery of a packet to who sends it. A window is 5 s
after 6 s; CPU is what the kernel gave to all threads of the server in it, Redis and SQLite among them. A rate is held when at most 0.1 % of calls
fail, retransmissions are at most 1 %, at least 98.5 % was offered and none is left. Median (least–most) of the runs.

DIDTron decides with ten carriers' cards of all codes each, profit guard, limits of calls per second and channels, prepaid money and two-sided
rating, hides the topology wholly (B2BUA), and journals a record. *As it runs*, the same core also posts every record to the ledger and the
reports in SQLite. *Loading held off* leaves that for later (`cdr.load_interval_ms`), which is nearer to what the peers do. Kamailio (2 children,
tlsf, 4 GiB shared memory touched at the start) has limits, one tree of the same codes, dialogs and a file of records; it stays a proxy, has no
prices, ranks nothing and knows no money. *Minimal* relays and does nothing else.
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contender::{CLASS4, OURS};

    #[test]
    fn a_spread_is_the_median_with_least_and_most() {
        assert_eq!(
            spread([3.0, 1.0, f64::NAN, 2.0].into_iter(), 1),
            "2.0 (1.0–3.0)"
        );
        assert_eq!(spread(std::iter::empty(), 1), "–");
        assert_eq!(median([4.0, 1.0].into_iter()), Some(4.0));
    }

    #[test]
    fn a_section_has_its_heading_and_every_contender() {
        let window = Window {
            rate: 4_000.0,
            ended: 10,
            ..Window::default()
        };
        let figures = || Figures {
            fixed: vec![window.clone()],
            most: Some(window.clone()),
            held: Some(window.clone()),
            two_cores: Some(window.clone()),
            ..Figures::default()
        };
        let mut results = Results::default();
        results.add(OURS, figures());
        results.add(CLASS4, figures());
        let text = results.section("");
        assert!(text.starts_with(PEERS));
        assert!(!text[1..].contains("\n## "), "one section");
        for part in [
            "The most that one core holds",
            "At the same rates",
            "Where our own time goes",
            "two cores",
        ] {
            let part = text.split(part).nth(1).unwrap();
            assert!(part.contains("| DIDTron |"), "{part}");
        }
    }
}
