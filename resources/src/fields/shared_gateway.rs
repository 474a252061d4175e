//! Gateways that are resources of their own, as an egress trunk names them.

use crate::fields::further_gateway::FurtherGateway;
use crate::fields::reference::Ref;
use crate::kinds::{Gateway, Trunk};
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A gateway of the carrier that several trunks may name: they share its limits and its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharedGateway {
    /// The gateway; one of the trunk's carrier.
    pub gateway: Ref<Gateway>,
    /// The lower goes first. The trunk's own gateway has 100.
    #[serde(default = "default_priority")]
    #[schemars(range(min = 0, max = 65_535))]
    pub priority: u16,
    /// Among those of equal priority each comes first as often as its share of their weights. The
    /// trunk's own gateway has 100.
    #[serde(default = "default_weight")]
    #[schemars(range(min = 1, max = 1_000))]
    pub weight: u16,
}

fn default_priority() -> u16 {
    FurtherGateway::PRIORITY
}

fn default_weight() -> u16 {
    FurtherGateway::WEIGHT
}

/// What is wrong with the gateways that a trunk names, beside those that it has itself.
pub(crate) fn check_shared(trunk: &Trunk) -> Vec<Problem> {
    let shared = &trunk.shared_gateways;
    let own = usize::from(trunk.gateway.is_some()) + trunk.further_gateways.len();
    let mut problems = Vec::new();
    if own + shared.len() > Trunk::GATEWAYS_MAX {
        let message = format_args!(
            "a trunk has at most {} gateways, and {own} are its own",
            Trunk::GATEWAYS_MAX
        );
        problems.push(Problem::in_field("shared_gateways", message));
    }
    for (index, one) in shared.iter().enumerate() {
        if shared[..index]
            .iter()
            .any(|other| other.gateway == one.gateway)
        {
            let field = format!("shared_gateways[{index}].gateway");
            problems.push(Problem::in_field(
                field,
                "is a gateway of this trunk already",
            ));
        }
    }
    problems
}
