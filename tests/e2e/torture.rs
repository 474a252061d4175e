//! The messages of RFC 4475 and RFC 5118 against the whole switch: what it answers, over UDP and over
//! a connection whose bytes come in every possible pair of pieces.

use crate::resources::{CUSTOMER, World};
use crate::switch::Switch;
use sip_core::{Frame, HeaderName, Limits, Message, frame};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a customer hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hears {
    /// A final response with this status.
    Status(u16),
    /// Nothing: it is no request, or none that can be answered.
    Nothing,
    /// Over a connection: its end, because nobody can know where the next message begins.
    End,
}

use Hears::{End, Nothing, Status};

/// Each message with what is heard over UDP and over TCP. Requests that a switch has no use for are
/// refused by their method: REGISTER and MESSAGE 405, what it does not know 501. User parts of calls
/// are names, which is 484, after all that RFC 3261 §8.2 has judged before.
const RFC4475: &[(&str, Hears, Hears)] = &[
    // §3.1.1: valid messages. Its To has the tag of a dialog that is not ours.
    ("wsinv", Status(481), Status(481)),
    ("intmeth", Status(501), Status(501)),
    ("esc01", Status(484), Status(484)),
    ("escnull", Status(405), Status(405)),
    ("esc02", Status(501), Status(501)),
    ("lwsdisp", Status(200), Status(200)),
    ("longreq", Status(484), Status(484)),
    ("dblreq", Status(405), Status(405)),
    ("semiuri", Status(200), Status(200)),
    ("transports", Status(200), Status(200)),
    ("mpart01", Status(405), Status(405)),
    ("unreason", Nothing, Nothing),
    ("noreason", Nothing, Nothing),
    // §3.1.2: invalid messages.
    ("badinv01", Status(400), Status(400)),
    // Over a connection the rest of the body may still come.
    ("clerr", Status(400), Nothing),
    ("ncl", Status(400), End),
    ("scalar02", Status(400), Status(400)),
    ("scalarlg", Nothing, Nothing),
    ("quotbal", Status(400), Status(400)),
    ("ltgtruri", Status(400), End),
    ("lwsruri", Status(400), End),
    ("lwsstart", Status(400), End),
    ("trws", Status(200), Status(200)),
    ("escruri", Status(400), Status(400)),
    ("baddate", Status(484), Status(484)),
    ("regbadct", Status(400), Status(400)),
    ("badaspec", Status(400), Status(400)),
    // The archive's copy ends without an empty line.
    ("baddn", Status(400), Nothing),
    ("baddn-terminated", Status(200), Status(200)),
    ("badvers", Status(505), End),
    ("mismatch01", Status(400), Status(400)),
    ("mismatch02", Status(400), Status(400)),
    ("bigcode", Nothing, End),
    // §3.2.
    ("badbranch", Status(200), Status(200)),
    // §3.3.
    ("insuf", Status(400), Status(400)),
    ("unkscm", Status(416), Status(416)),
    ("novelsc", Status(416), Status(416)),
    ("unksm2", Status(405), Status(405)),
    ("bext01", Status(420), Status(420)),
    ("invut", Status(484), Status(484)),
    ("regaut01", Status(405), Status(405)),
    ("multi01", Status(400), Status(400)),
    ("mcl01", Status(400), End),
    ("bcast", Nothing, Nothing),
    // RFC 3261 §11: OPTIONS that has come to its end is answered by whoever has it.
    ("zeromf", Status(200), Status(200)),
    ("cparam01", Status(405), Status(405)),
    ("cparam02", Status(405), Status(405)),
    ("regescrt", Status(405), Status(405)),
    ("sdp01", Status(484), Status(484)),
    // A connection needs Content-Length, which RFC 2543 did not.
    ("inv2543", Status(484), End),
    ("test", Nothing, End),
];

const RFC5118: &[(&str, Hears, Hears)] = &[
    ("ipv6-good", Status(405), Status(405)),
    ("ipv6-bad", Status(400), Status(400)),
    ("port-ambiguous", Status(405), Status(405)),
    ("port-unambiguous", Status(405), Status(405)),
    ("via-received-param-with-delim", Status(481), Status(481)),
    ("via-received-param-no-delim", Status(200), Status(200)),
    ("ipv6-in-sdp", Status(400), Nothing),
    ("ipv6-in-sdp-fixed", Status(484), Status(484)),
    ("mult-ip-in-header", Status(481), Status(481)),
    ("mult-ip-in-sdp", Status(484), Status(484)),
    ("mult-ip-in-sdp-fixed", Status(484), Status(484)),
    ("ipv4-mapped-ipv6", Status(484), Status(484)),
    ("ipv4-mapped-ipv6-fixed", Status(484), Status(484)),
    ("ipv6-bug-abnf-3-colons", Status(200), Status(200)),
    ("ipv6-correct-abnf-2-colons", Status(200), Status(200)),
];

/// A request that is always answered: what comes before its answer is all that there was.
const MARK: &str = "torture-mark";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sip-core/testdata")
        .join(name)
}

/// Every file of both folders with what the tables say of it.
fn messages() -> Vec<(String, Vec<u8>, Hears, Hears)> {
    let mut all = Vec::new();
    for (name, table) in [("rfc4475", RFC4475), ("rfc5118", RFC5118)] {
        let files = std::fs::read_dir(folder(name)).unwrap().count();
        assert_eq!(files, table.len(), "{name}: the table must know each file");
        for (file, over_udp, over_tcp) in table {
            let bytes = std::fs::read(folder(name).join(file).with_extension("dat")).unwrap();
            all.push((format!("{name}/{file}"), bytes, *over_udp, *over_tcp));
        }
    }
    all
}

fn options(via: &str) -> Vec<u8> {
    format!(
        "OPTIONS sip:ping@{CUSTOMER} SIP/2.0\r\nVia: SIP/2.0/{via};branch=z9hG4bK{MARK};rport\r\n\
         From: <sip:a@{CUSTOMER}>;tag=1\r\nTo: <sip:b@{CUSTOMER}>\r\nCall-ID: {MARK}\r\n\
         CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// The first final status that answers `bytes`: what was sent before may be answered again.
fn heard(bytes: &[u8], answers: &[Vec<u8>]) -> Hears {
    let sent = Message::parse(bytes, &Limits::DEFAULT).ok();
    let sent = sent.or_else(|| Message::salvage(bytes, &Limits::DEFAULT));
    let call_id = sent
        .as_ref()
        .and_then(|sent| sent.raw_header(HeaderName::CallId));
    let finals = answers.iter().filter_map(|bytes| {
        let message = Message::parse(bytes, &Limits::DEFAULT).unwrap();
        let is_its = message.raw_header(HeaderName::CallId) == call_id;
        message.status().filter(|status| is_its && *status >= 200)
    });
    finals.map(Status).next().unwrap_or(Nothing)
}

fn is_mark(bytes: &[u8]) -> bool {
    let message = Message::parse(bytes, &Limits::DEFAULT).unwrap();
    message.call_id().is_ok_and(|call_id| call_id == MARK)
}

/// Sockets on the ports that the messages name in Via: answers go there (RFC 3261 §18.2.2).
fn ports(messages: &[(String, Vec<u8>, Hears, Hears)]) -> Vec<UdpSocket> {
    let named = messages.iter().filter_map(|(_, bytes, ..)| {
        let message = Message::salvage(bytes, &Limits::DEFAULT)?;
        message.top_via().ok()?.port
    });
    let ports: std::collections::BTreeSet<u16> = named.chain([5060]).collect();
    let bind = |port: &u16| {
        let socket = UdpSocket::bind((CUSTOMER, *port)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        socket
    };
    ports.iter().map(bind).collect()
}

/// Sends `bytes` and the mark by one socket and hears what comes to any, until the mark's answer.
fn ask_over_udp(sockets: &[UdpSocket], switch: SocketAddr, bytes: &[u8]) -> Hears {
    let home = sockets
        .iter()
        .find(|socket| socket.local_addr().unwrap().port() == 5060);
    let home = home.unwrap();
    home.send_to(bytes, switch).unwrap();
    home.send_to(&options(&format!("UDP {CUSTOMER}:5060")), switch)
        .unwrap();
    let (mut answers, mut buffer) = (Vec::new(), vec![0; 65_536]);
    let patience = Instant::now() + Duration::from_secs(120);
    let mut is_marked = false;
    while !is_marked {
        assert!(Instant::now() < patience, "the mark is not answered");
        for socket in sockets {
            let Ok(length) = socket.recv(&mut buffer) else {
                continue;
            };
            match is_mark(&buffer[..length]) {
                true => is_marked = true,
                false => answers.push(buffer[..length].to_vec()),
            }
        }
    }
    // A final response may be behind the mark's in another socket.
    for socket in sockets {
        while let Ok(length) = socket.recv(&mut buffer) {
            answers.push(buffer[..length].to_vec());
        }
    }
    heard(bytes, &answers)
}

#[test]
fn each_message_of_the_rfcs_is_answered_as_it_should_be_over_udp() {
    // One shard, so that answers come in the order of the questions.
    let switch = Switch::start(&[("DIDTRON_NODE_SHARDS", "1")]);
    World::of(Vec::new()).apply(&switch);
    let messages = messages();
    let sockets = ports(&messages);
    let mut wrong = Vec::new();
    for (name, bytes, expected, _) in &messages {
        let heard = ask_over_udp(&sockets, switch.sip, bytes);
        if heard != *expected {
            wrong.push(format!("{name}: {heard:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A connection with what was read from it and not looked at yet.
struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    /// From the customer's address, which need not be the one of this machine's route.
    fn open(switch: SocketAddr) -> Self {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let own: SocketAddr = format!("{CUSTOMER}:0").parse().unwrap();
        socket.bind(&own.into()).unwrap();
        socket.connect(&switch.into()).unwrap();
        socket.set_tcp_nodelay(true).unwrap();
        let stream: TcpStream = socket.into();
        stream
            .set_read_timeout(Some(Duration::from_secs(120)))
            .unwrap();
        Self {
            stream,
            read: Vec::new(),
        }
    }

    /// The next message, or `None` when the connection has ended.
    fn next(&mut self) -> Option<Vec<u8>> {
        let mut buffer = [0; 4_096];
        loop {
            match frame(&self.read, &Limits::DEFAULT) {
                Frame::Complete(length) => return Some(self.read.drain(..length).collect()),
                Frame::Blank(length) | Frame::Ping(length) => drop(self.read.drain(..length)),
                Frame::NeedMore => match self.stream.read(&mut buffer) {
                    Ok(0) => return None,
                    Ok(length) => self.read.extend_from_slice(&buffer[..length]),
                    Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                    Err(error) => panic!("neither an answer nor an end: {error}"),
                },
                Frame::Error(error) => panic!("the switch sent no SIP: {error}"),
            }
        }
    }

    /// Sends `bytes` in two pieces, then the mark, and hears what comes before its answer.
    ///
    /// The second value says whether the connection has ended.
    fn ask(&mut self, bytes: &[u8], cut: usize) -> (Hears, bool) {
        let mark = options(&format!("TCP {CUSTOMER}:5060"));
        for piece in [&bytes[..cut], &bytes[cut..], &mark] {
            // What the switch closed cannot be written to.
            let _ = self.stream.write_all(piece);
        }
        let mut answers = Vec::new();
        loop {
            match self.next() {
                None => match heard(bytes, &answers) {
                    Nothing => return (End, true),
                    status => return (status, true),
                },
                Some(answer) if is_mark(&answer) => return (heard(bytes, &answers), false),
                Some(answer) => answers.push(answer),
            }
        }
    }
}

#[test]
fn each_message_of_the_rfcs_is_answered_the_same_wherever_a_stream_is_cut() {
    let (mut wrong, messages) = (Vec::new(), messages());
    // A corrected message has the branch of its original: to one switch it would be the same again.
    for is_corrected in [false, true] {
        let switch = Switch::start(&[("DIDTRON_NODE_SHARDS", "1")]);
        World::of(Vec::new()).apply(&switch);
        let of_this = |name: &str| name.ends_with("-fixed") == is_corrected;
        for (name, bytes, _, expected) in messages.iter().filter(|(name, ..)| of_this(name)) {
            // A message whose end cannot be seen swallows the mark; `framing` in sip-core has its cuts.
            if *expected == Nothing && frame(bytes, &Limits::DEFAULT) == Frame::NeedMore {
                continue;
            }
            let found = ask_at_every_cut(&switch, bytes, *expected);
            wrong.extend(found.map(|found| format!("{name}, {found}, not {expected:?}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The first cut at which something else is heard, and what. What ends the connection takes its time, so
/// some cuts of it must do; `framing` in sip-core has all of them.
fn ask_at_every_cut(switch: &Switch, bytes: &[u8], expected: Hears) -> Option<String> {
    let mut connection = Connection::open(switch.sip);
    let mut cut = 0;
    while cut <= bytes.len() {
        let (heard, has_ended) = connection.ask(bytes, cut);
        if heard != expected {
            return Some(format!("cut at {cut}: {heard:?}"));
        }
        cut += 1;
        if has_ended && heard != End {
            // An INVITE that comes again by another connection is answered by its first one.
            return None;
        }
        if has_ended {
            connection = Connection::open(switch.sip);
            cut += bytes.len() / 4;
        }
    }
    None
}
