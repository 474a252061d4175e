//! Lookups by a real name server on the loopback network.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "../../../tests/e2e/name_server.rs"]
mod name_server;

use super::lookup::{Dns, NotFound, Reach};
use super::{NameKeeper, Names};
use crate::config::DnsSettings;
use arc_swap::ArcSwap;
use hickory_resolver::proto::op::ResponseCode;
use name_server::{Mood, NameServer};
use rating::cdr::Transport;
use routing_engine::Snapshot;
use routing_engine::names::{LookupFailure, NameQuery, NameState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(120);

fn settings(server: &NameServer) -> DnsSettings {
    DnsSettings {
        servers: vec![server.address],
        timeout: Duration::from_secs(10),
        ttl_s: 1..=3_600,
        stale_max_s: 86_400,
        names_max: 100,
        lookups_max: 8,
    }
}

fn dns(server: &NameServer, transports: &[Transport]) -> Dns {
    let any = ["127.0.0.1:5060", "[::1]:5060"].map(|at| at.parse::<SocketAddr>().unwrap());
    let listeners = transports.iter().flat_map(|one| any.map(|at| (*one, at)));
    Dns::new(&settings(server), Reach::new(listeners))
}

const ALL: &[Transport] = &[Transport::Udp, Transport::Tcp, Transport::Tls];

fn name(text: &str, transport: Option<Transport>) -> NameQuery {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().unwrap())),
        None => (text, None),
    };
    NameQuery {
        host: host.into(),
        port,
        transport,
    }
}

/// `transport address …`, by priority.
async fn resolved(dns: &Dns, name: &NameQuery) -> Result<String, NotFound> {
    let found = dns.resolve(name).await?;
    let transport = found.resolution.transport();
    let addresses = found
        .resolution
        .targets()
        .map(|one| one.address.to_string());
    let addresses: Vec<String> = addresses.collect();
    Ok(format!("{transport:?} {}", addresses.join(" ")).to_lowercase())
}

fn names_asked(server: &NameServer) -> Vec<String> {
    let asked = server.asked().into_iter();
    let mut asked: Vec<String> = asked.map(|(name, kind)| format!("{kind} {name}")).collect();
    asked.sort();
    asked.dedup();
    asked
}

#[tokio::test]
async fn a_name_with_a_port_is_asked_for_its_addresses_alone() {
    let server = NameServer::start(&[
        "sip.test 60 A 192.0.2.1",
        "sip.test 30 AAAA 2001:db8::1",
        "_sip._udp.sip.test 60 SRV 1 1 5090 other.test",
        "other.test 60 A 192.0.2.9",
    ]);
    let dns = dns(&server, ALL);
    let name = name("sip.test:5070", Some(Transport::Tcp));
    let found = resolved(&dns, &name).await;
    assert_eq!(found.unwrap(), "tcp 192.0.2.1:5070 [2001:db8::1]:5070");
    assert_eq!(names_asked(&server), ["A sip.test", "AAAA sip.test"]);
    assert_eq!(dns.resolve(&name).await.unwrap().ttl_s, 30, "the lesser");
}

#[tokio::test]
async fn a_transport_has_servers_else_the_default_port() {
    let server = NameServer::start(&[
        "_sip._tcp.sip.test 60 SRV 20 1 5062 b.test",
        "_sip._tcp.sip.test 60 SRV 10 1 5061 a.test",
        "_sips._tcp.sip.test 60 SRV 1 1 5071 a.test",
        "sip.test 60 A 192.0.2.7",
        "a.test 60 CNAME c.test",
        "c.test 5 A 192.0.2.1",
        "b.test 60 A 192.0.2.2",
    ]);
    let dns = dns(&server, ALL);
    for (transport, expected) in [
        (Transport::Udp, "udp 192.0.2.7:5060"),
        (Transport::Tcp, "tcp 192.0.2.1:5061 192.0.2.2:5062"),
        (Transport::Tls, "tls 192.0.2.1:5071"),
    ] {
        let name = name("sip.test", Some(transport));
        assert_eq!(resolved(&dns, &name).await.unwrap(), expected);
    }
    let tcp = name("sip.test", Some(Transport::Tcp));
    assert_eq!(
        dns.resolve(&tcp).await.unwrap().ttl_s,
        5,
        "the least of all"
    );
    assert!(
        !names_asked(&server)
            .iter()
            .any(|asked| asked.starts_with("NAPTR"))
    );
}

#[tokio::test]
async fn naptr_says_which_transport_and_those_that_nobody_speaks_are_passed_over() {
    let server = NameServer::start(&[
        "sip.test 60 NAPTR 20 1 s SIP+D2U _sip._udp.there.test",
        "sip.test 60 NAPTR 10 2 s SIP+D2T _sip._tcp.there.test",
        "sip.test 60 NAPTR 10 1 s SIPS+D2T _sips._tcp.there.test",
        "sip.test 60 NAPTR 1 1 u E2U+sip other.test",
        "_sips._tcp.there.test 60 SRV 1 1 5061 a.test",
        "_sip._tcp.there.test 60 SRV 1 1 5060 a.test",
        "_sip._udp.there.test 60 SRV 1 1 5080 a.test",
        "a.test 60 A 192.0.2.1",
    ]);
    let name = name("sip.test", None);
    for (transports, expected) in [
        (ALL, "tls 192.0.2.1:5061"),
        (&[Transport::Udp, Transport::Tcp], "tcp 192.0.2.1:5060"),
        (&[Transport::Udp], "udp 192.0.2.1:5080"),
    ] {
        let dns = dns(&server, transports);
        assert_eq!(resolved(&dns, &name).await.unwrap(), expected);
    }
    let dns = dns(&server, &[Transport::Ws]);
    let failure = resolved(&dns, &name).await.unwrap_err().failure;
    assert_eq!(failure, LookupFailure::NoListener);
}

#[tokio::test]
async fn without_naptr_the_first_transport_with_servers_is_taken_and_udp_without_any() {
    let server = NameServer::start(&[
        "_sip._tcp.sip.test 60 SRV 1 1 5065 a.test",
        "sip.test 60 A 192.0.2.7",
        "a.test 60 A 192.0.2.1",
    ]);
    let dns = dns(&server, ALL);
    let found = resolved(&dns, &name("sip.test", None)).await;
    assert_eq!(found.unwrap(), "tcp 192.0.2.1:5065");
    let found = resolved(&dns, &name("a.test", None)).await;
    assert_eq!(found.unwrap(), "udp 192.0.2.1:5060");
}

#[tokio::test]
async fn failures_are_told_apart() {
    let server = NameServer::start(&[
        "_sip._udp.closed.test 60 SRV 0 0 0 .",
        "closed.test 60 A 192.0.2.1",
        "_sip._udp.half.test 60 SRV 1 1 5060 gone.test",
        "_sip._udp.half.test 60 SRV 2 1 5060 a.test",
        "_sip._udp.dead.test 60 SRV 1 1 5060 gone.test",
        "a.test 60 A 192.0.2.1",
        "empty.test 60 SRV 1 1 5060 a.test",
    ]);
    let udp = Some(Transport::Udp);
    let dns = dns(&server, &[Transport::Udp]);
    let failure = async |text| resolved(&dns, &name(text, udp)).await.unwrap_err().failure;
    assert_eq!(failure("nobody.test").await, LookupFailure::NoSuchName);
    assert_eq!(failure("empty.test").await, LookupFailure::NoAddress);
    assert_eq!(failure("closed.test").await, LookupFailure::NoService);
    assert_eq!(failure("dead.test").await, LookupFailure::NoSuchName);
    let half = resolved(&dns, &name("half.test", udp)).await;
    assert_eq!(
        half.unwrap(),
        "udp 192.0.2.1:5060",
        "the other server is enough"
    );
    let tls = resolved(&dns, &name("a.test:5061", Some(Transport::Tls))).await;
    assert_eq!(tls.unwrap_err().failure, LookupFailure::NoListener);
    server.turn(Mood::Failing);
    assert_eq!(failure("a.test").await, LookupFailure::ServerFailed);
    server.turn(Mood::Silent);
    let hasty = DnsSettings {
        timeout: Duration::from_millis(200),
        ..settings(&server)
    };
    let listeners = [(Transport::Udp, "127.0.0.1:5060".parse().unwrap())];
    let hasty = Dns::new(&hasty, Reach::new(listeners.into_iter()));
    let silence = resolved(&hasty, &name("a.test", udp)).await;
    assert!(
        !silence.unwrap_err().failure.is_answer(),
        "nobody said anything"
    );
}

#[tokio::test]
async fn a_question_that_fails_does_not_hide_what_others_say() {
    let server = NameServer::start(&[
        "sip.test 60 NAPTR 10 1 s SIPS+D2T _sips._tcp.sip.test",
        "sip.test 60 NAPTR 20 1 s SIP+D2T _sip._tcp.sip.test",
        "_sips._tcp.sip.test 60 SRV 1 1 5061 a.test",
        "_sip._tcp.sip.test 60 SRV 1 1 5062 b.test",
        "sip.test 60 A 192.0.2.7",
        "a.test 60 A 192.0.2.1",
        "b.test 60 A 192.0.2.2",
    ]);
    let dns = dns(&server, ALL);
    let any = name("sip.test", None);
    let tls = name("sip.test", Some(Transport::Tls));
    let resolve = async |wanted: &NameQuery| {
        let certain = dns.resolve(wanted).await.map(|found| found.is_certain);
        Ok::<_, NotFound>((resolved(&dns, wanted).await?, certain?))
    };
    let expected = |text: &str, is_certain| Ok((text.to_owned(), is_certain));
    assert_eq!(resolve(&any).await, expected("tls 192.0.2.1:5061", true));
    for code in [
        ResponseCode::ServFail,
        ResponseCode::Refused,
        ResponseCode::NotImp,
    ] {
        // As name servers do that know addresses only.
        server.turn(Mood::FailingAt(code, &["NAPTR", "SRV"]));
        assert_eq!(resolve(&any).await, expected("udp 192.0.2.7:5060", false));
        assert_eq!(resolve(&tls).await, expected("tls 192.0.2.7:5061", false));
        // The preferred service alone, or the addresses of its server.
        for places in [&["SRV _sips."], &["A a.test"]] {
            server.turn(Mood::FailingAt(code, places));
            assert_eq!(resolve(&any).await, expected("tcp 192.0.2.2:5062", false));
        }
        // There are servers: the host itself is none.
        server.turn(Mood::FailingAt(code, &["A a.test", "A b.test"]));
        let failure = resolve(&any).await.unwrap_err().failure;
        assert_eq!(failure, LookupFailure::ServerFailed);
    }
}

#[tokio::test]
async fn addresses_that_nobody_answers_for_leave_a_doubt_of_those_that_are_there() {
    let server = NameServer::start(&[
        "_sip._udp.sip.test 60 SRV 1 1 5060 a.test",
        "_sip._udp.sip.test 60 SRV 2 1 5060 b.test",
        "a.test 60 A 192.0.2.1",
        "a.test 60 AAAA 2001:db8::1",
        "b.test 60 A 192.0.2.2",
    ]);
    let dns = dns(&server, &[Transport::Udp]);
    let one = name("a.test:5060", Some(Transport::Udp));
    let all = name("sip.test", Some(Transport::Udp));
    let is_certain = async |name: &NameQuery| dns.resolve(name).await.unwrap().is_certain;
    assert!(is_certain(&one).await && is_certain(&all).await);
    let code = ResponseCode::ServFail;
    server.turn(Mood::FailingAt(code, &["A a.test"]));
    assert!(!is_certain(&one).await, "the other family is there");
    server.turn(Mood::FailingAt(code, &["A b.test", "AAAA b.test"]));
    assert!(!is_certain(&all).await, "the other server is there");
}

/// A configuration with one gateway.
fn snapshot(number: u64, gateway: &str) -> Arc<Snapshot> {
    use routing_engine::deck::{Deck, DestinationNames};
    use routing_engine::resources::{
        Carrier, Direction, PricedCard, RateCard, Resources, Stored, Trunk,
    };
    fn stored<T>(name: &str, spec: T) -> Stored<T> {
        Stored {
            id: 1,
            name: name.to_owned(),
            spec,
        }
    }
    let card = RateCard {
        rates: Some(Vec::new()),
        ..RateCard::new(rating::Currency::USD)
    };
    let deck = Deck::from_rows(&[], &card, &mut DestinationNames::default()).unwrap();
    let resources = Resources {
        rate_cards: vec![PricedCard {
            card: stored("card", card),
            deck: Arc::new(deck),
        }],
        carriers: vec![stored("Aurora", Carrier::default())],
        trunks: vec![stored(
            "out",
            Trunk {
                carrier: Some("Aurora".into()),
                rate_card: Some("card".into()),
                gateway: Some(gateway.parse().unwrap()),
                transport: Some(Transport::Udp),
                ..Trunk::new(Direction::Egress)
            },
        )],
        ..Resources::default()
    };
    Arc::new(Snapshot::compile(number, &resources, None).unwrap())
}

/// Waits until that is so of what is known of the name.
async fn until(names: &Names, name: &NameQuery, is_so: impl Fn(Option<&NameState>) -> bool) {
    wait_for(|| is_so(names.known().get(name))).await;
}

async fn wait_for(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

fn keeper(
    server: &NameServer,
    names: &Arc<Names>,
    snapshots: &Arc<ArcSwap<Snapshot>>,
) -> NameKeeper {
    NameKeeper::new(
        &settings(server),
        dns(server, &[Transport::Udp]),
        Arc::clone(names),
        Arc::clone(snapshots),
        Vec::new(),
    )
}

fn leads_to(state: Option<&NameState>, address: &str) -> bool {
    let resolution = state.and_then(|state| state.resolution.as_ref());
    resolution.is_some_and(|known| {
        let mut targets = known.targets();
        targets.any(|target| target.address.to_string() == address)
    })
}

#[tokio::test]
async fn names_are_kept_fresh_kept_while_nobody_answers_and_dropped_when_they_are_gone() {
    let server = NameServer::start(&["sip.test 1 A 192.0.2.1"]);
    let snapshots = Arc::new(ArcSwap::new(snapshot(1, "sip.test")));
    let names = Arc::new(Names::default());
    let task = tokio::spawn(keeper(&server, &names, &snapshots).run());
    let wanted = name("sip.test", Some(Transport::Udp));
    until(&names, &wanted, |state| leads_to(state, "192.0.2.1:5060")).await;

    // It is asked again before it runs out.
    server.set(&["sip.test 1 A 192.0.2.2"]);
    until(&names, &wanted, |state| leads_to(state, "192.0.2.2:5060")).await;

    server.turn(Mood::Failing);
    let has_failed = |state: Option<&NameState>| state.is_some_and(|one| one.failure.is_some());
    until(&names, &wanted, has_failed).await;
    let table = names.table();
    assert!(
        leads_to(table.get(&wanted), "192.0.2.2:5060"),
        "the last good answer"
    );
    assert!(names.failed.load(std::sync::atomic::Ordering::Relaxed) > 0);

    server.turn(Mood::Answering);
    server.set(&["other.test 1 A 192.0.2.3"]);
    let is_gone = |state: Option<&NameState>| {
        state.is_some_and(|one| {
            one.failure == Some(LookupFailure::NoSuchName) && one.resolution.is_none()
        })
    };
    until(&names, &wanted, is_gone).await;

    snapshots.store(snapshot(2, "other.test"));
    names.follow();
    let other = name("other.test", Some(Transport::Udp));
    until(&names, &other, |state| leads_to(state, "192.0.2.3:5060")).await;
    until(&names, &wanted, |state| state.is_none()).await;
    snapshots.store(snapshot(3, "192.0.2.4:5060"));
    names.follow();
    wait_for(|| names.table().get(&other).is_none()).await;
    task.abort();
}

#[tokio::test]
async fn calls_get_another_table_only_when_a_name_leads_elsewhere() {
    let server = NameServer::start(&["sip.test 1 A 192.0.2.1", "sip.test 1 A 192.0.2.2"]);
    let snapshots = Arc::new(ArcSwap::new(snapshot(1, "sip.test")));
    let names = Arc::new(Names::default());
    let task = tokio::spawn(keeper(&server, &names, &snapshots).run());
    let wanted = name("sip.test", Some(Transport::Udp));
    wait_for(|| names.number() == 1).await;
    let lookups = || names.resolved.load(std::sync::atomic::Ordering::Relaxed);
    // The same addresses in another order are no news, but the times of the last lookup are known.
    server.set(&["sip.test 1 A 192.0.2.2", "sip.test 1 A 192.0.2.1"]);
    let (before, at) = (lookups(), names.known().get(&wanted).unwrap().resolved_at);
    wait_for(|| lookups() >= before + 2).await;
    assert_eq!(names.number(), 1);
    assert!(names.known().get(&wanted).unwrap().resolved_at > at);
    server.set(&["sip.test 1 A 192.0.2.2"]);
    wait_for(|| names.number() == 2).await;
    let table = names.table();
    assert!(table.leads_to("192.0.2.2".parse().unwrap()));
    assert!(!table.leads_to("192.0.2.1".parse().unwrap()));
    task.abort();
}

#[tokio::test]
async fn a_snapshot_waits_for_its_names_but_not_for_a_silent_name_server() {
    let server = NameServer::start(&["sip.test 60 A 192.0.2.1"]);
    let snapshots = Arc::new(ArcSwap::new(snapshot(1, "192.0.2.4:5060")));
    let names = Arc::new(Names::default());
    let task = tokio::spawn(keeper(&server, &names, &snapshots).run());
    let coming = snapshot(2, "sip.test");
    assert_eq!(names.prepare(&coming).await, 0);
    let wanted = name("sip.test", Some(Transport::Udp));
    assert!(
        leads_to(names.table().get(&wanted), "192.0.2.1:5060"),
        "before it is published"
    );
    snapshots.store(coming);
    names.follow();
    // A name that is not there is known, too.
    let gone = snapshot(3, "gone.test");
    assert_eq!(names.prepare(&gone).await, 0);
    server.turn(Mood::Silent);
    assert_eq!(names.prepare(&snapshot(4, "other.test")).await, 1);
    assert!(names.table().get(&wanted).is_some(), "what is in use stays");
    task.abort();
}
