//! What is aimed at, as ratios to the peers of the same run.

use crate::contender::{CLASS4, MINIMAL, OURS, OURS_HELD_OFF, TOPOH, TOPOS};
use crate::measure::Figures;
use crate::report::{Results, median};
use std::fmt::Write as _;

/// A figure of one run.
type Part = fn(&Figures) -> Option<f64>;

pub(crate) enum Aim {
    AtMost(f64),
    AtLeast(f64),
}

impl Aim {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::AtMost(ratio) => format!("≤ {ratio} ×"),
            Self::AtLeast(ratio) => format!("≥ {ratio} ×"),
        }
    }

    pub(crate) fn is_met(&self, ratio: f64) -> bool {
        match self {
            Self::AtMost(most) => ratio <= *most,
            Self::AtLeast(least) => ratio >= *least,
        }
    }
}

struct Target {
    what: &'static str,
    digits: usize,
    part: Part,
    against: &'static str,
    aim: Aim,
}

const CPU: Part = |run| Some(run.most.as_ref()?.cpu_us(|_| true));
const RATE: Part = |run| Some(run.most.as_ref()?.rate);
const MEMORY: Part = |run| run.held.as_ref()?.bytes_a_call;
/// Of the rate that all but the slowest have.
const DELAY: Part = |run| {
    Some(
        run.fixed
            .iter()
            .find(|window| window.rate == 4_000.0)?
            .setup
            .p99,
    )
};

const CPU_TEXT: &str = "CPU µs a call at the own most";
const RATE_TEXT: &str = "calls a second on one core";

const fn target(
    what: &'static str,
    digits: usize,
    part: Part,
    against: &'static str,
    aim: Aim,
) -> Target {
    Target {
        what,
        digits,
        part,
        against,
        aim,
    }
}

const TARGETS: [Target; 8] = [
    target(CPU_TEXT, 0, CPU, CLASS4, Aim::AtMost(0.3)),
    target(CPU_TEXT, 0, CPU, TOPOH, Aim::AtMost(0.2)),
    target(CPU_TEXT, 0, CPU, TOPOS, Aim::AtMost(0.2)),
    target(CPU_TEXT, 0, CPU, MINIMAL, Aim::AtMost(0.6)),
    target(RATE_TEXT, 0, RATE, CLASS4, Aim::AtLeast(2.5)),
    target(RATE_TEXT, 0, RATE, MINIMAL, Aim::AtLeast(1.2)),
    target(
        "setup p99 at 4,000 CPS, µs",
        0,
        DELAY,
        CLASS4,
        Aim::AtMost(0.5),
    ),
    target("bytes a call held", 0, MEMORY, CLASS4, Aim::AtMost(0.6)),
];
/// A call held may take no more than this, whatever the peer takes.
const BYTES_A_CALL_MAX: f64 = 4_096.0;
/// The most on two cores to the most on one.
const TWO_CORES: Aim = Aim::AtLeast(1.8);

const HEAD: &str = "| figure | aim | against | theirs | as it runs | ratio | | loading held off | ratio | |\n\
    |---|---|---|---:|---:|---:|---|---:|---:|---|\n";

/// The table of aims; nothing without figures of ours.
pub(crate) fn table(results: &Results) -> String {
    let mut text = HEAD.to_owned();
    for target in &TARGETS {
        let of = |name| median(results.runs(name).iter().filter_map(target.part));
        let Some(theirs) = of(target.against) else {
            continue;
        };
        let digits = target.digits;
        let _ = write!(
            text,
            "| {} | {} | {} | {theirs:.digits$} |",
            target.what,
            target.aim.text(),
            target.against
        );
        for ours in [OURS, OURS_HELD_OFF] {
            text.push_str(&cells(of(ours), theirs, &target.aim, digits));
        }
        text.push('\n');
    }
    text.push_str(&alone(results));
    if let Some(relay) = &results.relay {
        for (other, aim) in [("rtpengine", Aim::AtMost(0.5)), ("bare", Aim::AtMost(1.1))] {
            if let (Some(ratio), Some(ours), Some(theirs)) = (
                relay.ratio_to(other),
                relay.median_of("ours"),
                relay.median_of(other),
            ) {
                let _ = writeln!(
                    text,
                    "| CPU µs a relayed packet | {} | {other} | {theirs:.2} | {ours:.2} | {ratio:.2} | {} | | | |",
                    aim.text(),
                    verdict(aim.is_met(ratio))
                );
            }
        }
    }
    text
}

/// What is not compared with anybody.
fn alone(results: &Results) -> String {
    let mut text = String::new();
    let of = |name, part: Part| median(results.runs(name).iter().filter_map(part));
    let held = [OURS, OURS_HELD_OFF].map(|name| of(name, MEMORY));
    if held.iter().any(Option::is_some) {
        let _ = write!(text, "| bytes a call held | ≤ {BYTES_A_CALL_MAX} | | |");
        for bytes in held {
            let cell =
                |bytes: f64| format!(" {bytes:.0} | | {} |", verdict(bytes <= BYTES_A_CALL_MAX));
            text.push_str(&bytes.map_or_else(|| " – | – | |".to_owned(), cell));
        }
        text.push('\n');
    }
    let two: Part = |run| Some(run.two_cores.as_ref()?.rate);
    let pairs = [OURS, OURS_HELD_OFF].map(|name| (of(name, two), of(name, RATE)));
    if pairs.iter().any(|(two, _)| two.is_some()) {
        let _ = write!(
            text,
            "| calls a second on two cores | {} | one core | |",
            TWO_CORES.text()
        );
        for (two, one) in pairs {
            text.push_str(&cells(two, one.unwrap_or(f64::NAN), &TWO_CORES, 0));
        }
        text.push('\n');
    }
    text
}

fn cells(ours: Option<f64>, theirs: f64, aim: &Aim, digits: usize) -> String {
    let Some(ours) = ours else {
        return " – | – | |".to_owned();
    };
    let ratio = ours / theirs;
    format!(
        " {ours:.digits$} | {ratio:.2} | {} |",
        verdict(aim.is_met(ratio))
    )
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "not met" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Window;

    fn run(rate: f64) -> Figures {
        let most = Some(Window {
            rate,
            ..Window::default()
        });
        Figures {
            most,
            ..Figures::default()
        }
    }

    #[test]
    fn a_ratio_is_that_of_the_medians_and_met_or_not() {
        let mut results = Results::default();
        for rate in [9_000.0, 11_000.0, 10_000.0] {
            results.add(OURS, run(rate * 2.0));
            results.add(OURS_HELD_OFF, run(rate * 3.0));
            results.add(CLASS4, run(rate));
        }
        let table = table(&results);
        let line = table
            .lines()
            .find(|line| line.starts_with("| calls a second on one core"))
            .unwrap();
        assert_eq!(
            line,
            "| calls a second on one core | ≥ 2.5 × | Kamailio class4 | 10000 | 20000 | 2.00 | not met | 30000 | 3.00 | met |"
        );
    }
}
