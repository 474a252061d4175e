#![allow(clippy::unwrap_used, reason = "a panic is the failure")]

use super::*;
use crate::limits::Limits;
use crate::message::{Message, MessageWriter, Method, RecordRoutes};
use crate::transaction::{InviteClientState, InviteServerState, Transport};
use crate::{Duration, HeaderName};
use std::net::SocketAddr;

/// A table on a bench, with its clock and what it sent.
struct Bench {
    table: TransactionTable<u32>,
    outbox: Outbox,
    now: Instant,
    transport: Transport,
}

impl Bench {
    fn new(transport: Transport) -> Self {
        Self::with_room_for(transport, 100)
    }

    fn with_room_for(transport: Transport, max_transactions: u32) -> Self {
        let config = TransactionConfig {
            timings: Timings::default(),
            max_transactions,
            shard: 2,
            ticket_key: TicketKey::new([1; 16]),
            secret: [2; 16],
        };
        let now = Instant::from_micros(5_000_000);
        Self {
            table: TransactionTable::new(config, now),
            outbox: Outbox::default(),
            now,
            transport,
        }
    }

    fn path(&self) -> Path {
        Path {
            transport: self.transport,
            listener: 0,
            remote: SocketAddr::from(([192, 0, 2, 1], 5060)),
            connection: None,
            host: None,
        }
    }

    fn send(&mut self, method: Method<'_>, user: u32) -> (ClientId, String) {
        let path = self.path();
        let write = |out: &mut Vec<u8>, branch: &Branch| {
            let mut writer = MessageWriter::request(out, method, "sip:bob@192.0.2.1");
            writer.via(path.transport.as_str(), "198.51.100.1:5060", branch, true);
            writer.number(HeaderName::MaxForwards, 70);
            writer.header(HeaderName::Route, "<sip:192.0.2.1;lr>");
            writer.header(HeaderName::From, "<sip:alice@a.example>;tag=a");
            writer.header(HeaderName::To, "<sip:bob@b.example>");
            writer.header(HeaderName::CallId, "call");
            writer.cseq(7, method).finish();
        };
        let id = self
            .table
            .open_client(self.now, method, path, user, &mut self.outbox, write)
            .unwrap();
        (id, self.sent().pop().unwrap())
    }

    /// The other side's response to a request of ours; the TU's value if it is told.
    fn respond_to(&mut self, request: &str, status: u16) -> Option<u32> {
        let request = Message::parse(request.as_bytes(), &Limits::DEFAULT).unwrap();
        let source = SocketAddr::from(([198, 51, 100, 1], 5060));
        let mut out = Vec::new();
        MessageWriter::reply_to(&mut out, &request, source, status, "-", Some("b")).finish();
        let response = Message::parse(&out, &Limits::DEFAULT).unwrap();
        let matched = self
            .table
            .match_response(self.now, &response, &mut self.outbox);
        matched.map(|(_, user)| user)
    }

    fn receive(&mut self, request: &str) -> Matched<u32> {
        let request = Message::parse(request.as_bytes(), &Limits::DEFAULT).unwrap();
        self.table
            .match_request(self.now, &request, &mut self.outbox)
            .unwrap()
    }

    fn open(&mut self, request: &str, user: u32) -> ServerId {
        let Matched::New(key) = self.receive(request) else {
            panic!("not new: {request}");
        };
        let message = Message::parse(request.as_bytes(), &Limits::DEFAULT).unwrap();
        let tag = "tag".parse().unwrap();
        let path = self.path();
        self.table
            .open_server(key, &message, path, tag, user)
            .unwrap()
    }

    fn answer(&mut self, id: ServerId, status: u16) -> bool {
        let Self {
            table, outbox, now, ..
        } = self;
        let routes = RecordRoutes::Omit;
        table.respond(*now, id, status, "-", routes, outbox, |writer| {
            writer.finish();
        })
    }

    /// What was sent since the last question.
    fn sent(&mut self) -> Vec<String> {
        let text = |transmit: crate::transaction::Transmit<'_>| {
            String::from_utf8(transmit.bytes.to_vec()).unwrap()
        };
        let sent = self.outbox.iter().map(text).collect();
        self.outbox.clear();
        sent
    }

    fn first_lines(&mut self) -> Vec<String> {
        let sent = self.sent();
        let first = |text: &String| text.lines().next().unwrap().to_owned();
        sent.iter().map(first).collect()
    }

    /// Lets time pass; when something was sent, and what the TU was told.
    fn advance(&mut self, millis: u64) -> (Vec<u64>, Vec<Expired<u32>>) {
        let start = self.now;
        let end = self.now + Duration::from_millis(millis);
        let (mut times, mut told) = (Vec::new(), Vec::new());
        while let Some(next) = self.table.poll_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            let before = self.outbox.len();
            while let Some(expired) = self.table.handle_timeout(self.now, &mut self.outbox) {
                told.push(expired);
            }
            let count = self.outbox.len() - before;
            times.extend((0..count).map(|_| self.now.since(start).as_millis()));
        }
        self.now = end;
        (times, told)
    }
}

fn request(method: &str, branch: &str, rest: &str) -> String {
    format!(
        "{method} sip:bob@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP peer.example{branch}\r\n\
         From: <sip:a@b>;tag=f\r\nTo: <sip:c@d>{rest}\r\nCall-ID: i\r\nCSeq: 1 {method}\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

const BRANCH: &str = ";branch=z9hG4bK1";

// --- INVITE client (RFC 3261 §17.1.1)

#[test]
fn an_invite_is_sent_again_with_doubling_intervals_until_64_t1() {
    let mut bench = Bench::new(Transport::Udp);
    bench.send(Method::Invite, 9);
    let (times, told) = bench.advance(40_000);
    assert_eq!(times, [500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    let expected = Expired {
        user: 9,
        reason: ExpiredReason::TimedOut,
    };
    assert_eq!(told, [expected]);
    assert!(bench.table.is_empty());
    assert_eq!(bench.table.retransmissions(), 6);
}

#[test]
fn over_a_stream_nothing_is_sent_again() {
    let mut bench = Bench::new(Transport::Tcp);
    let (_, invite) = bench.send(Method::Invite, 9);
    let (times, told) = bench.advance(31_999);
    assert_eq!((times.len(), told.len()), (0, 0));
    assert_eq!(bench.respond_to(&invite, 404), Some(9));
    assert_eq!(bench.sent().len(), 1, "the ACK");
    assert!(bench.table.is_empty(), "timer D is zero");
}

#[test]
fn a_provisional_response_ends_retransmission() {
    let mut bench = Bench::new(Transport::Udp);
    let (id, invite) = bench.send(Method::Invite, 9);
    assert_eq!(bench.respond_to(&invite, 180), Some(9));
    assert_eq!(bench.advance(120_000), (vec![], vec![]));
    let state = bench.table.invite_client_state(id);
    assert_eq!(state, Some(InviteClientState::Proceeding));
}

#[test]
fn a_refusal_is_acknowledged_each_time_and_told_once() {
    let mut bench = Bench::new(Transport::Udp);
    let (_, invite) = bench.send(Method::Invite, 9);
    assert_eq!(bench.respond_to(&invite, 486), Some(9));
    let ack = bench.sent().pop().unwrap();
    let parsed = Message::parse(ack.as_bytes(), &Limits::DEFAULT).unwrap();
    assert!(ack.starts_with("ACK sip:bob@192.0.2.1 SIP/2.0\r\n"));
    assert_eq!(
        parsed.to().unwrap().tag(),
        Some("b"),
        "the To of the response"
    );
    assert_eq!(parsed.header(HeaderName::Route), Some("<sip:192.0.2.1;lr>"));
    assert_eq!(parsed.cseq().unwrap().number, 7);
    let branch = |text: &str| text.split("branch=").nth(1).unwrap()[..20].to_owned();
    assert_eq!(branch(&ack), branch(&invite));

    assert_eq!(bench.respond_to(&invite, 486), None);
    assert_eq!(bench.sent(), [ack]);
    bench.advance(32_000);
    assert!(bench.table.is_empty());
    assert_eq!(bench.respond_to(&invite, 486), None);
    assert!(bench.sent().is_empty());
}

#[test]
fn every_answer_goes_to_the_tu_for_64_t1() {
    let mut bench = Bench::new(Transport::Udp);
    let (_, invite) = bench.send(Method::Invite, 9);
    for _ in 0..3 {
        assert_eq!(bench.respond_to(&invite, 200), Some(9));
        bench.advance(10_000);
    }
    assert!(bench.sent().is_empty(), "the TU acknowledges");
    bench.advance(2_000);
    assert_eq!(bench.respond_to(&invite, 200), None);
    assert!(bench.table.is_empty());
}

#[test]
fn a_cancel_has_the_invites_branch_and_its_own_response() {
    let mut bench = Bench::new(Transport::Udp);
    let (id, invite) = bench.send(Method::Invite, 9);
    let early = bench.table.cancel(bench.now, id, None, &mut bench.outbox);
    assert_eq!(early, CancelOutcome::Early);
    assert_eq!(
        bench.advance(3_000).0,
        [0; 0],
        "nor is the INVITE sent again"
    );
    bench.respond_to(&invite, 180);
    let reason = Some("SIP;cause=487");
    let sent = bench.table.cancel(bench.now, id, reason, &mut bench.outbox);
    assert_eq!(sent, CancelOutcome::Sent);
    let cancel = bench.sent().pop().unwrap();
    assert!(cancel.contains("CSeq: 7 CANCEL\r\n"));
    assert!(cancel.contains("Reason: SIP;cause=487\r\n"));
    assert_eq!(bench.respond_to(&cancel, 200), None, "nobody waits for it");
    assert_eq!(bench.respond_to(&invite, 487), Some(9));
    let late = bench.table.cancel(bench.now, id, None, &mut bench.outbox);
    assert_eq!(late, CancelOutcome::Late);
    bench.advance(40_000);
    assert!(bench.table.is_empty());
}

#[test]
fn a_cancelled_invite_without_a_final_response_is_given_up_after_64_t1() {
    let mut bench = Bench::new(Transport::Udp);
    let (id, invite) = bench.send(Method::Invite, 9);
    bench.respond_to(&invite, 180);
    bench.table.cancel(bench.now, id, None, &mut bench.outbox);
    assert_eq!(bench.advance(31_999).1, []);
    assert_eq!(bench.advance(1).1.len(), 1);
    assert!(bench.table.is_empty(), "and its CANCEL with it");
}

#[test]
fn a_refused_message_is_told_at_once() {
    let mut bench = Bench::new(Transport::Udp);
    bench.send(Method::Invite, 9);
    let remote = bench.path().remote;
    let [token] = bench.table.unanswered_at(Transport::Udp, remote, None)[..] else {
        panic!();
    };
    let told = bench
        .table
        .transport_failed(bench.now, token, &mut bench.outbox);
    assert_eq!(told.unwrap().reason, ExpiredReason::TransportFailed);
    assert!(bench.table.is_empty());
    let again = bench
        .table
        .transport_failed(bench.now, token, &mut bench.outbox);
    assert_eq!(again, None, "a stale token finds nothing");
}

#[test]
fn only_what_still_waits_for_a_response_is_unanswered() {
    let mut bench = Bench::new(Transport::Udp);
    let remote = bench.path().remote;
    let count = |bench: &Bench| {
        bench
            .table
            .unanswered_at(Transport::Udp, remote, None)
            .len()
    };
    let sent: Vec<_> = (0..5).map(|n| bench.send(Method::Invite, n)).collect();
    bench.send(Method::Bye, 5);
    assert_eq!(count(&bench), 6);
    bench.respond_to(&sent[0].1, 100);
    bench.respond_to(&sent[3].1, 486);
    bench
        .table
        .cancel(bench.now, sent[1].0, None, &mut bench.outbox);
    assert_eq!(count(&bench), 3);
    let elsewhere = SocketAddr::from(([192, 0, 2, 9], 5060));
    assert_eq!(
        bench.table.unanswered_at(Transport::Udp, elsewhere, None),
        []
    );
    assert_eq!(bench.table.unanswered_at(Transport::Tcp, remote, None), []);
    for token in bench.table.unanswered_at(Transport::Udp, remote, None) {
        bench
            .table
            .transport_failed(bench.now, token, &mut bench.outbox);
    }
    assert_eq!(count(&bench), 0);
    bench.advance(40_000);
    assert!(bench.table.unanswered.is_empty());
}

// --- client (RFC 3261 §17.1.2)

#[test]
fn a_request_backs_off_to_t2() {
    let mut bench = Bench::new(Transport::Udp);
    bench.send(Method::Bye, 9);
    let (times, told) = bench.advance(40_000);
    assert_eq!(
        times,
        [
            500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500
        ]
    );
    assert_eq!(told.len(), 1);
    assert!(bench.table.is_empty());
}

#[test]
fn a_provisional_response_slows_a_request_down() {
    let mut bench = Bench::new(Transport::Udp);
    let (_, bye) = bench.send(Method::Bye, 9);
    assert_eq!(bench.respond_to(&bye, 100), Some(9));
    assert_eq!(bench.advance(9_000).0, [500, 4_500, 8_500]);
    assert_eq!(bench.respond_to(&bye, 200), Some(9));
    assert_eq!(bench.respond_to(&bye, 200), None);
    assert_eq!(bench.advance(5_000), (vec![], vec![]));
    assert!(bench.table.is_empty());
}

#[test]
fn a_response_must_fit_in_branch_and_method() {
    let mut bench = Bench::new(Transport::Udp);
    let (_, bye) = bench.send(Method::Bye, 9);
    assert_eq!(
        bench.respond_to(&bye.replace("7 BYE", "7 INVITE"), 200),
        None
    );
    let at = bye.find("z9hG4bK").unwrap() + 10;
    let mut forged = bye.clone().into_bytes();
    forged[at] = if forged[at] == b'a' { b'b' } else { b'a' };
    assert_eq!(
        bench.respond_to(std::str::from_utf8(&forged).unwrap(), 200),
        None
    );
    assert_eq!(bench.respond_to(&bye, 200), Some(9));
}

// --- INVITE server (RFC 3261 §17.2.1, RFC 6026)

#[test]
fn a_retransmitted_invite_gets_the_last_provisional_response() {
    let mut bench = Bench::new(Transport::Udp);
    let invite = request("INVITE", BRANCH, "");
    let id = bench.open(&invite, 4);
    assert_eq!(bench.receive(&invite), Matched::Absorbed);
    assert!(bench.sent().is_empty(), "nothing was said yet");
    bench.answer(id, 100);
    bench.answer(id, 180);
    bench.sent();
    assert_eq!(bench.receive(&invite), Matched::Absorbed);
    assert_eq!(bench.first_lines(), ["SIP/2.0 180 -"]);
}

#[test]
fn a_refusal_is_sent_again_until_its_ack() {
    let mut bench = Bench::new(Transport::Udp);
    let invite = request("INVITE", BRANCH, "");
    let id = bench.open(&invite, 4);
    assert!(bench.answer(id, 486));
    assert!(!bench.answer(id, 200), "one final response");
    bench.sent();
    assert_eq!(bench.advance(8_000).0, [500, 1_500, 3_500, 7_500]);
    let ack = request("ACK", BRANCH, ";tag=tag");
    assert_eq!(bench.receive(&ack), Matched::Absorbed);
    assert_eq!(bench.advance(4_999), (vec![], vec![]));
    assert_eq!(bench.receive(&ack), Matched::Absorbed);
    bench.advance(1);
    assert!(bench.table.is_empty());
    assert_eq!(bench.receive(&ack), Matched::Ack(None));
}

#[test]
fn a_refusal_without_an_ack_is_told_after_64_t1() {
    let mut bench = Bench::new(Transport::Udp);
    let id = bench.open(&request("INVITE", BRANCH, ""), 4);
    bench.answer(id, 486);
    let (_, told) = bench.advance(32_000);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].user, 4);
    assert!(bench.table.is_empty());
}

#[test]
fn an_answer_is_sent_again_only_by_the_tu() {
    let mut bench = Bench::new(Transport::Udp);
    let invite = request("INVITE", BRANCH, "");
    let id = bench.open(&invite, 4);
    bench.answer(id, 200);
    let answer = bench.sent();
    assert_eq!(bench.receive(&invite), Matched::Absorbed);
    assert_eq!(bench.advance(5_000).0, [0; 0]);
    bench.table.resend(bench.now, id, &mut bench.outbox);
    assert_eq!(bench.sent(), answer);
    bench.table.acknowledged(id);
    bench.table.resend(bench.now, id, &mut bench.outbox);
    assert!(bench.sent().is_empty(), "its bytes are gone");
    let state = bench.table.invite_server_state(id);
    assert_eq!(state, Some(InviteServerState::Accepted));
    let ack = request("ACK", BRANCH, ";tag=tag");
    assert_eq!(
        bench.receive(&ack),
        Matched::Ack(Some(4)),
        "with the wrong branch"
    );
    bench.advance(27_000);
    assert!(bench.table.is_empty());
}

#[test]
fn a_cancel_finds_its_invite() {
    let mut bench = Bench::new(Transport::Udp);
    let id = bench.open(&request("INVITE", BRANCH, ""), 4);
    let Matched::Cancel { invite, .. } = bench.receive(&request("CANCEL", BRANCH, "")) else {
        panic!();
    };
    assert_eq!(invite, Some((id, 4)));
    let other = request("CANCEL", ";branch=z9hG4bK2", "");
    let Matched::Cancel { invite, .. } = bench.receive(&other) else {
        panic!();
    };
    assert_eq!(invite, None);
}

// --- server (RFC 3261 §17.2.2) and matching (§17.2.3)

#[test]
fn a_retransmitted_request_gets_the_same_answer_for_64_t1() {
    let mut bench = Bench::new(Transport::Udp);
    let bye = request("BYE", BRANCH, ";tag=x");
    let id = bench.open(&bye, 4);
    assert_eq!(bench.receive(&bye), Matched::Absorbed);
    assert!(bench.sent().is_empty());
    bench.answer(id, 200);
    let answer = bench.sent();
    bench.advance(31_999);
    assert_eq!(bench.receive(&bye), Matched::Absorbed);
    assert_eq!(bench.sent(), answer);
    bench.advance(1);
    assert!(matches!(bench.receive(&bye), Matched::New(_)));
}

#[test]
fn branch_sent_by_and_method_tell_transactions_apart() {
    let mut bench = Bench::new(Transport::Udp);
    bench.open(&request("BYE", BRANCH, ""), 4);
    let same_in_capitals = request("BYE", BRANCH, "").replace("peer.example", "PEER.example");
    assert_eq!(bench.receive(&same_in_capitals), Matched::Absorbed);
    for other in [
        request("INFO", BRANCH, ""),
        request("BYE", ";branch=z9hG4bK2", ""),
        request("BYE", BRANCH, "").replace("peer.example", "peer.example:5070"),
        request("BYE", BRANCH, "").replace("peer.example", "other.example"),
    ] {
        assert!(matches!(bench.receive(&other), Matched::New(_)), "{other}");
    }
}

#[test]
fn a_peer_of_rfc_2543_is_matched_by_its_other_fields() {
    let mut bench = Bench::new(Transport::Udp);
    let invite = request("INVITE", "", "");
    let id = bench.open(&invite, 4);
    assert_eq!(bench.receive(&invite), Matched::Absorbed);
    let next = invite.replace("CSeq: 1", "CSeq: 2");
    assert!(matches!(bench.receive(&next), Matched::New(_)));
    bench.answer(id, 486);
    assert_eq!(
        bench.receive(&request("ACK", "", ";tag=tag")),
        Matched::Absorbed
    );
}

#[test]
fn a_response_goes_where_the_peer_asked() {
    let source = SocketAddr::from(([192, 0, 2, 1], 40_000));
    let target = |via: &str| {
        let text = request("BYE", via, "");
        let message = Message::parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
        let bench = Bench::new(Transport::Udp);
        let path = Path {
            remote: source,
            ..bench.path()
        };
        response_path(&message, path).remote.to_string()
    };
    assert_eq!(target(";branch=z9hG4bK1"), "192.0.2.1:5060");
    assert_eq!(target(":5080;branch=z9hG4bK1"), "192.0.2.1:5080");
    assert_eq!(target(":5080;rport;branch=z9hG4bK1"), "192.0.2.1:40000");
}

#[test]
fn a_peer_behind_a_translator_is_answered_where_it_speaks_from() {
    let target = |host: &str, source: &str| {
        let text = request("BYE", ":5070;branch=z9hG4bK1", "").replace("peer.example", host);
        let message = Message::parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
        let bench = Bench::new(Transport::Udp);
        let path = Path {
            remote: source.parse().unwrap(),
            ..bench.path()
        };
        response_path(&message, path).remote.to_string()
    };
    for host in ["10.0.0.5", "192.168.1.2", "100.64.0.1"] {
        assert_eq!(target(host, "192.0.2.1:40000"), "192.0.2.1:40000");
    }
    assert_eq!(
        target("[fd00::5]", "[2001:db8::1]:40000"),
        "[2001:db8::1]:40000"
    );
    assert_eq!(
        target("10.0.0.5", "10.0.0.5:40000"),
        "10.0.0.5:5070",
        "both are in one private network"
    );
    assert_eq!(target("192.0.2.9", "192.0.2.1:40000"), "192.0.2.1:5070");
}

#[test]
fn a_full_table_refuses_and_recovers() {
    let mut bench = Bench::with_room_for(Transport::Udp, 1);
    let id = bench.open(&request("BYE", BRANCH, ""), 4);
    let second = request("BYE", ";branch=z9hG4bK2", "");
    let Matched::New(key) = bench.receive(&second) else {
        panic!();
    };
    let message = Message::parse(second.as_bytes(), &Limits::DEFAULT).unwrap();
    let tag = "t".parse().unwrap();
    let refused = bench.table.open_server(key, &message, bench.path(), tag, 5);
    assert_eq!(refused, Err(TableFull));
    assert!(bench.table.lacks_room_for(1));
    bench.answer(id, 200);
    bench.advance(32_000);
    bench.open(&second, 5);
}

#[test]
fn a_warm_table_takes_buffers_from_its_store() {
    let mut bench = Bench::new(Transport::Udp);
    for _ in 0..3 {
        let (_, bye) = bench.send(Method::Bye, 9);
        bench.respond_to(&bye, 200);
        bench.advance(5_000);
    }
    assert_eq!(bench.table.spare.len(), 1);
}

#[test]
fn a_request_that_could_not_be_read_again_is_not_sent() {
    let mut bench = Bench::new(Transport::Tcp);
    let path = bench.path();
    let mut open = |to: usize, body: usize| {
        let write = |out: &mut Vec<u8>, branch: &Branch| {
            let mut writer = MessageWriter::request(out, Method::Invite, "sip:bob@192.0.2.1");
            writer.via("TCP", "198.51.100.1:5060", branch, false);
            writer.header(HeaderName::From, "<sip:alice@a.example>;tag=a");
            writer.header(HeaderName::To, &"x".repeat(to));
            writer.header(HeaderName::CallId, "call");
            writer.cseq(7, Method::Invite);
            writer.body("application/sdp", &vec![b'v'; body]);
        };
        let table = &mut bench.table;
        table.open_client(bench.now, Method::Invite, path, 1, &mut bench.outbox, write)
    };
    assert!(open(8_192, 0).is_ok(), "the longest value");
    assert!(open(20, 60_000).is_ok());
    assert_eq!(open(8_193, 0), Err(NotSent::BeyondLimits));
    assert_eq!(open(20, 65_500), Err(NotSent::BeyondLimits));
    assert_eq!((bench.table.len(), bench.sent().len()), (2, 2));
}
