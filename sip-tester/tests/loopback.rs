//! The shell over real UDP on the loopback interface, in bounded time.

#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use sip_core::Duration;
use sip_tester::agent::{EndedBy, Outcome};
use sip_tester::ladder::Ladder;
use sip_tester::plan::{UacPlan, UasPlan, UasScript};
use sip_tester::random::Span;
use sip_tester::shell::{
    Numbers, ProbeError, ProbeKind, ProbeOptions, ShellError, SimulatedCarrier, Traffic,
    TrafficGenerator, probe,
};
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

/// Longest wait for what must come.
const SOON: std::time::Duration = std::time::Duration::from_secs(120);

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn answering() -> UasPlan {
    UasPlan::always(UasScript::answer(Span::millis(50), Span::millis(200)))
}

#[test]
fn a_probe_talks_to_a_simulated_carrier_with_audio_both_ways() {
    let carrier = SimulatedCarrier::start(any_port(), answering(), 1).unwrap();
    let address = carrier.address();
    let options = ProbeOptions {
        talk: Duration::from_millis(1_000),
        ..ProbeOptions::default()
    };
    let report = probe(&format!("sip:442071234567@{address}"), &options).unwrap();

    assert!(report.is_success(), "{report}");
    assert_eq!((report.status, report.ended_by), (200, Some(EndedBy::Us)));
    let pdd = report.pdd_ms.unwrap();
    assert!(pdd >= 50, "PDD {pdd} ms");
    assert!(report.talk_ms >= 1_000, "talk {} ms", report.talk_ms);
    let rtp = report.rtp.unwrap();
    // One for each 20 ms of the talk, which may be longer than it was to be, and the carrier's on their way.
    let most = report.talk_ms / 20 + 10;
    for count in [rtp.sent, rtp.received] {
        assert!((10..=most).contains(&count), "{rtp:?}, {most} at most");
    }
    assert_eq!((rtp.lost, rtp.malformed), (0, 0));

    let seen = carrier.finished_call_to("442071234567", SOON).unwrap();
    let heard = seen.rtp.unwrap();
    assert_eq!(heard.lost, 0);
    assert!((10..=rtp.sent).contains(&heard.received), "{heard:?}");
    assert_eq!(report.ladder.outline(), seen.summary.ladder.outline());
    let merged = Ladder::merge([&report.ladder, &seen.summary.ladder]);
    assert_eq!(
        merged.entries().len(),
        report.ladder.entries().len(),
        "one clock, one ladder"
    );
    let statistics = carrier.stop();
    assert_eq!(
        (statistics.calls.received, statistics.calls.completed),
        (1, 1)
    );
    assert_eq!(statistics.rtp.received, heard.received);
}

#[test]
fn a_probe_reports_a_refusal_and_options() {
    let plan = UasPlan::always(UasScript::reject(Span::ZERO, 503));
    let carrier = SimulatedCarrier::start(any_port(), plan, 2).unwrap();
    let uri = format!("sip:442071234567@{}", carrier.address());
    let report = probe(&uri, &ProbeOptions::default()).unwrap();
    assert_eq!((report.outcome, report.status), (Outcome::Refused, 503));
    assert_eq!(report.verdict(), "refused: 503 Service Unavailable");
    let options = ProbeOptions {
        kind: ProbeKind::Options,
        seed: 2,
        ..ProbeOptions::default()
    };
    let report = probe(&uri, &options).unwrap();
    assert_eq!((report.outcome, report.status), (Outcome::Completed, 200));
    assert_eq!(report.ladder.outline(), ["OPTIONS", "200 OPTIONS"]);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["kind"], "options");
    assert_eq!(json["ladder"]["entries"][1]["first_line"], "SIP/2.0 200 OK");
}

#[test]
fn a_probe_of_a_closed_port_says_so_at_once() {
    // Bound and closed again: nobody listens there, for now.
    let address = UdpSocket::bind(any_port()).unwrap().local_addr().unwrap();
    let started = Instant::now();
    let report = probe(&format!("sip:1@{address}"), &ProbeOptions::default()).unwrap();
    assert_eq!(report.outcome, Outcome::Unreachable);
    assert!(
        report.verdict().contains(&address.to_string()),
        "{}",
        report.verdict()
    );
    assert!(
        // One that is only silent takes 32 s.
        started.elapsed().as_secs() < 20,
        "took {:?}",
        started.elapsed()
    );
}

#[test]
fn unusable_targets_and_addresses_are_named() {
    let error = |uri: &str| probe(uri, &ProbeOptions::default()).unwrap_err();
    assert!(matches!(error("442071234567"), ProbeError::Uri { .. }));
    assert!(matches!(error("tel:+442071234567"), ProbeError::Uri { .. }));
    assert!(matches!(
        error("sips:a@127.0.0.1"),
        ProbeError::Transport { .. }
    ));
    assert!(matches!(
        error("sip:a@127.0.0.1;transport=tcp"),
        ProbeError::Transport { .. }
    ));

    let taken = UdpSocket::bind(any_port()).unwrap();
    let address = taken.local_addr().unwrap();
    let error = SimulatedCarrier::start(address, answering(), 1)
        .err()
        .unwrap();
    assert!(matches!(error, ShellError::Bind { .. }));
    let text = error.to_string();
    assert!(
        text.contains(&address.to_string()) && text.contains("in use"),
        "{text}"
    );
    let error = SimulatedCarrier::start("0.0.0.0:0".parse().unwrap(), answering(), 1);
    assert!(matches!(error, Err(ShellError::Unspecified(_))));
}

#[test]
fn traffic_runs_until_it_is_stopped_and_then_hangs_up() {
    let carrier = SimulatedCarrier::start(any_port(), answering(), 3).unwrap();
    let traffic = Traffic {
        gap: Span::steady(20.0),
        ..Traffic::new(
            carrier.address(),
            UacPlan::talking(Duration::from_secs(60)),
            20.0,
            4,
        )
    };
    let numbers = (0u64..).map(|index| Numbers {
        calling: "441132960000".to_owned(),
        called: format!("4420{index:08}"),
    });
    let begun = Instant::now();
    let generator = TrafficGenerator::start(any_port(), traffic, numbers).unwrap();
    let running = loop {
        let running = generator.statistics();
        if running.calls.placed >= 5 && running.calls.active > 0 && running.rtp.received > 0 {
            break running;
        }
        assert!(begun.elapsed() < SOON, "{running:?}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    let most = 20 * (begun.elapsed().as_secs() + 1) + 5;
    assert!(running.calls.placed <= most, "20 a second: {running:?}");

    let stopping = Instant::now();
    let placed = generator.stop();
    assert!(
        // The calls talk for 60 s when nobody stops them.
        stopping.elapsed().as_secs() < 50,
        "took {:?}",
        stopping.elapsed()
    );
    assert_eq!(
        (placed.calls.active, placed.not_placed, placed.unsent),
        (0, 0, 0)
    );
    // Calls that were up end by BYE, those that rang by CANCEL; none is left hanging.
    assert_eq!(
        placed.calls.completed + placed.calls.cancelled,
        placed.calls.placed
    );
    let taken = carrier.stop();
    assert_eq!(taken.calls.received, placed.calls.placed);
    assert_eq!((taken.calls.active, taken.calls.broken), (0, 0));
}

#[test]
fn a_generator_without_numbers_left_ends_by_itself() {
    let carrier = SimulatedCarrier::start(any_port(), answering(), 5).unwrap();
    let plan = UacPlan::talking(Duration::from_millis(100));
    let traffic = Traffic {
        gap: Span::ZERO,
        ..Traffic::new(carrier.address(), plan, 1.0, 6)
    };
    let numbers = (0..5).map(|index| Numbers {
        calling: "441132960000".to_owned(),
        called: format!("4420{index:08}"),
    });
    let generator = TrafficGenerator::start(any_port(), traffic, numbers).unwrap();
    let deadline = Instant::now() + SOON;
    while generator.statistics().calls.completed < 5 {
        assert!(Instant::now() < deadline, "{:?}", generator.statistics());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let finished = generator.finished_calls();
    assert_eq!(finished.len(), 5);
    assert!(
        finished
            .iter()
            .all(|call| call.rtp.is_some_and(|rtp| rtp.received > 0))
    );
    assert_eq!(generator.stop().calls.placed, 5);
}
