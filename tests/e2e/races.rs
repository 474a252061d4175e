//! What may cross, come late or come twice in a call, played by SIPp on both sides over UDP and TCP.

use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over, Tally};
use crate::switch::Switch;
use serde_json::Value;

const ALL: Tally = Tally {
    successful: 3,
    failed: 0,
};

/// Three calls of a caller to a carrier, over UDP and then over TCP on both sides; `trunk` is more
/// of the carrier's spec. The records of each.
fn played(caller: &str, carrier: &str, trunk: &str) -> Vec<Vec<Value>> {
    [Over::Udp, Over::Tcp]
        .map(|over| {
            let switch = Switch::start(&[]);
            let more = match over {
                Over::Udp => trunk.to_owned(),
                Over::Tcp => format!("transport: tcp\n{trunk}"),
            };
            let carrier = Carrier::start(carrier, "127.0.0.31", over, &[]);
            let mut spec = CarrierSpec::new("aurora", carrier.address, "0.012");
            spec.more = &more;
            World::of(vec![spec]).apply(&switch);
            calls(&switch, caller, over)
        })
        .into()
}

fn calls(switch: &Switch, scenario: &str, over: Over) -> Vec<Value> {
    let calls = Calls {
        scenario,
        from: CUSTOMER,
        to: switch.sip,
        over,
        count: 3,
        per_second: 10,
        hold_ms: 200,
        numbers: &[NUMBER],
        scratch: switch.scratch(),
        more: &[],
    };
    assert_eq!(calls.run(), ALL);
    let cdrs = switch.wait_for_cdrs(3);
    switch.wait_until_idle();
    assert_eq!(switch.cdrs().len(), 3, "one record a call");
    cdrs
}

fn assert_outcome(played: &[Vec<Value>], outcome: &str) {
    for cdr in played.iter().flatten() {
        assert_eq!(cdr["outcome"], outcome, "{cdr}");
    }
}

#[test]
fn an_answer_that_crosses_the_cancel_is_ended_and_costs_nothing() {
    let played = played("caller_cancels", "carrier_answers_despite_cancel", "");
    assert_outcome(&played, "cancelled");
}

#[test]
fn a_late_offer_is_answered_in_the_ack() {
    let played = played("caller_offers_late", "carrier_answers", "");
    assert_outcome(&played, "answered");
}

#[test]
fn forks_of_a_carrier_are_one_call_to_the_customer() {
    let played = played("caller_answered", "carrier_forks", "");
    assert_outcome(&played, "answered");
}

#[test]
fn hold_and_resume_go_through() {
    let played = played("caller_holds_and_resumes", "carrier_answers", "");
    assert_outcome(&played, "answered");
}

#[test]
fn ringing_is_confirmed_on_both_sides() {
    let reliable = "signalling: {reliable_provisional: supported}";
    let played = played(
        "caller_confirms_ringing",
        "carrier_rings_reliably",
        reliable,
    );
    assert_outcome(&played, "answered");
}

#[test]
fn a_redirection_is_followed_to_another_address() {
    for over in [Over::Udp, Over::Tcp] {
        let switch = Switch::start(&[]);
        let target = Carrier::start("carrier_answers", "127.0.0.32", over, &[]);
        let address = target.address.to_string();
        let keys = ["-key", "target", &address];
        let carrier = Carrier::start("carrier_redirects", "127.0.0.31", over, &keys);
        let mut spec = CarrierSpec::new("aurora", carrier.address, "0.012");
        spec.more = match over {
            Over::Udp => "signalling: {redirects: follow}",
            Over::Tcp => "transport: tcp\nsignalling: {redirects: follow}",
        };
        World::of(vec![spec]).apply(&switch);
        for cdr in calls(&switch, "caller_answered", over) {
            assert_eq!(cdr["outcome"], "answered", "{cdr}");
            assert_eq!(cdr["carrier"], "aurora");
        }
    }
}

#[test]
fn a_gateway_that_does_not_reply_to_options_gets_no_calls_until_it_does() {
    let switch = Switch::start(&[]);
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    let dead = crate::sipp::free_port("127.0.0.33");
    let mut spec = CarrierSpec::new("aurora", dead, "0.012");
    let more = format!(
        "probing: {{interval_s: 5, down_after: 1}}\nfurther_gateways: [{{address: \"{}\", priority: 200}}]",
        carrier.address
    );
    spec.more = &more;
    World::of(vec![spec]).apply(&switch);
    crate::switch::until("the dead gateway is known", || {
        let down = switch.get("/api/v1/live/gateways?state=down");
        down["items"].as_array().unwrap().len() == 1
    });
    for cdr in calls(&switch, "caller_answered", Over::Udp) {
        let id = cdr["id"].as_str().unwrap();
        let whole = switch.get(&format!("/api/v1/cdrs/{id}"));
        let attempts = whole["attempt_records"].as_array().unwrap();
        assert_eq!(attempts.len(), 1, "{whole}");
        assert_eq!(attempts[0]["gateway"], carrier.address.to_string());
    }
}
