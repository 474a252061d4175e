//! What the relay reads from a session description, and what it changes in it.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use sip_core::sdp::{Direction, MediaPorts, Rewrite, SessionIdentity};
use sip_core::{Part, Problem, Sdp};
use std::net::IpAddr;

const OFFER: &str = "v=0\r\n\
    o=alice 2890844526 2890844527 IN IP4 198.51.100.7\r\n\
    s=Grüße\r\n\
    c=IN IP4 198.51.100.7\r\n\
    t=0 0\r\n\
    a=X-unknown:keep  me\r\n\
    m=audio 49170 RTP/AVP 8 0 101\r\n\
    a=rtpmap:8 PCMA/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\n\
    a=fmtp:101 0-15\r\n\
    a=rtcp:53020 IN IP4 198.51.100.8\r\n\
    a=sendonly\r\n\
    m=video 51372/2 RTP/AVP 31\r\n\
    c=IN IP4 198.51.100.9/127\r\n\
    a=rtcp:51380\r\n\
    m=image 0 udptl t38\r\n";

fn rewrite(
    sdp: &str,
    address: &str,
    ports: &[(u16, u16)],
    origin: Option<SessionIdentity>,
) -> String {
    let media: Vec<_> = ports
        .iter()
        .map(|&(rtp, rtcp)| MediaPorts { rtp, rtcp })
        .collect();
    let with = Rewrite {
        address: address.parse().unwrap(),
        media: &media,
        origin,
    };
    let mut out = Vec::new();
    Sdp::parse(sdp.as_bytes()).unwrap().rewrite(&with, &mut out);
    Sdp::parse(&out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_view_tells_where_each_stream_goes() {
    let sdp = Sdp::parse(OFFER.as_bytes()).unwrap();
    assert_eq!(sdp.origin().unwrap().session_id, "2890844526");
    let [audio, video, image] = sdp.media() else {
        panic!("three streams")
    };

    assert_eq!(audio.rtp_address(), "198.51.100.7:49170".parse().ok());
    assert_eq!(audio.rtcp_address(), "198.51.100.8:53020".parse().ok());
    assert_eq!(
        (audio.direction(), audio.is_hold()),
        (Direction::SendOnly, true)
    );
    assert_eq!(audio.payloads().collect::<Vec<_>>(), [8, 0, 101]);
    let names: Vec<_> = audio
        .rtpmaps()
        .map(|map| (map.payload, map.encoding, map.clock_hz))
        .collect();
    assert_eq!(names, [(8, "PCMA", 8000), (101, "telephone-event", 8000)]);

    assert_eq!(video.rtp_address(), "198.51.100.9:51372".parse().ok());
    assert_eq!(video.rtcp_address(), "198.51.100.9:51380".parse().ok());
    assert_eq!(
        video.attributes().collect::<Vec<_>>(),
        [("rtcp", Some("51380"))]
    );
    assert_eq!((image.port, image.rtp_address()), (0, None));
    assert_eq!(sdp.audio().unwrap().port, 49170);
}

#[test]
fn only_addresses_and_ports_change() {
    let out = rewrite(
        OFFER,
        "203.0.113.1",
        &[(20000, 20001), (20002, 20003), (20004, 20005)],
        None,
    );
    let expected = OFFER
        .replace("198.51.100.7", "203.0.113.1")
        .replace("198.51.100.8", "203.0.113.1")
        .replace("198.51.100.9/127", "203.0.113.1")
        .replace("audio 49170", "audio 20000")
        .replace("video 51372/2", "video 20002")
        .replace("rtcp:53020", "rtcp:20001")
        .replace("rtcp:51380", "rtcp:20003");
    assert_eq!(out, expected);
}

#[test]
fn the_address_family_can_change() {
    let out = rewrite(
        OFFER,
        "2001:db8::5",
        &[(20000, 20001), (20002, 20003)],
        None,
    );
    assert!(out.contains("o=alice 2890844526 2890844527 IN IP6 2001:db8::5\r\n"));
    assert!(out.contains("c=IN IP6 2001:db8::5\r\n"));
    assert!(out.contains("a=rtcp:20001 IN IP6 2001:db8::5\r\n"));
    assert!(!out.contains("IP4"));
    assert!(!out.contains("198.51.100"));
    let back = rewrite(&out, "192.0.2.1", &[(1000, 1001), (1002, 1003)], None);
    assert!(back.contains("c=IN IP4 192.0.2.1\r\n"));
}

#[test]
fn our_own_session_identity_hides_the_peer() {
    let out = rewrite(
        OFFER,
        "203.0.113.1",
        &[(2000, 2001)],
        Some(SessionIdentity { id: 7, version: 3 }),
    );
    assert!(out.contains("o=- 7 3 IN IP4 203.0.113.1\r\n"));
    assert!(!out.contains("alice"));
}

#[test]
fn a_stream_without_ports_is_declined_and_leaks_nothing() {
    let out = rewrite(OFFER, "203.0.113.1", &[(2000, 2001)], None);
    assert!(out.contains("m=video 0 RTP/AVP 31\r\n"));
    assert!(out.contains("a=rtcp:9\r\n"));
    assert!(!out.contains("51380"));
}

#[test]
fn a_hold_by_address_stays_a_hold() {
    let held = OFFER
        .replace("c=IN IP4 198.51.100.7", "c=IN IP4 0.0.0.0")
        .replace("a=sendonly\r\n", "");
    let sdp = Sdp::parse(held.as_bytes()).unwrap();
    assert!(sdp.media()[0].is_hold());
    assert_eq!(sdp.media()[0].rtp_address(), None);
    assert!(rewrite(&held, "203.0.113.1", &[(2000, 2001)], None).contains("c=IN IP4 0.0.0.0\r\n"));
    assert!(rewrite(&held, "2001:db8::1", &[(2000, 2001)], None).contains("c=IN IP6 ::\r\n"));
}

#[test]
fn line_ends_and_foreign_bytes_survive() {
    let sdp = b"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=\xfc\xff\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\na=x:\xe9";
    let with = Rewrite {
        address: "192.0.2.2".parse::<IpAddr>().unwrap(),
        media: &[MediaPorts {
            rtp: 5000,
            rtcp: 5001,
        }],
        origin: None,
    };
    let mut out = b"head ".to_vec();
    Sdp::parse(sdp).unwrap().rewrite(&with, &mut out);
    assert_eq!(
        out,
        b"head v=0\no=- 1 1 IN IP4 192.0.2.2\ns=\xfc\xff\nc=IN IP4 192.0.2.2\nt=0 0\nm=audio 5000 RTP/AVP 0\na=x:\xe9"
    );
}

#[test]
fn columns_of_spaces_are_read_and_straightened() {
    let sdp =
        "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio   4000  RTP/AVP  0 8\r\nm=video 00 RTP/AVP 31\r\n";
    let out = rewrite(sdp, "192.0.2.2", &[(5000, 5001), (5002, 5003)], None);
    assert!(out.contains("m=audio 5000 RTP/AVP  0 8\r\n"));
    assert!(out.contains("m=video 0 RTP/AVP 31\r\n"));
}

#[test]
fn rtcp_mux_uses_the_port_of_rtp() {
    let sdp = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp-mux\r\n";
    let sdp = Sdp::parse(sdp.as_bytes()).unwrap();
    assert_eq!(sdp.media()[0].rtcp_address(), "192.0.2.1:4000".parse().ok());
}

#[test]
fn what_is_wrong_is_named_by_its_line() {
    let many = format!(
        "v=0\r\nc=IN IP4 192.0.2.1\r\n{}",
        "m=audio 4000 RTP/AVP 0\r\n".repeat(17)
    );
    for (sdp, letter, problem) in [
        ("", 'v', Problem::Malformed),
        ("v=1\r\n", 'v', Problem::Malformed),
        ("o=- 1 1 IN IP4 h\r\nv=0\r\n", 'v', Problem::Malformed),
        ("v=0\r\nrubbish\r\n", '?', Problem::Malformed),
        ("v=0\r\no=- 1 1 IN IP4\r\n", 'o', Problem::Malformed),
        ("v=0\r\nc=IN IP4 2001:db8::1\r\n", 'c', Problem::Malformed),
        ("v=0\r\nc=IN IP9 192.0.2.1\r\n", 'c', Problem::Malformed),
        ("v=0\r\nc=ATM NSAP 47\r\n", 'c', Problem::Malformed),
        ("v=0\r\nm=audio x RTP/AVP 0\r\n", 'm', Problem::Malformed),
        (
            "v=0\r\nm=audio 70000 RTP/AVP 0\r\n",
            'm',
            Problem::Malformed,
        ),
        ("v=0\r\nm=audio 4000\r\n", 'm', Problem::Malformed),
        ("v=0\r\nm=audio 4000 RTP/AVP 0\r\n", 'c', Problem::Missing),
        (
            "v=0\r\nc=IN IP4 h\r\nm=audio 1 RTP/AVP 0\r\na=rtcp:x\r\n",
            'a',
            Problem::Malformed,
        ),
        (&many, 'm', Problem::TooMany),
    ] {
        let error = Sdp::parse(sdp.as_bytes()).unwrap_err();
        assert_eq!(
            (error.part, error.problem),
            (Part::SdpLine(letter), problem),
            "{sdp}"
        );
    }
}

/// `None` when no codec is left.
fn selected(sdp: &str, codecs: &[&str]) -> Option<String> {
    let place = |name: &str| {
        let mut codecs = codecs.iter();
        codecs.position(|codec| codec.eq_ignore_ascii_case(name))
    };
    let mut out = Vec::new();
    let is_left = Sdp::parse(sdp.as_bytes())
        .unwrap()
        .select_codecs(place, &mut out);
    is_left.then(|| String::from_utf8(out).unwrap())
}

#[test]
fn codecs_are_ordered_and_those_left_out_leave_no_trace() {
    let offer = "v=0\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=audio 4000/2 RTP/AVP 18 0 101 96 8 97 \r\n\
        a=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\na=rtcp-fb:* nack\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n\
        a=rtpmap:96 opus/48000/2\na=rtcp-fb:96 nack\r\na=fmtp:96 useinbandfec=1\r\na=ptime:20\r\n\
        m=video 4002 RTP/AVP 18 31\r\na=fmtp:18 x\r\n\
        m=audio 0 RTP/AVP 3\r\n";
    assert_eq!(
        selected(offer, &["pcma", "OPUS"]).unwrap(),
        "v=0\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=audio 4000/2 RTP/AVP 8 96 101\r\na=rtcp-fb:* nack\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n\
        a=rtpmap:96 opus/48000/2\na=rtcp-fb:96 nack\r\na=fmtp:96 useinbandfec=1\r\na=ptime:20\r\n\
        m=video 4002 RTP/AVP 18 31\r\na=fmtp:18 x\r\n\
        m=audio 0 RTP/AVP 3\r\n"
    );
}

#[test]
fn a_stream_that_keeps_only_telephone_events_has_no_codec_left() {
    assert_eq!(selected(OFFER, &["G729"]), None);
    assert_eq!(selected(OFFER, &[]), None);
    assert!(
        selected(OFFER, &["PCMU"])
            .unwrap()
            .contains("RTP/AVP 0 101\r\n")
    );
}

#[test]
fn a_stream_without_rtp_is_left_as_it_is() {
    let fax = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=image 4000 udptl t38\r\n";
    assert_eq!(selected(fax, &["PCMA"]).as_deref(), Some(fax));
}
