//! The gateways of egress trunks: their own, and those that several trunks name.

use super::policies::by_name;
use super::{Compiler, Key, key, resource};
use crate::Problem;
use crate::limits::{Limiter, Limits};
use crate::resources::{FurtherGateway, Gateway, ResourceKind, Status, StoredRef, Trunk};
use crate::snapshot::gateways::{GatewayLimits, Gateways, HealthOf, NewGateway, SharedCounter};
use std::collections::HashMap;
use std::sync::Arc;

/// Gateways that are resources of their own, by name.
pub(super) type SharedGateways<'r> = HashMap<Key<'r>, (&'r Gateway, Arc<Limiter>)>;

impl<'r> Compiler<'_, 'r> {
    /// All gateways that trunks may name, whether any does or not: calls stay counted meanwhile.
    pub(super) fn shared_gateways(&mut self) -> Box<[SharedCounter]> {
        let all = by_name(&self.resources.gateways);
        let counters = all.iter().map(|stored| {
            let limiter = self.limiter(ResourceKind::Gateway, stored.id);
            self.gateways
                .insert(key(stored), (stored.spec, Arc::clone(&limiter)));
            let carrier = (stored.owner, stored.spec.carrier.as_str());
            let found = self.carriers.get(&carrier).copied();
            self.named(
                ResourceKind::Gateway,
                "carrier",
                stored,
                "carrier",
                carrier.1,
                found,
            );
            SharedCounter {
                resource: resource(stored),
                limiter,
            }
        });
        counters.collect()
    }

    /// Where the calls of a trunk go.
    pub(super) fn gateways(&mut self, trunk: &StoredRef<'_, Trunk>) -> Option<Gateways> {
        let spec = trunk.spec;
        let own = spec.gateway.iter().map(|address| NewGateway {
            address,
            transport: spec.transport,
            priority: FurtherGateway::PRIORITY,
            weight: FurtherGateway::WEIGHT,
            shared: None,
            is_own: true,
            is_active: true,
        });
        let further = spec.further_gateways.iter().map(|one| NewGateway {
            address: &one.address,
            transport: one.transport.or(spec.transport),
            priority: one.priority,
            weight: one.weight,
            shared: None,
            is_own: false,
            is_active: true,
        });
        let mut new: Vec<_> = own.chain(further).collect();
        for index in 0..spec.shared_gateways.len() {
            new.extend(self.shared_gateway(trunk, index));
        }
        let nothing = HealthOf::new();
        let known = self.previous.map_or(&nothing, |previous| &previous.health);
        // One that nobody asks is not known to be down when it is active again.
        let probing = spec.probing.filter(|_| spec.status == Status::Active);
        Gateways::compile(trunk.id, new, probing, known, &mut self.health)
    }

    /// A gateway that a trunk names, or a problem.
    fn shared_gateway(
        &mut self,
        trunk: &StoredRef<'_, Trunk>,
        index: usize,
    ) -> Option<NewGateway<'r>> {
        let spec = trunk.spec;
        let one = &spec.shared_gateways[index];
        let name = one.gateway.as_str();
        let field = format!("shared_gateways[{index}].gateway");
        let found = self.gateways.get(&(trunk.owner, name)).cloned();
        let kind = ResourceKind::Trunk;
        let (gateway, limiter) = self.named(kind, &field, trunk, "gateway", name, found)?;
        if let Some(fault) = misfit(spec, gateway) {
            let problem = Problem::in_field(field, fault);
            self.problems.push(problem.of(kind, trunk.name));
            return None;
        }
        Some(NewGateway {
            address: &gateway.address,
            transport: gateway.transport,
            priority: one.priority,
            weight: one.weight,
            shared: Some(GatewayLimits {
                limits: Limits::new(gateway.cps_limit, gateway.channel_limit),
                limiter,
            }),
            is_own: false,
            is_active: gateway.status == Status::Active,
        })
    }
}

/// Why a trunk cannot have a gateway that it names.
fn misfit(trunk: &Trunk, gateway: &Gateway) -> Option<String> {
    if trunk.carrier.as_ref() != Some(&gateway.carrier) {
        return Some(format!(
            "is a gateway of carrier \"{}\", not of this trunk's",
            gateway.carrier
        ));
    }
    let further = trunk.further_gateways.iter().map(|one| &one.address);
    if trunk
        .gateway
        .iter()
        .chain(further)
        .any(|address| *address == gateway.address)
    {
        return Some(format!("the trunk has {} itself already", gateway.address));
    }
    let (listener, address) = (trunk.listener?, gateway.address.socket()?);
    (listener.is_ipv4() != address.is_ipv4()).then(|| {
        format!("the trunk's listener cannot reach {address}, whose address is of another family")
    })
}
