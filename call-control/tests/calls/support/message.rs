//! A message that the switch sent.

use sip_core::transaction::HostNumber;
use sip_core::{HeaderName, Limits, Message};
use std::net::SocketAddr;

/// One message on its way to a peer.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) to: SocketAddr,
    /// Whom the other side has to prove to be.
    pub(crate) host: Option<HostNumber>,
    pub(crate) text: String,
}

impl Sent {
    pub(crate) fn parsed(&self) -> Message<'_> {
        Message::parse(self.text.as_bytes(), &Limits::DEFAULT).unwrap()
    }

    /// `INVITE` for a request, `200 INVITE` for a response.
    pub(crate) fn what(&self) -> String {
        let message = self.parsed();
        let method = message.cseq().unwrap().method;
        match message.status() {
            Some(status) => format!("{status} {method}"),
            None => method.to_string(),
        }
    }

    pub(crate) fn header(&self, name: HeaderName) -> String {
        self.parsed().header(name).unwrap_or("").to_owned()
    }

    pub(crate) fn body(&self) -> String {
        String::from_utf8(self.parsed().body().to_vec()).unwrap()
    }

    /// The tag of From or To; empty without one.
    pub(crate) fn tag(&self, name: HeaderName) -> String {
        let message = self.parsed();
        let address = match name {
            HeaderName::From => message.from(),
            _ => message.to(),
        };
        address.unwrap().tag().unwrap_or("").to_owned()
    }

    /// The Request-URI.
    pub(crate) fn uri(&self) -> String {
        self.parsed().request_uri().unwrap().to_owned()
    }

    pub(crate) fn branch(&self) -> String {
        self.parsed().top_via().unwrap().branch.unwrap().to_owned()
    }
}
