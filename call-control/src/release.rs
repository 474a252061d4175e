//! Why calls end: the one table of reason, SIP status, Q.850 cause and text.
//!
//! - From a reason to what is sent: [`row`].
//! - From what was received to a reason: [`reason_of_status`], [`cause_of_status`].
//!
//! Q.850 causes follow RFC 3398 §7.2.4.1 and §8.2.6.1.

use arrayvec::ArrayString;
use rating::cdr::{ReleaseReason, ReleasedBy};
use sip_core::Message;
use std::fmt::Write;

/// What one reason means on the wire and in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The reason.
    pub reason: ReleaseReason,
    /// The final response that the customer gets when this ends a call before the answer. 200 for
    /// the reasons that only end answered calls.
    pub status: u16,
    /// ITU-T Q.850 cause; 0 where nothing is sent.
    pub cause: u8,
    /// For people: in the reason phrase, in Reason, in records.
    pub text: &'static str,
}

macro_rules! table {
    ($($reason:ident $status:literal $cause:literal $text:literal;)+) => {
        /// Every reason, once.
        pub const TABLE: &[Row] = &[$(Row {
            reason: ReleaseReason::$reason,
            status: $status,
            cause: $cause,
            text: $text,
        },)+];
    };
}

table! {
    NormalClearing        200 16  "Normal call clearing";
    CustomerCancelled     487 16  "Cancelled by the customer";
    UserBusy              486 17  "User busy";
    NoAnswer              480 19  "No answer from the user";
    Declined              603 21  "Call declined";
    CarrierRejected       500 31  "Rejected by the carrier";
    CarrierSilent         504 102 "No reply from the carrier";
    CarrierUnreachable    502 38  "Carrier out of reach";
    UnknownSource         403 21  "Unknown source address";
    NoRoute               404 3   "No route to the destination";
    NoCustomerRate        404 3   "No rate for the destination";
    InvalidNumber         484 28  "Invalid number";
    CustomerInactive      403 21  "Customer not active";
    CustomerCpsLimit      503 42  "Customer calls per second exceeded";
    CustomerChannelLimit  503 34  "Customer channels exceeded";
    TrunkCpsLimit         503 42  "Trunk calls per second exceeded";
    TrunkChannelLimit     503 34  "Trunk channels exceeded";
    CarrierCpsLimit       503 42  "Carrier calls per second exceeded";
    CarrierChannelLimit   503 34  "Carrier channels exceeded";
    Unprofitable          503 34  "No route at a profit";
    MaxDuration           200 16  "Longest call duration reached";
    SessionExpired        200 102 "Session expired";
    AckMissing            200 102 "No ACK for the answer";
    NoMedia               200 16  "No media";
    OneWayMedia           200 16  "One side not heard";
    TooManyHops           483 25  "Too many hops";
    UnusableSdp           488 88  "Session description not usable";
    NoMediaPorts          503 34  "No media port free";
    Overload              503 42  "Switch overloaded";
    JournalUnavailable    503 41  "Records cannot be written";
    ShuttingDown          503 41  "Switch is shutting down";
    OperatorHangup        480 16  "Hung up by an operator";
    Interrupted           503 41  "Switch was interrupted";
    ProtocolError         400 111 "Protocol error";
    InternalError         500 41  "Internal failure";
    LoopDetected          482 25  "Call came back";
    NotAuthenticated      403 21  "Not authenticated";
    NumberRefused         403 21  "Number not allowed";
    CarrierUnresolved     502 38  "Carrier name without address";
    GatewayCpsLimit       503 42  "Gateway calls per second exceeded";
    GatewayChannelLimit   503 34  "Gateway channels exceeded";
    RouteCpsLimit         503 42  "Route calls per second exceeded";
    RouteChannelLimit     503 34  "Route channels exceeded";
    CalledNumberCpsLimit  503 42  "Calls per second to the number exceeded";
    CalledNumberChannelLimit 503 34 "Calls to the number exceeded";
    NumberClassBlocked    403 21  "Number class not allowed";
    InsufficientCredit    402 21  "Not enough credit";
    CreditExhausted       200 16  "Credit used up";
    DailySpendLimit       402 21  "Spend of the day exceeded";
    CallSpendLimit        402 21  "Spend of a call exceeded";
    CarrierBalance        503 34  "Carrier balance limit";
}

/// Whose fault or whose wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The customer's side.
    Ingress,
    /// The carrier's side.
    Egress,
    /// The switch.
    Switch,
}

/// What hunting does after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Another route may do better.
    NextRoute,
    /// Another route would end the same way.
    Stop,
}

/// Why a call or an attempt did not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where it came from.
    pub origin: Origin,
    /// Why.
    pub reason: ReleaseReason,
    /// What the customer gets if this ends the call.
    pub status: u16,
    /// What the carrier sent; 0 when it sent nothing final.
    pub received_status: u16,
    /// Q.850 cause.
    pub cause: u8,
    /// What to do next.
    pub retry: Retry,
}

impl Failure {
    /// A failure of the table's, which no other route would mend.
    pub fn new(origin: Origin, reason: ReleaseReason) -> Self {
        let row = row(reason);
        Self {
            origin,
            reason,
            status: row.status,
            received_status: 0,
            cause: row.cause,
            retry: Retry::Stop,
        }
    }

    /// The same, after which the next route is tried.
    pub fn passing(origin: Origin, reason: ReleaseReason) -> Self {
        Self {
            retry: Retry::NextRoute,
            ..Self::new(origin, reason)
        }
    }

    /// Whether another address of the same gateway may do better (RFC 3263 §4.3): nobody replied, or who
    /// did cannot take it now.
    pub(crate) fn is_of_address(&self) -> bool {
        matches!(
            self.reason,
            ReleaseReason::CarrierSilent | ReleaseReason::CarrierUnreachable
        ) || self.received_status == 503
    }

    /// Whether another gateway of the same carrier may do better: nobody replied, who did is out of
    /// order, or the gateway has all the calls that it may have.
    pub(crate) fn is_of_gateway(&self) -> bool {
        let is_of_one = matches!(
            self.reason,
            ReleaseReason::CarrierSilent
                | ReleaseReason::CarrierUnreachable
                | ReleaseReason::GatewayCpsLimit
                | ReleaseReason::GatewayChannelLimit
        );
        is_of_one || (500..600).contains(&self.received_status)
    }

    /// A carrier's final response. The cause is the one in its Reason, if it has one.
    pub fn of_response(response: &Message<'_>, retry: Retry) -> Self {
        let status = response.status().unwrap_or(500);
        Self {
            origin: Origin::Egress,
            reason: reason_of_status(status),
            status: status_towards_ingress(status),
            received_status: status,
            cause: response
                .q850_cause()
                .unwrap_or_else(|| cause_of_status(status)),
            retry,
        }
    }
}

impl From<Origin> for ReleasedBy {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Ingress => Self::Customer,
            Origin::Egress => Self::Carrier,
            Origin::Switch => Self::Switch,
        }
    }
}

/// The row of a reason.
pub fn row(reason: ReleaseReason) -> Row {
    TABLE
        .iter()
        .find(|row| row.reason == reason)
        .copied()
        .unwrap_or(Row {
            reason,
            status: 500,
            cause: 41,
            text: "Internal failure",
        })
}

/// What the final failure of a carrier says about the call.
pub fn reason_of_status(status: u16) -> ReleaseReason {
    match status {
        486 | 600 => ReleaseReason::UserBusy,
        408 | 480 => ReleaseReason::NoAnswer,
        603 => ReleaseReason::Declined,
        _ => ReleaseReason::CarrierRejected,
    }
}

/// The Q.850 cause of a final response that brings none itself (RFC 3398 §8.2.6.1).
pub fn cause_of_status(status: u16) -> u8 {
    match status {
        200..300 => 16,
        401 | 402 | 403 | 407 | 603 => 21,
        404 | 485 | 604 => 1,
        405 | 415 | 501 => 79,
        406 | 488 | 606 => 88,
        408 | 504 => 102,
        410 => 22,
        413 | 414 | 416 | 420 | 421 | 423 | 481 | 482 | 505 | 513 => 127,
        480 => 18,
        483 => 25,
        484 => 28,
        486 | 600 => 17,
        487 => 16,
        500 | 503 => 41,
        502 => 38,
        _ => 31,
    }
}

/// The text of a Q.850 cause, for a Reason field.
pub fn cause_text(cause: u8) -> &'static str {
    match cause {
        1 => "Unallocated number",
        3 => "No route to destination",
        16 => "Normal call clearing",
        17 => "User busy",
        18 => "No user responding",
        19 => "No answer from the user",
        20 => "Subscriber absent",
        21 => "Call rejected",
        22 => "Number changed",
        25 => "Exchange routing error",
        27 => "Destination out of order",
        28 => "Invalid number format",
        31 => "Normal, unspecified",
        34 => "No circuit available",
        38 => "Network out of order",
        41 => "Temporary failure",
        42 => "Switching equipment congestion",
        47 => "Resource unavailable",
        79 => "Service not implemented",
        88 => "Incompatible destination",
        102 => "Recovery on timer expiry",
        111 => "Protocol error",
        127 => "Interworking",
        _ => "Cause given by the other side",
    }
}

/// The value of a Reason field (RFC 3326).
pub type ReasonValue = ArrayString<96>;

/// A Reason with a Q.850 cause.
pub fn reason_value(cause: u8) -> ReasonValue {
    let mut value = ReasonValue::new();
    // The longest text has 33 characters, and all else 27.
    let _ = write!(value, "Q.850;cause={cause};text=\"{}\"", cause_text(cause));
    value
}

/// The Reason to pass on of a message that brings its own Q.850 cause, else that of `cause`.
pub fn reason_of(message: Option<&Message<'_>>, cause: u8) -> ReasonValue {
    reason_value(message.and_then(Message::q850_cause).unwrap_or(cause))
}

/// The status that the customer gets when a carrier's final failure ends hunting.
///
/// It passes as it is, but for what is between us and the carrier alone: a redirection that we do
/// not follow, a challenge that we do not answer, a dialog that only we know.
pub fn status_towards_ingress(status: u16) -> u16 {
    match status {
        300..400 => 480,
        401 | 402 | 407 | 421 | 423 | 481 | 482 | 491 | 494 => 503,
        // We cancelled it, so it is our own decision that counts; see the callers.
        487 => 480,
        400..700 => status,
        _ => 500,
    }
}

/// The standard reason phrase of a status (RFC 3261 §21).
pub fn phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        422 => "Session Interval Too Small",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        485 => "Ambiguous",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        493 => "Undecipherable",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        other => class_phrase(other),
    }
}

fn class_phrase(status: u16) -> &'static str {
    match status {
        ..200 => "Progress",
        200..300 => "OK",
        300..400 => "Redirection",
        400..500 => "Client Error",
        500..600 => "Server Error",
        _ => "Global Failure",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_reason_has_one_row_with_a_text_of_its_own() {
        let reasons: HashSet<_> = TABLE.iter().map(|row| row.reason).collect();
        let texts: HashSet<_> = TABLE.iter().map(|row| row.text).collect();
        assert_eq!(reasons.len(), TABLE.len());
        assert_eq!(texts.len(), TABLE.len());
        assert_eq!(
            TABLE.len(),
            51,
            "a reason was added to the record: give it a row"
        );
    }

    #[test]
    fn what_is_sent_for_a_reason_is_a_final_response_with_a_known_cause() {
        for row in TABLE {
            assert!((200..700).contains(&row.status), "{row:?}");
            assert_ne!(phrase(row.status), "Client Error", "{row:?}");
            assert_ne!(cause_text(row.cause), cause_text(0), "{row:?}");
        }
    }

    #[test]
    fn the_user_outcomes_survive_both_directions() {
        for reason in [
            ReleaseReason::UserBusy,
            ReleaseReason::NoAnswer,
            ReleaseReason::Declined,
        ] {
            let row = row(reason);
            assert_eq!(reason_of_status(row.status), reason);
            assert_eq!(status_towards_ingress(row.status), row.status);
        }
    }

    #[test]
    fn a_carriers_failure_keeps_its_status_and_gets_the_cause_of_rfc_3398() {
        for (status, cause) in [
            (404, 1),
            (486, 17),
            (480, 18),
            (484, 28),
            (503, 41),
            (603, 21),
        ] {
            assert_eq!(status_towards_ingress(status), status);
            assert_eq!(cause_of_status(status), cause);
        }
    }

    #[test]
    fn nothing_that_concerns_only_us_and_the_carrier_reaches_the_customer() {
        for status in [301, 302, 401, 407, 481, 487, 491] {
            assert!(
                [480, 503].contains(&status_towards_ingress(status)),
                "{status}"
            );
        }
    }

    #[test]
    fn every_final_failure_has_a_cause_and_a_reason() {
        for status in 300..700 {
            assert_ne!(cause_of_status(status), 0);
            assert!(row(reason_of_status(status)).status >= 400);
        }
    }
}
