#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
use super::*;

const FULL: Option<&str> = Some("the disk is full");

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000_000)
}

fn kinds(alarms: &Alarms) -> Vec<&'static str> {
    alarms.waiting.iter().map(|alarm| alarm.kind).collect()
}

#[test]
fn a_journal_that_takes_no_records_is_told_at_once_and_once() {
    let mut alarms = Alarms::default();
    alarms.look(at(0), None, None);
    assert_eq!(kinds(&alarms), Vec::<&str>::new());
    alarms.look(at(1), FULL, None);
    alarms.look(at(2), FULL, None);
    assert_eq!(kinds(&alarms), ["journal.unavailable"]);
    for second in 3..33 {
        alarms.look(at(second), None, None);
        assert_eq!(kinds(&alarms), ["journal.unavailable"]);
    }
    alarms.look(at(33), None, None);
    alarms.look(at(34), None, None);
    assert_eq!(kinds(&alarms), ["journal.unavailable", "journal.available"]);
    let event = &alarms.events("fra-1")[1];
    assert_eq!(event.data["since"], "1970-01-01T00:00:01.000000Z");
    assert_eq!(event.data["at"], "1970-01-01T00:00:03.000000Z");
}

#[test]
fn a_database_that_is_away_for_a_moment_is_not_told() {
    let mut alarms = Alarms::default();
    for second in 0..30 {
        alarms.look(at(second), None, Some("no connection"));
    }
    alarms.look(at(30), None, None);
    assert_eq!(kinds(&alarms), Vec::<&str>::new());
}

#[test]
fn a_database_that_stays_away_is_told_once_and_so_is_its_return() {
    let mut alarms = Alarms::default();
    for second in 0..100 {
        alarms.look(at(second), None, Some("no connection"));
    }
    alarms.look(at(100), None, None);
    alarms.look(at(130), None, None);
    assert_eq!(kinds(&alarms), ["journal.not_loaded", "journal.loaded"]);
    assert_eq!(alarms.waiting[0].at, at(30));
}

#[test]
fn a_clock_that_was_set_back_does_not_silence_an_alarm() {
    let mut alarms = Alarms::default();
    alarms.look(at(1_000_000), None, Some("no connection"));
    alarms.look(at(5), None, Some("no connection"));
    assert_eq!(kinds(&alarms), ["journal.not_loaded"]);
}

#[test]
fn alarms_that_nobody_can_take_do_not_fill_the_memory() {
    let mut alarms = Alarms::default();
    for look in 0..1_000 {
        alarms.look(at(31 * look), FULL.filter(|_| look % 3 == 0), None);
    }
    assert_eq!(alarms.waiting.len(), WAITING_MAX);
    let newest = alarms.waiting.back().unwrap();
    assert_eq!(newest.at, at(31 * 999), "the newest stay");
}

#[test]
fn a_disk_that_is_full_in_turns_is_one_trouble() {
    let mut alarms = Alarms::default();
    for second in 0..1_000 {
        alarms.look(at(second), FULL.filter(|_| second % 2 == 0), None);
    }
    assert_eq!(kinds(&alarms), ["journal.unavailable"]);
}
