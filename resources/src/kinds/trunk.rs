//! A connection of a customer (ingress) or of a carrier (egress).

use crate::checks::{self, CHANNEL_LIMIT_MAX, CPS_LIMIT_MAX, CPS_SMOOTHING_MS_MAX};
use crate::fields::digest_account::DigestAccount;
use crate::fields::failover::Failover;
use crate::fields::throttle::Throttle;
use crate::fields::foreign::{AddressAndPort, TransportName};
use crate::fields::further_gateway::{FurtherGateway, Probing, check_gateways};
use crate::fields::gateway_address::GatewayAddress;
use crate::fields::header_policy::HeaderPolicy;
use crate::fields::identity_policy::IdentityPolicy;
use crate::fields::media_encryption::MediaEncryption;
use crate::fields::network::Network;
use crate::fields::number_policy::NumberPolicy;
use crate::fields::reference::Ref;
use crate::fields::registration::Registration;
use crate::fields::response_rule::ResponseRule;
use crate::fields::shared_gateway::{SharedGateway, check_shared};
use crate::fields::signalling::Signalling;
use crate::fields::silence::Silence;
use crate::fields::status::Status;
use crate::fields::translation::{DIALLED, NumberTranslation, TRANSLATION_CHARS_MAX, dialled};
use crate::kind::{Assignable, Kind};
use crate::kinds::{
    AuthenticationMode, Carrier, Customer, RateCard, ResourceKind, check_address,
};
use crate::problem::Problem;
use rating::cdr::Transport;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Which way calls go through a trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From a customer into the switch.
    Ingress,
    /// From the switch to a carrier.
    Egress,
}

/// Whether RTP passes through the switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaMode {
    /// Through the media relay: addresses are hidden, packets are counted.
    #[default]
    Relay,
    /// From party to party: the session description passes as it is.
    Direct,
}

/// A connection: ingress from a customer, or egress to a carrier. A field that belongs to the other
/// direction is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    /// Which way calls go.
    #[schemars(extend("x-filter" = true))]
    pub direction: Direction,
    /// Whether it takes calls.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub status: Status,

    /// Ingress: whose calls come by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-filter" = true, "x-direction" = "ingress"))]
    pub customer: Option<Ref<Customer>>,
    /// Ingress: what a call must show to be the customer's.
    #[serde(default, skip_serializing_if = "AuthenticationMode::is_default")]
    #[schemars(extend("x-direction" = "ingress"))]
    pub authentication: AuthenticationMode,
    /// Ingress: the user name and password that calls must show, when they must show one. Egress:
    /// what challenges of the carrier (401, 407) are answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<DigestAccount>,
    /// Ingress: where the customer's requests come from, addresses or CIDR ranges; at least one,
    /// unless calls are known by their digest alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000), extend("x-direction" = "ingress"))]
    pub source_addresses: Vec<Network>,
    /// Ingress: what each called number must begin with; it is taken off first. Trunks may share an
    /// address when their tech prefixes differ.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(
        length(max = TRANSLATION_CHARS_MAX),
        extend("pattern" = DIALLED, "x-direction" = "ingress")
    )]
    pub tech_prefix: String,

    /// Egress: to whom calls go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-filter" = true, "x-direction" = "egress"))]
    pub carrier: Option<Ref<Carrier>>,
    /// Egress: the rate card that the carrier charges by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-filter" = true, "x-direction" = "egress"))]
    pub rate_card: Option<Ref<RateCard>>,
    /// Egress: where calls are sent: `address:port`, or a host name, with its port or without. A name
    /// without a port is looked up as RFC 3263 says: SRV, and NAPTR before it when no transport is
    /// given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-direction" = "egress"))]
    pub gateway: Option<GatewayAddress>,
    /// Egress: transport to the gateway. Without one a host name without a port is asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Option<TransportName>",
        extend("x-direction" = "egress", "x-default" = "udp")
    )]
    pub transport: Option<Transport>,
    /// Egress: the listener by which calls leave, `address:port` as carriers see it. Of another
    /// transport it is one of the same address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Option<AddressAndPort>",
        extend(
            "x-direction" = "egress",
            "x-default" = "the first that reaches the gateway",
            "x-section" = "advanced"
        )
    )]
    pub listener: Option<SocketAddr>,
    /// Egress: more gateways of the same carrier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = Self::FURTHER_GATEWAYS_MAX),
        extend("x-direction" = "egress", "x-section" = "advanced")
    )]
    pub further_gateways: Vec<FurtherGateway>,
    /// Egress: gateways of the same carrier that are resources of their own. Trunks that name the same
    /// share its limits. A gateway that is full is passed over for the next one of the trunk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = Self::GATEWAYS_MAX),
        extend("x-direction" = "egress", "x-section" = "advanced")
    )]
    pub shared_gateways: Vec<SharedGateway>,
    /// Egress: how the gateways are asked whether they are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend(
        "x-direction" = "egress",
        "x-default" = "they are not asked",
        "x-section" = "advanced"
    ))]
    pub probing: Option<Probing>,
    /// Egress: how the switch registers with the carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend(
        "x-direction" = "egress",
        "x-default" = "it does not",
        "x-section" = "advanced"
    ))]
    pub registration: Option<Registration>,
    /// Egress: among routes of equal cost the lower goes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-direction" = "egress", "x-default" = "100", "x-section" = "advanced"))]
    pub priority: Option<u16>,
    /// Egress: among routes of equal cost and priority the heavier goes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-direction" = "egress", "x-default" = "100", "x-section" = "advanced"))]
    pub weight: Option<u16>,
    /// Egress: when to go on to the next route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-direction" = "egress", "x-section" = "advanced"))]
    pub failover: Option<Failover>,
    /// Egress: when it gets a share of its calls only, because attempts fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend(
        "x-direction" = "egress",
        "x-default" = "never",
        "x-section" = "advanced"
    ))]
    pub throttle: Option<Throttle>,

    /// Whether RTP is relayed; it goes directly only when both trunks of a call say so.
    #[serde(default)]
    pub media: MediaMode,
    /// Whether RTP of this side is encrypted (SRTP), by keys in its session descriptions (SDES).
    #[serde(default, skip_serializing_if = "MediaEncryption::is_default")]
    #[schemars(extend("x-section" = "advanced"))]
    pub media_encryption: MediaEncryption,
    /// When media that stops ends a call or is told.
    #[serde(default, skip_serializing_if = "Silence::is_default")]
    #[schemars(extend("x-section" = "advanced"))]
    pub silence: Silence,
    /// Audio codecs of its calls by their RTP names, such as `PCMA`, the best first. Offers of
    /// either side lose all others; `telephone-event` stays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = Self::CODECS_MAX),
        inner(length(min = 1, max = 32)),
        extend(
            "x-default" = "all, in the order of the offer",
            "x-section" = "advanced"
        )
    )]
    pub codecs: Vec<String>,
    /// New calls (egress: attempts) per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = CPS_LIMIT_MAX), extend("x-default" = "no limit"))]
    pub cps_limit: Option<u32>,
    /// Calls at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = CHANNEL_LIMIT_MAX), extend("x-default" = "no limit"))]
    pub channel_limit: Option<u32>,
    /// Ingress: how long a call beyond the calls per second is held until it is due. One that would
    /// wait longer is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 0, max = CPS_SMOOTHING_MS_MAX),
        extend(
            "x-direction" = "ingress",
            "x-unit" = "milliseconds",
            "x-default" = "it is refused at once",
            "x-section" = "advanced"
        )
    )]
    pub cps_smoothing_ms: Option<u16>,
    /// Ingress: new calls per second to one called number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 1, max = CPS_LIMIT_MAX),
        extend(
            "x-direction" = "ingress",
            "x-default" = "no limit",
            "x-section" = "advanced"
        )
    )]
    pub called_number_cps_limit: Option<u32>,
    /// Ingress: calls to one called number at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 1, max = CHANNEL_LIMIT_MAX),
        extend(
            "x-direction" = "ingress",
            "x-default" = "no limit",
            "x-section" = "advanced"
        )
    )]
    pub called_number_channel_limit: Option<u32>,
    /// How the called number is rewritten: ingress after the tech prefix and before `+` and `00` are
    /// taken off, egress last, before the number is sent.
    #[serde(default, skip_serializing_if = "NumberTranslation::is_empty")]
    #[schemars(extend("x-section" = "advanced"))]
    pub called_number: NumberTranslation,
    /// How the calling number is rewritten. Rates that depend on who calls go by the number before an egress
    /// trunk rewrites it: a carrier that is shown another may charge by another.
    #[serde(default, skip_serializing_if = "NumberTranslation::is_empty")]
    #[schemars(extend("x-section" = "advanced"))]
    pub calling_number: NumberTranslation,
    /// Shared rules and lists that its numbers go through.
    #[serde(default, skip_serializing_if = "NumberPolicy::is_empty")]
    #[schemars(extend("x-section" = "advanced"))]
    pub numbers: NumberPolicy,
    /// What final responses become. Egress: those of the carrier. Ingress: what then ends a call
    /// that no route took.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-section" = "advanced"))]
    pub responses: Vec<ResponseRule>,
    /// Header fields that go from one side to the other.
    #[serde(default, skip_serializing_if = "HeaderPolicy::is_empty")]
    #[schemars(extend("x-section" = "advanced"))]
    pub headers: HeaderPolicy,
    /// Who calls and who diverted the call.
    #[serde(default, skip_serializing_if = "IdentityPolicy::is_default")]
    #[schemars(extend("x-section" = "advanced"))]
    pub identity: IdentityPolicy,
    /// How its SIP dialogs behave.
    #[serde(default, skip_serializing_if = "Signalling::is_default")]
    #[schemars(extend("x-section" = "advanced"))]
    pub signalling: Signalling,
}

impl Trunk {
    /// Most gateways beside the trunk's own.
    pub const FURTHER_GATEWAYS_MAX: usize = Self::GATEWAYS_MAX - 1;
    /// Most gateways of all.
    pub const GATEWAYS_MAX: usize = 16;
    /// Most codecs.
    pub const CODECS_MAX: usize = 16;

    /// A trunk of a direction with every other field at its default; it still lacks what its
    /// direction requires.
    pub fn new(direction: Direction) -> Self {
        Self {
            direction,
            status: Status::Active,
            customer: None,
            authentication: AuthenticationMode::Address,
            digest: None,
            source_addresses: Vec::new(),
            tech_prefix: String::new(),
            carrier: None,
            rate_card: None,
            gateway: None,
            transport: None,
            listener: None,
            further_gateways: Vec::new(),
            shared_gateways: Vec::new(),
            probing: None,
            registration: None,
            priority: None,
            weight: None,
            failover: None,
            throttle: None,
            media: MediaMode::Relay,
            media_encryption: MediaEncryption::default(),
            silence: Silence::default(),
            codecs: Vec::new(),
            cps_limit: None,
            channel_limit: None,
            cps_smoothing_ms: None,
            called_number_cps_limit: None,
            called_number_channel_limit: None,
            called_number: NumberTranslation::default(),
            calling_number: NumberTranslation::default(),
            numbers: NumberPolicy::default(),
            responses: Vec::new(),
            headers: HeaderPolicy::default(),
            identity: IdentityPolicy::default(),
            signalling: Signalling::default(),
        }
    }

    fn check_ingress(&self) -> Vec<Problem> {
        let mut problems = self.misplaced(&[
            ("carrier", self.carrier.is_some()),
            ("rate_card", self.rate_card.is_some()),
            ("gateway", self.gateway.is_some()),
            ("transport", self.transport.is_some()),
            ("listener", self.listener.is_some()),
            ("further_gateways", !self.further_gateways.is_empty()),
            ("shared_gateways", !self.shared_gateways.is_empty()),
            ("probing", self.probing.is_some()),
            ("registration", self.registration.is_some()),
            ("headers.add", !self.headers.add.is_empty()),
            ("priority", self.priority.is_some()),
            ("weight", self.weight.is_some()),
            ("failover", self.failover.is_some()),
            ("throttle", self.throttle.is_some()),
        ]);
        problems.extend(checks::required(
            "customer",
            self.customer.is_some(),
            "an ingress trunk needs the customer whose calls come by it",
        ));
        if self.source_addresses.is_empty() && self.authentication.needs_addresses() {
            problems.push(Problem::in_field(
                "source_addresses",
                "an ingress trunk needs at least one address or CIDR range",
            ));
        }
        if !self.source_addresses.is_empty() && self.authentication == AuthenticationMode::Digest {
            problems.push(Problem::in_field(
                "source_addresses",
                "calls of this trunk are known by their digest alone",
            ));
        }
        problems.extend(self.check_digest());
        problems.extend(dialled("tech_prefix", &self.tech_prefix));
        problems
    }

    fn check_digest(&self) -> Option<Problem> {
        let message = match (self.authentication.needs_digest(), self.digest.is_some()) {
            (true, false) => "write the user name and password that calls must show",
            (false, true) => "no call is asked for it; see `authentication`",
            _ => return None,
        };
        Some(Problem::in_field("digest", message))
    }

    fn check_egress(&self) -> Vec<Problem> {
        let mut problems = self.misplaced(&[
            ("customer", self.customer.is_some()),
            ("authentication", !self.authentication.is_default()),
            ("source_addresses", !self.source_addresses.is_empty()),
            ("tech_prefix", !self.tech_prefix.is_empty()),
            ("cps_smoothing_ms", self.cps_smoothing_ms.is_some()),
            (
                "called_number_cps_limit",
                self.called_number_cps_limit.is_some(),
            ),
            (
                "called_number_channel_limit",
                self.called_number_channel_limit.is_some(),
            ),
            ("identity.trusts_from", self.identity.trusts_from),
        ]);
        problems.extend(self.check_listener());
        problems.extend(self.signalling.check_egress());
        problems.extend(checks::required(
            "carrier",
            self.carrier.is_some(),
            "an egress trunk needs the carrier that calls go to",
        ));
        problems.extend(checks::required(
            "rate_card",
            self.rate_card.is_some(),
            "an egress trunk needs the rate card that the carrier charges by",
        ));
        problems.extend(self.check_own_gateway());
        problems.extend(check_gateways(
            self.gateway.as_ref(),
            &self.further_gateways,
        ));
        problems.extend(check_shared(self));
        let registration = self.registration.iter();
        problems.extend(registration.flat_map(|one| one.check(self.digest.as_ref())));
        problems.extend(self.failover.iter().flat_map(Failover::check));
        problems
    }

    /// Calls must have somewhere to go, and a registration goes to the trunk's own gateway.
    fn check_own_gateway(&self) -> Option<Problem> {
        let may_lack = !self.shared_gateways.is_empty() && self.registration.is_none();
        match &self.gateway {
            None if may_lack => None,
            gateway => check_gateway(gateway.as_ref()),
        }
    }

    /// An address of another family reaches no gateway of this trunk.
    fn check_listener(&self) -> Option<Problem> {
        let listener = self.listener?;
        // Of a host name those addresses are taken that it can reach.
        let own = self.gateway.iter();
        let gateways = own.chain(self.further_gateways.iter().map(|further| &further.address));
        let mut addresses = gateways.filter_map(GatewayAddress::socket);
        let unreachable = addresses.find(|address| address.is_ipv4() != listener.is_ipv4())?;
        let message = format_args!("cannot reach {unreachable}, whose address is of another family");
        Some(Problem::in_field("listener", message))
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
}

impl Kind for Trunk {
    const KIND: ResourceKind = ResourceKind::Trunk;
    const TITLE: &'static str = "Trunk";
    const TITLE_PLURAL: &'static str = "Trunks";
    const ASSIGNABLE: Assignable = Assignable::No;

    fn check(&self) -> Vec<Problem> {
        let mut problems = match self.direction {
            Direction::Ingress => self.check_ingress(),
            Direction::Egress => self.check_egress(),
        };
        problems.extend(self.called_number.check("called_number"));
        problems.extend(self.calling_number.check("calling_number"));
        problems.extend(self.numbers.check("numbers"));
        let is_direct = self.media == MediaMode::Direct;
        problems.extend(self.media_encryption.check(is_direct, self.transport));
        problems.extend(check_codecs(&self.codecs));
        problems.extend(self.headers.check());
        problems.extend(self.signalling.check());
        problems
    }
}

fn check_codecs(codecs: &[String]) -> impl Iterator<Item = Problem> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte);
    codecs.iter().enumerate().filter_map(move |(index, codec)| {
        let message = if !codec.bytes().all(is_token) {
            "is no name of a codec, such as PCMA"
        } else if codecs[..index]
            .iter()
            .any(|earlier| earlier.eq_ignore_ascii_case(codec))
        {
            "stands in the list already"
        } else {
            return None;
        };
        Some(Problem::in_field(format!("codecs[{index}]"), message))
    })
}

fn check_gateway(gateway: Option<&GatewayAddress>) -> Option<Problem> {
    match gateway {
        None => Some(Problem::in_field(
            "gateway",
            "an egress trunk needs one, such as 192.0.2.7:5060 or sip.example.net",
        )),
        Some(address) => check_address("gateway", address),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn fields(trunk: &Trunk) -> Vec<String> {
        let problems = crate::ResourceSpec::from(trunk.clone()).check().into_iter();
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
    fn a_codec_that_is_none_or_stands_twice_is_named() {
        let trunk = Trunk {
            customer: Some("Meridian".into()),
            source_addresses: vec!["192.0.2.1".parse().unwrap()],
            codecs: ["PCMA", "G 729", "opus", "pcma", ""]
                .map(str::to_owned)
                .into(),
            ..Trunk::new(Direction::Ingress)
        };
        let faulty = fields(&trunk);
        for place in ["codecs[1]", "codecs[3]", "codecs[4]"] {
            assert!(faulty.iter().any(|field| field == place), "{faulty:?}");
        }
        assert_eq!(faulty.len(), 3, "{faulty:?}");
    }

    #[test]
    fn only_a_customers_trunk_carries_transfers_out_and_vouches_for_from() {
        let mut trunk = Trunk {
            carrier: Some("Aurora".into()),
            rate_card: Some("aurora".into()),
            gateway: Some("192.0.2.7:5060".parse().unwrap()),
            listener: Some("[2001:db8::1]:5060".parse().unwrap()),
            ..Trunk::new(Direction::Egress)
        };
        trunk.signalling.refer = crate::ReferPolicy::Handle;
        trunk.identity.trusts_from = true;
        assert_eq!(
            fields(&trunk),
            ["identity.trusts_from", "listener", "signalling.refer"]
        );
    }

    #[test]
    fn a_listener_reaches_every_gateway_of_its_trunk() {
        let further = serde_json::json!({ "address": "[2001:db8::7]:5060" });
        let trunk = Trunk {
            carrier: Some("Aurora".into()),
            rate_card: Some("aurora".into()),
            gateway: Some("192.0.2.7:5060".parse().unwrap()),
            listener: Some("192.0.2.1:5060".parse().unwrap()),
            further_gateways: vec![serde_json::from_value(further).unwrap()],
            ..Trunk::new(Direction::Egress)
        };
        assert_eq!(fields(&trunk), ["listener"]);
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
    fn a_trunk_of_digest_has_an_account_and_the_others_have_none() {
        let account = DigestAccount {
            username: "meridian".into(),
            password: crate::Secret::from_text("correct horse"),
        };
        let base = Trunk {
            customer: Some("Meridian".into()),
            ..Trunk::new(Direction::Ingress)
        };
        let digest = Trunk {
            authentication: AuthenticationMode::Digest,
            digest: Some(account.clone()),
            ..base
        };
        assert_eq!(fields(&digest), Vec::<String>::new());
        let without = Trunk {
            digest: None,
            ..digest.clone()
        };
        assert_eq!(fields(&without), ["digest"]);
        let both = Trunk {
            authentication: AuthenticationMode::AddressAndDigest,
            ..digest.clone()
        };
        assert_eq!(fields(&both), ["source_addresses"]);
        let unasked = Trunk {
            source_addresses: vec!["192.0.2.1".parse().unwrap()],
            authentication: AuthenticationMode::Address,
            ..digest
        };
        assert_eq!(fields(&unasked), ["digest"]);
        let egress = Trunk {
            carrier: Some("Aurora".into()),
            rate_card: Some("aurora".into()),
            gateway: Some("192.0.2.7:5060".parse().unwrap()),
            digest: Some(account),
            ..Trunk::new(Direction::Egress)
        };
        assert_eq!(fields(&egress), Vec::<String>::new());
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
        assert_eq!(fields(&egress), ["cps_limit", "tech_prefix", "gateway"]);
    }

    #[test]
    fn gateways_that_trunks_share_stand_in_for_their_own() {
        let shared = |names: &[&str]| {
            let one = |name: &&str| serde_json::from_value(serde_json::json!({ "gateway": name }));
            names.iter().map(|name| one(name).unwrap()).collect()
        };
        let trunk = Trunk {
            carrier: Some("Aurora".into()),
            rate_card: Some("aurora".into()),
            shared_gateways: shared(&["a", "b"]),
            ..Trunk::new(Direction::Egress)
        };
        assert_eq!(fields(&trunk), Vec::<String>::new());
        let twice = Trunk {
            shared_gateways: shared(&["a", "b", "a"]),
            ..trunk.clone()
        };
        assert_eq!(fields(&twice), ["shared_gateways[2].gateway"]);
        let registered = Trunk {
            digest: Some(DigestAccount {
                username: "12345".into(),
                password: crate::Secret::from_text("x"),
            }),
            registration: Some(Registration::default()),
            ..trunk.clone()
        };
        assert_eq!(fields(&registered), ["gateway"]);
        let names: Vec<_> = (0..16).map(|index| index.to_string()).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let too_many = Trunk {
            gateway: Some("192.0.2.7:5060".parse().unwrap()),
            shared_gateways: shared(&names),
            ..trunk.clone()
        };
        assert_eq!(fields(&too_many), ["shared_gateways"]);
        let limited = Trunk {
            cps_smoothing_ms: Some(0),
            called_number_cps_limit: Some(1),
            called_number_channel_limit: Some(1),
            ..trunk
        };
        assert_eq!(
            fields(&limited),
            [
                "cps_smoothing_ms",
                "called_number_cps_limit",
                "called_number_channel_limit"
            ]
        );
    }

    #[test]
    fn a_gateway_may_be_a_host_name_once() {
        let further = |address: &str| FurtherGateway {
            address: address.parse().unwrap(),
            transport: None,
            priority: 1,
            weight: 1,
        };
        let trunk = |gateway: &str, others: &[&str]| Trunk {
            carrier: Some("Aurora".into()),
            rate_card: Some("aurora".into()),
            gateway: Some(gateway.parse().unwrap()),
            further_gateways: others.iter().map(|one| further(one)).collect(),
            ..Trunk::new(Direction::Egress)
        };
        let sound = trunk("sip.example.net", &["sip.example.net:5070", "192.0.2.7:5060"]);
        assert_eq!(fields(&sound), Vec::<String>::new());
        let broken = trunk("sip.example.net:0", &["b.example", "B.Example.", "b.example:0"]);
        assert_eq!(
            fields(&broken),
            [
                "gateway",
                "further_gateways[1].address",
                "further_gateways[2].address"
            ]
        );
    }

    #[test]
    fn a_registration_needs_a_user_that_can_stand_in_an_address() {
        let trunk = |username: &str, user: Option<&str>| Trunk {
            carrier: Some("aurora".into()),
            rate_card: Some("buy".into()),
            gateway: Some("192.0.2.7:5060".parse().unwrap()),
            digest: Some(DigestAccount {
                username: username.into(),
                password: crate::Secret::from_text("x"),
            }),
            registration: Some(Registration {
                user: user.map(str::to_owned),
                ..Registration::default()
            }),
            ..Trunk::new(Direction::Egress)
        };
        let nothing: [&str; 0] = [];
        assert_eq!(fields(&trunk("12345", None)), nothing);
        assert_eq!(fields(&trunk("1@sip.example", None)), ["registration.user"]);
        assert_eq!(fields(&trunk("1@sip.example", Some("1"))), nothing);
    }
}
