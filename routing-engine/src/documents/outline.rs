//! Where each field of a document stands.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};
use std::collections::BTreeMap;
use std::fmt;

/// Paths of fields, such as `failover.codes[2]`, to their lines and columns.
///
/// Those within `spec` are kept without that word, as problems name them.
#[derive(Clone, Debug, Default)]
pub(super) struct Outline {
    places: BTreeMap<String, (u64, u64)>,
    lines_before: u64,
}

impl Outline {
    /// Counts lines from the start of the file instead of the document.
    pub(super) fn moved_down(self, lines_before: u64) -> Self {
        Self {
            lines_before,
            ..self
        }
    }

    /// Line and column of a field, or of the innermost field around it that is written, or of the
    /// document's first.
    pub(super) fn place_of(&self, field: &str) -> (u64, Option<u64>) {
        let mut wanted = field;
        loop {
            if let Some((line, column)) = self.places.get(wanted) {
                return (line + self.lines_before, Some(*column));
            }
            match wanted.rfind(['.', '[']) {
                Some(end) => wanted = &wanted[..end],
                None => break,
            }
        }
        let first = self.places.values().min();
        let (line, column) = first.copied().unwrap_or((1, 1));
        (line + self.lines_before, Some(column))
    }
}

/// The shape of a document; values do not matter.
enum Shape {
    Scalar,
    Fields(Vec<(Spanned<String>, Self)>),
    List(Vec<Spanned<Self>>),
}

impl Shape {
    fn write_down(&self, path: &str, places: &mut BTreeMap<String, (u64, u64)>) {
        match self {
            Self::Scalar => {}
            Self::Fields(fields) => {
                for (name, shape) in fields {
                    let path = match path {
                        "" | "spec" => name.value.clone(),
                        _ => format!("{path}.{}", name.value),
                    };
                    note(&path, name.referenced, places);
                    shape.write_down(&path, places);
                }
            }
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    note(&path, item.referenced, places);
                    item.value.write_down(&path, places);
                }
            }
        }
    }
}

/// A field of the spec does not take the place of a field of the document with the same name.
fn note(path: &str, location: Location, places: &mut BTreeMap<String, (u64, u64)>) {
    let place = (location.line(), location.column());
    places.entry(path.to_owned()).or_insert(place);
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut places = BTreeMap::new();
        Shape::deserialize(deserializer)?.write_down("", &mut places);
        Ok(Self {
            places,
            lines_before: 0,
        })
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = map.next_key()? {
            fields.push((name, map.next_value()?));
        }
        Ok(Shape::Fields(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Shape, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Shape::List(items))
    }
}
