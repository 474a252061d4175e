//! Writing the agent's requests and responses.

use super::transactions::{Purpose, TransactionId, User};
use super::{CallHandle, UserAgent, reason_phrase};
use sip_core::header::HeaderName;
use sip_core::message::{Message, MessageWriter, Method, RecordRoutes, ReplyHead};
use std::net::SocketAddr;

/// Media type of a session description.
pub(super) const SDP: &str = "application/sdp";

impl UserAgent {
    /// Sends a request of the call, with a session description if there is one.
    pub(super) fn request(
        &mut self,
        handle: CallHandle,
        purpose: Purpose,
        method: Method<'_>,
        description: Option<&str>,
    ) -> Option<TransactionId> {
        self.request_with(handle, purpose, method, description.map(|text| (SDP, text)))
    }

    pub(super) fn request_with(
        &mut self,
        handle: CallHandle,
        purpose: Purpose,
        method: Method<'_>,
        body: Option<(&str, &str)>,
    ) -> Option<TransactionId> {
        let branch = self.branch();
        let address = self.config.address;
        let call = self.calls.get_mut(&handle)?;
        let cseq = call.dialog.next_cseq();
        let mut bytes = Vec::with_capacity(1_024);
        let mut writer = call
            .dialog
            .write_request(&mut bytes, method, cseq, address, &branch);
        writer.header(HeaderName::UserAgent, &self.config.user_agent);
        if matches!(method, Method::Invite | Method::Update | Method::Options) {
            write_contact(&mut writer, address);
        }
        match body {
            Some((kind, text)) => writer.body(kind, text.as_bytes()),
            None => writer.finish(),
        }
        let remote = call.dialog.next_hop();
        let user = User {
            call: handle,
            purpose,
        };
        Some(
            self.transactions
                .request(self.now, user, branch, remote, bytes),
        )
    }

    /// Writes a response that may create or refresh a dialog.
    pub(super) fn write_response(
        &self,
        head: &ReplyHead,
        status: u16,
        tag: Option<&str>,
        description: Option<&str>,
    ) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1_024);
        let routes = if (101..300).contains(&status) {
            RecordRoutes::Copy
        } else {
            RecordRoutes::Omit
        };
        let reason = reason_phrase(status);
        let mut writer = MessageWriter::reply(&mut bytes, head, status, reason, tag, routes);
        if (101..300).contains(&status) {
            write_contact(&mut writer, self.config.address);
        }
        writer.header(HeaderName::Server, &self.config.user_agent);
        match description {
            Some(text) => writer.body(SDP, text.as_bytes()),
            None => writer.finish(),
        }
        bytes
    }

    /// Answers a request at once, outside of any script.
    pub(super) fn respond_to(
        &mut self,
        id: TransactionId,
        from: SocketAddr,
        message: &Message<'_>,
        status: u16,
        headers: &[(HeaderName, &str)],
    ) {
        let tag = self.token();
        let mut bytes = Vec::with_capacity(512);
        let reason = reason_phrase(status);
        let mut writer =
            MessageWriter::reply_to(&mut bytes, message, from, status, reason, Some(&tag));
        for (name, value) in headers {
            writer.header(*name, value);
        }
        if status == 420 {
            for option in message.raw_values(HeaderName::Require) {
                writer.raw_header("Unsupported", option);
            }
        }
        writer
            .header(HeaderName::Server, &self.config.user_agent)
            .finish();
        self.transactions.respond(self.now, id, status, bytes);
    }
}

fn write_contact(writer: &mut MessageWriter<'_>, address: SocketAddr) {
    writer.header_fmt(HeaderName::Contact, format_args!("<sip:{address}>"));
}
