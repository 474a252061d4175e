#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;

fn counts(attempts: u32, answered: u32) -> Counts {
    Counts {
        attempts,
        answered,
        effective: answered,
        rang: answered,
        pdd_ms: u64::from(answered) * 2_000,
        ended: answered,
        talk_ms: u64::from(answered) * 60_000,
    }
}

fn table(counted: &[(i64, &str, Counts)]) -> QualityTable {
    let mut window = QualityWindow::default();
    let keyed = counted
        .iter()
        .map(|(carrier, prefix, counts)| (QualityKey::new(*carrier, prefix), *counts));
    window.add(100, keyed);
    window.table(100)
}

#[test]
fn nothing_known_is_the_prior() {
    assert_eq!(QualityTable::empty().get(1, "2010"), Quality::PRIOR);
    let other = table(&[(2, "2010", counts(100, 0))]);
    assert_eq!(other.get(1, "2010"), Quality::PRIOR);
    assert_eq!(Quality::PRIOR.score(), 760);
}

#[test]
fn figures_are_means_with_the_weight_of_twenty_parents() {
    let table = table(&[(1, "20", counts(80, 60))]);
    // The carrier as a whole, over the prior; then its one prefix over that.
    let whole = (60_000_000 + 20 * 500_000) / 100;
    let prefix = (60_000_000 + 20 * whole) / 100;
    let found = table.get(1, "20");
    assert_eq!((found.attempts, found.asr_ppm), (80, prefix));
    assert_eq!(
        found.pdd_ms,
        (60 * 2_000 + 20 * ((60 * 2_000 + 20 * 3_000) / 80)) / 80
    );
}

#[test]
fn a_prefix_without_attempts_borrows_from_the_closest_parent() {
    let table = table(&[
        (1, "2010", counts(1_000, 900)),
        (1, "4420", counts(1_000, 100)),
    ]);
    let (good, bad) = (table.get(1, "20105"), table.get(1, "44205"));
    assert_eq!((good.attempts, bad.attempts), (0, 0));
    assert!(
        good.asr_ppm > 850_000 && bad.asr_ppm < 150_000,
        "{good:?} {bad:?}"
    );
    let egypt = table.get(1, "2012");
    assert!(
        egypt.asr_ppm > 850_000,
        "its first two digits are tried: {egypt:?}"
    );
    let elsewhere = table.get(1, "33");
    assert!(
        (400_000..600_000).contains(&elsewhere.asr_ppm),
        "the carrier's: {elsewhere:?}"
    );
    assert!(good.score() > bad.score());
}

#[test]
fn what_is_older_than_the_window_does_not_count() {
    let mut window = QualityWindow::default();
    window.add(100, [(QualityKey::new(1, "20"), counts(10, 10))]);
    window.add(110, [(QualityKey::new(1, "20"), counts(10, 0))]);
    assert_eq!(window.table(129).get(1, "20").attempts, 20);
    assert_eq!(window.table(130).get(1, "20").attempts, 10);
    assert!(window.table(140).is_empty());
}
