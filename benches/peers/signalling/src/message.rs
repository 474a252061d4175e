//! What of a SIP message the generator looks at.

/// Record-Route lines of one reply; more are not of any peer here.
const ROUTES_MAX: usize = 8;

/// Which call of ours a message is of: the place of the call, how often the place was used, the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) place: u32,
    pub(crate) use_of_it: u32,
    pub(crate) run: u32,
}

impl Identity {
    /// Appends it as `place.use.run`, hexadecimal.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        write_hex(out, self.place);
        out.push(b'.');
        write_hex(out, self.use_of_it);
        out.push(b'.');
        write_hex(out, self.run);
    }

    /// Reads what [`write`](Self::write) wrote, up to `@`.
    fn read(text: &[u8]) -> Option<Self> {
        let text = text.split(|byte| *byte == b'@').next()?;
        let mut parts = text.split(|byte| *byte == b'.').map(read_hex);
        Some(Self {
            place: parts.next()??,
            use_of_it: parts.next()??,
            run: parts.next()??,
        })
    }
}

fn write_hex(out: &mut Vec<u8>, number: u32) {
    let digits = (8 - number.leading_zeros() / 4).max(1);
    for place in (0..digits).rev() {
        let digit = (number >> (place * 4)) as usize & 15;
        out.push(b"0123456789abcdef"[digit]);
    }
}

fn read_hex(text: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
}

/// Appends a number in decimal.
pub(crate) fn write_decimal(out: &mut Vec<u8>, number: usize) {
    let start = out.len();
    let mut left = number;
    loop {
        out.push(b'0' + (left % 10) as u8);
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out[start..].reverse();
}

/// The header lines of a message, each with its name and without its line end.
pub(crate) struct Lines<'m>(&'m [u8]);

impl<'m> Lines<'m> {
    /// The lines after the first; `None` when there is no first.
    pub(crate) fn after_first(message: &'m [u8]) -> Option<(&'m [u8], Self)> {
        let mut lines = Self(message);
        let first = lines.next_line()?;
        Some((first, lines))
    }

    fn next_line(&mut self) -> Option<&'m [u8]> {
        let end = memchr::memchr(b'\n', self.0)?;
        let line = &self.0[..end];
        self.0 = &self.0[end + 1..];
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

impl<'m> Iterator for Lines<'m> {
    /// The line, its field, and its value.
    type Item = (&'m [u8], Field, &'m [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.next_line()?;
        if line.is_empty() {
            return None;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let colon = colon.unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default().trim_ascii();
        Some((line, Field::of(line[..colon].trim_ascii()), value))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Via,
    From,
    To,
    CallId,
    CSeq,
    Contact,
    RecordRoute,
    Other,
}

impl Field {
    fn of(name: &[u8]) -> Self {
        let is = |long: &[u8], short: &[u8]| {
            name.eq_ignore_ascii_case(long) || name.eq_ignore_ascii_case(short)
        };
        match name.first().map(u8::to_ascii_lowercase) {
            Some(b'v') if is(b"via", b"v") => Self::Via,
            Some(b'f') if is(b"from", b"f") => Self::From,
            Some(b't') if is(b"to", b"t") => Self::To,
            Some(b'c') if is(b"call-id", b"call-id") => Self::CallId,
            Some(b'i') if is(b"i", b"i") => Self::CallId,
            Some(b'c') if is(b"cseq", b"cseq") => Self::CSeq,
            Some(b'c') if is(b"contact", b"contact") => Self::Contact,
            Some(b'm') if is(b"m", b"m") => Self::Contact,
            Some(b'r') if is(b"record-route", b"record-route") => Self::RecordRoute,
            _ => Self::Other,
        }
    }
}

/// A reply to one of our requests.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply<'m> {
    pub(crate) code: u16,
    /// First letter of the request's method.
    pub(crate) method: u8,
    pub(crate) identity: Identity,
    /// The whole line of To.
    pub(crate) to: &'m [u8],
    /// The URI of Contact.
    pub(crate) contact: Option<&'m [u8]>,
    /// Values of Record-Route as they came.
    routes: [&'m [u8]; ROUTES_MAX],
    routes_count: usize,
}

impl<'m> Reply<'m> {
    /// `None` for what is no reply, or none to us.
    pub(crate) fn read(message: &'m [u8]) -> Option<Self> {
        let (first, lines) = Lines::after_first(message)?;
        let code = std::str::from_utf8(first.strip_prefix(b"SIP/2.0 ")?.get(..3)?).ok()?;
        let mut identity = None;
        let mut method = None;
        let mut reply = Self {
            code: code.parse().ok()?,
            method: 0,
            identity: Identity {
                place: 0,
                use_of_it: 0,
                run: 0,
            },
            to: b"",
            contact: None,
            routes: [b""; ROUTES_MAX],
            routes_count: 0,
        };
        for (line, field, value) in lines {
            match field {
                Field::To => reply.to = line,
                Field::CallId => identity = Identity::read(value),
                Field::CSeq => method = value.rsplit(|byte| *byte == b' ').next()?.first(),
                Field::Contact => reply.contact = Some(uri_of(value)),
                Field::RecordRoute if reply.routes_count < ROUTES_MAX => {
                    reply.routes[reply.routes_count] = value;
                    reply.routes_count += 1;
                }
                _ => {}
            }
        }
        reply.identity = identity?;
        reply.method = *method?;
        Some(reply)
    }

    /// Values of Route for requests of the caller: those of Record-Route, the last first (RFC 3261 §12.1.2).
    pub(crate) fn route_set(&self) -> impl Iterator<Item = &'m [u8]> {
        self.routes[..self.routes_count].iter().rev().copied()
    }
}

/// What is between `<` and `>`; the whole without parameters where there are none.
fn uri_of(value: &[u8]) -> &[u8] {
    match memchr::memchr(b'<', value) {
        Some(start) => {
            let uri = &value[start + 1..];
            memchr::memchr(b'>', uri).map_or(uri, |end| &uri[..end])
        }
        None => value.split(|byte| *byte == b';').next().unwrap_or(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &[u8] = b"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP 127.0.1.3:5070;branch=z9hG4bK-1f.a.3-i\r\n\
        Record-Route: <sip:127.0.0.10;lr>\r\nrecord-route : <sip:127.0.0.11;lr>\r\n\
        From: <sip:1@127.0.1.3>;tag=1f\r\nTo: <sip:2@127.0.0.10>;tag=s1\r\nCall-ID: 1f.a.3@127.0.1.3\r\n\
        CSeq: 1 INVITE\r\nContact: \"x\" <sip:gw@127.0.2.1:5060;a=b>;q=1\r\nContent-Length: 4\r\n\r\nTo: \r\n";

    #[test]
    fn a_reply_gives_what_the_next_requests_need() {
        let reply = Reply::read(OK).unwrap();
        assert_eq!((reply.code, reply.method), (200, b'I'));
        let identity = Identity {
            place: 0x1f,
            use_of_it: 10,
            run: 3,
        };
        assert_eq!(reply.identity, identity);
        // The body is not looked at.
        assert_eq!(reply.to, b"To: <sip:2@127.0.0.10>;tag=s1");
        assert_eq!(reply.contact, Some(&b"sip:gw@127.0.2.1:5060;a=b"[..]));
        let routes: Vec<&[u8]> = reply.route_set().collect();
        assert_eq!(
            routes,
            [&b"<sip:127.0.0.11;lr>"[..], b"<sip:127.0.0.10;lr>"]
        );
    }

    #[test]
    fn compact_names_are_understood() {
        let text = b"SIP/2.0 503 No\nt: <sip:2@x>\ni: 0.1.ff@h\nm: sip:a@b;c=d\nCSeq: 2 BYE\n\n";
        let reply = Reply::read(text).unwrap();
        assert_eq!((reply.code, reply.method), (503, b'B'));
        assert_eq!((reply.identity.use_of_it, reply.identity.run), (1, 0xff));
        assert_eq!(reply.contact, Some(&b"sip:a@b"[..]));
    }

    #[test]
    fn what_is_no_reply_to_us_is_none() {
        for text in [
            &b""[..],
            b"OPTIONS sip:a SIP/2.0\r\nCSeq: 1 OPTIONS\r\nCall-ID: 1.1.1@x\r\n\r\n",
            b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\nCall-ID: of-somebody-else@x\r\n\r\n",
            b"SIP/2.0 2",
            b"SIP/2.0 200 OK\r\nCall-ID: 1.1.1@x\r\n\r\n",
        ] {
            assert_eq!(Reply::read(text), None);
        }
    }

    #[test]
    fn an_identity_is_read_as_it_was_written() {
        for (place, use_of_it, run) in [(0, 0, 0), (1, 0x10, u32::MAX), (59_999, 7, 0xabc_def)] {
            let identity = Identity {
                place,
                use_of_it,
                run,
            };
            let mut text = Vec::new();
            identity.write(&mut text);
            text.extend(b"@127.0.1.1");
            assert_eq!(Identity::read(&text), Some(identity));
        }
    }

    #[test]
    fn numbers_are_written_in_decimal() {
        for number in [0, 9, 10, 257, 1_000_000] {
            let mut text = Vec::new();
            write_decimal(&mut text, number);
            assert_eq!(text, number.to_string().as_bytes());
        }
    }
}
