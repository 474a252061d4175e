//! Which shard owns a message.

use arc_swap::ArcSwap;
use routing_engine::Snapshot;
use routing_engine::snapshot::Gathering;
use sip_core::ticket::{TicketKey, owner_beside};
use sip_core::{Message, Uri};
use std::net::IpAddr;
use std::sync::Arc;

/// Finds a message's owner among the shards of this node.
#[derive(Clone)]
pub(crate) struct Ownership {
    key: TicketKey,
    shards: u16,
    /// Says which calls must be together.
    snapshot: Arc<ArcSwap<Snapshot>>,
}

impl Ownership {
    pub(crate) fn new(key: TicketKey, shards: u16, snapshot: Arc<ArcSwap<Snapshot>>) -> Self {
        Self {
            key,
            shards,
            snapshot,
        }
    }

    /// The owner of a message from an address. `None`: a response to nothing that this node sent.
    pub(crate) fn of(&self, message: &Message<'_>, source: IpAddr) -> Option<u16> {
        let beside = || {
            let snapshot = self.snapshot.load();
            let uri = Uri::parse(message.request_uri()?).ok();
            let called = uri.and_then(|uri| uri.user_name()).unwrap_or("");
            Some(number_of(snapshot.gathering_of(source, called)?))
        };
        owner_beside(message, &self.key, self.shards, beside)
    }

    /// Whether a message carries a tag or branch that this node wrote: nobody else can make one.
    pub(crate) fn has_ticket(&self, message: &Message<'_>) -> bool {
        if message.is_request() {
            let to = message.to().ok();
            let tag = to.as_ref().and_then(|to| to.tag());
            return tag.is_some_and(|tag| self.key.read(tag).is_some());
        }
        let via = message.top_via().ok();
        let branch = via.as_ref().and_then(|via| via.branch);
        branch.is_some_and(|branch| self.key.read_branch(branch).is_some())
    }

    /// The owner of the request with this branch; `None` when this node never wrote it.
    pub(crate) fn of_branch(&self, branch: &str) -> Option<u16> {
        let owner = self.key.read_branch(branch)?.shard;
        (owner < self.shards).then_some(owner)
    }
}

/// What calls that must be together share.
fn number_of(gathering: Gathering) -> u128 {
    match gathering {
        Gathering::Customer(id) => u128::from(id.cast_unsigned()),
        Gathering::Source(IpAddr::V4(address)) => address.to_ipv6_mapped().to_bits(),
        Gathering::Source(IpAddr::V6(address)) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is the failure")]
    use super::*;
    use routing_engine::deck::{Deck, DestinationNames};
    use routing_engine::resources::{
        AuthenticationMode, Customer, DigestAccount, Direction, PricedCard, RateCard, RateRow,
        ReferPolicy, Resources, Secret, Stored, Trunk,
    };
    use sip_core::Limits;
    use std::collections::BTreeSet;

    fn trunk(id: i64, customer: &str, source: &str, refer: ReferPolicy) -> Stored<Trunk> {
        let mut spec = Trunk {
            customer: Some(customer.into()),
            source_addresses: vec![source.parse().unwrap()],
            ..Trunk::new(Direction::Ingress)
        };
        spec.signalling.refer = refer;
        let name = format!("trunk-{id}");
        Stored { id, name, spec }
    }

    fn ownership(trunks: Vec<Stored<Trunk>>) -> Ownership {
        let rows = vec![RateRow::new(
            "44",
            "United Kingdom",
            "0.01".parse().unwrap(),
        )];
        let spec = RateCard {
            rates: Some(rows.clone()),
            ..RateCard::new(rating::Currency::USD)
        };
        let deck = Deck::from_rows(&rows, &spec, &mut DestinationNames::default()).unwrap();
        let named = |id, name: &str| Stored {
            id,
            name: name.to_owned(),
            spec: Customer::new("retail"),
        };
        let resources = Resources {
            rate_cards: vec![PricedCard {
                card: Stored {
                    id: 1,
                    name: "retail".to_owned(),
                    spec,
                },
                deck: Arc::new(deck),
            }],
            customers: vec![named(1, "Meridian"), named(2, "Polar")],
            trunks,
            ..Resources::default()
        };
        let snapshot = Snapshot::compile(1, &resources, None).unwrap();
        let key = TicketKey::new([7; 16]);
        Ownership::new(key, 8, Arc::new(ArcSwap::from_pointee(snapshot)))
    }

    /// The shards of many calls from an address, each with its CANCEL.
    fn shards(ownership: &Ownership, source: &str) -> BTreeSet<u16> {
        let owner = |method: &str, call: u32| {
            let text = format!(
                "{method} sip:44207{call}@198.51.100.1 SIP/2.0\r\n\
                 Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{call}\r\nFrom: <sip:a@x>;tag=1\r\n\
                 To: <sip:b@x>\r\nCall-ID: call-{call}\r\nCSeq: 1 {method}\r\n\r\n"
            );
            let message = Message::parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
            ownership.of(&message, source.parse().unwrap()).unwrap()
        };
        let each = (0..100).map(|call| {
            assert_eq!(owner("INVITE", call), owner("CANCEL", call));
            owner("INVITE", call)
        });
        each.collect()
    }

    #[test]
    fn calls_of_a_customer_who_transfers_are_in_one_shard_and_those_of_others_in_all() {
        let ownership = ownership(vec![
            trunk(1, "Meridian", "192.0.2.1", ReferPolicy::Handle),
            trunk(2, "Meridian", "192.0.2.2", ReferPolicy::Reject),
            trunk(3, "Polar", "192.0.2.3", ReferPolicy::Relay),
        ]);
        let of_meridian = shards(&ownership, "192.0.2.1");
        assert_eq!(of_meridian.len(), 1);
        assert_eq!(
            shards(&ownership, "192.0.2.2"),
            of_meridian,
            "a call of one trunk may be joined with one of another"
        );
        assert_eq!(shards(&ownership, "192.0.2.3").len(), 8);
        assert_eq!(shards(&ownership, "203.0.113.9").len(), 8, "a stranger's");
    }

    #[test]
    fn who_transfers_and_is_known_by_a_password_is_gathered_by_its_address() {
        let mut by_password = trunk(1, "Meridian", "192.0.2.1", ReferPolicy::Handle);
        by_password.spec.source_addresses.clear();
        by_password.spec.authentication = AuthenticationMode::Digest;
        by_password.spec.digest = Some(DigestAccount {
            username: "meridian".into(),
            password: Secret::from_text("correct horse"),
        });
        let polar = trunk(3, "Polar", "192.0.2.3", ReferPolicy::Relay);
        let ownership = ownership(vec![by_password, polar]);
        assert_eq!(shards(&ownership, "203.0.113.9").len(), 1);
        assert_eq!(
            shards(&ownership, "192.0.2.3").len(),
            8,
            "its calls cannot be joined"
        );
    }
}
