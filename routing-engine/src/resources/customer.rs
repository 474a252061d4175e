//! Who pays us.

use super::{Status, checks};
use crate::limits::Limits;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};

/// A customer: its price and its limits. Its addresses are those of its ingress trunks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// Whether it may place calls. Default: active.
    #[serde(default)]
    pub status: Status,
    /// Name of the rate card it is charged by.
    pub rate_card: String,
    /// New calls per second over all its trunks, 1 to 100,000. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cps_limit: Option<u32>,
    /// Concurrent calls over all its trunks, 1 to 1,000,000. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_limit: Option<u32>,
}

impl Customer {
    pub(super) fn check(&self) -> Vec<Problem> {
        checks::reference("rate_card", &self.rate_card)
            .into_iter()
            .chain(checks::limits(self.cps_limit, self.channel_limit))
            .collect()
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits::new(self.cps_limit, self.channel_limit)
    }
}
