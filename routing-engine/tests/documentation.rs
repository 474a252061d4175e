//! `docs/resources.md` says what is so: its examples are read, and it names every column of a deck.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use routing_engine::deck::{COLUMNS, Deck, DestinationNames};
use routing_engine::documents::parse_documents;
use routing_engine::resources::RateCard;
use std::path::PathBuf;

fn text() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/resources.md");
    std::fs::read_to_string(path).unwrap()
}

/// The first block of a language.
fn example(text: &str, language: &str) -> String {
    let start = format!("```{language}\n");
    let (_, after) = text.split_once(&start).unwrap();
    after.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_examples_are_sound() {
    let text = text();
    let documents = parse_documents("resources.md", &example(&text, "yaml")).unwrap();
    assert_eq!(documents.len(), 2);
    let card: RateCard =
        serde_json::from_str(r#"{"currency": "USD", "rates_file": "x.csv"}"#).unwrap();
    let csv = example(&text, "csv");
    let deck = Deck::read(csv.as_bytes(), &card, &mut DestinationNames::default()).unwrap();
    assert_eq!(deck.len(), 2);
}

#[test]
fn every_column_of_a_deck_is_described() {
    let text = text();
    for column in COLUMNS {
        assert!(text.contains(&format!("| `{column}` |")), "{column}");
    }
}
