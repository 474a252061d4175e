//! Writing requests and responses.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use sip_core::{
    HeaderName, Limits, Message, MessageWriter, Method, Reason, RecordRoutes, ReplyHead,
};
use std::net::SocketAddr;

const REQUEST: &[u8] = b"INVITE sip:a@198.51.100.1 SIP/2.0\r\n\
    v: SIP/2.0/UDP 203.0.113.5:5070;rport;branch=z9hG4bK1;x=\"q;r\" ,\r\n\
    \tSIP/2.0/TCP 10.0.0.1;branch=z9hG4bK0\r\n\
    Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKz\r\n\
    f: \"B\" <sip:b@203.0.113.5>;\r\n\
    \x20tag=1\r\n\
    t: <sip:a@198.51.100.1>\r\n\
    i: c1\r\n\
    CSeq: 7 INVITE\r\n\
    Record-Route: <sip:p1;lr>\r\n\
    Record-Route: <sip:p2;lr>\r\n\
    \r\n";

fn parse(bytes: &[u8]) -> Message<'_> {
    Message::parse(bytes, &Limits::DEFAULT).unwrap()
}

fn source(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// The top Via of the answer to a request with this Via, from this source.
fn answered_via(via: &str, from: &str) -> String {
    let request = format!("OPTIONS sip:a@b SIP/2.0\r\nVia: {via}\r\n\r\n");
    let mut out = Vec::new();
    MessageWriter::reply_to(
        &mut out,
        &parse(request.as_bytes()),
        source(from),
        200,
        "OK",
        None,
    )
    .finish();
    parse(&out).header(HeaderName::Via).unwrap().to_owned()
}

#[test]
fn a_request_is_written_as_it_was_said() {
    let mut out = b"left over".to_vec();
    MessageWriter::request(&mut out, Method::Invite, "sip:4420@192.0.2.80")
        .via("UDP", "198.51.100.10:5060", "z9hG4bKabc", true)
        .number(HeaderName::MaxForwards, 70)
        .address(
            HeaderName::From,
            Some("Al \"the\" \\ pal"),
            "sip:1@h",
            Some("t1"),
        )
        .address(HeaderName::To, None, "sip:4420@192.0.2.80", None)
        .header(HeaderName::CallId, "c1")
        .cseq(4_294_967_295, Method::Invite)
        .header_fmt(
            HeaderName::Reason,
            format_args!("{}", Reason::q850(16, "bye")),
        )
        .raw_header("X-Own", b"caf\xe9")
        .body("application/sdp", b"v=0\r\n");
    let expected = b"INVITE sip:4420@192.0.2.80 SIP/2.0\r\n\
        Via: SIP/2.0/UDP 198.51.100.10:5060;rport;branch=z9hG4bKabc\r\n\
        Max-Forwards: 70\r\n\
        From: \"Al \\\"the\\\" \\\\ pal\" <sip:1@h>;tag=t1\r\n\
        To: <sip:4420@192.0.2.80>\r\n\
        Call-ID: c1\r\n\
        CSeq: 4294967295 INVITE\r\n\
        Reason: Q.850;cause=16;text=\"bye\"\r\n\
        X-Own: caf\xe9\r\n\
        Content-Type: application/sdp\r\n\
        Content-Length: 5\r\n\
        \r\n\
        v=0\r\n";
    assert_eq!(out, expected);
    assert_eq!(parse(&out).from().unwrap().display(), "Al \"the\" \\ pal");
}

#[test]
fn no_value_can_add_a_line() {
    let mut out = Vec::new();
    let evil = "x\r\nVia: evil\r\n\r\nbody";
    let mut writer = MessageWriter::request(&mut out, Method::Other(evil), evil);
    writer
        .via(evil, evil, evil, true)
        .header(HeaderName::Subject, evil)
        .header_fmt(HeaderName::Server, format_args!("{evil}"))
        .raw_header(evil, evil.as_bytes())
        .address(HeaderName::From, Some(evil), evil, Some(evil))
        .cseq(1, Method::Other(evil))
        .finish();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches("\r\n").count(), 9);
    assert_eq!(text.matches("\r\n\r\n").count(), 1);
    assert!(!text.contains("\nVia: evil"));
}

#[test]
fn a_response_repeats_what_identifies_the_request() {
    let mut out = Vec::new();
    MessageWriter::reply_to(
        &mut out,
        &parse(REQUEST),
        source("203.0.113.99:6000"),
        180,
        "Ringing",
        Some("ours"),
    )
    .record_routes_of(&parse(REQUEST))
    .finish();
    let expected = "SIP/2.0 180 Ringing\r\n\
        Via: SIP/2.0/UDP 203.0.113.5:5070;branch=z9hG4bK1;x=\"q;r\"\
        ;received=203.0.113.99;rport=6000, SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK0\r\n\
        Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKz\r\n\
        From: \"B\" <sip:b@203.0.113.5>;   tag=1\r\n\
        Call-ID: c1\r\n\
        CSeq: 7 INVITE\r\n\
        To: <sip:a@198.51.100.1>;tag=ours\r\n\
        Record-Route: <sip:p1;lr>\r\n\
        Record-Route: <sip:p2;lr>\r\n\
        Content-Length: 0\r\n\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn a_kept_head_writes_the_same_as_the_request() {
    let (mut direct, mut kept) = (Vec::new(), Vec::new());
    let from = source("203.0.113.99:6000");
    let head = ReplyHead::of(&parse(REQUEST), from);
    for tag in [None, Some("ours")] {
        MessageWriter::reply_to(&mut direct, &parse(REQUEST), from, 200, "OK", tag)
            .record_routes_of(&parse(REQUEST))
            .finish();
        MessageWriter::reply(&mut kept, &head, 200, "OK", tag, RecordRoutes::Copy).finish();
        assert_eq!(direct, kept);
        MessageWriter::reply_to(&mut direct, &parse(REQUEST), from, 486, "Busy Here", tag).finish();
        MessageWriter::reply(&mut kept, &head, 486, "Busy Here", tag, RecordRoutes::Omit).finish();
        assert_eq!(direct, kept);
    }
}

#[test]
fn a_to_tag_that_is_there_is_kept() {
    let request = String::from_utf8(REQUEST.to_vec()).unwrap();
    let request = request.replace("t: <sip:a@198.51.100.1>", "t: <sip:a@198.51.100.1>;tag=old");
    let mut out = Vec::new();
    let from = source("203.0.113.5:5070");
    MessageWriter::reply_to(
        &mut out,
        &parse(request.as_bytes()),
        from,
        200,
        "OK",
        Some("new"),
    )
    .finish();
    assert_eq!(parse(&out).to().unwrap().tag(), Some("old"));
}

#[test]
fn received_is_added_when_the_source_is_another_than_sent_by() {
    let via = "SIP/2.0/UDP 203.0.113.5:5070;branch=z9hG4bK1";
    assert_eq!(answered_via(via, "203.0.113.5:9999"), via);
    assert_eq!(
        answered_via(via, "203.0.113.6:5070"),
        "SIP/2.0/UDP 203.0.113.5:5070;branch=z9hG4bK1;received=203.0.113.6"
    );
    assert_eq!(
        answered_via("SIP/2.0/UDP gw.example;branch=z9hG4bK1", "203.0.113.6:5060"),
        "SIP/2.0/UDP gw.example;branch=z9hG4bK1;received=203.0.113.6"
    );
    assert_eq!(
        answered_via("SIP/2.0/UDP [2001:DB8:0::5]", "[2001:db8::5]:5060"),
        "SIP/2.0/UDP [2001:DB8:0::5]"
    );
    assert_eq!(
        answered_via("SIP/2.0/UDP [2001:db8::5]", "[2001:db8::6]:5060"),
        "SIP/2.0/UDP [2001:db8::5];received=2001:db8::6"
    );
}

#[test]
fn rport_is_filled_in_with_received_beside_it() {
    assert_eq!(
        answered_via(
            "SIP/2.0/UDP 203.0.113.5;rport;branch=z9hG4bK1",
            "203.0.113.5:5060"
        ),
        "SIP/2.0/UDP 203.0.113.5;branch=z9hG4bK1;received=203.0.113.5;rport=5060"
    );
}

#[test]
fn a_client_cannot_set_received_or_rport() {
    assert_eq!(
        answered_via(
            "SIP/2.0/UDP 203.0.113.5;received=192.0.2.66;rport=1",
            "203.0.113.5:5062"
        ),
        "SIP/2.0/UDP 203.0.113.5;received=203.0.113.5;rport=5062"
    );
    assert_eq!(
        answered_via(
            "SIP/2.0/UDP 203.0.113.5;received=192.0.2.66",
            "203.0.113.5:5062"
        ),
        "SIP/2.0/UDP 203.0.113.5"
    );
}

#[test]
fn an_ipv4_source_on_an_ipv6_socket_is_ipv4() {
    assert_eq!(
        answered_via("SIP/2.0/UDP 203.0.113.5", "[::ffff:203.0.113.5]:5060"),
        "SIP/2.0/UDP 203.0.113.5"
    );
}

#[test]
fn fields_are_passed_through_byte_for_byte() {
    let mut request =
        b"OPTIONS sip:a@b SIP/2.0\r\nX-One: \xe9 ;;\"\r\ns: folded\r\n  twice\r\n".to_vec();
    request.extend_from_slice(b"\r\n");
    let mut out = Vec::new();
    let mut writer = MessageWriter::request(&mut out, Method::Options, "sip:c@d");
    for field in parse(&request).headers() {
        writer.field(&field);
    }
    writer.finish();
    assert_eq!(
        out,
        b"OPTIONS sip:c@d SIP/2.0\r\nX-One: \xe9 ;;\"\r\nSubject: folded    twice\r\nContent-Length: 0\r\n\r\n"
    );
}
