//! JSON Schemas of kinds: made from the structs, flattened, and with hints for forms.
//!
//! A schema is complete in itself and has no `$ref`, `anyOf`, `oneOf` or `allOf`: what may be left
//! out has `null` among its types. Beside the keys of JSON Schema 2020-12 it has these:
//!
//! | key | meaning |
//! |---|---|
//! | `x-reference` | the text is the name of a resource of this kind |
//! | `x-filter` | lists can be filtered and sorted by this field |
//! | `x-unit` | the unit of the number: `seconds` |
//! | `x-section` | `general` or `advanced` |
//! | `x-secret` | never read back |
//! | `x-widget` | a hint for the form |
//! | `x-order` | the place among its neighbours, from 1 |
//! | `x-minimum`, `x-maximum` | bounds of an amount of money, decimal text |
//! | `x-enum-descriptions` | what each value of `enum` means |

use crate::field_order::field_order;
use crate::kind::Kind;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The schema of a kind's spec.
pub(crate) fn of<K: Kind>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
    });
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<K>()
        .to_value();
    normalize(&mut schema);
    schema["title"] = json!(K::TITLE);
    give_order::<K>(&mut schema, &mut Vec::new());
    schema
}

/// Up to the first full stop that ends a sentence, with it.
pub(crate) fn first_sentence(text: &str) -> &str {
    let end = text
        .match_indices(". ")
        .map(|(at, _)| at + 1)
        .chain(text.find("\n\n"))
        .min();
    end.map_or(text, |end| &text[..end]).trim_end()
}

fn normalize(schema: &mut Value) {
    let Value::Object(object) = schema else {
        return;
    };
    unwrap_nullable(object);
    values_of_one_of(object);
    let is_number_format = object
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(|format| format.starts_with("int") || format.starts_with("uint"));
    if is_number_format {
        object.remove("format");
    }
    if let Some(Value::String(text)) = object.get_mut("description") {
        *text = unwrapped_lines(text);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = object.get_mut(key) {
            normalize(inner);
        }
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for property in properties.values_mut() {
            normalize(property);
            if let Value::Object(property) = property {
                property.entry("x-section").or_insert(json!("general"));
            }
        }
    }
}

/// `{"anyOf": [X, {"type": "null"}]}` becomes X with `null` among its types.
fn unwrap_nullable(object: &mut Map<String, Value>) {
    let null = json!({ "type": "null" });
    let Some(Value::Array(branches)) = object.get("anyOf") else {
        return;
    };
    if branches.len() != 2 || !branches.contains(&null) {
        return;
    }
    let Some(Value::Object(mut inner)) = branches.iter().find(|branch| **branch != null).cloned()
    else {
        return;
    };
    values_of_one_of(&mut inner);
    object.remove("anyOf");
    for (key, value) in inner {
        object.entry(key).or_insert(value);
    }
    if let Some(kind) = object.get("type").cloned() {
        object.insert("type".into(), json!([kind, "null"]));
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.push(Value::Null);
    }
}

/// `{"oneOf": [{"const": "a", "description": …}, …]}` becomes an `enum` with descriptions.
fn values_of_one_of(object: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = object.get("oneOf") else {
        return;
    };
    let mut values = Vec::new();
    let mut descriptions = Map::new();
    for branch in branches {
        let several = branch["enum"].as_array().cloned().unwrap_or_default();
        let one = branch.get("const").cloned();
        for value in several.into_iter().chain(one) {
            if let (Some(name), Some(text)) = (value.as_str(), branch["description"].as_str()) {
                descriptions.insert(name.to_owned(), json!(unwrapped_lines(text)));
            }
            values.push(value);
        }
    }
    object.remove("oneOf");
    object.insert("type".into(), json!("string"));
    object.insert("enum".into(), Value::Array(values));
    object.insert("x-enum-descriptions".into(), Value::Object(descriptions));
}

/// Lines of a paragraph become one; blank lines go on separating paragraphs.
fn unwrapped_lines(text: &str) -> String {
    let paragraphs: Vec<_> = text
        .split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    paragraphs.join("\n\n")
}

fn give_order<K: Kind>(schema: &mut Value, path: &mut Vec<&'static str>) {
    let inner = match schema.get("items") {
        Some(_) => &mut schema["items"],
        None => schema,
    };
    let Some(Value::Object(properties)) = inner.get_mut("properties") else {
        return;
    };
    for (place, field) in (1..).zip(field_order::<K>(path)) {
        if let Some(property) = properties.get_mut(*field) {
            property["x-order"] = json!(place);
            path.push(field);
            give_order::<K>(property, path);
            path.pop();
        }
    }
}
