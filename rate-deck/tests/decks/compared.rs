//! Decks against the rates in force.

use crate::{deck, key, prefix, written};
use proptest::prelude::*;
use rate_deck::difference::{self, Change, ChangeKind, Difference, Policy, Scope, Summary};
use rate_deck::{Doubt, Period, Reading, Table, export};
use rating::Timestamp;
use rating::prefix::Prefix;
use std::fmt::Write;

const DAY: i64 = 86_400_000_000;

/// 2026-11-22.
const NOW: Timestamp = Timestamp(20_779 * DAY);

const PARTIAL: Policy = Policy {
    scope: Scope::Partial,
    notice_days: 0,
    absurd_factor: 5,
};

const FULL: Policy = Policy {
    scope: Scope::Full,
    ..PARTIAL
};

fn table(rows: &str) -> Table {
    let reading = deck(&format!(
        "prefix,destination,rate_per_minute,effective_from,effective_until\n{rows}"
    ));
    assert_eq!(reading.rejections.count, 0, "{:?}", reading.rejections);
    reading.table
}

/// A deck without rejected rows.
fn compare(current: &Table, deck: &Table, policy: &Policy, now: Timestamp) -> Difference {
    let reading = Reading {
        table: deck.clone(),
        ..Reading::default()
    };
    difference::compare(current, &reading, policy, now)
}

/// The rates of a table, without what they have in common.
fn rows(table: &Table) -> String {
    let text = written(table);
    let lines = text.lines().skip(1).map(|line| {
        let fields: Vec<_> = line.split(',').collect();
        format!("{} {} {}..{}", fields[0], fields[2], fields[9], fields[10])
    });
    lines.collect::<Vec<_>>().join("; ")
}

fn kinds(changes: &[Change]) -> Vec<(String, ChangeKind)> {
    let changes = changes.iter();
    changes
        .map(|change| (change.key.prefix.to_string(), change.kind))
        .collect()
}

#[test]
fn each_way_to_change_is_told() {
    let current = table("1,US,0.01,,\n2,EG,0.10,,\n3,FR,0.02,,\n4,UK,0.02,,\n5,PE,0.05,,\n");
    let sent = table("1,US,0.01,,\n2,EG,0.12,,\n3,FR,0.01,,\n4,GB,0.02,,\n6,MY,0.03,,\n");
    let difference = compare(&current, &sent, &FULL, NOW);
    assert_eq!(
        kinds(&difference.changes),
        [
            ("2".to_owned(), ChangeKind::Increase),
            ("3".to_owned(), ChangeKind::Decrease),
            ("4".to_owned(), ChangeKind::Changed),
            ("5".to_owned(), ChangeKind::Removed),
            ("6".to_owned(), ChangeKind::New),
        ]
    );
    let increase = difference.changes[0];
    let text = |amount: Option<rating::Amount>| amount.map(|it| it.to_string());
    assert_eq!(text(increase.old_rate).as_deref(), Some("0.1"));
    assert_eq!(text(increase.new_rate).as_deref(), Some("0.12"));
    assert_eq!((increase.effective, increase.line), (NOW, 3));
    assert_eq!(
        difference.summary,
        Summary {
            new: 1,
            increase: 1,
            decrease: 1,
            changed: 1,
            removed: 1,
            unchanged: 1,
            ..Summary::default()
        }
    );
    assert_eq!(
        rows(&difference.table),
        "1 0.01 ..; 2 0.12 2026-11-22..; 3 0.01 2026-11-22..; 4 0.02 2026-11-22..; \
         6 0.03 2026-11-22.."
    );
    let partial = compare(&current, &sent, &PARTIAL, NOW);
    assert_eq!((partial.summary.removed, partial.summary.unchanged), (0, 2));
    assert!(rows(&partial.table).contains("5 0.05 .."));
}

#[test]
fn longer_intervals_at_the_same_price_are_an_increase() {
    let one = deck("prefix,destination,rate_per_minute,increments\n1,US,0.01,1/1\n").table;
    let other = deck("prefix,destination,rate_per_minute,increments\n1,US,0.01,60/60\n").table;
    let kind = |old, new| compare(old, new, &FULL, NOW).changes[0].kind;
    assert_eq!(kind(&one, &other), ChangeKind::Increase);
    assert_eq!(kind(&other, &one), ChangeKind::Decrease);
}

#[test]
fn increases_wait_for_their_notice_and_decreases_do_not() {
    let current = table("1,US,0.02,,\n2,EG,0.10,,\n3,FR,0.02,,\n");
    let sent = table("1,US,0.01,,\n2,EG,0.12,2026-11-25,\n3,FR,0.03,2026-12-24,\n");
    let policy = Policy {
        notice_days: 7,
        ..FULL
    };
    let difference = compare(&current, &sent, &policy, NOW);
    assert_eq!(difference.summary.postponed, 1);
    assert_eq!(
        rows(&difference.table),
        "1 0.01 2026-11-22..; 2 0.1 ..2026-11-29; 2 0.12 2026-11-29..; \
         3 0.02 ..2026-12-24; 3 0.03 2026-12-24.."
    );
    let waits: Vec<_> = difference
        .changes
        .iter()
        .map(|it| it.is_postponed)
        .collect();
    assert_eq!(waits, [false, true, false]);
}

#[test]
fn a_deck_of_the_future_leaves_what_counts_until_then() {
    let current = table("1,US,0.02,,\n2,EG,0.10,,\n");
    let sent = table("1,US,0.01,2026-12-01,2027-01-01\n1,US,0.03,2027-01-01,\n");
    let difference = compare(&current, &sent, &FULL, NOW);
    assert_eq!(
        kinds(&difference.changes),
        [
            ("1".to_owned(), ChangeKind::Decrease),
            ("1".to_owned(), ChangeKind::Increase),
            ("2".to_owned(), ChangeKind::Removed),
        ]
    );
    assert_eq!(
        rows(&difference.table),
        "1 0.02 ..2026-12-01; 1 0.01 2026-12-01..2027-01-01; 1 0.03 2027-01-01..; \
         2 0.1 ..2026-12-01"
    );
    let mut now = Vec::new();
    export::csv_at(&difference.table, NOW, &mut now).unwrap();
    let now = String::from_utf8(now).unwrap();
    assert!(
        now.ends_with("1,US,0.02,0.02,1,1,0,0,0\n2,EG,0.1,0.1,1,1,0,0,0\n"),
        "{now}"
    );
}

#[test]
fn what_a_postponed_increase_follows_counts_until_then() {
    let current = table("1,US,0.02,,\n2,EG,0.10,,\n");
    let sent = table(
        "1,US,0.01,,2026-11-24\n1,US,0.03,2026-11-24,\n\
         2,EG,0.09,,2026-11-24\n2,EG,0.20,2026-11-24,2026-11-26\n2,EG,0.08,2026-12-10,\n",
    );
    let policy = Policy {
        notice_days: 7,
        ..FULL
    };
    let difference = compare(&current, &sent, &policy, NOW);
    assert_eq!(
        rows(&difference.table),
        "1 0.01 2026-11-22..2026-11-29; 1 0.03 2026-11-29..; \
         2 0.09 2026-11-22..2026-11-26; 2 0.08 2026-12-10..",
        "an increase that is over before its notice never counts"
    );
    assert_eq!(difference.summary.postponed, 2);
}

#[test]
fn a_deck_that_removes_most_is_doubted() {
    let current = table("1,US,0.02,,\n2,EG,0.10,,\n3,FR,0.02,,\n");
    let none = table("");
    let difference = compare(&current, &none, &FULL, NOW);
    assert_eq!(
        difference.doubts.listed,
        [Doubt::MostRemoved { removed: 3, of: 3 }]
    );
    let most = compare(&current, &table("1,US,0.02,,\n"), &FULL, NOW);
    assert_eq!(
        most.doubts.listed,
        [Doubt::MostRemoved { removed: 2, of: 3 }]
    );
    let less = compare(&current, &table("1,US,0.02,,\n2,EG,0.1,,\n"), &FULL, NOW);
    assert_eq!(less.doubts.listed, []);
    assert!(compare(&current, &none, &PARTIAL, NOW).doubts.is_empty());
}

#[test]
fn rates_that_are_over_are_counted_and_left_out() {
    let current = table("1,US,0.02,2026-01-01,2026-02-01\n1,US,0.03,2026-02-01,\n");
    let sent = table("1,US,0.01,2026-01-01,2026-03-01\n2,EG,0.1,2026-05-01,\n");
    let difference = compare(&current, &sent, &PARTIAL, NOW);
    assert_eq!(difference.summary.over, 1);
    assert_eq!(
        rows(&difference.table),
        "1 0.03 2026-02-01..; 2 0.1 2026-11-22.."
    );
}

#[test]
fn absurd_prices_are_doubted() {
    let current = table("1,US,0.01,,\n2,EG,0.10,,\n3,FR,0,,\n4,UK,0.01,,\n");
    let sent = table("1,US,0.06,,\n2,EG,0.01,,\n3,FR,0.01,,\n4,UK,0.05,,\n");
    let difference = compare(&current, &sent, &FULL, NOW);
    assert_eq!(
        difference.doubts.listed,
        [
            Doubt::AbsurdIncrease {
                key: key("1"),
                line: 2
            },
            Doubt::AbsurdDecrease {
                key: key("2"),
                line: 3
            },
            Doubt::AbsurdIncrease {
                key: key("3"),
                line: 4
            },
        ]
    );
}

#[test]
fn a_price_of_zero_is_doubted_where_there_was_none() {
    let sent = table("53,Cuba,0,,\n44,UK,0.01,,\n");
    let difference = compare(&Table::default(), &sent, &FULL, NOW);
    assert_eq!(
        difference.doubts.listed,
        [Doubt::FreeRate {
            key: key("53"),
            line: 2
        }]
    );
    let again = compare(&sent, &sent, &FULL, NOW);
    assert_eq!(again.doubts.count, 0, "it was free before");
}

#[test]
fn a_new_breakout_is_held_against_the_shorter_prefix_of_its_calls() {
    let current = table("44,UK,0.01,,\n33,FR,0.01,,\n");
    let sent = table(
        "44,UK,0.01,,\n4479,UK Mobile,0.10,,\n33,FR,0.01,,\n336,FR Mobile,0.015,,\n7,RU,9,,\n",
    );
    let policy = Policy {
        notice_days: 7,
        ..FULL
    };
    let difference = compare(&current, &sent, &policy, NOW);
    assert_eq!(
        difference.doubts.listed,
        [Doubt::AbsurdIncrease {
            key: key("4479"),
            line: 3
        }]
    );
    assert_eq!(
        (difference.summary.new, difference.summary.postponed),
        (3, 2)
    );
    assert_eq!(
        rows(&difference.table),
        "33 0.01 ..; 336 0.0150 2026-11-29..; 44 0.01 ..; 4479 0.1 2026-11-29..; 7 9 2026-11-22.."
    );
    let mobile = difference
        .changes
        .iter()
        .find(|it| it.key.prefix == prefix("4479"))
        .unwrap();
    assert_eq!(
        mobile.covering_rate.map(|it| it.to_string()).as_deref(),
        Some("0.01")
    );
}

#[test]
fn a_removal_is_held_against_the_shorter_prefix_that_counts_then() {
    let current = table(
        "44,UK,0.01,,\n4479,UK Mobile,0.10,,\n33,FR,0.03,,\n336,FR Mobile,0.01,,\n5,A,1,,\n6,B,1,,\n",
    );
    let sent = table("44,UK,0.01,,\n33,FR,0.03,,\n5,A,1,,\n6,B,1,,\n");
    let policy = Policy {
        notice_days: 7,
        ..FULL
    };
    let difference = compare(&current, &sent, &policy, NOW);
    assert_eq!(
        difference.doubts.listed,
        [Doubt::AbsurdDecrease {
            key: key("4479"),
            line: 0
        }]
    );
    assert!(
        rows(&difference.table).contains("336 0.01 ..2026-11-29"),
        "calls to it cost more without it, so its notice is kept"
    );
}

#[test]
fn fees_and_intervals_are_looked_at_for_absurd_prices_too() {
    let line = |terms: &str| {
        let titles = "prefix,destination,rate_per_minute,initial_rate_per_minute,initial_interval_s,\
                      next_interval_s,connection_fee,attempt_fee";
        deck(&format!("{titles}\n44,UK,0.01,{terms}\n")).table
    };
    let current = line("0.01,1,1,0.01,0.0001");
    for terms in [
        "10,1,1,0.01,0.0001",
        "0.01,3600,3600,0.01,0.0001",
        "0.01,1,1,125,0.0001",
        "0.01,1,1,0.01,0.01",
    ] {
        let doubts = compare(&current, &line(terms), &FULL, NOW).doubts;
        assert!(
            matches!(doubts.listed[..], [Doubt::AbsurdIncrease { .. }]),
            "{terms}: {doubts:?}"
        );
    }
    let doubts = compare(&current, &line("0.01,1,1,0.02,0.0002"), &FULL, NOW).doubts;
    assert!(doubts.is_empty());
}

#[test]
fn a_rate_that_ends_without_another_is_listed_and_doubted() {
    let current = table("44,UK,0.01,,\n4479,UK Mobile,0.05,,\n45,DK,0.02,,2026-12-01\n");
    let sent = table("44,UK,0.01,,\n4479,UK Mobile,0.05,,2026-12-01\n45,DK,0.02,,2026-12-01\n");
    let difference = compare(&current, &sent, &FULL, NOW);
    assert_eq!(
        kinds(&difference.changes),
        [("4479".to_owned(), ChangeKind::Ends)]
    );
    assert_eq!(
        (difference.summary.ends, difference.summary.unchanged),
        (1, 3)
    );
    assert_eq!(
        difference.doubts.listed,
        [Doubt::RatesEnd {
            prefixes: 1,
            line: 3
        }]
    );
    assert!(rows(&difference.table).contains("4479 0.05 ..2026-12-01"));
    let longer = compare(&sent, &current, &PARTIAL, NOW);
    assert!(kinds(&longer.changes).contains(&("4479".to_owned(), ChangeKind::Changed)));
}

#[test]
fn a_part_with_an_end_gives_the_old_rate_back() {
    let current = table("4479,UK Mobile,0.05,,\n");
    let sent = table(
        "4479,UK Mobile,0.01,2026-12-01,2026-12-24\n4479,UK Mobile,0.02,2026-12-26,2027-01-01\n",
    );
    let difference = compare(&current, &sent, &PARTIAL, NOW);
    assert_eq!(
        rows(&difference.table),
        "4479 0.05 ..2026-12-01; 4479 0.01 2026-12-01..2026-12-24; 4479 0.05 2026-12-24..2026-12-26; \
         4479 0.02 2026-12-26..2027-01-01; 4479 0.05 2027-01-01.."
    );
    assert_eq!(
        difference.changes[0].until,
        Some(Timestamp(NOW.0 + 32 * DAY))
    );
}

#[test]
fn what_a_rejected_row_names_is_not_removed() {
    let current = table("1,US,0.01,,\n2,EG,0.10,,\n33,FR,0.02,,\n34,ES,0.02,,\n");
    let sent = deck("Code,Destination,Rate\n1,US,0.01\n2,EG,free\n33-34,FR,-1\n");
    let difference = difference::compare(&current, &sent, &FULL, NOW);
    assert_eq!(
        (difference.summary.removed, difference.summary.kept),
        (0, 3)
    );
    assert_eq!(difference.doubts.listed, [Doubt::RowsRejected { rows: 2 }]);
    assert!(rows(&difference.table).contains("2 0.1 ..; 33 0.02 ..; 34 0.02 .."));
    let unknown = deck("Code,Destination,Rate\n1,US,0.01\n2x,EG,0.01\n");
    let difference = difference::compare(&current, &unknown, &FULL, NOW);
    assert_eq!(
        (difference.summary.removed, difference.summary.kept),
        (0, 3),
        "a row without a code may have been about any"
    );
    let sound = deck("Code,Destination,Rate\n1,US,0.01\n");
    assert_eq!(
        difference::compare(&current, &sound, &FULL, NOW)
            .summary
            .removed,
        3
    );
}

prop_compose! {
    fn any_table()(
        rows in proptest::collection::btree_map((0..40_u32, -30..30_i64), (0..5_u32, 0..20_i64), 0..60),
    ) -> Table {
        let mut text = String::new();
        for ((prefix, day), (price, length)) in rows {
            let from = rate_deck::date_text(Timestamp(NOW.0 + day * DAY));
            let until = match length {
                0 => String::new(),
                days => rate_deck::date_text(Timestamp(NOW.0 + (day + days) * DAY)),
            };
            writeln!(text, "{},Place,0.0{price},{from},{until}", prefix + 10).unwrap();
        }
        table(&text)
    }
}

/// The rows of a prefix.
fn rows_of(table: &Table, prefix: Prefix) -> &[rate_deck::Row] {
    let rows = table.rows();
    let first = rows.partition_point(|row| row.prefix < prefix);
    let end = rows.partition_point(|row| row.prefix <= prefix);
    &rows[first..end]
}

/// What a table charges for a prefix at a moment.
fn price_at(table: &Table, prefix: Prefix, at: Timestamp) -> Option<i64> {
    let rows = rows_of(table, prefix).iter();
    let mut found = rows.filter(|row| row.period.contains(at));
    let price = found
        .next()
        .map(|row| table.terms(row).next_rate_per_minute.0);
    assert!(found.next().is_none(), "two rates of {prefix} at one time");
    price
}

proptest! {
    // Each case asks for many prices.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_full_deck_is_what_counts_once_it_has_begun(current in any_table(), sent in any_table()) {
        let difference = compare(&current, &sent, &FULL, NOW);
        let live = |row: &&rate_deck::Row| row.period.until > NOW;
        let first = sent.rows().iter().filter(live).map(|row| row.period.from.max(NOW)).min();
        for day in (0..60).step_by(3) {
            let at = Timestamp(NOW.0 + day * DAY);
            for digits in 10..50_u32 {
                let prefix = prefix(&digits.to_string());
                let found = price_at(&difference.table, prefix, at);
                let own = rows_of(&sent, prefix).iter().filter(live);
                let own = own.map(|row| row.period.from).min();
                let expected = match (own, first) {
                    (Some(from), _) if at >= from => price_at(&sent, prefix, at),
                    (None, Some(first)) if at >= first => None,
                    (None, None) => None,
                    _ => price_at(&current, prefix, at),
                };
                prop_assert_eq!(found, expected, "{} on day {}", digits, day);
            }
        }
    }

    #[test]
    fn a_partial_deck_touches_nothing_else(current in any_table(), sent in any_table()) {
        let difference = compare(&current, &sent, &PARTIAL, NOW);
        for row in current.rows() {
            if !rows_of(&sent, row.prefix).is_empty() {
                continue;
            }
            for day in 0..60 {
                let at = Timestamp(NOW.0 + day * DAY);
                let found = price_at(&difference.table, row.prefix, at);
                prop_assert_eq!(found, price_at(&current, row.prefix, at));
            }
        }
    }

    #[test]
    fn the_same_deck_again_changes_nothing(current in any_table(), sent in any_table()) {
        let once = compare(&current, &sent, &FULL, NOW).table;
        let again = compare(&once, &once, &FULL, NOW);
        prop_assert_eq!(rows(&again.table), rows(&once));
    }

    #[test]
    fn no_increase_counts_before_its_notice(current in any_table(), sent in any_table(), days in 0..20_u16) {
        let policy = Policy { notice_days: days, ..PARTIAL };
        let difference = compare(&current, &sent, &policy, NOW);
        for change in &difference.changes {
            if change.kind == ChangeKind::Increase {
                prop_assert!(change.effective.0 >= NOW.0 + i64::from(days) * DAY);
            }
        }
        for day in 0..i64::from(days) {
            let at = Timestamp(NOW.0 + day * DAY);
            for row in current.rows().iter().filter(|row| row.period.contains(NOW) && row.period.contains(at)) {
                if row.period.until != Period::ALWAYS.until {
                    continue;
                }
                let was = current.terms(row).next_rate_per_minute.0;
                if let Some(is) = price_at(&difference.table, row.prefix, at) {
                    prop_assert!(is <= was, "{} on day {day}: {is} > {was}", row.prefix);
                }
            }
        }
    }
}
