//! Calls of the past rated once more, against a card as it should have been.
//!
//! A job makes a preview ([`PreviewRerating`]): the calls of a time, each by the rate that the card has in the
//! configuration that was asked for, with the exchange rate of the call. What differs from the books is kept
//! as lines. Somebody looks at the sums and has them posted, which another job does ([`ApplyRerating`]). No
//! record is changed, and nothing is computed between the two.

mod apply;
mod preview;
mod rating;
mod sums;

pub use apply::ApplyRerating;
pub use preview::PreviewRerating;
pub(crate) use preview::rates_of;
pub use sums::{ReratedParty, ReratingOutcome, Unrated, UnratedReason};

use ::rating::Timestamp;
use serde::{Deserialize, Serialize};
use store::CdrParty;
use utoipa::ToSchema;

/// Most calls of one re-rating: an hour of work.
pub(crate) const RERATED_CALLS_MAX: u64 = 1_000_000;

/// Which side of calls is rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReratedSide {
    /// What customers are charged for calls.
    Customers,
    /// What carriers charge for attempts.
    Carriers,
}

/// What is asked for, with names looked up. It is kept with the re-rating.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) side: ReratedSide,
    /// Number and name of the customer or carrier.
    pub(crate) party: Option<(i64, String)>,
    /// Received at or after, microseconds.
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// The card that they were rated by.
    pub(crate) rated_by: Option<(i64, String)>,
    pub(crate) destination: Option<String>,
    pub(crate) called_prefix: Option<String>,
    /// The card that they are rated by; each by its own without it.
    pub(crate) rate_card: Option<(i64, String)>,
    pub(crate) snapshot: Option<u64>,
    /// A change set and its revision.
    pub(crate) change_set: Option<(i64, u64)>,
    pub(crate) reason: Option<String>,
}

impl Asked {
    /// Whose calls are read.
    fn party(&self) -> CdrParty {
        match (&self.party, self.side) {
            (None, _) => CdrParty::Staff,
            (Some((id, _)), ReratedSide::Customers) => CdrParty::Customer(*id),
            (Some((id, _)), ReratedSide::Carriers) => CdrParty::Carrier(*id),
        }
    }

    fn times(&self) -> (Timestamp, Timestamp) {
        (Timestamp(self.from), Timestamp(self.to))
    }
}
