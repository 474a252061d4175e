//! When a trunk whose attempts fail gets a share of its calls only.

use super::failover::FailoverCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When a trunk whose attempts fail gets a share of its calls only; the others try it after all other
/// trunks. It has all calls again when fewer of the attempts that it still gets fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// Final responses that count as failures. Silence and an address out of reach always do.
    #[serde(default = "Throttle::default_codes")]
    #[schemars(length(max = 100))]
    pub codes: Vec<FailoverCode>,
    /// Of a hundred attempts so many must fail.
    #[serde(default = "Throttle::default_failed_percent")]
    #[schemars(range(min = 1, max = 100), extend("x-unit" = "percent"))]
    pub failed_percent: u8,
    /// Fewer attempts say nothing.
    #[serde(default = "Throttle::default_attempts_min")]
    #[schemars(range(min = 1, max = 10_000), extend("x-unit" = "attempts"))]
    pub attempts_min: u16,
    /// Attempts count for so long, and for as long again.
    #[serde(default = "Throttle::default_window_s")]
    #[schemars(range(min = 5, max = 3_600), extend("x-unit" = "seconds"))]
    pub window_s: u16,
    /// Of a hundred calls, so many still take the trunk in its place.
    #[serde(default = "Throttle::default_share_percent")]
    #[schemars(range(max = 99), extend("x-unit" = "percent"))]
    pub share_percent: u8,
}

impl Throttle {
    fn default_codes() -> Vec<FailoverCode> {
        vec![FailoverCode::Code(408), FailoverCode::Class(5)]
    }

    fn default_failed_percent() -> u8 {
        60
    }

    fn default_attempts_min() -> u16 {
        20
    }

    fn default_window_s() -> u16 {
        60
    }

    fn default_share_percent() -> u8 {
        10
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            codes: Self::default_codes(),
            failed_percent: Self::default_failed_percent(),
            attempts_min: Self::default_attempts_min(),
            window_s: Self::default_window_s(),
            share_percent: Self::default_share_percent(),
        }
    }
}
