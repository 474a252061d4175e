//! One SIP address of a carrier.

use crate::checks::{CHANNEL_LIMIT_MAX, CPS_LIMIT_MAX};
use crate::fields::foreign::TransportName;
use crate::fields::gateway_address::GatewayAddress;
use crate::fields::reference::Ref;
use crate::fields::status::Status;
use crate::kind::{Assignable, Kind};
use crate::kinds::{Carrier, ResourceKind};
use crate::problem::Problem;
use rating::cdr::Transport;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One SIP address of a carrier, with limits of its own. Egress trunks of the carrier name it
/// (`shared_gateways`); those that name the same share its limits. When it is full or not active, calls
/// go to the next gateway of their trunk, then by the next route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Whose it is.
    #[schemars(extend("x-filter" = true))]
    pub carrier: Ref<Carrier>,
    /// Whether calls are sent to it.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub status: Status,
    /// Where calls are sent: `address:port`, or a host name, with its port or without.
    #[schemars(extend("x-filter" = true))]
    pub address: GatewayAddress,
    /// Transport to it. Without one a host name without a port is asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<TransportName>", extend("x-default" = "udp"))]
    pub transport: Option<Transport>,
    /// New attempts per second over all trunks that name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = CPS_LIMIT_MAX), extend("x-default" = "no limit"))]
    pub cps_limit: Option<u32>,
    /// Attempts and calls at the same time over all trunks that name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = CHANNEL_LIMIT_MAX), extend("x-default" = "no limit"))]
    pub channel_limit: Option<u32>,
}

/// What makes an address one that calls can be sent to.
pub(crate) fn check_address(field: &str, address: &GatewayAddress) -> Option<Problem> {
    (!address.is_usable())
        .then(|| Problem::in_field(field, "no call can be sent to this address and port"))
}

impl Kind for Gateway {
    const KIND: ResourceKind = ResourceKind::Gateway;
    const TITLE: &'static str = "Gateway";
    const TITLE_PLURAL: &'static str = "Gateways";
    const ASSIGNABLE: Assignable = Assignable::No;

    fn check(&self) -> Vec<Problem> {
        check_address("address", &self.address).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::ResourceKind;
    use crate::testing::{assert_sound, faults};
    use serde_json::json;

    #[test]
    fn faults_are_named() {
        let sound = json!({ "carrier": "Aurora", "address": "[2001:db8::7]:5060", "cps_limit": 5 });
        assert_sound(ResourceKind::Gateway, sound);
        for address in ["sip.example.com:5070", "sip.example.com"] {
            let sound = json!({ "carrier": "Aurora", "address": address });
            assert_sound(ResourceKind::Gateway, sound);
        }
        for address in ["0.0.0.0:5060", "192.0.2.7:0", "192.0.2.7", "example.com:0"] {
            let broken = json!({ "carrier": "Aurora", "address": address });
            assert_eq!(faults(ResourceKind::Gateway, broken), ["address"], "{address}");
        }
        let broken = json!({ "carrier": "", "address": "192.0.2.7:5060", "channel_limit": 0 });
        assert_eq!(faults(ResourceKind::Gateway, broken), ["carrier", "channel_limit"]);
    }
}
