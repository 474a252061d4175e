//! The section of `BENCHMARKS.md` that this benchmark owns.

use crate::lists::ListFigures;
use crate::load::{CONNECTIONS, Figure};
use crate::push::{BYSTANDERS, CHANGED};
use crate::sheet::{MANAGEMENT, machine, output};
use crate::{FEW, MANY};
use std::fmt::Write;
use std::time::Duration;

pub(crate) fn section(lists: &[ListFigures], pushes: &[Duration], memory_mib: f64) -> String {
    let (few, many) = (FEW.customers, MANY.customers);
    let versions = MANY.customers as u64 * u64::from(MANY.versions);
    let date = output("date", &["-u", "+%Y-%m-%d %H:%M UTC"]);
    let mut text = format!(
        "{MANAGEMENT}\n\nCommand: `cargo bench -p didtron --bench management`, {date}, {}.\n\
         Two servers on SQLite, one with {few} customers, one with {many} customers and {versions} versions of them,\n\
         are asked for pages of 50 customers in turns by {CONNECTIONS} connections that stay open; each sends the next\n\
         request when it has the answer. The one who asks runs on the same cores. Medians over the turns; the ratio is\n\
         that of processor time, large store to small. The large server takes {memory_mib:.0} MiB.\n\n\
         | list | store | answers a second | p50 ms | p99 ms | CPU µs per answer | ratio |\n\
         |---|---|---:|---:|---:|---:|---:|\n",
        machine(),
    );
    for figures in lists {
        row(&mut text, figures.question, "small", &figures.few, None);
        let ratios = figures.few.iter().zip(&figures.many);
        let ratio = median(ratios.map(|(few, many)| many.cpu_us / few.cpu_us));
        row(
            &mut text,
            figures.question,
            "large",
            &figures.many,
            Some(ratio),
        );
    }
    let (middle, longest) = (pushes[pushes.len() / 2], pushes[pushes.len() - 1]);
    let _ = write!(
        text,
        "\nA push of {CHANGED} changed trunks beside as many carriers and {BYSTANDERS} customers, from the request \
         until calls\nuse it: median {} ms, longest {} ms of {}.\n",
        middle.as_millis(),
        longest.as_millis(),
        pushes.len()
    );
    text
}

fn row(text: &mut String, question: &str, store: &str, figures: &[Figure], ratio: Option<f64>) {
    let of = |value: fn(&Figure) -> f64| median(figures.iter().map(value));
    let ratio = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
    let _ = writeln!(
        text,
        "| {question} | {store} | {:.0} | {:.1} | {:.1} | {:.0} | {ratio} |",
        of(|figure| figure.rate),
        of(|figure| figure.p50_ms),
        of(|figure| figure.p99_ms),
        of(|figure| figure.cpu_us),
    );
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
