//! Registrations of the switch with carriers (RFC 3261 §10), outside of any call.
//!
//! One engine of a node keeps them: it renews each before it runs out, answers challenges, takes the
//! shortest time that a registrar accepts (423), and tries again, more and more seldom, when it is
//! refused. How each stands is in the snapshot's
//! [`RegistrationHealth`](routing_engine::health::RegistrationHealth), for all to read.

use crate::config::Now;
use crate::core::{Core, Role, User};
use crate::engine::Engine;
use crate::events::{Event, RegistrationChange};
use crate::leg::{Leg, MAX_FORWARDS};
use routing_engine::health::{RegistrationHealth, RegistrationState};
use routing_engine::names::{GatewayPlace, Target, Targets};
use routing_engine::resources::{Registration, Signalling, Status};
use routing_engine::snapshot::EgressTrunk;
use routing_engine::{DigestIdentity, Snapshot};
use sip_core::dialog::Dialog;
use sip_core::slab::SlabKey;
use sip_core::transaction::Path;
use sip_core::{Duration, HeaderName, Instant, Message, Method};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;

/// Most registrations that are kept.
const KEPT_MAX: usize = 20_000;
/// REGISTERs that follow one another at once, whatever the registrar asks for.
const IN_A_ROW_MAX: u8 = 6;
/// The first pause after a failure; each further one is twice as long.
const PAUSE_S: u64 = 30;
/// The longest pause that the switch makes by itself.
const PAUSE_MAX_S: u64 = 900;
/// The longest that a registrar can ask for (Retry-After).
const ASKED_PAUSE_MAX_S: u32 = 3_600;
/// No registration counts as shorter.
const GRANTED_MIN_S: u32 = 10;
/// Turns of many registrations are spread over so many milliseconds.
const SPREAD_MS: u64 = 5_000;
/// Renewals come up to this share of their time earlier, so that those that began together part.
const SPREAD_SHARE: u64 = 20;

/// The registrations that are kept.
#[derive(Default)]
pub(crate) struct Registrations {
    kept: HashMap<u32, Kept>,
    /// Those that are being taken back: a registrar may ask for the password once more.
    leaving: HashMap<u32, Kept>,
    /// Who may have a turn when; only the one in [`Kept::turn`] counts.
    turns: BinaryHeap<Reverse<(Instant, u32)>>,
    next_number: u32,
}

struct Kept {
    health: Arc<RegistrationHealth>,
    /// `user@domain`.
    address: Arc<str>,
    identity: Option<DigestIdentity>,
    gateway: GatewayPlace,
    /// The listener that the carrier knows us by.
    listener: Option<SocketAddr>,
    /// Where its REGISTERs go; `None` while it has to be looked up.
    target: Option<Target>,
    /// The other addresses of the gateway's name, to be tried when that one fails.
    others: Targets,
    /// The name led nowhere when its turn came.
    is_unresolved: bool,
    /// How long it is asked to last, seconds.
    expires_s: u32,
    /// The Call-ID and the count of all its REGISTERs.
    leg: Option<Leg>,
    /// The REGISTER that is on its way.
    waiting: Option<u32>,
    round: u32,
    /// REGISTERs since the last one that was due.
    in_a_row: u8,
    failures: u32,
    turn: Instant,
}

/// What a new configuration makes of a registration.
enum Followed {
    Same,
    /// It is to be made anew, and the old one taken back.
    Anew {
        old: Option<Box<Kept>>,
    },
}

impl Kept {
    fn new(trunk: &EgressTrunk, turn: Instant) -> Option<Self> {
        let wanted = trunk.registration.as_ref()?;
        // The address names the same, unless a domain is given.
        let gateway = trunk.gateways.own();
        Some(Self {
            health: Arc::clone(&wanted.health),
            address: Arc::clone(&wanted.address),
            identity: trunk.digest.clone(),
            gateway: gateway.place.clone(),
            listener: trunk.listener,
            target: None,
            others: Targets::new(),
            is_unresolved: false,
            expires_s: wanted.expires_s,
            leg: None,
            waiting: None,
            round: 0,
            in_a_row: 0,
            failures: 0,
            turn,
        })
    }

    /// Takes what a new configuration says.
    fn follow(&mut self, new: Self) -> Followed {
        let is_elsewhere = self.gateway != new.gateway || self.listener != new.listener;
        if is_elsewhere || self.identity != new.identity {
            let new = Self {
                round: self.round,
                ..new
            };
            let old = std::mem::replace(self, new);
            return Followed::Anew {
                // At the same place the next one takes its place, and must not be taken back by
                // what is late.
                old: is_elsewhere.then(|| Box::new(old)),
            };
        }
        if self.expires_s < new.expires_s || self.failures == 0 {
            self.expires_s = new.expires_s;
        }
        Followed::Same
    }

    /// What a registrar knows a registration by.
    fn place(&self) -> (&str, &GatewayPlace) {
        (&self.address, &self.gateway)
    }

    fn user(&self) -> &str {
        self.address.split('@').next().unwrap_or("")
    }

    fn note(&self, now: Now, state: RegistrationState, status: u16) -> Option<Event> {
        let wall_us = u64::try_from(now.wall.0).unwrap_or(0);
        let is_new = self.health.note(state, status, wall_us);
        is_new.then(|| {
            Event::Registration(RegistrationChange {
                address: Arc::clone(&self.address),
                gateway: self.gateway.clone(),
                is_registered: state == RegistrationState::Registered,
                status,
            })
        })
    }
}

impl Registrations {
    /// Keeps what a snapshot wants registered; gives those that it no longer wants.
    fn follow(
        &mut self,
        snapshot: &Snapshot,
        now: Instant,
        mut draw: impl FnMut(u64) -> u64,
    ) -> Vec<Kept> {
        let numbers: HashMap<*const RegistrationHealth, u32> = self
            .kept
            .iter()
            .map(|(number, kept)| (Arc::as_ptr(&kept.health), *number))
            .collect();
        let mut before = std::mem::take(&mut self.kept);
        let mut gone = Vec::new();
        let active = snapshot.egress_trunks().iter();
        let is_wanted =
            |trunk: &&EgressTrunk| trunk.status == Status::Active && trunk.registration.is_some();
        let wanted = active.filter(is_wanted).filter_map(|trunk| {
            let wait = Duration::from_millis(draw(SPREAD_MS));
            Kept::new(trunk, now + wait)
        });
        for new in wanted.take(KEPT_MAX) {
            let known = numbers.get(&Arc::as_ptr(&new.health));
            let known = known.and_then(|number| Some((*number, before.remove(number)?)));
            let (number, kept, is_due) = match known {
                Some((number, mut kept)) => match kept.follow(new) {
                    Followed::Same => (number, kept, false),
                    Followed::Anew { old } => {
                        gone.extend(old.map(|old| *old));
                        (number, kept, true)
                    }
                },
                None => (self.new_number(), new, true),
            };
            if is_due {
                self.turns.push(Reverse((kept.turn, number)));
                // It comes back before it had left: what takes the old one back must not end the new.
                self.leaving.retain(|_, old| old.place() != kept.place());
            }
            self.kept.insert(number, kept);
        }
        let kept = &self.kept;
        self.turns
            .retain(|Reverse((_, number))| kept.contains_key(number));
        gone.extend(before.into_values());
        gone
    }

    fn new_number(&mut self) -> u32 {
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        number
    }

    /// When the next turn may be.
    pub(crate) fn next_turn(&self) -> Option<Instant> {
        self.turns.peek().map(|Reverse((at, _))| *at)
    }

    fn take_turn(&mut self, now: Instant) -> Option<u32> {
        loop {
            let Reverse((at, number)) = *self.turns.peek()?;
            if at > now {
                return None;
            }
            self.turns.pop();
            if self.kept.get(&number).is_some_and(|kept| kept.turn == at) {
                return Some(number);
            }
        }
    }

    /// The next turn of a registration.
    fn arrange(&mut self, number: u32, at: Instant) {
        if let Some(kept) = self.kept.get_mut(&number) {
            kept.turn = at;
            self.turns.push(Reverse((at, number)));
        }
    }
}

/// Whose a REGISTER is.
fn registration(number: u32, round: u32) -> User {
    User {
        call: SlabKey {
            slot: number,
            generation: round,
        },
        role: Role::Registration,
    }
}

impl Engine {
    /// Sends the REGISTERs whose turn has come.
    pub(crate) fn renew_registrations(&mut self, now: Now) {
        while let Some(number) = self.core.registrations.take_turn(now.instant) {
            if let Some(kept) = self.core.registrations.kept.get_mut(&number) {
                kept.in_a_row = 0;
            }
            self.core.register(now, number);
        }
    }
}

impl Core {
    /// Keeps what a snapshot wants registered, and takes back what it no longer does.
    pub(crate) fn follow_registrations(&mut self, now: Instant, snapshot: &Snapshot) {
        if self.drain.is_on() {
            return;
        }
        let mut registrations = std::mem::take(&mut self.registrations);
        let gone = registrations.follow(snapshot, now, |below| self.random_below(below));
        self.registrations = registrations;
        self.take_back(now, gone);
    }

    /// The switch stops: no carrier shall count on it any longer, and none is registered with again.
    pub(crate) fn leave_registrars(&mut self, now: Instant) {
        let kept = std::mem::take(&mut self.registrations.kept);
        self.registrations.turns.clear();
        self.take_back(now, kept.into_values());
    }

    /// Takes registrations back (RFC 3261 §10.2.2), of those that were asked for.
    fn take_back(&mut self, now: Instant, gone: impl IntoIterator<Item = Kept>) {
        for mut kept in gone {
            if let Some(leg) = &mut kept.leg
                && self.registrations.leaving.len() < KEPT_MAX
            {
                leg.was_let_in();
                let number = self.registrations.new_number();
                kept.in_a_row = 0;
                self.leave(now, number, kept);
            }
        }
    }

    /// Sends the REGISTER that ends a registration. One that cannot be sent is not waited for.
    fn leave(&mut self, now: Instant, number: u32, mut kept: Kept) {
        kept.round = kept.round.wrapping_add(1);
        kept.in_a_row = kept.in_a_row.saturating_add(1);
        let user = registration(number, kept.round);
        if self.send_register(now, &mut kept, 0, user) {
            kept.waiting = Some(kept.round);
            self.registrations.leaving.insert(number, kept);
        }
    }

    /// A final response to the REGISTER that ends a registration: over, unless it wants a password.
    fn on_left(&mut self, now: Instant, number: u32, mut kept: Kept, response: &Message<'_>) {
        let is_asked = matches!(response.status(), Some(401 | 407));
        if is_asked && kept.in_a_row < IN_A_ROW_MAX && kept.takes_challenge(response) {
            self.leave(now, number, kept);
        }
    }

    fn register(&mut self, now: Now, number: u32) {
        let Some(mut kept) = self.registrations.kept.remove(&number) else {
            return;
        };
        kept.round = kept.round.wrapping_add(1);
        kept.in_a_row = kept.in_a_row.saturating_add(1);
        let user = registration(number, kept.round);
        let expires_s = kept.expires_s;
        let is_sent = self.send_register(now.instant, &mut kept, expires_s, user);
        kept.waiting = is_sent.then_some(kept.round);
        self.registrations.kept.insert(number, kept);
        if !is_sent {
            self.fail_registration(now, number, 0, None);
        }
    }

    /// Registrations whose gateway's name leads elsewhere now have their turn at once.
    pub(crate) fn follow_addresses(&mut self, now: Instant) {
        let table = &self.addresses;
        let kept = self.registrations.kept.iter_mut();
        let moved: Vec<u32> = kept
            .filter_map(|(number, kept)| {
                let mut targets = kept.gateway.targets(table).peekable();
                // A name that leads nowhere now says nothing of where it led before.
                targets.peek()?;
                let is_moved = match kept.target {
                    Some(at) => targets.all(|target| target != at),
                    None => kept.is_unresolved,
                };
                is_moved.then(|| {
                    kept.target = None;
                    kept.others.clear();
                    *number
                })
            })
            .collect();
        for number in moved {
            self.registrations.arrange(number, now);
        }
    }

    /// Where a registration goes: it stays with one address of its gateway's name.
    fn registrar(&mut self, kept: &mut Kept) -> Option<Target> {
        if kept.target.is_none() {
            kept.is_unresolved = kept.gateway.targets(&self.addresses).next().is_none();
            kept.others = match &kept.gateway {
                GatewayPlace::Address(target) => [*target].into_iter().collect(),
                GatewayPlace::Name(name) => {
                    let addresses = Arc::clone(&self.addresses);
                    let resolution = addresses.resolution(name)?;
                    resolution.order(|below| self.random_below(below))
                }
            };
            kept.target = kept.others.pop_at(0);
        }
        kept.target
    }

    /// False when its name leads nowhere, when there is no listener for its transport, or no room in
    /// the table.
    fn send_register(&mut self, now: Instant, kept: &mut Kept, expires_s: u32, user: User) -> bool {
        let target = self.registrar(kept);
        let host = self.host_of(&kept.gateway);
        let Some(path) = target.and_then(|target| self.path_to(kept.listener, target, host)) else {
            return false;
        };
        let mut leg = match kept.leg.take() {
            Some(leg) => leg,
            None => self.registering_leg(kept, path),
        };
        let (method, cseq) = (Method::Register, leg.dialog.next_cseq());
        let authorization = leg.authorize(self, method, b"");
        let at_us = format!("sip:{}@", kept.user());
        let (hops, most) = (MAX_FORWARDS, usize::MAX);
        let sent = leg.send_by(
            self,
            now,
            method,
            cseq,
            path,
            hops,
            most,
            user,
            |mut writer, contact| {
                if let Some((name, value)) = &authorization {
                    writer.header(*name, value);
                }
                let contact = contact.replacen("sip:", &at_us, 1);
                writer.header(HeaderName::Contact, &contact);
                writer.number(HeaderName::Expires, expires_s);
                writer.finish();
            },
        );
        kept.leg = Some(leg);
        sent.is_ok()
    }

    fn registering_leg(&mut self, kept: &Kept, path: Path) -> Leg {
        let (call_id, tag) = (self.new_sip_call_id(), self.new_client_nonce());
        let address = &kept.address;
        let from = format!("<sip:{address}>;tag={tag}");
        let to = format!("<sip:{address}>");
        let domain = address.split_once('@').map_or("", |(_, domain)| domain);
        let target = format!("sip:{domain}");
        let dialog = Dialog::uac(call_id, from.into_bytes(), to.into_bytes(), target);
        Leg::new(dialog, path, Signalling::default())
    }

    /// A response to a REGISTER of ours.
    pub(crate) fn on_register_response(&mut self, now: Now, key: SlabKey, response: &Message<'_>) {
        let status = response.status().unwrap_or(0);
        let number = key.slot;
        let leaving = &mut self.registrations.leaving;
        let is_last = |kept: &mut Kept| status >= 200 && kept.waiting == Some(key.generation);
        if leaving.get_mut(&number).is_some_and(is_last)
            && let Some(kept) = leaving.remove(&number)
        {
            return self.on_left(now.instant, number, kept, response);
        }
        let Some(kept) = self.registrations.kept.get_mut(&number) else {
            return;
        };
        if status < 200
            || kept
                .waiting
                .take_if(|round| *round == key.generation)
                .is_none()
        {
            return;
        }
        let may_go_on = kept.in_a_row < IN_A_ROW_MAX;
        match status {
            200..300 => self.on_registered(now, number, response),
            401 | 407 if may_go_on && kept.takes_challenge(response) => self.register(now, number),
            423 if may_go_on && kept.takes_longer(response) => self.register(now, number),
            _ => {
                let wait_s = response.number(HeaderName::RetryAfter).ok().flatten();
                self.fail_registration(now, number, status, wait_s);
            }
        }
    }

    /// A REGISTER got no response.
    pub(crate) fn on_register_expired(&mut self, now: Now, key: SlabKey) {
        self.registrations.leaving.remove(&key.slot);
        let kept = self.registrations.kept.get_mut(&key.slot);
        let waiting = kept.and_then(|kept| kept.waiting.take_if(|round| *round == key.generation));
        if waiting.is_some() {
            self.fail_registration(now, key.slot, 0, None);
        }
    }

    fn on_registered(&mut self, now: Now, number: u32, response: &Message<'_>) {
        let spread = self.random_below(1_000);
        let Some(kept) = self.registrations.kept.get_mut(&number) else {
            return;
        };
        kept.failures = 0;
        if let Some(leg) = &mut kept.leg {
            leg.was_let_in();
        }
        let granted_s = kept.granted_s(response).max(GRANTED_MIN_S);
        let event = kept.note(now, RegistrationState::Registered, 200);
        self.events.extend(event);
        // A fifth is left for what is lost on the way.
        let wait_ms = u64::from(granted_s) * 800;
        let wait_ms = wait_ms - wait_ms / SPREAD_SHARE * spread / 1_000;
        let turn = now.instant + Duration::from_millis(wait_ms);
        self.registrations.arrange(number, turn);
    }

    fn fail_registration(&mut self, now: Now, number: u32, status: u16, asked_s: Option<u32>) {
        let spread = self.random_below(SPREAD_MS);
        let Some(kept) = self.registrations.kept.get_mut(&number) else {
            return;
        };
        if let Some(leg) = &mut kept.leg {
            leg.forget_challenge();
        }
        // RFC 3263 §4.3: silence, no way there, and 503 speak of the address alone.
        if matches!(status, 0 | 503) {
            kept.target = kept.others.pop_at(0);
            if kept.target.is_some() {
                return self.registrations.arrange(number, now.instant);
            }
        }
        let doubled = PAUSE_S << kept.failures.min(8);
        kept.failures = kept.failures.saturating_add(1);
        let asked_s = u64::from(asked_s.unwrap_or(0).min(ASKED_PAUSE_MAX_S));
        let pause_s = doubled.min(PAUSE_MAX_S).max(asked_s);
        let event = kept.note(now, RegistrationState::Failed, status);
        self.events.extend(event);
        let turn = now.instant + Duration::from_millis(pause_s * 1_000 + spread);
        self.registrations.arrange(number, turn);
    }
}

impl Kept {
    fn takes_challenge(&mut self, response: &Message<'_>) -> bool {
        let identity = self.identity.as_ref();
        let leg = self.leg.as_mut();
        leg.is_some_and(|leg| leg.take_challenge(identity, response))
    }

    /// RFC 3261 §10.3 step 7: the registrar wants fewer renewals.
    fn takes_longer(&mut self, response: &Message<'_>) -> bool {
        let least = response.number(HeaderName::MinExpires).ok().flatten();
        let longer = least
            .filter(|least| (self.expires_s + 1..=Registration::EXPIRES_MAX_S).contains(least));
        if let Some(longer) = longer {
            self.expires_s = longer;
        }
        longer.is_some()
    }

    /// How long the registrar lets it last: what it says of our own address, else of all.
    fn granted_s(&self, response: &Message<'_>) -> u32 {
        let own = format!("sip:{}@", self.user());
        let contacts = response.contacts().filter_map(Result::ok);
        let of_contact = contacts
            .filter(|contact| contact.uri.starts_with(&own))
            .filter_map(|contact| contact.params.get("expires")?.parse::<u32>().ok())
            .min();
        let of_all = || response.number(HeaderName::Expires).ok().flatten();
        let granted = of_contact.or_else(of_all).unwrap_or(self.expires_s);
        granted.min(Registration::EXPIRES_MAX_S)
    }
}
