//! What must hold for any bytes. Each function reads its input in every way there is and panics
//! when something does not hold.

mod digest;
mod stream;
mod transactions;

pub use digest::digest;
pub use stream::stream;
pub use transactions::transactions;

use sip_core::sdp::{MediaPorts, Rewrite, SessionIdentity};
use sip_core::{
    Frame, HeaderName, Limits, Message, MessageWriter, Method, RecordRoutes, ReplyHead, Sdp,
    TicketKey, Uri, frame, owner_of, unfold, unquote,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const LIMITS: Limits = Limits::DEFAULT;
const SOURCE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77)), 5099);

/// A datagram, or the start of a stream.
pub fn message(bytes: &[u8]) {
    framed(bytes);
    if let Ok(message) = Message::parse(bytes, &LIMITS) {
        read_all(&message);
        copied(&message);
        if message.is_request() {
            answered(&message);
        }
    }
    if let Some(request) = Message::salvage(bytes, &LIMITS) {
        assert!(request.method() != Some(Method::Ack));
        answered(&request);
    }
}

/// A URI.
pub fn uri(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(uri) = Uri::parse(text) else {
        return;
    };
    assert_eq!(uri.as_str(), text);
    assert_eq!(Uri::parse(&uri.to_string()), Ok(uri));
    assert!(
        !text.contains(['\r', '\n', ' ', '<', '>']),
        "{text:?} could break a header field"
    );
    let _ = (
        uri.ip(),
        uri.is_loose_router(),
        uri.number_param("rn"),
        uri.params.iter().count(),
    );
    if let Some(number) = uri.number() {
        let is_dialled = |b: u8| b.is_ascii_digit() || matches!(b, b'*' | b'#');
        assert!(!number.digits().is_empty() && number.digits().bytes().all(is_dialled));
    }
}

/// A session description.
pub fn sdp(bytes: &[u8]) {
    let Ok(sdp) = Sdp::parse(bytes) else {
        return;
    };
    for media in sdp.media() {
        let _ = (media.rtp_address(), media.rtcp_address(), media.is_hold());
        let _ = (
            media.rtpmaps().count(),
            media.payloads().count(),
            media.attributes().count(),
        );
    }
    for address in [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ] {
        for origin in [None, Some(SessionIdentity { id: 1, version: 2 })] {
            rewritten(&sdp, address, origin);
        }
    }
}

/// The result is a description again, with the same streams, going only where we said.
fn rewritten(sdp: &Sdp<'_>, address: IpAddr, origin: Option<SessionIdentity>) {
    let ports = [
        MediaPorts {
            rtp: 4000,
            rtcp: 4001,
        },
        MediaPorts {
            rtp: 4002,
            rtcp: 4003,
        },
    ];
    let mut out = Vec::new();
    sdp.rewrite(
        &Rewrite {
            address,
            media: &ports,
            origin,
        },
        &mut out,
    );
    let new = Sdp::parse(&out).expect("a rewritten description is one");
    assert_eq!(new.media().len(), sdp.media().len());
    for (index, (old, new)) in sdp.media().iter().zip(new.media()).enumerate() {
        assert_eq!(
            (old.kind, old.protocol, old.formats),
            (new.kind, new.protocol, new.formats)
        );
        assert_eq!(new.is_hold(), old.is_hold());
        match ports.get(index).filter(|_| old.port != 0) {
            None => assert_eq!(new.rtp_address(), None),
            Some(ports) => assert_eq!(new.port, ports.rtp),
        }
        for target in [new.rtp_address(), new.rtcp_address()]
            .into_iter()
            .flatten()
        {
            assert_eq!(target.ip(), address);
        }
    }
}

/// A frame is never longer than what is there, and parsing it takes all of it.
fn framed(bytes: &[u8]) {
    match frame(bytes, &LIMITS) {
        Frame::Complete(length) => {
            let whole = &bytes[..length];
            let message = Message::parse(whole, &LIMITS).expect("what was framed can be parsed");
            assert_eq!(message.as_bytes(), whole);
            assert!(whole.ends_with(message.body()));
            let body_len = u32::try_from(message.body().len()).expect("below the limit");
            assert_eq!(message.content_length(), Ok(Some(body_len)));
            assert_eq!(frame(&whole[..length - 1], &LIMITS), Frame::NeedMore);
        }
        Frame::Ping(length) | Frame::Blank(length) => {
            assert!(length > 0 && length <= bytes.len());
        }
        Frame::NeedMore => assert!(bytes.len() < usize::from(LIMITS.message_bytes)),
        Frame::Error(error) => assert!(matches!(error.status(), 400 | 505 | 513)),
    }
}

fn read_all(message: &Message<'_>) {
    for field in message.headers() {
        assert!(!field.raw_name.is_empty());
        assert_eq!(
            HeaderName::from_token(field.raw_name.as_bytes()),
            field.name
        );
        let text = field.text();
        assert!(!text.contains(['\r', '\n']));
        let _ = (unfold(&text), unquote(&text));
        let _ = message.raw_values(field.name).count() + message.header_values(field.name).count();
        let _ = message.number(field.name);
        for address in message.addresses(field.name).flatten() {
            let _ = (
                address.display(),
                address.tag(),
                address.params.iter().count(),
            );
            uri(address.uri.as_bytes());
        }
    }
    let _ = message.vias().filter(Result::is_ok).count();
    let _ = (
        message.call_id(),
        message.cseq(),
        message.max_forwards(),
        message.contact(),
    );
    let _ = (
        message.reasons().count(),
        message.q850_cause(),
        message.content_type(),
    );
    if let Err(error) = message.validate_request() {
        assert!(!error.reason_phrase().is_empty());
    }
    let _ = message.validate_response();
    let owner = owner_of(message, &TicketKey::new([1; 16]), 4);
    assert!(owner.is_none_or(|shard| shard < 4) && owner.is_some() >= message.is_request());
    if let Some(body) = message.sdp() {
        sdp(body);
    }
}

/// Fields written into another message are the same fields there.
fn copied(message: &Message<'_>) {
    let mut out = Vec::new();
    let mut writer = MessageWriter::request(&mut out, Method::Info, "sip:copy@192.0.2.1");
    let is_length = |name| name == HeaderName::ContentLength || name == HeaderName::ContentType;
    let fields = || message.headers().filter(|field| !is_length(field.name));
    // The writer adds two of its own, and the table may be full.
    let count = fields()
        .take(126)
        .inspect(|field| {
            writer.field(field);
        })
        .count();
    writer.body("text/plain", message.body());
    if out.len() > usize::from(LIMITS.message_bytes) {
        return;
    }
    let copy = Message::parse(&out, &LIMITS).expect("what we write can be read");
    assert_eq!(copy.body(), message.body());
    assert_eq!(copy.headers().count(), count + 2);
    for (old, new) in fields().take(count).zip(copy.headers()) {
        assert_eq!(old.name, new.name);
        let is_break = |b: u8| matches!(b, b'\r' | b'\n');
        let same = |(a, b): (&u8, &u8)| a == b || (is_break(*a) && *b == b' ');
        assert_eq!(old.raw_value.len(), new.raw_value.len());
        assert!(old.raw_value.iter().zip(new.raw_value).all(same));
    }
}

/// The answer is a response that belongs to the request.
fn answered(request: &Message<'_>) {
    let (mut out, mut kept) = (Vec::new(), Vec::new());
    MessageWriter::reply_to(&mut out, request, SOURCE, 400, "No", Some("tag1")).finish();
    let head = ReplyHead::of(request, SOURCE);
    MessageWriter::reply(
        &mut kept,
        &head,
        400,
        "No",
        Some("tag1"),
        RecordRoutes::Omit,
    )
    .finish();
    assert_eq!(out, kept);
    if out.len() > usize::from(LIMITS.message_bytes) {
        return;
    }
    let response = Message::parse(&out, &LIMITS).expect("what we write can be read");
    assert_eq!(response.status(), Some(400));
    let vias = |message: &Message<'_>| message.raw_values(HeaderName::Via).count();
    let is_sound = request.vias().all(|via| via.is_ok());
    assert!(!is_sound || vias(&response) == vias(request));
    if let (Ok(old), Ok(new)) = (request.top_via(), response.top_via()) {
        assert_eq!(
            (old.host, old.port, old.branch),
            (new.host, new.port, new.branch)
        );
    }
    if let Ok(to) = request.to() {
        let expected = to.tag().unwrap_or("tag1");
        assert_eq!(response.to().expect("it was legal").tag(), Some(expected));
    }
}
