//! What the mail of a scheduled report says.

use super::due::Due;
use crate::mail::SUBJECT_BYTES_MAX;
use crate::routes::reports::figures::{Sums, percent};
use crate::routes::reports::made::{Made, MadeLine};
use rating::Currency;
use resources::{ReportCount, ReportLines, ScheduledReport};
use std::fmt::Write as _;

/// Lines in the text; the file has all.
const LINES_MAX: usize = 20;

/// Longest name of a line in the text, characters.
const NAME_CHARS_MAX: usize = 32;

/// Room for a figure.
const WIDTH: usize = 15;

const CENT: i128 = 10_000_000;

/// Says of which days it is; a name may be too long for it.
pub(super) fn subject(name: &str, due: &Due) -> String {
    let days = days(due);
    let room = SUBJECT_BYTES_MAX.saturating_sub("[DIDTron] : ".len() + days.len());
    let name = name
        .get(..name.floor_char_boundary(room))
        .unwrap_or_default();
    format!("[DIDTron] {name}: {days}")
}

/// Totals, the greatest lines, and where the rest is; of the lines, the file has so many.
pub(super) fn text(
    name: &str,
    report: &ScheduledReport,
    due: &Due,
    made: &Made,
    in_file: usize,
) -> String {
    let mut text = String::new();
    let counted = match report.counted() {
        Ok(ReportCount::Attempts) => "Attempts",
        _ => "Calls",
    };
    let of = |what: &str, name: Option<&str>| {
        name.map_or_else(String::new, |name| format!(", {what} {name}"))
    };
    let customer = of("customer", report.customer.as_deref());
    let carrier = of("carrier", report.carrier.as_deref());
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{counted} by {}{customer}{carrier}\n{} ({})\n",
        title(report.lines),
        days(due),
        report.time_zone
    );
    totals(&mut text, made);
    lines(&mut text, report.lines, made);
    let all = made.lines.len();
    if in_file < all {
        let _ = writeln!(
            text,
            "\nThe file has the first {in_file} of {all} lines; the console and the API have all."
        );
    }
    if let Some(fill) = &made.filling {
        let _ = writeln!(
            text,
            "\nNot whole yet: {} of {} records of an earlier release are in these figures.",
            fill.done, fill.total
        );
    }
    let _ = writeln!(text, "\nYou get this by the scheduled report {name}.");
    text
}

type Figure = fn(&Sums) -> String;

/// The figures of all lines, those of the period before beside them.
fn totals(text: &mut String, made: &Made) {
    let before = made.previous_totals.as_ref();
    if before.is_some() {
        let _ = writeln!(text, "{:WIDTH$}{:>WIDTH$}{:>WIDTH$}", "", "now", "before");
    }
    let figures: [(&str, Figure); 9] = [
        ("Seizures", |sums| sums.all.seizures.to_string()),
        ("Answered", |sums| sums.all.answered.to_string()),
        ("ASR %", asr),
        ("NER %", |sums| {
            share(percent(sums.all.effective, sums.all.seizures))
        }),
        ("ACD", acd),
        ("Minutes", minutes),
        ("Charge", |sums| cents(sums.all.charge)),
        ("Cost", |sums| cents(sums.all.cost)),
        ("Margin", |sums| cents(sums.all.margin())),
    ];
    for (title, figure) in figures {
        let currency = match title {
            "Charge" | "Cost" | "Margin" => Currency::USD.to_string(),
            _ => String::new(),
        };
        let title = format!("{title} {currency}");
        let now = figure(&made.totals);
        let before = before.map_or_else(String::new, |sums| format!("{:>WIDTH$}", figure(sums)));
        let _ = writeln!(text, "{title:WIDTH$}{now:>WIDTH$}{before}");
    }
}

/// The first lines, which are the greatest unless they are of hours or days.
fn lines(text: &mut String, lines: ReportLines, made: &Made) {
    if made.lines.is_empty() {
        return;
    }
    let _ = write!(text, "\n{:NAME_CHARS_MAX$}", title(lines));
    for head in [
        "seizures", "ASR %", "ACD", "minutes", "charge", "cost", "margin",
    ] {
        let _ = write!(text, "{head:>WIDTH$}");
    }
    text.push('\n');
    for line in made.lines.iter().take(LINES_MAX) {
        let sums = &line.sums;
        let _ = write!(text, "{:NAME_CHARS_MAX$}", name(line, made));
        for figure in [
            sums.all.seizures.to_string(),
            asr(sums),
            acd(sums),
            minutes(sums),
            cents(sums.all.charge),
            cents(sums.all.cost),
            cents(sums.all.margin()),
        ] {
            let _ = write!(text, "{figure:>WIDTH$}");
        }
        text.push('\n');
    }
    let rest = made.lines.len().saturating_sub(LINES_MAX);
    if rest > 0 {
        let _ = writeln!(text, "and {rest} more in the file");
    }
}

fn name(line: &MadeLine, made: &Made) -> String {
    let name = match (line.start, &line.name) {
        (Some(start), _) => made.period.local(start),
        (None, Some(name)) => name.clone(),
        (None, None) => "(none)".into(),
    };
    match name.char_indices().nth(NAME_CHARS_MAX - 1) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name,
    }
}

fn title(lines: ReportLines) -> &'static str {
    match lines {
        ReportLines::Hour => "hour",
        ReportLines::Day => "day",
        ReportLines::Customer => "customer",
        ReportLines::Carrier => "carrier",
        ReportLines::Destination => "destination",
        ReportLines::IngressTrunk => "ingress trunk",
        ReportLines::EgressTrunk => "egress trunk",
    }
}

fn days(due: &Due) -> String {
    match due.first == due.last {
        true => due.first.to_string(),
        false => format!("{} to {}", due.first, due.last),
    }
}

fn asr(sums: &Sums) -> String {
    share(percent(sums.all.answered, sums.all.seizures))
}

fn share(percent: Option<f64>) -> String {
    percent.map_or_else(|| "-".into(), |percent| format!("{percent:.2}"))
}

/// Minutes and seconds.
fn acd(sums: &Sums) -> String {
    match sums.all.answered {
        0 => "-".into(),
        answered => {
            let seconds = sums.all.talk_ms / answered / 1_000;
            format!("{}:{:02}", seconds / 60, seconds % 60)
        }
    }
}

/// Of talk, to the tenth.
fn minutes(sums: &Sums) -> String {
    let tenths = sums.all.talk_ms / 6_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// An amount to the cent, halves away from zero: the file has it whole.
fn cents(nanos: i128) -> String {
    let cents = (nanos.abs() + CENT / 2) / CENT;
    let sign = if nanos < 0 && cents > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_told_to_the_cent() {
        for (nanos, told) in [
            (0, "0.00"),
            (4_999_999, "0.00"),
            (5_000_000, "0.01"),
            (-4_999_999, "0.00"),
            (-5_000_000, "-0.01"),
            (1_234_567_890_000, "1234.57"),
            (-12_000_000_000, "-12.00"),
        ] {
            assert_eq!(cents(nanos), told, "{nanos}");
        }
    }
}
