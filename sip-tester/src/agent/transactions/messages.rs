//! The two requests that are made from an INVITE: its CANCEL, and the ACK of a refusal.

use sip_core::header::HeaderName;
use sip_core::limits::Limits;
use sip_core::message::{Message, MessageWriter, Method};

/// RFC 3261 §9.1: Request-URI, top Via, From, To, Call-ID and the number of CSeq are the
/// INVITE's.
pub(super) fn cancel_of(invite: &[u8]) -> Option<Vec<u8>> {
    let invite = Message::parse(invite, &Limits::DEFAULT).ok()?;
    derived(&invite, Method::Cancel, invite.raw_header(HeaderName::To)?)
}

/// RFC 3261 §17.1.1.3: as a CANCEL, but To is that of the response.
pub(super) fn ack_of(invite: &[u8], response: &Message<'_>) -> Option<Vec<u8>> {
    let invite = Message::parse(invite, &Limits::DEFAULT).ok()?;
    derived(&invite, Method::Ack, response.raw_header(HeaderName::To)?)
}

fn derived(invite: &Message<'_>, method: Method<'_>, to: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(512);
    let mut writer = MessageWriter::request(&mut bytes, method, invite.request_uri()?);
    writer.raw_header("Via", invite.raw_header(HeaderName::Via)?);
    for route in invite.raw_values(HeaderName::Route) {
        writer.raw_header("Route", route);
    }
    writer
        .number(HeaderName::MaxForwards, 70)
        .raw_header("From", invite.raw_header(HeaderName::From)?)
        .raw_header("To", to)
        .raw_header("Call-ID", invite.raw_header(HeaderName::CallId)?)
        .cseq(invite.cseq().ok()?.number, method)
        .finish();
    Some(bytes)
}
