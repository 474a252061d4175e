//! The filters of the lists of records.

use super::{Outcome, ReleasedBy, page_limit, read_cursor};
use crate::problem::Problem;
use crate::values::{Money, Time};
use rating::Amount;
use serde::{Deserialize, Deserializer, de};
use store::{Between, CdrGateway, CdrOrder, CdrParty, CdrQuery, NumberMatch, Within};
use utoipa::{IntoParams, ToSchema};

/// Characters that a prefix or suffix may have.
const DIALLED_MAX: usize = 32;

/// A filter: what the lists of all sides are asked for, and what is of one side.
macro_rules! filter {
    ($(#[$about:meta])* $vis:vis struct $name:ident { $($of_side:tt)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        $vis struct $name {
            /// How many records a page holds, 1 to 500.
            #[param(default = 50, minimum = 1, maximum = 500)]
            pub limit: Option<u32>,
            /// `next_cursor` of the page before, with the same filters and order.
            #[param(pattern = "^[0-9a-f]{1,16}-[0-9a-f]{32}$")]
            pub cursor: Option<String>,
            /// Which come first.
            #[param(inline)]
            pub order: Option<ListOrder>,
            /// Destination's name on the customer's card, exactly; for a carrier, on its own card.
            pub destination: Option<String>,
            /// Call-ID of the ingress leg or of any attempt; for a customer or carrier, of its own leg.
            pub call_id: Option<String>,
            /// The called number after translation, the whole of it; for a carrier, as it was sent to it.
            #[param(example = "447712345678")]
            pub called_number: Option<String>,
            /// What the called number begins with, such as `4477`.
            #[param(value_type = Option<String>, pattern = "^[0-9+*#]{0,32}$")]
            pub called_prefix: Option<Dialled>,
            /// What the called number ends with.
            #[param(value_type = Option<String>, pattern = "^[0-9+*#]{0,32}$")]
            pub called_suffix: Option<Dialled>,
            /// The calling number as received, the whole of it; for a carrier, as it was sent to it.
            #[param(example = "442071838750")]
            pub calling_number: Option<String>,
            /// What the calling number begins with, such as `44`.
            #[param(value_type = Option<String>, pattern = "^[0-9+*#]{0,32}$")]
            pub calling_prefix: Option<Dialled>,
            /// What the calling number ends with.
            #[param(value_type = Option<String>, pattern = "^[0-9+*#]{0,32}$")]
            pub calling_suffix: Option<Dialled>,
            /// How the call came out.
            #[param(inline)]
            pub outcome: Option<Outcome>,
            /// Whether it was answered.
            pub answered: Option<bool>,
            /// Who ended it.
            #[param(inline)]
            pub released_by: Option<ReleasedBy>,
            /// Our reason, such as `normal_clearing`.
            #[param(example = "no_route")]
            pub release_reason: Option<String>,
            /// The final status; 0 for none.
            #[param(maximum = 699, example = 503)]
            pub sip_status: Option<u16>,
            /// Received at or after this time.
            pub from: Option<Time>,
            /// Received before this time.
            pub to: Option<Time>,
            /// Answered at or after this time.
            pub answered_from: Option<Time>,
            /// Answered before this time.
            pub answered_to: Option<Time>,
            /// Ended at or after this time.
            pub ended_from: Option<Time>,
            /// Ended before this time.
            pub ended_to: Option<Time>,
            /// Talk time, at least.
            pub min_duration_ms: Option<u32>,
            /// Talk time, at most.
            pub max_duration_ms: Option<u32>,
            $($of_side)*
        }

        impl $name {
            /// What all sides are asked for, as a party sees it.
            fn shared(&mut self, party: CdrParty) -> Result<CdrQuery, Problem> {
                Ok(CdrQuery {
                    party,
                    limit: page_limit(self.limit)?,
                    after: self.cursor.as_deref().map(read_cursor).transpose()?,
                    order: order(self.order),
                    destination: self.destination.take(),
                    call_id: self.call_id.take(),
                    called: number(
                        self.called_number.take(),
                        self.called_prefix.take(),
                        self.called_suffix.take(),
                    ),
                    calling: number(
                        self.calling_number.take(),
                        self.calling_prefix.take(),
                        self.calling_suffix.take(),
                    ),
                    outcome: self.outcome.map(Into::into),
                    answered: self.answered,
                    released_by: self.released_by.map(Into::into),
                    release_reason: self.release_reason.take(),
                    sip_status: self.sip_status,
                    received: between(self.from, self.to),
                    answered_at: between(self.answered_from, self.answered_to),
                    ended: between(self.ended_from, self.ended_to),
                    duration_ms: duration(self.min_duration_ms, self.max_duration_ms),
                    ..CdrQuery::default()
                })
            }
        }
    };
}

filter! {
/// Which records to list. Filters are joined by "and". Names are those of the time of the call.
pub struct CdrFilter {
    /// Name of the customer, exactly.
    pub customer: Option<String>,
    /// Name of the carrier of the last attempt, exactly.
    pub carrier: Option<String>,
    /// Name of the trunk the call came in by, exactly.
    pub ingress_trunk: Option<String>,
    /// Name of the trunk of the last attempt, exactly.
    pub egress_trunk: Option<String>,
    /// Where the last INVITE was sent: an address, or `address:port`.
    #[param(example = "192.0.2.20:5060")]
    pub gateway: Option<String>,
    /// Name of the customer's rate card at the time of the call, exactly.
    pub rate_card: Option<String>,
    /// The user part of the Request-URI as received, the whole of it.
    #[param(example = "00447712345678")]
    pub called_number_received: Option<String>,
    /// What the user part of the Request-URI as received begins with, such as `0044`.
    #[param(value_type = Option<String>, pattern = "^[0-9+*#]{0,32}$")]
    pub called_prefix_received: Option<Dialled>,
    /// What the user part of the Request-URI as received ends with.
    #[param(value_type = Option<String>, pattern = "^[0-9+*#]{0,32}$")]
    pub called_suffix_received: Option<Dialled>,
    /// The called number of the last attempt, the whole of it.
    #[param(example = "99#447712345678")]
    pub called_number_sent: Option<String>,
    /// What the called number of the last attempt begins with, such as `99#`.
    #[param(value_type = Option<String>, pattern = "^[0-9+*#]{0,32}$")]
    pub called_prefix_sent: Option<Dialled>,
    /// What the called number of the last attempt ends with.
    #[param(value_type = Option<String>, pattern = "^[0-9+*#]{0,32}$")]
    pub called_suffix_sent: Option<Dialled>,
    /// The calling number of the last attempt, the whole of it.
    #[param(example = "442071838750")]
    pub calling_number_sent: Option<String>,
    /// What the calling number of the last attempt begins with, such as `44`.
    #[param(value_type = Option<String>, pattern = "^[0-9+*#]{0,32}$")]
    pub calling_prefix_sent: Option<Dialled>,
    /// What the calling number of the last attempt ends with.
    #[param(value_type = Option<String>, pattern = "^[0-9+*#]{0,32}$")]
    pub calling_suffix_sent: Option<Dialled>,
    /// Number of the configuration snapshot that decided the call.
    #[param(value_type = Option<u64>, minimum = 0, maximum = 9_007_199_254_740_991_u64)]
    pub snapshot_number: Option<u64>,
    /// What the customer pays, in the currency of the books, at least.
    #[param(value_type = Option<String>, pattern = r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$", example = "0.0125")]
    pub min_charge: Option<Money>,
    /// What the customer pays, in the currency of the books, at most.
    #[param(value_type = Option<String>, pattern = r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$", example = "0.0125")]
    pub max_charge: Option<Money>,
    /// What the carriers charge us, in the currency of the books, at least.
    #[param(value_type = Option<String>, pattern = r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$", example = "0.0125")]
    pub min_cost: Option<Money>,
    /// What the carriers charge us, in the currency of the books, at most.
    #[param(value_type = Option<String>, pattern = r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$", example = "0.0125")]
    pub max_cost: Option<Money>,
    /// Charge minus cost, at least.
    #[param(value_type = Option<String>, pattern = r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$", example = "0.0125")]
    pub min_margin: Option<Money>,
    /// Charge minus cost, at most.
    #[param(value_type = Option<String>, pattern = r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$", example = "0.0125")]
    pub max_margin: Option<Money>,
}
}

filter! {
/// Which own records to list. Filters are joined by "and". Names are those of the time of the call.
pub(crate) struct OwnCdrFilter {
    /// Name of the account's trunk, exactly: a carrier's own of that attempt.
    pub trunk: Option<String>,
    /// What the customer pays or the carrier is paid, in the currency of its card, at least.
    #[param(value_type = Option<String>, pattern = r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$", example = "0.0125")]
    pub min_amount: Option<Money>,
    /// What the customer pays or the carrier is paid, in the currency of its card, at most.
    #[param(value_type = Option<String>, pattern = r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$", example = "0.0125")]
    pub max_amount: Option<Money>,
}
}

/// The order of a list, by the time received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListOrder {
    /// The latest first, as without it.
    NewestFirst,
    /// The earliest first.
    OldestFirst,
}

/// Some of what can be dialled: digits, `+`, `*` and `#`, at most 32.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialled(String);

impl CdrFilter {
    pub(super) fn query(mut self) -> Result<CdrQuery, Problem> {
        let shared = self.shared(CdrParty::Staff)?;
        Ok(CdrQuery {
            customer: self.customer,
            carrier: self.carrier,
            ingress_trunk: self.ingress_trunk,
            egress_trunk: self.egress_trunk,
            gateway: self.gateway.as_deref().map(gateway).transpose()?,
            rate_card: self.rate_card,
            called_received: number(
                self.called_number_received,
                self.called_prefix_received,
                self.called_suffix_received,
            ),
            called_sent: number(
                self.called_number_sent,
                self.called_prefix_sent,
                self.called_suffix_sent,
            ),
            calling_sent: number(
                self.calling_number_sent,
                self.calling_prefix_sent,
                self.calling_suffix_sent,
            ),
            // None is so high.
            snapshot_number: self
                .snapshot_number
                .map(|number| i64::try_from(number).unwrap_or(i64::MAX)),
            charge: within(self.min_charge, self.max_charge),
            cost: within(self.min_cost, self.max_cost),
            margin: within(self.min_margin, self.max_margin),
            ..shared
        })
    }
}

impl OwnCdrFilter {
    pub(super) fn query(mut self, party: CdrParty) -> Result<CdrQuery, Problem> {
        let shared = self.shared(party)?;
        // Each has trunks on its side only.
        let (ingress_trunk, egress_trunk) = match party {
            CdrParty::Carrier(_) => (None, self.trunk),
            CdrParty::Customer(_) | CdrParty::Staff => (self.trunk, None),
        };
        Ok(CdrQuery {
            ingress_trunk,
            egress_trunk,
            amount: within(self.min_amount, self.max_amount),
            ..shared
        })
    }
}

fn order(order: Option<ListOrder>) -> CdrOrder {
    match order {
        None | Some(ListOrder::NewestFirst) => CdrOrder::NewestFirst,
        Some(ListOrder::OldestFirst) => CdrOrder::OldestFirst,
    }
}

fn gateway(text: &str) -> Result<CdrGateway, Problem> {
    text.parse().map_err(|_| {
        let message = "write an address such as 192.0.2.20, or with its port 192.0.2.20:5060";
        Problem::bad_parameter("gateway", message)
    })
}

fn number(whole: Option<String>, prefix: Option<Dialled>, suffix: Option<Dialled>) -> NumberMatch {
    // Every number begins and ends with nothing.
    let some = |dialled: Option<Dialled>| {
        dialled
            .map(|dialled| dialled.0)
            .filter(|text| !text.is_empty())
    };
    NumberMatch {
        whole,
        prefix: some(prefix),
        suffix: some(suffix),
    }
}

fn between(from: Option<Time>, to: Option<Time>) -> Between<rating::Timestamp> {
    Between {
        from: from.map(|time| time.0),
        to: to.map(|time| time.0),
    }
}

fn duration(min: Option<u32>, max: Option<u32>) -> Within<i64> {
    Within {
        min: min.map(i64::from),
        max: max.map(i64::from),
    }
}

fn within(min: Option<Money>, max: Option<Money>) -> Within<Amount> {
    Within {
        min: min.map(|money| money.0),
        max: max.map(|money| money.0),
    }
}

impl<'de> Deserialize<'de> for Dialled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = |byte: u8| byte.is_ascii_digit() || b"+*#".contains(&byte);
        if text.len() > DIALLED_MAX || !text.bytes().all(known) {
            return Err(de::Error::custom("write up to 32 digits, `+`, `*` or `#`"));
        }
        Ok(Self(text))
    }
}
