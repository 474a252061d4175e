//! Going through a spec beside its schema.

use serde_json::Value;

/// Calls `visit` with the path, schema and value of each field of a spec, however deep; entries of
/// lists too. Paths are as in [`crate::Problem`]: `failover.codes[2]`. What the schema does not know
/// is passed over.
pub(crate) fn walk<'v>(
    schema: &'static Value,
    value: &'v Value,
    visit: &mut impl FnMut(&str, &'static Value, &'v Value),
) {
    down(schema, value, &mut String::new(), visit);
}

fn down<'v>(
    schema: &'static Value,
    value: &'v Value,
    path: &mut String,
    visit: &mut impl FnMut(&str, &'static Value, &'v Value),
) {
    if !path.is_empty() {
        visit(path, schema, value);
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Some(schema) = field_schema(schema, name) {
                    let length = path.len();
                    push_field(path, name);
                    down(schema, value, path, visit);
                    path.truncate(length);
                }
            }
        }
        Value::Array(entries) => {
            if let Some(schema) = schema.get("items") {
                for (index, value) in entries.iter().enumerate() {
                    let length = path.len();
                    path.push_str(&format!("[{index}]"));
                    down(schema, value, path, visit);
                    path.truncate(length);
                }
            }
        }
        _ => {}
    }
}

/// [`walk`] with values that may be changed; only texts are visited.
pub(crate) fn walk_texts_mut(
    schema: &'static Value,
    value: &mut Value,
    visit: &mut impl FnMut(&str, &'static Value, &mut String),
) {
    down_mut(schema, value, &mut String::new(), visit);
}

fn down_mut(
    schema: &'static Value,
    value: &mut Value,
    path: &mut String,
    visit: &mut impl FnMut(&str, &'static Value, &mut String),
) {
    match value {
        Value::String(text) => visit(path, schema, text),
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Some(schema) = field_schema(schema, name) {
                    let length = path.len();
                    push_field(path, name);
                    down_mut(schema, value, path, visit);
                    path.truncate(length);
                }
            }
        }
        Value::Array(entries) => {
            if let Some(schema) = schema.get("items") {
                for (index, value) in entries.iter_mut().enumerate() {
                    let length = path.len();
                    path.push_str(&format!("[{index}]"));
                    down_mut(schema, value, path, visit);
                    path.truncate(length);
                }
            }
        }
        _ => {}
    }
}

fn field_schema(schema: &'static Value, name: &str) -> Option<&'static Value> {
    schema
        .get("properties")
        .and_then(|properties| properties.get(name))
        .or_else(|| {
            schema
                .get("additionalProperties")
                .filter(|of_others| of_others.is_object())
        })
}

fn push_field(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}
