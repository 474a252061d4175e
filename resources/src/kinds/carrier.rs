//! Whom we pay.

use crate::checks::{CHANNEL_LIMIT_MAX, CPS_LIMIT_MAX};
use crate::fields::billing::CarrierBilling;
use crate::fields::number_policy::NumberPolicy;
use crate::fields::status::Status;
use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whom we pay for calls. Its gateways and prices are those of its egress trunks; calls of customers
/// that it is not assigned to are not sent to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Carrier {
    /// Whether calls are sent to it.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub status: Status,
    /// On what terms we pay it: its routes are left out when it is owed too much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-default" = "its routes have no limit of money"))]
    pub billing: Option<CarrierBilling>,
    /// New attempts per second over all its trunks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = CPS_LIMIT_MAX), extend("x-default" = "no limit"))]
    pub cps_limit: Option<u32>,
    /// Attempts and calls at the same time over all its trunks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = CHANNEL_LIMIT_MAX), extend("x-default" = "no limit"))]
    pub channel_limit: Option<u32>,
    /// Shared rules and lists that its numbers go through.
    #[serde(default, skip_serializing_if = "NumberPolicy::is_empty")]
    #[schemars(extend("x-section" = "advanced"))]
    pub numbers: NumberPolicy,
}

impl Kind for Carrier {
    const KIND: ResourceKind = ResourceKind::Carrier;
    const TITLE: &'static str = "Carrier";
    const TITLE_PLURAL: &'static str = "Carriers";
    const ASSIGNABLE: Assignable = Assignable::Many;

    fn check(&self) -> Vec<Problem> {
        self.numbers.check("numbers").collect()
    }
}
