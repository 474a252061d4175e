//! Requests and what they are answered by, as rtpengine 10.5 words it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use media_control::bencode::Value;
use media_control::{Desk, Limits, Plan, Relay};
use media_relay::{DirectionStatistics, MediaStatistics, ReadyPair, SessionId};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

const ORIGIN_UNIX_S: u64 = 1_700_000_000;
const AT: Duration = Duration::from_secs(60);
/// How long a call lasts at most.
const DURATION: Duration = Duration::from_secs(86_400);

/// A relay with so many pairs, which writes down what it is told.
#[derive(Default)]
struct Recorded {
    free: u64,
    taken: u64,
    media: Vec<(SessionId, Plan)>,
    stopped: Vec<SessionId>,
}

impl Relay for Recorded {
    fn take(&mut self) -> Option<ReadyPair> {
        self.free = self.free.checked_sub(1)?;
        self.taken += 1;
        let port = 20_000 + 4 * (self.taken as u16 - 1);
        Some(ReadyPair {
            session: SessionId::from_u64(self.taken),
            ingress_rtp: ([192, 0, 2, 9], port).into(),
            egress_rtp: ([192, 0, 2, 9], port + 2).into(),
        })
    }

    fn may_send_to(&self, address: IpAddr) -> bool {
        !address.is_multicast()
    }

    fn start(&mut self, session: SessionId, plan: Plan) {
        self.media.push((session, plan));
    }

    fn update(&mut self, session: SessionId, plan: Plan) {
        self.media.push((session, plan));
    }

    fn stop(&mut self, session: SessionId) {
        self.stopped.push(session);
    }

    fn statistics(&self, _: SessionId) -> Option<MediaStatistics> {
        let from = |packets| DirectionStatistics {
            packets,
            bytes: packets * 172,
            foreign: 1,
            ..DirectionStatistics::default()
        };
        Some(MediaStatistics {
            ingress: from(10),
            egress: from(20),
        })
    }
}

/// A desk and its only client.
struct Client {
    desk: Desk,
    relay: Recorded,
    asked: u32,
}

impl Client {
    fn new(calls: usize, pairs: u64) -> Self {
        Self {
            desk: Desk::new(
                Limits {
                    calls,
                    duration: DURATION,
                },
                ORIGIN_UNIX_S,
            ),
            relay: Recorded {
                free: pairs,
                ..Recorded::default()
            },
            asked: 0,
        }
    }

    fn raw(&mut self, datagram: &[u8]) -> Option<String> {
        let client = "198.51.100.1:9000".parse().unwrap();
        let reply = self.desk.take(client, datagram, AT, &mut self.relay);
        reply.map(|reply| String::from_utf8(reply).unwrap())
    }

    /// The reply without its cookie.
    fn ask(&mut self, fields: &[(&'static str, Value<'static>)]) -> String {
        self.asked += 1;
        let cookie = format!("c{} ", self.asked);
        let mut datagram = cookie.clone().into_bytes();
        Value::dictionary(fields.to_vec()).write(&mut datagram);
        let reply = self.raw(&datagram).unwrap();
        reply.strip_prefix(&cookie).unwrap().to_owned()
    }

    fn speak(&mut self, command: &'static str, tags: [&'static str; 2], sdp: &str) -> String {
        let mut fields = call(command, tags);
        fields.push(("sdp", Value::bytes(sdp.as_bytes().to_vec())));
        self.ask(&fields)
    }

    /// Where the relay sends now, by side.
    fn remotes(&self) -> [Option<SocketAddr>; 2] {
        let (_, plan) = self.relay.media.last().unwrap();
        plan.remotes.map(|remote| Some(remote?.rtp))
    }

    fn talks(&self) -> bool {
        self.relay.media.last().unwrap().1.talks
    }
}

fn call(
    command: &'static str,
    [from, to]: [&'static str; 2],
) -> Vec<(&'static str, Value<'static>)> {
    let mut fields = vec![
        ("call-id", Value::text("one")),
        ("command", Value::text(command)),
    ];
    let tags = [("from-tag", from), ("to-tag", to)];
    let given = tags.into_iter().filter(|(_, tag)| !tag.is_empty());
    fields.extend(given.map(|(key, tag)| (key, Value::text(tag))));
    fields
}

fn sdp(host: &str, port: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n\
         a=rtpmap:8 PCMA/8000\r\na=candidate:1 1 UDP 1 {host} {port} typ host\r\na=ice-ufrag:x\r\n"
    )
}

fn error(reason: &str) -> String {
    format!("d12:error-reason{}:{reason}6:result5:errore", reason.len())
}

#[test]
fn what_cannot_be_carried_out_is_answered_as_rtpengine_answers() {
    let mut client = Client::new(10, 10);
    assert_eq!(client.raw(b"no-cookie"), None);
    assert_eq!(client.raw(b" d7:command4:pinge"), None);
    assert_eq!(client.desk.counters().malformed, 2);
    for (asked, reason) in [
        (&b"nonsense"[..], "Invalid NG data format"),
        (b"le", "Invalid NG data format"),
        (b"d3:abce", "Could not decode bencode dictionary"),
        (b"de", "Dictionary contains no key \"command\""),
        (b"d7:command10:frobnicatee", "Unrecognized command"),
        (b"d7:command5:offere", "No SDP body in message"),
        (b"d7:command5:offer3:sdp1:xe", "No call-id in message"),
        (
            b"d7:call-id1:c7:command5:offer3:sdp1:xe",
            "No from-tag in message",
        ),
        (
            b"d7:call-id1:c7:command5:offer8:from-tag1:a3:sdp4:junke",
            "Failed to parse SDP",
        ),
        (
            b"d7:call-id1:c7:command6:answer8:from-tag1:a3:sdp1:xe",
            "No to-tag in message",
        ),
        (b"d7:command6:deletee", "No call-id in message"),
        (b"d7:call-id4:nope7:command5:querye", "Unknown call-id"),
        (
            b"d7:command4:list5:limiti-1ee",
            "invalid limit, must be >= 0",
        ),
    ] {
        client.asked += 1;
        let datagram = [format!("e{} ", client.asked).as_bytes(), asked].concat();
        let reply = client.raw(&datagram).unwrap();
        assert_eq!(reply, format!("e{} {}", client.asked, error(reason)));
    }
    assert_eq!(client.desk.counters().errors, 13);
    assert_eq!(
        client.speak("answer", ["a", "b"], &sdp("198.51.100.7", 4_000)),
        error("Unknown call-id")
    );
    assert_eq!(
        client.ask(&[("command", Value::text("ping"))]),
        "d6:result4:ponge"
    );
    assert_eq!((client.desk.calls(), client.relay.taken), (0, 0));
}

/// A caller may have such a packet relayed to here, from an address that may ask.
#[test]
fn a_request_in_a_packet_of_rtp_or_rtcp_is_nobodys() {
    let mut client = Client::new(1, 1);
    for first in [0x80, 0x9f, 0xbf] {
        let mut packet = vec![first, 200, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        packet.extend(b" d7:command4:pinge");
        assert_eq!(client.raw(&packet), None);
    }
    assert!(client.raw(b"5_1 d7:command4:pinge").is_some());
}

#[test]
fn each_side_is_told_the_relays_address_and_the_relay_both_of_theirs() {
    let mut client = Client::new(10, 10);
    let told = client.speak("offer", ["a", ""], &sdp("198.51.100.7", 4_000));
    assert!(
        told.contains("c=IN IP4 192.0.2.9\r\n") && told.contains("m=audio 20002 RTP/AVP 8\r\n"),
        "{told}"
    );
    assert!(told.ends_with("6:result2:oke"), "{told}");
    assert!(
        !told.contains("198.51.100.7") && !told.contains("ice-"),
        "{told}"
    );
    let a = Some("198.51.100.7:4000".parse().unwrap());
    assert_eq!(client.remotes(), [a, None]);
    let told = client.speak("answer", ["a", "b"], &sdp("203.0.113.7", 5_000));
    assert!(told.contains("m=audio 20000 RTP/AVP 8\r\n"), "{told}");
    let b = Some("203.0.113.7:5000".parse().unwrap());
    assert_eq!(client.remotes(), [a, b]);
    // Whoever answered offers anew, and who offered answers.
    let told = client.speak("offer", ["b", "a"], &sdp("203.0.113.7", 5_002));
    assert!(told.contains("m=audio 20000 RTP/AVP 8\r\n"), "{told}");
    let told = client.speak("answer", ["b", "a"], &sdp("198.51.100.7", 4_002));
    assert!(told.contains("m=audio 20002 RTP/AVP 8\r\n"), "{told}");
    let moved = ["198.51.100.7:4002", "203.0.113.7:5002"].map(|text| Some(text.parse().unwrap()));
    assert_eq!(client.remotes(), moved);
    assert_eq!((client.desk.calls(), client.relay.taken), (1, 1));
}

#[test]
fn a_request_that_comes_again_is_answered_alike_and_done_once() {
    let mut client = Client::new(10, 10);
    let mut datagram = b"again ".to_vec();
    let mut fields = call("offer", ["a", ""]);
    fields.push(("sdp", Value::bytes(sdp("198.51.100.7", 4_000).into_bytes())));
    Value::dictionary(fields).write(&mut datagram);
    let first = client.raw(&datagram).unwrap();
    assert_eq!(client.raw(&datagram).unwrap(), first);
    assert_eq!(client.relay.media.len(), 1);
    let counters = client.desk.counters();
    assert_eq!((counters.offers, counters.repeated), (1, 1));
}

#[test]
fn of_a_call_that_forks_the_latest_answer_counts() {
    let mut client = Client::new(10, 10);
    client.speak("offer", ["a", ""], &sdp("198.51.100.7", 4_000));
    client.speak("answer", ["a", "b"], &sdp("203.0.113.7", 5_000));
    client.speak("answer", ["a", "b2"], &sdp("203.0.113.8", 6_000));
    assert_eq!(
        client.remotes()[1],
        Some("203.0.113.8:6000".parse().unwrap())
    );
    let strange = client.speak("offer", ["x", ""], &sdp("203.0.113.9", 7_000));
    assert_eq!(strange, error("Another dialogue has this call-id"));
    let strange = client.speak("answer", ["x", "b2"], &sdp("203.0.113.9", 7_000));
    assert_eq!(strange, error("Another dialogue has this call-id"));
    assert_eq!(
        client.remotes()[1],
        Some("203.0.113.8:6000".parse().unwrap())
    );
}

#[test]
fn a_deletion_tells_what_was_relayed_and_gives_the_ports_back() {
    let mut client = Client::new(10, 10);
    client.speak("offer", ["a", ""], &sdp("198.51.100.7", 4_000));
    client.speak("answer", ["a", "b"], &sdp("203.0.113.7", 5_000));
    let other = client.ask(&call("delete", ["zzz", ""]));
    assert_eq!(
        other,
        "d7:warning38:Call-ID not found or tags didn't match6:result2:oke"
    );
    let asked = client.ask(&call("query", ["", ""]));
    let told = client.ask(&call("delete", ["a", "b"]));
    assert_eq!(told, asked);
    let told = Value::read(told.as_bytes()).unwrap();
    let number = |value: &Value<'_>, key| value.get(key).unwrap().as_integer().unwrap();
    assert_eq!(number(&told, "created"), 1_700_000_060);
    let totals = told.get("totals").unwrap().get("RTP").unwrap();
    assert_eq!(
        ["packets", "bytes", "errors"].map(|key| number(totals, key)),
        [30, 30 * 172, 2]
    );
    let medias = told
        .get("tags")
        .unwrap()
        .get("b")
        .unwrap()
        .get("medias")
        .unwrap();
    let stream = &medias.items()[0].get("streams").unwrap().items()[0];
    assert_eq!(number(stream, "local port"), 20_002);
    assert_eq!(number(stream.get("endpoint").unwrap(), "port"), 5_000);
    assert_eq!(number(stream.get("stats").unwrap(), "packets"), 20);
    assert_eq!(client.relay.stopped, [SessionId::from_u64(1)]);
    assert_eq!(client.desk.calls(), 0);
    let again = client.ask(&call("delete", ["a", ""]));
    assert!(again.contains("Call-ID not found"), "{again}");
    assert_eq!(client.relay.stopped.len(), 1);
}

#[test]
fn a_call_beyond_the_limit_or_without_ports_is_refused_and_takes_nothing() {
    let offer = |client: &mut Client, call_id: &'static str| {
        client.ask(&[
            ("call-id", Value::text(call_id)),
            ("command", Value::text("offer")),
            ("from-tag", Value::text("a")),
            ("sdp", Value::bytes(sdp("198.51.100.7", 4_000).into_bytes())),
        ])
    };
    let mut client = Client::new(1, 10);
    assert!(offer(&mut client, "one").contains("6:result2:ok"));
    let refused = offer(&mut client, "two");
    assert_eq!(
        refused,
        error("Too many calls: `media.ng.calls_max` is reached")
    );
    assert_eq!(client.relay.taken, 1);
    let mut client = Client::new(10, 1);
    assert!(offer(&mut client, "one").contains("6:result2:ok"));
    assert_eq!(offer(&mut client, "two"), error("Ran out of ports"));
    assert_eq!(client.desk.calls(), 1);
    let listed = client.ask(&[("command", Value::text("list"))]);
    assert_eq!(listed, "d5:callsl3:onee6:result2:oke");
}

#[test]
fn a_call_in_which_nobody_speaks_ends() {
    let mut client = Client::new(10, 10);
    client.speak("offer", ["a", ""], &sdp("198.51.100.7", 4_000));
    client
        .desk
        .fell_silent(SessionId::from_u64(7), &mut client.relay);
    assert_eq!(client.desk.calls(), 1);
    client
        .desk
        .fell_silent(SessionId::from_u64(1), &mut client.relay);
    assert_eq!(client.desk.calls(), 0);
    assert_eq!(client.relay.stopped, [SessionId::from_u64(1)]);
    assert_eq!(client.desk.counters().silent, 1);
}

#[test]
fn the_address_that_sip_came_from_is_used_if_the_proxy_wants_it() {
    let mut client = Client::new(10, 10);
    let mut fields = call("offer", ["a", ""]);
    fields.push((
        "flags",
        Value::List(vec![
            Value::text("unknown-flag"),
            Value::text("SIP-source-address"),
        ]),
    ));
    fields.push((
        "received-from",
        Value::List(vec![Value::text("IP4"), Value::text("203.0.113.99")]),
    ));
    fields.push(("sdp", Value::bytes(sdp("10.0.0.7", 4_000).into_bytes())));
    client.ask(&fields);
    assert_eq!(
        client.remotes()[0],
        Some("203.0.113.99:4000".parse().unwrap())
    );
}

#[test]
fn media_that_would_have_to_be_encrypted_for_one_side_is_refused() {
    let mut client = Client::new(10, 10);
    let mut fields = call("offer", ["a", ""]);
    fields.push(("transport-protocol", Value::text("RTP/SAVP")));
    fields.push(("sdp", Value::bytes(sdp("198.51.100.7", 4_000).into_bytes())));
    let refused = client.ask(&fields);
    assert_eq!(
        refused,
        error("transport-protocol differs from the SDP's: media is passed on as it is")
    );
    assert_eq!(client.desk.calls(), 0);
    fields[3] = ("transport-protocol", Value::text("RTP/AVP"));
    assert!(client.ask(&fields).contains("6:result2:ok"));
}

#[test]
fn a_call_that_lasts_too_long_ends() {
    let mut client = Client::new(10, 10);
    client.speak("offer", ["a", ""], &sdp("198.51.100.7", 4_000));
    let last = AT + DURATION;
    let a_little = Duration::from_millis(1);
    client.desk.expire(last - a_little, &mut client.relay);
    assert_eq!(client.desk.calls(), 1);
    client.desk.expire(last, &mut client.relay);
    assert_eq!(
        (client.desk.calls(), client.desk.counters().expired),
        (0, 1)
    );
    assert_eq!(client.relay.stopped, [SessionId::from_u64(1)]);
}

#[test]
fn a_call_that_rings_or_is_held_may_be_silent_for_longer() {
    let mut client = Client::new(10, 10);
    let held = |sdp: String| sdp + "a=sendonly\r\n";
    let (a, b) = (sdp("198.51.100.7", 4_000), sdp("203.0.113.7", 5_000));
    client.speak("offer", ["a", ""], &a);
    assert!(!client.talks(), "it rings");
    client.speak("answer", ["a", "b"], &b);
    assert!(client.talks());
    client.speak("offer", ["b", "a"], &held(b.clone()));
    assert!(!client.talks(), "it is held");
    client.speak("answer", ["b", "a"], &a);
    client.speak("offer", ["b", "a"], &b);
    assert!(client.talks());
}

#[test]
fn rtcp_that_may_go_nowhere_is_left_out() {
    let mut client = Client::new(10, 10);
    let said = sdp("198.51.100.7", 4_000) + "a=rtcp:9 IN IP4 224.0.0.1\r\n";
    let told = client.speak("offer", ["a", ""], &said);
    assert!(told.contains("6:result2:ok"), "{told}");
    let (_, plan) = client.relay.media.last().unwrap();
    let remote = plan.remotes[0].unwrap();
    assert_eq!((remote.rtp.port(), remote.rtcp.unwrap().port()), (4_000, 0));
}

#[test]
fn what_is_refused_changes_nothing_and_takes_no_ports() {
    let mut client = Client::new(10, 10);
    let refused = error("The SDP names an address that no media is sent to");
    // Of its own session, which would be the first; and of nobody.
    for (host, port) in [("192.0.2.9", 20_000), ("224.0.0.1", 4_000)] {
        assert_eq!(client.speak("offer", ["a", ""], &sdp(host, port)), refused);
        client.relay.taken = 0;
    }
    assert_eq!((client.desk.calls(), client.relay.stopped.len()), (0, 2));
    let a = sdp("198.51.100.7", 4_000);
    client.speak("offer", ["a", ""], &a);
    let told = client.relay.media.len();
    assert_eq!(
        client.speak("answer", ["a", "b"], &sdp("192.0.2.9", 20_001)),
        refused
    );
    let long = a.clone() + &"a=x\r\n".repeat(13_000);
    let too_long = error("The SDP is too long: it would not fit into a reply");
    assert_eq!(client.speak("offer", ["a", ""], &long), too_long);
    assert_eq!(client.relay.media.len(), told);
    // Nor has it taken the tag of the answer.
    assert_eq!(
        client.speak("offer", ["b", ""], &a),
        error("Another dialogue has this call-id")
    );
    assert!(
        client
            .speak("answer", ["a", "c"], &sdp("203.0.113.7", 5_000))
            .contains("6:result2:ok")
    );
}

#[test]
fn while_it_drains_calls_go_on_and_none_begins() {
    let mut client = Client::new(10, 10);
    let (a, b) = (sdp("198.51.100.7", 4_000), sdp("203.0.113.7", 5_000));
    client.speak("offer", ["a", ""], &a);
    client.desk.drain();
    assert!(
        client
            .speak("answer", ["a", "b"], &b)
            .contains("6:result2:ok")
    );
    client.ask(&call("delete", ["a", "b"]));
    let refused = client.speak("offer", ["a", ""], &a);
    assert_eq!(refused, error("The relay is about to stop: no new calls"));
    assert_eq!((client.desk.calls(), client.relay.taken), (0, 1));
}
