//! The schemas say what is so: the same defaults, bounds and fields as the reader and `check`.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use resources::{ResourceKind, ResourceSpec};
use serde_json::{Map, Value, json};

/// Every schema of a field of a kind, with its path; those of entries of lists end in `[]`.
fn fields(kind: ResourceKind) -> Vec<(String, &'static Value)> {
    let mut found = Vec::new();
    collect("", kind.schema(), &mut found);
    found
}

fn collect(path: &str, schema: &'static Value, found: &mut Vec<(String, &'static Value)>) {
    if let Some(properties) = schema["properties"].as_object() {
        for (name, property) in properties {
            let path = match path {
                "" => name.clone(),
                path => format!("{path}.{name}"),
            };
            found.push((path.clone(), property));
            collect(&path, property, found);
        }
    }
    if let Some(items) = schema.get("items") {
        let path = format!("{path}[]");
        found.push((path.clone(), items));
        collect(&path, items, found);
    }
}

#[test]
fn a_schema_is_flat_and_closed() {
    for kind in ResourceKind::ALL {
        let text = kind.schema().to_string();
        for key in ["\"$ref\"", "\"anyOf\"", "\"oneOf\"", "\"allOf\""] {
            assert!(!text.contains(key), "{kind}: {key} in {text}");
        }
        assert_eq!(kind.schema()["additionalProperties"], false, "{kind}");
        assert_eq!(kind.schema()["title"], kind.title());
        for (path, schema) in fields(kind) {
            if schema.get("properties").is_some() {
                assert_eq!(schema["additionalProperties"], false, "{kind}: {path}");
            }
        }
    }
}

#[test]
fn every_field_has_a_sentence_a_type_a_section_and_a_place() {
    for kind in ResourceKind::ALL {
        assert!(!kind.info().summary.is_empty(), "{kind}");
        for (path, schema) in fields(kind) {
            assert!(schema.get("type").is_some(), "{kind}: {path} {schema}");
            if path.ends_with("[]") {
                continue;
            }
            let description = schema["description"].as_str().unwrap_or("");
            assert!(description.ends_with('.'), "{kind}: {path}: {description}");
            assert!(!description.contains('\n'), "{kind}: {path}: {description}");
            let section = schema["x-section"].as_str().unwrap();
            assert!(["general", "advanced"].contains(&section));
            assert!(schema["x-order"].is_u64(), "{kind}: {path}");
        }
    }
}

/// Numbers that are bounded on one side only would be checked on one side only.
#[test]
fn every_number_text_and_list_has_an_upper_bound() {
    for kind in ResourceKind::ALL {
        for (path, schema) in fields(kind) {
            let is = |name: &str| match &schema["type"] {
                Value::Array(types) => types.contains(&json!(name)),
                one => *one == json!(name),
            };
            if is("integer") {
                assert!(schema["maximum"].is_i64(), "{kind}: {path} {schema}");
                assert!(schema["minimum"].is_i64(), "{kind}: {path} {schema}");
            }
            if is("array") {
                assert!(schema["maxItems"].is_u64(), "{kind}: {path} {schema}");
            }
            let has_form = ["pattern", "enum", "format"]
                .iter()
                .any(|key| schema.get(key).is_some());
            if is("string") && !has_form {
                assert!(schema["maxLength"].is_u64(), "{kind}: {path} {schema}");
            }
            if schema["format"] == "decimal" {
                assert!(schema["x-maximum"].is_string(), "{kind}: {path} {schema}");
                assert!(schema["x-minimum"].is_string(), "{kind}: {path} {schema}");
            }
        }
    }
}

/// A value that the reader accepts for a field, from its schema alone.
fn sample(schema: &Value) -> Value {
    if let Some(example) = schema["examples"].get(0) {
        return example.clone();
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(types) => types[0].as_str().unwrap(),
        one => one.as_str().unwrap(),
    };
    match kind {
        "integer" => schema["minimum"].clone(),
        "boolean" => json!(true),
        "array" => {
            let count = schema["minItems"].as_u64().unwrap_or(0);
            json!(
                (0..count)
                    .map(|_| sample(&schema["items"]))
                    .collect::<Vec<_>>()
            )
        }
        "object" => Value::Object(required(schema)),
        _ if schema["format"] == "decimal" => json!("1"),
        _ => json!("x".repeat(schema["minLength"].as_u64().unwrap_or(1) as usize)),
    }
}

/// What a struct needs, each with a sample.
fn required(schema: &Value) -> Map<String, Value> {
    let names = schema["required"].as_array().into_iter().flatten();
    names
        .map(|name| {
            let name = name.as_str().unwrap();
            (name.to_owned(), sample(&schema["properties"][name]))
        })
        .collect()
}

/// Fields of a spec with one value at a path, all other required ones filled in around it.
fn with_value_at(schema: &Value, path: &str, value: Value) -> Value {
    let (head, rest) = match path.split_once('.') {
        Some((head, rest)) => (head, Some(rest)),
        None => (path, None),
    };
    let (name, depth) = (head.trim_end_matches("[]"), head.matches("[]").count());
    let mut inner = &schema["properties"][name];
    for _ in 0..depth {
        inner = &inner["items"];
    }
    let mut value = match rest {
        Some(rest) => with_value_at(inner, rest, value),
        None => value,
    };
    for _ in 0..depth {
        value = json!([value]);
    }
    let mut fields = required(schema);
    fields.insert(name.to_owned(), value);
    Value::Object(fields)
}

fn faults(kind: ResourceKind, spec: Value) -> Vec<String> {
    match ResourceSpec::from_value(kind, spec) {
        Ok(spec) => {
            let problems = spec.check_bounds().into_iter();
            problems.filter_map(|problem| problem.field).collect()
        }
        Err(problem) => vec![problem.field.unwrap_or_default()],
    }
}

#[test]
fn the_bounds_of_the_schema_are_those_of_the_reader_and_of_check() {
    let mut tried = 0;
    for kind in ResourceKind::ALL {
        for (path, schema) in fields(kind) {
            let field = path.replace("[]", "[0]");
            let mut expect = |value: Value, is_sound: bool| {
                let faults = faults(kind, with_value_at(kind.schema(), &path, value.clone()));
                // The reader may not say more than where the number stands.
                let is_named = faults.iter().any(|fault| fault.starts_with(&field));
                assert_eq!(is_named, !is_sound, "{kind}: {path} = {value}: {faults:?}");
                tried += 1;
            };
            let is_open = schema.get("enum").is_none();
            if let Some(min) = schema["minimum"].as_i64().filter(|_| is_open) {
                expect(json!(min - 1), false);
                expect(json!(min), true);
            }
            if let Some(max) = schema["maximum"].as_i64().filter(|_| is_open) {
                expect(json!(max), true);
                expect(json!(max + 1), false);
            }
            if let Some(max) = schema["x-maximum"].as_str() {
                expect(json!(max), true);
                expect(json!(format!("{max}.000000001")), false);
            }
            if schema["x-minimum"] == "0" {
                expect(json!("0"), true);
                expect(json!("-0.000000001"), false);
            }
            let Some(max) = schema["maxLength"].as_u64() else {
                continue;
            };
            let digits = |count: u64| json!("1".repeat(count as usize));
            if schema
                .get("pattern")
                .is_none_or(|pattern| pattern.as_str().unwrap().contains("0-9"))
            {
                expect(digits(max), true);
                expect(digits(max + 1), false);
            }
        }
    }
    assert!(tried > 30, "only {tried}");
}

#[test]
fn a_spec_without_what_may_be_left_out_has_the_defaults_of_the_schema() {
    for kind in ResourceKind::ALL {
        let spec = Value::Object(required(kind.schema()));
        let spec = ResourceSpec::from_value(kind, spec.clone())
            .unwrap_or_else(|p| panic!("{kind} {spec}: {p}"));
        let written = spec.to_value();
        for (name, schema) in kind.schema()["properties"].as_object().unwrap() {
            if let (Some(default), Some(value)) = (schema.get("default"), written.get(name)) {
                assert_eq!(value, default, "{kind}: {name}");
            }
        }
    }
}

#[test]
fn an_unknown_field_is_refused_with_its_name() {
    for kind in ResourceKind::ALL {
        let mut spec = required(kind.schema());
        spec.insert("no such field".into(), json!(1));
        let problem = ResourceSpec::from_value(kind, Value::Object(spec)).unwrap_err();
        assert_eq!(problem.field.as_deref(), Some("no such field"), "{kind}");
    }
}

#[test]
fn every_reference_is_found_and_renamed() {
    for kind in ResourceKind::ALL {
        for (path, schema) in fields(kind) {
            let Some(of) = schema["x-reference"].as_str() else {
                continue;
            };
            let of: ResourceKind = of.parse().unwrap();
            let mut spec = with_value_at(kind.schema(), &path, json!("Aurora"));
            let field = path.replace("[]", "[0]");
            let references = kind.references(&spec);
            let found = references.iter().find(|reference| reference.field == field);
            let found = found.unwrap_or_else(|| panic!("{kind}: {path}"));
            assert_eq!((found.kind, found.name.as_str()), (of, "Aurora"));
            assert_eq!(
                kind.rename_references(&mut spec, of, "Aurora", "Borealis"),
                1
            );
            assert!(kind.references(&spec).iter().any(|r| r.name == "Borealis"));
        }
    }
}
