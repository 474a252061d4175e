//! An INVITE that names a dialog of ours, to take the place of its other end (Replaces, RFC 3891).
//!
//! Only who could have begun that dialog may: a trunk of the same customer for the customer's side, a
//! gateway of the same carrier for the carrier's. The call goes on, and so do its charge and its record.

use super::{Asking, Replaced, Transfer};
use crate::call::{Call, LegId, Phase};
use crate::config::Now;
use crate::core::{Role, User};
use crate::engine::Engine;
use crate::ingress::Obstacle;
use crate::leg::Leg;
use crate::release::row;
use media_relay::Side;
use routing_engine::names::AddressTable;
use routing_engine::resources::{ReplacesPolicy, Signalling, Status};
use routing_engine::{Snapshot, Source};
use sip_core::dialog::Dialog;
use sip_core::slab::SlabKey;
use sip_core::transaction::{Path, ServerKey};
use sip_core::{HeaderName, Message};
use std::net::IpAddr;
use std::sync::Arc;

/// A dialog that is to be replaced.
struct Place {
    call: SlabKey,
    side: Side,
    /// Of the newcomer's tag.
    discriminator: u16,
}

impl Engine {
    /// Serves an INVITE of a customer that names a dialog, when its trunk has that. False for every other:
    /// it is a new call.
    pub(crate) fn replaces_at_customer(
        &mut self,
        now: Now,
        invite: &Message<'_>,
        path: Path,
        key: ServerKey,
        source: Source<'_>,
        called: &str,
    ) -> bool {
        if invite.raw_header(HeaderName::Replaces).is_none() {
            return false;
        }
        let snapshot = Arc::clone(&self.core.snapshot);
        let trunk = match source {
            Source::Trunk(trunk) => Some(trunk),
            Source::Address(address) => snapshot.trunk_of_call(address, called),
            Source::Customer(_) => None,
        };
        let Some(trunk) = trunk.map(|trunk| snapshot.ingress_trunk(trunk)) else {
            return false;
        };
        let customer = snapshot.customer(trunk.customer);
        let policy = trunk.signalling;
        if policy.replaces != ReplacesPolicy::Accept || customer.status != Status::Active {
            return false;
        }
        let place = read(invite).and_then(|replaced| {
            let of_customer = |call: &Call| {
                let of_call = call.facts.customer.as_ref();
                of_call.is_some_and(|of_call| of_call.id == customer.resource.id)
            };
            self.place_of(&replaced, Side::Ingress, of_customer)
        });
        self.serve_newcomer(now, invite, path, key, policy, place);
        true
    }

    /// The same for an INVITE from a gateway of a carrier that names a dialog which went there.
    pub(crate) fn replaces_at_carrier(
        &mut self,
        now: Now,
        invite: &Message<'_>,
        path: Path,
        key: ServerKey,
    ) -> bool {
        if invite.raw_header(HeaderName::Replaces).is_none() {
            return false;
        }
        let Ok(replaced) = read(invite) else {
            return false;
        };
        let found = self.core.read_tag(&replaced.to_tag);
        let call = found.and_then(|(call, _)| self.calls.get(call));
        let source = path.remote.ip().to_canonical();
        let Some(policy) = call.and_then(|call| {
            let carrier = call.carrier()?;
            let core = &self.core;
            policy_of_gateway(&core.snapshot, &core.addresses, source, carrier)
        }) else {
            return false;
        };
        let place = self.place_of(&replaced, Side::Egress, |_| true);
        self.serve_newcomer(now, invite, path, key, policy, place);
        true
    }

    /// Where a dialog is that is to be replaced; else the status that says why it cannot be.
    fn place_of(
        &self,
        replaced: &Replaced,
        side: Side,
        may: impl Fn(&Call) -> bool,
    ) -> Result<Place, u16> {
        let found = self.core.read_tag(&replaced.to_tag);
        let (key, discriminator) = found.ok_or(481_u16)?;
        let call = self.calls.get(key).filter(|call| may(call));
        let call = call.ok_or(481_u16)?;
        let is_side = call.side_of(LegId::of_tag(discriminator)) == Some(side);
        let leg = call.leg(side).filter(|_| is_side).ok_or(481_u16)?;
        let dialog = &leg.dialog;
        let is_named = **dialog.call_id() == *replaced.call_id
            && dialog.remote_tag() == replaced.from_tag
            && dialog.has_local_tag(&replaced.to_tag);
        if !is_named {
            return Err(481);
        }
        call.check_place(side, leg, replaced.early_only)?;
        Ok(Place {
            call: key,
            side,
            discriminator: LegId::newcomer_at(discriminator),
        })
    }

    fn serve_newcomer(
        &mut self,
        now: Now,
        invite: &Message<'_>,
        path: Path,
        key: ServerKey,
        policy: Signalling,
        place: Result<Place, u16>,
    ) {
        let obstacle = self
            .check(invite, &policy)
            .map_err(|obstacle| match obstacle {
                Obstacle::Status(status) => status,
                Obstacle::Reason(reason) => row(reason).status,
            });
        let leg = obstacle.and(place).and_then(|place| {
            let tag = self.core.tag(place.call, place.discriminator);
            let dialog = Dialog::uas(invite, &tag).map_err(|_| 400_u16)?;
            let mut leg = Leg::new(dialog, path, policy);
            leg.session.learn_methods(invite);
            Ok((place, tag, Box::new(leg)))
        });
        let (place, tag, leg) = match leg {
            Ok(leg) => leg,
            Err(status) => {
                let core = &mut self.core;
                core.refuse_by_rule(now.instant, invite, path, key, &policy, status);
                return;
            }
        };
        let served = self.with_call(now.instant, place.call, |call, core| {
            call.trace_received(core, now.instant, invite, path);
            let role = Role::Served(call.next_exchange());
            let user = User {
                call: place.call,
                role,
            };
            let server = core
                .transactions
                .open_server(key, invite, path, tag, user)
                .ok()?;
            call.receive_newcomer(core, now.instant, place.side, server, invite, leg);
            call.settle(core);
            Some(())
        });
        if served.flatten().is_none() {
            self.core.reply_plain(invite, path, 503);
        }
    }
}

impl Call {
    /// RFC 3891 §3: what state a dialog must be in that is replaced. What is beyond that is told to come
    /// again.
    fn check_place(&self, side: Side, leg: &Leg, early_only: bool) -> Result<(), u16> {
        match self.phase {
            Phase::Hunting | Phase::Connecting => return Err(481),
            Phase::Ending => return Err(603),
            Phase::Answered if leg.is_gone => return Err(603),
            Phase::Answered if early_only => return Err(486),
            Phase::Answered => {}
        }
        let is_free = match self.transfer.as_deref() {
            None => true,
            Some(Transfer::Asking(Asking {
                pending: None,
                lent_to: None,
                ..
            })) => true,
            Some(_) => false,
        };
        let other_is_there = self.leg(side.other()).is_some_and(|leg| !leg.is_gone);
        match () {
            () if !is_free || self.is_changing() || leg.session.is_refreshing() => Err(491),
            () if !other_is_there || !self.media.is_relayed() => Err(488),
            // The keys of a leg belong to its relayed session.
            () if self.media.is_sealed() => Err(488),
            () => Ok(()),
        }
    }

    /// The identifier of the carrier that the call is with.
    fn carrier(&self) -> Option<i64> {
        let route = self.current()?.route;
        Some(self.snapshot.carrier(route.carrier).resource.id)
    }
}

/// What an active trunk of a carrier with a gateway at this address says, when it has Replaces.
fn policy_of_gateway(
    snapshot: &Snapshot,
    addresses: &AddressTable,
    source: IpAddr,
    carrier: i64,
) -> Option<Signalling> {
    let trunks = snapshot.egress_trunks().iter();
    let mut of_carrier = trunks.filter(|trunk| {
        snapshot.carrier(trunk.carrier).resource.id == carrier
            && trunk.status == Status::Active
            && trunk.signalling.replaces == ReplacesPolicy::Accept
    });
    of_carrier
        .find(|trunk| {
            let gateways = trunk.gateways.all().iter();
            let mut targets = gateways.flat_map(|gateway| gateway.place.targets(addresses));
            targets.any(|target| target.address.ip().to_canonical() == source)
        })
        .map(|trunk| trunk.signalling)
}

/// The one dialog that an INVITE names; 400 when it names none that can be read, or several.
fn read(invite: &Message<'_>) -> Result<Replaced, u16> {
    let mut fields = invite
        .headers()
        .filter(|field| field.name == HeaderName::Replaces);
    let (Some(field), None) = (fields.next(), fields.next()) else {
        return Err(400);
    };
    let text = std::str::from_utf8(field.raw_value).map_err(|_| 400_u16)?;
    Replaced::parse(text).ok_or(400)
}
