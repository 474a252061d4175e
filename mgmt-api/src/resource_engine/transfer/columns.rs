//! Which columns a kind has as a table: one for each field of its schema that holds a value.

use serde_json::{Map, Value};

/// Objects within objects that get columns of their own; deeper ones are JSON in one cell.
const DEPTH_MAX: usize = 4;

/// A column of the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Path of the field, such as `limits.channels`.
    pub(crate) path: String,
    pub(crate) shape: Shape,
}

/// What a cell of a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A text as it is.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Texts joined by `;`.
    Texts,
    /// Anything else, as JSON; a text that cannot be taken for other JSON stands as it is.
    Json,
}

/// The columns of a spec, in the order of the schema's hints and then of names. Schemas of kinds
/// are complete in themselves: no `$ref` leads elsewhere.
pub(crate) fn columns(schema: &Value) -> Vec<Column> {
    let mut found = Vec::new();
    collect(schema, "", DEPTH_MAX, &mut found);
    found
}

fn collect(schema: &Value, path: &str, depth: usize, found: &mut Vec<Column>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    if let Some(properties) = properties.filter(|properties| depth > 0 && !properties.is_empty()) {
        for (name, property) in in_order(properties) {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            collect(property, &path, depth - 1, found);
        }
    } else if !path.is_empty() {
        found.push(Column {
            path: path.to_owned(),
            shape: shape(schema),
        });
    }
}

fn in_order(properties: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut sorted: Vec<_> = properties.iter().collect();
    sorted.sort_by_key(|(name, property)| {
        let order = property.get("x-order").and_then(Value::as_i64);
        (order.unwrap_or(i64::MAX), *name)
    });
    sorted
}

fn shape(schema: &Value) -> Shape {
    match types(schema).as_slice() {
        ["string"] => Shape::Text,
        ["integer" | "number"] => Shape::Number,
        ["boolean"] => Shape::Boolean,
        ["array"] if has_text_items(schema) => Shape::Texts,
        _ => Shape::Json,
    }
}

/// The types that a schema names, without null.
fn types(schema: &Value) -> Vec<&str> {
    let types = match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    types.into_iter().filter(|name| *name != "null").collect()
}

fn has_text_items(schema: &Value) -> bool {
    schema.get("items").is_some_and(|items| types(items) == ["string"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_field_that_holds_a_value_is_a_column() {
        let schema = json!({
            "properties": {
                "status": {"type": "string", "enum": ["active", "inactive"], "x-order": 1},
                "limits": {
                    "type": ["object", "null"],
                    "properties": {"cps": {"type": "integer"}, "on": {"type": "boolean"}},
                },
                "addresses": {"type": "array", "items": {"type": "string"}},
                "codes": {"type": "array", "items": {"type": ["string", "integer"]}},
                "tags": {"type": ["string", "null"]},
            },
        });
        let found: Vec<_> = columns(&schema)
            .into_iter()
            .map(|column| (column.path, column.shape))
            .collect();
        let expected = [
            ("status", Shape::Text),
            ("addresses", Shape::Texts),
            ("codes", Shape::Json),
            ("limits.cps", Shape::Number),
            ("limits.on", Shape::Boolean),
            ("tags", Shape::Text),
        ];
        assert_eq!(found, expected.map(|(path, shape)| (path.to_owned(), shape)));
    }
}
