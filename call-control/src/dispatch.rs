//! Which call, which leg, which transaction: the way of a message to whom it concerns.

use crate::alphabet::LegEvent;
use crate::attempt::drop_late;
use crate::call::{Call, LegId};
use crate::config::Now;
use crate::core::{CallTimer, Core, Role, User};
use crate::encryption::is_private;
use crate::engine::Engine;
use crate::leg::bare;
use crate::methods::ALLOW;
use crate::release::phrase;
use crate::reliable::prack_status;
use media_relay::Side;
use routing_engine::resources::Signalling;
use sip_core::dialog::DialogError;
use sip_core::message::RecordRoutes;
use sip_core::slab::SlabKey;
use sip_core::ticket::TicketText;
use sip_core::timer::TimerId;
use sip_core::transaction::{ClientId, Expired, Matched, Path, ServerId, ServerKey};
use sip_core::{HeaderName, Instant, Message, Method};

impl Engine {
    /// A request: a retransmission, something within a dialog, a new call, or neither.
    pub(crate) fn handle_request(&mut self, now: Now, request: &Message<'_>, path: Path) {
        let core = &mut self.core;
        let matched = core
            .transactions
            .match_request(now.instant, request, &mut core.outbox);
        match matched {
            Ok(Matched::Absorbed) => {}
            Ok(Matched::New(key)) => self.handle_new_request(now, request, path, key),
            Ok(Matched::Cancel { invite, .. }) => self.handle_cancel(now, request, path, invite),
            Ok(Matched::Ack(user)) => self.handle_ack(now, request, path, user),
            Err(error) => self.answer_invalid(now, request, path, error),
        }
    }

    fn handle_new_request(&mut self, now: Now, request: &Message<'_>, path: Path, key: ServerKey) {
        // Most requests are of a dialog, and that checks the fields that it needs.
        if let Some((call, leg)) = to_tag(request).and_then(|tag| self.core.read_tag(tag)) {
            return self.handle_in_dialog(now, request, path, key, call, leg);
        }
        if let Err(error) = request.validate_request() {
            return self.answer_invalid(now, request, path, error);
        }
        match request.method() {
            _ if to_tag(request).is_some() => self.core.refuse_stray(now, request, path),
            Some(Method::Invite) if self.core.shed_for_s.is_some() => {
                self.core.shed(now, request, path);
            }
            Some(Method::Invite) if self.core.transactions.is_merged(request) => {
                self.core.refuse_merged(now, request, path);
            }
            Some(Method::Invite) => self.handle_new_call(now, request, path, key),
            _ => self.answer_out_of_dialog(now, request, path),
        }
    }

    fn handle_in_dialog(
        &mut self,
        now: Now,
        request: &Message<'_>,
        path: Path,
        key: ServerKey,
        call: SlabKey,
        leg: u16,
    ) {
        let (call, leg) = self.home_of(call, leg);
        let handled = self.with_call(now.instant, call, |call, core| {
            call.on_request(core, now, leg, request, path, key);
        });
        if handled.is_none() {
            self.core.refuse_stray(now, request, path);
        }
    }

    /// RFC 3261 §9.2: the CANCEL has its own answer at once; the INVITE gets 487 from its call.
    fn handle_cancel(
        &mut self,
        now: Now,
        cancel: &Message<'_>,
        path: Path,
        invite: Option<(ServerId, User)>,
    ) {
        let Some((_, user)) = invite else {
            return self.answer_out_of_dialog(now, cancel, path);
        };
        // Answered without state: a retransmission finds the INVITE again and gets the same.
        let tag = self.core.tag(user.call, 0);
        self.core
            .reply_tagged(cancel, path, 200, phrase(200), &tag, bare);
        self.with_call(now.instant, user.call, |call, core| {
            call.trace_received(core, now.instant, cancel, path);
            match user.role {
                Role::Invite => {
                    let event = LegEvent::Released(cancel);
                    call.on_leg_event(core, now.instant, Side::Ingress, event);
                }
                Role::Served(number) => call.cancel_exchange(core, now.instant, number),
                Role::Attempt(_)
                | Role::Relayed(_)
                | Role::Refresh(_)
                | Role::Probe(_)
                | Role::Prack
                | Role::Bye
                | Role::Gateway(_)
                | Role::Registration
                | Role::Detached => {}
            }
            call.settle(core);
        });
    }

    /// The ACK of a 2xx: by its To tag, as every request within a dialog.
    fn handle_ack(&mut self, now: Now, ack: &Message<'_>, path: Path, user: Option<User>) {
        let of_tag = to_tag(ack).and_then(|tag| self.core.read_tag(tag));
        let found = of_tag.or_else(|| user.map(|user| (user.call, 0)));
        let handled = found.and_then(|(call, leg)| {
            let (call, leg) = self.home_of(call, leg);
            self.with_call(now.instant, call, |call, core| {
                call.on_ack(core, now.instant, leg, ack, path);
            })
        });
        self.core.counters.messages_stray += u64::from(handled.is_none());
    }

    /// A response: to the call whose transaction it answers.
    pub(crate) fn handle_response(&mut self, now: Now, response: &Message<'_>, path: Path) {
        let core = &mut self.core;
        let matched = core
            .transactions
            .match_response(now.instant, response, &mut core.outbox);
        let Some((id, user)) = matched else {
            core.counters.messages_stray += 1;
            return;
        };
        match user.role {
            Role::Gateway(index) => {
                let status = response.status().unwrap_or(0);
                return core.on_probe_response(now, user.call, index, status);
            }
            Role::Registration => return core.on_register_response(now, user.call, response),
            _ => {}
        }
        let lent_to = self.calls.get(user.call).and_then(Call::lent_to);
        let may_be_moved = matches!(
            user.role,
            Role::Attempt(_) | Role::Relayed(_) | Role::Refresh(Side::Egress)
        );
        if let Some(home) = lent_to.filter(|_| may_be_moved) {
            // The 2xx of a leg that has moved on, once more.
            self.with_call(now.instant, home, |call, core| {
                call.on_stray_final(core, response);
            });
        }
        let handled = self.with_call(now.instant, user.call, |call, core| {
            call.on_response(core, now.instant, id, user.role, response, path);
        });
        if handled.is_none() {
            self.drop_orphan(now, id, user, response, path);
        }
    }

    /// The call is over, but a peer that was silent then speaks now.
    fn drop_orphan(
        &mut self,
        now: Now,
        id: ClientId,
        user: User,
        response: &Message<'_>,
        path: Path,
    ) {
        let core = &mut self.core;
        let is_provisional = response.status().is_some_and(|status| status < 200);
        let is_dropped = match user.role {
            Role::Attempt(_) => true,
            Role::Relayed(_) | Role::Refresh(_) => is_provisional,
            _ => false,
        };
        if is_dropped {
            // Its trunk is forgotten with its call.
            let policy = Signalling::default();
            drop_late(core, now.instant, user.call, id, policy, response, path);
        }
    }

    pub(crate) fn handle_expired(&mut self, now: Now, expired: Expired<User>) {
        let Expired { user, reason } = expired;
        match user.role {
            Role::Gateway(index) => {
                return self.core.on_probe_expired(now, user.call, index);
            }
            Role::Registration => return self.core.on_register_expired(now, user.call),
            _ => {}
        }
        self.with_call(now.instant, user.call, |call, core| {
            call.on_expired(core, now.instant, user.role, reason);
        });
    }

    pub(crate) fn handle_call_timer(&mut self, now: Now, id: TimerId) {
        let (slot, timer) = CallTimer::of(id);
        let Some(key) = self.calls.at_mut(slot).map(|(key, _)| key) else {
            return;
        };
        self.with_call(now.instant, key, |call, core| {
            call.on_timer(core, now.instant, timer);
        });
    }
}

impl Call {
    /// A request with a tag of this call.
    fn on_request(
        &mut self,
        core: &mut Core,
        now: Now,
        leg: LegId,
        request: &Message<'_>,
        path: Path,
        key: ServerKey,
    ) {
        self.trace_received(core, now.instant, request, path);
        let accepted = match self.side_of(leg) {
            Some(side) if self.is_foreign_refer(side, request, path) => Err(403),
            Some(side) if self.would_expose_keys(side, request, path) => Err(403),
            Some(side) => self.accept(side, request).map(|()| side),
            None => Err(481),
        };
        if accepted == Err(481) && request.method() != Some(Method::Invite) {
            // Not ours, and not worth a transaction. An INVITE is: it may be of a fork whose answer is
            // still on its way, and a copy that comes after that would be served.
            return core.refuse_stray(now, request, path);
        }
        let now = now.instant;
        let user = User {
            call: self.key,
            role: self.role_of(request),
        };
        // Within a dialog the To has its tag; none is added.
        let tag = TicketText::new();
        let Ok(server) = core.transactions.open_server(key, request, path, tag, user) else {
            return core.reply_plain(request, path, 503);
        };
        match accepted {
            Ok(side) => self.serve(core, now, side, server, request),
            Err(status) => {
                core.counters.messages_malformed += u64::from(status == 400);
                respond_in_dialog(core, now, server, status);
            }
        }
        self.settle(core);
    }

    /// Whether the answer to a request may carry keys by a way on which others read them, in a dialog that
    /// began by a private one.
    fn would_expose_keys(&self, side: Side, request: &Message<'_>, path: Path) -> bool {
        let method = request.method();
        let has_answer = matches!(
            method,
            Some(Method::Invite | Method::Update | Method::Prack)
        );
        let stays_private = self.leg(side).is_some_and(|leg| leg.stays_private);
        has_answer && stays_private && !is_private(path.transport)
    }

    fn accept(&mut self, side: Side, request: &Message<'_>) -> Result<(), u16> {
        let leg = self.leg_mut(side).ok_or(481_u16)?;
        if leg.is_gone && request.method() != Some(Method::Bye) {
            return Err(481);
        }
        leg.dialog.accept(request).map_err(|error| match error {
            DialogError::NoMatch => 481,
            DialogError::OutOfOrder => 500,
            _ => 400,
        })
    }

    fn role_of(&self, request: &Message<'_>) -> Role {
        match request.method() {
            Some(
                Method::Invite
                | Method::Update
                | Method::Info
                | Method::Message
                | Method::Refer
                | Method::Notify
                | Method::Subscribe,
            ) => Role::Served(self.next_exchange()),
            _ => Role::Detached,
        }
    }

    fn serve(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        server: ServerId,
        request: &Message<'_>,
    ) {
        let event = match request.method() {
            Some(Method::Bye) => {
                respond_in_dialog(core, now, server, 200);
                LegEvent::Released(request)
            }
            Some(Method::Refer) if self.handles_refer(side) => {
                return self.on_refer(core, now, server, request);
            }
            Some(Method::Invite | Method::Update) => LegEvent::Updated(server, request),
            Some(
                Method::Info | Method::Message | Method::Refer | Method::Notify | Method::Subscribe,
            ) => LegEvent::Opaque(server, request),
            Some(Method::Prack) => return self.serve_prack(core, now, side, server, request),
            Some(Method::Options) => return respond_in_dialog(core, now, server, 200),
            Some(Method::Other(_)) | None => return respond_in_dialog(core, now, server, 501),
            Some(_) => return respond_in_dialog(core, now, server, 405),
        };
        self.on_leg_event(core, now, side, event);
    }

    /// Only the customer has reliable responses of ours to confirm.
    fn serve_prack(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        server: ServerId,
        prack: &Message<'_>,
    ) {
        let is_confirmed = side == Side::Ingress && self.take_prack(core, prack);
        respond_in_dialog(core, now, server, prack_status(is_confirmed, prack));
        if is_confirmed {
            self.on_confirmed(core, now);
        }
    }

    /// The ACK of a 2xx of ours.
    fn on_ack(&mut self, core: &mut Core, now: Instant, leg: LegId, ack: &Message<'_>, path: Path) {
        self.trace_received(core, now, ack, path);
        let key = self.key;
        let Some(side) = self.side_of(leg) else {
            return;
        };
        let taken = self
            .leg_mut(side)
            .is_some_and(|leg| leg.dialog.is_ours(ack) && leg.take_ack(core, key, side, ack));
        if taken {
            self.on_leg_event(core, now, side, LegEvent::Acknowledged(ack));
        }
        self.settle(core);
    }
}

/// Ends a request within a dialog that is not relayed.
pub(crate) fn respond_in_dialog(core: &mut Core, now: Instant, server: ServerId, status: u16) {
    let Core {
        transactions,
        outbox,
        ..
    } = core;
    let routes = RecordRoutes::Omit;
    transactions.respond(
        now,
        server,
        status,
        phrase(status),
        routes,
        outbox,
        |writer| {
            writer.header(HeaderName::Allow, ALLOW);
            writer.finish();
        },
    );
}

fn to_tag<'a>(request: &Message<'a>) -> Option<&'a str> {
    request.to().ok().and_then(|to| to.tag())
}
