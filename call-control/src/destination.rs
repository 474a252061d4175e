//! Where an attempt goes: one address of a gateway of a route (RFC 3263 §4.3).
//!
//! A gateway behind a name has several addresses. A call draws their order when it comes to the
//! gateway, and keeps it: a table that is swapped meanwhile is read at the next gateway.

use crate::call::Call;
use crate::core::Core;
use crate::release::{Failure, Origin};
use rating::cdr::ReleaseReason;
use routing_engine::Candidate;
use routing_engine::names::{GatewayPlace, NameQuery, Target, Targets};
use routing_engine::snapshot::CompiledGateway;
use sip_core::transaction::{Path, Transport};
use std::net::SocketAddr;

/// Where an attempt goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Destination {
    pub(crate) candidate: Candidate,
    /// The gateway's place in its trunk.
    pub(crate) gateway: u8,
    pub(crate) target: Target,
}

/// Addresses of the gateway under way that are not tried yet.
#[derive(Debug)]
pub(crate) struct NextAddresses {
    gateway: u8,
    left: Targets,
    tried: u8,
}

impl Call {
    /// Where else the route under way leads: to another address of the same gateway, else to another
    /// gateway. `None` when it leads nowhere else. A gateway whose name leads nowhere is passed over;
    /// `last` says so while there is nothing better to say.
    pub(crate) fn next_of_route(
        &mut self,
        core: &mut Core,
        last: &mut Failure,
    ) -> Option<Destination> {
        let current = self.next_candidate.checked_sub(1)?;
        let candidate = *self.plan.as_ref()?.candidates.get(current)?;
        loop {
            if let Some((gateway, target)) = self.next_address(core.config.limits.max_addresses) {
                return Some(Destination {
                    candidate,
                    gateway,
                    target,
                });
            }
            let gateway = self.next_gateways.pop_at(0)?;
            let gateways = &candidate.egress_trunk(&self.snapshot).gateways;
            let compiled = gateways.at(gateway)?;
            match &compiled.place {
                GatewayPlace::Address(target) => {
                    return Some(Destination {
                        candidate,
                        gateway,
                        target: *target,
                    });
                }
                GatewayPlace::Name(name) => {
                    let left = core.addresses_of(name, compiled);
                    self.next_addresses = left.map(|left| {
                        let tried = 0;
                        Box::new(NextAddresses {
                            gateway,
                            left,
                            tried,
                        })
                    });
                    if self.next_addresses.is_none() && self.attempts.is_empty() {
                        let reason = ReleaseReason::CarrierUnresolved;
                        *last = Failure::passing(Origin::Switch, reason);
                    }
                }
            }
        }
    }

    /// One name whose addresses are all dead must not use up the attempts of a call, so the rest is left
    /// after `most` of them while there is somewhere else to go.
    fn next_address(&mut self, most: u8) -> Option<(u8, Target)> {
        let is_last = self.is_at_last_gateway();
        let next = self.next_addresses.as_mut()?;
        if next.left.is_empty() || (next.tried >= most && !is_last) {
            self.next_addresses = None;
            return None;
        }
        next.tried = next.tried.saturating_add(1);
        Some((next.gateway, next.left.pop_at(0)?))
    }

    fn is_at_last_gateway(&self) -> bool {
        let candidates = self.plan.as_ref().map_or(0, |plan| plan.candidates.len());
        self.next_gateways.is_empty() && self.next_candidate >= candidates
    }
}

impl Core {
    /// The addresses of a gateway's name in the order of one call; those that do not reply to probes
    /// come last. `None` while the name leads nowhere.
    fn addresses_of(&mut self, name: &NameQuery, gateway: &CompiledGateway) -> Option<Targets> {
        let addresses = std::sync::Arc::clone(&self.addresses);
        let Some(resolution) = addresses.resolution(name) else {
            self.counters.gateways_unresolved += 1;
            return None;
        };
        let mut targets = resolution.order(|below| self.random_below(below));
        targets.sort_by_key(|target| gateway.health.is_silent(target));
        Some(targets)
    }

    /// The way to an address by a listener that its trunk names, or any; `None` when none can send there.
    pub(crate) fn path_to(&self, listener: Option<SocketAddr>, target: Target) -> Option<Path> {
        let transport = transport_of(target.transport);
        Some(Path {
            transport,
            listener: self
                .listeners
                .leaving_by(listener, transport, target.address)?,
            remote: target.address,
            connection: None,
        })
    }
}

/// The same transport in the words of the transaction layer.
pub(crate) fn transport_of(transport: rating::cdr::Transport) -> Transport {
    match transport {
        rating::cdr::Transport::Udp => Transport::Udp,
        rating::cdr::Transport::Tcp => Transport::Tcp,
        rating::cdr::Transport::Tls => Transport::Tls,
        rating::cdr::Transport::Ws => Transport::Ws,
        rating::cdr::Transport::Wss => Transport::Wss,
    }
}
