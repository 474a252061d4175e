//! `docs/resources.md` says what is so: its examples are read, and it names every field.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use routing_engine::deck::{COLUMNS, Deck, DestinationNames};
use routing_engine::documents::parse_documents;
use routing_engine::resources::{RateCard, ResourceKind, ResourceSpec};
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

/// The fields that a kind has, as its reader lists them when it meets one that it does not know.
fn fields(kind: ResourceKind) -> Vec<String> {
    let unknown = serde_json::json!({ "no such field": 1 });
    let error = ResourceSpec::deserialize_as(kind, unknown)
        .unwrap_err()
        .to_string();
    let (_, listed) = error.split_once("expected ").unwrap();
    let names = listed.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
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
fn every_field_of_every_kind_is_described() {
    let text = text();
    for kind in ResourceKind::ALL {
        let fields = fields(kind);
        assert!(fields.len() >= 3, "{kind}: {fields:?}");
        for field in fields {
            let is_described = ["", "codes", "first_reply_timeout_ms"].iter().any(|part| {
                let name = match *part {
                    "" => format!("| `{field}` |"),
                    part => format!("| `{field}.{part}` |"),
                };
                text.contains(&name)
            });
            assert!(is_described, "{kind}: {field}");
        }
    }
    for column in COLUMNS {
        assert!(text.contains(&format!("| `{column}` |")), "{column}");
    }
}
