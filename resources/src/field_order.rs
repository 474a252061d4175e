//! The order in which a struct declares its fields.
//!
//! JSON objects of this program are sorted by name, so a schema forgets the order. `serde` tells it:
//! a struct hands the names of its fields to the format that it is read from. This format only
//! listens, and goes down a path of fields to reach an inner struct.

use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{de, forward_to_deserialize_any};
use std::cell::Cell;

/// Names of fields of the struct `T`, or of the struct at a path of fields within it. Lists and
/// optional fields on the way are looked through. Empty when there is no struct.
pub(crate) fn field_order<T: DeserializeOwned>(path: &[&'static str]) -> &'static [&'static str] {
    let found = Cell::new(None);
    let listener = Listener {
        path,
        found: &found,
    };
    // It always fails: nothing is read.
    let _ = T::deserialize(listener);
    found.get().unwrap_or_default()
}

#[derive(Clone, Copy)]
struct Listener<'p> {
    path: &'p [&'static str],
    found: &'p Cell<Option<&'static [&'static str]>>,
}

fn nothing_to_read() -> ValueError {
    de::Error::custom("nothing is read")
}

impl<'de> Deserializer<'de> for Listener<'_> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ValueError> {
        Err(nothing_to_read())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_seq(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        if self.path.is_empty() {
            self.found.set(Some(fields));
            return Err(nothing_to_read());
        }
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for Listener<'_> {
    type Error = ValueError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ValueError> {
        let field: StrDeserializer<'_, ValueError> =
            de::IntoDeserializer::into_deserializer(self.path[0]);
        seed.deserialize(field).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, ValueError> {
        seed.deserialize(Listener {
            path: &self.path[1..],
            found: self.found,
        })
    }
}

impl<'de> SeqAccess<'de> for Listener<'_> {
    type Error = ValueError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ValueError> {
        seed.deserialize(*self).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only its shape is looked at")]
    struct Outer {
        zebra: u8,
        inner: Option<Vec<Inner>>,
        apple: String,
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only its shape is looked at")]
    struct Inner {
        second: u8,
        first: u8,
    }

    #[test]
    fn the_order_is_that_of_the_declaration() {
        assert_eq!(field_order::<Outer>(&[]), ["zebra", "inner", "apple"]);
        assert_eq!(field_order::<Outer>(&["inner"]), ["second", "first"]);
        assert!(field_order::<Outer>(&["apple"]).is_empty());
        assert!(field_order::<Outer>(&["nothing"]).is_empty());
    }
}
