//! Reading messages: what is tolerated, what is refused, and what never panics.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use sip_core::{
    HeaderName, Limits, Message, Method, ParseError, Part, Problem, ReasonProtocol, Rport,
};

const HEAD: &str = "OPTIONS sip:a@198.51.100.1 SIP/2.0\r\n\
    Via: SIP/2.0/UDP 203.0.113.5;branch=z9hG4bK1\r\n\
    From: <sip:b@203.0.113.5>;tag=1\r\n\
    To: <sip:a@198.51.100.1>\r\n\
    Call-ID: c1\r\n\
    CSeq: 1 OPTIONS\r\n";

fn read(text: &str) -> Result<Message<'_>, ParseError> {
    Message::parse(text.as_bytes(), &Limits::DEFAULT)
}

fn with(lines: &str) -> String {
    format!("{HEAD}{lines}\r\n")
}

fn refusal(text: &str) -> (Part, Problem) {
    let error = read(text)
        .and_then(|message| message.validate_request())
        .unwrap_err();
    (error.part, error.problem)
}

#[test]
fn the_body_is_as_long_as_content_length_says() {
    let text = with("Content-Length: 4\r\n") + "bodyrest";
    assert_eq!(read(&text).unwrap().body(), b"body");
    assert_eq!(
        read(&(with("") + "all of it")).unwrap().body(),
        b"all of it"
    );
    let short = with("l: 9\r\n") + "body";
    assert_eq!(refusal(&short), (Part::Body, Problem::Truncated));
}

#[test]
fn two_content_lengths_are_refused_even_when_they_agree() {
    let repeated = (Part::Header(HeaderName::ContentLength), Problem::Repeated);
    assert_eq!(
        refusal(&with("Content-Length: 0\r\nContent-Length: 0\r\n")),
        repeated
    );
    assert_eq!(refusal(&with("Content-Length: 0\r\nl: 3\r\n")), repeated);
}

#[test]
fn content_length_must_be_a_number() {
    for (value, problem) in [
        ("", Problem::Malformed),
        ("+1", Problem::Malformed),
        ("1 ", Problem::Truncated),
        ("0x1", Problem::Malformed),
        ("1, 1", Problem::Malformed),
        ("4294967296", Problem::OutOfRange),
    ] {
        let text = with(&format!("Content-Length: {value}\r\n"));
        assert_eq!(refusal(&text).1, problem, "{value}");
    }
}

#[test]
fn single_fields_may_not_repeat() {
    for name in [
        "From",
        "t",
        "Call-ID",
        "CSeq",
        "Max-Forwards",
        "Content-Type",
    ] {
        let line = |value: &str| format!("{name}: {value}\r\n");
        let text = with(&(line("70") + &line("70")));
        assert_eq!(refusal(&text).1, Problem::Repeated, "{name}");
    }
}

#[test]
fn mandatory_fields_must_be_there() {
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        let text: String = with("")
            .split_inclusive("\r\n")
            .filter(|line| !line.starts_with(&format!("{name}:")))
            .collect();
        let name = HeaderName::from_token(name.as_bytes());
        assert_eq!(refusal(&text), (Part::Header(name), Problem::Missing));
    }
    read(&with("")).unwrap().validate_request().unwrap();
}

#[test]
fn the_reason_phrase_names_what_is_wrong() {
    let text = with("").replace("CSeq: 1 OPTIONS", "CSeq: 1 INVITE");
    let error = read(&text).unwrap().validate_request().unwrap_err();
    assert_eq!(
        (error.status(), error.reason_phrase().as_str()),
        (400, "Mismatched CSeq header")
    );
    let error = read("INVITE sip:a@b SIP/3.0\r\n\r\n").unwrap_err();
    assert_eq!(error.status(), 505);
    assert_eq!(
        error.reason_phrase().as_str(),
        "Unsupported SIP version in start line"
    );
    let text = with("").replace("Call-ID: c1\r\n", "");
    let error = read(&text).unwrap().validate_request().unwrap_err();
    assert_eq!(error.reason_phrase().as_str(), "Missing Call-ID header");
}

#[test]
fn limits_are_refused_with_their_own_words() {
    let limits = Limits {
        message_bytes: 400,
        header_fields: 10,
        header_value_bytes: 60,
    };
    let judge = |text: &str| {
        let error = Message::parse(text.as_bytes(), &limits)
            .map(|_| ())
            .unwrap_err();
        (error.status(), error.part, error.problem)
    };
    let large = with("") + &"x".repeat(400);
    assert_eq!(judge(&large), (513, Part::Message, Problem::TooLong));
    let many = with(&"A: b\r\n".repeat(6));
    assert_eq!(judge(&many), (400, Part::HeaderLine, Problem::TooMany));
    let long = with(&format!("Subject: {}\r\n", "x".repeat(61)));
    assert_eq!(
        judge(&long),
        (400, Part::Header(HeaderName::Subject), Problem::TooLong)
    );

    assert!(read(&with(&"A: b\r\n".repeat(124))).is_err());
    assert_eq!(
        read(&with(&"A: b\r\n".repeat(123)))
            .unwrap()
            .headers()
            .count(),
        128
    );
    let table_is_full = Limits {
        header_fields: 255,
        ..Limits::DEFAULT
    };
    let text = with(&"A: b\r\n".repeat(124));
    assert!(Message::parse(text.as_bytes(), &table_is_full).is_err());
}

#[test]
fn lines_that_are_no_header_fields_are_refused() {
    for line in [
        "no colon",
        ": no name",
        "two words: x",
        "na(me: x",
        "\u{e9}: x",
    ] {
        let text = with(&format!("{line}\r\n"));
        assert_eq!(
            refusal(&text),
            (Part::HeaderLine, Problem::Malformed),
            "{line}"
        );
    }
}

#[test]
fn a_message_that_ends_early_is_truncated() {
    let text = with("");
    for cut in 1..text.len() {
        let error = read(&text[..cut]).unwrap_err();
        assert!(
            matches!(error.problem, Problem::Truncated | Problem::Malformed),
            "{cut}"
        );
    }
    assert_eq!(refusal(""), (Part::Message, Problem::Truncated));
    assert_eq!(refusal("\r\n\r\n"), (Part::Message, Problem::Truncated));
}

#[test]
fn empty_lines_before_the_start_line_are_skipped() {
    let text = format!("\r\n\r\n{}", with(""));
    let message = read(&text).unwrap();
    assert_eq!(message.method(), Some(Method::Options));
    assert_eq!(message.as_bytes(), with("").as_bytes());
}

#[test]
fn values_are_bytes_and_text_only_when_they_are_text() {
    let mut bytes = HEAD.as_bytes().to_vec();
    bytes.extend_from_slice(b"X-Latin: caf\xe9\r\nSubject: \xff\r\n\r\n");
    let message = Message::parse(&bytes, &Limits::DEFAULT).unwrap();
    message.validate_request().unwrap();
    assert_eq!(message.header_named("x-latin"), Some(b"caf\xe9".as_slice()));
    assert_eq!(message.header(HeaderName::Subject), None);
    assert_eq!(
        message.raw_header(HeaderName::Subject),
        Some(b"\xff".as_slice())
    );
    let latin = message
        .headers()
        .find(|field| field.raw_name == "X-Latin")
        .unwrap();
    assert_eq!(latin.text(), "caf\u{fffd}");
}

#[test]
fn mandatory_fields_must_be_text() {
    let mut bytes = with("").into_bytes();
    let at = bytes.windows(2).position(|two| two == b"c1").unwrap();
    bytes[at] = 0xff;
    let message = Message::parse(&bytes, &Limits::DEFAULT).unwrap();
    assert_eq!(
        message.validate_request().unwrap_err().problem,
        Problem::NotUtf8
    );
}

#[test]
fn lists_span_commas_and_fields() {
    let text = with("Allow: INVITE , ACK\r\nallow:BYE\r\nSubject: a, b\r\nAllow: \r\n");
    let message = read(&text).unwrap();
    let methods: Vec<_> = message.header_values(HeaderName::Allow).collect();
    assert_eq!(methods, ["INVITE", "ACK", "BYE", ""]);
    assert_eq!(
        message
            .header_values(HeaderName::Subject)
            .collect::<Vec<_>>(),
        ["a, b"]
    );
    assert_eq!(message.header_values(HeaderName::Route).count(), 0);
}

#[test]
fn routes_keep_their_order_over_several_fields() {
    let text = with("Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\nRecord-Route: <sip:p3>\r\n");
    let message = read(&text).unwrap();
    let uris: Vec<_> = message
        .record_routes()
        .map(|route| route.unwrap().uri)
        .collect();
    assert_eq!(uris, ["sip:p1;lr", "sip:p2;lr", "sip:p3"]);
    assert!(message.routes().next().is_none());
    let broken = with("Route: <sip:p1;lr>, p2\r\n");
    assert!(read(&broken).unwrap().routes().nth(1).unwrap().is_err());
}

#[test]
fn numbers_have_their_ranges() {
    let max_forwards = |value: &str| {
        let text = with(&format!("Max-Forwards: {value}\r\n"));
        read(&text).unwrap().max_forwards()
    };
    assert_eq!(max_forwards("070").unwrap(), Some(70));
    assert_eq!(
        max_forwards("256").unwrap_err().problem,
        Problem::OutOfRange
    );
    assert_eq!(max_forwards("-1").unwrap_err().problem, Problem::Malformed);
    assert_eq!(read(&with("")).unwrap().max_forwards().unwrap(), None);
    let text = with("Expires: 99999999999\r\n");
    assert!(read(&text).unwrap().number(HeaderName::Expires).is_err());
}

#[test]
fn reasons_are_found_among_others() {
    let text = with("Reason: SIP;cause=200;text=\"Call, completed elsewhere\", Q.850;cause=16\r\n");
    let message = read(&text).unwrap();
    let reasons: Vec<_> = message.reasons().map(|r| (r.protocol, r.cause)).collect();
    assert_eq!(
        reasons,
        [
            (ReasonProtocol::Sip, Some(200)),
            (ReasonProtocol::Q850, Some(16))
        ]
    );
    assert_eq!(message.q850_cause(), Some(16));
    assert_eq!(
        read(&with("Reason: Q.850;cause=300\r\n"))
            .unwrap()
            .q850_cause(),
        None
    );
}

#[test]
fn the_request_uri_must_be_one_without_headers() {
    for uri in [
        "sip:",
        "sip:a@",
        "noscheme",
        "sip:a@b?Subject=x",
        "sip:a@2001:db8::1",
    ] {
        let text = with("").replace("sip:a@198.51.100.1 SIP", &format!("{uri} SIP"));
        assert_eq!(
            refusal(&text),
            (Part::RequestUri, Problem::Malformed),
            "{uri}"
        );
    }
    let text = with("").replace("sip:a@198.51.100.1 SIP", "tel:+4420 SIP");
    read(&text).unwrap().validate_request().unwrap();
}

#[test]
fn a_request_is_no_response_and_a_response_no_request() {
    let request = with("");
    let response = request.replace("OPTIONS sip:a@198.51.100.1 SIP/2.0", "SIP/2.0 200 OK");
    let response = read(&response).unwrap();
    assert_eq!(
        (response.status(), response.is_request()),
        (Some(200), false)
    );
    response.validate_response().unwrap();
    assert!(response.validate_request().is_err());
    assert!(read(&request).unwrap().validate_response().is_err());
}

#[test]
fn a_broken_request_is_salvaged_when_it_can_be_answered() {
    let salvage = |text: &str| Message::salvage(text.as_bytes(), &Limits::DEFAULT).is_some();
    let text = with("Content-Length: 99\r\n");
    assert!(read(&text).is_err() && salvage(&text));
    assert!(salvage(&with("rubbish\r\n")));
    assert!(salvage(&with("").replace("OPTIONS sip", "OPTIONS  sip")));
    assert!(salvage(HEAD));
    assert!(!salvage(&with("").replace("OPTIONS", "ACK")));
    assert!(!salvage(&with("").replace("Via:", "Vai:")));
    assert!(!salvage("GET / HTTP/1.1\r\nVia: x\r\n\r\n"));
    assert!(!salvage(&with("").replace(
        "OPTIONS sip:a@198.51.100.1 SIP/2.0",
        "SIP/2.0 2000 OK"
    )));
}

#[test]
fn via_tells_where_to_answer() {
    let text = with("").replace(
        "203.0.113.5;",
        "gw.example:5070;rport=4000;received=192.0.2.7;",
    );
    let message = read(&text).unwrap();
    let via = message.top_via().unwrap();
    assert_eq!((via.host, via.port), ("gw.example", Some(5070)));
    assert_eq!(
        (via.received, via.rport),
        (Some("192.0.2.7"), Rport::Port(4000))
    );
}

#[test]
fn what_is_read_ahead_is_what_is_read_when_asked_for() {
    let good = with("");
    let texts = [
        good.clone(),
        good.replace("Via:", "Vai:"),
        good.replace("203.0.113.5;", "203.0.113.5;;"),
        good.replace("From:", "From: >"),
        good.replace("To:", "Two:"),
    ];
    for text in texts {
        let plain = read(&text).unwrap();
        let mut ahead = plain.clone();
        ahead.read_ahead();
        assert_eq!(plain.top_via(), ahead.top_via(), "{text}");
        assert_eq!(plain.from(), ahead.from(), "{text}");
        assert_eq!(plain.to(), ahead.to(), "{text}");
    }
}
