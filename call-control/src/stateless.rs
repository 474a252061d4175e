//! Answers that need no state: what is out of any dialog, or wrong, or from nobody we know.
//!
//! A stateless answer is the same for every retransmission, its tag included (RFC 3261 §8.2.7).

use crate::config::Now;
use crate::core::Core;
use crate::engine::Engine;
use crate::events::Datagram;
use crate::leg::{SDP, bare};
use crate::methods::ALLOW;
use crate::release::{phrase, reason_value};
use sip_core::transaction::{Path, response_path};
use sip_core::uri::{Scheme, Uri};
use sip_core::{HeaderName, Instant, Message, MessageWriter, Method, ParseError};
use std::net::IpAddr;

impl Engine {
    /// Bytes that are no message: answered when enough of a request can be read for that.
    pub(crate) fn answer_malformed(
        &mut self,
        now: Now,
        datagram: &Datagram<'_>,
        error: ParseError,
    ) {
        let core = &mut self.core;
        core.counters.messages_received += 1;
        core.counters.messages_malformed += 1;
        let Some(message) = Message::salvage(datagram.bytes, &core.config.limits.message) else {
            return;
        };
        if core.may_answer(now, datagram.path) {
            let reason = error.reason_phrase();
            core.reply(&message, datagram.path, error.status(), &reason, bare);
        }
    }

    /// A request that breaks a rule of RFC 3261 §8.1.1.
    pub(crate) fn answer_invalid(
        &mut self,
        now: Now,
        request: &Message<'_>,
        path: Path,
        error: ParseError,
    ) {
        let core = &mut self.core;
        core.counters.messages_malformed += 1;
        if can_be_answered(request) && core.may_answer(now, path) {
            let reason = error.reason_phrase();
            core.reply(request, path, error.status(), &reason, bare);
        }
    }

    /// A request outside any dialog that begins none.
    pub(crate) fn answer_out_of_dialog(&mut self, now: Now, request: &Message<'_>, path: Path) {
        let core = &mut self.core;
        if !core.may_answer(now, path) {
            core.counters.unknown_source_silenced += 1;
            return;
        }
        match request.method() {
            Some(Method::Options) if has_unknown_scheme(request) => {
                core.reply_plain(request, path, 416);
            }
            Some(Method::Options) if required(request).next().is_some() => {
                core.refuse_extensions(request, path);
            }
            Some(Method::Options) => core.answer_options(request, path),
            // RFC 3261 §12.2.2, §9.2: BYE and CANCEL mean something that we do not have.
            Some(Method::Bye | Method::Cancel | Method::Info | Method::Update) => {
                core.reply_plain(request, path, 481);
            }
            Some(Method::Other(_)) | None => core.reply_with_allow(request, path, 501),
            Some(_) => core.reply_with_allow(request, path, 405),
        }
    }
}

impl Core {
    /// Whether a message that makes no call is answered: always to those we know, who may take
    /// silence for death, and a few times a second to others.
    pub(crate) fn may_answer(&mut self, now: Now, path: Path) -> bool {
        let source = path.remote.ip();
        self.knows(now.instant, source) || self.sources.may_answer(now.instant, source)
    }

    /// Whether a message comes from a gateway of a carrier or from a customer: by its address, or
    /// because the right password was shown from there not long ago.
    pub(crate) fn knows(&self, now: Instant, source: IpAddr) -> bool {
        let source = source.to_canonical();
        self.snapshot.has_gateway_at(source)
            || self.addresses.leads_to(source)
            || self.snapshot.knows_source(source)
            || self.sources.remembers(now, source)
    }

    /// A new call while the shell does not keep up: 503 without state, a look-up or a record.
    pub(crate) fn shed(&mut self, now: Now, invite: &Message<'_>, path: Path) {
        self.counters.calls_shed += 1;
        if !self.may_answer(now, path) {
            self.counters.unknown_source_silenced += 1;
            return;
        }
        let wait = u32::from(self.shed_for_s.unwrap_or_default());
        self.reply(invite, path, 503, phrase(503), |writer| {
            writer.number(HeaderName::RetryAfter, wait);
            writer.finish();
        });
    }

    /// A forged or stale tag finds nothing: 481, and no state.
    pub(crate) fn refuse_stray(&mut self, now: Now, request: &Message<'_>, path: Path) {
        self.counters.messages_stray += 1;
        match self.may_answer(now, path) {
            true => self.reply_plain(request, path, 481),
            false => self.counters.unknown_source_silenced += 1,
        }
    }

    /// An INVITE that is here already, by another way (RFC 3261 §8.2.2.2).
    pub(crate) fn refuse_merged(&mut self, now: Now, request: &Message<'_>, path: Path) {
        match self.may_answer(now, path) {
            true => self.reply_plain(request, path, 482),
            false => self.counters.unknown_source_silenced += 1,
        }
    }

    /// Answers without state. The same request gets the same answer, tag included.
    pub(crate) fn reply(
        &mut self,
        request: &Message<'_>,
        path: Path,
        status: u16,
        reason: &str,
        finish: impl FnOnce(&mut MessageWriter<'_>),
    ) {
        let tag = self.transactions.stateless_tag(request);
        self.reply_tagged(request, path, status, reason, &tag, finish);
    }

    /// The same with a tag of the caller's choice.
    pub(crate) fn reply_tagged(
        &mut self,
        request: &Message<'_>,
        path: Path,
        status: u16,
        reason: &str,
        tag: &str,
        finish: impl FnOnce(&mut MessageWriter<'_>),
    ) {
        let out = &mut self.scratch;
        let source = path.remote;
        let mut writer = MessageWriter::reply_to(out, request, source, status, reason, Some(tag));
        writer.header(HeaderName::Server, &self.config.user_agent);
        finish(&mut writer);
        self.outbox
            .push(response_path(request, path), None, &self.scratch);
    }

    /// The same with the standard phrase and nothing else.
    pub(crate) fn reply_plain(&mut self, request: &Message<'_>, path: Path, status: u16) {
        self.reply(request, path, status, phrase(status), bare);
    }

    /// The same with what the switch can do.
    pub(crate) fn reply_with_allow(&mut self, request: &Message<'_>, path: Path, status: u16) {
        self.reply(request, path, status, phrase(status), |writer| {
            writer.header(HeaderName::Allow, ALLOW);
            writer.finish();
        });
    }

    /// A refusal with its Q.850 cause.
    pub(crate) fn reply_with_cause(
        &mut self,
        request: &Message<'_>,
        path: Path,
        status: u16,
        cause: u8,
    ) {
        self.reply(request, path, status, phrase(status), |writer| {
            writer.header(HeaderName::Reason, &reason_value(cause));
            writer.finish();
        });
    }

    /// RFC 3261 §8.2.2.3. Outside any dialog nothing is understood: extensions are of calls.
    fn refuse_extensions(&mut self, request: &Message<'_>, path: Path) {
        self.reply(request, path, 420, phrase(420), |writer| {
            for option in required(request) {
                writer.raw_header("Unsupported", option);
            }
            writer.finish();
        });
    }

    /// RFC 3261 §11.2: what we would answer an INVITE with, and what we understand.
    pub(crate) fn answer_options(&mut self, request: &Message<'_>, path: Path) {
        let status = match self.drain.is_on() || !self.journal_available {
            // A peer that looks for a place to send calls to learns that this is none.
            true => 503,
            false => 200,
        };
        self.reply(request, path, status, phrase(status), |writer| {
            writer.header(HeaderName::Allow, ALLOW);
            writer.header(HeaderName::Accept, SDP);
            writer.finish();
        });
    }
}

fn required<'m>(request: &'m Message<'m>) -> impl Iterator<Item = &'m [u8]> {
    request.raw_values(HeaderName::Require)
}

/// Whether the Request-URI is one that a switch can do nothing with (RFC 3261 §8.2.2.1).
pub(crate) fn has_unknown_scheme(request: &Message<'_>) -> bool {
    let uri = request.request_uri().and_then(|text| Uri::parse(text).ok());
    uri.is_none_or(|uri| matches!(uri.scheme, Scheme::Other(_)))
}

/// Whether an answer can reach who asked: there is a Via, well-formed or not. What else a response must
/// repeat (RFC 3261 §8.2.6.2) is left out when it is missing. An ACK has no response at all.
fn can_be_answered(request: &Message<'_>) -> bool {
    request.method() != Some(Method::Ack) && request.raw_header(HeaderName::Via).is_some()
}
