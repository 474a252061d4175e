//! What was measured, and how it is told.

use std::fmt;

/// Of one contender in one round.
pub(crate) struct Figures {
    pub(crate) full_us: f64,
    pub(crate) full_per_second: f64,
    pub(crate) full_calls: f64,
    pub(crate) full_lost: f64,
    pub(crate) paced_us: f64,
    pub(crate) paced_lost: f64,
    pub(crate) delay_p50_us: f64,
    pub(crate) delay_p99_us: f64,
    pub(crate) bytes_per_session: f64,
}

/// One figure of a contender: its title, its digits after the point, and how it is taken.
type Column = (&'static str, usize, fn(&Figures) -> f64);

const COLUMNS: [Column; 9] = [
    ("full: CPU µs a packet", 2, |f| f.full_us),
    ("full: packets/s", 0, |f| f.full_per_second),
    ("full: system calls a packet", 2, |f| f.full_calls),
    ("full: lost, %", 3, |f| f.full_lost),
    ("paced: CPU µs a packet", 2, |f| f.paced_us),
    ("paced: lost, %", 3, |f| f.paced_lost),
    ("paced: delay p50, µs", 0, |f| f.delay_p50_us),
    ("paced: delay p99, µs", 0, |f| f.delay_p99_us),
    ("bytes a session", 0, |f| f.bytes_per_session),
];

/// What is compared between contenders.
const RATIOS: [Column; 4] = [COLUMNS[0], COLUMNS[4], COLUMNS[6], COLUMNS[7]];

/// All rounds.
#[derive(Default)]
pub(crate) struct Results(Vec<(u16, &'static str, Figures)>);

impl Results {
    pub(crate) fn add(&mut self, round: u16, name: &'static str, figures: Figures) {
        self.0.push((round, name, figures));
    }

    /// A table of medians with the least and the most, and what the first of `names` takes of what each
    /// other takes. Ratios are taken within a round, so that a busy moment meets both sides.
    pub(crate) fn print(&self, names: &[&str]) {
        println!(
            "\n| median (least–most) of the rounds | {} |",
            names.join(" | ")
        );
        println!("|---|{}", "---:|".repeat(names.len()));
        for (title, digits, part) in COLUMNS {
            let cells = names.iter().map(|name| {
                let values = self.of(name).map(|(_, figures)| part(figures)).collect();
                Spread::of(values).show(digits)
            });
            println!("| {title} | {} |", cells.collect::<Vec<_>>().join(" | "));
        }
        let Some((first, others)) = names.split_first() else {
            return;
        };
        for (title, _, part) in RATIOS {
            for other in others {
                let ratios = self.of(first).filter_map(|(round, ours)| {
                    let (_, theirs) = self.of(other).find(|(of, _)| *of == round)?;
                    Some(part(ours) / part(theirs))
                });
                let ratio = Spread::of(ratios.collect()).show(2);
                println!("{first} / {other}, {title}: {ratio}");
            }
        }
    }

    fn of(&self, name: &str) -> impl Iterator<Item = (u16, &Figures)> {
        let rounds = self.0.iter().filter(move |(_, of, _)| *of == name);
        rounds.map(|(round, _, figures)| (*round, figures))
    }
}

/// Values of the rounds, sorted.
struct Spread(Vec<f64>);

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.retain(|value| value.is_finite());
        values.sort_unstable_by(f64::total_cmp);
        Self(values)
    }

    fn show(&self, digits: usize) -> String {
        match self.0.as_slice() {
            [] => "–".to_owned(),
            values => format!(
                "{:.digits$} ({:.digits$}–{:.digits$})",
                values[values.len() / 2],
                values[0],
                values[values.len() - 1],
            ),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = COLUMNS.map(|(title, digits, part)| format!("{title} {:.digits$}", part(self)));
        out.write_str(&parts.join("; "))
    }
}
