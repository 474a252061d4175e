//! Packets: what `make bench-relay` measures, taken over.

use crate::world::root;
use std::process::Command;

/// The table that it printed, and its lines of ratios.
pub(crate) struct Relay {
    pub(crate) table: String,
    ratios: Vec<String>,
}

const SESSIONS: &str = "1000";

/// None where it cannot be built or run.
pub(crate) fn measure(rounds: usize) -> Option<Relay> {
    println!("packets through relays");
    // It chooses its cores itself.
    crate::sockets::keep_to(&[]);
    let output = Command::new("cargo")
        .args([
            "bench",
            "--locked",
            "-p",
            "media-relay",
            "--bench",
            "relays",
            "--",
            SESSIONS,
        ])
        .arg(rounds.to_string())
        .current_dir(root())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        println!("{said}{}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    Some(Relay::read(&said))
}

impl Relay {
    fn read(said: &str) -> Self {
        let table: Vec<&str> = said.lines().filter(|line| line.starts_with('|')).collect();
        let ratios = said.lines().filter(|line| line.starts_with("ours / "));
        Self {
            table: table.join("\n"),
            ratios: ratios.map(str::to_owned).collect(),
        }
    }

    /// Processor time of a packet at full load, ours to that of `other`: the median of the rounds.
    pub(crate) fn ratio_to(&self, other: &str) -> Option<f64> {
        let start = format!("ours / {other}, full: CPU");
        let line = self.ratios.iter().find(|line| line.starts_with(&start))?;
        line.rsplit(": ").next()?.split(' ').next()?.parse().ok()
    }

    /// The medians of the same figure.
    pub(crate) fn median_of(&self, other: &str) -> Option<f64> {
        let cells = |line: &str| -> Vec<String> {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect()
        };
        let mut lines = self.table.lines();
        let place = cells(lines.next()?).iter().position(|name| name == other)?;
        let line = lines.find(|line| line.starts_with("| full: CPU"))?;
        cells(line).get(place)?.split(' ').next()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_the_other_benchmark_are_taken_over() {
        let said = "1000 sessions, 3 rounds\n\n| median (least–most) of the rounds | ours | bare | rtpengine |\n\
            |---|---:|---:|---:|\n| full: CPU µs a packet | 4.90 (4.22–5.15) | 4.30 (3.87–4.50) | 8.03 (7.23–8.21) |\n\
            ours / bare, full: CPU µs a packet: 1.14 (1.07–1.16)\nours / rtpengine, full: CPU µs a packet: 0.61 (0.58–0.63)\n\
            ours / bare, paced: CPU µs a packet: 9.00 (1.00–1.00)\n";
        let relay = Relay::read(said);
        assert_eq!(relay.table.lines().count(), 3);
        assert_eq!(relay.ratio_to("bare"), Some(1.14));
        assert_eq!(relay.ratio_to("rtpengine"), Some(0.61));
        assert_eq!(relay.ratio_to("nobody"), None);
        assert_eq!(relay.median_of("rtpengine"), Some(8.03));
    }
}
