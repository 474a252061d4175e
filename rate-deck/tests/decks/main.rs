//! Decks of carriers from bytes to rates, and back.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod callers;
mod compared;
mod hostile;
mod workbooks;

use rate_deck::{
    Card, ColumnRef, DateOrder, DecimalMark, Doubt, Field, HeaderRow, Key, Mapping, OtherMeaning,
    ReadError, Reading, Reason, Table, export, read,
};
use rating::prefix::Prefix;
use rating::rate::RateTerms;
use rating::{Amount, Currency, Origin};
use std::collections::BTreeMap;

fn card(currency: &str) -> Card {
    Card {
        origin_names: Default::default(),
        currency: Currency::try_from(currency.to_owned()).unwrap(),
        defaults: RateTerms::per_second(Amount::ZERO),
    }
}

fn read_with(file: &[u8], mapping: &Mapping) -> Result<Reading, ReadError> {
    read(file, mapping, &card("USD"), &mut |_| {})
}

fn reasons(reading: &Reading) -> Vec<(u32, Reason)> {
    let listed = reading.rejections.listed.iter();
    listed.map(|it| (it.line, it.reason)).collect()
}

fn deck(file: &str) -> Reading {
    read_with(file.as_bytes(), &Mapping::default()).unwrap()
}

fn deck_in(currency: &str, file: &str) -> Reading {
    read(
        file.as_bytes(),
        &Mapping::default(),
        &card(currency),
        &mut |_| {},
    )
    .unwrap()
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

/// For all calls to a prefix.
fn key(digits: &str) -> Key {
    Key {
        prefix: prefix(digits),
        origin: Origin::ANY,
    }
}

#[test]
fn a_deck_with_a_head_of_remarks_lists_and_ranges_is_read() {
    let reading = deck_in(
        "EUR",
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
    assert_eq!(reading.doubts.count, 2);
    let (first, second) = (key("44"), key("46"));
    assert_eq!(
        reading.doubts.listed,
        [
            Doubt::DuplicateCode {
                key: first,
                first_line: 2,
                line: 3
            },
            Doubt::OverlappingDates {
                key: second,
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
    let json = serde_json::to_value(reading.doubts.listed[0]).unwrap();
    assert_eq!(json["kind"], "duplicate_code");
    assert_eq!(json["prefix"], "44");
}

#[test]
fn what_is_written_is_read_again() {
    let text = "prefix,destination,rate_per_minute,initial_rate_per_minute,initial_interval_s,\
                next_interval_s,connection_fee,attempt_fee,grace_period_s,effective_from,\
                effective_until\n\
                44,\"UK, \"\"fixed\"\"\",1.2340,0.5,30,6,0.0050,0.0001,3,2026-05-06,\n\
                44,\"UK, \"\"fixed\"\"\",2,2,30,6,0,0,0,2027-05-06T08:00:00Z,2027-06-07\n";
    let first = "44,\"UK, \"\"fixed\"\"\",1.2340,0.5,30,6,0.0050,0.0001,3";
    let settled = text.replace("2026-05-06,\n", "2026-05-06,2027-05-06T08:00:00Z\n");
    assert_eq!(
        written(&deck(text).table),
        format!("{settled}{first},2027-06-07,\n"),
        "what has no end counts again behind what has one"
    );
    let again = deck(&written(&deck(text).table));
    assert_eq!(again.doubts.count, 0);
    assert_eq!(written(&again.table), written(&deck(text).table));
}

#[test]
fn a_price_with_the_other_mark_is_no_thousandfold_price() {
    let reading = deck("Code;Destination;Rate\n44;UK;0.05\n45;DK;0,125\n46;SE;1,234\n");
    assert_eq!(
        reasons(&reading),
        [(4, Reason::AmbiguousPrice)],
        "both marks are shown, so each price has to show its own"
    );
    assert_eq!(rates(&reading.table)[1], rate("45", "DK", "0.125"));
    let told = Mapping {
        decimal_mark: DecimalMark::Comma,
        ..Mapping::default()
    };
    let reading = read_with(b"Code;Destination;Rate\n44;UK;0.125\n45;DK;0,125\n", &told).unwrap();
    assert_eq!(reasons(&reading), [(2, Reason::OtherMark)]);
    let own =
        "prefix;destination;rate_per_minute;connection_fee\n44;UK;0,125;0,05\n45;DK;1,234;0\n";
    assert_eq!(
        rates(&deck(own).table),
        [rate("44", "UK", "0.125"), rate("45", "DK", "1.234")],
        "our own form, saved by a spreadsheet that writes commas"
    );
}

#[test]
fn marks_behind_the_first_records_are_heeded_too() {
    let mut text = "Code;Destination;Rate\n".to_owned();
    for row in 0..1_500 {
        text.push_str(&format!("{};Place;0.05\n", 20_000 + row));
    }
    text.push_str("44;UK;0,125\n45;DK;1,234\n");
    assert_eq!(
        reasons(&deck(&text)),
        [(1_502, Reason::OtherMark), (1_503, Reason::AmbiguousPrice)]
    );
}

#[test]
fn two_columns_for_one_field_are_named_and_not_chosen_from() {
    let cases = [
        (
            "Code,Destination,Current Rate,New Rate",
            "rate_per_minute",
            ["Current Rate", "New Rate"],
        ),
        (
            "Code,Destination,Rate USD,Rate EUR",
            "rate_per_minute",
            ["Rate USD", "Rate EUR"],
        ),
        (
            "Code,Destination,Price,Cost",
            "rate_per_minute",
            ["Price", "Cost"],
        ),
        (
            "Code,Destination,Rate,Date,Effective Date",
            "effective_from",
            ["Date", "Effective Date"],
        ),
    ];
    for (titles, field, both) in cases {
        let file = format!("{titles}\n44,UK,0.01,0.02,2026-11-22\n");
        let titles = both.map(str::to_owned);
        assert_eq!(
            read_with(file.as_bytes(), &Mapping::default()).unwrap_err(),
            ReadError::TwoColumns { field, titles }
        );
    }
    let file = b"Code,Destination,Current Rate,New Rate\n44,UK,0.01,0.02\n";
    let mapping = |column| Mapping {
        columns: BTreeMap::from([(Field::Rate, column)]),
        ..Mapping::default()
    };
    for column in [
        ColumnRef::Title("new rate".to_owned()),
        ColumnRef::Position(4),
    ] {
        let reading = read_with(file, &mapping(column)).unwrap();
        assert_eq!(rates(&reading.table), [rate("44", "UK", "0.02")]);
    }
    let file = b"Code,Destination,Rate EUR,Rate USD\n44,UK,0.01,0.02\n";
    let named = |title: &str| read_with(file, &mapping(ColumnRef::Title(title.to_owned())));
    assert_eq!(
        rates(&named("Rate (USD)").unwrap().table),
        [rate("44", "UK", "0.02")]
    );
    assert!(matches!(named("Rate"), Err(ReadError::TwoColumns { .. })));
}

#[test]
fn prices_of_another_currency_are_no_prices_of_the_card() {
    let file = "Code,Destination,Rate (EUR)\n44,UK,0.01\n";
    assert_eq!(
        read_with(file.as_bytes(), &Mapping::default()).unwrap_err(),
        ReadError::OtherCurrency {
            title: "Rate (EUR)".to_owned(),
            currency: Currency::USD
        }
    );
    assert_eq!(deck_in("EUR", file).rejections.count, 0);
    let reading =
        deck("Code;Destination;Rate;Increment\n44;UK;€ 0.01;\n45;DK;1.5 ct;\n46;SE;0.01;1 min\n");
    assert_eq!(
        reasons(&reading),
        [(2, Reason::OtherUnit), (3, Reason::OtherUnit)]
    );
    assert_eq!(
        rates(&reading.table)[0].3,
        (60, 60),
        "a minute, not a second"
    );
}

#[test]
fn a_column_of_setup_rates_makes_no_interval_free() {
    let reading = deck("Code,Destination,Rate,Setup Rate\n44,UK,0.01,0.00\n");
    let row = reading.table.rows()[0];
    assert_eq!(
        reading
            .table
            .terms(&row)
            .initial_rate_per_minute
            .to_string(),
        "0.01"
    );
}

#[test]
fn codes_that_may_be_meant_otherwise_are_doubted() {
    let reading =
        deck("Code;Destination;Rate\n44,207;London;0.01\n60-78;Areas;0.01\n2010-2015;Cairo;0.01\n");
    let meant = |meaning, line| Doubt::CodesMeantOtherwise { meaning, line };
    assert_eq!(
        reading.doubts.listed,
        [
            meant(OtherMeaning::Thousands, 2),
            meant(OtherMeaning::Dash, 3)
        ]
    );
    let reading = deck(
        "Country Code;Dial Code;Destination;Rate\n44;;UK;0.01\n44;4420;London;0.01\n44;4479;Mobile;0.02\n",
    );
    assert_eq!(
        reading.doubts.listed,
        [Doubt::CountryCodeTwice { rows: 2, line: 3 }]
    );
}

#[test]
fn an_end_is_the_last_day_and_in_our_own_form_the_first_without() {
    let reading = deck(
        "Code,Destination,Rate,Valid From,Valid To\n\
         44,UK,0.01,2026-01-01,2026-12-31\n\
         44,UK,0.02,2027-01-01,\n\
         45,DK,0.01,2026-11-30,2026-11-30\n\
         46,SE,0.01,2026-01-01,2026-12-30\n\
         46,SE,0.02,2027-01-01,\n",
    );
    assert_eq!(reading.rejections.count, 0);
    let text = written(&reading.table);
    assert!(
        text.contains("44,UK,0.01,0.01,1,1,0,0,0,2026-01-01,2027-01-01\n"),
        "{text}"
    );
    assert!(
        text.contains("45,DK,0.01,0.01,1,1,0,0,0,2026-11-30,2026-12-01\n"),
        "{text}"
    );
    assert_eq!(
        reading.doubts.listed,
        [Doubt::Gap {
            key: key("46"),
            first_line: 5,
            line: 6
        }]
    );
    assert_eq!(written(&deck(&text).table), text);
}

#[test]
fn a_promotion_ends_and_the_standing_rate_counts_again() {
    let reading = deck(
        "prefix,destination,rate_per_minute,effective_from,effective_until\n\
         4479,UK,0.05,,\n\
         4479,UK,0.01,2026-11-01,2026-12-01\n",
    );
    assert_eq!(
        reading.doubts.listed,
        [Doubt::CountsAgain {
            key: key("4479"),
            first_line: 2,
            line: 3
        }]
    );
    let text = written(&reading.table);
    let dates: Vec<_> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
        .collect();
    let dates: Vec<_> = dates.iter().map(|it| (it[2], it[9], it[10])).collect();
    assert_eq!(
        dates,
        [
            ("0.05", "", "2026-11-01"),
            ("0.01", "2026-11-01", "2026-12-01"),
            ("0.05", "2026-12-01", ""),
        ]
    );
}

#[test]
fn a_price_that_a_comma_divided_is_not_half_a_price() {
    let reading = deck("Code,Destination,Rate\n44,UK,0,125\n45,DK,0.05\n46,SE,0.05,,\n");
    assert_eq!(reasons(&reading), [(2, Reason::TooManyFields)]);
    assert_eq!(rates(&reading.table).len(), 2);
}

#[test]
fn codes_of_a_card_that_begin_with_zeros_stay_as_they_are() {
    let text = "prefix,destination,rate_per_minute,initial_rate_per_minute,initial_interval_s,\
                next_interval_s,connection_fee,attempt_fee,grace_period_s,effective_from,\
                effective_until\n\
                00,Foreign,1,1,1,1,0,0,0,,\n\
                0044,+UK,1,1,1,1,0,0,0,,\n";
    let reading = deck(text);
    assert_eq!((reading.rejections.count, reading.doubts.count), (0, 0));
    assert_eq!(
        written(&reading.table),
        text,
        "what we wrote is read as it was"
    );
    let stranger = deck("Code,Destination,Rate\n0044,UK,1\n");
    assert_eq!(rates(&stranger.table), [rate("44", "UK", "1")]);
}

#[test]
fn a_name_is_no_formula_when_it_goes_out_again() {
    let reading =
        deck("Code,Destination,Rate\n44,\"=HYPERLINK(\"\"x\"\")\",1\n45,+ -@Denmark,1\n46,=,1\n");
    let names: Vec<_> = rates(&reading.table)
        .into_iter()
        .map(|rate| rate.1)
        .collect();
    assert_eq!(names, ["HYPERLINK(\"x\")", "Denmark"]);
    assert_eq!(reading.rejections.count, 1, "nothing is left of the third");
}

#[test]
fn an_end_far_away_is_none() {
    let reading = deck("Code,Destination,Rate,End Date\n44,UK,1,9999-12-31\n45,DK,1,2199-12-31\n");
    assert_eq!(reading.rejections.count, 0);
    assert!(
        written(&reading.table)
            .lines()
            .skip(1)
            .all(|row| row.ends_with(",,"))
    );
    let reading = deck("Code,Destination,Rate,Effective Date\n44,UK,1,2300-01-01\n");
    assert_eq!(reading.rejections.count, 1, "nothing begins so late");
}

#[test]
fn an_end_in_a_title_of_others_is_the_last_day() {
    let reading = deck("prefix,destination,rate_per_minute,End Date\n44,UK,1,2026-12-31\n");
    assert!(written(&reading.table).contains(",2027-01-01\n"));
}

#[test]
fn a_pulse_alone_is_both_intervals() {
    let reading = deck("Code,Destination,Rate,Pulse\n44,UK,1,60\n");
    assert!(written(&reading.table).contains("44,UK,1,1,60,60,"));
    let own = deck("prefix,destination,rate_per_minute,next_interval_s\n44,UK,1,60\n");
    assert!(
        written(&own.table).contains("44,UK,1,1,1,60,"),
        "by our own name it says what it is"
    );
}
