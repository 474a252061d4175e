//! What a request or response must have before anybody acts on it.

use super::{Message, StartLine};
use crate::error::{ParseError, Part, Problem};
use crate::header::HeaderName;
use crate::uri::{Scheme, Uri};

impl Message<'_> {
    /// Checks a request as a UAS must before it acts on it (RFC 3261 §8.1.1, §8.2): the mandatory
    /// fields are there, once, and can be read; CSeq names the method; the Request-URI is one.
    /// The error is the answer.
    ///
    /// Tolerated, because RFC 2543 peers exist: no Max-Forwards, no From tag, no branch. An unknown
    /// URI scheme is not an error here: it deserves 416.
    pub fn validate_request(&self) -> Result<(), ParseError> {
        let StartLine::Request { method, uri } = self.start() else {
            return Err(ParseError::new(Part::StartLine, Problem::Mismatched, 0));
        };
        self.validate_common()?;
        if self.cseq()?.method != method {
            return Err(ParseError::header(HeaderName::CSeq, Problem::Mismatched));
        }
        self.max_forwards()?;
        check_request_uri(uri)
    }

    /// Checks a response before it is matched to a transaction. There is no answer to a response:
    /// one that fails is dropped (RFC 3261 §18.1.2). So is one with more than our own Via, as it
    /// went astray (§8.1.3.3).
    pub fn validate_response(&self) -> Result<(), ParseError> {
        if self.is_request() {
            return Err(ParseError::new(Part::StartLine, Problem::Mismatched, 0));
        }
        self.validate_common()?;
        if self.raw_values(HeaderName::Via).nth(1).is_some() {
            return Err(ParseError::header(HeaderName::Via, Problem::TooMany));
        }
        self.cseq().map(|_| ())
    }

    fn validate_common(&self) -> Result<(), ParseError> {
        if let Some(name) = self.repeated {
            return Err(ParseError::header(name, Problem::Repeated));
        }
        self.raw_header(HeaderName::Via)
            .ok_or(ParseError::header(HeaderName::Via, Problem::Missing))?;
        self.vias().try_for_each(|via| via.map(|_| ()))?;
        self.from()?
            .parse_uri()
            .map_err(|e| within(HeaderName::From, e))?;
        self.to()?
            .parse_uri()
            .map_err(|e| within(HeaderName::To, e))?;
        self.call_id()?;
        self.contacts().try_for_each(|contact| contact.map(|_| ()))
    }
}

fn check_request_uri(text: &str) -> Result<(), ParseError> {
    let uri =
        Uri::parse(text).map_err(|e| ParseError::new(Part::RequestUri, e.problem, e.offset))?;
    // RFC 3261 §19.1.1: a Request-URI has no headers part.
    let has_headers = matches!(uri.scheme, Scheme::Sip | Scheme::Sips) && !uri.headers.is_empty();
    if has_headers {
        return Err(ParseError::new(Part::RequestUri, Problem::Malformed, 0));
    }
    Ok(())
}

fn within(name: HeaderName, error: ParseError) -> ParseError {
    ParseError::new(Part::Header(name), error.problem, error.offset)
}
