//! What peers say: a caller's requests, a carrier's responses.

use super::message::Sent;
use super::{CALLED, SWITCH};
use sip_core::HeaderName;

/// A session description with its address and port.
pub(crate) fn offer(address: &str, port: u16) -> String {
    format!(
        "v=0\r\no=peer 100 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 8 0\r\na=rtpmap:8 PCMA/8000\r\n"
    )
}

/// The customer's user agent, for one call.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) call_id: String,
    pub(crate) called: String,
    pub(crate) calling: String,
    pub(crate) host: &'static str,
    pub(crate) cseq: u32,
    /// Lines added to the INVITE.
    pub(crate) extra: String,
    branch: u32,
    to_tag: String,
    target: String,
}

impl Caller {
    pub(crate) fn new(call_id: &str) -> Self {
        Self {
            call_id: call_id.to_owned(),
            called: CALLED.to_owned(),
            calling: "441132960000".to_owned(),
            host: "192.0.2.10",
            cseq: 1,
            extra: String::new(),
            branch: 0,
            to_tag: String::new(),
            target: format!("sip:{CALLED}@{SWITCH}"),
        }
    }

    /// The INVITE, with a description or without.
    pub(crate) fn invite(&mut self, sdp: Option<&str>) -> String {
        self.target = format!("sip:{}@{SWITCH}", self.called);
        self.branch += 1;
        let extra = std::mem::take(&mut self.extra);
        self.request("INVITE", self.cseq, &extra, sdp)
    }

    /// Forgets the dialog of a refusal, for another INVITE with the same Call-ID.
    pub(crate) fn begin_again(&mut self) {
        self.to_tag.clear();
    }

    /// The ACK of a refusal: the INVITE's branch and the response's To.
    pub(crate) fn ack_refusal(&mut self, response: &Sent) -> String {
        self.learn(response);
        self.request("ACK", self.cseq, "", None)
    }

    /// The ACK of a 2xx: a transaction of its own.
    pub(crate) fn ack(&mut self, response: &Sent, sdp: Option<&str>) -> String {
        self.learn(response);
        self.branch += 1;
        self.request("ACK", self.cseq, "", sdp)
    }

    /// CANCEL: the INVITE's branch.
    pub(crate) fn cancel(&self, extra: &str) -> String {
        self.request("CANCEL", self.cseq, extra, None)
    }

    /// A new request within the dialog.
    pub(crate) fn next(&mut self, method: &str, extra: &str, sdp: Option<&str>) -> String {
        self.cseq += 1;
        self.branch += 1;
        self.request(method, self.cseq, extra, sdp)
    }

    /// Learns the dialog from a response.
    pub(crate) fn learn(&mut self, response: &Sent) {
        self.to_tag = response.tag(HeaderName::To);
        if let Some(contact) = response.parsed().contact().unwrap() {
            self.target = contact.uri.to_owned();
        }
    }

    fn request(&self, method: &str, cseq: u32, extra: &str, sdp: Option<&str>) -> String {
        let Self {
            host,
            call_id,
            called,
            calling,
            target,
            branch,
            ..
        } = self;
        let to_tag = match self.to_tag.as_str() {
            "" => String::new(),
            tag => format!(";tag={tag}"),
        };
        let body = sdp.unwrap_or("");
        let content_type = match body {
            "" => "",
            _ if extra.contains("Content-Type") => "",
            _ => "Content-Type: application/sdp\r\n",
        };
        format!(
            "{method} {target} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bK-{call_id}-{branch}\r\n\
             Max-Forwards: 70\r\n\
             From: \"Caller\" <sip:{calling}@pbx.customer.example>;tag=from-{call_id}\r\n\
             To: <sip:{called}@{SWITCH}>{to_tag}\r\n\
             Call-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\n\
             Contact: <sip:caller@{host}:5060>\r\n\
             User-Agent: SecretPBX/1.0\r\n\
             {extra}{content_type}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

/// A response of the carrier to a request that it received.
pub(crate) fn reply(request: &Sent, status: u16, sdp: Option<&str>) -> String {
    reply_with(request, status, "carrier-tag", "", sdp)
}

/// The same with a To tag and further lines.
pub(crate) fn reply_with(
    request: &Sent,
    status: u16,
    tag: &str,
    extra: &str,
    sdp: Option<&str>,
) -> String {
    let header = |name| request.header(name);
    let to = match (request.tag(HeaderName::To).is_empty(), status) {
        (true, 101..) => format!("{};tag={tag}", header(HeaderName::To)),
        _ => header(HeaderName::To),
    };
    let body = sdp.unwrap_or("");
    let content_type = match body {
        "" => "",
        _ => "Content-Type: application/sdp\r\n",
    };
    format!(
        "SIP/2.0 {status} Whatever\r\n\
         Via: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <sip:gw@{}>\r\nServer: SecretGateway/2.0\r\n\
         {extra}{content_type}Content-Length: {}\r\n\r\n{body}",
        header(HeaderName::Via),
        header(HeaderName::From),
        header(HeaderName::CallId),
        header(HeaderName::CSeq),
        request.to,
        body.len()
    )
}
