//! The schemas of each kind for the description of the API.

use resources::ResourceKind;
use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};

/// Names of a kind's schemas in the description.
pub(super) struct Names {
    pub(super) spec: String,
    pub(super) resource: String,
    pub(super) write: String,
    pub(super) page: String,
    pub(super) version: String,
}

impl Names {
    pub(super) fn of(kind: ResourceKind) -> Self {
        let words = kind.as_str().split('_');
        let name: String = words.map(capitalized).collect();
        Self {
            spec: format!("{name}Spec"),
            resource: format!("{name}Resource"),
            write: format!("{name}Write"),
            page: format!("{name}Page"),
            version: format!("{name}Version"),
        }
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// All schemas of a kind, by name.
pub(super) fn of(kind: ResourceKind) -> Vec<(String, RefOr<Schema>)> {
    let names = Names::of(kind);
    [
        (&names.spec, kind.schema().clone()),
        (&names.resource, resource(kind, &names)),
        (&names.write, write(kind, &names)),
        (&names.page, page(&names)),
        (&names.version, version(kind, &names)),
    ]
    .into_iter()
    .map(|(name, schema)| (name.clone(), schema_of(schema)))
    .collect()
}

fn schema_of(schema: Value) -> RefOr<Schema> {
    serde_json::from_value(schema)
        .expect("a kind's schema is one of OpenAPI 3.1, which a test tries for every kind")
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// What every resource has beside its spec.
fn common(kind: ResourceKind) -> Value {
    json!({
        "kind": {"type": "string", "enum": [kind.as_str()], "description": "Its kind"},
        "id": {"type": "integer", "description": "Its number, which survives a rename"},
        "name": {"type": "string", "description": "Unique within the kind"},
        "external_id": {
            "type": ["string", "null"],
            "description": "What another system calls it; unique within the kind",
        },
        "version": {
            "type": "integer", "minimum": 1,
            "description": "1 for the first, one more with each change",
        },
        "assign": reference("Assignment"),
        "spec": reference(&Names::of(kind).spec),
    })
}

fn resource(kind: ResourceKind, _: &Names) -> Value {
    let mut properties = common(kind);
    properties["created_at"] = reference("Time");
    properties["updated_at"] = reference("Time");
    properties["updated_by"] = json!({
        "type": "string", "description": "Who made this version",
    });
    object(
        format!("{} as it is now.", kind.title()),
        &[
            "kind",
            "id",
            "name",
            "external_id",
            "version",
            "assign",
            "spec",
            "created_at",
            "updated_at",
            "updated_by",
        ],
        properties,
    )
}

fn version(kind: ResourceKind, _: &Names) -> Value {
    let mut properties = common(kind);
    properties["created_at"] = reference("Time");
    properties["author"] = json!({"type": "string", "description": "Who made it"});
    properties["note"] = json!({"type": ["string", "null"], "description": "Why"});
    object(
        format!("A version of a {}.", kind.title().to_lowercase()),
        &[
            "kind",
            "id",
            "name",
            "external_id",
            "version",
            "assign",
            "spec",
            "created_at",
            "author",
            "note",
        ],
        properties,
    )
}

fn write(kind: ResourceKind, names: &Names) -> Value {
    let mut properties = json!({
        "name": {
            "type": "string", "minLength": 1, "maxLength": resources::NAME_CHARS_MAX,
            "description": "Unique within the kind",
        },
        "external_id": {
            "type": ["string", "null"], "minLength": 1,
            "maxLength": resources::EXTERNAL_ID_CHARS_MAX,
            "description": "What another system calls it; unique within the kind",
        },
        "assign": reference("Assignment"),
        "note": {
            "type": ["string", "null"], "maxLength": super::NOTE_CHARS_MAX,
            "description": "Why; kept with the version",
        },
        "spec": reference(&names.spec),
    });
    if kind == ResourceKind::RateCard {
        properties["rates_csv"] = json!({
            "type": ["string", "null"],
            "description": "The rate deck that `rates_file` names, as CSV text. Left out: the \
                rates stay.",
        });
    }
    let title = format!("A {} as it shall be.", kind.title().to_lowercase());
    let mut schema = object(title, &["name", "spec"], properties);
    schema["additionalProperties"] = json!(false);
    schema
}

fn page(names: &Names) -> Value {
    object(
        "A page of a list.".to_owned(),
        &["items", "next_cursor", "total"],
        json!({
            "items": {
                "type": "array", "items": reference(&names.resource), "description": "The page",
            },
            "next_cursor": {
                "type": ["string", "null"],
                "description": "Where the next page begins; null on the last",
            },
            "total": {
                "type": ["integer", "null"],
                "description": "How many there are in all; null when counting would take long",
            },
        }),
    )
}

fn object(description: String, required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object",
        "description": description,
        "required": required,
        "properties": properties,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn the_schema_of_every_kind_comes_through_unharmed() {
        for kind in ResourceKind::ALL {
            let written = serde_json::to_value(schema_of(kind.schema().clone())).unwrap();
            assert_eq!(&written, kind.schema(), "{kind}");
        }
    }

    #[test]
    fn names_are_words_joined() {
        assert_eq!(Names::of(ResourceKind::RateCard).spec, "RateCardSpec");
    }
}
