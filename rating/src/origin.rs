//! Which calls a rate is for, by who calls.

mod names;
mod tally;

pub use names::{OriginNames, folded, word};
pub use tally::{ORIGINS_MAX, ORIGINS_OF_PREFIX_MAX, OriginTally, TooManyOrigins};

use crate::jurisdiction::Jurisdiction;
use crate::prefix::{Prefix, PrefixError};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Which calls a rate is for: all, those whose calling number begins with a prefix, or those of a
/// jurisdiction. Eight bytes.
///
/// Written as nothing, as digits, or as the word of the jurisdiction. The rate for all sorts first, then
/// jurisdictions, then prefixes as texts do.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(u64);

/// Why a text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an origin is 1 to 15 leading digits of the calling number, without `+`, or `interstate`, \
     `intrastate` or `indeterminate`"
)]
pub struct OriginError;

/// A jurisdiction is its place among them plus one: below all prefixes, whose first digit stands in
/// the highest bits.
const FIRST_PREFIX: u64 = 1 << 60;

impl Origin {
    /// All calls.
    pub const ANY: Self = Self(0);

    /// Calls from numbers that begin so.
    pub const fn of_prefix(prefix: Prefix) -> Self {
        Self(prefix.bits())
    }

    /// Calls of a jurisdiction.
    pub const fn of_jurisdiction(jurisdiction: Jurisdiction) -> Self {
        Self(jurisdiction as u64 + 1)
    }

    /// Whether it is all calls.
    pub const fn is_any(self) -> bool {
        self.0 == 0
    }

    /// Whether no calling number begins so: no number of E.164 begins with 0.
    pub fn is_of_nobody(self) -> bool {
        self.prefix().is_some_and(|prefix| prefix.digit(0) == 0)
    }

    /// What the calling number begins with, if that is what it is about.
    pub const fn prefix(self) -> Option<Prefix> {
        match self.0 {
            0..FIRST_PREFIX => None,
            bits => Some(Prefix::of_bits(bits)),
        }
    }

    /// The jurisdiction, if that is what it is about.
    pub fn jurisdiction(self) -> Option<Jurisdiction> {
        let place = usize::try_from(self.0.checked_sub(1)?).ok()?;
        Jurisdiction::ALL.get(place).copied()
    }
}

impl From<PrefixError> for OriginError {
    fn from(_: PrefixError) -> Self {
        Self
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text.is_empty() {
            return Ok(Self::ANY);
        }
        let word = Jurisdiction::ALL.into_iter().find(|it| it.as_str() == text);
        match word {
            Some(jurisdiction) => Ok(Self::of_jurisdiction(jurisdiction)),
            None => Ok(Self::of_prefix(Prefix::parse(text.as_bytes())?)),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.prefix(), self.jurisdiction()) {
            (Some(prefix), _) => prefix.fmt(f),
            (_, Some(jurisdiction)) => jurisdiction.fmt(f),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_any() {
            true => f.write_str("any"),
            false => fmt::Display::fmt(self, f),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_origin_is_nothing_a_jurisdiction_or_digits() {
        for text in ["", "interstate", "intrastate", "indeterminate", "33", "0"] {
            let origin: Origin = text.parse().unwrap();
            assert_eq!(origin.to_string(), text);
        }
        for text in ["+33", "EEA", "Interstate", "1234567890123456", " "] {
            assert_eq!(text.parse::<Origin>(), Err(OriginError), "{text}");
        }
        assert!(Origin::ANY < Origin::of_jurisdiction(Jurisdiction::Interstate));
    }

    proptest! {
        #[test]
        fn prefixes_keep_their_order_behind_all_calls_and_jurisdictions(
            one in "[0-9]{1,15}", other in "[0-9]{1,15}",
        ) {
            let origin = |text: &str| text.parse::<Origin>().unwrap();
            prop_assert_eq!(origin(&one).cmp(&origin(&other)), one.cmp(&other));
            prop_assert!(Origin::of_jurisdiction(Jurisdiction::Indeterminate) < origin(&one));
            prop_assert_eq!(origin(&one).prefix().unwrap().to_string(), one);
            prop_assert_eq!(origin(&other).jurisdiction(), None);
        }
    }
}
