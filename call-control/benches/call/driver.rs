//! One whole call through an engine, by peers that cost nothing that is counted.

use call_control::setups::Setups;
use call_control::{
    Datagram, DigestPolicy, Engine, EngineConfig, EngineLimits, KeySource, Listener, MediaPorts,
    Now,
};
use media_relay::{MediaStatistics, ReadyPair, SessionId};
use rating::{Amount, Timestamp};
use routing_engine::Snapshot;
use routing_engine::deck::{Deck, DestinationNames};
use routing_engine::resources::{
    BillingMode, Carrier, Customer, CustomerBilling, Direction, MediaMode, PricedCard, RateCard,
    Resources, Stored, Trunk,
};
use sip_core::transaction::{Path, Timings, Transport};
use sip_core::{Duration, HeaderName, Instant, Limits, Message, TicketKey};
use std::fmt::Write;
use std::sync::Arc;

const CUSTOMER: &str = "192.0.2.10:5060";
const CARRIER: &str = "203.0.113.1:5060";
const SWITCH: &str = "198.51.100.1:5060";
/// Sent messages that the driver keeps.
const KEPT: usize = 2;

/// What is done with the engine, to be measured by the caller.
pub enum Step<'a> {
    /// A message arrives.
    Message(Now, Datagram<'a>),
    /// Timers are due.
    Timeout(Now),
}

/// A step that was recorded, to be repeated without the peers.
pub enum Recorded {
    /// A message arrived.
    Message(Now, Path, Vec<u8>),
    /// Timers were due.
    Timeout(Now),
}

impl Recorded {
    /// What happened in `calls` calls. An engine made with the same seed repeats it to the byte.
    pub fn calls(media: MediaMode, prefixes: u32, calls: usize) -> Vec<Self> {
        let mut bench = Bench::new(media, prefixes);
        let mut steps = Vec::new();
        for _ in 0..calls {
            bench.call(|engine, step, sent| {
                steps.push(match &step {
                    Step::Message(now, datagram) => {
                        Self::Message(*now, datagram.path, datagram.bytes.to_vec())
                    }
                    Step::Timeout(now) => Self::Timeout(*now),
                });
                carry_out(engine, step, sent);
            });
        }
        steps
    }

    pub fn step(&self) -> Step<'_> {
        match self {
            Self::Message(now, path, bytes) => {
                let path = *path;
                Step::Message(*now, Datagram { bytes, path })
            }
            Self::Timeout(now) => Step::Timeout(*now),
        }
    }
}

/// Carries out a step and drains the engine: the part of the loop that a shell pays for.
#[inline(never)]
pub fn carry_out(engine: &mut Engine, step: Step<'_>, sent: &mut Vec<(Path, Vec<u8>)>) {
    match step {
        Step::Message(now, datagram) => engine.handle_message(now, &datagram),
        Step::Timeout(now) => engine.handle_timeout(now),
    }
    while let Some(entry) = engine.poll_journal() {
        std::hint::black_box(&entry);
    }
    while let Some(event) = engine.poll_event() {
        std::hint::black_box(&event);
    }
    // The copy stands for the kernel's. The last messages are kept, newest first.
    for transmit in engine.transmits() {
        let mut buffer = match sent.len() {
            KEPT => sent.pop().map_or_else(Vec::new, |(_, buffer)| buffer),
            _ => Vec::new(),
        };
        buffer.clear();
        buffer.extend_from_slice(transmit.bytes);
        sent.insert(0, (transmit.path, buffer));
    }
    engine.clear_transmits();
}

/// An engine with a customer, two carriers and two rate cards.
pub struct Bench {
    pub engine: Engine,
    now: Instant,
    calls: u64,
    text: String,
    tag: String,
}

impl Bench {
    /// With so many prefixes on each rate card.
    pub fn new(media: MediaMode, prefixes: u32) -> Self {
        Self::with_limits(media, prefixes, EngineLimits::default())
    }

    /// The same with limits of its own.
    pub fn with_limits(media: MediaMode, prefixes: u32, limits: EngineLimits) -> Self {
        Self::of(&resources(media, prefixes), limits)
    }

    /// The same of a customer that has paid for an hour of many calls.
    pub fn prepaid(media: MediaMode, prefixes: u32, limits: EngineLimits) -> Self {
        let mut resources = resources(media, prefixes);
        for customer in &mut resources.customers {
            customer.spec.billing = Some(CustomerBilling {
                mode: BillingMode::Prepaid,
                ..CustomerBilling::default()
            });
        }
        Self::of(&resources, limits)
    }

    fn of(resources: &Resources, limits: EngineLimits) -> Self {
        let snapshot = Snapshot::compile(1, resources, None).unwrap();
        for (_, account) in snapshot.accounts() {
            account.set_base(Amount(1_000_000 * Amount::ONE.0));
        }
        let snapshot = Arc::new(snapshot);
        let now = Instant::from_micros(1_000_000_000);
        let config = EngineConfig {
            digest: DigestPolicy::default(),
            setups: Arc::new(Setups::new(1)),
            node: "pop1".into(),
            shard: 0,
            ticket_key: TicketKey::new([7; 16]),
            listeners: vec![Listener {
                transport: Transport::Udp,
                bind: SWITCH.parse().unwrap(),
                advertised_host: "198.51.100.1".into(),
                advertised_port: 5060,
            }],
            user_agent: "didtron".into(),
            watches_carriers: false,
            limits,
            timings: Timings::default(),
            max_call_duration: None,
        };
        let stock = Box::new(Stock(0));
        Self {
            engine: Engine::new(config, 42, at(now), snapshot, stock),
            now,
            calls: 0,
            text: String::with_capacity(4_096),
            tag: String::new(),
        }
    }

    /// One answered call: INVITE, 100, 180, 200, ACK, BYE, 200 in; as many out. `measure` gets
    /// each step with what it needs to carry it out.
    pub fn call(
        &mut self,
        mut measure: impl FnMut(&mut Engine, Step<'_>, &mut Vec<(Path, Vec<u8>)>),
    ) {
        let mut sent = vec![(path(CUSTOMER), Vec::with_capacity(2_048)); 2];
        self.answer(&mut sent, &mut measure);
        self.request("BYE", 2, None);
        self.receive(CUSTOMER, &mut sent, &mut measure);
        self.reply(&sent[0].1.clone(), 200, None);
        self.receive(CARRIER, &mut sent, &mut measure);
        self.tag.clear();
    }

    /// Answers so many calls, which stay up.
    pub fn hold(&mut self, calls: usize) {
        let mut sent = vec![(path(CUSTOMER), Vec::with_capacity(2_048)); 2];
        for _ in 0..calls {
            self.answer(&mut sent, &mut carry_out);
            self.tag.clear();
        }
    }

    /// Lets time pass for the timers that are due by then.
    pub fn pass(&mut self, length: Duration) {
        let end = self.now + length;
        while let Some(due) = self.engine.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            let step = Step::Timeout(at(self.now));
            carry_out(&mut self.engine, step, &mut Vec::new());
        }
        self.now = end;
    }

    /// A call up to its ACK.
    fn answer(
        &mut self,
        sent: &mut Vec<(Path, Vec<u8>)>,
        measure: &mut impl FnMut(&mut Engine, Step<'_>, &mut Vec<(Path, Vec<u8>)>),
    ) {
        self.calls += 1;
        // 500 calls a second of virtual time: as many transactions linger as would there.
        self.now += Duration::from_millis(2);
        let due = self.engine.poll_timeout();
        if due.is_some_and(|due| due <= self.now) {
            measure(&mut self.engine, Step::Timeout(at(self.now)), sent);
        }
        self.request("INVITE", 1, Some(SDP));
        self.receive(CUSTOMER, sent, measure);
        let invite = sent[0].1.clone();
        for (status, sdp) in [(100, None), (180, None), (200, Some(SDP))] {
            self.reply(&invite, status, sdp);
            self.receive(CARRIER, sent, measure);
        }
        self.learn_tag(&sent[0].1.clone());
        self.request("ACK", 1, None);
        self.receive(CUSTOMER, sent, measure);
    }

    fn receive(
        &mut self,
        from: &str,
        sent: &mut Vec<(Path, Vec<u8>)>,
        measure: &mut impl FnMut(&mut Engine, Step<'_>, &mut Vec<(Path, Vec<u8>)>),
    ) {
        let path = path(from);
        let bytes = self.text.as_bytes();
        let step = Step::Message(at(self.now), Datagram { bytes, path });
        measure(&mut self.engine, step, sent);
    }

    fn learn_tag(&mut self, answer: &[u8]) {
        let message = Message::parse(answer, &Limits::DEFAULT).unwrap();
        message
            .to()
            .unwrap()
            .tag()
            .unwrap()
            .clone_into(&mut self.tag);
    }

    fn request(&mut self, method: &str, cseq: u32, sdp: Option<&str>) {
        let call = self.calls;
        let to_tag = match self.tag.as_str() {
            "" => String::new(),
            tag => format!(";tag={tag}"),
        };
        let body = sdp.unwrap_or("");
        self.text.clear();
        write!(
            self.text,
            "{method} sip:442071234567@{SWITCH} SIP/2.0\r\n\
             Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-{call}-{method};rport\r\n\
             Max-Forwards: 70\r\n\
             From: \"Caller\" <sip:441132960000@192.0.2.10>;tag=from-{call}\r\n\
             To: <sip:442071234567@{SWITCH}>{to_tag}\r\n\
             Call-ID: 8c1f3e0a-{call}@192.0.2.10\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:441132960000@192.0.2.10:5060>\r\nUser-Agent: PBX/1.0\r\n\
             Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE\r\n\
             Supported: timer, replaces\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
    }

    fn reply(&mut self, request: &[u8], status: u16, sdp: Option<&str>) {
        let request = Message::parse(request, &Limits::DEFAULT).unwrap();
        let header = |name| request.header(name).unwrap();
        let tag = match request.to().unwrap().tag() {
            Some(_) => "",
            None => ";tag=carrier",
        };
        let body = sdp.unwrap_or("");
        self.text.clear();
        write!(
            self.text,
            "SIP/2.0 {status} Phrase\r\nVia: {}\r\nFrom: {}\r\nTo: {}{tag}\r\nCall-ID: {}\r\n\
             CSeq: {}\r\nContact: <sip:gw@{CARRIER}>\r\nServer: GW/2.0\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            header(HeaderName::Via),
            header(HeaderName::From),
            header(HeaderName::To),
            header(HeaderName::CallId),
            header(HeaderName::CSeq),
            body.len()
        )
        .unwrap();
    }
}

const SDP: &str = "v=0\r\no=- 20518 0 IN IP4 203.0.113.10\r\ns=-\r\nc=IN IP4 203.0.113.10\r\n\
    t=0 0\r\nm=audio 54400 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";

struct Stock(u64);

impl KeySource for Stock {
    fn draw(&mut self, key: &mut [u8]) -> bool {
        key.fill(7);
        true
    }
}

impl MediaPorts for Stock {
    fn take(&mut self) -> Option<ReadyPair> {
        self.0 += 1;
        Some(ReadyPair {
            session: SessionId::from_u64(self.0),
            ingress_rtp: ([198, 51, 100, 2], 20_000).into(),
            egress_rtp: ([198, 51, 100, 2], 20_002).into(),
        })
    }

    fn statistics(&self, _: SessionId) -> Option<MediaStatistics> {
        Some(MediaStatistics::default())
    }
}

fn path(remote: &str) -> Path {
    Path {
        transport: Transport::Udp,
        listener: 0,
        remote: remote.parse().unwrap(),
        connection: None,
        host: None,
    }
}

fn at(instant: Instant) -> Now {
    Now {
        instant,
        wall: Timestamp(1_767_225_600_000_000 + instant.as_micros() as i64),
    }
}

fn resources(media: MediaMode, prefixes: u32) -> Resources {
    Resources {
        rate_cards: vec![
            card(1, "retail", "0.05", prefixes),
            card(2, "wholesale", "0.01", prefixes),
        ],
        carriers: vec![stored(1, "Aurora", Carrier::default())],
        customers: vec![stored(
            1,
            "Meridian",
            Customer {
                cps_limit: Some(100_000),
                channel_limit: Some(1_000_000),
                ..Customer::new("retail")
            },
        )],
        trunks: vec![
            stored(
                1,
                "in",
                Trunk {
                    customer: Some("Meridian".into()),
                    source_addresses: vec!["192.0.2.10".parse().unwrap()],
                    media,
                    ..Trunk::new(Direction::Ingress)
                },
            ),
            stored(
                2,
                "out",
                Trunk {
                    carrier: Some("Aurora".into()),
                    rate_card: Some("wholesale".into()),
                    gateway: Some(CARRIER.parse().unwrap()),
                    media,
                    ..Trunk::new(Direction::Egress)
                },
            ),
        ],
        ..Resources::default()
    }
}

fn stored<T>(id: i64, name: &str, spec: T) -> Stored<T> {
    Stored {
        id,
        name: name.to_owned(),
        spec,
    }
}

fn card(id: i64, name: &str, price: &str, prefixes: u32) -> PricedCard {
    let spec = RateCard {
        rates_file: Some("rates.csv".into()),
        ..RateCard::new(rating::Currency::USD)
    };
    let mut csv = "prefix,destination,rate_per_minute\n".to_owned();
    for n in 0..prefixes {
        let prefix = u64::from(n) * 4 + 44_200_000;
        writeln!(csv, "{prefix},Place {},{price}", n % 500).unwrap();
    }
    writeln!(csv, "44,United Kingdom,{price}").unwrap();
    let deck = Deck::read(csv.as_bytes(), &spec, &mut DestinationNames::default()).unwrap();
    PricedCard {
        card: stored(id, name, spec),
        deck: Arc::new(deck),
    }
}
