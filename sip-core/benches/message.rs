//! What one message costs. The INVITE has 655 bytes, eleven header fields and a body.

use criterion::{Criterion, criterion_group, criterion_main};
use sip_core::sdp::{MediaPorts, Rewrite};
use sip_core::{
    Frame, HeaderName, Limits, Message, MessageWriter, Method, Sdp, Ticket, TicketKey, Uri, frame,
    owner_of,
};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

const INVITE: &[u8] = include_bytes!("../testdata/field/invite.dat");
const OK: &[u8] = include_bytes!("../testdata/field/ok.dat");
const BYE: &[u8] = include_bytes!("../testdata/field/bye.dat");
const LIMITS: Limits = Limits::DEFAULT;

fn read(bytes: &[u8]) -> Message<'_> {
    Message::parse(bytes, &LIMITS).expect("the test message is legal")
}

fn parsing(c: &mut Criterion) {
    for (name, bytes) in [("invite", INVITE), ("ok", OK), ("bye", BYE)] {
        c.bench_function(&format!("parse/{name}"), |b| {
            b.iter(|| read(black_box(bytes)).status());
        });
    }
    let invite = read(INVITE);
    c.bench_function("typed/top_via", |b| b.iter(|| black_box(&invite).top_via()));
    c.bench_function("typed/from", |b| b.iter(|| black_box(&invite).from()));
    c.bench_function("typed/cseq", |b| b.iter(|| black_box(&invite).cseq()));
    c.bench_function("typed/validate_request", |b| {
        b.iter(|| black_box(&invite).validate_request());
    });
    let uri = "sip:+1-202-555-0199;npdi@198.51.100.10:5060;user=phone";
    c.bench_function("uri/parse", |b| b.iter(|| Uri::parse(black_box(uri))));
    let uri = Uri::parse(uri).expect("the test URI is legal");
    c.bench_function("uri/number", |b| b.iter(|| black_box(&uri).number()));
    c.bench_function("frame/invite", |b| {
        b.iter(|| match frame(black_box(INVITE), &LIMITS) {
            Frame::Complete(length) => length,
            _ => 0,
        });
    });
}

/// What a B2BUA does with an INVITE: reads it, reads the fields it needs, writes one of its own.
fn relay(invite: &[u8], branch: &str, out: &mut Vec<u8>) {
    let message = read(invite);
    let via = message.top_via().expect("legal");
    let from = message.from().expect("legal");
    let to = message.to().expect("legal");
    let cseq = message.cseq().expect("legal");
    black_box((via, to));
    let mut writer = MessageWriter::request(out, cseq.method, "sip:442079460123@192.0.2.80");
    writer
        .via("UDP", "198.51.100.10:5060", branch, true)
        .number(HeaderName::MaxForwards, 67)
        .address(
            HeaderName::From,
            Some("+12025550143"),
            from.uri,
            Some("aaaabbbbccccdddd"),
        )
        .address(HeaderName::To, None, "sip:442079460123@192.0.2.80", None)
        .header(HeaderName::CallId, "5d2f1c3e8a")
        .cseq(1, Method::Invite)
        .header(HeaderName::Contact, "<sip:198.51.100.10:5060>")
        .header(HeaderName::Allow, "INVITE, ACK, BYE, CANCEL, OPTIONS")
        .body("application/sdp", message.body());
}

fn writing(c: &mut Criterion) {
    let mut out = Vec::with_capacity(2_048);
    let source = "203.0.113.20:5060".parse().expect("legal");
    c.bench_function("relay/invite", |b| {
        b.iter(|| {
            relay(
                black_box(INVITE),
                "z9hG4bKaaaabbbbccccddddeeeeffffgggg",
                &mut out,
            )
        });
    });
    let invite = read(INVITE);
    c.bench_function("reply_to/100", |b| {
        b.iter(|| {
            let mut writer =
                MessageWriter::reply_to(&mut out, black_box(&invite), source, 100, "Trying", None);
            writer.finish();
        });
    });
    let sdp = invite.sdp().expect("there");
    let with = Rewrite {
        address: IpAddr::V4(Ipv4Addr::new(198, 51, 100, 11)),
        media: &[MediaPorts {
            rtp: 20_000,
            rtcp: 20_001,
        }],
        origin: None,
    };
    c.bench_function("sdp/parse", |b| {
        b.iter(|| Sdp::parse(black_box(sdp)).is_ok())
    });
    let sdp = Sdp::parse(sdp).expect("legal");
    c.bench_function("sdp/rewrite", |b| {
        b.iter(|| {
            out.clear();
            sdp.rewrite(black_box(&with), &mut out);
        });
    });
}

fn tickets(c: &mut Criterion) {
    let key = TicketKey::new([7; 16]);
    let ticket = Ticket {
        shard: 1,
        slot: 123_456,
        generation: 99,
        discriminator: 2,
    };
    let text = key.write(ticket);
    c.bench_function("ticket/write", |b| b.iter(|| key.write(black_box(ticket))));
    c.bench_function("ticket/read", |b| b.iter(|| key.read(black_box(&text))));
    c.bench_function("ticket/read_foreign", |b| {
        b.iter(|| key.read(black_box("as58f4201b")))
    });
    let invite = read(INVITE);
    c.bench_function("owner_of/invite", |b| {
        b.iter(|| owner_of(black_box(&invite), &key, 2))
    });
}

criterion_group!(benches, parsing, writing, tickets);
criterion_main!(benches);
