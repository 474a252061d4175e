//! TLS and WebSocket, spoken by other people's programs: `openssl`, and Node's WebSocket client.

use crate::certificates::Authority;
use crate::ports::free_port;
use crate::programs::run;
use crate::resources::{CarrierSpec, NUMBER, World};
use crate::sipp::{Carrier, Over};
use crate::switch::{PATIENCE, Switch, until};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// `openssl s_client` with a connection that stands.
struct Client {
    child: Child,
    input: ChildStdin,
    output: Receiver<Vec<u8>>,
    heard: String,
    asked: u32,
}

fn s_client(to: SocketAddr, authority: &Authority, own: Option<&str>) -> Command {
    let mut command = Command::new("openssl");
    command
        .args(["s_client", "-connect", &to.to_string(), "-CAfile"])
        .arg(authority.path("authority.pem"))
        .arg("-verify_return_error");
    if let Some(own) = own {
        command
            .arg("-cert")
            .arg(authority.path(&format!("{own}.pem")))
            .arg("-key")
            .arg(authority.path(&format!("{own}.key")));
    }
    command
}

impl Client {
    fn connect(to: SocketAddr, authority: &Authority, own: Option<&str>) -> Self {
        let mut child = s_client(to, authority, own)
            .arg("-quiet")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl is installed (scripts/install-test-tools)");
        let (mut stdout, (sender, output)) = (child.stdout.take().unwrap(), channel());
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(length @ 1..) = stdout.read(&mut buffer) {
                let _ = sender.send(buffer[..length].to_vec());
            }
        });
        Self {
            input: child.stdin.take().unwrap(),
            child,
            output,
            heard: String::new(),
            asked: 0,
        }
    }

    /// Asks for OPTIONS; whether they came, or the connection ended.
    fn is_answered(&mut self) -> bool {
        self.asked += 1;
        let asked = self.asked;
        let options = format!(
            "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS client.invalid;branch=z9hG4bK{asked}\r\n\
             From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>\r\nCall-ID: s-client-{asked}\r\n\
             CSeq: {asked} OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        // What the switch closed cannot be written to.
        let _ = self.input.write_all(options.as_bytes());
        let _ = self.input.flush();
        let wanted = format!("CSeq: {asked} OPTIONS\r\n");
        while !self.heard.contains(&wanted) {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.heard.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => return false,
            }
        }
        self.heard.contains("SIP/2.0 200 ")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The subject of the certificate that the switch shows now.
fn subject(to: SocketAddr, authority: &Authority) -> String {
    run(&mut s_client(to, authority, Some("client"))).unwrap_or_default()
}

fn world(carrier: SocketAddr, switch: &Switch) {
    let mut world = World::of(vec![CarrierSpec::new("aurora", carrier, "0.012")]);
    world.more_sources = ", 127.0.0.1";
    world.apply(switch);
}

#[test]
fn a_new_certificate_is_shown_to_who_connects_and_drops_nobody_who_has() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    authority.issue("node", "first");
    authority.issue("client", "a customer");
    let stranger_folder = tempfile::tempdir().unwrap();
    let strangers = Authority::new(stranger_folder.path());
    strangers.issue("stranger", "a stranger");
    for file in ["stranger.pem", "stranger.key"] {
        std::fs::copy(strangers.path(file), authority.path(file)).unwrap();
    }
    let tls = free_port("127.0.0.1");
    let switch = Switch::start(&[
        ("DIDTRON_SIP_LISTENERS", &format!("tls/{tls}")),
        (
            "DIDTRON_SIP_TLS_CERTIFICATE_FILE",
            &authority.text("node.pem"),
        ),
        ("DIDTRON_SIP_TLS_KEY_FILE", &authority.text("node.key")),
        (
            "DIDTRON_SIP_TLS_CLIENT_ROOTS_FILE",
            &authority.text("authority.pem"),
        ),
    ]);
    world("127.0.0.31:9".parse().unwrap(), &switch);
    assert!(
        !Client::connect(tls, &authority, None).is_answered(),
        "without a certificate"
    );
    assert!(
        !Client::connect(tls, &authority, Some("stranger")).is_answered(),
        "with a certificate that somebody else signed"
    );
    let mut client = Client::connect(tls, &authority, Some("client"));
    assert!(client.is_answered());
    assert!(subject(tls, &authority).contains("CN = first"));
    authority.issue("node", "second");
    until("the new certificate is shown", || {
        subject(tls, &authority).contains("CN = second")
    });
    assert!(
        client.is_answered(),
        "the connection that stood still stands"
    );
    assert!(Client::connect(tls, &authority, Some("client")).is_answered());
}

#[test]
fn calls_come_by_websocket_with_and_without_tls_and_either_side_hangs_up() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    authority.issue("node", "node");
    let (ws, wss) = (free_port("127.0.0.1"), free_port("127.0.0.1"));
    let switch = Switch::start(&[
        ("DIDTRON_SIP_LISTENERS", &format!("ws/{ws},wss/{wss}")),
        (
            "DIDTRON_SIP_TLS_CERTIFICATE_FILE",
            &authority.text("node.pem"),
        ),
        ("DIDTRON_SIP_TLS_KEY_FILE", &authority.text("node.key")),
    ]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/websocket.mjs");
    for (scenario, mode) in [
        ("carrier_answers", "hangs-up"),
        ("carrier_hangs_up", "waits"),
    ] {
        let carrier = Carrier::start(scenario, "127.0.0.31", Over::Udp, &["-d", "200"]);
        world(carrier.address, &switch);
        for url in [format!("ws://{ws}"), format!("wss://{wss}")] {
            let mut node = Command::new("node");
            node.args(["--no-warnings", "--experimental-websocket", script])
                .args([&url, NUMBER, mode])
                .env("NODE_EXTRA_CA_CERTS", authority.path("authority.pem"));
            run(&mut node).unwrap_or_else(|fault| panic!("{url}, {mode}: {fault}"));
        }
    }
    let records = switch.wait_for_cdrs(4);
    assert!(
        records.iter().all(|record| record["outcome"] == "answered"),
        "{records:#?}"
    );
    let by_carrier = records
        .iter()
        .filter(|record| record["released_by"] == "carrier");
    assert_eq!(by_carrier.count(), 2);
    switch.wait_until_idle();
}
