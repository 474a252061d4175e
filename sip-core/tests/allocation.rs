//! Nothing on the path of a message allocates.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use sip_core::sdp::{MediaPorts, Rewrite};
use sip_core::{
    HeaderName, Limits, Message, MessageWriter, Method, Sdp, Ticket, TicketKey, Uri, owner_of,
};
use std::hint::black_box;
use std::net::SocketAddr;

const INVITE: &[u8] = include_bytes!("../testdata/field/invite.dat");
const TORTUOUS: &[u8] = include_bytes!("../testdata/rfc4475/wsinv.dat");

fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

fn read(bytes: &[u8]) {
    let message = Message::parse(bytes, &Limits::DEFAULT).unwrap();
    message.validate_request().unwrap();
    let uri = Uri::parse(message.request_uri().unwrap()).unwrap();
    black_box((
        uri.number(),
        uri.ip(),
        message.contact().unwrap(),
        message.max_forwards().unwrap(),
    ));
    black_box((
        message.vias().count(),
        message.routes().count(),
        message.headers().count(),
    ));
    black_box(owner_of(&message, &TicketKey::new([1; 16]), 4));
    black_box(
        Sdp::parse(message.sdp().unwrap())
            .unwrap()
            .audio()
            .map(|audio| audio.port),
    );
}

#[test]
fn reading_a_message_allocates_nothing() {
    assert_eq!(allocations(|| read(INVITE)), 0);
    assert_eq!(
        allocations(|| read(TORTUOUS)),
        0,
        "folds are not unfolded to be read"
    );
}

#[test]
fn refusing_a_message_allocates_nothing() {
    let cut = &INVITE[..INVITE.len() - 1];
    let refuse = || {
        let error = Message::parse(cut, &Limits::DEFAULT).unwrap_err();
        black_box((
            error.status(),
            error.reason_phrase(),
            Message::salvage(cut, &Limits::DEFAULT),
        ));
    };
    assert_eq!(allocations(refuse), 0);
}

#[test]
fn writing_into_a_warm_buffer_allocates_nothing() {
    let invite = Message::parse(INVITE, &Limits::DEFAULT).unwrap();
    let sdp = Sdp::parse(invite.sdp().unwrap()).unwrap();
    let key = TicketKey::new([1; 16]);
    let (mut out, mut body) = (Vec::with_capacity(2_048), Vec::with_capacity(2_048));
    let source: SocketAddr = "203.0.113.20:5060".parse().unwrap();
    let write = || {
        let ticket = Ticket {
            shard: 1,
            slot: 2,
            generation: 3,
            discriminator: 4,
        };
        let (tag, branch) = (key.write(ticket), key.write_branch(ticket));
        let media = [MediaPorts {
            rtp: 20_000,
            rtcp: 20_001,
        }];
        let with = Rewrite {
            address: source.ip(),
            media: &media,
            origin: None,
        };
        sdp.rewrite(&with, &mut body);
        MessageWriter::request(&mut out, Method::Invite, "sip:4420@192.0.2.80")
            .via("UDP", "198.51.100.10:5060", &branch, true)
            .address(HeaderName::From, Some("4420"), "sip:4420@h", Some(&tag))
            .header_fmt(HeaderName::Contact, format_args!("<sip:{source}>"))
            .cseq(1, Method::Invite)
            .body("application/sdp", &body);
        MessageWriter::reply_to(&mut out, &invite, source, 180, "Ringing", Some(&tag)).finish();
    };
    assert_eq!(allocations(write), 0);
}
