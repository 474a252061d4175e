//! What a report is of, and what it has lines for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a report has a line for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportLines {
    /// Each hour.
    Hour,
    /// Each day.
    Day,
    /// Each customer.
    Customer,
    /// Each carrier: a report of attempts.
    Carrier,
    /// Each destination on the card of that side.
    Destination,
    /// Each ingress trunk: a report of calls.
    IngressTrunk,
    /// Each egress trunk: a report of attempts.
    EgressTrunk,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportCount {
    /// Calls of customers.
    Calls,
    /// Attempts on carriers.
    Attempts,
}

impl ReportCount {
    /// What a report counts: what it says, or what it asks for has. `of_calls` and `of_attempts`: whether
    /// it asks for what only those have, ingress trunks or carriers and egress trunks.
    ///
    /// # Errors
    /// Why what is asked for does not go together.
    pub fn settled(
        said: Option<Self>,
        of_calls: bool,
        of_attempts: bool,
    ) -> Result<Self, &'static str> {
        match (said, of_calls, of_attempts) {
            (None, false, false) | (Some(Self::Calls), _, false) | (None, true, false) => {
                Ok(Self::Calls)
            }
            (None | Some(Self::Attempts), false, _) => Ok(Self::Attempts),
            (_, true, true) => {
                Err("no report has both ingress trunks and carriers or egress trunks")
            }
            (Some(Self::Calls), ..) => {
                Err("calls have no one carrier or egress trunk: ask for `attempts`")
            }
            (Some(Self::Attempts), ..) => Err("attempts have no ingress trunk: ask for `calls`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_says_whether_calls_or_attempts_are_counted() {
        let (calls, attempts) = (Some(ReportCount::Calls), Some(ReportCount::Attempts));
        for (said, of_calls, of_attempts, counted) in [
            (None, false, false, calls),
            (None, true, false, calls),
            (None, false, true, attempts),
            (calls, true, false, calls),
            (attempts, false, false, attempts),
            (attempts, false, true, attempts),
            (calls, false, true, None),
            (attempts, true, false, None),
            (None, true, true, None),
            (calls, true, true, None),
            (attempts, true, true, None),
        ] {
            let settled = ReportCount::settled(said, of_calls, of_attempts);
            assert_eq!(settled.ok(), counted, "{said:?} {of_calls} {of_attempts}");
        }
    }
}
