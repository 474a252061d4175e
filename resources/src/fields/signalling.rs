//! How the SIP dialogs of a trunk behave.

use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reliable provisional responses (100rel, RFC 3262) on one side of a call; the other side's may
/// differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReliableProvisional {
    /// Not spoken: who requires them is refused with 420.
    Off,
    /// Offered to carriers; used with customers that support them.
    Supported,
    /// Not offered, but used with who requires them.
    #[default]
    SupportedUnannounced,
    /// Required of the other side: a customer without them is refused with 421.
    Required,
    /// As if the other side had not said a word of them.
    Ignored,
}

/// Session timers (RFC 4028), by which a call whose BYE was lost ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionTimers {
    /// Not spoken.
    Off,
    /// Used with who supports them.
    #[default]
    Supported,
    /// The same; for who does not support them, the switch refreshes alone.
    Always,
}

/// What becomes of a request within a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InDialogPolicy {
    /// Refused with 405.
    #[default]
    Reject,
    /// Passed to the other side, when that trunk relays it too.
    Relay,
}

/// What becomes of a REFER, by which a party asks that the call be transferred (RFC 3515).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReferPolicy {
    /// Refused with 405.
    #[default]
    Reject,
    /// Passed to the other side, when that trunk relays it too.
    Relay,
    /// Ingress: the switch carries it out. It calls the number as a new call of the same customer, who
    /// pays for both, connects whoever answers with the party that is left, and hangs up on who
    /// transferred.
    Handle,
}

/// What becomes of an INVITE that names a party of a call that is up, to take its place (Replaces,
/// RFC 3891).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplacesPolicy {
    /// It is a call like any other; who requires the extension is refused with 420.
    #[default]
    Ignore,
    /// It takes the place, when the party came by a trunk of the same customer or went to the same
    /// carrier.
    Accept,
}

/// Who answers a re-INVITE or UPDATE that changes nothing for the other side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReinvitePolicy {
    /// The other side: it is always passed on.
    #[default]
    Relay,
    /// The switch, when media is relayed and no more than the address of the media is new. What
    /// changes codecs, streams or hold is passed on.
    Local,
}

/// How a side without session timers is asked whether the call is still up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeepaliveMethod {
    /// By OPTIONS.
    #[default]
    Options,
    /// By a re-INVITE with the description that it has, for equipment that answers OPTIONS whether
    /// or not the call is up.
    Reinvite,
}

/// What becomes of a carrier's answer that the called party is elsewhere (3xx).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RedirectPolicy {
    /// It is a failure like others; `failover.codes` says whether the next route is tried.
    #[default]
    Reject,
    /// The call goes to the addresses it names, the best first, on the account of the same carrier.
    /// Only for carriers that may send calls anywhere.
    Follow,
}

/// Where requests within a call go when the other side may be behind an address translator (NAT).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NatMode {
    /// To its Contact; to where it speaks from when that is a name, or a private address of a peer
    /// that speaks from a public one.
    #[default]
    Auto,
    /// Always to where it speaks from, whatever its Contact says.
    Symmetric,
    /// To its Contact, a private address too; a name leads to where it speaks from.
    Off,
}

/// How the SIP dialogs of a trunk behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Signalling {
    /// Reliable provisional responses (100rel).
    pub reliable_provisional: ReliableProvisional,
    /// Session timers.
    pub session_timers: SessionTimers,
    /// Session interval that the switch asks for.
    #[schemars(
        range(min = Self::SESSION_MINIMUM_S, max = Self::SESSION_MAXIMUM_S),
        extend("x-unit" = "seconds")
    )]
    pub session_interval_s: u32,
    /// Shortest session interval that is accepted; less is refused with 422.
    #[schemars(
        range(min = Self::SESSION_MINIMUM_S, max = Self::SESSION_MAXIMUM_S),
        extend("x-unit" = "seconds")
    )]
    pub session_minimum_s: u32,
    /// Without session timers: how often the other side is asked whether the call is still up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 10, max = 3_600),
        extend("x-unit" = "seconds", "x-default" = "never")
    )]
    pub keepalive_interval_s: Option<u32>,
    /// How it is asked.
    pub keepalive_method: KeepaliveMethod,
    /// Who answers a re-INVITE or UPDATE that changes nothing for the other side.
    pub reinvite: ReinvitePolicy,
    /// Egress: what becomes of a 3xx answer.
    pub redirects: RedirectPolicy,
    /// Egress: how many addresses of 3xx answers one attempt may try.
    #[schemars(range(min = 1, max = Self::REDIRECTS_MAX))]
    pub redirects_max: u8,
    /// Egress: an INVITE over UDP that is longer goes over TCP, and over UDP after all when nobody
    /// takes it there (RFC 3261 section 18.1.1 says 1300).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 500, max = 65_000),
        extend("x-unit" = "bytes", "x-default" = "never")
    )]
    pub tcp_above_bytes: Option<u16>,
    /// Where requests within a call go when the other side may be behind an address translator (NAT).
    pub nat: NatMode,
    /// INFO within a call.
    pub info: InDialogPolicy,
    /// MESSAGE within a call.
    pub message: InDialogPolicy,
    /// REFER within a call, and the NOTIFY that reports on it.
    pub refer: ReferPolicy,
    /// Ingress: how many transfers the switch tries in one call.
    #[schemars(range(min = 1, max = Self::TRANSFERS_MAX))]
    pub transfers_max: u8,
    /// SUBSCRIBE and NOTIFY within a call.
    pub subscribe: InDialogPolicy,
    /// An INVITE that is to take the place of a party of a call that is up (Replaces).
    pub replaces: ReplacesPolicy,
}

impl Signalling {
    /// No session interval may be shorter (RFC 4028 §4), seconds.
    pub const SESSION_MINIMUM_S: u32 = 90;
    /// No session interval may be longer, seconds.
    pub const SESSION_MAXIMUM_S: u32 = 86_400;

    /// No attempt may try more addresses of 3xx answers.
    pub const REDIRECTS_MAX: u8 = 8;

    /// No call may be transferred more often.
    pub const TRANSFERS_MAX: u8 = 10;

    /// Whether every field is at its default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What only an egress trunk must not say: a transfer is paid by the customer, and only its own
    /// side may ask for one.
    pub(crate) fn check_egress(&self) -> Option<Problem> {
        (self.refer == ReferPolicy::Handle).then(|| {
            Problem::in_field(
                "signalling.refer",
                "`handle` belongs to ingress trunks: the customer pays for a transfer, and a carrier \
                 must not ask for one",
            )
        })
    }

    pub(crate) fn check(&self) -> Option<Problem> {
        (self.session_minimum_s > self.session_interval_s).then(|| {
            Problem::in_field(
                "signalling.session_minimum_s",
                "is longer than the interval that the switch asks for",
            )
        })
    }
}

impl Default for Signalling {
    fn default() -> Self {
        Self {
            reliable_provisional: ReliableProvisional::default(),
            session_timers: SessionTimers::default(),
            session_interval_s: 1_800,
            session_minimum_s: 90,
            keepalive_interval_s: None,
            keepalive_method: KeepaliveMethod::default(),
            reinvite: ReinvitePolicy::default(),
            redirects: RedirectPolicy::default(),
            redirects_max: 3,
            tcp_above_bytes: None,
            nat: NatMode::default(),
            info: InDialogPolicy::Relay,
            message: InDialogPolicy::Reject,
            refer: ReferPolicy::Reject,
            transfers_max: 3,
            subscribe: InDialogPolicy::Reject,
            replaces: ReplacesPolicy::Ignore,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn what_is_not_said_is_at_its_default() {
        let read: Signalling =
            serde_json::from_str(r#"{"reliable_provisional": "required", "refer": "relay"}"#)
                .unwrap();
        let expected = Signalling {
            reliable_provisional: ReliableProvisional::Required,
            refer: ReferPolicy::Relay,
            ..Signalling::default()
        };
        assert_eq!(read, expected);
        assert!(serde_json::from_str::<Signalling>(r#"{"prack": true}"#).is_err());
        assert_eq!(Signalling::default().check(), None);
    }

    #[test]
    fn the_shortest_interval_is_no_longer_than_ours() {
        let signalling = Signalling {
            session_minimum_s: 1_801,
            ..Signalling::default()
        };
        let problem = signalling.check().unwrap();
        assert_eq!(
            problem.field.as_deref(),
            Some("signalling.session_minimum_s")
        );
    }
}
