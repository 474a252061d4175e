//! OPTIONS to the gateways of carriers, outside of any call: whether they are there (RFC 3261 §11).
//!
//! One engine of a node asks; what it learns stands in the snapshot's
//! [`GatewayHealth`](routing_engine::health::GatewayHealth), which all read. A gateway keeps its
//! number, its turn and the probe that is on its way when the configuration changes.

use crate::config::Now;
use crate::core::{Core, Role, User};
use crate::engine::Engine;
use crate::events::{Event, GatewayChange};
use crate::leg::{Leg, MAX_FORWARDS, SDP};
use routing_engine::Snapshot;
use routing_engine::health::{GatewayHealth, GatewayState, ProbeOutcome};
use routing_engine::resources::{Probing, Signalling, Status};
use routing_engine::snapshot::{CompiledGateway, EgressTrunk};
use sip_core::dialog::Dialog;
use sip_core::slab::SlabKey;
use sip_core::transaction::{Path, Transport};
use sip_core::{Duration, HeaderName, Instant, Method};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

/// Most gateways that are probed; the rest count as unknown.
const PROBED_MAX: usize = 20_000;

/// The gateways that are asked.
#[derive(Default)]
pub(crate) struct Probes {
    probed: HashMap<u32, Probed>,
    /// Who may have a turn when; only the one in [`Probed::turn`] counts.
    turns: BinaryHeap<Reverse<(Instant, u32)>>,
    next_number: u32,
}

struct Probed {
    health: Arc<GatewayHealth>,
    probing: Probing,
    transport: Transport,
    remote: std::net::SocketAddr,
    /// The listener that it knows us by.
    listener: Option<std::net::SocketAddr>,
    /// The next one.
    turn: Instant,
    /// The probe that is on its way.
    waiting: Option<Waiting>,
    /// How many went out.
    round: u32,
}

/// How a gateway is to be asked.
struct Wanted {
    probing: Probing,
    listener: Option<std::net::SocketAddr>,
    turn: Instant,
}

#[derive(Clone, Copy)]
struct Waiting {
    round: u32,
    since: Instant,
}

impl Probed {
    fn new(gateway: &CompiledGateway, wanted: Wanted) -> Self {
        Self {
            health: Arc::clone(&gateway.health),
            probing: wanted.probing,
            transport: transport_of(gateway),
            remote: gateway.address,
            listener: wanted.listener,
            turn: wanted.turn,
            waiting: None,
            round: 0,
        }
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(self.probing.interval_s.into())
    }

    fn note(&self, now: Now, outcome: ProbeOutcome) -> Option<Event> {
        let wall_us = u64::try_from(now.wall.0).unwrap_or(0);
        let state = self.health.note(self.probing, outcome, wall_us)?;
        Some(Event::Gateway(GatewayChange {
            transport: self.transport,
            remote: self.remote,
            is_up: state != GatewayState::Down,
        }))
    }
}

impl Probes {
    /// Probes what a snapshot wants probed. New gateways have their first turn within their
    /// interval, by chance, so that not all are asked at once.
    pub(crate) fn follow(
        &mut self,
        snapshot: &Snapshot,
        now: Instant,
        mut draw: impl FnMut(u64) -> u64,
    ) {
        let numbers: HashMap<*const GatewayHealth, u32> = self
            .probed
            .iter()
            .map(|(number, probed)| (Arc::as_ptr(&probed.health), *number))
            .collect();
        let mut before = std::mem::take(&mut self.probed);
        for (gateway, trunk, probing) in probed_gateways(snapshot).take(PROBED_MAX) {
            let known = numbers.get(&Arc::as_ptr(&gateway.health));
            let interval = Duration::from_secs(probing.interval_s.into());
            let mut soon = || now + Duration::from_micros(draw(interval.as_micros()));
            let (number, probed, is_new) =
                match known.and_then(|number| Some((*number, before.remove(number)?))) {
                    Some((number, known)) => {
                        // One that waits longer than it should from now on has another turn.
                        let is_late = known.turn > now + interval;
                        let turn = if is_late { soon() } else { known.turn };
                        let listener = trunk.listener;
                        let probed = Probed {
                            probing,
                            listener,
                            turn,
                            ..known
                        };
                        (number, probed, is_late)
                    }
                    None => {
                        let number = self.next_number;
                        self.next_number = number.wrapping_add(1);
                        let wanted = Wanted {
                            probing,
                            listener: trunk.listener,
                            turn: soon(),
                        };
                        (number, Probed::new(gateway, wanted), true)
                    }
                };
            if is_new {
                self.turns.push(Reverse((probed.turn, number)));
            }
            self.probed.insert(number, probed);
        }
        let probed = &self.probed;
        self.turns
            .retain(|Reverse((_, number))| probed.contains_key(number));
    }

    /// When the next turn is.
    pub(crate) fn next_turn(&self) -> Option<Instant> {
        self.turns.peek().map(|Reverse((at, _))| *at)
    }

    /// The next whose turn has come; it has its following one an interval later.
    fn take_turn(&mut self, now: Instant) -> Option<u32> {
        loop {
            let Reverse((at, number)) = *self.turns.peek()?;
            if at > now {
                return None;
            }
            self.turns.pop();
            let probed = self.probed.get_mut(&number);
            if let Some(probed) = probed.filter(|probed| probed.turn == at) {
                probed.turn = now + probed.interval();
                self.turns.push(Reverse((probed.turn, number)));
                return Some(number);
            }
        }
    }

    /// The gateway whose probe of this number is still waited for; it no longer is then.
    fn take_waiting(&mut self, number: u32, round: u32) -> Option<(&Probed, Instant)> {
        let probed = self.probed.get_mut(&number)?;
        let waiting = probed.waiting.take_if(|waiting| waiting.round == round)?;
        Some((&*probed, waiting.since))
    }
}

/// Active trunks' gateways that are to be asked.
fn probed_gateways(
    snapshot: &Snapshot,
) -> impl Iterator<Item = (&CompiledGateway, &EgressTrunk, Probing)> {
    let active = snapshot.egress_trunks().iter();
    active
        .filter(|trunk| trunk.status == Status::Active)
        .filter_map(|trunk| Some((trunk, trunk.gateways.probing()?)))
        .flat_map(|(trunk, probing)| {
            let gateways = trunk.gateways.all().iter();
            gateways.map(move |one| (one, trunk, probing))
        })
}

/// The same transport in the words of the transaction layer.
pub(crate) fn transport_of(gateway: &CompiledGateway) -> Transport {
    match gateway.transport {
        rating::cdr::Transport::Udp => Transport::Udp,
        rating::cdr::Transport::Tcp => Transport::Tcp,
        rating::cdr::Transport::Tls => Transport::Tls,
        rating::cdr::Transport::Ws => Transport::Ws,
        rating::cdr::Transport::Wss => Transport::Wss,
    }
}

impl Engine {
    /// Sends the probes whose turn has come.
    pub(crate) fn probe_gateways(&mut self, now: Now) {
        while let Some(number) = self.core.probes.take_turn(now.instant) {
            // No reply until the next turn is none.
            self.core
                .note_probe(now, number, None, ProbeOutcome::Failed { status: 0 });
            self.core.send_probe(now, number);
        }
    }
}

impl Core {
    /// The final response to a probe.
    pub(crate) fn on_probe_response(&mut self, now: Now, probe: SlabKey, status: u16) {
        let outcome = |since: Instant| match status {
            // Who says so is there, but nothing behind it.
            408 | 502..=504 => ProbeOutcome::Failed { status },
            _ => ProbeOutcome::Replied {
                status,
                round_trip_us: now
                    .instant
                    .since(since)
                    .as_micros()
                    .try_into()
                    .unwrap_or(u32::MAX),
            },
        };
        if status >= 200
            && let Some((probed, since)) = self.probes.take_waiting(probe.slot, probe.generation)
        {
            let event = probed.note(now, outcome(since));
            self.events.extend(event);
        }
    }

    /// A probe got no response.
    pub(crate) fn on_probe_expired(&mut self, now: Now, probe: SlabKey) {
        let silent = ProbeOutcome::Failed { status: 0 };
        self.note_probe(now, probe.slot, Some(probe.generation), silent);
    }

    /// Notes what became of a probe that is still waited for; without a round of whichever.
    fn note_probe(&mut self, now: Now, number: u32, round: Option<u32>, outcome: ProbeOutcome) {
        let waiting = self
            .probes
            .probed
            .get(&number)
            .and_then(|probed| probed.waiting);
        let Some(waiting) = waiting.filter(|one| round.is_none_or(|round| one.round == round))
        else {
            return;
        };
        if let Some((probed, _)) = self.probes.take_waiting(number, waiting.round) {
            let event = probed.note(now, outcome);
            self.events.extend(event);
        }
    }

    fn send_probe(&mut self, now: Now, number: u32) {
        let Some(probed) = self.probes.probed.get_mut(&number) else {
            return;
        };
        let (transport, remote, wanted) = (probed.transport, probed.remote, probed.listener);
        probed.round = probed.round.wrapping_add(1);
        let round = probed.round;
        let Some(listener) = self.listeners.leaving_by(wanted, transport, remote) else {
            return;
        };
        let path = Path {
            transport,
            listener,
            remote,
            connection: None,
        };
        let user = User {
            call: SlabKey {
                slot: number,
                generation: round,
            },
            role: Role::Gateway,
        };
        if self.send_options(now.instant, path, user)
            && let Some(probed) = self.probes.probed.get_mut(&number)
        {
            let since = now.instant;
            probed.waiting = Some(Waiting { round, since });
        }
    }

    /// False when the table of transactions has no room: then the gateway keeps its state.
    fn send_options(&mut self, now: Instant, path: Path, user: User) -> bool {
        let (call_id, tag) = (self.new_sip_call_id(), self.new_client_nonce());
        let sent_by = self.listeners.sent_by(path.listener);
        let from = format!("<sip:probe@{sent_by}>;tag={tag}");
        let mut target = format!("sip:{}", path.remote);
        let to = format!("<{target}>");
        if path.transport != Transport::Udp {
            target.push_str(";transport=");
            target.push_str(path.transport.parameter());
        }
        let dialog = Dialog::uac(call_id, from.into_bytes(), to.into_bytes(), target);
        let mut leg = Leg::new(dialog, path, Signalling::default());
        let (cseq, hops) = (leg.dialog.next_cseq(), MAX_FORWARDS);
        let method = Method::Options;
        let sent = leg.send_by(
            self,
            now,
            method,
            cseq,
            path,
            hops,
            usize::MAX,
            user,
            |mut writer, contact| {
                writer.header(HeaderName::Contact, contact);
                writer.header(HeaderName::Accept, SDP);
                writer.finish();
            },
        );
        sent.is_ok()
    }
}
