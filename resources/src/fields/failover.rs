//! When an attempt that failed is followed by another: codes and timers of an egress trunk.

use crate::problem::Problem;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// What makes hunting go on from a trunk to the next route.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Failover {
    /// Final responses after which the next route is tried: codes from 300 to 699, or classes such
    /// as `5xx`; the called user's own outcomes (486, 487, 600, 603) are never among them.
    #[serde(default = "Failover::default_codes")]
    #[schemars(length(max = 100))]
    pub codes: Vec<FailoverCode>,
    /// Final responses that end the call though `codes` has their class.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub stop_codes: Vec<FailoverCode>,
    /// Without any response for so long, the attempt is given up and the next route tried.
    #[serde(default = "Failover::default_first_reply_timeout_ms")]
    #[schemars(range(min = 100, max = 32_000), extend("x-unit" = "milliseconds"))]
    pub first_reply_timeout_ms: u32,
    /// Without a provisional response other than 100 (Trying), or a final one, for so long after
    /// its beginning, the attempt is given up and the next route tried: 100 comes from the
    /// carrier's edge and says nothing of what is behind it.
    #[serde(default = "Failover::default_pdd_timeout_ms")]
    #[schemars(range(min = 100, max = 120_000), extend("x-unit" = "milliseconds"))]
    pub pdd_timeout_ms: u32,
    /// Without an answer for so long after the attempt began, the call is given up.
    #[serde(default = "Failover::default_ring_timeout_s")]
    #[schemars(range(min = 1, max = 300), extend("x-unit" = "seconds"))]
    pub ring_timeout_s: u32,
}

/// One code, or a whole class of them. Written `503` or `5xx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailoverCode {
    /// A single code.
    Code(u16),
    /// All codes that begin with this digit, without the user's own outcomes.
    Class(u8),
}

/// A set of final SIP codes, 300 to 699, in 56 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FailoverCodes {
    bits: [u64; Self::WORDS],
}

/// What the called user (or we) decided: another route would only ring again.
const USER_OUTCOMES: [u16; 4] = [486, 487, 600, 603];

// === impl Failover ===

impl Failover {
    /// What a carrier answers when the fault is its own: it does not accept us (401, 402, 403,
    /// 407), is too slow (408), does not support what we ask (415, 420, 421, 488), or fails (5xx).
    pub const DEFAULT_CODES: [FailoverCode; 10] = [
        FailoverCode::Code(401),
        FailoverCode::Code(402),
        FailoverCode::Code(403),
        FailoverCode::Code(407),
        FailoverCode::Code(408),
        FailoverCode::Code(415),
        FailoverCode::Code(420),
        FailoverCode::Code(421),
        FailoverCode::Code(488),
        FailoverCode::Class(5),
    ];

    fn default_codes() -> Vec<FailoverCode> {
        Self::DEFAULT_CODES.to_vec()
    }

    fn default_first_reply_timeout_ms() -> u32 {
        3_000
    }

    fn default_pdd_timeout_ms() -> u32 {
        10_000
    }

    fn default_ring_timeout_s() -> u32 {
        60
    }

    pub(crate) fn check(&self) -> impl Iterator<Item = Problem> {
        let codes = self.codes.iter().enumerate();
        codes.filter_map(|(index, code)| code.check(index))
    }
}

impl Default for Failover {
    fn default() -> Self {
        Self {
            codes: Self::default_codes(),
            stop_codes: Vec::new(),
            first_reply_timeout_ms: Self::default_first_reply_timeout_ms(),
            pdd_timeout_ms: Self::default_pdd_timeout_ms(),
            ring_timeout_s: Self::default_ring_timeout_s(),
        }
    }
}

// === impl FailoverCode ===

impl FailoverCode {
    fn check(self, index: usize) -> Option<Problem> {
        let message = match self {
            Self::Code(code) if !FailoverCodes::RANGE.contains(&code) => {
                format!("{code} is no final failure: write 300 to 699 or a class such as 5xx")
            }
            Self::Code(code) if USER_OUTCOMES.contains(&code) => {
                format!("{code} is the called user's own outcome: another route would ring again")
            }
            Self::Class(class) if !(3..=6).contains(&class) => {
                format!("{class}xx is no class of final failures: write 3xx, 4xx, 5xx or 6xx")
            }
            _ => return None,
        };
        Some(Problem::in_field(
            format!("failover.codes[{index}]"),
            message,
        ))
    }
}

impl fmt::Display for FailoverCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code}"),
            Self::Class(class) => write!(f, "{class}xx"),
        }
    }
}

/// A text that is neither a code nor a class.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a SIP code such as 503 nor a class such as 5xx")]
pub struct FailoverCodeError(String);

impl FromStr for FailoverCode {
    type Err = FailoverCodeError;

    fn from_str(text: &str) -> Result<Self, FailoverCodeError> {
        match text.as_bytes() {
            [class @ b'0'..=b'9', b'x' | b'X', b'x' | b'X'] => Ok(Self::Class(class - b'0')),
            _ => text
                .parse()
                .map(Self::Code)
                .map_err(|_| FailoverCodeError(text.to_owned())),
        }
    }
}

impl Serialize for FailoverCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Code(code) => serializer.serialize_u16(*code),
            Self::Class(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for FailoverCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FailoverCodeVisitor)
    }
}

/// A code stands in a file as a number or as a text.
struct FailoverCodeVisitor;

impl Visitor<'_> for FailoverCodeVisitor {
    type Value = FailoverCode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SIP code such as 503 or a class such as 5xx")
    }

    fn visit_u64<E: de::Error>(self, code: u64) -> Result<FailoverCode, E> {
        let code = u16::try_from(code).map_err(|_| FailoverCodeError(code.to_string()));
        code.map(FailoverCode::Code).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, code: i64) -> Result<FailoverCode, E> {
        let code = u16::try_from(code).map_err(|_| FailoverCodeError(code.to_string()));
        code.map(FailoverCode::Code).map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<FailoverCode, E> {
        text.parse().map_err(E::custom)
    }
}

impl JsonSchema for FailoverCode {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "FailoverCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["integer", "string"],
            "minimum": 300,
            "maximum": 699,
            "pattern": "^([3-6][xX]{2}|[3-6][0-9]{2})$",
        })
    }
}

// === impl FailoverCodes ===

impl FailoverCodes {
    const RANGE: std::ops::RangeInclusive<u16> = 300..=699;
    const WORDS: usize = 7;

    /// The set that a list means. What is out of range or a user's outcome is left out.
    pub fn new(codes: &[FailoverCode]) -> Self {
        let mut set = Self {
            bits: [0; Self::WORDS],
        };
        for code in codes {
            match *code {
                FailoverCode::Code(code) => set.insert(code),
                FailoverCode::Class(class) => {
                    let first = u16::from(class) * 100;
                    (first..first + 100).for_each(|code| set.insert(code));
                }
            }
        }
        set
    }

    fn insert(&mut self, code: u16) {
        if Self::RANGE.contains(&code) && !USER_OUTCOMES.contains(&code) {
            let bit = usize::from(code - Self::RANGE.start());
            self.bits[bit / 64] |= 1 << (bit % 64);
        }
    }

    /// Without those of a list: they end the call.
    #[must_use]
    pub fn without(mut self, codes: &[FailoverCode]) -> Self {
        let stopped = Self::new(codes);
        for (bits, stopped) in self.bits.iter_mut().zip(stopped.bits) {
            *bits &= !stopped;
        }
        self
    }

    /// Whether hunting goes on after this final response.
    pub fn contains(&self, code: u16) -> bool {
        Self::RANGE.contains(&code) && {
            let bit = usize::from(code - Self::RANGE.start());
            self.bits[bit / 64] >> (bit % 64) & 1 == 1
        }
    }
}

impl fmt::Debug for FailoverCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes = Self::RANGE.filter(|code| self.contains(*code));
        f.debug_set().entries(codes).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn codes(json: &str) -> Vec<FailoverCode> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn numbers_and_classes_are_read_and_written() {
        let list = codes(r#"[503, "500", "4xx", "6XX"]"#);
        assert_eq!(
            list,
            [
                FailoverCode::Code(503),
                FailoverCode::Code(500),
                FailoverCode::Class(4),
                FailoverCode::Class(6)
            ]
        );
        assert_eq!(
            serde_json::to_string(&list).unwrap(),
            r#"[503,500,"4xx","6xx"]"#
        );
        assert!(serde_json::from_str::<FailoverCode>(r#""5x""#).is_err());
    }

    #[test]
    fn the_set_holds_what_the_list_says_and_never_a_users_outcome() {
        let set = FailoverCodes::new(&codes(r#"[503, "4xx", "6xx", 299, 700, 486]"#));
        for code in 0..1_000 {
            let expected =
                !USER_OUTCOMES.contains(&code) && (code == 503 || matches!(code / 100, 4 | 6));
            assert_eq!(set.contains(code), expected, "{code}");
        }
    }

    #[test]
    fn the_default_fails_over_on_the_carriers_faults_only() {
        let set = FailoverCodes::new(&Failover::default().codes);
        for code in [403, 408, 488, 500, 503, 580] {
            assert!(set.contains(code), "{code}");
        }
        for code in [302, 404, 480, 484, 486, 487, 600, 603, 604] {
            assert!(!set.contains(code), "{code}");
        }
        assert!(Failover::default().check().next().is_none());
    }

    #[test]
    fn a_code_that_stops_is_taken_out_of_its_class() {
        let set = FailoverCodes::new(&codes(r#"["5xx"]"#)).without(&codes("[503]"));
        assert!(set.contains(500) && !set.contains(503));
    }

    #[test]
    fn faults_name_the_entry() {
        let failover = Failover {
            codes: codes(r#"[503, 200, 486, "7xx"]"#),
            ..Failover::default()
        };
        let fields: Vec<_> = failover
            .check()
            .map(|problem| problem.field.unwrap())
            .collect();
        assert_eq!(
            fields,
            [
                "failover.codes[1]",
                "failover.codes[2]",
                "failover.codes[3]"
            ]
        );
    }
}
