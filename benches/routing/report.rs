//! The section of `BENCHMARKS.md` that this benchmark owns.

use crate::compile::{CARRIERS, Compiled, PREFIXES};
use crate::decisions::{Decisions, Kept};
use crate::import::{Import, ROWS};
use crate::kamailio::Lookups;
use crate::push::{LOAD, Push};
use crate::sheet::{ROUTING, machine, output};
use std::fmt::Write;

pub(crate) struct Figures {
    pub(crate) compiled: Compiled,
    pub(crate) decisions: Vec<Decisions>,
    pub(crate) kept: Vec<Kept>,
    /// A second.
    pub(crate) charges: f64,
    pub(crate) lookups: Lookups,
    pub(crate) imports: Vec<Import>,
    pub(crate) push: Push,
}

pub(crate) fn section(figures: &Figures) -> String {
    let date = output("date", &["-u", "+%Y-%m-%d %H:%M UTC"]);
    let mut text = format!(
        "{ROUTING}\n\nCommand: `cargo bench -p didtron --bench routing`, {date}, {}.\n\n",
        machine()
    );
    compiled(&mut text, &figures.compiled);
    decided(&mut text, figures);
    kept(&mut text, &figures.kept);
    looked_up(&mut text, &figures.lookups);
    imported(&mut text, &figures.imports);
    pushed(&mut text, &figures.push);
    text
}

fn compiled(text: &mut String, of: &Compiled) {
    let _ = write!(
        text,
        "### Ten million rates in memory\n\n{CARRIERS} carriers of {PREFIXES} prefixes each, and the demo's cards of customers; \
         decks are read already. Memory is what was asked of the\nallocator and not given back.\n\n\
         | figure | |\n|---|---:|\n\
         | rates | {} |\n| compiled from nothing, s | {:.2} |\n| compiled again with one card changed, s | {:.2} |\n\
         | decks, MiB | {:.0} |\n| snapshot beside them, MiB | {:.0} |\n| both at the peak of compiling, MiB | {:.0} |\n\n",
        of.rates,
        of.compiling.as_secs_f64(),
        of.again.as_secs_f64(),
        of.decks_mib,
        of.snapshot_mib,
        of.peak_mib
    );
}

fn decided(text: &mut String, figures: &Figures) {
    text.push_str(
        "### A whole decision\n\nIdentification, numbers, limits, the customer's rate and the ranked list of routes, for numbers drawn \
         over the whole world deck, by one thread.\nThe clock's own 20 ns are in each.\n\n\
         | world | routes of a call | p50 ns | p99 ns |\n|---|---:|---:|---:|\n",
    );
    for of in &figures.decisions {
        let _ = writeln!(
            text,
            "| {} | {:.1} | {} | {} |",
            of.world, of.routes, of.p50_ns, of.p99_ns
        );
    }
    let _ = write!(
        text,
        "\nCharges with intervals of 30/6, fees and a grace period: {:.1} million a second on one core.\n\n",
        figures.charges / 1e6
    );
}

fn kept(text: &mut String, worlds: &[Kept]) {
    text.push_str(
        "### Rates by who calls\n\nThe same cards without and with two rates for some callers beside each rate for all: to +1 for interstate \
         and intrastate calls, elsewhere for\ncallers of two countries. Their decisions are in the table above.\n\n\
         | world | rates | decks MiB | snapshot beside them MiB |\n|---|---:|---:|---:|\n",
    );
    for of in worlds {
        let _ = writeln!(
            text,
            "| {} | {} | {:.0} | {:.0} |",
            of.world, of.rates, of.decks_mib, of.snapshot_mib
        );
    }
    text.push('\n');
}

fn looked_up(text: &mut String, of: &Lookups) {
    let _ = write!(
        text,
        "### One longest match in memory, beside Kamailio\n\nThe same {} prefixes and 200,000 numbers, of which {} have a match on both sides. \
         Kamailio is `mt_match` of its mtree, in a loop of its script\nwithout what the loop takes alone: its interpreter's call of \
         the function and the variable with what was found are in it.\n\n| | ns | ratio |\n|---|---:|---:|\n| ours | {:.0} | 1 |\n",
        of.prefixes, of.matches, of.ours_ns
    );
    if let Some(kamailio) = of.kamailio_ns {
        let ratio = kamailio / of.ours_ns;
        let version = output("kamailio", &["-v"]);
        let version = version.split_whitespace().nth(2).unwrap_or_default();
        let _ = writeln!(text, "| Kamailio {version} | {kamailio:.0} | {ratio:.1} |");
    }
    text.push('\n');
}

fn imported(text: &mut String, imports: &[Import]) {
    let _ = write!(
        text,
        "### A deck of {ROWS} rows\n\nSent by the command line to a switch with SQLite; the change set is pushed alone.\n\n\
         | deck | parsed and compared s | applied s | pushed s | resident MiB | most MiB |\n|---|---:|---:|---:|---:|---:|\n"
    );
    for of in imports {
        let _ = writeln!(
            text,
            "| {} | {:.1} | {:.1} | {:.1} | {:.0} | {:.0} |",
            of.what,
            of.read.as_secs_f64(),
            of.applied.as_secs_f64(),
            of.pushed.as_secs_f64(),
            of.resident_mib,
            of.peak_mib
        );
    }
    text.push('\n');
}

fn pushed(text: &mut String, of: &Push) {
    let _ = write!(
        text,
        "### A push of a changed card of {ROWS} rates under {LOAD} CPS\n\nSIPp places the load and plays the carrier on the same cores; setup \
         times are those of another caller beside it.\n\n\
         | figure | |\n|---|---:|\n| from the request until calls are decided by it, s | {:.2} |\n\
         | calls of the load | {} |\n| of which failed | {} |\n| failed calls of the other caller | {} |\n\
         | setup before, p50 and p99 ms | {:.2} / {:.2} |\n| setup meanwhile and a second longer, p50 and p99 ms | {:.2} / {:.2} |\n",
        of.took.as_secs_f64(),
        of.calls,
        of.failed,
        of.failed_probes,
        of.before.p50_ms,
        of.before.p99_ms,
        of.during.p50_ms,
        of.during.p99_ms
    );
}
