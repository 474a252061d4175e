//! Pairs of SIPp scenarios, a customer's and a carrier's, against one switch: whatever may cross, come
//! late, come twice or not at all in a call, over UDP and over TCP.
//!
//! Both sides are judged: a pair has passed when SIPp took every call of either side for a good one,
//! each call has its one record, and nothing is left of them.

use crate::ports::free_port;
use crate::sipp::{Calls, Over, Waiting};
use crate::switch::{Switch, until};
use serde_json::Value;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Mutex;

/// Calls of each pair.
const CALLS: u32 = 3;
/// Pairs that are played at once.
const AT_ONCE: usize = 8;

/// Two scenarios and what lies between them.
#[derive(Clone, Copy)]
struct Pair {
    name: &'static str,
    caller: &'static str,
    /// None: the call never gets to a carrier.
    carrier: Option<&'static str>,
    /// More of the customer's trunk.
    ingress: &'static str,
    /// More of the carrier's trunk.
    egress: &'static str,
    /// `outcome` of each record.
    outcome: &'static str,
    /// `release_reason` of each record.
    reason: &'static str,
    /// More arguments of both SIPps.
    more: &'static [&'static str],
    /// Each call is refused once before it is taken.
    is_refused_first: bool,
    /// Calls of the carrier for each of the caller's.
    legs: u32,
}

const fn pair(name: &'static str, caller: &'static str, carrier: &'static str) -> Pair {
    Pair {
        name,
        caller,
        carrier: Some(carrier),
        ingress: "",
        egress: "",
        outcome: "answered",
        reason: "normal_clearing",
        more: &[],
        is_refused_first: false,
        legs: 1,
    }
}

/// A call that the switch refuses itself.
const fn refused(name: &'static str, caller: &'static str, reason: &'static str) -> Pair {
    let mut refused = pair(name, caller, "").ends("rejected", reason);
    refused.carrier = None;
    refused
}

impl Pair {
    const fn ingress(mut self, spec: &'static str) -> Self {
        self.ingress = spec;
        self
    }

    const fn egress(mut self, spec: &'static str) -> Self {
        self.egress = spec;
        self
    }

    const fn ends(mut self, outcome: &'static str, reason: &'static str) -> Self {
        (self.outcome, self.reason) = (outcome, reason);
        self
    }

    const fn keyed(mut self, keys: &'static [&'static str]) -> Self {
        self.more = keys;
        self
    }

    const fn in_two_calls(mut self) -> Self {
        self.legs = 2;
        self
    }

    const fn refused_first(mut self) -> Self {
        self.is_refused_first = true;
        self
    }
}

const RELIABLE: &str = "signalling: {reliable_provisional: supported}";
const RELAY_ALL: &str = "signalling: {message: relay, refer: relay, subscribe: relay}";
const TRANSFER: &str = "signalling: {refer: handle}";
const ASK: &str = "signalling: {session_timers: \"off\", keepalive_interval_s: 10}";
const ASK_BY_REINVITE: &str =
    "signalling: {session_timers: \"off\", keepalive_interval_s: 10, keepalive_method: reinvite}";
/// A busy machine may be slow to answer.
const PATIENT: &str = "failover: {first_reply_timeout_ms: 32000, pdd_timeout_ms: 60000}";
const REFRESH: &str = "signalling: {session_timers: always, session_interval_s: 90}";

/// What takes its time goes first.
const PAIRS: &[Pair] = &[
    pair(
        "we-refresh-the-session-of-each-side",
        "caller_is_refreshed",
        "carrier_is_refreshed",
    )
    .ingress(REFRESH)
    .egress(REFRESH),
    pair("no-ack", "caller_never_acknowledges", "carrier_answers").ends("answered", "ack_missing"),
    pair("each-side-is-asked", "caller_is_asked", "carrier_is_asked")
        .ingress(ASK)
        .egress(ASK),
    pair(
        "each-side-is-asked-by-re-invite",
        "caller_is_asked_by_reinvite",
        "carrier_is_asked_by_reinvite",
    )
    .ingress(ASK_BY_REINVITE)
    .egress(ASK_BY_REINVITE),
    pair(
        "a-side-has-forgotten",
        "caller_has_forgotten",
        "carrier_answers",
    )
    .ingress(ASK)
    .ends("answered", "session_expired"),
    pair("no-media", "caller_hangup_by_carrier", "carrier_answers")
        .egress("media: relay")
        .ends("answered", "no_media"),
    pair("late-replies", "caller_answered", "carrier_answers_late"),
    pair("lost-bye", "caller_answered", "carrier_never_answers_bye"),
    pair("late-offer", "caller_offers_late", "carrier_answers"),
    // Reliable provisional responses: both sides, one side, none.
    pair(
        "reliable-on-both-sides",
        "caller_confirms_ringing",
        "carrier_rings_reliably",
    )
    .egress(RELIABLE),
    pair(
        "reliable-for-the-customer-only",
        "caller_confirms_ringing",
        "carrier_progresses",
    ),
    pair(
        "reliable-for-the-carrier-only",
        "caller_answered",
        "carrier_rings_reliably",
    )
    .egress(RELIABLE),
    pair(
        "reliable-unannounced",
        "caller_answered",
        "carrier_rings_reliably",
    )
    .egress("signalling: {reliable_provisional: supported_unannounced}"),
    pair(
        "reliable-required-of-the-carrier",
        "caller_answered",
        "carrier_requires_reliability",
    )
    .egress("signalling: {reliable_provisional: required}"),
    refused(
        "reliable-required-of-the-customer",
        "caller_refused_421",
        "protocol_error",
    )
    .ingress("signalling: {reliable_provisional: required}"),
    refused("reliable-off", "caller_refused_420", "protocol_error")
        .ingress("signalling: {reliable_provisional: \"off\"}"),
    pair(
        "reliable-ignored",
        "caller_hears_plain_ringing",
        "carrier_progresses",
    )
    .ingress("signalling: {reliable_provisional: ignored}"),
    pair("late-prack", "caller_confirms_late", "carrier_progresses"),
    // Changes of the session.
    pair(
        "early-update",
        "caller_updates_early",
        "carrier_takes_early_update",
    )
    .egress(RELIABLE),
    pair(
        "update-by-the-customer",
        "caller_updates",
        "carrier_takes_update",
    ),
    pair(
        "update-by-the-carrier",
        "caller_takes_update",
        "carrier_updates",
    ),
    pair("re-invite", "caller_reinvites", "carrier_answers"),
    pair(
        "re-invite-answered-here",
        "caller_reinvites_unchanged",
        "carrier_answers_once",
    )
    .ingress("signalling: {reinvite: local}")
    .egress("media: relay"),
    pair(
        "re-invite-refused",
        "caller_reinvites_in_vain",
        "carrier_refuses_reinvite",
    ),
    pair(
        "held-by-the-customer",
        "caller_holds_and_resumes",
        "carrier_answers",
    ),
    pair(
        "held-by-the-carrier",
        "caller_is_held_and_resumed",
        "carrier_holds_and_resumes",
    ),
    pair(
        "glare-the-carrier-yields",
        "caller_reinvites_once",
        "carrier_reinvites_into_a_reinvite",
    ),
    pair(
        "glare-the-customer-yields",
        "caller_reinvites_into_a_reinvite",
        "carrier_reinvites_once",
    ),
    pair(
        "glare-beyond-the-switch",
        "caller_reinvites_again_after_491",
        "carrier_says_491_once",
    ),
    // Setup.
    pair("cancelled", "caller_cancels", "carrier_rings").ends("cancelled", "customer_cancelled"),
    pair(
        "cancel-crosses-answer",
        "caller_cancels",
        "carrier_answers_despite_cancel",
    )
    .ends("cancelled", "customer_cancelled"),
    pair("forked", "caller_answered", "carrier_forks"),
    pair(
        "early-media",
        "caller_hears_early_media",
        "carrier_progresses",
    ),
    pair(
        "redirection-rejected",
        "caller_refused_480",
        "carrier_redirects",
    )
    .ends("failed", "carrier_rejected")
    .keyed(&["-key", "target", "127.0.0.1:9"]),
    pair(
        "short-session",
        "caller_with_short_session",
        "carrier_answers",
    )
    .refused_first(),
    pair(
        "doubled-invite",
        "caller_repeats_its_invite",
        "carrier_answers_late",
    ),
    pair("late-ack", "caller_acknowledges_late", "carrier_answers"),
    refused("no-hops", "caller_without_hops", "too_many_hops"),
    pair("one-hop", "caller_with_one_hop", "carrier_counts_hops"),
    // Teardown.
    pair("doubled-bye", "caller_hangs_up_again", "carrier_answers"),
    pair(
        "crossing-byes",
        "caller_hangs_up_as_well",
        "carrier_hangs_up",
    ),
    // Within the call.
    pair("refer-relayed", "caller_refers", "carrier_takes_refer")
        .ingress(RELAY_ALL)
        .egress(RELAY_ALL),
    pair("transferred", "caller_transfers", "carrier_is_transferred")
        .ingress(TRANSFER)
        .in_two_calls(),
    pair(
        "transferred-to-another-call",
        "caller_transfers_to_another_call",
        "carrier_is_transferred",
    )
    .ingress(TRANSFER)
    .egress("media: relay")
    // A Call-ID must be escaped in a URI, which SIPp does not do.
    .keyed(&["-cid_str", "%u.%p.%s"])
    .in_two_calls(),
    pair("replaced", "caller_is_replaced", "carrier_answers")
        .ingress("signalling: {replaces: accept}")
        .egress("media: relay"),
    pair("relayed-within", "caller_speaks_within", "carrier_listens")
        .ingress(RELAY_ALL)
        .egress(RELAY_ALL),
    pair(
        "rejected-within",
        "caller_speaks_in_vain",
        "carrier_answers",
    )
    .ingress("signalling: {info: reject}"),
];

/// A pair with its place in the world.
struct Cast {
    pair: Pair,
    over: Over,
    /// Of customer, carrier, trunks and cards.
    name: String,
    customer: String,
    gateway: SocketAddr,
    number: String,
}

impl Cast {
    fn new(index: usize, pair: Pair, over: Over) -> Self {
        let transport = match over {
            Over::Udp => "udp",
            Over::Tcp => "tcp",
        };
        Self {
            pair,
            over,
            name: format!("{}-{transport}", pair.name),
            customer: format!("127.41.0.{}", index + 1),
            gateway: free_port(&format!("127.42.0.{}", index + 1)),
            number: format!("1212{index:03}0100"),
        }
    }

    /// A customer and a carrier that only this customer's number leads to.
    fn write(&self, yaml: &mut String) {
        let (name, number) = (&self.name, &self.number);
        let transport = match self.over {
            Over::Udp => "udp",
            Over::Tcp => "tcp",
        };
        let rates =
            format!("[{{prefix: \"{number}\", destination: USA, rate_per_minute: \"0.01\"}}]");
        let documents = [
            ("rate_card", "", format!("currency: USD\nrates: {rates}")),
            ("customer", "", format!("rate_card: {name}")),
            ("carrier", "", "status: active".to_owned()),
            (
                "trunk",
                "-in",
                format!(
                    "direction: ingress\ncustomer: {name}\nsource_addresses: [{}]\n{}\n{}",
                    self.customer,
                    media(self.pair.egress),
                    self.pair.ingress
                ),
            ),
            (
                "trunk",
                "-out",
                format!(
                    "{PATIENT}\ndirection: egress\ncarrier: {name}\nrate_card: {name}\ngateway: \"{}\"\ntransport: {transport}\n{}\n{}",
                    self.gateway,
                    match self.pair.egress.contains("media:") {
                        true => "",
                        false => "media: direct",
                    },
                    self.pair.egress
                ),
            ),
        ];
        for (kind, suffix, spec) in documents {
            let _ = write!(yaml, "---\nkind: {kind}\nname: {name}{suffix}\nspec:\n");
            for line in spec.lines() {
                let _ = writeln!(yaml, "  {line}");
            }
        }
    }

    /// Plays the calls; the error says what went wrong.
    fn play(&self, switch: &Switch) -> Result<(), String> {
        let scratch = switch.scratch().join(&self.name);
        std::fs::create_dir_all(&scratch).unwrap();
        let carrier = self.pair.carrier.map(|scenario| {
            Waiting {
                scenario,
                address: self.gateway,
                over: self.over,
                count: CALLS * self.pair.legs,
                scratch: scratch.clone(),
                more: self.pair.more,
            }
            .start()
        });
        let caller = Calls {
            scenario: self.pair.caller,
            from: &self.customer,
            to: switch.sip,
            over: self.over,
            count: CALLS,
            per_second: 10,
            hold_ms: 300,
            numbers: &[&self.number],
            scratch,
            more: self.pair.more,
        }
        .start();
        let ends = [
            ("customer", Some(caller), CALLS),
            ("carrier", carrier, CALLS * self.pair.legs),
        ];
        let ends = ends.map(|(side, running, calls)| {
            let ended = running.map_or(Ok(()), |running| running.finish_all(calls));
            ended.map_err(|said| format!("{}: {side}: {said}\n", self.name))
        });
        let faults: String = ends.into_iter().filter_map(Result::err).collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        self.check_records(switch)
    }

    /// One record for each call, as the pair says, and no channel that is still taken.
    fn check_records(&self, switch: &Switch) -> Result<(), String> {
        let path = format!("/api/v1/cdrs?limit=200&customer={}", self.name);
        let records = || switch.get(&path)["items"].as_array().unwrap().clone();
        let mut found: Vec<Value> = Vec::new();
        let refusals = CALLS * u32::from(self.pair.is_refused_first);
        let expected = (CALLS * self.pair.legs + refusals) as usize;
        until(&format!("{} has its records", self.name), || {
            found = records();
            found.len() >= expected
        });
        let ends = [self.pair.outcome, self.pair.reason];
        let ends_so = |record: &&Value| {
            [&record["outcome"], &record["release_reason"]] == ends
                || (self.pair.is_refused_first && record["outcome"] == "rejected")
        };
        if let Some(record) = found.iter().find(|record| !ends_so(record)) {
            return Err(format!("{}: {record}", self.name));
        }
        let name = format!("name=\"{}\"", self.name);
        until(&format!("the channels of {} are free", self.name), || {
            switch.metric("didtron_channels_in_use", &name) == 0.0
        });
        match records().len() == expected {
            true => Ok(()),
            false => Err(format!("{}: {} records", self.name, records().len())),
        }
    }
}

/// RTP is relayed when either trunk wants it.
fn media(egress: &str) -> &'static str {
    match egress.contains("media: relay") {
        true => "media: relay",
        false => "media: direct",
    }
}

#[test]
fn every_race_ends_well_on_both_sides_over_udp_and_tcp() {
    let switch = Switch::start(&[
        ("DIDTRON_MEDIA_INACTIVITY_TIMEOUT_S", "10"),
        // SIPp takes much of what comes again for a fault, and it does on a busy machine.
        ("DIDTRON_SIP_T1_MS", "1000"),
    ]);
    let only = std::env::var("PAIR").unwrap_or_default();
    let of_both = PAIRS
        .iter()
        .flat_map(|pair| [Over::Udp, Over::Tcp].map(|over| (*pair, over)));
    let casts: Vec<Cast> = of_both
        .filter(|(pair, _)| pair.name.contains(&only))
        .enumerate()
        .map(|(index, (pair, over))| Cast::new(index, pair, over))
        .collect();
    let mut yaml = String::new();
    casts.iter().for_each(|cast| cast.write(&mut yaml));
    let path = switch.scratch().join("resources.yaml");
    std::fs::write(&path, yaml).unwrap();
    switch.apply(&path).unwrap();
    let (waiting, wrong) = (Mutex::new(casts.iter()), Mutex::new(Vec::new()));
    let play = || {
        loop {
            let next = waiting.lock().unwrap().next();
            let Some(cast) = next else { break };
            if let Err(fault) = cast.play(&switch) {
                wrong.lock().unwrap().push(fault);
            }
        }
    };
    std::thread::scope(|scope| {
        (0..AT_ONCE).for_each(|_| drop(scope.spawn(play)));
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{} faults:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    switch.wait_until_idle();
    assert_eq!(switch.metric("didtron_channels_in_use", ""), 0.0);
}
