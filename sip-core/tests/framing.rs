//! Cutting a stream into messages.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use sip_core::{Frame, HeaderName, Limits, Message, Part, Problem, frame};

const FIRST: &[u8] = b"MESSAGE sip:a@b SIP/2.0\r\nl: 5\r\nVia: SIP/2.0/TCP c\r\n\r\nhello";
const SECOND: &[u8] = b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n";

fn look(bytes: &[u8]) -> Frame {
    frame(bytes, &Limits::DEFAULT)
}

fn error_of(bytes: &[u8]) -> (Part, Problem) {
    let Frame::Error(error) = look(bytes) else {
        panic!("{:?}", look(bytes))
    };
    (error.part, error.problem)
}

#[test]
fn a_message_is_whole_at_its_last_byte_and_not_before() {
    for cut in 0..FIRST.len() {
        assert_eq!(look(&FIRST[..cut]), Frame::NeedMore, "{cut}");
    }
    assert_eq!(look(FIRST), Frame::Complete(FIRST.len()));
    let two = [FIRST, SECOND].concat();
    assert_eq!(look(&two), Frame::Complete(FIRST.len()));
    assert_eq!(look(&two[FIRST.len()..]), Frame::Complete(SECOND.len()));
}

#[test]
fn a_stream_cut_anywhere_gives_the_same_messages() {
    let stream = [FIRST, b"\r\n\r\n", SECOND, b"\r\n", FIRST].concat();
    for chunk in 1..stream.len() {
        let (mut buffer, mut messages, mut pings) = (Vec::new(), 0, 0);
        for bytes in stream.chunks(chunk) {
            buffer.extend_from_slice(bytes);
            loop {
                let taken = match look(&buffer) {
                    Frame::Complete(length) => {
                        Message::parse(&buffer[..length], &Limits::DEFAULT).unwrap();
                        messages += 1;
                        length
                    }
                    Frame::Ping(length) => {
                        pings += 1;
                        length
                    }
                    Frame::Blank(length) => length,
                    Frame::NeedMore => break,
                    Frame::Error(error) => panic!("{error}"),
                };
                buffer.drain(..taken);
            }
        }
        assert_eq!(
            (messages, pings, buffer.len()),
            (3, 1, 0),
            "chunks of {chunk}"
        );
    }
}

#[test]
fn keep_alives_are_told_from_stray_line_ends() {
    assert_eq!(look(b""), Frame::NeedMore);
    assert_eq!(look(b"\r"), Frame::NeedMore);
    assert_eq!(look(b"\r\n"), Frame::NeedMore);
    assert_eq!(look(b"\r\n\r\n"), Frame::Ping(4));
    assert_eq!(look(b"\r\n\r\n\r\n"), Frame::Ping(4));
    assert_eq!(look(b"\r\nSIP/2.0"), Frame::Blank(2));
    // One line at a time: whether a ping follows does not depend on how much is there.
    assert_eq!(look(b"\n\nSIP/2.0"), Frame::Blank(1));
    assert_eq!(look(b"\n\r\n\r\n"), Frame::Blank(1));
}

#[test]
fn a_stream_needs_content_length() {
    let length = Part::Header(HeaderName::ContentLength);
    assert_eq!(
        error_of(b"SIP/2.0 200 OK\r\nVia: x\r\n\r\n"),
        (length, Problem::Missing)
    );
    assert_eq!(
        error_of(b"SIP/2.0 200 OK\r\nl: 0\r\nl: 0\r\n\r\n"),
        (length, Problem::Repeated)
    );
    assert_eq!(
        error_of(b"SIP/2.0 200 OK\r\nl: -1\r\n\r\n"),
        (length, Problem::Malformed)
    );
}

#[test]
fn what_cannot_become_a_message_is_refused_early() {
    assert_eq!(
        error_of(b"SIP/2.0 200 OK\r\nContent-Length: 65535\r\n\r\n"),
        (Part::Message, Problem::TooLong)
    );
    let endless = vec![b'a'; usize::from(u16::MAX)];
    assert_eq!(error_of(&endless), (Part::Message, Problem::TooLong));
    assert_eq!(error_of(b"GET / HTTP/1.1\r\n\r\n").0, Part::StartLine);
}

#[test]
fn a_message_of_the_rfcs_is_cut_from_its_stream_the_same_at_every_byte() {
    let testdata = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    for folder in ["rfc4475", "rfc5118"] {
        for file in std::fs::read_dir(testdata.join(folder)).unwrap() {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let whole = look(&bytes);
            for cut in 0..bytes.len() {
                // A part is never more than the whole; what is broken may show before its end.
                let part = look(&bytes[..cut]);
                let is_fine = match (part, whole) {
                    (Frame::NeedMore, _) => true,
                    (Frame::Complete(length), whole) => whole == Frame::Complete(length),
                    (Frame::Error(_), whole) => matches!(whole, Frame::Error(_)),
                    (part, whole) => part == whole,
                };
                assert!(
                    is_fine,
                    "{} cut at {cut}: {part:?} of {whole:?}",
                    path.display()
                );
            }
        }
    }
}
