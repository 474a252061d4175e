//! What takes more than a customer and a carrier: redirections, circles, gateways that come back. `pairs`
//! has the rest.

use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over, Tally};
use crate::switch::Switch;
use serde_json::Value;

const ALL: Tally = Tally {
    successful: 3,
    failed: 0,
};

fn calls_of<'a>(switch: &Switch, scenario: &'a str, over: Over) -> Calls<'a> {
    Calls {
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
    }
}

fn calls(switch: &Switch, scenario: &str, over: Over) -> Vec<Value> {
    let calls = calls_of(switch, scenario, over);
    assert_eq!(calls.run(), ALL);
    let cdrs = switch.wait_for_cdrs(3);
    switch.wait_until_idle();
    assert_eq!(switch.cdrs().len(), 3, "one record a call");
    cdrs
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
    let dead = crate::ports::free_port("127.0.0.33");
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

#[test]
fn a_call_that_a_carrier_sends_back_goes_round_a_few_times_and_no_more() {
    for over in [Over::Udp, Over::Tcp] {
        let switch = Switch::start(&[("DIDTRON_CALLS_SAME_NUMBERS_IN_SETUP_MAX", "4")]);
        // A carrier whose gateway is a customer of ours: each round has a Call-ID, tags and a branch of its
        // own, so only the numbers tell.
        let mut back = CarrierSpec::new("aurora", switch.sip, "0.012");
        back.more = match over {
            Over::Udp => "called_number: {add_prefix: \"+\"}",
            Over::Tcp => "transport: tcp\ncalled_number: {add_prefix: \"+\"}",
        };
        let mut world = World::of(vec![back]);
        world.more_sources = ", 127.0.0.1";
        world.apply(&switch);
        let mut round = calls_of(&switch, "caller_refused_503", over);
        round.count = 1;
        assert_eq!(round.run().failed, 0);
        let records = switch.wait_for_cdrs(5);
        switch.wait_until_idle();
        let ended_by = |reason: &str| {
            let records = records.iter();
            records
                .filter(|record| record["release_reason"] == reason)
                .count()
        };
        assert_eq!(ended_by("loop_detected"), 1, "{records:#?}");
        assert_eq!(
            switch.cdrs().len(),
            5,
            "four in setup, and the one too many"
        );
        assert_eq!(switch.metric("didtron_channels_in_use", ""), 0.0);
    }
}
