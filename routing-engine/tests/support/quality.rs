//! Random attempts of carriers, and what they say of them in plain words.

use super::numbers::Random;
use super::world::{World, digits, one_in};
use routing_engine::QualityTable;
use routing_engine::quality::{Counts, QualityKey, QualityWindow};

pub(crate) struct Observed {
    pub(crate) table: QualityTable,
    /// Carrier, prefix of its rate, what became of its attempts.
    attempts: Vec<(i64, String, Counts)>,
}

/// ASR and NER in millionths, PDD and ACD in milliseconds.
pub(crate) type Figures = [u64; 4];

/// What a carrier is like of which nothing is known.
const PRIOR: Figures = [500_000, 900_000, 3_000, 180_000];

/// Digits of the prefixes that hold what was tried below them.
const PARENTS: [usize; 3] = [0, 2, 4];

pub(crate) fn random(random: &mut Random, world: &World) -> Observed {
    let mut attempts = Vec::new();
    for carrier in 1..=world.carriers.len() as i64 {
        for _ in 0..random.below(6) {
            let attempted = random.below(80) as u32;
            let answered = random.below(attempted as usize + 1) as u32;
            let counts = Counts {
                attempts: attempted,
                answered,
                effective: answered,
                rang: answered,
                pdd_ms: u64::from(answered) * random.below(9_000) as u64,
                ended: answered,
                talk_ms: u64::from(answered) * random.below(400_000) as u64,
            };
            attempts.push((carrier, digits(random, 5), counts));
        }
    }
    if one_in(random, 8) {
        attempts.clear();
    }
    let counted = attempts.iter();
    let counted =
        counted.map(|(carrier, prefix, counts)| (QualityKey::new(*carrier, prefix), *counts));
    let mut window = QualityWindow::default();
    window.add(7, counted);
    Observed {
        table: window.table(7),
        attempts,
    }
}

impl Observed {
    /// The figures of a carrier for a prefix, and its attempts there.
    pub(crate) fn of(&self, carrier: i64, prefix: &str) -> (Figures, u32) {
        let mut lengths: Vec<_> = PARENTS
            .into_iter()
            .filter(|length| *length < prefix.len())
            .collect();
        lengths.push(prefix.len());
        let mut figures = PRIOR;
        let mut attempts = 0;
        // From the whole carrier down: each level borrows from the one above.
        for length in lengths {
            let level = &prefix[..length];
            let is_here = |attempted: &str| match PARENTS.contains(&length) {
                true => attempted.starts_with(level),
                false => attempted == level,
            };
            let here = self.attempts.iter();
            let here = here.filter(|(of, attempted, _)| *of == carrier && is_here(attempted));
            let here: Vec<_> = here.map(|(_, _, counts)| *counts).collect();
            let mut sum = Counts::default();
            here.iter().for_each(|counts| sum += *counts);
            attempts = sum.attempts;
            if here.is_empty() {
                continue;
            }
            let mean =
                |sum: u64, count: u32, above: u64| (sum + 20 * above) / (u64::from(count) + 20);
            figures = [
                mean(
                    u64::from(sum.answered) * 1_000_000,
                    sum.attempts,
                    figures[0],
                ),
                mean(
                    u64::from(sum.effective) * 1_000_000,
                    sum.attempts,
                    figures[1],
                ),
                mean(sum.pdd_ms, sum.rang, figures[2]),
                mean(sum.talk_ms, sum.ended, figures[3]),
            ];
        }
        (figures, attempts)
    }
}

/// 0 to 1,000.
pub(crate) fn score([asr, ner, pdd, acd]: Figures) -> u64 {
    let talk = (acd * 1_000_000 / 180_000).min(1_000_000);
    let delay = 1_000_000 - (pdd * 1_000_000 / 10_000).min(1_000_000);
    (3 * asr + 3 * ner + 2 * talk + 2 * delay) / 10_000
}
