//! Decks whose prices depend on who calls.

use crate::{card, deck, prefix, read_with, written};
use rate_deck::difference::{self, ChangeKind, Policy, Scope};
use rate_deck::{
    Card, Doubt, Field, Mapping, OtherMeaning, ReadError, Reading, Reason, Table, read,
};
use rating::origin::{ORIGINS_MAX, ORIGINS_OF_PREFIX_MAX, OriginNames, TooManyOrigins};
use rating::{Origin, Timestamp};

/// Each rate as `prefix/origin price`.
fn told(table: &Table) -> Vec<String> {
    let rows = table.rows().iter();
    rows.map(|row| {
        let price = table.terms(row).next_rate_per_minute;
        format!("{}/{} {price}", row.prefix, row.origin)
    })
    .collect()
}

fn told_of(reading: &Reading) -> Vec<String> {
    told(&reading.table)
}

fn reasons(reading: &Reading) -> Vec<Reason> {
    let listed = reading.rejections.listed.iter();
    listed.map(|it| it.reason).collect()
}

fn compared(current: &Reading, sent: &Reading) -> difference::Difference {
    difference::compare(&current.table, sent, &Policy::default(), Timestamp(0))
}

#[test]
fn a_row_with_several_origins_is_a_rate_for_each() {
    let reading = deck(
        "Dial Code,Destination,Origin Codes,Rate\n\
         336,France Mobile,,0.20\n\
         336,France Mobile,33;49;3510-3511,0.02\n\
         337,France Mobile,Any,0.30\n",
    );
    assert_eq!(
        told(&reading.table),
        [
            "336/ 0.2",
            "336/33 0.02",
            "336/3510 0.02",
            "336/3511 0.02",
            "336/49 0.02",
            "337/ 0.3",
        ]
    );
    assert!(reading.doubts.is_empty() && reading.rejections.is_empty());
}

#[test]
fn a_group_of_the_card_stands_for_its_prefixes_and_an_unknown_one_is_refused() {
    let eea = vec!["33".parse().unwrap(), "49".parse().unwrap()];
    let text =
        "prefix,destination,rate_per_minute,origin\n44,UK,0.5,\n44,UK,0.01,EEA\n44,UK,0.9,ROW\n";
    let card = Card {
        origin_names: OriginNames::new([("EEA", eea)]),
        ..card("USD")
    };
    let reading = read(text.as_bytes(), &Mapping::default(), &card, &mut |_| {}).unwrap();
    assert_eq!(
        told(&reading.table),
        ["44/ 0.5", "44/33 0.01", "44/49 0.01"]
    );
    assert_eq!(reasons(&reading), [Reason::NotAnOrigin]);
}

#[test]
fn a_deck_of_the_united_states_has_a_rate_for_each_jurisdiction() {
    let reading = deck(
        "NPANXX,Inter Rate,Intra Rate,IJ Rate\n\
         212555,0.001,0.01,0.02\n\
         1201555,0.002,0.02,\n",
    );
    assert_eq!(
        told(&reading.table),
        [
            "1201555/interstate 0.002",
            "1201555/intrastate 0.02",
            "1212555/interstate 0.001",
            "1212555/intrastate 0.01",
            "1212555/indeterminate 0.02",
        ]
    );
    assert!(reading.doubts.is_empty() && reading.rejections.is_empty());
}

#[test]
fn a_row_for_an_origin_has_no_prices_of_jurisdictions() {
    let reading = deck("code,origin,rate,interstate\n1212,33,0.1,0.2\n1213,,0.1,0.2\n1214,,,\n");
    assert_eq!(told(&reading.table), ["1213/ 0.1", "1213/interstate 0.2"]);
    assert_eq!(
        reasons(&reading),
        [Reason::OriginTwice, Reason::PriceMissing]
    );
}

#[test]
fn one_row_never_stands_for_more_rates_than_its_limit() {
    let reading = deck("code,origin,rate\n\"1000-1999\",\"2000-2999\",0.1\n");
    assert_eq!(reasons(&reading), [Reason::TooManyCodes]);
}

#[test]
fn what_is_written_is_read_as_it_was() {
    let reading = deck(
        "prefix,destination,rate_per_minute,origin\n44,UK,0.5,\n44,UK,0.0125,33\n1212,NY,0.01,intrastate\n",
    );
    let again = deck(&written(&reading.table));
    assert_eq!(told(&again.table), told(&reading.table));
    let plain = deck("prefix,destination,rate_per_minute\n44,UK,0.5\n");
    assert!(
        !written(&plain.table).contains("origin"),
        "as it always was"
    );
}

#[test]
fn a_new_deck_is_compared_origin_by_origin() {
    let current = deck("code,name,origin,rate\n44,UK,,0.5\n44,UK,33,0.01\n44,UK,49,0.01\n");
    let sent = deck("code,name,origin,rate\n44,UK,,0.5\n44,UK,33,0.02\n44,UK,34,0.4\n");
    let difference = compared(&current, &sent);
    let changes: Vec<_> = difference
        .changes
        .iter()
        .map(|change| (change.key.to_string(), change.kind))
        .collect();
    assert_eq!(
        changes,
        [
            ("44 from 33".to_owned(), ChangeKind::Increase),
            ("44 from 34".to_owned(), ChangeKind::New),
            ("44 from 49".to_owned(), ChangeKind::Removed),
        ]
    );
    let removed = &difference.changes[2];
    assert_eq!(
        removed.covering_rate,
        Some("0.5".parse().unwrap()),
        "calls from there are charged as all others then"
    );
    assert_eq!(
        told(&difference.table),
        ["44/ 0.5", "44/33 0.02", "44/34 0.4"]
    );
}

#[test]
fn a_rate_for_one_origin_covers_no_other() {
    let current = deck("code,name,origin,rate\n44,UK,33,0.01\n4420,London,49,0.01\n");
    let sent = deck("code,name,origin,rate\n44,UK,33,0.01\n");
    let difference = compared(&current, &sent);
    assert_eq!(difference.changes[0].covering_rate, None);
    assert_eq!(
        difference.changes[0].key.origin,
        "49".parse::<Origin>().unwrap()
    );
}

/// A deck with a rate for each of so many origins, so many of them for each prefix from 4400 on.
fn deck_of_origins(count: usize, of_prefix: usize) -> String {
    let rows = (0..count).map(|at| {
        let (prefix, origin) = (4400 + at / of_prefix, 100_000 + at);
        format!("{prefix},{origin},0.1\n")
    });
    let head = "code,origin,rate\n".to_owned();
    rows.fold(head, |deck, row| deck + &row)
}

#[test]
fn a_file_with_too_many_origins_is_refused_with_the_first_row_that_is_one_too_many() {
    let refused = |deck: &str| read_with(deck.as_bytes(), &Mapping::default()).unwrap_err();
    let of_prefix = refused(&deck_of_origins(ORIGINS_OF_PREFIX_MAX + 5, 10_000));
    assert_eq!(
        of_prefix.to_string(),
        "line 1002: 4400 has rates for more than 1000 different origins, the most of one prefix"
    );
    let of_card = refused(&deck_of_origins(ORIGINS_MAX + 5, 100));
    assert_eq!(
        of_card.to_string(),
        "line 4098: the rates are for more than 4096 different origins, the most of one card"
    );
    let most = deck(&deck_of_origins(ORIGINS_MAX, ORIGINS_OF_PREFIX_MAX));
    assert_eq!(most.table.rows().len(), ORIGINS_MAX);
}

#[test]
fn the_same_origins_at_many_prefixes_and_at_many_times_count_once() {
    let mut text = "code,origin,rate,effective date\n".to_owned();
    for prefix in 4_000..5_500 {
        text += &format!("{prefix},33;49,0.1,2030-01-01\n{prefix},33;49,0.2,2031-01-01\n");
    }
    assert_eq!(deck(&text).table.rows().len(), 6_000);
}

#[test]
fn origins_that_may_be_meant_otherwise_are_told_and_no_half_of_a_number_is_taken() {
    let reading = deck("code,origin,rate\n336,44-78,0.1\n337,\"1,684\",0.1\n338,3510-3512,0.1\n");
    let doubt = |meaning, line| Doubt::OriginsMeantOtherwise { meaning, line };
    assert_eq!(
        reading.doubts.listed,
        [
            doubt(OtherMeaning::Dash, 2),
            doubt(OtherMeaning::Thousands, 3)
        ]
    );
    let told = reading.doubts.listed[0].to_string();
    assert_eq!(
        told,
        "line 2: of the origins: a range of codes, or one code with a dash?"
    );
    let zeros = deck("code,origin,rate\n336,033,0.1\n337,0033,0.1\n");
    assert_eq!(reasons(&zeros), [Reason::NotAnOrigin]);
    assert_eq!(
        told_of(&zeros),
        ["337/33 0.1"],
        "00 stands before a country's code"
    );
}

#[test]
fn a_deck_whose_codes_lack_the_1_is_not_taken_for_another_country() {
    let file = "Code,Inter Rate,Intra Rate\n212555,0.001,0.01\n1201555,0.002,0.02\n";
    let reading = deck(file);
    assert_eq!(reasons(&reading), [Reason::BeyondPlan], "212 is Morocco");
    assert!(
        reading.rejections.listed[0]
            .reason
            .to_string()
            .contains("country_code")
    );
    let mapping = Mapping {
        country_code: Some("1".to_owned()),
        ..Mapping::default()
    };
    let mended = read_with(file.as_bytes(), &mapping).unwrap();
    assert_eq!(
        told_of(&mended),
        [
            "1201555/interstate 0.002",
            "1201555/intrastate 0.02",
            "1212555/interstate 0.001",
            "1212555/intrastate 0.01",
        ]
    );
    let by_origin = deck("code,origin,rate\n212555,interstate,0.1\n");
    assert_eq!(reasons(&by_origin), [Reason::BeyondPlan]);
    let bad = Mapping {
        country_code: Some("+1".to_owned()),
        ..Mapping::default()
    };
    let refused = read_with(file.as_bytes(), &bad).unwrap_err();
    assert_eq!(refused, ReadError::BadCountryCode);
}

#[test]
fn a_price_of_the_first_interval_beside_jurisdictions_is_refused_and_may_be_ignored() {
    let file = "Code,Inter Rate,Intra Rate,Initial Rate\n1212,0.001,0.01,0.5\n1213,0.001,0.01,\n";
    let reading = deck(file);
    assert_eq!(reasons(&reading), [Reason::InitialRateOfWhich]);
    assert_eq!(reading.table.rows().len(), 2);
    let mapping = Mapping {
        ignored: vec![Field::InitialRate],
        ..Mapping::default()
    };
    let ignored = read_with(file.as_bytes(), &mapping).unwrap();
    assert_eq!(
        (ignored.table.rows().len(), ignored.rejections.count),
        (4, 0)
    );
}

#[test]
fn a_price_for_one_jurisdiction_alone_is_doubted_where_nothing_stands_for_the_other() {
    let reading = deck(
        "Code,Rate,Inter Rate,Intra Rate,IJ Rate\n\
         1212,,0.001,0.01,\n\
         1213,,,0.01,0.02\n\
         1214,,0.001,,\n\
         1215,0.02,0.001,,\n\
         1216,0.02,,,\n",
    );
    assert_eq!(
        reading.doubts.listed,
        [Doubt::JurisdictionMissing { rows: 2, line: 3 }]
    );
    assert_eq!(reading.rejections.count, 0);
}

#[test]
fn a_part_of_a_deck_that_would_give_a_card_too_many_origins_is_told() {
    let rows = |first: usize| {
        let row = |at: usize| format!("{},{},0.1\n", 4400 + at / 1_000, 100_000 + first + at);
        (0..3_000).fold("code,origin,rate\n".to_owned(), |deck, at| deck + &row(at))
    };
    let (current, sent) = (deck(&rows(0)), deck(&rows(3_000)));
    let policy = Policy {
        scope: Scope::Partial,
        ..Policy::default()
    };
    let of =
        |sent: &Reading| difference::compare(&current.table, sent, &policy, Timestamp(0)).table;
    let (_, error) = of(&sent).too_many_origins().unwrap();
    assert_eq!(error, TooManyOrigins::OfPrefix(prefix("4400")));
    assert_eq!(of(&deck(&rows(0))).too_many_origins(), None);
}
