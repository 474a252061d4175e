//! `docs/resource-reference.md` is made from the schemas. To make it anew:
//! `UPDATE_REFERENCE=1 cargo test -p resources --test reference_document`.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use resources::{Assignable, ResourceKind};
use serde_json::Value;
use std::fmt::Write;
use std::path::PathBuf;

const HEAD: &str = "# Reference of all kinds of resources\n\n\
    Made from the program's schemas: a test compares it. [resources.md](resources.md) tells how files are\n\
    written and what routing does with them. A value without a default may be left out unless it is required.\n";

fn reference() -> String {
    let mut text = HEAD.to_owned();
    for kind in ResourceKind::ALL {
        let info = kind.info();
        let assigned = match info.assignable {
            Assignable::No => "It is not assigned to customers.",
            Assignable::Many => "Assignable: a customer gets all that are assigned to it.",
            Assignable::One => "Assignable: of several, the most specific counts for a customer.",
        };
        let _ = write!(
            text,
            "\n## {}\n\n`kind: {}`, `/api/v1/{}`. {}\n\n{assigned}\n\n",
            info.title, info.name, info.plural, info.description
        );
        text.push_str("| field | meaning | default | bounds |\n|---|---|---|---|\n");
        rows(&mut text, "", kind.schema());
    }
    text
}

fn rows(text: &mut String, path: &str, schema: &Value) {
    let properties = schema["properties"].as_object().unwrap();
    let mut fields: Vec<_> = properties.iter().collect();
    fields.sort_by_key(|(_, field)| field["x-order"].as_u64());
    for (name, field) in fields {
        let is_required = schema["required"]
            .as_array()
            .is_some_and(|all| all.contains(&Value::from(name.as_str())));
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let _ = writeln!(
            text,
            "| `{path}` | {} | {} | {} |",
            field["description"].as_str().unwrap().replace('|', "\\|"),
            default_of(field, is_required),
            bounds_of(field)
        );
        match field.get("items") {
            Some(items) if items.get("properties").is_some() => {
                rows(text, &format!("{path}[]"), items)
            }
            _ if field.get("properties").is_some() => rows(text, &path, field),
            _ => {}
        }
    }
}

fn default_of(field: &Value, is_required: bool) -> String {
    match (field["x-default"].as_str(), field.get("default")) {
        _ if is_required => "required".to_owned(),
        (Some(words), _) => words.to_owned(),
        (None, Some(Value::String(text))) if text.is_empty() => String::new(),
        (None, Some(Value::String(text))) => format!("`{text}`"),
        (None, Some(Value::Object(_)) | None) => String::new(),
        (None, Some(value)) => format!("`{value}`"),
    }
}

fn bounds_of(field: &Value) -> String {
    let unit = field["x-unit"]
        .as_str()
        .map(|unit| format!(" {unit}"))
        .unwrap_or_default();
    if let Some(kind) = field["x-reference"]
        .as_str()
        .or_else(|| field["items"]["x-reference"].as_str())
    {
        return format!("name of a `{kind}`");
    }
    let values = field.get("enum").or_else(|| field["items"].get("enum"));
    if let Some(values) = values.and_then(Value::as_array) {
        let names: Vec<_> = values
            .iter()
            .filter_map(Value::as_str)
            .map(|name| format!("`{name}`"))
            .collect();
        if names.len() > 40 {
            return "permissions, see [permissions.md](permissions.md)".to_owned();
        }
        return names.join(", ");
    }
    let number = |key: &str| field[key].as_i64().map(|n| n.to_string());
    let text = |key: &str| field[key].as_str().map(str::to_owned);
    let pairs = [
        (number("minimum"), number("maximum"), unit.as_str()),
        (text("x-minimum"), text("x-maximum"), unit.as_str()),
        (number("minLength"), number("maxLength"), " characters"),
        (number("minItems"), number("maxItems"), " entries"),
    ];
    for (min, max, unit) in pairs {
        match (min, max) {
            (Some(min), Some(max)) => return format!("{min} to {max}{unit}"),
            (None, Some(max)) => return format!("at most {max}{unit}"),
            _ => {}
        }
    }
    field["examples"][0]
        .as_str()
        .map(|example| format!("such as `{example}`"))
        .unwrap_or_default()
}

#[test]
fn the_reference_is_what_the_schemas_say() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/resource-reference.md");
    let expected = reference();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == expected,
        "the reference is stale: see this file's head for how to make it anew"
    );
}
