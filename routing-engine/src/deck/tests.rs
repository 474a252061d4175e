#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use rating::rounding::RoundingMode;
use rating::{Amount, Currency};

fn card() -> RateCard {
    RateCard {
        initial_interval_s: 30,
        next_interval_s: 6,
        connection_fee: Amount(7),
        ..RateCard::new(Currency::USD)
    }
}

fn read(csv: &str) -> Result<Deck, Vec<Problem>> {
    Deck::read(csv.as_bytes(), &card(), &mut DestinationNames::default())
}

fn problems(csv: &str) -> Vec<String> {
    let problems = read(csv).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn rows_are_read_in_any_order_with_the_cards_defaults() {
    let deck = read(
        "rate_per_minute,prefix,destination,connection_fee,next_interval_s\n\
         0.02,4420,\"London, UK\",,60\n\
         0.01,44,United Kingdom,0.5,\n",
    )
    .unwrap();
    let rows: Vec<_> = deck
        .rows()
        .map(|(prefix, _, offer)| (prefix.to_string(), &**deck.destination(offer), offer.terms))
        .collect();
    let cent = RateTerms::per_second(Amount(10_000_000));
    let two_cents = RateTerms::per_second(Amount(20_000_000));
    assert_eq!(
        rows,
        [
            (
                "44".to_owned(),
                "United Kingdom",
                RateTerms {
                    connection_fee: Amount(500_000_000),
                    ..cent.with_intervals(30, 6)
                }
            ),
            (
                "4420".to_owned(),
                "London, UK",
                RateTerms {
                    connection_fee: Amount(7),
                    ..two_cents.with_intervals(30, 60)
                }
            ),
        ]
    );
}

#[test]
fn fees_grace_and_rounding_come_from_the_row_or_the_card() {
    let card = RateCard {
        attempt_fee: Amount(3),
        grace_period_s: 5,
        amount_rounding: RoundingMode::Up,
        amount_decimals: 4,
        duration_rounding: RoundingMode::HalfUp,
        ..card()
    };
    let csv = "prefix,destination,rate_per_minute,attempt_fee,grace_period_s\n\
               1,A,0.01,,\n2,B,0.01,0.5,0\n";
    let names = &mut DestinationNames::default();
    let from_csv = Deck::read(csv.as_bytes(), &card, names).unwrap();
    let named = RateRow {
        attempt_fee: Some(Amount(500_000_000)),
        grace_period_s: Some(0),
        ..RateRow::new("2", "B", Amount(10_000_000))
    };
    let rows = [RateRow::new("1", "A", Amount(10_000_000)), named];
    let from_rows = Deck::from_rows(&rows, &card, names).unwrap();
    let terms = |deck: &Deck| {
        deck.rows()
            .map(|(.., offer)| offer.terms)
            .collect::<Vec<_>>()
    };
    assert_eq!(terms(&from_csv), terms(&from_rows));
    let [first, second] = terms(&from_csv)[..] else {
        panic!("two rows")
    };
    assert_eq!((first.attempt_fee, first.grace_period_s), (Amount(3), 5));
    assert_eq!(second.attempt_fee, Amount(500_000_000));
    assert_eq!(second.grace_period_s, 0);
    assert_eq!([first.rounding, second.rounding], [card.rounding(); 2]);
}

#[test]
fn windows_line_ends_a_byte_order_mark_spaces_and_blank_lines_do_no_harm() {
    let deck =
        read("\u{feff}prefix, destination ,rate_per_minute\r\n\r\n 1 , United States , 0.001 \r\n")
            .unwrap();
    assert_eq!(deck.len(), 1);
    let (.., offer) = deck.rows().next().unwrap();
    assert_eq!(&**deck.destination(offer), "United States");
}

#[test]
fn rows_of_equal_terms_share_their_offer_and_decks_share_names() {
    let csv = b"prefix,destination,rate_per_minute\n1,A,0.1\n2,A,0.1\n3,A,0.2\n4,B,0.1\n";
    let mut names = DestinationNames::default();
    let one = Deck::read(csv, &card(), &mut names).unwrap();
    let other = Deck::read(csv, &card(), &mut names).unwrap();
    assert_eq!(one.offer_indexes(), [0, 0, 1, 2]);
    assert!(Arc::ptr_eq(
        one.destination(one.offer(0)),
        other.destination(other.offer(1))
    ));
}

#[test]
fn each_faulty_row_is_named_by_line_and_column() {
    let header = "prefix,destination,rate_per_minute,initial_interval_s,connection_fee\n";
    let cases = [
        (",X,0.1,,", "line 2: prefix: a prefix is missing"),
        ("+44,X,0.1,,", "line 2: prefix: a prefix is made of digits"),
        (
            "1234567890123456,X,0.1,,",
            "line 2: prefix: a prefix has at most",
        ),
        (
            "44,,0.1,,",
            "line 2: destination: a destination needs a name",
        ),
        ("44,X,,,", "line 2: rate_per_minute: an amount is missing"),
        (
            "44,X,abc,,",
            "line 2: rate_per_minute: not a decimal number",
        ),
        (
            "44,X,-0.1,,",
            "line 2: rate_per_minute: a price is zero or more",
        ),
        (
            "44,X,0.0123456789,,",
            "line 2: rate_per_minute: more than 9 decimal places",
        ),
        (
            "44,X,\"1,5\",,",
            "line 2: rate_per_minute: not a decimal number",
        ),
        ("44,X,10001,,", "line 2: rate_per_minute: above 10000"),
        (
            "44,X,0.1,x,",
            "line 2: initial_interval_s: not a whole number",
        ),
        (
            "44,X,0.1,0,",
            "line 2: initial_interval_s: an interval is from 1",
        ),
        (
            "44,X,0.1,,-1",
            "line 2: connection_fee: a price is zero or more",
        ),
        (
            "44,X,0.1",
            "line 2: row: 3 fields where the first line has 5",
        ),
        (
            "44,X,0.1,,,",
            "line 2: row: 6 fields where the first line has 5",
        ),
    ];
    for (row, expected) in cases {
        let found = problems(&format!("{header}{row}\n1,Sound,0.1,,\n"));
        assert_eq!(found.len(), 1, "{row}: {found:?}");
        assert!(found[0].starts_with(expected), "{row}: {found:?}");
    }
}

#[test]
fn every_duplicate_is_named_with_the_line_that_had_it_first() {
    let found =
        problems("prefix,destination,rate_per_minute\n1,A,0.1\n2,B,0.1\n1,C,0.1\n2,D,x\n1,E,0.1\n");
    assert_eq!(
        found,
        [
            "line 4: prefix: 1 stands in line 2 already",
            "line 5: rate_per_minute: not a decimal number: write digits and at most one point, \
             such as 0.0125",
            "line 6: prefix: 1 stands in line 4 already",
        ]
    );
}

#[test]
fn a_header_must_name_the_columns() {
    assert_eq!(problems(""), ["line 1: the deck is empty"]);
    let found = problems("prefix,destination,price,prefix\n1,A,0.1,1\n");
    assert_eq!(found.len(), 3);
    assert!(found[0].starts_with("line 1: price: unknown column"));
    assert_eq!(found[1], "line 1: prefix: the column stands twice");
    assert!(found[2].starts_with("line 1: rate_per_minute: the column is missing"));
}

#[test]
fn a_name_that_is_not_utf8_is_refused_at_its_line() {
    let csv = b"prefix,destination,rate_per_minute\n1,A,0.1\n2,\xff\xfe,0.1\n";
    let problems = Deck::read(csv, &card(), &mut DestinationNames::default()).unwrap_err();
    assert_eq!(
        problems[0].to_string(),
        "line 3: destination: the name is not UTF-8"
    );
}

#[test]
fn reading_stops_after_a_hundred_problems() {
    let mut csv = "prefix,destination,rate_per_minute\n".to_owned();
    csv.push_str(&"x,A,0.1\n".repeat(1_000));
    assert_eq!(problems(&csv).len(), PROBLEMS_MAX);
}

#[test]
fn rows_in_the_resource_are_named_by_their_position() {
    let row = |prefix: &str| RateRow::new(prefix, "X", Amount(1));
    let names = &mut DestinationNames::default();
    let deck = Deck::from_rows(&[row("44"), row("1")], &card(), names).unwrap();
    assert_eq!(deck.len(), 2);
    let faults = Deck::from_rows(&[row("44"), row("a"), row("44")], &card(), names).unwrap_err();
    let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].starts_with("rates[1].prefix: a prefix is made of digits"));
    assert_eq!(texts[1], "rates[2].prefix: 44 stands in rates[0] already");
}

/// Each row as `prefix/origin price`.
fn told(deck: &Deck) -> Vec<String> {
    deck.rows()
        .map(|(prefix, origin, offer)| {
            format!("{prefix}/{origin} {}", offer.terms.next_rate_per_minute)
        })
        .collect()
}

fn with_zone() -> RateCard {
    let zone = serde_json::json!([{"name": "EEA", "prefixes": ["33", "49"]}]);
    RateCard {
        origin_sets: serde_json::from_value(zone).unwrap(),
        ..card()
    }
}

#[test]
fn a_row_is_for_an_origin_a_jurisdiction_or_each_of_a_named_group() {
    let csv = "prefix,destination,rate_per_minute,origin\n44,A,0.5,EEA\n44,A,0.7,\n44,A,0.6,331\n\
               1212,B,0.1,interstate\n";
    let names = &mut DestinationNames::default();
    let deck = Deck::read(csv.as_bytes(), &with_zone(), names).unwrap();
    assert_eq!(
        told(&deck),
        [
            "1212/interstate 0.1",
            "44/ 0.7",
            "44/33 0.5",
            "44/331 0.6",
            "44/49 0.5"
        ]
    );
    let row = |prefix: &str, origin: Option<&str>| RateRow {
        origin: origin.map(str::to_owned),
        ..RateRow::new(prefix, "A", Amount(1))
    };
    let rows = [row("44", Some("EEA")), row("44", None)];
    let deck = Deck::from_rows(&rows, &with_zone(), names).unwrap();
    assert_eq!(deck.len(), 3);
}

#[test]
fn a_deck_for_all_callers_keeps_no_origins() {
    let deck = read("prefix,destination,rate_per_minute,origin\n44,A,0.5,\n45,A,0.5,\n").unwrap();
    assert!(deck.origins().is_empty());
}

#[test]
fn an_origin_that_is_none_and_one_that_comes_twice_are_named() {
    let names = &mut DestinationNames::default();
    let csv =
        "prefix,destination,rate_per_minute,origin\n44,A,0.5,EEA\n44,A,0.6,49\n44,A,0.1,ROW\n";
    let problems = Deck::read(csv.as_bytes(), &with_zone(), names).unwrap_err();
    let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts[0],
        "line 3: origin: 44 from 49 stands in line 2 already"
    );
    assert!(
        texts[1].starts_with("line 4: origin: `ROW` is no origin"),
        "{texts:?}"
    );
}

#[test]
fn a_deck_that_was_written_by_earlier_rules_of_origins_is_read_as_it_was() {
    let mut csv = "prefix,destination,rate_per_minute,origin\n\
                   44,UK,0.1,0033\n212,Morocco,0.1,intrastate\n"
        .to_owned();
    for origin in 100_000..104_500 {
        csv.push_str(&format!("44,UK,0.1,{origin}\n"));
    }
    let card = card();
    let stored = Deck::read_stored(csv.as_bytes(), &card, &mut DestinationNames::default());
    let stored = stored.unwrap();
    assert_eq!((stored.len(), stored.callers().len()), (4_502, 4_501));
    assert!(!problems(&csv).is_empty(), "nobody writes it again");
    let rows: Vec<_> = ["0033", "33"]
        .into_iter()
        .map(|origin| RateRow {
            origin: Some(origin.to_owned()),
            ..RateRow::new("44", "UK", Amount(1))
        })
        .collect();
    let names = &mut DestinationNames::default();
    assert!(Deck::from_stored_rows(&rows, &card, names).is_ok());
    assert!(Deck::from_rows(&rows, &card, names).is_err());
}

#[test]
fn origins_are_found_in_any_case_and_those_that_no_call_has_are_refused() {
    let deck = read(
        "prefix,destination,rate_per_minute,origin\n\
         1212,New York,0.1,Interstate\n\
         1212,New York,0.2,All\n\
         44,UK,0.3,33\n",
    )
    .unwrap();
    let origins: Vec<_> = deck.origins().iter().map(ToString::to_string).collect();
    assert_eq!(origins, ["", "interstate", "33"]);
    let refused = problems(
        "prefix,destination,rate_per_minute,origin\n\
         44,UK,0.1,0033\n\
         212,Morocco,0.1,intrastate\n",
    );
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused[0].contains("`0033` is no origin"), "{refused:?}");
    assert!(
        refused[1].contains("the prefix has to begin with 1"),
        "{refused:?}"
    );
}
