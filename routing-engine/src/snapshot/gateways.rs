//! The gateways of an egress trunk, and in which order an attempt takes them.

use crate::health::{GatewayHealth, GatewayState};
use crate::names::{GatewayPlace, NameQuery, Target};
use crate::resources::{FurtherGateway, GatewayAddress, Probing, Trunk};
use arrayvec::ArrayVec;
use rating::cdr::Transport;
use std::collections::HashMap;
use std::sync::Arc;

/// Most gateways of one trunk.
pub const GATEWAYS_MAX: usize = Trunk::FURTHER_GATEWAYS_MAX + 1;

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

impl Gateways {
    /// The trunk's own and all further ones. What is known of one that was probed before stays
    /// known; without probing nothing is.
    pub(super) fn compile(
        trunk: i64,
        own: (&GatewayAddress, Option<Transport>),
        further: &[FurtherGateway],
        probing: Option<Probing>,
        known: &HealthOf,
        now_known: &mut HealthOf,
    ) -> Self {
        let own = FurtherGateway {
            address: own.0.clone(),
            transport: own.1,
            priority: FurtherGateway::PRIORITY,
            weight: FurtherGateway::WEIGHT,
        };
        let mut compiled = |gateway: &FurtherGateway| {
            let place = place_of(&gateway.address, gateway.transport.or(own.transport));
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
            }
        };
        let mut all = vec![compiled(&own)];
        all.extend(further.iter().take(GATEWAYS_MAX - 1).map(&mut compiled));
        let goes_before = |other: &&CompiledGateway| other.priority < all[0].priority;
        // The order among equals stays: the own is the first of its priority.
        let own = all.iter().filter(goes_before).count();
        all.sort_by_key(|gateway| gateway.priority);
        Self {
            all: all.into(),
            own,
            probing,
        }
    }

    /// The one that goes before all others, but for chance among equals.
    pub fn first(&self) -> &CompiledGateway {
        // The trunk's own is always there.
        &self.all[0]
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
            .filter(|(_, gateway)| gateway.health.state() != GatewayState::Down)
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

    fn further(port: u16, priority: u16, weight: u16) -> FurtherGateway {
        FurtherGateway {
            address: std::net::SocketAddr::from(([192, 0, 2, 1], port)).into(),
            transport: None,
            priority,
            weight,
        }
    }

    fn compiled(probing: Option<Probing>, known: &HealthOf) -> (Gateways, HealthOf) {
        let own: GatewayAddress = "192.0.2.1:1".parse().unwrap();
        let own = (&own, Some(Transport::Tcp));
        let further = [further(2, 100, 300), further(3, 10, 1), further(4, 200, 1)];
        let mut now_known = HealthOf::new();
        let gateways = Gateways::compile(7, own, &further, probing, known, &mut now_known);
        (gateways, now_known)
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
