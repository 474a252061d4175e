//! A connection of a customer (ingress) or of a carrier (egress).

use super::failover::Failover;
use super::network::Network;
use super::translation::{NumberTranslation, dialled};
use super::{Status, checks};
use crate::limits::Limits;
use crate::problem::Problem;
use rating::cdr::Transport;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Which way calls go through a trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From a customer into the switch.
    Ingress,
    /// From the switch to a carrier.
    Egress,
}

/// Whether RTP passes through the switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaMode {
    /// Through the media relay: addresses are hidden, packets are counted.
    #[default]
    Relay,
    /// From party to party: the session description passes as it is.
    Direct,
}

/// A trunk. Some fields belong to one direction only; `check` refuses them in the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    /// Which way calls go.
    pub direction: Direction,
    /// Whether it takes calls. Default: active.
    #[serde(default)]
    pub status: Status,

    /// Ingress: name of the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Ingress: where the customer's requests come from, addresses or CIDR ranges, at least one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_addresses: Vec<Network>,
    /// Ingress: what each called number must begin with; it is taken off first. Trunks may share
    /// an address when their tech prefixes differ. Digits, `+`, `#`, `*`. Default: none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tech_prefix: String,

    /// Egress: name of the carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// Egress: name of the rate card that the carrier charges by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_card: Option<String>,
    /// Egress: where calls are sent, `address:port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<SocketAddr>,
    /// Egress: transport to the gateway, `udp` or `tcp`. Default: udp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    /// Egress: among routes of equal cost the lower goes first, 0 to 65,535. Default: 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u16>,
    /// Egress: among routes of equal cost and priority the heavier goes first, 0 to 65,535.
    /// Default: 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u16>,
    /// Egress: when to go on to the next route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failover: Option<Failover>,

    /// Whether RTP is relayed. It is passed directly only when both trunks of a call say so.
    /// Default: relay.
    #[serde(default)]
    pub media: MediaMode,
    /// New calls (egress: attempts) per second, 1 to 100,000. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cps_limit: Option<u32>,
    /// Concurrent calls, 1 to 1,000,000. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_limit: Option<u32>,
    /// How the called number is rewritten. Ingress: after the tech prefix, before `+` and `00` are
    /// taken off. Egress: last, before the number is sent.
    #[serde(default, skip_serializing_if = "NumberTranslation::is_empty")]
    pub called_number: NumberTranslation,
    /// How the calling number is rewritten.
    #[serde(default, skip_serializing_if = "NumberTranslation::is_empty")]
    pub calling_number: NumberTranslation,
}

impl Trunk {
    /// A trunk of a direction with every other field at its default; it still lacks what its
    /// direction requires.
    pub fn new(direction: Direction) -> Self {
        Self {
            direction,
            status: Status::Active,
            customer: None,
            source_addresses: Vec::new(),
            tech_prefix: String::new(),
            carrier: None,
            rate_card: None,
            gateway: None,
            transport: None,
            priority: None,
            weight: None,
            failover: None,
            media: MediaMode::Relay,
            cps_limit: None,
            channel_limit: None,
            called_number: NumberTranslation::default(),
            calling_number: NumberTranslation::default(),
        }
    }

    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = match self.direction {
            Direction::Ingress => self.check_ingress(),
            Direction::Egress => self.check_egress(),
        };
        problems.extend(checks::limits(self.cps_limit, self.channel_limit));
        problems.extend(self.called_number.check("called_number"));
        problems.extend(self.calling_number.check("calling_number"));
        problems
    }

    fn check_ingress(&self) -> Vec<Problem> {
        let mut problems = self.misplaced(&[
            ("carrier", self.carrier.is_some()),
            ("rate_card", self.rate_card.is_some()),
            ("gateway", self.gateway.is_some()),
            ("transport", self.transport.is_some()),
            ("priority", self.priority.is_some()),
            ("weight", self.weight.is_some()),
            ("failover", self.failover.is_some()),
        ]);
        problems.extend(required("customer", self.customer.as_deref()));
        if self.source_addresses.is_empty() {
            problems.push(Problem::in_field(
                "source_addresses",
                "an ingress trunk needs at least one address or CIDR range",
            ));
        }
        problems.extend(dialled("tech_prefix", &self.tech_prefix));
        problems
    }

    fn check_egress(&self) -> Vec<Problem> {
        let mut problems = self.misplaced(&[
            ("customer", self.customer.is_some()),
            ("source_addresses", !self.source_addresses.is_empty()),
            ("tech_prefix", !self.tech_prefix.is_empty()),
        ]);
        problems.extend(required("carrier", self.carrier.as_deref()));
        problems.extend(required("rate_card", self.rate_card.as_deref()));
        problems.extend(check_gateway(self.gateway));
        problems.extend(self.failover.iter().flat_map(Failover::check));
        problems
    }

    fn misplaced(&self, fields: &[(&str, bool)]) -> Vec<Problem> {
        let (this, other) = match self.direction {
            Direction::Ingress => ("ingress", "egress"),
            Direction::Egress => ("egress", "ingress"),
        };
        fields
            .iter()
            .filter(|(_, is_set)| *is_set)
            .map(|(field, _)| {
                let message = format_args!("belongs to {other} trunks; this one is {this}");
                Problem::in_field(*field, message)
            })
            .collect()
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits::new(self.cps_limit, self.channel_limit)
    }
}

fn required(field: &str, name: Option<&str>) -> Option<Problem> {
    checks::reference(field, name.unwrap_or(""))
}

fn check_gateway(gateway: Option<SocketAddr>) -> Option<Problem> {
    match gateway {
        None => Some(Problem::in_field(
            "gateway",
            "an egress trunk needs one, such as 192.0.2.7:5060",
        )),
        Some(address) if address.port() == 0 || address.ip().is_unspecified() => Some(
            Problem::in_field("gateway", "no call can be sent to this address and port"),
        ),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn fields(trunk: &Trunk) -> Vec<String> {
        let problems = trunk.check().into_iter();
        problems.map(|problem| problem.field.unwrap()).collect()
    }

    #[test]
    fn sound_trunks_pass() {
        let ingress = Trunk {
            customer: Some("Meridian".into()),
            source_addresses: vec!["192.0.2.0/24".parse().unwrap()],
            ..Trunk::new(Direction::Ingress)
        };
        let egress = Trunk {
            carrier: Some("Aurora".into()),
            rate_card: Some("aurora".into()),
            gateway: Some("192.0.2.7:5060".parse().unwrap()),
            failover: Some(Failover::default()),
            ..Trunk::new(Direction::Egress)
        };
        assert_eq!(fields(&ingress), Vec::<String>::new());
        assert_eq!(fields(&egress), Vec::<String>::new());
    }

    #[test]
    fn what_a_direction_requires_is_named() {
        assert_eq!(
            fields(&Trunk::new(Direction::Ingress)),
            ["customer", "source_addresses"]
        );
        assert_eq!(
            fields(&Trunk::new(Direction::Egress)),
            ["carrier", "rate_card", "gateway"]
        );
    }

    #[test]
    fn a_field_of_the_other_direction_is_named() {
        let ingress = Trunk {
            customer: Some("Meridian".into()),
            source_addresses: vec!["192.0.2.1".parse().unwrap()],
            gateway: Some("192.0.2.7:5060".parse().unwrap()),
            weight: Some(1),
            ..Trunk::new(Direction::Ingress)
        };
        assert_eq!(fields(&ingress), ["gateway", "weight"]);
        let egress = Trunk {
            carrier: Some("Aurora".into()),
            rate_card: Some("aurora".into()),
            gateway: Some("192.0.2.7:0".parse().unwrap()),
            tech_prefix: "9".into(),
            cps_limit: Some(0),
            ..Trunk::new(Direction::Egress)
        };
        assert_eq!(fields(&egress), ["tech_prefix", "gateway", "cps_limit"]);
    }
}
