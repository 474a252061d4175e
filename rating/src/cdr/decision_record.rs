//! The record of a decision in records and journals.

use super::DecisionRecord;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::{self, Write as _};

impl Serialize for DecisionRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_bytes(&self.0);
        }
        let mut text = String::with_capacity(2 * self.0.len());
        for byte in &*self.0 {
            let _ = write!(text, "{byte:02x}");
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for DecisionRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.is_human_readable() {
            true => deserializer.deserialize_str(Reader),
            false => deserializer.deserialize_bytes(Reader),
        }
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = DecisionRecord;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes, or pairs of hexadecimal digits")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<DecisionRecord, E> {
        Ok(DecisionRecord(bytes.into()))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<DecisionRecord, E> {
        let digit = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
        let byte = |pair: &[u8]| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        };
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
        let wrong = || E::invalid_value(de::Unexpected::Str(text), &self);
        bytes
            .map(|bytes| DecisionRecord(bytes.into()))
            .ok_or_else(wrong)
    }
}
