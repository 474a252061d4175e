//! What becomes of each message of RFC 4475 and RFC 5118, and of those that gateways send.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use sip_core::{
    Frame, HeaderName, Limits, Message, MessageWriter, Method, NameAddr, ParseError, Part, Problem,
    Scheme, Sdp, Uri, frame, unfold,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a switch does with a message at this layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is read, and its meaning is judged elsewhere.
    Taken,
    /// A request that is answered with this status.
    Answered(u16, Part, Problem),
    /// A request so broken that no answer can be made, or a response: dropped.
    Dropped(Part, Problem),
}

use Fate::{Answered, Dropped, Taken};

const fn header(name: HeaderName) -> Part {
    Part::Header(name)
}

/// RFC 4475 §3, in its order. Where it leaves a choice, a comment says which one is made.
const RFC4475: &[(&str, Fate)] = &[
    // §3.1.1: valid messages.
    ("wsinv", Taken),
    ("intmeth", Taken),
    ("esc01", Taken),
    ("escnull", Taken),
    ("esc02", Taken),
    ("lwsdisp", Taken),
    ("longreq", Taken),
    ("dblreq", Taken),
    ("semiuri", Taken),
    ("transports", Taken),
    ("mpart01", Taken),
    ("unreason", Taken),
    ("noreason", Taken),
    // §3.1.2: invalid messages.
    (
        "badinv01",
        Answered(400, header(HeaderName::Via), Problem::Malformed),
    ),
    ("clerr", Answered(400, Part::Body, Problem::Truncated)),
    (
        "ncl",
        Answered(400, header(HeaderName::ContentLength), Problem::Malformed),
    ),
    (
        "scalar02",
        Answered(400, header(HeaderName::CSeq), Problem::OutOfRange),
    ),
    (
        "scalarlg",
        Dropped(header(HeaderName::CSeq), Problem::OutOfRange),
    ),
    (
        "quotbal",
        Answered(400, header(HeaderName::To), Problem::Truncated),
    ),
    (
        "ltgtruri",
        Answered(400, Part::RequestUri, Problem::Malformed),
    ),
    (
        "lwsruri",
        Answered(400, Part::RequestUri, Problem::Malformed),
    ),
    (
        "lwsstart",
        Answered(400, Part::RequestUri, Problem::Malformed),
    ),
    // The trailing space may be ignored, and is.
    ("trws", Taken),
    (
        "escruri",
        Answered(400, Part::RequestUri, Problem::Malformed),
    ),
    // A date in the wrong zone may be ignored, and is: nothing here reads dates.
    ("baddate", Taken),
    (
        "regbadct",
        Answered(400, header(HeaderName::Contact), Problem::Malformed),
    ),
    // Spaces within the brackets may be repaired or refused: refused.
    (
        "badaspec",
        Answered(400, header(HeaderName::To), Problem::Malformed),
    ),
    // The archive's copy has no empty line at its end.
    ("baddn", Answered(400, Part::Message, Problem::Truncated)),
    // A display name that is no list of tokens may be repaired or refused: read as it stands.
    ("baddn-terminated", Taken),
    (
        "badvers",
        Answered(505, Part::StartLine, Problem::UnsupportedVersion),
    ),
    (
        "mismatch01",
        Answered(400, header(HeaderName::CSeq), Problem::Mismatched),
    ),
    // 501 is right as well.
    (
        "mismatch02",
        Answered(400, header(HeaderName::CSeq), Problem::Mismatched),
    ),
    ("bigcode", Dropped(Part::StartLine, Problem::OutOfRange)),
    // §3.2: the transaction layer judges the branch; here it must not pass for RFC 3261's.
    ("badbranch", Taken),
    // §3.3: the application layer.
    (
        "insuf",
        Answered(400, header(HeaderName::From), Problem::Missing),
    ),
    ("unkscm", Taken),
    ("novelsc", Taken),
    ("unksm2", Taken),
    ("bext01", Taken),
    ("invut", Taken),
    ("regaut01", Taken),
    (
        "multi01",
        Answered(400, header(HeaderName::CSeq), Problem::Repeated),
    ),
    (
        "mcl01",
        Answered(400, header(HeaderName::ContentLength), Problem::Repeated),
    ),
    // Its second Via shows that it went astray.
    ("bcast", Dropped(header(HeaderName::Via), Problem::TooMany)),
    ("zeromf", Taken),
    ("cparam01", Taken),
    ("cparam02", Taken),
    ("regescrt", Taken),
    ("sdp01", Taken),
    // §3.4: backward compatibility.
    ("inv2543", Taken),
    // In no section: an INVITE without version, Via and CSeq.
    ("test", Dropped(Part::StartLine, Problem::Malformed)),
];

const RFC5118: &[(&str, Fate)] = &[
    ("ipv6-good", Taken),
    (
        "ipv6-bad",
        Answered(400, Part::RequestUri, Problem::Malformed),
    ),
    ("port-ambiguous", Taken),
    ("port-unambiguous", Taken),
    ("via-received-param-with-delim", Taken),
    ("via-received-param-no-delim", Taken),
    // Its Content-Length promises 17 bytes that are not there.
    ("ipv6-in-sdp", Answered(400, Part::Body, Problem::Truncated)),
    ("ipv6-in-sdp-fixed", Taken),
    ("mult-ip-in-header", Taken),
    // Content-Length cuts the last line of the body, over UDP without harm.
    ("mult-ip-in-sdp", Taken),
    ("mult-ip-in-sdp-fixed", Taken),
    ("ipv4-mapped-ipv6", Taken),
    ("ipv4-mapped-ipv6-fixed", Taken),
    ("ipv6-bug-abnf-3-colons", Taken),
    ("ipv6-correct-abnf-2-colons", Taken),
];

const FIELD: &[(&str, Fate)] = &[
    ("invite", Taken),
    ("ok", Taken),
    ("bye", Taken),
    ("latin1-display", Taken),
    ("number-portability", Taken),
    ("compact", Taken),
    ("sip-i", Taken),
    ("lf-only", Taken),
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(name)
}

fn load(path: &str) -> Vec<u8> {
    std::fs::read(folder("").join(path).with_extension("dat")).unwrap()
}

fn parse(bytes: &[u8]) -> Message<'_> {
    Message::parse(bytes, &Limits::DEFAULT).unwrap()
}

fn judge(bytes: &[u8]) -> Result<(), ParseError> {
    let message = Message::parse(bytes, &Limits::DEFAULT)?;
    if message.is_request() {
        message.validate_request()
    } else {
        message.validate_response()
    }
}

fn fate(bytes: &[u8]) -> Fate {
    let Err(error) = judge(bytes) else {
        return Taken;
    };
    let mut answer = Vec::new();
    let Some(request) = Message::salvage(bytes, &Limits::DEFAULT) else {
        return Dropped(error.part, error.problem);
    };
    let source = "192.0.2.250:5099".parse().unwrap();
    let reason = error.reason_phrase();
    MessageWriter::reply_to(
        &mut answer,
        &request,
        source,
        error.status(),
        &reason,
        Some("ours"),
    )
    .finish();
    let answer = parse(&answer);
    assert_eq!(
        answer.raw_header(HeaderName::CSeq),
        request.raw_header(HeaderName::CSeq)
    );
    Answered(answer.status().unwrap(), error.part, error.problem)
}

#[test]
fn every_message_meets_its_fate() {
    for (name, table) in [("rfc4475", RFC4475), ("rfc5118", RFC5118), ("field", FIELD)] {
        let files: BTreeSet<_> = std::fs::read_dir(folder(name))
            .unwrap()
            .map(|entry| {
                entry
                    .unwrap()
                    .path()
                    .file_stem()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        let known: BTreeSet<_> = table.iter().map(|(file, _)| (*file).to_owned()).collect();
        assert_eq!(
            files, known,
            "{name}: the table must say what becomes of each file"
        );
        for (file, expected) in table {
            assert_eq!(
                fate(&load(&format!("{name}/{file}"))),
                *expected,
                "{name}/{file}"
            );
        }
    }
}

#[test]
fn wsinv_is_read_through_its_white_space() {
    let bytes = load("rfc4475/wsinv");
    let invite = parse(&bytes);
    assert_eq!(invite.method(), Some(Method::Invite));
    assert_eq!(
        invite.request_uri(),
        Some("sip:vivekg@chair-dnrc.example.com;unknownparam")
    );
    let (to, from) = (invite.to().unwrap(), invite.from().unwrap());
    assert_eq!(
        (to.uri, to.tag()),
        ("sip:vivekg@chair-dnrc.example.com", Some("1918181833n"))
    );
    assert_eq!(
        (from.uri, from.tag()),
        ("sip:jdrosen@example.com", Some("98asjd8"))
    );
    assert_eq!(from.display(), "J Rosenberg \\\"");
    assert_eq!(invite.max_forwards().unwrap(), Some(68));
    assert_eq!(invite.cseq().unwrap().number, 9);
    assert_eq!(invite.header(HeaderName::Subject), Some(""));
    let folded = invite.header_named("newfangledheader").unwrap();
    assert_eq!(
        unfold(std::str::from_utf8(folded).unwrap()),
        "newfangled value continued newfangled value"
    );
    let hosts: Vec<_> = invite.vias().map(|via| via.unwrap()).collect();
    let hosts: Vec<_> = hosts
        .iter()
        .map(|via| (via.transport, via.host, via.branch))
        .collect();
    assert_eq!(
        hosts,
        [
            ("UDP", "192.0.2.2", Some("390skdjuw")),
            ("TCP", "spindle.example.com", Some("z9hG4bK9ikj8")),
            ("UDP", "192.168.255.111", Some("z9hG4bK30239")),
        ]
    );
    let contact = invite.contact().unwrap().unwrap();
    assert_eq!(contact.display(), "Quoted string \"\"");
    assert_eq!(contact.params.get("newparam"), Some("newvalue"));
    assert_eq!(contact.params.get("q"), Some("0.33"));
    let route = invite
        .routes()
        .next()
        .unwrap()
        .unwrap()
        .parse_uri()
        .unwrap();
    assert!(route.is_loose_router());
    assert_eq!(Sdp::parse(invite.sdp().unwrap()).unwrap().media().len(), 2);
}

#[test]
fn intmeth_keeps_every_legal_character() {
    let bytes = load("rfc4475/intmeth");
    let request = parse(&bytes);
    let method = request.method().unwrap();
    assert_eq!(
        method,
        Method::Other("!interesting-Method0123456789_*+`.%indeed'~")
    );
    assert_eq!(request.cseq().unwrap().method, method);
    assert_eq!(
        request.to().unwrap().display(),
        "BEL:\u{7} NUL:\0 DEL:\u{7f}"
    );
    assert_eq!(request.from().unwrap().tag(), Some("_token~1'+`*%!-."));
    assert_eq!(
        request.call_id().unwrap(),
        "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
    );
    assert_eq!(request.max_forwards().unwrap(), Some(255));
    let uri = Uri::parse(request.request_uri().unwrap()).unwrap();
    assert_eq!(uri.host, "example.com");
    assert_eq!(
        uri.user,
        Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*")
    );
}

#[test]
fn escapes_are_kept_and_never_change_a_name() {
    let bytes = load("rfc4475/esc01");
    let contact = parse(&bytes).contact().unwrap().unwrap();
    assert_eq!(
        contact.uri,
        "sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31"
    );
    let bytes = load("rfc4475/esc02");
    let request = parse(&bytes);
    assert_eq!(request.method(), Some(Method::Other("RE%47IST%45R")));
    let contacts: Vec<_> = request
        .contacts()
        .map(|contact| contact.unwrap().uri)
        .collect();
    assert_eq!(
        contacts,
        [
            "sip:alias1@host1.example.com",
            "sip:alias3@host3.example.com"
        ]
    );
}

#[test]
fn dblreq_is_one_request_in_a_datagram_and_two_in_a_stream() {
    let bytes = load("rfc4475/dblreq");
    let request = parse(&bytes);
    assert_eq!(
        (request.method(), request.body()),
        (Some(Method::Register), b"".as_slice())
    );
    let Frame::Complete(length) = frame(&bytes, &Limits::DEFAULT) else {
        panic!("one message")
    };
    let rest = &bytes[length..];
    assert_eq!(frame(rest, &Limits::DEFAULT), Frame::Blank(2));
    let Frame::Complete(second) = frame(&rest[2..], &Limits::DEFAULT) else {
        panic!("another")
    };
    assert_eq!(parse(&rest[2..2 + second]).method(), Some(Method::Invite));
}

#[test]
fn multipart_bodies_give_up_the_part_that_is_asked_for() {
    let bytes = load("rfc4475/mpart01");
    let message = parse(&bytes);
    assert_eq!(message.body().len(), 553);
    assert_eq!(
        message.body_of_type("text/plain"),
        Some(b"Hello".as_slice())
    );
    assert!(
        message
            .body_of_type("application/octet-stream")
            .unwrap()
            .starts_with(b"0\x82")
    );
    assert_eq!(message.sdp(), None);

    let bytes = load("field/sip-i");
    let invite = parse(&bytes);
    assert_eq!(
        Sdp::parse(invite.sdp().unwrap())
            .unwrap()
            .audio()
            .unwrap()
            .port,
        31842
    );
    assert_eq!(
        invite.body_of_type("application/isup").unwrap()[..3],
        [1, 0, 0x48]
    );
}

#[test]
fn reason_phrases_may_be_anything_or_nothing() {
    use sip_core::StartLine::Response;
    let bytes = load("rfc4475/unreason");
    let Response {
        status: 200,
        reason,
    } = parse(&bytes).start()
    else {
        panic!("a 200")
    };
    assert!(reason.starts_with("= 2**3 * 5**2 но сто"));
    let bytes = load("rfc4475/noreason");
    assert_eq!(
        parse(&bytes).start(),
        Response {
            status: 100,
            reason: ""
        }
    );
}

#[test]
fn schemes_that_we_do_not_know_are_told_apart() {
    for (file, scheme) in [
        ("unkscm", "nobodyKnowsThisScheme"),
        ("novelsc", "soap.beep"),
    ] {
        let bytes = load(&format!("rfc4475/{file}"));
        let uri = Uri::parse(parse(&bytes).request_uri().unwrap()).unwrap();
        assert_eq!(uri.scheme, Scheme::Other(scheme));
    }
    let bytes = load("rfc4475/unksm2");
    assert_eq!(parse(&bytes).to().unwrap().uri, "isbn:2983792873");
}

#[test]
fn parameters_belong_to_the_header_without_brackets_and_to_the_uri_within() {
    let contact_of = |file: &str, check: &dyn Fn(NameAddr<'_>)| {
        check(parse(&load(file)).contact().unwrap().unwrap());
    };
    contact_of("rfc4475/cparam01", &|contact| {
        assert!(contact.params.has("unknownparam"))
    });
    contact_of("rfc4475/cparam02", &|contact| {
        assert!(!contact.params.has("unknownparam"));
        assert!(contact.parse_uri().unwrap().params.has("unknownparam"));
    });
    contact_of("rfc4475/regescrt", &|contact| {
        assert_eq!(
            contact.parse_uri().unwrap().headers,
            "Route=%3Csip:sip.example.com%3E"
        );
    });
}

#[test]
fn a_branch_that_is_only_the_cookie_identifies_nothing() {
    let bytes = load("rfc4475/badbranch");
    assert!(!parse(&bytes).top_via().unwrap().has_magic_cookie());
    let bytes = load("rfc4475/zeromf");
    let request = parse(&bytes);
    assert!(request.top_via().unwrap().has_magic_cookie());
    assert_eq!(request.max_forwards().unwrap(), Some(0));
}

#[test]
fn ipv6_ports_stand_outside_the_brackets() {
    let uri_of = |file: &str| {
        let bytes = load(file);
        let uri = parse(&bytes).request_uri().unwrap().to_owned();
        let uri = Uri::parse(&uri).unwrap();
        (uri.ip().unwrap().to_string(), uri.port)
    };
    assert_eq!(
        uri_of("rfc5118/port-ambiguous"),
        ("2001:db8::10:5070".to_owned(), None)
    );
    assert_eq!(
        uri_of("rfc5118/port-unambiguous"),
        ("2001:db8::10".to_owned(), Some(5070))
    );
    assert_eq!(
        uri_of("rfc5118/ipv6-bug-abnf-3-colons"),
        uri_of("rfc5118/ipv6-correct-abnf-2-colons")
    );
}

#[test]
fn received_is_the_same_address_with_and_without_brackets() {
    for file in [
        "via-received-param-with-delim",
        "via-received-param-no-delim",
    ] {
        let bytes = load(&format!("rfc5118/{file}"));
        assert_eq!(
            parse(&bytes).top_via().unwrap().received,
            Some("2001:db8::9:255"),
            "{file}"
        );
    }
}

#[test]
fn each_stream_has_the_address_of_its_own_family() {
    let bytes = load("rfc5118/mult-ip-in-sdp-fixed");
    let message = parse(&bytes);
    let sdp = Sdp::parse(message.sdp().unwrap()).unwrap();
    let addresses: Vec<_> = sdp
        .media()
        .iter()
        .map(|m| m.rtp_address().unwrap())
        .collect();
    assert_eq!(addresses[0], "192.0.2.1:22334".parse().unwrap());
    assert_eq!(addresses[1], "[2001:db8::1]:6024".parse().unwrap());
}

#[test]
fn what_gateways_send_is_understood() {
    let bytes = load("field/latin1-display");
    let from = parse(&bytes).from().unwrap();
    assert_eq!(
        (from.tag(), from.raw_display()),
        (Some("gK0c2f31"), b"\"J\xfcrgen\"".as_slice())
    );

    let bytes = load("field/number-portability");
    let invite = parse(&bytes);
    let uri = Uri::parse(invite.request_uri().unwrap()).unwrap();
    assert_eq!(uri.number().unwrap().as_str(), "+12025550199");
    assert_eq!(uri.number_param("rn"), Some("+12025550000"));
    let identities: Vec<_> = invite
        .addresses(HeaderName::PAssertedIdentity)
        .map(|a| a.unwrap().uri)
        .collect();
    assert_eq!(
        identities,
        ["sip:+12025550143@203.0.113.20", "tel:+12025550143"]
    );

    let bytes = load("field/compact");
    let invite = parse(&bytes);
    assert_eq!(
        invite.header(HeaderName::SessionExpires),
        Some("1800;refresher=uac")
    );
    assert_eq!(
        invite
            .header_values(HeaderName::Supported)
            .collect::<Vec<_>>(),
        ["timer", "100rel"]
    );
    assert_eq!(invite.content_type(), Some("application/sdp"));

    let bytes = load("field/bye");
    assert_eq!(parse(&bytes).q850_cause(), Some(16));
    let bytes = load("field/lf-only");
    assert_eq!(parse(&bytes).sdp().map(<[u8]>::len), Some(155));
}
