//! What is counted.

use crate::counted;
use crate::driver::{Bench, Recorded, carry_out};
use crate::entry::entry;
use call_control::journal::{BootId, Journal, JournalConfig};
use rating::Timestamp;
use routing_engine::deck::{Deck, DestinationNames};
use routing_engine::limits::LiveAdmission;
use routing_engine::resources::{
    Carrier, Customer, Direction, MediaMode, PricedCard, RateCard, Resources, Stored, Trunk,
};
use routing_engine::{CallRequest, Decision, NoTrace, QualityTable, Snapshot, Source, decide};
use sip_core::{Limits, Message};
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

pub const NAMES: [&str; 5] = ["parse", "decide", "call_direct", "call_relayed", "journal"];
/// Turns that are counted, after as many that are not.
pub const TURNS: u64 = 500;

const INVITE: &[u8] = include_bytes!("../../../sip-core/testdata/field/invite.dat");
const PREFIXES: u32 = 2_000;
const CARRIERS: i64 = 10;

pub fn run(name: &str) {
    match name {
        "parse" => parse(),
        "decide" => decisions(),
        "call_direct" => calls(MediaMode::Direct),
        "call_relayed" => calls(MediaMode::Relay),
        "journal" => journal(),
        other => panic!("there is no subject {other}"),
    }
}

/// Once for warmth, once to be counted.
fn twice(mut turn: impl FnMut(u64)) {
    (0..TURNS).for_each(&mut turn);
    counted(&mut || (TURNS..2 * TURNS).for_each(&mut turn));
}

/// An INVITE of 655 bytes read and checked.
fn parse() {
    twice(|_| {
        let message = Message::parse(black_box(INVITE), &Limits::DEFAULT).unwrap();
        black_box(message.validate_request()).unwrap();
    });
}

/// A whole decision: identification, numbers, limits, the customer's rate and ten ranked routes.
fn decisions() {
    let snapshot = Snapshot::compile(1, &world(), None).unwrap();
    let numbers: Vec<String> = (0..2 * TURNS)
        .map(|n| format!("442{:09}", n * 7_919_777 % 1_000_000_000))
        .collect();
    twice(|turn| {
        let request = CallRequest {
            source: Source::Address([192, 0, 2, 10].into()),
            called: &numbers[turn as usize],
            calling: "442071838750",
            identity: Default::default(),
            now_us: turn * 1_000,
            at: Timestamp(0),
            draw: 0,
            quality: QualityTable::empty(),
        };
        let decision = decide(
            black_box(&request),
            &snapshot,
            &mut LiveAdmission,
            &mut NoTrace,
        );
        let Decision::Route(plan) = black_box(decision) else {
            panic!("a call has routes");
        };
        assert_eq!(plan.candidates.len() as i64, CARRIERS);
    });
}

/// A whole call through the engine: seven messages in, as many out, timers and record, without I/O.
fn calls(media: MediaMode) {
    let calls = 2 * TURNS as usize;
    let steps = Recorded::calls(media, PREFIXES, calls);
    let steps_of_a_call = steps.len() / calls;
    let mut engine = Bench::new(media, PREFIXES).engine;
    let mut sent = Vec::new();
    let (warm, measured) = steps.split_at(steps_of_a_call * TURNS as usize);
    for recorded in warm {
        carry_out(&mut engine, recorded.step(), &mut sent);
    }
    counted(&mut || {
        for recorded in measured {
            carry_out(&mut engine, recorded.step(), &mut sent);
        }
    });
    let counters = engine.counters();
    assert_eq!(
        (counters.calls_received, counters.messages_stray),
        (calls as u64, 0)
    );
}

/// The record of a call with two attempts handed over to the journal.
fn journal() {
    let folder = tempfile::tempdir().unwrap();
    let config = JournalConfig::new(folder.path().into(), "fra-1".into(), BootId(1), 1);
    let (_journal, mut writers) = Journal::open(config).unwrap();
    let mut writer = writers.pop().unwrap();
    let entry = entry();
    twice(|_| {
        writer.touch(Timestamp(1));
        black_box(writer.append(black_box(&entry))).unwrap();
    });
}

/// Ten carriers with all prefixes each, all cheaper than what the customer pays.
fn world() -> Resources {
    let mut resources = Resources {
        rate_cards: vec![card(100, "retail", |_| 900)],
        customers: vec![stored(
            1,
            "customer",
            Customer {
                cps_limit: Some(100_000),
                channel_limit: Some(1_000_000),
                ..Customer::new("retail")
            },
        )],
        trunks: vec![stored(
            1,
            "in",
            Trunk {
                customer: Some("customer".into()),
                source_addresses: vec!["192.0.2.10".parse().unwrap()],
                ..Trunk::new(Direction::Ingress)
            },
        )],
        ..Resources::default()
    };
    for carrier in 1..=CARRIERS {
        let name = format!("carrier {carrier}");
        let price = |row: u32| 100 + (row / 7 * 31 + carrier as u32 * 101) % 400;
        resources.rate_cards.push(card(carrier, &name, price));
        resources
            .carriers
            .push(stored(carrier, &name, Carrier::default()));
        resources.trunks.push(stored(
            100 + carrier,
            &format!("{name} out"),
            Trunk {
                carrier: Some(name.as_str().into()),
                rate_card: Some(name.as_str().into()),
                gateway: Some("203.0.113.1:5060".parse().unwrap()),
                ..Trunk::new(Direction::Egress)
            },
        ));
    }
    resources
}

fn stored<T>(id: i64, name: &str, spec: T) -> Stored<T> {
    Stored {
        id,
        name: name.to_owned(),
        spec,
    }
}

fn card(id: i64, name: &str, micros: impl Fn(u32) -> u32) -> PricedCard {
    let spec = RateCard {
        rates_file: Some("rates.csv".into()),
        ..RateCard::new(rating::Currency::USD)
    };
    let mut csv = "prefix,destination,rate_per_minute\n".to_owned();
    for row in 0..PREFIXES {
        let prefix = u64::from(row) * 4 + 44_200_000;
        writeln!(csv, "{prefix},Place {},0.000{}", row % 500, micros(row)).unwrap();
    }
    writeln!(csv, "44,United Kingdom,0.000{}", micros(0)).unwrap();
    let deck = Deck::read(csv.as_bytes(), &spec, &mut DestinationNames::default()).unwrap();
    PricedCard {
        card: stored(id, name, spec),
        deck: Arc::new(deck),
    }
}
