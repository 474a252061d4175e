//! What keeps an answered call from outliving its peers: session timers (RFC 4028), refreshed by
//! us where the other side cannot, and OPTIONS where there are none.
//!
//! Each leg has its own: what one side agreed to says nothing to the other. A leg without a
//! refresh within its interval ends the call with [`ReleaseReason::SessionExpired`].

use crate::call::{Call, Phase};
use crate::core::{CallTimer, Core, Role, User};
use crate::leg::{Leg, SDP};
use crate::methods::allow;
use media_relay::Side;
use rating::cdr::ReleaseReason;
use routing_engine::resources::{KeepaliveMethod, SessionTimers, Signalling};
use sip_core::slab::SlabKey;
use sip_core::transaction::ClientId;
use sip_core::{
    Duration, HeaderName, Instant, Message, MessageWriter, Method, Refresher, SessionExpires,
};

/// The option tag.
pub(crate) const TIMER: &str = "timer";
const INTERVAL_MIN_S: u32 = Signalling::SESSION_MINIMUM_S;
const INTERVAL_MAX_S: u32 = Signalling::SESSION_MAXIMUM_S;
/// A side that does not refresh is hung up on so long before the end, or a third of the interval
/// if that is shorter (RFC 4028 §10), seconds.
const BEFORE_END_S: u32 = 32;
/// A refresh that met another change of the session waits so long, milliseconds: from, and how much
/// more at most. RFC 3261 §14.1: the pauses of both sides never meet. On the carrier's side the
/// Call-ID is ours, on the customer's it is theirs.
const COLLISION_PAUSE_MS: [(u64, u64); 2] = [(0, 2_000), (2_100, 1_900)];
/// The shortest pause after a refresh that was refused for another reason.
const REFUSAL_PAUSE: Duration = Duration::from_secs(10);
/// A re-INVITE of ours without a final response for so long is as good as unanswered.
pub(crate) const REINVITE_PATIENCE: Duration = Duration::from_secs(60);

/// What keeps the session of a leg alive.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LegSession {
    running: Option<Running>,
    /// The refresh that is under way.
    refresh: Option<Refresh>,
    /// An OPTIONS is under way.
    is_asked: bool,
    /// The peer takes UPDATE: a refresh needs no description.
    allows_update: bool,
    /// The shortest interval that the peer takes, when it said so; seconds.
    minimum_s: u32,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    interval_s: u32,
    we_refresh: bool,
    expires_at: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Refresh {
    client: ClientId,
    is_invite: bool,
}

/// The session interval that the other side asks for is too short (422).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooShort {
    /// What it may ask for, seconds.
    pub(crate) minimum_s: u32,
}

/// What an INVITE or UPDATE says of session timers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionRequest {
    expires: Option<SessionExpires>,
    minimum_s: u32,
    is_supported: bool,
}

impl SessionRequest {
    /// Reads it. Values that cannot be read are taken as not there.
    pub(crate) fn of(request: &Message<'_>) -> Self {
        let supports = |name| request.has_option(name, TIMER);
        Self {
            expires: request.session_expires().ok().flatten(),
            minimum_s: request
                .number(HeaderName::MinSe)
                .ok()
                .flatten()
                .unwrap_or(0),
            is_supported: supports(HeaderName::Supported) || supports(HeaderName::Require),
        }
    }

    /// Nothing at all.
    pub(crate) const NONE: Self = Self {
        expires: None,
        minimum_s: 0,
        is_supported: false,
    };

    /// RFC 4028 §9: only who supports the extension can be told that its interval is too short.
    pub(crate) fn check(&self, policy: &Signalling) -> Result<(), TooShort> {
        let minimum_s = policy.session_minimum_s;
        let asks_for_less = self
            .expires
            .is_some_and(|expires| expires.interval_s < minimum_s);
        match asks_for_less && self.is_supported && policy.session_timers != SessionTimers::Off {
            true => Err(TooShort { minimum_s }),
            false => Ok(()),
        }
    }

    /// What our 2xx says; `None` when no timer runs. We refresh unless the other side wants to.
    pub(crate) fn answer(&self, policy: &Signalling) -> Option<SessionExpires> {
        let wanted = match (policy.session_timers, self.expires) {
            (SessionTimers::Off, _) => return None,
            (_, Some(expires)) => expires,
            (SessionTimers::Supported, None) if !self.is_supported => return None,
            (_, None) => SessionExpires {
                interval_s: policy.session_interval_s,
                refresher: None,
            },
        };
        let shortest = policy.session_minimum_s.max(self.minimum_s);
        let interval_s = wanted
            .interval_s
            .min(policy.session_interval_s)
            .max(shortest);
        let refresher = wanted.refresher.filter(|_| self.is_supported);
        Some(SessionExpires {
            interval_s: interval_s.min(INTERVAL_MAX_S),
            refresher: Some(refresher.unwrap_or(Refresher::Uas)),
        })
    }
}

/// Adds what a 2xx says of the session timer.
pub(crate) fn write_answer(writer: &mut MessageWriter<'_>, answer: Option<SessionExpires>) {
    let Some(expires) = answer else {
        return;
    };
    // RFC 4028 §9: who shall refresh must know that it shall.
    if expires.refresher == Some(Refresher::Uac) {
        writer.header(HeaderName::Require, TIMER);
    }
    writer.header_fmt(HeaderName::SessionExpires, format_args!("{expires}"));
}

impl LegSession {
    /// Learns from a message of the peer which methods it takes.
    pub(crate) fn learn_methods(&mut self, message: &Message<'_>) {
        if message.raw_header(HeaderName::Allow).is_some() {
            self.allows_update = message.has_option(HeaderName::Allow, "UPDATE");
        }
    }

    /// Whether a re-INVITE of our own is under way.
    pub(crate) fn is_reinviting(&self) -> bool {
        self.refresh.is_some_and(|refresh| refresh.is_invite)
    }

    /// Whether a refresh of our own is under way.
    pub(crate) fn is_refreshing(&self) -> bool {
        self.refresh.is_some()
    }

    /// The refresh under way, which nobody waits for any longer.
    pub(crate) fn take_refresh(&mut self) -> Option<ClientId> {
        self.refresh.take().map(|refresh| refresh.client)
    }

    /// Adds what a re-INVITE or UPDATE of ours says of the timer that runs.
    pub(crate) fn write_request(&self, writer: &mut MessageWriter<'_>) {
        let Some(running) = self.running else {
            return;
        };
        let refresher = match running.we_refresh {
            true => Refresher::Uac,
            false => Refresher::Uas,
        };
        let expires = SessionExpires {
            interval_s: running.interval_s,
            refresher: Some(refresher),
        };
        writer.header(HeaderName::Supported, TIMER);
        writer.header_fmt(HeaderName::SessionExpires, format_args!("{expires}"));
        if self.minimum_s > INTERVAL_MIN_S {
            writer.number(HeaderName::MinSe, self.minimum_s);
        }
    }
}

impl Leg {
    /// Our 2xx said `answer`: the timer begins again, or there is none.
    pub(crate) fn agree_session(
        &mut self,
        core: &mut Core,
        now: Instant,
        call: SlabKey,
        side: Side,
        answer: Option<SessionExpires>,
    ) {
        let agreed = answer.map(|expires| {
            let we_refresh = expires.refresher != Some(Refresher::Uac);
            (expires.interval_s, we_refresh)
        });
        self.run_session(core, now, call, side, agreed);
    }

    /// The peer's 2xx came: the timer begins again as it says, or there is none.
    pub(crate) fn accept_session(
        &mut self,
        core: &mut Core,
        now: Instant,
        call: SlabKey,
        side: Side,
        response: &Message<'_>,
    ) {
        self.session.learn_methods(response);
        let agreed = match (
            self.policy.session_timers,
            response.session_expires().ok().flatten(),
        ) {
            (SessionTimers::Off, _) => None,
            (_, Some(expires)) => {
                let interval_s = expires.interval_s.clamp(INTERVAL_MIN_S, INTERVAL_MAX_S);
                Some((interval_s, expires.refresher != Some(Refresher::Uas)))
            }
            // RFC 4028 §7.2: the peer knows nothing of timers, and need not.
            (SessionTimers::Always, None) => Some((self.policy.session_interval_s, true)),
            (SessionTimers::Supported, None) => None,
        };
        self.run_session(core, now, call, side, agreed);
    }

    /// The peer's 2xx to a change of the session came, which refreshes it too.
    pub(crate) fn renew_session(
        &mut self,
        core: &mut Core,
        now: Instant,
        call: SlabKey,
        side: Side,
        response: &Message<'_>,
    ) {
        match response.session_expires() {
            Ok(Some(_)) => self.accept_session(core, now, call, side, response),
            _ => self.touch_session(core, now, call, side),
        }
    }

    /// The peer shows that it is there, in a way that says nothing of timers.
    fn touch_session(&mut self, core: &mut Core, now: Instant, call: SlabKey, side: Side) {
        let running = self.session.running;
        let agreed = running.map(|running| (running.interval_s, running.we_refresh));
        self.run_session(core, now, call, side, agreed);
    }

    fn run_session(
        &mut self,
        core: &mut Core,
        now: Instant,
        call: SlabKey,
        side: Side,
        agreed: Option<(u32, bool)>,
    ) {
        self.session.running = agreed.map(|(interval_s, we_refresh)| Running {
            interval_s,
            we_refresh,
            expires_at: now + seconds(interval_s),
        });
        let wait = match (agreed, self.policy.keepalive_interval_s) {
            (Some((interval_s, true)), _) => Some(interval_s / 2),
            (Some((interval_s, false)), _) => Some(interval_s - BEFORE_END_S.min(interval_s / 3)),
            (None, keepalive) => keepalive,
        };
        let timer = CallTimer::session_of(side);
        match wait {
            Some(wait) => core.arm(call, timer, now, seconds(wait)),
            None => core.disarm(call, timer),
        }
    }
}

impl Call {
    /// The timer of a leg's session fired: time to refresh, to ask, or to end.
    pub(crate) fn on_session_timer(&mut self, core: &mut Core, now: Instant, side: Side) {
        if self.phase != Phase::Answered {
            return;
        }
        if self.is_joining(side) {
            return self.on_join_timer(core, now, side);
        }
        match self.leg(side).and_then(|leg| leg.session.running) {
            None => self.keep_alive(core, now, side),
            Some(running) if running.we_refresh && now < running.expires_at => {
                self.refresh(core, now, side);
            }
            Some(_) => self.expire_session(core, now, side),
        }
    }

    fn expire_session(&mut self, core: &mut Core, now: Instant, side: Side) {
        let origin = self.origin_of(side);
        let reason = ReleaseReason::SessionExpired;
        self.release(core, now, origin, reason, None, None);
    }

    /// Asks a side without session timers whether the call is up.
    fn keep_alive(&mut self, core: &mut Core, now: Instant, side: Side) {
        let Some(leg) = self.leg(side) else {
            return;
        };
        if leg.session.refresh.is_some() {
            // The last question has got no final answer.
            return self.expire_session(core, now, side);
        }
        match leg.policy.keepalive_method {
            KeepaliveMethod::Options => self.probe(core, now, side),
            KeepaliveMethod::Reinvite => {
                match self.send_refresh(core, now, side, true) {
                    true => core.arm(
                        self.key,
                        CallTimer::session_of(side),
                        now,
                        REINVITE_PATIENCE,
                    ),
                    false => self.pause(core, now, side),
                };
            }
        }
    }

    /// RFC 3261 §12.2.1.2: 481 and 408 say that the dialog is gone; anything else, that it is up.
    fn probe(&mut self, core: &mut Core, now: Instant, side: Side) {
        let user = self.user(Role::Probe(side));
        let sent = self.leg_mut(side).is_some_and(|leg| {
            leg.send(core, now, Method::Options, user, |mut writer, _| {
                writer.finish()
            })
            .is_ok()
        });
        if let Some(leg) = self.leg_mut(side) {
            leg.session.is_asked |= sent;
        }
        if !sent {
            core.arm(self.key, CallTimer::session_of(side), now, REFUSAL_PAUSE);
        }
    }

    /// The answer to our OPTIONS; `None` when none came.
    pub(crate) fn on_probed(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        status: Option<u16>,
    ) {
        let key = self.key;
        if matches!(status, Some(..200)) {
            return;
        }
        // Who was asked may have left since, for another call or for good, or have lost its place.
        let is_there = self
            .leg_mut(side)
            .is_some_and(|leg| std::mem::take(&mut leg.session.is_asked) && !leg.is_gone);
        match status {
            _ if self.phase != Phase::Answered || !is_there => {}
            None | Some(408 | 481) => self.expire_session(core, now, side),
            Some(_) => {
                if let Some(leg) = self.leg_mut(side) {
                    leg.touch_session(core, now, key, side);
                }
            }
        }
    }

    /// Refreshes a session: by UPDATE, else by an INVITE with the description that the peer has.
    fn refresh(&mut self, core: &mut Core, now: Instant, side: Side) {
        let session = self.leg(side).map(|leg| leg.session);
        let Some(session) = session.filter(|session| session.refresh.is_none()) else {
            return;
        };
        let Some(running) = session.running else {
            return;
        };
        match self.send_refresh(core, now, side, !session.allows_update) {
            true => {
                // A peer that answers 100 to it and nothing more is bounded by the interval.
                let left = running.expires_at.since(now);
                core.arm(self.key, CallTimer::session_of(side), now, left);
            }
            false => self.pause(core, now, side),
        }
    }

    /// Sends an INVITE with the description that the peer has, or an UPDATE without. False when a
    /// change of the session is under way, or there is no room.
    pub(crate) fn send_refresh(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        is_invite: bool,
    ) -> bool {
        if self.is_changing() {
            return false;
        }
        let user = self.user(Role::Refresh(side));
        let (leg, media) = match (side, self.attempts.last_mut()) {
            (Side::Egress, Some(attempt)) => (&mut attempt.leg, &self.media),
            (Side::Ingress, _) => (&mut self.ingress, &self.media),
            (Side::Egress, None) => return false,
        };
        let method = match is_invite {
            true => Method::Invite,
            false => Method::Update,
        };
        let (session, policy) = (leg.session, leg.policy);
        let offer = media.last_sent(side).filter(|_| is_invite);
        let body = offer.unwrap_or_default();
        let sent = leg.send_with(core, now, method, user, body, |mut writer, contact| {
            writer.header(HeaderName::Contact, contact);
            writer.header(HeaderName::Allow, allow(&policy));
            session.write_request(&mut writer);
            match offer {
                Some(offer) => writer.body(SDP, offer),
                None => writer.finish(),
            }
        });
        let Ok(client) = sent else {
            return false;
        };
        leg.session.refresh = Some(Refresh { client, is_invite });
        true
    }

    /// A response to a refresh of ours.
    pub(crate) fn on_refreshed(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        response: &Message<'_>,
    ) {
        let status = response.status().unwrap_or(500);
        let Some(leg) = self.leg_mut(side).filter(|_| status >= 200) else {
            return;
        };
        let Some(refresh) = leg.session.refresh.take() else {
            return self.on_stray_final(core, response);
        };
        if status < 300 {
            return self.on_refresh_accepted(core, now, side, refresh, response);
        }
        if self.phase == Phase::Answered {
            self.on_refresh_refused(core, now, side, refresh, response);
        }
    }

    fn on_refresh_accepted(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        refresh: Refresh,
        response: &Message<'_>,
    ) {
        let key = self.key;
        let is_up = self.phase == Phase::Answered;
        let Some(leg) = self.leg_mut(side) else {
            return;
        };
        leg.dialog.refresh_target(response);
        leg.was_let_in();
        if refresh.is_invite {
            let cseq = response.cseq().map_or(0, |cseq| cseq.number);
            leg.send_ack(core, cseq, None);
        }
        if !is_up {
            return;
        }
        leg.renew_session(core, now, key, side, response);
        if self.is_joining(side) {
            self.on_join_accepted(core, now, side, response);
        } else if refresh.is_invite {
            self.take_refresh_answer(core, now, side, response);
        }
    }

    /// What a side says to a description that it knows. It cannot be told that its own is of no use: the call ends,
    /// as media would go on to where the side is no more.
    fn take_refresh_answer(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        response: &Message<'_>,
    ) {
        if self.media.learn_answer(core, side, response).is_err() {
            let (origin, reason) = (self.origin_of(side), ReleaseReason::UnusableSdp);
            self.release(core, now, origin, reason, None, None);
        }
    }

    fn on_refresh_refused(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        refresh: Refresh,
        response: &Message<'_>,
    ) {
        let key = self.key;
        let status = response.status().unwrap_or(500);
        if self.is_joining(side) {
            return self.on_join_refused(core, now, side, response);
        }
        if self.takes_challenge(side, response) {
            return self.on_session_timer(core, now, side);
        }
        let Some(leg) = self.leg_mut(side) else {
            return;
        };
        match status {
            408 | 481 => self.expire_session(core, now, side),
            405 | 501 if !refresh.is_invite => {
                leg.session.allows_update = false;
                self.refresh(core, now, side);
            }
            422 if leg.session.raise(response) => self.refresh(core, now, side),
            491 => self.pause(core, now, side),
            // Whoever refuses it has the call (RFC 5057 §5.1).
            _ if leg.session.running.is_none() => leg.touch_session(core, now, key, side),
            _ => {
                let expires_at = leg
                    .session
                    .running
                    .map_or(now, |running| running.expires_at);
                let wait = Duration::from_micros(expires_at.since(now).as_micros() / 2);
                core.arm(
                    key,
                    CallTimer::session_of(side),
                    now,
                    wait.max(REFUSAL_PAUSE),
                );
            }
        }
    }

    /// A refresh of ours got no response at all.
    pub(crate) fn on_refresh_expired(&mut self, core: &mut Core, now: Instant, side: Side) {
        let refresh = self
            .leg_mut(side)
            .and_then(|leg| leg.session.take_refresh());
        if refresh.is_some() && self.phase == Phase::Answered {
            self.expire_session(core, now, side);
        }
    }

    /// The call ends: refreshes under way are cancelled, where they can be.
    pub(crate) fn abort_refreshes(&mut self, core: &mut Core, now: Instant) {
        for side in [Side::Ingress, Side::Egress] {
            self.abort_refresh(core, now, side);
        }
    }

    /// One side's session is kept alive no longer.
    pub(crate) fn abort_refresh(&mut self, core: &mut Core, now: Instant, side: Side) {
        core.disarm(self.key, CallTimer::session_of(side));
        let client = self
            .leg_mut(side)
            .and_then(|leg| leg.session.take_refresh());
        if let Some(client) = client {
            core.transactions
                .cancel(now, client, None, &mut core.outbox);
        }
    }

    /// The session is being changed by somebody else: again a little later.
    pub(crate) fn pause(&self, core: &mut Core, now: Instant, side: Side) {
        // A leg that has moved in has a Call-ID of ours.
        let owner = match self.is_joined() {
            true => Side::Egress,
            false => side,
        };
        let (least, more) = COLLISION_PAUSE_MS[owner as usize];
        // In units of 10 ms.
        let millis = least + core.random_below(more / 10 + 1) * 10;
        let length = Duration::from_millis(millis);
        core.arm(self.key, CallTimer::session_of(side), now, length);
    }

    fn user(&self, role: Role) -> User {
        User {
            call: self.key,
            role,
        }
    }
}

impl LegSession {
    /// Takes the longer interval that a 422 asks for; false when it asks for nothing that could be
    /// given.
    fn raise(&mut self, response: &Message<'_>) -> bool {
        let minimum_s = response.number(HeaderName::MinSe).ok().flatten();
        let (Some(minimum_s), Some(running)) = (minimum_s, &mut self.running) else {
            return false;
        };
        let is_more = minimum_s > running.interval_s && minimum_s <= INTERVAL_MAX_S;
        if is_more {
            running.interval_s = minimum_s;
            self.minimum_s = minimum_s;
        }
        is_more
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}
