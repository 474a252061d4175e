//! Whom we pay.

use super::{Status, checks};
use crate::limits::Limits;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};

/// A carrier: its limits. Its gateways and prices are those of its egress trunks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carrier {
    /// Whether calls are sent to it. Default: active.
    #[serde(default)]
    pub status: Status,
    /// New attempts per second over all its trunks, 1 to 100,000. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cps_limit: Option<u32>,
    /// Concurrent calls over all its trunks, 1 to 1,000,000. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_limit: Option<u32>,
}

impl Carrier {
    pub(super) fn check(&self) -> Vec<Problem> {
        checks::limits(self.cps_limit, self.channel_limit).collect()
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits::new(self.cps_limit, self.channel_limit)
    }
}
