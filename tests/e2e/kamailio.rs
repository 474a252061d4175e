//! Kamailio as the proxy of a customer and of a carrier: both put themselves into the route of each call,
//! and what comes within it takes that route, whoever sends it.

use crate::ports::free_port;
use crate::programs::Program;
use crate::resources::{CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Over, Waiting};
use crate::switch::{Switch, until};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

const CALLS: u32 = 3;

/// Who calls, who answers, and who hangs up.
const PLAYS: &[(&str, &str, &str)] = &[
    ("caller_answered", "carrier_answers", "customer"),
    ("caller_hangup_by_carrier", "carrier_hangs_up", "carrier"),
    ("caller_holds_and_resumes", "carrier_answers", "customer"),
    (
        "caller_is_held_and_resumed",
        "carrier_holds_and_resumes",
        "customer",
    ),
    ("caller_updates", "carrier_takes_update", "customer"),
    ("caller_confirms_ringing", "carrier_progresses", "customer"),
    ("caller_speaks_within", "carrier_listens", "customer"),
    ("caller_cancels", "carrier_rings_behind_a_proxy", "customer"),
];

/// Starts a proxy that sends what begins a call to `to`, over `over`.
fn proxy(address: SocketAddr, to: SocketAddr, over: Over, folder: &Path) -> Program {
    let name = format!("kamailio-{}", address.ip());
    let transport = match over {
        Over::Udp => "udp",
        Over::Tcp => "tcp",
    };
    let runtime = folder.join(&name);
    std::fs::create_dir_all(&runtime).unwrap();
    let log = folder.join(format!("{name}.log"));
    let mut command = Command::new("kamailio");
    command
        .args(["-DD", "-E", "-m", "32", "-M", "8", "-f"])
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/kamailio/proxy.cfg"
        ))
        .args(["-A", &format!("LISTEN=udp:{address}")])
        .args(["-A", &format!("LISTEN_TCP=tcp:{address}")])
        .args(["-A", &format!("TO=\"sip:{to};transport={transport}\"")])
        .arg("-Y")
        .arg(&runtime)
        .arg("-P")
        .arg(runtime.join("pid"));
    let mut program = Program::start(&mut command, &log);
    until("Kamailio listens", || {
        assert!(
            !program.has_ended(),
            "{}",
            std::fs::read_to_string(&log).unwrap()
        );
        std::net::TcpStream::connect(address).is_ok()
    });
    program
}

#[test]
fn calls_through_two_proxies_keep_to_the_recorded_route_both_ways() {
    for over in [Over::Udp, Over::Tcp] {
        let switch = Switch::start(&[]);
        let [front, behind] = ["127.0.0.81", "127.0.0.82"].map(free_port);
        let carrier = free_port("127.0.0.31");
        // The proxies speak UDP with the phones and `over` with the switch: a change of transport is in
        // the route twice.
        let _front = proxy(front, switch.sip, over, &switch.scratch());
        let _behind = proxy(behind, carrier, Over::Udp, &switch.scratch());
        let mut spec = CarrierSpec::new("aurora", behind, "0.012");
        let relay = "signalling: {message: relay, refer: relay, subscribe: relay}";
        let more = match over {
            Over::Udp => relay.to_owned(),
            Over::Tcp => format!("transport: tcp\n{relay}"),
        };
        spec.more = &more;
        let mut world = World::of(vec![spec]);
        world.more_sources = ", 127.0.0.81, 127.0.0.1";
        world.ingress = "signalling: {message: relay, subscribe: relay}";
        world.apply(&switch);
        for (caller, answerer, _) in PLAYS {
            let answerer = Waiting {
                scenario: answerer,
                address: carrier,
                over: Over::Udp,
                count: CALLS,
                scratch: switch.scratch(),
                more: &["-d", "200"],
            }
            .start();
            let caller_ends = Calls {
                scenario: caller,
                from: "127.0.0.71",
                to: front,
                over: Over::Udp,
                count: CALLS,
                per_second: 10,
                hold_ms: 200,
                numbers: &[NUMBER],
                scratch: switch.scratch(),
                more: &[],
            }
            .start();
            for (side, running) in [("caller", caller_ends), ("carrier", answerer)] {
                let ended = running.finish_all(CALLS);
                ended.unwrap_or_else(|said| panic!("{caller}: {side}: {said}"));
            }
        }
        let records = switch.wait_for_cdrs(PLAYS.len() * CALLS as usize);
        for (_, _, by) in PLAYS {
            let plays = PLAYS.iter().filter(|(_, _, other)| other == by).count();
            let released = records.iter().filter(|record| record["released_by"] == *by);
            assert_eq!(released.count(), plays * CALLS as usize, "{records:#?}");
        }
        switch.wait_until_idle();
    }
}
