//! Loads `configs/demo` as the switch does: YAML, decks beside it, identifiers by position.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "shared by tests and benchmarks, which stop at the first surprise"
)]

use flate2::read::GzDecoder;
use rating::cdr::Transport;
use routing_engine::deck::{Deck, DestinationNames};
use routing_engine::documents::parse_documents;
use routing_engine::resources::{
    Carrier, Direction, PricedCard, RateCard, ResourceSpec, Resources, Stored, Trunk,
};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) fn folder() -> PathBuf {
    // Of this crate or, for the benchmarks of the whole, of the one above.
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let is_there = |folder: &PathBuf| folder.is_dir();
    let folder = folders.find_map(|folder| Some(folder.join("configs/demo")).filter(is_there));
    folder.unwrap()
}

pub(crate) fn deck_csv(file: &str) -> Vec<u8> {
    let packed = std::fs::File::open(folder().join(file)).unwrap();
    let mut csv = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut csv).unwrap();
    csv
}

pub(crate) fn resources() -> Resources {
    let text = std::fs::read_to_string(folder().join("resources.yaml")).unwrap();
    let documents =
        parse_documents("resources.yaml", &text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let mut resources = Resources::default();
    let mut names = DestinationNames::default();
    for (id, document) in (1..).zip(documents) {
        let name = document.value.name;
        match document.value.spec {
            ResourceSpec::RateCard(spec) => {
                let csv = deck_csv(spec.rates_file.as_deref().unwrap());
                let deck = Deck::read(&csv, &spec, &mut names).unwrap();
                resources.rate_cards.push(PricedCard {
                    card: Stored { id, name, spec },
                    deck: Arc::new(deck),
                });
            }
            ResourceSpec::Carrier(spec) => resources.carriers.push(Stored { id, name, spec }),
            ResourceSpec::Customer(spec) => resources.customers.push(Stored { id, name, spec }),
            ResourceSpec::Trunk(spec) => resources.trunks.push(Stored { id, name, spec }),
            ResourceSpec::TranslationRules(spec) => {
                resources.translation_rules.push(Stored { id, name, spec });
            }
            ResourceSpec::CliRules(spec) => resources.cli_rules.push(Stored { id, name, spec }),
            ResourceSpec::NumberList(spec) => {
                resources.number_lists.push(Stored { id, name, spec });
            }
            other => panic!("{other:?}"),
        }
    }
    resources
}

/// All dial codes of the world deck, ascending.
pub(crate) fn prefixes() -> Vec<String> {
    let csv = String::from_utf8(deck_csv("retail.csv.gz")).unwrap();
    let rows = csv.lines().skip(1);
    rows.map(|row| row.split(',').next().unwrap().to_owned())
        .collect()
}

/// The demo's customers with carriers that all serve the whole world deck, at prices that differ.
pub(crate) fn carriers(count: usize) -> Resources {
    let prefixes = prefixes();
    with_carriers(count, |carrier| {
        priced_csv(prefixes.iter().enumerate(), carrier)
    })
}

/// Carriers that serve a part of the world deck each.
pub(crate) fn part_carriers(count: usize, prefixes_each: usize) -> Resources {
    let prefixes = prefixes();
    with_carriers(count, |carrier| {
        let step = prefixes.len() / prefixes_each;
        let rows = prefixes.iter().enumerate().skip(carrier % step.max(1));
        priced_csv(rows.step_by(step.max(1)).take(prefixes_each), carrier)
    })
}

/// The same cards, with rates for some callers beside each rate for all: to +1 by jurisdiction, elsewhere for
/// callers of two countries; where `asks` says so of the first digits. Their prices are those for all, so that
/// the same routes are found.
pub(crate) fn asking_callers(mut resources: Resources, asks: &[&str]) -> Resources {
    let mut names = DestinationNames::default();
    for priced in &mut resources.rate_cards {
        let csv = csv_by_caller(&priced.deck, asks);
        let deck = Deck::read(csv.as_bytes(), &priced.card.spec, &mut names).unwrap();
        priced.deck = Arc::new(deck);
    }
    resources
}

fn csv_by_caller(deck: &Deck, asks: &[&str]) -> String {
    let mut csv = "prefix,destination,rate_per_minute,initial_rate_per_minute,initial_interval_s,next_interval_s,\
                   connection_fee,attempt_fee,grace_period_s,origin\n"
        .to_owned();
    for (prefix, _, offer) in deck.rows() {
        let (name, terms) = (deck.destination(offer), &offer.terms);
        let digits = prefix.to_string();
        let origins: &[&str] = match prefix.digit(0) {
            _ if !asks.iter().any(|first| digits.starts_with(first)) => &[""],
            1 => &["", "interstate", "intrastate"],
            _ => &["", "33", "4420"],
        };
        for origin in origins {
            let row = format!(
                "{prefix},\"{}\",{},{},{},{},{},{},{},{origin}\n",
                name.replace('"', "\"\""),
                terms.next_rate_per_minute,
                terms.initial_rate_per_minute,
                terms.initial_interval_s,
                terms.next_interval_s,
                terms.connection_fee,
                terms.attempt_fee,
                terms.grace_period_s,
            );
            csv.push_str(&row);
        }
    }
    csv
}

fn with_carriers(count: usize, deck_csv: impl Fn(usize) -> String) -> Resources {
    let mut resources = resources();
    let trunks = &mut resources.trunks;
    trunks.retain(|trunk| trunk.spec.direction == Direction::Ingress);
    resources.carriers.clear();
    let cards = &mut resources.rate_cards;
    cards.retain(|priced| priced.card.name.starts_with("Retail"));
    let mut names = DestinationNames::default();
    for carrier in 0..count {
        add_carrier(&mut resources, &mut names, carrier, &deck_csv(carrier));
    }
    resources
}

fn add_carrier(resources: &mut Resources, names: &mut DestinationNames, carrier: usize, csv: &str) {
    let id = 1_000 + carrier as i64;
    let name = format!("carrier {carrier}");
    let card: RateCard =
        serde_json::from_str(r#"{"currency": "USD", "rates_file": "x.csv"}"#).unwrap();
    let deck = Deck::read(csv.as_bytes(), &card, names).unwrap();
    resources.rate_cards.push(PricedCard {
        card: Stored {
            id,
            name: name.clone(),
            spec: card,
        },
        deck: Arc::new(deck),
    });
    resources.carriers.push(Stored {
        id,
        name: name.clone(),
        spec: Carrier::default(),
    });
    resources.trunks.push(Stored {
        id,
        name: format!("trunk {carrier}"),
        spec: Trunk {
            carrier: Some(name.as_str().into()),
            rate_card: Some(name.into()),
            gateway: Some(std::net::SocketAddr::from(([127, 0, 1, 1], 5060)).into()),
            transport: Some(Transport::Udp),
            ..Trunk::new(Direction::Egress)
        },
    });
}

/// Prices of a few hundred steps, so that each carrier is the cheapest somewhere; all are far
/// below what the demo's customers pay, or no route would be left to rank.
fn priced_csv<'p>(rows: impl Iterator<Item = (usize, &'p String)>, carrier: usize) -> String {
    let mut csv = "prefix,destination,rate_per_minute\n".to_owned();
    for (index, prefix) in rows {
        let area = index / 7;
        let micros = 100 + (area * 31 + carrier * 101) % 400;
        csv.push_str(&format!("{prefix},Area {area},0.000{micros}\n"));
    }
    csv
}
