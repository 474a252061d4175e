//! The same attempt once more, because the carrier's final response says how: a challenge (401,
//! 407), a longer session interval (422), other addresses (3xx), or datagrams after all when
//! nobody takes a long INVITE over a stream.
//!
//! The INVITE has the same Call-ID, From and To, and the next CSeq (RFC 3261 §8.1.3.5). For hunting
//! and for the record it is one attempt, with one channel and one ring time.

use crate::attempt::Attempt;
use crate::call::{Call, Phase};
use crate::cdr::End;
use crate::core::{CallTimer, Core, Role, User};
use crate::invitation::{Invitation, failure_of};
use crate::release::{Failure, Origin};
use rating::cdr::{Outcome, ReleaseReason};
use routing_engine::resources::{RedirectPolicy, SessionTimers, Signalling};
use routing_engine::{DigestIdentity, Snapshot};
use sip_core::transaction::{ExpiredReason, Path};
use sip_core::uri::Scheme;
use sip_core::{Instant, Message, NameAddr, Uri};

/// INVITEs of one attempt, whatever the carrier says. A carrier that wants more does not know what
/// it wants.
const INVITES_MAX: u8 = 12;
/// Addresses of one 3xx that are looked at.
const CONTACTS_MAX: usize = 16;

/// What an attempt was told to do otherwise.
#[derive(Debug, Default)]
pub(crate) struct Again {
    /// To without a tag.
    to: Vec<u8>,
    /// The Request-URI.
    target: String,
    /// The shortest session interval that the carrier takes, seconds.
    session_minimum_s: u32,
    datagrams_only: bool,
    /// INVITEs beyond the first.
    times: u8,
    /// Addresses that were named and not tried yet, the best last.
    waiting: Vec<Redirection>,
    /// Request-URIs that were tried, so that nobody is sent in circles.
    tried: Vec<String>,
    /// Whoever it goes to next is another one than it went to last.
    turned: bool,
}

#[derive(Debug)]
struct Redirection {
    target: String,
    path: Path,
}

impl Again {
    fn of(attempt: &Attempt) -> Self {
        let target = attempt.leg.dialog.request_uri().to_owned();
        Self {
            to: attempt.to_without_tag(),
            tried: vec![target.clone()],
            target,
            ..Self::default()
        }
    }

    /// Turns to the next address that was named; false when there is none.
    fn take_redirection(&mut self) -> Option<Path> {
        let next = self.waiting.pop()?;
        self.tried.push(next.target.clone());
        self.target = next.target;
        self.turned = true;
        Some(next.path)
    }
}

impl Attempt {
    /// Whether a final response that is no 2xx says how the same attempt may succeed. Its INVITE is
    /// to be [sent again](Call::send_again) then.
    pub(crate) fn is_told_better(
        &mut self,
        core: &Core,
        response: &Message<'_>,
        snapshot: &Snapshot,
    ) -> bool {
        if self
            .again
            .as_ref()
            .is_some_and(|again| again.times >= INVITES_MAX)
        {
            return false;
        }
        match response.status() {
            Some(300..=399) => self.follow(core, response),
            Some(401 | 407) => {
                let identity = self.route.egress_trunk(snapshot).digest.as_ref();
                self.answer_challenge(identity, response)
            }
            Some(422) => self.lengthen(response),
            _ => false,
        }
    }

    fn answer_challenge(
        &mut self,
        identity: Option<&DigestIdentity>,
        response: &Message<'_>,
    ) -> bool {
        let is_taken = self.leg.take_challenge(identity, response);
        if is_taken {
            self.again_mut();
        }
        is_taken
    }

    /// RFC 4028 §7.3.
    fn lengthen(&mut self, response: &Message<'_>) -> bool {
        let policy = self.leg.policy;
        let asked = response.number(sip_core::HeaderName::MinSe).ok().flatten();
        let Some(minimum_s) = asked.filter(|_| policy.session_timers != SessionTimers::Off) else {
            return false;
        };
        let before = self
            .again
            .as_ref()
            .map_or(0, |again| again.session_minimum_s);
        let said = policy.session_interval_s.max(before);
        if minimum_s <= said || minimum_s > Signalling::SESSION_MAXIMUM_S {
            return false;
        }
        self.again_mut().session_minimum_s = minimum_s;
        true
    }

    /// RFC 3261 §8.1.3.4: the addresses in the order of their q.
    fn follow(&mut self, core: &Core, response: &Message<'_>) -> bool {
        if self.leg.policy.redirects != RedirectPolicy::Follow {
            return false;
        }
        let most = usize::from(self.leg.policy.redirects_max);
        let known = self.leg.path;
        let mut found: Vec<(u16, Redirection)> = response
            .contacts()
            .take(CONTACTS_MAX)
            .filter_map(Result::ok)
            .filter_map(|contact| Some((q_of(&contact), redirection(core, contact.uri, known)?)))
            .collect();
        // The best last; of equals the first named is the better.
        found.reverse();
        found.sort_by_key(|(q, _)| *q);
        let again = self.again_mut();
        for (_, redirection) in found {
            let is_new = !again.tried.contains(&redirection.target)
                && again
                    .waiting
                    .iter()
                    .all(|other| other.target != redirection.target);
            if is_new {
                again.waiting.push(redirection);
            }
        }
        // The first Request-URI is among those tried.
        let left = (most + 1).saturating_sub(again.tried.len());
        let surplus = again.waiting.len().saturating_sub(left);
        again.waiting.drain(..surplus);
        self.turn_to_next_address()
    }

    /// Another of the addresses that a 3xx named.
    pub(crate) fn turn_to_next_address(&mut self) -> bool {
        let next = self
            .again
            .as_mut()
            .and_then(|again| again.take_redirection());
        if let Some(path) = next {
            self.leg.path = path;
            // What one element asked for is nothing to another.
            self.leg.challenged = None;
        }
        next.is_some()
    }

    /// Nobody takes the long INVITE over a stream: datagrams after all (RFC 3261 §18.1.1).
    pub(crate) fn falls_back(&mut self, reason: ExpiredReason) -> bool {
        if !self.is_grown || reason != ExpiredReason::TransportFailed {
            return false;
        }
        self.is_grown = false;
        self.again_mut().datagrams_only = true;
        true
    }

    fn again_mut(&mut self) -> &mut Again {
        if self.again.is_none() {
            self.again = Some(Box::new(Again::of(self)));
        }
        self.again.get_or_insert_default()
    }
}

impl Call {
    /// Sends the INVITE of the attempt under way once more.
    pub(crate) fn send_again(&mut self, core: &mut Core, now: Instant) {
        if self.phase != Phase::Hunting {
            return;
        }
        self.abort_exchanges(core, now);
        self.media.forget_answer();
        if let Err(failure) = self.offer_to_next_address(core) {
            if let Some(attempt) = self.attempts.last_mut() {
                attempt.finish(End::failed(now, Outcome::Failed, &failure, 0));
            }
            return self.on_attempt_failed(core, now, failure);
        }
        let (key, max_forwards) = (self.key, self.max_forwards);
        let Some(attempt) = self.attempts.last_mut() else {
            return;
        };
        let offer = self.media.last_sent(media_relay::Side::Egress);
        let offer = offer.filter(|_| attempt.has_offer);
        // Datagrams may be read by others.
        let transport = attempt.next_path(core).transport;
        if self
            .media
            .is_exposed_by(media_relay::Side::Egress, transport)
        {
            let reason = ReleaseReason::UnusableSdp;
            let failure = Failure::passing(Origin::Switch, reason);
            attempt.finish(End::failed(now, Outcome::Failed, &failure, 0));
            return self.on_attempt_failed(core, now, failure);
        }
        let sent = attempt.send_again(core, now, key, max_forwards, offer);
        if let Err(error) = sent {
            let failure = failure_of(error);
            attempt.finish(End::failed(now, Outcome::Failed, &failure, 0));
            return self.on_attempt_failed(core, now, failure);
        }
        let started = attempt.started;
        // Whoever it goes to now has the time of a first reply, and the attempt its own.
        let left = self.patience(crate::attempt::Progress::Tried) - now.since(started);
        let reply = self.patience(crate::attempt::Progress::None).min(left);
        core.arm(key, CallTimer::Hunting, now, reply);
    }

    /// Whoever a 3xx named gets keys of his own, as the way to him allows: those of before are known to
    /// who named him.
    fn offer_to_next_address(&mut self, core: &mut Core) -> Result<(), Failure> {
        let Some(attempt) = self.attempts.last_mut() else {
            return Ok(());
        };
        let again = attempt.again.as_mut();
        let has_turned = again.is_some_and(|again| std::mem::take(&mut again.turned));
        if !has_turned || !self.media.agrees_on_keys() {
            return Ok(());
        }
        let (trunk, has_offer) = (attempt.route.trunk, attempt.has_offer);
        let path = attempt.next_path(core);
        let stays_private = self.agree_on_terms(trunk, path)?;
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.leg.stays_private = stays_private;
        }
        match has_offer {
            true => self.write_offer(core, trunk),
            false => Ok(()),
        }
    }
}

impl Attempt {
    fn send_again(
        &mut self,
        core: &mut Core,
        now: Instant,
        call: sip_core::slab::SlabKey,
        max_forwards: u32,
        offer: Option<&[u8]>,
    ) -> Result<(), sip_core::transaction::NotSent> {
        let role = Role::Attempt(self.index());
        let again = self.again.get_or_insert_default();
        again.times += 1;
        let invitation = Invitation {
            policy: self.leg.policy,
            max_forwards,
            offer,
            session_minimum_s: again.session_minimum_s,
            datagrams_only: again.datagrams_only,
            fields: &self.fields,
        };
        let (to, target) = (again.to.clone(), again.target.clone());
        self.leg.dialog.begin_again(to, target);
        let user = User { call, role };
        let path = self.next_path(core);
        let sent = invitation.send(core, now, &mut self.leg, path, user)?;
        self.leg.path = sent.path;
        self.restart(sent);
        Ok(())
    }

    /// How its INVITE goes the next time.
    fn next_path(&self, core: &Core) -> Path {
        let again = self.again.as_ref();
        match again.is_some_and(|again| again.datagrams_only) {
            true => self.datagram_path(core),
            false => self.leg.path,
        }
    }

    fn datagram_path(&self, core: &Core) -> Path {
        let transport = sip_core::transaction::Transport::Udp;
        let remote = self.leg.path.remote;
        match core
            .listeners
            .beside(self.leg.path.listener, transport, remote)
        {
            Some(listener) => Path {
                transport,
                listener,
                remote,
                connection: None,
                host: None,
            },
            None => self.leg.path,
        }
    }
}

/// Where an address of a 3xx leads. `None` for one that cannot be reached without asking others,
/// or that is ourselves.
fn redirection(core: &Core, uri: &str, known: Path) -> Option<Redirection> {
    let parsed = Uri::parse(uri).ok()?;
    if !matches!(parsed.scheme, Scheme::Sip | Scheme::Sips) || parsed.ip()?.is_unspecified() {
        return None;
    }
    // RFC 3261 §19.1.5: header fields of the URI would be header fields of ours.
    let target = uri.split('?').next().unwrap_or(uri).to_owned();
    let path = core.listeners.path_of(&parsed, known)?;
    (!core.listeners.is_ours(path.remote)).then_some(Redirection { target, path })
}

/// The q of a contact in thousandths; 1000 when it has none.
fn q_of(contact: &NameAddr<'_>) -> u16 {
    let Some(text) = contact.params.get("q") else {
        return 1_000;
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.bytes().chain(*b"000").take(3);
    let thousandths = digits.fold(0u16, |sum, digit| {
        sum * 10 + u16::from(digit.wrapping_sub(b'0').min(9))
    });
    match whole {
        "0" | "" => thousandths,
        _ => 1_000,
    }
}
