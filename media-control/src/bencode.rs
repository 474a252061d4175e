//! Bencode (BEP 3) as rtpengine speaks it: byte strings, integers, lists, dictionaries.
//!
//! Keys come in any order, as rtpengine sends them; of a key that comes twice the first counts. Read values
//! borrow from the datagram.

use std::borrow::Cow;
use thiserror::Error;

/// Lists and dictionaries within each other.
const DEPTH_MAX: usize = 16;
/// Digits of an integer or a length: those of the largest.
const DIGITS_MAX: usize = 20;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `4:text`
    Bytes(Cow<'a, [u8]>),
    /// `i42e`
    Integer(i64),
    /// `l…e`
    List(Vec<Self>),
    /// `d…e`
    Dictionary(Vec<(Cow<'a, [u8]>, Self)>),
}

/// Why bytes are no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BencodeError {
    /// They end within a value.
    #[error("the value ends too early")]
    Short,
    /// A byte that begins nothing.
    #[error("a byte that begins no value")]
    Unexpected,
    /// No number, or one that is too large.
    #[error("a number cannot be read")]
    Number,
    /// More values within each other than anybody needs.
    #[error("values lie too deep within each other")]
    Deep,
}

impl<'a> Value<'a> {
    /// The value that `bytes` begin with; what follows is left alone, as rtpengine does.
    ///
    /// # Errors
    /// See [`BencodeError`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, BencodeError> {
        Reader { rest: bytes }.value(0)
    }

    /// Text or bytes.
    pub fn bytes(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self::Bytes(bytes.into())
    }

    /// Text.
    pub fn text(text: &'a str) -> Self {
        Self::Bytes(Cow::Borrowed(text.as_bytes()))
    }

    /// A dictionary of text keys.
    pub fn dictionary(entries: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        let entries = entries.into_iter();
        Self::Dictionary(
            entries
                .map(|(key, value)| (key.as_bytes().into(), value))
                .collect(),
        )
    }

    /// What a dictionary has under `key`.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Dictionary(entries) = self else {
            return None;
        };
        let found = entries.iter().find(|(name, _)| **name == *key.as_bytes());
        found.map(|(_, value)| value)
    }

    /// Its bytes, if it is a string.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Its number, if it is one; also a string of digits, as some write it.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Bytes(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// Its items; none unless it is a list.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// Appends it. Keys keep their order.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bytes(bytes) => write_bytes(bytes, out),
            Self::Integer(number) => out.extend_from_slice(format!("i{number}e").as_bytes()),
            Self::List(items) => {
                out.push(b'l');
                items.iter().for_each(|item| item.write(out));
                out.push(b'e');
            }
            Self::Dictionary(entries) => {
                out.push(b'd');
                for (key, value) in entries {
                    write_bytes(key, out);
                    value.write(out);
                }
                out.push(b'e');
            }
        }
    }
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{}:", bytes.len()).as_bytes());
    out.extend_from_slice(bytes);
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value<'a>, BencodeError> {
        if depth > DEPTH_MAX {
            return Err(BencodeError::Deep);
        }
        match *self.rest.first().ok_or(BencodeError::Short)? {
            b'0'..=b'9' => Ok(Value::Bytes(self.string()?.into())),
            b'i' => {
                self.rest = &self.rest[1..];
                Ok(Value::Integer(self.number(b'e')?))
            }
            b'l' => {
                self.rest = &self.rest[1..];
                let mut items = Vec::new();
                while !self.ended()? {
                    items.push(self.value(depth + 1)?);
                }
                Ok(Value::List(items))
            }
            b'd' => {
                self.rest = &self.rest[1..];
                let mut entries = Vec::new();
                while !self.ended()? {
                    let key = self.string()?;
                    entries.push((key.into(), self.value(depth + 1)?));
                }
                Ok(Value::Dictionary(entries))
            }
            _ => Err(BencodeError::Unexpected),
        }
    }

    /// Whether the list or dictionary ends here; takes the end.
    fn ended(&mut self) -> Result<bool, BencodeError> {
        let (first, rest) = self.rest.split_first().ok_or(BencodeError::Short)?;
        let ends = *first == b'e';
        if ends {
            self.rest = rest;
        }
        Ok(ends)
    }

    fn string(&mut self) -> Result<&'a [u8], BencodeError> {
        let length = usize::try_from(self.number(b':')?).map_err(|_| BencodeError::Number)?;
        let (string, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(BencodeError::Short)?;
        self.rest = rest;
        Ok(string)
    }

    /// Digits, with a minus before them or not, up to `end`.
    fn number(&mut self, end: u8) -> Result<i64, BencodeError> {
        let is_of_number = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
        let length = self.rest.iter().take(DIGITS_MAX + 1);
        let length = length.take_while(|byte| is_of_number(byte)).count();
        let (number, rest) = self.rest.split_at(length);
        match rest.split_first() {
            None => return Err(BencodeError::Short),
            Some((byte, rest)) if *byte == end => self.rest = rest,
            Some(_) => return Err(BencodeError::Number),
        }
        let text = std::str::from_utf8(number).map_err(|_| BencodeError::Number)?;
        text.parse().map_err(|_| BencodeError::Number)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn written(value: &Value<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        value.write(&mut out);
        out
    }

    #[test]
    fn what_rtpengine_writes_is_read_and_written_back() {
        let bytes = b"d6:result2:ok4:tagsd1:al1:x0:ee5:counti-42ee";
        let value = Value::read(bytes).unwrap();
        assert_eq!(value.get("result").unwrap().as_bytes(), Some(&b"ok"[..]));
        assert_eq!(value.get("count").unwrap().as_integer(), Some(-42));
        assert_eq!(
            value.get("tags").unwrap().get("a").unwrap().items().len(),
            2
        );
        assert_eq!(value.get("nothing"), None);
        assert_eq!(written(&value), bytes);
    }

    #[test]
    fn what_follows_a_value_is_left_alone() {
        assert_eq!(Value::read(b"i7eabc"), Ok(Value::Integer(7)));
    }

    #[test]
    fn bytes_that_are_no_value_are_told_apart() {
        for (bytes, error) in [
            (&b""[..], BencodeError::Short),
            (b"d3:abc", BencodeError::Short),
            (b"9:abc", BencodeError::Short),
            (b"99", BencodeError::Short),
            (b"nonsense", BencodeError::Unexpected),
            (b"di1ei2ee", BencodeError::Number),
            (b"-1:", BencodeError::Unexpected),
            (b"ie", BencodeError::Number),
            (b"i+1e", BencodeError::Number),
            (b"99999999999999999999999:a", BencodeError::Number),
            (b"9999999999999999999:a", BencodeError::Number),
        ] {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(Value::read(bytes), Err(error), "{text}");
        }
    }

    #[test]
    fn values_too_deep_within_each_other_are_refused() {
        let nested = |depth: usize| ["l".repeat(depth), "e".repeat(depth)].concat();
        assert!(Value::read(nested(DEPTH_MAX).as_bytes()).is_ok());
        let deep = nested(60_000);
        assert_eq!(Value::read(deep.as_bytes()), Err(BencodeError::Deep));
    }
}
