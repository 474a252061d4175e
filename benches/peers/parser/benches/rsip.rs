//! The same messages through this crate and through `rsip`: reading, and reading four fields and
//! writing the message again. Each does what its own documentation shows.

use criterion::{Criterion, criterion_group, criterion_main};
use rsip::headers::untyped::ToTypedHeader;
use rsip::message::HeadersExt;
use sip_core::{HeaderName, Limits, Message, MessageWriter};
use std::hint::black_box;

const MESSAGES: [(&str, &[u8]); 3] = [
    ("invite", include_bytes!("../../../../sip-core/testdata/field/invite.dat")),
    ("ok", include_bytes!("../../../../sip-core/testdata/field/ok.dat")),
    ("bye", include_bytes!("../../../../sip-core/testdata/field/bye.dat")),
];
const LIMITS: Limits = Limits::DEFAULT;

fn ours(bytes: &[u8]) -> Message<'_> {
    Message::parse(bytes, &LIMITS).expect("the test message is legal")
}

fn theirs(bytes: &[u8]) -> rsip::SipMessage {
    rsip::SipMessage::try_from(bytes).expect("the test message is legal")
}

/// Via, From, To and CSeq by their types, then all of the message again.
fn typed_and_written(bytes: &[u8], out: &mut Vec<u8>) {
    let message = ours(bytes);
    black_box(
        (
            message.top_via(),
            message.from(),
            message.to(),
            message.cseq(),
        )
            .0
            .is_ok(),
    );
    let mut writer = match message.start() {
        sip_core::StartLine::Request { method, uri } => MessageWriter::request(out, method, uri),
        sip_core::StartLine::Response { status, reason } => {
            MessageWriter::response(out, status, reason)
        }
    };
    // The writer sets both itself.
    let is_set = |name| [HeaderName::ContentLength, HeaderName::ContentType].contains(&name);
    for field in message.headers().filter(|field| !is_set(field.name)) {
        writer.field(&field);
    }
    match message.content_type() {
        Some(content_type) => writer.body(content_type, message.body()),
        None => writer.finish(),
    }
}

fn typed_and_written_by_rsip(bytes: &[u8]) -> Vec<u8> {
    let message = theirs(bytes);
    let via = message.via_header().and_then(|via| via.typed());
    let from = message.from_header().and_then(|from| from.typed());
    let to = message.to_header().and_then(|to| to.typed());
    let cseq = message.cseq_header().and_then(|cseq| cseq.typed());
    black_box(via.is_ok() && from.is_ok() && to.is_ok() && cseq.is_ok());
    message.into()
}

fn reading(c: &mut Criterion) {
    for (name, bytes) in MESSAGES {
        c.bench_function(&format!("against_rsip/parse/{name}/ours"), |b| {
            b.iter(|| ours(black_box(bytes)).status());
        });
        c.bench_function(&format!("against_rsip/parse/{name}/rsip"), |b| {
            b.iter(|| theirs(black_box(bytes)));
        });
        let mut out = Vec::new();
        c.bench_function(&format!("against_rsip/parse_type_write/{name}/ours"), |b| {
            b.iter(|| {
                out.clear();
                typed_and_written(black_box(bytes), &mut out);
                out.len()
            });
        });
        c.bench_function(&format!("against_rsip/parse_type_write/{name}/rsip"), |b| {
            b.iter(|| typed_and_written_by_rsip(black_box(bytes)));
        });
    }
}

criterion_group!(benches, reading);
criterion_main!(benches);
