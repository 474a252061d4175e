//! Random calls over a network that loses, repeats, delays, reorders and falls apart, judged from outside.
//!
//! Whatever the network does: every INVITE gets exactly one final response; every answered call exactly
//! one final record; channels, media ports and timers are given back; and a message to a call that is
//! gone makes nothing.
//!
//! `make sim SEEDS=2000` runs each test with that many seeds; a failure prints the command that runs its
//! seed again. [`dialects`] has peers that speak everything else than the well-behaved ones here.
//!
//! That leaks are found can be seen by planting one by hand. Each of these fails here at the first seed
//! or soon after, when the line is left out:
//!
//! | leak | line |
//! |---|---|
//! | a timer outlives its call | both `self.core.disarm_all(key)` in `Engine::with_call` and `core.disarm(self.key, CallTimer::Duration)` in `Call::release` |
//! | a media port is not given back | `MediaCommand::Stop` in `Core::stop_media` |
//! | a channel is not given back | `self.permits = Permits::default()` in `Call::finish`, with `std::mem::forget(std::mem::take(&mut self.permits))` in its place |
//! | money stays reserved | `self.settle_credit(&end)` in `Call::finish`, with `std::mem::forget(self.credit.take())` in its place |
//! | a second record | `self.is_recorded = true` in `Call::write_record` |
//! | a record is lost | `core.journal.push_back(JournalEntry::Ended(record))` in `Call::write_record` |

mod dialects;
mod wild;

use crate::support::{AURORA, BOREALIS, CUSTOMER, SWITCH, Setup, Switch};
use rating::cdr::{JournalEntry, Outcome};
use routing_engine::resources::{BillingMode, CustomerBilling};
use sip_core::{Duration, Instant, Limits, Message, Method};
use sip_tester::UserAgent;
use sip_tester::agent::{self, AgentConfig, CallRequest, CallSummary};
use sip_tester::plan::{MidCall, UacPlan, UasPlan, UasScript};
use sip_tester::random::{Chance, Random, Span};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use testkit::{LinkProfile, Node, NodeId, World, seeds};

const CALLS: usize = 40;
/// 20 minutes of talk.
const USD: u64 = 1_000_000_000;
/// Messages that are sent again when their calls are gone.
const OF_CALLS_MAX: usize = 2_000;

/// An INVITE, by where it came from, Call-ID and CSeq number.
type Invite = (SocketAddr, String, u32);

/// The switch on the simulated network, watched on its way out.
struct SwitchNode {
    switch: Switch,
    queue: std::collections::VecDeque<(SocketAddr, Vec<u8>)>,
    /// Every INVITE that came, by where from, Call-ID and CSeq number.
    invites: BTreeSet<Invite>,
    /// Their final statuses.
    finals: BTreeMap<Invite, BTreeSet<u16>>,
    /// Messages of calls, to send them again when the calls are gone.
    of_calls: Vec<(SocketAddr, String)>,
    /// All that the customer ever pays, when it pays in advance; nano-units.
    paid: Option<i64>,
}

impl SwitchNode {
    fn new(switch: Switch) -> Self {
        Self {
            switch,
            queue: Default::default(),
            invites: BTreeSet::new(),
            finals: BTreeMap::new(),
            of_calls: Vec::new(),
            paid: None,
        }
    }

    fn collect(&mut self) {
        self.switch.assert_no_drift();
        if let Some(paid) = self.paid {
            let money = self.switch.customer_account().figures();
            let spent = money.charged.0 + money.reserved.0;
            assert!(spent <= paid, "{spent} of {paid} is spent");
        }
        let counters = self.switch.engine.counters();
        if counters.calls == 0 && counters.transactions == 0 {
            assert_eq!(counters.timers, 0, "timers outlive their calls");
        }
        for sent in self.switch.take_all() {
            self.note_final(sent.to, &sent.text);
            self.queue.push_back((sent.to, sent.text.into_bytes()));
        }
    }

    /// The customer pays so much, beside what it has paid.
    fn pay(&mut self, nanos: i64) {
        let paid = self.paid.unwrap_or(0) + nanos;
        self.switch.set_balance(paid);
        self.paid = Some(paid);
    }

    fn note_received(&mut self, from: SocketAddr, text: &str) {
        let message = Message::parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
        if message.method() == Some(Method::Invite) {
            let number = message.cseq().unwrap().number;
            let call_id = message.call_id().unwrap().to_owned();
            self.invites.insert((from, call_id, number));
        }
        let is_of_a_call = !message.is_request() || message.to().unwrap().tag().is_some();
        if is_of_a_call && self.of_calls.len() < OF_CALLS_MAX {
            self.of_calls.push((from, text.to_owned()));
        }
    }

    /// What must hold of the switch whatever the network and the peers did.
    fn judge(&mut self) {
        let silenced = self.switch.engine.counters().unknown_source_silenced;
        for invite in &self.invites {
            let statuses = self.finals.get(invite);
            // Who is in no configuration any more is not answered without end.
            let is_known = self.switch.engine.knows(self.switch.now, invite.0.ip());
            let may_be_silence = !is_known && silenced > 0;
            assert!(
                statuses.is_some() || may_be_silence,
                "no final response to {invite:?}"
            );
        }
        for (invite, statuses) in &mut self.finals {
            // A challenge leaves no state: a copy of its INVITE that comes when nobody is asked for a
            // password any more is judged anew.
            if statuses.len() > 1 {
                statuses.remove(&401);
            }
            assert_eq!(
                statuses.len(),
                1,
                "one final response to {invite:?}: {statuses:?}"
            );
        }
        self.switch.assert_at_rest();
        let counters = self.switch.engine.counters();
        let ended = self.switch.ended();
        assert_eq!(
            ended.len() as u64,
            counters.calls_received,
            "one record a call"
        );
        let ids: BTreeSet<_> = ended.iter().map(|record| record.id.0).collect();
        assert_eq!(ids.len(), ended.len(), "no two records of one call");
        let closed = ended
            .iter()
            .filter(|record| record.outcome == Outcome::Answered);
        let closed: BTreeSet<_> = closed.map(|record| record.id.0).collect();
        // One whose end waits for a carrier's last word is opened twice.
        let opened = self.switch.journal.iter().filter_map(|entry| match entry {
            JournalEntry::Answered(call) => call.answered_at.map(|_| call.id.0),
            _ => None,
        });
        assert_eq!(
            closed,
            opened.collect::<BTreeSet<_>>(),
            "each answered call is opened, and closed once"
        );
    }

    /// A message to a call that is gone makes no state: no call, transaction, timer, record or port.
    fn judge_what_comes_late(&mut self) {
        let records = self.switch.journal.len();
        for (from, text) in std::mem::take(&mut self.of_calls) {
            self.switch.receive(&from.to_string(), &text);
            let counters = self.switch.engine.counters();
            let made = (counters.calls, counters.transactions, counters.timers);
            assert_eq!(made, (0, 0, 0), "made by\n{text}");
        }
        assert_eq!(
            self.switch.journal.len(),
            records,
            "no record of a call that is gone"
        );
        self.switch.take_all();
        self.switch.assert_at_rest();
    }

    fn note_final(&mut self, to: SocketAddr, text: &str) {
        let message = Message::parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
        let cseq = message.cseq().unwrap();
        if let Some(status @ 200..) = message.status()
            && cseq.method == Method::Invite
        {
            let key = (to, message.call_id().unwrap().to_owned(), cseq.number);
            self.finals.entry(key).or_default().insert(status);
        }
    }
}

impl Node for SwitchNode {
    fn handle_datagram(&mut self, now: Instant, from: SocketAddr, _: SocketAddr, bytes: &[u8]) {
        self.switch.now = now;
        let text = std::str::from_utf8(bytes).unwrap();
        self.note_received(from, text);
        self.switch.receive(&from.to_string(), text);
        self.collect();
    }

    fn poll_transmit(&mut self, bytes: &mut Vec<u8>) -> Option<(SocketAddr, SocketAddr)> {
        let (to, message) = self.queue.pop_front()?;
        *bytes = message;
        Some((address(SWITCH), to))
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.switch.engine.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.switch.now = now;
        self.switch.fire();
        self.collect();
    }
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

struct Surroundings {
    world: World,
    switch: NodeId<SwitchNode>,
    customer: NodeId<UserAgent>,
    carriers: [NodeId<UserAgent>; 2],
    random: Random,
}

impl Surroundings {
    fn new(seed: u64, link: LinkProfile) -> Self {
        let mut world = World::new(seed);
        world.net.set_default_link(link);
        let mut setup = Setup {
            media_pairs: 64,
            ..Setup::relayed()
        };
        setup.customer.billing = Some(CustomerBilling {
            mode: BillingMode::Prepaid,
            ..CustomerBilling::default()
        });
        let mut random = Random::new(seed + 4);
        let mut node = SwitchNode::new(Switch::starting_at(&setup, Instant::ZERO));
        // For some seconds of talk, or for all.
        let most = match seed % 2 {
            0 => 1_000 * USD,
            _ => USD / 20,
        };
        node.pay(random.below(most) as i64);
        let agent = |place: &str, uas: UasPlan, seed| {
            let config = AgentConfig {
                uas,
                records_ladders: false,
                ..AgentConfig::new(address(place))
            };
            UserAgent::new(config, seed)
        };
        let customer = agent(CUSTOMER, UasPlan::default(), seed + 1);
        let aurora = agent(AURORA, moody_carrier(), seed + 2);
        let borealis = agent(BOREALIS, moody_carrier(), seed + 3);
        Self {
            switch: world.add([address(SWITCH)], node),
            customer: world.add([address(CUSTOMER)], customer),
            carriers: [
                world.add([address(AURORA)], aurora),
                world.add([address(BOREALIS)], borealis),
            ],
            world,
            random,
        }
    }

    /// Cuts the switch off from a peer now and then while calls are placed.
    fn place_calls_in_pieces(&mut self) {
        let peers = [CUSTOMER, AURORA, BOREALIS];
        for _ in 0..CALLS {
            let peer = address(peers[self.random.below(3) as usize]);
            match self.random.below(4) {
                0 => self.world.net.partition(address(SWITCH), peer),
                1 => self.world.net.cut(peer, address(SWITCH)),
                _ => self.world.net.heal(),
            }
            self.place_call();
        }
        self.world.net.heal();
        self.world.run_until_idle();
    }

    fn place_calls(&mut self) {
        for _ in 0..CALLS {
            self.place_call();
        }
        self.world.run_until_idle();
    }

    fn place_call(&mut self) {
        let plan = Arc::new(self.draw_plan());
        let request = CallRequest::new(address(SWITCH), "441132960000", "442071234567", plan);
        if self.random.happens(Chance::percent(10)) {
            let nanos = self.random.below(USD / 50) as i64;
            self.world.node_mut(self.switch).pay(nanos);
        }
        let now = self.world.now();
        self.world
            .node_mut(self.customer)
            .place_call(now, &request)
            .unwrap();
        let pause = Duration::from_millis(self.random.below(400));
        self.world.run_for(pause);
    }

    fn draw_plan(&mut self) -> UacPlan {
        let steps = [
            MidCall::Hold,
            MidCall::Resume,
            MidCall::Update,
            MidCall::Dtmf('5'),
            MidCall::Options,
        ];
        let mid_call = (0..self.random.below(4))
            .map(|_| {
                let step = steps[self.random.below(steps.len() as u64) as usize].clone();
                (Duration::from_millis(self.random.below(1_500)), step)
            })
            .collect();
        UacPlan {
            impatience: Some((Chance::percent(25), Span::millis(self.random.below(4_000)))),
            talk: Span::millis(self.random.below(8_000)),
            mid_call,
            ..UacPlan::default()
        }
    }

    fn summaries(&mut self, id: NodeId<UserAgent>) -> Vec<CallSummary> {
        let agent = self.world.node_mut(id);
        std::iter::from_fn(|| agent.poll_event())
            .filter_map(|event| match event {
                agent::Event::Ended(summary) => Some(*summary),
                _ => None,
            })
            .collect()
    }

    /// What must hold whatever the network did.
    fn judge(&mut self) {
        let customers = self.summaries(self.customer);
        let ids = [self.customer, self.carriers[0], self.carriers[1]];
        for id in ids {
            let agent = self.world.node(id);
            assert_eq!(agent.active_calls().count(), 0, "calls of an agent");
            assert_eq!(
                agent.counters().malformed,
                0,
                "messages that an agent cannot read"
            );
        }
        assert_eq!(customers.len(), CALLS, "each placed call ended once");

        self.world.node_mut(self.switch).judge();
        let node = self.world.node(self.switch);
        let ended = node.switch.ended();
        let records: HashMap<_, _> = ended
            .iter()
            .map(|record| (record.ingress_call_id.as_ref(), *record))
            .collect();
        for call in &customers {
            // An INVITE that never arrived has no record; an answer that the caller saw has.
            if let Some(seen) = call.answered_at {
                let record = records[call.call_id.as_str()];
                let answered = record.answered_at.unwrap();
                assert_eq!(
                    record.outcome,
                    Outcome::Answered,
                    "the customer saw an answer"
                );
                let sent = answered.micros_since(record.received_at);
                let seen = seen.since(call.started_at).as_micros();
                assert!(sent <= seen, "answered before it was sent");
            }
        }
        self.world.node_mut(self.switch).judge_what_comes_late();
    }
}

/// Answers most calls, refuses, rings out, or says nothing at all.
fn moody_carrier() -> UasPlan {
    let ring = Span::Uniform {
        low: Duration::ZERO,
        high: Duration::from_millis(900),
    };
    let pick_up = Span::Uniform {
        low: Duration::ZERO,
        high: Duration::from_secs(4),
    };
    let talk = Span::Uniform {
        low: Duration::ZERO,
        high: Duration::from_secs(10),
    };
    UasPlan {
        scripts: vec![
            UasScript::answer(ring, pick_up).weighing(40),
            UasScript::answer(ring, pick_up)
                .with_early_media()
                .weighing(15),
            UasScript::answer(ring, pick_up)
                .hanging_up_after(talk)
                .weighing(20),
            UasScript::reject(ring, 503).weighing(10),
            UasScript::reject(ring, 486).weighing(5),
            UasScript::no_answer(ring).weighing(5),
            UasScript::silence().weighing(5),
        ],
        ..UasPlan::default()
    }
}

#[test]
fn nothing_is_lost_on_a_clean_network() {
    for seed in seeds(0..6) {
        let mut surroundings = Surroundings::new(seed, LinkProfile::CLEAN);
        surroundings.place_calls();
        surroundings.judge();
    }
}

#[test]
fn nothing_is_lost_on_a_lossy_network() {
    for seed in seeds(100..115) {
        let mut surroundings = Surroundings::new(seed, LinkProfile::lossy(20));
        surroundings.place_calls();
        surroundings.judge();
    }
}

#[test]
fn nothing_is_lost_on_a_hostile_network() {
    for seed in seeds(200..215) {
        let mut surroundings = Surroundings::new(seed, LinkProfile::HOSTILE);
        surroundings.place_calls();
        surroundings.judge();
    }
}

#[test]
fn nothing_is_lost_on_a_network_that_falls_apart() {
    for seed in seeds(300..310) {
        let mut surroundings = Surroundings::new(seed, LinkProfile::lossy(2));
        surroundings.place_calls_in_pieces();
        surroundings.judge();
    }
}
