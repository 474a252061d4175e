//! More addresses of the carrier behind an egress trunk, and how they are probed.

use crate::fields::foreign::TransportName;
use crate::fields::gateway_address::GatewayAddress;
use crate::kinds::check_address;
use crate::problem::Problem;
use rating::cdr::Transport;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One more gateway of the carrier. An attempt that fails at one gateway (no reply, out of reach,
/// 5xx) goes to the next before the next route is tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FurtherGateway {
    /// Where calls are sent: `address:port`, or a host name, with its port or without.
    pub address: GatewayAddress,
    /// Transport to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Option<TransportName>",
        extend("x-default" = "that of the trunk")
    )]
    pub transport: Option<Transport>,
    /// The lower goes first. The trunk's own gateway has 100.
    #[serde(default = "FurtherGateway::default_priority")]
    #[schemars(range(min = 0, max = 65_535))]
    pub priority: u16,
    /// Among those of equal priority each comes first as often as its share of their weights. The
    /// trunk's own gateway has 100.
    #[serde(default = "FurtherGateway::default_weight")]
    #[schemars(range(min = 1, max = 1_000))]
    pub weight: u16,
}

impl FurtherGateway {
    /// Priority of a gateway that has no other.
    pub const PRIORITY: u16 = 100;
    /// Weight of a gateway that has no other.
    pub const WEIGHT: u16 = 100;

    fn default_priority() -> u16 {
        Self::PRIORITY
    }

    fn default_weight() -> u16 {
        Self::WEIGHT
    }
}

/// How gateways are asked by OPTIONS whether they are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probing {
    /// How often each gateway is asked.
    #[serde(default = "Probing::default_interval_s")]
    #[schemars(range(min = 5, max = 3_600), extend("x-unit" = "seconds"))]
    pub interval_s: u32,
    /// Calls no longer go to a gateway that failed so often in a row: no reply by the next probe,
    /// out of reach, or 408, 502, 503, 504.
    #[serde(default = "Probing::default_down_after")]
    #[schemars(range(min = 1, max = 100), extend("x-unit" = "probes"))]
    pub down_after: u8,
    /// Calls go to it again when it replied so often in a row.
    #[serde(default = "Probing::default_up_after")]
    #[schemars(range(min = 1, max = 100), extend("x-unit" = "probes"))]
    pub up_after: u8,
}

impl Probing {
    fn default_interval_s() -> u32 {
        30
    }

    fn default_down_after() -> u8 {
        3
    }

    fn default_up_after() -> u8 {
        1
    }
}

impl Default for Probing {
    fn default() -> Self {
        Self {
            interval_s: Self::default_interval_s(),
            down_after: Self::default_down_after(),
            up_after: Self::default_up_after(),
        }
    }
}

/// What is wrong with a list of gateways beside the trunk's own.
pub(crate) fn check_gateways(
    own: Option<&GatewayAddress>,
    further: &[FurtherGateway],
) -> impl Iterator<Item = Problem> {
    further
        .iter()
        .enumerate()
        .filter_map(move |(index, gateway)| {
            let field = format!("further_gateways[{index}].address");
            let before = further[..index].iter().map(|other| &other.address);
            let is_known = before.chain(own).any(|other| *other == gateway.address);
            match is_known {
                true => Some(Problem::in_field(
                    field,
                    "is a gateway of this trunk already",
                )),
                false => check_address(&field, &gateway.address),
            }
        })
}
