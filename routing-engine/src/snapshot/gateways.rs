//! The gateways of an egress trunk, and in which order an attempt takes them.

use crate::health::{GatewayHealth, GatewayState};
use crate::limits::{Gate, Limiter, Limits};
use crate::names::{GatewayPlace, NameQuery, Target};
use crate::resources::{GatewayAddress, Probing, Trunk};
use arrayvec::ArrayVec;
use rating::cdr::{ReleaseReason, ResourceRef, Transport};
use std::collections::HashMap;
use std::sync::Arc;

/// Most gateways of one trunk.
pub const GATEWAYS_MAX: usize = Trunk::GATEWAYS_MAX;

/// A gateway in a snapshot.
#[derive(Clone, Debug)]
pub struct CompiledGateway {
    /// Where calls are sent, and how.
    pub place: GatewayPlace,
    /// The lower goes first.
    pub priority: u16,
    /// Its share among those of equal priority.
    pub weight: u16,
    /// What probes say of it.
    pub health: Arc<GatewayHealth>,
    /// Of one that is a resource of its own.
    pub(crate) shared: Option<GatewayLimits>,
}

/// What a gateway allows that trunks share, and its counters.
#[derive(Clone, Debug)]
pub(crate) struct GatewayLimits {
    pub(super) limits: Limits,
    pub(super) limiter: Arc<Limiter>,
}

/// The counters of a gateway that trunks may share.
#[derive(Debug)]
pub(super) struct SharedCounter {
    pub(super) resource: ResourceRef,
    pub(super) limiter: Arc<Limiter>,
}

/// A gateway of a trunk on its way into a snapshot.
pub(super) struct NewGateway<'r> {
    pub(super) address: &'r GatewayAddress,
    pub(super) transport: Option<Transport>,
    pub(super) priority: u16,
    pub(super) weight: u16,
    pub(super) shared: Option<GatewayLimits>,
    /// It is the trunk's own `gateway`.
    pub(super) is_own: bool,
    /// Calls may be sent to it.
    pub(super) is_active: bool,
}

/// Places in [`Gateways::all`], in the order in which they are tried.
pub type GatewayOrder = ArrayVec<u8, GATEWAYS_MAX>;

/// The gateways of a trunk.
#[derive(Clone, Debug)]
pub struct Gateways {
    /// By priority.
    all: Box<[CompiledGateway]>,
    /// Place of the trunk's own among them.
    own: usize,
    /// Calls may be sent to them.
    is_open: bool,
    probing: Option<Probing>,
}

/// Which health is whose, over all snapshots: the trunk's identifier and the place.
pub(super) type HealthOf = HashMap<(i64, GatewayPlace), Arc<GatewayHealth>>;

/// Where a gateway is, in the words of a trunk. Only a name without a port may leave the transport to
/// DNS (RFC 3263 §4.1).
fn place_of(address: &GatewayAddress, transport: Option<Transport>) -> GatewayPlace {
    let known = transport.unwrap_or(Transport::Udp);
    match address {
        GatewayAddress::Address(address) => GatewayPlace::Address(Target {
            address: *address,
            transport: known,
        }),
        GatewayAddress::Name { host, port } => GatewayPlace::Name(Arc::new(NameQuery {
            host: host.clone(),
            port: *port,
            transport: port.map(|_| known).or(transport),
        })),
    }
}

impl CompiledGateway {
    /// Its door, when it is a resource of its own.
    pub(crate) fn gate(&self) -> Option<Gate<'_>> {
        let shared = self.shared.as_ref()?;
        let reasons = [
            ReleaseReason::GatewayCpsLimit,
            ReleaseReason::GatewayChannelLimit,
        ];
        Some(Gate::of_resource(&shared.limiter, shared.limits, reasons))
    }
}

impl Gateways {
    /// The trunk's gateways; those that are switched off are left out. What is known of one that was
    /// probed before stays known; without probing nothing is. `None` when the trunk has none.
    pub(super) fn compile(
        trunk: i64,
        mut new: Vec<NewGateway<'_>>,
        probing: Option<Probing>,
        known: &HealthOf,
        now_known: &mut HealthOf,
    ) -> Option<Self> {
        let is_open = new.iter().any(|gateway| gateway.is_active);
        // Where none is active it is still told where the trunk would lead.
        new.retain(|gateway| gateway.is_active || !is_open);
        new.truncate(GATEWAYS_MAX);
        // The order among equals stays: the own is the first of its priority.
        new.sort_by_key(|gateway| gateway.priority);
        let own = new.iter().position(|gateway| gateway.is_own);
        let compiled = new.into_iter().map(|gateway| {
            let place = place_of(gateway.address, gateway.transport);
            let key = (trunk, place.clone());
            let health = known.get(&key).filter(|_| probing.is_some());
            let new = || Arc::new(GatewayHealth::of(&place));
            let health = health.map_or_else(new, Arc::clone);
            if probing.is_some() {
                now_known.insert(key, Arc::clone(&health));
            }
            CompiledGateway {
                place,
                priority: gateway.priority,
                weight: gateway.weight,
                health,
                shared: gateway.shared,
            }
        });
        let all: Box<[CompiledGateway]> = compiled.collect();
        (!all.is_empty()).then_some(Self {
            all,
            own: own.unwrap_or(0),
            is_open,
            probing: probing.filter(|_| is_open),
        })
    }

    /// The one that goes before all others, but for chance among equals.
    pub fn first(&self) -> &CompiledGateway {
        // There is one at least.
        &self.all[0]
    }

    /// Whether any of them takes calls.
    pub fn are_open(&self) -> bool {
        self.is_open
    }

    /// The trunk's own: its `gateway`, which a registration goes to.
    pub fn own(&self) -> &CompiledGateway {
        &self.all[self.own]
    }

    /// All, by priority.
    pub fn all(&self) -> &[CompiledGateway] {
        &self.all
    }

    /// How they are asked whether they are there.
    pub fn probing(&self) -> Option<Probing> {
        self.probing
    }

    /// The order in which an attempt takes those that are not down: by priority, and among equals by
    /// chance according to weight. `draw` gives a number below its argument; it is asked only where
    /// there is a choice.
    pub fn order(&self, mut draw: impl FnMut(u64) -> u64) -> GatewayOrder {
        let mut order = GatewayOrder::new();
        let mut left: ArrayVec<u8, GATEWAYS_MAX> = (0u8..)
            .zip(&self.all)
            .filter(|(_, gateway)| self.is_open && gateway.health.state() != GatewayState::Down)
            .map(|(place, _)| place)
            .collect();
        while let Some(first) = left.first() {
            let priority = self.at(*first).map(|gateway| gateway.priority);
            let is_equal =
                |place: &&u8| self.at(**place).map(|gateway| gateway.priority) == priority;
            let equals = left.iter().take_while(is_equal).count();
            let drawn = self.drawn(&left[..equals], &mut draw);
            order.push(left.remove(drawn));
        }
        order
    }

    /// The gateway at a place.
    pub fn at(&self, place: u8) -> Option<&CompiledGateway> {
        self.all.get(usize::from(place))
    }

    fn drawn(&self, equals: &[u8], draw: &mut impl FnMut(u64) -> u64) -> usize {
        if equals.len() < 2 {
            return 0;
        }
        let weight = |place: &u8| {
            self.at(*place)
                .map_or(0, |gateway| u64::from(gateway.weight))
        };
        let mut left = draw(equals.iter().map(weight).sum());
        for (index, place) in equals.iter().enumerate() {
            match left.checked_sub(weight(place)) {
                Some(rest) => left = rest,
                None => return index,
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::health::ProbeOutcome;

    /// The own at port 1, and three more.
    fn compiled(probing: Option<Probing>, known: &HealthOf) -> (Gateways, HealthOf) {
        let addresses: Vec<GatewayAddress> = (1..=4)
            .map(|port| format!("192.0.2.1:{port}").parse().unwrap())
            .collect();
        let figures = [(100, 100), (100, 300), (10, 1), (200, 1)];
        let new = addresses.iter().zip(figures).enumerate();
        let new = new.map(|(place, (address, (priority, weight)))| NewGateway {
            address,
            transport: Some(Transport::Tcp),
            priority,
            weight,
            shared: None,
            is_own: place == 0,
            is_active: true,
        });
        let mut now_known = HealthOf::new();
        let gateways = Gateways::compile(7, new.collect(), probing, known, &mut now_known);
        (gateways.unwrap(), now_known)
    }

    fn port(gateway: &CompiledGateway) -> u16 {
        match &gateway.place {
            GatewayPlace::Address(target) => target.address.port(),
            GatewayPlace::Name(name) => panic!("{name} is a name"),
        }
    }

    fn ports(gateways: &Gateways, draw: u64) -> Vec<u16> {
        let order = gateways.order(|below| draw.min(below - 1));
        let ports = order.iter().map(|place| port(gateways.at(*place).unwrap()));
        ports.collect()
    }

    #[test]
    fn the_lower_priority_goes_first_and_weights_decide_among_equals() {
        let (gateways, _) = compiled(None, &HealthOf::new());
        assert_eq!(ports(&gateways, 0), [3, 1, 2, 4]);
        assert_eq!(ports(&gateways, 99), [3, 1, 2, 4]);
        assert_eq!(ports(&gateways, 100), [3, 2, 1, 4]);
        let firsts = (0..400).filter(|draw| ports(&gateways, *draw)[1] == 2);
        assert_eq!(firsts.count(), 300, "in proportion");
        assert_eq!(port(gateways.own()), 1);
        assert!(
            gateways
                .all()
                .iter()
                .all(|gateway| gateway.place.transport() == Some(Transport::Tcp))
        );
    }

    #[test]
    fn only_a_name_without_a_port_leaves_its_transport_to_dns() {
        let transport = |address: &str, given| {
            let address = address.parse().unwrap();
            place_of(&address, given).transport()
        };
        assert_eq!(transport("192.0.2.1:5060", None), Some(Transport::Udp));
        assert_eq!(transport("a.example:5060", None), Some(Transport::Udp));
        assert_eq!(transport("a.example", None), None);
        let tcp = Some(Transport::Tcp);
        assert_eq!(transport("a.example:5060", tcp), tcp);
        assert_eq!(transport("a.example", tcp), tcp);
    }

    #[test]
    fn those_that_are_down_are_left_out_in_the_next_snapshot_too() {
        let probing = Probing {
            down_after: 1,
            ..Probing::default()
        };
        let (gateways, known) = compiled(Some(probing), &HealthOf::new());
        let silent = ProbeOutcome::Failed { status: 0 };
        gateways.all()[0].health.note(probing, silent, 1);
        assert_eq!(ports(&gateways, 0), [1, 2, 4]);
        let (next, known) = compiled(Some(probing), &known);
        assert_eq!(ports(&next, 0), [1, 2, 4]);
        let (unprobed, known) = compiled(None, &known);
        assert_eq!(ports(&unprobed, 0), [3, 1, 2, 4], "nobody asks any more");
        assert!(known.is_empty());
    }
}
