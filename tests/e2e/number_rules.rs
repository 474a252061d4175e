//! What rules make of numbers, judged by what a carrier of SIPp received.

use crate::numbers::{set_numbers, write};
use crate::resources::{CUSTOMER, CarrierSpec, World};
use crate::sipp::{Calls, Carrier, Over, Tally};
use crate::switch::Switch;
use serde_json::{Value, json};
use std::path::PathBuf;

/// A switch with two carriers of SIPp that write down what they receive; the first is the cheaper.
struct Wire {
    switch: Switch,
    carriers: [(Carrier, PathBuf); 2],
}

/// A call, as the caller shows itself.
struct Shown<'a> {
    from: &'a str,
    asserted: &'a str,
    /// What Privacy says.
    privacy: &'a str,
}

const CALLER: Shown<'static> = Shown {
    from: "442071234567",
    asserted: "442079460001",
    privacy: "none",
};

impl Wire {
    /// `ingress` and `egress` are more lines of the trunks of the customer and of the first carrier.
    fn start(ingress: &str, egress: &str) -> Self {
        let switch = Switch::start(&[]);
        let carriers = ["127.0.0.31", "127.0.0.32"].map(|ip| {
            let messages = switch.scratch().join(format!("messages-{ip}.log"));
            let trace = ["-trace_msg", "-message_file", messages.to_str().unwrap()];
            (
                Carrier::start("carrier_answers", ip, Over::Udp, &trace),
                messages,
            )
        });
        let [aurora, borealis] = carriers.each_ref().map(|(carrier, _)| carrier.address);
        let mut world = World::of(vec![
            CarrierSpec::new("aurora", aurora, "0.010"),
            CarrierSpec::new("borealis", borealis, "0.020"),
        ]);
        world.ingress = ingress;
        world.carriers[0].more = egress;
        world.apply(&switch);
        Self { switch, carriers }
    }

    fn list(&self, name: &str, spec: Value) {
        write(&self.switch, "number-lists", name, spec);
    }

    /// CLI rules called `cli`.
    fn cli_rules(&self, spec: Value) {
        write(&self.switch, "cli-rules", "cli", spec);
    }

    /// Numbers that From had in so many calls that the first carrier got.
    fn presented(&self, calls: usize, called: &str) -> Vec<String> {
        let calls = (0..calls).map(|_| user(&self.sent(0, &CALLER, called), "From").unwrap());
        calls.collect()
    }

    fn set_numbers(&self, path: &str, numbers: Value) {
        set_numbers(&self.switch, path, &numbers);
    }

    /// Places one call and returns its whole record.
    fn call(&self, shown: &Shown<'_>, number: &str) -> Value {
        let before = self.switch.cdrs().len();
        let calls = Calls {
            scenario: "caller_shows",
            from: CUSTOMER,
            to: self.switch.sip,
            over: Over::Udp,
            count: 1,
            per_second: 1,
            hold_ms: 50,
            numbers: &[number],
            scratch: self.switch.scratch(),
            more: &[
                "-key",
                "from",
                shown.from,
                "-key",
                "asserted",
                shown.asserted,
                "-key",
                "privacy",
                shown.privacy,
            ],
        };
        let one = Tally {
            successful: 1,
            failed: 0,
        };
        assert_eq!(calls.run(), one, "to {number}");
        let cdrs = self.switch.wait_for_cdrs(before + 1);
        let newest = cdrs.iter().max_by_key(|cdr| cdr["id"].as_str().unwrap());
        let id = newest.unwrap()["id"].as_str().unwrap();
        self.switch.get(&format!("/api/v1/cdrs/{id}"))
    }

    /// Places a call that is answered, and returns the last INVITE that the carrier got.
    fn sent(&self, carrier: usize, shown: &Shown<'_>, number: &str) -> String {
        let record = self.call(shown, number);
        assert_eq!(record["outcome"], "answered", "{record:#}");
        self.last_invite(carrier)
    }

    fn last_invite(&self, carrier: usize) -> String {
        let messages = std::fs::read_to_string(&self.carriers[carrier].1).unwrap();
        let begin = messages.rfind("INVITE sip:").unwrap();
        let invite = &messages[begin..];
        let end = invite.find("\r\n\r\n").or_else(|| invite.find("\n\n"));
        invite[..end.unwrap()].to_owned()
    }

    /// How the last call's decision explains itself, made again from its record.
    fn explained(&self, record: &Value) -> Value {
        let id = record["id"].as_str().unwrap();
        let told = self.switch.get(&format!("/api/v1/cdrs/{id}/explain"));
        assert_eq!(told["is_exact"], true, "{told:#}");
        told["explanation"].clone()
    }
}

/// The user part of the address in a header field of an INVITE; of the Request-URI for "INVITE".
fn user(invite: &str, field: &str) -> Option<String> {
    let line = invite.lines().find(|line| line.starts_with(field))?;
    let (_, address) = line.split_once("sip:")?;
    Some(address.split_once('@')?.0.to_owned())
}

fn details(explanation: &Value) -> Vec<&str> {
    let steps = explanation["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| step["detail"].as_str().unwrap())
        .collect()
}

#[test]
fn a_list_rewrites_the_numbers_of_a_call_before_it_is_routed_and_as_it_is_sent() {
    let wire = Wire::start("", "");
    wire.list(
        "ported",
        json!({ "action": "rewrite", "entries": ["4470"], "replacement": "4420" }),
    );
    wire.list(
        "one-caller",
        json!({ "action": "rewrite", "number": "calling", "replaces": "number",
            "entries": ["4420"], "replacement": "442079460777" }),
    );
    wire.list(
        "carrier-code",
        json!({ "action": "rewrite", "entries": ["4420"], "replacement": "99420" }),
    );
    wire.set_numbers("customers/acme", json!({ "lists": ["ported"] }));
    wire.set_numbers("carriers/aurora", json!({ "lists": ["carrier-code"] }));
    wire.set_numbers("trunks/aurora-out", json!({ "lists": ["one-caller"] }));

    let record = wire.call(&CALLER, "447012345678");
    assert_eq!(record["outcome"], "answered", "{record:#}");
    assert_eq!(record["called_number_received"], "447012345678");
    assert_eq!(record["called_number"], "442012345678");
    let invite = wire.last_invite(0);
    assert_eq!(user(&invite, "INVITE").unwrap(), "9942012345678");
    assert_eq!(user(&invite, "From").unwrap(), "442079460777");
    let explained = wire.explained(&record);
    let step = "number list \"ported\" makes 442012345678 of the called number 447012345678";
    assert!(details(&explained).contains(&step), "{explained:#}");

    let asked = ["--from", "442071234567", "--to", "447012345678"];
    let why = [&["explain", "--customer", "acme"], &asked[..]].concat();
    let why = wire.switch.command(&why).unwrap();
    assert!(why.contains(step), "{why}");
}

#[test]
fn a_list_tags_a_call_and_routes_take_it_by_its_tag() {
    let wire = Wire::start("", "");
    wire.list(
        "london",
        json!({ "action": "tag", "entries": ["4420"], "tag": "london" }),
    );
    let route = json!({ "trunk": "borealis-out", "tags_required": ["london"], "exclusive": true });
    write(&wire.switch, "routes", "london-by-borealis", route);
    wire.set_numbers("trunks/acme-in", json!({ "lists": ["london"] }));

    let tagged = wire.call(&CALLER, "442012345678");
    let carrier = |record: &Value| record["attempt_records"][0]["carrier"].clone();
    assert_eq!(carrier(&tagged), "borealis", "{tagged:#}");
    assert_eq!(wire.explained(&tagged)["tags"], json!(["london"]));
    assert_eq!(
        user(&wire.last_invite(1), "INVITE").unwrap(),
        "442012345678"
    );
    let other = wire.call(&CALLER, "441212345678");
    assert_eq!(carrier(&other), "aurora", "{other:#}");
    assert_eq!(wire.explained(&other)["tags"], json!([]));
}

#[test]
fn a_list_allows_and_denies_callers_before_a_carrier_hears_of_them() {
    let wire = Wire::start("", "");
    wire.list(
        "own-callers",
        json!({ "action": "allow", "number": "calling", "entries": ["4420"] }),
    );
    wire.list("premium", json!({ "action": "deny", "entries": ["449"] }));
    wire.set_numbers(
        "customers/acme",
        json!({ "lists": ["own-callers", "premium"] }),
    );
    let stranger = Shown {
        from: "33142685300",
        ..CALLER
    };
    for (shown, number) in [(&stranger, "442012345678"), (&CALLER, "449012345678")] {
        let record = wire.call(shown, number);
        assert_eq!(record["release_reason"], "number_refused", "{record:#}");
        assert_eq!(record["sip_status"], 403);
    }
    let sent = wire.sent(0, &CALLER, "442012345678");
    assert_eq!(user(&sent, "From").unwrap(), "442071234567");
    let received = std::fs::read_to_string(&wire.carriers[0].1).unwrap();
    assert_eq!(received.matches("INVITE sip:").count(), 1);
}

#[test]
fn a_list_looks_at_the_asserted_number_that_the_trunk_believes() {
    let wire = Wire::start(
        "identity: { asserted: p_asserted_identity }",
        "identity: { asserted: p_asserted_identity }",
    );
    wire.list(
        "own-callers",
        json!({ "action": "allow", "number": "asserted", "entries": ["44207946"] }),
    );
    wire.list(
        "switchboard",
        json!({ "action": "rewrite", "number": "asserted", "replaces": "number",
            "entries": ["442079460001"], "replacement": "442079460999" }),
    );
    wire.set_numbers(
        "customers/acme",
        json!({ "lists": ["own-callers", "switchboard"] }),
    );
    let invite = wire.sent(0, &CALLER, "442012345678");
    assert_eq!(user(&invite, "From").unwrap(), "442071234567");
    assert_eq!(
        user(&invite, "P-Asserted-Identity").unwrap(),
        "442079460999"
    );
    let stranger = Shown {
        asserted: "33142685300",
        ..CALLER
    };
    let refused = wire.call(&stranger, "442012345678");
    assert_eq!(refused["release_reason"], "number_refused", "{refused:#}");
    // The INVITE is gone; what its asserted number was stands in the record.
    let explained = wire.explained(&refused);
    let last = *details(&explained).last().unwrap();
    assert_eq!(
        last,
        "number list \"own-callers\" does not let the call through"
    );
}

#[test]
fn cli_rules_allow_deny_and_replace_callers() {
    let asserting = "identity: { asserted: both }";
    let wire = Wire::start("", asserting);
    wire.cli_rules(json!({ "default": "deny", "rules": [
        { "calling_prefixes": ["33"], "called_prefixes": ["4420"], "action": "deny" },
        { "calling_prefixes": ["4420", "33"] },
        { "caller": "withheld", "action": "replace", "number": "+442079460000" },
    ] }));
    wire.set_numbers("customers/acme", json!({ "cli_rules": "cli" }));
    let shown = |from| Shown { from, ..CALLER };
    for (from, called, rule) in [
        ("33142685300", "442012345678", "rule 1"),
        ("12125550100", "442012345678", "the default"),
    ] {
        let record = wire.call(&shown(from), called);
        assert_eq!(record["release_reason"], "number_refused", "{record:#}");
        assert_eq!(record["sip_status"], 403);
        let explained = wire.explained(&record);
        let last = format!("{rule} of CLI rules \"cli\" refuses the caller");
        assert_eq!(details(&explained).last(), Some(&&*last));
    }
    let sent = wire.sent(0, &shown("33142685300"), "441212345678");
    assert_eq!(user(&sent, "From").unwrap(), "33142685300");
    // Nobody vouches for a caller that is let through as it is.
    assert_eq!(user(&sent, "P-Asserted-Identity"), None);
    let sent = wire.sent(0, &shown("anonymous"), "441212345678");
    for field in ["From", "P-Asserted-Identity", "Remote-Party-ID"] {
        assert_eq!(user(&sent, field).unwrap(), "+442079460000", "{field}");
    }
}

const POOL: [&str; 3] = ["442079460000", "442079460001", "442079460002"];

#[test]
fn a_pool_rotates_over_calls_and_not_over_looks() {
    let wire = Wire::start("", "");
    let rule = json!({ "action": "replace", "pool": POOL, "pick": "rotate" });
    wire.cli_rules(json!({ "rules": [rule] }));
    wire.set_numbers("trunks/acme-in", json!({ "cli_rules": "cli" }));
    assert_eq!(wire.presented(2, "442012345678"), POOL[..2]);
    let asked = ["--from", "442071234567", "--to", "442012345678"];
    for _ in 0..2 {
        let why = [&["explain", "--customer", "acme"], &asked[..]].concat();
        let why = wire.switch.command(&why).unwrap();
        let told = "rule 1 of CLI rules \"cli\" presents 442079460002 in place of 442071234567";
        assert!(why.contains(told), "{why}");
    }
    assert_eq!(wire.presented(2, "442012345678"), [POOL[2], POOL[0]]);
    // A call of the records is explained with the turn that was its own.
    let cdrs = wire.switch.cdrs();
    let first = cdrs.iter().min_by_key(|cdr| cdr["id"].as_str().unwrap());
    let explained = wire.explained(first.unwrap());
    let told = format!("presents {} in place of 442071234567", POOL[0]);
    assert!(
        details(&explained).iter().any(|step| step.contains(&told)),
        "{explained:#}"
    );
}

#[test]
fn a_pool_is_sticky_or_drawn_by_lot() {
    let wire = Wire::start("", "");
    let rules = |pick: &str| {
        let rule = json!({ "action": "replace", "pool": POOL, "pick": pick });
        json!({ "rules": [rule] })
    };
    wire.cli_rules(rules("sticky_called"));
    wire.set_numbers("customers/acme", json!({ "cli_rules": "cli" }));
    let mut all = Vec::new();
    for called in [
        "442012345678",
        "442012345679",
        "441212345670",
        "441312345671",
    ] {
        let numbers = wire.presented(2, called);
        assert_eq!(numbers[0], numbers[1], "{called}");
        all.extend(numbers);
    }
    all.dedup();
    assert!(all.len() > 1, "each called number has its own: {all:?}");
    let path = "/api/v1/cli-rules/cli";
    let body = json!({ "name": "cli", "spec": rules("random") });
    wire.switch.send("PUT", path, &body);
    let drawn = wire.presented(8, "442012345678");
    assert!(
        drawn.iter().all(|number| POOL.contains(&&**number)),
        "{drawn:?}"
    );
    assert!(drawn.iter().any(|number| *number != drawn[0]), "{drawn:?}");
}

#[test]
fn the_cli_rules_of_a_carrier_work_at_each_attempt() {
    let wire = Wire::start("", "calling_number: { add_prefix: '+' }");
    wire.cli_rules(json!({ "rules": [
        { "calling_prefixes": ["33"], "action": "deny" },
        { "action": "replace", "pool": POOL },
    ] }));
    wire.set_numbers("carriers/aurora", json!({ "cli_rules": "cli" }));
    let sent = wire.presented(4, "442012345678");
    let expected = [0, 1, 2, 0].map(|turn| format!("+{}", POOL[turn]));
    assert_eq!(sent, expected);
    let french = Shown {
        from: "33142685300",
        ..CALLER
    };
    let record = wire.call(&french, "442012345678");
    assert_eq!(
        record["attempt_records"][0]["carrier"], "borealis",
        "{record:#}"
    );
    assert_eq!(user(&wire.last_invite(1), "From").unwrap(), "33142685300");
    let explained = wire.explained(&record);
    let routes = explained["routes"].as_array().unwrap();
    let aurora = routes.iter().find(|route| route["carrier"] == "aurora");
    assert_eq!(aurora.unwrap()["reason"], "cli_refused", "{explained:#}");
}

#[test]
fn a_number_that_is_presented_is_not_hidden_by_the_callers_privacy() {
    let respecting = "identity: { asserted: both, privacy: respect }";
    let wire = Wire::start(respecting, respecting);
    wire.cli_rules(json!({ "rules": [
        { "caller": "withheld", "called_prefixes": ["4420"], "action": "replace",
            "number": "442079460999" },
    ] }));
    wire.set_numbers("customers/acme", json!({ "cli_rules": "cli" }));
    let private = Shown {
        privacy: "id",
        ..CALLER
    };
    let sent = wire.sent(0, &private, "442012345678");
    for field in ["From", "P-Asserted-Identity", "Remote-Party-ID"] {
        assert_eq!(user(&sent, field).unwrap(), "442079460999", "{field}");
    }
    assert!(!sent.contains("Privacy: id"), "{sent}");
    assert!(!sent.contains("privacy=full"), "{sent}");
    // A call that no rule fits keeps its secret.
    let sent = wire.sent(0, &private, "441212345678");
    assert_eq!(user(&sent, "From").unwrap(), "anonymous");
    assert!(sent.contains("Privacy: id"), "{sent}");
}
