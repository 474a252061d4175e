//! OPTIONS to the gateways of carriers, outside of any call: whether they are there (RFC 3261 §11).
//!
//! A gateway behind a name is asked at each of its addresses, and is there while one of them replies;
//! those that do not are the last that calls try. One engine of a node asks; what it learns stands in the snapshot's
//! [`GatewayHealth`](routing_engine::health::GatewayHealth), which all read. A gateway keeps its
//! number, its turn and the probe that is on its way when the configuration changes.

use crate::config::Now;
use crate::core::{Core, Role, User};
use crate::engine::Engine;
use crate::events::{Event, GatewayChange};
use crate::leg::{Leg, MAX_FORWARDS, SDP};
use routing_engine::Snapshot;
use routing_engine::health::{GatewayHealth, GatewayState, ProbeOutcome};
use routing_engine::names::{AddressTable, GatewayPlace, Target};
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
    place: GatewayPlace,
    /// The listener that it knows us by.
    listener: Option<std::net::SocketAddr>,
    /// The next one.
    turn: Instant,
    /// How many turns it had.
    round: u32,
    /// When the last one was.
    since: Instant,
    /// Whom its OPTIONS went to then: its address, or each of its name.
    asked: Vec<Asked>,
    /// Status of the last response that says that nobody is there; 0 without.
    refused: u16,
    /// The round is over: somebody replied, or nobody did.
    is_judged: bool,
}

/// How a gateway is to be asked.
struct Wanted {
    probing: Probing,
    listener: Option<std::net::SocketAddr>,
    turn: Instant,
}

/// An address that is asked.
#[derive(Clone, Copy)]
struct Asked {
    target: Target,
    is_waited_for: bool,
    /// Rounds in a row without a reply.
    failures: u8,
}

impl Probed {
    fn new(gateway: &CompiledGateway, wanted: Wanted) -> Self {
        Self {
            health: Arc::clone(&gateway.health),
            probing: wanted.probing,
            place: gateway.place.clone(),
            listener: wanted.listener,
            turn: wanted.turn,
            round: 0,
            since: Instant::default(),
            asked: Vec::new(),
            refused: 0,
            is_judged: true,
        }
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(self.probing.interval_s.into())
    }

    /// The addresses of the next round; what is known of each stays known.
    fn begin_round(&mut self, now: Instant, table: &AddressTable) {
        self.round = self.round.wrapping_add(1);
        self.since = now;
        self.refused = 0;
        self.is_judged = false;
        let before = std::mem::take(&mut self.asked);
        let failures = |target: &Target| {
            let known = before.iter().find(|asked| asked.target == *target);
            known.map_or(0, |asked| asked.failures)
        };
        let targets = self.place.targets(table);
        self.asked = targets
            .map(|target| Asked {
                failures: failures(&target),
                target,
                is_waited_for: false,
            })
            .collect();
    }

    /// Notes what became of one address in the round. Gives the event, when the gateway changed.
    fn note(&mut self, now: Now, index: usize, outcome: ProbeOutcome) -> Option<Event> {
        let asked = self.asked.get_mut(index)?;
        if !std::mem::take(&mut asked.is_waited_for) {
            return None;
        }
        match outcome {
            ProbeOutcome::Replied { .. } => asked.failures = 0,
            ProbeOutcome::Failed { status } => {
                asked.failures = asked.failures.saturating_add(1);
                self.refused = if status == 0 { self.refused } else { status };
            }
        }
        let (asked, down_after) = (&self.asked, self.probing.down_after);
        let silent = asked.iter().filter(|asked| asked.failures >= down_after);
        self.health.set_silent(silent.map(|asked| asked.target));
        self.judge(now, outcome)
    }

    /// A gateway is there when one of its addresses replies, and is not when none does.
    fn judge(&mut self, now: Now, outcome: ProbeOutcome) -> Option<Event> {
        let is_replied = matches!(outcome, ProbeOutcome::Replied { .. });
        let is_hoped_for = self.asked.iter().any(|asked| asked.is_waited_for);
        if self.is_judged || (is_hoped_for && !is_replied) {
            return None;
        }
        self.is_judged = true;
        let outcome = match outcome {
            ProbeOutcome::Failed { .. } => ProbeOutcome::Failed {
                status: self.refused,
            },
            replied @ ProbeOutcome::Replied { .. } => replied,
        };
        let wall_us = u64::try_from(now.wall.0).unwrap_or(0);
        let state = self.health.note(self.probing, outcome, wall_us)?;
        Some(Event::Gateway(GatewayChange {
            gateway: self.place.clone(),
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

    /// The gateway of this number in this round.
    fn of_round(&mut self, number: u32, round: u32) -> Option<&mut Probed> {
        let probed = self.probed.get_mut(&number)?;
        (probed.round == round).then_some(probed)
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

impl Engine {
    /// Sends the probes whose turn has come.
    pub(crate) fn probe_gateways(&mut self, now: Now) {
        while let Some(number) = self.core.probes.take_turn(now.instant) {
            self.core.end_round(now, number);
            self.core.begin_round(now, number);
        }
    }
}

impl Core {
    /// The final response to a probe.
    pub(crate) fn on_probe_response(&mut self, now: Now, probe: SlabKey, index: u16, status: u16) {
        let Some(probed) = self.probes.of_round(probe.slot, probe.generation) else {
            return;
        };
        let outcome = match status {
            ..200 => return,
            // Who says so is there, but nothing behind it.
            408 | 502..=504 => ProbeOutcome::Failed { status },
            _ => ProbeOutcome::Replied {
                status,
                round_trip_us: now
                    .instant
                    .since(probed.since)
                    .as_micros()
                    .try_into()
                    .unwrap_or(u32::MAX),
            },
        };
        let event = probed.note(now, index.into(), outcome);
        self.events.extend(event);
    }

    /// A probe got no response.
    pub(crate) fn on_probe_expired(&mut self, now: Now, probe: SlabKey, index: u16) {
        if let Some(probed) = self.probes.of_round(probe.slot, probe.generation) {
            let silent = ProbeOutcome::Failed { status: 0 };
            let event = probed.note(now, index.into(), silent);
            self.events.extend(event);
        }
    }

    /// No reply until the next turn is none.
    fn end_round(&mut self, now: Now, number: u32) {
        let Some(probed) = self.probes.probed.get_mut(&number) else {
            return;
        };
        for index in 0..probed.asked.len() {
            let event = probed.note(now, index, ProbeOutcome::Failed { status: 0 });
            self.events.extend(event);
        }
    }

    fn begin_round(&mut self, now: Now, number: u32) {
        let Some(probed) = self.probes.probed.get_mut(&number) else {
            return;
        };
        probed.begin_round(now.instant, &self.addresses);
        let round = probed.round;
        let (place, listener) = (probed.place.clone(), probed.listener);
        let targets: Vec<Target> = probed.asked.iter().map(|asked| asked.target).collect();
        let host = self.host_of(&place);
        for (index, target) in (0..).zip(targets) {
            let user = User {
                call: SlabKey {
                    slot: number,
                    generation: round,
                },
                role: Role::Gateway(index),
            };
            let is_sent = match self.path_to(listener, target, host) {
                Some(path) => self.send_options(now.instant, path, &place, user),
                // No call gets there either: it counts as silent.
                None => true,
            };
            let probed = self.probes.of_round(number, round);
            let asked = probed.and_then(|probed| probed.asked.get_mut(usize::from(index)));
            if let Some(asked) = asked {
                asked.is_waited_for = is_sent;
            }
        }
    }

    /// False when the table of transactions has no room: then the gateway keeps its state.
    fn send_options(&mut self, now: Instant, path: Path, place: &GatewayPlace, user: User) -> bool {
        let (call_id, tag) = (self.new_sip_call_id(), self.new_client_nonce());
        let sent_by = self.listeners.sent_by(path.listener);
        let from = format!("<sip:probe@{sent_by}>;tag={tag}");
        let mut target = format!("sip:{place}");
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
