//! What a call costs by who calls: real calls, the records that they leave, and the carriers that got them.

use crate::resources::{CUSTOMER, CarrierSpec, World};
use crate::sipp::{Calls, Carrier, Over, Tally};
use crate::switch::Switch;
use serde_json::{Value, json};

const UNITED_KINGDOM: &str = "442071838750";
const NEW_YORK: &str = "12125550100";
const FRENCH: &str = "+33612345678";

/// A switch with two carriers of SIPp.
struct Scene {
    switch: Switch,
    _carriers: [Carrier; 2],
}

impl Scene {
    fn start() -> Self {
        let switch = Switch::start(&[]);
        let carriers = ["127.0.0.31", "127.0.0.32"]
            .map(|ip| Carrier::start("carrier_answers", ip, Over::Udp, &[]));
        let [aurora, borealis] = carriers.each_ref().map(|carrier| carrier.address);
        World::of(vec![
            CarrierSpec::new("aurora", aurora, "0.010"),
            CarrierSpec::new("borealis", borealis, "0.020"),
        ])
        .apply(&switch);
        Self {
            switch,
            _carriers: carriers,
        }
    }

    /// Puts a card with these rows, each a prefix, an origin and a price, billed by whole minutes.
    fn card(&self, name: &str, rows: &[(&str, &str, &str)]) {
        let rates = rows.iter().map(|(prefix, origin, price)| {
            let mut row =
                json!({ "prefix": prefix, "destination": prefix, "rate_per_minute": price });
            if !origin.is_empty() {
                row["origin"] = json!(origin);
            }
            row
        });
        let spec = json!({ "currency": "USD", "initial_interval_s": 60, "next_interval_s": 60,
            "origin_sets": [{ "name": "EEA", "prefixes": ["33", "49"] }],
            "rates": rates.collect::<Vec<_>>() });
        let path = format!("/api/v1/rate-cards/{name}");
        self.switch
            .send("PUT", &path, &json!({ "name": name, "spec": spec }));
    }

    /// Places one call and returns its whole record.
    fn call(&self, from: &str, to: &str) -> Value {
        let before = self.switch.cdrs().len();
        let calls = Calls {
            scenario: "caller_shows",
            from: CUSTOMER,
            to: self.switch.sip,
            over: Over::Udp,
            count: 1,
            per_second: 1,
            hold_ms: 50,
            numbers: &[to],
            scratch: self.switch.scratch(),
            more: &[
                "-key", "from", from, "-key", "asserted", from, "-key", "privacy", "none",
            ],
        };
        let one = Tally {
            successful: 1,
            failed: 0,
        };
        assert_eq!(calls.run(), one, "{from} to {to}");
        let cdrs = self.switch.wait_for_cdrs(before + 1);
        let newest = cdrs.iter().max_by_key(|cdr| cdr["id"].as_str().unwrap());
        let id = newest.unwrap()["id"].as_str().unwrap();
        self.switch.get(&format!("/api/v1/cdrs/{id}"))
    }

    /// Origin and charge of the customer's side, then carrier, origin and cost of the other.
    fn billed(&self, from: &str, to: &str) -> [Value; 5] {
        let record = self.call(from, to);
        assert_eq!(record["outcome"], "answered", "{record:#}");
        let attempt = &record["attempt_records"][0];
        [
            &record["rate"]["origin"],
            &record["charge"],
            &record["carrier"],
            &attempt["rate"]["origin"],
            &record["cost"],
        ]
        .map(Value::clone)
    }
}

fn billed(sold: (Option<&str>, &str), carrier: &str, bought: (Option<&str>, &str)) -> [Value; 5] {
    [
        json!(sold.0),
        json!(sold.1),
        json!(carrier),
        json!(bought.0),
        json!(bought.1),
    ]
}

#[test]
fn callers_of_a_group_and_all_others_have_two_prices_and_two_carriers() {
    let scene = Scene::start();
    scene.card("sell", &[("44", "", "0.06"), ("44", "EEA", "0.03")]);
    scene.card("aurora-buy", &[("44", "", "0.02"), ("44", "33", "0.025")]);
    scene.card("borealis-buy", &[("44", "", "0.04"), ("44", "EEA", "0.01")]);
    assert_eq!(
        scene.billed(FRENCH, UNITED_KINGDOM),
        billed((Some("33"), "0.03"), "borealis", (Some("33"), "0.01"))
    );
    assert_eq!(
        scene.billed("4930123456", UNITED_KINGDOM),
        billed((Some("49"), "0.03"), "borealis", (Some("49"), "0.01")),
        "for Germany the other has its price for all, 0.02"
    );
    assert_eq!(
        scene.billed("12015550100", UNITED_KINGDOM),
        billed((None, "0.06"), "aurora", (None, "0.02"))
    );
    assert_eq!(
        scene.billed("anonymous", UNITED_KINGDOM),
        billed((None, "0.06"), "aurora", (None, "0.02"))
    );
}

#[test]
fn a_call_to_the_united_states_is_billed_by_its_jurisdiction_on_both_sides() {
    let scene = Scene::start();
    scene.card(
        "sell",
        &[
            ("1212", "interstate", "0.02"),
            ("1212", "intrastate", "0.05"),
        ],
    );
    let aurora = [
        ("1212", "interstate", "0.004"),
        ("1212", "intrastate", "0.04"),
        ("1212", "indeterminate", "0.045"),
    ];
    scene.card("aurora-buy", &aurora);
    scene.card(
        "borealis-buy",
        &[
            ("1212", "interstate", "0.01"),
            ("1212", "intrastate", "0.03"),
            ("1212", "indeterminate", "0.048"),
        ],
    );
    let (between, within) = (Some("interstate"), Some("intrastate"));
    assert_eq!(
        scene.billed("+12015550100", NEW_YORK),
        billed((between, "0.02"), "aurora", (between, "0.004"))
    );
    assert_eq!(
        scene.billed("17185550100", NEW_YORK),
        billed((within, "0.05"), "borealis", (within, "0.03"))
    );
    // Nobody can tell: the customer's card has no price for that, so the dearest.
    assert_eq!(
        scene.billed(FRENCH, NEW_YORK),
        billed((within, "0.05"), "aurora", (Some("indeterminate"), "0.045"))
    );
}

#[test]
fn the_profit_guard_refuses_the_callers_that_would_cost_more_than_they_pay() {
    let scene = Scene::start();
    scene.card("sell", &[("44", "", "0.03"), ("44", "49", "0.09")]);
    scene.card("aurora-buy", &[("44", "", "0.02"), ("44", "EEA", "0.08")]);
    scene.card("borealis-buy", &[("44", "", "0.02"), ("44", "EEA", "0.07")]);
    let refused = scene.call(FRENCH, UNITED_KINGDOM);
    assert_eq!(
        (&refused["outcome"], &refused["release_reason"]),
        (&json!("rejected"), &json!("unprofitable")),
        "{refused:#}"
    );
    assert_eq!(refused["attempts"], 0, "{refused:#}");
    assert_eq!(
        scene.billed("4930123456", UNITED_KINGDOM),
        billed((Some("49"), "0.09"), "borealis", (Some("49"), "0.07"))
    );
    assert_eq!(
        scene.billed("12015550100", UNITED_KINGDOM)[1..3],
        [json!("0.03"), json!("aurora")]
    );
}
