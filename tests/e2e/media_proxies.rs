//! The relay for others: Kamailio's rtpengine module has its calls' media relayed by the switch.

use crate::ports::free_port;
use crate::programs::Program;
use crate::switch::{Switch, until};
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

/// The bound of every wait.
const PATIENCE: Duration = Duration::from_secs(120);
const CALLER: &str = "127.0.0.71";
const CALLEE: &str = "127.0.0.72";

/// A phone: SIP and RTP.
struct Phone {
    sip: UdpSocket,
    rtp: UdpSocket,
}

impl Phone {
    fn new(ip: &str) -> Self {
        let socket = || {
            let socket = UdpSocket::bind(free_port(ip)).unwrap();
            socket
                .set_read_timeout(Some(Duration::from_millis(200)))
                .unwrap();
            socket
        };
        Self {
            sip: socket(),
            rtp: socket(),
        }
    }

    fn sdp(&self) -> String {
        let rtp = self.rtp.local_addr().unwrap();
        let (ip, port) = (rtp.ip(), rtp.port());
        format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n\
             a=rtpmap:8 PCMA/8000\r\n"
        )
    }

    fn request(&self, method: &str, number: u32, to_tag: &str, proxy: SocketAddr, body: &str) {
        let own = self.sip.local_addr().unwrap();
        let kind = match body {
            "" => "",
            _ => "Content-Type: application/sdp\r\n",
        };
        let length = body.len();
        let text = format!(
            "{method} sip:bob@{proxy} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-{number}-{method};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:alice@{own}>;tag=alice\r\nTo: <sip:bob@{proxy}>{to_tag}\r\n\
             Call-ID: media-by-others\r\nCSeq: {number} {method}\r\nContact: <sip:alice@{own}>\r\n{kind}\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.sip.send_to(text.as_bytes(), proxy).unwrap();
    }

    /// The next message that begins with `start`; others are passed over.
    fn expect(&self, start: &str) -> (String, SocketAddr) {
        let began = Instant::now();
        let mut buffer = vec![0; 65_535];
        while began.elapsed() < PATIENCE {
            let Ok((length, from)) = self.sip.recv_from(&mut buffer) else {
                continue;
            };
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.starts_with(start) {
                return (text, from);
            }
            assert!(!text.starts_with("SIP/2.0 5"), "{text}");
        }
        panic!("nothing came that begins with {start}");
    }

    /// Answers 200.
    fn accept(&self, (request, from): &(String, SocketAddr), body: &str) {
        let own = self.sip.local_addr().unwrap();
        let mut text = "SIP/2.0 200 OK\r\n".to_owned();
        for line in request.split("\r\n").take_while(|line| !line.is_empty()) {
            let is_copied = ["Via:", "From:", "Call-ID:", "CSeq:"].iter();
            if is_copied.clone().any(|name| line.starts_with(name)) {
                text += &format!("{line}\r\n");
            } else if line.starts_with("To:") {
                let tag = if line.contains("tag=") {
                    ""
                } else {
                    ";tag=bob"
                };
                text += &format!("{line}{tag}\r\n");
            }
        }
        let kind = match body {
            "" => "",
            _ => "Content-Type: application/sdp\r\n",
        };
        let length = body.len();
        text +=
            &format!("Contact: <sip:bob@{own}>\r\n{kind}Content-Length: {length}\r\n\r\n{body}");
        self.sip.send_to(text.as_bytes(), from).unwrap();
    }

    /// Sends RTP until it arrives at the other.
    fn is_heard_by(&self, other: &Self, at: SocketAddr) {
        let mut buffer = [0; 2_048];
        until("RTP arrives", || {
            let mut packet = vec![0x80, 8, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7];
            packet.resize(172, 0xd5);
            self.rtp.send_to(&packet, at).unwrap();
            let came = other.rtp.recv_from(&mut buffer);
            came.is_ok_and(|(length, _)| buffer[..length] == packet)
        });
    }
}

/// Where the description of `message` wants media.
fn media_of(message: &str) -> SocketAddr {
    let after = |mark: &str| {
        let rest = message.split_once(mark).unwrap().1;
        rest.split([' ', '\r']).next().unwrap().to_owned()
    };
    format!("{}:{}", after("c=IN IP4 "), after("m=audio "))
        .parse()
        .unwrap()
}

fn requests(switch: &Switch, result: &str) -> f64 {
    switch.metric("media_ng_requests_total", &format!("result=\"{result}\""))
}

fn kamailio(listen: SocketAddr, to: SocketAddr, ng: SocketAddr, switch: &Switch) -> Program {
    let runtime = switch.scratch().join("kamailio-media");
    std::fs::create_dir_all(&runtime).unwrap();
    let log = switch.scratch().join("kamailio-media.log");
    let mut command = Command::new("kamailio");
    command
        .args(["-DD", "-E", "-m", "32", "-M", "8", "-f"])
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/kamailio/media.cfg"
        ))
        .args(["-A", &format!("LISTEN=udp:{listen}")])
        .args(["-A", &format!("TO=\"sip:{to}\"")])
        .args(["-A", &format!("NG=\"udp:{ng}\"")])
        .arg("-Y")
        .arg(&runtime)
        .arg("-P")
        .arg(runtime.join("pid"));
    let mut program = Program::start(&mut command, &log);
    let probe = UdpSocket::bind((CALLER, 0)).unwrap();
    probe
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    until("Kamailio answers", || {
        assert!(
            !program.has_ended(),
            "{}",
            std::fs::read_to_string(&log).unwrap()
        );
        let own = probe.local_addr().unwrap();
        let ask = format!(
            "OPTIONS sip:{listen} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-probe;rport\r\n\
             Max-Forwards: 0\r\nFrom: <sip:p@{own}>;tag=p\r\nTo: <sip:{listen}>\r\nCall-ID: probe\r\n\
             CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        );
        let _ = probe.send_to(ask.as_bytes(), listen);
        probe.recv(&mut [0; 2_048]).is_ok()
    });
    program
}

#[test]
fn kamailio_has_the_media_of_its_calls_relayed_until_they_end() {
    let ng = free_port("127.0.0.1");
    let switch = Switch::start(&[("DIDTRON_MEDIA_NG_LISTEN", &ng.to_string())]);
    let (alice, bob) = (Phone::new(CALLER), Phone::new(CALLEE));
    let listen = free_port("127.0.0.81");
    let _kamailio = kamailio(listen, bob.sip.local_addr().unwrap(), ng, &switch);

    alice.request("INVITE", 1, "", listen, &alice.sdp());
    let invite = bob.expect("INVITE ");
    let to_alice = media_of(&invite.0);
    assert_ne!(to_alice, alice.rtp.local_addr().unwrap());
    bob.accept(&invite, &bob.sdp());
    let (ok, _) = alice.expect("SIP/2.0 200");
    let to_bob = media_of(&ok);
    assert_ne!(to_bob, bob.rtp.local_addr().unwrap());
    alice.request("ACK", 1, ";tag=bob", listen, "");
    bob.expect("ACK ");
    assert_eq!(to_alice.ip(), to_bob.ip());
    alice.is_heard_by(&bob, to_bob);
    bob.is_heard_by(&alice, to_alice);
    assert_eq!(switch.metric("media_ng_calls", ""), 1.0);

    alice.request("BYE", 2, ";tag=bob", listen, "");
    let bye = bob.expect("BYE ");
    bob.accept(&bye, "");
    alice.expect("SIP/2.0 200");
    until("the call is deleted", || {
        switch.metric("media_ng_calls", "") == 0.0
    });
    let counted = ["offer", "answer", "delete", "error"].map(|result| requests(&switch, result));
    assert_eq!(counted, [1.0, 1.0, 1.0, 0.0]);
}

#[test]
fn only_those_who_may_ask_for_media_are_answered_and_again_alike() {
    let ng = free_port("127.0.0.1");
    let switch = Switch::start(&[
        ("DIDTRON_MEDIA_NG_LISTEN", &ng.to_string()),
        ("DIDTRON_MEDIA_NG_ALLOWED", CALLER),
    ]);
    let [allowed, stranger] = [CALLER, CALLEE].map(|ip| UdpSocket::bind((ip, 0)).unwrap());
    stranger.send_to(b"s1 d7:command4:pinge", ng).unwrap();
    until("the stranger is counted", || {
        requests(&switch, "not_allowed") == 1.0
    });
    allowed.set_read_timeout(Some(PATIENCE)).unwrap();
    stranger.set_nonblocking(true).unwrap();
    let sdp = Phone::new(CALLER).sdp();
    let offer = format!(
        "c1 d7:call-id1:x7:command5:offer8:from-tag1:a3:sdp{}:{sdp}e",
        sdp.len()
    );
    let replies = [(); 2].map(|()| {
        allowed.send_to(offer.as_bytes(), ng).unwrap();
        let mut buffer = vec![0; 65_535];
        let length = allowed.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    });
    assert!(replies[0].ends_with("6:result2:oke"), "{}", replies[0]);
    assert_eq!(replies[0], replies[1]);
    until("the repetition is counted", || {
        requests(&switch, "repeated") == 1.0
    });
    assert_eq!(switch.metric("media_ng_calls", ""), 1.0);
    assert_eq!(requests(&switch, "offer"), 1.0);
    assert!(stranger.recv(&mut [0; 100]).is_err());
}
