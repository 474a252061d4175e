//! How the API writes the values that JSON has no type for: times, money, call identifiers.

use rating::cdr::CallId;
use rating::{Amount, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A point in time as RFC 3339 in UTC with microseconds, such as `2026-03-01T12:00:00.000000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Timestamp);

/// An amount as a decimal string, such as `"0.0125"`; its currency stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(pub Amount);

/// The identifier of a call: 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallIdText(pub CallId);

/// A text of at most `MAX` characters, counted as `maxLength` of JSON Schema counts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortText<const MAX: usize>(pub String);

/// A text that is not what its field wants.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// Not RFC 3339.
    #[error("`{0}` is not a time: write RFC 3339 such as 2026-03-01T12:00:00Z")]
    Time(String),
    /// Not 32 hexadecimal digits.
    #[error("`{0}` is not a call identifier: write its 32 hexadecimal digits")]
    CallId(String),
    /// Longer than its field takes.
    #[error("write at most {0} characters")]
    TooLong(usize),
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Both ends of i64 microseconds lie outside the calendar; such a time is not one of ours.
        let time =
            jiff::Timestamp::from_microsecond(self.0.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{time:.6}")
    }
}

impl std::str::FromStr for Time {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        text.parse::<jiff::Timestamp>()
            .map(|time| Self(Timestamp(time.as_microsecond())))
            .map_err(|_| ValueError::Time(text.to_owned()))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for CallIdText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0.0)
    }
}

impl std::str::FromStr for CallIdText {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten()
            .map(|id| Self(CallId(id)))
            .ok_or_else(|| ValueError::CallId(text.to_owned()))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let amount: Result<Amount, _> = String::deserialize(deserializer)?.parse();
        amount.map(Self).map_err(de::Error::custom)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for ShortText<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.chars().nth(MAX).is_some() {
            return Err(de::Error::custom(ValueError::TooLong(MAX)));
        }
        Ok(Self(text))
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for CallIdText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, UTC, microseconds"))
            .examples(["2026-03-01T12:00:00.000000Z"])
            .into()
    }
}

impl ToSchema for Time {}

impl PartialSchema for Money {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(r"^-?[0-9]+(\.[0-9]{1,9})?$"))
            .description(Some("A decimal amount; its currency stands beside it"))
            .examples(["0.0125"])
            .into()
    }
}

impl ToSchema for Money {}

impl PartialSchema for CallIdText {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9a-f]{32}$"))
            .description(Some("The identifier of a call"))
            .examples(["0195530a8f2c7d10a1b2c3d4e5f60718"])
            .into()
    }
}

impl ToSchema for CallIdText {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn a_time_is_written_and_read_with_its_microseconds() {
        let time = Time(Timestamp(1_772_366_400_000_001));
        assert_eq!(time.to_string(), "2026-03-01T12:00:00.000001Z");
        assert_eq!(
            "2026-03-01T13:00:00.000001+01:00".parse::<Time>().unwrap(),
            time
        );
        assert!("yesterday".parse::<Time>().is_err());
    }

    #[test]
    fn a_call_identifier_is_32_hexadecimal_digits() {
        let id = CallIdText(CallId(0xab));
        assert_eq!(id.to_string().len(), 32);
        assert_eq!(id.to_string().parse::<CallIdText>().unwrap(), id);
        for wrong in [
            "",
            "ab",
            "+0000000000000000000000000000000",
            "g0000000000000000000000000000000",
        ] {
            assert!(wrong.parse::<CallIdText>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_short_text_counts_characters_and_not_bytes() {
        let read = |text: &str| serde_json::from_value::<ShortText<3>>(text.into());
        assert_eq!(read("äöü").unwrap().0, "äöü");
        let error = read("abcd").unwrap_err();
        assert_eq!(error.to_string(), "write at most 3 characters");
    }
}
