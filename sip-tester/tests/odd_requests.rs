//! Requests that no plan of ours sends: answered as RFC 3261 says, and never a panic.

#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use sip_core::{Duration, Instant};
use sip_tester::UserAgent;
use sip_tester::agent::{AgentConfig, Event, Outcome};
use sip_tester::plan::{UacPlan, UasPlan, UasScript};
use sip_tester::random::{Random, Span};
use std::net::SocketAddr;
use testkit::pair::{CALLED, CALLER};
use testkit::{LinkProfile, Pair, seeds};

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n\
                     m=audio 4000 RTP/AVP 0\r\n";

/// One agent and a peer whose messages are written by hand.
struct Bench {
    agent: UserAgent,
    now: Instant,
    branches: u32,
}

impl Bench {
    fn new(uas: UasPlan) -> Self {
        let config = AgentConfig {
            uas,
            ..AgentConfig::new(CALLED)
        };
        Self {
            agent: UserAgent::new(config, 1),
            now: Instant::ZERO,
            branches: 0,
        }
    }

    fn answering() -> Self {
        Self::new(UasPlan::always(UasScript::answer(Span::ZERO, Span::ZERO)))
    }

    /// Sends a request; `to_tag` and further header fields as given. Returns the responses.
    fn request(&mut self, line: &str, to_tag: &str, extra: &str, body: &str) -> Vec<String> {
        self.branches += 1;
        let (method, cseq, branch) = (
            line.split(' ').next().unwrap(),
            self.branches,
            self.branches,
        );
        let text = format!(
            "{line} SIP/2.0\r\nVia: SIP/2.0/UDP {CALLER};branch=z9hG4bK{branch}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:a@{CALLER}>;tag=a\r\nTo: <sip:b@{CALLED}>{to_tag}\r\n\
             Call-ID: odd\r\nCSeq: {cseq} {method}\r\nContact: <sip:a@{CALLER}>\r\n{extra}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.receive(text.as_bytes())
    }

    fn invite(&mut self) -> Vec<String> {
        let extra = "Content-Type: application/sdp\r\n";
        self.request("INVITE sip:b@10.0.0.2", "", extra, OFFER)
    }

    fn receive(&mut self, bytes: &[u8]) -> Vec<String> {
        self.agent.handle_datagram(self.now, CALLER, CALLED, bytes);
        self.sent()
    }

    /// Everything sent up to now, with what is due now done.
    fn sent(&mut self) -> Vec<String> {
        let (mut sent, mut bytes) = (Vec::new(), Vec::new());
        loop {
            while let Some((from, _)) = self.agent.poll_transmit(&mut bytes) {
                assert_eq!(from, CALLED);
                sent.push(String::from_utf8(bytes.clone()).unwrap());
            }
            if self.agent.poll_timeout().is_none_or(|due| due > self.now) {
                return sent;
            }
            self.agent.handle_timeout(self.now);
        }
    }

    fn wait(&mut self, length: Duration) -> Vec<String> {
        self.now += length;
        self.sent()
    }
}

fn statuses(sent: &[String]) -> Vec<&str> {
    sent.iter()
        .map(|message| message.split(' ').nth(1).unwrap())
        .collect()
}

/// `;tag=…` of the To in a response.
fn to_tag(response: &str) -> String {
    let to = response
        .lines()
        .find(|line| line.starts_with("To:"))
        .unwrap();
    to[to.find(";tag=").unwrap()..].to_owned()
}

#[test]
fn requests_without_their_dialog_get_481_and_unknown_methods_405() {
    let mut bench = Bench::answering();
    for (line, tag, status) in [
        ("BYE sip:b@10.0.0.2", ";tag=x", "481"),
        ("BYE sip:b@10.0.0.2", "", "481"),
        ("INFO sip:b@10.0.0.2", ";tag=x", "481"),
        ("INVITE sip:b@10.0.0.2", ";tag=x", "481"),
        ("CANCEL sip:b@10.0.0.2", "", "481"),
        ("REGISTER sip:10.0.0.2", "", "405"),
        ("SUBSCRIBE sip:b@10.0.0.2", "", "405"),
        ("OPTIONS sip:b@10.0.0.2", "", "200"),
    ] {
        assert_eq!(
            statuses(&bench.request(line, tag, "", "")),
            [status],
            "{line}{tag}"
        );
    }
    assert!(
        bench
            .request("ACK sip:b@10.0.0.2", ";tag=x", "", "")
            .is_empty()
    );
    assert_eq!(bench.agent.counters().received, 0);
}

#[test]
fn an_invite_that_wants_what_we_lack_is_refused_by_name() {
    let mut bench = Bench::answering();
    let extra = "Require: 100rel\r\n";
    let refusal = bench.request("INVITE sip:b@10.0.0.2", "", extra, "");
    assert_eq!(statuses(&refusal), ["420"]);
    assert!(refusal[0].contains("Unsupported: 100rel\r\n"));
    let extra = "Content-Type: text/plain\r\n";
    assert_eq!(
        statuses(&bench.request("INVITE sip:b@10.0.0.2", "", extra, "hello")),
        ["415"]
    );
}

#[test]
fn an_invite_without_an_offer_gets_ours_and_takes_the_answer_of_the_ack() {
    let mut bench = Bench::answering();
    let sent = bench.request("INVITE sip:b@10.0.0.2", "", "", "");
    assert_eq!(statuses(&sent), ["100", "180", "200"]);
    assert!(
        sent[2].contains("m=audio 9 RTP/AVP 0 8 101\r\n"),
        "{}",
        sent[2]
    );
    let media = |agent: &mut UserAgent| {
        let events = std::iter::from_fn(|| agent.poll_event());
        events
            .filter(|event| matches!(event, Event::Media { .. }))
            .count()
    };
    assert_eq!(media(&mut bench.agent), 0);
    bench.branches -= 1; // The ACK repeats the INVITE's number.
    let extra = "Content-Type: application/sdp\r\n";
    let ack = bench.request("ACK sip:b@10.0.0.2", &to_tag(&sent[2]), extra, OFFER);
    assert!(ack.is_empty());
    assert_eq!(media(&mut bench.agent), 1);
    assert!(
        bench.wait(Duration::from_secs(40)).is_empty(),
        "the 200 is not sent again"
    );
}

#[test]
fn the_same_call_by_another_path_gets_482() {
    let mut bench = Bench::new(UasPlan::always(UasScript::no_answer(Span::ZERO)));
    assert_eq!(statuses(&bench.invite()), ["100", "180"]);
    assert_eq!(statuses(&bench.invite()), ["482"]);
}

#[test]
fn a_request_out_of_order_gets_500_and_a_change_during_a_change_491() {
    let mut bench = Bench::answering();
    let sent = bench.invite();
    let tag = to_tag(&sent[2]);
    // No ACK yet: RFC 3261 §14.2.
    let extra = "Content-Type: application/sdp\r\n";
    let again = bench.request("INVITE sip:b@10.0.0.2", &tag, extra, OFFER);
    assert_eq!(statuses(&again), ["491"]);
    bench.branches = 100;
    assert_eq!(
        statuses(&bench.request("INFO sip:b@10.0.0.2", &tag, "", "")),
        ["200"]
    );
    bench.branches = 50;
    assert_eq!(
        statuses(&bench.request("INFO sip:b@10.0.0.2", &tag, "", "")),
        ["500"]
    );
}

#[test]
fn a_bye_before_the_answer_ends_the_invite_with_487() {
    let mut bench = Bench::new(UasPlan::always(UasScript::no_answer(Span::ZERO)));
    let tag = to_tag(&bench.invite()[1]);
    let sent = bench.request("BYE sip:b@10.0.0.2", &tag, "", "");
    assert_eq!(statuses(&sent), ["200", "487"]);
}

#[test]
fn calls_beyond_the_limit_get_503_and_placing_one_is_an_error() {
    let config = AgentConfig {
        max_calls: 0,
        ..AgentConfig::new(CALLED)
    };
    let mut bench = Bench::answering();
    bench.agent = UserAgent::new(config, 1);
    assert_eq!(statuses(&bench.invite()), ["503"]);
    let plan = UacPlan::default().into();
    let request = sip_tester::agent::CallRequest::new(CALLER, "1", "2", plan);
    let error = bench.agent.place_call(bench.now, &request).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the agent has its 0 calls; wait for one to end or raise max_calls"
    );
}

#[test]
fn media_addresses_are_lent_to_one_call_each_and_come_back() {
    let mut bench = Bench::answering();
    let address = |port| SocketAddr::from(([10, 0, 0, 2], port));
    bench.agent.add_media_address(address(4_000));
    let sent = bench.invite();
    assert!(sent[2].contains("m=audio 4000 "));
    assert_eq!(bench.agent.free_media_addresses(), 0);
    let plan = UacPlan::default().into();
    let request = sip_tester::agent::CallRequest::new(CALLER, "1", "2", plan);
    assert!(bench.agent.place_call(bench.now, &request).is_err());
    bench.request("BYE sip:b@10.0.0.2", &to_tag(&sent[2]), "", "");
    assert_eq!(bench.agent.free_media_addresses(), 1);
}

#[test]
fn shutting_down_ends_every_call_in_its_own_way_and_refuses_new_ones() {
    let script = UasScript::answer(Span::millis(100), Span::seconds(10));
    let mut pair = Pair::new(1, LinkProfile::CLEAN, UasPlan::always(script));
    let plan = UacPlan::talking(Duration::from_secs(600)).into();
    pair.place(&plan);
    pair.world.run_for(Duration::from_secs(15));
    pair.place(&plan);
    pair.world.run_for(Duration::from_secs(1));
    let now = pair.world.now();
    pair.world.node_mut(pair.called).shut_down(now);
    pair.world.run_for(Duration::from_secs(1));
    pair.place(&plan);
    pair.world.run_until_idle();
    pair.assert_at_rest();
    let caller = pair.caller;
    let ended: Vec<_> = pair
        .ended(caller)
        .iter()
        .map(|c| (c.outcome, c.status))
        .collect();
    assert_eq!(
        ended,
        [
            (Outcome::Completed, 200),
            (Outcome::Refused, 480),
            (Outcome::Refused, 503)
        ]
    );
}

#[test]
fn an_unreachable_address_ends_the_call_at_once() {
    let mut pair = Pair::new(1, LinkProfile::CLEAN, UasPlan::default());
    pair.place(&UacPlan::default().into());
    let now = pair.world.now();
    pair.world
        .node_mut(pair.caller)
        .handle_unreachable(now, CALLED);
    pair.world.run_until_idle();
    let caller = pair.caller;
    let ended = pair.ended(caller).remove(0);
    assert_eq!((ended.outcome, ended.status), (Outcome::Unreachable, 503));
}

#[test]
fn garbage_and_mutilated_messages_are_counted_and_hurt_no_call() {
    for seed in seeds(0..20) {
        let mut random = Random::new(seed);
        let mut bench = Bench::answering();
        let valid = {
            let mut donor = Bench::answering();
            let mut messages = donor.invite();
            messages.push(messages[0].replace("100 Trying", "200 OK"));
            messages.push(format!(
                "INVITE sip:b@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP {CALLER};branch=z9hG4bKx\r\n\
                 From: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: g\r\nCSeq: 1 INVITE\r\n\
                 Contact: <sip:a@{CALLER}>\r\nMax-Forwards: 70\r\n\r\n"
            ));
            messages
        };
        for _ in 0..500 {
            let index = random.below(valid.len() as u64) as usize;
            let mut bytes = valid[index].clone().into_bytes();
            for _ in 0..=random.below(6) {
                let at = random.below(bytes.len() as u64) as usize;
                match random.below(3) {
                    0 => bytes[at] = random.next_u64() as u8,
                    1 => bytes.truncate(at.max(1)),
                    _ => bytes.insert(at, random.next_u64() as u8),
                }
            }
            bench.receive(&bytes);
        }
        let counters = bench.agent.counters();
        assert!(counters.malformed + counters.stray > 100, "{counters:?}");
        bench.branches = 1_000;
        assert_eq!(
            statuses(&bench.request("OPTIONS sip:b@10.0.0.2", "", "", "")),
            ["200"]
        );
        bench.wait(Duration::from_secs(86_400));
        bench.wait(Duration::from_secs(86_400));
        assert_eq!(
            (
                bench.agent.counters().active,
                bench.agent.open_transactions()
            ),
            (0, 0)
        );
    }
}
