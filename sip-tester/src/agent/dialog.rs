//! The dialog of a call (RFC 3261 §12): identifiers, sequence numbers, where requests go.

use sip_core::header::HeaderName;
use sip_core::message::{Message, MessageWriter, Method};
use sip_core::uri::Uri;
use std::net::SocketAddr;

/// Hops a request of ours may take (RFC 3261 §8.1.1.6).
const MAX_FORWARDS: u32 = 70;
/// Route values that are taken from a peer.
const MAX_ROUTES: usize = 16;
/// What we understand; in every INVITE and its 2xx (RFC 3261 §13.2.1).
pub(crate) const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE";

/// One side's view of a dialog.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    pub(crate) call_id: String,
    pub(crate) local_uri: String,
    pub(crate) local_tag: String,
    pub(crate) remote_uri: String,
    /// `None` until the other side has given one.
    pub(crate) remote_tag: Option<String>,
    /// Request-URI of our requests: the peer's Contact.
    pub(crate) remote_target: String,
    /// Route set, in the order in which we write it.
    routes: Vec<String>,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    /// Where the first message went or came from; used when a target is no address.
    peer: SocketAddr,
}

impl Dialog {
    /// The caller's, before any response.
    pub(crate) fn of_caller(
        call_id: String,
        local_tag: String,
        local_uri: String,
        remote_uri: String,
        peer: SocketAddr,
    ) -> Self {
        Self {
            call_id,
            local_uri,
            local_tag,
            remote_target: remote_uri.clone(),
            remote_uri,
            remote_tag: None,
            routes: Vec::new(),
            local_cseq: 0,
            remote_cseq: None,
            peer,
        }
    }

    /// The called side's, from the INVITE (RFC 3261 §12.1.1). `None` when the INVITE lacks what a
    /// dialog needs.
    pub(crate) fn of_called(
        invite: &Message<'_>,
        local_tag: String,
        source: SocketAddr,
    ) -> Option<Self> {
        let (from, to) = (invite.from().ok()?, invite.to().ok()?);
        let contact = invite.contact().ok()??;
        let routes = invite.record_routes().take(MAX_ROUTES).flatten();
        Some(Self {
            call_id: invite.call_id().ok()?.to_owned(),
            local_uri: to.uri.to_owned(),
            local_tag,
            remote_uri: from.uri.to_owned(),
            remote_tag: from.tag().map(str::to_owned),
            remote_target: contact.uri.to_owned(),
            routes: routes.map(|route| route.uri.to_owned()).collect(),
            local_cseq: 0,
            remote_cseq: invite.cseq().ok().map(|cseq| cseq.number),
            peer: source,
        })
    }

    /// The caller's dialog takes the called side's identity from a response that creates or
    /// confirms it (RFC 3261 §12.1.2, §13.2.2.4).
    pub(crate) fn confirm(&mut self, response: &Message<'_>) {
        let tag = response
            .to()
            .ok()
            .and_then(|to| to.tag().map(str::to_owned));
        if tag.is_none() {
            return;
        }
        self.remote_tag = tag;
        let routes = response.record_routes().take(MAX_ROUTES).flatten();
        self.routes = routes.map(|route| route.uri.to_owned()).collect();
        self.routes.reverse();
        self.refresh_target(response);
    }

    /// A target refresh: re-INVITE, UPDATE, or a 2xx to one (RFC 3261 §12.2).
    pub(crate) fn refresh_target(&mut self, message: &Message<'_>) {
        if let Ok(Some(contact)) = message.contact() {
            contact.uri.clone_into(&mut self.remote_target);
        }
    }

    /// Takes the sequence number of a request within the dialog; `false` when it is out of order
    /// and deserves a 500 (RFC 3261 §12.2.2).
    pub(crate) fn accept_cseq(&mut self, number: u32) -> bool {
        let in_order = self.remote_cseq.is_none_or(|last| number > last);
        if in_order {
            self.remote_cseq = Some(number);
        }
        in_order
    }

    /// The sequence number of the next request of ours.
    pub(crate) fn next_cseq(&mut self) -> u32 {
        self.local_cseq += 1;
        self.local_cseq
    }

    /// Where requests are sent: the first route or the remote target if that is an address, else
    /// the peer of the first message.
    pub(crate) fn next_hop(&self) -> SocketAddr {
        let uri = self.routes.first().unwrap_or(&self.remote_target);
        address_of(uri).unwrap_or(self.peer)
    }

    /// Starts a request of the dialog: everything but Contact and body.
    pub(crate) fn write_request<'b>(
        &self,
        bytes: &'b mut Vec<u8>,
        method: Method<'_>,
        cseq: u32,
        sent_by: SocketAddr,
        branch: &str,
    ) -> MessageWriter<'b> {
        let mut writer = MessageWriter::request(bytes, method, &self.remote_target);
        writer
            .via("UDP", &sent_by.to_string(), branch, true)
            .number(HeaderName::MaxForwards, MAX_FORWARDS);
        for route in &self.routes {
            writer.address(HeaderName::Route, None, route, None);
        }
        writer
            .address(
                HeaderName::From,
                None,
                &self.local_uri,
                Some(&self.local_tag),
            )
            .address(
                HeaderName::To,
                None,
                &self.remote_uri,
                self.remote_tag.as_deref(),
            )
            .header(HeaderName::CallId, &self.call_id)
            .cseq(cseq, method);
        writer
    }
}

/// The address a SIP URI points at, if its host is one.
pub(crate) fn address_of(uri: &str) -> Option<SocketAddr> {
    let uri = Uri::parse(uri).ok()?;
    Some(SocketAddr::new(uri.ip()?, uri.port.unwrap_or(5060)))
}
