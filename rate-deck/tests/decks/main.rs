//! Decks of carriers from bytes to rates, and back.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod compared;
mod hostile;
mod workbooks;

use rate_deck::{
    ColumnRef, DateOrder, DecimalMark, Doubt, Field, HeaderRow, Mapping, ReadError, Reading,
    Reason, Table, export, read,
};
use rating::Amount;
use rating::prefix::Prefix;
use rating::rate::RateTerms;
use std::collections::BTreeMap;

fn defaults() -> RateTerms {
    RateTerms::per_second(Amount::ZERO)
}

fn read_with(file: &[u8], mapping: &Mapping) -> Result<Reading, ReadError> {
    read(file, mapping, &defaults(), &mut |_| {})
}

fn deck(file: &str) -> Reading {
    read_with(file.as_bytes(), &Mapping::default()).unwrap()
}

/// Each row as prefix, name, price and intervals.
fn rates(table: &Table) -> Vec<(String, String, String, (u32, u32))> {
    let rows = table.rows().iter();
    rows.map(|row| {
        let terms = table.terms(row);
        (
            row.prefix.to_string(),
            table.destination(row).to_string(),
            terms.next_rate_per_minute.to_string(),
            (terms.initial_interval_s, terms.next_interval_s),
        )
    })
    .collect()
}

fn rate(prefix: &str, name: &str, price: &str) -> (String, String, String, (u32, u32)) {
    (prefix.to_owned(), name.to_owned(), price.to_owned(), (1, 1))
}

fn written(table: &Table) -> String {
    let mut text = Vec::new();
    export::csv(table, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn prefix(digits: &str) -> Prefix {
    Prefix::parse(digits.as_bytes()).unwrap()
}

#[test]
fn a_deck_with_a_head_of_remarks_lists_and_ranges_is_read() {
    let reading = deck(
        "ACME Wholesale;;;\n\
         Rates of November;;;\n\
         ;;;\n\
         Country;Dial Code;Price (EUR);Increment\n\
         United Kingdom;+44;0,0125;1/1\n\
         United Kingdom;4474-4475, 4479;0,025;60/30\n\
         Egypt;0020;€ 0,11;\n\
         All prices without tax;;;\n",
    );
    assert_eq!(reading.rejections.count, 0, "{:?}", reading.rejections);
    assert_eq!(reading.records, 3);
    let mobile = |prefix: &str| {
        let (prefix, name, price, _) = rate(prefix, "United Kingdom", "0.025");
        (prefix, name, price, (60, 30))
    };
    assert_eq!(
        rates(&reading.table),
        [
            rate("20", "Egypt", "0.11"),
            rate("44", "United Kingdom", "0.0125"),
            mobile("4474"),
            mobile("4475"),
            mobile("4479"),
        ]
    );
}

#[test]
fn country_and_area_codes_are_put_together() {
    let reading = deck(
        "CC,Area Code,Country,Destination,Rate\n\
         44,,United Kingdom,Fixed,0.01\n\
         44,\"20,161\",United Kingdom,United Kingdom Cities,0.02\n",
    );
    assert_eq!(
        rates(&reading.table),
        [
            rate("44", "United Kingdom Fixed", "0.01"),
            rate("44161", "United Kingdom Cities", "0.02"),
            rate("4420", "United Kingdom Cities", "0.02"),
        ]
    );
}

#[test]
fn each_rejected_row_has_its_line_field_and_reason() {
    let reading = deck(
        "Code,Destination,Rate,Initial Interval,Effective Date\n\
         44,UK,0.01,60,2026-11-22\n\
         4x,UK,0.01,60,\n\
         45,Denmark,free,60,\n\
         46,Sweden,,60,\n\
         47,Norway,-0.01,60,\n\
         48,,0.01,60,\n\
         49,Germany,20000,60,\n\
         50,Nowhere,0.01,0,\n\
         51,Peru,0.01,60,05/06/2026\n\
         52,Mexico,0.01,60,soon\n",
    );
    let listed = reading.rejections.listed.iter();
    let found: Vec<_> = listed
        .map(|it| (it.line, it.field, it.text.as_str(), it.reason))
        .collect();
    assert_eq!(
        found,
        [
            (3, "prefix", "4x", Reason::NotACode),
            (4, "rate_per_minute", "free", Reason::NotAPrice),
            (5, "rate_per_minute", "", Reason::PriceMissing),
            (6, "rate_per_minute", "-0.01", Reason::NegativePrice),
            (7, "destination", "", Reason::BadDestination),
            (8, "rate_per_minute", "20000", Reason::PriceTooLarge),
            (9, "initial_interval_s", "0", Reason::IntervalOutOfBounds),
            (10, "effective_from", "05/06/2026", Reason::AmbiguousDate),
            (11, "effective_from", "soon", Reason::NotADate),
        ]
    );
    assert_eq!(reading.rejections.count, 9);
    assert_eq!(rates(&reading.table).len(), 1);
    let json = serde_json::to_value(&reading.rejections.listed[0]).unwrap();
    assert_eq!(json["reason"], "not_a_code");
}

#[test]
fn a_mapping_says_what_the_file_does_not() {
    let mapping = Mapping {
        columns: BTreeMap::from([
            (Field::Code, ColumnRef::Position(3)),
            (Field::Destination, ColumnRef::Position(1)),
            (Field::Rate, ColumnRef::Position(2)),
            (Field::EffectiveFrom, ColumnRef::Position(4)),
        ]),
        header: HeaderRow::None,
        decimal_mark: DecimalMark::Comma,
        date_order: DateOrder::MonthFirst,
        ..Mapping::default()
    };
    let file = "a remark|||\nUK|1,234|44|05/06/2026\n";
    let reading = read_with(file.as_bytes(), &mapping).unwrap();
    assert_eq!(rates(&reading.table), [rate("44", "UK", "1.234")]);
    assert!(written(&reading.table).contains(",2026-05-06,"));
    let json = serde_json::to_string(&mapping).unwrap();
    assert_eq!(serde_json::from_str::<Mapping>(&json).unwrap(), mapping);
}

#[test]
fn titles_of_a_mapping_come_before_those_that_are_usual() {
    let file = "Code,Destination,Rate,New Rate (USD)\n44,UK,0.01,0.02\n";
    let mapping = Mapping {
        columns: BTreeMap::from([(Field::Rate, ColumnRef::Title("new rate".to_owned()))]),
        ..Mapping::default()
    };
    let reading = read_with(file.as_bytes(), &mapping).unwrap();
    assert_eq!(rates(&reading.table), [rate("44", "UK", "0.02")]);
}

#[test]
fn a_file_without_a_column_that_must_be_there_says_what_it_has() {
    let error = read_with(b"Code,Destination,Comment\n44,UK,x\n", &Mapping::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no column for `rate_per_minute`; the file has: Code, Destination, Comment"
    );
    assert_eq!(
        read_with(b"", &Mapping::default()).unwrap_err(),
        ReadError::Empty
    );
    assert!(matches!(
        read_with(b"\xd0\xcf\x11\xe0abc", &Mapping::default()),
        Err(ReadError::Format(_))
    ));
}

#[test]
fn a_price_that_can_be_meant_either_way_waits_for_the_mapping() {
    let file = "Code;Name;Rate\n44;UK;1.234\n45;DK;1.500\n";
    let reading = read_with(file.as_bytes(), &Mapping::default()).unwrap();
    let reasons: Vec<_> = reading
        .rejections
        .listed
        .iter()
        .map(|it| it.reason)
        .collect();
    assert_eq!(reasons, [Reason::AmbiguousPrice; 2]);
    // One price of the file that leaves no doubt settles it for all.
    let reading = deck(&format!("{file}46;SE;0.0125\n"));
    assert_eq!(reading.rejections.count, 0);
    assert_eq!(rates(&reading.table)[0], rate("44", "UK", "1.234"));
}

#[test]
fn duplicates_and_overlaps_are_doubted_and_settled() {
    let reading = deck(
        "prefix,destination,rate_per_minute,effective_from,effective_until\n\
         44,UK,0.01,,\n\
         44,UK,0.02,,\n\
         45,DK,0.01,,\n\
         45,DK,0.01,,\n\
         46,SE,0.01,2026-01-01,2026-12-31\n\
         46,SE,0.02,2026-06-01,\n\
         47,NO,0.01,2026-01-01,\n\
         47,NO,0.02,2026-06-01,\n",
    );
    let (first, second) = (prefix("44"), prefix("46"));
    assert_eq!(
        reading.doubts,
        [
            Doubt::DuplicateCode {
                prefix: first,
                first_line: 2,
                line: 3
            },
            Doubt::OverlappingDates {
                prefix: second,
                first_line: 6,
                line: 7
            },
        ],
        "the same rate twice and one rate after another are no doubt"
    );
    assert_eq!(
        written(&reading.table),
        "prefix,destination,rate_per_minute,initial_rate_per_minute,initial_interval_s,\
         next_interval_s,connection_fee,attempt_fee,grace_period_s,effective_from,effective_until\n\
         44,UK,0.02,0.02,1,1,0,0,0,,\n\
         45,DK,0.01,0.01,1,1,0,0,0,,\n\
         46,SE,0.01,0.01,1,1,0,0,0,2026-01-01,2026-06-01\n\
         46,SE,0.02,0.02,1,1,0,0,0,2026-06-01,\n\
         47,NO,0.01,0.01,1,1,0,0,0,2026-01-01,2026-06-01\n\
         47,NO,0.02,0.02,1,1,0,0,0,2026-06-01,\n"
    );
    let json = serde_json::to_value(reading.doubts[0]).unwrap();
    assert_eq!(json["kind"], "duplicate_code");
    assert_eq!(json["prefix"], "44");
}

#[test]
fn what_is_written_is_read_again() {
    let text = "prefix,destination,rate_per_minute,initial_rate_per_minute,initial_interval_s,\
                next_interval_s,connection_fee,attempt_fee,grace_period_s,effective_from,\
                effective_until\n\
                44,\"UK, \"\"fixed\"\"\",1.234,0.5,30,6,0.005,0.0001,3,2026-05-06,\n\
                44,\"UK, \"\"fixed\"\"\",2,2,30,6,0,0,0,2027-05-06T08:00:00Z,2027-06-07\n";
    assert_eq!(
        written(&deck(text).table),
        text.replace("2026-05-06,\n", "2026-05-06,2027-05-06T08:00:00Z\n")
    );
    let again = written(&deck(&written(&deck(text).table)).table);
    assert_eq!(again, written(&deck(text).table));
}
