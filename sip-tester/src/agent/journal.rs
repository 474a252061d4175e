//! Keeping every message of a call for its ladder.

use super::UserAgent;
use crate::ladder::{Direction, Record};
use sip_core::header::HeaderName;
use sip_core::limits::Limits;
use sip_core::message::Message;
use std::net::SocketAddr;

impl UserAgent {
    /// Also called once more for the INVITE that opens a call, which came before the call was
    /// known.
    pub(super) fn record_received(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        message: &Message<'_>,
    ) {
        if self.config.records_ladders {
            self.record(Direction::Received, from, to, message);
        }
    }

    pub(super) fn record_sent(&mut self, to: SocketAddr, bytes: &[u8]) {
        if !self.config.records_ladders {
            return;
        }
        if let Ok(message) = Message::parse(bytes, &Limits::DEFAULT) {
            self.record(Direction::Sent, self.config.address, to, &message);
        }
    }

    fn record(
        &mut self,
        direction: Direction,
        from: SocketAddr,
        to: SocketAddr,
        message: &Message<'_>,
    ) {
        let now = self.now;
        let Some(call) = self
            .call_of(message)
            .and_then(|handle| self.calls.get_mut(&handle))
        else {
            return;
        };
        let first_line = message.as_bytes().split(|byte| *byte == b'\r').next();
        let first_line = String::from_utf8_lossy(first_line.unwrap_or_default());
        let record = Record {
            direction,
            from,
            to,
            first_line: &first_line,
            cseq: message.header(HeaderName::CSeq).unwrap_or_default(),
            call_id: &call.dialog.call_id,
            with_sdp: message.content_type() == Some("application/sdp"),
        };
        call.ladder.record(now, record);
    }
}
