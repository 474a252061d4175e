//! The switch, its resources, its clock and what came out of it.

use super::message::Sent;
use super::{AURORA, BOREALIS, CUSTOMER, SWITCH};
use call_control::setups::Setups;
use call_control::{
    Command, Datagram, DigestPolicy, Engine, EngineConfig, EngineLimits, Event, KeySource,
    Listener, MediaCommand, MediaPorts, Now, OneWayMedia,
};
use media_relay::{Codec, DirectionStatistics, MediaStatistics, ReadyPair, SessionId};
use rating::cdr::{CallRecord, JournalEntry, Outcome};
use rating::{Amount, Timestamp};
use routing_engine::Snapshot;
use routing_engine::credit::CreditAccount;
use routing_engine::deck::{Deck, DestinationNames};
use routing_engine::resources::{
    Assigned, Assignment, AuthenticationMode, Carrier, CliRules, Customer, DigestAccount,
    Direction, Failover, Gateway, LcrProfile, MediaMode, NumberList, PricedCard, RateCard, RateRow,
    ResourceKind, Resources, Route, Signalling, Stored, Trunk,
};
use sip_core::transaction::{Path, Timings, TransmitToken, Transport};
use sip_core::{Duration, Instant, TicketKey};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a test may want otherwise.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) limits: EngineLimits,
    pub(crate) max_call_duration: Option<Duration>,
    pub(crate) media: MediaMode,
    pub(crate) failover: Failover,
    pub(crate) customer: Customer,
    /// Of the customer's calls.
    pub(crate) lcr_profile: Option<LcrProfile>,
    pub(crate) carrier: Carrier,
    pub(crate) media_pairs: u64,
    pub(crate) snapshot_number: u64,
    pub(crate) tech_prefix: String,
    /// Of the customer's trunk.
    pub(crate) ingress: Signalling,
    /// Of the carriers' trunks.
    pub(crate) egress: Signalling,
    /// Gateways that the first carrier's trunk may name.
    pub(crate) gateways: Vec<(&'static str, Gateway)>,
    /// Of all customers.
    pub(crate) routes: Vec<Route>,
    /// CLI rules and number lists that a customer, a carrier or a trunk may name.
    pub(crate) cli_rules: Vec<(&'static str, CliRules)>,
    pub(crate) number_lists: Vec<(&'static str, NumberList)>,
    /// Of the customer's trunk.
    pub(crate) authentication: AuthenticationMode,
    pub(crate) ingress_digest: Option<DigestAccount>,
    /// Of the carriers' trunks.
    pub(crate) egress_digest: Option<DigestAccount>,
    /// In nano-units, of all three cards.
    pub(crate) attempt_fee: i64,
    /// Changes the customer's trunk.
    pub(crate) ingress_trunk: fn(&mut Trunk),
    /// Changes the trunk of the first carrier.
    pub(crate) aurora_trunk: fn(&mut Trunk),
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            limits: EngineLimits::default(),
            max_call_duration: None,
            media: MediaMode::Direct,
            failover: Failover::default(),
            customer: Customer::new("retail"),
            lcr_profile: None,
            carrier: Carrier::default(),
            media_pairs: 0,
            snapshot_number: 1,
            tech_prefix: String::new(),
            ingress: Signalling::default(),
            egress: Signalling::default(),
            gateways: Vec::new(),
            routes: Vec::new(),
            cli_rules: Vec::new(),
            number_lists: Vec::new(),
            authentication: AuthenticationMode::Address,
            ingress_digest: None,
            egress_digest: None,
            attempt_fee: 0,
            ingress_trunk: |_| {},
            aurora_trunk: |_| {},
        }
    }
}

impl Setup {
    /// With media through the relay.
    pub(crate) fn relayed() -> Self {
        Self {
            media: MediaMode::Relay,
            media_pairs: 10,
            ..Self::default()
        }
    }

    /// One customer at [`CUSTOMER`], two carriers at [`AURORA`] (cheaper) and [`BOREALIS`].
    pub(crate) fn resources(&self) -> Resources {
        let carrier = |id, name: &str, spec: Carrier| Stored {
            id,
            name: name.to_owned(),
            spec,
        };
        Resources {
            rate_cards: vec![
                self.card(1, "retail", "0.05"),
                self.card(2, "aurora", "0.01"),
                self.card(3, "borealis", "0.02"),
            ],
            carriers: vec![
                carrier(1, "Aurora", self.carrier.clone()),
                carrier(2, "Borealis", self.carrier.clone()),
            ],
            customers: vec![Stored {
                id: 1,
                name: "Meridian".to_owned(),
                spec: self.customer.clone(),
            }],
            trunks: vec![
                self.ingress(),
                self.egress(2, "aurora-out", "Aurora", AURORA),
                self.egress(3, "borealis-out", "Borealis", BOREALIS),
            ],
            gateways: stored(&self.gateways),
            routes: (1..)
                .zip(&self.routes)
                .map(|(id, spec)| Assigned {
                    stored: Stored {
                        id,
                        name: format!("route {id}"),
                        spec: spec.clone(),
                    },
                    assign: Assignment::default(),
                })
                .collect(),
            lcr_profiles: self
                .lcr_profile
                .clone()
                .map(|spec| Assigned {
                    stored: Stored {
                        id: 1,
                        name: "profile".to_owned(),
                        spec,
                    },
                    assign: Assignment::default(),
                })
                .into_iter()
                .collect(),
            cli_rules: stored(&self.cli_rules),
            number_lists: stored(&self.number_lists),
            ..Resources::default()
        }
    }

    fn card(&self, id: i64, name: &str, price: &str) -> PricedCard {
        let row = RateRow::new("44", "United Kingdom", price.parse().unwrap());
        let rows = vec![row];
        let card = RateCard {
            rates: Some(rows.clone()),
            attempt_fee: rating::Amount(self.attempt_fee),
            ..RateCard::new(rating::Currency::USD)
        };
        let deck = Deck::from_rows(&rows, &card, &mut DestinationNames::default()).unwrap();
        PricedCard {
            card: Stored {
                id,
                name: name.to_owned(),
                spec: card,
            },
            deck: Arc::new(deck),
        }
    }

    fn ingress(&self) -> Stored<Trunk> {
        let mut spec = Trunk {
            customer: Some("Meridian".into()),
            authentication: self.authentication,
            digest: self.ingress_digest.clone(),
            source_addresses: match self.authentication {
                AuthenticationMode::Digest => Vec::new(),
                _ => vec![CUSTOMER.split(':').next().unwrap().parse().unwrap()],
            },
            media: self.media,
            tech_prefix: self.tech_prefix.clone(),
            signalling: self.ingress,
            ..Trunk::new(Direction::Ingress)
        };
        (self.ingress_trunk)(&mut spec);
        Stored {
            id: 1,
            name: "meridian-in".to_owned(),
            spec,
        }
    }

    fn egress(&self, id: i64, name: &str, carrier: &str, gateway: &str) -> Stored<Trunk> {
        let mut spec = Trunk {
            carrier: Some(carrier.into()),
            rate_card: Some(carrier.to_lowercase().into()),
            gateway: Some(gateway.parse().unwrap()),
            failover: Some(self.failover.clone()),
            signalling: self.egress,
            digest: self.egress_digest.clone(),
            media: self.media,
            ..Trunk::new(Direction::Egress)
        };
        if gateway == AURORA {
            (self.aurora_trunk)(&mut spec);
        }
        Stored {
            id,
            name: name.to_owned(),
            spec,
        }
    }

    pub(crate) fn config(&self) -> EngineConfig {
        EngineConfig {
            digest: DigestPolicy::default(),
            setups: Arc::new(Setups::new(1)),
            watches_carriers: true,
            node: "pop1".into(),
            shard: 3,
            ticket_key: TicketKey::new([7; 16]),
            listeners: [Transport::Udp, Transport::Tcp, Transport::Tls]
                .map(|transport| Listener {
                    transport,
                    bind: SWITCH.parse().unwrap(),
                    advertised_host: "198.51.100.1".into(),
                    advertised_port: 5060,
                })
                .into(),
            user_agent: "didtron".into(),
            limits: self.limits,
            timings: Timings::default(),
            max_call_duration: self.max_call_duration,
        }
    }
}

fn stored<T: Clone>(named: &[(&'static str, T)]) -> Vec<Stored<T>> {
    let named = (1..).zip(named);
    named
        .map(|(id, (name, spec))| Stored {
            id,
            name: (*name).to_owned(),
            spec: spec.clone(),
        })
        .collect()
}

/// A stock of media ports that is only numbers.
struct Stock {
    left: Arc<AtomicU64>,
    taken: u64,
    /// Keys drawn: each is filled with its number.
    drawn: u8,
}

impl KeySource for Stock {
    fn draw(&mut self, key: &mut [u8]) -> bool {
        self.drawn += 1;
        key.fill(self.drawn);
        true
    }
}

impl MediaPorts for Stock {
    fn take(&mut self) -> Option<ReadyPair> {
        let take_one = |left: u64| left.checked_sub(1);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take_one)
            .ok()?;
        self.taken += 1;
        let port = 20_000 + 4 * self.taken as u16;
        Some(ReadyPair {
            session: SessionId::from_u64(self.taken),
            ingress_rtp: format!("198.51.100.2:{port}").parse().unwrap(),
            egress_rtp: format!("198.51.100.2:{}", port + 2).parse().unwrap(),
        })
    }

    fn may_send_to(&self, address: IpAddr) -> bool {
        !address.is_multicast()
    }

    fn statistics(&self, _: SessionId) -> Option<MediaStatistics> {
        let count = |packets| DirectionStatistics {
            packets,
            bytes: packets * 172,
            codec: Some(Codec::Pcma),
            expected: packets + 1,
            lost: 1,
            ..DirectionStatistics::default()
        };
        Some(MediaStatistics {
            ingress: count(50),
            egress: count(60),
        })
    }
}

/// The engine with its surroundings.
pub(crate) struct Switch {
    pub(crate) engine: Engine,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) now: Instant,
    sent: VecDeque<Sent>,
    last_token: Option<TransmitToken>,
    /// Records in the order of the journal.
    pub(crate) journal: Vec<JournalEntry>,
    pub(crate) media: Vec<MediaCommand>,
    pub(crate) traced: Vec<String>,
    /// Addresses of which a report was believed.
    pub(crate) refused: Vec<SocketAddr>,
    /// Gateways that went down or came up.
    pub(crate) gateway_changes: Vec<(String, bool)>,
    /// Registrations that came about or failed.
    pub(crate) registered: Vec<bool>,
    /// Sides that were not heard.
    pub(crate) one_way: Vec<OneWayMedia>,
    ports_left: Arc<AtomicU64>,
    ports_at_start: u64,
}

/// The wall clock at the start of every test: 2026-01-01T00:00:00Z.
const WALL: i64 = 1_767_225_600_000_000;
/// The monotonic clock at the start of every test.
const START: Instant = Instant::from_micros(1_000_000_000);

impl Switch {
    pub(crate) fn new() -> Self {
        Self::with(&Setup::default())
    }

    pub(crate) fn with(setup: &Setup) -> Self {
        Self::starting_at(setup, START)
    }

    pub(crate) fn starting_at(setup: &Setup, start: Instant) -> Self {
        let snapshot =
            Arc::new(Snapshot::compile(setup.snapshot_number, &setup.resources(), None).unwrap());
        let ports_left = Arc::new(AtomicU64::new(setup.media_pairs));
        let stock = Stock {
            left: Arc::clone(&ports_left),
            taken: 0,
            drawn: 0,
        };
        let engine = Engine::new(
            setup.config(),
            42,
            now_at(start),
            Arc::clone(&snapshot),
            Box::new(stock),
        );
        Self {
            engine,
            snapshot,
            now: start,
            sent: VecDeque::new(),
            last_token: None,
            journal: Vec::new(),
            media: Vec::new(),
            traced: Vec::new(),
            refused: Vec::new(),
            one_way: Vec::new(),
            gateway_changes: Vec::new(),
            registered: Vec::new(),
            ports_left,
            ports_at_start: setup.media_pairs,
        }
    }

    /// A message arrives from a peer.
    pub(crate) fn receive(&mut self, from: &str, text: &str) {
        self.receive_by(Transport::Udp, from, text);
    }

    /// The same over another transport.
    pub(crate) fn receive_by(&mut self, transport: Transport, from: &str, text: &str) {
        let path = Path {
            transport,
            listener: match transport {
                Transport::Udp => 0,
                Transport::Tls => 2,
                _ => 1,
            },
            remote: from.parse().unwrap(),
            connection: None,
            host: None,
        };
        let bytes = text.as_bytes();
        self.engine
            .handle_message(now_at(self.now), &Datagram { bytes, path });
        self.drain();
    }

    /// The same, and gives the token of the last message that has one.
    pub(crate) fn receive_keeping_token(
        &mut self,
        from: &str,
        text: &str,
    ) -> Option<TransmitToken> {
        self.receive(from, text);
        self.last_token
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.engine.handle_command(now_at(self.now), command);
        self.drain();
    }

    /// Lets time pass, stopping at each moment for which the engine asks.
    pub(crate) fn advance(&mut self, length: Duration) {
        let end = self.now + length;
        while let Some(next) = self.engine.poll_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.engine.handle_timeout(now_at(self.now));
            self.drain();
        }
        self.now = end;
    }

    /// The moment for which the engine asked has come.
    pub(crate) fn fire(&mut self) {
        self.engine.handle_timeout(now_at(self.now));
        self.drain();
    }

    pub(crate) fn advance_ms(&mut self, millis: u64) {
        self.advance(Duration::from_millis(millis));
    }

    fn drain(&mut self) {
        while let Some(entry) = self.engine.poll_journal() {
            self.journal.push(entry);
        }
        while let Some(event) = self.engine.poll_event() {
            match event {
                Event::Media(command) => self.take_media(command),
                Event::Refused { remote, .. } => self.refused.push(remote),
                Event::Registration(change) => self.registered.push(change.is_registered),
                Event::OneWayMedia(found) => self.one_way.push(found),
                Event::Gateway(change) => {
                    let gateway = change.gateway.to_string();
                    self.gateway_changes.push((gateway, change.is_up));
                }
                Event::Trace(line) => {
                    let text = String::from_utf8(line.bytes.to_vec()).unwrap();
                    let first = text.lines().next().unwrap().to_owned();
                    self.traced.push(format!("{:?} {first}", line.direction));
                }
            }
        }
        while let Some(transmit) = self.engine.poll_transmit() {
            self.last_token = transmit.token.or(self.last_token);
            self.sent.push_back(Sent {
                to: transmit.path.remote,
                host: transmit.path.host,
                text: String::from_utf8(transmit.bytes.to_vec()).unwrap(),
            });
        }
    }

    /// The counters of limits say what the calls hold, at every moment.
    pub(crate) fn assert_no_drift(&self) {
        let held = self.engine.held_channels();
        assert_eq!(self.snapshot.drift(&held), [], "channels drift from calls");
    }

    fn take_media(&mut self, command: MediaCommand) {
        if matches!(command, MediaCommand::Stop(_)) {
            self.ports_left.fetch_add(1, Ordering::Relaxed);
        }
        self.media.push(command);
    }

    /// The next message of all, which must be for `to` and be `what`.
    pub(crate) fn expect(&mut self, to: &str, what: &str) -> Sent {
        let Some(sent) = self.sent.pop_front() else {
            panic!("nothing was sent, expected {what} to {to}");
        };
        assert_eq!(
            (sent.to.to_string().as_str(), sent.what().as_str()),
            (to, what)
        );
        sent
    }

    /// Nothing more was sent.
    pub(crate) fn expect_silence(&self) {
        let rest: Vec<_> = self
            .sent
            .iter()
            .map(|sent| (sent.to, sent.what()))
            .collect();
        assert!(rest.is_empty(), "unexpected: {rest:?}");
    }

    /// Forgets what was sent, and says what it was.
    pub(crate) fn take_all(&mut self) -> Vec<Sent> {
        self.sent.drain(..).collect()
    }

    /// The final records so far.
    pub(crate) fn ended(&self) -> Vec<&CallRecord> {
        let ended = self.journal.iter().filter_map(|entry| match entry {
            JournalEntry::Ended(record) => Some(record),
            _ => None,
        });
        ended.collect()
    }

    /// The only final record.
    pub(crate) fn record(&self) -> &CallRecord {
        let ended = self.ended();
        assert_eq!(ended.len(), 1, "one call, one record");
        ended[0]
    }

    /// The money of the customer.
    pub(crate) fn customer_account(&self) -> &Arc<CreditAccount> {
        self.account((ResourceKind::Customer, 1))
    }

    fn account(&self, resource: (ResourceKind, i64)) -> &Arc<CreditAccount> {
        let mut accounts = self.snapshot.accounts();
        accounts.find(|(whose, _)| *whose == resource).unwrap().1
    }

    /// The customer has paid so much in all, in nano-units.
    pub(crate) fn set_balance(&self, nanos: i64) {
        self.customer_account().set_base(Amount(nanos));
    }

    /// So much was paid to a carrier in all.
    pub(crate) fn set_carrier_balance(&self, id: i64, nanos: i64) {
        self.account((ResourceKind::Carrier, id))
            .set_base(Amount(nanos));
    }

    /// The accounts say what the records say, and nothing is reserved any more.
    fn assert_books_balance(&self) {
        let money = |record: &&CallRecord| record.money().unwrap();
        let ended = self.ended();
        let charged: i64 = ended.iter().map(|record| money(record).charge.0).sum();
        let cost: i64 = ended.iter().map(|record| money(record).cost.0).sum();
        let figures = |kind| {
            let accounts = self.snapshot.accounts();
            let of_kind = accounts.filter(move |((whose, _), _)| *whose == kind);
            of_kind.map(|(_, account)| account.figures())
        };
        let sum = |kind| figures(kind).map(|figures| figures.charged.0).sum::<i64>();
        assert_eq!(sum(ResourceKind::Customer), charged, "charged as recorded");
        assert_eq!(sum(ResourceKind::Carrier), cost, "owed as recorded");
        for figures in figures(ResourceKind::Customer) {
            assert_eq!(figures.reserved.0, 0, "money is reserved for no call");
            assert_eq!(figures.calls, 0, "calls that hold money");
        }
    }

    /// Channels in use by the customer and by each carrier.
    pub(crate) fn channels(&self) -> (u32, u32, u32) {
        let carriers = self.snapshot.carriers();
        (
            self.snapshot.customers()[0].channels_in_use(),
            carriers[0].channels_in_use(),
            carriers[1].channels_in_use(),
        )
    }

    /// After the longest lingering everything that calls took is given back, and every answered
    /// call has exactly one final record.
    pub(crate) fn assert_at_rest(&mut self) {
        self.advance(Duration::from_secs(70));
        let counters = self.engine.counters();
        assert_eq!(counters.calls, 0, "calls");
        assert_eq!(counters.calls_held, 0, "calls that wait");
        assert_eq!(counters.transactions, 0, "transactions");
        assert_eq!(counters.timers, 0, "timers");
        assert_eq!(counters.media_sessions, 0, "media sessions");
        assert_eq!(self.channels(), (0, 0, 0), "channels");
        self.assert_no_drift();
        self.assert_books_balance();
        assert_eq!(
            self.ports_left.load(Ordering::Relaxed),
            self.ports_at_start,
            "media ports"
        );
        assert_eq!(self.engine.poll_timeout(), None, "nothing waits for time");
        let answered = self.journal.iter().filter_map(|entry| match entry {
            JournalEntry::Answered(record) if record.answered_at.is_some() => Some(record.id),
            _ => None,
        });
        for id in answered {
            let finals: Vec<_> = self.ended().into_iter().filter(|r| r.id == id).collect();
            assert_eq!(finals.len(), 1, "one final record of {id:?}");
            assert_eq!(finals[0].outcome, Outcome::Answered);
        }
    }
}

pub(crate) fn now_at(instant: Instant) -> Now {
    let passed = instant.as_micros() as i64 - START.as_micros() as i64;
    Now {
        instant,
        wall: Timestamp(WALL + passed),
    }
}
