//! The answering side: 180 and 200 at once, or a refusal. It keeps nothing of a call.

use crate::message::{Field, Lines, write_decimal};
use crate::sockets::Port;
use std::net::SocketAddrV4;

/// Header lines of a request that its response repeats; more are not of any peer here.
const KEPT_MAX: usize = 24;

const MEDIA: &str = "t=0 0\r\nm=audio 30000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n";

/// A carrier's gateway.
pub(crate) struct Gateway {
    /// Whether it takes calls.
    accepts: bool,
    contact: Vec<u8>,
    body: Vec<u8>,
}

/// What a response repeats of its request.
struct Request<'m> {
    kept: [&'m [u8]; KEPT_MAX],
    count: usize,
    to: &'m [u8],
    /// Of the first Via, and with it the tag: a repeated request gets the same one.
    hash: u64,
}

impl Gateway {
    pub(crate) fn new(address: SocketAddrV4, accepts: bool) -> Self {
        let ip = address.ip();
        let body = format!(
            "v=0\r\no=uas 53655765 2353687637 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\n{MEDIA}"
        );
        Self {
            accepts,
            contact: format!("Contact: <sip:gw@{address}>\r\n").into_bytes(),
            body: body.into_bytes(),
        }
    }

    /// A datagram has come.
    pub(crate) fn received(&self, port: &mut Port, message: &[u8], from: SocketAddrV4) {
        let is_invite = message.starts_with(b"INVITE ");
        if message.starts_with(b"SIP/2.0 ") || message.starts_with(b"ACK ") {
            return;
        }
        let Some(request) = Request::read(message, is_invite) else {
            return;
        };
        match (is_invite, self.accepts) {
            (true, true) => {
                let ringing = request.begin(b"180 Ringing", true, port, from);
                ringing.extend_from_slice(&self.contact);
                ringing.extend_from_slice(b"Content-Length: 0\r\n\r\n");
                let answer = request.begin(b"200 OK", true, port, from);
                answer.extend_from_slice(&self.contact);
                answer.extend_from_slice(
                    b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\nContent-Type: application/sdp\r\nContent-Length: ",
                );
                write_decimal(answer, self.body.len());
                answer.extend_from_slice(b"\r\n\r\n");
                answer.extend_from_slice(&self.body);
            }
            (true, false) => {
                let refusal = request.begin(b"503 Service Unavailable", true, port, from);
                refusal.extend_from_slice(b"Content-Length: 0\r\n\r\n");
            }
            (false, _) => {
                let done = request.begin(b"200 OK", false, port, from);
                done.extend_from_slice(b"Content-Length: 0\r\n\r\n");
            }
        }
    }
}

impl<'m> Request<'m> {
    fn read(message: &'m [u8], is_invite: bool) -> Option<Self> {
        let (_, lines) = Lines::after_first(message)?;
        let mut request = Self {
            kept: [b""; KEPT_MAX],
            count: 0,
            to: b"",
            hash: 0,
        };
        for (line, field, _) in lines {
            match field {
                Field::To => request.to = line,
                Field::RecordRoute if !is_invite => {}
                Field::Via | Field::From | Field::CallId | Field::CSeq | Field::RecordRoute => {
                    if field == Field::Via && request.hash == 0 {
                        request.hash = fnv(line);
                    }
                    *request.kept.get_mut(request.count)? = line;
                    request.count += 1;
                }
                Field::Contact | Field::Other => {}
            }
        }
        (request.hash != 0).then_some(request)
    }

    /// A response up to the header lines that are its own.
    fn begin<'p>(
        &self,
        status: &[u8],
        is_tagged: bool,
        port: &'p mut Port,
        to: SocketAddrV4,
    ) -> &'p mut Vec<u8> {
        let out = port.next(to, None);
        for part in [b"SIP/2.0 ", status, b"\r\n"] {
            out.extend_from_slice(part);
        }
        for line in &self.kept[..self.count] {
            out.extend_from_slice(line);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(self.to);
        if is_tagged {
            out.extend_from_slice(b";tag=s");
            write_decimal(out, self.hash as usize);
        }
        out.extend_from_slice(b"\r\n");
        out
    }
}

/// Fowler, Noll and Vo's hash.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(14_695_981_039_346_656_037, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(1_099_511_628_211)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    fn answers(request: &str, accepts: bool, count: usize) -> Vec<String> {
        let asker = UdpSocket::bind("127.0.0.1:0").unwrap();
        let std::net::SocketAddr::V4(address) = asker.local_addr().unwrap() else {
            unreachable!()
        };
        let mut port = Port::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Gateway::new("127.0.2.1:5060".parse().unwrap(), accepts).received(
            &mut port,
            request.as_bytes(),
            address,
        );
        port.flush();
        let answer = |_| {
            let mut bytes = [0; 2_000];
            let length = asker.recv(&mut bytes).unwrap();
            String::from_utf8(bytes[..length].to_vec()).unwrap()
        };
        (0..count).map(answer).collect()
    }

    const INVITE: &str = "INVITE sip:1@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z1\r\nVia: SIP/2.0/UDP b\r\n\
        Record-Route: <sip:p;lr>\r\nf: <sip:a@b>;tag=x\r\nTo: <sip:1@h>\r\ni: 77@p\r\nCSeq: 9 INVITE\r\n\
        Subject: not kept\r\nContent-Length: 0\r\n\r\n";

    #[test]
    fn an_invite_rings_and_is_answered_with_the_same_tag() {
        let answers = answers(INVITE, true, 2);
        assert!(answers[0].starts_with(
            "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP a;branch=z1\r\nVia: SIP/2.0/UDP b\r\n"
        ));
        assert!(answers[1].starts_with("SIP/2.0 200 OK\r\n"));
        let tag = |text: &str| {
            text.split(";tag=s")
                .nth(1)
                .unwrap()
                .split("\r\n")
                .next()
                .unwrap()
                .to_owned()
        };
        assert_eq!(tag(&answers[0]), tag(&answers[1]));
        let (head, body) = answers[1].split_once("\r\n\r\n").unwrap();
        assert!(head.contains(
            "\r\nRecord-Route: <sip:p;lr>\r\nf: <sip:a@b>;tag=x\r\ni: 77@p\r\nCSeq: 9 INVITE\r\n"
        ));
        assert!(!head.contains("Subject"));
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())));
    }

    #[test]
    fn a_gateway_that_refuses_says_503_and_answers_bye() {
        assert!(answers(INVITE, false, 1)[0].starts_with("SIP/2.0 503 "));
        let bye = INVITE.replace("INVITE", "BYE");
        let answer = &answers(&bye, false, 1)[0];
        assert!(answer.starts_with("SIP/2.0 200 OK\r\n"));
        assert!(answer.contains("\r\nTo: <sip:1@h>\r\n"));
        assert!(!answer.contains("Record-Route"));
    }
}
