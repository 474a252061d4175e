//! SIP messages (RFC 3261 §7): a view over the receive buffer, and writers into a send buffer.
//!
//! [`Message::parse`] walks the bytes once: it finds the lines, recognises the header field names
//! and remembers where everything is. It copies nothing and allocates nothing. A header field is
//! read when somebody asks for it.
//!
//! # Bytes and text
//!
//! SIP is UTF-8, and gateways send other bytes in display names and in fields nobody reads. So
//! values are bytes, and stay what they were on the way through: [`HeaderField::raw_value`] and
//! [`Message::raw_header`] give them. Methods that return `&str` answer `None` or
//! [`Problem::NotUtf8`] for a value that is no text; an address needs text in all but its display
//! name.
//!
//! # Folds
//!
//! A value over several lines (RFC 3261 §7.3.1) is returned as it stands. All readers here take the
//! fold as the white space that it is, and all writers write it as a space.

mod framing;
mod method;
mod multipart;
mod parse;
mod reply;
mod start_line;
mod validate;
mod writer;

pub use framing::{Frame, frame};
pub use method::Method;
pub use reply::{RecordRoutes, ReplyHead};
pub use start_line::StartLine;
pub use writer::MessageWriter;

use crate::error::{ParseError, Part, Problem};
use crate::header::{
    CSeq, HeaderName, ListItems, NameAddr, RAck, Reason, ReasonProtocol, SessionExpires, Shape, Via,
};
use crate::limits::MAX_HEADER_FIELDS;
use arrayvec::ArrayVec;
use std::borrow::Cow;

/// One message, borrowing the bytes it was parsed from.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    bytes: &'a [u8],
    start: StartLine<'a>,
    body: &'a [u8],
    fields: ArrayVec<Field, MAX_HEADER_FIELDS>,
    /// Index of the first field of each name, [`ABSENT`] without one.
    first: [u8; HeaderName::COUNT],
    /// A field that may be there once and is there again.
    repeated: Option<HeaderName>,
    read: Read<'a>,
}

/// What is read ahead of those who ask for it.
#[derive(Clone, Debug, Default)]
struct Read<'a> {
    top_via: Option<Result<Via<'a>, ParseError>>,
    from: Option<Result<NameAddr<'a>, ParseError>>,
    to: Option<Result<NameAddr<'a>, ParseError>>,
}

const ABSENT: u8 = u8::MAX;

/// Where a header field is. Offsets fit because a message has at most 65,535 bytes.
#[derive(Clone, Copy, Debug)]
struct Field {
    name_start: u16,
    name_end: u16,
    value_start: u16,
    value_end: u16,
    name: HeaderName,
}

/// One header field as it stands in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderField<'a> {
    /// The name; [`HeaderName::Other`] for one that we do not know.
    pub name: HeaderName,
    /// The name as written, perhaps compact.
    pub raw_name: &'a str,
    /// The value without white space around it; folds and commas are still in it.
    pub raw_value: &'a [u8],
}

impl<'a> HeaderField<'a> {
    /// The value on one line, with U+FFFD for what is not UTF-8: for people, not for the wire.
    pub fn text(&self) -> Cow<'a, str> {
        match std::str::from_utf8(self.raw_value) {
            Ok(value) => crate::text::unfold(value),
            Err(_) => {
                let value = String::from_utf8_lossy(self.raw_value);
                Cow::Owned(crate::text::unfold(&value).into_owned())
            }
        }
    }
}

/// Start line, header fields and body.
impl<'a> Message<'a> {
    /// The start line.
    pub const fn start(&self) -> StartLine<'a> {
        self.start
    }

    /// The method of a request. For a response, see the CSeq.
    pub const fn method(&self) -> Option<Method<'a>> {
        match self.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } => None,
        }
    }

    /// The Request-URI of a request, as written.
    pub const fn request_uri(&self) -> Option<&'a str> {
        match self.start {
            StartLine::Request { uri, .. } => Some(uri),
            StartLine::Response { .. } => None,
        }
    }

    /// The status code of a response, 100 to 699.
    pub const fn status(&self) -> Option<u16> {
        match self.start {
            StartLine::Response { status, .. } => Some(status),
            StartLine::Request { .. } => None,
        }
    }

    /// Whether this is a request.
    pub const fn is_request(&self) -> bool {
        matches!(self.start, StartLine::Request { .. })
    }

    /// The message as received, start line to end of body.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The body as Content-Length bounds it; what follows it in a datagram is not part of it.
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// All header fields in order.
    pub fn headers(&self) -> impl Iterator<Item = HeaderField<'a>> + '_ {
        self.fields.iter().map(|field| self.view(field))
    }

    /// The value of the first field of that name, when it is text. For names that we know.
    pub fn header(&self, name: HeaderName) -> Option<&'a str> {
        std::str::from_utf8(self.raw_header(name)?).ok()
    }

    /// The value of the first field of that name, as bytes.
    pub fn raw_header(&self, name: HeaderName) -> Option<&'a [u8]> {
        self.fields
            .get(self.first_index(name)?)
            .map(|field| self.value(field))
    }

    /// The value of the first field whose name is written so, in any case: for names that
    /// [`HeaderName`] does not have. Compact forms are not looked for.
    pub fn header_named(&self, name: &str) -> Option<&'a [u8]> {
        self.headers()
            .find(|field| field.raw_name.eq_ignore_ascii_case(name))
            .map(|field| field.raw_value)
    }

    /// All values of that name in order, over all its fields, split at commas where the field is a
    /// list. Values that are not text are left out; [`Message::raw_values`] has them.
    pub fn header_values(&self, name: HeaderName) -> impl Iterator<Item = &'a str> + '_ {
        self.raw_values(name)
            .filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// All values of that name in order, as bytes.
    pub fn raw_values(&self, name: HeaderName) -> impl Iterator<Item = &'a [u8]> + '_ {
        let is_list = name.shape() == Shape::List;
        self.fields_of(name).flat_map(move |field| {
            let value = self.value(field);
            let items = if is_list {
                ListItems::new(value)
            } else {
                ListItems::nothing()
            };
            items.chain((!is_list).then_some(value))
        })
    }

    fn fields_of(&self, name: HeaderName) -> impl Iterator<Item = &Field> + '_ {
        let from = self.first_index(name).unwrap_or(self.fields.len());
        self.fields[from..]
            .iter()
            .filter(move |field| field.name == name)
    }

    fn first_index(&self, name: HeaderName) -> Option<usize> {
        match self.first[name as usize] {
            ABSENT => None,
            index => Some(usize::from(index)),
        }
    }

    fn value(&self, field: &Field) -> &'a [u8] {
        &self.bytes[usize::from(field.value_start)..usize::from(field.value_end)]
    }

    fn view(&self, field: &Field) -> HeaderField<'a> {
        let name = &self.bytes[usize::from(field.name_start)..usize::from(field.name_end)];
        HeaderField {
            name: field.name,
            raw_name: std::str::from_utf8(name).expect("a name is a token, and tokens are ASCII"),
            raw_value: self.value(field),
        }
    }
}

/// Typed header fields, read when asked for. Every error names its field.
impl<'a> Message<'a> {
    /// Reads what a transaction layer and its user ask for again and again: topmost Via, From and To. They are
    /// the same without it, read each time.
    pub fn read_ahead(&mut self) {
        self.read = Read {
            top_via: Some(self.top_via()),
            from: Some(self.from()),
            to: Some(self.to()),
        };
    }

    /// The topmost Via.
    pub fn top_via(&self) -> Result<Via<'a>, ParseError> {
        let read = || Via::parse(self.top_via_bytes()?);
        self.read.top_via.unwrap_or_else(read)
    }

    /// All Via values, topmost first.
    pub fn vias(&self) -> impl Iterator<Item = Result<Via<'a>, ParseError>> + '_ {
        self.raw_values(HeaderName::Via).map(Via::parse)
    }

    pub(crate) fn top_via_bytes(&self) -> Result<&'a [u8], ParseError> {
        let value = self.required(HeaderName::Via)?;
        Ok(ListItems::new(value).next().unwrap_or(value))
    }

    /// The Call-ID.
    pub fn call_id(&self) -> Result<&'a str, ParseError> {
        let error = |problem| ParseError::header(HeaderName::CallId, problem);
        let text = self.required_text(HeaderName::CallId)?;
        let is_word = !text.is_empty() && text.bytes().all(|b| b > b' ' && b != 0x7f);
        is_word
            .then_some(text)
            .ok_or_else(|| error(Problem::Malformed))
    }

    /// The CSeq.
    pub fn cseq(&self) -> Result<CSeq<'a>, ParseError> {
        CSeq::parse(self.required_text(HeaderName::CSeq)?)
    }

    /// The From.
    pub fn from(&self) -> Result<NameAddr<'a>, ParseError> {
        let read = || NameAddr::parse(HeaderName::From, self.required(HeaderName::From)?);
        self.read.from.unwrap_or_else(read)
    }

    /// The To.
    pub fn to(&self) -> Result<NameAddr<'a>, ParseError> {
        let read = || NameAddr::parse(HeaderName::To, self.required(HeaderName::To)?);
        self.read.to.unwrap_or_else(read)
    }

    /// The first Contact, if any.
    pub fn contact(&self) -> Result<Option<NameAddr<'a>>, ParseError> {
        self.contacts().next().transpose()
    }

    /// All Contact values.
    pub fn contacts(&self) -> impl Iterator<Item = Result<NameAddr<'a>, ParseError>> + '_ {
        self.addresses(HeaderName::Contact)
    }

    /// The Route set, topmost first.
    pub fn routes(&self) -> impl Iterator<Item = Result<NameAddr<'a>, ParseError>> + '_ {
        self.addresses(HeaderName::Route)
    }

    /// The Record-Route values, topmost first.
    pub fn record_routes(&self) -> impl Iterator<Item = Result<NameAddr<'a>, ParseError>> + '_ {
        self.addresses(HeaderName::RecordRoute)
    }

    /// All values of a field whose values are addresses, such as P-Asserted-Identity.
    pub fn addresses(
        &self,
        name: HeaderName,
    ) -> impl Iterator<Item = Result<NameAddr<'a>, ParseError>> + '_ {
        self.raw_values(name)
            .map(move |value| NameAddr::parse(name, value))
    }

    /// Max-Forwards, 0 to 255 (RFC 3261 §20.22).
    pub fn max_forwards(&self) -> Result<Option<u8>, ParseError> {
        let number = self.number(HeaderName::MaxForwards)?;
        let out_of_range = ParseError::header(HeaderName::MaxForwards, Problem::OutOfRange);
        number
            .map(|n| u8::try_from(n).map_err(|_| out_of_range))
            .transpose()
    }

    /// Content-Length, if it is there.
    pub fn content_length(&self) -> Result<Option<u32>, ParseError> {
        self.number(HeaderName::ContentLength)
    }

    /// The media type of the body without its parameters, `application/sdp`.
    pub fn content_type(&self) -> Option<&'a str> {
        let value = self.header(HeaderName::ContentType)?;
        Some(
            value
                .split_once(';')
                .map_or(value, |(media_type, _)| media_type)
                .trim_ascii(),
        )
    }

    /// The values of Reason that can be read.
    pub fn reasons(&self) -> impl Iterator<Item = Reason<'a>> + '_ {
        self.header_values(HeaderName::Reason)
            .filter_map(|value| Reason::parse(value).ok())
    }

    /// The Q.850 cause that the peer gives, 0 to 127.
    pub fn q850_cause(&self) -> Option<u8> {
        let reason = self
            .reasons()
            .find(|reason| reason.protocol == ReasonProtocol::Q850)?;
        reason
            .cause
            .and_then(|cause| u8::try_from(cause).ok())
            .filter(|cause| *cause < 128)
    }

    /// Whether a list of option tags (Supported, Require) has this one. Option tags are compared as
    /// tokens, without regard to case (RFC 3261 §7.3.1).
    pub fn has_option(&self, name: HeaderName, option: &str) -> bool {
        self.raw_values(name)
            .any(|value| value.eq_ignore_ascii_case(option.as_bytes()))
    }

    /// Which provisional response a PRACK confirms; `None` without RAck.
    ///
    /// # Errors
    /// See [`RAck::parse`].
    pub fn rack(&self) -> Result<Option<RAck<'a>>, ParseError> {
        self.header(HeaderName::RAck).map(RAck::parse).transpose()
    }

    /// How long the session lasts without a refresh; `None` without Session-Expires.
    ///
    /// # Errors
    /// See [`SessionExpires::parse`].
    pub fn session_expires(&self) -> Result<Option<SessionExpires>, ParseError> {
        let value = self.header(HeaderName::SessionExpires);
        value.map(SessionExpires::parse).transpose()
    }

    /// A field that is a plain number, as Expires or RSeq; `None` without it.
    pub fn number(&self, name: HeaderName) -> Result<Option<u32>, ParseError> {
        let Some(value) = self.raw_header(name) else {
            return Ok(None);
        };
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return Err(ParseError::header(name, Problem::Malformed));
        }
        let digits = std::str::from_utf8(value)
            .ok()
            .and_then(|text| text.parse().ok());
        digits
            .map(Some)
            .ok_or_else(|| ParseError::header(name, Problem::OutOfRange))
    }

    fn required(&self, name: HeaderName) -> Result<&'a [u8], ParseError> {
        self.raw_header(name)
            .ok_or_else(|| ParseError::header(name, Problem::Missing))
    }

    fn required_text(&self, name: HeaderName) -> Result<&'a str, ParseError> {
        std::str::from_utf8(self.required(name)?)
            .map_err(|e| ParseError::new(Part::Header(name), Problem::NotUtf8, e.valid_up_to()))
    }
}
