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
use sip_core::transaction::{HostNumber, Path, Transport};
use std::net::SocketAddr;

/// Where an attempt goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Destination {
    pub(crate) candidate: Candidate,
    /// The gateway's place in its trunk.
    pub(crate) gateway: u8,
    pub(crate) target: Target,
    /// The host of the gateway's name.
    pub(crate) host: Option<HostNumber>,
}

/// Addresses of the gateway under way that are not tried yet.
#[derive(Debug)]
pub(crate) struct NextAddresses {
    gateway: u8,
    host: Option<HostNumber>,
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
        let current = usize::from(self.next_candidate).checked_sub(1)?;
        let candidate = *self.plan.as_ref()?.candidates.get(current)?;
        loop {
            let most = core.config.limits.max_addresses;
            if let Some(next) = self.next_address(candidate, most) {
                return Some(next);
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
                        host: None,
                    });
                }
                GatewayPlace::Name(name) => {
                    let left = core.addresses_of(name, compiled);
                    let next = left.map(|left| NextAddresses {
                        gateway,
                        host: core.host_of(&compiled.place),
                        left,
                        tried: 0,
                    });
                    self.next_addresses = next.map(Box::new);
                    if self.next_addresses.is_none() {
                        self.pass_over(ReleaseReason::CarrierUnresolved);
                    }
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
    fn next_address(&mut self, candidate: Candidate, most: u8) -> Option<Destination> {
        let is_last = self.is_at_last_gateway();
        let next = self.next_addresses.as_mut()?;
        if next.left.is_empty() || (next.tried >= most && !is_last) {
            self.next_addresses = None;
            return None;
        }
        next.tried = next.tried.saturating_add(1);
        Some(Destination {
            candidate,
            gateway: next.gateway,
            target: next.left.pop_at(0)?,
            host: next.host,
        })
    }

    fn is_at_last_gateway(&self) -> bool {
        let candidates = self.plan.as_ref().map_or(0, |plan| plan.candidates.len());
        let is_last_route =
            usize::from(self.next_candidate) >= candidates || self.has_tried_enough();
        self.next_gateways.is_empty() && is_last_route
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

    /// The host of a gateway that is behind a name.
    pub(crate) fn host_of(&self, place: &GatewayPlace) -> Option<HostNumber> {
        match place {
            GatewayPlace::Address(_) => None,
            GatewayPlace::Name(name) => self.addresses.host(name).map(HostNumber),
        }
    }

    /// The way to an address, of a host if there is one, by a listener that its trunk names, or any;
    /// `None` when none can send there.
    pub(crate) fn path_to(
        &self,
        listener: Option<SocketAddr>,
        target: Target,
        host: Option<HostNumber>,
    ) -> Option<Path> {
        let transport = transport_of(target.transport);
        Some(Path {
            transport,
            listener: self
                .listeners
                .leaving_by(listener, transport, target.address)?,
            remote: target.address,
            connection: None,
            // Nobody proves anything by the others.
            host: host.filter(|_| transport == Transport::Tls),
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
