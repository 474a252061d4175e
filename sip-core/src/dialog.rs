//! Dialog state (RFC 3261 §12): what must be remembered to send and to recognise requests within a
//! dialog.
//!
//! One value serves both roles. A UAS makes it from the INVITE ([`Dialog::uas`]); a UAC makes it
//! before its INVITE ([`Dialog::uac`]) and learns the rest from the responses
//! ([`Dialog::establish`]), which may come from several forks: the last one to establish it wins,
//! and a 2xx is always the last.

use crate::error::{ParseError, Problem};
use crate::header::{HeaderName, NameAddr};
use crate::message::{Message, MessageWriter, Method};
use crate::uri::Uri;
use std::sync::Arc;

/// The longest route set that is kept; a longer one is an error of the peer.
pub const MAX_ROUTES: usize = 32;

/// State of a dialog, early or confirmed.
#[derive(Clone, Debug)]
pub struct Dialog {
    call_id: Arc<str>,
    /// Our address with our tag: From of what we send.
    local: Vec<u8>,
    /// Their address with their tag, once known: To of what we send.
    remote: Vec<u8>,
    remote_tag: String,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    /// Their Contact.
    target: String,
    /// URIs in the order of a Route field.
    routes: Vec<Route>,
}

#[derive(Clone, Debug)]
struct Route {
    /// As it stands in Record-Route, `<sip:…;lr>`.
    value: String,
    /// The URI of it.
    uri: String,
    is_loose: bool,
}

/// Why a request does not fit its dialog.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DialogError {
    /// Another Call-ID or another From tag: not this dialog (481).
    #[error("the request belongs to another dialog")]
    NoMatch,
    /// CSeq is not above the last one (500, RFC 3261 §12.2.2).
    #[error("the request is out of order")]
    OutOfOrder,
    /// A header field cannot be used (400).
    #[error(transparent)]
    Malformed(#[from] ParseError),
    /// The route set has more than [`MAX_ROUTES`] entries (400).
    #[error("the route set is too long")]
    TooManyRoutes,
}

impl Dialog {
    /// The dialog that an INVITE without a To tag begins, with our tag (RFC 3261 §12.1.1).
    ///
    /// # Errors
    /// When a field that the dialog needs cannot be read, or the route set is too long.
    pub fn uas(invite: &Message<'_>, local_tag: &str) -> Result<Self, DialogError> {
        let mut local = Vec::with_capacity(128);
        local.extend_from_slice(invite.raw_header(HeaderName::To).unwrap_or(b""));
        local.extend_from_slice(b";tag=");
        local.extend_from_slice(local_tag.as_bytes());
        let from = invite.from()?;
        // RFC 3261 §12.1.1: the Contact is mandatory; a peer without one is reached by its From.
        let target = invite.contact()?.unwrap_or(from).uri;
        Ok(Self {
            call_id: Arc::from(invite.call_id()?),
            local,
            remote: invite.raw_header(HeaderName::From).unwrap_or(b"").to_vec(),
            remote_tag: from.tag().unwrap_or("").to_owned(),
            local_cseq: 0,
            remote_cseq: Some(invite.cseq()?.number),
            target: target.to_owned(),
            routes: routes(invite)?,
        })
    }

    /// What is known before the INVITE is sent: From with our tag, To without one, and the
    /// Request-URI.
    pub fn uac(call_id: Arc<str>, local: Vec<u8>, remote: Vec<u8>, target: String) -> Self {
        Self {
            call_id,
            local,
            remote,
            remote_tag: String::new(),
            local_cseq: 0,
            remote_cseq: None,
            target,
            routes: Vec::new(),
        }
    }

    /// The dialog that an answer to an INVITE of ours stands for, from the answer alone: to
    /// acknowledge and end a call that is forgotten.
    ///
    /// # Errors
    /// As [`Dialog::establish`].
    pub fn of_answer(answer: &Message<'_>) -> Result<Self, DialogError> {
        let local = answer.raw_header(HeaderName::From).unwrap_or(b"").to_vec();
        let target = answer.to()?.uri.to_owned();
        let mut dialog = Self::uac(Arc::from(answer.call_id()?), local, Vec::new(), target);
        dialog.local_cseq = answer.cseq()?.number;
        dialog.establish(answer)?;
        Ok(dialog)
    }

    /// Learns from a response with a To tag to our INVITE: 101 to 199 make the dialog early, 2xx
    /// confirms it and computes the route set again (RFC 3261 §12.1.2, §13.2.2.4).
    ///
    /// # Errors
    /// When a field that the dialog needs cannot be read, or the route set is too long; the dialog
    /// is as it was then.
    pub fn establish(&mut self, response: &Message<'_>) -> Result<(), DialogError> {
        let Some(tag) = response.to()?.tag() else {
            return Ok(());
        };
        let target = response.contact()?.map(|contact| contact.uri);
        if self.remote_tag != tag || response.status().is_some_and(|status| status >= 200) {
            let mut routes = routes(response)?;
            // RFC 3261 §12.1.2: for the UAC the order is reversed.
            routes.reverse();
            self.routes = routes;
            self.remote.clear();
            let to = response.raw_header(HeaderName::To).unwrap_or(b"");
            self.remote.extend_from_slice(to);
            tag.clone_into(&mut self.remote_tag);
        }
        if let Some(target) = target {
            target.clone_into(&mut self.target);
        }
        Ok(())
    }

    /// Back to before the first response, for the same INVITE once more: the Call-ID, our tag and
    /// the count of CSeq stay (RFC 3261 §8.1.3.5, §22.2). `remote` is To without a tag.
    pub fn begin_again(&mut self, remote: Vec<u8>, target: String) {
        self.remote = remote;
        self.remote_tag.clear();
        self.target = target;
        self.routes.clear();
    }

    /// The Call-ID.
    pub fn call_id(&self) -> &Arc<str> {
        &self.call_id
    }

    /// Whether a tag is ours.
    pub fn has_local_tag(&self, tag: &str) -> bool {
        let before = self.local.strip_suffix(tag.as_bytes());
        before.is_some_and(|before| before.ends_with(b";tag="))
    }

    /// Their tag; empty before they gave one, and for a peer of RFC 2543.
    pub fn remote_tag(&self) -> &str {
        &self.remote_tag
    }

    /// Their Contact.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The last CSeq number that we used; zero before the first.
    pub fn local_cseq(&self) -> u32 {
        self.local_cseq
    }

    /// A request that came with our tag: is it this dialog's, and the next one? An ACK is never
    /// out of order, because it repeats the number of its INVITE; see [`Dialog::is_ours`].
    ///
    /// # Errors
    /// [`DialogError::NoMatch`], [`DialogError::OutOfOrder`].
    pub fn accept(&mut self, request: &Message<'_>) -> Result<(), DialogError> {
        if !self.is_ours(request) {
            return Err(DialogError::NoMatch);
        }
        let cseq = request.cseq()?;
        if Some(cseq.method) != request.method() {
            return Err(ParseError::header(HeaderName::CSeq, Problem::Mismatched).into());
        }
        let number = cseq.number;
        // RFC 3261 §12.2.2: a lower number is rejected; equal would be a retransmission, and those
        // never come here.
        if self.remote_cseq.is_some_and(|last| number <= last) {
            return Err(DialogError::OutOfOrder);
        }
        self.remote_cseq = Some(number);
        Ok(())
    }

    /// Whether a request that came with our tag has this dialog's Call-ID and their tag.
    pub fn is_ours(&self, request: &Message<'_>) -> bool {
        let same_tag = |from: NameAddr<'_>| from.tag().unwrap_or("") == self.remote_tag;
        request
            .call_id()
            .is_ok_and(|call_id| *call_id == *self.call_id)
            && request.from().is_ok_and(same_tag)
    }

    /// A target refresh: the Contact of a re-INVITE, an UPDATE or a 2xx to them (RFC 3261 §12.2).
    pub fn refresh_target(&mut self, message: &Message<'_>) {
        if let Ok(Some(contact)) = message.contact() {
            contact.uri.clone_into(&mut self.target);
        }
    }

    /// The number for the next request.
    pub fn next_cseq(&mut self) -> u32 {
        self.local_cseq += 1;
        self.local_cseq
    }

    /// The URI of the element that the next request goes to: the first route, else the target.
    pub fn next_hop(&self) -> &str {
        self.routes.first().map_or(&self.target, |route| &route.uri)
    }

    /// The Request-URI of the next request: the target, or the first route when that is no loose
    /// router.
    pub fn request_uri(&self) -> &str {
        let strict = self.routes.first().filter(|route| !route.is_loose);
        strict.map_or(&self.target, |route| &route.uri)
    }

    /// Writes a request of this dialog up to CSeq: request line, the Via that `via` adds, Route,
    /// From, To, Call-ID, CSeq (RFC 3261 §12.2.1.1).
    pub fn write_request<'b>(
        &self,
        out: &'b mut Vec<u8>,
        method: Method<'_>,
        cseq: u32,
        via: impl FnOnce(&mut MessageWriter<'b>),
    ) -> MessageWriter<'b> {
        // A first route that is no loose router expects itself as the Request-URI, and the target
        // at the end of Route.
        let strict = self.routes.first().filter(|route| !route.is_loose);
        let mut writer = MessageWriter::request(out, method, self.request_uri());
        via(&mut writer);
        for route in &self.routes[usize::from(strict.is_some())..] {
            writer.header(HeaderName::Route, &route.value);
        }
        if strict.is_some() {
            writer.header_fmt(HeaderName::Route, format_args!("<{}>", self.target));
        }
        writer.raw_header("From", &self.local);
        writer.raw_header("To", &self.remote);
        writer.header(HeaderName::CallId, &self.call_id);
        writer.cseq(cseq, method);
        writer
    }
}

/// The Record-Route values of a message in order.
fn routes(message: &Message<'_>) -> Result<Vec<Route>, DialogError> {
    let mut routes = Vec::new();
    for address in message.record_routes() {
        if routes.len() == MAX_ROUTES {
            return Err(DialogError::TooManyRoutes);
        }
        let address = address?;
        let uri = Uri::parse(address.uri)?;
        routes.push(Route {
            value: format!("<{}>{}", address.uri, address.params.as_str()),
            uri: address.uri.to_owned(),
            is_loose: uri.is_loose_router(),
        });
    }
    Ok(routes)
}

#[cfg(test)]
mod tests;
