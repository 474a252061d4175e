#![allow(clippy::unwrap_used, reason = "a panic is the failure")]

use super::*;
use crate::limits::Limits;

fn parse(text: &str) -> Message<'_> {
    Message::parse(text.as_bytes(), &Limits::DEFAULT).unwrap()
}

fn message(start: &str, cseq: &str, rest: &str) -> String {
    format!(
        "{start}\r\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\n\
         From: \"Älice\" <sip:alice@a.example>;tag=a\r\nCall-ID: call\r\nCSeq: {cseq}\r\n\
         {rest}Content-Length: 0\r\n\r\n"
    )
}

fn invite(rest: &str) -> String {
    let rest = format!("To: <sip:bob@b.example>\r\n{rest}");
    message("INVITE sip:bob@b.example SIP/2.0", "10 INVITE", &rest)
}

fn written(dialog: &Dialog, method: Method<'_>, cseq: u32) -> String {
    let mut out = Vec::new();
    dialog
        .write_request(&mut out, method, cseq, |_| {})
        .finish();
    String::from_utf8(out).unwrap()
}

fn uac() -> Dialog {
    let mut dialog = Dialog::uac(
        Arc::from("call"),
        b"<sip:us@u.example>;tag=us".to_vec(),
        b"<sip:bob@b.example>".to_vec(),
        "sip:bob@192.0.2.1".to_owned(),
    );
    dialog.next_cseq();
    dialog
}

#[test]
fn a_uas_speaks_from_the_to_and_to_the_from_of_the_invite() {
    let text = invite("Contact: <sip:alice@192.0.2.7:5070>\r\n");
    let mut dialog = Dialog::uas(&parse(&text), "us").unwrap();
    let cseq = dialog.next_cseq();
    assert_eq!(
        written(&dialog, Method::Bye, cseq),
        "BYE sip:alice@192.0.2.7:5070 SIP/2.0\r\nFrom: <sip:bob@b.example>;tag=us\r\n\
         To: \"Älice\" <sip:alice@a.example>;tag=a\r\nCall-ID: call\r\nCSeq: 1 BYE\r\n\
         Content-Length: 0\r\n\r\n"
    );
    assert_eq!(dialog.next_hop(), "sip:alice@192.0.2.7:5070");
}

#[test]
fn a_uas_keeps_the_record_route_in_order_and_a_uac_reverses_it() {
    let routes = "Record-Route: <sip:p2;lr>, <sip:p1;lr>\r\nContact: <sip:x@192.0.2.7>\r\n";
    let dialog = Dialog::uas(&parse(&invite(routes)), "us").unwrap();
    let request = written(&dialog, Method::Bye, 1);
    assert!(request.contains("Route: <sip:p2;lr>\r\nRoute: <sip:p1;lr>\r\n"));
    assert_eq!(dialog.next_hop(), "sip:p2;lr");

    let mut dialog = uac();
    let rest = format!("To: <sip:bob@b.example>;tag=b\r\n{routes}");
    dialog
        .establish(&parse(&message("SIP/2.0 200 OK", "1 INVITE", &rest)))
        .unwrap();
    let request = written(&dialog, Method::Ack, 1);
    assert!(request.starts_with("ACK sip:x@192.0.2.7 SIP/2.0\r\n"));
    assert!(request.contains("Route: <sip:p1;lr>\r\nRoute: <sip:p2;lr>\r\n"));
    assert!(request.contains("To: <sip:bob@b.example>;tag=b\r\n"));
}

#[test]
fn a_strict_router_gets_itself_as_request_uri() {
    let text = invite("Record-Route: <sip:old>, <sip:p1;lr>\r\nContact: <sip:x@192.0.2.7>\r\n");
    let dialog = Dialog::uas(&parse(&text), "us").unwrap();
    let request = written(&dialog, Method::Bye, 1);
    assert!(request.starts_with("BYE sip:old SIP/2.0\r\n"));
    assert!(request.contains("Route: <sip:p1;lr>\r\nRoute: <sip:x@192.0.2.7>\r\n"));
}

#[test]
fn a_request_must_be_of_the_dialog_and_in_order() {
    let mut dialog = Dialog::uas(&parse(&invite("")), "us").unwrap();
    let next = |cseq: &str, tag: &str| {
        message(
            "BYE sip:us SIP/2.0",
            cseq,
            "To: <sip:bob@b.example>;tag=us\r\n",
        )
        .replace("tag=a", tag)
    };
    let mut check = |text: String| dialog.accept(&parse(&text));
    assert_eq!(check(next("11 BYE", "tag=a")), Ok(()));
    assert_eq!(check(next("11 BYE", "tag=a")), Err(DialogError::OutOfOrder));
    assert_eq!(check(next("9 BYE", "tag=a")), Err(DialogError::OutOfOrder));
    assert_eq!(
        check(next("12 BYE", "tag=mallory")),
        Err(DialogError::NoMatch)
    );
    let foreign = next("12 BYE", "tag=a").replace("Call-ID: call", "Call-ID: other");
    assert_eq!(check(foreign), Err(DialogError::NoMatch));
    assert_eq!(check(next("40 BYE", "tag=a")), Ok(()), "numbers may jump");
}

#[test]
fn the_last_fork_is_the_dialog_and_an_answer_decides() {
    let mut dialog = uac();
    let mut response = |status: &str, tag: &str, contact: &str| {
        let rest = format!("To: <sip:b>;tag={tag}\r\nContact: <{contact}>\r\n");
        dialog
            .establish(&parse(&message(status, "1 INVITE", &rest)))
            .unwrap();
        (dialog.remote_tag().to_owned(), dialog.target().to_owned())
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(response("SIP/2.0 180 R", "x", "sip:1"), pair("x", "sip:1"));
    assert_eq!(response("SIP/2.0 180 R", "y", "sip:2"), pair("y", "sip:2"));
    assert_eq!(response("SIP/2.0 200 OK", "x", "sip:3"), pair("x", "sip:3"));
}

#[test]
fn an_answer_alone_is_enough_to_end_its_dialog() {
    let rest = "To: <sip:bob@b.example>;tag=b\r\nContact: <sip:x@192.0.2.7>\r\n";
    let answer = message("SIP/2.0 200 OK", "3 INVITE", rest);
    let mut dialog = Dialog::of_answer(&parse(&answer)).unwrap();
    assert_eq!(dialog.next_cseq(), 4);
    let bye = written(&dialog, Method::Bye, 4);
    assert!(bye.starts_with("BYE sip:x@192.0.2.7 SIP/2.0\r\n"));
    assert!(bye.contains("From: \"Älice\" <sip:alice@a.example>;tag=a\r\n"));
    assert!(bye.contains("To: <sip:bob@b.example>;tag=b\r\n"));
}

#[test]
fn a_route_set_without_end_is_refused() {
    let routes = "Record-Route: <sip:p;lr>\r\n".repeat(MAX_ROUTES + 1);
    let text = invite(&routes);
    let refused = Dialog::uas(&parse(&text), "us").err();
    assert_eq!(refused, Some(DialogError::TooManyRoutes));
}
